//! The image description: a RON file.
//!
//! It names everything that the builder would otherwise have to know of a class library. `docs/image-builder.md` explains it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ron::Options;
use ron::extensions::Extensions;
use serde::Deserialize;

use super::chunk::ChunkForms;
use super::compile::TargetOptions;
use super::heap::format;
use super::source_file::SourcesFile;
use super::traits::TraitRules;
use crate::base::source::SourceFile;
use crate::base::{Diagnostic, Diagnostics, FileId, Span};

/// What is built, from which sources.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename = "Image", deny_unknown_fields)]
pub struct ImageDescription {
    /// Folders of sources by name, relative to the description.
    #[serde(default)]
    pub folders: BTreeMap<String, String>,
    /// The sources in order.
    pub sources: Vec<SourceGroup>,
    /// How the statements of chunk files are understood.
    #[serde(default)]
    pub chunk_forms: ChunkForms,
    /// What methods of traits mean that implement nothing.
    #[serde(default)]
    pub traits: TraitRules,
    /// How methods are compiled.
    #[serde(default)]
    pub target: TargetOptions,
    /// The number at the start of the image.
    #[serde(default = "default_format")]
    pub format: u32,
    /// Flags of the image header.
    #[serde(default = "default_flags")]
    pub flags: u64,
    /// What classes are for.
    pub roles: BTreeMap<Role, String>,
    /// Class to its places in the class table, the first of which is its identity hash.
    #[serde(default)]
    pub class_indices: BTreeMap<String, Vec<u32>>,
    /// Class to the format of its instances, where the source does not say it.
    #[serde(default)]
    pub formats: BTreeMap<String, u8>,
    /// Layout names of the sources, beside those of Tonel, to formats.
    #[serde(default)]
    pub layouts: BTreeMap<String, u8>,
    /// Instance variable of a class to what it holds.
    pub class_object: BTreeMap<String, Value>,
    /// The same for metaclasses.
    pub metaclass_object: BTreeMap<String, Value>,
    /// Objects that each class has besides.
    #[serde(default)]
    pub per_class: BTreeMap<String, Value>,
    /// What bindings look like.
    pub bindings: Bindings,
    /// What methods have besides bytecodes.
    #[serde(default)]
    pub method: MethodParts,
    /// Globals beside the classes.
    #[serde(default)]
    pub globals: BTreeMap<String, Value>,
    /// Objects to which several places refer.
    #[serde(default)]
    pub objects: BTreeMap<String, Value>,
    /// How many special objects there are.
    #[serde(default = "default_special_objects")]
    pub special_objects_size: usize,
    /// The special objects; those left out are nil.
    pub special_objects: BTreeMap<usize, Value>,
    /// What runs first.
    pub boot: Boot,
    /// Statements behind those of the boot method.
    #[serde(default)]
    pub start: String,
}

impl ImageDescription {
    /// The names of folders that it gives or uses.
    #[must_use]
    pub fn folder_names(&self) -> BTreeSet<&str> {
        let used = self.sources.iter().map(|group| match group {
            SourceGroup::Packages { folder, .. } | SourceGroup::Chunks { folder, .. } => folder,
        });
        self.folders
            .keys()
            .chain(used)
            .map(String::as_str)
            .collect()
    }

    /// Adds all Tonel packages in the folder `path`, which is relative to where the program was started, as the last sources.
    pub fn add_packages_of(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.display().to_string();
        self.folders.insert(folder.clone(), folder.clone());
        self.sources.push(SourceGroup::Packages {
            folder,
            names: Vec::new(),
            except: Vec::new(),
            overlay: false,
        });
    }
}

/// Some of the sources.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SourceGroup {
    /// Tonel packages: subfolders of a folder.
    Packages {
        /// A name of [`ImageDescription::folders`].
        folder: String,
        /// The packages in order; all, sorted by name, if none is named.
        #[serde(default)]
        names: Vec<String>,
        /// Packages to leave out.
        #[serde(default)]
        except: Vec<String>,
        /// Whether classes and methods may replace those of earlier groups.
        #[serde(default)]
        overlay: bool,
    },
    /// Chunk files.
    Chunks {
        /// A name of [`ImageDescription::folders`].
        folder: String,
        /// The files in order.
        files: Vec<String>,
        /// Whether classes and methods may replace those of earlier groups.
        #[serde(default)]
        overlay: bool,
    },
}

/// What a class is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names of what the object format knows")]
pub enum Role {
    Nil,
    True,
    False,
    SmallInteger,
    LargePositiveInteger,
    LargeNegativeInteger,
    Character,
    SmallFloat,
    BoxedFloat,
    Fraction,
    ScaledDecimal,
    Array,
    ByteArray,
    FloatArray,
    String,
    WideString,
    Symbol,
    WideSymbol,
    Class,
    Metaclass,
    MethodDictionary,
    Method,
    Block,
    Closure,
    FullClosure,
    Context,
}

impl Role {
    /// Those without which no image can be made.
    pub const REQUIRED: &[Role] = &[
        Role::Nil,
        Role::True,
        Role::False,
        Role::SmallInteger,
        Role::Character,
        Role::Array,
        Role::String,
        Role::Symbol,
        Role::Class,
        Role::Metaclass,
        Role::MethodDictionary,
        Role::Method,
        Role::Context,
    ];

    /// The formats that its instances may have: the builder and virtual machines make them so.
    #[must_use]
    pub fn formats(self) -> &'static [u8] {
        match self {
            Role::Nil | Role::True | Role::False => &[format::EMPTY],
            Role::SmallInteger | Role::Character | Role::SmallFloat => &[format::IMMEDIATE],
            Role::LargePositiveInteger
            | Role::LargeNegativeInteger
            | Role::ByteArray
            | Role::String
            | Role::Symbol => &[format::BYTES],
            Role::WideString | Role::WideSymbol | Role::BoxedFloat => &[format::WORDS_32],
            Role::FloatArray => &[format::WORDS_32, format::WORDS_64],
            Role::Fraction | Role::ScaledDecimal | Role::Class | Role::Metaclass => {
                &[format::FIXED]
            }
            Role::Array => &[format::INDEXABLE],
            Role::MethodDictionary | Role::Closure | Role::FullClosure | Role::Context => {
                &[format::MIXED]
            }
            Role::Method | Role::Block => &[format::CODE],
        }
    }

    /// The places in the class table where every virtual machine looks for the class.
    #[must_use]
    pub fn indices(self) -> &'static [u32] {
        match self {
            Role::SmallInteger => &[1, 3],
            Role::Character => &[2],
            Role::SmallFloat => &[4],
            Role::LargeNegativeInteger => &[32],
            Role::LargePositiveInteger => &[33],
            Role::BoxedFloat => &[34],
            Role::Context => &[36],
            Role::Closure => &[37],
            Role::FullClosure => &[38],
            Role::ByteArray => &[50],
            Role::Array => &[51],
            Role::String => &[52],
            _ => &[],
        }
    }
}

/// What bindings look like.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bindings {
    /// Of a global.
    pub global: Value,
    /// Of a class variable.
    pub class_variable: Option<Value>,
    /// Of a name that nobody declares.
    pub undeclared: Option<Value>,
    /// Of the class of a method, if that class is no global.
    pub method_class: Option<Value>,
}

/// What methods have besides literals and bytecodes.
#[derive(Clone, Default, PartialEq, Debug, Deserialize)]
#[serde(rename = "Method", default, deny_unknown_fields)]
pub struct MethodParts {
    /// Bytes behind the bytecodes of a method.
    pub trailer: Vec<u8>,
    /// The last literal but one of a method with pragmas.
    pub state: Option<Value>,
    /// The file with the sources of the methods, which then have a pointer instead of a trailer.
    pub source_file: Option<SourcesFile>,
}

/// What runs first.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// The boot method.
    pub source: BootSource,
    /// Who runs it.
    #[serde(default = "nil")]
    pub receiver: Value,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<Value>,
}

/// Where the boot method is.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub enum BootSource {
    /// In a file, relative to the description.
    File(String),
    /// Here.
    Text(String),
}

/// An object of the image, or an immediate.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub enum Value {
    /// nil
    Nil,
    /// true
    True,
    /// false
    False,
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A character.
    Character(char),
    /// A string.
    String(String),
    /// A symbol.
    Symbol(String),
    /// A class.
    Class(String),
    /// A metaclass.
    ClassSide(String),
    /// An array.
    Array(Vec<Value>),
    /// An array of different objects that look the same.
    Copies(usize, Box<Value>),
    /// An instance.
    New(String, Fields),
    /// An indexable instance.
    NewSized(String, usize),
    /// An instance with the elements of a list in its indexable part.
    NewWith(String, Fields, Box<Value>),
    /// The value of a global.
    Global(String),
    /// The binding of a global.
    Binding(String),
    /// One of [`ImageDescription::objects`].
    Shared(String),
    /// The bindings of all globals.
    Globals,
    /// The bindings of all names that nobody declares.
    Undeclared,
    /// All symbols.
    Symbols,
    /// All classes, superclasses first.
    Classes,
    /// For each class, superclasses first.
    EachClass(Box<Value>),
    /// Classes with class variables, each with the bindings of these.
    ClassVariables,
    /// Classes with pools, each with the bindings of these.
    Pools,
    /// The special objects array.
    SpecialObjects,
    /// Selectors with bytecodes of their own, each with its argument count.
    SpecialSelectors,
    /// The context that runs the boot method.
    BootContext,
    /// The class, binding's class or method that the value belongs to.
    This,
    /// The superclass.
    Superclass,
    /// The method dictionary.
    MethodDictionary,
    /// The format of the instances.
    Format,
    /// The name.
    Name,
    /// The only instance of a metaclass.
    ThisClass,
    /// The direct subclasses.
    Subclasses,
    /// The names of the instance variables that the class adds.
    InstanceVariableNames,
    /// The bindings of the class variables.
    ClassVariableBindings,
    /// The bindings of the pools.
    PoolBindings,
    /// The category.
    Category,
    /// The package.
    Package,
    /// The tag.
    Tag,
    /// The comment.
    Comment,
    /// The composition of traits, as it is written.
    TraitComposition,
    /// One of [`ImageDescription::per_class`].
    OfClass(String),
    /// The one of the superclass, or a value if there is no superclass.
    OfSuperclass(String, Box<Value>),
    /// By the layout that the source gives to the class; `_` is for others.
    ByLayout(BTreeMap<String, Value>),
    /// For each instance variable that the class adds.
    EachInstanceVariable(Box<Value>),
    /// For each protocol of the class.
    EachProtocol(Box<Value>),
    /// The first one, which is a list, or the second one if that is empty.
    IfEmpty(Box<Value>, Box<Value>),
    /// The name of a binding or instance variable.
    VariableName,
    /// The value of a binding.
    VariableValue,
    /// The index of an instance variable, from 1.
    VariableIndex,
    /// The name of a protocol.
    ProtocolName,
    /// The selectors of a protocol.
    ProtocolSelectors,
    /// The method.
    ThisMethod,
    /// The method's selector.
    Selector,
    /// For each pragma of the method.
    EachPragma(Box<Value>),
    /// The selector of a pragma.
    PragmaSelector,
    /// The arguments of a pragma.
    PragmaArguments,
}

/// Instance variable to what it holds.
pub type Fields = BTreeMap<String, Value>;

/// The numbers at the start of an image that virtual machines load: the second one says that both bytecode sets may be used.
const FORMATS: [u32; 2] = [68021, 68533];
/// The most special objects: more than any virtual machine looks at.
const MOST_SPECIAL_OBJECTS: usize = 1 << 16;

fn default_format() -> u32 {
    FORMATS[0]
}

fn default_flags() -> u64 {
    2
}

fn default_special_objects() -> usize {
    60
}

fn nil() -> Value {
    Value::Nil
}

/// Reads the text of an image description; none, reported with its place, if it is none.
pub fn parse_description(
    text: &str,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<ImageDescription> {
    let options = Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let error = match options.from_str(text) {
        Ok(description) => return checked(description, text, file, diagnostics),
        Err(error) => error,
    };
    let source = SourceFile::new(String::new(), text.to_owned());
    let offset = |position: ron::error::Position| {
        let line = u32::try_from(position.line).unwrap_or(u32::MAX);
        let range = source.line_range(line);
        let rest = source.text.get(range.clone()).unwrap_or("");
        let characters = rest.chars().take(position.col.saturating_sub(1));
        range.start + characters.map(char::len_utf8).sum::<usize>()
    };
    let span = Span::new(file, offset(error.span.start), offset(error.span.end));
    let message = format!("this is no image description: {}", error.code);
    let error = Diagnostic::error("I001", message).primary(span, "");
    diagnostics
        .push(error.hint("image descriptions of the project show the fields and their kinds"));
    None
}

/// The description, if its target can be compiled to and its numbers are such that a VM can load the image.
fn checked(
    description: ImageDescription,
    text: &str,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<ImageDescription> {
    let Some((field, message, hint)) = fault_of(&description) else {
        return Some(description);
    };
    let key = format!("{field}:");
    let start = text.find(&key).unwrap_or(0);
    let place = Span::new(file, start, start + field.len());
    let error = Diagnostic::error("I001", message).primary(place, "");
    diagnostics.push(error.hint(hint));
    None
}

/// What is wrong with a description: the field, a sentence and what to do.
fn fault_of(description: &ImageDescription) -> Option<(&'static str, String, String)> {
    let formats = FORMATS.map(|format| format.to_string()).join(" or ");
    if let Err(fault) = description.target.check() {
        let message = format!("no methods can be compiled so: {fault}");
        let hint = "`(set: SistaV1, closures: Full)` and `(set: V3, closures: Embedded)` are usual";
        Some(("target", message, hint.to_owned()))
    } else if let Some(Err(fault)) = description
        .method
        .source_file
        .as_ref()
        .map(SourcesFile::check)
    {
        let hint = "`(name: \"kernel.sources\", pointer: (bytes: 4, order: Little))` is one";
        Some(("source_file", fault, hint.to_owned()))
    } else if !FORMATS.contains(&description.format) {
        let message = format!("{} is no format of a 64-bit Spur image", description.format);
        Some(("format", message, format!("write {formats}")))
    } else if description.special_objects_size > MOST_SPECIAL_OBJECTS {
        let size = description.special_objects_size;
        let message = format!("{size} special objects are more than {MOST_SPECIAL_OBJECTS}");
        let hint = "virtual machines know some 60";
        Some(("special_objects_size", message, hint.to_owned()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::EntityRef;

    /// The example of the document.
    fn example() -> String {
        let document = include_str!("../../docs/image-builder.md");
        let (_, rest) = document.split_once("```ron\n").unwrap_or_default();
        rest.split("```").next().unwrap_or_default().to_owned()
    }

    fn parse(text: &str) -> (Option<ImageDescription>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let description = parse_description(text, FileId::new(0), &mut diagnostics);
        (description, diagnostics)
    }

    #[test]
    fn the_example_of_the_document_is_a_description() {
        let (description, diagnostics) = parse(&example());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let boot = description.map(|description| description.boot);
        let arguments = boot.map(|boot| boot.arguments);
        assert_eq!(
            arguments,
            Some(vec![Value::Globals, Value::Classes, Value::Symbols])
        );
    }

    #[test]
    fn a_target_that_no_bytecode_set_has_is_refused() {
        let text = example().replace("(set: SistaV1, closures: Full)", "(set: V3)");
        let (description, diagnostics) = parse(&text);
        assert_eq!(description, None);
        let messages: Vec<_> = diagnostics.iter().map(|it| &it.message).collect();
        assert!(messages[0].contains("full closures"), "{messages:?}");
    }

    #[test]
    fn numbers_that_no_virtual_machine_loads_are_refused_at_their_field() {
        let cases = [
            ("format: 68021", "format: 12345", "12345 is no format"),
            (
                "special_objects_size: 60",
                "special_objects_size: 9223372036854775807",
                "9223372036854775807 special objects",
            ),
            (
                "closures: Full)",
                "closures: Full, special_selectors: [\"+\"])",
                "1 special selectors instead of 32",
            ),
        ];
        for (from, to, expected) in cases {
            let text = example().replacen(from, to, 1);
            let (description, diagnostics) = parse(&text);
            assert_eq!(description, None, "{to}");
            let told = diagnostics.iter().next().expect("it is refused");
            assert!(told.message.contains(expected), "{}", told.message);
            let place = told.place().map_or(0, |span| span.start as usize);
            let line = text[place..].lines().next().unwrap_or_default();
            assert!(line.contains(to), "{line}");
        }
    }

    #[test]
    fn an_unknown_role_is_reported_where_it_stands() {
        let text = example().replace("BoxedFloat:", "BoxedFlout:");
        let (description, diagnostics) = parse(&text);
        assert_eq!(description, None);
        let place = diagnostics.iter().next().and_then(Diagnostic::place);
        let place = place.map_or(0, |span| span.start as usize);
        let line = text[..place].lines().count();
        let expected = text.lines().position(|line| line.contains("BoxedFlout"));
        assert_eq!(Some(line), expected.map(|line| line + 1));
    }
}
