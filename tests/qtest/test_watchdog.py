#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchdogs i6300esb and ib700, and pvpanic-pci."""
import time

from kite_qtest import IS_REFERENCE, QtestCase, exact_time, main

BAR = 0xfe000000


class Ib700(QtestCase):
    args = ("-device", "ib700", "-action", "watchdog=poweroff")

    def test_stop(self):
        self.q.outb(0x443, 0)           # half a minute
        self.q.outb(0x441, 0)
        if not IS_REFERENCE:
            self.q.outb(0x443, 0x0e)
            self.q.step(1900000000)
            self.q.outb(0x441, 0)
            self.q.step(40000000000)
            self.q.inb(0x80)

    def test_expires(self):
        self.q.outb(0x443, 0x0e)        # two seconds
        self.q.step(2100000000)
        self.assertEqual(self.q.wait_exit(), 0)


class I6300esb(QtestCase):
    args = ("-device", "i6300esb,addr=5", "-action", "watchdog=poweroff")

    def setUp(self):
        super().setUp()
        self.q.pci_writel(5 << 3, 0x10, BAR)
        self.q.pci_writew(5 << 3, 4, 2)

    def unlock(self):
        self.q.writew(BAR + 0xc, 0x80)
        self.q.writew(BAR + 0xc, 0x86)

    def set(self, first, second):
        self.unlock()
        self.q.writel(BAR, first)
        self.unlock()
        self.q.writel(BAR + 4, second)
        self.unlock()
        self.q.writew(BAR + 0xc, 0x100)

    def test_identity(self):
        self.assertHex(self.q.pci_readl(5 << 3, 0), 0x25ab8086)
        self.assertHex(self.q.pci_readl(5 << 3, 8), 0x08800000)
        self.assertHex(self.q.pci_readw(5 << 3, 0x60), 0)
        self.assertHex(self.q.readl(BAR + 0xc), 0)

    def test_two_stages(self):
        self.q.pci_writew(5 << 3, 0x60, 3)      # no interrupt, slow clock
        self.set(0x400, 0x400)                  # about a second each
        self.q.pci_writeb(5 << 3, 0x68, 2)
        self.q.step(1500000000)
        self.set(0x400, 0x400)                  # fed: from the beginning
        self.q.step(1500000000)
        self.q.inb(0x80)
        self.q.step(700000000)
        self.assertEqual(self.q.wait_exit(), 0)

    @exact_time
    def test_disabled_output_and_lock(self):
        self.q.pci_writew(5 << 3, 0x60, 0x23)
        self.set(0x10, 0x10)
        self.q.pci_writeb(5 << 3, 0x68, 3)      # enabled and locked
        self.q.pci_writeb(5 << 3, 0x68, 0)
        self.assertHex(self.q.pci_readb(5 << 3, 0x68), 3)
        self.q.step(10000000000)
        self.q.inb(0x80)

    @exact_time
    def test_needs_unlock(self):
        self.q.pci_writew(5 << 3, 0x60, 3)
        self.q.writel(BAR, 1)
        self.q.writel(BAR + 4, 1)
        self.q.pci_writeb(5 << 3, 0x68, 2)
        self.q.step(2000000000)                 # the longest times are in force
        self.q.inb(0x80)


class PvpanicPci(QtestCase):
    args = ("-device", "pvpanic-pci,addr=5", "-action", "panic=exit-failure")

    def test_panic(self):
        q = self.q
        self.assertHex(q.pci_readl(5 << 3, 0), 0x00111b36)
        q.pci_writel(5 << 3, 0x10, BAR)
        q.pci_writew(5 << 3, 4, 2)
        self.assertHex(q.readb(BAR), 3)
        q.writeb(BAR, 2)                        # a crash kernel was loaded: goes on
        self.assertHex(q.readb(BAR), 3)
        try:
            q.writeb(BAR, 1)
        except Exception:                       # the answer may not come any more
            pass
        self.assertNotEqual(q.wait_exit(), 0)


class PvpanicPause(QtestCase):
    args = ("-device", "pvpanic,events=1", "-action", "panic=pause")

    def test_stays(self):
        self.assertHex(self.q.inb(0x505), 1)
        self.q.outb(0x505, 2)                   # not offered
        self.q.outb(0x505, 1)
        time.sleep(0.1)
        self.assertHex(self.q.inb(0x505), 1)


if __name__ == "__main__":
    main()
