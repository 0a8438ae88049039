/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Json Json;           /* refcounted value; objects keep insertion order */

Json *json_parse(const char *text, GError **errp);
char *json_print(const Json *j, bool pretty);
Json *json_ref(Json *j);
void json_unref(Json *j);
Json *json_get(const Json *object, const char *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_unref)

#endif
