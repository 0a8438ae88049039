# SPDX-License-Identifier: GPL-2.0-or-later
"""Parallel port, debug console, isa-debug-exit, pvpanic, pc-testdev."""
import unittest

from kite_qtest import Qtest, QtestCase, main

LPT = 0x378


class Parallel(QtestCase):
    args = ["-parallel", "chardev:p0"]
    options = {"chardevs": ["p0"]}

    def test_registers(self):
        self.assertHex(self.q.inb(LPT), 0xff)
        self.assertHex(self.q.inb(LPT + 1), 0xd9)
        self.assertHex(self.q.inb(LPT + 2), 0xcc)
        self.q.outb(LPT, 0x5a)
        self.assertHex(self.q.inb(LPT), 0x5a)
        self.q.outb(LPT + 2, 0x0e)
        self.assertHex(self.q.inb(LPT + 2), 0xce)

    def test_print(self):
        self.q.outb(LPT + 2, 0x08)
        self.q.outb(LPT + 2, 0x0c)
        for c in b"page":
            for _ in range(5):
                ready = self.q.inb(LPT + 1) & 0x80
                if ready:
                    break
            self.assertHex(ready, 0x80)
            self.q.outb(LPT, c)
            self.q.outb(LPT + 2, 0x0d)
            self.q.outb(LPT + 2, 0x0c)
        self.assertEqual(self.q.char_get("p0", 4), b"page")

    def test_acknowledge_interrupt(self):
        self.q.intercept_in()
        self.q.outb(LPT + 2, 0x1c)
        self.q.outb(LPT, 0x41)
        self.q.outb(LPT + 2, 0x1d)
        self.q.outb(LPT + 2, 0x1c)
        self.assertEqual(self.q.irq(7), 1)
        self.q.inb(LPT + 1)
        self.assertEqual(self.q.irq(7), 0)


class Debugcon(QtestCase):
    args = ["-device", "isa-debugcon,iobase=0x402,chardev=d0"]
    options = {"chardevs": ["d0"]}

    def test_write_and_read_back(self):
        self.assertHex(self.q.inb(0x402), 0xe9)
        for c in b"log":
            self.q.outb(0x402, c)
        self.assertEqual(self.q.char_get("d0", 3), b"log")


class Exit(unittest.TestCase):
    def status(self, args, port, value):
        q = Qtest(args)
        self.addCleanup(q.close)
        q.sock.sendall(f"outb {port:#x} {value:#x}\n".encode())
        return q.wait_exit()

    def test_status_is_twice_the_value_plus_one(self):
        self.assertEqual(self.status(["-device", "isa-debug-exit"], 0x501, 0), 1)
        self.assertEqual(self.status(["-device", "isa-debug-exit"], 0x501, 0x10), 0x21)

    def test_port_option(self):
        self.assertEqual(self.status(["-device", "isa-debug-exit,iobase=0xf4,iosize=4"], 0xf4, 1), 3)


class Pvpanic(QtestCase):
    args = ["-device", "pvpanic", "-action", "panic=none"]

    def test_events_supported(self):
        self.assertHex(self.q.inb(0x505), 3)
        self.q.outb(0x505, 0xf0)
        self.assertHex(self.q.inb(0x505), 3)


class Testdev(QtestCase):
    args = ["-device", "pc-testdev"]

    def test_port_remembers(self):
        self.q.outl(0xe0, 0x12345678)
        self.assertHex(self.q.inl(0xe0), 0x12345678)
        self.assertHex(self.q.inb(0xe1), 0x56)
        self.q.outb(0xe2, 0xff)
        self.assertHex(self.q.inl(0xe0) & 0xff0000, 0xff0000)

    def test_memory_remembers(self):
        self.q.writel(0xff000000, 0xdeadbeef)
        self.q.writeb(0xff00ffff, 0x5a)
        self.assertHex(self.q.readl(0xff000000), 0xdeadbeef)
        self.assertHex(self.q.readb(0xff00ffff), 0x5a)

    def test_lines(self):
        self.q.intercept_in()
        self.q.outb(0x2005, 1)
        self.assertEqual(self.q.irq(5), 1)
        self.q.outb(0x2005, 0)
        self.assertEqual(self.q.irq(5), 0)


if __name__ == "__main__":
    main()
