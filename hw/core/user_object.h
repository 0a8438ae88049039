/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that users make: -object, object_add, object-add. They live in /objects. VM lock held. */
#ifndef HW_CORE_USER_OBJECT_H
#define HW_CORE_USER_OBJECT_H

#include "hw/core/vm.h"

/* opts: {"qom-type": ..., "id": ..., properties}; texts (of a key=value list) or JSON values. NULL +
 * error: nothing was made. */
Object *user_object_create(Vm *vm, const Json *opts, GError **errp);
bool user_object_delete(Vm *vm, const char *id, GError **errp);

#endif
