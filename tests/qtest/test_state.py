#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshot rows of every device: odd states survive save, reset and load.

Random register writes put the machine into states nobody thought of; then the sections of all devices are
saved, the machine is reset, the sections are loaded and saved again. Both must be the same bytes, and so must
be what all registers read that can be read without effect. Damaged streams must be refused or taken, and
never break anything. SEED and ROUNDS in the environment repeat or prolong a run.
"""
import os
import pathlib
import random
import struct
import tempfile
import time
import unittest

from kite_qtest import IS_REFERENCE, Qtest, QtestError, main

SEED = int(os.environ.get("SEED", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "12"))
# Not: fw_cfg DMA (writes anywhere), port 0xcf9 and 0x64 (reset), 0xb2 (SMI), 0xf4
PORTS = [(0x00, 0x0f), (0x20, 0x21), (0x40, 0x43), (0x60, 0x60), (0x61, 0x61), (0x70, 0x71), (0x80, 0x8f),
         (0xa0, 0xa1), (0xc0, 0xdf), (0x170, 0x177), (0x1ce, 0x1d0), (0x1f0, 0x1f7), (0x278, 0x27f),
         (0x376, 0x376), (0x378, 0x37f), (0x3b4, 0x3bb), (0x3c0, 0x3df), (0x3f0, 0x3f5), (0x3f6, 0x3f7),
         (0x3f8, 0x3ff), (0x4d0, 0x4d1), (0xae00, 0xae17), (0xaf00, 0xaf0b), (0xafe0, 0xafe3),
         (0xc000, 0xc00f), (0x700, 0x707), (0x5658, 0x565b)]
MMIO = [(0xfec00000, 0xfec00010), (0xfed00000, 0xfed003ff), (0xa0000, 0xbffff)]


def sections(data):
    """[(name, instance, bytes)] of a file of sections; it relies on our own footers."""
    out, pos = [], 0
    while pos < len(data):
        assert data[pos] == 4, f"no section at {pos}"
        number, size = struct.unpack(">IB", data[pos + 1:pos + 6])
        name = data[pos + 6:pos + 6 + size].decode()
        instance, _ = struct.unpack(">II", data[pos + 6 + size:pos + 14 + size])
        foot = b"\x7e" + struct.pack(">I", number)
        end = data.index(foot, pos + 14 + size)
        while end + 5 < len(data) and data[end + 5:end + 10] != b"\x04" + struct.pack(">I", number + 1):
            end = data.index(foot, end + 1)
        out.append((name, instance, data[pos + 14 + size:end]))
        pos = end + 5
    return out


@unittest.skipIf(IS_REFERENCE, "uses commands of our own")
class StateTest(unittest.TestCase):
    """One machine a round, with a disk, a CD and a floppy."""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="state-")
        self.addCleanup(self.dir.cleanup)
        images = {"hd": 4 << 20, "cd": 2 << 20, "fd": 1440 << 10}
        for name, size in images.items():
            data = random.Random(name).randbytes(4096) * (size // 4096)
            pathlib.Path(self.dir.name, name).write_bytes(data)
        path = self.dir.name
        self.q = Qtest(["-drive", f"file={path}/hd,format=raw,if=ide,index=0",
                        "-drive", f"file={path}/cd,format=raw,if=ide,index=2,media=cdrom",
                        "-drive", f"file={path}/fd,format=raw,if=floppy",
                        "-serial", "null", "-parallel", "null", "-vga", "std", "-smp", "2",
                        *self.more_args()])
        self.addCleanup(self.q.close)

    def more_args(self):
        return []

    def save(self, name="a"):
        path = os.path.join(self.dir.name, name)
        self.q.cmd(f"state_save {path}")
        return pathlib.Path(path).read_bytes()

    def load(self, name="a"):
        self.q.cmd(f"state_load {os.path.join(self.dir.name, name)}")

    def same(self, before, after, what):
        self.assertEqual([s[:2] for s in sections(before)], [s[:2] for s in sections(after)], what)
        wrong = []
        for (name, instance, old), (_, _, new) in zip(sections(before), sections(after)):
            if old != new:
                at = next((i for i, (x, y) in enumerate(zip(old, new)) if x != y), min(len(old), len(new)))
                wrong.append(f"section {name} {instance} of {len(old)} bytes, now {len(new)}, at {at}: "
                             f"{old[at:at + 16].hex()} became {new[at:at + 16].hex()}")
        self.assertFalse(wrong, what + ": " + "\n".join(wrong))

    def round_trip(self, what):
        first = self.save("a")
        self.same(first, self.save("b"), what + ", saved twice")
        self.q.cmd("state_reset")
        self.load("a")
        self.same(first, self.save("b"), what)
        return first

    def poke(self, rand, count, steps=True):
        q = self.q
        q.pci_writel(1 << 3 | 1, 0x20, 0xc001)      # bus master IDE
        q.pci_writew(1 << 3 | 1, 4, 5)
        q.pci_writel(1 << 3 | 3, 0x90, 0x701)
        q.pci_writeb(1 << 3 | 3, 0xd2, 1)
        for _ in range(count):
            first, last = rand.choice(PORTS if rand.random() < 0.85 else MMIO)
            at = rand.randint(first, last)
            kind = rand.randrange(4)
            val = rand.choice([0xff, 1 << rand.randrange(8), rand.randrange(256), rand.randrange(16)])
            if first > 0xffff:
                at &= ~3
                q.writel(at, rand.getrandbits(32))
            elif kind == 0:
                q.inb(at)
            elif kind == 1 and at in (0x1f0, 0x170):
                for _ in range(rand.randrange(300)):
                    q.outw(at, rand.getrandbits(16))
            else:
                q.outb(at, val)
            if steps and rand.random() < 0.02:
                q.step(rand.randrange(1, 20000000))

    def test_user_devices(self):
        """Devices that only users make: watchdogs, serial ports, pvpanic."""
        self.q.close()
        self.q = Qtest(["-device", "i6300esb,addr=5", "-device", "ib700", "-device", "pvpanic-pci,addr=6",
                        "-device", "pci-serial-4x,addr=7", "-device", "pci-testdev,addr=8",
                        "-action", "watchdog=none"])
        self.addCleanup(self.q.close)
        rand = random.Random(SEED)
        for n in range(ROUNDS):
            for slot, kind in ((5, 0), (6, 0), (7, 1)):
                self.q.pci_writel(slot << 3, 0x10, (0xd000 if kind else 0xfd000000) + slot * 0x100)
                self.q.pci_writew(slot << 3, 4, 3)
            for _ in range(40):
                self.q.outb(0xd700 + rand.randrange(32), rand.getrandbits(8))
                self.q.outb(0x441 + 2 * rand.randrange(2), rand.getrandbits(8))
                self.q.writew(0xfd00050c, rand.choice([0x80, 0x86, 0x86, 0x100]))
                self.q.writel(0xfd000500 + rand.randrange(4) * 4, rand.getrandbits(32))
                self.q.pci_writeb(5 << 3, rand.choice([0x60, 0x68]), rand.getrandbits(8) & ~1)
            self.round_trip(f"SEED={SEED}, round {n}")

    def test_after_reset(self):
        self.round_trip("a machine after reset")

    def test_random_states(self):
        for n in range(ROUNDS):
            self.poke(random.Random(SEED * 1000 + n), 150)
            self.round_trip(f"SEED={SEED}, round {n}")

    def test_ide_pio_goes_on(self):
        """A multi-sector read interrupted in a sector gives the same data after the load."""
        q = self.q
        want = (pathlib.Path(self.dir.name, "hd").read_bytes())[512:512 * 4]
        for reg, val in ((6, 0xe0), (2, 3), (3, 1), (4, 0), (5, 0), (7, 0x20)):
            q.outb(0x1f0 + reg, val)
        got = b""
        for i in range(3 * 256):
            if i == 300:
                self.round_trip("in a PIO read")
            while not q.inb(0x3f6) & 8:
                pass
            got += struct.pack("<H", q.inw(0x1f0))
        self.assertEqual(got, want)

    def test_ide_pio_write_goes_on(self):
        q = self.q
        for reg, val in ((6, 0xe0), (2, 2), (3, 8), (4, 0), (5, 0), (7, 0x30)):
            q.outb(0x1f0 + reg, val)
        for i in range(512):
            if i in (100, 400):
                self.round_trip("in a PIO write")
            while not q.inb(0x3f6) & 8:
                pass
            q.outw(0x1f0, i)
        end = time.monotonic() + 20
        while q.inb(0x3f6) & 0x88 and time.monotonic() < end:
            pass
        got = pathlib.Path(self.dir.name, "hd").read_bytes()[8 * 512:10 * 512]
        self.assertEqual(got, b"".join(struct.pack("<H", i) for i in range(512)))

    def test_cd_pio_goes_on(self):
        """40 sectors: more than the drive's buffer holds."""
        q = self.q
        want = pathlib.Path(self.dir.name, "cd").read_bytes()[2048 * 5:2048 * 45]
        for packet, size in ((bytes(12), 0), (bytes([3, 0, 0, 0, 18] + [0] * 7), 18),
                             (bytes([0x28, 0, 0, 0, 0, 5, 0, 0, 40, 0, 0, 0]), len(want))):
            for reg, val in ((6, 0xa0), (1, 0), (4, 0), (5, 0x08), (7, 0xa0)):
                q.outb(0x170 + reg, val)
            for i in range(0, 12, 2):
                q.outw(0x170, packet[i] | packet[i + 1] << 8)
            got, checks = bytearray(), 0
            while size:
                status = q.inb(0x376)
                if status & 0x80:
                    continue
                if not status & 8:
                    break
                portion = q.inb(0x174) | q.inb(0x175) << 8
                for i in range(portion // 2):
                    got += struct.pack("<H", q.inw(0x170))
                    if size > 10000 and len(got) in (3000, 66000) and checks < 2:
                        checks += 1
                        self.round_trip("in a CD read")
        self.assertEqual(bytes(got), want)

    def test_dma_waits_for_engine(self):
        """A DMA command whose engine starts after the load."""
        q = self.q
        q.pci_writel(1 << 3 | 1, 0x20, 0xc001)
        q.pci_writew(1 << 3 | 1, 4, 5)
        q.writel(0x1000, 0x2000)
        q.writel(0x1004, 0x80000400)
        q.outl(0xc004, 0x1000)
        for reg, val in ((6, 0xe0), (2, 2), (3, 1), (4, 0), (5, 0), (7, 0xc8)):
            q.outb(0x1f0 + reg, val)
        self.round_trip("a DMA command waits")
        q.writel(0x1000, 0x2000)            # memory is not part of it
        q.writel(0x1004, 0x80000400)
        q.outb(0xc000, 9)
        for _ in range(1000):
            if q.inb(0xc002) & 4:
                break
        self.assertEqual(q.read(0x2000, 1024), pathlib.Path(self.dir.name, "hd").read_bytes()[512:1536])

    def test_floppy_goes_on(self):
        """A sector read through the FIFO, interrupted in parameters, data and results."""
        q = self.q
        want = pathlib.Path(self.dir.name, "fd").read_bytes()[512:1024]
        q.outb(0x3f2, 0x14)                 # motor, no DMA
        for _ in range(4):
            q.outb(0x3f5, 8)
            q.inb(0x3f5), q.inb(0x3f5)
        q.outb(0x3f7, 0)
        for i, byte in enumerate([0x46, 0, 0, 0, 2, 2, 18, 0x1b, 0xff]):
            if i == 4:
                self.round_trip("in parameters")
            q.outb(0x3f5, byte)
        got = b""
        for i in range(512):
            if i == 77:
                self.round_trip("in a floppy sector")
            got += bytes([q.inb(0x3f5)])
        self.assertEqual(got, want)

    def test_damaged_streams(self):
        rand = random.Random(SEED)
        self.poke(rand, 100)
        good = self.save("a")
        refused = 0
        for n in range(60):
            bad = bytearray(good)
            for _ in range(rand.choice([1, 1, 4, 50])):
                bad[rand.randrange(len(bad))] = rand.choice([0, 0xff, rand.randrange(256)])
            if n % 3 == 0:
                del bad[rand.randrange(len(bad)):]
            pathlib.Path(self.dir.name, "bad").write_bytes(bad)
            try:
                self.load("bad")
            except QtestError as e:
                self.assertIn("FAIL", str(e))
                refused += 1
            self.poke(rand, 20, steps=False)    # or counters would go on
        self.q.cmd("state_reset")
        self.load("a")
        self.same(good, self.save("b"), "a good stream after bad ones")
        self.assertGreater(refused, 20)


if __name__ == "__main__":
    main()
