# SPDX-License-Identifier: GPL-2.0-or-later
"""VMware port and mouse. They need a processor's registers, so a small real-mode ROM runs under TCG: it makes
the calls, prints the registers on the debug port and ends the machine."""
import os
import struct
import subprocess
import tempfile
import unittest

from kite_qtest import BINARY, main

MAGIC = 0x564d5868
START = bytes.fromhex("fa 31c0 8ed8 8ed0 bc0070".replace(" ", ""))      # cli; ds = ss = 0; sp = 0x7000
PRINT = bytes.fromhex("66a30080 66891e0480 66890e0880 6689160c80"       # store eax, ebx, ecx, edx
                      "be0080 b91000 ba0204 fc f36e".replace(" ", ""))  # rep outsb to 0x402
END = bytes.fromhex("ba0105 30c0 ee f4 ebfd".replace(" ", ""))          # out 0x501, 0


def call(eax, ebx, ecx):
    return (b"\x66\xb8" + struct.pack("<I", eax) + b"\x66\xbb" + struct.pack("<I", ebx) +
            b"\x66\xb9" + struct.pack("<I", ecx) + b"\xba\x58\x56\x66\xed" + PRINT)


def run(*calls):
    """Registers (eax, ebx, ecx, edx) after each call."""
    code = START + b"".join(call(*c) for c in calls) + END
    rom = code.ljust(0xfff0, b"\xf4") + b"\xea\x00\x00\x00\xf0" + b"\xf4" * 11   # reset: jmp f000:0
    with tempfile.TemporaryDirectory() as where:
        bios, log = os.path.join(where, "rom"), os.path.join(where, "log")
        with open(bios, "wb") as f:
            f.write(rom)
        done = subprocess.run(
            [BINARY, "-machine", "pc", "-accel", "tcg", "-m", "32", "-bios", bios, "-display", "none",
             "-nodefaults", "-no-user-config", "-uuid", "00112233-4455-6677-8899-aabbccddeeff",
             "-chardev", f"file,id=d,path={log}", "-device", "isa-debugcon,iobase=0x402,chardev=d",
             "-device", "isa-debug-exit"], timeout=30, check=False, capture_output=True)
        assert done.returncode == 1, done
        with open(log, "rb") as f:
            return [r for r in struct.iter_unpack("<4I", f.read())]


class Vmport(unittest.TestCase):
    def test_version(self):
        self.assertEqual(run((MAGIC, 0, 10))[0][:3], (6, MAGIC, 2))

    def test_wrong_magic_is_not_answered(self):
        self.assertEqual(run((MAGIC + 1, 0, 10))[0][:3], (0xffffffff, 0, 10))

    def test_unknown_command(self):
        self.assertEqual(run((MAGIC, 5, 127))[0][0], 0xffffffff)
        self.assertEqual(run((MAGIC, 5, 0xfffe))[0][0], 0xffffffff)

    def test_ram_size(self):
        self.assertEqual(run((MAGIC, 0, 20))[0][:2], (32 << 20, 0x1177))

    def test_bios_uuid(self):
        self.assertEqual(run((MAGIC, 0, 19))[0], (0x33221100, 0x77665544, 0xbbaa9988, 0xffeeddcc))

    def test_mouse_identifies_itself(self):
        got = run((MAGIC, 0x45414552, 41), (MAGIC, 0, 40), (MAGIC, 1, 39), (MAGIC, 0, 40))
        self.assertEqual(got[1][0], 1)
        self.assertEqual(got[2][0], 0x3442554a)
        self.assertEqual(got[3][0], 0)

    def test_mouse_asked_for_too_much_reports_an_error(self):
        got = run((MAGIC, 0x45414552, 41), (MAGIC, 4, 39), (MAGIC, 0, 40))
        self.assertEqual(got[2][0] >> 16, 0xffff)


if __name__ == "__main__":
    main()
