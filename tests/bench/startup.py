#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Start-up figures, in pairs: startup.py --kernel K --initrd I OURS THEIRS. Prints, as a table with ratios:
time from process start to the first firmware byte on the debug console, resident memory of an idle paused machine,
and time from process start to the guest shell's first prompt. The two emulators run in turn, round after round;
medians are quoted."""
import argparse, os, re, shlex, socket, statistics, subprocess, sys, tempfile, time

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--kernel", required=True)
ap.add_argument("--initrd", required=True)
ap.add_argument("--rounds", type=int, default=7)
ap.add_argument("--boots", type=int, default=5)
ap.add_argument("ours")
ap.add_argument("theirs")
a = ap.parse_args()


def first_byte(command):
    """Seconds until the firmware's first byte arrives on a pipe."""
    r, w = os.pipe()
    start = time.monotonic()
    p = subprocess.Popen(shlex.split(command) + ["-display", "none", "-net", "none", "-serial", "none", "-monitor", "none",
                                                 "-chardev", f"file,id=d,path=/dev/fd/{w}", "-device", "isa-debugcon,iobase=0x402,chardev=d"],
                         pass_fds=[w], stdin=subprocess.DEVNULL)
    os.close(w)
    got = os.read(r, 1)
    took = time.monotonic() - start
    p.kill()
    p.wait()
    os.close(r)
    return took if got else None


def idle_rss(command):
    """MiB resident once a paused machine answers its monitor."""
    with tempfile.TemporaryDirectory() as d:
        p = subprocess.Popen(shlex.split(command) + ["-S", "-display", "none", "-net", "none", "-serial", "none", "-monitor",
                                                     f"unix:{d}/m,server=on,wait=off"], stdin=subprocess.DEVNULL)
        while True:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(f"{d}/m")
                break
            except OSError:
                time.sleep(0.01)
        s.recv(100)
        time.sleep(0.3)
        rss = int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{p.pid}/status").read())[1]) / 1024
        p.kill()
        p.wait()
        return rss


def prompt(command):
    """Seconds and CPU seconds until the guest's first shell prompt."""
    start = time.monotonic()
    p = subprocess.Popen(shlex.split(command) + ["-m", "512", "-display", "none", "-net", "none", "-monitor", "none", "-serial", "stdio",
                                                 "-no-reboot", "-kernel", a.kernel, "-initrd", a.initrd, "-append", "console=ttyS0"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = b""
    while b"/ # " not in text:
        got = os.read(p.stdout.fileno(), 65536)
        if not got:
            return None
        text = text[-100:] + got
    took = time.monotonic() - start
    f = open(f"/proc/{p.pid}/stat").read().rsplit(")", 1)[1].split()
    cpu = (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")
    p.kill()
    p.wait()
    return took, cpu


def row(name, unit, pairs):
    good = [(x, y) for x, y in pairs if x is not None and y is not None]
    if not good:
        print(f"| {name} | did not finish | | |")
        return
    x, y = statistics.median(p[0] for p in good), statistics.median(p[1] for p in good)
    print(f"| {name} | {x:.3f} {unit} | {y:.3f} {unit} | {statistics.median(p[0] / p[1] for p in good):.2f} |")


print("| figure | ours | QEMU | ours/QEMU |\n|---|---|---|---|")
row("first firmware byte", "s", [(first_byte(a.ours), first_byte(a.theirs)) for _ in range(a.rounds)])
row("idle resident memory", "MiB", [(idle_rss(a.ours), idle_rss(a.theirs)) for _ in range(3)])
boots = [(prompt(a.ours), prompt(a.theirs)) for _ in range(a.boots)]
row("shell prompt, wall", "s", [(x and x[0], y and y[0]) for x, y in boots])
row("shell prompt, CPU", "s", [(x and x[1], y and y[1]) for x, y in boots])
