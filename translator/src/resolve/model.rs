//! The class model: what [`resolve`](super::resolve) makes of the definitions, and what inference reads.

use rustc_hash::FxHashMap;

use crate::base::entity::entity;
use crate::base::{PrimaryMap, Span, Symbol};
use crate::syntax::ast;
use crate::tonel::definition::ClassDefinition;
use crate::typed::{Attributes, ClassId, ClassKind, FunctionType, FunctionTypeId, IntType, Type};

entity!(
    /// A package; their numbers are the layers, lowest first.
    PackageId,
    "package"
);
entity!(
    /// A method as it is written; inference may compile it several times.
    SourceId,
    "source"
);

/// The resolved program.
#[derive(Debug, Default)]
pub struct World {
    /// Packages in layer order.
    pub packages: PrimaryMap<PackageId, PackageInfo>,
    /// Classes that have a kind, roots included.
    pub classes: PrimaryMap<ClassId, ClassInfo>,
    /// Classes by name.
    pub class_names: FxHashMap<Symbol, ClassId>,
    /// Methods in the order of their files.
    pub methods: PrimaryMap<SourceId, SourceMethod>,
    /// Function types that signatures and fields name; the first one is `#( -> #Void)`.
    pub function_types: FunctionTypes,
    /// The word class `Oop`.
    pub oop: Option<ClassId>,
    /// The word class `Address`.
    pub address: Option<ClassId>,
    /// The class (as named) and the method to start with.
    pub entry: Option<(ClassId, SourceId)>,
    /// The definitions with their syntax trees.
    pub definitions: Vec<ClassDefinition>,
    /// The package of each definition.
    pub definition_packages: Vec<PackageId>,
}

/// A package.
#[derive(Debug, Clone)]
pub struct PackageInfo {
    /// Its name.
    pub name: String,
    /// Whether raw conversions are allowed in it.
    pub raw: bool,
    /// Whether it holds test classes: its methods need not be reached.
    pub tests: bool,
    /// Whether other programs use it, too: its methods need not be reached.
    pub library: bool,
}

/// A class that has a kind.
#[derive(Debug, Clone)]
pub struct ClassInfo {
    /// Its name.
    pub name: Symbol,
    /// The package that defines it.
    pub package: PackageId,
    /// Its superclass, unless it is a root.
    pub superclass: Option<ClassId>,
    /// Told by its root.
    pub kind: ClassKind,
    /// One of `VMComponent`, `VMStruct`, `VMWord`, `VMConstants`, `VMCount`: their methods are the image's side of what the translator knows.
    pub is_root: bool,
    /// Below `VMCount`.
    pub is_count: bool,
    /// Below `VMTestCase`.
    pub is_test: bool,
    /// Has subclasses.
    pub has_subclasses: bool,
    /// Of a word: the representation, own or inherited.
    pub bits: Option<IntType>,
    /// Fields of this class alone.
    pub fields: Vec<FieldInfo>,
    /// Methods by selector: instance side, class side.
    pub methods: [FxHashMap<Symbol, SourceId>; 2],
    /// Of a component: the class that stands for it.
    pub concrete: ClassId,
    /// The name in the definition.
    pub span: Span,
}

/// A field of a component, struct or word.
#[derive(Debug, Clone)]
pub struct FieldInfo {
    /// Its name.
    pub name: Symbol,
    /// The name in the definition.
    pub span: Span,
    /// What it holds.
    pub kind: FieldKind,
    /// `ExemptField`: the hazard check does not follow what waits in it.
    pub is_exempt: bool,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// One value.
    Plain(Type),
    /// A collaborator: as declared, before the build description maps it.
    Component(ClassId),
    /// One value in a register.
    Pinned(Type, String),
    /// Elements in place.
    Array(Type, ArraySize),
    /// A table collected from pragmas.
    Table(TableSpec),
    /// The definition is wrong, as was reported.
    Invalid,
}

/// The number of elements of an array field.
#[derive(Debug, Clone, Copy)]
pub enum ArraySize {
    /// A literal.
    Literal(u64),
    /// A unary message to a constants class.
    Constant(Symbol, Symbol, Span),
}

/// Which table a field names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSpec {
    /// Handlers of a bytecode set, and the handler of the rest.
    Bytecodes {
        /// The name of the set.
        set: Symbol,
        /// The handler of opcodes that the set leaves open.
        default: Symbol,
    },
    /// Primitives by index.
    Primitives {
        /// Number of entries.
        size: u64,
        /// The primitive of indices that nobody implements.
        default: Symbol,
    },
    /// Primitives by name.
    NamedPrimitives,
    /// Fields that hold oops.
    Roots,
}

/// What a parameter or a field is declared to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredType {
    /// A value.
    Value(Type),
    /// A component, by name.
    Component(ClassId),
    /// A block that is expanded.
    Block,
}

/// `<signature: #(…) returns: #…>`.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Types of the parameters.
    pub params: Vec<DeclaredType>,
    /// Type of the result; `Block`: what the block answers.
    pub result: DeclaredType,
    /// The pragma.
    pub span: Span,
}

/// A method as it is written.
#[derive(Debug, Clone)]
pub struct SourceMethod {
    /// The class that defines it.
    pub class: ClassId,
    /// Whether it is a method of the class side.
    pub class_side: bool,
    /// The package in which it stands, that of an extension included.
    pub package: PackageId,
    /// Its selector.
    pub selector: Symbol,
    /// Index into [`World::definitions`] and of the chunk there.
    pub place: (usize, usize),
    /// Its own signature, an implied one, or that of the method that it overrides.
    pub signature: Option<Signature>,
    /// Pragmas that later stages want.
    pub attributes: Attributes,
    /// What else the pragmas say.
    pub role: Role,
    /// Selector in the source.
    pub span: Span,
}

/// What a method is besides a method.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// `<intrinsic:>`.
    pub intrinsic: Option<Symbol>,
    /// `<export:>`.
    pub export: Option<String>,
    /// `<import:>`.
    pub import: Option<String>,
    /// `<bytecode:…>`.
    pub handlers: Vec<HandlerRange>,
    /// `<primitiveIndex:>`.
    pub primitives: Vec<(u64, Span)>,
    /// `<primitiveName:module:>`: module, name.
    pub named_primitives: Vec<(String, String)>,
    /// Counted: `<hazardExempt:>`, `<answersImmediate:>` and `<keepsReferences:>`.
    pub hazard_exemptions: usize,
    /// Counted: `<inline:>` and `<noInline:>`.
    pub inline_overrides: usize,
    /// `<rawOperation:>`.
    pub is_raw: bool,
    /// The body is `self subclassResponsibility`.
    pub is_abstract: bool,
}

/// The opcodes of one `<bytecode:…>` pragma.
#[derive(Debug, Clone, Copy)]
pub struct HandlerRange {
    /// First opcode.
    pub first: u8,
    /// Last opcode.
    pub last: u8,
    /// The bytecode set.
    pub set: Symbol,
    /// The pragma.
    pub span: Span,
}

/// Function types with equal ones made one.
#[derive(Debug, Default)]
pub struct FunctionTypes {
    /// The types.
    pub types: PrimaryMap<FunctionTypeId, FunctionType>,
    ids: FxHashMap<FunctionType, FunctionTypeId>,
}

impl FunctionTypes {
    /// The number of a function type.
    pub fn intern(&mut self, function: FunctionType) -> FunctionTypeId {
        if let Some(&id) = self.ids.get(&function) {
            return id;
        }
        let id = self.types.push(function.clone());
        self.ids.insert(function, id);
        id
    }

    /// The number of a function type, if a signature or a field names it.
    #[must_use]
    pub fn find(&self, function: &FunctionType) -> Option<FunctionTypeId> {
        self.ids.get(function).copied()
    }
}

impl World {
    /// The syntax tree of a method.
    #[must_use]
    pub fn tree(&self, method: SourceId) -> &ast::Method {
        let (definition, chunk) = self.methods[method].place;
        &self.definitions[definition].methods[chunk].method
    }

    /// Ordinary lookup from `class` upwards, on one side.
    #[must_use]
    pub fn lookup(&self, class: ClassId, class_side: bool, selector: Symbol) -> Option<SourceId> {
        self.chain(class)
            .find_map(|class| self.classes[class].methods[usize::from(class_side)].get(&selector))
            .copied()
    }

    /// The class and its superclasses, lowest first.
    pub fn chain(&self, class: ClassId) -> impl Iterator<Item = ClassId> + '_ {
        std::iter::successors(Some(class), |&class| self.classes[class].superclass)
    }

    /// Whether `class` is `ancestor` or below it.
    #[must_use]
    pub fn inherits(&self, class: ClassId, ancestor: ClassId) -> bool {
        self.chain(class).any(|class| class == ancestor)
    }

    /// The field of that name, own or inherited, and the class that defines it.
    #[must_use]
    pub fn field(&self, class: ClassId, name: Symbol) -> Option<(ClassId, &FieldInfo)> {
        self.chain(class).find_map(|class| {
            let fields = &self.classes[class].fields;
            let field = fields.iter().find(|field| field.name == name)?;
            Some((class, field))
        })
    }

    /// The type of the values of a class, unless it is a component or constants.
    #[must_use]
    pub fn instance_type(&self, class: ClassId) -> Option<Type> {
        let info = &self.classes[class];
        match info.kind {
            ClassKind::Word if info.is_count => info.bits.map(|bits| {
                Type::Int(IntType {
                    unit: Some(class),
                    ..bits
                })
            }),
            ClassKind::Word => Some(Type::Word(class)),
            ClassKind::Struct => Some(Type::Struct(class)),
            ClassKind::Component | ClassKind::Constants => None,
        }
    }
}
