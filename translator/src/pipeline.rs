//! The stages in order. Nothing but calls: what a stage does stands in its own module.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::base::{Diagnostics, Interner, SourceMap};
use crate::infer;
use crate::project::{self, Project, Tests};
use crate::resolve;
use crate::typed::Program;

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
}

/// How long a stage took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StageTime {
    /// The stage's name, one word.
    pub name: &'static str,
    /// Elapsed time.
    pub time: Duration,
}

impl Session {
    /// Runs one stage and notes its time.
    pub fn stage<T>(&mut self, name: &'static str, run: impl FnOnce(&mut Self) -> T) -> T {
        let start = Instant::now();
        let result = run(self);
        let time = start.elapsed();
        self.stages.push(StageTime { name, time });
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

    /// All stages that find faults of the program.
    pub fn check(&mut self, path: &Path) -> Option<Project> {
        let mut project = self.read(path, Tests::Included)?;
        self.program(&mut project);
        Some(project)
    }

    /// Resolves and infers a program that was read. Its definitions move into the class model.
    pub fn program(&mut self, project: &mut Project) -> Program {
        let world = self.stage("resolve", |session| {
            let input = resolution_input(project, &session.sources);
            resolve::resolve(input, &mut session.interner, &mut session.diagnostics)
        });
        let tests = !project.description.tests.is_empty();
        self.stage("infer", |session| {
            let options = infer::Options { tests };
            infer::infer(&world, &session.interner, options, &mut session.diagnostics)
        })
    }
}

/// What resolution wants of a project.
fn resolution_input(project: &mut Project, sources: &SourceMap) -> resolve::Input {
    let place = |name: &str| project.place_of(name, sources);
    let description = &project.description;
    let components = description
        .components
        .iter()
        .map(|(named, concrete)| (named.clone(), concrete.clone(), place(named)))
        .collect();
    let entry = (description.entry.clone(), place(&description.entry));
    let packages = project
        .packages
        .iter_mut()
        .map(|package| resolve::Package {
            name: package.name.clone(),
            raw: package.raw,
            tests: package.tests,
            definitions: std::mem::take(&mut package.definitions),
        })
        .collect();
    resolve::Input {
        packages,
        components,
        entry: Some(entry),
    }
}
