; SPDX-License-Identifier: GPL-2.0-or-later
; Long mode: exceptions and their frames, IST, level 3 and back, SYSCALL/SYSRET, compatibility mode, canonical
; addresses, call gate, NX, SMEP, SMAP, PCID, large pages.
%include "boot.inc"
        jmp start
K32     equ 0x08
KDATA   equ 0x10
K64     equ 0x18
U32     equ 0x23                        ; SYSRET order: 32-bit code, data, 64-bit code
UDATA   equ 0x2b
U64     equ 0x33
KTSS    equ 0x38
GATE    equ 0x48
KSTACK  equ 0x90000
ISTACK  equ 0x94000
USTACK  equ 0x98000
PML4    equ 0x100000
PDP     equ 0x101000
PDIR    equ 0x102000
PTAB    equ 0x103000
WIN     equ 0x600000
FRAME   equ 0x400000

%include "long64.inc"
%macro TRY 1
        %push try
        SAY %1
        mov [try_rsp], rsp
        mov qword [try_resume], %$resume
        mov qword [try_base], %$base
%$base:
%endmacro
%macro END_TRY 0
        mov rsp, [try_rsp]
        SAY ": no fault"
        NL
        jmp %$next
%$resume:
        call report
%$next:
        %pop
%endmacro
%macro PTE 2
        push rax
        mov rax, %2
        mov [PTAB + (%1) * 8], rax
        invlpg [WIN + (%1) * 4096]
        pop rax
%endmacro
%macro TO_USER 0
        push UDATA
        push USTACK
        pushfq
        push U64
        push %%u
        iretq
%%u:
%endmacro

        align 16
stubs:
%assign v 0
%rep 48
        align 16
%if v = 8 || (v >= 10 && v <= 14) || v = 17
%else
        push 0x7eee
%endif
        push v
        jmp event
%assign v v + 1
%endrep
; vector, error, rip, cs, rflags, rsp, ss
event:  push rax
        mov [saved], rax
        mov [saved + 8], rbx
        mov [saved + 16], rcx
        mov [got_at], rsp
%assign k 0
%rep 7
        mov rax, [rsp + 8 + k * 8]
        mov [got_v + k * 8], rax
%assign k k + 1
%endrep
        mov rax, cr2
        mov [got_cr2], rax
        mov rsp, [try_rsp]
        mov ax, KDATA
        mov ss, ax
        jmp [try_resume]

report: SAY ": v="
        HEX [got_v], 2
        SAY " e="
        HEX [got_v + 8], 4
        SAY " ip=+"
        mov rax, [got_v + 16]
        sub rax, [try_base]
        HEX rax, 8
        SAY " cs="
        HEX [got_v + 24], 4
        SAY " ss="
        HEX [got_v + 48], 4
        SAY " fl="
        mov rax, [got_v + 32]
        and eax, 0x47700
        HEX rax, 5
        SAY " on="
        mov rax, [got_at]
        shr rax, 12
        HEX rax, 3
        SAY " al="
        mov rax, [got_at]
        HEX rax, 1
        cmp qword [got_v], 14
        jne .nl
        SAY " cr2="
        HEX [got_cr2], 16
.nl:    NL
        ret

        align 8
gdt:    dq 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00af9a000000ffff
        dq 0x00cffa000000ffff, 0x00cff2000000ffff, 0x00affa000000ffff
        dw 0x67, tss, 0x8900, 0, 0, 0, 0, 0
        dw gate_target, K64, 0xec00, 0, 0, 0, 0, 0
        times 8 dq 0
gdt_end:
gdtr:   dw gdt_end - gdt - 1
        dq gdt
idtr:   dw 48 * 16 - 1
        dq idt
        align 16
idt:    times 96 dq 0
tss:    dd 0
        dq KSTACK - 0x800, 0, 0, 0
        dq ISTACK, 0x8000000000000000, 0, 0, 0, 0, 0
        dq 0
        dw 0, 0x68
got_v:  times 7 dq 0
got_cr2: dq 0
saved:  dq 0, 0, 0
old_u32: dq 0
got_at: dq 0
try_rsp: dq 0
try_resume: dq 0
try_base: dq 0

sys_entry:
        mov [got_v], rcx
        mov [got_v + 8], r11
        mov rax, ss
        mov [got_v + 16], rax
        mov rax, cs
        mov [got_v + 24], rax
        pushfq
        pop rax
        mov [got_v + 32], rax
        cmp ebx, 2
        je .iret
        o64 sysret
.iret:  mov rsp, [try_rsp]
        jmp [try_resume]

gate_target:
        mov rax, [rsp]
        mov [got_v], rax
        mov rax, [rsp + 8]
        mov [got_v + 8], rax
        mov rax, [rsp + 24]
        mov [got_v + 24], rax
        mov rax, ss
        mov [got_v + 16], rax
        o64 retf
        bits 16
start:  cli
        in al, 0x92
        or al, 2
        and al, 0xfe
        out 0x92, al
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp K32:.pm
        bits 32
.pm:    mov ax, KDATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK
        mov edi, PML4
        xor eax, eax
        mov ecx, 0x4000 / 4
        rep stosd
        mov dword [PML4], PDP + 7
        mov dword [PDP], PDIR + 7
        mov dword [PDIR], 0x87
        mov dword [PDIR + 8], 0x200087
        mov dword [PDIR + 16], 0x400083
        mov dword [PDIR + 24], PTAB + 7
        mov eax, cr4
        or eax, 0x6a0                   ; PAE PGE OSFXSR OSXMMEXCPT
        mov cr4, eax
        mov eax, PML4
        mov cr3, eax
        mov ecx, 0xc0000080
        rdmsr
        or eax, 0x901                   ; NXE LME SCE
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp K64:.lm
        bits 64
.lm:    mov edi, idt
        mov eax, stubs
        mov ecx, 48
.l:     mov [rdi], ax
        mov word [rdi + 2], K64
        mov word [rdi + 4], 0x8e00
        mov edx, eax
        shr edx, 16
        mov [rdi + 6], dx
        add rdi, 16
        add eax, 16
        loop .l
        mov byte [idt + 3 * 16 + 5], 0xee
        mov byte [idt + 0x20 * 16 + 5], 0xee
        lidt [idtr]
        xor eax, eax
        lldt ax
        mov ax, KTSS
        ltr ax
        mov ax, KDATA
        mov ss, ax

        TRY "ud"
        ud2
        END_TRY
        TRY "de"
        xor edx, edx
        xor ecx, ecx
        div rcx
        END_TRY
        TRY "bp"
        int3
        END_TRY
        TRY "stack misaligned"
        sub rsp, 5
        ud2
        END_TRY
        mov byte [idt + 6 * 16 + 4], 1
        TRY "ist"
        ud2
        END_TRY
        TRY "ist user"
        TO_USER
        ud2
        END_TRY
        mov byte [idt + 6 * 16 + 4], 0
        TRY "user ud"
        TO_USER
        ud2
        END_TRY
        TRY "user int 20"
        TO_USER
        int 0x20
        END_TRY
        TRY "*user int 21"
        TO_USER
        int 0x21
        END_TRY
        TRY "user cli"
        TO_USER
        cli
        END_TRY
        TRY "user hlt"
        TO_USER
        hlt
        END_TRY
        TRY "user in"
        TO_USER
        in al, 0x80
        END_TRY
        TRY "user mov cr3"
        TO_USER
        mov rax, cr3
        END_TRY
        TRY "user rdmsr"
        TO_USER
        rdmsr
        END_TRY
        TRY "non-canonical read"
        mov rax, 0x0000800000000000
        mov rax, [rax]
        END_TRY
        TRY "*non-canonical stack"
        mov rbp, 0x0000800000000000
        mov rax, [rbp]
        END_TRY
        TRY "*non-canonical end"
        mov rax, 0x00007ffffffffffd
        mov rax, [rax]
        END_TRY
        TRY "null ds works"
        xor eax, eax
        mov ds, ax
        mov rax, [0x7c00]
        END_TRY
        TRY "null ss level 0"
        xor eax, eax
        mov ss, ax
        push rax
        END_TRY
        mov ax, KDATA
        mov ss, ax
        TRY "push es"
        db 0x06
        END_TRY
        TRY "aam"
        db 0xd4, 0x0a
        END_TRY
        TRY "page np"
        PTE 0, 0
        mov eax, [WIN]
        END_TRY
        TRY "page rmw ro"
        PTE 0, FRAME + 5
        mov rax, cr0
        or eax, 0x10000
        mov cr0, rax
        mov [WIN], eax
        END_TRY
        PTE 1, 0x8000000000000000 + FRAME + 0x1000 + 7
        mov byte [WIN + 0x1000], 0xc3
        TRY "exec nx"
        mov rax, WIN + 0x1000
        call rax
        END_TRY
        PTE 2, FRAME + 0x2000 + 7
        mov byte [WIN + 0x2000], 0xc3
        TRY "exec user page"
        mov rax, WIN + 0x2000
        call rax
        END_TRY
        SHOW "pte", [PTAB + 16]
        SHOW "pde", [PDIR + 24]
        SHOW "large", [PDIR + 16]
        TRY "user reads kernel"
        TO_USER
        mov eax, [FRAME]
        END_TRY
        TRY "user jumps to kernel"
        TO_USER
        mov rax, FRAME
        jmp rax
        END_TRY

        ; system calls
        mov ecx, 0xc0000081
        xor eax, eax
        mov edx, (U32 - 3 + 3) << 16 | K64
        wrmsr
        mov ecx, 0xc0000082
        mov rax, sys_entry
        xor edx, edx
        wrmsr
        mov ecx, 0xc0000084
        mov eax, 0x40700
        wrmsr
        ; selectors: SYSCALL takes K64 and K64 + 8
        mov rax, [gdt + U32 - 3]
        mov [old_u32], rax
        mov rax, [gdt + KDATA]
        mov [gdt + K64 + 8], rax        ; SS of SYSCALL
        TRY "syscall"
        mov ebx, 1
        TO_USER
        stc
.call:  syscall
.back:  mov rax, ss
        mov rbx, cs
        shl rbx, 16
        or rax, rbx
        pushfq
        pop rbx
        mov ebp, 0x20
        int 0x20
        END_TRY
        SHOW "user ss, cs", [saved]
        mov rbx, [saved + 8]
        and ebx, 0x8d5
        SHOW "flags", rbx
        mov rax, [old_u32]
        mov [gdt + K64 + 8], rax
        mov rax, sys_entry
        TRY "syscall off"
        mov ecx, 0xc0000080
        rdmsr
        and eax, 0xfffffffe
        wrmsr
        syscall
        END_TRY
        TRY "call gate"
        TO_USER
        call far dword [rel .far]
        int 0x20
.far:   dd 0
        dw GATE + 3
        END_TRY
        TRY "call gate from 0"
        call far dword [rel .far0]
        ud2
.far0:  dd 0
        dw GATE
        END_TRY

        ; compatibility mode
        TRY "compat"
        push qword UDATA
        push qword USTACK
        pushfq
        push qword U32
        push qword .c32
        iretq
        bits 32
.c32:   mov ax, UDATA
        mov ds, ax
        mov eax, 0x12345678
        push eax
        inc eax                         ; 0x40 is INC here, not REX
        pop ecx
        int 0x20
        bits 64
        END_TRY
        SHOW "eax", [saved]
        SHOW "ecx", [saved + 16]
        TRY "*compat limit"
        push qword UDATA
        push qword USTACK
        pushfq
        push qword U32
        push qword .d32
        iretq
        bits 32
.d32:   xor eax, eax
        mov ds, ax
        mov eax, [eax]
        bits 64
        END_TRY
        TRY "iret to dpl 0 from 3"
        TO_USER
        push KDATA
        push KSTACK
        pushfq
        push K64
        push 0
        iretq
        END_TRY
        TRY "*iret non-canonical"
        push KDATA
        push KSTACK
        pushfq
        push K64
        mov rax, 0x8000000000000000
        push rax
        iretq
        END_TRY
        TRY "iret null ss"
        push 0
        push KSTACK
        pushfq
        push K64
        push .ok
        iretq
.ok:    ud2
        END_TRY
        TRY "iret nt"
        pushfq
        or dword [rsp], 0x4000
        popfq
        iretq
        END_TRY
        pushfq
        and dword [rsp], 0xffffbfff
        popfq
        TRY "popf level 3"
        TO_USER
        pushfq
        or dword [rsp], 0x3200
        popfq
        pushfq
        pop rbx
        int 0x20
        END_TRY
        mov rbx, [saved + 8]
        and ebx, 0x3200
        SHOW "iopl, if", rbx

        ; SMEP, SMAP
        TRY "stac level 3"
        TO_USER
        stac
        END_TRY
        and dword [PDIR], ~4
        mov rax, cr3
        mov cr3, rax
        mov rax, cr4
        or eax, 0x300000
        mov cr4, rax
        TRY "smap read"
        mov eax, [WIN + 0x2000]
        END_TRY
        TRY "smap write"
        mov [WIN + 0x2000], eax
        END_TRY
        TRY "smap stac"
        stac
        mov eax, [WIN + 0x2000]
        clac
        END_TRY
        TRY "smep"
        mov rax, WIN + 0x2000
        call rax
        END_TRY
        FINISH
IMAGE_END
