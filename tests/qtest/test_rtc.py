# SPDX-License-Identifier: GPL-2.0-or-later
"""MC146818 clock: time formats, updates, alarm, periodic interrupts, RAM."""
from kite_qtest import QtestCase, exact_time, main

SECOND = 1000000000
A, B, C, D = 10, 11, 12, 13
SET, PIE, AIE, UIE, BINARY, H24 = 0x80, 0x40, 0x20, 0x10, 4, 2
IRQF, PF, AF, UF = 0x80, 0x40, 0x20, 0x10


class Rtc(QtestCase):
    def rd(self, reg):
        self.q.outb(0x70, reg)
        return self.q.inb(0x71)

    def wr(self, reg, v):
        self.q.outb(0x70, reg)
        self.q.outb(0x71, v)

    def test_base_option_sets_date(self):
        self.assertEqual([self.rd(r) for r in (9, 8, 7, 4, 2, 0x32, 0x37)],
                         [0x00, 0x01, 0x02, 0x03, 0x04, 0x20, 0x20])
        self.assertIn(self.rd(0), (5, 6))
        self.assertEqual(self.rd(6), 1)         # a Sunday

    def test_power_up_registers(self):
        self.assertHex(self.rd(A) & 0x7f, 0x26)
        self.assertHex(self.rd(B), H24)
        self.assertHex(self.rd(D), 0x80)

    def test_index_port_is_write_only(self):
        self.q.outb(0x70, 0x0b)
        self.assertHex(self.q.inb(0x70), 0xff)

    def test_ram_keeps_values(self):
        for i in list(range(0x40, 0x50)) + [0x7f]:
            self.wr(i, i ^ 0xa5)
        for i in list(range(0x40, 0x50)) + [0x7f]:
            self.assertHex(self.rd(i), i ^ 0xa5)

    def test_nmi_bit_is_no_address(self):
        self.wr(0x40, 0x12)
        self.assertHex(self.rd(0xc0), 0x12)

    def test_binary_mode(self):
        self.wr(B, SET | BINARY | H24)
        for reg, v in ((0, 58), (2, 59), (4, 23), (7, 31), (8, 12), (9, 99), (0x32, 19)):
            self.wr(reg, v)
        self.wr(B, BINARY | H24)
        self.assertEqual([self.rd(r) for r in (2, 4, 7, 8, 9)], [59, 23, 31, 12, 99])
        self.wr(B, H24)
        self.assertEqual([self.rd(r) for r in (2, 4, 7, 8, 9)], [0x59, 0x23, 0x31, 0x12, 0x99])

    def test_twelve_hour_format(self):
        self.wr(B, SET | H24)
        self.wr(4, 0x13)
        self.wr(B, 0)
        self.assertHex(self.rd(4), 0x81)
        self.wr(B, SET)
        self.wr(4, 0x12)
        self.wr(B, H24)
        self.assertHex(self.rd(4), 0x00)
        self.wr(B, SET)
        self.wr(4, 0x92)
        self.wr(B, H24)
        self.assertHex(self.rd(4), 0x12)

    def test_set_stops_the_clock(self):
        self.wr(B, SET | H24)
        before = self.rd(0)
        self.q.step(SECOND * 3 // 2)
        self.assertEqual(self.rd(0), before)
        self.wr(B, H24)

    @exact_time
    def test_seconds_roll_over_the_year(self):
        self.wr(B, SET | H24)
        for reg, v in ((0, 0x59), (2, 0x59), (4, 0x23), (7, 0x31), (8, 0x12), (9, 0x99), (0x32, 0x19)):
            self.wr(reg, v)
        self.wr(B, H24)
        self.q.step(2 * SECOND)
        self.assertEqual([self.rd(r) for r in (2, 4, 7, 8, 9, 0x32)], [0, 0, 1, 1, 0, 0x20])

    @exact_time
    def test_february_of_a_leap_year(self):
        self.wr(B, SET | H24)
        for reg, v in ((0, 0x59), (2, 0x59), (4, 0x23), (7, 0x28), (8, 0x02), (9, 0x00), (0x32, 0x20)):
            self.wr(reg, v)
        self.wr(B, H24)
        self.q.step(SECOND)
        self.assertEqual([self.rd(7), self.rd(8)], [0x29, 0x02])
        self.wr(4, 0x23)
        self.wr(2, 0x59)
        self.wr(0, 0x59)
        self.q.step(2 * SECOND)
        self.assertEqual([self.rd(7), self.rd(8)], [0x01, 0x03])

    @exact_time
    def test_uip_comes_before_each_second(self):
        seen = 0
        for _ in range(10000):
            if self.rd(A) & 0x80:
                seen += 1
                before = self.rd(0)
                self.q.step(300000)
                self.assertEqual(self.rd(A) & 0x80, 0)
                self.assertNotEqual(self.rd(0), before)
                break
            self.q.step(200000)
        self.assertEqual(seen, 1)

    def test_update_interrupt(self):
        self.q.intercept_in()
        self.rd(C)
        self.wr(B, H24 | UIE)
        self.q.step(SECOND + SECOND // 10)
        self.assertEqual(self.q.irq(8), 1)
        self.assertHex(self.rd(C) & (IRQF | UF), IRQF | UF)
        self.assertEqual(self.q.irq(8), 0)
        self.assertHex(self.rd(C) & IRQF, 0)

    def test_alarm_with_wildcards(self):
        self.q.intercept_in()
        sec = self.rd(0)
        due = (sec >> 4) * 10 + (sec & 15) + 2
        self.wr(1, due // 10 << 4 | due % 10)
        self.wr(3, 0xff)
        self.wr(5, 0xff)
        self.rd(C)
        self.wr(B, H24 | AIE)
        self.assertEqual(self.q.irq(8), 0)
        self.q.step(SECOND * 21 // 10)
        self.assertEqual(self.q.irq(8), 1)
        self.assertHex(self.rd(C) & (IRQF | AF), IRQF | AF)

    @exact_time
    def test_alarm_a_day_away(self):
        self.q.intercept_in()
        self.q.outb(0x43, 0x30)         # the PIT would fill the day with interrupts
        self.wr(1, 0x05)
        self.wr(3, 0x04)
        self.wr(5, 0x02)                # an hour ago: tomorrow
        self.rd(C)
        self.wr(B, H24 | AIE)
        self.q.step(22 * 3600 * SECOND)
        self.assertEqual(self.q.irq(8), 0)
        self.q.step(3600 * SECOND)
        self.assertEqual(self.q.irq(8), 1)

    def test_periodic_rate(self):
        self.q.intercept_in()
        self.wr(A, 0x2a)                # 64 Hz
        self.wr(B, H24 | PIE)
        self.rd(C)
        self.q.take_edges(8)
        n = 0
        for _ in range(32):
            self.q.step(SECOND // 64 + 1000)
            n += (self.rd(C) & PF) != 0
        self.assertIn(n, range(30, 33))
        self.wr(B, H24)

    def test_periodic_flag_without_interrupt(self):
        self.not_reference("it sets the flag only with the interrupt enabled")
        self.wr(A, 0x2a)
        self.rd(C)
        self.q.step(SECOND // 60)
        self.assertHex(self.rd(C) & (PF | IRQF), PF)

    def test_registers_c_and_d_are_read_only(self):
        self.wr(D, 0)
        self.assertHex(self.rd(D), 0x80)
        self.wr(C, 0xff)
        self.assertHex(self.rd(C) & PF, 0)

    def test_reset_disables_interrupts_and_keeps_ram(self):
        self.wr(0x40, 0x77)
        self.wr(B, H24 | PIE | AIE | UIE)
        self.q.outb(0xcf9, 0x06)
        self.q.step(1000000)
        self.assertHex(self.rd(B) & (PIE | AIE), 0)
        self.assertHex(self.rd(0x40), 0x77)

    def test_reset_disables_update_interrupt(self):
        self.not_reference("it keeps UIE, which the data sheet clears")
        self.wr(B, H24 | UIE)
        self.q.outb(0xcf9, 0x06)
        self.q.step(1000000)
        self.assertHex(self.rd(B) & UIE, 0)

    def test_fastest_rate_ends(self):
        self.wr(A, 0x23)                # 8192 Hz
        self.wr(B, H24 | PIE)
        for _ in range(10):
            self.q.step(1000000)
            self.rd(C)


if __name__ == "__main__":
    main()
