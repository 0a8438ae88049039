#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Speed of the monitor, in pairs: monitor.py [--rounds N] OURS THEIRS. Prints as a table with ratios
 - greeting: milliseconds from process start to the QMP greeting (-M none, and pc),
 - probe: milliseconds from process start to the last reply of what libvirt 9.0 asks a new emulator,
 - qom-get: calls a second, one after another, and a hundred at a time,
 - human-monitor-command: "info status" calls a second,
 - schema: milliseconds for query-qmp-schema.
The two programs run in turn, round after round; medians are quoted, and user+system CPU time of the program beside them."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time

PROBE = [("qmp_capabilities", {}), ("query-version", {}), ("query-target", {}), ("query-commands", {}), ("query-kvm", {}),
         ("qom-list-types", {"abstract": False}), ("query-qmp-schema", {}), ("query-machines", {}),
         ("query-cpu-definitions", {}), ("query-tpm-models", {}), ("query-tpm-types", {}),
         ("query-command-line-options", {}), ("query-migrate-capabilities", {}),
         ("query-cpu-model-expansion", {"type": "static", "model": {"name": "max"}}),
         ("query-sev-capabilities", {})]
PROPERTIES = ["virtio-blk-pci", "virtio-net-pci", "ide-hd", "scsi-hd", "usb-host", "VGA", "qxl", "isa-fdc", "vmcoreinfo",
              "intel-iommu", "pcie-root-port", "i440FX-pcihost", "PIIX4_PM", "ICH9-LPC", "virtio-balloon-pci", "nvdimm"]


class Emulator:
    def __init__(self, program, args):
        self.dir = tempfile.TemporaryDirectory()
        path = self.dir.name + "/q"
        self.start = time.monotonic()
        self.process = subprocess.Popen([program, "-display", "none", "-nodefaults", "-S", *args, "-qmp",
                                         f"unix:{path},server=on,wait=off"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.sock = socket.socket(socket.AF_UNIX)
        while self.sock.connect_ex(path):
            time.sleep(0.0005)
        self.file = self.sock.makefile("rb")
        self.file.readline()
        self.greeted = (time.monotonic() - self.start) * 1000

    def call(self, name, arguments=None):
        self.sock.sendall(json.dumps({"execute": name, "arguments": arguments or {}}).encode())
        return self.reply()

    def reply(self):
        while (line := self.file.readline()).startswith(b'{"timestamp"'):
            pass
        return line

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.sock.close()
        self.dir.cleanup()


def greeting(program, machine):
    with Emulator(program, ["-M", machine]) as e:
        return e.greeted, None


def probe(program):
    with Emulator(program, ["-no-user-config", "-nographic", "-machine", "none,accel=tcg", "-monitor", "none"]) as e:
        for name, arguments in PROBE:
            e.call(name, arguments)
        for name in PROPERTIES:
            e.call("device-list-properties", {"typename": name})
        return (time.monotonic() - e.start) * 1000, e.cpu()


def rate(program, name, arguments, count, batch):
    with Emulator(program, ["-M", "pc", "-m", "64"]) as e:
        e.call("qmp_capabilities")
        text = json.dumps({"execute": name, "arguments": arguments}).encode()
        before, start = e.cpu(), time.monotonic()
        for _ in range(count // batch):
            e.sock.sendall(text * batch)
            for _ in range(batch):
                e.reply()
        took = time.monotonic() - start
        return count / took, (e.cpu() - before) / count * 1e6


def schema(program):
    with Emulator(program, ["-M", "none"]) as e:
        e.call("qmp_capabilities")
        start = time.monotonic()
        e.call("query-qmp-schema")
        return (time.monotonic() - start) * 1000, None


QOM = ("qom-get", {"path": "/machine", "property": "type"})
HMP = ("human-monitor-command", {"command-line": "info status"})
ROWS = [("greeting, none (ms)", lambda p: greeting(p, "none"), False),
        ("greeting, pc (ms)", lambda p: greeting(p, "pc"), False),
        ("libvirt's probe (ms; CPU s)", probe, False),
        ("schema (ms)", schema, False),
        ("qom-get, one by one (/s; CPU us)", lambda p: rate(p, *QOM, 3000, 1), True),
        ("qom-get, 100 at a time (/s; CPU us)", lambda p: rate(p, *QOM, 5000, 100), True),
        ("info status (/s; CPU us)", lambda p: rate(p, *HMP, 3000, 1), True)]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=7)
    ap.add_argument("ours")
    ap.add_argument("theirs")
    a = ap.parse_args()
    print(f"{'':<38}{'ours':>10}{'theirs':>10}{'ratio':>8}   (ratio: of what is better, above 1 ours is)")
    for name, measure, more_is_better in ROWS:
        values = ([], [])
        for _ in range(a.rounds):
            for program, column in zip((a.ours, a.theirs), values):
                column.append(measure(program))
        for part, unit in ((0, ""), (1, "  of it CPU")):
            ours, theirs = [statistics.median(v[part] for v in column) if column[0][part] is not None else None
                            for column in values]
            if ours is None:
                continue
            good = more_is_better and part == 0
            ratio = (ours / theirs if good else theirs / ours) if ours and theirs else 0
            print(f"{unit or name:<38}{ours:>10.2f}{theirs:>10.2f}{ratio:>8.2f}", flush=True)


main()
