#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random register accesses over all ports and MMIO of a machine, through the qtest protocol.

    tests/fuzz/regs.py --binary build-asan/qemu-system-x86_64 [--count 2000000] [--seed 1] [-- -machine pc ...]

Where to poke comes from the machine itself ("info mtree -f", read again now and then, because BARs move).
Commands go out in batches without waiting, so a million takes a minute or so. Values are those that
devices stumble over: all ones, single bits, small numbers, addresses in RAM. A crash, a sanitizer report or
silence ends the run with the seed and the last commands, which --replay FILE sends again.
"""
import argparse
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BATCH = 400
RANGE = re.compile(r"^  ([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, (\S+)\): (.*)$")


DEADLINE = 60


class Broken(Exception):
    """The machine refused a command, reported something or went away."""


class Machine:
    """The process, its qtest socket and its monitor."""

    def __init__(self, binary, extra):
        self.dir = tempfile.mkdtemp(prefix="kite-fuzz-")
        path = os.path.join(self.dir, "qtest")
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        server.settimeout(DEADLINE)
        self.cmd = [binary, "-accel", "qtest", "-display", "none", "-serial", "null", "-parallel", "null", "-monitor", "stdio",
                    "-qtest", "unix:" + path, "-qtest-log", "none",
                    "-action", "shutdown=pause,reboot=reset,panic=none", *extra]
        self.log = open(os.path.join(self.dir, "log"), "w+b")
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "detect_leaks=0"))
        self.proc = subprocess.Popen(self.cmd, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=self.log, env=env)
        self.sock, _ = server.accept()
        self.sock.settimeout(DEADLINE)
        self.file = self.sock.makefile("rb")
        self.hmp_read(b"(qemu) ")

    def output(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def line(self):
        line = self.file.readline()
        if not line:
            raise Broken("connection closed")
        return line.decode().rstrip("\n")

    def hmp_read(self, until):
        out = b""
        while not out.endswith(until):
            chunk = os.read(self.proc.stdout.fileno(), 65536)
            if not chunk:
                raise Broken("monitor closed")
            out += chunk
        return out.decode(errors="replace").replace("\r", "")

    def hmp(self, text):
        self.proc.stdin.write(text.encode() + b"\n")
        self.proc.stdin.flush()
        return self.hmp_read(b"\n(qemu) ")

    def close(self):
        self.proc.terminate()
        try:
            self.proc.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            raise Broken("does not end on SIGTERM") from None
        return self.proc.returncode


def ranges(m):
    """(ports, mmio): lists of (first, last) that are not plain memory nor the empty bus."""
    ports, mmio, space = [], [], ""
    for line in m.hmp("info mtree -f").split("\n"):
        if line.startswith(" AS "):
            name = line.split('"')[1]
            space = name if name in ("I/O", "memory") else space
        elif line.startswith("FlatView"):
            space = ""
        hit = RANGE.match(line)
        if not hit or hit[3] not in ("i/o", "romd"):
            continue
        span = (int(hit[1], 16), int(hit[2], 16))
        if space == "I/O" and not re.match(r"io( @|$)", hit[4]):
            ports.append(span)
        elif space == "memory":
            mmio.append(span)
    return ports or [(0, 0xffff)], mmio or [(0xfec00000, 0xfeefffff)]


class Poker:
    def __init__(self, seed):
        self.rand = random.Random(seed)
        self.ports, self.mmio = [(0, 0xffff)], [(0xfec00000, 0xfeefffff)]

    def value(self):
        r = self.rand
        kind = r.randrange(8)
        if kind == 0:
            return 0xffffffff
        if kind == 1:
            return 1 << r.randrange(32)
        if kind == 2:
            return r.randrange(16)
        if kind == 3:
            return r.randrange(0x100000) & ~3       # something in RAM: DMA addresses
        if kind == 4:
            return 0x80000000 | r.randrange(4) << 11 | r.randrange(8) << 8 | r.randrange(64) << 2
        return r.getrandbits(32)

    def at(self, spans, everywhere):
        if self.rand.randrange(64) == 0:
            return self.rand.randrange(everywhere)
        lo, hi = self.rand.choice(spans)
        span = min(hi - lo + 1, 0x1000 if self.rand.randrange(4) else hi - lo + 1)
        return lo + self.rand.randrange(span)

    def line(self):
        r = self.rand
        kind = r.randrange(100)
        size = r.randrange(3)
        if kind < 45:
            return f"out{'bwl'[size]} {self.at(self.ports, 65536):#x} {self.value():#x}"
        if kind < 65:
            return f"in{'bwl'[size]} {self.at(self.ports, 65536):#x}"
        size = r.randrange(4)
        if kind < 83:
            return f"write{'bwlq'[size]} {self.at(self.mmio, 1 << 32):#x} {self.value():#x}"
        if kind < 96:
            return f"read{'bwlq'[size]} {self.at(self.mmio, 1 << 32):#x}"
        if kind < 99:
            return f"clock_step {r.choice((1, 1000, 1000000, 50000000))}"
        return f"memset {r.randrange(0x100000) & ~0xfff:#x} 0x1000 {r.choice((0, 0xff, 0x5a)):#x}"


def send_batch(m, lines):
    m.sock.sendall(("\n".join(lines) + "\n").encode())
    for text in lines:
        while True:
            reply = m.line()
            if not reply.startswith("IRQ"):
                break
        if not reply.startswith("OK"):
            raise Broken(f"{text}: {reply}")


def report(m, recent, seed, why):
    status = m.proc.poll()
    name = f"regs-{seed}.txt"
    with open(name, "w") as f:
        f.write("\n".join(recent) + "\n")
    print(f"FAILED: {why}\nseed {seed}, exit status {status}; the last {len(recent)} commands are in {name}")
    print(m.output() + "\nto repeat: " + " ".join(m.cmd))


def run(args, extra):
    poker = Poker(args.seed)
    recent, done, start = [], 0, time.time()
    fixed = open(args.replay).read().split("\n") if args.replay else None
    m = Machine(args.binary, extra)
    try:
        while done < (len(fixed) if fixed else args.count):
            if done % (BATCH * 100) == 0:
                poker.ports, poker.mmio = ranges(m)
            if fixed:
                batch = [text for text in fixed[done:done + BATCH] if text]
                done += BATCH
            else:
                batch = [poker.line() for _ in range(BATCH)]
                done += BATCH
            recent = (recent + batch)[-20 * BATCH:]
            send_batch(m, batch)
            if "runtime error" in m.output() or "Sanitizer" in m.output():
                raise Broken("sanitizer report")
        status = m.close()
        if status not in (0, -15) or "Sanitizer" in m.output():
            raise Broken(f"exit status {status}")
    except (Broken, OSError) as e:
        time.sleep(1)
        report(m, recent, args.seed, e)
        m.proc.kill()
        return 1
    shutil.rmtree(m.dir, ignore_errors=True)
    print(f"{done} accesses, seed {args.seed}, {time.time() - start:.0f} s: nothing found")
    return 0


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--binary", default="build/qemu-system-x86_64")
    ap.add_argument("--count", type=int, default=2000000)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--replay")
    args, extra = ap.parse_known_args()
    return run(args, [x for x in extra if x != "--"])


sys.exit(main())
