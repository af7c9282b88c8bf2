//! Instructions in a row, with labels, and how deep the stack is.
//!
//! What cannot be reached is left out: behind a jump or return nothing is added until a label is bound to which something jumps.

use super::instruction::{Instruction, Jump};
use super::names::number;
use crate::base::{PrimaryMap, Span};
use crate::entity;

entity!(
    /// A place in the code that jumps name.
    Label,
    "label"
);

/// An element of the row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    Plain(Instruction, Span),
    Jump(Jump, Label, Span),
    Bind(Label),
}

/// Collects the instructions of one code object.
#[derive(Default)]
pub(super) struct Emitter {
    pub(super) items: Vec<Item>,
    /// The stack's depth at each label that something jumps to.
    labels: PrimaryMap<Label, Option<u32>>,
    /// Values on the stack above the temporaries.
    depth: u32,
    /// Whether what comes next is reached.
    reachable: bool,
    /// Slots below the stack in the frame that is being filled.
    slots: u32,
    /// Slots that the largest frame needs.
    frame: u32,
}

/// What is put aside while the code of an embedded block is emitted.
pub(super) struct Outer {
    depth: u32,
    slots: u32,
}

impl Emitter {
    pub(super) fn new(slots: u32) -> Self {
        Emitter {
            items: Vec::with_capacity(32),
            reachable: true,
            slots,
            frame: slots,
            ..Emitter::default()
        }
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// Slots for temporaries and stack that the frame needs.
    pub(super) fn frame(&self) -> u32 {
        self.frame
    }

    /// How many slots are taken now.
    pub(super) fn used(&self) -> u32 {
        self.slots + self.depth
    }

    pub(super) fn emit(&mut self, instruction: Instruction, span: Span) {
        if !self.reachable {
            return;
        }
        self.items.push(Item::Plain(instruction, span));
        self.apply(instruction.stack_effect());
        self.reachable = !instruction.is_return();
    }

    /// Emits without counting: for the store that the virtual machine prepares itself.
    pub(super) fn emit_uncounted(&mut self, instruction: Instruction, span: Span) {
        self.items.push(Item::Plain(instruction, span));
    }

    /// Emits even where nothing leads: tools look for a return at the end of the code.
    pub(super) fn emit_last(&mut self, instruction: Instruction) {
        self.items.push(Item::Plain(instruction, Span::none()));
        self.reachable = false;
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None)
    }

    pub(super) fn jump(&mut self, jump: Jump, label: Label, span: Span) {
        if !self.reachable {
            return;
        }
        self.items.push(Item::Jump(jump, label, span));
        self.apply(jump.stack_effect());
        let depth = *self.labels[label].get_or_insert(self.depth);
        debug_assert_eq!(depth, self.depth, "the stack's depth differs between jumps");
        self.reachable = jump != Jump::Always;
    }

    pub(super) fn bind(&mut self, label: Label) {
        let depth = self.labels[label];
        if self.reachable {
            debug_assert!(
                depth.is_none_or(|depth| depth == self.depth),
                "the stack's depth differs at a merge"
            );
        }
        if self.reachable || depth.is_some() {
            self.depth = depth.unwrap_or(self.depth);
            self.reachable = true;
            self.items.push(Item::Bind(label));
        }
    }

    /// A label here, to which jumps lead back.
    pub(super) fn loop_head(&mut self) -> Label {
        let depth = self.depth;
        let label = self.labels.push(Some(depth));
        if self.reachable {
            self.items.push(Item::Bind(label));
        }
        label
    }

    /// Begins the code of an embedded block, behind the jump that makes its closure; `slots` are its parameters and copied values.
    pub(super) fn enter_block(&mut self, slots: u32) -> Outer {
        let outer = Outer {
            depth: self.depth,
            slots: self.slots,
        };
        (self.depth, self.slots) = (0, slots);
        self.frame = self.frame.max(slots);
        outer
    }

    /// Ends the code of an embedded block.
    pub(super) fn leave_block(&mut self, outer: Outer, end: Label) {
        (self.depth, self.slots) = (outer.depth, outer.slots);
        self.reachable = true;
        self.items.push(Item::Bind(end));
    }

    /// Whether the code ends with a return.
    pub(super) fn ends_with_return(&self) -> bool {
        matches!(self.items.last(), Some(Item::Plain(last, _)) if last.is_return())
    }

    pub(super) fn label_count(&self) -> u32 {
        number(self.labels.len())
    }

    fn apply(&mut self, (popped, pushed): (u32, u32)) {
        debug_assert!(self.depth >= popped, "more is popped than was pushed");
        self.depth = self.depth.saturating_sub(popped) + pushed;
        self.frame = self.frame.max(self.slots + self.depth);
    }
}
