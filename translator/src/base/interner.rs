//! Names and selectors as numbers: equal texts have equal [`Symbol`]s.
//!
//! Files are read in parallel, each with an interner of its own; [`Interner::absorb`] then joins them in file order, so that numbers
//! do not depend on the number of cores.

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// An interned text. Compares and hashes as a number; the order of two symbols is the order of their first interning, not of their texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u32);

/// All texts interned so far.
#[derive(Clone, Default, Debug)]
pub struct Interner {
    /// Text to symbol, for lookup only.
    symbols: FxHashMap<Arc<str>, Symbol>,
    /// Text of each symbol, by its number.
    texts: Vec<Arc<str>>,
}

/// For each symbol of an absorbed interner, its symbol in the absorbing one.
#[derive(Debug)]
pub struct Renaming(Vec<Symbol>);

impl Interner {
    /// An interner without texts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The symbol of `text`, the same for equal texts.
    pub fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&symbol) = self.symbols.get(text) {
            return symbol;
        }
        self.add(text.into())
    }

    /// The symbol of `text`, if it was interned before.
    #[must_use]
    pub fn lookup(&self, text: &str) -> Option<Symbol> {
        self.symbols.get(text).copied()
    }

    /// The text of `symbol`, which must come from this interner.
    #[must_use]
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol.0 as usize]
    }

    /// How many different texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether nothing was interned.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Takes in all texts of `other`, in their order.
    pub fn absorb(&mut self, other: &Interner) -> Renaming {
        let rename = |text: &Arc<str>| match self.symbols.get(text) {
            Some(&symbol) => symbol,
            None => self.add(Arc::clone(text)),
        };
        Renaming(other.texts.iter().map(rename).collect())
    }

    fn add(&mut self, text: Arc<str>) -> Symbol {
        let number = u32::try_from(self.texts.len()).expect("fewer than 2^32 names fit in memory");
        let symbol = Symbol(number);
        self.texts.push(Arc::clone(&text));
        self.symbols.insert(text, symbol);
        symbol
    }
}

impl Renaming {
    /// What `symbol` of the absorbed interner is called in the absorbing one.
    #[must_use]
    pub fn of(&self, symbol: Symbol) -> Symbol {
        self.0[symbol.0 as usize]
    }
}

impl Symbol {
    /// Its number: dense, from zero.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "symbol{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_symbols() {
        let mut interner = Interner::new();
        let at = interner.intern("at:");
        let put = interner.intern("at:put:");
        assert_ne!(at, put);
        assert_eq!(interner.intern("at:"), at);
        assert_eq!(interner.text(put), "at:put:");
        assert_eq!(interner.lookup("size"), None);
    }

    #[test]
    fn absorbing_keeps_texts_and_shares_what_is_known() {
        let (mut whole, mut part) = (Interner::new(), Interner::new());
        let known = whole.intern("size");
        let (new, old) = (part.intern("grow"), part.intern("size"));
        let renaming = whole.absorb(&part);
        assert_eq!(renaming.of(old), known);
        assert_eq!(whole.text(renaming.of(new)), "grow");
        assert_eq!(whole.len(), 2);
    }
}
