//! The string literals and the names of Rust source, with the lines where they begin: plain, raw and byte strings, over several lines, too.

use std::str::Chars;

/// What is left of a source, and the line that it begins on.
struct Reader<'source> {
    rest: Chars<'source>,
    line: usize,
}

/// The literals in `source` as they are written between their quotes, each with its line, counted from 1. Comments have none.
pub fn string_literals(source: &str) -> Vec<(usize, String)> {
    Words::of(source).literals
}

/// The names and keywords in `source`, each with its line, counted from 1: all words that stand neither in literals nor in comments.
pub fn names(source: &str) -> Vec<(usize, String)> {
    Words::of(source).names
}

/// What a source consists of, without comments.
#[derive(Default)]
struct Words {
    literals: Vec<(usize, String)>,
    names: Vec<(usize, String)>,
}

impl Words {
    fn of(source: &str) -> Words {
        let mut reader = Reader {
            rest: source.chars(),
            line: 1,
        };
        let mut words = Words::default();
        let mut before = ' ';
        while let Some(next) = reader.next() {
            match next {
                '/' if reader.peek() == Some('/') => reader.skip_line(),
                '/' if reader.peek() == Some('*') => reader.skip_comment(),
                '\'' => reader.skip_character(),
                '"' => words.literals.push(reader.plain()),
                'r' if !is_of_word(before) || before == 'b' => match reader.raw() {
                    Some(literal) => words.literals.push(literal),
                    None => words.add_letter(before, next, reader.line),
                },
                _ if is_of_word(next) => words.add_letter(before, next, reader.line),
                _ => {}
            }
            before = next;
        }
        words
    }

    fn add_letter(&mut self, before: char, letter: char, line: usize) {
        match self.names.last_mut().filter(|_| is_of_word(before)) {
            Some((_, name)) => name.push(letter),
            None => self.names.push((line, letter.to_string())),
        }
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|next| next != '\n') {
            self.next();
        }
    }

    fn skip_comment(&mut self) {
        let mut depth = 1;
        self.next();
        while depth > 0 {
            match (self.next(), self.peek()) {
                (Some('*'), Some('/')) => depth -= 1,
                (Some('/'), Some('*')) => depth += 1,
                (Some(_), _) => continue,
                (None, _) => return,
            }
            self.next();
        }
    }

    /// A quote begins a character or a lifetime.
    fn skip_character(&mut self) {
        let mut ahead = self.rest.clone();
        let first = ahead.next();
        if first == Some('\\') {
            self.next();
            self.next();
            while self.next().is_some_and(|next| next != '\'') {}
        } else if ahead.next() == Some('\'') {
            self.next();
            self.next();
        }
    }

    /// A plain literal behind its first quote.
    fn plain(&mut self) -> (usize, String) {
        let line = self.line;
        let mut literal = String::new();
        while let Some(next) = self.next() {
            match next {
                '"' => break,
                '\\' => {
                    literal.push(next);
                    literal.extend(self.next());
                }
                _ => literal.push(next),
            }
        }
        (line, literal)
    }

    /// A raw literal behind its `r`, if there is one.
    fn raw(&mut self) -> Option<(usize, String)> {
        let mut ahead = self.rest.clone();
        let hashes = ahead.by_ref().take_while(|next| *next == '#').count();
        let begins = self.rest.as_str().get(hashes..)?.starts_with('"');
        if !begins {
            return None;
        }
        let line = self.line;
        let end = format!("\"{}", "#".repeat(hashes));
        let body = self.rest.as_str().get(hashes + 1..)?;
        let length = body.find(&end)?;
        let literal = body[..length].to_owned();
        let count = self.rest.as_str()[..hashes + 1 + length + end.len()]
            .chars()
            .count();
        (0..count).for_each(|_| {
            self.next();
        });
        Some((line, literal))
    }
}

#[cfg(test)]
mod tests {
    use super::{names, string_literals};

    #[test]
    fn literals_are_found_in_any_form_and_position() {
        let source = "let a = (\"one\", b\"two\"); // \"no\"\n/* \"no\" /* */ \"no\" */ f(r\"three\", r#\"fo\"ur\"#,\n\"fi\\\"ve\nmore\", '\"', '\\'', 'x', br\"six\"); fn g<'a>(x: &'a str) { \"seven\" }";
        let found = string_literals(source);
        let expected = [
            (1, "one"),
            (1, "two"),
            (2, "three"),
            (2, "fo\"ur"),
            (3, "fi\\\"ve\nmore"),
            (4, "six"),
            (4, "seven"),
        ];
        let expected: Vec<_> = expected
            .map(|(line, text)| (line, text.to_owned()))
            .to_vec();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_are_found_outside_of_literals_and_comments() {
        let source = "let raw = br\"no\"; // no\n/* no */ Role::Array(\"no\", 'n', &'a r)";
        let found: Vec<_> = names(source);
        let expected = [
            (1, "let"),
            (1, "raw"),
            (1, "b"),
            (2, "Role"),
            (2, "Array"),
            (2, "a"),
            (2, "r"),
        ];
        let expected: Vec<_> = expected
            .map(|(line, text)| (line, text.to_owned()))
            .to_vec();
        assert_eq!(found, expected);
    }
}
