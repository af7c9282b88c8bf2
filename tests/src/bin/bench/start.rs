//! How soon the VM executes the first bytecode of a real image, and in how much memory.

use std::process::{Command, Stdio};
use std::time::Instant;

use tests::{images, vm};

/// Prints the median time of a run that stops after one bytecode, and its resident memory.
pub(crate) fn run() -> Result<(), String> {
    let Some(images) = images() else {
        println!("  left out: no real images here (OURO_IMAGES names their folder)");
        return Ok(());
    };
    let image = images.join("candle-tinybenchmarks-short.image");
    let mut times = Vec::new();
    for _ in 0..31 {
        let start = Instant::now();
        let status = Command::new(vm())
            .args(["--interpret", "--stop-after", "1"])
            .arg(&image)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|error| error.to_string())?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if !status.success() {
            return Err(format!("{}: {status}", image.display()));
        }
    }
    times.sort_by(f64::total_cmp);
    println!(
        "  first bytecode after  {:8.2} ms  (aim 5), process start and end included",
        times[times.len() / 2]
    );
    let measured = Command::new("time")
        .args(["-f", "%M"])
        .arg(vm())
        .args(["--interpret", "--stop-after", "1"])
        .arg(&image)
        .output();
    let resident = measured.ok().and_then(|output| {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.lines().last()?.trim().parse::<f64>().ok()
    });
    match resident {
        Some(kilobytes) => println!(
            "  resident memory       {:8.1} MiB (aim 16)",
            kilobytes / 1024.0
        ),
        None => println!("  resident memory       left out: no GNU time here"),
    }
    Ok(())
}
