# SPDX-License-Identifier: GPL-2.0-or-later
"""Keyboard controller, PS/2 keyboard and mouse, port 92."""
from kite_qtest import QtestCase, main

DATA, CMD = 0x60, 0x64
OBF, AUX = 0x01, 0x20


class I8042(QtestCase):
    def setUp(self):
        super().setUp()
        self.drain()

    def drain(self):
        for _ in range(300):
            if not self.q.inb(CMD) & OBF:
                return
            self.q.inb(DATA)

    def get(self):
        for _ in range(50):
            if self.q.inb(CMD) & OBF:
                return self.q.inb(DATA)
            self.q.step(1000000)
        self.fail("no byte in the output buffer")

    def command(self, c, *params):
        self.q.outb(CMD, c)
        for p in params:
            self.q.outb(DATA, p)

    def kbd(self, *data):
        """Sends bytes to the keyboard, each acknowledged."""
        for d in data:
            self.q.outb(DATA, d)
            self.assertHex(self.get(), 0xfa, f"answer to {d:#x}")

    def mouse(self, *data):
        for d in data:
            self.command(0xd4, d)
            self.assertHex(self.q.inb(CMD) & (OBF | AUX), OBF | AUX)
            self.assertHex(self.get(), 0xfa, f"answer to {d:#x}")

    def test_self_test(self):
        self.command(0xaa)
        self.assertHex(self.get(), 0x55)
        self.assertHex(self.q.inb(CMD) & 4, 4)

    def test_interface_tests(self):
        self.command(0xab)
        self.assertHex(self.get(), 0)
        self.command(0xa9)
        self.assertHex(self.get(), 0)

    def test_command_byte(self):
        self.command(0x60, 0x65)
        self.command(0x20)
        self.assertHex(self.get(), 0x65)
        self.command(0xad)
        self.command(0xa7)
        self.command(0x20)
        self.assertHex(self.get() & 0x30, 0x30)
        self.command(0xae)
        self.command(0xa8)
        self.command(0x20)
        self.assertHex(self.get() & 0x30, 0)

    def test_system_flag_shows_in_status(self):
        self.not_reference("only the self test sets it")
        self.command(0x60, 0x65)
        self.assertHex(self.q.inb(CMD) & 4, 4)
        self.command(0x60, 0x61)
        self.assertHex(self.q.inb(CMD) & 4, 0)

    def test_output_port_and_a20(self):
        self.command(0xd0)
        self.assertHex(self.get() & 3, 3)
        self.command(0xdd)
        self.command(0xd0)
        self.assertHex(self.get() & 3, 1)
        self.command(0xdf)
        self.command(0xd0)
        self.assertHex(self.get() & 3, 3)
        self.command(0xd1, 0xdd)
        self.command(0xd0)
        self.assertHex(self.get() & 2, 0)

    def test_loop_back_to_both_buffers(self):
        self.command(0xd2, 0x5a)
        self.assertHex(self.q.inb(CMD) & (OBF | AUX), OBF)
        self.assertHex(self.get(), 0x5a)
        self.command(0xd3, 0xa5)
        self.assertHex(self.q.inb(CMD) & (OBF | AUX), OBF | AUX)
        self.assertHex(self.get(), 0xa5)

    def test_interrupts_follow_the_buffer(self):
        self.q.intercept_in()
        self.command(0x60, 0x03)
        self.command(0xd2, 0x11)
        self.assertEqual((self.q.irq(1), self.q.irq(12)), (1, 0))
        self.get()
        self.assertEqual(self.q.irq(1), 0)
        self.command(0xd3, 0x22)
        self.assertEqual((self.q.irq(1), self.q.irq(12)), (0, 1))
        self.get()
        self.assertEqual(self.q.irq(12), 0)
        self.command(0x60, 0x00)
        self.command(0xd2, 0x11)
        self.assertEqual(self.q.irq(1), 0)

    def test_keyboard_reset(self):
        self.kbd(0xff)
        self.assertHex(self.get(), 0xaa)

    def test_keyboard_echo_and_unknown(self):
        self.q.outb(DATA, 0xee)
        self.assertHex(self.get(), 0xee)
        self.q.outb(DATA, 0xef)
        self.assertHex(self.get(), 0xfe)

    def test_keyboard_id_with_and_without_translation(self):
        self.command(0x60, 0x00)
        self.kbd(0xf2)
        self.assertEqual((self.get(), self.get()), (0xab, 0x83))
        self.command(0x60, 0x40)
        self.kbd(0xf2)
        self.assertEqual((self.get(), self.get()), (0xab, 0x41))

    def test_keyboard_scan_code_set(self):
        self.command(0x60, 0x00)
        self.kbd(0xff)
        self.get()
        for n in (1, 2, 3):
            self.kbd(0xf0, n)
            self.kbd(0xf0, 0)
            self.assertEqual(self.get(), n)
        self.command(0x60, 0x40)
        for n, want in ((1, 0x43), (2, 0x41), (3, 0x3f)):
            self.kbd(0xf0, n)
            self.kbd(0xf0, 0)
            self.assertHex(self.get(), want)

    def test_keyboard_parameters(self):
        self.kbd(0xed, 0x07)
        self.kbd(0xf3, 0x20)
        self.kbd(0xf4)
        self.kbd(0xf5)
        self.kbd(0xf6)

    def test_disabled_keyboard_keeps_its_bytes(self):
        self.command(0xad)
        self.q.outb(CMD, 0xd2)
        self.q.outb(DATA, 0x33)
        self.assertHex(self.get(), 0x33)

    def test_mouse_reset_and_id(self):
        self.mouse(0xff)
        self.assertEqual((self.get(), self.get()), (0xaa, 0x00))
        self.mouse(0xf2)
        self.assertEqual(self.get(), 0)

    def test_mouse_becomes_intellimouse_and_explorer(self):
        self.mouse(0xff)
        self.drain()
        self.mouse(0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf2)
        self.assertEqual(self.get(), 3)
        self.mouse(0xf3, 200, 0xf3, 200, 0xf3, 80, 0xf2)
        self.assertEqual(self.get(), 4)

    def test_mouse_status(self):
        self.mouse(0xff)
        self.drain()
        self.mouse(0xe8, 3, 0xf3, 60, 0xe7, 0xe9)
        self.assertEqual([self.get() for _ in range(3)], [0x10, 3, 60])
        self.mouse(0xf4, 0xe9)
        self.assertEqual([self.get() for _ in range(3)], [0x30, 3, 60])

    def test_mouse_poll_gives_a_packet(self):
        self.mouse(0xff)
        self.drain()
        self.mouse(0xf0, 0xeb)
        self.assertEqual([self.get() for _ in range(3)], [0x08, 0, 0])

    def test_mouse_wrap_mode_echoes(self):
        self.mouse(0xee)
        self.command(0xd4, 0x55)
        self.assertHex(self.get(), 0x55)
        self.command(0xd4, 0xec)
        self.assertHex(self.get(), 0xfa)
        self.mouse(0xf2)
        self.get()

    def test_mouse_unknown_command(self):
        self.not_reference("it answers nothing")
        self.command(0xd4, 0xe1)
        self.assertHex(self.get(), 0xfe)

    def test_answers_of_two_devices_keep_order(self):
        self.q.outb(DATA, 0xee)
        self.command(0xd4, 0xf2)
        got = [(self.q.inb(CMD) & AUX, self.get()) for _ in range(3)]
        self.assertEqual(got, [(0, 0xee), (AUX, 0xfa), (AUX, 0x00)])

    def test_cpu_reset_by_pulse(self):
        self.q.outb(0x21, 0x5a)
        self.command(0xfe)
        self.q.step(10000000)
        self.assertHex(self.q.inb(0x21), 0)

    def test_port_92(self):
        self.q.outb(0x92, 0x02)
        self.assertHex(self.q.inb(0x92), 0x02)
        self.q.outb(0x92, 0x00)
        self.assertHex(self.q.inb(0x92), 0x00)
        self.q.outb(0x21, 0x5a)
        self.q.outb(0x92, 0x03)
        self.q.step(10000000)
        self.assertHex(self.q.inb(0x21), 0)
        self.assertHex(self.q.inb(0x92) & 1, 0)


if __name__ == "__main__":
    main()
