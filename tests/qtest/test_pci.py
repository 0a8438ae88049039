# SPDX-License-Identifier: GPL-2.0-or-later
"""Host bridge and PCI bus: mechanism #1, BARs, attribute map, SMRAM, interrupt routing registers."""
from kite_qtest import QtestCase, main

BRIDGE, PIIX3, IDE, PM, VGA = 0x00, 0x08, 0x09, 0x0b, 0x10


class Config(QtestCase):
    args = ("-vga", "std")

    def test_identity_of_the_board_functions(self):
        for devfn, want in ((BRIDGE, 0x12378086), (PIIX3, 0x70008086), (IDE, 0x70108086),
                            (PM, 0x71138086), (VGA, 0x11111234), (0x18, 0xffffffff)):
            self.assertHex(self.q.pci_readl(devfn, 0), want, hex(devfn))
        self.assertHex(self.q.pci_readl(BRIDGE, 0x2c), 0x11001af4)
        self.assertHex(self.q.pci_readb(PIIX3, 0x0e), 0x80)

    def test_bytes_and_words_at_the_data_port(self):
        self.q.outl(0xcf8, 0x80000000)
        self.assertHex(self.q.inb(0xcfd), 0x80)
        self.assertHex(self.q.inw(0xcfe), 0x1237)

    def test_disabled_or_foreign_bus_reads_ones(self):
        self.q.outl(0xcf8, 0x00000000)
        self.assertHex(self.q.inl(0xcfc), 0xffffffff)
        self.q.outl(0xcf8, 0x80050000)
        self.assertHex(self.q.inl(0xcfc), 0xffffffff)

    def test_address_port_takes_double_words_only(self):
        self.q.outl(0xcf8, 0x80000800)
        self.q.outb(0xcf8, 0x10)
        self.assertHex(self.q.inl(0xcf8), 0x80000800)

    def test_identity_is_read_only(self):
        self.q.pci_writel(BRIDGE, 0, 0)
        self.assertHex(self.q.pci_readl(BRIDGE, 0), 0x12378086)

    def test_bar_sizes(self):
        for devfn, reg, want in ((VGA, 0x10, 0xff000008), (VGA, 0x18, 0xfffff000), (IDE, 0x20, 0xfffffff1),
                                 (VGA, 0x14, 0), (BRIDGE, 0x10, 0)):
            self.q.pci_writel(devfn, reg, 0xffffffff)
            self.assertHex(self.q.pci_readl(devfn, reg), want, f"{devfn:x}:{reg:x}")
        self.q.pci_writel(VGA, 0x30, 0xfffff800)
        self.assertHex(self.q.pci_readl(VGA, 0x30), 0xffff0000)

    def test_bar_moves_with_its_register(self):
        self.q.pci_writel(VGA, 0x10, 0xe0000000)
        self.q.pci_writew(VGA, 4, 2)
        self.q.writel(0xe0000000, 0x12345678)
        self.assertHex(self.q.readl(0xe0000000), 0x12345678)
        self.q.pci_writel(VGA, 0x10, 0xe8000000)
        self.assertHex(self.q.readl(0xe8000000), 0x12345678)
        self.assertNotEqual(self.q.readl(0xe0000000), 0x12345678)
        self.q.pci_writew(VGA, 4, 0)

    def test_rom_bar(self):
        self.q.pci_writel(VGA, 0x30, 0xfe000001)
        self.q.pci_writew(VGA, 4, 2)
        self.assertHex(self.q.readw(0xfe000000), 0xaa55)
        self.q.pci_writel(VGA, 0x30, 0xfe000000)
        self.assertNotEqual(self.q.readw(0xfe000000), 0xaa55)

    def test_pirq_registers(self):
        self.assertHex(self.q.pci_readl(PIIX3, 0x60), 0x80808080)
        self.q.pci_writel(PIIX3, 0x60, 0x0b0b0a0a)
        self.assertHex(self.q.pci_readl(PIIX3, 0x60), 0x0b0b0a0a)


class Map(QtestCase):
    args = ("-vga", "std")

    def test_attribute_map(self):
        self.not_reference("its test port writes through read-only areas")
        self.q.pci_writeb(BRIDGE, 0x5a, 0x33)       # 0xc0000: RAM
        self.q.writel(0xc0000, 0x11223344)
        self.assertHex(self.q.readl(0xc0000), 0x11223344)
        self.q.pci_writeb(BRIDGE, 0x5a, 0x11)       # reads from RAM, writes go nowhere
        self.q.writel(0xc0000, 0x55667788)
        self.assertHex(self.q.readl(0xc0000), 0x11223344)
        self.q.pci_writeb(BRIDGE, 0x5a, 0x00)
        self.assertNotEqual(self.q.readl(0xc0000), 0x11223344)
        self.q.pci_writeb(BRIDGE, 0x5a, 0x33)
        self.assertHex(self.q.readl(0xc0000), 0x11223344)

    def test_bios_area_shows_rom_until_mapped(self):
        self.assertHex(self.q.readl(0xffffc), self.q.readl(0xfffffffc))

    def test_smram_opens_and_locks(self):
        self.q.writeb(0xa0000, 0x5a)
        self.q.pci_writeb(BRIDGE, 0x72, 0x4a)
        self.q.writeb(0xa0000, 0xa5)
        self.assertHex(self.q.readb(0xa0000), 0xa5)
        self.q.pci_writeb(BRIDGE, 0x72, 0x0a)
        self.assertNotEqual(self.q.readb(0xa0000), 0xa5)
        self.q.pci_writeb(BRIDGE, 0x72, 0x4a)
        self.assertHex(self.q.readb(0xa0000), 0xa5)


if __name__ == "__main__":
    main()
