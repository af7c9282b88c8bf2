//! The encoder's names for our operations.

use crate::x64::inst::{Alu, Cond, Form, Load, Shift, Unary, Width};
use iced_x86::{Code, Register};
use regalloc2::{PReg, RegClass};

/// The codes of a two-operand operation, by width.
struct AluCodes {
    rm_r: [Code; 4],
    r_rm: [Code; 4],
    rm_imm8: [Code; 4],
    rm_imm: [Code; 4],
}

macro_rules! alu {
    ($($code:ident)*) => { [$(Code::$code),*] };
}

const ADD: AluCodes = AluCodes {
    rm_r: alu!(Add_rm8_r8 Add_rm16_r16 Add_rm32_r32 Add_rm64_r64),
    r_rm: alu!(Add_r8_rm8 Add_r16_rm16 Add_r32_rm32 Add_r64_rm64),
    rm_imm8: alu!(Add_rm8_imm8 Add_rm16_imm8 Add_rm32_imm8 Add_rm64_imm8),
    rm_imm: alu!(Add_rm8_imm8 Add_rm16_imm16 Add_rm32_imm32 Add_rm64_imm32),
};
const SUB: AluCodes = AluCodes {
    rm_r: alu!(Sub_rm8_r8 Sub_rm16_r16 Sub_rm32_r32 Sub_rm64_r64),
    r_rm: alu!(Sub_r8_rm8 Sub_r16_rm16 Sub_r32_rm32 Sub_r64_rm64),
    rm_imm8: alu!(Sub_rm8_imm8 Sub_rm16_imm8 Sub_rm32_imm8 Sub_rm64_imm8),
    rm_imm: alu!(Sub_rm8_imm8 Sub_rm16_imm16 Sub_rm32_imm32 Sub_rm64_imm32),
};
const AND: AluCodes = AluCodes {
    rm_r: alu!(And_rm8_r8 And_rm16_r16 And_rm32_r32 And_rm64_r64),
    r_rm: alu!(And_r8_rm8 And_r16_rm16 And_r32_rm32 And_r64_rm64),
    rm_imm8: alu!(And_rm8_imm8 And_rm16_imm8 And_rm32_imm8 And_rm64_imm8),
    rm_imm: alu!(And_rm8_imm8 And_rm16_imm16 And_rm32_imm32 And_rm64_imm32),
};
const OR: AluCodes = AluCodes {
    rm_r: alu!(Or_rm8_r8 Or_rm16_r16 Or_rm32_r32 Or_rm64_r64),
    r_rm: alu!(Or_r8_rm8 Or_r16_rm16 Or_r32_rm32 Or_r64_rm64),
    rm_imm8: alu!(Or_rm8_imm8 Or_rm16_imm8 Or_rm32_imm8 Or_rm64_imm8),
    rm_imm: alu!(Or_rm8_imm8 Or_rm16_imm16 Or_rm32_imm32 Or_rm64_imm32),
};
const XOR: AluCodes = AluCodes {
    rm_r: alu!(Xor_rm8_r8 Xor_rm16_r16 Xor_rm32_r32 Xor_rm64_r64),
    r_rm: alu!(Xor_r8_rm8 Xor_r16_rm16 Xor_r32_rm32 Xor_r64_rm64),
    rm_imm8: alu!(Xor_rm8_imm8 Xor_rm16_imm8 Xor_rm32_imm8 Xor_rm64_imm8),
    rm_imm: alu!(Xor_rm8_imm8 Xor_rm16_imm16 Xor_rm32_imm32 Xor_rm64_imm32),
};
const CMP: AluCodes = AluCodes {
    rm_r: alu!(Cmp_rm8_r8 Cmp_rm16_r16 Cmp_rm32_r32 Cmp_rm64_r64),
    r_rm: alu!(Cmp_r8_rm8 Cmp_r16_rm16 Cmp_r32_rm32 Cmp_r64_rm64),
    rm_imm8: alu!(Cmp_rm8_imm8 Cmp_rm16_imm8 Cmp_rm32_imm8 Cmp_rm64_imm8),
    rm_imm: alu!(Cmp_rm8_imm8 Cmp_rm16_imm16 Cmp_rm32_imm32 Cmp_rm64_imm32),
};
const TEST: AluCodes = AluCodes {
    rm_r: alu!(Test_rm8_r8 Test_rm16_r16 Test_rm32_r32 Test_rm64_r64),
    r_rm: alu!(Test_rm8_r8 Test_rm16_r16 Test_rm32_r32 Test_rm64_r64),
    rm_imm8: alu!(Test_rm8_imm8 Test_rm16_imm16 Test_rm32_imm32 Test_rm64_imm32),
    rm_imm: alu!(Test_rm8_imm8 Test_rm16_imm16 Test_rm32_imm32 Test_rm64_imm32),
};

/// The code of a two-operand operation; `short` says that the immediate fits a signed byte.
pub(super) fn alu_code(alu: Alu, width: Width, form: Form, short: bool) -> Code {
    let codes = match alu {
        Alu::Add => &ADD,
        Alu::Sub => &SUB,
        Alu::And => &AND,
        Alu::Or => &OR,
        Alu::Xor => &XOR,
        Alu::Cmp => &CMP,
        Alu::Test => &TEST,
    };
    let by_width = match form {
        Form::Reg | Form::MemReg => &codes.rm_r,
        Form::Mem => &codes.r_rm,
        Form::Imm | Form::MemImm if short => &codes.rm_imm8,
        Form::Imm | Form::MemImm => &codes.rm_imm,
    };
    by_width[width as usize]
}

/// The code of a shift by an immediate; by `cl` if `variable`.
pub(super) fn shift_code(shift: Shift, width: Width, variable: bool) -> Code {
    let [imm16, imm32, imm64, cl32, cl64] = match shift {
        Shift::Shl => alu!(Shl_rm16_imm8 Shl_rm32_imm8 Shl_rm64_imm8 Shl_rm32_CL Shl_rm64_CL),
        Shift::Shr => alu!(Shr_rm16_imm8 Shr_rm32_imm8 Shr_rm64_imm8 Shr_rm32_CL Shr_rm64_CL),
        Shift::Sar => alu!(Sar_rm16_imm8 Sar_rm32_imm8 Sar_rm64_imm8 Sar_rm32_CL Sar_rm64_CL),
        Shift::Rol => alu!(Rol_rm16_imm8 Rol_rm32_imm8 Rol_rm64_imm8 Rol_rm32_CL Rol_rm64_CL),
        Shift::Ror => alu!(Ror_rm16_imm8 Ror_rm32_imm8 Ror_rm64_imm8 Ror_rm32_CL Ror_rm64_CL),
    };
    match (width, variable) {
        (Width::W8 | Width::W16, _) => imm16,
        (Width::W32, false) => imm32,
        (Width::W64, false) => imm64,
        (Width::W32, true) => cl32,
        (Width::W64, true) => cl64,
    }
}

/// The code of a load and the width of the register that it writes.
pub(super) fn load_code(load: Load) -> (Code, Width) {
    match load {
        Load::U8 => (Code::Movzx_r32_rm8, Width::W32),
        Load::S8 => (Code::Movsx_r64_rm8, Width::W64),
        Load::U16 => (Code::Movzx_r32_rm16, Width::W32),
        Load::S16 => (Code::Movsx_r64_rm16, Width::W64),
        Load::U32 => (Code::Mov_r32_rm32, Width::W32),
        Load::S32 => (Code::Movsxd_r64_rm32, Width::W64),
        Load::W64 => (Code::Mov_r64_rm64, Width::W64),
        Load::F32 => (Code::Movss_xmm_xmmm32, Width::W64),
        Load::F64 => (Code::Movsd_xmm_xmmm64, Width::W64),
    }
}

/// The code of a store of a register, and of an immediate.
pub(super) fn store_codes(width: Width) -> (Code, Code) {
    match width {
        Width::W8 => (Code::Mov_rm8_r8, Code::Mov_rm8_imm8),
        Width::W16 => (Code::Mov_rm16_r16, Code::Mov_rm16_imm16),
        Width::W32 => (Code::Mov_rm32_r32, Code::Mov_rm32_imm32),
        Width::W64 => (Code::Mov_rm64_r64, Code::Mov_rm64_imm32),
    }
}

/// The code of a one-operand operation, and the widths of its result and source.
pub(super) fn unary_code(unary: Unary) -> (Code, Width, Width) {
    use Width::{W8, W16, W32, W64};
    match unary {
        Unary::Neg => (Code::Neg_rm64, W64, W64),
        Unary::Not => (Code::Not_rm64, W64, W64),
        Unary::Bswap64 => (Code::Bswap_r64, W64, W64),
        Unary::Bswap32 => (Code::Bswap_r32, W32, W32),
        Unary::Bsr => (Code::Bsr_r64_rm64, W64, W64),
        Unary::Bsf => (Code::Bsf_r64_rm64, W64, W64),
        Unary::Popcnt => (Code::Popcnt_r64_rm64, W64, W64),
        Unary::Movzx8 => (Code::Movzx_r32_rm8, W32, W8),
        Unary::Movzx16 => (Code::Movzx_r32_rm16, W32, W16),
        Unary::Movzx32 => (Code::Mov_r32_rm32, W32, W32),
        Unary::Movsx8 => (Code::Movsx_r64_rm8, W64, W8),
        Unary::Movsx16 => (Code::Movsx_r64_rm16, W64, W16),
        Unary::Movsx32 => (Code::Movsxd_r64_rm32, W64, W32),
    }
}

/// The number of a condition in the machine's encoding.
fn number(cond: Cond) -> usize {
    match cond {
        Cond::O => 0,
        Cond::No => 1,
        Cond::B => 2,
        Cond::Ae => 3,
        Cond::E => 4,
        Cond::Ne => 5,
        Cond::Be => 6,
        Cond::A => 7,
        Cond::S => 8,
        Cond::Ns => 9,
        Cond::P => 10,
        Cond::Np => 11,
        Cond::L => 12,
        Cond::Ge => 13,
        Cond::Le => 14,
        Cond::G => 15,
        Cond::FloatEq | Cond::FloatNe => unreachable!("{cond:?} takes two instructions"),
    }
}

/// The second byte of a long conditional jump; the only byte of a short one is 16 less.
pub(super) fn jump_opcode(cond: Cond) -> u8 {
    0x80 + u8::try_from(number(cond)).expect("a number below 16")
}

/// The code of `setcc`.
pub(super) fn set_code(cond: Cond) -> Code {
    const CODES: [Code; 16] = alu!(
        Seto_rm8 Setno_rm8 Setb_rm8 Setae_rm8 Sete_rm8 Setne_rm8 Setbe_rm8 Seta_rm8
        Sets_rm8 Setns_rm8 Setp_rm8 Setnp_rm8 Setl_rm8 Setge_rm8 Setle_rm8 Setg_rm8
    );
    CODES[number(cond)]
}

/// The code of `cmovcc`.
pub(super) fn cmov_code(cond: Cond) -> Code {
    const CODES: [Code; 16] = alu!(
        Cmovo_r64_rm64 Cmovno_r64_rm64 Cmovb_r64_rm64 Cmovae_r64_rm64
        Cmove_r64_rm64 Cmovne_r64_rm64 Cmovbe_r64_rm64 Cmova_r64_rm64
        Cmovs_r64_rm64 Cmovns_r64_rm64 Cmovp_r64_rm64 Cmovnp_r64_rm64
        Cmovl_r64_rm64 Cmovge_r64_rm64 Cmovle_r64_rm64 Cmovg_r64_rm64
    );
    CODES[number(cond)]
}

macro_rules! registers {
    ($($register:ident)*) => { [$(Register::$register),*] };
}

const R64: [Register; 16] =
    registers!(RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15);
const R32: [Register; 16] =
    registers!(EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D);
const R16: [Register; 16] =
    registers!(AX CX DX BX SP BP SI DI R8W R9W R10W R11W R12W R13W R14W R15W);
const R8: [Register; 16] =
    registers!(AL CL DL BL SPL BPL SIL DIL R8L R9L R10L R11L R12L R13L R14L R15L);
const XMM: [Register; 16] = registers!(
    XMM0 XMM1 XMM2 XMM3 XMM4 XMM5 XMM6 XMM7 XMM8 XMM9 XMM10 XMM11 XMM12 XMM13 XMM14 XMM15
);

/// The encoder's name of a register.
pub(super) fn register(preg: PReg, width: Width) -> Register {
    let number = preg.hw_enc();
    match (preg.class(), width) {
        (RegClass::Float, _) => XMM[number],
        (_, Width::W8) => R8[number],
        (_, Width::W16) => R16[number],
        (_, Width::W32) => R32[number],
        (_, Width::W64) => R64[number],
    }
}
