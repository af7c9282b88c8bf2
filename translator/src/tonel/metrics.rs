//! How much code a file has.

/// The lines that have something other than blanks and comments.
#[must_use]
pub fn code_lines(text: &str) -> usize {
    let mut counter = Counter {
        lines: 0,
        counted: false,
    };
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => counter.skip_to(&mut bytes, b'"', Content::Comment),
            b'\'' => {
                counter.code();
                counter.skip_to(&mut bytes, b'\'', Content::Text);
            }
            b'$' => {
                counter.code();
                if bytes.next() == Some(b'\n') {
                    counter.newline();
                }
            }
            b'\n' => counter.newline(),
            byte if byte.is_ascii_whitespace() => {}
            _ => counter.code(),
        }
    }
    counter.lines
}

#[derive(Clone, Copy, PartialEq)]
enum Content {
    Comment,
    Text,
}

struct Counter {
    lines: usize,
    /// Whether the current line is counted already.
    counted: bool,
}

impl Counter {
    fn code(&mut self) {
        self.lines += usize::from(!self.counted);
        self.counted = true;
    }

    fn newline(&mut self) {
        self.counted = false;
    }

    fn skip_to(&mut self, bytes: &mut std::str::Bytes, end: u8, content: Content) {
        for byte in bytes.by_ref() {
            match byte {
                b'\n' => self.newline(),
                byte if byte == end => return,
                byte if content == Content::Text && !byte.is_ascii_whitespace() => self.code(),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::code_lines;

    #[test]
    fn blanks_and_comments_are_no_code() {
        assert_eq!(code_lines(""), 0);
        assert_eq!(code_lines("\"a\nb\"\n\n  x \"c\ny\" z\n"), 2);
        assert_eq!(code_lines("a := '\"\nb\n\nc'.\n$\" d\n"), 4);
    }
}
