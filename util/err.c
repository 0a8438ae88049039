/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GError helpers. A hint is what follows the first newline of the message. */
#include "util/err.h"
#include <string.h>

static GQuark err_quark(void)
{
    return g_quark_from_static_string("kite-error");
}

static void err_take(GError **errp, ErrClass cls, char *text)
{
    if (errp != NULL) {
        g_assert(*errp == NULL);
        *errp = g_error_new_literal(err_quark(), (int)cls, text);
    }
    g_free(text);
}

bool err_fail(GError **errp, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_take(errp, ERR_GENERIC, g_strdup_vprintf(fmt, ap));
    va_end(ap);
    return false;
}

bool err_fail_class(GError **errp, ErrClass cls, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    err_take(errp, cls, g_strdup_vprintf(fmt, ap));
    va_end(ap);
    return false;
}

bool err_fail_errno(GError **errp, int errnum, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    err_take(errp, ERR_GENERIC, g_strdup_printf("%s: %s", text, g_strerror(errnum)));
    return false;
}

bool err_fail_hint(GError **errp, const char *hint, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    err_take(errp, ERR_GENERIC, g_strdup_printf("%s%s%s", text, hint != NULL ? "\n" : "",
                                                hint != NULL ? hint : ""));
    return false;
}

const char *err_class_name(const GError *err)
{
    static const char *const names[] = {
        [ERR_GENERIC] = "GenericError",
        [ERR_COMMAND_NOT_FOUND] = "CommandNotFound",
        [ERR_DEVICE_NOT_FOUND] = "DeviceNotFound",
        [ERR_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [ERR_KVM_MISSING_CAP] = "KVMMissingCap",
    };

    if (err->domain != err_quark() || (unsigned)err->code >= G_N_ELEMENTS(names)) {
        return names[ERR_GENERIC];
    }
    return names[err->code];
}

char *err_text(const GError *err)
{
    return g_strndup(err->message, strcspn(err->message, "\n"));
}

char *err_hint(const GError *err)
{
    const char *nl = strchr(err->message, '\n');

    return nl == NULL || nl[1] == '\0' ? NULL : g_strdup(nl + 1);
}
