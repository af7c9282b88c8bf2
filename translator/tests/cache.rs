//! A build that takes results over from earlier ones makes the same bytes as one from scratch, whatever was edited in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A copy of the VM's source, which is removed at the end.
struct Copy(PathBuf);

/// What a build made.
#[derive(PartialEq, Eq)]
struct Built {
    executable: Vec<u8>,
    manifest: Vec<u8>,
}

impl Copy {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ouroc-cache-{}-{number}", std::process::id());
        let copy = Self(std::env::temp_dir().join(name));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vm-source-st");
        copy_folder(&source.join("vm"), &copy.0.join("source/vm"));
        std::fs::copy(source.join("vm.ron"), copy.0.join("source/vm.ron")).unwrap();
        std::fs::create_dir_all(copy.0.join("with/cache")).unwrap();
        copy
    }

    /// Replaces a text that a file of the VM has once.
    fn edit(&self, file: &str, old: &str, new: &str) {
        let path = self.0.join("source/vm").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{file} has `{old}` once");
        std::fs::write(path, text.replace(old, new)).unwrap();
    }

    /// Makes another text of a file of the VM.
    fn rewrite(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.0.join("source/vm").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, change(text)).unwrap();
    }

    /// Builds into the folder `name` and answers what was made, and the screen.
    fn build(&self, name: &str, options: &[&str]) -> (Built, String) {
        let folder = self.0.join(name);
        let (executable, manifest) = (folder.join("ouro"), folder.join("manifest"));
        let output = Command::new(env!("CARGO_BIN_EXE_ouroc"))
            .arg("build")
            .arg(self.0.join("source/vm.ron"))
            .arg("--output")
            .arg(&executable)
            .args(options)
            .arg("--manifest")
            .arg(&manifest)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let built = Built {
            executable: std::fs::read(executable).unwrap(),
            manifest: std::fs::read(manifest).unwrap(),
        };
        (built, String::from_utf8(output.stdout).unwrap())
    }

    /// Builds with what earlier builds have left and without, compares, and answers the share of results that were taken over.
    fn compare(&self, edit: &str, options: &[&str]) -> f64 {
        let (with, screen) = self.build("with", options);
        let (without, _) = self.build("without", &[options, &["--no-cache"]].concat());
        assert!(
            with.manifest == without.manifest,
            "{edit}: other machine code"
        );
        assert!(with.executable == without.executable, "{edit}: other bytes");
        let row = screen.lines().find(|line| line.contains("from the cache"));
        let counts = row.unwrap().replace(',', "");
        let mut counts = counts
            .split_whitespace()
            .filter_map(|word| word.parse().ok());
        let (found, asked): (f64, f64) = (counts.next().unwrap(), counts.next().unwrap());
        found / asked
    }

    fn cache(&self) -> PathBuf {
        self.0.join("with/cache/ouro.memo")
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What is edited: where, what, what it becomes, and the least share of results that should still be known.
type Edit = (&'static str, &'static str, &'static str, &'static str, f64);

const EDITS: &[Edit] = &[
    (
        "a comment that moves the lines of methods that are inlined everywhere",
        "VM-Types/Oop.class.st",
        "\"Answer the value that stands for no object at all: the result of an allocation that failed.\"",
        "\"Answer the value that stands for no object at all:\n\n\tthe result of an allocation that failed.\"",
        0.8,
    ),
    (
        "a method that is inlined everywhere",
        "VM-Types/Oop.class.st",
        "Oop >> isImmediate [\n\n\t^ bits anyMask: OopTags mask\n]",
        "Oop >> isImmediate [\n\n\t^ (bits bitAnd: OopTags mask) > 0\n]",
        0.2,
    ),
    (
        "a bytecode",
        "VM-Interpreter/PushBytecodes.class.st",
        "\tactivation push: activation top\n",
        "\t| top |\n\ttop := activation top.\n\tactivation push: top.\n\tactivation push: top.\n\tactivation drop: 1\n",
        0.95,
    ),
    (
        "a constant",
        "VM-Constants/Tuning.class.st",
        "\t^ 1024 * 1024\n]\n\n{ #category : 'accessing' }\nTuning class >> elementAccessSize",
        "\t^ 768 * 1024\n]\n\n{ #category : 'accessing' }\nTuning class >> elementAccessSize",
        0.9,
    ),
    (
        "a field that moves others",
        "VM-GarbageCollector/Tenuring.class.st",
        "'#threshold => TypedField type: #UInt8',",
        "'#threshold => TypedField type: #UInt8',\n\t\t'#rounds => TypedField type: #UInt64',",
        0.0,
    ),
    (
        "a use of the new field",
        "VM-GarbageCollector/Tenuring.class.st",
        "\tthreshold := AgeLayout maximum.\n\t1 to:",
        "\tthreshold := AgeLayout maximum.\n\trounds := rounds bitXor: 1.\n\t1 to:",
        0.9,
    ),
    (
        "two pins that change their registers",
        "VM-Stack/Activation.class.st",
        "#Address register: #r12',\n\t\t'#stackPointer => PinnedField type: #Address register: #r13',",
        "#Address register: #r13',\n\t\t'#stackPointer => PinnedField type: #Address register: #r12',",
        0.0,
    ),
    (
        "a new method",
        "VM-GarbageCollector/Tenuring.class.st",
        "\twanted := newSpace survivorBytes // 2.",
        "\twanted := self half.",
        0.9,
    ),
    (
        "the method is removed",
        "VM-GarbageCollector/Tenuring.class.st",
        NEW_METHOD,
        "",
        0.0,
    ),
    (
        "its use is removed, too",
        "VM-GarbageCollector/Tenuring.class.st",
        "\twanted := self half.",
        "\twanted := newSpace survivorBytes // 4.",
        0.9,
    ),
    (
        "two methods on the way into a bytecode: what is inlined into that which is inlined",
        "VM-Types/Address.class.st",
        "\t<signature: #(#SlotCount) returns: #Address>\n\t^ self - aSlotCount byteCount\n",
        "\t<signature: #(#SlotCount) returns: #Address>\n\t^ self - aSlotCount byteCount - aSlotCount byteCount + aSlotCount byteCount\n",
        0.4,
    ),
    (
        "a struct whose fields move",
        "VM-Stack/StackPage.class.st",
        "'#headFrame => TypedField type: #Frame',",
        "'#lastUse => TypedField type: #UInt64',\n\t\t'#headFrame => TypedField type: #Frame',",
        0.9,
    ),
    (
        "a pragma that takes a method out of line",
        "VM-Interpreter/JumpBytecodes.class.st",
        "\t<inline: 'the distance is a constant in most handlers'>\n\tvalue = memory falseObject",
        "\t<noInline: 'the distance is a constant in most handlers'>\n\tvalue = memory falseObject",
        0.9,
    ),
    (
        "a pragma that makes a method cold",
        "VM-Interpreter/Sends.class.st",
        "\t<signature: #(#Oop) returns: #ClassIndex>\n\t<noInline: 'there are checks enough for a function'>",
        "\t<signature: #(#Oop) returns: #ClassIndex>\n\t<cold: 'there are checks enough for a function'>",
        0.9,
    ),
    (
        "lines that move in the middle of a method, and nothing else",
        "VM-Interpreter/PushBytecodes.class.st",
        "\ttop := activation top.\n\tactivation push: top.\n",
        "\ttop := activation top.\n\n\n\tactivation push: top.\n",
        0.95,
    ),
];

/// A field that is renamed, with its uses, in one file.
const RENAMED: (&str, &str, &str) = (
    "VM-GarbageCollector/Tenuring.class.st",
    "byteCounts",
    "tally",
);

const NEW_METHOD: &str = "\n{ #category : 'scanning' }\nTenuring >> half [\n\n\t<noInline: 'a test looks for it'>\n\t^ newSpace survivorBytes // 2\n]\n";

#[test]
fn after_each_edit_the_bytes_are_those_of_a_build_from_scratch() {
    let copy = Copy::new();
    assert!(copy.compare("nothing known", &[]) < 0.01);
    assert!(copy.compare("nothing edited", &[]) > 0.999);
    for &(what, file, old, new, least) in EDITS {
        copy.edit(file, old, new);
        match what {
            "a new method" => copy.rewrite(file, |text| text + NEW_METHOD),
            "a struct whose fields move" => copy.edit(
                file,
                ",\n\t\t'#lastUse => TypedField type: #UInt64'\n",
                "\n",
            ),
            // Nobody could build what calls it still.
            "the method is removed" => continue,
            _ => {}
        }
        let share = copy.compare(what, &[]);
        assert!(
            share >= least,
            "{what}: {share:.3} of the results were known"
        );
    }
    let (file, old, new) = RENAMED;
    copy.rewrite(file, |text| text.replace(old, new));
    let share = copy.compare("a field with another name", &[]);
    assert!(share > 0.9, "{share:.3} of the results were known");
    assert!(copy.compare("another variant", &["--checked"]) < 0.01);
    assert!(copy.compare("and back", &[]) > 0.999);
}

#[test]
fn a_damaged_cache_is_ignored_and_replaced() {
    let copy = Copy::new();
    let (expected, _) = copy.build("with", &[]);
    let good = std::fs::read(copy.cache()).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let mut foreign = good.clone();
    foreign[12] ^= 1;
    let truncated = good[..good.len() - 7].to_vec();
    for (what, bytes) in [
        ("one bit is flipped", flipped),
        ("another translator's", foreign),
        ("truncated", truncated),
        ("empty", Vec::new()),
        ("a text", b"not a cache".to_vec()),
    ] {
        std::fs::write(copy.cache(), bytes).unwrap();
        let (built, screen) = copy.build("with", &[]);
        assert!(built == expected, "{what}: other bytes");
        assert!(
            screen.contains("from the cache     0 of"),
            "{what}: {screen}"
        );
        assert!(
            std::fs::read(copy.cache()).unwrap() == good,
            "{what}: not replaced"
        );
    }
    std::fs::remove_file(copy.cache()).unwrap();
    std::fs::create_dir(copy.cache()).unwrap();
    assert!(
        copy.build("with", &[]).0 == expected,
        "a folder is in its place"
    );
}

#[test]
fn without_a_cache_nothing_is_left_behind() {
    let copy = Copy::new();
    let (_, screen) = copy.build("with", &["--no-cache"]);
    assert!(!screen.contains("from the cache"), "{screen}");
    assert!(!copy.cache().exists());
    let (_, screen) = copy.build("elsewhere", &[]);
    assert!(!screen.contains("from the cache"), "{screen}");
    assert!(!copy.0.join("elsewhere/cache").exists());
    let (_, screen) = copy.build("generated", &[]);
    assert!(screen.contains("from the cache"), "{screen}");
    assert!(copy.0.join("generated/cache/ouro.memo").exists());
}
