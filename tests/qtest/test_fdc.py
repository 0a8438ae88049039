# SPDX-License-Identifier: GPL-2.0-or-later
"""Floppy controller: reset, sense, seek, reads without and with DMA, media change."""
import os
import struct
import tempfile

from kite_qtest import QtestCase, main

DOR, MSR, FIFO, DIR = 0x3f2, 0x3f4, 0x3f5, 0x3f7


class Fdc(QtestCase):
    def setUp(self):
        fd, self.image = tempfile.mkstemp()
        with os.fdopen(fd, "wb") as f:
            for i in range(2880):
                f.write(struct.pack("<I", i) * 128)
        self.args = ("-drive", f"file={self.image},format=raw,if=floppy")
        super().setUp()
        self.addCleanup(os.unlink, self.image)
        self.q.outb(DOR, 0x08)
        self.q.outb(DOR, 0x1c)
        for _ in range(4):
            self.send(8)
            self.take(2)

    def send(self, *data):
        for b in data:
            self.assertHex(self.q.inb(MSR) & 0xc0, 0x80)
            self.q.outb(FIFO, b)

    def take(self, n):
        out = []
        for _ in range(n):
            self.assertHex(self.q.inb(MSR) & 0xc0, 0xc0)
            out.append(self.q.inb(FIFO))
        return out

    def seek(self, cyl):
        self.send(0x0f, 0, cyl)
        self.send(8)
        self.assertEqual(self.take(2), [0x20, cyl])

    def test_version(self):
        self.send(0x10)
        self.assertEqual(self.take(1), [0x90])

    def test_unknown_command(self):
        self.send(0x1f)
        self.assertEqual(self.take(1), [0x80])

    def test_seek_and_recalibrate(self):
        self.seek(40)
        self.send(0x07, 0)
        self.send(8)
        self.assertEqual(self.take(2), [0x20, 0])

    def test_media_change_until_a_step(self):
        self.assertHex(self.q.inb(DIR) & 0x80, 0x80)
        self.seek(1)
        self.assertHex(self.q.inb(DIR) & 0x80, 0)

    def test_read_without_dma(self):
        self.send(0x03, 0xaf, 0x03)
        self.seek(2)
        self.send(0xe6, 4, 2, 1, 5, 2, 5, 0x1b, 0xff)
        got = bytes(self.take(512))
        self.assertEqual(got, struct.pack("<I", (2 * 2 + 1) * 18 + 4) * 128)
        self.take(7)

    def test_read_by_dma(self):
        self.send(0x03, 0xaf, 0x02)
        self.q.outb(0x0a, 0x06)
        self.q.outb(0x0c, 0)
        for port, v in ((0x04, 0x00), (0x04, 0x40), (0x81, 0x02), (0x05, 0xff), (0x05, 0x03)):
            self.q.outb(port, v)
        self.q.outb(0x0b, 0x46)
        self.q.outb(0x08, 0)
        self.q.outb(0xd6, 0xc0)
        self.q.outb(0xd4, 0)
        self.q.outb(0x0a, 0x02)
        self.send(0xe6, 0, 0, 0, 3, 2, 18, 0x1b, 0xff)
        for _ in range(100):
            if self.q.inb(MSR) & 0xc0 == 0xc0:
                break
            self.q.step(1000000)
        result = self.take(7)
        self.assertHex(result[0] & 0xc0, 0)
        want = b"".join(struct.pack("<I", i) * 128 for i in (2, 3))
        self.assertEqual(self.q.read(0x24000, 1024), want)

    def test_sector_that_is_not_there(self):
        self.send(0x03, 0xaf, 0x02)
        self.send(0xe6, 0, 0, 0, 30, 2, 36, 0x1b, 0xff)
        result = self.take(7)
        self.assertHex(result[0] & 0xc0, 0x40)


if __name__ == "__main__":
    main()
