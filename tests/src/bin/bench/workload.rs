//! The mixed workload of `kernel-bench` on our class library's image.

use std::path::Path;
use std::process::{Command, Stdio};

use tests::root;
use tests::translated::checked_vm;

use crate::machines::{ours, stock_or_said};

/// The stock VM's time divided by ours.
pub(crate) fn run() -> Result<(), String> {
    compare("stock VM", stock_or_said(), "aim 1.8")
}

/// How much slower the VM is that tests its assertions and array bounds.
pub(crate) fn checked_build() -> Result<(), String> {
    let vm = checked_vm().display().to_string();
    compare("checked build", Some(vec![vm]), "aim: at most 5")
}

/// Prints the milliseconds of each part on both machines, medians of interleaved runs, and the ratio.
fn compare(name: &str, other: Option<Vec<String>>, aim: &str) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("ouro-workload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    build(&folder.join("workload.image"))?;
    let ours = ours(&[]);
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        own.push(measure(&ours, &folder)?);
        if let Some(other) = &other {
            others.push(measure(other, &folder)?);
        }
    }
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    for (index, (part, _)) in own[0].iter().enumerate() {
        let mine = median(&own, index);
        if others.is_empty() {
            println!("  {part:<18} {mine:8.0} ms");
            continue;
        }
        let theirs = median(&others, index);
        let aim = match part.as_str() {
            "total" => format!(" ({aim})"),
            _ => String::new(),
        };
        println!(
            "  {part:<18} {mine:8.0} ms   {name} {theirs:8.0} ms   ratio {:6.2}{aim}",
            theirs / mine
        );
    }
    Ok(())
}

/// Builds the image of the class library with the workload.
fn build(path: &Path) -> Result<(), String> {
    let ouroc = root().join("target/release/ouroc");
    let output = Command::new(&ouroc)
        .args(["image", "vm-source-st/kernel.ron", "--add"])
        .args(["vm-source-st/kernel-bench", "--output"])
        .arg(path)
        .current_dir(root())
        .output()
        .map_err(|error| format!("{}: {error}", ouroc.display()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What each part took, in milliseconds, `total` last, as the image tells it.
fn measure(command: &[String], folder: &Path) -> Result<Vec<(String, f64)>, String> {
    let output = Command::new(&command[0])
        .args(&command[1..])
        .args(["workload.image", "perform", "MixedWorkload", "run"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", command[0]))?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let parts: Vec<_> = told
        .split(',')
        .filter_map(|part| {
            let mut words = part.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        })
        .collect();
    if parts.last().is_some_and(|(name, _)| name == "total") {
        Ok(parts)
    } else {
        Err(format!("{} told no times: {told}", command[0]))
    }
}

fn median(runs: &[Vec<(String, f64)>], index: usize) -> f64 {
    let mut times: Vec<f64> = runs.iter().map(|run| run[index].1).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
