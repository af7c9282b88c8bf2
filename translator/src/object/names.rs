//! What a program may call its exports and imports.
//!
//! The shim and the linker define symbols of their own, which a program imports and must not define; the rest are the program's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::collect::STATE;
use super::layout::Layout;
use super::pieces::Pieces;
use super::tables::{METHODS, NAMES, TRAPS};
use super::{PROGRAM, shim};
use crate::base::{Diagnostic, Diagnostics, Span};

/// A symbol of the program and the method that has it.
pub type Named<'a> = (&'a str, Span);

/// Reports exports that are doubled, taken or no symbols, and imports that nobody defines.
pub fn check(exports: &[Named], imports: &[Named], diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for &(name, span) in exports {
        let refuse = |message: String, hint: &str| {
            let error = Diagnostic::error("R020", message).primary(span, "");
            error.hint(hint)
        };
        if !is_symbol(name) {
            let message = format!("{name:?} is no symbol");
            let hint = "a symbol has letters, digits and _, and begins with no digit";
            diagnostics.push(refuse(message, hint));
        } else if defined().contains(name) || name == PROGRAM {
            let message = format!("the symbol {name} is defined by the linker or the shim");
            diagnostics.push(refuse(message, "choose another name for the export"));
        } else if let Some(&first) = seen.get(name) {
            let message = format!("the symbol {name} is exported twice");
            let error = refuse(message, "choose another name for one of them");
            diagnostics.push(error.secondary(first, "exported here"));
        }
        seen.entry(name).or_insert(span);
    }
    for &(name, span) in imports {
        if !defined().contains(name) && !seen.contains_key(name) {
            let message = format!("nobody defines the symbol {name}");
            let all = defined().iter().map(String::as_str);
            let known: Vec<&str> = all.filter(|name| name.starts_with("ouro_")).collect();
            let error = Diagnostic::error("R021", message).primary(span, "imported here");
            diagnostics.push(error.hint(format!(
                "the shim and the linker define {}",
                known.join(", ")
            )));
        }
    }
}

fn is_symbol(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_part) && name.starts_with(|first: char| !first.is_ascii_digit())
}

/// The symbols that are not the program's.
fn defined() -> &'static BTreeSet<String> {
    static DEFINED: OnceLock<BTreeSet<String>> = OnceLock::new();
    DEFINED.get_or_init(|| {
        let mut pieces = Pieces::default();
        // A shim that cannot be read is reported by the link.
        let _ = shim::read(shim::SHIM, &mut pieces);
        let own = pieces.items.iter().flat_map(|piece| &piece.symbols);
        let own = own
            .filter(|symbol| symbol.global)
            .map(|symbol| &*symbol.name);
        let made = Layout::default().defined().map(|(name, _)| name);
        own.chain(made)
            .chain([STATE, METHODS, NAMES, TRAPS])
            .map(str::to_owned)
            .collect()
    })
}
