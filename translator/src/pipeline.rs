//! The stages in order. Nothing but calls: what a stage does stands in its own module.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::base::deep_stack::on_deep_stack_beside;
use crate::base::{Diagnostics, FileId, Interner, Memo, SourceMap, Span};
use crate::hazard::{self, Calls};
use crate::infer;
use crate::ir::Module;
use crate::lower::{self, Places};
use crate::object::{self, Executable, LinkOptions};
use crate::opt;
use crate::project::{self, Project, Tests};
use crate::resolve;
use crate::tonel::{ClassDefinition, DefinitionKind, MethodChunk};
use crate::typed::{MethodKind, Program};
use crate::x64::{self, CodeModule};

/// What all stages of a run share.
#[derive(Default)]
pub struct Session {
    /// The files read so far.
    pub sources: SourceMap,
    /// The names met so far.
    pub interner: Interner,
    /// What is to be told to the user.
    pub diagnostics: Diagnostics,
    /// The stages that have run, in order.
    pub stages: Vec<StageTime>,
    /// What became of functions in earlier runs, if that is to be taken over.
    pub memo: Option<Memo>,
}

/// When a stage ran. Some run beside each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StageTime {
    /// The stage's name, one word.
    pub name: &'static str,
    /// When it began.
    pub begin: Instant,
    /// Elapsed time.
    pub time: Duration,
}

/// What is known of the source as a whole.
#[derive(Clone, Default, Debug)]
pub struct SourceFacts {
    /// The name of the program.
    pub name: String,
    /// Its packages.
    pub packages: usize,
    /// Classes that they define.
    pub classes: usize,
    /// Methods of both sides.
    pub methods: usize,
    /// Lines without blanks and comments.
    pub code_lines: usize,
    /// The file of each class, relative to the folder of the build description.
    pub files: BTreeMap<String, String>,
    /// The file of each method that stands in an extension, by `Class>>selector` or `Class class>>selector`.
    pub extension_files: BTreeMap<String, String>,
    /// The file in which each method stands, by `Class>>selector` or `Class class>>selector`.
    pub method_files: BTreeMap<String, FileId>,
}

/// A program whose types are known.
pub struct Analyzed {
    /// The source in numbers.
    pub facts: SourceFacts,
    /// The program.
    pub program: Program,
}

/// A program in IR.
pub struct Lowered {
    /// The IR, not optimised.
    pub module: Module,
    /// Where its instructions come from.
    pub places: Places,
    /// What the hazard check knows of calls.
    pub calls: Calls,
}

impl StageTime {
    /// Runs a stage.
    fn of<T>(name: &'static str, run: impl FnOnce() -> T) -> (T, Self) {
        let begin = Instant::now();
        let result = run();
        let time = begin.elapsed();
        (result, Self { name, begin, time })
    }
}

impl Session {
    /// Runs one stage and notes its time.
    pub fn stage<T>(&mut self, name: &'static str, run: impl FnOnce(&mut Self) -> T) -> T {
        let (result, time) = StageTime::of(name, || run(self));
        self.stages.push(time);
        result
    }

    /// Reads and parses the program that the build description at `path` names.
    pub fn read(&mut self, path: &Path, tests: Tests) -> Option<Project> {
        self.stage("parse", |session| {
            project::load(
                path,
                tests,
                &mut session.sources,
                &mut session.interner,
                &mut session.diagnostics,
            )
        })
    }

    /// Parses, resolves and infers. None if there are errors; all are reported that do not follow from each other.
    pub fn analyze(&mut self, path: &Path, tests: Tests) -> Option<Analyzed> {
        let project = self.read(path, tests)?;
        self.analyze_project(project, tests)
    }

    /// Resolves and infers what was [`read`](Self::read). None if there are errors.
    pub fn analyze_project(&mut self, project: Project, tests: Tests) -> Option<Analyzed> {
        if self.diagnostics.has_errors() {
            return None;
        }
        let facts = source_facts(&project, self);
        let input = resolve_input(project, self);
        let world = self.stage("resolve", |session| {
            resolve::resolve(input, &mut session.interner, &mut session.diagnostics)
        });
        let options = infer::Options {
            tests: tests == Tests::Included,
        };
        let program = self.stage("infer", |session| {
            infer::infer(&world, &session.interner, options, &mut session.diagnostics)
        });
        self.check_symbols(&program);
        (!self.diagnostics.has_errors()).then_some(Analyzed { facts, program })
    }

    /// Exports and imports, as the link will want them.
    fn check_symbols(&mut self, program: &Program) {
        let (mut exports, mut imports) = (Vec::new(), Vec::new());
        for method in program.methods.values() {
            match &method.kind {
                MethodKind::Export(symbol) => exports.push((symbol.as_str(), method.span)),
                MethodKind::Import(symbol) => imports.push((symbol.as_str(), method.span)),
                MethodKind::Normal | MethodKind::Handler => {}
            }
        }
        object::names::check(&exports, &imports, &mut self.diagnostics);
    }

    /// Resolves and infers a program in one text (see [`project::snippet`]), whose entry is `Example>>run` where there is one.
    pub fn analyze_snippet(&mut self, texts: &[(&str, &str)]) -> Program {
        let (interner, diagnostics) = (&mut self.interner, &mut self.diagnostics);
        let packages = project::snippet::read(texts, &mut self.sources, interner, diagnostics);
        let runs = packages
            .iter()
            .flat_map(|package| &package.definitions)
            .filter(|definition| interner.text(definition.name.name) == "Example")
            .flat_map(|definition| &definition.methods)
            .any(|method| interner.text(method.selector).starts_with("run"));
        let entry = runs.then(|| ("Example>>run".to_owned(), Span::none()));
        let input = resolve::Input {
            packages: packages.into_iter().map(resolve_package).collect(),
            components: Vec::new(),
            entry,
        };
        let world = resolve::resolve(input, interner, diagnostics);
        infer::infer(
            &world,
            interner,
            infer::Options { tests: true },
            diagnostics,
        )
    }

    /// Lowers to IR and runs the hazard check. None if there are errors.
    pub fn lower(&mut self, program: &Program, options: lower::Options) -> Option<Lowered> {
        let lowered = self.lower_unchecked(program, options);
        let found = self.stage("hazard", |_| find_hazards(program, &lowered));
        self.diagnostics.append(found);
        (!self.diagnostics.has_errors()).then_some(lowered)
    }

    /// Lowers to IR, and leaves the search for hazards to [`check_and_optimize`](Self::check_and_optimize).
    pub fn lower_unchecked(&mut self, program: &Program, options: lower::Options) -> Lowered {
        self.stage("lower", |session| {
            let lowered = lower::lower(program, &session.sources, options);
            session.diagnostics.append(lowered.diagnostics);
            let (mut module, places) = (lowered.module, lowered.places);
            let calls = hazard::follow(program, &mut module, &places);
            Lowered {
                module,
                places,
                calls,
            }
        })
    }

    /// Runs the hazard check, and optimises a copy of the module beside it. None if there are errors.
    ///
    /// # Errors
    /// A pass broke a rule of the IR, which is a bug of the translator.
    pub fn check_and_optimize(
        &mut self,
        program: &Program,
        lowered: &Lowered,
    ) -> Result<Option<Module>, String> {
        if self.diagnostics.has_errors() {
            let found = self.stage("hazard", |_| find_hazards(program, lowered));
            self.diagnostics.append(found);
            return Ok(None);
        }
        let memo = self.memo.as_ref();
        let ((found, hazard), (optimized, optimise)) = on_deep_stack_beside(
            || StageTime::of("hazard", || find_hazards(program, lowered)),
            || {
                StageTime::of("optimise", || {
                    let mut module = lowered.module.clone();
                    optimize(&mut module, memo).map(|()| module)
                })
            },
        );
        self.stages.extend([hazard, optimise]);
        self.diagnostics.append(found);
        if self.diagnostics.has_errors() {
            return Ok(None);
        }
        optimized.map(Some)
    }

    /// All stages that find faults of the program.
    pub fn check(&mut self, path: &Path) -> Option<Lowered> {
        let analyzed = self.analyze(path, Tests::Included)?;
        self.lower(&analyzed.program, lower::Options::default())
    }

    /// Optimises a module in IR.
    ///
    /// # Errors
    /// A pass broke a rule of the IR, which is a bug of the translator.
    pub fn optimize(&mut self, module: &mut Module) -> Result<(), String> {
        self.stage("optimise", |session| {
            optimize(module, session.memo.as_ref())
        })
    }

    /// Makes machine code of a module in IR.
    ///
    /// # Errors
    /// A pin wants a register that it cannot have.
    pub fn compile<'m>(&mut self, module: &'m Module) -> Result<CodeModule<'m>, String> {
        self.stage("code", |session| {
            x64::compile_with(module, session.memo.as_ref())
        })
    }

    /// Links machine code to an executable with `image` inside.
    ///
    /// # Errors
    /// A symbol is missing, or the file does not pass verification.
    pub fn link(
        &mut self,
        code: &CodeModule<'_>,
        facts: &SourceFacts,
        image: Vec<u8>,
    ) -> Result<Executable, String> {
        let options = LinkOptions {
            image,
            files: facts.files.clone(),
            extension_files: facts.extension_files.clone(),
            ..LinkOptions::default()
        };
        self.stage("link", |_| object::link(code, &options))
            .map_err(|error| error.to_string())
    }
}

fn find_hazards(program: &Program, lowered: &Lowered) -> Diagnostics {
    let Lowered {
        module,
        places,
        calls,
    } = lowered;
    hazard::check(program, module, places, calls)
}

fn optimize(module: &mut Module, memo: Option<&Memo>) -> Result<(), String> {
    let options = opt::Options {
        // Verification costs as much as the passes themselves: only when the translator itself is built for debugging.
        verify: cfg!(debug_assertions),
        memo,
    };
    opt::optimize(module, options).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        errors.join("\n")
    })
}

fn source_facts(project: &Project, session: &Session) -> SourceFacts {
    let definitions = || {
        project
            .packages
            .iter()
            .flat_map(|package| &package.definitions)
    };
    let classes = || definitions().filter(|definition| definition.kind == DefinitionKind::Class);
    let name =
        |definition: &ClassDefinition| session.interner.text(definition.name.name).to_owned();
    let method_name = |class: &str, chunk: &MethodChunk| {
        let side = if chunk.class_side { " class" } else { "" };
        format!("{class}{side}>>{}", session.interner.text(chunk.selector))
    };
    let methods_of = |definition: &ClassDefinition| {
        let (class, file) = (name(definition), definition.file);
        let named = definition
            .methods
            .iter()
            .map(|chunk| (method_name(&class, chunk), file));
        named.collect::<Vec<_>>()
    };
    let extensions =
        definitions().filter(|definition| definition.kind == DefinitionKind::Extension);
    let shown = |(method, file)| (method, session.sources.file(file).path.clone());
    SourceFacts {
        extension_files: extensions.flat_map(methods_of).map(shown).collect(),
        method_files: definitions().flat_map(methods_of).collect(),
        name: project.description.name.clone(),
        packages: project.packages.len(),
        classes: classes().count(),
        methods: definitions()
            .map(|definition| definition.methods.len())
            .sum(),
        code_lines: project.code_lines(),
        files: classes()
            .map(|class| (name(class), session.sources.file(class.file).path.clone()))
            .collect(),
    }
}

fn resolve_input(project: Project, session: &Session) -> resolve::Input {
    let place = |name: &str| project.place_of(name, &session.sources);
    let components = project.description.components.iter();
    let components = components
        .map(|(general, concrete)| (general.clone(), concrete.clone(), place(general)))
        .collect();
    let entry = project.description.entry.clone();
    let entry = Some((entry.clone(), place(&entry)));
    resolve::Input {
        packages: project.packages.into_iter().map(resolve_package).collect(),
        components,
        entry,
    }
}

fn resolve_package(package: project::Package) -> resolve::Package {
    resolve::Package {
        name: package.name,
        raw: package.raw,
        tests: package.tests,
        library: package.library,
        definitions: package.definitions,
    }
}
