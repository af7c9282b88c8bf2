//! Damaged images: the VM refuses them, or runs them without harm to itself.
//!
//! `OURO_FUZZ_CASES` says how many (`make fuzz`: 100,000), `OURO_FUZZ_FIRST` where to begin, `OURO_FUZZ_KEEP` in which folder images are kept that went wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::fuzz::{Area, Mutant, Outcome, Runner, base_images, mutant};

const CASES: u64 = 2_400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// What is wrong with how a case ended, if something is.
fn complaint(case: &Mutant, outcome: &Outcome) -> Option<&'static str> {
    if outcome.hangs {
        return Some("hangs");
    }
    let Some(status) = outcome.status else {
        return Some("was ended by a signal");
    };
    if status == 70 {
        return Some("ended in 70");
    }
    if status == 2 && !outcome.told.contains("(offset ") {
        return Some("was refused without an offset");
    }
    let is_damaged = case.areas.len() == 1 && case.areas[0].is_certain();
    (is_damaged && status != 2).then_some("should have been refused")
}

/// What all cases have come to.
#[derive(Default)]
struct Tally {
    by_area: BTreeMap<Area, BTreeMap<String, u64>>,
    failures: u64,
    complaints: Vec<String>,
}

impl Tally {
    fn add(&mut self, number: u64, case: &Mutant, outcome: &Outcome) {
        let status = outcome
            .status
            .map_or("none".to_owned(), |status| status.to_string());
        for area in &case.areas {
            *self
                .by_area
                .entry(*area)
                .or_default()
                .entry(status.clone())
                .or_default() += 1;
        }
        self.failures += u64::from(outcome.status == Some(70));
        if let Some(complaint) = complaint(case, outcome) {
            if let Some(folder) = std::env::var_os("OURO_FUZZ_KEEP") {
                let path = std::path::Path::new(&folder).join(format!("case-{number}.image"));
                std::fs::write(path, &case.bytes).expect("the image can be kept");
            }
            let told: String = outcome.told.chars().take(600).collect();
            self.complaints.push(format!(
                "case {number} {:?} {complaint}: {told}",
                case.areas
            ));
        }
    }
}

#[test]
fn damaged_images_do_the_vm_no_harm() {
    let bases = base_images();
    let first = number("OURO_FUZZ_FIRST", 0);
    let cases = number("OURO_FUZZ_CASES", CASES);
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (bases, next, tally) = (&bases, &next, &tally);
            scope.spawn(move || {
                let runner = Runner::new(thread);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + cases {
                        return;
                    }
                    let base = &bases[(number % bases.len() as u64) as usize];
                    let case = mutant(base, number);
                    let outcome = runner.run(&case.bytes, &[]);
                    tally
                        .lock()
                        .expect("no thread has failed")
                        .add(number, &case, &outcome);
                }
            });
        }
    });
    let tally = tally.into_inner().expect("no thread has failed");
    for (area, statuses) in &tally.by_area {
        println!("{area:?}: {statuses:?}");
    }
    let share = 100.0 * tally.failures as f64 / cases as f64;
    println!(
        "{cases} cases, {} ended in 70: {share:.3} %",
        tally.failures
    );
    assert!(
        tally.complaints.is_empty(),
        "{} of {cases} cases went wrong\n{}",
        tally.complaints.len(),
        tally.complaints[..tally.complaints.len().min(40)].join("\n")
    );
}

#[test]
fn the_base_images_are_whole() {
    let runner = Runner::new(99);
    for base in base_images() {
        let checked = runner.run(&base, &["--check-image"]);
        assert_eq!(checked.status, Some(0), "{}", checked.told);
        let run = runner.run(&base, &["--stop-after", "100000000"]);
        assert_eq!(
            run.status.map(|status| status & !40),
            Some(0),
            "{}",
            run.told
        );
    }
}
