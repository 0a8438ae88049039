# SPDX-License-Identifier: GPL-2.0-or-later
"""edu and pci-testdev: BARs, registers, DMA, INTx and MSI."""
import struct
import time

from kite_qtest import IS_REFERENCE, QtestCase, main

MMIO = 0xe0000000


class Edu(QtestCase):
    args = ["-device", "edu,addr=10"]

    def setUp(self):
        super().setUp()
        self.fn = self.q.pci_find(0x1234, 0x11e8)
        self.assertEqual(self.fn, 0x80)
        self.q.pci_writel(self.fn, 0x10, MMIO)
        self.q.pci_writew(self.fn, 4, 0x06)

    def rd(self, reg):
        return self.q.readl(MMIO + reg)

    def wr(self, reg, v):
        self.q.writel(MMIO + reg, v)

    def test_identity(self):
        self.assertHex(self.q.pci_readl(self.fn, 8), 0x00ff0010)
        self.assertHex(self.q.pci_readl(self.fn, 0x2c), 0x11001af4)
        self.assertHex(self.rd(0), 0x010000ed)

    def test_bar_size(self):
        self.q.pci_writew(self.fn, 4, 0)
        self.q.pci_writel(self.fn, 0x10, 0xffffffff)
        self.assertHex(self.q.pci_readl(self.fn, 0x10), 0xfff00000)

    def test_liveness(self):
        self.wr(4, 0x12345678)
        self.assertHex(self.rd(4), 0xedcba987)

    def wait_factorial(self):
        for _ in range(100):
            if not self.rd(0x20) & 1:
                return
            time.sleep(0.01)
        self.fail("still computing")

    def test_factorial(self):
        for n, want in ((0, 1), (1, 1), (5, 120), (12, 479001600), (13, 1932053504), (40, 0)):
            self.wr(8, n)
            self.wait_factorial()
            self.assertEqual(self.rd(8), want)

    def test_factorial_interrupt(self):
        self.wr(0x20, 0x80)
        self.wr(8, 4)
        self.wait_factorial()
        self.assertHex(self.rd(0x24), 1)
        self.wr(0x64, 1)
        self.assertHex(self.rd(0x24), 0)

    def test_raised_interrupt_shows_in_status(self):
        self.wr(0x60, 0x300)
        self.assertHex(self.rd(0x24), 0x300)
        self.assertHex(self.q.pci_readw(self.fn, 6) & 8, 8)
        self.wr(0x64, 0x300)
        self.assertHex(self.q.pci_readw(self.fn, 6) & 8, 0)

    def transfer(self, src, dst, count, cmd):
        for reg, v in ((0x80, src), (0x88, dst), (0x90, count), (0x98, cmd)):
            self.q.writeq(MMIO + reg, v)
        self.q.step(150000000)
        if IS_REFERENCE:
            time.sleep(0.05)

    def test_dma_there_and_back(self):
        data = bytes(range(256))
        self.q.write(0x10000, data)
        self.transfer(0x10000, 0x40000, 256, 1)
        self.assertHex(self.q.readq(MMIO + 0x98) & 1, 0)
        self.transfer(0x40000, 0x20000, 256, 3)
        self.assertEqual(self.q.read(0x20000, 256), data)

    def test_dma_interrupt(self):
        self.transfer(0x10000, 0x40000, 4, 5)
        self.assertHex(self.rd(0x24), 0x100)

    def test_dma_outside_the_buffer_does_nothing(self):
        self.not_reference("it aborts")
        self.q.memset(0x20000, 16, 0x5a)
        for src, count in ((0x40ff8, 16), (0x41000, 1), (0x3ffff, 4), (0, 4), (0x40000, 4097),
                           (0x40000, 0xffffffffffffffff)):
            self.transfer(src, 0x20000, count, 3)
        self.assertEqual(self.q.read(0x20000, 16), b"\x5a" * 16)

    def test_msi_instead_of_line(self):
        cap = self.q.pci_readb(self.fn, 0x34)
        self.assertHex(self.q.pci_readb(self.fn, cap), 0x05)
        self.q.pci_writel(self.fn, cap + 4, 0xfee00000)
        self.q.pci_writew(self.fn, cap + 2, 0x0001)
        self.wr(0x60, 1)
        self.assertHex(self.q.pci_readw(self.fn, 6) & 8, 0)


class PciTestdev(QtestCase):
    args = ["-device", "pci-testdev,addr=10"]

    def test_counts_writes(self):
        q = self.q
        q.pci_writel(0x80, 0x10, MMIO)
        q.pci_writew(0x80, 4, 0x03)
        q.writeb(MMIO, 0)
        _, width, offset, value, count = struct.unpack("<BB2xIII", q.read(MMIO, 16))
        self.assertIn(width, (0, 1, 2, 4))
        self.assertEqual(count, 0)
        for _ in range(3):
            q.writeb(MMIO + offset, value)
        self.assertEqual(q.readl(MMIO + 12), 3)
        self.assertTrue(q.read(MMIO + 16, 16).startswith(b"mmio-no-eventfd"))


if __name__ == "__main__":
    main()
