//! Which variables of a method debuggers are told of, and in which activation they are.
//!
//! A method that is expanded brings its variables along. They belong to its activation, which is known once the code is in it.

use super::function::Lowering;
use crate::base::entity::EntityRef;
use crate::base::source::Span;
use crate::ir::{Local, LocalVariable, Name, Site};
use crate::typed::LocalId;

/// The variables that have been named.
pub(super) struct Names {
    /// By variable: whether it was seen within its activation.
    seen: Vec<bool>,
    /// Variables with the places of their declarations. Those of blocks beside each other may share a name, and are one then.
    known: Vec<(Local, Span)>,
}

impl Names {
    /// No variable is named yet.
    pub(super) fn new(count: usize) -> Self {
        Self {
            seen: vec![false; count],
            known: Vec::new(),
        }
    }
}

impl Lowering<'_> {
    /// Tells debuggers of a variable, where the current position is within its activation; true if that is new.
    pub(super) fn name_local(&mut self, local: LocalId) -> bool {
        if !self.shared.options.variables || self.names.seen[local.index()] {
            return false;
        }
        let data = &self.method.locals[local];
        let (Some(variable), Some(&ty)) =
            (self.variable(local), self.shared.data_types.get(&data.ty))
        else {
            return false;
        };
        let Some(site) = self.site_of(data.span) else {
            return false;
        };
        self.names.seen[local.index()] = true;
        let declared = LocalVariable {
            site,
            name: self.shared.locals[self.id.index()][local.index()],
            ty,
            is_parameter: local.index() < self.method.n_params,
            is_ambiguous: false,
        };
        let name = self.local_named(declared, data.span);
        self.b.name_var(variable, name);
        true
    }

    /// A variable of that name, new or known. An activation that is entered twice has two of each.
    fn local_named(&mut self, declared: LocalVariable, span: Span) -> Local {
        let locals = &mut self.b.func.bindings.locals;
        let same =
            |local: &LocalVariable| local.site == declared.site && local.name == declared.name;
        let known = self.names.known.iter();
        let known = known.copied().find(|&(local, _)| same(&locals[local]));
        if let Some((local, place)) = known {
            locals[local].is_ambiguous |= place == span || locals[local].ty != declared.ty;
            return local;
        }
        let local = self.b.add_local(declared);
        self.names.known.push((local, span));
        local
    }

    /// The innermost activation of the method that a span lies in.
    fn site_of(&self, span: Span) -> Option<Site> {
        let method = self.method_of(span);
        let mut around = self.b.position;
        while around.method != method {
            if around.site == Site::OWN {
                return None;
            }
            around = self.b.func.activations.get(around.site).call;
        }
        Some(around.site)
    }

    fn method_of(&self, span: Span) -> Name {
        let other = self.shared.lines.other_method(span, self.method.span);
        other.map_or(self.shared.names[self.id.index()], |(_, name)| name)
    }
}
