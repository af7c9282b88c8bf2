//! How long `ouroc build` takes from scratch and after an edit, and how large its result is.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::{files, root, text};

/// Prints the median of nine builds, lines per second and the size of the stripped executable.
pub(crate) fn run() -> Result<(), String> {
    let ouroc = root().join("target/release/ouroc");
    let out = std::env::temp_dir().join(format!("ouro-bench-{}", std::process::id()));
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        let output = Command::new(&ouroc)
            .args(["build", "vm-source-st/vm.ron", "--no-cache", "--output"])
            .arg(&out)
            .current_dir(root())
            .output()
            .map_err(|error| format!("{}: {error}", ouroc.display()))?;
        times.push(start.elapsed());
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
    }
    times.sort();
    let median = times[times.len() / 2].as_secs_f64();
    let lines = code_lines();
    println!("  whole build           {:8.3} s   (aim 1.0)", median);
    println!("  code lines            {lines:8}");
    println!(
        "  code lines per second {:8.0}     (aim 25000)",
        f64::from(lines) / median
    );
    let size = std::fs::metadata(&out)
        .map_err(|error| error.to_string())?
        .len();
    println!(
        "  executable            {:8.0} KiB with symbols and debug information",
        size as f64 / 1024.0
    );
    if Command::new("strip")
        .arg(&out)
        .status()
        .is_ok_and(|status| status.success())
    {
        let size = std::fs::metadata(&out)
            .map_err(|error| error.to_string())?
            .len();
        println!(
            "  stripped              {:8.0} KiB (aim 1024)",
            size as f64 / 1024.0
        );
    } else {
        println!("  stripped              left out: no `strip` here");
    }
    std::fs::remove_file(&out).map_err(|error| error.to_string())?;
    crate::edits::run(&ouroc)
}

/// Lines of the VM's source that are neither blank nor inside a comment at a line's start.
fn code_lines() -> u32 {
    let mut count = 0;
    for path in files("vm-source-st/vm", &[".st"]) {
        let mut in_comment = false;
        for line in text(&path).lines() {
            let trimmed = line.trim();
            let quotes = trimmed.matches('"').count();
            let starts_comment = trimmed.starts_with('"');
            if !trimmed.is_empty() && !in_comment && !starts_comment {
                count += 1;
            }
            if (in_comment || starts_comment) && quotes % 2 == 1 {
                in_comment = !in_comment;
            }
        }
    }
    count
}
