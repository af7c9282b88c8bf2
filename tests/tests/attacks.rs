//! Programs that spoil what the machine relies on: classes, methods, contexts, processes, the special objects.
//! Each ends with an answer, with an error of Smalltalk, or with a message and status 1, never with a failure of the VM.

use std::collections::{BTreeMap, BTreeSet};

use ouroc::image::{Request, Shared, build};
use tests::{Run, Session, root, text};

/// What an attack leads to.
enum End {
    /// It answers this.
    Answers(&'static str),
    /// The VM, or the image, says this and ends with status 1.
    Says(&'static str),
}

use End::{Answers, Says};

const NO_SELECTORS: End = Says("ouro: the special selectors are not in an array of 64 slots");
const NO_LITERAL: End = Says("ouro: code that sends to super has no class in its last literal");
const NO_OPERANDS: End = Says("ouro: an instruction takes more from the stack than there is");
const NO_BECOME: End = Says("#elementsForwardIdentityTo: in Array failed");
const NO_VALUE: End = Says("#value in ");
const NO_RECEIVER: End = Says("#instVarAt:put: in FullBlockClosure failed (bad argument)");
const NO_BLOCK: End =
    Says("ouro: the code of a closure is of a class with more variables than the receiver has");
const NO_LITERAL_STORE: End =
    Says("#objectAt:put: in CompiledMethod failed (inappropriate operation)");
const NO_VARIABLES: End =
    Says("ouro: a method belongs to a class with more variables than its receiver has");
const NOT_UNDERSTOOD: End = Says("ouro: doesNotUnderstand: is not understood");

/// Each message to `Attacks` and its end.
const ATTACKS: &[(&str, End)] = &[
    ("atWithoutSpecialSelectors", NO_SELECTORS),
    ("atPutWithoutSpecialSelectors", NO_SELECTORS),
    ("atWithShortSpecialSelectors", NO_SELECTORS),
    ("fewerArgumentsOfSpecialSelectors", Answers("2")),
    ("moreArgumentsOfSpecialSelectors", Answers("2")),
    ("noArgumentsOfSpecialSelectors", Answers("2")),
    ("superclassIsNumber", NOT_UNDERSTOOD),
    ("superclassIsString", NOT_UNDERSTOOD),
    (
        "superclassIsItself",
        Says("ouro: a class is its own superclass"),
    ),
    ("lastLiteralIsNumber", NO_LITERAL),
    ("lastLiteralIsShort", NO_LITERAL),
    ("lastLiteralIsMethodItself", NO_LITERAL),
    (
        "lastLiteralBindsNumber",
        Says("ouro: a method that sends to super names no class"),
    ),
    (
        "changedLiteral",
        Says("ouro: an instruction uses a literal as a variable that is none"),
    ),
    ("changedBytecode", NO_OPERANDS),
    ("changedBytecodeOfCopy", NO_OPERANDS),
    ("changedBytecodeThatHasRun", NO_OPERANDS),
    ("changedBytecodeOfBlock", NO_OPERANDS),
    (
        "changedBytecodeOfRunningMethod",
        Says("Improper store into indexable object"),
    ),
    ("changedBlock", NO_BLOCK),
    ("changedBlockOfRunningMethod", NO_LITERAL_STORE),
    ("changedClassOfRunningMethod", NO_LITERAL_STORE),
    ("changedHeaderOfRunningMethod", NO_LITERAL_STORE),
    ("changedSelectorOfRunningMethod", NO_LITERAL_STORE),
    ("changedVariableOfRunningMethod", NO_LITERAL_STORE),
    ("soundChangeOfBytecode", Answers("true")),
    (
        "moreTemporaries",
        Says("ouro: the temporaries do not fit the frame"),
    ),
    (
        "instancesWithoutVariables",
        Says("#instVarAt:put: in ClassToSpoil class failed (bad argument)"),
    ),
    ("senderIsItself", Answers("true")),
    ("outerContextIsItsOwn", Says("OutOfMemory")),
    (
        "closureIsNumber",
        Says("ouro: a context lacks what it needs to go on"),
    ),
    ("methodOfSenderIsNumber", Answers("nil")),
    (
        "stackPointerOfRunningContext",
        Says("#instVarAt:put: in Context failed (inappropriate operation)"),
    ),
    (
        "pcOfRunningContext",
        Says("ouro: a context lacks what it needs to go on"),
    ),
    ("receiverOfBlockIsNumber", NO_RECEIVER),
    ("receiverOfBlockHasNoVariables", NO_RECEIVER),
    (
        "receiverOfContextHasNoVariables",
        Says("#resume in Process failed"),
    ),
    ("receiverBecomesSmaller", NO_BECOME),
    ("receiverBecomesNumber", NO_BECOME),
    ("receiverBecomesItsLike", Answers("an Array(5 5)")),
    ("methodMovesToClassWithoutVariables", NO_VARIABLES),
    ("methodMovesToSmallInteger", NO_VARIABLES),
    ("runningMethodBecomesObject", NO_BECOME),
    ("runningMethodBecomesAnother", NO_BECOME),
    ("closuresWithoutVariables", NO_VARIABLES),
    (
        "contextsWithoutVariables",
        Says("#basicNew: in Context class failed (bad receiver)"),
    ),
    (
        "methodTakesMoreArguments",
        Says("ouro: a method has another number of arguments than its selector"),
    ),
    ("receiverBecomesSmallerInTwoSteps", NO_BECOME),
    ("closureCopiesTooMuch", NO_VALUE),
    ("closureTakesMoreThanItGot", NO_RECEIVER),
    ("closureStartsBehindCode", NO_VALUE),
    ("closureStartsWithOtherStack", NO_VALUE),
];

/// The image of the class library with the attacks.
fn image() -> Vec<u8> {
    let sources = root().join("vm-source-st");
    let mut shared = Shared::default();
    let request = Request {
        path: &sources.join("kernel.ron"),
        defines: &BTreeMap::new(),
        added: &[sources.join("kernel-attacks")],
        start: None,
        list: None,
    };
    let built = build(&request, &mut shared);
    built.expect("there is an image without errors").bytes
}

/// What is wrong with how `selector` ended, if anything is.
fn mistake(selector: &str, end: &End, run: &Run) -> Option<String> {
    let holds = match end {
        Answers(text) => run.status == 0 && run.stdout.trim_end() == *text,
        Says(text) => run.status == 1 && run.stderr.contains(text),
    };
    let told = run.stderr.lines().next().unwrap_or_default();
    (!holds).then(|| format!("{selector}: status {}, {}{told}", run.status, run.stdout))
}

#[test]
fn no_attack_makes_the_vm_fail() {
    let session = Session::new(&image());
    let mistakes: Vec<String> = ATTACKS
        .iter()
        .filter_map(|(selector, end)| {
            let run = session.run_arguments(
                20,
                &["--max-heap", "100m"],
                &["perform", "Attacks", selector],
            );
            mistake(selector, end, &run)
        })
        .collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn every_attack_is_made() {
    let source = text(&root().join("vm-source-st/kernel-attacks/Kernel-Attacks/Attacks.class.st"));
    let mut category = "";
    let mut selectors = BTreeSet::new();
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("{ #category : '") {
            category = rest.trim_end_matches("' }");
        }
        if let Some(rest) = line.strip_prefix("Attacks class >> ")
            && category != "private"
        {
            selectors.insert(rest.trim_end_matches(" ["));
        }
    }
    let made: BTreeSet<&str> = ATTACKS.iter().map(|(selector, _)| *selector).collect();
    assert_eq!(selectors, made);
}
