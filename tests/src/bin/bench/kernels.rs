//! The kernels of `vm-source-st/bench/VM-Kernels` against the same algorithms in C.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tests::root;

/// Kernel name to result and nanoseconds.
type Figures = BTreeMap<String, (u64, u64)>;

/// Prints a line for each kernel and the geometric mean.
pub(crate) fn run() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("ouro-kernels-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let ours = folder.join("slang");
    checked(
        Command::new(root().join("target/release/ouroc"))
            .args(["build", "vm-source-st/kernels.ron", "--output"])
            .arg(&ours)
            .current_dir(root()),
    )?;
    let theirs = folder.join("c");
    let source = root().join("tests/bench/kernels.c");
    let has_c = checked(
        Command::new("gcc")
            .args(["-O2", "-o"])
            .arg(&theirs)
            .arg(source)
            .arg("-lm"),
    )
    .is_ok();
    if !has_c {
        println!("  no gcc here: the comparison is left out");
    }
    report(&ours, has_c.then_some(theirs.as_path()))?;
    std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())
}

fn report(ours: &Path, theirs: Option<&Path>) -> Result<(), String> {
    let (mut slang, mut c) = (Figures::new(), Figures::new());
    for _ in 0..3 {
        merge(&mut slang, ours)?;
        if let Some(theirs) = theirs {
            merge(&mut c, theirs)?;
        }
    }
    println!(
        "  {:12} {:>10} {:>10} {:>7}",
        "kernel", "Slang ms", "C ms", "ratio"
    );
    let mut logarithms = Vec::new();
    for (name, (result, time)) in &slang {
        let ms = *time as f64 / 1e6;
        let Some((expected, other)) = c.get(name) else {
            println!("  {name:12} {ms:10.2}");
            continue;
        };
        if expected != result {
            return Err(format!("{name}: Slang answers {result}, C {expected}"));
        }
        let ratio = *time as f64 / *other as f64;
        logarithms.push(ratio.ln());
        println!(
            "  {name:12} {ms:10.2} {:10.2} {ratio:7.2}",
            *other as f64 / 1e6
        );
    }
    if !logarithms.is_empty() {
        let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
        println!(
            "  {:12} {:>10} {:>10} {mean:7.2}   (aim 1.25, none above 2.0)",
            "mean", "", ""
        );
    }
    Ok(())
}

/// Runs one executable and keeps the fastest time of each kernel.
fn merge(figures: &mut Figures, program: &Path) -> Result<(), String> {
    let output = checked(&mut Command::new(program))?;
    for line in output.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(result), Some(time)) = (words.next(), words.next(), words.next())
        else {
            return Err(format!(
                "{}: not a line of figures: {line}",
                program.display()
            ));
        };
        let result = result.parse().map_err(|error| format!("{line}: {error}"))?;
        let time = time.parse().map_err(|error| format!("{line}: {error}"))?;
        let best = figures.entry(name.to_owned()).or_insert((result, time));
        best.1 = best.1.min(time);
    }
    Ok(())
}

fn checked(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{:?}: {}: {}",
            command.get_program(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}
