/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PS/2 keyboard and mouse. VM lock held for all calls. */
#ifndef HW_INPUT_PS2_H
#define HW_INPUT_PS2_H

#include "hw/core/device.h"

extern const DeviceType ps2_kbd_type, ps2_mouse_type;

typedef struct Ps2 Ps2;             /* common first part of both */

/* Both are parts of a controller; irq is high while bytes wait. */
void ps2_set_irq(Device *dev, Irq irq);
void ps2_write(Device *dev, uint8_t val);               /* a byte from the host controller */
uint8_t ps2_read(Device *dev);                          /* next byte; repeats the last when empty */
bool ps2_pending(const Device *dev);
void ps2_kbd_set_translate(Device *kbd, bool on);       /* controller translates set 2 to set 1 */
/* For absolute pointers that use the mouse to announce themselves. */
void ps2_mouse_fake_event(Device *mouse);               /* makes the mouse interrupt once */

#endif
