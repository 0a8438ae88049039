/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout of a JSON value, for json*.c. */
#ifndef UTIL_JSON_INT_H
#define UTIL_JSON_INT_H

#include "util/json.h"

typedef struct JsonMember { char *key; Json *value; } JsonMember;     /* key NULL in arrays */

struct Json {
    JsonType type;
    int refs;                       /* atomic */
    size_t n;                       /* members, or bytes of str */
    size_t room;
    union {
        uint64_t u;                 /* BOOL, INT, UINT */
        double d;
        char *str;
        JsonMember *members;
    };
    GHashTable *index;              /* large objects: key -> position + 1 */
};

/* key is taken (NULL for arrays), v too; the caller knows that the key is new. */
void json_append(Json *j, char *key, Json *v);

#endif
