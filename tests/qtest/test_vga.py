# SPDX-License-Identifier: GPL-2.0-or-later
"""VGA: register files, write modes, chained memory, DAC, dispi modes and their registers in BAR 2."""
from kite_qtest import QtestCase, main

VGA, LFB, MMIO = 0x10, 0xe0000000, 0xe1000000


class Vga(QtestCase):
    args = ("-vga", "std")

    def setUp(self):
        super().setUp()
        self.q.outb(0x3c2, 0x67)

    def seq(self, i, v):
        self.q.outw(0x3c4, i | v << 8)

    def gfx(self, i, v):
        self.q.outw(0x3ce, i | v << 8)

    def planar(self):
        self.seq(4, 0x06)
        self.seq(2, 0x0f)
        self.gfx(6, 0x05)
        self.gfx(5, 0x00)
        self.gfx(8, 0xff)
        self.gfx(3, 0)
        self.gfx(1, 0)

    def plane(self, n, at=0xa0000):
        self.gfx(4, n)
        return self.q.readb(at)

    def test_unused_register_bits_read_zero(self):
        self.q.outw(0x3c4, 0xff02)
        self.assertHex(self.q.inb(0x3c5), 0x0f)
        self.q.outw(0x3ce, 0xff05)
        self.assertHex(self.q.inb(0x3cf), 0x7b)

    def test_map_mask_selects_planes(self):
        self.planar()
        self.q.writeb(0xa0000, 0)
        self.seq(2, 0x05)
        self.q.writeb(0xa0000, 0xaa)
        self.assertEqual([self.plane(n) for n in range(4)], [0xaa, 0, 0xaa, 0])

    def test_write_mode_0_set_reset_and_bit_mask(self):
        self.planar()
        self.q.writeb(0xa0000, 0x00)
        self.q.readb(0xa0000)
        self.gfx(0, 0x09)
        self.gfx(1, 0x0f)
        self.gfx(8, 0xf0)
        self.q.writeb(0xa0000, 0x55)
        self.assertEqual([self.plane(n) for n in range(4)], [0xf0, 0, 0, 0xf0])

    def test_write_mode_1_copies_latches(self):
        self.planar()
        for n, v in enumerate((1, 2, 3, 4)):
            self.seq(2, 1 << n)
            self.q.writeb(0xa0010, v)
        self.seq(2, 0x0f)
        self.gfx(5, 0x01)
        self.q.readb(0xa0010)
        self.q.writeb(0xa0020, 0)
        self.gfx(5, 0x00)
        self.assertEqual([self.plane(n, 0xa0020) for n in range(4)], [1, 2, 3, 4])

    def test_write_mode_2_spreads_colour(self):
        self.planar()
        self.gfx(5, 0x02)
        self.q.writeb(0xa0000, 0x06)
        self.gfx(5, 0x00)
        self.assertEqual([self.plane(n) for n in range(4)], [0, 0xff, 0xff, 0])

    def test_read_mode_1_compares(self):
        self.planar()
        self.gfx(5, 0x02)
        self.q.writeb(0xa0000, 0x06)
        self.gfx(5, 0x08)
        self.gfx(2, 0x06)
        self.gfx(7, 0x0f)
        self.assertHex(self.q.readb(0xa0000), 0xff)
        self.gfx(2, 0x07)
        self.assertHex(self.q.readb(0xa0000), 0x00)

    def test_chain_4_is_linear(self):
        self.planar()
        self.seq(4, 0x0e)
        for i in range(8):
            self.q.writeb(0xa0000 + i, 0x10 + i)
        self.assertEqual(self.q.read(0xa0000, 8), bytes(range(0x10, 0x18)))

    def test_dac_round_trip(self):
        self.q.outb(0x3c8, 5)
        for v in (1, 2, 3, 4, 5, 6):
            self.q.outb(0x3c9, v)
        self.q.outb(0x3c7, 5)
        self.assertEqual([self.q.inb(0x3c9) for _ in range(6)], [1, 2, 3, 4, 5, 6])

    def test_attribute_flip_flop(self):
        self.q.inb(0x3da)
        self.q.outb(0x3c0, 0x03)
        self.q.outb(0x3c0, 0x2a)
        self.q.inb(0x3da)
        self.q.outb(0x3c0, 0x03)
        self.assertHex(self.q.inb(0x3c1), 0x2a)

    def test_monochrome_addresses(self):
        self.q.outb(0x3c2, 0x66)
        self.q.outb(0x3b4, 0x0e)
        self.q.outb(0x3b5, 0x12)
        self.assertHex(self.q.inb(0x3b5), 0x12)
        self.assertHex(self.q.inb(0x3d5), 0xff)

    def vbe(self, i, v=None):
        self.q.outw(0x1ce, i)
        if v is not None:
            self.q.outw(0x1cf, v)
        return self.q.inw(0x1cf)

    def map(self):
        self.q.pci_writel(VGA, 0x10, LFB)
        self.q.pci_writel(VGA, 0x18, MMIO)
        self.q.pci_writew(VGA, 4, 3)

    def test_dispi_mode(self):
        self.map()
        self.assertHex(self.vbe(0), 0xb0c5)
        self.q.writel(LFB, 0x12345678)
        for i, v in ((1, 1024), (2, 768), (3, 32), (4, 0x41)):
            self.vbe(i, v)
        self.assertEqual([self.vbe(i) for i in (1, 2, 3, 6)], [1024, 768, 32, 1024])
        self.assertHex(self.q.readl(LFB), 0)
        self.assertEqual(self.vbe(10), 256)

    def test_dispi_refuses_what_does_not_fit(self):
        for i, v in ((1, 0xffff), (2, 0xffff), (3, 32), (4, 0x41)):
            self.vbe(i, v)
        self.assertLessEqual(self.vbe(1) * 4 * self.vbe(2), 16 << 20)

    def test_registers_in_the_second_bar(self):
        self.map()
        self.assertHex(self.q.readw(MMIO + 0x500), 0xb0c5)
        self.q.writew(MMIO + 0x502, 800)
        self.assertEqual(self.vbe(1), 800)
        self.assertEqual(self.q.read(MMIO, 8), b"\0\xff\xff\xff\xff\xff\xff\0")
        self.assertEqual(sum(self.q.read(MMIO, 128)) & 0xff, 0)
        self.assertHex(self.q.readl(MMIO + 0x604), 0x1e1e1e1e)


if __name__ == "__main__":
    main()
