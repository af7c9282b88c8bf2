//! Files are read in parallel with an interner each; afterwards their symbols are renamed to those of the whole program.

use super::definition::{ClassDefinition, MethodChunk, Slot};
use crate::base::interner::Renaming;
use crate::syntax::ast::Name;

impl ClassDefinition {
    /// Replaces every symbol by the one that it is called in the interner that absorbed its own.
    pub fn rename(&mut self, renaming: &Renaming) {
        rename_name(&mut self.name, renaming);
        let optional = [
            &mut self.superclass,
            &mut self.layout,
            &mut self.package,
            &mut self.tag,
            &mut self.category,
        ];
        optional
            .into_iter()
            .flatten()
            .for_each(|name| rename_name(name, renaming));
        self.pools
            .iter_mut()
            .for_each(|name| rename_name(name, renaming));
        let slots = [
            &mut self.inst_vars,
            &mut self.class_vars,
            &mut self.class_inst_vars,
        ];
        slots
            .into_iter()
            .flatten()
            .for_each(|slot| rename_slot(slot, renaming));
        self.methods
            .iter_mut()
            .for_each(|chunk| rename_chunk(chunk, renaming));
    }
}

fn rename_name(name: &mut Name, renaming: &Renaming) {
    name.name = renaming.of(name.name);
}

fn rename_slot(slot: &mut Slot, renaming: &Renaming) {
    rename_name(&mut slot.name, renaming);
    let Some(definition) = &mut slot.definition else {
        return;
    };
    rename_name(&mut definition.class, renaming);
    definition
        .arguments
        .iter_mut()
        .for_each(|argument| rename_name(&mut argument.keyword, renaming));
    definition
        .exprs
        .values_mut()
        .for_each(|expr| expr.rename(renaming));
}

fn rename_chunk(chunk: &mut MethodChunk, renaming: &Renaming) {
    rename_name(&mut chunk.class, renaming);
    chunk
        .category
        .iter_mut()
        .for_each(|name| rename_name(name, renaming));
    chunk.selector = renaming.of(chunk.selector);
    chunk.method.rename(renaming);
}
