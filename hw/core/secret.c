/* SPDX-License-Identifier: GPL-2.0-or-later */
/* secret: given in the options or in a file, as it is or in base64. Secrets that are encrypted with
 * another one (keyid=) are refused. */
#include "hw/core/secret.h"

#include <string.h>
#include <sys/stat.h>
#include "util/err.h"

enum { SECRET_MAX = 1 << 20 };
enum { SECRET_RAW, SECRET_BASE64 };
static const char *const format_values[] = { "raw", "base64", NULL };
static const EnumDef secret_format = { "QCryptoSecretFormat", format_values };

typedef struct Secret {
    Object obj;
    char *data, *file, *keyid, *iv;
    int format;
    bool loaded;
    uint8_t *bytes;
    gsize len;
} Secret;

static const Field secret_props[] = {
    FIELD_STR("data", Secret, data, NULL, .type_name = "string"),
    FIELD_STR("file", Secret, file, NULL, .type_name = "string"),
    FIELD_ENUM("format", Secret, format, &secret_format, SECRET_RAW),
    FIELD_STR("iv", Secret, iv, NULL, .type_name = "string"),
    FIELD_STR("keyid", Secret, keyid, NULL, .type_name = "string"),
    FIELD_BOOL("loaded", Secret, loaded, false),
    { 0 },
};

static bool secret_complete(Object *obj, GError **errp)
{
    Secret *s = (Secret *)obj;
    g_autofree char *text = NULL;
    struct stat st;
    GError *err = NULL;
    gsize len = 0;

    if ((s->data == NULL) == (s->file == NULL)) {
        return err_fail(errp, s->data == NULL ? "Either 'file' or 'data' must be provided"
                                              : "'file' and 'data' are mutually exclusive");
    }
    if (s->keyid != NULL || s->iv != NULL) {
        return err_fail(errp, "secret '%s': encrypted secrets (keyid, iv) are not supported", obj->name);
    }
    if (s->file != NULL && (stat(s->file, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SECRET_MAX)) {
        return err_fail(errp, "Unable to read %s: it is not a regular file of at most 1 MiB", s->file);
    }
    if (s->file != NULL && !g_file_get_contents(s->file, &text, &len, &err)) {
        err_fail(errp, "Unable to read %s: %s", s->file, err->message);
        g_error_free(err);
        return false;
    }
    if (s->data != NULL) {
        text = g_strdup(s->data);
        len = strlen(text);
    }
    if (s->format == SECRET_BASE64) {
        s->bytes = g_base64_decode(text, &s->len);
    } else {
        s->bytes = g_memdup2(text, len);
        s->len = len;
    }
    s->loaded = true;
    return true;
}

static void secret_fini(Object *obj)
{
    Secret *s = (Secret *)obj;

    if (s->bytes != NULL) {
        explicit_bzero(s->bytes, s->len);
    }
    g_free(s->bytes);
}

static const ObjType secret_type = {
    .name = "secret", .parent = &object_base, .size = sizeof(Secret), .user_creatable = true,
    .props = secret_props, .complete = secret_complete, .fini = secret_fini,
};
TYPE_REGISTER(secret_type);

const uint8_t *secret_bytes(Vm *vm, const char *id, size_t *ret_len, GError **errp)
{
    Object *obj = object_child(vm->objects, id);
    const Secret *s = (const Secret *)obj;

    if (obj == NULL || obj->type != &secret_type) {
        err_fail(errp, "No secret with id '%s'", id);
        return NULL;
    }
    *ret_len = s->len;
    return s->bytes;
}
