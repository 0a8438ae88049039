/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two 8237/8257 DMA controllers of a PC: channels 0-3 (bytes) and 4-7 (words). VM lock held. */
#ifndef HW_DMA_I8257_H
#define HW_DMA_I8257_H

#include "hw/core/device.h"

typedef struct IsaDma IsaDma;       /* both controllers; isa->dma */

extern const DeviceType i8257_type;

/* A device's side of a channel. Called when the channel is programmed, unmasked and requested: pos bytes of
 * the size bytes programmed are done; returns the new pos (not above size; equal to size: terminal count). */
typedef unsigned DmaTransfer(void *opaque, unsigned channel, unsigned pos, unsigned size);

IsaDma *i8257_pair_new(Vm *vm, Bus *isa, GError **errp);
void isa_dma_register(IsaDma *d, unsigned channel, DmaTransfer *fn, void *opaque);      /* fn NULL: none */
/* DREQ. Raising it runs the transfer soon, from the main loop or at once when fn allows. */
void isa_dma_request(IsaDma *d, unsigned channel);
void isa_dma_release(IsaDma *d, unsigned channel);
/* Memory side for the transfer handler; pos counts bytes from the programmed start, the address wraps in
 * its 64 KiB (128 KiB) page and runs down when the mode says so. Returns len. */
unsigned isa_dma_read(IsaDma *d, unsigned channel, void *buf, unsigned pos, unsigned len);
unsigned isa_dma_write(IsaDma *d, unsigned channel, const void *buf, unsigned pos, unsigned len);
bool isa_dma_autoinit(const IsaDma *d, unsigned channel);
/* 0 verify, 1 device to memory, 2 memory to device, 3 illegal: mode bits 2-3 */
unsigned isa_dma_direction(const IsaDma *d, unsigned channel);
bool isa_dma_masked(const IsaDma *d, unsigned channel);

#endif
