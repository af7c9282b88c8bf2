//! What goes wrong with images that are made without a running system: one test for each thing that has gone wrong once.
//!
//! The small library `tests/image/mini` is built with a few more methods, and runs; its exit status tells what was found. What needs processes, delays and finalization uses our own library.

use tests::built_image::{Folder, mini};
use tests::library_image::image_that_starts;
use tests::{Run, Session, run_image};

const SISTA: &str = "(set: SistaV1, closures: Full)";
const TARGETS: [&str; 3] = [
    SISTA,
    "(set: SistaV1, closures: Embedded)",
    "(set: V3, closures: Embedded)",
];
/// Of the image header: its own size, the size of the image, the address of its first object, the flags.
const HEADER_SIZE: usize = 4;
const IMAGE_SIZE: usize = 8;
const START: usize = 16;
const FLAGS: usize = 48;

/// The library's description with more sources: a chunk file, and Tonel packages in the folder `more`.
fn with_more(description: &str) -> String {
    let group = "Packages(folder: \"mini\", names: [\"Mini\"])";
    let more = "Chunks(folder: \"here\", files: [\"More.st\"]), Packages(folder: \"more\")";
    description
        .replace(group, &format!("{group}, {more}"))
        .replace(
            "{ \"mini\": \"mini\"",
            "{ \"mini\": \"mini\", \"here\": \".\", \"more\": \"more\"",
        )
}

/// The library with a chunk file and a class `Extra` as Tonel source.
fn folder(description: &str, chunks: &str, tonel: &str) -> Folder {
    let folder = Folder::new(&with_more(description));
    folder.write("More.st", chunks);
    folder.write("more/Extra/Extra.class.st", tonel);
    folder
}

/// A class with nothing in it.
const EXTRA: &str = "Class { #name : 'Extra', #superclass : 'Thing' }\n";

/// With each kind of code `start`, which may use the methods of the chunk file, ends with the status.
fn each_target_ends_with(chunks: &str, start: &str, status: i32) {
    for target in TARGETS {
        let run = run_with(&mini().replace(SISTA, target), chunks, start);
        assert_eq!(run.status, status, "{target}: {start} {}", run.stderr);
    }
}

fn run_with(description: &str, chunks: &str, start: &str) -> Run {
    run_image(&folder(description, chunks, EXTRA).image(start))
}

fn word(image: &[u8], at: usize) -> u64 {
    let bytes = image[at..at + 8].try_into();
    u64::from_le_bytes(bytes.expect("eight bytes are eight bytes"))
}

/// 1 if the condition holds, else 99.
fn holds(condition: &str) -> String {
    format!("nil leave: (({condition}) ifTrue: [ 1 ] ifFalse: [ 99 ])")
}

#[test]
fn the_header_says_that_floats_are_little_endian() {
    let sum = holds("1.0e300 + 1.0e300 = 2.0e300 and: [ 1.0e999 > 3.0e300 ]");
    each_target_ends_with("", &sum, 1);
    let description = mini();
    assert!(!description.contains("flags:"), "the flag is the default");
    let image = folder(&description, "", EXTRA).image("nil leave: 1");
    assert_eq!(image[FLAGS] & 2, 2);
}

#[test]
fn variables_of_a_running_context_are_objects_and_not_addresses_of_frames() {
    let chunks = "!Frame methodsFor: 'more'!
depth
	| frame count |
	frame := self.
	count := 0.
	[ frame isNothing ] whileFalse: [
		(frame is: Frame) ifFalse: [ ^ 99 ].
		count := count + 1.
		frame := frame sender ].
	^ count! !
!Place methodsFor: 'more'!
senderOfSender
	^ sender sender! !
";
    // The boot method, a block in it, and one in that.
    each_target_ends_with(
        chunks,
        "nil leave: [ [ thisContext depth ] value ] value",
        3,
    );
    let start = "nil leave: [ [ ((thisContext senderOfSender is: Frame) and: [ thisContext senderOfSender sender isNothing ]) ifTrue: [ 1 ] ifFalse: [ 99 ] ] value ] value";
    each_target_ends_with(chunks, start, 1);
}

#[test]
fn prefixes_of_bytecodes_stand_only_where_they_are_needed() {
    let long = "b := b + 1. ".repeat(100);
    let chunks = format!(
        "!Check class methodsFor: 'more'!\njumps: a\n\t| b |\n\tb := 0.\n\t(a == nil or: [ a = 3 ]) ifTrue: [ b := 5 ].\n\ta == nil ifTrue: [ {long} ] ifFalse: [ b := b + 2 ].\n\t^ b! !\n"
    );
    each_target_ends_with(&chunks, "nil leave: (Check jumps: 3)", 7);
    each_target_ends_with(&chunks, "nil leave: (Check jumps: nil)", 105);
    let folder = folder(&mini(), &chunks, EXTRA);
    let (built, told) = folder.build(Some("nil leave: 1"), Some("Check class>>jumps:"));
    let listing = built
        .and_then(|built| built.listing)
        .unwrap_or_else(|| panic!("{told}"));
    // 224 and 225 are the prefixes; an instruction may have both.
    let prefixed: Vec<_> = listing
        .lines()
        .filter(|line| line.contains("<224 ") || line.contains("<225 "))
        .collect();
    assert!(
        !prefixed.is_empty(),
        "a jump beyond 255 bytes needs one: {listing}"
    );
    for line in prefixed {
        assert!(
            !line.contains("<224 0") && !line.contains("<225 0"),
            "{line}"
        );
    }
}

#[test]
fn small_floats_stay_small_floats_in_a_long_loop() {
    let chunks = "!Small methodsFor: 'more'!
halved
	^ self * 0.5! !
";
    let start = "| x n | x := 1.0. n := 0. [ n > 100000 ] whileFalse: [ (x is: Small) ifFalse: [ nil leave: 99 ]. x := x halved + 0.5. n := n + 1 ]. nil leave: x truncated";
    each_target_ends_with(chunks, start, 1);
}

#[test]
fn the_reason_of_a_failure_is_in_its_variable_whatever_others_there_are() {
    let chunks = "!Row methodsFor: 'more'!
longFailureAt: index
	| first second block |
	<primitive: 60 error: code>
	first := 7.
	block := [ :it | second := it. code size + first ].
	^ (block value: 100) + second!
plainFailureAt: index
	| first code second |
	<primitive: 60 error: code>
	| third |
	^ (first isNothing and: [ second isNothing and: [ third isNothing ] ]) ifTrue: [ code size ] ifFalse: [ 99 ]! !
";
    // The reason is `bad index`, of nine characters.
    each_target_ends_with(chunks, "nil leave: (#(1) longFailureAt: 5)", 116);
    each_target_ends_with(chunks, "nil leave: (#(1) plainFailureAt: 5)", 9);
}

#[test]
fn classes_are_initialized_by_the_boot_method_alone_and_in_its_order() {
    let chunks = "Thing subclass: #Primes
	instanceVariableNames: ''
	classVariableNames: 'Table'
	category: 'More'!
Thing subclass: #Sizes
	instanceVariableNames: ''
	classVariableNames: 'Largest'
	category: 'More'!
!Primes class methodsFor: 'more'!
initialize
	Table isNothing ifFalse: [ self leave: 98 ].
	Table := #(3 5 7)!
largest
	^ Table at: 3! !
!Sizes class methodsFor: 'more'!
initialize
	Largest := Primes largest!
largest
	^ Largest! !
";
    let order = |statements: &str| {
        let memo = "	Memo kinds: kinds.";
        let description = mini();
        assert!(description.contains(memo));
        let description = description.replace(memo, &format!("{memo} {statements}"));
        run_with(&description, chunks, "nil leave: Sizes largest").status
    };
    assert_eq!(order("Primes initialize. Sizes initialize."), 7);
    // Nil has no `at:`.
    assert_eq!(order("Sizes initialize. Primes initialize."), 93);
}

#[test]
fn the_boot_method_gets_each_symbol_of_the_image_once() {
    let chunks = "!Check class methodsFor: 'more'!
onlyHere
	<onlyInAPragma: #onlyAsArgument>
	^ #(#onlyInAnArray (#onlyNested))!
count: aName
	| count |
	count := 0.
	Memo names do: [ :each | each == aName ifTrue: [ count := count + 1 ] ].
	^ count! !
";
    let names = [
        "onlyHere",
        "onlyInAPragma:",
        "onlyAsArgument",
        "onlyInAnArray",
        "onlyNested",
        "count:",
        "Check",
        "NobodyDeclaresThis",
        "doesNotUnderstand:",
    ];
    let counts: Vec<_> = names
        .iter()
        .map(|name| format!("(Check count: #{name})"))
        .collect();
    each_target_ends_with(chunks, &format!("nil leave: {}", counts.join(" + ")), 9);
}

#[test]
fn line_ends_of_strings_are_those_that_the_description_wants() {
    let chunks = "!Check class methodsFor: 'more'!
lines
	^ #('a
b' 'c')! !
";
    let description = mini().replace("closures: Full)", "closures: Full, carriage_returns: true)");
    let start = "nil leave: ((Check lines at: 1) at: 2) value + (Check lines at: 1) size";
    assert_eq!(run_with(&description, chunks, start).status, 16);
    each_target_ends_with(chunks, start, 13);
}

#[test]
fn super_in_a_block_begins_above_the_class_of_the_method() {
    let chunks = "Check subclass: #Lower
	instanceVariableNames: ''
	classVariableNames: ''
	category: 'More'!
!Base class methodsFor: 'more'!
deep
	^ 5! !
!Check class methodsFor: 'more'!
deep
	| a |
	a := 1.
	^ [ [ :it | a := a + it. super deep + a ] value: 10 ] value! !
!Lower class methodsFor: 'more'!
deep
	^ [ super deep + 100 ] value! !
";
    each_target_ends_with(chunks, "nil leave: Lower deep", 116);
    // The last literal of a full block is no class, so the class is pushed.
    let folder = folder(&mini(), chunks, EXTRA);
    let (built, told) = folder.build(Some("nil leave: 1"), Some("Lower class>>deep"));
    let listing = built
        .and_then(|built| built.listing)
        .unwrap_or_else(|| panic!("{told}"));
    assert!(
        listing.contains("send #deep to super of the class on top"),
        "{listing}"
    );
}

#[test]
fn special_objects_that_are_nil_do_not_keep_an_image_from_running() {
    let description = mini()
        .replace(" 36: Class(\"Closure\"), 37: Class(\"FullClosure\"),", "")
        .replace(" 16: Class(\"Routine\"),", "");
    assert!(!description.contains("36: Class(") && !description.contains("16: Class("));
    for target in TARGETS {
        let description = description.replace(SISTA, target);
        let start = "nil leave: ([ :a | a + 1 ] value: 3) + (#(1 2) detect: [ :each | each > 1 ])";
        let run = run_with(&description, "", start);
        assert_eq!(run.status, 6, "{target} {}", run.stderr);
    }
}

#[test]
fn infinities_are_compared_with_integers_by_the_primitives() {
    for condition in [
        "1.0e999 > 5",
        "5.0e300 < 1.0e999",
        "(1.0e999 < 5) not",
        "-1.0e999 < 5",
        "(-1.0e999 > 5) not",
        "(1.0e999 = 5) not",
        "1.5 < 2 and: [ 1.5 > 1 ]",
        "(1.5 = 1) not and: [ 2.0 = 2 ]",
        "(1.0e999 - 1.0e999 = 5) not",
    ] {
        let chunks = "!Thing methodsFor: 'more'!
not
	^ self == false! !
";
        each_target_ends_with(chunks, &holds(condition), 1);
    }
}

#[test]
fn sources_are_understood_as_tools_have_ever_written_them() {
    // Names as symbols, no blanks around colons, keys of other versions, methods that come twice, empty temporaries, underscores as names.
    let tonel = "Class {
	#name:#Extra,
	#superclass:#Thing,
	#layout:#normal,
	#instVars : [ 'a' ],
	#classVars : [ #Kept ],
	#classInstVars : [ ],
	#sharedPools : [ 'Colours' ],
	#classTraits : '{}',
	#traits : '{}',
	#category : #'Mini-More',
	#package : #More,
	#tag : 'More'
}

{ #category: #all }
Extra class >> twice [
	^ 1
]

{ #category : #all }
Extra class >> twice [
	|| ^ [ :_ | _ + 1 ] value: 1
]

{
	#category : 'all',
	#vmtest : true
}
Extra class >> braces [
	{ 1. ^ self twice }
]

{ #category : 'all' }
Extra class >> a: a _: b [
	| | | c |
	<note: 'of no use'>
	c := { a. b. }. ^ NobodyKnows isNothing ifTrue: [ Kept := c sum ] ifFalse: [ 99 ]
]
";
    for target in TARGETS {
        let folder = folder(&mini().replace(SISTA, target), "", tonel);
        let run = run_image(&folder.image("nil leave: (Extra a: 3 _: 4) * 10 + Extra braces"));
        assert_eq!(run.status, 72, "{target} {}", run.stderr);
    }
}

#[test]
fn the_file_begins_and_ends_as_virtual_machines_expect() {
    let image = folder(&mini(), "", EXTRA).image("nil leave: 1");
    let header = u32::from_le_bytes(
        image[HEADER_SIZE..HEADER_SIZE + 4]
            .try_into()
            .expect("four bytes"),
    );
    let header = header as usize;
    let size = usize::try_from(word(&image, IMAGE_SIZE)).expect("the image is small");
    assert_eq!(image.len(), header + size);
    // The bridge behind the last object: one of the pun class, and a distance of 0.
    assert_eq!(
        &image[image.len() - 16..image.len() - 8],
        [3, 0, 0, 0x49, 0, 0, 0x80, 0]
    );
    let start = word(&image, START);
    let header_of = |place: usize| word(&image, header + place);
    let (format, class) = (|it: u64| it >> 24 & 31, |it: u64| it & 0x3F_FFFF);
    // nil, false and true have no slots but room for one.
    for index in 0..3 {
        assert_eq!(header_of(index * 16) >> 56, 0);
        assert_eq!(format(header_of(index * 16)), 0);
    }
    let lists = header_of(3 * 16);
    assert_eq!((lists >> 56, format(lists), class(lists)), (64, 9, 19));
    assert!((0..64).all(|list| header_of(3 * 16 + 8 + 8 * list) == 0));
    let roots = 3 * 16 + 8 + 64 * 8;
    // More slots than fit into the header stand before it.
    assert_eq!(header_of(roots) << 8 >> 8, 4104);
    assert_eq!(class(header_of(roots + 8)), 16);
    assert_eq!(header_of(roots + 16) % 8, 0, "the first page is an object");
    assert!(header_of(roots + 16) > start);
}

#[test]
fn blocks_that_use_nothing_around_them_are_closures_like_any_other() {
    for (target, class) in TARGETS.iter().zip(["FullClosure", "Closure", "Closure"]) {
        let description = mini().replace(SISTA, target);
        let start = format!(
            "| clean other | clean := [ :a | a + 1 ]. other := [ clean ]. nil leave: (((clean is: {class}) and: [ other is: {class} ]) ifTrue: [ clean value: 1 ] ifFalse: [ 99 ])"
        );
        let run = run_with(&description, "", &start);
        assert_eq!(run.status, 2, "{target} {}", run.stderr);
    }
}

#[test]
fn processes_delays_and_finalization_work_from_the_first_start() {
    let start = "| log done waiting registry |
	log := WriteStream on: String new.
	done := Semaphore new.
	waiting := [ [ Semaphore new wait ] ensure: [ log nextPutAll: 'unwound ' ] ] fork.
	[ (Delay forMilliseconds: 3) wait. log nextPutAll: 'later '. done signal ] fork.
	[ log nextPutAll: 'urgent ' ] forkAt: Processor userInterruptPriority.
	[ log nextPutAll: 'first '. (Delay forMilliseconds: 1) wait. log nextPutAll: 'second '. done signal ] fork.
	Processor yield.
	waiting terminate.
	done wait. done wait.
	[ nil foo ] on: MessageNotUnderstood do: [ :error | log nextPutAll: 'handled '; nextPutAll: error message selector ].
	Stdio stdout nextPutAll: log contents; lf; flush.
	Smalltalk quit";
    let run = Session::new(&image_that_starts(&[], Some(start))).run_arguments(
        20,
        &["--deterministic"],
        &[],
    );
    assert_eq!(
        run.stdout, "urgent first unwound second later handled foo\n",
        "{}",
        run.stderr
    );
    assert_eq!(run.status, 0);
}
