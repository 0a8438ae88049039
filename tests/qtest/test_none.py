# SPDX-License-Identifier: GPL-2.0-or-later
"""The empty machine: RAM, the port bus, the protocol itself."""
import unittest

import harness
from harness import QTest, QTestError, main


class NoneMachine(unittest.TestCase):
    def test_ports_without_device_read_ones(self):
        with QTest(machine="none") as m:
            self.assertEqual(m.inb(0x80), 0xff)
            self.assertEqual(m.inw(0x80), 0xffff)
            self.assertEqual(m.inl(0xfffc), 0xffffffff)
            m.outl(0x1234, 0x55)

    def test_ram_is_there_when_asked_for(self):
        with QTest("-m", "16", machine="none") as m:
            m.writel(0x1000, 0x12345678)
            self.assertEqual(m.readb(0x1003), 0x12)
            self.assertEqual(m.memread(0x1000, 4), b"\x78\x56\x34\x12")
            m.memset(0xffff00, 0x100, 0x5a)
            self.assertEqual(m.memread(0xfffff0, 16), b"\x5a" * 16)

    def test_bad_commands_fail_and_do_not_kill(self):
        with QTest(machine="none") as m:
            for text in ("bogus", "irq_intercept_in nope"):
                with self.assertRaises(QTestError):
                    m.command(text)
            self.assertEqual(m.command("endianness"), "little")

    def test_clock_stands_until_stepped(self):
        with QTest(machine="none") as m:
            self.assertEqual(m.clock_step(1000), 1000)
            self.assertEqual(m.clock_step(), 1000)
            self.assertEqual(m.clock_set(5000), 5000)

    def test_monitor_prints_the_map(self):
        with QTest(machine="none", monitor=True) as m:
            self.assertIn("0000000000000000-000000000000ffff (prio 0, i/o): io\n", m.hmp("info mtree"))


if __name__ == "__main__":
    main()
