//! Drawings: records with their fields, pins, the deepest stack.

use crate::ir::{FuncId, Module};
use crate::x64::CodeModule;
use std::fmt::Write;

/// A field of a record, to be drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Bytes from the start of the record; negative for frames, which grow down.
    pub offset: i64,
    /// Bytes.
    pub size: u64,
    /// Its name.
    pub name: String,
    /// Its type, or what else is to be said of it.
    pub remark: String,
}

/// Draws a record: a box for each field, in the order of offsets, gaps shown.
#[must_use]
pub fn record(title: &str, rows: &[Row]) -> String {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| row.offset);
    let name_width = rows.iter().map(|row| row.name.chars().count()).max();
    let width = name_width.unwrap_or(0).max("4095 bytes unused".len() - 3);
    let rule = "─".repeat(width + 2);
    let mut out = format!("{title}\n          ┌{rule}┐\n");
    let mut end: Option<i64> = None;
    for row in &rows {
        if let Some(end) = end.filter(|&end| end < row.offset) {
            let gap = format!("{} bytes unused", row.offset - end);
            write_row(&mut out, end, &gap, width, "");
        }
        let remark = match row.size {
            8 => row.remark.clone(),
            size => format!("{} ({size} bytes)", row.remark),
        };
        write_row(&mut out, row.offset, &row.name, width, &remark);
        let size = i64::try_from(row.size).unwrap_or(i64::MAX);
        end = Some(row.offset.saturating_add(size));
    }
    writeln!(out, "          └{rule}┘").expect("a string takes all");
    out
}

fn write_row(out: &mut String, offset: i64, name: &str, width: usize, remark: &str) {
    let line = format!("{offset:>9} │ {name:<width$} │ {remark}");
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Draws the state record of a module.
#[must_use]
pub fn state(module: &Module) -> String {
    let rows: Vec<Row> = module
        .fields
        .values()
        .map(|field| Row {
            offset: i64::from(field.offset),
            size: u64::from(field.size),
            name: field.name.clone(),
            remark: match field.pin {
                Some(pin) => format!("in {}", module.pins[pin].register),
                None => field.access.name().to_owned(),
            },
        })
        .collect();
    record("state record, at rbx - 128", &rows)
}

/// The pins of a module, a line each.
#[must_use]
pub fn pins(module: &Module) -> String {
    let mut out = String::new();
    for pin in module.pins.values() {
        writeln!(out, "{:<4} {} ({})", pin.register, pin.name, pin.ty).expect("a string takes all");
    }
    out
}

/// The calls of the deepest stack, a line each, with the bytes that each uses.
#[must_use]
pub fn stack(code: &CodeModule<'_>, path: &[FuncId]) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for &id in path {
        let stack = code.function(id).stack;
        depth += stack;
        let name = &code.module.functions[id].name;
        writeln!(out, "{depth:>7} {stack:>6}  {name}").expect("a string takes all");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_drawn_with_its_gaps() {
        let row = |offset, size, name: &str| Row {
            offset,
            size,
            name: name.to_owned(),
            remark: "u64".to_owned(),
        };
        let drawn = record("Header", &[row(8, 8, "slots"), row(0, 4, "hash")]);
        let expected = concat!(
            "Header\n",
            "          ┌────────────────┐\n",
            "        0 │ hash           │ u64 (4 bytes)\n",
            "        4 │ 4 bytes unused │\n",
            "        8 │ slots          │ u64\n",
            "          └────────────────┘\n",
        );
        assert_eq!(drawn, expected);
    }
}
