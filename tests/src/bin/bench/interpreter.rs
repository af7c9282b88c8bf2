//! The interpreter on the tiny benchmarks, against the stock VM's interpreter where there is one.

use std::path::Path;
use std::process::{Command, Stdio};

use tests::images;

use crate::machines::{ours, stock_or_said};

/// Bytecodes and sends per second, as the image itself reports them.
#[derive(Clone, Copy)]
struct Speed {
    bytecodes: f64,
    sends: f64,
}

/// Prints the figures of both machines and their ratio, medians of interleaved runs.
pub(crate) fn run() -> Result<(), String> {
    let Some(images) = images() else {
        println!("  left out: no real images here (OURO_IMAGES names their folder)");
        return Ok(());
    };
    let image = images.join("candle-tinybenchmarks.image");
    let (ours, stock) = (ours(&[]), stock_or_said());
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        own.extend(measure(&ours, &image)?);
        if let Some(stock) = &stock {
            other.extend(measure(stock, &image)?);
        }
    }
    let mine = median(&own).ok_or("the image reported no figures")?;
    println!(
        "  Ouro      {:8.0} M bytecodes/s {:7.1} M sends/s",
        mine.bytecodes / 1e6,
        mine.sends / 1e6
    );
    if let Some(theirs) = median(&other) {
        println!(
            "  stock VM  {:8.0} M bytecodes/s {:7.1} M sends/s",
            theirs.bytecodes / 1e6,
            theirs.sends / 1e6
        );
        println!(
            "  ratio     {:8.2} (aim 2.5)      {:7.2} (aim 2.0)",
            mine.bytecodes / theirs.bytecodes,
            mine.sends / theirs.sends
        );
    }
    Ok(())
}

/// Runs a copy of the image in a folder of its own; `None` when the image's first clock reading was off (see the stock VM's start-up race).
fn measure(command: &[String], image: &Path) -> Result<Option<Speed>, String> {
    let folder = std::env::temp_dir().join(format!("ouro-image-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    std::fs::copy(image, folder.join("benchmark.image")).map_err(|error| error.to_string())?;
    let status = Command::new(&command[0])
        .args(&command[1..])
        .arg("benchmark.image")
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("{}: {error}", command[0]))?;
    let log = std::fs::read_to_string(folder.join("log1.txt"));
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    let log = log.map_err(|error| {
        format!(
            "{} ended with {status} and left no log1.txt: {error}",
            command[0]
        )
    })?;
    Ok(parse(&log))
}

/// Reads `N bytecodes/sec; M sends/sec`.
fn parse(log: &str) -> Option<Speed> {
    let number_before = |unit: &str| -> Option<f64> {
        log.split(unit)
            .next()?
            .split_whitespace()
            .last()?
            .parse()
            .ok()
    };
    let speed = Speed {
        bytecodes: number_before("bytecodes/sec")?,
        sends: number_before("sends/sec")?,
    };
    (speed.bytecodes > 0.0 && speed.bytecodes < 1e11).then_some(speed)
}

fn median(runs: &[Speed]) -> Option<Speed> {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some(Speed {
        bytecodes: middle(runs.iter().map(|run| run.bytecodes).collect())?,
        sends: middle(runs.iter().map(|run| run.sends).collect())?,
    })
}
