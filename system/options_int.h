/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The apply functions that the option table names: they check one use and may add others. */
#ifndef SYSTEM_OPTIONS_INT_H
#define SYSTEM_OPTIONS_INT_H

#include "system/config.h"
#include "util/log.h"

#define APPLY_FUNCTIONS(_)                                                                      \
    _(help) _(version) _(memory) _(smp) _(name) _(uuid) _(boot) _(rtc) _(smbios) _(fw_cfg)      \
    _(global) _(action) _(watchdog_action) _(no_reboot) _(no_shutdown) _(msg) _(log_file)       \
    _(echr) _(seed) _(accel) _(enable_kvm) _(data_dir) _(display) _(vga) _(net) _(nic)          \
    _(nographic) _(drive) _(hd) _(cdrom) _(fd) _(snapshot) _(chardev) _(mon) _(set) _(add_fd) _(blockdev) \
    _(readconfig) _(object) _(device) _(overcommit) _(sandbox) _(xen) _(no_acpi) _(no_hpet)     \
    _(trace) _(dropped) _(audio) _(machine) _(cpu) _(numa) _(log_items) _(dfilter) _(perfmap) _(jitdump)        \
    _(incoming) _(vnc) _(optionrom) _(runas) _(disk_image)

#define APPLY_DECLARE(n) bool apply_##n(VmConfig *cfg, OptUse *use, GError **errp);
APPLY_FUNCTIONS(APPLY_DECLARE)

/* ---- options_check.c: keys and values of one use */
/* For messages that people know without the option's text in front. */
#define BARE_FAIL(errp, ...) (report_set_location(NULL), err_fail(errp, __VA_ARGS__))
/* "Invalid parameter 'x'" on the first key that the NULL-terminated list does not name. */
bool check_keys(const Json *kv, const char *const *known, GError **errp);
/* An absent key is fine in the following. */
bool check_bool(const Json *kv, const char *key, GError **errp);
bool check_one_of(const Json *kv, const char *key, const char *const *values, GError **errp);
bool check_id(const Json *kv, GError **errp);       /* of "id" */

#endif
