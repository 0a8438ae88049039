#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures what two vCPUs have to do with each other (smp.c) under emulators in turn and compares them.

run.py [--kernel FILE] [--rounds N] [--seconds S] [--tests a,b] [--pin] [NAME=COMMAND ...]

Without commands: this tree's build against Debian's QEMU. Each round boots every emulator once; a cell shows the median over
the rounds: wall time of a step in us, and behind the bar the CPU time all threads of the emulator spent on it. The last columns are ratios, first to last emulator: how
many times faster the first one is. Wall times want two idle host processors. --pin: each vCPU's thread has a host
processor of its own, as idle ones would let it have; a busy host's scheduler likes to put both on one."""
import argparse, glob, os, re, shlex, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(HERE + "/../../..")


def newc(name, mode, data=b"", dev=(0, 0)):
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, *dev, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
    pad = lambda b: b + b"\0" * (-len(b) % 4)
    return pad(head) + pad(data)


def initrd(work):
    subprocess.run(["gcc", "-O2", "-static", "-pthread", "-o", f"{work}/smp", f"{HERE}/smp.c"], check=True)
    with open(f"{work}/smp", "rb") as f, open(f"{work}/initrd", "wb") as out:
        out.write(newc("dev", 0o40755) + newc("dev/console", 0o20600, dev=(5, 1)) + newc("init", 0o100755, f.read())
                  + newc("TRAILER!!!", 0))
    return f"{work}/initrd"


def cpu_ns(pid):
    total = 0
    for t in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(t) as f:
                total += int(f.read().split()[0])
        except OSError:
            pass
    return total


def pin(pid):
    for t in glob.glob(f"/proc/{pid}/task/*"):
        try:
            with open(f"{t}/comm") as f:
                m = re.match(r"CPU (\d+)/", f.read())
            if m:
                os.sched_setaffinity(int(os.path.basename(t)), {int(m[1]) % os.cpu_count()})
        except OSError:
            pass


def measure(command, options, image):
    argv = ["timeout", str(options.timeout)] + shlex.split(command) + [
        "-name", "smp,debug-threads=on",
        "-m", "256", "-smp", "2", "-kernel", options.kernel, "-initrd", image, "-nodefaults", "-display", "none",
        "-no-reboot", "-serial", "stdio", "-monitor", "none", "-append", "console=ttyS0 quiet panic=-1 mitigations=off seconds="
        + str(options.seconds) + (f" tests={options.tests}" if options.tests else "")]
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    pid, before, used, result = None, 0, 0, {}
    for raw in p.stdout:
        line = raw.decode("latin1").strip()
        if pid is None:
            with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
                pid = int((f.read().split() or [p.pid])[0])
            if options.pin:
                pin(pid)
        if line in "<>" and line:
            before, used = (cpu_ns(pid), 0) if line == "<" else (before, cpu_ns(pid) - before)
        m = re.match(r"SMP (\S+) (\S+) n=(\d+)", line)
        if m:
            result[m[1]] = (float(m[2]), used / int(m[3]))
    p.wait()
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kernel", default=f"{TOP}/build/guests/vmlinuz-cloud")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=1)
    p.add_argument("--timeout", type=int, default=120)
    p.add_argument("--tests")
    p.add_argument("--pin", action="store_true")
    p.add_argument("commands", nargs="*")
    options = p.parse_args()
    commands = [c.split("=", 1) for c in options.commands] or [
        ["ours", f"{TOP}/build/qemu-system-x86_64 -accel tcg -cpu max"], ["qemu", "/usr/bin/qemu-system-x86_64 -accel tcg -cpu max"]]
    runs = {name: [] for name, _ in commands}
    with tempfile.TemporaryDirectory() as work:
        image = initrd(work)
        for _ in range(options.rounds):
            for name, command in commands:
                runs[name].append(measure(command, options, image))
    names = [name for name, _ in commands]
    tests = list(dict.fromkeys(t for r in runs.values() for one in r for t in one))
    print("us, wall | CPU    " + "".join(f"{n:>21}" for n in names) + "   wall    CPU")
    for t in tests:
        cell = {n: [statistics.median([r[t][k] for r in runs[n] if t in r] or [0]) for k in (0, 1)] for n in names}
        text = "".join(f"{cell[n][0] / 1000:>11.2f} | {cell[n][1] / 1000:>7.2f}" for n in names)
        a, b = cell[names[0]], cell[names[-1]]
        ratio = "  ".join(f"{y / x:5.2f}" if x and y else "    -" for x, y in zip(a, b))
        print(f"{t:<19}{text}  {ratio}", flush=True)
    return 0 if all(len(r) == len(tests) and tests for one in runs.values() for r in one) else 1


if __name__ == "__main__":
    sys.exit(main())
