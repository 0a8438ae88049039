#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI devices that come and go: the registers the DSDT uses, the general-purpose event, HMP's commands."""
import os
import socket
import time

from kite_qtest import QtestCase, main

UP, DOWN, EJECT, REMOVABLE, SELECT = 0xae00, 0xae04, 0xae08, 0xae0c, 0xae10
GPE_STS, GPE_EN = 0xafe0, 0xafe2


class HotplugTest(QtestCase):
    def setUp(self):
        self.path = f"/tmp/kite-hotplug-{os.getpid()}-{time.monotonic_ns()}"
        self.args = ("-monitor", f"unix:{self.path},server=on,wait=off")
        super().setUp()
        self.mon = socket.socket(socket.AF_UNIX)
        self.mon.settimeout(20)
        self.mon.connect(self.path)
        self.addCleanup(os.unlink, self.path)
        self.addCleanup(self.mon.close)
        self.until_prompt()

    def until_prompt(self):
        out = b""
        while not out.endswith(b"(qemu) "):
            out += self.mon.recv(65536)
        return out.decode(errors="replace")

    def hmp(self, line):
        self.mon.sendall(line.encode() + b"\n")
        time.sleep(0.05)
        out = self.until_prompt()
        return "\n".join(x for x in out.replace("\r", "").split("\n")[1:-1])

    def up(self):
        """Bits stand until they are read once."""
        return self.q.inl(UP)

    def test_add_and_remove(self):
        q = self.q
        q.outl(SELECT, 0)
        q.outw(GPE_EN, 2)
        self.assertEqual(self.hmp("device_add pci-testdev,id=t,addr=5"), "")
        self.assertEqual(q.inw(GPE_STS) & 2, 2)
        self.assertHex(self.up(), 1 << 5)
        self.assertHex(self.up(), 0)
        self.assertHex(q.pci_readl(5 << 3, 0), 0x00051b36)
        q.outw(GPE_STS, 2)
        self.assertEqual(q.inw(GPE_STS) & 2, 0)
        self.assertTrue(q.inl(REMOVABLE) >> 5 & 1)
        self.assertEqual(self.hmp("device_del t"), "")
        self.assertEqual(q.inw(GPE_STS) & 2, 2)
        self.assertHex(q.inl(DOWN), 1 << 5)
        self.assertHex(q.pci_readl(5 << 3, 0), 0x00051b36, "still there")
        self.assertEqual(self.hmp("device_del t"), "")      # asks once more
        q.outl(EJECT, 1 << 5)
        self.assertHex(q.inl(DOWN), 0)
        self.assertHex(q.pci_readl(5 << 3, 0), 0xffffffff, "gone")
        self.assertIn("Device 't' not found", self.hmp("device_del t"))
        self.assertEqual(self.hmp("device_add pci-testdev,id=t,addr=5"), "")
        self.assertHex(q.pci_readl(5 << 3, 0), 0x00051b36, "back")

    def test_reset_finishes(self):
        """A guest that never answers loses the device at the next reset."""
        q = self.q
        q.outl(SELECT, 0)
        self.hmp("device_add pci-testdev,id=t,addr=6")
        self.hmp("device_del t")
        self.hmp("system_reset")
        for _ in range(50):
            if q.pci_readl(6 << 3, 0) == 0xffffffff:
                break
            time.sleep(0.1)
        self.assertHex(q.pci_readl(6 << 3, 0), 0xffffffff)

    def test_refusals(self):
        self.assertIn("Device 'x' not found", self.hmp("device_del x"))
        self.assertIn("'bogus' is not a valid device model name", self.hmp("device_add bogus"))
        self.assertIn("does not support hotplugging", self.hmp("device_add ib700"))
        self.hmp("device_add pci-testdev,id=t,addr=5")
        self.assertIn("Duplicate device ID 't'", self.hmp("device_add pci-testdev,id=t"))
        self.assertIn("in use", self.hmp("device_add pci-testdev,id=u,addr=5"))

    def test_eject_without_request(self):
        """Only what was asked to go can be ejected, and never what the board needs."""
        q = self.q
        q.outl(SELECT, 0)
        self.not_reference("ejects what is hot-pluggable at once")
        self.hmp("device_add pci-testdev,id=t,addr=5")
        q.outl(EJECT, 0xffffffff)
        self.assertHex(q.pci_readl(5 << 3, 0), 0x00051b36)
        self.assertHex(q.pci_readl(1 << 3, 0), 0x70008086)


if __name__ == "__main__":
    main()
