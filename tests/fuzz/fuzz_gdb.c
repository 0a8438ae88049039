/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: an input is what a gdb sends; checksums are the client's matter and mostly wrong, so the frame
 * of packets is made by fuzz_vm.c from lines. */
#include <stddef.h>
#include "tests/fuzz/fuzz_vm.h"

const char *const fuzz_args[] = { "-gdb", "chardev:fuzz", "-accel", "tcg,tier=0", NULL };
const char fuzz_prefix[] = "$?#3f";
