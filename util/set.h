/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linker sets: a file adds a constant to a named set; one walker visits them all.
 * Adding an element touches no other file, so two branches never collide. */
#ifndef UTIL_SET_H
#define UTIL_SET_H

/* clang's address sanitizer would put space between the elements. */
#if defined(__clang__)
#define SET_BARE __attribute__((no_sanitize("address")))
#else
#define SET_BARE
#endif

#define SET_ADD(set, type, tag, ptr)                                        \
    static const type *const set_##set##_##tag SET_BARE                     \
        __attribute__((used, section("set_" #set))) = (ptr)

#define SET_FOREACH(set, type, it)                                          \
    for (const type *const *it = __start_set_##set;                         \
         it < __stop_set_##set; it++)

#define SET_DECLARE(set, type)                                              \
    extern const type *const __start_set_##set[] __attribute__((weak));     \
    extern const type *const __stop_set_##set[] __attribute__((weak))

#endif
