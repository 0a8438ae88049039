/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formats by their first bytes, including those there is no driver for (yet): a guest must not be able to write
 * a header that some later start, of this program or another, takes for the image's format. */
#include <string.h>
#include "block/block_int.h"

typedef struct Magic { const char *format; size_t off, len; const char *bytes; } Magic;

static const Magic magics[] = {
    { "qcow2", 0, 8, "QFI\xfb\0\0\0\2" },
    { "qcow2", 0, 8, "QFI\xfb\0\0\0\3" },
    { "qcow", 0, 8, "QFI\xfb\0\0\0\1" },
    { "qed", 0, 4, "QED\0" },
    { "vmdk", 0, 4, "KDMV" },
    { "vmdk", 0, 4, "COWD" },
    { "vmdk", 0, 21, "# Disk DescriptorFile" },
    { "vdi", 64, 4, "\x7f\x10\xda\xbe" },
    { "vhdx", 0, 8, "vhdxfile" },
    { "vpc", 0, 8, "conectix" },
    { "parallels", 0, 16, "WithoutFreeSpace" },
    { "parallels", 0, 16, "WithouFreSpacExt" },
    { "luks", 0, 6, "LUKS\xba\xbe" },
    { "bochs", 0, 26, "Bochs Virtual HD Image\0\0\0\0" },
    { "cloop", 0, 19, "#!/bin/sh\n#V2.0 For" },
};

const char *probe_format(const uint8_t *head, size_t len, const char *filename)
{
    const char *best = "raw";
    int score = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++) {
        const Magic *m = &magics[i];

        if (m->off + m->len <= len && memcmp(head + m->off, m->bytes, m->len) == 0) {
            return m->format;
        }
    }
    SET_FOREACH(block_drivers, BlockDriver, d) {
        int s = (*d)->probe == NULL ? 0 : (*d)->probe(head, len, filename);

        if (s > score) {
            score = s;
            best = (*d)->name;
        }
    }
    return best;
}
