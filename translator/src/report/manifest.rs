//! The manifest: one line for each compiled method, with its size and a hash over its symbolic code.
//!
//! A review sees in it which methods' machine code changed. A field that moves does not change it, unless an instruction gets
//! longer or shorter by that.

use super::entry::Entry;
use std::fmt::Write;

/// The manifest of sorted entries, in RON.
#[must_use]
pub fn manifest(entries: &[Entry]) -> String {
    let mut out = String::from(
        "// Made by `ouroc build`: the size and a hash of the machine code of each method.\n{\n",
    );
    for entry in entries {
        let name = entry.name.replace('\\', "\\\\").replace('"', "\\\"");
        let line = writeln!(
            out,
            "    \"{name}\": (size: {}, code: \"{:016x}\"),",
            entry.size,
            entry.hash()
        );
        line.expect("a string takes all");
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Deserialize)]
    struct Read {
        size: usize,
        code: String,
    }

    #[test]
    fn a_manifest_is_ron_with_a_line_for_each_method() {
        let entry = |name: &str, line: &str| Entry {
            name: name.to_owned(),
            size: 3,
            lines: vec![line.to_owned()],
        };
        let text = manifest(&[entry("A>>at:put:", "ret"), entry("A>>\\\\", "nop")]);
        let read: BTreeMap<String, Read> = ron::from_str(&text).expect("it is RON");
        assert_eq!(read.len(), 2);
        assert_eq!(read["A>>at:put:"].size, 3);
        assert_ne!(read["A>>at:put:"].code, read["A>>\\\\"].code);
    }
}
