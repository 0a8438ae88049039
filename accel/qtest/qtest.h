/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Register-level test access to a machine over a chardev: -qtest CHARDEV, with any accelerator;
 * usually -accel qtest, which runs no guest code and whose virtual clock moves only by command. */
#ifndef ACCEL_QTEST_QTEST_H
#define ACCEL_QTEST_QTEST_H

#include "accel/accel.h"

/* chardev as -serial takes it ("unix:/path", "stdio", "chardev:ID"). log: a file, "none", or NULL
 * for stderr. VM lock held; the machine may still be under construction. */
bool qtest_open(Vm *vm, const char *chardev, const char *log, GError **errp);
void qtest_close(void);
/* Is the accelerator qtest? Then the machine has no firmware to run, and a missing one is no error.
 */
bool qtest_enabled(const Vm *vm);
/* One command line without its newline; the reply line(s) are appended to out. For tests of itself.
 */
void qtest_command(Vm *vm, const char *line, GString *out);

#endif
