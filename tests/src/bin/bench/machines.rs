//! The commands that run the two virtual machines.

use tests::vm;

/// The stock VM's options for its interpreter.
const INTERPRET: [&str; 4] = ["-cogmaxlits", "0", "-cogminjumps", "32767"];

/// Our interpreter, with more options.
pub(crate) fn ours(options: &[&str]) -> Vec<String> {
    let mut command = vec![vm().display().to_string(), "--interpret".to_owned()];
    command.extend(options.iter().map(|option| (*option).to_owned()));
    command
}

/// The stock VM's interpreter, if `OURO_STOCK_VM` says its command.
pub(crate) fn stock() -> Option<Vec<String>> {
    let named = std::env::var("OURO_STOCK_VM").unwrap_or_default();
    let mut command: Vec<String> = named.split_whitespace().map(str::to_owned).collect();
    if command.is_empty() {
        return None;
    }
    command.extend(INTERPRET.map(str::to_owned));
    Some(command)
}

/// The same; says so when there is none.
pub(crate) fn stock_or_said() -> Option<Vec<String>> {
    let command = stock();
    if command.is_none() {
        println!("  no stock VM (OURO_STOCK_VM is its command): ours alone");
    }
    command
}
