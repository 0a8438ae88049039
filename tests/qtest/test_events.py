#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP events that devices and the guest cause: what they say, their order, and that those with a rate limit come
at most once in its time, the last one winning."""
import json
import os
import pathlib
import resource
import tempfile
import time

from kite_qtest import Qtest, QtestCase, main

PM, BASE = 0x0b, 0x600


class Monitor:
    def __init__(self, sock):
        self.sock, self.file, self.events = sock, sock.makefile("rb"), []
        self.file.readline()
        self.call("qmp_capabilities")

    def _next(self):
        message = json.loads(self.file.readline())
        if "event" in message:
            self.events.append(message)
        return message

    def call(self, name, **arguments):
        self.sock.sendall(json.dumps({"execute": name, "arguments": {k.replace("_", "-"): v for k, v in
                                                                     arguments.items()}}).encode())
        while "event" in (message := self._next()):
            pass
        return message.get("return", message)

    def wait(self, name):
        """The next event of that name; those before it are dropped."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if event["event"] == name:
                    return event
            self._next()

    def names(self):
        self.call("query-status")
        return [e["event"] for e in self.events]


class EventCase(QtestCase):
    args = ()

    def setUp(self):
        os.environ["KITE_QMP_CHECK"] = "1"
        self.q = Qtest([*self.args, "-mon", "chardev=m,mode=control"], chardevs=["m"])
        self.addCleanup(self.q.close)
        self.m = Monitor(self.q.chars["m"])

    def pm_on(self):
        self.q.pci_writel(PM, 0x40, BASE | 1)
        self.q.pci_writeb(PM, 0x80, 1)


class Guest(EventCase):
    args = ("-no-reboot",)

    def test_power_off(self):
        self.pm_on()
        self.q.outw(BASE + 4, 1 << 13)          # S5
        self.assertEqual(self.m.wait("SHUTDOWN")["data"], {"guest": True, "reason": "guest-shutdown"})
        self.assertEqual(self.q.wait_exit(), 0)

    def test_reset_without_reboot(self):
        self.q.outb(0xcf9, 6)
        self.assertEqual(self.m.wait("SHUTDOWN")["data"], {"guest": True, "reason": "guest-reset"})


class Reset(EventCase):
    def test_the_guest_resets(self):
        self.q.outb(0x64, 0xfe)
        self.assertEqual(self.m.wait("RESET")["data"], {"guest": True, "reason": "guest-reset"})

    def test_order_of_stop_and_resume(self):
        self.m.call("stop")
        self.m.call("cont")
        self.assertEqual(self.m.names(), ["STOP", "RESUME"])


class Sleep(EventCase):
    def test_suspend_and_wake_up(self):
        self.pm_on()
        self.q.outw(BASE + 4, 1 << 13 | 1 << 10)        # S3
        self.m.wait("SUSPEND")
        self.assertEqual(self.m.call("query-status")["status"], "suspended")
        self.m.call("system_wakeup")
        self.m.wait("WAKEUP")
        self.assertEqual(self.m.call("query-status")["status"], "running")


class Rtc(EventCase):
    def set_hour(self, hour):
        self.q.outb(0x70, 4)
        self.q.outb(0x71, hour)

    def test_changes_are_reported_at_most_once_a_second(self):
        self.set_hour(0x04)
        first = self.m.wait("RTC_CHANGE")
        self.assertAlmostEqual(first["data"]["offset"], 3600, delta=2)
        self.assertIn("mc146818rtc", json.dumps(self.m.call("qom-get", path=first["data"]["qom-path"], property="type")))
        for hour in (0x05, 0x06, 0x07):
            self.set_hour(hour)
        self.assertEqual(self.m.names(), [])
        second = self.m.wait("RTC_CHANGE")
        self.assertAlmostEqual(second["data"]["offset"], 4 * 3600, delta=2)
        gap = [e["timestamp"]["seconds"] + e["timestamp"]["microseconds"] / 1e6 for e in (first, second)]
        self.assertLess(gap[1] - gap[0], 5)
        time.sleep(1.2)
        self.assertEqual(self.m.names(), [])


class Watchdog(EventCase):
    args = ("-device", "ib700", "-action", "watchdog=pause")

    def test_says_what_it_does(self):
        self.q.outb(0x443, 0x0e)
        self.q.step(2100000000)
        self.assertEqual(self.m.wait("WATCHDOG")["data"], {"action": "pause"})
        self.assertEqual(self.m.call("query-status")["status"], "watchdog")


class WatchdogNone(EventCase):
    args = ("-device", "ib700", "-action", "watchdog=none")

    def test_none_goes_on(self):
        self.q.outb(0x443, 0x0e)
        self.q.step(2100000000)
        self.assertEqual(self.m.wait("WATCHDOG")["data"], {"action": "none"})
        self.assertEqual(self.m.call("query-status")["status"], "running")


class Panic(EventCase):
    args = ("-device", "pvpanic", "-action", "panic=pause")

    def test_panic_stops_the_machine(self):
        self.q.outb(0x505, 1)
        self.assertEqual(self.m.wait("GUEST_PANICKED")["data"], {"action": "pause"})
        self.assertEqual(self.m.call("query-status")["status"], "guest-panicked")

    def test_a_crash_kernel_does_not(self):
        self.q.outb(0x505, 2)
        self.assertEqual(self.m.wait("GUEST_CRASHLOADED")["data"], {"action": "run"})
        self.assertEqual(self.m.call("query-status")["status"], "running")


class PanicEnds(EventCase):
    args = ("-device", "pvpanic", "-action", "panic=shutdown")

    def test_panic_ends_the_machine(self):
        self.q.outb(0x505, 1)
        self.assertEqual(self.m.wait("GUEST_PANICKED")["data"], {"action": "poweroff"})
        self.assertEqual(self.m.wait("SHUTDOWN")["data"], {"guest": True, "reason": "guest-panic"})


class Deleted(EventCase):
    def test_a_device_that_was_ejected(self):
        self.assertEqual(self.m.call("device_add", driver="pci-testdev", id="t", addr="5"), {})
        self.assertEqual(self.m.call("device_del", id="t"), {})
        self.assertEqual(self.m.names(), [])
        self.q.outl(0xae10, 0)
        self.q.outl(0xae08, 1 << 5)
        self.assertEqual(self.m.wait("DEVICE_DELETED")["data"], {"device": "t", "path": "/machine/peripheral/t"})
        self.assertEqual(self.m.call("device_del", id="t")["error"]["class"], "DeviceNotFound")


class DiskError(EventCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile(delete=False) as f:
            f.truncate(1 << 20)
        self.addCleanup(os.unlink, f.name)
        self.args = ("-drive", f"if=ide,file={f.name},format=raw,id=hd,werror=stop")
        super().setUp()

    def write_sector(self, lba):
        q = self.q
        for reg, val in ((6, 0xe0), (2, 1), (3, lba & 255), (4, lba >> 8 & 255), (5, lba >> 16), (7, 0x30)):
            q.outb(0x1f0 + reg, val)
        while not q.inb(0x3f6) & 8:
            pass
        for i in range(256):
            q.outw(0x1f0, i)

    def test_a_disk_that_is_full_stops_the_machine(self):
        resource.prlimit(self.q.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        self.write_sector(64)
        data = self.m.wait("BLOCK_IO_ERROR")["data"]
        self.assertEqual([data["device"], data["operation"], data["action"]], ["hd", "write", "stop"])
        self.m.wait("STOP")
        self.assertEqual(self.m.call("query-status")["status"], "io-error")
        self.assertEqual(self.m.call("query-block")[0]["io-status"], "failed")
        resource.prlimit(self.q.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.m.call("cont")
        self.assertEqual(self.m.call("query-block")[0]["io-status"], "ok")
        end = time.monotonic() + 10
        while self.q.inb(0x3f6) & 0x80 and time.monotonic() < end:
            pass
        path = pathlib.Path(self.args[1].split("file=")[1].split(",")[0])
        self.assertEqual(path.read_bytes()[64 * 512:64 * 512 + 4], b"\0\0\1\0")


if __name__ == "__main__":
    main()
