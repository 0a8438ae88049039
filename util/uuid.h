/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs as 16 bytes in the order of their text (RFC 4122, big-endian fields). */
#ifndef UTIL_UUID_H
#define UTIL_UUID_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Uuid { uint8_t b[16]; } Uuid;

bool uuid_parse(const char *text, Uuid *ret);   /* 36 characters, either case; false: anything else */
char *uuid_text(const Uuid *u);                 /* lower case; freed by the caller */
Uuid uuid_random(void);                         /* version 4 */
bool uuid_is_null(const Uuid *u);
/* The first three fields little-endian, as SMBIOS 2.6+ and Microsoft's GUIDs have it. */
Uuid uuid_swap(const Uuid *u);

#endif
