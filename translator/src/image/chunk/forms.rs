//! Which messages of a chunk file define something: data, so that other dialects can be described.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What an argument of a message that defines a class says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
pub enum Part {
    /// Names of instance variables in one string, or an array of them.
    InstanceVariables,
    /// Names of class variables.
    ClassVariables,
    /// Names of pools.
    Pools,
    /// Names of variables of the metaclass.
    ClassInstanceVariables,
    /// The category.
    Category,
    /// The package.
    Package,
    /// The tag in the package.
    Tag,
    /// A trait composition.
    Traits,
    /// The name of a layout.
    Layout,
    /// Nothing that concerns an image.
    Ignored,
}

/// The selectors by which definitions are recognised.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChunkForms {
    /// The first keyword of a message to the superclass that defines a class, and the layout of its instances.
    pub class_keywords: BTreeMap<String, String>,
    /// The operator between superclass and name, behind which a cascade tells the parts.
    pub fluid_operator: String,
    /// The first keyword of a message that defines a trait.
    pub trait_keywords: Vec<String>,
    /// What the arguments of the other keywords say.
    pub parts: BTreeMap<String, Part>,
    /// Statements with these selectors are left out without a word: the description does elsewhere what they do.
    pub ignored: Vec<String>,
    /// Headers with these first keywords say nothing that concerns an image; the number tells how many chunks belong to each.
    pub ignored_headers: BTreeMap<String, usize>,
}

/// First keyword and layout.
const CLASS_KEYWORDS: [(&str, &str); 11] = [
    ("subclass:", "normal"),
    ("variableSubclass:", "variable"),
    ("variableByteSubclass:", "bytes"),
    ("variableWordSubclass:", "words"),
    ("variableDoubleByteSubclass:", "doubleBytes"),
    ("variableDoubleWordSubclass:", "doubleWords"),
    ("weakSubclass:", "weak"),
    ("ephemeronSubclass:", "ephemeron"),
    ("immediateSubclass:", "immediate"),
    ("variableImmediateSubclass:", "immediate"),
    ("compiledMethodSubclass:", "compiledMethod"),
];

const PARTS: [(&str, Part); 15] = [
    ("instanceVariableNames:", Part::InstanceVariables),
    ("slots:", Part::InstanceVariables),
    ("classVariableNames:", Part::ClassVariables),
    ("classVariables:", Part::ClassVariables),
    ("sharedVariables:", Part::ClassVariables),
    ("poolDictionaries:", Part::Pools),
    ("sharedPools:", Part::Pools),
    ("classInstanceVariableNames:", Part::ClassInstanceVariables),
    ("category:", Part::Category),
    ("package:", Part::Package),
    ("tag:", Part::Tag),
    ("uses:", Part::Traits),
    ("layout:", Part::Layout),
    ("environment:", Part::Ignored),
    ("stamp:", Part::Ignored),
];

const IGNORED: [&str; 12] = [
    "initialize",
    "addCategory:",
    "addCategory:before:",
    "renameClassNamed:as:",
    "recompile",
    "recompileAll",
    "removeSelector:",
    "removeClassNamed:",
    "removeKey:",
    "removeFromSystem",
    "garbageCollect",
    "postPackageInstall",
];

const IGNORED_HEADERS: [(&str, usize); 10] = [
    ("provides:", 0),
    ("requires:", 0),
    ("description:", 0),
    ("classDefinition:", 0),
    ("methodRemoval:", 1),
    ("classRemoval:", 1),
    ("classRenamed:", 1),
    ("classMoveToSomePackage:", 0),
    ("methodMoveToSomePackage:", 0),
    ("reorganize", 1),
];

impl Default for ChunkForms {
    /// Those of Squeak, Cuis and Pharo.
    fn default() -> Self {
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        ChunkForms {
            class_keywords: CLASS_KEYWORDS.into_iter().map(text).collect(),
            fluid_operator: "<<".to_owned(),
            trait_keywords: vec!["named:".to_owned()],
            parts: PARTS.map(|(name, part)| (name.to_owned(), part)).into(),
            ignored: IGNORED.map(str::to_owned).to_vec(),
            ignored_headers: IGNORED_HEADERS
                .map(|(name, chunks)| (name.to_owned(), chunks))
                .into(),
        }
    }
}
