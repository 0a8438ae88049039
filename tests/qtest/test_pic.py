# SPDX-License-Identifier: GPL-2.0-or-later
"""8259 pair: initialisation, masks, priorities, ELCR, polling."""
from kite_qtest import QtestCase, main

M, S = 0x20, 0xa0
RTC_INDEX, RTC_DATA = 0x70, 0x71


class Pic(QtestCase):
    args = ["-device", "pc-testdev"]

    def init(self, icw4=0x01, base=0x30):
        q = self.q
        for port, icw2, icw3 in ((M, base, 4), (S, base + 8, 2)):
            q.outb(port, 0x11)
            q.outb(port + 1, icw2)
            q.outb(port + 1, icw3)
            q.outb(port + 1, icw4)
            q.outb(port + 1, 0)

    def line(self, n, level):
        self.q.outb(0x2000 + n, level)

    def irr(self, port):
        self.q.outb(port, 0x0a)
        return self.q.inb(port)

    def isr(self, port):
        self.q.outb(port, 0x0b)
        return self.q.inb(port)

    def poll(self, port):
        self.q.outb(port, 0x0c)
        return self.q.inb(port)

    def test_mask_register_reads_back(self):
        for port in (M, S):
            for v in (0x00, 0x5a, 0xff):
                self.q.outb(port + 1, v)
                self.assertHex(self.q.inb(port + 1), v)

    def test_icw1_clears_mask(self):
        self.q.outb(M + 1, 0xff)
        self.init()
        self.assertHex(self.q.inb(M + 1), 0)

    def test_edge_stays_requested_until_acknowledged(self):
        self.init()
        self.line(5, 1)
        self.line(5, 0)
        self.assertHex(self.irr(M) & 0x20, 0x20)
        self.q.outb(M + 1, 0xdf)
        self.assertHex(self.poll(M), 0x85)
        self.assertHex(self.irr(M) & 0x20, 0)
        self.assertHex(self.isr(M), 0x20)
        self.q.outb(M, 0x20)
        self.assertHex(self.isr(M), 0)

    def test_edge_needs_a_rise(self):
        self.init()
        self.q.outb(M + 1, 0xdf)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0x85)
        self.q.outb(M, 0x20)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0)

    def test_level_line_follows(self):
        self.init()
        self.q.outb(0x4d0, 0x20)
        self.line(5, 1)
        self.assertHex(self.irr(M) & 0x20, 0x20)
        self.line(5, 0)
        self.assertHex(self.irr(M) & 0x20, 0)

    def test_level_line_asks_again_after_eoi(self):
        self.init()
        self.q.outb(0x4d0, 0x20)
        self.q.outb(M + 1, 0xdf)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0x85)
        self.assertHex(self.poll(M), 0)
        self.q.outb(M, 0x20)
        self.assertHex(self.poll(M), 0x85)

    def test_elcr_masks_fixed_edges(self):
        self.q.outb(0x4d0, 0xff)
        self.q.outb(0x4d1, 0xff)
        self.assertHex(self.q.inb(0x4d0), 0xf8)
        self.assertHex(self.q.inb(0x4d1), 0xde)

    def test_masked_line_is_not_delivered(self):
        self.init()
        self.q.outb(M + 1, 0xff)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0)
        self.q.outb(M + 1, 0xdf)
        self.assertHex(self.poll(M), 0x85)

    def test_lower_number_wins_and_blocks(self):
        self.init()
        self.q.outb(M + 1, 0x97)        # 3, 5, 6
        self.line(6, 1)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0x85)
        self.assertHex(self.poll(M), 0)
        self.line(3, 1)
        self.assertHex(self.poll(M), 0x83)
        self.assertHex(self.isr(M), 0x28)
        self.q.outb(M, 0x20)
        self.assertHex(self.isr(M), 0x20)
        self.q.outb(M, 0x20)
        self.assertHex(self.poll(M), 0x86)

    def test_specific_eoi(self):
        self.init()
        self.q.outb(M + 1, 0x97)
        self.line(6, 1)
        self.poll(M)
        self.line(3, 1)
        self.poll(M)
        self.q.outb(M, 0x66)
        self.assertHex(self.isr(M), 0x08)

    def test_set_priority_rotates(self):
        self.init()
        self.q.outb(M + 1, 0x97)
        self.q.outb(M, 0xc4)            # 4 lowest, 5 highest
        self.line(3, 1)
        self.line(6, 1)
        self.assertHex(self.poll(M), 0x86)

    def test_rotate_on_eoi(self):
        self.init()
        self.q.outb(M + 1, 0x97)
        self.line(3, 1)
        self.assertHex(self.poll(M), 0x83)
        self.q.outb(M, 0xa0)
        self.line(3, 0)
        self.line(3, 1)
        self.line(6, 1)
        self.assertHex(self.poll(M), 0x86)

    def test_auto_eoi(self):
        self.init(icw4=0x03)
        self.q.outb(M + 1, 0xdf)
        self.line(5, 1)
        self.assertHex(self.poll(M), 0x85)
        self.assertHex(self.isr(M), 0)

    def test_special_mask_lets_lower_through(self):
        self.init()
        self.q.outb(M + 1, 0x97)
        self.line(3, 1)
        self.assertHex(self.poll(M), 0x83)
        self.line(6, 1)
        self.assertHex(self.poll(M), 0)
        self.q.outb(M, 0x68)            # special mask mode
        self.q.outb(M + 1, 0x9f)        # mask 3
        self.assertHex(self.poll(M), 0x86)
        self.q.outb(M, 0x48)

    def test_slave_through_cascade(self):
        self.init()
        self.q.outb(M + 1, 0xfb)
        self.q.outb(S + 1, 0xfd)
        self.line(9, 1)
        self.assertHex(self.irr(S) & 2, 2)
        self.assertHex(self.poll(M), 0x82)
        self.assertHex(self.poll(S), 0x81)

    def test_slave_mask_keeps_cascade_low(self):
        self.init()
        self.q.outb(M + 1, 0xfb)
        self.q.outb(S + 1, 0xff)
        self.line(9, 1)
        self.assertHex(self.poll(M), 0)

    def test_reset_clears_elcr(self):
        self.q.outb(0x4d0, 0xf8)
        self.q.outb(0x92, 0x01)
        self.q.outb(0xcf9, 0x06)
        self.q.step(1000000)
        self.assertHex(self.q.inb(0x4d0), 0)


if __name__ == "__main__":
    main()
