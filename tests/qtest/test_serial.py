# SPDX-License-Identifier: GPL-2.0-or-later
"""16550A serial port: registers, FIFOs, interrupts, loopback, data both ways."""
from kite_qtest import QtestCase, exact_time, main

BASE = 0x3f8
DATA, IER, FCR, IIR, LCR, MCR, LSR, MSR, SCR = 0, 1, 2, 2, 3, 4, 5, 6, 7
DR, OE, BI, THRE, TEMT = 1, 2, 0x10, 0x20, 0x40


class Serial(QtestCase):
    args = ["-serial", "chardev:s0", "-serial", "null"]
    options = {"chardevs": ["s0"]}

    def rd(self, reg):
        return self.q.inb(BASE + reg)

    def wr(self, reg, v):
        self.q.outb(BASE + reg, v)

    def test_reset_values(self):
        self.assertHex(self.rd(IER), 0)
        self.assertHex(self.rd(IIR), 0x01)
        self.assertHex(self.rd(LCR), 0)
        self.assertHex(self.rd(MCR), 0x08)
        self.assertHex(self.rd(LSR), 0x60)
        self.assertHex(self.rd(MSR), 0xb0)

    def test_scratch_and_line_control(self):
        for v in (0x00, 0x5a, 0xff):
            self.wr(SCR, v)
            self.assertHex(self.rd(SCR), v)
        self.wr(LCR, 0x1b)
        self.assertHex(self.rd(LCR), 0x1b)

    def test_divisor_latch(self):
        self.wr(LCR, 0x83)
        self.wr(0, 0x34)
        self.wr(1, 0x12)
        self.assertHex(self.rd(0), 0x34)
        self.assertHex(self.rd(1), 0x12)
        self.wr(0, 0)
        self.wr(1, 0)
        self.wr(LCR, 0x03)
        self.assertHex(self.rd(IER), 0)

    def test_reserved_bits_read_zero(self):
        self.wr(IER, 0xff)
        self.assertHex(self.rd(IER), 0x0f)
        self.wr(IER, 0)
        self.wr(MCR, 0xff)
        self.assertHex(self.rd(MCR), 0x1f)
        self.wr(MCR, 0)

    def test_transmit(self):
        for c in b"hello":
            self.assertHex(self.rd(LSR) & THRE, THRE)
            self.wr(DATA, c)
        self.assertEqual(self.q.char_get("s0", 5), b"hello")

    def test_transmit_with_fifo(self):
        self.wr(FCR, 1)
        for c in b"0123456789abcdef":
            self.wr(DATA, c)
        self.assertEqual(self.q.char_get("s0", 16), b"0123456789abcdef")
        self.assertHex(self.rd(LSR) & (THRE | TEMT), THRE | TEMT)

    def test_receive_without_fifo(self):
        self.q.char_put("s0", b"ab")
        self.assertHex(self.rd(LSR) & DR, DR)
        self.assertEqual(self.rd(DATA), ord("a"))
        self.q.step(10000000)
        self.assertEqual(self.rd(DATA), ord("b"))
        self.q.step(10000000)
        self.assertHex(self.rd(LSR) & DR, 0)

    def test_receive_with_fifo(self):
        self.wr(FCR, 1)
        self.q.char_put("s0", bytes(range(16)))
        got = []
        for _ in range(200):
            if self.rd(LSR) & DR:
                got.append(self.rd(DATA))
            elif len(got) == 16:
                break
            else:
                self.q.step(1000000)
        self.assertEqual(got, list(range(16)))

    def test_receive_interrupt(self):
        self.q.intercept_in()
        self.wr(IER, 1)
        self.q.char_put("s0", b"x")
        self.assertEqual(self.q.irq(4), 1)
        self.assertHex(self.rd(IIR), 0x04)
        self.rd(DATA)
        self.assertEqual(self.q.irq(4), 0)
        self.assertHex(self.rd(IIR), 0x01)

    @exact_time
    def test_fifo_trigger_level(self):
        self.wr(FCR, 0x81)              # 8 characters
        self.wr(IER, 1)
        self.q.char_put("s0", b"12345678")
        self.assertHex(self.rd(IIR), 0xc4)
        self.rd(DATA)
        self.assertNotEqual(self.rd(IIR), 0xc4)

    @exact_time
    def test_fifo_timeout(self):
        self.wr(LCR, 0x83)
        self.wr(0, 1)
        self.wr(1, 0)
        self.wr(LCR, 0x03)
        self.wr(FCR, 0x81)
        self.wr(IER, 1)
        self.q.char_put("s0", b"12")
        self.assertHex(self.rd(IIR), 0xc1)
        self.q.step(300000)
        self.assertHex(self.rd(IIR), 0xc1)
        self.q.step(100000)
        self.assertHex(self.rd(IIR), 0xcc)
        self.rd(DATA)
        self.assertHex(self.rd(IIR), 0xc1)

    def test_transmit_interrupt(self):
        self.q.intercept_in()
        self.wr(IER, 2)
        self.assertEqual(self.q.irq(4), 1)
        self.assertHex(self.rd(IIR), 0x02)
        self.assertEqual(self.q.irq(4), 0)
        self.q.take_edges(4)
        self.wr(DATA, 0x41)
        self.assertEqual(self.q.take_edges(4)[-1:], [1])
        self.assertHex(self.rd(IIR), 0x02)
        self.assertHex(self.rd(IIR), 0x01)

    def test_receive_goes_before_transmit(self):
        self.wr(IER, 3)
        self.q.char_put("s0", b"x")
        self.assertHex(self.rd(IIR), 0x04)
        self.rd(DATA)
        self.assertHex(self.rd(IIR), 0x02)

    def test_fcr_clears_fifos(self):
        self.wr(FCR, 1)
        self.q.char_put("s0", b"12345")
        self.wr(FCR, 3)
        self.assertHex(self.rd(LSR) & DR, 0)
        self.assertHex(self.rd(IIR) & 0xc0, 0xc0)
        self.wr(FCR, 0)
        self.assertHex(self.rd(IIR) & 0xc0, 0)

    def test_loopback_data(self):
        self.wr(MCR, 0x10)
        self.wr(DATA, 0x5a)
        self.assertHex(self.rd(LSR) & DR, DR)
        self.assertHex(self.rd(DATA), 0x5a)
        self.wr(MCR, 0x08)
        self.assertTrue(self.q.char_empty("s0"))

    def test_loopback_modem_lines(self):
        for mcr, msr in ((0x10, 0), (0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1f, 0xf0)):
            self.wr(MCR, mcr)
            self.assertHex(self.rd(MSR) & 0xf0, msr)
        self.wr(MCR, 0)

    def test_break_in_loopback(self):
        self.not_reference("it does not loop the break")
        self.wr(MCR, 0x10)
        self.wr(LCR, 0x43)
        self.assertHex(self.rd(LSR) & (BI | DR), BI | DR)
        self.assertHex(self.rd(LSR) & BI, 0)

    def test_second_port(self):
        self.q.outb(0x2f8 + SCR, 0x77)
        self.assertHex(self.q.inb(0x2f8 + SCR), 0x77)
        self.assertHex(self.q.inb(0x3e8 + SCR), 0xff)

    def test_backpressure_loses_nothing(self):
        self.wr(FCR, 1)
        self.q.char_put("s0", bytes(i & 0xff for i in range(200)))
        got = []
        for _ in range(2000):
            if self.rd(LSR) & DR:
                got.append(self.rd(DATA))
            elif len(got) == 200:
                break
            else:
                self.q.step(1000000)
        self.assertEqual(got, [i & 0xff for i in range(200)])


class SharedLine(QtestCase):
    """COM1 and COM3 have one interrupt line: it is high while either asks."""
    args = ("-chardev", "null,id=x", "-device", "isa-serial,chardev=x,index=0",
            "-chardev", "null,id=y", "-device", "isa-serial,chardev=y,index=2")

    def test_wired_or(self):
        self.not_reference("the last to move wins")
        self.q.intercept_in()
        for base in (0x3f8, 0x3e8):
            self.q.outb(base + 4, 8)            # OUT2 lets interrupts through
            self.q.outb(base + 1, 2)
        self.assertEqual(self.q.irq(4), 1)
        self.q.outb(0x3f8 + 1, 0)
        self.assertEqual(self.q.irq(4), 1)
        self.q.outb(0x3e8 + 1, 0)
        self.assertEqual(self.q.irq(4), 0)


if __name__ == "__main__":
    main()
