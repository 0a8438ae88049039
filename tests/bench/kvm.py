#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exits under KVM, paired with the installed qemu-system-x86_64.

    kvm.py BINARY [--reference BIN] [--runs N] [--modes on,off,split] [--strace]

Prints figures of both and their ratio (medians of N alternating runs): the first byte of SeaBIOS by the clock on the
wall; port and device memory reads, doorbells, wake-ups of a halted vCPU by second of CPU time (a busy host changes
the rest), and how much of that CPU time was spent outside the kernel; and with --strace how many KVM_RUN, other ioctl and
futex calls an exit takes. Exit 77: no /dev/kvm."""
import argparse
import collections
import os
import pathlib
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
ROUNDS, WAKES = 60000, 3000
UNITS = {"P": ("port reads/s", ROUNDS), "M": ("memory reads/s", ROUNDS), "D": ("doorbells/s", ROUNDS),
         "W": ("HLT wake-ups/s", WAKES)}


def command(binary, image, mode, prefix=()):
    return [*prefix, binary, "-accel", f"kvm,kernel-irqchip={mode}", "-cpu", "qemu64", "-smp", "2", "-m", "64",
            "-display", "none", "-nodefaults", "-no-reboot", "-device", "pci-testdev", "-debugcon", "stdio",
            "-global", "isa-debugcon.iobase=0x402", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
            "-drive", f"file={image},format=raw,if=ide"]


def cpu_time(pid):
    """Seconds on a CPU of all threads."""
    total = 0
    for f in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(f.read_text().split()[0])
        except (OSError, IndexError):
            pass
    return total / 1e9


def user_share(pid):
    f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(f[11]) / max(1, int(f[11]) + int(f[12]))


def one(cmd, timeout=90):
    """First byte in s, CPU seconds of each marked part, and the share of user mode."""
    begin = time.monotonic()
    p = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    fd = p.stdout.fileno()
    os.set_blocking(fd, False)
    first, parts, open_at, tail, ready = None, {}, {}, b"", False
    try:
        while time.monotonic() - begin < timeout:
            if not select.select([fd], [], [], 1)[0]:
                continue
            data, now = os.read(fd, 65536), time.monotonic()
            if not data:
                break
            first, now = first or now - begin, cpu_time(p.pid)
            tail = (tail + data)[-4096:]
            if not ready:                   # the firmware's own text comes first
                at = tail.find(b"Booting from 0000:7c00")
                if at < 0:
                    continue
                ready, data = True, tail[at + 22:]
            for c in data.decode(errors="replace"):
                if c in UNITS:
                    open_at[c] = now
                elif c.upper() in open_at:
                    parts[c.upper()] = now - open_at.pop(c.upper())
                elif c == ".":
                    return first, parts, user_share(p.pid)
    finally:
        p.kill()
        p.wait()
    return first, parts, None


def count_calls(binary, image, mode, folder):
    log = folder / "strace"
    cmd = command(binary, image, mode, ["strace", "-f", "-e", "trace=ioctl,futex", "-o", str(log)])
    subprocess.run(["timeout", "300", *cmd], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    n = collections.Counter()
    for line in log.open(errors="replace"):
        m = re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(\d+, (\w+))?", line)
        if m and "resumed" not in line:
            n["KVM_RUN" if m.group(2) == "KVM_RUN" else m.group(1)] += 1
    return n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("binary")
    p.add_argument("--reference", default="qemu-system-x86_64")
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--modes", default="on,off")
    p.add_argument("--strace", action="store_true")
    args = p.parse_args()
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIP: /dev/kvm is not there or not ours to open")
        return 77
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        image = folder / "kvmbench.img"
        subprocess.run(["nasm", "-f", "bin", str(here / "guest" / "kvmbench.asm"), "-o", str(image)],
                       cwd=here.parent / "guest" / "src", check=True)
        data = image.read_bytes()
        image.write_bytes(data + bytes(1474560 - len(data)))
        bad = 0
        for mode in args.modes.split(","):
            got = {b: collections.defaultdict(list) for b in (args.binary, args.reference)}
            for _ in range(args.runs):
                for b in got:
                    first, parts, user = one(command(b, image, mode))
                    if first:
                        got[b]["first"].append(1 / first)
                    if user:
                        got[b]["user"].append(100 * user)
                    for k, s in parts.items():
                        got[b][k].append(UNITS[k][1] / s)
            print(f"kernel-irqchip={mode:18}      ours  reference   ratio")
            for k, name in [("first", "1/first byte (1/s)"), ("user", "% of CPU in user mode")] + \
                    [(k, u[0]) for k, u in UNITS.items()]:
                a, r = got[args.binary][k], got[args.reference][k]
                if not a or not r:
                    print(f"  {name:26} {statistics.median(a) if a else 0:10.1f} "
                          f"{statistics.median(r) if r else 0:10.1f}       -")
                    bad += not a and k != "user"
                    continue
                x, y = statistics.median(a), statistics.median(r)
                print(f"  {name:26} {x:10.1f} {y:10.1f} {x / y:7.2f}")
            sys.stdout.flush()
            if args.strace:
                n = count_calls(args.binary, image, mode, folder)
                print(f"  system calls with ptrace: {dict(n)}")
        return bad != 0


if __name__ == "__main__":
    sys.exit(main())
