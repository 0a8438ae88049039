# SPDX-License-Identifier: GPL-2.0-or-later
"""fw_cfg: keys, directory, files, byte port, DMA."""
import os
import struct
import tempfile

from kite_qtest import QtestCase, main

SEL, DATA, DMA = 0x510, 0x511, 0x514
ERROR, READ, SKIP, SELECT, WRITE = 1, 2, 4, 8, 16
BUF, DESC = 0x10000, 0x20000


class FwCfg(QtestCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile(delete=False) as f:
            f.write(b"from a file")
        self.addCleanup(os.unlink, f.name)
        self.args = ["-fw_cfg", "name=opt/org.test/b,string=hello", "-fw_cfg",
                     f"name=opt/org.test/a,file={f.name}", "-m", "64",
                     "-uuid", "00112233-4455-6677-8899-aabbccddeeff", "-smp", "2"]
        super().setUp()

    def port(self, key, n):
        self.q.outw(SEL, key)
        return bytes(self.q.inb(DATA) for _ in range(n))

    def dma(self, control, length, addr):
        self.q.write(DESC, struct.pack(">IIQ", control, length, addr))
        self.q.outl(DMA + 4, int.from_bytes(struct.pack(">I", DESC), "little"))
        return struct.unpack(">I", self.q.read(DESC, 4))[0]

    def directory(self):
        count = struct.unpack(">I", self.port(0x19, 4))[0]
        rows = []
        for _ in range(count):
            size, key, _, name = struct.unpack(">IHH56s", bytes(self.q.inb(DATA) for _ in range(64)))
            rows.append((name.rstrip(b"\0").decode(), key, size))
        return rows

    def test_signature_and_id(self):
        self.assertEqual(self.port(0, 4), b"QEMU")
        self.assertEqual(self.port(1, 4), b"\3\0\0\0")

    def test_values(self):
        self.assertEqual(self.port(2, 16).hex(), "00112233445566778899aabbccddeeff")
        self.assertEqual(struct.unpack("<Q", self.port(3, 8))[0], 64 << 20)
        self.assertEqual(struct.unpack("<H", self.port(5, 2))[0], 2)

    def test_reading_past_the_end_gives_zeros(self):
        self.assertEqual(self.port(0, 8), b"QEMU\0\0\0\0")

    def test_unknown_key_reads_zero(self):
        for key in (0x3ff0, 0x7fff, 0xbfff, 0xffff):
            self.assertEqual(self.port(key, 4), b"\0\0\0\0")

    def test_directory_is_sorted_and_keys_rise(self):
        rows = self.directory()
        names = [r[0] for r in rows]
        self.assertEqual(names, sorted(names))
        self.assertEqual([r[1] for r in rows], list(range(0x20, 0x20 + len(rows))))

    def test_user_files(self):
        rows = {r[0]: r for r in self.directory()}
        name, key, size = rows["opt/org.test/b"]
        self.assertEqual(self.port(key, size), b"hello")
        name, key, size = rows["opt/org.test/a"]
        self.assertEqual(self.port(key, size), b"from a file")

    def test_dma_signature(self):
        self.assertHex(self.q.inl(DMA), int.from_bytes(b"QEMU", "little"))
        self.assertHex(self.q.inl(DMA + 4), int.from_bytes(b" CFG", "little"))

    def test_dma_read(self):
        self.q.memset(BUF, 16, 0xff)
        self.assertEqual(self.dma(SELECT | READ, 8, BUF), 0)
        self.assertEqual(self.q.read(BUF, 9), b"QEMU\0\0\0\0\xff")

    def test_dma_skip_then_read(self):
        self.assertEqual(self.dma(SELECT | SKIP, 2, 0), 0)
        self.assertEqual(self.dma(READ, 2, BUF), 0)
        self.assertEqual(self.q.read(BUF, 2), b"MU")

    def test_dma_continues_the_byte_port(self):
        self.assertEqual(self.port(0, 1), b"Q")
        self.assertEqual(self.dma(READ, 3, BUF), 0)
        self.assertEqual(self.q.read(BUF, 3), b"EMU")

    def test_dma_write_to_read_only_fails(self):
        self.q.write(BUF, b"XXXX")
        self.assertEqual(self.dma(SELECT | WRITE, 4, BUF), ERROR)
        self.assertEqual(self.port(0, 4), b"QEMU")

    def test_dma_high_half_of_address(self):
        self.q.write(DESC, struct.pack(">IIQ", SELECT | READ, 4, BUF))
        self.q.outl(DMA, 0)
        self.q.outl(DMA + 4, int.from_bytes(struct.pack(">I", DESC), "little"))
        self.assertEqual(self.q.read(BUF, 4), b"QEMU")

    def test_dma_huge_length_ends(self):
        self.dma(SELECT | READ, 0xffffffff, 0x100000)
        self.dma(SELECT | SKIP, 0xffffffff, 0)
        self.assertEqual(self.port(0, 4), b"QEMU")

    def test_byte_port_does_not_write(self):
        self.q.outw(SEL, 0x4000)
        for _ in range(4):
            self.q.outb(DATA, 0x58)
        self.assertEqual(self.port(0, 4), b"QEMU")

    def test_reset_selects_the_signature(self):
        self.port(1, 2)
        self.q.outb(0xcf9, 0x06)
        self.q.step(10000000)
        self.assertEqual(self.q.inb(DATA), ord("Q"))


if __name__ == "__main__":
    main()
