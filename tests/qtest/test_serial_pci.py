#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pci-serial and its relatives: ports of one BAR, one interrupt line for all."""
from kite_qtest import QtestCase, main

PORT = 0xd000


class PciSerial(QtestCase):
    args = ("-device", "pci-serial-2x,addr=5,chardev1=a,chardev2=b",)
    options = {"chardevs": ("a", "b")}

    def setUp(self):
        super().setUp()
        self.q.pci_writel(5 << 3, 0x10, PORT | 1)
        self.q.pci_writew(5 << 3, 4, 1)

    def test_identity(self):
        self.assertHex(self.q.pci_readl(5 << 3, 0), 0x00031b36)
        self.assertHex(self.q.pci_readl(5 << 3, 8), 0x07000201)
        self.assertHex(self.q.pci_readb(5 << 3, 0x3d), 1)
        self.q.pci_writel(5 << 3, 0x10, 0xffffffff)
        self.assertHex(self.q.pci_readl(5 << 3, 0x10), 0xfffffff1, "16 ports")

    def test_both_ports(self):
        for n, name in ((0, "a"), (8, "b")):
            self.q.outb(PORT + n, 0x41 + n)
            self.assertEqual(self.q.char_get(name, 1), bytes([0x41 + n]))
            self.q.char_put(name, b"x")
            self.assertEqual(self.q.inb(PORT + n + 5) & 1, 1)
            self.assertHex(self.q.inb(PORT + n), ord("x"))
            self.assertEqual(self.q.inb(PORT + n + 5) & 1, 0)

    def test_shared_line(self):
        status = lambda: self.q.pci_readw(5 << 3, 6) >> 3 & 1
        self.assertEqual(status(), 0)
        self.q.outb(PORT + 1, 2)                # transmitter empty
        self.assertEqual(status(), 1)
        self.q.outb(PORT + 9, 2)
        self.q.outb(PORT + 1, 0)
        self.assertEqual(status(), 1, "the other one still asks")
        self.q.outb(PORT + 9, 0)
        self.assertEqual(status(), 0)


class One(QtestCase):
    args = ("-device", "pci-serial,addr=5,chardev=a",)
    options = {"chardevs": ("a",)}

    def test_port(self):
        self.assertHex(self.q.pci_readl(5 << 3, 0), 0x00021b36)
        self.q.pci_writel(5 << 3, 0x10, PORT | 1)
        self.q.pci_writew(5 << 3, 4, 1)
        self.q.outb(PORT, 0x55)
        self.assertEqual(self.q.char_get("a", 1), b"U")


if __name__ == "__main__":
    main()
