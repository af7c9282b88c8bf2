//! The codes of this stage's diagnostics, with the rule that each one enforces.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $rule:literal;)*) => {
        $(#[doc = $rule] pub const $name: &str = $code;)*
        /// Every code of this stage and its rule, in order.
        pub const ALL: &[(&str, &str)] = &[$(($code, $rule)),*];
    };
}
pub(crate) use codes;

codes! {
    DUPLICATE_CLASS = "R001", "a class has one definition";
    UNKNOWN_SUPERCLASS = "R002", "a superclass is a class of this or a lower package, or a known class of the image";
    CYCLIC_HIERARCHY = "R003", "no class is its own superclass";
    REFUSED_DEFINITION = "R004", "traits, class variables, pools and class-side state are refused";
    BAD_FIELD = "R005", "a field is written TypedField, PinnedField, TypedArray or CollectedTable, with the arguments of that form";
    DUPLICATE_FIELD = "R006", "a field has a name of its own among its class and the superclasses";
    UNKNOWN_TYPE = "R007", "a type is one of the closed list, or a class of this or a lower package";
    BAD_TYPE_HERE = "R008", "components are types of fields only, blocks types of parameters only, Void a result only";
    UNKNOWN_EXTENDED_CLASS = "R009", "an extension names a class of a lower package, and adds no fields";
    DUPLICATE_METHOD = "R010", "a class has one method for a selector";
    UNKNOWN_PRAGMA = "R011", "a pragma is one of the closed list, with arguments of the right kind";
    BAD_SIGNATURE = "R012", "a signature has as many types as the selector has arguments";
    LAYER = "R013", "a package uses only itself and the packages before it";
    BAD_COMPONENT_MAP = "R014", "the build description maps a component to itself or to one of its subclasses";
    BAD_ENTRY = "R015", "the entry is a method Class>>selector of a component";
    BAD_WORD = "R016", "a word has exactly one field, bits, of an integer type";
    MISPLACED_PRAGMA = "R017", "handlers, primitives, exports and imports are methods of components; an intrinsic is a method of a raw package";
    REFUSED_VARIABLE_NAME = "R019", "a parameter or a temporary does not have the name of a field or of an outer variable";
}
