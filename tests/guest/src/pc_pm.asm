; SPDX-License-Identifier: GPL-2.0-or-later
; Protected mode on a PC, without paging and without returns by IRET: faults, device memory, model specific
; registers.
%include "boot.inc"
        jmp start
%include "pm32.inc"

        bits 16
start:  ENTER_PM
        TRY "ud2"
        ud2
        END_TRY
        TRY "divide"
        xor edx, edx
        xor ecx, ecx
        mov eax, 1
        div ecx
        END_TRY
        TRY "null segment"
        xor eax, eax
        mov fs, ax
        mov eax, [fs:0x1000]
        END_TRY
        TRY "bad selector"
        mov eax, 0x4242 & ~7
        mov fs, ax
        END_TRY

        mov eax, [0xfed00000]
        SHOW "hpet", eax
        mov dword [0xfec00000], 1
        mov eax, [0xfec00010]
        shr eax, 16
        SHOW "ioapic pins - 1", eax
        mov eax, [0xfee00030]
        and eax, 0xff
        SHOW "apic version", eax

        mov ecx, 0x175
        mov eax, 0x94000
        xor edx, edx
        wrmsr
        xor eax, eax
        rdmsr
        SHOW "sysenter esp", eax
        mov ecx, 0x277
        rdmsr
        SHOW "pat", eax
        FINISH
        IMAGE_END
