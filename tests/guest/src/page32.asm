; SPDX-License-Identifier: GPL-2.0-or-later
; Paging without long mode: 32-bit with 4 MiB pages, then PAE with NX; error codes, CR2, accessed and dirty
; bits, WP, user pages, global pages and INVLPG, an access across two pages.
%include "boot.inc"
        jmp start
%include "pm32.inc"
PD      equ 0x100000
PT      equ 0x101000
PDPT    equ 0x102000
PD2     equ 0x103000                    ; PAE
PT2     equ 0x107000
WIN     equ 0x00c00000                  ; window of test pages: 4 KiB pages, fourth 4 MiB
FRAME   equ 0x200000

        bits 32
%macro PTE 2                            ; page n of the window = entry
%if PAE
        mov dword [PT2 + (%1) * 8], (%2) & 0xffffffff
        mov dword [PT2 + (%1) * 8 + 4], (%2) >> 32
%else
        mov dword [PT + (%1) * 4], %2
%endif
        invlpg [WIN + (%1) * 4096]
%endmacro
%macro SHOWPTE 2
%if PAE
        SHOW %1, [PT2 + (%2) * 8]
%else
        SHOW %1, [PT + (%2) * 4]
%endif
%endmacro

%macro CASES 0
        PTE 0, FRAME + 3
        SHOWPTE "fresh", 0
        mov eax, [WIN]
        SHOWPTE "read", 0
        mov [WIN], eax
        SHOWPTE "written", 0
        PTE 1, 0
        TRY "read np"
        mov eax, [WIN + 0x1004]
        END_TRY
        TRY "write np"
        mov [WIN + 0x1008], eax
        END_TRY
        TRY "exec np"
        mov eax, WIN + 0x1000
        jmp eax
        END_TRY
        TRY "across"
        mov eax, [WIN + 0xffe]
        END_TRY
        TRY "write across"
        mov dword [WIN], 0x11111111
        mov dword [WIN + 0xffe], 0x22222222
        END_TRY
        SHOW "first part", [WIN + 0xffc]
        PTE 2, FRAME + 0x1000 + 1
        TRY "write ro wp0"
        mov [WIN + 0x2000], eax
        END_TRY
        SHOWPTE "ro written", 2
        mov eax, cr0
        or eax, 0x10000
        mov cr0, eax
        PTE 2, FRAME + 0x1000 + 1
        TRY "write ro wp1"
        mov [WIN + 0x2004], eax
        END_TRY
        SHOWPTE "ro kept", 2
        mov eax, cr0
        and eax, 0xfffeffff
        mov cr0, eax
        TRY "*rmw np"
        add dword [WIN + 0x1010], 1
        END_TRY
        PTE 3, FRAME + 0x3000 + 3
        PTE 4, 0
        TRY "rep movs"
        mov esi, WIN + 0x3ff8
        mov edi, WIN + 0x10
        mov ecx, 8
        rep movsd
        END_TRY
        HEX ecx, 8
        SAY " "
        SHOW "ecx", ecx
        TRY "pop np"
        push dword 1
        pop dword [WIN + 0x1014]
        END_TRY
        ; user
        PTE 5, FRAME + 0x5000 + 7
        PTE 6, FRAME + 0x6000 + 5
        PTE 7, FRAME + 0x7000 + 3
        TRY "user write"
        TO_USER
        mov [WIN + 0x5000], eax
        int 0x20
        END_TRY
        TRY "user write ro"
        TO_USER
        mov [WIN + 0x6000], eax
        int 0x20
        END_TRY
        TRY "user read ro"
        TO_USER
        mov eax, [WIN + 0x6000]
        int 0x20
        END_TRY
        TRY "user read kernel"
        TO_USER
        mov eax, [WIN + 0x7000]
        int 0x20
        END_TRY
        TRY "user read np"
        TO_USER
        mov eax, [WIN + 0x1000]
        int 0x20
        END_TRY
        TRY "user exec kernel"
        TO_USER
        mov eax, WIN + 0x7000
        jmp eax
        END_TRY
        ; stale TLB entries are allowed to live; INVLPG ends them
        mov eax, [WIN + 0x3000]
        PTE 3, 0
        TRY "after invlpg"
        mov eax, [WIN + 0x3000]
        END_TRY
%endmacro

        bits 16
start:  ENTER_PM
        mov byte [idt + 0x20 * 8 + 5], 0xee
        mov edi, PD
        xor eax, eax
        mov ecx, 0x20000 / 4
        rep stosd
        ; identity of 12 MiB by 4 MiB pages, all levels may use it, then the window
        mov dword [PD], 0x00000087
        mov dword [PD + 4], 0x00400087
        mov dword [PD + 8], 0x00800087
        mov dword [PD + 12], PT + 7
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov eax, PD
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        SAY "32-bit"
        NL
%assign PAE 0
        CASES
        SHOW "pde", [PD + 12]
        mov eax, [0x400000]
        SHOW "large pde", [PD + 4]
        mov [0x400000], eax
        SHOW "large pde", [PD + 4]
        mov dword [PD + 16], 0x00600087 ; bit 21 is reserved
        TRY "*reserved"
        mov eax, [0x1000000]
        END_TRY

        mov eax, cr0
        and eax, 0x7fffffff
        mov cr0, eax
        mov dword [PDPT], PD2 + 1
        mov dword [PD2], 0x00000087
        mov dword [PD2 + 8], 0x00200087
        mov dword [PD2 + 16], 0x00400087
        mov dword [PD2 + 24], 0x00600087
        mov dword [PD2 + 6 * 8], PT2 + 7
        mov eax, cr4
        or eax, 0x20
        mov cr4, eax
        mov eax, PDPT
        mov cr3, eax
        mov ecx, 0xc0000080
        rdmsr
        or eax, 0x800                   ; NXE
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        SAY "PAE"
        NL
%assign PAE 1
        CASES
        SHOW "*pdpte", [PDPT]
        SHOW "pde", [PD2 + 6 * 8]
        PTE 8, FRAME + 0x8000 + 7 + 0x8000000000000000
        mov byte [FRAME + 0x8000], 0xc3
        TRY "exec nx"
        mov eax, WIN + 0x8000
        jmp eax
        END_TRY
        TRY "user exec nx"
        TO_USER
        mov eax, WIN + 0x8000
        jmp eax
        END_TRY
        TRY "read nx"
        mov eax, [WIN + 0x8000]
        END_TRY
        PTE 9, FRAME + 0x9000 + 7 + 0x4000000000000000
        TRY "*reserved bit 62"
        mov eax, [WIN + 0x9000]
        END_TRY
        PTE 9, FRAME + 0x9000 + 7 + 0x0008000000000000
        TRY "*reserved bit 51"
        mov [WIN + 0x9000], eax
        END_TRY
        mov dword [PD2 + 7 * 8], 0x00e02087
        TRY "*reserved in large"
        mov eax, [0xe00000]
        END_TRY
        TRY "pdpte np"
        mov eax, [0x40000000]
        END_TRY
        FINISH
IMAGE_END
