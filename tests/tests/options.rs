//! The command line of the VM.

use std::process::{Command, Output};

use tests::vm;

fn run(arguments: &[&str]) -> Output {
    Command::new(vm())
        .args(arguments)
        .output()
        .expect("the VM can be started")
}

fn refused(arguments: &[&str], reason: &str) {
    let output = run(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(message.contains(reason), "{arguments:?}: {message}");
}

#[test]
fn help_and_version_go_to_the_standard_output() {
    for (option, text) in [
        ("--help", "--gc-stress"),
        ("-help", "usage"),
        ("--version", "ouro"),
    ] {
        let output = run(&[option]);
        assert_eq!(output.status.code(), Some(0), "{option}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains(text),
            "{option}"
        );
        assert!(output.stderr.is_empty(), "{option}");
    }
}

#[test]
fn every_option_of_the_help_text_is_understood() {
    let output = run(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = help.lines().filter(|line| line.starts_with("  --"));
    let mut count = 0;
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        // An option with a value is followed by the value's name in capitals.
        let takes_value = words[1].chars().all(|c| c.is_ascii_uppercase());
        let arguments = if takes_value {
            vec![words[0], "4000000", "no-such.image"]
        } else {
            vec![words[0], "no-such.image"]
        };
        let output = run(&arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!message.contains("unknown option"), "{message}");
        count += 1;
    }
    assert!(count > 8, "{help}");
}

#[test]
fn what_is_not_understood_is_named() {
    refused(&["--no-such-option", "x.image"], "--no-such-option");
    refused(&["--eden", "much", "x.image"], "much");
    refused(&["--gc-stress", "0", "x.image"], "0");
    refused(&["--max-heap"], "needs a value");
    refused(&["no-such.image"], "no-such.image");
}
