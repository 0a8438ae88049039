# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine under register-level test: starts the emulator with -accel qtest and talks to it.

A test file is a unittest module: one file a device.

    import unittest
    from harness import QTest, main

    class Pit(unittest.TestCase):
        def test_status_reads_back(self):
            with QTest("-machine", "pc") as m:
                m.outb(0x43, 0xe2)
                self.assertEqual(m.inb(0x40) & 0x3f, 0x00)

    main()

The binary comes from --binary or the variable KITE_BINARY. Any program that speaks the protocol will do;
with --reference (or KITE_REFERENCE=1) the translator is taken instead of -accel qtest, stopped, for
programs that lack that accelerator: the clock then cannot be stepped, and such tests skip themselves.
"""
import base64
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

BINARY = os.environ.get("KITE_BINARY", "build/qemu-system-x86_64")
REFERENCE = os.environ.get("KITE_REFERENCE") == "1"
DEADLINE = 60


class QTestError(Exception):
    """The machine answered FAIL, or went away."""


class QTest:
    def __init__(self, *args, machine="pc", monitor=False):
        self.dir = tempfile.mkdtemp(prefix="kite-qtest-")
        self.irqs = {}
        self.events = []
        path = os.path.join(self.dir, "qtest")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        server.settimeout(DEADLINE)
        cmd = [BINARY]
        if "-machine" not in args and "-M" not in args:
            cmd += ["-machine", machine]
        cmd += ["-accel", "tcg", "-S"] if REFERENCE else ["-accel", "qtest"]
        cmd += ["-display", "none", "-nodefaults", "-qtest", "unix:" + path, "-qtest-log", "none"]
        cmd += ["-monitor", "stdio"] if monitor else ["-monitor", "none"]
        self.cmd = cmd + list(args)
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        self.proc = subprocess.Popen(
            self.cmd, stdin=subprocess.PIPE if monitor else subprocess.DEVNULL,
            stdout=subprocess.PIPE if monitor else self.log, stderr=self.log)
        try:
            self.sock, _ = server.accept()
        except socket.timeout:
            self.proc.kill()
            raise QTestError("no connection: " + self.output()) from None
        finally:
            server.close()
        self.sock.settimeout(DEADLINE)
        self.file = self.sock.makefile("rb")

    # ---- life

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status = self.close()
        text = self.output()
        shutil.rmtree(self.dir, ignore_errors=True)
        if kind is None and (status not in (0, -15) or "Sanitizer" in text or "runtime error" in text):
            raise QTestError(f"exit status {status}\n{text}\nto repeat: {' '.join(self.cmd)}")
        if kind is not None:
            print(text, file=sys.stderr)

    def output(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def close(self):
        """Ends the machine; its exit status (negative: a signal)."""
        if self.proc.poll() is None:
            self.proc.terminate()
        try:
            self.proc.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            raise QTestError("does not end on SIGTERM") from None
        self.sock.close()
        return self.proc.returncode

    # ---- the protocol

    def _line(self):
        line = self.file.readline()
        if not line:
            raise QTestError("connection closed: " + self.output())
        return line.decode().rstrip("\n")

    def command(self, text):
        """Sends one line; the reply without its OK."""
        self.sock.sendall(text.encode() + b"\n")
        while True:
            words = self._line().split(" ", 1)
            if words[0] == "IRQ":
                what, num = words[1].split()
                self.irqs[int(num)] = what == "raise"
                self.events.append((what, int(num)))
                continue
            if words[0] != "OK":
                raise QTestError(f"{text}: {' '.join(words)}")
            return words[1] if len(words) > 1 else ""

    def _number(self, text):
        return int(self.command(text), 0)

    def outb(self, port, v): self.command(f"outb {port:#x} {v:#x}")
    def outw(self, port, v): self.command(f"outw {port:#x} {v:#x}")
    def outl(self, port, v): self.command(f"outl {port:#x} {v:#x}")
    def inb(self, port): return self._number(f"inb {port:#x}")
    def inw(self, port): return self._number(f"inw {port:#x}")
    def inl(self, port): return self._number(f"inl {port:#x}")
    def writeb(self, at, v): self.command(f"writeb {at:#x} {v:#x}")
    def writew(self, at, v): self.command(f"writew {at:#x} {v:#x}")
    def writel(self, at, v): self.command(f"writel {at:#x} {v:#x}")
    def writeq(self, at, v): self.command(f"writeq {at:#x} {v:#x}")
    def readb(self, at): return self._number(f"readb {at:#x}")
    def readw(self, at): return self._number(f"readw {at:#x}")
    def readl(self, at): return self._number(f"readl {at:#x}")
    def readq(self, at): return self._number(f"readq {at:#x}")

    def memread(self, at, size):
        return base64.b64decode(self.command(f"b64read {at:#x} {size:#x}"))

    def memwrite(self, at, data):
        self.command(f"b64write {at:#x} {len(data):#x} {base64.b64encode(data).decode()}")

    def memset(self, at, size, byte): self.command(f"memset {at:#x} {size:#x} {byte:#x}")

    def clock_step(self, ns=None):
        """Moves the virtual clock by ns, or to the next timer; returns the new time."""
        if REFERENCE:
            raise unittest.SkipTest("the reference has no clock to step")
        return int(self.command("clock_step" if ns is None else f"clock_step {ns}"))

    def clock_set(self, ns):
        if REFERENCE:
            raise unittest.SkipTest("the reference has no clock to step")
        return int(self.command(f"clock_set {ns}"))

    def intercept_in(self, path): self.command(f"irq_intercept_in {path}")
    def intercept_out(self, path): self.command(f"irq_intercept_out {path}")

    def set_irq_in(self, path, pin, level, name="unnamed-gpio-in"):
        self.command(f"set_irq_in {path} {name} {pin} {level}")

    def hmp(self, text):
        """A monitor command's output (needs monitor=True)."""
        out = b""
        prompt = b"(qemu) "
        stdout = self.proc.stdout.fileno()
        if not getattr(self, "greeted", False):
            while not out.endswith(prompt):
                out += os.read(stdout, 65536)
            self.greeted = True
        self.proc.stdin.write(text.encode() + b"\n")
        self.proc.stdin.flush()
        out = b""
        while not out.endswith(b"\n" + prompt):
            chunk = os.read(stdout, 65536)
            if not chunk:
                raise QTestError("monitor closed: " + self.output())
            out += chunk
        lines = out.decode(errors="replace").replace("\r", "").split("\n")
        return "\n".join(lines[1:-1]) + "\n"

    # ---- PCI configuration space by mechanism 1

    def pci_addr(self, dev, fn, reg):
        return 0x80000000 | dev << 11 | fn << 8 | (reg & 0xfc)

    def pci_read(self, dev, fn, reg, size=4):
        self.outl(0xcf8, self.pci_addr(dev, fn, reg))
        return {1: self.inb, 2: self.inw, 4: self.inl}[size](0xcfc + (reg & 3))

    def pci_write(self, dev, fn, reg, v, size=4):
        self.outl(0xcf8, self.pci_addr(dev, fn, reg))
        {1: self.outb, 2: self.outw, 4: self.outl}[size](0xcfc + (reg & 3), v)

    # ---- CMOS

    def cmos_read(self, reg):
        self.outb(0x70, reg)
        return self.inb(0x71)

    def cmos_write(self, reg, v):
        self.outb(0x70, reg)
        self.outb(0x71, v)


def main():
    global BINARY, REFERENCE
    argv = sys.argv[:]
    if "--reference" in argv:
        argv.remove("--reference")
        REFERENCE = True
    if "--binary" in argv:
        i = argv.index("--binary")
        BINARY = argv[i + 1]
        del argv[i:i + 2]
    unittest.main(module="__main__", argv=argv)
