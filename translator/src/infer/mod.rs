//! Type inference: the class model becomes the typed program.
//!
//! In: the [`World`] of [`resolve`](crate::resolve). Out: the [`Program`] with every method that is reached, and diagnostics. What holds afterwards, when there
//! are no errors: every send is bound or has become an operation, block-taking methods are expanded, constants are values, every integer operation is proven,
//! wrapping or checked, every field has its place.
//!
//! Inference is driven by demand. It starts with the roots (entry, exports, handlers, primitives, tests); typing a body asks for the methods that it sends to. A method
//! with a signature is typed later, one without is typed when its result is asked for. Ids are given in that order, which depends on the source alone.
//!
//! - [`body`], [`scope`], [`flow`], [`memory`]: the state in which a body is typed.
//! - [`expression`], [`assignment`], [`send`], [`expand`], [`answers`], [`control`], [`cases`]: by construct.
//! - [`builtin`], [`numbers`], [`patterns`], [`overflow`], [`arrays`], [`intrinsics`]: what the translator knows.
//! - [`range`](self::range), [`settle`], [`join`], [`convert`]: exact arithmetic and types in common.
//! - [`facts`], [`constants`], [`record`], [`roots`]: constants, layouts, the state record, collected tables.

mod answers;
mod arrays;
mod assignment;
mod body;
mod budget;
mod builtin;
mod cases;
mod claims;
pub mod codes;
mod constants;
mod control;
mod convert;
mod expand;
mod expression;
mod facts;
mod finish;
mod flow;
mod halves;
mod instances;
mod intrinsics;
mod join;
mod loops;
mod memory;
mod numbers;
mod overflow;
mod patterns;
mod range;
mod record;
mod roots;
pub mod scope;
mod send;
mod settle;

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use crate::base::deep_stack::on_deep_stack;
use crate::base::{Diagnostics, FileId, Interner, PrimaryMap, SecondaryMap, Span, Symbol};
use crate::resolve::{SourceId, World};
use crate::typed::{
    ClassId, MethodId, Program, StateField, StateFieldId, StringId, Table, TableId,
};

use facts::Facts;
use instances::{Instance, Key};

/// What is inferred besides the program itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Test classes are roots too.
    pub tests: bool,
}

/// Infers the program.
pub fn infer(
    world: &World,
    interner: &Interner,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Program {
    let run = || {
        let mut inferrer = Inferrer::new(world, interner, options);
        inferrer.lay_out_state();
        inferrer.find_roots();
        inferrer.type_pending();
        if options.tests {
            inferrer.note_product();
            inferrer.find_tests();
            inferrer.type_pending();
        }
        inferrer.complete_tables();
        inferrer.finish(diagnostics)
    };
    // Methods whose results are inferred are typed within those that ask for them.
    on_deep_stack(run)
}

/// The state of inference over the whole program.
struct Inferrer<'w> {
    world: &'w World,
    interner: &'w Interner,
    options: Options,
    facts: Facts<'w>,
    diagnostics: Diagnostics,
    instances: PrimaryMap<MethodId, Instance>,
    keys: FxHashMap<Key, MethodId>,
    pending: VecDeque<MethodId>,
    strings: PrimaryMap<StringId, Vec<u8>>,
    string_ids: FxHashMap<Vec<u8>, StringId>,
    /// Concrete components in the order of their numbers.
    components: Vec<ClassId>,
    state: PrimaryMap<StateFieldId, StateField>,
    state_by_field: FxHashMap<(ClassId, Symbol), StateFieldId>,
    state_size: u64,
    tables: PrimaryMap<TableId, Table>,
    tables_by_field: FxHashMap<(ClassId, Symbol), TableId>,
    reached: SecondaryMap<SourceId, bool>,
    /// What is reached without tests, if there are tests.
    reached_by_product: Option<SecondaryMap<SourceId, bool>>,
    /// Places of raw conversions.
    raw_conversions: BTreeSet<(FileId, u32)>,
    /// Places of messages to methods that are raw operations.
    raw_operations: BTreeSet<(FileId, u32)>,
    /// Calls whose result is dropped.
    ignored: Vec<(MethodId, Span)>,
    entry: Option<MethodId>,
    tests: Vec<crate::typed::Test>,
}

impl<'w> Inferrer<'w> {
    fn new(world: &'w World, interner: &'w Interner, options: Options) -> Self {
        Inferrer {
            world,
            interner,
            options,
            facts: Facts::new(world, interner),
            diagnostics: Diagnostics::default(),
            instances: PrimaryMap::new(),
            keys: FxHashMap::default(),
            pending: VecDeque::new(),
            strings: PrimaryMap::new(),
            string_ids: FxHashMap::default(),
            components: Vec::new(),
            state: PrimaryMap::new(),
            state_by_field: FxHashMap::default(),
            state_size: 0,
            tables: PrimaryMap::new(),
            tables_by_field: FxHashMap::default(),
            reached: SecondaryMap::new(),
            reached_by_product: None,
            raw_conversions: BTreeSet::new(),
            raw_operations: BTreeSet::new(),
            ignored: Vec::new(),
            entry: None,
            tests: Vec::new(),
        }
    }

    /// The number of a string constant.
    fn string(&mut self, bytes: &[u8]) -> StringId {
        if let Some(&id) = self.string_ids.get(bytes) {
            return id;
        }
        let id = self.strings.push(bytes.to_vec());
        self.string_ids.insert(bytes.to_vec(), id);
        id
    }

    /// Notes that a method is used.
    fn reach(&mut self, method: SourceId) {
        self.reached[method] = true;
    }

    /// The class that stands for a component.
    fn concrete(&self, class: ClassId) -> ClassId {
        let mut class = class;
        for _ in 0..self.world.classes.len() {
            let next = self.world.classes[class].concrete;
            if next == class {
                break;
            }
            class = next;
        }
        class
    }

    /// `Class>>selector` of a method as it is written.
    fn method_text(&self, method: SourceId) -> String {
        let info = &self.world.methods[method];
        let class = self.interner.text(self.world.classes[info.class].name);
        let side = if info.class_side { " class" } else { "" };
        format!("{class}{side}>>{}", self.interner.text(info.selector))
    }
}
