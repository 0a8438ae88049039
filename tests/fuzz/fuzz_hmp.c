/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: an input is what is typed at a human monitor, editing keys and completion included. */
#include <stddef.h>
#include "tests/fuzz/fuzz_vm.h"

const char *const fuzz_args[] = { "-mon", "chardev=fuzz,mode=readline", "-accel", "qtest", NULL };
const char fuzz_prefix[] = "";
