//! What can hold a value between its computation and its use: fields of components, pinned registers, arrays of components, fields of structs.
//!
//! A holder is *scalar* if it is one field of a component or one pin: what it holds is followed from instruction to instruction (`fields`).
//! Of the others it is only known whether a derived value is ever stored there (`kept`).

use super::inside::Inside;
use crate::base::entity::{EntityRef, entity};
use crate::ir::{Base, FuncId, Function, Inst, InstId, Module, PinId, Type, Value};
use crate::lower::Places;
use crate::typed::{AliasClass, ClassId, Program, StructField};

entity!(
    /// Something that holds values; an index over fields of components, then pins, then fields of structs.
    Holder,
    "holder",
);

/// An access of a holder.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// What is accessed.
    pub holder: Holder,
    /// What is stored into it; `None` if it is read.
    pub stored: Option<Value>,
    /// For an `oop` in a struct: the address of the struct.
    object: Option<Value>,
}

/// Numbers the holders of a program and finds those that instructions access.
#[derive(Debug)]
pub struct Holders<'a> {
    program: &'a Program,
    module: &'a Module,
    places: &'a Places,
    /// By class: the holder of its first own field.
    starts: Vec<usize>,
    len: usize,
}

impl<'a> Holders<'a> {
    /// The holders of a program as lowering left it.
    #[must_use]
    pub fn new(program: &'a Program, module: &'a Module, places: &'a Places) -> Self {
        let mut len = module.fields.len() + module.pins.len();
        let starts = program.classes.values().map(|class| {
            let start = len;
            len += class.fields.len();
            start
        });
        let starts = starts.collect();
        Holders {
            program,
            module,
            places,
            starts,
            len,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it is one field of a component, or a pin. An array of one element is one field.
    #[must_use]
    pub fn is_scalar(&self, holder: Holder) -> bool {
        let index = holder.index();
        let count = self.program.state.values().nth(index);
        let count = count.and_then(|field| field.count).unwrap_or(1);
        match self.module.fields.values().nth(index) {
            Some(field) => field.size <= 8 && count == 1,
            None => index < self.module.fields.len() + self.module.pins.len(),
        }
    }

    /// Whether it is an `ExemptField`.
    #[must_use]
    pub fn is_exempt(&self, holder: Holder) -> bool {
        match self.program.state.values().nth(holder.index()) {
            Some(field) => field.is_exempt,
            None => self
                .struct_field_at(holder)
                .is_some_and(|field| field.is_exempt),
        }
    }

    /// What an instruction reads or stores, unless that is a root, raw memory or nothing.
    #[must_use]
    pub fn access(&self, id: FuncId, func: &Function, inst: InstId) -> Option<Access> {
        let data = &func.insts[inst];
        let (ty, stored, address) = match data.inst {
            Inst::Load(_, address, _) => (func.ty(data.result?), None, address),
            Inst::Store(_, value, address, _) => (func.ty(value), Some(value), address),
            Inst::PinGet(pin) => return self.pin_access(pin, func.ty(data.result?), None),
            Inst::PinSet(pin, value) => {
                return self.pin_access(pin, func.ty(value), Some(value));
            }
            _ => return None,
        };
        let is_oop = ty == Type::Oop;
        let holder = match (address.base, self.places.memory(id, inst)) {
            (_, Some(AliasClass::Field(class, number))) => {
                Holder::new(self.starts[class.index()] + number as usize)
            }
            // Fields and arrays of components are roots when they hold oops.
            _ if is_oop => return None,
            (_, Some(AliasClass::State(field))) => Holder::new(field.index()),
            (Base::Field(field), _) => Holder::new(field.index()),
            (Base::Value(_), _) => return None,
        };
        let object = match address.base {
            Base::Value(base) if is_oop => Some(base),
            _ => None,
        };
        Some(Access {
            holder,
            stored,
            object,
        })
    }

    fn pin_access(&self, pin: PinId, ty: Type, stored: Option<Value>) -> Option<Access> {
        let holder = Holder::new(self.module.fields.len() + pin.index());
        (ty != Type::Oop).then_some(Access {
            holder,
            stored,
            object: None,
        })
    }

    /// The struct field that a holder is.
    fn struct_field_at(&self, holder: Holder) -> Option<&StructField> {
        let number = self
            .starts
            .partition_point(|&start| start <= holder.index());
        let number = number.checked_sub(1)?;
        let class = &self.program.classes[ClassId::new(number)];
        let inherited = class
            .superclass
            .map_or(0, |parent| self.program.classes[parent].fields.len());
        class
            .fields
            .get(inherited + holder.index() - self.starts[number])
    }

    /// What the source calls it.
    #[must_use]
    pub fn name(&self, holder: Holder) -> String {
        let index = holder.index();
        let (fields, pins) = (&self.module.fields, &self.module.pins);
        if let Some(field) = fields.values().nth(index) {
            return field.name.clone();
        }
        if let Some(pin) = pins.values().nth(index - fields.len()) {
            return pin.name.clone();
        }
        let number = self.starts.partition_point(|&start| start <= index);
        let class = number.checked_sub(1).map(ClassId::new);
        let class = class.map_or("", |class| &self.program.classes[class].name);
        let field = self.struct_field_at(holder);
        format!("{class}.{}", field.map_or("", |field| &field.name))
    }
}

impl Access {
    /// Whether it is the `oop` in an object that is seen as a struct: what such a field refers to is kept right.
    #[must_use]
    pub(super) fn is_inside_object(&self, inside: &Inside) -> bool {
        self.object.is_some_and(|base| inside.contains(base))
    }
}
