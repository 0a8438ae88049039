# SPDX-License-Identifier: GPL-2.0-or-later
"""HPET: identification, counter, one-shot and periodic comparators, legacy replacement."""
from kite_qtest import QtestCase, exact_time, main

BASE = 0xfed00000
CAP, CFG, STATUS, COUNTER = 0x00, 0x10, 0x20, 0xf0


def timer(n, reg):
    return BASE + 0x100 + 0x20 * n + reg


class Hpet(QtestCase):
    args = ["-machine", "hpet=on"]

    def test_identification(self):
        self.assertHex(self.q.readq(BASE + CAP), 0x009896808086a201)
        self.assertHex(self.q.readl(BASE + CAP + 4), 10000000)

    def test_timer_capabilities(self):
        for n in range(3):
            v = self.q.readq(timer(n, 0))
            self.assertHex(v >> 32, 4)
            self.assertHex(v & 0xffff, 0x30)

    def test_counter_stands_until_enabled(self):
        self.assertHex(self.q.readq(BASE + COUNTER), 0)
        self.q.step(1000000)
        self.assertHex(self.q.readq(BASE + COUNTER), 0)
        self.q.writel(BASE + CFG, 1)
        self.q.step(1000000)
        self.assertGreaterEqual(self.q.readq(BASE + COUNTER), 100000)
        self.q.writel(BASE + CFG, 0)
        v = self.q.readq(BASE + COUNTER)
        self.q.step(1000000)
        self.assertHex(self.q.readq(BASE + COUNTER), v)

    def test_counter_can_be_set_while_stopped(self):
        self.q.writeq(BASE + COUNTER, 0x123456789abc)
        self.assertHex(self.q.readq(BASE + COUNTER), 0x123456789abc)

    def test_config_keeps_defined_bits(self):
        self.q.writel(BASE + CFG, 0xffffffff)
        self.assertHex(self.q.readl(BASE + CFG), 3)
        self.q.writel(BASE + CFG, 0)

    def test_one_shot_edge(self):
        self.q.intercept_in()
        self.q.writel(timer(0, 0), 0x04 | 2 << 9)
        self.q.writel(BASE + CFG, 1)
        self.q.writeq(timer(0, 8), self.q.readq(BASE + COUNTER) + 1000000)
        self.q.take_edges(2)
        self.q.step(12000000)
        self.assertEqual(self.q.take_edges(2), [1, 0])
        self.q.step(12000000)
        self.assertEqual(self.q.take_edges(2), [])

    def test_one_shot_level(self):
        self.q.intercept_in()
        self.q.writel(timer(0, 0), 0x06 | 2 << 9)
        self.q.writel(BASE + CFG, 1)
        self.q.writeq(timer(0, 8), self.q.readq(BASE + COUNTER) + 100000)
        self.q.step(2000000)
        self.assertEqual(self.q.irq(2), 1)
        self.assertHex(self.q.readl(BASE + STATUS), 1)
        self.q.writel(BASE + STATUS, 1)
        self.assertEqual(self.q.irq(2), 0)
        self.assertHex(self.q.readl(BASE + STATUS), 0)

    def test_disabled_timer_is_silent(self):
        self.q.intercept_in()
        self.q.writel(timer(0, 0), 2 << 9)
        self.q.writel(BASE + CFG, 1)
        self.q.writeq(timer(0, 8), self.q.readq(BASE + COUNTER) + 100000)
        self.q.step(2000000)
        self.assertEqual(self.q.take_edges(2), [])

    def test_periodic(self):
        self.q.intercept_in()
        self.q.writel(timer(0, 0), 0x14c | 2 << 9)      # enable, periodic, set value, 32 bits
        self.q.writel(BASE + CFG, 1)
        self.q.writel(timer(0, 8), self.q.readl(BASE + COUNTER) + 1000000)
        self.q.writel(timer(0, 0), 0x10c | 2 << 9)
        self.q.writel(timer(0, 8), 1000000)
        self.q.take_edges(2)
        self.q.step(105000000)
        self.assertIn(self.q.take_edges(2).count(1), range(9, 12))

    @exact_time
    def test_32_bit_comparator_wraps(self):
        self.q.intercept_in()
        self.q.writeq(BASE + COUNTER, 0xffffff00)
        self.q.writel(timer(0, 0), 0x104 | 2 << 9)
        self.q.writeq(timer(0, 8), 0x100)
        self.q.writel(BASE + CFG, 1)
        self.q.take_edges(2)
        self.q.step(0x1f0 * 10)
        self.assertEqual(self.q.take_edges(2), [])
        self.q.step(0x20 * 10)
        self.assertEqual(self.q.take_edges(2), [1, 0])

    def test_legacy_replacement_takes_irq_0_and_8(self):
        self.q.intercept_in()
        self.q.writel(BASE + CFG, 3)
        self.q.writel(timer(0, 0), 0x04)
        self.q.writel(timer(1, 0), 0x04)
        now = self.q.readq(BASE + COUNTER)
        self.q.writeq(timer(0, 8), now + 500000)
        self.q.writeq(timer(1, 8), now + 500000)
        self.q.take_edges(0)
        self.q.take_edges(8)
        self.q.step(8000000)
        self.assertIn(1, self.q.take_edges(0))
        self.assertIn(1, self.q.take_edges(8))

    def test_legacy_replacement_silences_the_pit(self):
        self.q.intercept_in()
        self.q.outb(0x43, 0x34)
        self.q.outb(0x40, 0x9c)
        self.q.outb(0x40, 0x2e)
        self.q.step(50000000)
        self.assertIn(1, self.q.take_edges(0))
        self.q.writel(BASE + CFG, 3)
        self.q.take_edges(0)
        self.q.step(50000000)
        self.assertEqual(self.q.take_edges(0).count(1), 0)
        self.q.writel(BASE + CFG, 1)
        self.q.step(50000000)
        self.assertIn(1, self.q.take_edges(0))

    def test_silly_period_ends(self):
        self.q.writel(timer(0, 0), 0x4c | 2 << 9)
        self.q.writel(BASE + CFG, 1)
        for period in (1, 0, 2):
            self.q.writel(timer(0, 0), 0x4c | 2 << 9)
            self.q.writel(timer(0, 8), self.q.readl(BASE + COUNTER) + 100)
            self.q.writel(timer(0, 8), period)
            self.q.step(2000000)

    def test_unknown_registers_read_zero(self):
        for off in (0x08, 0x18, 0x28, 0x100 + 0x20 * 3, 0x3f8):
            self.assertHex(self.q.readl(BASE + off), 0)


if __name__ == "__main__":
    main()
