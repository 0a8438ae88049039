/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between field.c and field_json.c. */
#ifndef UTIL_FIELD_INT_H
#define UTIL_FIELD_INT_H

#include "util/field.h"

size_t field_elem_size(const Field *elem);
bool field_is_number(const Field *f, bool *ret_signed);
/* Does a number (two's complement when negative) fit into a member of this kind? */
bool field_fits(const Field *f, uint64_t v, bool negative);
void field_store_number(const Field *f, void *member, uint64_t v);
uint64_t field_load_number(const Field *f, const void *member);
void field_store_bool(const Field *f, void *member, bool v);
bool field_load_bool(const Field *f, const void *member);
void field_set_has(const Field *f, void *obj, bool v);
void field_release(const Field *f, void *obj);
/* The struct that a union's discriminator chooses; NULL: no members. */
const StructDef *field_branch(const Field *f, const void *obj);
char *field_size_text(char *number, uint64_t v);

#endif
