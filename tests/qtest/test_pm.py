# SPDX-License-Identifier: GPL-2.0-or-later
"""PIIX4 power management: relocation, PM timer, PM1 and GPE0 registers, APM, SMBus, hotplug registers."""
from kite_qtest import QtestCase, exact_time, main

PM, BASE = 0x0b, 0x600
HZ = 3579545


class Pm(QtestCase):
    def setUp(self):
        super().setUp()
        self.q.pci_writel(PM, 0x40, BASE | 1)
        self.q.pci_writeb(PM, 0x80, 1)

    @exact_time
    def test_timer_runs_at_its_rate(self):
        start = self.q.inl(BASE + 8)
        self.q.step(1000000000)
        self.assertIn(((self.q.inl(BASE + 8) - start) & 0xffffff) - HZ, range(-2, 3))

    def test_timer_has_24_bits(self):
        self.assertLess(self.q.inl(BASE + 8), 1 << 24)

    def test_block_moves(self):
        self.q.outw(BASE + 2, 0x0120)
        self.assertHex(self.q.inw(BASE + 2), 0x0120)
        self.q.pci_writel(PM, 0x40, 0xb001)
        self.assertHex(self.q.inw(0xb002), 0x0120)
        self.assertHex(self.q.inw(BASE + 2), 0xffff)

    @exact_time
    def test_timer_status_is_write_one_to_clear(self):
        self.q.step(3000000000)
        self.assertHex(self.q.inw(BASE) & 1, 1)
        self.q.outw(BASE, 1)
        self.assertHex(self.q.inw(BASE) & 1, 0)
        self.q.step(3000000000)
        self.assertHex(self.q.inw(BASE) & 1, 1)

    def test_acpi_enable_by_the_command_port(self):
        self.q.outb(0xb2, 0xf1)
        self.assertHex(self.q.inw(BASE + 4) & 1, 1)
        self.q.outb(0xb2, 0xf0)
        self.assertHex(self.q.inw(BASE + 4) & 1, 0)

    def test_apm_ports_keep_their_values(self):
        self.q.outb(0xb2, 0x34)
        self.q.outb(0xb3, 0x56)
        self.assertHex(self.q.inb(0xb2), 0x34)
        self.assertHex(self.q.inb(0xb3), 0x56)

    def test_gpe_enables(self):
        self.assertHex(self.q.inl(0xafe0), 0)
        self.q.outb(0xafe2, 0x06)
        self.assertHex(self.q.inb(0xafe2), 0x06)

    def test_hotplug_registers_at_rest(self):
        self.assertHex(self.q.inl(0xae00), 0)
        self.assertHex(self.q.inl(0xae04), 0)
        self.q.outl(0xaf00, 0)
        self.assertHex(self.q.inb(0xaf04) & 1, 1)

    def test_smbus_reads_an_eeprom_and_misses_others(self):
        self.not_reference("without a memory module its first EEPROM does not answer")
        for slave, want in ((0x50, 2), (0x20, 4)):
            self.q.outb(0x700, 0xff)
            self.q.outb(0x704, slave << 1 | 1)
            self.q.outb(0x703, 0)
            self.q.outb(0x702, 0x48)
            for _ in range(1000):
                if self.q.inb(0x700) & 0x1e:
                    break
            self.assertHex(self.q.inb(0x700) & 0x06, want, hex(slave))

    def test_power_off_ends_the_program(self):
        self.q.outw(BASE + 4, 0x2000)
        self.assertEqual(self.q.wait_exit(), 0)


if __name__ == "__main__":
    main()
