; SPDX-License-Identifier: GPL-2.0-or-later
; Four processors: start by INIT and SIPI, memory ordering (x86-TSO: store buffering with fences, message passing,
; IRIW), LOCK on plain, split, page-crossing and code memory, IPIs of all kinds, code modified by another
; processor (with serialization, and by the breakpoint method of kernels), TLB shootdown, one time for all.
; What is printed are counts of outcomes that must not be, and sums that must be exact.
%include "boot.inc"
        jmp start
K64     equ 0x08
KDATA   equ 0x10
CPUS    equ 4
TRAMP   equ 0x11000                     ; start-up code of the others; SIPI vector 0x11
PML4    equ 0x100000
WINPT   equ 0x108000                    ; page table of WIN
STACKS  equ 0x200000                    ; 4 KiB each
FRAME_A equ 0x400000
FRAME_B equ 0x401000
CODE    equ 0x500000
SUMS    equ 0x600000                    ; a cache line each
X       equ 0x700000
Y       equ 0x740000
R       equ 0x780000
WIN     equ 0x8000000000
APIC    equ 0xfee00000
N       equ 2048                        ; locations of a litmus round
ROUNDS  equ 20

%include "long64.inc"
%macro COUNT 2                          ; text, value in decimal
        SAY %1
        push rax
        mov rax, %2
        call dec64
        mov al, 10
        out 0xe9, al
        pop rax
%endmacro
%macro ALL 1                            ; every processor runs it with EDI = its number
        mov rax, %1
        call run_all
%endmacro

dec64:  push rbx
        push rcx
        push rdx
        mov ebx, 10
        xor ecx, ecx
.d:     xor edx, edx
        div rbx
        push rdx
        inc ecx
        test rax, rax
        jnz .d
.p:     pop rax
        add al, '0'
        out 0xe9, al
        loop .p
        pop rdx
        pop rcx
        pop rbx
        ret

; EAX -> on all processors, done when all are
run_all:
        mov [work], rax
        mov dword [done], 0
        lock inc dword [seq]
        xor edi, edi
        call [work]
.w:     pause
        cmp dword [done], CPUS - 1
        jne .w
        ret

; processors 1-3
ap64:   mov ax, KDATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov rbp, APIC
        mov dword [rbp + 0xf0], 0x1ff
        mov eax, [rbp + 0x20]
        shr eax, 24
        mov ebx, eax                    ; number
        mov esp, eax
        shl esp, 12
        add esp, STACKS + 4096
        lidt [idtr]
        sti
        xor r12d, r12d                  ; last sequence number
        lock inc dword [alive]
.wait:  pause
        mov eax, [seq]
        cmp eax, r12d
        je .wait
        mov r12d, eax
        mov edi, ebx
        push rbx
        push r12
        call [work]
        pop r12
        pop rbx
        lock inc dword [done]
        jmp .wait

; Waits until all are here; a barrier every time. Keeps all but RAX, RCX.
barrier:
        mov eax, 1
        lock xadd [bar], eax
        and eax, ~(CPUS - 1)
        add eax, CPUS
.w:     pause
        mov ecx, [bar]
        sub ecx, eax
        js .w
        ret

; ---- litmus
clear:  cmp edi, 0
        jne .e
        push rdi
        mov edi, X
        mov ecx, 0x30000
        xor eax, eax
        rep stosd
        pop rdi
.e:     jmp barrier

%macro LITMUS 2                         ; name, one iteration by processor EDI: r8 = X[i], r9 = Y[i], r10 = R[i]
%1:     mov r15d, ROUNDS
.round: call clear
        mov r8d, X
        mov r9d, Y
        mov r10d, R
        mov r14d, N
.next:  %2
        add r8, 64
        add r9, 64
        add r10, 32
        dec r14d
        jnz .next
        call barrier
        cmp edi, 0
        jne .c
        call [judge]
.c:     call barrier
        dec r15d
        jnz .round
        ret
%endmacro

%macro SB_FENCED 0
        cmp edi, 1
        ja %%e
        je %%b
        mov qword [r8], 1
        mfence
        mov rax, [r9]
        mov [r10], rax
        jmp %%e
%%b:    mov qword [r9], 1
        mfence
        mov rax, [r8]
        mov [r10 + 8], rax
%%e:
%endmacro
%macro SB_LOCKED 0
        cmp edi, 1
        ja %%e
        mov eax, 1
        je %%b
        xchg [r8], rax
        mov rax, [r9]
        mov [r10], rax
        jmp %%e
%%b:    xchg [r9], rax
        mov rax, [r8]
        mov [r10 + 8], rax
%%e:
%endmacro
%macro MP 0
        cmp edi, 1
        ja %%e
        je %%b
        mov qword [r8], 1
        mov qword [r9], 1
        jmp %%e
%%b:    mov rax, [r9]
        mov rdx, [r8]
        mov [r10], rax
        mov [r10 + 8], rdx
%%e:
%endmacro
%macro IRIW 0
        cmp edi, 1
        ja %%r
        je %%b
        mov qword [r8], 1
        jmp %%e
%%b:    mov qword [r9], 1
        jmp %%e
%%r:    cmp edi, 2
        jne %%d
        mov rax, [r8]
        mov rdx, [r9]
        mov [r10], rax
        mov [r10 + 8], rdx
        jmp %%e
%%d:    mov rax, [r9]
        mov rdx, [r8]
        mov [r10 + 16], rax
        mov [r10 + 24], rdx
%%e:
%endmacro
LITMUS sb_fenced, SB_FENCED
LITMUS sb_locked, SB_LOCKED
LITMUS mp, MP
LITMUS iriw, IRIW

%macro JUDGE 2                          ; name; sets ZF when this is a forbidden outcome
%1:     mov r10d, R
        mov ecx, N
.n:     %2
        jne .ok
        inc qword [bad]
.ok:    add r10, 32
        loop .n
        ret
%endmacro
%macro BOTH_0 0
        mov rax, [r10]
        or rax, [r10 + 8]
%endmacro
%macro ONE_0 0
        cmp qword [r10], 1
        jne %%e
        cmp qword [r10 + 8], 0
%%e:
%endmacro
%macro ONE_0_ONE_0 0
        mov rax, [r10]
        shl rax, 1
        or rax, [r10 + 8]
        shl rax, 1
        or rax, [r10 + 16]
        shl rax, 1
        or rax, [r10 + 24]
        cmp rax, 1010b
%endmacro
JUDGE judge_sb, BOTH_0
JUDGE judge_mp, ONE_0
JUDGE judge_iriw, ONE_0_ONE_0

; ---- LOCK
LOCKS   equ 5000
locks:  mov ecx, LOCKS
.n:     lock inc qword [SUMS]
        mov eax, 3
        lock xadd [SUMS + 64], rax
.cas:   mov rax, [SUMS + 128]
        lea rdx, [rax + 1]
        lock cmpxchg [SUMS + 128], rdx
        jne .cas
        push rcx
.wide:  mov rax, [SUMS + 192]
        mov rdx, [SUMS + 200]
        lea rbx, [rax + 1]
        lea rcx, [rdx + 2]
        lock cmpxchg16b [SUMS + 192]
        jne .wide
        pop rcx
        lock add dword [SUMS + 62 + 256], 1     ; over two cache lines
        lock bts dword [SUMS + 384], 0
        jc .taken
        lock btr dword [SUMS + 384], 0          ; nobody else can have seen it set and cleared it
        jc .taken
        inc qword [bad]
.taken: dec ecx
        jnz .n
        ret
few_locks:
        mov ecx, 300
.n:     lock inc qword [SUMS + 0xffc]           ; over two pages
        lock add dword [code_sum], 5            ; on a page that holds code being run
        dec ecx
        jnz .n
        ret
        align 8
code_sum: dd 0

; ---- interprocessor interrupts
IPIS    equ 60
send:   mov rbp, APIC                   ; EAX: ICR low, EDX: destination
        shl edx, 24
        mov [rbp + 0x310], edx
        mov [rbp + 0x300], eax
        ret
%macro HANDLER 2
%1:     push rax
        push rcx
        push rdx
        push rbx
        push rbp
        %2
        mov rbp, APIC
        mov dword [rbp + 0xb0], 0
        pop rbp
        pop rbx
        pop rdx
        pop rcx
        pop rax
        iretq
%endmacro
%macro COUNT_ONE 0
        mov rbp, APIC
        mov eax, [rbp + 0x20]
        shr eax, 24
        lock inc dword [got + rax * 4]
%endmacro
%macro COUNT_ALL 0
        lock inc dword [acks]
%endmacro
%macro SERIALIZE 0
        xor eax, eax
        cpuid
        lock inc dword [acks]
%endmacro
%macro SHOOT 0
        mov rax, WIN
        invlpg [rax]
        lock inc dword [acks]
%endmacro
HANDLER on_one, COUNT_ONE
HANDLER on_all, COUNT_ALL
HANDLER on_sync, SERIALIZE
HANDLER on_shoot, SHOOT
on_nmi: lock inc dword [nmis]
        iretq

; each to its neighbour, the next when that one has come
ipis:   mov ebx, edi
        mov r13d, IPIS
.n:     lea edx, [rbx + 1]
        and edx, CPUS - 1
        mov ecx, [got + rdx * 4]
        mov r8d, edx
        mov eax, 0x4040
        test r13d, 1
        jz .phys
        mov ecx, edx                    ; logical, flat
        mov edx, 1
        shl edx, cl
        mov ecx, [got + r8 * 4]
        mov eax, 0x4840
.phys:  call send
.w:     pause
        cmp [got + r8 * 4], ecx
        je .w
        dec r13d
        jnz .n
        ret

; processor 0 to all others, by shorthand, with vector AL
to_others:
        movzx eax, al
        mov dword [acks], 0
        or eax, 0xc4000
        xor edx, edx
        call send
.w:     pause
        cmp dword [acks], CPUS - 1
        jne .w
        ret

logical_id:
        mov ecx, edi
        mov eax, 1 << 24
        shl eax, cl
        mov rbp, APIC
        mov dword [rbp + 0xe0], 0xffffffff
        mov [rbp + 0xd0], eax
        ret

; ---- code modified by another processor. CODE: mov eax, imm32; ret
CHANGES equ 100
xmod:   mov r13d, 1
        cmp edi, 0
        je .write
.read:  mov eax, [flag]
        pause
        cmp eax, r13d
        jb .read
        xor eax, eax
        cpuid
        mov eax, CODE
        call rax
        cmp eax, r13d
        je .good
        lock inc qword [bad]
.good:  lock inc dword [acks]
        inc r13d
        cmp r13d, CHANGES
        jbe .read
        ret
.write: mov dword [acks], 0
        mov [CODE + 1], r13d
        mov [flag], r13d
.w:     pause
        cmp dword [acks], CPUS - 1
        jne .w
        inc r13d
        cmp r13d, CHANGES
        jbe .write
        ret

; INT3 over the first byte, all serialize, the rest, all serialize, the first byte. The others call all the time.
POKES   equ 40
on_bp:  mov eax, 0x11111111             ; as if the instruction had been the old one
        lock inc dword [bps]
        add qword [rsp], 4
        iretq
poke:   cmp edi, 0
        je .write
.call:  mov eax, CODE
        call rax
        cmp eax, 0x11111111
        je .c
        cmp eax, 0x22222222
        je .c
        lock inc qword [bad]
.c:     lock inc dword [calls]
        cmp dword [flag], 0
        jne .call
        ret
.write: mov r13d, POKES
.n:     mov r14d, 0x22222222
        test r13d, 1
        jz .even
        mov r14d, 0x11111111
.even:  mov byte [CODE], 0xcc
        mov al, 0x42
        call to_others
        mov [CODE + 1], r14d
        mov al, 0x42
        call to_others
        mov byte [CODE], 0xb8
        mov al, 0x42
        call to_others
        dec r13d
        jnz .n
        mov dword [flag], 0
        ret

; ---- TLB shootdown: WIN is mapped to one frame after the other; the old one is spoilt when all have said so
SHOOTS  equ 60
shootdown:
        mov r11, WIN
        cmp edi, 0
        je .write
.read:  mov rax, [r11]
        cmp rax, 1
        je .ok
        lock inc qword [bad]
.ok:    cmp dword [flag], 0
        jne .read
        ret
.write: mov r13d, SHOOTS
        mov r14d, FRAME_A
        mov r15d, FRAME_B
.n:     mov qword [r15], 1
        lea rax, [r15 + 3]
        mov [WINPT], rax
        invlpg [r11]
        mov al, 0x43
        call to_others
        mov qword [r14], 2
        xchg r14, r15
        dec r13d
        jnz .n
        mov dword [flag], 0
        ret

; ---- time
READS   equ 4000
tsc:    mov r13d, READS
.n:     lock bts dword [lock_word], 0
        jnc .mine
        pause
        jmp .n
.mine:  rdtsc
        shl rdx, 32
        or rax, rdx
        cmp rax, [last]
        jae .later
        inc qword [bad]
.later: mov [last], rax
        mov dword [lock_word], 0
        dec r13d
        jnz .n
        ret

; ---- start
%macro GATE 2                           ; vector, handler
        mov rax, %2
        mov edi, idt + (%1) * 16
        mov [rdi], ax
        mov word [rdi + 2], K64
        mov word [rdi + 4], 0x8e00
        shr rax, 16
        mov [rdi + 6], ax
        shr rax, 16
        mov [rdi + 8], eax
%endmacro

main64: mov ax, KDATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, STACKS + 4096
        GATE 2, on_nmi
        GATE 3, on_bp
        GATE 0x40, on_one
        GATE 0x41, on_all
        GATE 0x42, on_sync
        GATE 0x43, on_shoot
        lidt [idtr]
        mov al, 0xff                    ; 8259s
        out 0x21, al
        out 0xa1, al
        mov rbp, APIC
        mov dword [rbp + 0xf0], 0x1ff
        mov dword [rbp + 0x350], 0x10000
        sti
        mov esi, tramp
        mov edi, TRAMP
        mov ecx, tramp_end - tramp
        rep movsb
        mov eax, 0xc4500                ; INIT, SIPI, SIPI to all others
        xor edx, edx
        call send
        mov eax, 0xc4611
        xor edx, edx
        call send
        mov eax, 0xc4611
        xor edx, edx
        call send
.w:     pause
        cmp dword [alive], CPUS - 1
        jne .w
        SAY {"others=3", 10}

        mov qword [judge], judge_sb
        ALL sb_fenced
        COUNT "store buffering, fenced: ", [bad]
        ALL sb_locked
        COUNT "store buffering, locked: ", [bad]
        mov qword [judge], judge_mp
        ALL mp
        COUNT "message passing: ", [bad]
        mov qword [judge], judge_iriw
        ALL iriw
        COUNT "independent reads: ", [bad]

        ALL locks
        ALL few_locks
        COUNT "inc ", [SUMS]
        COUNT "xadd ", [SUMS + 64]
        COUNT "cmpxchg ", [SUMS + 128]
        COUNT "cmpxchg16b low ", [SUMS + 192]
        COUNT "cmpxchg16b high ", [SUMS + 200]
        mov eax, [SUMS + 62 + 256]
        COUNT "split ", rax
        COUNT "bit lock lost: ", [bad]
        COUNT "crossing ", [SUMS + 0xffc]
        mov eax, [code_sum]
        COUNT "code page ", rax

        ALL logical_id
        ALL ipis
        mov eax, [got]
        add eax, [got + 4]
        add eax, [got + 8]
        add eax, [got + 12]
        COUNT "ipis ", rax
        mov r13d, 30
.b:     mov al, 0x41
        call to_others
        dec r13d
        jnz .b
        SAY {"broadcast done", 10}
        mov eax, 0xc4400                ; NMI to all others
        xor edx, edx
        call send
.nmi:   pause
        cmp dword [nmis], CPUS - 1
        jne .nmi
        SAY {"nmi done", 10}

        mov byte [CODE], 0xb8
        mov byte [CODE + 5], 0xc3
        mov dword [flag], 0
        ALL xmod
        COUNT "stale code: ", [bad]
        mov dword [CODE + 1], 0x11111111
        mov dword [flag], 1
        ALL poke
        COUNT "torn code: ", [bad]
        mov qword [FRAME_A], 1
        mov rax, FRAME_A + 3
        mov [WINPT], rax
        mov dword [flag], 1
        ALL shootdown
        COUNT "stale translation: ", [bad]
        ALL tsc
        COUNT "time went back: ", [bad]
        FINISH

        bits 16
tramp:  cli
        xor ax, ax
        mov ds, ax
        mov eax, ap64
        jmp 0:to_long
tramp_end:

; EAX: where to go on
to_long:
        mov [.target], eax
        o32 lgdt [gdtr]
        mov eax, 0x620                  ; PAE, OSFXSR, OSXMMEXCPT
        mov cr4, eax
        mov eax, PML4
        mov cr3, eax
        mov ecx, 0xc0000080
        mov eax, 0x100
        xor edx, edx
        wrmsr
        mov eax, 0x80000011
        mov cr0, eax
        jmp dword far [.target]
.target: dd 0
        dw K64

start:  cli
        mov ax, 0xffff                  ; tables above 1 MiB, by way of FFFF:xxxx
        o32 lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        mov ax, KDATA
        mov ds, ax
        mov es, ax
        mov eax, cr0
        and al, 0xfe
        mov cr0, eax                    ; big real mode
        xor ax, ax
        mov edi, PML4
        xor eax, eax
        mov ecx, 0x9000 / 4
        a32 rep stosd
        mov dword [dword PML4], 0x101003
        mov dword [dword PML4 + 8], 0x106003
        mov dword [dword 0x101000], 0x102003
        mov dword [dword 0x101008], 0x103003
        mov dword [dword 0x101010], 0x104003
        mov dword [dword 0x101018], 0x105003
        mov dword [dword 0x106000], 0x107003
        mov dword [dword 0x107000], 0x108003
        mov edi, 0x102000
        mov eax, 0x83
        mov ecx, 2048
.pd:    mov [edi], eax
        add edi, 8
        add eax, 0x200000
        loop .pd
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov eax, main64
        jmp to_long

        align 8
gdt:    dq 0
        dq 0x00af9a000000ffff           ; 64-bit code
        dq 0x00cf92000000ffff           ; data, flat
gdtr:   dw 23
        dd gdt
idtr:   dw 0x44 * 16 - 1
        dq idt
        align 8
work:   dq 0
judge:  dq 0
bad:    dq 0
last:   dq 0
got:    dd 0, 0, 0, 0
seq:    dd 0
done:   dd 0
alive:  dd 0
bar:    dd 0
acks:   dd 0
nmis:   dd 0
bps:    dd 0
calls:  dd 0
flag:   dd 0
lock_word: dd 0
        align 16
idt:    times 0x44 * 16 db 0
IMAGE_END
