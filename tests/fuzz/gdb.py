#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random packets for the gdb server, right ones and broken ones: gdb.py EMULATOR [SEED [ROUNDS]]. For builds with
sanitizers; prints the failing round's last packets and exits 1 on a crash, a report or a hang."""
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

COMMANDS = ["info registers", "info status", "info cpus", "x /4xg 0", "xp /4xw 0x7c00", "stop", "cont", "system_reset",
            "bogus", "gdbserver none", "info mtree", "p $pc", "cpu 1", "nmi"]
PLAIN = ["?", "!", "g", "qC", "qfThreadInfo", "qsThreadInfo", "vCont?", "qAttached", "D", "D;1", "vAttach;1",
         "qqemu.sstep", "Qqemu.sstep=7", "Qqemu.sstep=0", "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0",
         "qSupported:multiprocess+;swbreak+", "qSupported", "c", "s", "C05", "S05;fff0", "c7c00", "Hg1", "Hc2", "Hgp1.2",
         "Hcp1.-1", "T2", "vCont;c",
         "vCont;s", "vCont;s:1;c", "vCont;s:2", "vCont;c:p1.1;s:p1.2", "qXfer:features:read:target.xml:0,fff"]


def packet(rnd):
    places = [0, 1, 0x500, 0x7c00, 0xffff0, 0xfffffff0, 0xfee00000, (1 << 64) - 1, rnd.getrandbits(64)]
    word = lambda: f"{rnd.choice(places):x}"
    size = lambda: f"{rnd.choice([0, 1, 2, 3, 4, 8, 16, 100, 0x7ff, 0x800, 0x801, (1 << 64) - 1]):x}"
    data = lambda: bytes(rnd.randrange(256) for _ in range(rnd.choice([0, 1, 4, 8, 10, 16, 300]))).hex()
    kind = rnd.randrange(12)
    if kind < 3:
        return rnd.choice(PLAIN)
    if kind == 3:
        return f"m{word()},{size()}"
    if kind == 4:
        d = data()
        return f"M{word()},{len(d) // 2:x}:{d}"
    if kind in (5, 6):
        return f"{rnd.choice('zZ')}{rnd.randrange(6)},{word()},{size()}"
    if kind == 7:
        return f"p{rnd.randrange(0x60):x}"
    if kind == 8:
        n = rnd.randrange(0x52)
        width = (4 if n in range(17, 24) or n in range(41, 49) or n == 65 else 10 if n in range(33, 41) else
                 16 if n > 48 else 8)
        return f"P{n:x}=" + rnd.choice(["f", "0", "8", "1", "7"]) * width * 2 if rnd.random() < 0.3 else \
            f"P{n:x}=" + rnd.getrandbits(width * 8).to_bytes(width, "little").hex()
    if kind == 9:
        return "G" + data()
    if kind == 10:
        return "qRcmd," + rnd.choice(COMMANDS).encode().hex()
    return rnd.choice("gmMXzZHTvqQ") + "".join(rnd.choice("0123456789abcdef,;:.-p=") for _ in range(rnd.randrange(30)))


def framed(rnd, text):
    data = text.encode()
    out = b"$" + data + b"#%02x" % (sum(data) & 255)
    if rnd.random() < 0.08:
        n = rnd.randrange(len(out))
        out = out[:n] + bytes([rnd.randrange(256)]) + out[n + rnd.randrange(3):]
    if rnd.random() < 0.3:
        out += rnd.choice([b"\x03", b"+", b"-", b"-----", b"\x03\x03"])
    return out


def connect(path):
    for _ in range(3000):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            s.settimeout(0.02)
            return s
        except OSError:
            s.close()
            time.sleep(0.01)
    sys.exit("nobody listens")


def drain(s):
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


def one_round(emulator, seed):
    rnd, path, sent = random.Random(seed), f"g{seed}", []
    p = subprocess.Popen([emulator, "-display", "none", "-m", "16", "-S", "-smp", "2", "-cpu",
                          rnd.choice(["qemu64", "max", "qemu32"]), "-nodefaults", "-gdb", f"unix:{path},server=on,wait=off", "-monitor",
                          f"unix:m{seed},server=on,wait=off"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    s = connect(path)
    try:
        for n in range(600):
            sent.append(framed(rnd, packet(rnd)))
            s.sendall(sent[-1])
            if n % 16 == 0:
                drain(s)
            if rnd.random() < 0.01:
                s.close()
                s = connect(path)
    except OSError:
        pass
    s.close()
    m = connect(f"m{seed}")
    m.settimeout(20)
    try:
        m.sendall(b"quit\n")
        err = p.communicate(timeout=60)[1].decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        p.kill()
        err = "hangs\n" + p.communicate()[1].decode(errors="replace")
    if p.returncode or "runtime error" in err or "Sanitizer" in err:
        print(b"\n".join(sent[-20:]).decode(errors="replace"))
        print(f"seed {seed}: status {p.returncode}\n{err[-3000:]}")
        sys.exit(1)


def main():
    emulator = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    os.chdir(tempfile.mkdtemp(prefix="kite-fuzz-"))
    for n in range(seed, seed + rounds):
        one_round(emulator, n)
    print(f"{rounds} rounds from seed {seed}: nothing found")


main()
