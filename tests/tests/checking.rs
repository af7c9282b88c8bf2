//! `--check-image`: every finding with its rule and its offset, and nothing runs.

use tests::Session;
use tests::fuzz::objects;
use tests::image::{BytecodeSet, Method, Value, World};

/// Runs the check: the exit status and the lines that it tells.
fn check(image: &[u8]) -> (i32, Vec<String>) {
    let run = Session::new(image).run(&["--check-image"]);
    let lines = run.stdout.lines().map(str::to_owned).collect();
    (run.status, lines)
}

/// The only finding about an image whose `Main>>start` has this code.
fn finding_about(set: BytecodeSet, literals: Vec<Value>, code: &[u8]) -> String {
    let mut world = World::new();
    world.define("Main", "start", &Method::new(set, literals, code.to_vec()));
    finding(&world.image())
}

/// The first finding about an image; there must be one.
fn finding(image: &[u8]) -> String {
    let (status, lines) = check(image);
    assert_eq!(status, 2, "{lines:?}");
    assert!(lines[0].contains("(offset "), "{lines:?}");
    lines[0].clone()
}

#[test]
fn a_sound_image_has_no_findings_and_does_not_run() {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let method = Method::new(BytecodeSet::V3, literals, vec![112, 33, 224, 120]);
    world.define("Main", "start", &method);
    let (status, lines) = check(&world.image());
    assert_eq!(status, 0, "{lines:?}");
    assert_eq!(lines, ["0 findings"]);
}

#[test]
fn every_finding_is_told_with_its_offset() {
    let mut world = World::new();
    for value in [Value::Raw(0x7777_7770), Value::Raw(6)] {
        world.array(vec![World::NIL, value]);
    }
    let wild = Method::new(BytecodeSet::V3, vec![], vec![135, 120]);
    world.define("Main", "start", &wild);
    let (status, lines) = check(&world.image());
    assert_eq!(status, 2, "{lines:?}");
    for rule in [
        "a slot refers to where no object is",
        "a slot holds a word that is no object's reference",
        "an instruction takes more from the stack than there is",
    ] {
        let told = lines.iter().filter(|line| line.starts_with(rule)).count();
        assert!(told > 0, "{rule}: {lines:?}");
    }
    assert!(lines.last().is_some_and(|line| line.ends_with(" findings")));
}

#[test]
fn code_is_verified_down_to_its_instructions() {
    let v3: &[(&str, &[u8])] = &[
        ("control leaves the code", &[112, 144]),
        ("control leaves the code", &[163, 0, 120]),
        (
            "a jump leads into an instruction",
            &[112, 152, 128, 0, 120, 120],
        ),
        (
            "two ways meet with stacks of different depth",
            &[113, 152, 112, 120],
        ),
        ("an instruction takes more from the stack", &[112, 176, 120]),
        (
            "an instruction uses a temporary that is not there",
            &[16, 120],
        ),
        (
            "an instruction uses a variable that the receiver",
            &[4, 120],
        ),
        (
            "an instruction uses a literal that is not there",
            &[63, 120],
        ),
        ("an instruction uses a literal as a variable", &[64, 120]),
        ("the stack is deeper than the frame", &[112; 20]),
        ("an instruction does not end before the code does", &[138]),
    ];
    for (rule, code) in v3 {
        let found = finding_about(BytecodeSet::V3, vec![Value::Integer(3)], code);
        // Two rules may catch the same jump, as the bytes behind a method are padding.
        assert!(found.starts_with(rule), "{rule}: {found} in {code:?}");
    }
}

#[test]
fn code_of_sistav1_is_verified_too() {
    let prefixes =
        "an instruction does not end before the code does, or has prefixes that it cannot have";
    let sista: &[(&str, &[u8])] = &[
        ("a jump leads into an instruction", &[76, 192, 232, 1, 92]),
        (
            "an instruction takes more from the stack",
            &[76, 249, 0, 5, 88],
        ),
        (
            "the code of a closure is no compiled code",
            &[249, 0, 0, 88],
        ),
        (
            "an instruction uses a temporary that is not there",
            &[229, 9, 88],
        ),
        (
            "an instruction uses a literal that is not there",
            &[224, 1, 228, 0, 88],
        ),
        // Literal 65,536, one whose index is negative in 32 bits, and a variable beyond all.
        (prefixes, &[76, 224, 8, 224, 0, 234, 0, 88]),
        (prefixes, &[76, 224, 4, 224, 0, 224, 0, 224, 0, 235, 0, 88]),
        (prefixes, &[224, 1, 224, 0, 226, 0, 88]),
        // A prefix B that no instruction takes makes the next one unsigned, even if it is 0.
        (prefixes, &[225, 0, 76, 225, 200, 232, 200, 88]),
    ];
    for (rule, code) in sista {
        let found = finding_about(BytecodeSet::Sista, vec![Value::Integer(3)], code);
        assert!(found.starts_with(rule), "{rule}: {found} in {code:?}");
    }
}

/// Code as long as it may be, of jumps of four bytes each. The first ones lead to the end in two leaps, from where each leads to the one before it.
fn chain_of_jumps() -> Vec<u8> {
    let count = 65_536 / 4;
    let target = |index: i64| match index {
        0 => count / 2,
        1 => 1,
        _ if index == count / 2 => count - 2,
        _ if index == count / 2 + 1 => index - 2,
        _ => index - 1,
    };
    let jump = |index: i64| {
        let distance = (target(index) - index - 1) * 4;
        let [high, low] = i16::try_from(distance).expect("near").to_be_bytes();
        [225, high, 237, low]
    };
    (0..count).flat_map(jump).collect()
}

#[test]
fn code_that_jumps_back_all_the_way_is_checked_in_no_time() {
    let mut world = World::new();
    for index in 0..40 {
        let method = Method::new(BytecodeSet::Sista, vec![], chain_of_jumps());
        world.define("Main", &format!("chain{index}"), &method);
    }
    let quit = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    let start = Method::new(BytecodeSet::Sista, quit, vec![76, 33, 144, 88]);
    world.define("Main", "start", &start);
    let run = Session::new(&world.image()).run_for(10, &[]);
    assert_eq!(run.status, 7, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_selector_agrees_with_the_arguments_of_method_and_send() {
    let mut world = World::new();
    let selector = Value::Object(world.symbol("at:put:"));
    let code = vec![112, 112, 224, 120];
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, vec![selector], code),
    );
    assert!(finding(&world.image()).starts_with("a send has another number"));
    let mut world = World::new();
    let method = Method::new(BytecodeSet::V3, vec![], vec![120]);
    world.define("Main", "start", &method);
    world.define("Main", "one:", &method);
    assert!(finding(&world.image()).starts_with("a method has another number"));
}

#[test]
fn an_object_looks_like_its_class_says() {
    let mut world = World::new();
    let method = Method::new(BytecodeSet::V3, vec![], vec![120]);
    world.define("Main", "start", &method);
    world.instance("Point", vec![World::NIL]);
    assert!(finding(&world.image()).starts_with("an object has another format or fewer fields"));
}

#[test]
fn a_class_that_the_vm_knows_has_the_variables_and_elements_that_it_relies_on() {
    for (class, format, fields) in [
        ("Point", 1, 1),
        ("Context", 3, 5),
        ("FullBlockClosure", 3, 3),
        ("Array", 16, 0),
        ("BoxedFloat64", 2, 0),
    ] {
        let mut world = World::new();
        let method = Method::new(BytecodeSet::V3, vec![], vec![120]);
        world.define("Main", "start", &method);
        world.set_format(class, format, fields);
        let found = finding(&world.image());
        assert!(
            found.starts_with("instances of a class that the VM knows"),
            "{class}: {found}"
        );
    }
}

/// An image that sends, and has a context and a closure.
fn busy_image() -> Vec<u8> {
    let mut world = World::new();
    let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
    // [ 1 ] value. self quit: 7
    let code = vec![143, 0, 0, 2, 118, 125, 201, 135, 112, 33, 224, 120];
    world.define(
        "Main",
        "start",
        &Method::new(BytecodeSet::V3, literals, code),
    );
    world.image()
}

/// The word at an offset changed by a function.
fn with_word(image: &[u8], offset: usize, change: impl Fn(u64) -> u64) -> Vec<u8> {
    let mut image = image.to_vec();
    let word = u64::from_le_bytes(image[offset..offset + 8].try_into().expect("eight bytes"));
    image[offset..offset + 8].copy_from_slice(&change(word).to_le_bytes());
    image
}

const CODE_IS_LEFT_OUT: &str =
    "code is not checked because objects or classes that it relies on are damaged";

#[test]
fn the_header_of_compiled_code_is_a_small_integer_and_nothing_else() {
    let image = busy_image();
    let code = objects(&image).into_iter().find(|object| object.is_code());
    let header = code.expect("there is a method").slot(0);
    for tag in [2, 4, 6] {
        let found = finding(&with_word(&image, header, |word| word | tag));
        assert!(
            found.starts_with("the header of compiled code is not"),
            "{found}"
        );
    }
}

#[test]
fn code_is_not_checked_where_a_context_is_no_context() {
    let image = busy_image();
    for object in objects(&image).iter().filter(|object| object.class == 36) {
        let bytes = with_word(&image, object.header, |word| word & !(31 << 24) | 16 << 24);
        let (status, lines) = check(&bytes);
        assert_eq!(status, 2, "{lines:?}");
        assert!(
            lines[0].starts_with("an object has another format"),
            "{lines:?}"
        );
        assert!(
            lines.iter().any(|line| line == CODE_IS_LEFT_OUT),
            "{lines:?}"
        );
    }
}

#[test]
fn a_free_chunk_that_looks_like_code_is_no_code() {
    let image = busy_image();
    for object in objects(&image).iter().filter(|object| object.is_code()) {
        let bytes = with_word(&image, object.header, |word| word & !0x3F_FFFF);
        let found = finding(&bytes);
        assert!(
            found.starts_with("a slot refers to where no object is"),
            "{found}"
        );
    }
}

#[test]
fn a_row_out_of_step_is_checked_to_its_end_and_no_further() {
    let image = busy_image();
    for object in objects(&image) {
        let bytes = with_word(&image, object.header, |word| word + (1 << 56));
        let (status, lines) = check(&bytes);
        assert_eq!(status, 2, "{object:?}: {lines:?}");
        let (findings, rest): (Vec<&String>, Vec<&String>) =
            lines.iter().partition(|line| line.contains("(offset "));
        let are_mended = findings.iter().all(|line| line.starts_with("a slot "));
        let says_its_limit =
            [CODE_IS_LEFT_OUT, "nothing behind this can be checked"].contains(&rest[0].as_str());
        assert!(are_mended || says_its_limit, "{object:?}: {lines:?}");
    }
}

#[test]
fn an_offset_behind_a_shell_script_is_one_of_the_file() {
    for word in [3, 0x7777_7770] {
        let mut image = vec![b'\n'; 512];
        image.extend(with_word(&busy_image(), 24, |_| word));
        let found = finding(&image);
        assert!(
            found.starts_with("the special objects in the header"),
            "{found}"
        );
        assert!(found.ends_with("(offset 536)"), "{found}");
    }
}

#[test]
fn both_known_formats_are_read() {
    for format in [68021_u32, 68533] {
        let mut world = World::new();
        let literals = vec![Value::Object(world.symbol("quit:")), Value::Integer(7)];
        let method = Method::new(BytecodeSet::Sista, literals, vec![76, 33, 144, 88]);
        world.define("Main", "start", &method);
        let mut image = world.image();
        image[..4].copy_from_slice(&format.to_le_bytes());
        assert_eq!(Session::new(&image).run(&[]).status, 7, "{format}");
    }
}
