/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object type "secret": a password or key by id. */
#ifndef HW_CORE_SECRET_H
#define HW_CORE_SECRET_H

#include "hw/core/vm.h"

/* The bytes, which stay the object's. NULL + error. */
const uint8_t *secret_bytes(Vm *vm, const char *id, size_t *ret_len, GError **errp);

#endif
