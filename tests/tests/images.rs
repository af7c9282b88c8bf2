//! Whole images: real ones, snapshots, and damaged ones.

use tests::image::{BytecodeSet, Method, Value, World};
use tests::planted::planted_vm;
use tests::{Session, images_or_skip, run_image, vm};

/// A real image, if it is here.
fn real(name: &str) -> Option<Vec<u8>> {
    let path = images_or_skip()?.join(name);
    Some(std::fs::read(path).expect("the image can be read"))
}

/// The two figures of `N bytecodes/sec; M sends/sec`.
fn figures(log: &str) -> Option<(f64, f64)> {
    let number = |unit: &str| {
        log.split(unit)
            .next()?
            .split_whitespace()
            .last()?
            .parse::<f64>()
            .ok()
    };
    Some((number("bytecodes/sec")?, number("sends/sec")?))
}

fn reports_plausible_figures(name: &str, options: &[&str]) {
    let Some(image) = real(name) else { return };
    let session = Session::new(&image);
    let run = session.run(options);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let log = session
        .file("log1.txt")
        .expect("the image writes log1.txt beside itself");
    let (bytecodes, sends) = figures(&log).unwrap_or_else(|| panic!("not two figures: {log}"));
    assert!(bytecodes > 1e5 && bytecodes < 1e12, "{log}");
    assert!(sends > 1e4 && sends < 1e11, "{log}");
}

#[test]
fn the_short_benchmark_image_reports_its_figures() {
    reports_plausible_figures("candle-tinybenchmarks-short.image", &[]);
}

#[test]
fn the_benchmark_image_reports_its_figures() {
    reports_plausible_figures("candle-tinybenchmarks.image", &[]);
}

#[test]
fn the_short_benchmark_image_runs_while_the_heap_moves_and_is_checked() {
    reports_plausible_figures(
        "candle-tinybenchmarks-short.image",
        &["--gc-stress", "1000", "--check-heap"],
    );
}

/// The image divides by its milliseconds: where the run takes less than one it loops, so this one is stopped.
#[test]
fn the_unmodified_image_starts() {
    let Some(image) = real("pharo-candle-68021.image") else {
        return;
    };
    let session = Session::new(&image);
    let run = session.run_for(5, &[]);
    assert!(
        run.status == 0 || run.status == 124,
        "status {}: {}",
        run.status,
        run.stderr
    );
    if run.status == 0 {
        let log = session
            .file("log1.txt")
            .expect("the image writes log1.txt beside itself");
        assert!(log.contains("bytecodes/sec"), "{log}");
    }
}

/// An image that snapshots itself: quits with 10 in the session that made the snapshot, with 20 when started from it, and with 30 when the snapshot failed.
fn snapshot_image() -> Vec<u8> {
    let mut world = World::new();
    let set = BytecodeSet::V3;
    let snapshot = Method {
        primitive: 97,
        ..Method::new(set, vec![], vec![123])
    };
    world.define("Object", "snapshot", &snapshot);
    let literals = ["quit:", "snapshot"].map(|name| Value::Object(world.symbol(name)));
    let mut literals = literals.to_vec();
    literals.extend([10, 20, 30].map(Value::Integer));
    // temp := self snapshot. temp == true: 20; temp == false: 10; else 30.
    let code = vec![
        112, 209, 104, 112, 16, 113, 198, 172, 3, 35, 224, 120, 16, 114, 198, 172, 3, 34, 224, 120,
        36, 224, 120,
    ];
    let start = Method {
        temporaries: 1,
        ..Method::new(set, literals, code)
    };
    world.define("Main", "start", &start);
    world.image()
}

#[test]
fn a_snapshot_answers_false_where_it_is_made_and_true_where_it_is_loaded() {
    let session = Session::new(&snapshot_image());
    let first = session.run(&[]);
    assert_eq!(first.status, 10, "{}", first.stderr);
    let second = session.run(&[]);
    assert_eq!(second.status, 20, "{}", second.stderr);
    assert_eq!(session.run(&[]).status, 20);
}

#[test]
fn a_snapshot_leaves_no_other_file_behind() {
    let session = Session::new(&snapshot_image());
    session.run(&[]);
    assert_eq!(session.files(), [Session::IMAGE]);
}

#[test]
fn a_snapshot_of_a_private_image_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let session = Session::new(&snapshot_image());
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(session.path(), private).expect("the mode can be changed");
    assert_eq!(session.run(&[]).status, 10);
    let mode = std::fs::metadata(session.path())
        .expect("the image is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A small image that quits with 7.
fn plain_image() -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]),
    );
    world.image()
}

/// A damaged image is refused with a message, or runs; it never ends the VM in another way.
fn refused_or_run(what: &str, image: &[u8]) -> i32 {
    let run = Session::new(image).run_for(10, &[]);
    let acceptable = (run.status == 2 && !run.stderr.is_empty())
        || [7, 90, 91, 92, 93, 97].contains(&run.status);
    assert!(acceptable, "{what}: status {}, {}", run.status, run.stderr);
    run.status
}

#[test]
fn a_whole_image_runs() {
    assert_eq!(run_image(&plain_image()).status, 7);
}

#[test]
fn a_truncated_image_is_refused() {
    let image = plain_image();
    for length in [0, 3, 64, 127, 128, 200, image.len() / 2, image.len() - 8] {
        let status = refused_or_run(&format!("{length} bytes"), &image[..length]);
        assert_eq!(status, 2, "{length} bytes of {}", image.len());
    }
}

#[test]
fn wrong_header_fields_are_refused() {
    let cases: &[(&str, usize, u64)] = &[
        ("header size", 4, 12),
        ("data size", 8, 1 << 40),
        ("data size", 8, 24),
        ("special objects", 24, 0x17),
        ("special objects", 24, 0x7FFF_FFFF_FFF8),
        ("first segment size", 72, 1 << 50),
    ];
    for (what, offset, value) in cases {
        let mut image = plain_image();
        let width = if *offset == 4 { 4 } else { 8 };
        image[*offset..*offset + width].copy_from_slice(&value.to_le_bytes()[..width]);
        assert_eq!(
            refused_or_run(&format!("{what} {value:#x}"), &image),
            2,
            "{what} {value:#x}"
        );
    }
}

#[test]
fn other_image_formats_are_named() {
    for (format, word) in [(6521_u32, "32"), (6504, "32"), (68002, "V3")] {
        let mut image = plain_image();
        image[0..4].copy_from_slice(&format.to_le_bytes());
        let run = run_image(&image);
        assert_eq!(run.status, 2, "format {format}");
        assert!(run.stderr.contains(word), "format {format}: {}", run.stderr);
    }
}

#[test]
fn wild_words_in_the_heap_do_no_harm() {
    let image = plain_image();
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for case in 0..200 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mut damaged = image.clone();
        let offset = 128 + (random >> 16) as usize % (image.len() - 136) / 8 * 8;
        let wild = random.rotate_left(29);
        damaged[offset..offset + 8].copy_from_slice(&wild.to_le_bytes());
        refused_or_run(&format!("case {case}: {wild:#x} at {offset}"), &damaged);
    }
}

#[test]
fn without_an_image_the_usage_is_printed() {
    let output = std::process::Command::new(planted_vm())
        .output()
        .expect("the VM can be started");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(text.to_lowercase().contains("usage"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_missing_image_is_a_message_and_status_2() {
    let output = std::process::Command::new(vm())
        .arg("no-such.image")
        .output()
        .expect("the VM can be started");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such.image"));
}
