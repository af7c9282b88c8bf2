//! Tells raw memory from the state record.
//!
//! `lower` gives accesses through pointers the class `any`, since it does not know which fields a pointer may lead to. Here the whole
//! program is seen: a field whose address nobody takes is reached by its name only. So accesses through pointers get the class
//! `memory`, and fields whose address is taken get `any`.
//!
//! The start of the record leads to more than its first field: the collector finds all fields of type `oop` from it, by a table of
//! their offsets, and who fills or copies memory in the function that takes the start may mean the whole record.

use crate::base::EntityRef;
use crate::ir::{Alias, Base, Function, Inst, Module, Symbol, Type};

/// Runs the pass over a module.
pub fn separate(module: &mut Module) {
    let escaped = escaped(module);
    let fields: Vec<Alias> = module.fields.values().map(|field| field.alias).collect();
    for (field, &escaped) in module.fields.values_mut().zip(&escaped) {
        if escaped && field.alias != Alias::VOLATILE {
            field.alias = Alias::ANY;
        }
    }
    let shared = |class: Alias| {
        fields
            .iter()
            .zip(&escaped)
            .any(|(&own, &escaped)| escaped && own == class)
    };
    let classes: Vec<Alias> = module
        .alias_classes
        .keys()
        .map(|class| {
            if class != Alias::VOLATILE && shared(class) {
                Alias::ANY
            } else {
                class
            }
        })
        .collect();
    for func in module.functions.values_mut() {
        rewrite(func, &classes);
    }
}

/// By field: whether code or data takes its address.
fn escaped(module: &Module) -> Vec<bool> {
    let mut escaped = vec![false; module.fields.len()];
    for func in module.functions.values() {
        let mut takes_start = false;
        for (_, id) in func.each_inst() {
            if let Inst::Addr(Symbol::Field(field), offset) = func.insts[id].inst {
                escaped[field.index()] = true;
                takes_start |= i64::from(module.fields[field].offset) + offset == 0;
            }
        }
        if takes_start {
            let insts = func.insts.values();
            let whole = insts
                .into_iter()
                .any(|data| matches!(data.inst, Inst::Block(..)));
            for (field, escaped) in module.fields.values().zip(&mut escaped) {
                *escaped |= whole || field.access.ty() == Type::Oop;
            }
        }
    }
    for (_, symbol, _) in module.data.values().flat_map(|data| &data.relocations) {
        if let Symbol::Field(field) = *symbol {
            escaped[field.index()] = true;
        }
    }
    escaped
}

fn rewrite(func: &mut Function, classes: &[Alias]) {
    let of = |base: Base, class: Alias| match base {
        Base::Value(_) if class == Alias::ANY => Alias::RAW,
        _ if class.part().is_some() => class,
        _ => classes[class.index()],
    };
    for data in func.insts.values_mut() {
        match &mut data.inst {
            Inst::Load(_, address, class) | Inst::Store(_, _, address, class) => {
                *class = of(address.base, *class)
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::{parse_module, verify};

    #[test]
    fn fields_that_the_collector_finds_from_the_start_of_the_record_overlap_memory() {
        let text = "state 32\nfield A.x 0 i64 size 8 !A.x\nfield A.y 8 oop size 8 !A.y\nfield A.z 16 i64 size 8 !A.z\n\
            function \"base\" () -> ptr {\nblock0:\n    v0 = addr field \"A.z\" - 16\n    ret v0\n}\n\
            function \"f\" () -> oop {\nblock0:\n    v0 = load.oop state.A.y !A.y\n    v1 = load.i64 state.A.x !A.x\n    ret v0\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        super::separate(&mut module);
        let text = module.text();
        for line in [
            "load.oop state.A.y !any",
            "load.i64 state.A.x !A.x",
            "field A.y 8 oop size 8 !any",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_field_whose_address_is_taken_overlaps_memory_and_another_does_not() {
        let text = "state 32\nfield A.x 0 i64 size 8 !A.x\nfield A.y 8 i64 size 8 !A.y\nfield A.z 16 i64 size 8 !A.z\n\
            data \"d\" align 8 \"0000000000000000\" @0 field \"A.z\"\n\
            function \"f\" (v0: ptr) {\nblock0(v0: ptr):\n    v1 = load.i64 state.A.x !A.x\n    store.i64 v1, state.A.y !A.y\n    \
            store.i64 v1, v0 !any\n    v2 = load.i64 v0 !volatile\n    v3 = addr field \"A.y\"\n    store.i64 v1, state.A.z !A.z\n    ret\n}\n";
        let mut module = parse_module(text).expect("the text is right");
        super::separate(&mut module);
        assert_eq!(verify(&module), Ok(()));
        let text = module.text();
        for line in [
            "v1 = load.i64 state.A.x !A.x",
            "store.i64 v1, state.A.y !any",
            "store.i64 v1, v0 !memory",
            "v2 = load.i64 v0 !volatile",
            "store.i64 v1, state.A.z !any",
            "field A.y 8 i64 size 8 !any",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
