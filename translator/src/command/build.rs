//! `ouroc build`: the executable of a program, and one screen of figures.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::cache::{Cache, Loading};
use super::replace::{Use, is_same_place, replace_file};
use super::screen::{Figures, screen};
use super::{Output, Status, Warnings, show, translator_fault};
use crate::base::{Memo, Severity};
use crate::hazard::Calls;
use crate::hazard::stack::deepest;
use crate::ir::{FuncId, Module};
use crate::lower;
use crate::opt;
use crate::options::Build;
use crate::pipeline::{Analyzed, Lowered, Session};
use crate::project::{Tests, read_regular};
use crate::report;
use crate::x64::CodeModule;

pub(super) fn run(options: &Build, output: &mut Output) -> Result<Status> {
    let image = options.image.as_deref().map(read_image).transpose()?;
    let mut session = Session::default();
    let (stages, cache) = translate(options, &mut session);
    session.diagnostics.sort();
    let status = show(
        &session.diagnostics,
        &session.sources,
        Warnings::Few,
        output,
    )?;
    let stages = match stages {
        Ok(Some(stages)) => stages,
        Ok(None) => return Ok(Status::Refused),
        Err(fault) => return translator_fault(&fault, output),
    };
    if let Some(folder) = &options.dump_ir {
        dump(&stages.lowered, folder)?;
    }
    let path = executable_path(options, &stages.analyzed.facts.name);
    let image = image.unwrap_or_default();
    let built = match link(&stages, &mut session, cache.as_ref(), options, image) {
        Ok(built) => built,
        Err(fault) => return translator_fault(&fault, output),
    };
    // The process ends soon: what the stages have made need not be given back piece by piece.
    std::mem::forget(stages);
    if let Some((place, [one, other])) = clash(options, &path) {
        let place = place.display();
        let both = format!("{place} cannot be both the {one} and the {other}");
        writeln!(output.err, "ouroc: {both}")?;
        return Ok(Status::Usage);
    }
    replace_file(&path, &built.bytes, Use::Program)?;
    if let (Some(path), Some(manifest)) = (&options.manifest, &built.manifest) {
        named(std::fs::write(path, manifest), path)?;
    }
    let figures = Figures {
        from_cache: session.memo.as_ref().map(Memo::found),
        executable: path.display().to_string(),
        ..built.figures
    };
    write!(output.out, "{}", screen(&figures, &session.stages))?;
    std::mem::forget(session);
    Ok(status)
}

/// What the stages before the code have made.
struct Stages {
    analyzed: Analyzed,
    lowered: Lowered,
    optimized: Module,
}

/// Runs the stages before the code; none are answered if there are errors. The cache, if there is one, is read beside them.
fn translate(
    options: &Build,
    session: &mut Session,
) -> (std::result::Result<Option<Stages>, String>, Option<Cache>) {
    let Some(project) = session.read(&options.description, Tests::LeftOut) else {
        return (Ok(None), None);
    };
    let loading = start_loading(options, &project.description.name);
    let Some(analyzed) = session.analyze_project(project, Tests::LeftOut) else {
        return (Ok(None), None);
    };
    let wanted = lower::Options {
        checked: options.checked,
        variables: options.variables,
    };
    let lowered = session.lower_unchecked(&analyzed.program, wanted);
    let cache = loading.and_then(Loading::finish).map(|(cache, memo)| {
        session.memo = Some(memo);
        cache
    });
    let optimized = session.check_and_optimize(&analyzed.program, &lowered);
    let stages = optimized.map(|optimized| {
        optimized.map(|optimized| Stages {
            analyzed,
            lowered,
            optimized,
        })
    });
    (stages, cache)
}

/// How the executable differs from an ordinary one, for the name of its cache.
fn variant(options: &Build) -> &'static str {
    match (options.checked, options.variables) {
        (false, false) => "",
        (true, false) => ".checked",
        (false, true) => ".variables",
        (true, true) => ".checked.variables",
    }
}

/// Begins to read what earlier builds have left, if it is wanted and there is a place for it.
fn start_loading(options: &Build, name: &str) -> Option<Loading> {
    if options.no_cache {
        return None;
    }
    let path = executable_path(options, name);
    let is_own = is_same_place(&path, &own_output(options, name));
    Loading::start(&path, is_own, variant(options))
}

/// A place that is written to and is something else, too; and what it is.
fn clash<'a>(options: &'a Build, executable: &'a Path) -> Option<(&'a Path, [&'static str; 2])> {
    let files = [
        ("executable", Some(executable)),
        ("manifest", options.manifest.as_deref()),
        ("description", Some(options.description.as_path())),
        ("image", options.image.as_deref()),
    ];
    // The first two are written.
    let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)];
    pairs.into_iter().find_map(|(one, other)| {
        let ((one, place), (other, same)) = (files[one], files[other]);
        is_same_place(place?, same?).then_some((place?, [one, other]))
    })
}

/// The image that is to be built in.
fn read_image(path: &Path) -> Result<Vec<u8>> {
    named(read_regular(path), path)
}

/// A result whose error names the file.
fn named<T>(result: Result<T>, path: &Path) -> Result<T> {
    result.map_err(|error| Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Writes the module before and after optimisation. A copy is optimised, so that the build goes on undisturbed.
fn dump(lowered: &Lowered, folder: &Path) -> Result<()> {
    let write = |name: &str, module: &Module| {
        let path = folder.join(name);
        named(std::fs::write(&path, module.text()), &path)
    };
    named(std::fs::create_dir_all(folder), folder)?;
    write("before.ir", &lowered.module)?;
    let mut module = lowered.module.clone();
    // A broken rule is reported by the build itself; the text shows how far the passes came.
    let _ = opt::optimize(&mut module, opt::Options::default());
    write("after.ir", &module)
}

/// An executable and what the screen tells of it.
struct Built {
    bytes: Vec<u8>,
    /// Size and hash of each function, if they were asked for.
    manifest: Option<String>,
    figures: Figures,
}

fn link(
    stages: &Stages,
    session: &mut Session,
    cache: Option<&Cache>,
    options: &Build,
    image: Vec<u8>,
) -> std::result::Result<Built, String> {
    let Stages {
        analyzed,
        lowered,
        optimized,
    } = stages;
    let code = session.compile(optimized)?;
    let memo = session.memo.take();
    // Nothing is asked of the memo any more.
    let executable = std::thread::scope(|scope| {
        if let (Some(cache), Some(memo)) = (cache, &memo) {
            scope.spawn(|| cache.save(memo));
        }
        session.link(&code, &analyzed.facts, image)
    })?;
    session.memo = memo;
    let manifest = options
        .manifest
        .is_some()
        .then(|| session.stage("manifest", |_| report::manifest(&report::entries(&code))));
    let mut figures = figures(analyzed, &code, session);
    figures.file_size = executable.bytes.len();
    figures.deepest_stack = Some(deepest_stack(lowered, &code));
    // As in the caller.
    std::mem::forget(code);
    Ok(Built {
        bytes: executable.bytes,
        manifest,
        figures,
    })
}

/// Bytes of the deepest native stack, and the methods that lead there.
///
/// The calls are those before optimisation; frames are known by name, and what was split off from a function takes the place of its
/// frame.
fn deepest_stack(lowered: &Lowered, code: &CodeModule<'_>) -> (u64, Vec<String>) {
    let mut frames: FxHashMap<&str, u64> = FxHashMap::default();
    for (function, compiled) in code.module.functions.values().zip(&code.functions) {
        let whole = function.name.split(" (").next().unwrap_or_default();
        let frame = frames.entry(whole).or_default();
        *frame = (*frame).max(compiled.stack.into());
    }
    let name = |id: FuncId| lowered.module.functions[id].name.as_str();
    let frame = |id| frames.get(name(id)).copied().unwrap_or(0);
    let Calls { graph, declared } = &lowered.calls;
    let deepest = deepest(graph, declared, frame);
    // What was inlined everywhere has no frame and is no step of the way.
    let with_frame = deepest.chain.into_iter().filter(|&id| frame(id) > 0);
    (
        deepest.bytes,
        with_frame.map(|id| name(id).to_owned()).collect(),
    )
}

fn figures(analyzed: &Analyzed, code: &CodeModule<'_>, session: &Session) -> Figures {
    let (facts, counts) = (&analyzed.facts, analyzed.program.counts);
    Figures {
        packages: facts.packages,
        classes: facts.classes,
        methods: facts.methods,
        functions: code
            .functions
            .iter()
            .filter(|function| !function.code.is_empty())
            .count(),
        code_lines: facts.code_lines,
        code_size: code.code_size(),
        warnings: session.diagnostics.count(Severity::Warning),
        raw_conversions: counts.raw_conversions,
        raw_operations: counts.raw_operations,
        hazard_exemptions: counts.hazard_exemptions,
        inline_overrides: counts.inline_overrides,
        ..Figures::default()
    }
}

/// The executable that is wanted, else the description's own.
fn executable_path(options: &Build, name: &str) -> PathBuf {
    let wanted = options.output.clone();
    wanted.unwrap_or_else(|| own_output(options, name))
}

/// `generated/NAME` in the folder that holds the description's folder.
fn own_output(options: &Build, name: &str) -> PathBuf {
    let folder = options
        .description
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""));
    folder.join("generated").join(name)
}
