# SPDX-License-Identifier: GPL-2.0-or-later
"""8254 timer: counting in all modes, latches, read-back, BCD, gate, interrupts."""
from kite_qtest import QtestCase, exact_time, main

HZ = 1193182
CTL = 0x43


def ns(ticks):
    return -(-ticks * 1000000000 // HZ)


class Pit(QtestCase):
    def program(self, channel, mode, count, rw=3, bcd=0):
        self.q.outb(CTL, channel << 6 | rw << 4 | mode << 1 | bcd)
        if rw & 1:
            self.q.outb(0x40 + channel, count & 0xff)
        if rw & 2:
            self.q.outb(0x40 + channel, count >> 8)

    def latch(self, channel):
        self.q.outb(CTL, channel << 6)
        return self.q.inb(0x40 + channel) | self.q.inb(0x40 + channel) << 8

    def status(self, channel):
        self.q.outb(CTL, 0xe0 | 2 << channel)
        return self.q.inb(0x40 + channel)

    @exact_time
    def test_mode_0_counts_down_and_wraps(self):
        self.program(1, 0, 1000)
        start = self.latch(1)
        self.q.step(ns(100))
        self.assertIn(start - self.latch(1), (99, 100, 101))
        self.q.step(ns(1000))
        self.assertGreater(self.latch(1), 0xff00)

    @exact_time
    def test_mode_0_output_rises_at_terminal_count(self):
        self.program(1, 0, 1000)
        self.assertHex(self.status(1) & 0x80, 0)
        self.q.step(ns(999))
        self.assertHex(self.status(1) & 0x80, 0)
        self.q.step(ns(3))
        self.assertHex(self.status(1) & 0x80, 0x80)

    @exact_time
    def test_mode_2_reloads(self):
        self.program(1, 2, 1000)
        self.q.step(ns(2500))
        self.assertIn(self.latch(1), range(497, 504))
        self.assertHex(self.status(1) & 0xbf, 0xb4)

    @exact_time
    def test_mode_3_counts_by_two(self):
        self.program(1, 3, 1000)
        self.q.step(ns(100))
        self.assertIn(self.latch(1), range(796, 805))
        self.assertHex(self.status(1) & 0x80, 0x80)
        self.q.step(ns(500))
        self.assertHex(self.status(1) & 0x80, 0)
        self.assertIn(self.latch(1), range(796, 805))
        self.q.step(ns(500))
        self.assertHex(self.status(1) & 0x80, 0x80)

    @exact_time
    def test_mode_4_strobes_low(self):
        self.program(1, 4, 1000)
        self.assertHex(self.status(1) & 0x80, 0x80)
        self.q.step(ns(1000) + 300)
        self.assertHex(self.status(1) & 0x80, 0)
        self.q.step(ns(2))
        self.assertHex(self.status(1) & 0x80, 0x80)

    @exact_time
    def test_lsb_only_and_msb_only(self):
        self.program(1, 0, 0x34, rw=1)
        v = self.q.inb(0x41)
        self.assertIn(v, (0x33, 0x34))
        self.assertIn(self.q.inb(0x41), (0x33, 0x34))
        self.program(1, 0, 0x1200, rw=2)
        self.assertIn(self.q.inb(0x41), (0x11, 0x12))

    @exact_time
    def test_bcd_count(self):
        self.program(1, 2, 0x1000, bcd=1)
        self.q.step(ns(1))
        v = self.latch(1)
        self.assertIn(v, (0x0999, 0x0998))
        self.q.step(ns(500))
        self.assertIn(self.latch(1), range(0x0497, 0x0500))

    @exact_time
    def test_count_zero_is_65536(self):
        self.program(1, 2, 0)
        self.q.step(ns(65536 + 100))
        self.assertIn(self.latch(1), range(0xff98, 0xffa0))

    @exact_time
    def test_latch_holds_until_read(self):
        self.program(1, 2, 50000)
        self.q.step(ns(1000))
        self.q.outb(CTL, 0x40)
        self.q.step(ns(1000))
        self.q.outb(CTL, 0x40)          # ignored: still latched
        v = self.q.inb(0x41) | self.q.inb(0x41) << 8
        self.assertIn(v, range(48997, 49003))
        self.assertIn(self.latch(1), range(47995, 48003))

    @exact_time
    def test_read_back_both(self):
        self.program(1, 2, 50000)
        self.q.step(ns(1000))
        self.q.outb(CTL, 0xc4)          # count and status of channel 1
        self.assertHex(self.q.inb(0x41) & 0xbf, 0xb4)
        v = self.q.inb(0x41) | self.q.inb(0x41) << 8
        self.assertIn(v, range(48997, 49003))

    @exact_time
    def test_two_byte_sequence_per_channel(self):
        self.q.outb(CTL, 0x74)
        self.q.outb(0x41, 0x34)
        self.q.outb(CTL, 0xb4)
        self.q.outb(0x42, 0x78)
        self.q.outb(0x41, 0x12)
        self.q.outb(0x42, 0x56)
        self.assertIn(self.latch(1), range(0x1230, 0x1235))

    @exact_time
    def test_gate_starts_mode_1(self):
        self.q.outb(0x61, 0)
        self.program(2, 1, 1000)
        self.assertHex(self.status(2) & 0x80, 0x80)
        self.q.outb(0x61, 1)
        self.assertHex(self.status(2) & 0x80, 0)
        self.q.step(ns(1002))
        self.assertHex(self.status(2) & 0x80, 0x80)
        self.q.outb(0x61, 0)
        self.q.outb(0x61, 1)
        self.assertHex(self.status(2) & 0x80, 0)

    @exact_time
    def test_gate_pauses_mode_0(self):
        self.not_reference("it goes on counting")
        self.q.outb(0x61, 1)
        self.program(2, 0, 1000)
        self.q.step(ns(100))
        self.q.outb(0x61, 0)
        v = self.latch(2)
        self.q.step(ns(500))
        self.assertEqual(self.latch(2), v)
        self.q.outb(0x61, 1)
        self.q.step(ns(100))
        self.assertIn(v - self.latch(2), (99, 100, 101))

    def test_port_61_reads_back(self):
        for v in range(4):
            self.q.outb(0x61, v)
            self.assertHex(self.q.inb(0x61) & 3, v)

    @exact_time
    def test_port_61_shows_output_and_refresh(self):
        self.q.outb(0x61, 1)
        self.program(2, 0, 1000)
        self.assertHex(self.q.inb(0x61) & 0x20, 0)
        self.q.step(ns(1002))
        self.assertHex(self.q.inb(0x61) & 0x20, 0x20)
        self.assertNotEqual(self.q.inb(0x61) & 0x10, self.q.inb(0x61) & 0x10)

    def test_channel_0_interrupts_at_rate(self):
        self.q.intercept_in()
        self.program(0, 2, 11932)       # 100 Hz
        self.q.step(ns(100))
        self.q.take_edges(0)
        self.q.step(100000000)
        rises = self.q.take_edges(0).count(1)
        self.assertIn(rises, range(9, 12))

    @exact_time
    def test_channel_0_one_shot(self):
        self.q.intercept_in()
        self.program(0, 0, 10000)
        self.q.take_edges(0)
        self.q.step(ns(9999) - 2000)
        self.assertNotIn(1, self.q.take_edges(0))
        self.q.step(ns(10))
        self.assertIn(1, self.q.take_edges(0))
        self.q.step(ns(100000))
        self.assertNotIn(1, self.q.take_edges(0))

    def test_silly_rates_end(self):
        for mode in range(6):
            for count in (1, 2, 3):
                self.program(0, mode, count)
                self.q.step(1000000)
                self.latch(0)


if __name__ == "__main__":
    main()
