# SPDX-License-Identifier: GPL-2.0-or-later
"""8257 DMA controllers: registers and flip-flop. Transfers are tested with the floppy."""
from kite_qtest import QtestCase, main

PAGES = {0: 0x87, 1: 0x83, 2: 0x81, 3: 0x82, 5: 0x8b, 6: 0x89, 7: 0x8a}


def ports(channel):
    """address, count, first control register, port step"""
    if channel < 4:
        return channel * 2, channel * 2 + 1, 8, 1
    n = channel - 4
    return 0xc0 + n * 4, 0xc2 + n * 4, 0xd0, 2


class Dma(QtestCase):
    def clear_flip_flop(self, channel):
        _, _, control, step = ports(channel)
        self.q.outb(control + 4 * step, 0)

    def test_address_and_count(self):
        for ch in range(8):
            addr, count, _, _ = ports(ch)
            self.clear_flip_flop(ch)
            self.q.outb(addr, 0x34 + ch)
            self.q.outb(addr, 0x12)
            self.q.outb(count, 0x78 + ch)
            self.q.outb(count, 0x56)
            self.clear_flip_flop(ch)
            self.assertHex(self.q.inb(addr) | self.q.inb(addr) << 8, 0x1234 + ch)
            self.assertHex(self.q.inb(count) | self.q.inb(count) << 8, 0x5678 + ch)

    def test_page_registers(self):
        for ch, port in PAGES.items():
            self.q.outb(port, 0x10 + ch)
        for ch, port in PAGES.items():
            self.assertHex(self.q.inb(port), 0x10 + ch)

    def test_masks(self):
        self.not_reference("masks read as 0")
        for control, step in ((8, 1), (0xd0, 2)):
            mask = control + 7 * step
            self.q.outb(mask, 0x0f)
            self.q.outb(control + 2 * step, 2)
            self.assertHex(self.q.inb(mask) & 0x0f, 0x0b)
            self.q.outb(control + 2 * step, 6)
            self.assertHex(self.q.inb(mask) & 0x0f, 0x0f)
            self.q.outb(control + 6 * step, 0)
            self.assertHex(self.q.inb(mask) & 0x0f, 0x00)

    def test_master_clear_masks_all(self):
        self.not_reference("masks read as 0")
        self.q.outb(0x0f, 0)
        self.q.outb(0x0d, 0)
        self.assertHex(self.q.inb(0x0f) & 0x0f, 0x0f)
        self.assertHex(self.q.inb(0x08), 0)

    def test_flip_flop_is_shared_by_the_channels(self):
        self.q.outb(0x0c, 0)
        self.q.outb(0x00, 0x11)
        self.q.outb(0x02, 0x22)             # the high byte of channel 1
        self.q.outb(0x0c, 0)
        self.q.inb(0x02)
        self.assertHex(self.q.inb(0x02), 0x22)


if __name__ == "__main__":
    main()
