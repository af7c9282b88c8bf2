//! The command `ouroc`: command line in, exit status out.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use ouroc::command::{self, Output};
use ouroc::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let out_color = command::color_for(options.color, &stdout);
    let err_color = command::color_for(options.color, &stderr);
    // Not locked: a simulated program writes to them from a thread of its own.
    let mut out = std::io::BufWriter::new(stdout);
    let mut err = std::io::BufWriter::new(stderr);
    let mut output = Output {
        out: &mut out,
        err: &mut err,
        out_color,
        err_color,
    };
    let result = command::run(&options, &mut output);
    // What cannot be written any more (a closed pipe) is no failure of the command.
    let _ = out.flush();
    let _ = err.flush();
    match result {
        Ok(status) => ExitCode::from(status.code()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(err, "ouroc: {error}");
            let _ = err.flush();
            ExitCode::FAILURE
        }
    }
}
