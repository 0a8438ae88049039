/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's XSAVE image beside the guest's (SDM vol. 1, 13.4): up to AVX both have the same layout; the
 * offsets of what lies above differ between processors, in the guest's image they are fixed. */
#ifndef TARGET_I386_TCG_HOST_XSAVE_H
#define TARGET_I386_TCG_HOST_XSAVE_H

#include <cpuid.h>
#include <stddef.h>
#include <string.h>

#include "target/i386/cpu.h"

enum {
    XS_BASIC = offsetof(X86Xsave, pad3),    /* bytes that are the same in both */
    XS_HEADER = offsetof(X86Xsave, xstate_bv),
    XCR0_EXT = 0xe0,                        /* the components of host_xsave_copy() */
    HOST_XSAVE_BYTES = 4096,
};

/* AVX-512 state between the two images. cpuid, which leaves a virtual host's guest mode, runs once. */
static inline void host_xsave_copy(X86Xsave *guest, uint8_t *host, bool to_host)
{
    static const struct {
        uint16_t at, size;
    } parts[] = {
        { offsetof(X86Xsave, opmask), 64 },
        { offsetof(X86Xsave, zmmh), 512 },
        { offsetof(X86Xsave, zmm16), 1024 },
    };
    static unsigned offset[G_N_ELEMENTS(parts)];

    for (unsigned n = 0; n < G_N_ELEMENTS(parts); n++) {
        unsigned at = __atomic_load_n(&offset[n], __ATOMIC_RELAXED), a, c, d;
        uint8_t *in_guest = (uint8_t *)guest + parts[n].at;

        if (at == 0) {
            __cpuid_count(0xd, 5 + n, a, at, c, d);
            __atomic_store_n(&offset[n], at, __ATOMIC_RELAXED);
        }
        if (to_host) {
            memcpy(host + at, in_guest, parts[n].size);
        } else {
            memcpy(in_guest, host + at, parts[n].size);
        }
    }
}

#endif
