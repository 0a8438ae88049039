#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots a Linux kernel again and again with several vCPUs, to the shell and to power-off.

soak.py [--emulator CMD] [--guests DIR] [--count N] [--smp N] [--kernel NAME] [--reset] [--stop] [--args "..."]

A boot fails when the shell does not come, a command gives a wrong answer, the guest does not end by itself, or the
kernel complains (RCU stall, lockup, BUG, WARNING, oops). --reset: the machine is reset once from the monitor
when the shell is there, and boots again. --stop: stop and cont from the monitor while it boots. The console of a
failed boot is kept in soak-N.log. Exit status: 0 when all went well."""
import argparse, os, random, shlex, socket, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boot import Console

BAD = ["rcu: INFO", "rcu_sched self-detected", "detected stalls", "soft lockup", "hard LOCKUP", "BUG:", "WARNING:",
       "Oops", "Kernel panic", "Call Trace", "unable to handle", "hung_task", "NMI watchdog: Watchdog detected",
       "clocksource: timekeeping watchdog", "Marking TSC unstable", "segfault"]
WORK = ("for i in 1 2 3 4 5 6 7 8; do (j=0; while [ $j -lt 20 ]; do j=$((j+1)); cat /proc/self/maps >/dev/null; done) & done; "
        "wait; echo cpus=$(nproc) sum=$((6*7))\n")


class Monitor:
    def __init__(self, path):
        self.path, self.sock = path, None

    def send(self, line):
        deadline = time.monotonic() + 10
        while self.sock is None:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.path)
                self.sock = s
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.sock.settimeout(10)
        self.sock.sendall(line.encode() + b"\n")


def shell(console, deadline, smp):
    if not console.expect(r"# (\x1b\[6n)?$", deadline):
        return "no shell"
    console.send(WORK)
    if not console.expect(rf"cpus={smp} sum=42", deadline):
        return "no or wrong answer"
    return None if console.expect(r"# $", deadline) else "no second prompt"


def boot(options, work):
    g = options.guests
    argv = shlex.split(options.emulator) + [
        "-display", "none", "-serial", "stdio", "-no-reboot" if not options.reset else "-nodefaults", "-net", "none",
        "-m", str(options.memory), "-smp", str(options.smp), "-kernel", f"{g}/{options.kernel}",
        "-initrd", f"{g}/initramfs-amd64.gz", "-append", "console=ttyS0 panic=-1 " + options.append,
        "-monitor", f"unix:{work}/mon,server=on,wait=off"] + shlex.split(options.args)
    console, monitor = Console(argv), Monitor(f"{work}/mon")
    deadline = time.monotonic() + options.timeout
    why = None
    try:
        if options.stop:
            for _ in range(5):
                console.read(random.random())
                monitor.send("stop")
                time.sleep(0.05)
                monitor.send("cont")
        why = shell(console, deadline, options.smp)
        if why is None and options.reset:
            monitor.send("system_reset")
            why = shell(console, deadline, options.smp)
        if why is None:
            console.send("poweroff\n")
            while console.read(0.5) and console.process.poll() is None and time.monotonic() < deadline:
                pass
            try:
                status = console.process.wait(max(1, deadline - time.monotonic()))
                why = None if status == 0 else f"exit status {status}"
            except Exception:
                why = "did not end after power off"
        for word in BAD:
            if word in console.text:
                why = f"'{word}' on the console"
    finally:
        console.process.kill()
        console.process.wait()
    return why, console.text


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--emulator", default=f"{here}/../../build/qemu-system-x86_64")
    p.add_argument("--guests", default=f"{here}/../../build/guests")
    p.add_argument("--kernel", default="vmlinuz-cloud")
    p.add_argument("--append", default="quiet")
    p.add_argument("--args", default="-cpu max", help="further arguments for the emulator")
    p.add_argument("--count", type=int, default=10)
    p.add_argument("--smp", type=int, default=4)
    p.add_argument("--memory", type=int, default=256)
    p.add_argument("--timeout", type=float, default=120)
    p.add_argument("--reset", action="store_true")
    p.add_argument("--stop", action="store_true")
    options = p.parse_args()
    if not os.path.exists(f"{options.guests}/{options.kernel}"):
        print(f"1..0 # SKIP no {options.guests}/{options.kernel}: tests/boot/fetch.sh")
        return 0
    bad = 0
    print(f"1..{options.count}")
    for n in range(1, options.count + 1):
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as work:
            why, text = boot(options, work)
        bad += why is not None
        if why is not None:
            with open(f"soak-{n}.log", "w") as f:
                f.write(text)
        print(f"{'not ok' if why else 'ok'} {n} - smp {options.smp} {time.monotonic() - start:.1f} s"
              + (f" # {why}" if why else ""), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
