/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flat "key=value,key=value" list as options like -drive and -chardev take it: ordered, repeated keys
 * kept, values are text. (Nested "a.b=c" forms that become JSON are util/keyval.h.)
 *
 * A comma inside a value is written twice. An item without '=' is the implied key's value when it comes
 * first and there is an implied key; else "foo" means foo=on and "nofoo" means foo=off. "help" and "?" as
 * an item set help and are not kept. */
#ifndef UTIL_OPTLIST_H
#define UTIL_OPTLIST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct OptPair { char *key, *value; } OptPair;

typedef struct OptList {
    GArray *pairs;                  /* of OptPair, in the order given */
    bool help;
} OptList;

OptList *optlist_new(void);
void optlist_free(OptList *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OptList, optlist_free)
/* NULL on a syntax error ("=x"). implied_key may be NULL. Freed by the caller. */
OptList *optlist_parse(const char *text, const char *implied_key, GError **errp);

/* The last value given for key, or NULL. Belongs to the list. */
const char *optlist_get(const OptList *l, const char *key);
const char *optlist_get_or(const OptList *l, const char *key, const char *absent);
void optlist_add(OptList *l, const char *key, const char *value);
void optlist_remove(OptList *l, const char *key);          /* all of them */
/* Takes key out: its last value for the caller to free, or NULL. */
char *optlist_take(OptList *l, const char *key);

/* *ret is written only when the key is there and well-formed; absent is success. */
bool optlist_get_bool(const OptList *l, const char *key, bool *ret, GError **errp);
bool optlist_get_number(const OptList *l, const char *key, uint64_t *ret, GError **errp);
bool optlist_get_size(const OptList *l, const char *key, uint64_t *ret, GError **errp);
/* Fails with "Invalid parameter 'x'" on the first key that the NULL-terminated list does not name. */
bool optlist_check_keys(const OptList *l, const char *const *known, GError **errp);

/* Single values. key is for the message. A size is a number (0x, fraction) with a suffix b k M G T P E;
 * without one it counts in `unit` bytes. */
bool opt_parse_bool(const char *key, const char *text, bool *ret, GError **errp);
bool opt_parse_number(const char *key, const char *text, uint64_t *ret, GError **errp);
bool opt_parse_size(const char *key, const char *text, uint64_t unit, uint64_t *ret, GError **errp);
bool opt_id_wellformed(const char *id);         /* a letter, then letters, digits, - . _ */

#endif
