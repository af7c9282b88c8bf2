//! The difference between two sets of compiled functions: method by method, with the instructions that changed.

use super::entry::Entry;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Unchanged lines around a change that are shown.
const CONTEXT: usize = 2;

/// The largest table for the comparison of two functions; beyond it everything between the first and the last change counts as changed.
const TABLE: usize = 4_000_000;

/// A line of a comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change<'e> {
    Same(&'e str),
    Removed(&'e str),
    Added(&'e str),
}

/// How the text is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Without colours.
    Plain,
    /// With the colours of a terminal.
    Colour,
}

impl Style {
    fn paint(self, colour: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }
}

/// The difference as text; without changes one line that says so. Both sets are sorted by name.
#[must_use]
pub fn diff(before: &[Entry], after: &[Entry], style: Style) -> String {
    let old: BTreeMap<&str, &Entry> = before.iter().map(|e| (e.name.as_str(), e)).collect();
    let new: BTreeMap<&str, &Entry> = after.iter().map(|e| (e.name.as_str(), e)).collect();
    let mut out = String::new();
    let (mut changed, mut added, mut removed) = (0, 0, 0);
    let mut names: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if old.lines != new.lines || old.size != new.size => {
                changed += 1;
                write_changed(&mut out, old, new, style);
            }
            (Some(old), None) => {
                removed += 1;
                let line = format!("- {name}: {} bytes, removed\n", old.size);
                out.push_str(&style.paint("31", &line));
            }
            (None, Some(new)) => {
                added += 1;
                let line = format!("+ {name}: {} bytes, added\n", new.size);
                out.push_str(&style.paint("32", &line));
            }
            _ => {}
        }
    }
    let (from, to) = (total(before), total(after));
    if changed + added + removed == 0 {
        return format!(
            "no machine code changed: {} methods, {to} bytes\n",
            after.len()
        );
    }
    let summary = writeln!(
        out,
        "{changed} changed, {added} added, {removed} removed of {} methods; {from} → {to} bytes ({})",
        after.len(),
        signed(from, to)
    );
    summary.expect("a string takes all");
    out
}

fn total(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.size).sum()
}

/// By how much a size changed, with its sign.
fn signed(from: usize, to: usize) -> String {
    if to >= from {
        format!("+{}", to - from)
    } else {
        format!("-{}", from - to)
    }
}

fn write_changed(out: &mut String, old: &Entry, new: &Entry, style: Style) {
    let head = format!(
        "~ {}: {} → {} bytes ({})",
        old.name,
        old.size,
        new.size,
        signed(old.size, new.size)
    );
    out.push_str(&style.paint("1", &head));
    out.push('\n');
    let changes = changes(&old.lines, &new.lines);
    let mut shown_to = 0;
    for (number, change) in changes.iter().enumerate() {
        if matches!(change, Change::Same(_)) {
            continue;
        }
        let from = number.saturating_sub(CONTEXT).max(shown_to);
        if from > shown_to && shown_to > 0 {
            out.push_str("    …\n");
        }
        for change in &changes[from..number] {
            write_line(out, *change, style);
        }
        write_line(out, *change, style);
        shown_to = number + 1;
        let rest = &changes[shown_to..];
        let quiet = rest
            .iter()
            .take_while(|change| matches!(change, Change::Same(_)))
            .count();
        for change in &rest[..quiet.min(CONTEXT)] {
            write_line(out, *change, style);
        }
        shown_to += quiet.min(CONTEXT);
    }
}

fn write_line(out: &mut String, change: Change<'_>, style: Style) {
    let line = match change {
        Change::Same(line) => format!("  {line}"),
        Change::Removed(line) => style.paint("31", &format!("- {line}")),
        Change::Added(line) => style.paint("32", &format!("+ {line}")),
    };
    out.push_str(&line);
    out.push('\n');
}

/// A line without the numbers of its labels, which change when another label comes or goes.
fn without_numbers(line: &str) -> String {
    let mut out = String::new();
    let mut previous = ' ';
    let mut in_label = false;
    for c in line.chars() {
        in_label = c.is_ascii_digit() && (in_label || previous == 'L');
        if !in_label {
            out.push(c);
        }
        previous = c;
    }
    out
}

/// The shortest way from one list of lines to the other.
fn changes<'e>(old: &'e [String], new: &'e [String]) -> Vec<Change<'e>> {
    let plain = |lines: &[String]| -> Vec<String> {
        lines.iter().map(|line| without_numbers(line)).collect()
    };
    let (mut a, mut b) = (plain(old), plain(new));
    if a == b {
        // Only the targets of jumps changed.
        (a, b) = (old.to_vec(), new.to_vec());
    }
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let most = a.len().min(b.len()) - start;
    let backwards = a.iter().rev().zip(b.iter().rev());
    let end = backwards.take(most).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let mut result: Vec<Change<'e>> = new[..start].iter().map(|l| Change::Same(l)).collect();
    let (old_middle, new_middle) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    if a.len() * b.len() > TABLE {
        result.extend(old_middle.iter().map(|line| Change::Removed(line)));
        result.extend(new_middle.iter().map(|line| Change::Added(line)));
    } else {
        walk(a, b, old_middle, new_middle, &mut result);
    }
    result.extend(new[new.len() - end..].iter().map(|line| Change::Same(line)));
    result
}

/// Follows a longest common subsequence.
fn walk<'e>(
    a: &[String],
    b: &[String],
    old: &'e [String],
    new: &'e [String],
    result: &mut Vec<Change<'e>>,
) {
    let width = b.len() + 1;
    let mut lengths = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = if a[i] == b[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            result.push(Change::Same(&new[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])
        {
            result.push(Change::Removed(&old[i]));
            i += 1;
        } else {
            result.push(Change::Added(&new[j]));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, size: usize, lines: &[&str]) -> Entry {
        Entry {
            name: name.to_owned(),
            size,
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
        }
    }

    #[test]
    fn a_changed_instruction_is_shown_with_what_stands_around_it() {
        let old = [entry(
            "A>>b",
            9,
            &["one", "two", "three", "four", "jne L1", "five"],
        )];
        let new = [
            entry("A>>b", 8, &["one", "two", "three", "for", "jne L2", "five"]),
            entry("A>>c", 1, &["ret"]),
        ];
        let text = diff(&old, &new, Style::Plain);
        let expected = "~ A>>b: 9 → 8 bytes (-1)\n  two\n  three\n- four\n+ for\n  jne L2\n  five\n\
                        + A>>c: 1 bytes, added\n1 changed, 1 added, 0 removed of 2 methods; 9 → 9 bytes (+0)\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_jump_to_another_label_is_a_change() {
        let old = [entry("A>>b", 2, &["jmp L1", "L1:", "L2:"])];
        let new = [entry("A>>b", 2, &["jmp L2", "L1:", "L2:"])];
        let text = diff(&old, &new, Style::Plain);
        assert!(text.contains("- jmp L1\n+ jmp L2\n"), "{text}");
    }

    #[test]
    fn equal_sets_say_so() {
        let set = [entry("A>>b", 2, &["ret"])];
        let text = diff(&set, &set, Style::Colour);
        assert_eq!(text, "no machine code changed: 1 methods, 2 bytes\n");
    }
}
