//! Our style as tests: what would otherwise rot.

use std::collections::BTreeSet;
use std::path::Path;

use tests::rust_literals::{names, string_literals};
use tests::{files, root, shown, text};

/// Stages in layer order; a stage may use only those named beside it.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("tonel", &["base", "syntax"]),
    ("syntax", &["base"]),
    ("project", &["base", "tonel", "syntax"]),
    ("typed", &["base"]),
    ("resolve", &["base", "tonel", "syntax", "project", "typed"]),
    (
        "infer",
        &["base", "tonel", "syntax", "project", "typed", "resolve"],
    ),
    ("evaluate", &["base", "typed"]),
    ("image", &["base", "tonel", "syntax", "project"]),
    ("ir", &["base"]),
    ("lower", &["base", "typed", "ir"]),
    ("analysis", &["base", "ir"]),
    ("hazard", &["base", "typed", "ir", "lower"]),
    ("opt", &["base", "ir", "analysis"]),
    ("x64", &["base", "ir", "analysis"]),
    ("object", &["base", "ir", "x64"]),
    ("report", &["base", "ir", "x64", "object"]),
    (
        "runner",
        &[
            "base", "typed", "evaluate", "ir", "lower", "opt", "x64", "object",
        ],
    ),
    ("explain", &[]),
];

/// Whether a module is part of the tests only: those may use every stage.
fn is_test_module(path: &Path) -> bool {
    let named = |part: &str| {
        part.starts_with("tests") || part.starts_with("random") || part.starts_with("testing")
    };
    path.iter()
        .skip_while(|part| *part != "src")
        .any(|part| named(&part.to_string_lossy()))
}

fn assert_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

#[test]
fn stages_use_only_the_stages_below_them() {
    let mut findings = Vec::new();
    for (stage, allowed) in LAYERS {
        let modules = files(&format!("translator/src/{stage}"), &[".rs"]);
        for path in modules.into_iter().filter(|path| !is_test_module(path)) {
            for (number, line) in text(&path).lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for used in code.split("crate::").skip(1) {
                    let used: String = used
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    let known = LAYERS.iter().any(|(name, _)| *name == used);
                    if known && used != *stage && !allowed.contains(&used.as_str()) {
                        findings.push(format!(
                            "{}:{}: {stage} uses {used}",
                            shown(&path),
                            number + 1
                        ));
                    }
                }
            }
        }
    }
    assert_none(
        "a stage uses another that its layer does not allow",
        &findings,
    );
}

#[test]
fn only_the_owning_stage_uses_an_outside_crate() {
    let owners: &[(&str, &[&str])] = &[
        ("iced_x86", &["x64", "report"]),
        ("regalloc2", &["x64"]),
        ("gimli", &["object"]),
        ("goblin", &["object", "report"]),
    ];
    let mut findings = Vec::new();
    let modules = files("translator/src", &[".rs"]);
    for path in modules.into_iter().filter(|path| !is_test_module(path)) {
        let place = shown(&path);
        for (name, folders) in owners {
            let allowed = folders
                .iter()
                .any(|folder| place.starts_with(&format!("translator/src/{folder}")));
            if !allowed && text(&path).contains(&format!("{name}::")) {
                findings.push(format!("{place} uses {name}"));
            }
        }
    }
    assert_none("an outside crate is used outside its stage", &findings);
}

#[test]
fn rust_modules_say_what_they_do() {
    let findings: Vec<String> = files("", &[".rs"])
        .iter()
        .filter(|path| !text(path).starts_with("//!"))
        .map(|path| shown(path))
        .collect();
    assert_none("a module does not begin with a //! comment", &findings);
}

#[test]
fn files_fit_in_a_head() {
    let findings: Vec<String> = files("", &[".rs", ".st"])
        .iter()
        .filter_map(|path| {
            let lines = text(path).lines().count();
            (lines > 600).then(|| format!("{}: {lines} lines", shown(path)))
        })
        .collect();
    assert_none("a file has more than 600 lines", &findings);
}

/// The classes of our library.
fn library_classes() -> BTreeSet<String> {
    let class_of = |path: &std::path::PathBuf| {
        let name = path.file_name()?.to_str()?;
        name.strip_suffix(".class.st").map(str::to_owned)
    };
    let paths = files("vm-source-st/kernel", &[".class.st"]);
    let classes: BTreeSet<String> = paths.iter().filter_map(class_of).collect();
    assert!(classes.contains("Array"), "the class library is not there");
    classes
}

/// The sources of the image builder without their tests, each with its path.
fn image_builder() -> Vec<(std::path::PathBuf, String)> {
    let mut sources = Vec::new();
    for path in files("translator/src/image", &[".rs"]) {
        if !is_test_module(&path) {
            let text = text(&path);
            let source = text.split("#[cfg(test)]\nmod tests {").next();
            sources.push((path, source.unwrap_or("").to_owned()));
        }
    }
    sources
}

#[test]
fn the_image_builder_knows_no_class_by_its_name() {
    let classes = library_classes();
    let mut findings = Vec::new();
    for (path, source) in image_builder() {
        for (line, literal) in string_literals(&source) {
            let words = literal.split(|c: char| !c.is_alphanumeric());
            for word in words.filter(|word| classes.contains(*word)) {
                findings.push(format!("{}:{line}: {word}", shown(&path)));
            }
        }
    }
    assert_none("a class is named; the image description should", &findings);
}

/// The variants of an enumeration.
fn variants(source: &str, enumeration: &str) -> BTreeSet<String> {
    let (_, body) = source
        .split_once(&format!("pub enum {enumeration} {{"))
        .unwrap_or_else(|| panic!("there is no enumeration {enumeration}"));
    let lines = body.lines().take_while(|line| *line != "}");
    let words = lines.filter_map(|line| line.strip_prefix("    "));
    let words = words.map(|line| line.split(|c: char| !c.is_alphanumeric()).next());
    let words = words.flatten().filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[test]
fn names_in_the_image_builder_that_are_also_classes_mean_something_else() {
    /// Rust's own types, and what syntax trees, diagnostics and code of methods consist of.
    const OTHERS: [&str; 7] = [
        "String", "Duration", "Error", "Warning", "Boolean", "Float", "Process",
    ];
    let classes = library_classes();
    let description = text(&root().join("translator/src/image/description.rs"));
    let mut known: BTreeSet<String> = OTHERS.map(str::to_owned).into();
    for words in ["Role", "Value", "BootSource"] {
        known.extend(variants(&description, words));
    }
    for path in files("translator/src", &[".rs"]) {
        let names = names(&text(&path));
        let pairs = names.windows(2);
        let declared = pairs.filter(|pair| matches!(pair[0].1.as_str(), "struct" | "enum"));
        known.extend(declared.map(|pair| pair[1].1.clone()));
    }
    let mut findings = Vec::new();
    for (path, source) in image_builder() {
        for (line, name) in names(&source) {
            let is_class = classes.contains(&name) && !known.contains(&name);
            if is_class || name == "stringify" {
                findings.push(format!("{}:{line}: {name}", shown(&path)));
            }
        }
    }
    assert_none("a class is named; the image description should", &findings);
}

#[test]
fn each_role_is_used_and_described() {
    let description = text(&root().join("translator/src/image/description.rs"));
    let document = text(&root().join("translator/docs/image-builder.md"));
    let rows: Vec<&str> = document
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let sources: Vec<_> = image_builder()
        .into_iter()
        .map(|(_, source)| source)
        .collect();
    let mut findings = Vec::new();
    for role in variants(&description, "Role") {
        let is_used = |source: &String| {
            let name = format!("Role::{role}");
            let uses = source.match_indices(&name);
            let mut rest = uses.map(|(at, used)| &source[at + used.len()..]);
            rest.any(|rest| !rest.starts_with(char::is_alphanumeric))
        };
        if !sources.iter().any(is_used) {
            findings.push(format!("{role} is not used"));
        }
        if !rows.iter().any(|row| row.contains(&format!("`{role}`"))) {
            findings.push(format!("{role} is not in the table of image-builder.md"));
        }
    }
    assert_none("a role has no meaning", &findings);
}

#[test]
fn no_unfinished_business_is_left_in_the_source() {
    let words = [
        format!("{}DO:", "TO"),
        format!("{}ME", "FIX"),
        format!("{}!(", "todo"),
        format!("{}!(", "unimplemented"),
    ];
    let mut findings = Vec::new();
    for path in files("", &[".rs", ".st", ".md"]) {
        if path.ends_with("tests/tests/tidy.rs") {
            continue;
        }
        for (number, line) in text(&path).lines().enumerate() {
            if words.iter().any(|word| line.contains(word.as_str())) {
                findings.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert_none("unfinished business", &findings);
}

#[test]
fn links_in_documents_resolve() {
    let mut findings = Vec::new();
    for path in files("", &[".md"]) {
        let content = text(&path);
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        for (at, _) in content.match_indices("](") {
            let target: String = content[at + 2..]
                .chars()
                .take_while(|c| *c != ')')
                .collect();
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            if !folder.join(file).exists() {
                findings.push(format!("{}: {target}", shown(&path)));
            }
        }
    }
    assert_none("a link leads nowhere", &findings);
}

/// Names of the fields in a class definition and in the comment's list.
fn fields_defined_and_described(source: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let name_of = |line: &str| {
        line.trim()
            .trim_start_matches(['\'', '#'])
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .trim_end_matches(['\'', ','])
            .to_owned()
    };
    let definition = source
        .split("#instVars : [")
        .nth(1)
        .and_then(|rest| rest.split("\n\t]").next())
        .unwrap_or_default();
    let defined = definition
        .lines()
        .filter(|line| line.trim().starts_with('\''))
        .map(name_of)
        .collect();
    let comment = source.split("\nClass {").next().unwrap_or_default();
    let described = comment
        .split("Instance variables\n")
        .nth(1)
        .unwrap_or_default()
        .lines()
        .take_while(|line| line.starts_with('\t') || line.is_empty())
        .filter(|line| line.starts_with('\t') && line.contains('<') && !line.starts_with("\t\t"))
        .map(name_of)
        .collect();
    (defined, described)
}

#[test]
fn class_comments_list_the_fields_that_the_class_has() {
    let mut findings = Vec::new();
    for path in files("vm-source-st", &[".class.st"]) {
        let source = text(&path);
        if !source.starts_with("\"\n") {
            findings.push(format!("{}: no class comment", shown(&path)));
            continue;
        }
        let (defined, described) = fields_defined_and_described(&source);
        if defined != described {
            let missing: Vec<_> = defined.difference(&described).cloned().collect();
            let extra: Vec<_> = described.difference(&defined).cloned().collect();
            findings.push(format!(
                "{}: not described {missing:?}, not defined {extra:?}",
                shown(&path)
            ));
        }
    }
    assert_none("a class comment and its definition disagree", &findings);
}

#[test]
fn nothing_names_a_machine_path() {
    let folders = ["/wo", "/fa", "/ro"]
        .iter()
        .zip(["rk/", "rm/", "ot/"])
        .map(|(a, b)| format!("{a}{b}"))
        .collect::<Vec<_>>();
    let mut findings = Vec::new();
    for path in files("", &[".rs", ".st", ".md", ".ron", ".toml", ".c"]) {
        for (number, line) in text(&path).lines().enumerate() {
            let hit = folders.iter().any(|folder| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-]})".contains(c))
                })
            });
            if hit {
                findings.push(format!("{}:{}: {}", shown(&path), number + 1, line.trim()));
            }
        }
    }
    assert_none("a file names a path of one machine", &findings);
}

#[test]
fn the_layer_table_knows_every_stage_folder() {
    let known: BTreeSet<&str> = LAYERS
        .iter()
        .map(|(name, _)| *name)
        // Commands call the stages through the pipeline and may use all of them.
        .chain(["command"])
        .collect();
    let source = root().join("translator/src");
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(source)
        .expect("the translator has sources")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !known.contains(name.as_str()) {
            findings.push(name);
        }
    }
    assert_none("a stage folder is missing in the layer table", &findings);
}
