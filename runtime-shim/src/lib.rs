//! What cannot be written in Slang: process entry, relocation of the image in memory, signal return, threads, and blocks of memory.
//!
//! In: the linker's symbols `__image_base`, `__rela_start`, `__rela_end`, `__relro_start`, `__relro_end`, and Slang's export
//! `ouro_main`, called with the stack pointer as the kernel left it; its result is the exit status.
//! Out: the entry point `_start`, the signal restorer, the start of a thread, and the routines behind `memcopy`, `memmove`, `memfill` and `memfill64`.
//!
//! The build script of `ouroc` compiles this file to one relocatable object, which `ouroc` links itself. So nothing here may need
//! another symbol, a table of addresses, or a relocation other than a PC-relative one: entry code runs before relocation.
#![no_std]
#![allow(
    unsafe_code,
    reason = "this is the part of the virtual machine that deals with the bare process"
)]

use core::arch::naked_asm;

/// Ends the process at once: nothing in this crate may panic.
#[cfg(panic = "abort")]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo) -> ! {
    // SAFETY: an undefined instruction touches no memory.
    unsafe { core::arch::asm!("ud2", options(noreturn, nomem, nostack)) }
}

unsafe extern "C" {
    static __image_base: u8;
    static __rela_start: u8;
    static __rela_end: u8;
    static __relro_start: u8;
    static __relro_end: u8;
    fn ouro_main(stack_pointer: *const u64) -> i64;
}

/// The entry point: relocates the image, then runs `ouro_main` and exits with the low 32 bits of its result.
///
/// The linker-defined symbols are taken by `lea`, since Rust would read their addresses from a table that is not yet relocated.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "xor ebp, ebp",
        "mov rbx, rsp",
        "and rsp, -16",
        "lea rdi, [rip + {base}]",
        "lea rsi, [rip + {rela_start}]",
        "lea rdx, [rip + {rela_end}]",
        // An entry of `.rela.dyn` is a place, a kind, which is R_X86_64_RELATIVE always, and what stands there; from the base of the image.
        "2:",
        "cmp rsi, rdx",
        "jae 3f",
        "mov rax, [rsi]",
        "mov rcx, [rsi + 16]",
        "add rcx, rdi",
        "mov [rdi + rax], rcx",
        "add rsi, 24",
        "jmp 2b",
        "3:",
        // mprotect(start, length, PROT_READ): what was relocated and is not written any more. It is whole pages, or nothing.
        "lea rdi, [rip + {relro_start}]",
        "lea rsi, [rip + {relro_end}]",
        "sub rsi, rdi",
        "mov edx, 1",
        "mov eax, 10",
        "syscall",
        "mov rdi, rbx",
        "call {main}",
        "mov edi, eax",
        "mov eax, 231",
        "syscall",
        "ud2",
        base = sym __image_base,
        rela_start = sym __rela_start,
        rela_end = sym __rela_end,
        relro_start = sym __relro_start,
        relro_end = sym __relro_end,
        main = sym ouro_main,
    )
}

/// What a signal handler returns to: `rt_sigreturn`. Its address is the `sa_restorer` of every handler.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_signal_return() -> ! {
    naked_asm!("mov eax, 15", "syscall", "ud2")
}

/// Starts a thread that calls the function `rdi` with `rcx` on the stack that ends at `rsi`, and ends when it answers.
/// Answers the thread's number, which stands at `rdx` too until the thread has ended, or an error's number negated.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_start_thread() {
    naked_asm!(
        "mov r9, rdi",
        "mov r8, rcx",
        "mov r10, rdx",
        // clone(VM FS FILES SIGHAND THREAD SYSVSEM PARENT_SETTID CHILD_CLEARTID, stack, number, number)
        "mov edi, 0x350f00",
        "mov eax, 56",
        "syscall",
        "test rax, rax",
        "je {thread}",
        "ret",
        thread = sym ouro_thread,
    )
}

/// Where a thread begins, and ends.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_thread() -> ! {
    naked_asm!(
        "xor ebp, ebp",
        "mov rdi, r8",
        "call r9",
        "mov eax, 60",
        "syscall",
        "ud2"
    )
}

/// `memmove`: copies `rdx` bytes from `rsi` to `rdi`; the ranges may overlap.
///
/// Up to 64 bytes everything is loaded before anything is stored, so that overlap does not matter.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_memmove() {
    naked_asm!(
        "cmp rdx, 64",
        "jbe {copy}",
        "mov rax, rdi",
        "sub rax, rsi",
        "cmp rax, rdx", // unsigned: the destination starts inside the source
        "jae {copy}",
        // Backward, 32 bytes at a time; the first 32 bytes are held back, for the last step may reach below them.
        "movups xmm4, [rsi]",
        "movups xmm5, [rsi + 16]",
        "2:",
        "movups xmm0, [rsi + rdx - 16]",
        "movups xmm1, [rsi + rdx - 32]",
        "movups [rdi + rdx - 16], xmm0",
        "movups [rdi + rdx - 32], xmm1",
        "sub rdx, 32",
        "cmp rdx, 32",
        "ja 2b",
        "movups [rdi], xmm4",
        "movups [rdi + 16], xmm5",
        "ret",
        copy = sym ouro_memcopy,
    )
}

/// `memcopy`: copies `rdx` bytes from `rsi` to `rdi`, ascending; the destination does not start inside the source.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_memcopy() {
    naked_asm!(
        "cmp rdx, 16",
        "jb 5f",
        "cmp rdx, 32",
        "ja 2f",
        "movups xmm0, [rsi]",
        "movups xmm1, [rsi + rdx - 16]",
        "movups [rdi], xmm0",
        "movups [rdi + rdx - 16], xmm1",
        "ret",
        "2:",
        "movups xmm2, [rsi + rdx - 32]",
        "movups xmm3, [rsi + rdx - 16]",
        "cmp rdx, 64",
        "ja 3f",
        "movups xmm0, [rsi]",
        "movups xmm1, [rsi + 16]",
        "movups [rdi], xmm0",
        "movups [rdi + 16], xmm1",
        "movups [rdi + rdx - 32], xmm2",
        "movups [rdi + rdx - 16], xmm3",
        "ret",
        "3:",
        "cmp rdx, 1024",
        "jae 6f",
        // The last 32 bytes are in xmm2 and xmm3; the rest goes 32 at a time.
        "lea r8, [rdi + rdx - 32]",
        "4:",
        "movups xmm0, [rsi]",
        "movups xmm1, [rsi + 16]",
        "movups [rdi], xmm0",
        "movups [rdi + 16], xmm1",
        "add rsi, 32",
        "add rdi, 32",
        "cmp rdi, r8",
        "jb 4b",
        "movups [r8], xmm2",
        "movups [r8 + 16], xmm3",
        "ret",
        "5:",
        "cmp edx, 8",
        "jb 7f",
        "mov rax, [rsi]",
        "mov rcx, [rsi + rdx - 8]",
        "mov [rdi], rax",
        "mov [rdi + rdx - 8], rcx",
        "ret",
        "6:",
        "mov rcx, rdx",
        "rep movsb",
        "ret",
        "7:",
        "cmp edx, 4",
        "jb 8f",
        "mov eax, [rsi]",
        "mov ecx, [rsi + rdx - 4]",
        "mov [rdi], eax",
        "mov [rdi + rdx - 4], ecx",
        "ret",
        "8:",
        "test edx, edx",
        "je 9f",
        "movzx eax, byte ptr [rsi]",
        "movzx ecx, byte ptr [rsi + rdx - 1]",
        "shr edx, 1",
        "movzx r8d, byte ptr [rsi + rdx]",
        "mov [rdi + rdx], r8b",
        "mov [rdi], al",
        // The last byte stands at 0, 1 or 2: the same as the middle one, or one after it when three were wanted.
        "jnc 22f",
        "mov [rdi + rdx * 2], cl",
        "9:",
        "ret",
        "22:",
        "mov [rdi + rdx * 2 - 1], cl",
        "ret",
    )
}

/// `memfill`: fills `rdx` bytes at `rdi` with the low byte of `rsi`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_memfill() {
    naked_asm!(
        "movzx esi, sil",
        "mov rax, 0x0101010101010101",
        "imul rax, rsi",
        "cmp rdx, 8",
        "jb 4f",
        "movq xmm0, rax",
        "punpcklqdq xmm0, xmm0",
        "cmp rdx, 16",
        "jb 3f",
        "cmp rdx, 1024",
        "jae 6f",
        "lea r8, [rdi + rdx - 16]",
        "2:",
        "movups [rdi], xmm0",
        "add rdi, 16",
        "cmp rdi, r8",
        "jb 2b",
        "movups [r8], xmm0",
        "ret",
        "3:",
        "mov [rdi], rax",
        "mov [rdi + rdx - 8], rax",
        "ret",
        "4:",
        "test edx, edx",
        "je 5f",
        "mov [rdi + rdx - 1], al",
        "dec edx",
        "jmp 4b",
        "5:",
        "ret",
        "6:",
        "mov rcx, rdx",
        "rep stosb",
        "ret",
    )
}

/// `memfill64`: fills `rdx` words at `rdi` with `rsi`.
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn ouro_memfill64() {
    naked_asm!(
        "movq xmm0, rsi",
        "punpcklqdq xmm0, xmm0",
        "sub rdx, 2",
        "jb 3f",
        "2:",
        "movups [rdi], xmm0",
        "add rdi, 16",
        "sub rdx, 2",
        "jae 2b",
        "3:",
        "test dl, 1",
        "je 4f",
        "mov [rdi], rsi",
        "4:",
        "ret",
    )
}
