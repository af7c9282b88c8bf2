//! Who claims an opcode or the number or name of a primitive: one method each, whether a table collects them or not.

use std::collections::BTreeMap;

use crate::base::{Diagnostic, Span};
use crate::resolve::SourceId;

use super::{Inferrer, codes};

impl Inferrer<'_> {
    /// Reports what two methods claim, once for each pair of pragmas.
    pub(super) fn check_claims(&mut self) {
        let world = self.world;
        let active: Vec<SourceId> = world
            .methods
            .keys()
            .filter(|&method| self.active_method(method).is_some())
            .collect();
        let (mut opcodes, mut numbers, mut names) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for method in active {
            let info = &world.methods[method];
            for range in &info.role.handlers {
                let clash = (range.first..=range.last).find_map(|opcode| {
                    let earlier = *opcodes.entry((range.set, opcode)).or_insert(range.span);
                    (earlier != range.span).then_some((opcode, earlier))
                });
                if let Some((opcode, earlier)) = clash {
                    let set = self.interner.text(range.set);
                    self.conflict(&format!("opcode {opcode} of {set}"), range.span, earlier);
                }
            }
            for &(number, span) in &info.role.primitives {
                let earlier = *numbers.entry(number).or_insert(span);
                if earlier != span {
                    self.conflict(&format!("primitive {number}"), span, earlier);
                }
            }
            for name in &info.role.named_primitives {
                let earlier = *names.entry(name).or_insert((method, info.span));
                if earlier.0 != method {
                    let what = format!("the primitive {} of module {}", name.1, name.0);
                    self.conflict(&what, info.span, earlier.1);
                }
            }
        }
    }

    fn conflict(&mut self, what: &str, span: Span, earlier: Span) {
        let error = Diagnostic::error(codes::TABLE_HANDLER, format!("{what} has two methods"));
        self.diagnostics.push(
            error
                .primary(span, "claims it too")
                .secondary(earlier, "claims it")
                .hint("take it from one of them"),
        );
    }
}
