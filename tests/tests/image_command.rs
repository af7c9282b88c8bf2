//! `ouroc image`: the command itself, its arguments and the files that it writes.

use clap::Parser;
use ouroc::base::render::Color;
use ouroc::command::{Output, Status};
use ouroc::options::Options;
use tests::built_image::{Folder, mini};
use tests::root;

/// What the command ends with, and what it says; an error if it could not write its file.
fn run(arguments: &[&str]) -> std::io::Result<(Status, String, String)> {
    let options = Options::try_parse_from(["ouroc", "image"].iter().chain(arguments));
    let options = options.expect("the arguments are well formed");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut output = Output {
        out: &mut out,
        err: &mut err,
        out_color: Color::Plain,
        err_color: Color::Plain,
    };
    let status = ouroc::command::run(&options, &mut output)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((status, text(&out), text(&err)))
}

fn command(arguments: &[&str]) -> (Status, String, String) {
    run(arguments).expect("output can be written")
}

#[test]
fn folders_of_the_command_line_must_be_there_and_have_packages() {
    let folder = Folder::new(&mini());
    folder.write("empty/note.txt", "nothing");
    let path = |name: &str| folder.path.join(name).to_string_lossy().into_owned();
    let define = format!("mini={}", root().join("tests/image/mini").display());
    let told = |arguments: &[&str]| {
        let (description, output) = (path("mini.ron"), path("out.image"));
        let first = [&description, "--define", &define, "-o", &output];
        let all: Vec<&str> = first
            .iter()
            .copied()
            .chain(arguments.iter().copied())
            .collect();
        let (status, _, err) = command(&all);
        (status, err)
    };
    let (status, err) = told(&["--define", "moni=/tmp"]);
    assert_eq!(status, Status::Refused);
    assert!(
        err.contains("error I002") && err.contains("its folders are called: mini"),
        "{err}"
    );
    let (status, err) = told(&["--add", &path("none")]);
    assert_eq!(status, Status::Refused);
    assert!(err.contains("is no folder that --add could read"), "{err}");
    assert!(!err.contains("-->"), "{err}");
    let (_, err) = told(&["--add", &path("empty")]);
    assert!(err.contains("warning I002: no package in "), "{err}");
}

#[test]
fn the_command_writes_the_image_and_a_summary_or_refuses() {
    let folder = Folder::new(&mini());
    let path = |name: &str| folder.path.join(name).to_string_lossy().into_owned();
    let define = format!("mini={}", root().join("tests/image/mini").display());
    let arguments = [
        &path("mini.ron"),
        "--define",
        &define,
        "-o",
        &path("out.image"),
    ];
    let (status, out, _) = command(&arguments);
    assert_eq!(status, Status::Success, "{out}");
    for word in [
        "classes",
        "methods",
        "objects",
        "undeclared",
        "parse",
        "write",
    ] {
        assert!(out.contains(word), "{out}");
    }
    let written = std::fs::read(folder.path.join("out.image")).expect("the image was written");
    let (built, _) = folder.build(None, None);
    assert!(built.is_some_and(|built| built.bytes == written));

    let with_sources = "source_file: (name: \"out.sources\", pointer: (bytes: 3, order: Big))";
    folder.write(
        "mini.ron",
        &mini().replace("trailer: [0, 0, 0]", with_sources),
    );
    let (status, ..) = command(&arguments);
    assert_eq!(status, Status::Success);
    let sources = std::fs::read_to_string(folder.path.join("out.sources"));
    assert!(sources.is_ok_and(|text| text == folder.source_file().1));
    let named = with_sources.replace("out.sources", "out.image");
    folder.write("mini.ron", &mini().replace("trailer: [0, 0, 0]", &named));
    let (status, _, err) = command(&arguments);
    assert_eq!(status, Status::Usage);
    assert!(err.contains("cannot be both the sources and"), "{err}");

    let (status, _, err) = command(&[&path("none.ron")]);
    assert_eq!(status, Status::Refused);
    assert!(err.contains("error B001"), "{err}");
    assert!(Options::try_parse_from(["ouroc", "image", "x.ron", "--define", "mini"]).is_err());
}

#[test]
fn the_command_replaces_neither_its_description_nor_a_device() {
    let folder = Folder::new(&mini());
    let description = folder.path.join("mini.ron").to_string_lossy().into_owned();
    let define = format!("mini={}", root().join("tests/image/mini").display());
    let before = std::fs::read(&description).expect("the description can be read");
    let (status, _, err) = command(&[&description, "--define", &define, "-o", &description]);
    assert_eq!(status, Status::Usage, "{err}");
    assert_eq!(
        std::fs::read(&description).expect("it is still there"),
        before
    );

    // A folder stands for all that is no regular file: the test must not endanger a device.
    let occupied = folder.path.join("occupied.image");
    std::fs::create_dir(&occupied).expect("a folder can be made");
    let occupied = occupied.to_string_lossy().into_owned();
    let error = run(&[&description, "--define", &define, "-o", &occupied])
        .expect_err("the folder is in the way");
    assert!(error.to_string().contains("no regular file"), "{error}");
}
