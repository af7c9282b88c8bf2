//! Random well-typed Slang programs.
//!
//! A program is a test class: fields of many widths, helper methods, and a test that computes and prints. Programs of a batch are compiled
//! together; the reference evaluator and the executable must print the same for each, and trap in the same ones. The generator keeps
//! bounds of every expression, as inference does, so that what it writes is accepted.

pub mod batch;
mod choice;
pub mod coverage;
mod expression;
mod memory;
pub mod plant;
mod statement;
mod support;

use std::fmt::Write;
use std::path::{Path, PathBuf};

pub use choice::Choice;
use expression::Scope;

/// Parameters of a helper method and its result.
#[derive(Clone, Debug)]
pub(crate) struct Helper {
    pub(crate) selector: String,
    pub(crate) params: Vec<Int>,
    pub(crate) result: Int,
}

/// An integer type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Int {
    pub(crate) signed: bool,
    pub(crate) bits: u8,
}

impl Int {
    pub(crate) const INT64: Int = Int {
        signed: true,
        bits: 64,
    };
    pub(crate) const UINT64: Int = Int {
        signed: false,
        bits: 64,
    };

    pub(crate) fn name(self) -> String {
        format!("{}Int{}", if self.signed { "" } else { "U" }, self.bits)
    }

    pub(crate) fn low(self) -> i128 {
        if self.signed {
            -(1 << (self.bits - 1))
        } else {
            0
        }
    }

    pub(crate) fn high(self) -> i128 {
        if self.signed {
            (1 << (self.bits - 1)) - 1
        } else {
            (1 << self.bits) - 1
        }
    }

    /// Of a width that memory has.
    pub(crate) fn in_memory(choice: &mut Choice) -> Int {
        Int {
            signed: choice.coin(),
            bits: *choice.of(&[8, 16, 32, 64]),
        }
    }

    /// Of any width, those of memory often.
    pub(crate) fn any(choice: &mut Choice) -> Int {
        if choice.one_in(3) {
            Int {
                signed: choice.coin(),
                bits: choice.within(2, 64) as u8,
            }
        } else {
            Int::in_memory(choice)
        }
    }
}

/// The name of the class of a program.
#[must_use]
pub fn class_name(seed: u64) -> String {
    format!("Random{seed}")
}

/// The source of the program of a seed.
#[must_use]
pub fn program(seed: u64) -> String {
    let mut choice = Choice::new(seed);
    let name = class_name(seed);
    let fields: Vec<Int> = (0..4).map(|_| Int::in_memory(&mut choice)).collect();
    let mut text = header(&name, &fields);
    let mut scope = Scope::new(fields);
    for number in 0..choice.within(1, 3) {
        let helper = helper_head(&mut choice, number as usize);
        statement::helper(&mut text, &name, &helper, &mut scope, &mut choice);
        scope.helpers.push(helper);
    }
    statement::test(&mut text, &name, &mut scope, &mut choice);
    text
}

fn header(name: &str, fields: &[Int]) -> String {
    let mut text = format!(
        "\"\nI am a random program.\n\"\nClass {{\n\t#name : '{name}',\n\t#superclass : 'RandomProgram',\n\t#instVars : [\n"
    );
    for (number, field) in fields.iter().enumerate() {
        let _ = writeln!(
            text,
            "\t\t'#f{number} => TypedField type: #{}',",
            field.name()
        );
    }
    text.push_str("\t\t'#cells => TypedArray of: #Int32 size: 5',\n\t\t'#bytes => TypedArray of: #UInt64 size: 8',\n");
    text.push_str("\t\t'#real => TypedField type: #Float64',\n\t\t'#single => TypedField type: #Float32',\n\t\t'#flag => TypedField type: #Boolean',\n");
    text.push_str("\t\t'#operation => TypedField type: #(#Int64 #Int64 -> #Int64)'\n\t],\n\t#category : 'Programs',\n\t#package : 'Programs'\n}\n");
    text
}

fn helper_head(choice: &mut Choice, number: usize) -> Helper {
    let params: Vec<Int> = (0..choice.within(1, 3)).map(|_| Int::any(choice)).collect();
    let mut selector = format!("helper{number}:");
    for _ in 1..params.len() {
        selector.push_str("with:");
    }
    Helper {
        selector,
        params,
        result: Int::any(choice),
    }
}

/// Writes the programs of some seeds with all that they need; the build description's path.
///
/// # Panics
/// When the folder cannot be written.
pub fn write(folder: &Path, seeds: &[u64]) -> PathBuf {
    let put = |path: PathBuf, text: &str| {
        let parent = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(parent)
            .unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    let source = folder.join("vm");
    for (name, text) in support::FILES {
        put(source.join("Support").join(name), text);
    }
    put(
        folder.join("vm-tests/Programs/package.st"),
        "Package { #name : 'Programs' }\n",
    );
    for &seed in seeds {
        put(
            folder.join(format!("vm-tests/Programs/{}.class.st", class_name(seed))),
            &program(seed),
        );
    }
    let description = folder.join("vm.ron");
    put(description.clone(), support::DESCRIPTION);
    description
}
