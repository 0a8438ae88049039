#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random QMP requests made from the schema, and broken ones: qmp.py EMULATOR [SEED [ROUNDS]]. For builds with
sanitizers; prints the failing round's last requests and exits 1 on a crash or a report."""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time

TEXTS = ["", "a", "b", "/", "/machine", "/machine/unattached/device[0]", "type", "realized", "ide1-cd0", "pc.ram", "edu",
         "isa-serial", "ide-cd", "qemu64", "max", "file:core", "fd:a", "1", "-1", "x" * 300, "\u00e9\u0000", "info qtree",
         "memory-backend-ram", "iothread", "null-co", "raw", "*", "pc-i440fx-7.2", "x86_64-cpu", "n0", "n1", "/nope"]
NUMBERS = [0, 1, -1, 2, 16, 512, 65536, 1 << 20, (1 << 31) - 1, 1 << 32, (1 << 63) - 1, -(1 << 63)]
NEVER = ("quit", "qmp_capabilities", "screendump", "memsave", "pmemsave", "dump-guest-memory", "yank")


class Maker:
    def __init__(self, schema, rnd):
        self.types = {e["name"]: e for e in schema}
        self.commands = [e for e in schema if e["meta-type"] == "command" and e["name"] not in NEVER]
        self.rnd = rnd

    def value(self, name, depth=0):
        t, rnd = self.types[name], self.rnd
        kind = t["meta-type"]
        if rnd.random() < 0.03 or depth > 6:
            return rnd.choice([None, True, [], {}, 1.5, "z", 7])
        if kind == "builtin":
            return {"string": lambda: rnd.choice(TEXTS), "int": lambda: rnd.choice(NUMBERS), "number": rnd.random,
                    "boolean": lambda: rnd.random() < 0.5, "null": lambda: None}.get(
                        t["json-type"], lambda: rnd.choice([1, "x", {"a": [1]}]))()
        if kind == "enum":
            return rnd.choice(t["values"])
        if kind == "array":
            return [self.value(t["element-type"], depth + 1) for _ in range(rnd.choice([0, 1, 1, 2, 5]))]
        if kind == "alternate":
            return self.value(rnd.choice(t["members"])["type"], depth + 1)
        out = {}
        for m in t["members"]:
            if "default" not in m and rnd.random() < 0.97 or rnd.random() < 0.4:
                out[m["name"]] = self.value(m["type"], depth + 1)
        for v in t.get("variants", []):
            if out.get(t["tag"]) == v["case"]:
                more = self.value(v["type"], depth + 1)
                out.update(more if isinstance(more, dict) else {})
        if rnd.random() < 0.02:
            out["bogus"] = 1
        return out

    def request(self):
        c = self.rnd.choice(self.commands)
        arguments = self.value(c["arg-type"])
        if c["name"] == "object-add" and isinstance(arguments, dict):
            arguments.pop("prealloc", None)             # gigabytes would be touched
        text = json.dumps({"execute": c["name"], "arguments": arguments}).encode()
        if self.rnd.random() < 0.1:                     # broken on the way
            n = self.rnd.randrange(len(text))
            text = text[:n] + bytes([self.rnd.randrange(256)]) + text[n + self.rnd.randrange(3):]
        return text + b"\n"


def connect(path):
    for _ in range(2000):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            return s
        except OSError:
            s.close()
            time.sleep(0.01)
    sys.exit("nobody listens")


def one_round(emulator, seed):
    rnd, path, sent = random.Random(seed), f"s{seed}", []
    p = subprocess.Popen([emulator, "-display", "none", "-m", "16", "-S", "-accel", "qtest", "-serial", "null", "-qmp",
                          f"unix:{path},server=on,wait=off"], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    s = connect(path)
    f = s.makefile("rb")
    f.readline()
    s.sendall(b'{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}')
    f.readline()
    maker = Maker(json.loads(f.readline())["return"], rnd)
    s.settimeout(20)
    try:
        for n in range(300):
            sent.append(maker.request())
            s.sendall(sent[-1] + b'\xff{"execute":"query-name","id":%d}' % n)
            while json.loads(f.readline() or b"null").get("id") != n:
                pass
        s.sendall(b'\xff{"execute":"quit"}')
    except (OSError, AttributeError):
        pass
    try:
        err = p.communicate(timeout=30)[1].decode(errors="replace")
    except subprocess.TimeoutExpired:
        p.kill()
        err = "hangs\n" + p.communicate()[1].decode(errors="replace")
    if p.returncode or "runtime error" in err or "Sanitizer" in err:
        print(b"".join(sent[-5:]).decode(errors="replace"))
        print(f"seed {seed}: status {p.returncode}\n{err[-3000:]}")
        sys.exit(1)


def main():
    emulator = os.path.abspath(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    os.environ["KITE_QMP_CHECK"] = "1"
    os.chdir(tempfile.mkdtemp(prefix="kite-fuzz-"))
    for n in range(seed, seed + rounds):
        one_round(emulator, n)
    print(f"{rounds} rounds from seed {seed}: nothing found")


main()
