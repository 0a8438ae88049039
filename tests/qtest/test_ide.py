# SPDX-License-Identifier: GPL-2.0-or-later
"""IDE: identify, PIO and bus-master transfers, 48-bit addresses, errors, ATAPI."""
import os
import struct
import tempfile
import time

from kite_qtest import QtestCase, main

IDE, BM = 0x09, 0xc000
SECTORS = 4096


def pattern(sector, size=512):
    return struct.pack("<I", sector) * (size // 4)


class Ide(QtestCase):
    def setUp(self):
        fd, self.disk = tempfile.mkstemp()
        with os.fdopen(fd, "wb") as f:
            for i in range(SECTORS):
                f.write(pattern(i))
        fd, self.cd = tempfile.mkstemp()
        with os.fdopen(fd, "wb") as f:
            for i in range(64):
                f.write(pattern(i, 2048))
        self.args = ("-drive", f"file={self.disk},format=raw,if=ide,index=0",
                     "-drive", f"file={self.cd},format=raw,if=ide,index=2,media=cdrom")
        super().setUp()
        self.addCleanup(os.unlink, self.disk)
        self.addCleanup(os.unlink, self.cd)
        self.q.pci_writel(IDE, 0x20, BM | 1)
        self.q.pci_writew(IDE, 4, 5)

    def wait(self, base=0x1f0):
        for _ in range(500):
            status = self.q.inb(base + 7)
            if not status & 0x80:
                return status
            self.q.step(1000000)
            time.sleep(0.001)
        self.fail("the drive stays busy")

    def command(self, cmd, lba, count, base=0x1f0):
        self.q.outb(base + 6, 0xe0 | lba >> 24)
        for i, v in enumerate((count, lba, lba >> 8, lba >> 16)):
            self.q.outb(base + 2 + i, v & 0xff)
        self.q.outb(base + 7, cmd)

    def data(self, n, base=0x1f0):
        return b"".join(struct.pack("<H", self.q.inw(base)) for _ in range(n // 2))

    def test_identify(self):
        self.command(0xec, 0, 0)
        self.assertHex(self.wait() & 0xc9, 0x48)
        words = struct.unpack("<256H", self.data(512))
        self.assertHex(words[0], 0x40)
        self.assertEqual(words[60] | words[61] << 16, SECTORS)
        self.assertEqual(b"".join(struct.pack(">H", w) for w in words[27:47]).strip(), b"QEMU HARDDISK")
        self.assertEqual(b"".join(struct.pack(">H", w) for w in words[10:20]).strip(), b"QM00001")

    def test_pio_read_of_several_sectors(self):
        self.command(0x20, 100, 3)
        got = b""
        for _ in range(3):
            self.assertHex(self.wait() & 0xc9, 0x48)
            got += self.data(512)
        self.assertEqual(got, pattern(100) + pattern(101) + pattern(102))
        self.assertHex(self.wait() & 0x89, 0)

    def test_pio_write_and_read_back(self):
        self.command(0x30, 7, 1)
        self.assertHex(self.wait() & 0xc9, 0x48)
        for _ in range(256):
            self.q.outw(0x1f0, 0xbeef)
        self.assertHex(self.wait() & 0x89, 0)
        self.command(0x20, 7, 1)
        self.wait()
        self.assertEqual(self.data(512), b"\xef\xbe" * 256)

    def test_lba48_read(self):
        self.q.outb(0x1f6, 0x40)
        for reg, hob, low in ((2, 0, 1), (3, 0, 0x34), (4, 0, 0x02), (5, 0, 0)):
            self.q.outb(0x1f0 + reg, hob)
            self.q.outb(0x1f0 + reg, low)
        self.q.outb(0x1f7, 0x24)
        self.wait()
        self.assertEqual(self.data(512), pattern(0x234))

    def test_beyond_the_end_is_refused(self):
        self.command(0x20, SECTORS, 1)
        self.assertHex(self.wait() & 1, 1)
        self.assertNotEqual(self.q.inb(0x1f1) & 0x14, 0)

    def test_unknown_command_aborts(self):
        self.command(0xff, 0, 0)
        self.assertHex(self.wait() & 1, 1)
        self.assertHex(self.q.inb(0x1f1), 4)

    def dma(self, cmd, lba, count, prds, write):
        for i, (at, size) in enumerate(prds):
            last = 0x80000000 if i == len(prds) - 1 else 0
            self.q.write(0x1000 + 8 * i, struct.pack("<II", at, size & 0xffff | last))
        self.q.outb(BM, 0)
        self.q.outb(BM + 2, 6)
        self.q.outl(BM + 4, 0x1000)
        self.command(cmd, lba, count)
        self.q.outb(BM, 1 if write else 9)
        for _ in range(500):
            if not self.q.inb(BM + 2) & 1:
                break
            self.q.step(1000000)
            time.sleep(0.001)
        self.wait()
        return self.q.inb(BM + 2)

    def test_dma_read_scatters(self):
        status = self.dma(0xc8, 16, 4, [(0x20000, 512), (0x30000, 1024), (0x40000, 512)], False)
        self.assertHex(status & 7, 4)
        self.assertEqual(self.q.read(0x20000, 512), pattern(16))
        self.assertEqual(self.q.read(0x30000, 1024), pattern(17) + pattern(18))
        self.assertEqual(self.q.read(0x40000, 512), pattern(19))

    def test_dma_write(self):
        self.q.write(0x20000, pattern(0xabcdef) * 2)
        self.assertHex(self.dma(0xca, 50, 2, [(0x20000, 1024)], True) & 7, 4)
        self.assertHex(self.dma(0xc8, 50, 2, [(0x30000, 1024)], False) & 7, 4)
        self.assertEqual(self.q.read(0x30000, 1024), pattern(0xabcdef) * 2)

    def test_software_reset_shows_signatures(self):
        self.q.outb(0x3f6, 4)
        self.q.outb(0x3f6, 0)
        self.wait()
        self.assertEqual([self.q.inb(0x1f2 + i) for i in range(4)], [1, 1, 0, 0])
        self.q.outb(0x376, 4)
        self.q.outb(0x376, 0)
        self.wait(0x170)
        self.assertEqual([self.q.inb(0x172 + i) for i in range(4)], [1, 1, 0x14, 0xeb])

    def packet(self, cdb, limit=0xfffe):
        base = 0x170
        self.q.outb(base + 6, 0xa0)
        self.q.outb(base + 1, 0)
        self.q.outb(base + 4, limit & 0xff)
        self.q.outb(base + 5, limit >> 8)
        self.q.outb(base + 7, 0xa0)
        self.assertHex(self.wait(base) & 8, 8)
        cdb = cdb.ljust(12, b"\0")
        for i in range(0, 12, 2):
            self.q.outw(base, cdb[i] | cdb[i + 1] << 8)
        got = b""
        while True:
            status = self.wait(base)
            if not status & 8:
                return status, got
            got += self.data(self.q.inb(base + 4) | self.q.inb(base + 5) << 8, base)

    def test_atapi_inquiry_and_capacity(self):
        status, got = self.packet(b"\x12\0\0\0\x24")
        self.assertHex(status & 1, 0)
        self.assertEqual(got[8:28], b"QEMU    QEMU DVD-ROM")
        for _ in range(3):
            status, got = self.packet(b"\x25")
            if not status & 1:
                break
            self.packet(b"\x03\0\0\0\x12")
        self.assertEqual(struct.unpack(">II", got), (63, 2048))

    def test_atapi_read_in_portions(self):
        for _ in range(3):
            status, got = self.packet(b"\x28\0" + struct.pack(">IBH", 5, 0, 3), 1024)
            if not status & 1:
                break
            self.packet(b"\x03\0\0\0\x12")
        self.assertEqual(got, pattern(5, 2048) + pattern(6, 2048) + pattern(7, 2048))

    def test_atapi_bad_address_leaves_sense(self):
        for _ in range(3):
            status, _ = self.packet(b"\x28\0" + struct.pack(">IBH", 64, 0, 1))
            _, sense = self.packet(b"\x03\0\0\0\x12")
            if sense[2] == 5:
                break
        self.assertHex(status & 1, 1)
        self.assertEqual((sense[2] & 15, sense[12]), (5, 0x21))


if __name__ == "__main__":
    main()
