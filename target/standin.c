/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Until the target's own (target/i386/monitor.c) is in the build: nothing is known. */
#include "target/cpu.h"

char *target_cpu_help(void)
{
    return g_strdup("Available CPUs:\n");
}

bool target_cpu_info(Cpu *cpu, const char *what, GString *out)
{
    return false;
}

bool target_cpu_reg(Cpu *cpu, const char *name, uint64_t *ret)
{
    return false;
}

unsigned target_cpu_code_bits(Cpu *cpu)
{
    return 16;
}
