//! The header of a class file: from its notation to the fields of the definition.

use rustc_hash::FxHashMap;

use super::definition::{ClassDefinition, DefinitionKind, Slot, SourceText};
use super::slots::slot;
use super::ston::{Node, Text, Value};
use crate::base::{Diagnostic, Diagnostics, Interner, Span, Symbol};
use crate::syntax::ast::Name;

/// Reads header values for one file.
pub(super) struct HeaderReader<'a> {
    /// The text of the file.
    pub(super) text: &'a str,
    pub(super) interner: &'a mut Interner,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl HeaderReader<'_> {
    /// The definition that the map `header` describes, without methods; none if it has no name.
    pub(super) fn definition(
        &mut self,
        kind: DefinitionKind,
        comment: Option<SourceText>,
        header: &Node,
    ) -> Option<ClassDefinition> {
        let Value::Map(entries) = &header.value else {
            return None;
        };
        let mut definition = self.empty_definition(kind, comment, header.span);
        let mut name = None;
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for (key, value) in entries {
            let Value::Text(key_text) = &key.value else {
                self.report(
                    "F007",
                    "a header key is a symbol",
                    key.span,
                    "write #name : …",
                );
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(text, _)| **text == *key_text.text) {
                let message = format!("#{} is given twice", key_text.text);
                let error = Diagnostic::error("F007", message)
                    .primary(key.span, "again here")
                    .secondary(*first, "first here");
                self.diagnostics.push(error.hint("remove one of them"));
                continue;
            }
            seen.push((&key_text.text, key.span));
            if &*key_text.text == "name" {
                name = self.name(value);
            } else {
                self.entry(&mut definition, &key_text.text, key.span, value);
            }
        }
        let Some(name) = name else {
            self.report(
                "F001",
                "this header has no #name",
                header.span.at_start(),
                "add #name : '…', as the file is called",
            );
            return None;
        };
        definition.name = name;
        Some(definition)
    }

    fn empty_definition(
        &mut self,
        kind: DefinitionKind,
        comment: Option<SourceText>,
        span: Span,
    ) -> ClassDefinition {
        let name = Name {
            name: self.interner.intern(""),
            span,
        };
        ClassDefinition {
            comment,
            ..ClassDefinition::new(kind, name, span)
        }
    }

    fn entry(&mut self, definition: &mut ClassDefinition, key: &str, key_span: Span, value: &Node) {
        match key {
            "superclass" => {
                let name = self.name(value);
                definition.superclass = name.filter(|name| self.interner.text(name.name) != "nil");
            }
            "instVars" | "slots" => definition.inst_vars = self.slots(value),
            "classVars" => definition.class_vars = self.slots(value),
            "classInstVars" => definition.class_inst_vars = self.slots(value),
            "pools" | "sharedPools" => definition.pools = self.names(value),
            "traits" => definition.traits = self.text(value),
            "classTraits" => definition.class_traits = self.text(value),
            "type" | "layout" => definition.layout = self.name(value),
            "package" => definition.package = self.name(value),
            "tag" => definition.tag = self.name(value),
            "category" => definition.category = self.name(value),
            // Who wrote the comment when, and what a teaching tool adds: of no use here.
            "commentStamp" | "role" => {}
            _ => {
                let warning = Diagnostic::warning(
                    "F008",
                    format!("the header key #{key} is not known and ignored"),
                );
                self.diagnostics.push(warning.primary(key_span, "").hint(
                    "the keys are #name, #superclass, #instVars, #classVars, #classInstVars, #pools, #traits, #classTraits, #type, #package, #tag and #category",
                ));
            }
        }
    }

    /// A string or symbol as a name; none, reported unless it is nil, if it is something else.
    pub(super) fn name(&mut self, node: &Node) -> Option<Name> {
        let text = self.expect_text(node)?;
        Some(Name {
            name: self.interner.intern(&text.text),
            span: text.inner,
        })
    }

    fn text(&mut self, node: &Node) -> Option<SourceText> {
        // A list of traits, as some tools write, is their sum.
        if let Value::List(elements) = &node.value {
            let names: Vec<_> = elements
                .iter()
                .filter_map(|element| self.expect_text(element))
                .collect();
            let names: Vec<_> = names.iter().map(|text| &*text.text).collect();
            return Some(SourceText {
                text: names.join(" + ").into(),
                span: node.span,
            });
        }
        self.expect_text(node).map(|text| SourceText {
            text: text.text,
            span: node.span,
        })
    }

    fn names(&mut self, node: &Node) -> Vec<Name> {
        self.elements(node)
            .iter()
            .filter_map(|element| self.name(element))
            .collect()
    }

    fn slots(&mut self, node: &Node) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        let mut places: FxHashMap<Symbol, Span> = FxHashMap::default();
        for element in self.elements(node) {
            let Some(text) = self.expect_text(&element) else {
                continue;
            };
            let Some(slot) = slot(self, &text) else {
                continue;
            };
            if let Some(&first) = places.get(&slot.name.name) {
                let message = format!("{} is defined twice", self.interner.text(slot.name.name));
                let error =
                    Diagnostic::error("F012", message).primary(slot.name.span, "again here");
                self.diagnostics.push(
                    error
                        .secondary(first, "first here")
                        .hint("remove or rename one of them"),
                );
                continue;
            }
            places.insert(slot.name.name, slot.name.span);
            slots.push(slot);
        }
        slots
    }

    fn elements(&mut self, node: &Node) -> Vec<Node> {
        match &node.value {
            Value::List(elements) => elements.clone(),
            Value::Nil => Vec::new(),
            // Older files have `'a b c'` in one string.
            Value::Text(text) if text.text.trim().is_empty() => Vec::new(),
            _ => {
                self.report(
                    "F010",
                    "expected a list in brackets",
                    node.span,
                    "write [ 'first', 'second' ]",
                );
                Vec::new()
            }
        }
    }

    fn expect_text(&mut self, node: &Node) -> Option<Text> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Nil => None,
            _ => {
                self.report(
                    "F010",
                    "expected a string or symbol",
                    node.span,
                    "write 'Name' or #Name",
                );
                None
            }
        }
    }

    pub(super) fn report(&mut self, code: &'static str, message: &str, span: Span, hint: &str) {
        self.diagnostics.push(
            Diagnostic::error(code, message)
                .primary(span, "")
                .hint(hint),
        );
    }
}
