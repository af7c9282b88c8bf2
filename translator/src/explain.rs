//! What each diagnostic means: `docs/diagnostics.md`, taken apart.

/// The document; a heading `## CODE: title` begins each entry.
const DOCUMENT: &str = include_str!("../docs/diagnostics.md");

/// What the document says of a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// `T012`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Explanation, example and repair, in Markdown.
    pub text: &'static str,
}

/// All entries in the order of the document.
pub fn entries() -> impl Iterator<Item = Entry> {
    DOCUMENT.split("\n## ").skip(1).filter_map(|section| {
        let (heading, text) = section.split_once('\n')?;
        let (code, title) = heading.split_once(": ")?;
        Some(Entry { code, title, text })
    })
}

/// The entry of a code.
#[must_use]
pub fn entry(code: &str) -> Option<Entry> {
    entries().find(|entry| entry.code == code)
}

impl Entry {
    /// The contents of the code blocks that begin with the given words.
    pub fn examples(&self, words: &str) -> Vec<String> {
        let mut examples = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(found) = line.strip_prefix("```") else {
                continue;
            };
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if found == words {
                examples.push(block.join("\n") + "\n");
            }
        }
        examples
    }
}

#[cfg(test)]
mod tests;
