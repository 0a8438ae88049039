#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots Debian's kernels, loaders and tools and watches their serial console.

boot.py [--emulator CMD] [--guests DIR] [--modes plain,log,paused] [--short] [--list] [CASE ...]

Each case is a command line, what must appear on the serial port in order, and what to type after each.
Modes: plain; log = with -d int,cpu_reset; paused = started with -S and continued from the monitor.
Output is TAP. A case whose image is missing is skipped by name (tests/boot/fetch.sh makes the images)."""
import argparse, os, pathlib, re, select, shlex, shutil, socket, subprocess, sys, tempfile, time

PROMPT = r"# $"        # typing before the prompt is out would be taken for the answer to the shell's cursor query
SHELL = [(PROMPT, "echo sum=$((6*7))\n"), (r"sum=42", ""), (PROMPT, "poweroff\n")]
KERNEL = ["-m", "256", "-kernel", "{g}/vmlinuz-cloud", "-initrd", "{g}/initramfs-amd64.gz", "-append", "console=ttyS0"]

# the installer's first menu and, after the arrow key and Enter, its second
LANGUAGE_MENU = [(r"Select a language", ""), (r"English", ""), (r"activates buttons", "\r"), (r"Select your location", "")]

# name: (arguments, [(regular expression, text typed when it came)], exit status or None = we stop it, seconds)
CASES = {
    "linux-amd64": (KERNEL, SHELL, 0, 120),
    "linux-amd64-generic": (["-m", "512", "-kernel", "{g}/vmlinuz-amd64", "-initrd", "{g}/initramfs-amd64.gz",
                             "-append", "console=ttyS0"], SHELL, 0, 180),
    "linux-amd64-lockstep": (["-accel", "tcg,lockstep=on", *KERNEL], SHELL, 0, 1200),
    "linux-amd64-max": (["-cpu", "max", *KERNEL], SHELL, 0, 120),
    "linux-i386": (["-m", "256", "-kernel", "{g}/installer-i386-linux", "-initrd", "{g}/initramfs-i386.gz", "-append",
                    "console=ttyS0"], SHELL, 0, 180),
    # the inner shell says "go": only then it is sure that the terminal sends Ctrl-C to it and not to the outer one
    "linux-interrupt": (KERNEL, [(PROMPT, "sh -c 'echo go; exec sleep 1000'\n"), (r"\ngo", "\x03"), (PROMPT, "ech"), (r"ech", "o back\n"),
                                 (r"\nback", ""), (PROMPT, "poweroff\n")], 0, 120),
    "installer-amd64": (["-m", "1024", "-kernel", "{g}/installer-amd64-linux", "-initrd",
                         "{g}/installer-amd64-initrd.gz", "-append", "console=ttyS0"], LANGUAGE_MENU, None, 300),
    "installer-i386": (["-m", "1024", "-kernel", "{g}/installer-i386-linux", "-initrd",
                        "{g}/installer-i386-initrd.gz", "-append", "console=ttyS0 TERM=dumb DEBIAN_FRONTEND=text"],
                       [(r"Choose the language", ""), (r"default=2> ", "\n"), (r"Select your location", "")], None, 300),
    "memtest-kernel": (["-m", "64", "-kernel", "{g}/memtest64.bin", "-append", "console=ttyS0,115200"],
                       [(r"Memtest86\+", ""), (r"(Pass|Test #|Testing)", "")], None, 90),
    "grub-iso": (["-m", "64", "-cdrom", "{g}/memtest.iso"],
                 [(r"Memory test", ""), (r"starting memtest|Memtest86", ""), (r"Memtest86\+", "")], None, 120),
    "debian-disk": (["-m", "512", "-drive", "file={g}/debian.img,format=raw,snapshot=on"],
                    [(r"Debian", ""), (r"debian login: $", "root\n"), (r"root@debian.*# ", "echo sum=$((6*7))\n"),
                     (r"sum=42", ""), (r"# ", "systemctl poweroff\n")], 0, 400),
    "ipxe": (["-M", "graphics=off", "-m", "64", "-kernel", "{g}/ipxe.lkrn"], [(r"iPXE \d", ""), (r"Features:", "")], None, 60),
    "boot-sector": (["-drive", "file={g}/bootsector.img,format=raw,snapshot=on"], [(r"hello from the second sector", "")], None, 60),
    "floppy": (["-drive", "file={g}/bootsector.img,format=raw,if=floppy,snapshot=on", "-boot", "a"],
               [(r"hello from the second sector", "")], None, 60),
    "no-boot-device": (["-M", "graphics=off"], [(r"No bootable device", "")], None, 60),
}
# --short: these in all modes, those in plain mode; what needs debootstrap is left to the whole run
SHORT_ALL_MODES = ["linux-amd64", "linux-i386", "boot-sector", "floppy", "no-boot-device"]
SHORT_PLAIN = ["linux-amd64-generic", "linux-amd64-max", "linux-interrupt", "installer-amd64", "installer-i386",
               "memtest-kernel", "grub-iso", "ipxe"]


class Console:
    """The guest's serial port on our pipe."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text, self.seen = "", 0

    def read(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            return True
        data = os.read(self.process.stdout.fileno(), 65536)
        self.text += data.decode("latin-1")
        return bool(data)

    def expect(self, pattern, deadline):
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1bc", "", self.text)
            found = re.compile(pattern).search(plain, self.seen)
            if found:
                self.seen = found.end()
                return True
            if time.monotonic() > deadline or not self.read(1.0):
                return False

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()


def missing_image(args):
    for word in args:
        for path in re.findall(r"/[^,]+", word):
            if path.count("/") > 1 and not os.path.exists(path):
                return path
    return None


def command(emulator, args, mode, work):
    argv = shlex.split(emulator) + ["-display", "none", "-serial", "stdio", "-no-reboot", "-net", "none"] + args
    if mode == "log":
        argv += ["-d", "int,cpu_reset", "-D", f"{work}/log"]
    if mode == "paused":
        argv += ["-S", "-monitor", f"unix:{work}/mon,server=on,wait=off"]
    else:
        argv += ["-monitor", "none"]
    return argv


def resume(path, deadline):
    """Connects to the monitor, checks that the guest is paused, continues it."""
    while True:
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(path)
            break
        except OSError:
            if time.monotonic() > deadline:
                return "the monitor socket did not appear"
            time.sleep(0.05)
    s.settimeout(10)
    text = b""
    while b"(qemu)" not in text:
        text += s.recv(4096)
    s.sendall(b"info status\n")
    text = b""
    while b"VM status" not in text:
        text += s.recv(4096)
    if b"paused" not in text:
        return "not paused after -S: " + repr(text)
    s.sendall(b"cont\n")
    return s


def run(emulator, name, mode, guests):
    args, script, status, seconds = CASES[name]
    args = [a.replace("{g}", guests) for a in args]
    gone = missing_image(args)
    if gone:
        return None, f"no {gone}"
    deadline = time.monotonic() + seconds * (2 if mode == "log" else 1)
    with tempfile.TemporaryDirectory() as work:
        argv = command(emulator, args, mode, work)
        console = Console(argv)
        why, monitor = None, None
        try:
            if mode == "paused":
                monitor = resume(f"{work}/mon", deadline)
                why = monitor if isinstance(monitor, str) else None
            for pattern, typed in script if why is None else []:
                if not console.expect(pattern, deadline):
                    why = f"'{pattern}' did not appear"
                    break
                if typed:
                    console.send(typed)
            if why is None and status is not None:
                while console.read(1.0) and console.process.poll() is None and time.monotonic() < deadline:
                    pass
                got = console.process.wait(max(1, deadline - time.monotonic()))
                why = None if got == status else f"exit status {got}, not {status}"
        except subprocess.TimeoutExpired:
            why = "did not end after power off"
        finally:
            console.process.kill()
            console.process.wait()
        if why:
            why += "\n  " + shlex.join(argv) + "\n" + "\n".join("  | " + l for l in console.text.splitlines()[-25:])
        return why is None, why


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--emulator", default="build/qemu-system-x86_64")
    ap.add_argument("--guests", default="build/guests")
    ap.add_argument("--modes", default="plain")
    ap.add_argument("--short", action="store_true")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("cases", nargs="*")
    a = ap.parse_args()
    if a.list:
        print("\n".join(CASES))
        return 0
    todo = [(n, m) for n in (a.cases or CASES) for m in a.modes.split(",")]
    if a.short:
        todo = [(n, m) for n in SHORT_ALL_MODES for m in ("plain", "log", "paused")]
        todo += [(n, "plain") for n in SHORT_PLAIN]
    print(f"1..{len(todo)}")
    bad = 0
    for number, (name, mode) in enumerate(todo, 1):
        start = time.monotonic()
        ok, why = run(a.emulator, name, mode, str(pathlib.Path(a.guests).resolve()))
        took = f"{time.monotonic() - start:.1f} s"
        if ok is None:
            print(f"ok {number} - {name} {mode} # SKIP {why}", flush=True)
            continue
        print(f"{'ok' if ok else 'not ok'} {number} - {name} {mode} ({took})", flush=True)
        if not ok:
            bad += 1
            print("\n".join("# " + l for l in why.splitlines()), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
