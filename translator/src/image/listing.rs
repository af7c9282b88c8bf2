//! The bytecodes of one method, to read.

use super::compile::CodeKind;
use super::compile::print::print;
use super::methods::CompiledSide;
use super::model::Side;
use super::world::World;
use crate::base::Diagnostic;

/// The listing of the method called `Class>>selector` or `Class class>>selector`; none, reported, if there is none.
pub(super) fn list(name: &str, world: &mut World, sides: &[CompiledSide]) -> Option<String> {
    let side = side(name, world);
    let selector = name.split_once(">>").map(|(_, selector)| selector.trim());
    let selector = selector.and_then(|selector| world.interner.lookup(selector));
    let code = side.zip(selector).and_then(|(side, selector)| {
        let methods = sides.iter().find(|compiled| compiled.side == side)?;
        let is_it = |kind| kind == CodeKind::Method(selector);
        methods.methods.iter().find(|code| is_it(code.kind))
    });
    let Some(code) = code else {
        let error = Diagnostic::error("I014", format!("there is no method {name}"));
        world
            .diagnostics
            .push(error.hint("write Name>>selector, or Name class>>selector"));
        return None;
    };
    let (names, interner) = (world.names, &*world.interner);
    let binding = |binding| interner.text(names.bindings[binding].name).to_owned();
    let special = &world.target.options.special_selectors;
    Some(print(code, interner, special, &binding))
}

fn side(name: &str, world: &World) -> Option<Side> {
    let (class, _) = name.split_once(">>")?;
    let (class, meta) = match class.trim().strip_suffix(" class") {
        Some(class) => (class, true),
        None => (class, false),
    };
    let class = world.model.class_named(class.trim(), world.interner)?;
    Some(Side { class, meta })
}
