/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a libFuzzer program of ours says about itself; fuzz_vm.c does the rest. */
#ifndef TESTS_FUZZ_VM_H
#define TESTS_FUZZ_VM_H

extern const char *const fuzz_args[];   /* of the command line; ends with NULL. The chardev "fuzz" is there */
extern const char fuzz_prefix[];        /* what every client sends first */

#endif
