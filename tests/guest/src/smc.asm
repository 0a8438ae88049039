; SPDX-License-Identifier: GPL-2.0-or-later
; Self-modifying code in 64-bit mode, at level 0 and again at level 3: the next instruction, later in the block, its
; own past, another page, another mapping of the page, instructions across pages, all kinds of stores, code and data
; in one page, jumps already taken, pages that become data and code again, and (level 0) a page mapped elsewhere.
; Results are sums over many rounds, so that a stale translation shows. Code is put into the window by copying
; templates, which is a store to code as well.
%include "boot.inc"
        jmp start
%include "pm32.inc"
%include "long64.inc"
FRAME   equ 0x200000                    ; 16 pages; by a large page of the same address, too
W0      equ 0x00c00000                  ; they are mapped here
W1      equ W0 + 0x10000                ; and here

        bits 16
start:  ENTER_PM
        LONG_TABLES 0x87
        mov dword [PD + (W0 >> 21) * 8], PT + 7
        mov edi, PT
        mov ecx, 32
.pte:   mov eax, 32
        sub eax, ecx
        and eax, 15
        shl eax, 12
        add eax, FRAME + 7
        mov [edi], eax
        add edi, 8
        loop .pte
        ENTER_LONG in64

; Copies template %2 .. %2_end to %1.
%macro PUT 2
        mov edi, %1
        mov esi, %2
        mov ecx, %2_end - %2
        rep movsb
%endmacro
; %1 rounds, R13 counts down; what is called by CALLED returns a number in EAX, which is summed up in R12.
%macro ROUNDS 1
        %push rounds
        xor r12d, r12d
        mov r13d, %1
%$next:
%endmacro
%macro CALLED 1                         ; calls and sums up
        mov eax, %1
        call rax
        add r12, rax
%endmacro
%macro END_ROUNDS 1
        dec r13d
        jnz %$next
        mov rax, r12
        SHOW %1, rax
        %pop
%endmacro

in64:   mov ax, K_DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, KSTACK
        mov eax, 0
        SHOW "level", rax
        call suite
        call remap
        push CODE64 + 0x13
        push USTACK
        push 0x3002                     ; ports may be used
        push CODE64 + 0x1b
        push user
        iretq
user:   mov eax, 3
        SHOW "level", rax
        call suite
        FINISH

; ---- templates
%macro TEMPLATE_END 1
%1_end:
%endmacro
t_const: mov eax, strict dword 0
        ret
TEMPLATE_END t_const
t_next: mov [rel .i + 1], r13d
.i:     mov eax, strict dword 0x11111111
        ret
TEMPLATE_END t_next
t_later: mov [rel .i + 1], r13d
        lea edx, [r13 + 5]
        imul edx, edx
        mov ecx, [FRAME + 0x8000]
        xor edx, ecx
        cmp edx, 77
.i:     mov eax, strict dword 0x11111111
        ret
TEMPLATE_END t_later
t_loop: xor eax, eax
        mov ecx, 50
.l:     mov ebx, strict dword 0x100
        add eax, ebx
        inc dword [rel .l + 1]
        dec ecx
        jnz .l
        ret
TEMPLATE_END t_loop
t_far:  mov [W0 + 1], r13d              ; what lies at W0: t_const
        mov eax, W0
        call rax
        inc rax
        ret
TEMPLATE_END t_far
t_stos: lea rdi, [rel .p]               ; AX: the instruction to store
        mov ecx, 4
        xor ebx, ebx
        rep stosw
.p:     times 8 nop
        mov eax, ebx
        ret
TEMPLATE_END t_stos
t_site: call .p                         ; the callee changes what it returns to
.i:     mov eax, strict dword 0
        ret
.p:     mov rdx, [rsp]
        mov [rdx + 1], r13d
        ret
TEMPLATE_END t_site
t_link: jmp strict near .g
.g:     mov eax, strict dword 1
        ret
.h:     mov eax, strict dword 2
        ret
TEMPLATE_END t_link
G_AT    equ t_link.g - t_link
H_AT    equ t_link.h - t_link
t_out:  jmp strict near $ + 0x1000      ; the same place of the next page
TEMPLATE_END t_out

; ---- the tests. R12: sum; R13: round
suite:  cld
        PUT W0, t_next
        ROUNDS 300
        CALLED W0
        END_ROUNDS "next instruction"
        PUT W0, t_later
        ROUNDS 300
        CALLED W0
        END_ROUNDS "later in the block"
        PUT W0, t_loop
        ROUNDS 3
        CALLED W0
        END_ROUNDS "its own past"
        PUT W0, t_site
        ROUNDS 300
        CALLED W0
        END_ROUNDS "behind a call"
        PUT W0, t_stos
        ROUNDS 100
        mov edx, 0xc3ff                 ; INC EBX, DEC EBX by turns
        mov eax, 0xcbff
        test r13b, 1
        cmovz edx, eax
        mov eax, edx
        mov edi, W0
        call rdi
        movzx eax, al
        add r12, rax
        END_ROUNDS "string store over what follows"

        PUT W0, t_const
        PUT W0 + 0x1000, t_far
        ROUNDS 300
        CALLED W0 + 0x1000
        END_ROUNDS "another page"

        ; other mappings: they ask for a serializing instruction
        ROUNDS 200
        mov [W1 + 1], r13d
        cpuid
        CALLED W0
        CALLED W1
        mov eax, r13d
        shl eax, 8
        mov [FRAME + 1], eax
        cpuid
        CALLED W0
        CALLED W1
        CALLED FRAME
        mov [W0 + 2], r13b
        cpuid
        CALLED W1
        CALLED FRAME
        END_ROUNDS "other mappings"

        ; MOV EAX of three bytes here and two there
        PUT W0 + 0xffd, t_const
        ROUNDS 200
        mov [W0 + 0x1000], r13w
        CALLED W0 + 0xffd
        mov [W0 + 0xffe], r13b
        CALLED W0 + 0xffd
        mov [W0 + 0xffe], r13d
        CALLED W0 + 0xffd
        mov [W1 + 0x1001], r13b
        cpuid
        CALLED W0 + 0xffd
        END_ROUNDS "across pages"
        ; one store to the end of one function and the beginning of another
        PUT W0 + 0x4ffa, t_const
        PUT W0 + 0x5000, t_const
        ROUNDS 200
        movzx eax, r13w
        shl rax, 48
        mov rcx, 0x0000b8c300000000
        or rax, rcx
        or rax, r13
        mov [W0 + 0x4ffb], rax
        CALLED W0 + 0x4ffa
        CALLED W0 + 0x5000
        END_ROUNDS "store across pages"

        call mixed
        call kinds
        call links
        call reuse
        ret

; Code at 0x203c .. 0x2041 lies in two granules of 64 bytes, data in the others.
mixed:  PUT W0 + 0x203c, t_const
        mov dword [W0 + 0x2080], 0
        mov dword [W0 + 0x2ffc], 0
        mov qword [W0 + 0x207c], 0
        ROUNDS 9000
        inc dword [W0 + 0x2080]
        add [W0 + 0x2ffc], r13d
        CALLED W0 + 0x203c
        test r13b, 63
        jnz .same
        mov [W0 + 0x203d], r13b         ; first granule
        CALLED W0 + 0x203c
        mov [W0 + 0x2040], r13b         ; second
        CALLED W0 + 0x203c
        mov [W0 + 0x203e], r13w         ; 0x203e, 0x203f
        CALLED W0 + 0x203c
        mov eax, r13d
        mov ah, 0xc3
        mov [W0 + 0x2040], ax           ; immediate and RET
        CALLED W0 + 0x203c
        inc qword [W0 + 0x207c]         ; second and third
.same:  END_ROUNDS "code and data"
        mov eax, [W0 + 0x2080]
        SHOW "data", rax
        mov eax, [W0 + 0x2ffc]
        SHOW "more data", rax
        mov eax, [W0 + 0x207c]
        SHOW "at the border", rax
        ret

; Function at 0x300f, its immediate at 0x3010
kinds:  finit
        PUT W0 + 0x300f, t_const
        mov rax, 0x90909090909090c3
        mov [buf + 4], rax
        mov dword [buf + 12], 0x90909090
        ROUNDS 100
        mov rax, 0x909090c300000000
        or rax, r13
        mov rbx, rsp
        mov esp, W0 + 0x3018
        push rax
        mov rsp, rbx
        CALLED W0 + 0x300f
        lea eax, [r13 + 1]
        xchg [W0 + 0x3010], eax
        CALLED W0 + 0x300f
        lock add dword [W0 + 0x3010], 3
        CALLED W0 + 0x300f
        lea eax, [r13 + 0x1000]
        mov [buf], eax
        movups xmm0, [buf]
        movaps [W0 + 0x3010], xmm0
        CALLED W0 + 0x300f
        movups xmm0, [buf + 1]
        movups [W0 + 0x3011], xmm0
        CALLED W0 + 0x300f
        mov rax, [W0 + 0x3010]
        mov rdx, [W0 + 0x3018]
        lea rbx, [rax + 7]
        mov rcx, rdx
        lock cmpxchg16b [W0 + 0x3010]
        CALLED W0 + 0x300f
        btc dword [W0 + 0x3010], 4
        CALLED W0 + 0x300f
        mov eax, [W0 + 0x3010]
        lea ecx, [rax + 9]
        lock cmpxchg [W0 + 0x3010], ecx
        CALLED W0 + 0x300f
        fild dword [buf]
        fistp dword [W0 + 0x3010]
        CALLED W0 + 0x300f
        mov esi, buf + 1
        mov edi, W0 + 0x3011
        movsb
        neg byte [W0 + 0x3010]
        CALLED W0 + 0x300f
        mov eax, 1
        xadd [W0 + 0x3012], al
        setc [W0 + 0x3013]
        CALLED W0 + 0x300f
        END_ROUNDS "kinds of stores"
        ret

; Jumps that have been taken before
links:  PUT W0 + 0x6000, t_link
        PUT W0 + 0x6ff0, t_out
        PUT W0 + 0x7ff0, t_const
        PUT W0 + 0x8000, t_const
        mov dword [W0 + 0x8001], 0x10000
        ROUNDS 300
        CALLED W0 + 0x6000
        mov [W0 + 0x6000 + G_AT + 1], r13d
        CALLED W0 + 0x6000
        mov dword [W0 + 0x6001], H_AT - G_AT
        CALLED W0 + 0x6000
        add [W0 + 0x6000 + H_AT + 1], r13w
        CALLED W0 + 0x6000
        mov dword [W0 + 0x6001], 0
        END_ROUNDS "jumps"
        ROUNDS 300
        CALLED W0 + 0x6ff0
        mov [W0 + 0x7ff1], r13d
        CALLED W0 + 0x6ff0
        mov dword [W0 + 0x6ff1], 0x8000 - 0x6ff5
        CALLED W0 + 0x6ff0
        mov dword [W0 + 0x6ff1], 0x7ff0 - 0x6ff5
        END_ROUNDS "jumps to another page"
        ret

; A page of code, then of data, then of code
reuse:  ROUNDS 40
        PUT W0 + 0x9100, t_const
        mov [W0 + 0x9101], r13d
        CALLED W0 + 0x9100
        mov edi, W0 + 0x9000
        mov eax, 0xc3c3c3c3             ; RET everywhere
        mov ecx, 1024
        rep stosd
        mov edi, W0 + 0x9100
        mov eax, 0x100
        call rdi
        add r12, rax
        mov edi, W0 + 0x9000
        mov ecx, 1024
        xor edx, edx
.sum:   add edx, [rdi]
        mov [rdi], ecx
        add edi, 4
        loop .sum
        add r12, rdx
        END_ROUNDS "used again"
        ret

; The last two pages by turns at one address
remap:  PUT FRAME + 0xe000, t_const
        PUT FRAME + 0xf000, t_const
        mov dword [FRAME + 0xe001], 1
        mov dword [FRAME + 0xf001], 0x100
        ROUNDS 200
        mov dword [PT + 14 * 8], FRAME + 0xe000 + 7
        invlpg [W0 + 0xe000]
        CALLED W0 + 0xe000
        mov dword [PT + 14 * 8], FRAME + 0xf000 + 7
        invlpg [W0 + 0xe000]
        CALLED W0 + 0xe000
        mov [FRAME + 0xf001], r13d
        cpuid
        CALLED W0 + 0xe000
        mov [FRAME + 0xe001], r13w      ; not mapped there now
        mov rax, cr3
        mov cr3, rax
        CALLED W0 + 0xe000
        END_ROUNDS "mapped elsewhere"
        mov dword [PT + 14 * 8], FRAME + 0xe000 + 7
        invlpg [W0 + 0xe000]
        ret

        align 16
buf:    times 4 dq 0
IMAGE_END
