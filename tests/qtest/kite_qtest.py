# SPDX-License-Identifier: GPL-2.0-or-later
"""Register-level access to a machine through the qtest protocol.

A test file has unittest classes derived from QtestCase and ends with main(). The binary under test is
$QEMU, or build/qemu-system-x86_64 below the source tree. The protocol is QEMU's, so that
QEMU=/usr/bin/qemu-system-x86_64 validates a test against the reference. Distributions build that without the
qtest accelerator: then a halted processor runs under TCG and the clock is real, so step() sleeps, and
tests marked @exact_time are skipped.
"""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("QEMU", str(TOP / "build/qemu-system-x86_64"))
IS_REFERENCE = "kite" not in subprocess.run(
    [BINARY, "--version"], capture_output=True, text=True, check=False).stdout.lower()
TIMEOUT = 20


class QtestError(Exception):
    """The other side went away or refused a command."""


class Qtest:
    """One running machine. args is a list of further options."""

    def __init__(self, args=(), machine="pc", rtc="base=2000-01-02T03:04:05,clock=vm",
                 chardevs=()):
        """chardevs: names of -chardev sockets; the other ends are in self.chars."""
        self.dir = tempfile.mkdtemp(prefix="qtest-")
        listener, path = self._listen("qtest")
        listeners = {}
        for name in chardevs:
            listeners[name], where = self._listen(name)
            args = ["-chardev", f"socket,id={name},path={where}", *args]
        if IS_REFERENCE:
            rom = os.path.join(self.dir, "halt.bin")
            pathlib.Path(rom).write_bytes(b"\xfa\xf4\xeb\xfc" * 0x4000)    # cli; 1: hlt; jmp 1b
            accel = ["-accel", "tcg", "-bios", rom]
        else:
            accel = ["-accel", "qtest"]
        self.command = [BINARY, "-machine", machine, *accel, "-qtest", "unix:" + path,
                        "-display", "none", "-nodefaults", "-no-user-config", "-rtc", rtc, *args]
        with open(os.path.join(self.dir, "stderr"), "wb") as err:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        self.chars = {name: self._accept(ear) for name, ear in listeners.items()}
        self.sock = self._accept(listener)
        self.buffer = b""
        self.irqs = {}              # level of each intercepted line
        self.edges = []             # (line, level) in order of arrival

    def _listen(self, name):
        path = os.path.join(self.dir, name + ".sock")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(0.1)
        return listener, path

    def _accept(self, listener):
        with listener:
            for _ in range(TIMEOUT * 10):
                try:
                    sock = listener.accept()[0]
                    sock.settimeout(TIMEOUT)
                    return sock
                except socket.timeout:
                    if self.process.poll() is not None:
                        break
            self.process.kill()
            raise QtestError(self._what("did not connect"))

    def _what(self, text):
        err = pathlib.Path(self.dir, "stderr").read_text(errors="replace")
        return f"{text}: {' '.join(self.command)}\n{err}"

    def close(self):
        """Ends the machine."""
        self.sock.close()
        self.process.kill()
        self.process.wait()
        for sock in self.chars.values():
            sock.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def wait_exit(self):
        """The exit status once the machine ends by itself."""
        return self.process.wait(TIMEOUT)

    # ---- protocol

    def _line(self):
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise QtestError(self._what("connection closed"))
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def cmd(self, text):
        """Sends one command; returns the words after OK."""
        self.sock.sendall(text.encode() + b"\n")
        while True:
            words = self._line().split()
            if words and words[0] == "IRQ":
                level = int(words[1] == "raise")
                self.irqs[int(words[2])] = level
                self.edges.append((int(words[2]), level))
            elif words and words[0] == "OK":
                return words[1:]
            else:
                raise QtestError(f"{text}: {' '.join(words)}")

    def _num(self, text):
        return int(self.cmd(text)[0], 0)

    def inb(self, port):
        return self._num(f"inb {port:#x}")

    def inw(self, port):
        return self._num(f"inw {port:#x}")

    def inl(self, port):
        return self._num(f"inl {port:#x}")

    def outb(self, port, value):
        self.cmd(f"outb {port:#x} {value & 0xff:#x}")

    def outw(self, port, value):
        self.cmd(f"outw {port:#x} {value & 0xffff:#x}")

    def outl(self, port, value):
        self.cmd(f"outl {port:#x} {value & 0xffffffff:#x}")

    def readb(self, addr):
        return self._num(f"readb {addr:#x}")

    def readw(self, addr):
        return self._num(f"readw {addr:#x}")

    def readl(self, addr):
        return self._num(f"readl {addr:#x}")

    def readq(self, addr):
        return self._num(f"readq {addr:#x}")

    def writeb(self, addr, value):
        self.cmd(f"writeb {addr:#x} {value & 0xff:#x}")

    def writew(self, addr, value):
        self.cmd(f"writew {addr:#x} {value & 0xffff:#x}")

    def writel(self, addr, value):
        self.cmd(f"writel {addr:#x} {value & 0xffffffff:#x}")

    def writeq(self, addr, value):
        self.cmd(f"writeq {addr:#x} {value & 0xffffffffffffffff:#x}")

    def read(self, addr, size):
        return bytes.fromhex(self.cmd(f"read {addr:#x} {size:#x}")[0][2:])

    def write(self, addr, data):
        self.cmd(f"write {addr:#x} {len(data):#x} 0x{bytes(data).hex()}")

    def memset(self, addr, size, byte):
        self.cmd(f"memset {addr:#x} {size:#x} {byte:#x}")

    # ---- character devices

    def char_get(self, name, n):
        """n bytes that the machine sent."""
        data = b""
        while len(data) < n:
            got = self.chars[name].recv(n - len(data))
            if not got:
                raise QtestError(f"{name} closed")
            data += got
        return data

    def char_put(self, name, data):
        """Sends bytes and waits until the machine had a chance to take them."""
        self.chars[name].sendall(data)
        time.sleep(0.02)
        self.inb(0x80)

    def char_empty(self, name):
        """True when nothing has arrived."""
        self.chars[name].setblocking(False)
        try:
            return not self.chars[name].recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self.chars[name].settimeout(TIMEOUT)

    # ---- time and interrupts

    def step(self, ns=None):
        """Moves the virtual clock by ns, or to the next timer; returns the new time."""
        if IS_REFERENCE:
            time.sleep((ns or 0) / 1e9 + 0.0005)
            return time.monotonic_ns()
        return int(self.cmd("clock_step" if ns is None else f"clock_step {ns}")[0])

    def intercept_in(self, path="ioapic"):
        """Follows the input lines of a device in self.irqs."""
        self.cmd(f"irq_intercept_in {path}")

    def intercept_out(self, path):
        self.cmd(f"irq_intercept_out {path}")

    def irq(self, line):
        """Level of an intercepted line as of now."""
        self.inb(0x80)              # a reply: what came before it has arrived
        return self.irqs.get(line, 0)

    def take_edges(self, line):
        """The levels a line went through since the last call."""
        self.inb(0x80)
        got = [level for n, level in self.edges if n == line]
        self.edges = [e for e in self.edges if e[0] != line]
        return got

    # ---- PCI configuration, mechanism 1

    def pci_readl(self, devfn, reg, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        return self.inl(0xcfc)

    def pci_readw(self, devfn, reg, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        return self.inw(0xcfc + (reg & 2))

    def pci_readb(self, devfn, reg, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        return self.inb(0xcfc + (reg & 3))

    def pci_writel(self, devfn, reg, value, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        self.outl(0xcfc, value)

    def pci_writew(self, devfn, reg, value, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        self.outw(0xcfc + (reg & 2), value)

    def pci_writeb(self, devfn, reg, value, bus=0):
        self.outl(0xcf8, 0x80000000 | bus << 16 | devfn << 8 | (reg & 0xfc))
        self.outb(0xcfc + (reg & 3), value)

    def pci_find(self, vendor, device):
        """devfn on bus 0, or None."""
        for devfn in range(256):
            if self.pci_readl(devfn, 0) == (device << 16 | vendor):
                return devfn
        return None


class QtestCase(unittest.TestCase):
    """One machine a test; args and options may be overridden in the class."""
    args = ()
    options = {}

    def setUp(self):
        self.q = Qtest(self.args, **self.options)
        self.addCleanup(self.q.close)

    def assertHex(self, got, want, what=""):
        self.assertEqual(got, want, f"{what} got {got:#x}, want {want:#x}")

    def not_reference(self, why):
        """For what the reference is known to do differently."""
        if IS_REFERENCE:
            self.skipTest("reference differs: " + why)


def exact_time(test):
    """Marks a test whose outcome depends on nanoseconds."""
    return unittest.skipIf(IS_REFERENCE, "the reference's clock is real")(test)


def main():
    """Runs the tests of the calling file."""
    unittest.main(verbosity=1 if "-v" not in sys.argv else 2)
