//! gdb on the VM: inlined methods are frames, data have types, and the VM's commands can be called.
//!
//! Without gdb these tests say so and pass. Where processes may not be traced, or calls cannot be made, they go through `qemu-x86_64`, if it is there.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tests::built_image::{Folder, mini};
use tests::translated::vm_with_variables;
use tests::{Session, skip, vm};

/// What gdb says when the system does not let it trace, start or change a process.
const REFUSALS: [&str; 4] = [
    "Operation not permitted",
    "Could not trace the inferior process",
    "Couldn't write extended state status",
    "Couldn't get registers",
];

/// Before every session.
const ALWAYS: &str = "set pagination off\nset confirm off\nset language c\n";

fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What gdb and the VM print while gdb runs a script on a small image; none where that cannot be done.
///
/// `start` stands in the script for the command that brings the process to its first breakpoint.
fn debugged(script: &str) -> Option<String> {
    debugged_in(&vm(), script)
}

/// The same in another executable of the VM.
fn debugged_in(vm: &Path, script: &str) -> Option<String> {
    if !has("gdb") {
        skip("there is no gdb");
        return None;
    }
    let image = Folder::new(&mini()).image("nil leave: #(1 2 3) sum");
    let session = Session::new(&image);
    let arguments = ["--interpret", Session::IMAGE].join(" ");
    let first = format!(
        "set args {arguments}\n{}",
        script.replace("start\n", "run\n")
    );
    let traced = gdb(vm, &session, "", &first);
    if !REFUSALS.iter().any(|refusal| traced.contains(refusal)) {
        return Some(traced);
    }
    if !has("qemu-x86_64") {
        skip("gdb may not do here what the test needs, and there is no qemu-x86_64");
        return None;
    }
    let (emulator, socket) = emulated(vm, &session);
    let attach = format!("target remote {}\n", socket.display());
    let said = gdb(
        vm,
        &session,
        &attach,
        &script.replace("start\n", "continue\n"),
    );
    let ended = emulator.wait_with_output();
    let printed = ended.expect("the emulator ends with gdb").stderr;
    Some(said + &String::from_utf8_lossy(&printed))
}

/// Runs a script in gdb for a minute at most.
fn gdb(vm: &Path, session: &Session, before: &str, script: &str) -> String {
    let file = session.folder().join("script.gdb");
    let script = format!("{ALWAYS}{before}{script}\nkill\n");
    std::fs::write(&file, script).expect("the folder is ours");
    let mut command = Command::new("timeout");
    command.args(["60", "gdb", "-nx", "-batch", "-x"]).arg(file);
    command.arg(vm).current_dir(session.folder());
    let output = command.stdin(Stdio::null()).output();
    let output = output.expect("gdb can be started");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// The VM in the emulator, which waits for gdb at a socket.
fn emulated(vm: &Path, session: &Session) -> (Child, std::path::PathBuf) {
    let socket = session.folder().join("gdb.socket");
    let mut command = Command::new("timeout");
    command.args(["90", "qemu-x86_64", "-g"]).arg(&socket);
    command.arg(vm).args(["--interpret", Session::IMAGE]);
    command.current_dir(session.folder()).stderr(Stdio::piped());
    let child = command.spawn().expect("the emulator can be started");
    wait_for(&socket);
    (child, socket)
}

fn wait_for(path: &Path) {
    let start = Instant::now();
    while !path.exists() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn assert_said(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn a_breakpoint_stops_in_a_method_that_exists_only_inlined() {
    let script = "break -function Frame>>callerFrame\nstart\nbacktrace\nfinish\n";
    let Some(said) = debugged(script) else { return };
    assert_said(
        &said,
        &[
            " locations)",
            "#0  Frame>>callerFrame () at /ouro/vm/VM-Stack/Frame.class.st:",
            "#1  ReturnBytecodes>>",
            " Interpreter>>run: () at /ouro/vm/VM-Interpreter/Interpreter.class.st:",
            "in ouro_main ()",
            "in _start ()\n",
        ],
    );
    let after = said.rsplit("_start ()").next().unwrap_or_default();
    assert_said(after, &["ReturnBytecodes>>", "ReturnBytecodes.class.st:"]);
}

#[test]
fn components_and_structs_are_printed_with_their_fields() {
    let script = "break -function Frame>>callerFrame\nstart\n\
        print *framePointer\n\
        print (long)framePointer->callerFrame == *(long *)$rbp\n\
        print (long)(*framePointer).method == *(long *)($rbp - 8)\n\
        print NewSpace.edenStart <= NewSpace.free && NewSpace.free <= NewSpace.limit\n\
        print (long)&NewSpace.free == (long)&'NewSpace.free'\n\
        whatis NewSpace.survivorBytes\n\
        frame function ouro_main\nprint framePointer\n";
    let Some(said) = debugged(script) else { return };
    assert_said(&said, &["$1 = {receiver = 0x", ", returnState = "]);
    for number in 2..=5 {
        assert_said(&said, &[&format!("${number} = 1\n")]);
    }
    assert_said(&said, &["type = ByteCount\n", "<optimized out>"]);
}

#[test]
fn parameters_and_temporaries_are_printed_in_functions_and_in_inlined_methods() {
    let script = "break -function Frame>>callerFrame\nstart\n\
        print self == framePointer\n\
        up\n\
        print frame == framePointer\n\
        ptype frame\n\
        tbreak -function Frame>>stackPointerAtReturn\ncontinue\nprint self == framePointer\n";
    let Some(said) = debugged_in(vm_with_variables(), script) else {
        return;
    };
    for number in 1..=3 {
        assert_said(&said, &[&format!("${number} = 1\n")]);
    }
    assert_said(&said, &["#1  ", "(self=0x", "type = struct Frame {"]);
}

#[test]
fn the_commands_of_the_vm_can_be_called() {
    let script = "tbreak -function ReturnBytecodes>>return:\nstart\n\
        call printCallStack(framePointer)\n\
        call printOop(framePointer->method)\n\
        print checkHeap(framePointer)\n\
        call printAllStacks(framePointer)\n";
    let Some(said) = debugged(script) else { return };
    assert_said(
        &said,
        &[
            "  receiver ",
            "a Routine at 16r",
            "$1 = true\n",
            "running process ",
        ],
    );
}
