//! The codes of this stage's diagnostics, with the rule that each one enforces.

use crate::resolve::codes::codes;

codes! {
    UNKNOWN_NAME = "T001", "a name is a parameter, a temporary, a field or a class";
    NOT_UNDERSTOOD = "T002", "the static type of the receiver understands the selector";
    MISMATCH = "T003", "a value has the type that its use asks for";
    UNIT_MISMATCH = "T004", "integers of different units do not mix";
    JOIN_CONFLICT = "T005", "the values assigned to a local, or answered by the arms of a conditional, have a type in common";
    UNASSIGNED = "T006", "a local is assigned on every path before it is read";
    RANGE = "T007", "an intermediate result fits 64 bits";
    MIXED_SIGNS = "T008", "the operands of an operation that is checked are all signed or all unsigned 64-bit integers";
    NEVER_FITS = "T009", "a value can be one of the type that its use asks for";
    NO_VALUE = "T010", "an expression that is used has a value";
    UNUSED_VALUE = "T011", "the result of an expression without side effects is used";
    NEEDS_SIGNATURE = "T012", "a method with parameters has a signature, and so has a recursive or exported one";
    SOME_PATHS = "T013", "a method that answers a value does so on every path";
    ONE_ARM = "T014", "a conditional that is used as a value has two arms";
    BLOCK_EXPECTED = "T015", "control messages and block parameters take literal blocks or block parameters";
    BLOCK_ARGUMENTS = "T016", "a block gets as many arguments as it has parameters";
    BLOCK_ESCAPES = "T017", "a block is not stored, answered or compared";
    REFUSED = "T018", "what the language refuses is not used";
    NOT_ASSIGNABLE = "T019", "arguments, loop variables, collaborators and tables are not assigned";
    RECURSIVE_EXPANSION = "T020", "a block-taking method is not recursive";
    RAW_CONVERSION = "T021", "bits, fromBits: and raw operations are used in raw packages only";
    LAYER = "T022", "a method sent to is of this or a lower package";
    ABSTRACT_REACHED = "T023", "an abstract method is overridden in the class that stands for its component";
    BAD_CONSTANT = "T024", "a constant is an expression over literals, other constants and integer messages";
    CYCLIC_CONSTANT = "T025", "a constant does not depend on itself";
    NOT_CONSTANT = "T026", "steps of loops, cases and counts of bitShift: are constants";
    BAD_INTRINSIC = "T027", "an intrinsic is one of the closed list and has its shape";
    HANDLER_ONLY = "T028", "dispatch and leaveInterpreter stand in handlers";
    TABLE_HANDLER = "T029", "a collected table's default is a handler or primitive of its component, and an opcode or index has one method";
    BAD_LAYOUT = "T030", "fields have types that lie in memory: integers of 8, 16, 32 or 64 bits when read by machine code";
    BAD_FUNCTION = "T031", "a symbol where a function is wanted names a method of that type";
    UNREACHED = "T032", "every method is reached from the entry, an export, a handler, a primitive or a test";
    OVERRIDE_TYPE = "T033", "an overriding method has the signature of the overridden one";
    CASE = "T034", "cases are written { [ constant ] -> [ … ] } and differ from each other";
    SIGNATURE_MISSING_BLOCK = "T035", "a method that takes blocks declares them in its signature";
    EXPANSIONS = "T036", "the blocks of a method are not expanded without measure";
    ASSERTION_ACTS = "T037", "the condition of an assertion assigns nothing and does not leave the method";
}
