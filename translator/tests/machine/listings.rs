//! Each `texts/NAME.ir` compiles to the machine code in `NAME.asm`. `OURO_BLESS=1` writes what is.

use ouroc::ir::{parse_module, verify};
use ouroc::report::Listing;
use ouroc::x64::compile;
use std::fmt::Write;
use std::path::Path;

fn listings(text: &str) -> String {
    let module = parse_module(text).unwrap_or_else(|error| panic!("{error}"));
    verify(&module).unwrap_or_else(|errors| panic!("{errors:?}"));
    let code = compile(&module).expect("the pins are in order");
    let mut out = String::new();
    for (id, function) in module.functions.iter() {
        if function.has_body() {
            writeln!(out, "{}", Listing::new(&code, id)).expect("a string takes all");
        }
    }
    out
}

#[test]
fn the_code_for_each_text_is_the_code_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine/texts");
    let mut sources: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ir"))
        .collect();
    sources.sort();
    assert!(!sources.is_empty());
    for source in sources {
        let text = std::fs::read_to_string(&source).expect("the file is readable");
        let is = listings(&text);
        let expected = source.with_extension("asm");
        if std::env::var_os("OURO_BLESS").is_some() {
            std::fs::write(&expected, is).expect("the file is writable");
            continue;
        }
        let should = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(is, should, "{}", source.display());
    }
}
