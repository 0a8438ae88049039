#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random monitor commands on the default machine: monitor.py EMULATOR [SEED [ROUNDS]]. For builds with sanitizers;
prints the failing round's commands and exits 1 on a crash or a report."""
import os
import random
import re
import subprocess
import sys
import tempfile

WORDS = ["0", "-1", "1", "0xffffffff", "$eip", "$pc", "/10i", "/3xg", "/5cb", "/1000xb", "foo", "-a", "-f", "-v", "on",
         "off", "ide1-cd0", "floppy0", "/machine", "/machine/unattached", "type", "0xb8000", "0xfffffff0", "null,id=a",
         "a", '"x', "int", "none", "16", "(1+2)*3", "18446744073709551615", "ctrl-alt-f1", "out.ppm", "b", "c", "serial0",
         "memory", "/machine/unattached/device[0]", "realized", "usb", "true", "{}", "-j", ",,", "=", "%s%n", "\x01",
         "\t", "\u00e9"]
NEVER = ("quit", "q", "system_powerdown", "logfile", "memsave", "pmemsave", "sum")


def run(emulator, args, text):
    return subprocess.run([emulator, "-display", "none", "-monitor", "stdio"] + args, input=text, capture_output=True,
                          text=True, errors="replace", timeout=300,
                          env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))


def main():
    emulator = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    helped = run(emulator, ["-M", "none", "-accel", "qtest"], "help\ninfo\nquit\n").stdout.replace("\r", "")
    names = sorted({n for line in re.findall(r"^(info [\w-]+|[\w|?-]+) [^\n]*-- ", helped, re.M)
                    for n in line.split("|")} - set(NEVER))
    os.chdir(tempfile.mkdtemp(prefix="kite-fuzz-"))
    for n in range(seed, seed + rounds):
        rnd = random.Random(n)
        lines = [rnd.choice(names) + " " * rnd.randint(0, 1)
                 + " ".join(rnd.choice(WORDS) for _ in range(rnd.randint(0, 4))) for _ in range(400)]
        p = run(emulator, ["-m", "16", "-chardev", "ringbuf,id=r"] + (["-S"] if rnd.random() < 0.5 else []),
                "\n".join(lines) + "\nquit\n")
        if p.returncode or "runtime error" in p.stderr or "Sanitizer" in p.stderr:
            print("\n".join(lines))
            print(f"seed {n}: status {p.returncode}\n{p.stderr[-3000:]}")
            sys.exit(1)
    print(f"{rounds} rounds from seed {seed}, {len(names)} commands: nothing found")


main()
