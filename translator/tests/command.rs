//! What a user of the command line sees: exit statuses, outputs, files.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("ouroc-command-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// A program of the package VM-Types and the class Example with these methods.
    fn with_example(methods: &str) -> Self {
        let folder = Folder::new();
        let types = source().join("vm/VM-Types");
        copy(&types, &folder.0.join("source/vm/VM-Types"));
        let description = r#"Build(name: "example", root: "vm", packages: ["VM-Types", "Example"], raw: ["VM-Types"], entry: "Example>>run:")"#;
        folder.write("source/example.ron", description);
        folder.write(
            "source/vm/Example/package.st",
            "Package { #name : 'Example' }\n",
        );
        folder.write_example(methods);
        folder
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn write_example(&self, methods: &str) {
        let header = "Class {\n\t#name : 'Example',\n\t#superclass : 'VMComponent'\n}\n\n";
        self.write(
            "source/vm/Example/Example.class.st",
            format!("{header}{methods}"),
        );
    }

    fn description(&self) -> PathBuf {
        self.0.join("source/example.ron")
    }

    /// Builds the program into `name` and answers its bytes.
    fn build(&self, name: &str) -> Vec<u8> {
        let path = self.0.join(name);
        let output = ouroc([
            OsStr::new("build"),
            self.description().as_os_str(),
            OsStr::new("-o"),
            path.as_os_str(),
        ]);
        assert!(output.status.success(), "{}", errors(&output));
        std::fs::read(path).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const ANSWER: &str = "Example >> run: aStack [\n\t<signature: #(#Address) returns: #Int64>\n\n\t^ self answer\n]\n\nExample >> answer [\n\t<signature: #() returns: #Int64>\n\t<noInline: 'a listing shows it'>\n\n\t^ 42\n]\n";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm-source-st")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn ouroc<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ouroc"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_exit_status_says_who_is_to_blame() {
    assert_eq!(ouroc(["explain", "S003"]).status.code(), Some(0));
    assert_eq!(ouroc(["explain", "X999"]).status.code(), Some(2));
    assert_eq!(ouroc(["build", "--no-such-option"]).status.code(), Some(2));
    assert_eq!(ouroc(["check", "no-such-file.ron"]).status.code(), Some(1));
    assert_eq!(
        ouroc(["diff", "no-such-file", "nor-this"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_program_without_tests_is_told_so() {
    let folder = Folder::with_example(ANSWER);
    let description = folder.description();
    let names = [description.as_os_str(), OsStr::new("Nobody")];
    for (names, told) in [
        (&names[..1], "the program has no tests"),
        (&names[..], "there is no such test"),
    ] {
        let output = ouroc([OsStr::new("test")].iter().chain(names));
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(told), "{}", errors(&output));
    }
}

#[test]
fn what_never_ends_is_not_read() {
    let folder = Folder::with_example(ANSWER);
    let pipe = folder.0.join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    let (build, image, diff) = (
        OsStr::new("build"),
        OsStr::new("--image"),
        OsStr::new("diff"),
    );
    let description = folder.description();
    for arguments in [
        [build, description.as_os_str(), image, pipe.as_os_str()].as_slice(),
        &[diff, pipe.as_os_str(), pipe.as_os_str()],
    ] {
        let output = ouroc(arguments);
        let told = errors(&output);
        assert!(!output.status.success(), "{told}");
        assert!(told.contains("no regular file"), "{told}");
    }
}

#[test]
fn a_damaged_executable_is_compared_or_refused() {
    let folder = Folder::with_example(ANSWER);
    let bytes = folder.build("program");
    let headers = usize::from(u16::from_le_bytes([bytes[56], bytes[57]]));
    // The words of the program headers, which begin behind the file's own.
    for at in (64..64 + headers * 56).step_by(8) {
        for word in [0, u64::MAX, u64::MAX - 64] {
            let mut damaged = bytes.clone();
            damaged[at..at + 8].copy_from_slice(&word.to_le_bytes());
            folder.write("damaged", damaged);
            let output = ouroc([
                OsStr::new("diff"),
                folder.0.join("program").as_os_str(),
                folder.0.join("damaged").as_os_str(),
            ]);
            let told = errors(&output);
            assert!(matches!(output.status.code(), Some(0 | 2)), "{at}: {told}");
        }
    }
}

#[test]
fn every_command_has_help() {
    for command in [
        "build", "check", "test", "simulate", "asm", "layout", "diff", "explain",
    ] {
        let output = ouroc([command, "--help"]);
        assert!(
            output.status.success() && text(&output).contains("Usage:"),
            "{command}"
        );
    }
}

#[test]
fn the_vm_source_has_no_errors_and_no_warnings() {
    let output = ouroc([OsStr::new("check"), source().join("vm.ron").as_os_str()]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(errors(&output), "");
}

#[test]
fn errors_are_json_for_editors() {
    let folder = Folder::with_example(
        "Example >> run: aStack [\n\t<signature: #(#Address) returns: #Int64>\n\n\t^ sise\n]\n",
    );
    let output = ouroc([
        OsStr::new("check"),
        OsStr::new("--json"),
        folder.description().as_os_str(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let diagnostics: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let error = diagnostics
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["severity"] == "error")
        .unwrap();
    assert_eq!(error["code"], "T001");
    assert_eq!(error["labels"][0]["line"], 9);
    assert!(
        error["labels"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("vm/Example/Example.class.st")
    );
}

#[test]
fn damaged_sources_are_refused_without_a_panic() {
    let damages: [&[u8]; 6] = [
        b"",
        b"\xFF\xFE",
        b"Class {",
        b"Example >> run: [ ^ [[[ ",
        b"\"",
        b"Example >> run: a [ ^ 'x ]",
    ];
    for damage in damages {
        let folder = Folder::with_example(ANSWER);
        folder.write("source/vm/Example/Example.class.st", damage);
        let output = ouroc([OsStr::new("build"), folder.description().as_os_str()]);
        assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
        assert!(errors(&output).contains("error "), "{}", errors(&output));
    }
}

#[test]
fn a_built_program_runs_and_is_the_same_from_every_folder_with_any_number_of_cores() {
    let (here, there) = (Folder::with_example(ANSWER), Folder::with_example(ANSWER));
    let bytes = here.build("program");
    assert_eq!(
        Command::new(here.0.join("program"))
            .status()
            .unwrap()
            .code(),
        Some(42)
    );
    assert!(
        bytes == there.build("deeper/program"),
        "another folder gives other bytes"
    );
    let path = there.0.join("single");
    let mut single = Command::new(env!("CARGO_BIN_EXE_ouroc"));
    single.env("RAYON_NUM_THREADS", "1").current_dir(&there.0);
    let status = single
        .args(["build", "source/example.ron", "-o"])
        .arg(&path)
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    assert!(
        bytes == std::fs::read(path).unwrap(),
        "one core and a relative path give other bytes"
    );
}

#[test]
fn a_listing_has_the_source_between_the_instructions() {
    let folder = Folder::with_example(ANSWER);
    let description = folder.description();
    let output = ouroc([
        OsStr::new("asm"),
        OsStr::new("-d"),
        description.as_os_str(),
        OsStr::new("Example>>answer"),
    ]);
    let listing = text(&output);
    assert!(listing.starts_with("Example>>answer  "), "{listing}");
    assert!(
        listing.contains("| ^ 42\n") && listing.contains("  ret\n"),
        "{listing}"
    );
    let unknown = ouroc([
        OsStr::new("asm"),
        OsStr::new("-d"),
        description.as_os_str(),
        OsStr::new("Example>>sise"),
    ]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn differences_of_executables_name_the_methods_that_changed() {
    let folder = Folder::with_example(ANSWER);
    let path = |name: &str| folder.0.join(name).into_os_string();
    folder.build("before");
    folder.write_example(&ANSWER.replace("42", "43"));
    folder.build("after");
    let same = text(&ouroc([
        OsStr::new("diff"),
        &path("before"),
        &path("before"),
    ]));
    assert!(same.starts_with("no machine code changed"), "{same}");
    let changed = text(&ouroc([
        OsStr::new("diff"),
        &path("before"),
        &path("after"),
    ]));
    assert!(
        changed.contains("Example>>answer") && !changed.contains("Example>>run:"),
        "{changed}"
    );
}

#[test]
fn differences_against_a_revision_come_from_git() {
    let folder = Folder::with_example(ANSWER);
    let git = |arguments: &[&str]| {
        let identity = [
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "-c",
            "commit.gpgsign=false",
        ];
        let output = Command::new("git")
            .arg("-C")
            .arg(&folder.0)
            .args(identity)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", errors(&output));
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message", "before"]);
    let description = folder.description();
    let diff = || {
        text(&ouroc([
            OsStr::new("diff"),
            OsStr::new("HEAD"),
            OsStr::new("-d"),
            description.as_os_str(),
        ]))
    };
    assert!(diff().starts_with("no machine code changed"), "{}", diff());
    folder.write_example(&ANSWER.replace("42", "43"));
    assert!(diff().contains("Example>>answer"), "{}", diff());
    // The description may be named through links and detours.
    let elsewhere = Folder::new();
    symlink(&folder.0, elsewhere.0.join("link")).unwrap();
    let name = folder.0.file_name().unwrap();
    let detour = Path::new("..").join(name).join("source/example.ron");
    for path in [Path::new("link/source/example.ron"), &detour] {
        let output = Command::new(env!("CARGO_BIN_EXE_ouroc"))
            .current_dir(&elsewhere.0)
            .args([OsStr::new("diff"), OsStr::new("-d"), path.as_os_str()])
            .output()
            .unwrap();
        let changed = text(&output);
        assert!(
            changed.contains("Example>>answer"),
            "{changed}{}",
            errors(&output)
        );
    }
}

#[test]
fn a_build_counts_the_methods_that_nothing_reaches_and_a_check_names_them() {
    let folder = Folder::with_example(
        "Example >> run: arguments [\n\t<signature: #(#Address) returns: #Int64>\n\t^ 0\n]\n\nExample >> idle [\n]\n",
    );
    let build = ouroc([
        OsStr::new("build"),
        folder.description().as_os_str(),
        OsStr::new("-o"),
        folder.0.join("program").as_os_str(),
    ]);
    let built = errors(&build);
    assert!(build.status.success(), "{built}");
    assert!(
        built.contains("   1 in ") && built.contains("Example.class.st"),
        "{built}"
    );
    assert!(!built.contains("Example>>idle"), "{built}");
    let check = ouroc([OsStr::new("check"), folder.description().as_os_str()]);
    assert!(
        errors(&check).contains("nothing reaches Example>>idle"),
        "{}",
        errors(&check)
    );
}

#[test]
fn what_a_build_writes_is_nothing_else_that_it_reads_or_writes() {
    let folder = Folder::with_example(ANSWER);
    folder.write("same", "precious");
    let (same, description) = ("same".to_owned(), "source/example.ron".to_owned());
    let detour = "source/../same".to_owned();
    for (options, both) in [
        (
            ["-o", &same, "--manifest", &detour],
            "executable and the manifest",
        ),
        (
            ["-o", &same, "--image", &detour],
            "executable and the image",
        ),
        (
            ["--manifest", &same, "--image", &detour],
            "manifest and the image",
        ),
        (
            ["-o", &description, "--manifest", "new"],
            "executable and the description",
        ),
        (
            ["-o", "new", "--manifest", &description],
            "manifest and the description",
        ),
    ] {
        let build = Command::new(env!("CARGO_BIN_EXE_ouroc"))
            .current_dir(&folder.0)
            .args(["build", &description])
            .args(options)
            .output()
            .unwrap();
        let told = errors(&build);
        assert_eq!(build.status.code(), Some(2), "{options:?}: {told}");
        assert!(told.contains(both), "{options:?}: {told}");
        assert_eq!(std::fs::read(folder.0.join("same")).unwrap(), b"precious");
        assert!(!folder.0.join("new").exists());
    }
    assert!(!folder.build("program").is_empty());
}

#[test]
fn a_file_that_a_build_cannot_write_is_named() {
    let folder = Folder::with_example(ANSWER);
    for option in ["--manifest", "--dump-ir"] {
        let build = Command::new(env!("CARGO_BIN_EXE_ouroc"))
            .current_dir(&folder.0)
            .args(["build", "source/example.ron", "-o", "program"])
            .args([option, "source/example.ron/there"])
            .output()
            .unwrap();
        let told = errors(&build);
        assert_eq!(build.status.code(), Some(1), "{option}: {told}");
        assert!(
            told.contains("source/example.ron/there: "),
            "{option}: {told}"
        );
    }
}

/// Builds a program and an image to the same path, which has been prepared, and checks the result of each.
fn build_both(prepare: impl Fn(&Path), check: impl Fn(&Path, &str)) {
    let folder = Folder::with_example(ANSWER);
    let library = source().join("kernel.ron");
    for (command, description) in [("build", folder.description()), ("image", library)] {
        let place = folder.0.join(command);
        std::fs::create_dir(&place).unwrap();
        prepare(&place);
        let output = ouroc([
            OsStr::new(command),
            description.as_os_str(),
            OsStr::new("-o"),
            place.join("out").as_os_str(),
        ]);
        assert!(output.status.success(), "{}", errors(&output));
        check(&place, command);
    }
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_link_is_followed_to_where_there_is_no_file_yet() {
    build_both(
        |place| {
            std::fs::create_dir(place.join("deep")).unwrap();
            symlink("real", place.join("deep/second")).unwrap();
            symlink("deep/second", place.join("out")).unwrap();
        },
        |place, command| {
            assert!(place.join("out").is_symlink(), "{command}");
            assert!(place.join("deep/second").is_symlink(), "{command}");
            let target = place.join("deep/real");
            assert!(!target.is_symlink() && target.is_file(), "{command}");
            let left = std::fs::read_dir(place.join("deep")).unwrap().count();
            assert_eq!(left, 2, "{command} leaves no other file");
        },
    );
}

#[test]
fn a_replaced_file_leaves_its_mode() {
    for (before, program, data) in [
        (0o600, 0o700, 0o600),
        (0o750, 0o750, 0o750),
        (0o664, 0o775, 0o664),
    ] {
        build_both(
            |place| {
                std::fs::write(place.join("real"), "old").unwrap();
                let permissions = Permissions::from_mode(before);
                std::fs::set_permissions(place.join("real"), permissions).unwrap();
                symlink("real", place.join("out")).unwrap();
            },
            |place, command| {
                let expected = if command == "build" { program } else { data };
                assert!(place.join("out").is_symlink(), "{command}");
                assert_eq!(mode(&place.join("real")), expected, "{command} {before:o}");
            },
        );
    }
}

#[test]
fn links_in_a_circle_are_told() {
    let folder = Folder::with_example(ANSWER);
    symlink("other", folder.0.join("one")).unwrap();
    symlink("one", folder.0.join("other")).unwrap();
    let output = ouroc([
        OsStr::new("build"),
        folder.description().as_os_str(),
        OsStr::new("-o"),
        folder.0.join("one").as_os_str(),
    ]);
    assert!(!output.status.success());
    assert!(
        errors(&output).contains("too many links"),
        "{}",
        errors(&output)
    );
    assert!(folder.0.join("one").is_symlink());
}
