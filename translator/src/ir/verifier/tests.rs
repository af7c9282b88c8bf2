//! Each rule, broken once.

use crate::base::EntityRef;
use crate::ir::{
    Alias, Block, FuncId, Inst, InstId, Module, Site, Value, ValueDef, parse_module, verify,
};

const PRELUDE: &str = "pin ip r12 ptr\npin table r14 ptr\nsignature (i64) -> i64\nimport \"out\" (i64)\n\
    function \"none\" () {\nblock0:\n    ret\n}\nfunction \"one\" (v0: i64) -> i64 {\nblock0(v0: i64):\n    ret v0\n}\n";

/// The rules that a module breaks.
fn broken(module: &Module) -> Vec<&'static str> {
    verify(module)
        .err()
        .unwrap_or_default()
        .iter()
        .map(|error| error.rule)
        .collect()
}

fn module_of(text: &str) -> Module {
    parse_module(&format!("{PRELUDE}{text}")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A normal function with an integer, a boolean and a float.
fn body(code: &str) -> Module {
    module_of(&format!(
        "function \"f\" (v0: i64, v1: bool, v2: f64) -> i64 {{\nblock0(v0: i64, v1: bool, v2: f64):\n{code}\n}}\n"
    ))
}

#[test]
fn the_prelude_is_right() {
    assert_eq!(broken(&body("ret v0")), Vec::<&str>::new());
}

#[test]
fn each_rule_about_code_is_checked() {
    let cases = [
        ("end", "v3 = iconst 1"),
        ("end", "ret v0\nret v0"),
        (
            "dominance",
            "br v1, block1, block2\nblock1:\nv3 = iconst 1\njump block2\nblock2:\nret v3",
        ),
        ("dominance", "v3 = add v4, v0\nv4 = iconst 1\nret v3"),
        ("target", "jump block9"),
        ("target", "jump block0(v0, v1, v2)"),
        ("arguments", "jump block1\nblock1(v3: i64):\nret v3"),
        ("arguments", "jump block1(v2)\nblock1(v3: i64):\nret v3"),
        (
            "arguments",
            "br.add.s v0, v0, block1, block2\nblock1:\nret v0\nblock2:\nret v0",
        ),
        (
            "arguments",
            "br.add.s v0, v0, block1, block1\nblock1:\nret v0",
        ),
        (
            "switch",
            "switch v0, [block1], block1\nblock1(v3: i64):\nret v3",
        ),
        ("operand", "v3 = add v0, v1\nret v3"),
        ("operand", "v3 = fadd v0, v0\nret v0"),
        ("operand", "v3 = not v2\nret v0"),
        ("operand", "v3 = icmp.slt v1, v1\nret v0"),
        ("operand", "v3 = cast.ptr v2\nret v0"),
        ("operand", "trap.if v0, \"no\"\nret v0"),
        ("operand", "store.f64 v0, v0 !any\nret v0"),
        ("width", "v3 = sext.64 v0\nret v3"),
        ("width", "v3 = zext.0 v0\nret v3"),
        ("address", "v3 = load.i64 v1 !any\nret v3"),
        ("address", "v3 = load.i64 v0 + v2*8 !any\nret v3"),
        ("address", "v3 = load.i64 v0 + v0*3 !any\nret v3"),
        ("name", "v3 = cast.ptr v0\ncallind sig9, v3(v0)\nret v0"),
        ("call", "v3 = call \"one\"()\nret v3"),
        (
            "call",
            "v3 = syscall v0(v0, v0, v0, v0, v0, v0, v0)\nret v3",
        ),
        ("tailcall", "tailcall \"none\"()"),
        ("handler", "dispatch"),
        ("return", "ret"),
        ("return", "ret v2"),
    ];
    for (rule, code) in cases {
        let found = broken(&body(code));
        assert!(
            found.contains(&rule),
            "{rule} is not reported for\n{code}\nbut {found:?}"
        );
    }
}

#[test]
fn a_result_where_none_belongs_is_reported() {
    let mut module = body("v3 = iconst 1\nret v3");
    let id: FuncId = EntityRef::new(3);
    let func = &mut module.functions[id];
    func.insts[InstId::new(0)].result = None;
    assert!(broken(&module).contains(&"result"));
}

#[test]
fn an_instruction_in_two_places_is_reported() {
    let mut module = body("v3 = iconst 1\nret v3");
    let func = &mut module.functions[EntityRef::new(3)];
    func.blocks[Block::new(0)].insts.insert(0, InstId::new(0));
    assert!(broken(&module).contains(&"once"));
}

#[test]
fn a_value_that_is_not_where_it_says_is_reported() {
    let mut module = body("v3 = iconst 1\nret v3");
    let func = &mut module.functions[EntityRef::new(3)];
    func.values[Value::new(3)].def = ValueDef::Param(Block::new(0), 0);
    assert!(broken(&module).contains(&"def"));
}

#[test]
fn an_unknown_class_is_reported() {
    let mut module = body("v3 = load.i64 v0 !any\nret v3");
    let func = &mut module.functions[EntityRef::new(3)];
    let Inst::Load(access, address, _) = func.insts[InstId::new(0)].inst else {
        panic!("it is a load")
    };
    func.insts[InstId::new(0)].inst = Inst::Load(access, address, Alias::new(77));
    assert!(broken(&module).contains(&"name"));
}

#[test]
fn rules_about_the_module_are_checked() {
    let handler = "handler \"h\" () {\nblock0:\n    dispatch\n}\n";
    let with_param = "handler \"p\" (v0: i64) {\nblock0(v0: i64):\n    ret\n}\n";
    let cases = [
        ("handler", handler.to_owned()),
        (
            "handler",
            "handler \"r\" () -> i64 {\nblock0:\n    unreachable\n}\n".to_owned(),
        ),
        (
            "handler",
            format!(
                "dispatch ip table\n{handler}function \"c\" () {{\nblock0:\n    call \"h\"()\n    ret\n}}\n"
            ),
        ),
        (
            "tailcall",
            format!(
                "dispatch ip table\n{handler}function \"c\" () {{\nblock0:\n    tailcall \"h\"()\n}}\n"
            ),
        ),
        (
            "tailcall",
            "function \"c\" () {\nblock0:\n    v0 = iconst 1\n    tailcall \"out\"(v0)\n}\n"
                .to_owned(),
        ),
        ("table", format!("table \"t\" [\"p\"]\n{with_param}")),
        (
            "table",
            "table \"t\" [\"none\", null, \"one\"]\n".to_owned(),
        ),
        ("export", "symbol \"x\" \"none\"\n".to_owned()),
        (
            "export",
            "export \"e\" () {\nblock0:\n    ret\n}\n".to_owned(),
        ),
    ];
    for (rule, text) in cases {
        let found = broken(&module_of(&text));
        assert!(
            found.contains(&rule),
            "{rule} is not reported for\n{text}\nbut {found:?}"
        );
    }
    let mut module = module_of("");
    module.functions[EntityRef::new(1)]
        .signature
        .params
        .push(crate::ir::Type::Oop);
    assert!(broken(&module).contains(&"entry"));
}

#[test]
fn a_position_is_in_an_activation_of_the_function() {
    let mut module = body("ret v0");
    let last = FuncId::new(module.functions.len() - 1);
    module.functions[last].insts[InstId::new(0)].position.site = Site::new(1);
    assert_eq!(broken(&module), ["position"]);
}
