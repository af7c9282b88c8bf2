//! Integer operations and memory accesses of the machine.

use super::arithmetic::{self, ArithmeticFault};
use super::code::{Node, Place, Site};
use super::fault::FaultKind;
use super::machine::{Eval, Machine, Stop};
use super::memory::MemoryFault;
use crate::typed::{Arithmetic, IntBinary, MemoryType, Trap};

impl<'a> Machine<'a> {
    pub(super) fn integer(&mut self, node: &'a Node) -> Eval {
        match node {
            Node::Proven(range, value, site) => {
                let value = self.eval(value)?;
                if value < range.lo || value > range.hi {
                    return self.fail(
                        FaultKind::Claim(format!("{value} lies in {}..{}", range.lo, range.hi)),
                        *site,
                    );
                }
                Ok(value)
            }
            Node::Check(range, value, site) => {
                let value = self.eval(value)?;
                if value < range.lo || value > range.hi {
                    self.trap(Trap::Conversion, *site)
                } else {
                    Ok(value)
                }
            }
            Node::Truncate(shape, value) => Ok(arithmetic::truncate_to(
                self.eval(value)?,
                shape.bits,
                shape.signed,
            )),
            Node::Unary(op, mode, value, site) => {
                let value = self.eval(value)?;
                self.judge(*mode, arithmetic::unary(*op, value), *site)
            }
            Node::IfOverflow(op, parts) => {
                let a = self.eval(&parts.0)?;
                let b = self.eval(&parts.1)?;
                match arithmetic::binary(*op, a, b) {
                    Ok(value) if arithmetic::fits_signed(value) => Ok(value),
                    _ => self.eval(&parts.2),
                }
            }
            _ => unreachable!("integer is called for integer nodes only"),
        }
    }

    #[inline]
    pub(super) fn binary(
        &mut self,
        op: IntBinary,
        mode: Arithmetic,
        a: i128,
        b: i128,
        site: Site,
    ) -> Eval {
        let result = match op {
            IntBinary::Add => Ok(a.wrapping_add(b)),
            IntBinary::Sub => Ok(a.wrapping_sub(b)),
            _ if mode == Arithmetic::Wrapping => arithmetic::wrapping_binary(op, a, b),
            _ => arithmetic::binary(op, a, b),
        };
        match result {
            Ok(value) => self.judge(mode, value, site),
            Err(ArithmeticFault::DivisionByZero) => self.trap(Trap::DivisionByZero, site),
            Err(ArithmeticFault::ShiftCount) => self.trap(Trap::ShiftCount, site),
            Err(ArithmeticFault::Huge) => match mode {
                Arithmetic::Checked { .. } => self.trap(Trap::Overflow, site),
                _ => self.fail(
                    FaultKind::Claim(format!("the result of {op:?} on {a} and {b} fits 64 bits")),
                    site,
                ),
            },
        }
    }

    /// Holds a result against its mode.
    #[inline]
    fn judge(&mut self, mode: Arithmetic, value: i128, site: Site) -> Eval {
        let holds = match mode {
            Arithmetic::Wrapping => true,
            Arithmetic::Exact => arithmetic::fits_signed(value) || arithmetic::fits_unsigned(value),
            Arithmetic::Checked { signed: true } => arithmetic::fits_signed(value),
            Arithmetic::Checked { signed: false } => arithmetic::fits_unsigned(value),
        };
        match mode {
            _ if holds => Ok(value),
            Arithmetic::Checked { .. } => self.trap(Trap::Overflow, site),
            _ => self.fail(FaultKind::Claim(format!("{value} fits 64 bits")), site),
        }
    }

    /// The address of a place.
    pub(super) fn place(
        &mut self,
        place: &'a Place,
        memory: MemoryType,
        site: Site,
    ) -> Result<u64, Stop> {
        let base = self.eval(&place.base)? as u64;
        let Some(index) = &place.index else {
            return Ok(base.wrapping_add_signed(place.offset));
        };
        let index = self.eval(index)?;
        let distance = index
            .wrapping_mul(place.scale.into())
            .wrapping_add(place.offset.into());
        if let Some((start, end)) = place.bounds {
            let size = i128::from(memory_bytes(memory));
            if distance < start.into() || distance + size > end.into() {
                return self.fail(FaultKind::Bounds(distance, start, end), site);
            }
        }
        Ok(base.wrapping_add(distance as u64))
    }

    pub(super) fn load(&mut self, memory: MemoryType, address: u64, site: Site) -> Eval {
        let value = match memory {
            MemoryType::Int {
                bits: 64,
                signed: true,
            } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(i64::from_le_bytes(bytes))),
            MemoryType::Oop
            | MemoryType::Address
            | MemoryType::Float64
            | MemoryType::Int { bits: 64, .. } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(u64::from_le_bytes(bytes))),
            MemoryType::Int {
                bits: 32,
                signed: true,
            } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(i32::from_le_bytes(bytes))),
            MemoryType::Float32 | MemoryType::Int { bits: 32, .. } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(u32::from_le_bytes(bytes))),
            MemoryType::Int {
                bits: 16,
                signed: true,
            } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(i16::from_le_bytes(bytes))),
            MemoryType::Int { bits: 16, .. } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(u16::from_le_bytes(bytes))),
            MemoryType::Int { signed: true, .. } => self
                .memory
                .read(address)
                .map(|bytes| i128::from(i8::from_le_bytes(bytes))),
            MemoryType::Int { .. } | MemoryType::Boolean => {
                self.memory.read(address).map(|[byte]| i128::from(byte))
            }
        };
        self.memory_result(value, site)
    }

    pub(super) fn store(
        &mut self,
        memory: MemoryType,
        address: u64,
        value: i128,
        site: Site,
    ) -> Result<(), Stop> {
        let bits = value as u64;
        let done = match memory_bytes(memory) {
            1 => self.memory.write(address, (bits as u8).to_le_bytes()),
            2 => self.memory.write(address, (bits as u16).to_le_bytes()),
            4 => self.memory.write(address, (bits as u32).to_le_bytes()),
            _ => self.memory.write(address, bits.to_le_bytes()),
        };
        self.memory_result(done, site)
    }

    pub(super) fn memory_result<T>(
        &mut self,
        result: Result<T, MemoryFault>,
        site: Site,
    ) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(fault) => self.fail(FaultKind::Memory(fault), site),
        }
    }
}

fn memory_bytes(memory: MemoryType) -> u8 {
    match memory {
        MemoryType::Int { bits, .. } => bits / 8,
        MemoryType::Float64 | MemoryType::Oop | MemoryType::Address => 8,
        MemoryType::Float32 => 4,
        MemoryType::Boolean => 1,
    }
}
