; SPDX-License-Identifier: GPL-2.0-or-later
; The coprocessor's error the PC way: CR0.NE clear, FERR# to IRQ 13, acknowledged at port F0H.
%include "boot.inc"

start:  cli
        mov dword [0x75 * 4], handler
        in al, 0x21
        and al, ~4                      ; the cascade
        out 0x21, al
        in al, 0xa1
        and al, ~0x20                   ; IRQ 13
        out 0xa1, al
        mov eax, cr0
        and eax, ~0x2c                  ; NE, TS, EM
        or eax, 2                       ; MP
        mov cr0, eax
        fninit
        fldcw [unmasked]
        sti
        fld1
        fldz
        fdivp st1, st0                  ; divides by zero
        nop
        SAY16 "before the next instruction: "
        HEX16 dword [count], 2
        NL16
        fwait
        nop
        nop
        SAY16 "after fwait: "
        HEX16 dword [count], 2
        HEX16 dword [status], 4
        NL16
        fninit
        fldcw [unmasked]
        fldz
        fld1
        fdivrp st1, st0
        fwait
        nop
        SAY16 "again: "
        HEX16 dword [count], 2
        NL16
        cli
        mov eax, cr0
        or eax, 0x20
        mov cr0, eax
        mov dword [0x10 * 4], fault
        fninit
        fldcw [unmasked]
        fld1
        fldz
        fdivp st1, st0
        fwait
        SAY16 "with NE: "
        HEX16 dword [count], 2
        NL16
        FINISH

handler:
        push eax
        inc byte [cs:count]
        xor al, al
        out 0xf0, al
        fnstsw [cs:status]
        fnclex
        mov al, 0x20
        out 0xa0, al
        out 0x20, al
        pop eax
        iret

fault:  add byte [cs:count], 0x10
        fnclex
        iret

unmasked: dw 0x037b
count:  dd 0
status: dd 0
        IMAGE_END
