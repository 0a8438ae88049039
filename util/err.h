/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors travel as GError. The code is the QMP error class; nothing else is encoded. */
#ifndef UTIL_ERR_H
#define UTIL_ERR_H

#include <glib.h>
#include <stdbool.h>

typedef enum ErrClass {
    ERR_GENERIC,
    ERR_COMMAND_NOT_FOUND,
    ERR_DEVICE_NOT_FOUND,
    ERR_DEVICE_NOT_ACTIVE,
    ERR_KVM_MISSING_CAP,
} ErrClass;

/* Always false, so that a failing path is one statement: return err_fail(errp, "..."); */
bool err_fail(GError **errp, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
bool err_fail_class(GError **errp, ErrClass cls, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Appends ": " and strerror(errnum). */
bool err_fail_errno(GError **errp, int errnum, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* As err_fail(), with a second text that is shown after the message on lines of its own (report_gerror);
 * NULL: none. */
bool err_fail_hint(GError **errp, const char *hint, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

const char *err_class_name(const GError *err);      /* "GenericError" ... */
/* The message without and the hint alone (NULL: none); freed by the caller. */
char *err_text(const GError *err);
char *err_hint(const GError *err);

#endif
