#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A PCI function comes and goes under Debian's kernel: the DSDT, the PIIX4's events and device_del together.

    tests/boot/hotplug.py EMULATOR GUESTS [EMULATOR OPTIONS]

GUESTS holds vmlinuz-amd64 and initramfs-amd64.gz (tests/boot/fetch.sh); without them the test is skipped (77).
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE = 120


class Guest:
    """Serial console and monitor of one machine."""

    def __init__(self, emulator, guests, options, folder):
        self.paths = {n: os.path.join(folder, n) for n in ("monitor", "serial")}
        self.process = subprocess.Popen(
            [emulator, "-m", "256", "-display", "none", "-nodefaults", "-kernel", str(guests / "vmlinuz-amd64"),
             "-initrd", str(guests / "initramfs-amd64.gz"), "-append", "console=ttyS0 quiet",
             "-monitor", f"unix:{self.paths['monitor']},server=on,wait=off",
             "-serial", f"unix:{self.paths['serial']},server=on,wait=off", *options])
        self.monitor, self.serial = self.connect("monitor"), self.connect("serial")
        self.hmp("")
        self.wait(b"# ")

    def connect(self, name):
        for _ in range(100):
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(self.paths[name])
                sock.settimeout(DEADLINE)
                return sock
            except OSError:
                sock.close()
                time.sleep(0.1)
        raise SystemExit(f"cannot connect to the {name}")

    def wait(self, text):
        out = b""
        while text not in out:
            got = self.serial.recv(4096)
            if not got:
                raise SystemExit("the serial port closed")
            out += got
        return out

    def shell(self, line):
        """What a command prints."""
        self.serial.sendall(line.encode() + b"; echo done-$((40 + 2))\n")
        return self.wait(b"done-42").decode(errors="replace")

    def hmp(self, line):
        """What a monitor command prints, its echo included."""
        self.monitor.sendall(line.encode() + b"\n")
        out = b""
        while not out.endswith(b"\n(qemu) "):
            out += self.monitor.recv(4096)
        return out.decode(errors="replace")

    def wait_unplugged(self):
        """The guest forgets a function before it ejects it: until then its name is taken."""
        end = time.monotonic() + 30
        while 'id "t"' in self.hmp("info pci"):
            if time.monotonic() > end:
                raise SystemExit("the guest never ejected it")
            time.sleep(0.1)

    def until(self, present):
        """The guest sees the function, or sees it no more."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            seen = "0000:00:07.0" in self.shell("ls /sys/bus/pci/devices")
            if seen == present:
                return
            time.sleep(0.2)
        raise SystemExit("the guest never saw it " + ("come" if present else "go"))


def main():
    emulator, guests = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (guests / "vmlinuz-amd64").exists():
        print("no guests")
        return 77
    with tempfile.TemporaryDirectory(prefix="hotplug-") as folder:
        guest = Guest(emulator, guests, sys.argv[3:], folder)
        try:
            guest.shell("mount -t sysfs s /sys 2>/dev/null")
            for _ in range(3):
                guest.until(False)
                guest.wait_unplugged()
                guest.hmp("device_add pci-testdev,id=t,addr=7")
                guest.until(True)
                if "0x1b36" not in guest.shell("cat /sys/bus/pci/devices/0000:00:07.0/vendor"):
                    raise SystemExit("a function of another vendor")
                guest.hmp("device_del t")
            guest.until(False)
            guest.wait_unplugged()
        finally:
            guest.process.kill()
            guest.process.wait()
    print("came and went three times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
