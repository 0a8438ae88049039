; SPDX-License-Identifier: GPL-2.0-or-later
; A guest that means harm: firmware that enters long mode and then, for ever, does something at random that a sane
; guest does not (table below). What it destroys it builds anew when it notices; else it ends in a triple fault,
; or the monitor resets it, and it begins again here. Randomness comes from the ROM's seed and goes on, in
; CMOS memory, over resets. A dot on port 0xe9 is a step, R a start.
        org 0
VARS    equ 0x6000                      ; below: of the program, all below 1 MiB
IDT     equ 0x8000
GDTR    equ 0x9000
TSS     equ 0xa000
PROG    equ 0x10000
STACK   equ 0x80000
SAFE    equ 0x90000
TABLES  equ 0x200000                    ; PML4, PDPT, PD, eight PTs (16 MiB), then PDPT, PD, PT of the high half
HIGH    equ 0x20c000
ARENA   equ 0x100000                    ; code and data at random, 1 MiB
RAM_END equ 0x1000000
%define state (VARS)
%define steps (VARS + 8)
%define faults (VARS + 16)

; ---- real mode; in the ROM at F000:0000
        bits 16
start:  cli
        cld
        xor ax, ax
        mov ss, ax
        mov es, ax
        mov sp, 0x7000
        mov al, 'R'
        out 0xe9, al
        in al, 0x92                     ; A20, whatever was done to it
        or al, 2
        and al, 0xfe
        out 0x92, al
        mov ax, 0xf000
        mov ds, ax
        mov ax, 0x1000                  ; the ROM to RAM
        mov es, ax
        xor si, si
        xor di, di
        mov cx, 0x8000
        rep movsw
        xor ax, ax
        mov es, ax
        mov bx, 0x50                    ; state: eight bytes of CMOS
        mov di, state
.cmos:  mov al, bl
        out 0x70, al
        in al, 0x71
        stosb
        inc bx
        cmp bl, 0x58
        jb .cmos
        o32 lgdt [cs:rom_gdtr]
        mov eax, 1
        mov cr0, eax
        jmp dword 8:(PROG + pm)
        align 4
rom_gdtr: dw gdt_end - gdt - 1
        dd PROG + gdt

        bits 32
pm:     mov ax, 16
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, STACK
        call tables
        mov eax, 0x6b0                  ; PSE, PAE, PGE, OSFXSR, OSXMMEXCPT
        mov cr4, eax
        mov eax, TABLES
        mov cr3, eax
        mov ecx, 0xc0000080
        mov eax, 0x901                  ; SCE, LME, NXE
        xor edx, edx
        wrmsr
        mov eax, 0x80010033
        mov cr0, eax
        jmp 24:(PROG + lm)

; The first 16 MiB in large pages, while the tables are being made.
safe:   mov esi, SAFE
        mov dword [esi], SAFE + 0x1000 + 7
        mov dword [esi + 4], 0
        mov dword [esi + 0x1000], SAFE + 0x2000 + 7
        mov dword [esi + 0x1004], 0
        mov edi, SAFE + 0x2000
        mov eax, 0x87
.more:  mov [edi], eax
        mov dword [edi + 4], 0
        add eax, 0x200000
        add edi, 8
        cmp edi, SAFE + 0x2040
        jb .more
        ret
; Page tables; for 32- and 64-bit code alike: no REX, no INC.
tables: mov edi, TABLES
        mov ecx, 0x10000 / 4
        xor eax, eax
        rep stosd
        mov esi, TABLES
        mov dword [esi], TABLES + 0x1000 + 7
        mov dword [esi + 0x800], HIGH + 7
        mov dword [esi + 0x1000], TABLES + 0x2000 + 7
        mov esi, HIGH
        mov dword [esi], HIGH + 0x1000 + 7
        mov dword [esi + 0x1000], HIGH + 0x2000 + 7
        mov edi, TABLES + 0x2000
        mov eax, TABLES + 0x3000 + 7
        mov ecx, 8
.pd:    mov [edi], eax
        add eax, 0x1000
        add edi, 8
        sub ecx, 1
        jnz .pd
        mov edi, TABLES + 0x3000
        mov eax, 7
        mov ecx, 4096
.pt:    mov [edi], eax
        add eax, 0x1000
        add edi, 8
        sub ecx, 1
        jnz .pt
        ret

        bits 64
        default abs
lm:     mov ax, 16
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov rax, [state]
        mov rcx, [PROG + seed]
        test rax, rax
        jnz .have
        mov rax, rcx
.have:  mov [state], rax
; everything that it may have broken and that matters
fresh:  mov rsp, STACK
        mov edi, IDT
        xor ebx, ebx
.gate:  lea eax, [PROG + stubs + rbx * 8]
        mov [rdi], ax
        mov word [rdi + 2], 24
        mov word [rdi + 4], 0xee00      ; from ring 3 too
        shr eax, 16
        mov [rdi + 6], ax
        mov qword [rdi + 8], 0
        add edi, 16
        inc ebx
        cmp ebx, 256
        jb .gate
        mov word [IDT + 8 * 16 + 4], 0xee01     ; double fault: IST 1
        lidt [PROG + idtr]
        lgdt [PROG + good_gdtr]
        mov edi, TSS
        mov ecx, 26
        xor eax, eax
        rep stosd
        mov qword [TSS + 4], STACK - 0x1000
        mov qword [TSS + 0x24], STACK - 0x2000
        mov dword [TSS + 0x64], 0x68
        mov byte [PROG + gdt_tss + 5], 0x89
        mov ax, gdt_tss - gdt
        ltr ax
        mov eax, 0x80010033
        mov cr0, rax
        mov eax, 0x6b0
        mov cr4, rax
        call safe
        mov eax, SAFE
        mov cr3, rax
        call tables
        mov eax, TABLES
        mov cr3, rax

next:   cli
        cld
        mov rsp, STACK
        mov al, '.'
        out 0xe9, al
        inc qword [steps]
        mov rax, [steps]
        test al, 15
        jnz .go
        mov ebx, 0x50
.cmos:  mov eax, ebx
        out 0x70, al
        mov al, [state - 0x50 + rbx]
        out 0x71, al
        inc ebx
        cmp ebx, 0x58
        jb .cmos
        call rnd
        test al, 3
        jz fresh
.go:    call rnd
        and eax, 31
        mov eax, [PROG + table + rax * 4]
        jmp rax

; ---- randomness: rax
rnd:    push rcx
        mov rax, [state]
        mov rcx, rax
        shl rcx, 13
        xor rax, rcx
        mov rcx, rax
        shr rcx, 7
        xor rax, rcx
        mov rcx, rax
        shl rcx, 17
        xor rax, rcx
        mov [state], rax
        mov rcx, 0x9e3779b97f4a7c15
        imul rax, rcx
        bswap rax
        pop rcx
        ret

; An address that is interesting, rax.
addr:   push rcx
        call rnd
        mov rcx, rax
        shr rcx, 32
        and ecx, 15
        jmp [PROG + kinds + rcx * 8]
.ram:   and eax, RAM_END - 1
        jmp .out
.tables: and eax, 0xffff
        add eax, TABLES
        jmp .out
.arena: and eax, 0xfffff
        add eax, ARENA
        jmp .out
.edge:  and eax, 0xfff000               ; around a page's end
        movsx ecx, ah
        movsxd rcx, ecx
        lea rax, [rax + rcx]
        jmp .out
.high:  and eax, 0x1fffff
        mov rcx, 0xffff800000000000
        or rax, rcx
        jmp .out
.top:   movsx rax, al                   ; both ends of the address space
        jmp .out
.canon: mov rcx, 0x00007ffffffff000     ; around the hole
        movzx eax, ax
        add rax, rcx
        jmp .out
.self:  mov rcx, 0xfffff00000000000     ; where self-references lead
        shr rax, 19
        or rax, rcx
        jmp .out
.mmio:  and eax, 3
        movzx eax, word [PROG + mmio + rax * 2]
        shl eax, 16
        jmp .out
.four:  movsx eax, ax                   ; around 4 GiB
        movsxd rax, eax
        mov rcx, 0x100000000
        add rax, rcx
        jmp .out
.any:
.out:   pop rcx
        ret
; A physical page with entry bits, rax: RAM, its tables, devices, nothing, everything.
entry:  push rcx
        call rnd
        mov rcx, rax
        shr rcx, 59
        test cl, 24
        jnz .ram
        test cl, 4
        jnz .tab
        test cl, 2
        jnz .dev
        pop rcx
        ret
.dev:   and ecx, 1
        mov ecx, [PROG + devs + rcx * 4]
        and eax, 0x1fff
        or rax, rcx
        pop rcx
        ret
.tab:   mov rcx, rax
        and ecx, 0xf000
        and eax, 0xfff
        lea rax, [rax + rcx + TABLES]
        pop rcx
        ret
.ram:   mov rcx, 0x8000000000ffffff
        and rax, rcx
        rol rax, 3
        and al, 0xf8
        ror rax, 3
        test al, 8
        jz .low
        or al, 7
.low:   pop rcx
        ret
; Some random bytes at ARENA + random; rax: where.
bytes:  push rdi
        push rcx
        call rnd
        and eax, 0xfffc0
        lea rdi, [rax + ARENA]
        push rdi
        mov ecx, 32
.more:  call rnd
        mov [rdi], rax
        add rdi, 8
        dec ecx
        jnz .more
        pop rax
        pop rcx
        pop rdi
        ret

; ---- what it does
scribble:                               ; entries anywhere in the tables, then accesses
        call rnd
        and eax, 15
        lea ebx, [rax + 1]
.more:  call entry
        mov rdx, rax
        call rnd
        and eax, 0x1fff
        cmp eax, 0x600                  ; not where the program itself is mapped: that comes by itself
        jb .more2
        mov [TABLES + rax * 8], rdx
.more2: dec ebx
        jnz .more
        test dl, 16
        jz touch
        mov rax, cr3
        mov cr3, rax
touch:  call rnd
        and eax, 31
        lea ebx, [rax + 1]
.more:  call addr
        mov rsi, rax
        call rnd
        test al, 1
        jz .store
        mov rcx, [rsi]
        jmp .on
.store: mov [rsi], rax
.on:    test al, 8
        jz .n
        invlpg [rsi]
.n:     test al, 16
        jz .n2
        lock xadd [rsi], rax
.n2:    dec ebx
        jnz .more
        jmp next
selfref:                                ; a level that is its own next level
        call rnd
        mov ebx, eax
        and ebx, 0x1ff
        mov eax, ebx
        shr eax, 7
        mov edx, TABLES + 0x63
        cmp eax, 1
        jb .w
        mov edx, HIGH + 0x63
        je .w
        mov edx, HIGH + 0x1063
.w:     mov ecx, edx
        and ecx, ~0xfff
        mov [rcx + rbx * 8], rdx
        mov rax, cr3
        mov cr3, rax
        jmp touch
codetab:                                ; code in a page table, which the code changes
        call rnd
        and eax, 7
        shl eax, 12
        lea ebx, [rax + TABLES + 0x3000]
        call rnd
        and eax, 0xff
        lea edi, [rbx + rax * 8 + 0x400]
        call entry
        mov esi, edi
        mov word [rdi], 0xb848          ; mov rax, imm64
        mov [rdi + 2], rax
        mov word [rdi + 10], 0x8948     ; mov [rbx], rax: rbx is this very table
        mov byte [rdi + 12], 0x03
        mov dword [rdi + 13], 0xd8200f90        ; mov rax, cr3; mov cr3, rax
        mov dword [rdi + 17], 0xc3d8220f
        call rnd
        and eax, 0xff8
        add rbx, rax
        call rsi
        jmp touch
wild:   call addr
        push rax
        call rnd
        test al, 3
        pop rax
        jz .call
        jp .ret
        jmp rax
.call:  call rax
        jmp next
.ret:   push rax
        ret
cr3any: call entry
        mov cr3, rax
        jmp touch
desc:   call addr                       ; descriptor tables anywhere
        sub rsp, 16
        mov [rsp + 2], rax
        call rnd
        mov [rsp], ax
        test eax, 0x10000
        jz .idt
        lgdt [rsp]
        mov ds, ax
        mov fs, ax
        push rax
        lea rcx, [PROG + next]
        push rcx
        retfq
.idt:   lidt [rsp]
        int 0x80
        jmp next
stack:  call addr
        mov rsp, rax
        call rnd
        and eax, 7
        jmp [PROG + .how + rax * 8]
.push:  push rax
        push rcx
        jmp next
.pop:   pop rax
        pop rcx
        jmp next
.call:  call .pop
.int:   int 3
        jmp next
.iret:  iretq
.enter: enter 32, 7
        jmp next
.fx:    fxsave64 [rsp]
        fxrstor64 [rsp]
        jmp next
.pushf: pushfq
        popfq
        jmp next
        align 8
.how:   dq PROG + .push, PROG + .pop, PROG + .call, PROG + .int, PROG + .iret, PROG + .enter, PROG + .fx, PROG + .pushf
msr:    call rnd
        mov ecx, eax
        and ecx, 63
        mov ecx, [PROG + msrs + rcx * 4]
        test eax, 0x700
        jnz .known
        call rnd
        mov ecx, eax
        and ecx, 0xc0001fff
.known: call rnd
        mov rdx, rax
        shr rdx, 32
        test edx, 1
        jz .read
        push rax
        rdmsr
        pop rbx
        bts eax, ebx                    ; one bit of what it was
        test ebx, 0x100
        jz .write
        mov eax, ebx
.write: wrmsr
        jmp touch
.read:  rdmsr
        jmp next
creg:   call rnd
        mov ebx, eax
        mov edx, eax
        shr edx, 16
        and edx, 31
        test ebx, 1
        jz .cr4
        mov rax, cr0
        btc rax, rdx
        mov cr0, rax
        jmp touch
.cr4:   test ebx, 2
        jz .xcr
        mov rax, cr4
        and edx, 15
        test ebx, 4
        jz .c4
        add edx, 8
.c4:    btc rax, rdx
        mov cr4, rax
        jmp touch
.xcr:   mov rax, cr4
        bts eax, 18
        mov cr4, rax
        call rnd
        and eax, 0xe7
        test ebx, 8
        jz .x
        or eax, 7
.x:     xor ecx, ecx
        xor edx, edx
        xsetbv
        call rnd
        mov edi, ARENA + 0x3fc0
        mov edx, ebx
        xrstor [rdi]
        xsave [rdi]
        jmp next
dreg:   call addr
        mov dr0, rax
        mov dr3, rax
        call rnd
        mov eax, eax
        mov dr7, rax
        jmp touch
random: call bytes                      ; bytes at random as code, ring 0
        mov r15, rax
        call regs
        jmp r15
user:   call bytes                      ; the same in ring 3; sometimes 32-bit code
        mov r15, rax
        call rnd
        push 0x33 + 8                   ; SS: user data
        push ARENA + 0x80000
        mov ecx, eax
        and ecx, 0x4fd5
        test ecx, 0x4000
        jz .fl
        or ecx, 0x200
.fl:    and ecx, 0x40fd5
        push rcx
        mov ecx, 0x2b
        test eax, 0x80000
        jz .c32
        mov ecx, 0x33
.c32:   push rcx
        push r15
        call regs
        iretq
regs:   call rnd
        mov rbx, rax
        call addr
        mov rsi, rax
        call addr
        mov rdi, rax
        call rnd
        mov ecx, eax
        and ecx, 0x3ff
        call addr
        mov rbp, rax
        call addr
        mov r8, rax
        call rnd
        mov rdx, rax
        ret
string: call regs
        mov eax, edx
        and eax, 7
        test edx, 0x10
        jz .up
        std
.up:    jmp [PROG + .how + rax * 8]
.movs:  rep movsq
        jmp next
.stos:  rep stosd
        jmp next
.cmps:  repe cmpsb
        jmp next
.scas:  repne scasb
        jmp next
.lods:  rep lodsw
        jmp next
.movb:  rep movsb
        jmp next
.ins:   mov dx, 0x60
        rep insb
        jmp next
.outs:  mov edx, 0xe9
        and ecx, 15
        rep outsb
        jmp next
        align 8
.how:   dq PROG + .movs, PROG + .stos, PROG + .cmps, PROG + .scas, PROG + .lods, PROG + .movb, PROG + .ins, PROG + .outs
vector: call addr
        mov rsi, rax
        movdqu xmm0, [rsi]
        movdqu [rsi + 8], xmm0
        fld tword [rsi]
        fstp tword [rsi + 9]
        fnsave [rsi]
        cmpxchg16b [rsi]
        movnti [rsi], rax
        jmp next
smc:    call bytes                      ; a loop that changes its own bytes
        mov rdi, rax
        mov dword [rdi], 0x90909090
        mov dword [rdi + 4], 0x04470180         ; add byte [rdi + 4].. then what that makes
        mov dword [rdi + 4], 0x040447fe         ; inc byte [rdi + 4]
        mov dword [rdi + 8], 0xc3c9ff90         ; nop, dec ecx ..
        mov dword [rdi + 8], 0xf575c9ff         ; dec ecx; jnz
        mov byte [rdi + 12], 0xc3
        call rnd
        and eax, 0x3f
        lea ecx, [rax + 1]
        call rdi
        jmp next
port:   call rnd
        mov edx, eax
        and edx, 0x3ff
        cmp edx, 0xf4
        je next
        shr rax, 32
        test eax, 0x10000
        jz .in
        out dx, al
        jmp next
.in:    in eax, dx
        jmp next
apic:   mov rax, 0xfee00000             ; the local APIC: mapped, any register
        mov ecx, 0xfee00000 + 0x1f
        mov [HIGH + 0x2000], rcx
        mov rdi, 0xffff800000000000
        invlpg [rdi]
        call rnd
        mov ecx, eax
        and ecx, 0x3f0
        shr rax, 32
        mov edx, [rdi + rcx]
        mov [rdi + rcx], eax
        sti
        nop
        nop
        cli
        jmp next
again:  jmp fresh
sysc:   mov ecx, 0xc0000082             ; SYSCALL to anywhere, SYSRET from anywhere
        call addr
        mov rdx, rax
        shr rdx, 32
        wrmsr
        call addr
        mov rcx, rax
        call rnd
        mov r11, rax
        test al, 1
        jz .ret
        syscall
.ret:   o64 sysret
tss:    call addr
        mov [TSS + 4], rax
        mov [PROG + gdt_tss + 2], ax
        call rnd
        mov [PROG + gdt_tss], ax
        mov byte [PROG + gdt_tss + 5], 0x89
        mov ax, gdt_tss - gdt
        ltr ax
        jmp user
none:   jmp touch

; ---- whatever happened
        align 8
stubs:
%rep 256
        jmp near fault
        align 8
%endrep
fault:  mov eax, 16
        mov ds, eax
        inc qword [faults]
        mov rax, cr0
        mov ecx, TABLES
        mov cr3, rcx
        test byte [faults], 7
        jz fresh
        jmp next

        align 8
table:  dd PROG + scribble, PROG + scribble, PROG + scribble, PROG + selfref, PROG + codetab, PROG + codetab, PROG + wild
        dd PROG + wild, PROG + cr3any, PROG + desc, PROG + stack, PROG + stack, PROG + msr, PROG + creg, PROG + creg
        dd PROG + dreg, PROG + random, PROG + random, PROG + random, PROG + user, PROG + user, PROG + user, PROG + user
        dd PROG + string, PROG + string, PROG + vector, PROG + smc, PROG + smc, PROG + port, PROG + apic, PROG + sysc, PROG + tss
kinds:  dq PROG + addr.ram, PROG + addr.ram, PROG + addr.tables, PROG + addr.tables, PROG + addr.arena, PROG + addr.arena
        dq PROG + addr.edge, PROG + addr.edge, PROG + addr.high, PROG + addr.high, PROG + addr.top, PROG + addr.canon
        dq PROG + addr.self, PROG + addr.mmio, PROG + addr.four, PROG + addr.any
mmio:   dw 0xfee0, 0xfec0, 0x000a, 0xfed0
devs:   dd 0xfee00000, 0xa0000
msrs:   dd 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102
        dd 0xc0000103, 0x10, 0x1b, 0x3a, 0x174, 0x175, 0x176, 0x1d9, 0x277, 0x200, 0x201, 0x250, 0x268, 0x2ff, 0x6e0
        dd 0x8b, 0x1a0, 0x179, 0x17a, 0x400, 0x401, 0xda0, 0x122, 0x48, 0x49, 0x10a, 0x4b564d00, 0x4b564d01
        times 28 dd 0xc0000080
        align 8
idtr:   dw 0xfff
        dq IDT
good_gdtr: dw gdt_end - gdt - 1
        dq PROG + gdt
        align 8
gdt:    dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
        dq 0, 0x00cffb000000ffff, 0x00affb000000ffff, 0x00cff3000000ffff
gdt_tss: dq 0x0000890000000067 | (TSS & 0xffffff) << 16, 0
gdt_end:
        times 0xff00 - ($ - $$) db 0
seed:   dq 0x123456789abcdef
        times 0xfff0 - ($ - $$) db 0
        bits 16
        jmp 0xf000:start
        times 0x10000 - ($ - $$) db 0
