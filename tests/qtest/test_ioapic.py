# SPDX-License-Identifier: GPL-2.0-or-later
"""I/O APIC: registers, redirection entries, level and edge state. Delivery is tested with the local APIC."""
from kite_qtest import QtestCase, main

BASE = 0xfec00000
MASKED, LEVEL, REMOTE = 1 << 16, 1 << 15, 1 << 14


class Ioapic(QtestCase):
    args = ["-device", "pc-testdev"]

    def rd(self, reg):
        self.q.writel(BASE, reg)
        return self.q.readl(BASE + 0x10)

    def wr(self, reg, v):
        self.q.writel(BASE, reg)
        self.q.writel(BASE + 0x10, v)

    def test_select_register(self):
        self.q.writel(BASE, 0x15)
        self.assertHex(self.q.readl(BASE), 0x15)

    def test_id_and_version(self):
        self.assertHex(self.rd(1), 0x00170020)
        self.wr(0, 0x0f000000)
        self.assertHex(self.rd(0), 0x0f000000)
        self.assertHex(self.rd(2), 0x0f000000)
        self.wr(0, 0xffffffff)
        self.assertHex(self.rd(0), 0x0f000000)
        self.wr(1, 0)
        self.assertHex(self.rd(1), 0x00170020)

    def test_entries_start_masked(self):
        for pin in range(24):
            self.assertHex(self.rd(0x10 + 2 * pin), MASKED)
            self.assertHex(self.rd(0x11 + 2 * pin), 0)

    def test_entries_read_back(self):
        for pin in range(24):
            self.wr(0x10 + 2 * pin, MASKED | 0x30 + pin)
            self.wr(0x11 + 2 * pin, 0x01000000)
        for pin in range(24):
            self.assertHex(self.rd(0x10 + 2 * pin), MASKED | 0x30 + pin)
            self.assertHex(self.rd(0x11 + 2 * pin), 0x01000000)

    def test_status_bits_are_read_only(self):
        self.wr(0x10 + 2 * 5, MASKED | LEVEL | REMOTE | 1 << 12 | 0x40)
        self.assertHex(self.rd(0x10 + 2 * 5), MASKED | LEVEL | 0x40)

    def test_level_interrupt_sets_remote_irr_until_eoi(self):
        self.wr(0x11 + 2 * 5, 0)
        self.wr(0x10 + 2 * 5, LEVEL | 0x45)
        self.q.outb(0x2005, 1)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, REMOTE)
        self.q.outb(0x2005, 0)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, REMOTE)
        self.q.writel(BASE + 0x40, 0x45)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, 0)

    def test_eoi_of_another_vector_changes_nothing(self):
        self.wr(0x10 + 2 * 5, LEVEL | 0x45)
        self.q.outb(0x2005, 1)
        self.q.writel(BASE + 0x40, 0x46)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, REMOTE)

    def test_level_asks_again_while_high(self):
        self.wr(0x10 + 2 * 5, LEVEL | 0x45)
        self.q.outb(0x2005, 1)
        self.q.writel(BASE + 0x40, 0x45)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, REMOTE)

    def test_masked_level_waits_for_unmask(self):
        self.wr(0x10 + 2 * 5, MASKED | LEVEL | 0x45)
        self.q.outb(0x2005, 1)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, 0)
        self.wr(0x10 + 2 * 5, LEVEL | 0x45)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, REMOTE)

    def test_switching_to_edge_clears_remote_irr(self):
        self.wr(0x10 + 2 * 5, LEVEL | 0x45)
        self.q.outb(0x2005, 1)
        self.wr(0x10 + 2 * 5, 0x45)
        self.assertHex(self.rd(0x10 + 2 * 5) & REMOTE, 0)

    def test_unknown_registers(self):
        for reg in (0x03, 0x0f, 0x40, 0xff):
            self.wr(reg, 0xffffffff)
            self.assertHex(self.rd(reg), 0)

    def test_reset_masks(self):
        self.wr(0x10, 0x31)
        self.q.outb(0xcf9, 0x06)
        self.q.step(10000000)
        self.assertHex(self.rd(0x10), MASKED)


if __name__ == "__main__":
    main()
