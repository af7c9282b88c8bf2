//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The build description that is read if none is named.
pub const DEFAULT_DESCRIPTION: &str = "vm-source-st/vm.ron";

/// Translates a virtual machine written in Slang into an x86-64 executable.
#[derive(Parser, Debug)]
#[command(name = "ouroc", version, arg_required_else_help = true)]
#[command(after_help = "Exit status: 0 success, 1 the source has errors, 2 the command line has.")]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to write in colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorWish::Auto)]
    pub color: ColorWish,
}

/// When to write in colour.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorWish {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Translate a program and write its executable.
    Build(Build),
    /// Report the errors and warnings of a program.
    Check(Check),
    /// Explain the code of an error or warning.
    Explain(Explain),
}

/// Options of `ouroc build`.
#[derive(Args, Debug)]
pub struct Build {
    /// The build description.
    #[arg(default_value = DEFAULT_DESCRIPTION)]
    pub description: PathBuf,
}

/// Options of `ouroc check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The build description.
    #[arg(default_value = DEFAULT_DESCRIPTION)]
    pub description: PathBuf,
    /// Write diagnostics as a JSON array, for editors.
    #[arg(long)]
    pub json: bool,
}

/// Options of `ouroc explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// A code such as T012; without one, all codes are listed.
    pub code: Option<String>,
}
