//! Which code is wanted.

use rustc_hash::FxHashMap;

use super::inlining::Control;
use crate::base::{Interner, Symbol};

/// A bytecode set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Deserialize)]
pub enum BytecodeSet {
    /// Squeak's set of 1996 with the closure bytecodes of 2008; for methods whose header is not negative.
    V3,
    /// The extensible set of 2014; for methods whose header is negative.
    SistaV1,
}

/// How blocks are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Deserialize)]
pub enum Closures {
    /// Code objects of their own, SistaV1 only.
    Full,
    /// Inside of the code of their method.
    Embedded,
}

/// Which code a description asks for, by names.
#[derive(Clone, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetOptions {
    /// The bytecodes.
    pub set: BytecodeSet,
    /// The blocks.
    pub closures: Closures,
    /// Whether methods with pragmas have an object for them as last literal but one.
    pub pragmas: bool,
    /// Whether line feeds in strings become carriage returns.
    pub carriage_returns: bool,
    /// Whether `thisProcess` has a bytecode; else it is a name like any other.
    pub this_process: bool,
    /// The selectors with bytecodes of their own, by number; empty where there is none.
    pub special_selectors: Vec<String>,
    /// Selectors of which blocks are sent as arguments although they could be compiled in line.
    pub not_inlined: Vec<String>,
    /// The selector that joins two arrays, for brace arrays that do not fit into a frame.
    pub join: String,
}

/// The selectors that have bytecodes of their own, in the order of their numbers: every virtual machine of the family has these.
const SPECIAL_SELECTORS: [&str; 32] = [
    "+",
    "-",
    "<",
    ">",
    "<=",
    ">=",
    "=",
    "~=",
    "*",
    "/",
    "\\\\",
    "@",
    "bitShift:",
    "//",
    "bitAnd:",
    "bitOr:",
    "at:",
    "at:put:",
    "size",
    "next",
    "nextPut:",
    "atEnd",
    "==",
    "class",
    "~~",
    "value",
    "value:",
    "do:",
    "new",
    "new:",
    "x",
    "y",
];

impl Default for TargetOptions {
    fn default() -> Self {
        TargetOptions {
            set: BytecodeSet::SistaV1,
            closures: Closures::Full,
            pragmas: true,
            carriage_returns: false,
            this_process: false,
            special_selectors: SPECIAL_SELECTORS.map(str::to_owned).to_vec(),
            not_inlined: Vec::new(),
            join: ",".to_owned(),
        }
    }
}

/// [`TargetOptions`] with the symbols of the program.
#[derive(Clone, Debug)]
pub struct Target {
    /// What was asked for.
    pub options: TargetOptions,
    /// The numbers of the special selectors.
    pub special: FxHashMap<Symbol, u8>,
    /// The selectors that are compiled in line.
    pub(super) inlined: FxHashMap<Symbol, Control>,
    /// Selectors and names that the compiler itself uses.
    pub(super) known: Known,
}

/// Selectors and names that the compiler itself uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Joins two arrays.
    pub(super) join: Symbol,
    /// Makes an association.
    pub(super) association: Symbol,
    /// What a case statement without a matching case is sent to `self`.
    pub(super) case_error: Symbol,
    pub(super) equal: Symbol,
    pub(super) same: Symbol,
    pub(super) plus: Symbol,
    pub(super) less_or_equal: Symbol,
    pub(super) greater_or_equal: Symbol,
    pub(super) this_process: Symbol,
    /// A name that may be declared more than once: nobody means to use it.
    pub(super) underscore: Symbol,
}

impl TargetOptions {
    /// What is wrong with the options, in one sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.set == BytecodeSet::V3 && self.closures == Closures::Full {
            return Err("the set V3 has no bytecode for full closures".into());
        }
        if self.set == BytecodeSet::V3 && self.this_process {
            return Err("the set V3 has no bytecode for thisProcess".into());
        }
        if self.special_selectors.len() != SPECIAL_SELECTORS.len() {
            return Err(format!(
                "there are {} special selectors instead of {}",
                self.special_selectors.len(),
                SPECIAL_SELECTORS.len()
            ));
        }
        Ok(())
    }
}

impl Target {
    /// Looks up, or adds, the symbols that the compiler needs. The options have passed their check.
    #[must_use]
    pub fn new(options: TargetOptions, interner: &mut Interner) -> Target {
        let names = options.special_selectors.iter().zip(0u8..);
        let special = names
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, number)| (interner.intern(name), number))
            .collect();
        let is_inlined = |name: &str| !options.not_inlined.iter().any(|excluded| excluded == name);
        let inlined = Control::ALL
            .iter()
            .filter(|(name, _)| is_inlined(name))
            .map(|&(name, control)| (interner.intern(name), control))
            .collect();
        let known = Known {
            join: interner.intern(&options.join),
            association: interner.intern("->"),
            case_error: interner.intern("caseError"),
            equal: interner.intern("="),
            same: interner.intern("=="),
            plus: interner.intern("+"),
            less_or_equal: interner.intern("<="),
            greater_or_equal: interner.intern(">="),
            this_process: interner.intern("thisProcess"),
            underscore: interner.intern("_"),
        };
        Target {
            options,
            special,
            inlined,
            known,
        }
    }
}
