/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "e1000,netdev=n0,id=a" as a Json object of strings. "," separates, ",," is a comma within a value. */
#ifndef UTIL_KEYVAL_H
#define UTIL_KEYVAL_H

#include "util/json.h"

typedef enum KeyvalFlags {
    KEYVAL_NESTED = 1 << 0,     /* "a.b=c" makes {"a": {"b": "c"}}, "a.0=x,a.1=y" makes {"a": ["x", "y"]};
                                 * a key without value is an error. Else keys are kept as they are */
    KEYVAL_REPEAT = 1 << 1,     /* a key given again makes an array of all its values; else the last counts */
    KEYVAL_QUIET  = 1 << 2,     /* no warning about "server" for "server=on" and "nowait" for "wait=off" */
    KEYVAL_JSON   = 1 << 3,     /* text that begins with '{' is JSON */
} KeyvalFlags;

/* implied_key NULL: the first part needs its key too. A bare part is key=on, or with "no" before it
 * key=off. *ret_help (when not NULL) is set when "help" or "?" stands where a key or the implied value
 * does; without ret_help they are ordinary words. NULL + error. */
Json *keyval_parse(const char *text, const char *implied_key, unsigned flags, bool *ret_help, GError **errp);
/* The text again, commas doubled; nested keys with dots. For messages and -writeconfig. */
char *keyval_print(const Json *j, const char *implied_key);
/* A value as it is written in such a text: commas doubled. */
char *keyval_escape(const char *value);

#endif
