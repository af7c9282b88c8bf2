//! Whole source trees: what `OURO_SOURCES` names is read and compiled with every kind of code, and each method verified.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::VARIANTS;
use super::support::Variant;
use crate::base::{
    Diagnostic, Diagnostics, EntityRef, FileId, Interner, Severity, SourceMap, Symbol,
    render::{Color, render_all},
};
use crate::image::chunk::{ChunkForms, read_chunks};
use crate::image::compile::{BindingId, Reference, Scope, Target, compile, verify::verify};
use crate::tonel::{ClassDefinition, DefinitionKind, read_class};

/// The definitions of a tree, their symbols those of one interner.
struct Tree {
    sources: SourceMap,
    interner: Interner,
    classes: Vec<ClassDefinition>,
    diagnostics: Diagnostics,
}

/// For each class name its superclass and own instance variables.
type Shapes = FxHashMap<Symbol, (Option<Symbol>, Vec<Symbol>)>;

/// Knows the instance variables of a class and its superclasses; names with a capital are variables elsewhere.
struct TreeScope<'a> {
    interner: &'a Interner,
    fields: Vec<Symbol>,
    class_side: FxHashSet<Symbol>,
}

impl Scope for TreeScope<'_> {
    fn lookup(&self, name: Symbol) -> Option<Reference> {
        if let Some(index) = self.fields.iter().position(|&field| field == name) {
            return Some(Reference::InstanceVariable(u32::try_from(index).unwrap()));
        }
        let is_known = self.interner.text(name).starts_with(char::is_uppercase)
            || self.class_side.contains(&name);
        is_known.then(|| Reference::Binding {
            binding: BindingId::new(name.index()),
            writable: true,
        })
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "st"))
        .filter(|path| !path.ends_with("package.st") && !path.ends_with("properties.st"))
        .collect();
    files.sort();
    files
}

/// A file that was read, with an interner of its own.
struct ReadFile {
    path: PathBuf,
    text: String,
    definitions: Vec<ClassDefinition>,
    interner: Interner,
    diagnostics: Diagnostics,
}

/// Reads a Tonel or chunk file. Files in other encodings are passed over.
fn read_file(path: PathBuf, id: FileId) -> ReadFile {
    let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap_or_default();
    let header = text.trim_start_matches('\u{FEFF}').trim_start();
    let is_tonel = header.starts_with(['"', 'C', 'T', 'E']) && text.contains("#name");
    let (mut interner, mut diagnostics) = (Interner::new(), Diagnostics::new());
    let (text, definitions) = if is_tonel {
        let class = read_class(&text, id, &mut interner, &mut diagnostics);
        (text, class.into_iter().collect())
    } else {
        let forms = ChunkForms::default();
        let file = read_chunks(&text, id, &forms, &mut interner, &mut diagnostics);
        (file.text, file.definitions)
    };
    ReadFile {
        path,
        text,
        definitions,
        interner,
        diagnostics,
    }
}

fn read(folder: &Path) -> Tree {
    let parts: Vec<_> = files(folder)
        .into_par_iter()
        .enumerate()
        .map(|(index, path)| read_file(path, FileId::new(index)))
        .collect();
    let mut tree = Tree {
        sources: SourceMap::new(),
        interner: Interner::new(),
        classes: Vec::new(),
        diagnostics: Diagnostics::new(),
    };
    for part in parts {
        tree.sources.add(part.path.display().to_string(), part.text);
        let renaming = tree.interner.absorb(&part.interner);
        tree.diagnostics.append(part.diagnostics);
        tree.classes
            .extend(part.definitions.into_iter().map(|mut definition| {
                definition.rename(&renaming);
                definition
            }));
    }
    tree
}

fn shapes(classes: &[ClassDefinition]) -> Shapes {
    let defined = classes
        .iter()
        .filter(|class| class.kind != DefinitionKind::Extension);
    defined
        .map(|class| {
            let own = class.inst_vars.iter().map(|slot| slot.name.name).collect();
            let superclass = class.superclass.map(|name| name.name);
            (class.name.name, (superclass, own))
        })
        .collect()
}

fn fields_of(class: Symbol, shapes: &Shapes) -> Vec<Symbol> {
    let mut chain = Vec::new();
    let mut next = shapes.get(&class);
    while let Some((superclass, own)) = next.filter(|_| chain.len() < 100) {
        chain.push(own);
        next = superclass.and_then(|superclass| shapes.get(&superclass));
    }
    chain.into_iter().rev().flatten().copied().collect()
}

#[derive(Default, Debug)]
struct Counts {
    methods: usize,
    compiled: usize,
    bytes: usize,
    undeclared: usize,
    /// What the verifier refuses.
    wrong: Vec<String>,
    errors: Vec<Diagnostic>,
}

impl Counts {
    fn with(mut self, other: Counts) -> Counts {
        self.methods += other.methods;
        self.compiled += other.compiled;
        self.bytes += other.bytes;
        self.undeclared += other.undeclared;
        self.wrong.extend(other.wrong);
        self.errors.extend(other.errors);
        self
    }
}

fn compile_class(
    class: &ClassDefinition,
    interner: &Interner,
    shapes: &Shapes,
    target: &Target,
) -> Counts {
    let mut counts = Counts::default();
    let class_side = class
        .class_inst_vars
        .iter()
        .map(|slot| slot.name.name)
        .collect();
    let scope = TreeScope {
        interner,
        fields: fields_of(class.name.name, shapes),
        class_side,
    };
    for chunk in &class.methods {
        let mut diagnostics = Diagnostics::new();
        let code = compile(&chunk.method, &scope, target, interner, &mut diagnostics);
        counts.methods += 1;
        counts.undeclared += diagnostics.count(Severity::Warning);
        let errors = diagnostics.into_iter();
        counts
            .errors
            .extend(errors.filter(|it| it.severity == Severity::Error));
        if let Some(code) = code {
            counts.compiled += 1;
            counts.bytes += code.bytecodes.len();
            if let Err(fault) = verify(&code) {
                let names = [class.name.name, chunk.selector].map(|name| interner.text(name));
                counts.wrong.push(format!("{}: {fault}", names.join(">>")));
            }
        }
    }
    counts
}

/// Compiles every method of the tree; answers what the verifier refuses.
fn compile_tree(tree: &Tree, shapes: &Shapes, variant: Variant) -> Vec<String> {
    let mut interner = tree.interner.clone();
    let target = Target::new(variant.options(), &mut interner);
    let start = Instant::now();
    let counts = tree
        .classes
        .par_iter()
        .map(|class| compile_class(class, &interner, shapes, &target))
        .reduce(Counts::default, Counts::with);
    println!(
        "{}: {} of {} methods, {} bytes, {} undeclared, compiled and verified in {:?}",
        variant.name,
        counts.compiled,
        counts.methods,
        counts.bytes,
        counts.undeclared,
        start.elapsed()
    );
    let errors: Diagnostics = counts.errors.into_iter().collect();
    println!("{}", render_all(&errors, &tree.sources, Color::Plain));
    counts.wrong
}

#[test]
fn every_method_of_the_named_source_trees_compiles() {
    let Some(folders) = std::env::var_os("OURO_SOURCES") else {
        println!("skipped: OURO_SOURCES names no folders with sources");
        return;
    };
    let mut wrong = Vec::new();
    for folder in std::env::split_paths(&folders) {
        let start = Instant::now();
        let tree = read(&folder);
        println!(
            "{}: {} definitions, {} errors, {} warnings, read in {:?}",
            folder.display(),
            tree.classes.len(),
            tree.diagnostics.count(Severity::Error),
            tree.diagnostics.count(Severity::Warning),
            start.elapsed()
        );
        println!(
            "{}",
            render_all(&tree.diagnostics, &tree.sources, Color::Plain)
        );
        let shapes = shapes(&tree.classes);
        for variant in VARIANTS {
            wrong.extend(compile_tree(&tree, &shapes, variant));
        }
    }
    assert!(
        wrong.is_empty(),
        "refused by the verifier:\n{}",
        wrong.join("\n")
    );
}
