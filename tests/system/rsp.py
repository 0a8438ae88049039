# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of gdb's remote serial protocol, for tests."""
import os
import select
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PC, EFLAGS, CS, FS_BASE, CR3, ST0, XMM0, MXCSR = 16, 17, 18, 24, 29, 33, 49, 65     # 64-bit layout


def guest():
    """The guest program: its bytes, its symbols and the ELF file's path."""
    base = os.path.join(os.getcwd(), "guest")
    for cmd in (["as", "-o", base + ".o", os.path.join(HERE, "gdb_guest.s")],
                ["ld", "-Ttext=0x7c00", "-e", "_start", "-o", base + ".elf", base + ".o"],
                ["objcopy", "-O", "binary", "-j", ".text", base + ".elf", base + ".bin"]):
        subprocess.run(cmd, check=True)
    names = subprocess.run(["nm", base + ".elf"], check=True, capture_output=True, text=True).stdout
    with open(base + ".bin", "rb") as f:
        return f.read(), {w[2]: int(w[0], 16) for w in map(str.split, names.splitlines())}, base + ".elf"


def frame(data):
    return b"$" + data + b"#%02x" % (sum(data) & 255)


class Rsp:
    """One connection. Requests and answers are text; bytes where they must be."""

    def __init__(self, address, timeout=30):
        end = time.monotonic() + timeout
        while True:
            self.s = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
            try:
                self.s.connect(address)
                break
            except OSError:
                self.s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.s.settimeout(timeout)
        self.data = b""

    def close(self):
        self.s.close()

    def raw(self, data):
        self.s.sendall(data)

    def flood(self, data):
        """Send while what comes back is thrown away: the server reads nothing more from who does not read."""
        at = 0
        while at < len(data):
            readable, writable, _ = select.select([self.s], [self.s], [], 30)
            assert readable or writable, "nothing moves"
            if readable and not self.s.recv(65536):
                raise EOFError
            if writable:
                at += self.s.send(data[at:at + 65536], socket.MSG_DONTWAIT)

    def byte(self):
        while not self.data:
            self.data = self.s.recv(65536)
            if not self.data:
                raise EOFError
        b, self.data = self.data[:1], self.data[1:]
        return b

    def answer(self):
        """The next packet, acknowledged. Acknowledgements of ours are passed over."""
        while self.byte() != b"$":
            pass
        out = b""
        while True:
            b = self.byte()
            if b == b"#":
                break
            out += b
        assert int(self.byte() + self.byte(), 16) == sum(out) & 255, out
        try:
            self.raw(b"+")
        except OSError:                 # the last one, perhaps
            pass
        plain = bytearray()
        k = 0
        while k < len(out):
            if out[k] == 0x7d:
                k += 1
                plain.append(out[k] ^ 0x20)
            else:
                plain.append(out[k])
            k += 1
        return bytes(plain).decode("latin-1")

    def send(self, text):
        self.raw(frame(text if isinstance(text, bytes) else text.encode("latin-1")))

    def __call__(self, text):
        self.send(text)
        return self.answer()

    def hello(self):
        """As gdb begins: QEMU has p and P only for those who have seen the description."""
        self("qSupported:multiprocess+;xmlRegisters=i386;vContSupported+")
        self("qXfer:features:read:target.xml:0,ff0")

    def ok(self, text):
        got = self(text)
        assert got == "OK", (text, got)

    def reg(self, n):
        return int.from_bytes(bytes.fromhex(self(f"p{n:x}")), "little")

    def set_reg(self, n, value, size=8):
        self.ok(f"P{n:x}={value.to_bytes(size, 'little').hex()}")

    def read(self, at, n):
        got = self(f"m{at:x},{n:x}")
        assert len(got) == 2 * n, got
        return bytes.fromhex(got)

    def word(self, at):
        return int.from_bytes(self.read(at, 4), "little")

    def write(self, at, data):
        for k in range(0, len(data), 512):
            piece = data[k:k + 512]
            self.ok(f"M{at + k:x},{len(piece):x}:{piece.hex()}")

    def load(self, code):
        """The guest program in place, ready to run."""
        self.write(0x7c00, code)
        self.set_reg(CS, 0, 4)
        self.set_reg(PC, 0x7c00)

    def run_to(self, at, kind=0):
        self.ok(f"Z{kind},{at:x},1")
        got = self("c")
        assert got.startswith("T05"), got
        self.ok(f"z{kind},{at:x},1")
        assert self.reg(PC) == at, (hex(self.reg(PC)), hex(at))
        return got

    def monitor(self, line):
        self.send("qRcmd," + line.encode().hex())
        out = ""
        while True:
            got = self.answer()
            if not got.startswith("O") or got == "OK":
                assert got == "OK", got
                return out.replace("\r", "")
            out += bytes.fromhex(got[1:]).decode("latin-1")
