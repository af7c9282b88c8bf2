//! The benchmark suite: figures as ratios, measured side by side in one run.
//!
//! What needs something that this machine lacks (a C compiler, real images, a stock VM) says so and is left out.
//! `OURO_STOCK_VM` is the command that runs the stock OpenSmalltalk VM, for example `wine …/SqueakConsole.exe -headless`.

mod build;
mod collector;
mod edits;
mod interpreter;
mod kernels;
mod library;
mod load;
mod machines;
mod program;
mod start;
mod workload;

use std::process::ExitCode;

/// A part prints its table, or says why it could not.
type Part = fn() -> Result<(), String>;

const PARTS: &[(&str, Part)] = &[
    ("build", build::run),
    ("start", start::run),
    ("kernels", kernels::run),
    ("interpreter", interpreter::run),
    ("scavenging", collector::scavenging),
    ("promotion", collector::promotion),
    ("full collection", collector::full_collection),
    ("old stores", collector::old_stores),
    ("load", load::run),
    ("image build", library::image_build),
    ("mixed workload", workload::run),
    ("checked build", workload::checked_build),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = false;
    for (name, part) in PARTS {
        if !wanted.is_empty() && !wanted.iter().any(|word| word == name) {
            continue;
        }
        println!("\n{name}");
        if let Err(message) = part() {
            println!("  failed: {message}");
            failed = true;
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
