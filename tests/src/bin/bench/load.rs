//! How soon the VM executes the first bytecode of a large image.

use std::process::Command;
use std::time::Instant;

use tests::large_image::{Program, References, large_image};
use tests::{Session, vm};

/// Prints the time of runs that end with the first messages.
pub(crate) fn run() -> Result<(), String> {
    for (megabytes, aim) in [(5, 10.0), (1000, 800.0)] {
        for references in [References::Near, References::Scattered] {
            let milliseconds = best_of_five(&Session::new(
                &large_image(megabytes << 20, references, Program::Quits).bytes,
            ))?;
            let references = format!("{references:?}").to_lowercase();
            println!(
                "  image of {megabytes:5} MB, references {references:9}  {milliseconds:8.1} ms (aim {aim}), process start and end included"
            );
        }
    }
    Ok(())
}

/// The time of the quickest of five runs, in milliseconds.
fn best_of_five(session: &Session) -> Result<f64, String> {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let run = Command::new(vm())
            .arg("--interpret")
            .arg(session.path())
            .output()
            .map_err(|error| error.to_string())?;
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        if run.status.code() != Some(7) {
            return Err(String::from_utf8_lossy(&run.stderr).into_owned());
        }
    }
    Ok(best)
}
