//! A stream of encoded instructions with jumps that are not encoded yet.
//!
//! Jumps, labels, alignment and everything that is told of a place in the code are events between the bytes. When all is written,
//! jumps start short, those out of reach become long until nothing changes, and the events get their final places.

use super::variables::Shown;
use crate::ir::{Local, Position, TrapReason};
use crate::x64::inst::{Cond, Note, SymbolRef};
use crate::x64::module::{CodeRelocation, TrapSite, UnwindStep};
use iced_x86::{Encoder, Instruction};

use super::codes::jump_opcode;

/// A place that jumps lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(u32);

impl Label {
    /// Its position among the labels.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Bind(Label),
    /// The condition, the target, and whether it is long.
    Jump(Option<Cond>, Label, bool),
    /// To a multiple of this, if no more than so many bytes are needed.
    Align(u32, u32),
    Line(Position),
    Note(Note),
    Trap(TrapReason, Position),
    Unwind(UnwindStep),
    /// From here on a variable is there, or nowhere.
    Variable(Local, Option<Shown>),
}

/// The stream.
pub(super) struct Stream {
    encoder: Encoder,
    length: u32,
    events: Vec<(u32, Event)>,
    labels: u32,
    relocations: Vec<CodeRelocation>,
    line: Option<Position>,
    /// Where the first instruction of the current step ends: the events before that, and the place.
    first_end: Option<Inside>,
}

/// A place in a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inside {
    events: usize,
    at: u32,
}

/// The code of a function with the final places of everything told of it.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) code: Vec<u8>,
    pub(super) labels: Vec<u32>,
    pub(super) relocations: Vec<CodeRelocation>,
    pub(super) lines: Vec<(u32, Position)>,
    pub(super) notes: Vec<(u32, Note)>,
    pub(super) traps: Vec<TrapSite>,
    pub(super) unwind: Vec<(u32, UnwindStep)>,
    pub(super) variables: Vec<(u32, Local, Option<Shown>)>,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            encoder: Encoder::new(64),
            length: 0,
            events: Vec::new(),
            labels: 0,
            relocations: Vec::new(),
            line: None,
            first_end: None,
        }
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }

    fn event(&mut self, event: Event) {
        self.events.push((self.length, event));
    }

    pub(super) fn bind(&mut self, label: Label) {
        self.event(Event::Bind(label));
    }

    pub(super) fn align(&mut self, to: u32, most: u32) {
        self.event(Event::Align(to, most));
    }

    pub(super) fn jump(&mut self, label: Label) {
        self.event(Event::Jump(None, label, false));
    }

    pub(super) fn branch(&mut self, cond: Cond, label: Label) {
        self.event(Event::Jump(Some(cond), label, false));
    }

    /// The instructions to come are from there.
    pub(super) fn at(&mut self, position: Position) {
        let same = |line: Position| line.is_same_line(position) && line.site == position.site;
        if !self.line.is_some_and(same) {
            self.line = Some(position);
            self.event(Event::Line(position));
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        if note != Note::None {
            self.event(Event::Note(note));
        }
    }

    pub(super) fn trap(&mut self, reason: TrapReason, position: Position) {
        self.event(Event::Trap(reason, position));
    }

    pub(super) fn unwind(&mut self, step: UnwindStep) {
        self.event(Event::Unwind(step));
    }

    /// From here on a variable is there, or nowhere.
    pub(super) fn variable(&mut self, local: Local, shown: Option<Shown>) {
        self.event(Event::Variable(local, shown));
    }

    /// Begins a step.
    pub(super) fn begin_step(&mut self) {
        self.first_end = None;
    }

    /// Where the effects of the current step can be seen before its end, if anywhere: behind the first of several instructions, and at
    /// the end of a call.
    pub(super) fn inside(&self, calls: bool) -> Option<Inside> {
        let first = self.first_end?;
        if first.at < self.length || first.events < self.events.len() {
            return Some(first);
        }
        let last_byte = Inside {
            events: self.events.len(),
            at: self.length - 1,
        };
        calls.then_some(last_byte)
    }

    /// From a place in the current step on a variable is nowhere.
    pub(super) fn hide_inside(&mut self, place: Inside, local: Local) {
        let event = Event::Variable(local, None);
        self.events.insert(place.events, (place.at, event));
    }

    pub(super) fn put(&mut self, instruction: Instruction) {
        self.encode(&instruction);
        if self.first_end.is_none() {
            self.first_end = Some(Inside {
                events: self.events.len(),
                at: self.length,
            });
        }
    }

    fn encode(&mut self, instruction: &Instruction) {
        match self.encoder.encode(instruction, 0) {
            Ok(length) => self.length += u32::try_from(length).expect("at most 15"),
            Err(error) => unreachable!("{:?} cannot be encoded: {error}", instruction.code()),
        }
    }

    /// An instruction whose displacement the linker fills in: the distance of `symbol` + `offset` from the place.
    pub(super) fn put_relative(
        &mut self,
        instruction: Instruction,
        symbol: SymbolRef,
        offset: i64,
    ) {
        let start = self.length;
        self.put(instruction);
        let constants = self.encoder.get_constant_offsets();
        let place = if constants.has_displacement() {
            constants.displacement_offset()
        } else {
            constants.immediate_offset()
        };
        let place = start + u32::try_from(place).expect("at most 15");
        self.relocations.push(CodeRelocation {
            offset: place,
            target: symbol,
            addend: offset - i64::from(self.length - place),
        });
    }

    pub(super) fn finish(mut self) -> Finished {
        let bytes = self.encoder.take_buffer();
        let mut labels = vec![0; self.labels as usize];
        while self.grow_jumps(&mut labels) {}
        self.assemble(&bytes, labels)
    }

    /// Places the labels, then makes jumps long that do not reach theirs; whether there were any.
    fn grow_jumps(&mut self, labels: &mut [u32]) -> bool {
        self.place(|label, at| labels[label.0 as usize] = at, |_, _| {});
        let mut far = Vec::new();
        self.place(
            |_, _| {},
            |index, at| {
                if let Event::Jump(_, label, false) = self.events[index].1 {
                    let distance = i64::from(labels[label.0 as usize]) - i64::from(at) - 2;
                    if i8::try_from(distance).is_err() {
                        far.push(index);
                    }
                }
            },
        );
        for &index in &far {
            if let (_, Event::Jump(_, _, long)) = &mut self.events[index] {
                *long = true;
            }
        }
        !far.is_empty()
    }

    /// Walks the events with their places as the jumps are now.
    fn place(&self, mut bind: impl FnMut(Label, u32), mut each: impl FnMut(usize, u32)) {
        let mut added = 0;
        for (index, &(at, event)) in self.events.iter().enumerate() {
            each(index, at + added);
            match event {
                Event::Bind(label) => bind(label, at + added),
                _ => added += size(event, at + added),
            }
        }
    }

    fn assemble(self, bytes: &[u8], labels: Vec<u32>) -> Finished {
        let mut out = Finished {
            labels,
            ..Finished::default()
        };
        let mut relocations = self.relocations.into_iter().peekable();
        let mut copied = 0;
        let ends = self.events.iter().map(|&(at, event)| (at, Some(event)));
        for (at, event) in ends.chain([(self.length, None)]) {
            let shift = length_of(&out.code) - copied;
            while let Some(relocation) = relocations.next_if(|next| next.offset < at) {
                out.relocations.push(CodeRelocation {
                    offset: relocation.offset + shift,
                    ..relocation
                });
            }
            out.code
                .extend_from_slice(&bytes[copied as usize..at as usize]);
            copied = at;
            if let Some(event) = event {
                out.tell(event);
            }
        }
        out
    }
}

/// How many bytes an event takes at a place.
fn size(event: Event, at: u32) -> u32 {
    match event {
        Event::Jump(_, _, false) => 2,
        Event::Jump(None, _, true) => 5,
        Event::Jump(Some(_), _, true) => 6,
        Event::Align(to, most) => {
            let needed = at.next_multiple_of(to) - at;
            if needed <= most { needed } else { 0 }
        }
        _ => 0,
    }
}

fn length_of(code: &[u8]) -> u32 {
    u32::try_from(code.len()).expect("a function below 4 GiB")
}

impl Finished {
    fn tell(&mut self, event: Event) {
        let at = length_of(&self.code);
        match event {
            Event::Bind(_) => {}
            Event::Jump(cond, label, long) => self.jump(cond, label, long),
            Event::Align(..) => {
                let end = self.code.len() + size(event, at) as usize;
                pad(&mut self.code, end);
            }
            Event::Line(position) => self.lines.push((at, position)),
            Event::Note(note) => self.notes.push((at, note)),
            Event::Trap(reason, position) => self.traps.push(TrapSite {
                offset: at,
                position,
                reason,
            }),
            Event::Unwind(step) => self.unwind.push((at, step)),
            Event::Variable(local, shown) => self.variables.push((at, local, shown)),
        }
    }

    fn jump(&mut self, cond: Option<Cond>, label: Label, long: bool) {
        let at = length_of(&self.code);
        let end = at + size(Event::Jump(cond, label, long), at);
        let distance = i64::from(self.labels[label.0 as usize]) - i64::from(end);
        match (cond, long) {
            (None, false) => self.code.push(0xEB),
            (None, true) => self.code.push(0xE9),
            (Some(cond), false) => self.code.push(jump_opcode(cond) - 0x10),
            (Some(cond), true) => self.code.extend([0x0F, jump_opcode(cond)]),
        }
        let bytes = distance.to_le_bytes();
        let size = if long { 4 } else { 1 };
        self.code.extend_from_slice(&bytes[..size]);
    }
}

/// Fills up with the instructions that the processor's manual recommends for doing nothing.
fn pad(code: &mut Vec<u8>, end: usize) {
    const NOTHING: [&[u8]; 9] = [
        &[0x90],
        &[0x66, 0x90],
        &[0x0F, 0x1F, 0x00],
        &[0x0F, 0x1F, 0x40, 0x00],
        &[0x0F, 0x1F, 0x44, 0x00, 0x00],
        &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        &[0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        &[0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        &[0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    ];
    while code.len() < end {
        let size = (end - code.len()).min(NOTHING.len());
        code.extend_from_slice(NOTHING[size - 1]);
    }
}
