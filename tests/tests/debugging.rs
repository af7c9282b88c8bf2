//! What debuggers are told of the VM: every inlined method lies where its source says, and every symbol is a name.

use std::collections::BTreeMap;

use tests::debug_info::{Copy, DebugInfo, Place, read};
use tests::translated::{plain_vm, vm_with_variables};
use tests::{root, text, vm};

/// The methods of the VM's source files: by file, the line of each and its name as debuggers show it.
#[derive(Default)]
struct Sources(BTreeMap<String, Vec<(u64, String)>>);

impl Sources {
    /// The method that stands in a line; none in the lines of what no source is written for.
    fn method_at(&mut self, (file, line): &Place) -> Option<&str> {
        let path = root().join("vm-source-st").join(file);
        let methods = self.0.entry(file.clone()).or_insert_with(|| {
            if path.is_file() {
                headers(&text(&path))
            } else {
                Vec::new()
            }
        });
        let after = methods.partition_point(|(start, _)| start <= line);
        Some(methods[..after].last()?.1.as_str())
    }
}

/// The heads of methods in a Tonel file: `Class class >> at: index put: value [`. A method begins with its pragmas, one line before.
fn headers(text: &str) -> Vec<(u64, String)> {
    let head = |line: &str| {
        let (class, pattern) = line.strip_suffix(" [")?.split_once(" >> ")?;
        let starts = class.starts_with(|first: char| first.is_ascii_uppercase());
        let words = pattern.split_whitespace();
        let keywords: String = words.clone().filter(|word| word.ends_with(':')).collect();
        let selector = match keywords.is_empty() {
            true => words.clone().next()?.to_owned(),
            false => keywords,
        };
        starts.then(|| format!("{class}>>{selector}"))
    };
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(number, line)| Some((number, head(line)?)))
        .collect()
}

/// The name without what tells copies of a method apart: `Mine(Theirs)>>at:[3] (part 1)` is `Theirs>>at:`.
fn written(name: &str) -> String {
    let (class, selector) = name.split_once(">>").unwrap_or((name, ""));
    let selector = selector.split(['[', ' ']).next().unwrap_or_default();
    let class = match class.split_once('(') {
        Some((_, rest)) => rest.replacen(')', "", 1),
        None => class.to_owned(),
    };
    format!("{class}>>{selector}")
}

/// What the VM's symbol table names.
fn symbols() -> Vec<String> {
    use object::{Object, ObjectSymbol};
    let bytes = std::fs::read(vm()).expect("the VM can be read");
    let file = object::File::parse(&*bytes).expect("the VM is an ELF file");
    let names = file
        .symbols()
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    names.collect()
}

fn vm_info() -> DebugInfo {
    let info = read(&vm());
    let inlined = info.copies.iter().filter(|copy| copy.call.is_some());
    assert!(inlined.count() > 5_000, "the VM's methods are inlined");
    info
}

/// The innermost copy at each line's code.
fn innermost(info: &DebugInfo) -> Vec<(&Copy, &Place)> {
    let mut starts: BTreeMap<u64, Vec<&Copy>> = BTreeMap::new();
    for copy in &info.copies {
        for range in &copy.ranges {
            starts.entry(range.0).or_default().push(copy);
        }
    }
    let depth = |copy: &Copy| {
        let outer = |copy: &&Copy| copy.parent.map(|parent| &info.copies[parent]);
        std::iter::successors(Some(copy), outer).count()
    };
    let functions = info.copies.iter().filter(|copy| copy.parent.is_none());
    let mut functions: Vec<&Copy> = functions.collect();
    functions.sort_by_key(|function| function.ranges[0]);
    let mut found = Vec::new();
    for (begin, _, place) in &info.lines {
        let after = functions.partition_point(|function| function.ranges[0].0 <= *begin);
        let Some(function) = after.checked_sub(1).map(|index| functions[index]) else {
            continue;
        };
        let inside = starts.range(function.ranges[0].0..=*begin);
        let holding = inside.flat_map(|(_, copies)| copies);
        let deepest = holding
            .filter(|copy| copy.contains(*begin))
            .max_by_key(|copy| depth(copy));
        if let Some(deepest) = deepest {
            found.push((*deepest, place));
        }
    }
    found
}

#[test]
fn the_code_of_an_inlined_method_lies_in_that_of_its_caller_and_in_no_sibling() {
    let info = vm_info();
    let mut siblings: BTreeMap<usize, Vec<(u64, u64)>> = BTreeMap::new();
    for copy in &info.copies {
        assert!(!copy.ranges.is_empty(), "{copy:?}");
        let Some(parent) = copy.parent else { continue };
        let around = &info.copies[parent];
        for &(begin, end) in &copy.ranges {
            let holds = |outer: &(u64, u64)| outer.0 <= begin && end <= outer.1;
            assert!(around.ranges.iter().any(holds), "{copy:?} in {around:?}");
            assert!(begin < end, "{copy:?}");
        }
        siblings.entry(parent).or_default().extend(&copy.ranges);
    }
    for (parent, mut ranges) in siblings {
        ranges.sort_unstable();
        let apart = ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        assert!(apart, "{:?}", info.copies[parent]);
    }
}

#[test]
fn a_line_of_code_belongs_to_the_method_that_stands_there_in_the_source() {
    let info = vm_info();
    let mut sources = Sources::default();
    let found = innermost(&info);
    assert!(found.len() > 20_000, "the VM has lines");
    for (copy, place) in found {
        if let Some(method) = sources.method_at(place) {
            assert_eq!(written(&copy.name), method, "{place:?} {copy:?}");
        }
    }
}

#[test]
fn an_inlined_method_is_called_from_a_line_of_the_method_around_it() {
    let info = vm_info();
    let mut sources = Sources::default();
    for copy in &info.copies {
        let (Some(parent), Some(call)) = (copy.parent, &copy.call) else {
            continue;
        };
        if let Some(method) = sources.method_at(call) {
            let around = &info.copies[parent];
            assert_eq!(written(&around.name), method, "{copy:?} in {around:?}");
        }
    }
}

fn info_with_variables() -> DebugInfo {
    read(vm_with_variables())
}

#[test]
fn variables_change_no_byte_of_code() {
    let text = |path: &std::path::Path| {
        use object::{Object, ObjectSection};
        let bytes = std::fs::read(path).expect("the VM can be read");
        let file = object::File::parse(&*bytes).expect("the VM is an ELF file");
        let text = file.section_by_name(".text").expect("the VM has code");
        text.data().expect("a section can be read").to_vec()
    };
    assert!(text(plain_vm()) == text(vm_with_variables()));
}

#[test]
fn a_variable_is_somewhere_only_in_the_code_of_its_method_and_at_one_place_at_a_time() {
    let info = info_with_variables();
    let parameters = info.variables.iter().filter(|one| one.is_parameter);
    assert!(
        parameters.count() > 10_000,
        "the VM's methods have parameters"
    );
    let temporaries = info.variables.iter().filter(|one| !one.is_parameter);
    assert!(
        temporaries.count() > 5_000,
        "the VM's methods have temporaries"
    );
    for variable in &info.variables {
        assert!(variable.has_type, "{variable:?}");
        let around = &info.copies[variable.copy];
        for &(begin, end) in &variable.ranges {
            let holds = |outer: &(u64, u64)| outer.0 <= begin && end <= outer.1;
            assert!(begin < end, "{variable:?}");
            assert!(
                around.ranges.iter().any(holds),
                "{variable:?} in {around:?}"
            );
        }
        let apart = variable.ranges.windows(2).all(|two| two[0].1 <= two[1].0);
        assert!(apart, "{variable:?}");
    }
}

#[test]
fn a_copy_of_a_method_has_no_two_variables_of_one_name() {
    let info = info_with_variables();
    let mut names: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for variable in &info.variables {
        *names.entry((variable.copy, &variable.name)).or_default() += 1;
    }
    for ((copy, name), count) in names {
        assert_eq!(count, 1, "{name} in {:?}", info.copies[copy]);
    }
}

#[test]
fn a_method_that_takes_blocks_is_a_copy_in_the_method_that_sends_it() {
    let info = vm_info();
    let around = |copy: &Copy| copy.parent.map(|parent| info.copies[parent].name.as_str());
    let mut copies = info.copies.iter();
    let found = copies.any(|copy| {
        copy.name == "Oop>>plus:ifOverflow:" && around(copy) == Some("ArithmeticBytecodes>>add")
    });
    assert!(
        found,
        "Oop>>plus:ifOverflow: is not in ArithmeticBytecodes>>add"
    );
}

#[test]
fn symbols_of_methods_are_names_that_no_debugger_demangles() {
    let methods: Vec<String> = symbols()
        .into_iter()
        .filter(|name| name.contains(">>"))
        .collect();
    assert!(methods.len() > 1_000, "the VM's methods are symbols");
    for name in methods {
        assert!(
            name.starts_with(|first: char| first.is_ascii_uppercase()),
            "{name}"
        );
    }
}

#[test]
fn the_verifier_of_llvm_finds_nothing_wrong() {
    let mut verifier = std::process::Command::new("llvm-dwarfdump");
    let Ok(output) = verifier.arg("--verify").arg(vm()).output() else {
        tests::skip("there is no llvm-dwarfdump");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("No errors."),
        "{said}"
    );
}
