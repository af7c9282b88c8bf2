//! Which variables live in vectors, what closures copy, and which slot each variable has.

use super::{Copied, FunctionId, Loop, LoopId, Names, Variable, VariableId, number};
use crate::base::{EntityRef, PrimaryMap};

/// Gives every variable its place.
pub(super) fn lay_out(names: &mut Names, loops: &PrimaryMap<LoopId, Loop>) {
    for variable in names.variables.values_mut() {
        if needs_vector(variable, loops) {
            let home = &mut names.homes[variable.home];
            variable.element = Some(home.elements);
            home.elements += 1;
        }
    }
    for index in 0..names.functions.len() {
        let function = FunctionId::new(index);
        choose_copied(names, function);
        number_slots(names, function);
    }
}

/// Whether a captured variable may be assigned after a closure with it was made.
fn needs_vector(variable: &Variable, loops: &PrimaryMap<LoopId, Loop>) -> bool {
    if variable.captures.is_empty() {
        return false;
    }
    let assigned_later = |write: &super::Write| {
        let captured_by = |capture: u32| {
            capture < write.time || is_repeated(variable, write.within, capture, loops)
        };
        variable
            .captures
            .iter()
            .any(|&capture| captured_by(capture))
    };
    variable.written_remotely || variable.writes.iter().any(assigned_later)
}

/// Whether a loop inside of the variable's block has both the assignment and the capture.
fn is_repeated(
    variable: &Variable,
    within: Option<LoopId>,
    capture: u32,
    loops: &PrimaryMap<LoopId, Loop>,
) -> bool {
    let mut inner = within;
    while inner != variable.declared_in {
        let Some(id) = inner else { return false };
        let it = &loops[id];
        if (it.start..it.end).contains(&capture) {
            return true;
        }
        inner = it.parent;
    }
    false
}

fn choose_copied(names: &mut Names, function: FunctionId) {
    let mut copied = Vec::new();
    for &variable in &names.functions[function].free {
        let it = &names.variables[variable];
        let value = match it.element {
            Some(_) => Copied::Vector(it.home),
            None => Copied::Variable(variable),
        };
        if !copied.contains(&value) {
            copied.push(value);
        }
    }
    names.functions[function].copied = copied;
}

/// Parameters, copied values, temporaries, vectors, hidden ones, and last the variable for the failure.
fn number_slots(names: &mut Names, function: FunctionId) {
    let it = &mut names.functions[function];
    let mut next = 0;
    let mut take = |count: u32| {
        next += count;
        next - count
    };
    for &param in &it.params {
        names.variables[param].slot = take(1);
    }
    take(number(it.copied.len()));
    let failure = names.failure;
    for &temp in &it.temps {
        let variable = &mut names.variables[temp];
        if variable.element.is_none() && failure != Some(temp) {
            variable.slot = take(1);
        }
    }
    for &home in &it.homes {
        if names.homes[home].elements > 0 {
            names.homes[home].slot = take(1);
        }
    }
    it.first_hidden = take(it.hidden);
    if let Some(failure) = failure.filter(|variable| owns(it, *variable)) {
        names.variables[failure].slot = take(1);
    }
    it.slots = take(0);
}

fn owns(function: &super::Function, variable: VariableId) -> bool {
    function.temps.contains(&variable)
}
