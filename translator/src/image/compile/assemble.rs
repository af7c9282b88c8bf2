//! Instructions to bytes: jumps get the shortest form that reaches.
//!
//! All jumps begin in their shortest form and grow until each reaches; none shrinks, so this ends, and no form is longer than needed.

use super::code::SourceMapEntry;
use super::emitter::{Emitter, Item, Label};
use super::encode;
use super::instruction::Jump;
use super::names::number;
use super::target::BytecodeSet;
use crate::base::{SecondaryMap, Span};

/// Bytes and where they come from.
#[derive(Default)]
pub(super) struct Assembled {
    pub(super) bytecodes: Vec<u8>,
    pub(super) source_map: Vec<SourceMapEntry>,
}

/// Why the code cannot be encoded.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) span: Span,
}

/// A jump among the bytes: `before` bytes and all earlier jumps stand before it.
struct Site {
    jump: Jump,
    label: Label,
    before: usize,
    length: usize,
    span: Span,
}

/// A position among the bytes, counted without jumps, and how many jumps stand before it.
#[derive(Clone, Copy, Default)]
struct Position {
    before: usize,
    sites: usize,
}

struct Assembler {
    set: BytecodeSet,
    bytes: Vec<u8>,
    sites: Vec<Site>,
    labels: SecondaryMap<Label, Position>,
    marks: Vec<(Position, Span)>,
}

/// The bytes of the instructions.
pub(super) fn assemble(code: &Emitter, set: BytecodeSet) -> Result<Assembled, Fault> {
    let mut labels = SecondaryMap::with_default(Position::default());
    labels.resize(code.label_count() as usize);
    let mut assembler = Assembler {
        set,
        bytes: Vec::with_capacity(code.items.len() * 2),
        sites: Vec::new(),
        labels,
        marks: Vec::new(),
    };
    assembler.plain_bytes(&code.items)?;
    assembler.choose_lengths();
    assembler.lengthen_empty_tests();
    assembler.choose_lengths();
    assembler.join()
}

impl Assembler {
    fn here(&self) -> Position {
        Position {
            before: self.bytes.len(),
            sites: self.sites.len(),
        }
    }

    fn plain_bytes(&mut self, items: &[Item]) -> Result<(), Fault> {
        for item in items {
            match *item {
                Item::Plain(instruction, span) => {
                    self.mark(span);
                    encode::plain(self.set, instruction, &mut self.bytes).map_err(|message| {
                        Fault {
                            code: "C004",
                            message,
                            span,
                        }
                    })?;
                }
                Item::Jump(jump, label, span) => {
                    self.mark(span);
                    self.sites.push(Site {
                        jump,
                        label,
                        before: self.bytes.len(),
                        length: encode::shortest_jump(self.set, jump),
                        span,
                    });
                }
                Item::Bind(label) => {
                    let here = self.here();
                    self.labels[label] = here;
                }
            }
        }
        Ok(())
    }

    fn mark(&mut self, span: Span) {
        if !span.is_none() {
            let here = self.here();
            self.marks.push((here, span));
        }
    }

    fn choose_lengths(&mut self) {
        loop {
            let ends = self.lengths_before();
            let mut changed = false;
            for index in 0..self.sites.len() {
                let distance = self.distance(index, &ends);
                let site = &mut self.sites[index];
                let needed = encode::jump_length(self.set, site.jump, distance);
                // What a test jumps over may still grow from nothing.
                let is_open = distance == 0 && site.jump != Jump::Always;
                if needed > site.length && !is_open {
                    site.length = needed;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// A test that jumps over nothing only takes a value that must be a Boolean; short jumps cannot say that.
    fn lengthen_empty_tests(&mut self) {
        let ends = self.lengths_before();
        for index in 0..self.sites.len() {
            let distance = self.distance(index, &ends);
            if distance == 0 {
                let site = &mut self.sites[index];
                site.length = encode::jump_length(self.set, site.jump, 0);
            }
        }
    }

    /// For each count of jumps, how long the first so many are.
    fn lengths_before(&self) -> Vec<usize> {
        let mut sum = 0;
        let ends = self.sites.iter().map(|site| {
            sum += site.length;
            sum
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// From behind the jump to its label.
    fn distance(&self, index: usize, ends: &[usize]) -> i64 {
        let signed = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let site = &self.sites[index];
        let target = self.labels[site.label];
        let from = signed(site.before + ends[index + 1]);
        signed(target.before + ends[target.sites]) - from
    }

    fn join(self) -> Result<Assembled, Fault> {
        let ends = self.lengths_before();
        let mut bytecodes = Vec::with_capacity(self.bytes.len() + ends[self.sites.len()]);
        let mut copied = 0;
        for (index, site) in self.sites.iter().enumerate() {
            bytecodes.extend_from_slice(&self.bytes[copied..site.before]);
            copied = site.before;
            if site.length > 0 {
                let distance = self.distance(index, &ends);
                let start = bytecodes.len();
                let encoded = encode::jump(self.set, site.jump, distance, &mut bytecodes);
                encoded.map_err(|message| Fault {
                    code: "C005",
                    message,
                    span: site.span,
                })?;
                debug_assert_eq!(bytecodes.len(), start + site.length);
            }
        }
        bytecodes.extend_from_slice(&self.bytes[copied..]);
        let entry = |&(position, span): &(Position, Span)| SourceMapEntry {
            offset: number(position.before + ends[position.sites]),
            span,
        };
        Ok(Assembled {
            bytecodes,
            source_map: self.marks.iter().map(entry).collect(),
        })
    }
}
