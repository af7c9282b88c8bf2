//! Damaged images: the VM refuses them, or runs them without harm to itself; and `--check-image` refuses the same ones.
//!
//! `OURO_FUZZ_CASES` says how many (`make fuzz`: 100,000), `OURO_FUZZ_FIRST` where to begin, `OURO_FUZZ_KEEP` in which folder images are kept that went wrong.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::fuzz::{Area, Bases, Mutant, Outcome, Runner, mutant};

const CASES: u64 = 2_400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// How the check of a case and its run ended.
struct Ends {
    checked: Outcome,
    run: Outcome,
}

impl Ends {
    /// What is wrong with them, if something is, and with which.
    fn complaint(&self, case: &Mutant) -> Option<(&'static str, &Outcome)> {
        for outcome in [&self.checked, &self.run] {
            if let Some(complaint) = harm(outcome) {
                return Some((complaint, outcome));
            }
        }
        if !matches!(self.checked.status, Some(0 | 2)) {
            return Some(("was checked to another end than 0 and 2", &self.checked));
        }
        let is_refused = self.run.status == Some(2);
        if is_refused != (self.checked.status == Some(2)) {
            return Some((
                "is refused by the check or the run, not by both",
                &self.checked,
            ));
        }
        let is_damaged = case.areas.len() == 1 && case.areas[0].is_certain();
        (is_damaged && !is_refused).then_some(("should have been refused", &self.run))
    }
}

/// What no check and no run may come to.
fn harm(outcome: &Outcome) -> Option<&'static str> {
    if outcome.hangs {
        return Some("hangs");
    }
    match outcome.status {
        None => Some("was ended by a signal"),
        Some(70) => Some("ended in 70"),
        Some(2) if !outcome.told.contains("(offset ") => Some("was refused without an offset"),
        Some(_) => None,
    }
}

/// What all cases have come to.
#[derive(Default)]
struct Tally {
    by_area: BTreeMap<Area, BTreeMap<String, u64>>,
    failures: u64,
    complaints: Vec<String>,
}

impl Tally {
    fn add(&mut self, number: u64, case: &Mutant, ends: &Ends) {
        let status = ends
            .run
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
        self.failures += u64::from(
            [&ends.checked, &ends.run]
                .iter()
                .any(|end| end.status == Some(70)),
        );
        if let Some((complaint, outcome)) = ends.complaint(case) {
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
    let bases = Bases::new();
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
                    let case = mutant(bases.of(number), number);
                    runner.place(&case.bytes);
                    let ends = Ends {
                        checked: runner.run(&["--check-image"]),
                        run: runner.run(&[]),
                    };
                    tally
                        .lock()
                        .expect("no thread has failed")
                        .add(number, &case, &ends);
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
    for base in Bases::new().all() {
        runner.place(&base.bytes);
        let checked = runner.run(&["--check-image"]);
        assert_eq!(checked.status, Some(0), "{}", checked.told);
        let run = runner.run(&["--stop-after", "100000000"]);
        assert!(
            matches!(run.status, Some(0 | 7 | 40)),
            "{:?} {}",
            run.status,
            run.told
        );
    }
}
