//! What tests of passes share.

use crate::base::EntityRef;
use crate::ir::{FuncId, Function, parse_module, verify};

use super::Context;

/// Runs a pass on the last function of a text and compares its blocks with the expected ones.
pub(super) fn check_pass(
    pass: fn(&mut Function, &Context<'_>) -> bool,
    before: &str,
    expected: &str,
) {
    let module = parse_module(before).unwrap_or_else(|error| panic!("{error}\n{before}"));
    assert_eq!(verify(&module), Ok(()), "before the pass");
    let mut after = module.clone();
    let id = FuncId::new(after.functions.len() - 1);
    let context = Context::for_tests(&module);
    let changed = pass(&mut after.functions[id], &context);
    assert_eq!(verify(&after), Ok(()), "after the pass:\n{}", after.text());
    let text = after.function_text(id);
    let blocks = text
        .split_once("{\n")
        .map_or("", |(_, rest)| rest)
        .trim_end_matches("}\n");
    assert_eq!(
        blocks, expected,
        "\n--- is\n{blocks}--- should be\n{expected}"
    );
    assert_eq!(
        changed,
        module.function_text(id) != text,
        "what the pass says about having changed something"
    );
}
