//! `ouroc layout`: the state record, pins and structs of a program, and its deepest native stack, drawn.

use std::io::Result;

use super::{Output, Status, Warnings, show};
use crate::lower;
use crate::options::Layout;
use crate::pipeline::Session;
use crate::project::Tests;
use crate::report::drawing::{self, Row};
use crate::typed::{Class, ClassKind, Program, StructField, Type};

pub(super) fn run(options: &Layout, output: &mut Output) -> Result<Status> {
    let mut session = Session::default();
    let analyzed = session.analyze(&options.program.description, Tests::LeftOut);
    let lowered = analyzed
        .as_ref()
        .and_then(|analyzed| session.lower(&analyzed.program, lower::Options::default()));
    session.diagnostics.sort();
    let (Some(analyzed), Some(lowered)) = (analyzed, lowered) else {
        return show(
            &session.diagnostics,
            &session.sources,
            Warnings::None,
            output,
        );
    };
    let program = &analyzed.program;
    let structs = || {
        program
            .classes
            .values()
            .filter(|class| class.kind == ClassKind::Struct && !class.fields.is_empty())
    };
    if options.names.is_empty() {
        writeln!(output.out, "pins\n{}", drawing::pins(&lowered.module))?;
        writeln!(output.out, "{}", drawing::state(&lowered.module))?;
        for class in structs() {
            writeln!(output.out, "{}", drawn(class, program))?;
        }
        return Ok(Status::Success);
    }
    for name in &options.names {
        let Some(class) = structs().find(|class| class.name == *name) else {
            writeln!(
                output.err,
                "there is no struct called {name}; without a name, all are drawn"
            )?;
            return Ok(Status::Usage);
        };
        writeln!(output.out, "{}", drawn(class, program))?;
    }
    Ok(Status::Success)
}

fn drawn(class: &Class, program: &Program) -> String {
    let rows: Vec<Row> = class
        .fields
        .iter()
        .map(|field| row(field, program))
        .collect();
    drawing::record(&format!("{}, {} bytes", class.name, class.size), &rows)
}

fn row(field: &StructField, program: &Program) -> Row {
    let name = type_name(field.ty, program);
    let remark = match field.count {
        Some(count) => format!("{count} of {name}"),
        None => name,
    };
    Row {
        offset: field.offset,
        size: field.size,
        name: field.name.clone(),
        remark,
    }
}

fn type_name(ty: Type, program: &Program) -> String {
    match ty {
        Type::Int(int) => match int.unit {
            Some(unit) => program.classes[unit].name.clone(),
            None => format!("{}Int{}", if int.signed { "" } else { "U" }, int.bits),
        },
        Type::Word(class) | Type::Struct(class) => program.classes[class].name.clone(),
        Type::Float64 => "Float64".to_owned(),
        Type::Float32 => "Float32".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::String => "StaticString".to_owned(),
        Type::Function(_) => "function".to_owned(),
        Type::Void | Type::Never => "nothing".to_owned(),
    }
}
