//! Instructions of both bytecode sets, without their encodings.

/// An instruction that does not jump. Indices are those of the code: temporaries with parameters and copied values, literals from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instruction {
    /// Pushes the receiver's variable.
    PushVariable(u32),
    /// Pushes the receiver's variable; looks whether the receiver is a context in use.
    PushVariableMaybeContext(u32),
    /// Pushes a temporary.
    PushTemp(u32),
    /// Pushes an element of the vector that a temporary holds.
    PushRemote(Remote),
    /// Pushes a literal.
    PushLiteral(u32),
    /// Pushes the value of a binding among the literals.
    PushBinding(u32),
    /// Pushes the receiver.
    PushSelf,
    /// Pushes true.
    PushTrue,
    /// Pushes false.
    PushFalse,
    /// Pushes nil.
    PushNil,
    /// Pushes a small integer that needs no literal.
    PushInteger(i32),
    /// Pushes a character that needs no literal.
    PushCharacter(u32),
    /// Pushes the running context.
    PushContext,
    /// Pushes the running process.
    PushProcess,
    /// Pushes a new array of nils.
    PushNewArray(u32),
    /// Pops so many values into a new array and pushes that.
    PushFilledArray(u32),
    /// Pops the copied values and pushes a full closure.
    PushFullBlock {
        /// The literal with its code.
        literal: u32,
        /// How many values are copied.
        copied: u32,
    },
    /// Assigns the receiver's variable, keeps the value.
    StoreVariable(u32),
    /// The same for a receiver that may be a context in use.
    StoreVariableMaybeContext(u32),
    /// Pops into the receiver's variable.
    PopIntoVariable(u32),
    /// The same for a receiver that may be a context in use.
    PopIntoVariableMaybeContext(u32),
    /// Assigns a temporary, keeps the value.
    StoreTemp(u32),
    /// Pops into a temporary.
    PopIntoTemp(u32),
    /// Assigns an element of a vector, keeps the value.
    StoreRemote(Remote),
    /// Pops into an element of a vector.
    PopIntoRemote(Remote),
    /// Assigns the value of a binding, keeps the value on the stack.
    StoreBinding(u32),
    /// Pops into the value of a binding.
    PopIntoBinding(u32),
    /// Pops.
    Pop,
    /// Pushes the top once more.
    Dup,
    /// Sends a selector among the literals.
    Send(Message),
    /// Sends a selector that has its own bytecode; `arguments` is how many it takes.
    SendSpecial {
        /// Its number.
        number: u8,
        /// How many arguments it takes.
        arguments: u32,
    },
    /// Sends to super of the method's class.
    SendSuper(Message),
    /// Pops a class, then sends to super of that.
    SendDirectedSuper(Message),
    /// Returns the receiver from the method.
    ReturnSelf,
    /// Returns true from the method.
    ReturnTrue,
    /// Returns false from the method.
    ReturnFalse,
    /// Returns nil from the method.
    ReturnNil,
    /// Returns the top from the method.
    ReturnTop,
    /// Returns nil from the block.
    BlockReturnNil,
    /// Returns the top from the block.
    BlockReturnTop,
    /// Tells the primitive of the method.
    CallPrimitive(u16),
}

/// An element of a temporary vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remote {
    /// Its index, from 0.
    pub element: u32,
    /// The temporary with the vector.
    pub vector: u32,
}

/// A message with a selector among the literals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// The literal with the selector.
    pub literal: u32,
    /// How many arguments are on the stack.
    pub arguments: u32,
}

/// An instruction that names another place of the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jump {
    /// Jumps.
    Always,
    /// Pops, jumps if it was true.
    IfTrue,
    /// Pops, jumps if it was false.
    IfFalse,
    /// Pops the copied values, pushes a closure whose code follows, jumps behind that code.
    Closure {
        /// Parameters of the closure.
        arguments: u32,
        /// How many values are copied.
        copied: u32,
    },
}

impl Instruction {
    /// How many values it pops and pushes.
    #[must_use]
    pub fn stack_effect(self) -> (u32, u32) {
        use Instruction as I;
        match self {
            I::PushVariable(_)
            | I::PushVariableMaybeContext(_)
            | I::PushTemp(_)
            | I::PushRemote(_)
            | I::PushLiteral(_)
            | I::PushBinding(_)
            | I::PushSelf
            | I::PushTrue
            | I::PushFalse
            | I::PushNil
            | I::PushInteger(_)
            | I::PushCharacter(_)
            | I::PushContext
            | I::PushProcess
            | I::PushNewArray(_) => (0, 1),
            I::PushFilledArray(count) => (count, 1),
            I::PushFullBlock { copied, .. } => (copied, 1),
            I::StoreVariable(_)
            | I::StoreVariableMaybeContext(_)
            | I::StoreTemp(_)
            | I::StoreRemote(_)
            | I::StoreBinding(_) => (1, 1),
            I::PopIntoVariable(_)
            | I::PopIntoVariableMaybeContext(_)
            | I::PopIntoTemp(_)
            | I::PopIntoRemote(_)
            | I::PopIntoBinding(_)
            | I::Pop
            | I::ReturnTop
            | I::BlockReturnTop => (1, 0),
            I::Dup => (1, 2),
            I::Send(message) | I::SendSuper(message) => (message.arguments + 1, 1),
            I::SendDirectedSuper(message) => (message.arguments + 2, 1),
            I::SendSpecial { arguments, .. } => (arguments + 1, 1),
            I::ReturnSelf
            | I::ReturnTrue
            | I::ReturnFalse
            | I::ReturnNil
            | I::BlockReturnNil
            | I::CallPrimitive(_) => (0, 0),
        }
    }

    /// Whether nothing behind it is reached from it.
    #[must_use]
    pub fn is_return(self) -> bool {
        use Instruction as I;
        matches!(
            self,
            I::ReturnSelf
                | I::ReturnTrue
                | I::ReturnFalse
                | I::ReturnNil
                | I::ReturnTop
                | I::BlockReturnNil
                | I::BlockReturnTop
        )
    }
}

impl Jump {
    /// How many values it pops and pushes.
    #[must_use]
    pub fn stack_effect(self) -> (u32, u32) {
        match self {
            Jump::Always => (0, 0),
            Jump::IfTrue | Jump::IfFalse => (1, 0),
            Jump::Closure { copied, .. } => (copied, 1),
        }
    }
}
