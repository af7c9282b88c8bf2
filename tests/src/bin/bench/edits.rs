//! How long `ouroc build` takes after an edit of one method, with what the build before has left in its cache.
//!
//! What is built is not run: the edits change machine code, not always for the better.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tests::{files, root};

/// An edit of a method: what is edited, where, and the text that becomes another one.
type Edit = (&'static str, &'static str, &'static str, &'static str);

const EDITS: &[Edit] = &[
    (
        "a bytecode",
        "VM-Interpreter/ReturnBytecodes.class.st",
        "\tself return: activation top\n",
        "\t| top |\n\ttop := activation top.\n\tactivation push: top.\n\tself return: top\n",
    ),
    (
        "a step of every lookup",
        "VM-Interpreter/MethodLookup.class.st",
        "\tself describe: found in: entry.\n\t(aSelector isBytes and:",
        "\tself describe: found in: entry.\n\t(aSelector isObject and:",
    ),
    (
        "the copying of the scavenger",
        "VM-GarbageCollector/Scavenger.class.st",
        "\tage := age + 1 min: AgeLayout maximum.\n\ttenuring count: byteCount ofAge: age.\n",
        "\tage := age + 1 min: AgeLayout maximum - 1.\n\ttenuring count: byteCount ofAge: age.\n",
    ),
    (
        "a primitive",
        "VM-Primitives/SmallIntegerPrimitives.class.st",
        "\t\treceiver \\\\ argument = 0 ifFalse: [ ^ primitives fail ].\n\t\treceiver // argument ]",
        "\t\treceiver \\\\ argument > 0 ifTrue: [ ^ primitives fail ].\n\t\treceiver // argument ]",
    ),
    (
        "a test that is in line everywhere",
        "VM-Types/Oop.class.st",
        "\t^ bits anyMask: OopTags mask\n",
        "\t^ bits anyMask: OopTags mask + 8\n",
    ),
];

/// Edits of each method; between two of them the old text is built again.
const ROUNDS: usize = 3;

/// Prints the median of all builds after edits, and that of each method.
pub(crate) fn run(ouroc: &Path) -> Result<(), String> {
    let copy = Copy::new()?;
    copy.build(ouroc)?;
    let mut all = Vec::new();
    let mut medians = Vec::new();
    for &(name, file, old, new) in EDITS {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            copy.replace(file, old, new)?;
            times.push(copy.build(ouroc)?);
            copy.replace(file, new, old)?;
            copy.build(ouroc)?;
        }
        medians.push((median(&mut times), name));
        all.extend(times);
    }
    println!(
        "  after an edit         {:8.3} s   (aim 0.3)",
        median(&mut all).as_secs_f64()
    );
    for (time, name) in medians {
        println!("    {name:<35} {:8.3} s", time.as_secs_f64());
    }
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A copy of the VM's source, which is removed at the end.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Result<Self, String> {
        let name = format!("ouro-bench-edits-{}", std::process::id());
        let copy = Self(std::env::temp_dir().join(name));
        let sources = files("vm-source-st/vm", &[".st"]);
        let description = root().join("vm-source-st/vm.ron");
        for file in sources.into_iter().chain([description]) {
            copy.take(&file).map_err(|error| error.to_string())?;
        }
        Ok(copy)
    }

    /// Copies a file of the project.
    fn take(&self, file: &Path) -> std::io::Result<()> {
        let target = self.0.join(file.strip_prefix(root()).unwrap_or(file));
        std::fs::create_dir_all(target.parent().unwrap_or(&self.0))?;
        std::fs::copy(file, target).map(drop)
    }

    fn replace(&self, file: &str, old: &str, new: &str) -> Result<(), String> {
        let path = self.0.join("vm-source-st/vm").join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if text.matches(old).count() != 1 {
            return Err(format!("{file} does not have `{old}` once"));
        }
        std::fs::write(&path, text.replace(old, new)).map_err(|error| error.to_string())
    }

    fn build(&self, ouroc: &Path) -> Result<Duration, String> {
        let start = Instant::now();
        let output = Command::new(ouroc)
            .arg("build")
            .arg(self.0.join("vm-source-st/vm.ron"))
            .output()
            .map_err(|error| format!("{}: {error}", ouroc.display()))?;
        if output.status.success() {
            Ok(start.elapsed())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
