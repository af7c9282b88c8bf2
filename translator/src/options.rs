//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The build description that is read if none is named.
pub const DEFAULT_DESCRIPTION: &str = "vm-source-st/vm.ron";

/// Translates a virtual machine written in Slang into an x86-64 executable.
#[derive(Parser, Debug)]
#[command(name = "ouroc", version, arg_required_else_help = true)]
#[command(
    after_help = "Exit status: 0 success, 1 the source has errors or a test fails, 2 the command line has errors."
)]
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
    /// Report the errors and warnings of a program.
    Check(Check),
    /// Translate a program and write its executable.
    Build(Build),
    /// Run test classes, natively and in the reference evaluator.
    Test(Test),
    /// Run the program in the reference evaluator, with exact integers and checked memory.
    Simulate(Simulate),
    /// List the machine code of methods, with their source between the instructions.
    Asm(Asm),
    /// Build a Smalltalk image from sources.
    Image(Image),
    /// Draw the state record, the pins and the structs.
    Layout(Layout),
    /// Show which machine code changed, against a revision or between two executables.
    Diff(Diff),
    /// Explain the code of an error or warning.
    Explain(Explain),
}

/// Which program, and how it is translated.
#[derive(Args, Clone, Debug)]
pub struct Program {
    /// The build description.
    #[arg(long = "description", short = 'd', value_name = "FILE", default_value = DEFAULT_DESCRIPTION)]
    pub description: PathBuf,
    /// Test assertions and array bounds.
    #[arg(long)]
    pub checked: bool,
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

/// Options of `ouroc build`.
#[derive(Args, Debug)]
pub struct Build {
    /// The build description.
    #[arg(default_value = DEFAULT_DESCRIPTION)]
    pub description: PathBuf,
    /// The executable to write [default: generated/NAME beside the description's folder].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// An image to build into the executable, which it runs when none is named.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Test assertions and array bounds.
    #[arg(long)]
    pub checked: bool,
    /// Tell debuggers where parameters and temporaries are. The code is the same; the build takes longer.
    #[arg(long)]
    pub variables: bool,
    /// Write the size and a hash of each method's code to this file.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Take nothing over from earlier builds, and leave nothing to later ones. The executable is the same. Without a folder `cache`
    /// beside it there is a cache for the default output only.
    #[arg(long)]
    pub no_cache: bool,
    /// Write the intermediate representation to before.ir and after.ir in this folder, as it is before and after optimisation.
    #[arg(long, value_name = "FOLDER")]
    pub dump_ir: Option<PathBuf>,
}

/// Options of `ouroc test`.
#[derive(Args, Debug)]
pub struct Test {
    /// Classes, or Class>>selector; all test classes if none is named. A name that ends in .ron is the build description.
    #[arg(value_name = "CLASS")]
    pub names: Vec<String>,
    /// Run the tests in the reference evaluator only.
    #[arg(long)]
    pub evaluator: bool,
}

/// Options of `ouroc simulate`.
#[derive(Args, Debug)]
pub struct Simulate {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Stop after this number of bytecodes.
    #[arg(long, value_name = "N")]
    pub bytecodes: Option<u64>,
    /// A fixed clock, and random numbers that repeat.
    #[arg(long)]
    pub deterministic: bool,
    /// Check that every integer lies in the range that inference gave it.
    #[arg(long)]
    pub audit: bool,
    /// What the program gets as its arguments: an image, and what follows it.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "IMAGE"
    )]
    pub arguments: Vec<String>,
}

/// Options of `ouroc asm`.
#[derive(Args, Debug)]
pub struct Asm {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Class>>selector, or a class for all of its methods.
    #[arg(value_name = "CLASS[>>SELECTOR]", required = true)]
    pub names: Vec<String>,
    /// Show the optimised intermediate representation too.
    #[arg(long)]
    pub ir: bool,
}

/// Options of `ouroc image`.
#[derive(Args, Debug)]
pub struct Image {
    /// The image description.
    #[arg(value_name = "DESCRIPTION")]
    pub description: PathBuf,
    /// The image to write [default: the description's path with the extension image].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where the folder of sources is that the description calls NAME.
    #[arg(long = "define", value_name = "NAME=PATH", value_parser = definition)]
    pub defines: Vec<(String, PathBuf)>,
    /// A folder of Tonel packages that follow the sources of the description.
    #[arg(long = "add", value_name = "FOLDER")]
    pub added: Vec<PathBuf>,
    /// Statements to run instead of the description's start expression.
    #[arg(long, value_name = "STATEMENTS", allow_hyphen_values = true)]
    pub start: Option<String>,
    /// List the bytecodes of a method instead of the summary: Class>>selector, or Class class>>selector.
    #[arg(long, value_name = "CLASS>>SELECTOR")]
    pub list: Option<String>,
}

/// Options of `ouroc layout`.
#[derive(Args, Debug)]
pub struct Layout {
    /// The program.
    #[command(flatten)]
    pub program: Program,
    /// Structs; without one, everything is drawn.
    #[arg(value_name = "STRUCT")]
    pub names: Vec<String>,
}

/// Options of `ouroc diff`.
#[derive(Args, Debug)]
pub struct Diff {
    /// A revision to compare the working tree with [default: HEAD], or two executables.
    #[arg(value_name = "REV | EXECUTABLE EXECUTABLE", num_args = 0..=2)]
    pub names: Vec<String>,
    /// The build description.
    #[arg(long = "description", short = 'd', value_name = "FILE", default_value = DEFAULT_DESCRIPTION)]
    pub description: PathBuf,
}

/// Options of `ouroc explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// A code such as T012; without one, all codes are listed.
    pub code: Option<String>,
}

/// `NAME=PATH` taken apart.
fn definition(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        _ => Err("expected NAME=PATH".to_owned()),
    }
}

impl Test {
    /// The build description among the names, else the usual one.
    #[must_use]
    pub fn description(&self) -> &Path {
        let named = self.names.iter().find(|name| is_description(name));
        Path::new(named.map_or(DEFAULT_DESCRIPTION, String::as_str))
    }

    /// Whether a test is wanted.
    #[must_use]
    pub fn wants(&self, class: &str, selector: &str) -> bool {
        let is_this = |name: &String| match name.split_once(">>") {
            Some((named_class, named_selector)) => {
                named_class == class && named_selector == selector
            }
            None => name == class,
        };
        !self.asks_for_some() || self.tests().any(is_this)
    }

    /// Whether tests are named.
    #[must_use]
    pub fn asks_for_some(&self) -> bool {
        self.tests().next().is_some()
    }

    fn tests(&self) -> impl Iterator<Item = &String> {
        self.names.iter().filter(|name| !is_description(name))
    }
}

fn is_description(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "ron")
}
