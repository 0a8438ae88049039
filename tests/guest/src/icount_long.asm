; SPDX-License-Identifier: GPL-2.0-or-later
; Counted instructions in 64-bit code, which is translated: the 8254 interrupts loops with live flags, calls, string and
; vector instructions, code that faults, divides by zero, enters level 3 and rewrites itself. Each interrupt adds the
; time stamp counter, where it came and the flags to a sum: one instruction more or less anywhere changes it.
%include "boot.inc"
        jmp start
%include "pm32.inc"
%include "long64.inc"
WIN     equ 0x00c00000
IRQ     equ 32
DIVISOR equ 97

        bits 16
start:  ENTER_PM
        LONG_TABLES 0x83
        mov dword [PD + (WIN >> 21) * 8], PT + 7
        INTERRUPT_GATES 33
        mov ecx, 0xc0000080             ; SYSCALL enable
        rdmsr
        or eax, 1
        wrmsr
        mov ecx, 0xc0000081             ; STAR: level 3 is SS at + 8, 64-bit CS at + 16
        xor eax, eax
        mov edx, (CODE64 + 8) << 16 | CODE64
        wrmsr
        inc ecx                         ; LSTAR
        mov eax, syscalled
        xor edx, edx
        wrmsr
        mov ecx, 0xc0000084             ; SFMASK
        mov eax, 0x200
        wrmsr
        ENTER_LONG in64

%macro OUTB 2
        mov al, %2
        out %1, al
%endmacro

        bits 64
in64:   mov ax, K_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK
        lidt [idtr64]
        mov dword [tss + 4], KSTACK - 0x2000
        mov dword [tss + 8], 0
        OUTB 0x20, 0x11
        OUTB 0x21, IRQ
        OUTB 0x21, 4
        OUTB 0x21, 1
        OUTB 0x21, 0xfe
        OUTB 0x43, 0x34
        OUTB 0x40, DIVISOR
        OUTB 0x40, 0
        sti

        mov ecx, 20000                  ; live flags from one block to the next
        xor eax, eax
        xor edx, edx
.flags: mov rbx, [numbers]
        adc rax, rbx
        mov rsi, [numbers + 8]
        adc rdx, rsi
        jc .carry
        lea rcx, [rcx]
.carry: adc rax, 0
        mov [result], rax
        dec ecx
        jnz .flags
        call count64

        mov ecx, 20000                  ; calls, returns, indirect jumps
.calls: lea ebx, [rcx * 8]
        and ebx, 24
        call [targets + rbx]
        loop .calls
        call count64

        mov ebx, 5000                   ; strings, whole pages of them too
.str:   mov esi, 0x20000
        mov edi, 0x30000
        mov ecx, ebx
        rep movsb
        mov edi, 0x30ff0
        mov ecx, 600
        rep stosq
        mov edi, 0x30ff0
        mov ecx, 200
        xor eax, eax
        repne scasb
        dec ebx
        jnz .str
        call count64

        mov ecx, 20000                  ; vectors, and exceptions of theirs
        cvtsi2sd xmm0, ecx
        pxor xmm2, xmm2
.vec:   movsd xmm1, xmm0
        mulsd xmm1, xmm0
        addsd xmm2, xmm1
        paddq xmm3, xmm2
        movdqu [result + 16], xmm3
        dec ecx
        jnz .vec
        call count64

        mov ebx, 10000                  ; #DE: the handler goes on two bytes further
.div:   mov eax, ebx
        xor edx, edx
        mov ecx, ebx
        and ecx, 3
        add rsi, 1
        div ecx
        adc rsi, rdx
        dec ebx
        jnz .div
        call count64

        mov ebx, 3000                   ; #PF: the handler maps the page
.fault: xor eax, eax
        mov [PT], rax
        mov [PT + 8], rax
        invlpg [WIN]
        invlpg [WIN + 0x1000]
        mov [WIN + 0x10], ebx
        mov ecx, [WIN + 0x10]
        add [WIN + 0xffe], ecx
        adc edx, [WIN + 0x1000]
        dec ebx
        jnz .fault
        call count64

        mov ebx, 5000                   ; interrupts held back: STI, its shadow, POPF
.held:  cli
        mov ecx, 20
.h1:    dec ecx
        jnz .h1
        sti
        inc rdx
        cli
        pushf
        or dword [rsp], 0x200
        mov ecx, 7
.h2:    dec ecx
        jnz .h2
        popf
        inc rdx
        dec ebx
        jnz .held
        call count64

        mov ebx, 200                    ; nothing to do
.idle:  hlt
        dec ebx
        jnz .idle
        call count64

        mov ebx, 2000                   ; code that changes
.smc:   mov [.imm + 1], ebx
        xor eax, eax
.imm:   add eax, 0x12345678
        add [result + 8], eax
        dec ebx
        jnz .smc
        call count64

        mov ecx, user                   ; level 3
        mov r11d, 0x202
        o64 sysret
        align 16
user:   mov esp, USTACK
        mov ebx, 5000
.l:     mov eax, 1
        syscall
        add edx, eax
        dec ebx
        jnz .l
        xor eax, eax
        syscall
        align 16
syscalled:
        test eax, eax
        jz .end
        inc dword [result + 8]
        o64 sysret
.end:   mov esp, KSTACK
        call count64
        cli
        FINISH

t0:     inc r8
        ret
t1:     add r9, r8
        ret
t2:     jmp [targets]
t3:     push rax
        pop rax
        ret
        align 8
targets: dq t0, t1, t2, t3
numbers: dq 0xfedcba9876543210, 0x9e3779b97f4a7c15

; the time, the number of interrupts, the sum
count64: pushf
        cli
        push rax
        push rdx
        rdtsc
        LINE
        mov eax, [ticks]
        LINE
        mov eax, [sum]
        LINE
        pop rdx
        pop rax
        popf
        ret

        align 16
stubs64:
%assign v 0
%rep 33
        align 16
%if v = 8 || (v >= 10 && v <= 14) || v = 17
%else
        push qword 0
%endif
        push qword v
        jmp event64
%assign v v + 1
%endrep
        align 16
event64:
        push rax
        push rdx
        rdtsc
        add [sum], rax
        mov rax, [rsp + 32]             ; RIP
        xor [sum], rax
        mov rax, [rsp + 48]             ; RFLAGS
        and eax, 0xefeff                ; but RF, and those that an access left undefined
        and eax, ~0x8d5
        add [sum], rax
        rol qword [sum], 5
        cmp dword [rsp + 16], IRQ
        jne .fault
        inc dword [ticks]
        OUTB 0x20, 0x20
        jmp .done
.fault: cmp dword [rsp + 16], 0
        jne .page
        add qword [rsp + 32], 2
        jmp .done
.page:  cmp dword [rsp + 16], 14
        jne .bad
        mov rax, cr2
        shr eax, 12
        and eax, 1
        lea edx, [rax + 0x200]
        shl edx, 12
        or edx, 7
        mov [PT + rax * 8], rdx
.done:  pop rdx
        pop rax
        add rsp, 16
        iretq
.bad:   mov eax, [rsp + 16]
        LINE
        mov eax, [rsp + 32]
        LINE
        FINISH
        align 8
ticks:  dq 0
sum:    dq 0
idtr64: dw 33 * 16 - 1
        dq idt64
        align 16
idt64:  times 66 dq 0
result: times 5 dq 0
        IMAGE_END
