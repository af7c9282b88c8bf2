sum  (23 bytes)
    xor edx, edx
    xor eax, eax
    cmp rdx, rsi
    jge L2
L1:
    add rax, [rdi+rdx*8]
    add rdx, 1
    cmp rdx, rsi
    jl L1
L2:
    ret

fib  (53 bytes)
    push r12
    cmp rdi, 2
    mov r12, rdi
    jge L1
    mov rax, rdi
    pop r12
    ret
L1:
    lea rdi, [rdi-1]
    call fib
    mov rdi, r12
    mov r12, rax
    add rdi, -2
    call fib
    mov rcx, rax
    mov rax, r12
    add rax, rcx
    pop r12
    ret

find  (50 bytes)
    xor eax, eax
    cmp rax, rsi
    jae L3
L1:
    movzx r8d, byte ptr [rdi+rax]
    cmp r8, rdx
    je L2
    add rax, 1
    jo L4
    nop [rax+rax]
    cmp rax, rsi
    jb L1
    jmp L3
L2:
    ret
L3:
    mov rax, -1
    ret
L4:
    ud2  ; out of range in find

checksum  (40 bytes)
    xor edx, edx
    mov eax, -0x7ee3623b
    nop [rax+rax]
L1:
    movzx r9d, byte ptr [rdi+rdx]
    xor rax, r9
    imul eax, 0x1000193
    add rdx, 1
    cmp rdx, rsi
    jl L1
    ret

dot  (43 bytes)
    xor r8d, r8d
    xorps xmm0, xmm0
    nop [rax+rax]
    nop
L1:
    movsd xmm8, [rdi+r8*8]
    mulsd xmm8, [rsi+r8*8]
    addsd xmm0, xmm8
    add r8, 1
    cmp r8, rdx
    jne L1
    ret

header  (35 bytes)
    mov rax, [rdi]
    shr rax, 0x38
    cmp rax, 0xff
    je L1
    ret
L1:
    mov rax, [rdi-8]
    mov r8, 0xffffffffffffff
    and rax, r8
    ret

dispatch loop  (53 bytes)
    xor eax, eax
L1:
    movzx r8d, byte ptr [rdi]
    add rdi, 1
    cmp r8, 4
    jae L6
    lea r11, [jumpTable0]
    movsxd rcx, [r11+r8*4]
    add rcx, r11
    jmp rcx
L2:
    lea rax, [rax+1]
    jmp L1
L3:
    ret
L4:
    lea rax, [rax+rax]
    jmp L1
L5:
    lea rax, [rax-1]
    jmp L1
L6:
    ud2  ; unknown opcode in dispatch loop

