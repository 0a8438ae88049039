/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer: an input is all that one QMP client sends, after a right negotiation. Replies and events are
 * checked against the schema. */
#include <stddef.h>
#include "tests/fuzz/fuzz_vm.h"

const char *const fuzz_args[] = { "-mon", "chardev=fuzz,mode=control", "-accel", "qtest", NULL };
const char fuzz_prefix[] = "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}";
