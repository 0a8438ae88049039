#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the monitor's commands and the layout of what they print with QEMU 7.2.

    tests/surface/hmp.py build/qemu-system-x86_64            # check; used by the test suite
    tests/surface/hmp.py build/qemu-system-x86_64 --shrink   # take lines out of the list that became untrue
    tests/surface/hmp.py build/qemu-system-x86_64 --update   # rewrite the list (new lines need a reason)
    tests/surface/hmp.py --import DIR REFERENCE              # rewrite hmp.ref: DIR has hmp/help*.txt and recorded
                                                             # output (guest-*/hmp), REFERENCE is a QEMU to ask

Commands: their names and parameters, as "help" lists them, not the words that explain them. Layouts: every line a
command prints is reduced to its shape, with numbers, names and paths replaced by letters; what counts is the set of
shapes. A shape of the fresh machine that is not printed here is "absent", one that QEMU prints neither there nor in
the recorded output of running guests is "extra". hmp.ref holds one command a line, hmp.diff the known differences.
"""
import argparse
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

from known import settle

HERE = pathlib.Path(__file__).resolve().parent
REF = HERE / "hmp.ref"
DIFF = HERE / "hmp.diff"
HELP = re.compile(r"^((?:info )?[a-z0-9_|?-]+) (.*?) ?-- ", re.M)
# Output of these is about the day, the build or another machine's parts.
UNCOMPARED = {"info version", "info jit", "info history", "info trace-events", "info qdm"}
MORE = ["info block -v", "info block -n", "info block -n -v", "info registers -a", "info mtree -f", "info mtree -o",
        "info mtree -f -o", "info mtree -D", "info lapic 0", "info iothreads", "info memdev", "info stats vm",
        "info stats vcpu", "x /4xb 0xfffffff0", "x /2i 0xfffffff0", "xp /2xg 0xffff0", "xp /3dw 0xf0000",
        "xp /3ob 0xf0000", "xp /4uh 0xf0000", "p 300", "p /o 8", "p /c 65", "i /b 0x71", "o /b 0x80 1", "sum 0xf0000 64",
        "gva2gpa 0x1000", "gpa2hva 0x1000", "gpa2hva 0x1000000000", "gpa2hpa 0x1000000000", "boot_set n", "boot_set z",
        "cpu 5", "log none", "sendkey nosuch", "mouse_set 9", "watchdog_action bogus", "balloon 64", "system_wakeup",
        "device_add", "device_add bogus", "device_del x", "object_add bogus,id=x", "object_add id=x", "object_del r0",
        "chardev-add null", "chardev-remove c0", "chardev-change c0 null", "chardev-send-break c0", "getfd x",
        "closefd x", "qom-list /nosuch", "qom-get /nosuch x", "qom-get /machine nosuch", "qom-list", "eject nosuch",
        "eject ide0-hd0", "change ide1-cd0 /nosuch", "change nosuch x", "block_resize nosuch 4", "drive_del dd",
        "drive_add 0 if=none,id=dd,driver=null-co", "drive_del dd", "ringbuf_read x 1", "ringbuf_write x abc",
        "ringbuf_write rb abc", "ringbuf_read rb 9", "dump-guest-memory -z -l x", "screendump /nosuch/x -f bogus",
        "trace-event nosuch on", "singlestep bogus", "exit_preconfig", "quit extra", "help nosuch", "info nosuch"]
MACHINE = ["-M", "pc,accel=tcg", "-m", "128", "-S", "-display", "none", "-nodefaults", "-vga", "std", "-serial", "null",
           "-drive", "file=d.img,format=raw,if=ide,index=0",
           "-drive", "if=ide,index=2,media=cdrom", "-object", "iothread,id=io1",
           "-object", "memory-backend-ram,id=mm,size=4M", "-chardev", "ringbuf,id=rb"]


class Monitor:
    def __init__(self, binary):
        self.top = tempfile.TemporaryDirectory(prefix="kite-surface-")
        path = os.path.join(self.top.name, "m")
        with open(os.path.join(self.top.name, "d.img"), "wb") as f:
            f.truncate(1 << 20)
        # pylint: disable-next=consider-using-with
        self.proc = subprocess.Popen([os.path.abspath(binary)] + MACHINE + ["-monitor", f"unix:{path},server=on,wait=off"],
                                     cwd=self.top.name, stderr=subprocess.DEVNULL)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        end = time.monotonic() + 20
        while True:
            try:
                self.sock.connect(path)
                break
            except OSError:
                if self.proc.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.02)
        self.read()

    def read(self):
        data = b""
        while not data.endswith(b"(qemu) "):
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError(data)
            data += piece
        return re.sub(r"\x1b\[[KD]", "", data.decode(errors="replace").replace("\r", ""))

    def ask(self, line):
        self.sock.sendall(line.encode() + b"\n")
        return self.read().split("\n", 1)[1][:-len("(qemu) ")]

    def close(self):
        self.sock.close()
        self.proc.terminate()
        self.proc.wait(20)
        self.top.cleanup()


def shape(command, line):
    """A line without what differs from machine to machine."""
    if command.startswith("info qom-tree"):
        return re.sub(r"/\S.*? \(.*\)", "/NAME (TYPE)", re.sub(r"^( +)", " ", line))
    if command.startswith("info qtree"):
        line = re.sub(r"^( +)", " ", line)
        line = re.sub(r"^( ?\S+) = .*", " PROP = VALUE", line)
        line = re.sub(r'(dev|bus|class|type):? [^,]*', r"\1 NAME", line)
        line = re.sub(r"^( ?)(type|\s*class|addr|bar|mmio|gpio-in|gpio-out|irq) .*", r"\1\2 ...", line)
    if command.startswith("info mtree"):
        line = re.sub(r"^( +)", " ", line)
        line = re.sub(r"(\): )(alias )?.*?( @\S.*? )?([0-9a-f]{16}-[0-9a-f]{16})?( owner.*| parent.*)?( \[disabled\])?$",
                      lambda m: m[1] + (m[2] or "") + "NAME" + (" @NAME RANGE" if m[4] else "") +
                      (" OWNER" if m[5] else "") + (m[6] or ""), line)
        line = re.sub(r"(address-space|AS|root|region)(:? )\"?[^\"(,]*\"?", r"\1\2NAME", line)
    line = re.sub(r'"[^"]*"', '"TEXT"', re.sub(r"(prio |thread_id=)-?\d+", r"\1N", line))
    if command.startswith("info roms"):
        line = re.sub(r"(fw=|mem=|/)\S+", r"\1NAME", line)
    if command.startswith("info ramblock"):
        line = re.sub(r"^ *\S+ +", "NAME ", line)
    line = re.sub(r"(?<![\w.])/[\w./\[\]@-]+", "PATH", line)
    line = re.sub(r"#block\d+", "#block", line)
    line = re.sub(r"\b0x[0-9a-f]+", "HEX", line)
    line = re.sub(r"\b([0-9a-f]{16}|[0-9a-f]{8}|(?=[a-f]*[0-9])[0-9a-f]{4})\b", lambda m: f"h{len(m[0])}", line)
    line = re.sub(r"-?\b\d+(\.\d+)?", "N", line)
    line = re.sub(r"\b(on|off|true|false|yes|no)\b", "BOOL", line)
    return re.sub(r"  +", "  ", line.rstrip()) if "  " in line.strip() else line.rstrip()


def shapes(command, text):
    return sorted({shape(command, line) for line in text.split("\n") if line.strip()})


def commands(text):
    """{name with aliases: parameters}; continued lines of explanations are not of this form."""
    out, hits = {}, list(HELP.finditer(re.sub(r"\n(?=[\[,])", "\x01", text)))
    for hit in hits:
        out[hit[1]] = hit[2].replace("\x01", " ").strip()
    return out


def of_binary(binary, asked):
    m = Monitor(binary)
    try:
        known = commands(m.ask("help")) | commands(m.ask("help info"))
        return known, {line: shapes(line, m.ask(line)) for line in asked}
    finally:
        m.close()


def read_ref():
    known, layouts = {}, {}
    for line in REF.read_text().splitlines():
        row = json.loads(line)
        if row[0] == "command":
            known[row[1]] = row[2]
        else:
            layouts[row[1]] = (row[2], row[3])
    return known, layouts


def write_ref(top, reference):
    known = commands((top / "hmp/help.txt").read_text()) | commands((top / "hmp/help-info.txt").read_text())
    asked = sorted({n for n in known if n.startswith("info ")} - UNCOMPARED | set(MORE))
    fresh = of_binary(reference, asked)[1]
    rows = [["command", name, known[name]] for name in sorted(known)]
    for line in asked:
        files = top.glob(f"guest-pc-*/hmp/{line.replace(' ', '-', 1)}.txt")
        files = list(files) + list(top.glob(f"guest-pc-*/hmp/{line.replace(' ', '_')}.txt"))
        seen = {s for f in files for s in shapes(line, f.read_text(errors="replace"))}
        rows.append(["layout", line, fresh[line], sorted(seen - set(fresh[line]))])
    REF.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))


def compare(mine, ref):
    out = []
    for name in sorted(set(ref[0]) | set(mine[0])):
        if name not in mine[0]:
            out.append(f"command {name}: absent")
        elif name not in ref[0]:
            out.append(f"command {name}: extra")
        elif mine[0][name] != ref[0][name]:
            out.append(f"command {name}: parameters are '{ref[0][name]}', here '{mine[0][name]}'")
    for line, (fresh, seen) in sorted(ref[1].items()):
        if any(s.startswith("unknown command") for s in mine[1][line]) and line.split()[-1] != "nosuch":
            continue                # said above
        out += [f"{line}: absent: {s}" for s in fresh if s not in mine[1][line]]
        out += [f"{line}: extra: {s}" for s in mine[1][line] if s not in fresh and s not in seen]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--import", dest="records", nargs=2, metavar=("DIR", "REFERENCE"))
    args = parser.parse_args()
    if args.records:
        write_ref(pathlib.Path(args.records[0]), args.records[1])
    if not args.binary:
        return 0
    ref = read_ref()
    mine = of_binary(args.binary, list(ref[1]))
    diffs = compare(mine, ref)
    new, gone = settle(diffs, DIFF, args)
    both = len(set(mine[0]) & set(ref[0]))
    bad = {d.split(": ")[0] for d in diffs if not d.startswith("command ")}
    print(f"monitor: {both} of {len(ref[0])} commands; {len(ref[1]) - len(bad)} of {len(ref[1])} layouts equal; "
          f"{len(diffs)} differences, {len(new)} new, {len(gone)} no longer true")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
