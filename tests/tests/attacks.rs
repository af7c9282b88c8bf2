//! Programs that spoil what the machine relies on: classes, methods, contexts, processes, the special objects.
//! Each ends with an answer, with an error of Smalltalk, or with a message and status 1, never with a failure of the VM.

use std::collections::BTreeSet;
use std::path::Path;

use tests::built_image::kernel;
use tests::translated::checked_vm;
use tests::{Run, Session, root, text, vm};

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
const NO_INSTANCE: End = Says("PrimitiveFailed: primitive #basicNew: in ");
const NO_VALUE: End = Says("#value in ");
const NO_VALUE_WITH_ONE: End = Says("#value: in FullBlockClosure failed");
const NO_LITERAL_STORE: End =
    Says("#objectAt:put: in CompiledMethod failed (inappropriate operation)");
const NO_EXECUTION: End = Says("#withArgs:executeMethod: in FewVariables failed");
const NO_VARIABLES: End = Says("ouro: a method uses more variables than its receiver has");
const NO_ASSOCIATION: End = Says("ouro: an instruction uses a literal as a variable that is none");
const NO_CONTEXT: End = Says("ouro: a context lacks what it needs to go on");
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
    ("lastLiteralBindsNumber", NO_LITERAL),
    ("changedLiteral", NO_ASSOCIATION),
    ("changedBytecode", NO_OPERANDS),
    ("changedBytecodeOfCopy", NO_OPERANDS),
    ("changedBytecodeThatHasRun", NO_OPERANDS),
    ("changedBytecodeOfBlock", NO_OPERANDS),
    (
        "changedBytecodeOfRunningMethod",
        Says("Improper store into indexable object"),
    ),
    ("changedBlock", NO_VALUE),
    ("changedBlockOfRunningMethod", NO_VALUE),
    ("changedClassOfRunningMethod", Answers("3")),
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
    (
        "senderIsItself",
        Says("BlockCannotReturn: return from a dead method context"),
    ),
    ("outerContextIsItsOwn", Says("OutOfMemory")),
    ("closureIsNumber", NO_CONTEXT),
    ("methodOfSenderIsNumber", Answers("nil")),
    (
        "stackPointerOfRunningContext",
        Says("#instVarAt:put: in Context failed (inappropriate operation)"),
    ),
    ("pcOfRunningContext", NO_CONTEXT),
    ("receiverOfBlockIsNumber", NO_VALUE),
    ("receiverOfBlockHasNoVariables", NO_VALUE),
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
    (
        "closuresWithoutVariables",
        Says("#basicNew: in FullBlockClosure class failed (bad receiver)"),
    ),
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
    ("closureTakesMoreThanItGot", Answers("3")),
    ("closureStartsBehindCode", NO_VALUE),
    ("closureStartsWithOtherStack", NO_VALUE),
];

/// Each message to `RunningAttacks` and its end.
const RUNNING_ATTACKS: &[(&str, End)] = &[
    ("receiverOfBlockBecomesSmaller", NO_VALUE_WITH_ONE),
    ("receiverOfBlockBecomesNumber", NO_VALUE_WITH_ONE),
    ("receiverOfBlockBecomesBytes", NO_VALUE_WITH_ONE),
    ("receiverOfBlockIsExchanged", NO_VALUE_WITH_ONE),
    ("receiverOfInlinedSendsBecomesSmaller", NO_VALUE),
    ("receiverOfOtherProcessBecomesSmaller", NO_VALUE_WITH_ONE),
    ("receiverThatWaitsBecomesSmaller", NO_BECOME),
    (
        "codeOfBlockBecomesOther",
        Says("This block accepts 0 arguments, but was called with 1 argument."),
    ),
    ("codeOfBlockBecomesCopying", NO_VALUE),
    ("methodThatWaitsBecomesOther", NO_BECOME),
    ("contextGoesOnInOtherMethod", NO_CONTEXT),
    ("associationBecomesNumber", NO_ASSOCIATION),
    ("associationBecomesShort", NO_ASSOCIATION),
    ("associationBecomesBytes", NO_ASSOCIATION),
    ("associationIsExchanged", NO_ASSOCIATION),
    ("associationOfRunningMethodBecomesNumber", NO_ASSOCIATION),
    ("associationOfRunningMethodBecomesShort", NO_ASSOCIATION),
    ("closureGetsSmallerReceiver", NO_VALUE_WITH_ONE),
    ("closureGetsNumberAsReceiver", NO_VALUE_WITH_ONE),
    ("closureGetsOtherCode", NO_VALUE_WITH_ONE),
    ("closureGetsObjectAsCode", NO_VALUE),
    ("runningClosureTakesMoreArguments", Answers("3")),
    ("runningClosureTakesNoNumberOfArguments", Answers("3")),
    ("runningClosureBecomesOther", Answers("3")),
    ("runningClosureBecomesObject", Answers("3")),
    (
        "closureGetsOtherOuterContext",
        Says("Instance of Object does not understand #home"),
    ),
    ("arrayBecomesClosure", NO_VALUE_WITH_ONE),
    (
        "senderGoesOnWithLargerStack",
        Says("Instance of SmallInteger does not understand #with:with:"),
    ),
    ("senderGoesOnBehindItsSends", Answers("7")),
    ("senderHasNoStack", Says("nil does not understand #+")),
    (
        "processGoesOnWithoutStack",
        Says("Instances of UndefinedObject are not indexable"),
    ),
    ("processGoesOnWithoutAnswer", Answers("1")),
    (
        "processGoesOnWithHugeStack",
        Says("#resume in Process failed"),
    ),
    ("processWaitsAtNumberOutOfRange", Answers("4")),
    ("processWaitsWithoutCode", Answers("4")),
    ("shortStoreIntoContext", NO_CONTEXT),
    (
        "shortStoresIntoContext",
        Says("BlockCannotReturn: return from a dead method context"),
    ),
    (
        "refusedAssignmentsLeaveTheirAnswers",
        Says("ouro: the image goes on again and again after an error of its code"),
    ),
    (
        "selectorBecomesLonger",
        Says("ouro: a send has another number of arguments than its selector"),
    ),
    (
        "specialSelectorHasOtherArguments",
        Says("ouro: a special selector has another number of arguments than its sends"),
    ),
];

/// Each message to `ClassAttacks` and its end.
const CLASS_ATTACKS: &[(&str, End)] = &[
    ("superIsOfOtherClass", NO_VARIABLES),
    ("superOfBlockIsOfOtherClass", NO_VARIABLES),
    ("methodMovesWithItsClass", NO_VARIABLES),
    ("quickMethodMovesWithItsClass", NO_VARIABLES),
    ("methodRunsOnOtherReceiver", NO_EXECUTION),
    ("blockOfMethodRunsOnOtherReceiver", NO_VALUE_WITH_ONE),
    ("superOfMethodRunsOnOtherReceiver", NO_VARIABLES),
    ("formatLosesVariables", NO_VARIABLES),
    ("formatGetsVariables", NO_VARIABLES),
    ("formatGetsVariablesWithoutInstances", Answers("3")),
    ("formatIsCopied", NO_VARIABLES),
    (
        "formatIsNoNumber",
        Says("Instance of FewVariables does not understand #last"),
    ),
    ("arraysAreBytes", NO_INSTANCE),
    // What goes wrong cannot be told without arrays.
    ("arraysBecomeBytes", Says("")),
    ("floatsAreRows", NO_INSTANCE),
    ("messagesHaveMoreVariables", NO_VARIABLES),
    ("pointsHaveMoreVariables", NO_VARIABLES),
    ("classBecomesLarger", NO_VARIABLES),
    ("classesAreExchanged", NO_VARIABLES),
];

/// The classes that attack, with their attacks.
const ATTACKERS: [(&str, &[(&str, End)]); 3] = [
    ("Attacks", ATTACKS),
    ("RunningAttacks", RUNNING_ATTACKS),
    ("ClassAttacks", CLASS_ATTACKS),
];

/// The image of the class library with the attacks, compiled for `set` with blocks that are `closures`.
fn image(set: &str, closures: &str) -> Vec<u8> {
    kernel(set, closures, |_| {
        root().join("vm-source-st/kernel-attacks")
    })
}

/// How `selector` ends for `attacker` on `vm`.
fn end_of(session: &Session, vm: &Path, options: &[&str], attacker: &str, selector: &str) -> Run {
    let mut all = vec!["--max-heap", "100m"];
    all.extend(options);
    session.run_whole(vm, 60, &all, &["perform", attacker, selector])
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

/// Makes the attacks of these classes, and fails with those whose end has a mistake.
fn attack(
    attackers: &[(&str, &[(&str, End)])],
    session: &Session,
    vm: &Path,
    options: &[&str],
    mistake: impl Fn(&str, &End, &Run) -> Option<String>,
) {
    let mut mistakes = Vec::new();
    for (attacker, attacks) in attackers {
        for (selector, end) in *attacks {
            let run = end_of(session, vm, options, attacker, selector);
            mistakes.extend(mistake(selector, end, &run));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn no_attack_makes_the_vm_fail() {
    let session = Session::new(&image("SistaV1", "Full"));
    attack(&ATTACKERS, &session, &vm(), &[], mistake);
}

#[test]
fn no_attack_on_what_runs_makes_the_vm_fail_while_the_heap_moves_and_is_checked() {
    let session = Session::new(&image("SistaV1", "Full"));
    let options = ["--gc-stress", "100", "--check-heap"];
    attack(&ATTACKERS[1..], &session, checked_vm(), &options, mistake);
}

#[test]
fn no_attack_on_other_bytecodes_and_blocks_makes_the_vm_fail() {
    for (set, closures) in [("SistaV1", "Embedded"), ("V3", "Embedded")] {
        let session = Session::new(&image(set, closures));
        attack(&ATTACKERS, &session, &vm(), &[], |selector, _, run| {
            let told = format!("{set}: {selector}: status {}", run.status);
            (!matches!(run.status, 0 | 1)).then_some(told)
        });
    }
}

#[test]
fn every_attack_is_made() {
    for (attacker, attacks) in ATTACKERS {
        let path = format!("vm-source-st/kernel-attacks/Kernel-Attacks/{attacker}.class.st");
        let source = text(&root().join(path));
        let prefix = format!("{attacker} class >> ");
        let mut category = "";
        let mut selectors = BTreeSet::new();
        for line in source.lines() {
            if let Some(rest) = line.strip_prefix("{ #category : '") {
                category = rest.trim_end_matches("' }");
            }
            if let Some(rest) = line.strip_prefix(&prefix)
                && category != "private"
            {
                selectors.insert(rest.trim_end_matches(" ["));
            }
        }
        let made: BTreeSet<&str> = attacks.iter().map(|(selector, _)| *selector).collect();
        assert_eq!(selectors, made);
    }
}
