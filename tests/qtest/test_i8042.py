# SPDX-License-Identifier: GPL-2.0-or-later
"""Keyboard controller, PS/2 keyboard and mouse, port 92."""
import time

from kite_qtest import IS_REFERENCE, QtestCase, exact_time, main

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


class Keys(QtestCase):
    """Scan codes of keys sent by the monitor, as the guest reads them."""
    args = ["-monitor", "chardev:mon"]
    options = {"chardevs": ["mon"]}

    def setUp(self):
        super().setUp()
        for c, p in ((0x60, 0x41), (0xf4, None)):
            if p is None:
                self.q.outb(DATA, c)
            else:
                self.q.outb(CMD, c)
                self.q.outb(DATA, p)
        self.codes()

    def codes(self):
        """All bytes that arrive within 300 ms."""
        got = []
        for _ in range(15):
            while self.q.inb(CMD) & OBF:
                got.append(self.q.inb(DATA))
            self.q.step(20000000)
            if not IS_REFERENCE:
                time.sleep(0.01)
        return bytes(got).hex()

    def press(self, keys):
        self.q.char_put("mon", f"sendkey {keys} 60\n".encode())
        return self.codes()

    def set_scan_code(self, n, translate):
        self.q.outb(CMD, 0x60)
        self.q.outb(DATA, 0x41 if translate else 0x01)
        self.q.outb(DATA, 0xf0)
        self.q.outb(DATA, n)
        self.codes()

    def test_set_2_translated(self):
        for keys, codes in (("a", "1e9e"), ("ret", "1c9c"), ("f7", "41c1"), ("f12", "58d8"),
                            ("kp_enter", "e01ce09c"), ("up", "e048e0c8"), ("meta_l", "e05be0db"),
                            ("shift-b", "2a30b0aa"), ("ctrl-alt-delete", "1d38e053e0d3b89d")):
            self.assertEqual(self.press(keys), codes, keys)

    def test_set_2_raw(self):
        self.set_scan_code(2, False)
        for keys, codes in (("a", "1cf01c"), ("f7", "83f083"), ("up", "e075e0f075"),
                            ("kp_multiply", "7cf07c"), ("ctrl_r", "e014e0f014")):
            self.assertEqual(self.press(keys), codes, keys)

    def test_set_1(self):
        self.set_scan_code(1, False)
        self.assertEqual(self.press("a"), "1e9e")
        self.assertEqual(self.press("delete"), "e053e0d3")

    def test_set_3(self):
        self.set_scan_code(3, False)
        for keys, codes in (("a", "1cf01c"), ("esc", "08f008"), ("f1", "07f007"), ("up", "63f063"),
                            ("caps_lock", "14f014"), ("kp_enter", "79f079")):
            self.assertEqual(self.press(keys), codes, keys)

    def test_print_and_pause(self):
        self.assertEqual(self.press("print"), "e02ae037e0b7e0aa")
        self.assertEqual(self.press("pause"), "e11d45e19dc5")
        self.set_scan_code(2, False)
        self.assertEqual(self.press("print"), "e012e07ce0f07ce0f012")

    def test_disabled_scanning_sends_nothing(self):
        self.q.outb(DATA, 0xf5)
        self.codes()
        self.assertEqual(self.press("a"), "")

    @exact_time
    def test_typematic(self):
        self.q.outb(DATA, 0xf3)
        self.q.outb(DATA, 0x00)         # 250 ms, then 30 a second
        self.codes()
        self.q.char_put("mon", b"sendkey a 5000\n")
        self.q.step(200000000)
        self.assertEqual(self.q.inb(DATA), 0x1e)
        n = 0
        for _ in range(110):
            self.q.step(10000000)
            if self.q.inb(CMD) & OBF:
                self.assertEqual(self.q.inb(DATA), 0x1e)
                n += 1
        self.assertIn(n, range(29, 34))


if __name__ == "__main__":
    main()
