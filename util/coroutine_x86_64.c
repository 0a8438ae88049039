/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stack switch for the System V ABI of x86-64: rbx, rbp, r12-r15 are the callee's to keep (3.2.1). The control
 * words of SSE and x87 are not switched: nobody in this program changes them around a switch. */
#include <stdint.h>
#include "util/coroutine_int.h"

asm(".text\n"
    ".globl co_stack_switch\n"
    ".type co_stack_switch, @function\n"
    "co_stack_switch:\n"
    "    .cfi_startproc\n"
    "    pushq %rbp\n"
    "    pushq %rbx\n"
    "    pushq %r12\n"
    "    pushq %r13\n"
    "    pushq %r14\n"
    "    pushq %r15\n"
    "    movq %rsp, (%rdi)\n"
    "    movq %rsi, %rsp\n"
    "    popq %r15\n"
    "    popq %r14\n"
    "    popq %r13\n"
    "    popq %r12\n"
    "    popq %rbx\n"
    "    popq %rbp\n"
    "    ret\n"
    "    .cfi_endproc\n"
    ".size co_stack_switch, .-co_stack_switch\n");

void *co_stack_init(void *top, void (*fn)(void))
{
    uint64_t *sp = (uint64_t *)((uintptr_t)top & ~(uintptr_t)15);

    *--sp = 0;                      /* return address of fn: none; also its stack alignment */
    *--sp = (uint64_t)(uintptr_t)fn;
    for (int i = 0; i < 6; i++) {
        *--sp = 0;
    }
    return sp;
}
