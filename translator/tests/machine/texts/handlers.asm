Stack>>pushTemporary3  (24 bytes)
    mov rcx, [rbp-0x50]
    add r13, -8
    mov [r13], rcx
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]

Stack>>pushTemporaryLong  (35 bytes)
    movzx esi, byte ptr [r12]
    neg rsi
    mov rsi, [rbp+rsi*8-0x38]
    add r13, -8
    mov [r13], rsi
    movzx eax, byte ptr [r12+1]
    add r12, 2
    jmp qword ptr [r14+rax*8]

Arithmetic>>add  (58 bytes)
    mov rdi, [r13]
    mov rsi, [r13+8]
    mov r8, rdi
    and r8, rsi
    and r8d, 7
    cmp r8, 1
    jne L1
    lea r10, [rsi-1]
    add r10, rdi
    jo L1
    mov [r13+8], r10
    add r13, 8
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]
L1:
    jmp Arithmetic>>slowAdd

Arithmetic>>slowAdd  (21 bytes)
    call Send>>special
    mov [r13], rax
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]

Send>>special  (20 bytes)
    add qword ptr [rbx+Interpreter.count], 1
    cmp [rbx+Interpreter.stackLimit], r13
    ja L1
    mov rax, rdi
    ret
L1:
    ud2  ; stack overflow in Send>>special

Arithmetic>>less  (64 bytes)
    mov rdi, [r13]
    mov rsi, [r13+8]
    mov r8, rdi
    and r8, rsi
    and r8d, 7
    cmp r8, 1
    jne L1
    mov r10, [rbx+ObjectMemory.trueObject]
    mov r11, [rbx+ObjectMemory.falseObject]
    cmp rsi, rdi
    cmovl r11, r10
    mov [r13+8], r11
    add r13, 8
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]
L1:
    jmp Arithmetic>>slowAdd

Jump>>ifFalse  (66 bytes)
    movsx rdx, byte ptr [r12]
    mov rsi, [r13]
    add r13, 8
    cmp [rbx+ObjectMemory.falseObject], rsi
    jne L1
    lea r12, [r12+rdx+1]
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]
L1:
    add r12, 1
    cmp [rbx+ObjectMemory.trueObject], rsi
    jne L2
    movzx eax, byte ptr [r12]
    inc r12
    jmp qword ptr [r14+rax*8]
L2:
    mov rdi, rsi
    jmp Arithmetic>>slowAdd

