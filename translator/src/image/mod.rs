//! Smalltalk sources to a Spur image.
//!
//! In: an image description, which names the sources. Out: the bytes of an image file. `docs/image-builder.md` says what is in it.
//! The steps in order: [`sources`] reads files, [`model`] makes classes of them, [`traits`] flattens traits, [`shape`] finds the form of instances and gives out class
//! indices, [`names`] numbers bindings, [`compile`] turns methods into bytecodes, [`world`], [`methods`] and [`values`] make objects, [`write`] makes bytes.
//! Holds: no class is known here by its name; the same sources give the same bytes.

pub mod boot;
pub mod chunk;
mod class_values;
pub mod compile;
pub mod description;
pub mod heap;
mod listing;
pub mod methods;
pub mod model;
pub mod names;
pub mod shape;
mod shared_values;
pub mod source_file;
pub mod sources;
pub mod traits;
pub mod values;
pub mod world;
pub mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::boot::BootMethod;
use self::compile::{Scope, Target};
use self::description::ImageDescription;
use self::model::{Model, Side};
use self::names::Names;
use self::shape::Shapes;
use self::source_file::SourceWriter;
use self::sources::{Reading, Source};
use self::values::Place;
use self::world::{Foundation, World};
use crate::base::{Diagnostic, Diagnostics, FileId, Interner, SourceMap, Symbol};
use crate::project::{read_regular, readable_hint};

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The description.
    pub path: &'a Path,
    /// Folders of sources that replace those of the description.
    pub defines: &'a BTreeMap<String, PathBuf>,
    /// Folders of Tonel packages that follow the sources of the description.
    pub added: &'a [PathBuf],
    /// Replaces the description's start expression.
    pub start: Option<&'a str>,
    /// `Class>>selector` or `Class class>>selector` of a method whose bytecodes are wanted.
    pub list: Option<&'a str>,
}

/// What all steps share.
#[derive(Default)]
pub struct Shared {
    /// The files read.
    pub sources: SourceMap,
    /// The symbols met.
    pub interner: Interner,
    /// What is to be told.
    pub diagnostics: Diagnostics,
    /// Steps and how long they took.
    pub stages: Vec<(&'static str, Duration)>,
}

/// An image.
#[derive(Debug)]
pub struct Built {
    /// The file.
    pub bytes: Vec<u8>,
    /// Classes, without metaclasses.
    pub classes: usize,
    /// Methods of the sources.
    pub methods: usize,
    /// Objects.
    pub objects: usize,
    /// Symbols.
    pub symbols: usize,
    /// Names that nobody declares.
    pub undeclared: usize,
    /// The listing that was asked for.
    pub listing: Option<String>,
    /// The file with the sources of the methods: its name, and what is in it.
    pub source_file: Option<(String, String)>,
}

/// A description with its text.
struct Described {
    description: ImageDescription,
    text: String,
    file: FileId,
}

impl Shared {
    fn stage<T>(&mut self, name: &'static str, run: impl FnOnce(&mut Self) -> T) -> T {
        let start = Instant::now();
        let result = run(self);
        self.stages.push((name, start.elapsed()));
        result
    }
}

/// Builds an image; none after errors, which are in `shared`.
pub fn build(request: &Request, shared: &mut Shared) -> Option<Built> {
    let mut described = read_description(request.path, shared)?;
    take_folders(request, &mut described.description, &mut shared.diagnostics);
    let folder = request.path.parent().unwrap_or(Path::new(""));
    let reading = Reading {
        description: &described.description,
        text: &described.text,
        file: described.file,
        folder,
        defines: request.defines,
    };
    let sources = shared.stage("parse", |shared| {
        let Shared {
            sources,
            interner,
            diagnostics,
            ..
        } = shared;
        sources::load(&reading, sources, interner, diagnostics)
    });
    let start = match request.start {
        Some(start) => ("--start", start),
        None => ("the start expression", described.description.start.as_str()),
    };
    let boot = boot::read(
        &reading,
        start,
        &mut shared.sources,
        &mut shared.interner,
        &mut shared.diagnostics,
    );
    if shared.diagnostics.has_errors() {
        return None;
    }
    let (model, shapes, names, target) =
        shared.stage("classes", |shared| classes(sources, &reading, shared));
    let boot = boot.filter(|_| !shared.diagnostics.has_errors())?;
    let boot_side = boot::side(&described.description, &model, &shapes, &shared.interner);
    let foundation = Foundation {
        reading: &reading,
        model: &model,
        shapes: &shapes,
        names: &names,
        target: &target,
    };
    assemble(&foundation, &boot, boot_side, request.list, shared)
}

/// The classes with their traits, the forms of their instances, and what names mean.
fn classes(
    sources: Vec<Source>,
    reading: &Reading,
    shared: &mut Shared,
) -> (Model, Shapes, Names, Target) {
    let Shared {
        interner,
        diagnostics,
        ..
    } = shared;
    let mut model = model::build(sources, interner, diagnostics);
    traits::flatten(
        &mut model,
        &reading.description.traits,
        interner,
        diagnostics,
    );
    names::check_variables(&model, interner, diagnostics);
    names::check_pools(&model, interner, diagnostics);
    let shapes = shape::shapes(&model, reading, interner, diagnostics);
    let globals = reading.description.globals.keys();
    let globals: Vec<Symbol> = globals.map(|name| interner.intern(name)).collect();
    let names = Names::new(&model, &globals, interner, diagnostics);
    let target = Target::new(reading.description.target.clone(), interner);
    (model, shapes, names, target)
}

/// Adds the folders of the command line; reports those that are not there, and those of which the description knows nothing.
fn take_folders(
    request: &Request,
    description: &mut ImageDescription,
    diagnostics: &mut Diagnostics,
) {
    let known = description.folder_names();
    for name in request.defines.keys() {
        if !known.contains(name.as_str()) {
            let message = format!("the description has no folder {name} that --define could set");
            let names: Vec<_> = known.iter().copied().collect();
            let hint = format!("its folders are called: {}", names.join(", "));
            diagnostics.push(Diagnostic::error("I002", message).hint(hint));
        }
    }
    for path in request.added {
        if path.is_dir() {
            description.add_packages_of(path);
            continue;
        }
        let message = format!("{} is no folder that --add could read", path.display());
        let hint = "the path is relative to the current folder: correct it";
        diagnostics.push(Diagnostic::error("I002", message).hint(hint));
    }
}

/// Compiles everything and makes the file.
fn assemble(
    foundation: &Foundation,
    boot: &BootMethod,
    boot_side: Option<Side>,
    list: Option<&str>,
    shared: &mut Shared,
) -> Option<Built> {
    let Shared {
        sources,
        interner,
        diagnostics,
        stages,
    } = shared;
    let mut clock = Instant::now();
    let mut stage = |name| {
        stages.push((name, clock.elapsed()));
        clock = Instant::now();
    };
    let mut world = World::new(foundation, interner, diagnostics);
    let description = foundation.reading.description;
    let returns = description.target.carriage_returns;
    let source_file = description.method.source_file.as_ref();
    world.source_writer = source_file.map(|file| SourceWriter::new(file, sources, returns));
    let compiled = world.compile_methods();
    let boot_code = compile_boot(&mut world, boot, boot_side);
    let listing = list.and_then(|name| listing::list(name, &mut world, &compiled));
    stage("compile");
    world.add_methods(&compiled);
    world.fill_classes();
    if let Some(code) = boot_code {
        let place = Place::default();
        let receiver = world.value(&description.boot.receiver, place);
        let arguments = description.boot.arguments.iter();
        let arguments: Vec<_> = arguments.map(|value| world.value(value, place)).collect();
        world.fill_boot_context(&code, boot_side, receiver, &arguments);
    }
    world.fill_special_objects();
    world.finish_deferred();
    stage("objects");
    if world.diagnostics.has_errors() {
        return None;
    }
    let header = write::Header {
        format: description.format,
        flags: description.flags,
        special_objects: world.special_objects,
    };
    let texts = world.source_writer.take().map(|writer| writer.text);
    let bytes = write::write(&world.heap, &header);
    stage("write");
    Some(Built {
        bytes,
        classes: foundation.model.classes.len(),
        methods: foundation.model.method_count(),
        objects: world.heap.objects.len(),
        symbols: world.symbol_order.len(),
        undeclared: world.undeclared.len(),
        listing,
        source_file: source_file.map(|file| file.name.clone()).zip(texts),
    })
}

fn compile_boot(
    world: &mut World,
    boot: &BootMethod,
    side: Option<Side>,
) -> Option<compile::CompiledCode> {
    let scope = match side {
        Some(side) => world.names.scope(side, world.model, world.shapes),
        None => world.names.global_scope(),
    };
    let scope: &dyn Scope = &scope;
    let mut found = Diagnostics::new();
    let (target, interner) = (world.target, &*world.interner);
    let code = compile::compile(&boot.method, scope, target, interner, &mut found);
    boot.tell(found, world.diagnostics);
    code
}

fn read_description(path: &Path, shared: &mut Shared) -> Option<Described> {
    let bytes = match read_regular(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            let error = Diagnostic::error("B001", message).hint(readable_hint(&error));
            shared.diagnostics.push(error);
            return None;
        }
    };
    // What is not UTF-8 is no RON either, and reported as such.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let file = shared.sources.add(path.to_string_lossy(), text.as_str());
    let description = description::parse_description(&text, file, &mut shared.diagnostics)?;
    Some(Described {
        description,
        text,
        file,
    })
}
