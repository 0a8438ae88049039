#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a guest that means harm (hostile.asm) for a while, in several modes of the translator one after the other.

    hostile.py --qemu BIN [--seconds N] [--seed N] [--accel tcg,...]

The monitor resets the machine ten times a second: the guest hangs itself whenever it can. A run is good when the emulator
answers its monitor to the end and exits with status 0 when told to. Each run has a
seed of its own, which is printed with what went wrong; it begins the same way again, resets come at another time."""
import argparse
import pathlib
import select
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).resolve().parent
MODES = ["tcg", "tcg,tier=2,x-window-after=0", "tcg,lockstep=chained", "tcg,tier=0", "tcg,one-insn=on",
         "tcg,lockstep=on,tier=2,x-window-after=0"]
SLICE = 12          # seconds of one run
ANSWER = 60         # the monitor has to answer by then, however busy the host is


class Dead(Exception):
    pass


class Emulator:
    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.ask(None)

    def ask(self, command):
        """Sends a command, waits for the next prompt."""
        if command is not None:
            try:
                self.process.stdin.write(command.encode() + b"\n")
                self.process.stdin.flush()
            except OSError:
                raise Dead("it is gone")
        text, end = b"", time.monotonic() + ANSWER
        while not text.endswith(b"(qemu) "):
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Dead("the monitor does not answer")
            data = self.process.stdout.read1(65536)
            if not data:
                raise Dead("it is gone")
            text += data


def one(args, rom, folder, accel, seed, seconds):
    """None, or what went wrong; and how many steps and starts there were."""
    rom[0xff00:0xff08] = (seed * 0x9e3779b97f4a7c15 + 1 & (1 << 64) - 1).to_bytes(8, "little")
    (folder / "rom").write_bytes(rom)
    console = folder / "console"
    console.write_bytes(b"")
    cmd = [args.qemu, "-accel", accel, "-cpu", "max", "-m", "16", "-nodefaults", "-display", "none",
           "-bios", str(folder / "rom"), "-debugcon", f"file:{console}", "-monitor", "stdio"]
    wrong, e = None, None
    try:
        e = Emulator(cmd)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.1)
            e.ask("system_reset")
        e.process.stdin.write(b"quit\n")
        e.process.stdin.flush()
        if e.process.wait(ANSWER) != 0:
            wrong = f"status {e.process.returncode}"
    except (Dead, subprocess.TimeoutExpired, OSError) as x:
        wrong = str(x)
    said = b""
    if e is not None:
        if wrong:
            time.sleep(1)       # it may be about to say why
        e.process.kill()
        said = e.process.stderr.read()
        e.process.wait()
        wrong = wrong and f"{wrong}, status {e.process.returncode}"
    text = console.read_bytes()
    steps, starts = text.count(b"."), text.count(b"R")
    if not wrong and (b"Sanitizer" in said or b"runtime error" in said):
        wrong = "a sanitizer's report"
    if wrong:
        print(f"{accel}, seed {seed}: FAIL: {wrong}\n{said.decode(errors='replace')[-20000:]}\n"
              f"again: {sys.argv[0]} --qemu {args.qemu} --accel {accel} --seed {seed} --seconds {seconds}", flush=True)
    return wrong, steps, starts


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--qemu", required=True)
    p.add_argument("--seconds", type=int, default=30)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--accel", action="append")
    args = p.parse_args()
    modes = args.accel or MODES
    failed = runs = steps = starts = 0
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        subprocess.run(["nasm", "-f", "bin", str(here / "hostile.asm"), "-o", str(folder / "rom")], check=True)
        rom = bytearray((folder / "rom").read_bytes())
        end, slice_s = time.monotonic() + args.seconds, min(SLICE, max(3, args.seconds / len(modes)))
        while runs == 0 or time.monotonic() < end:
            wrong, s, r = one(args, rom, folder, modes[runs % len(modes)], args.seed + runs // len(modes), slice_s)
            failed += wrong is not None
            runs, steps, starts = runs + 1, steps + s, starts + r
            if runs % 50 == 0:
                print(f"{runs} runs, {steps} steps, {failed} failed", flush=True)
    print(f"seeds {args.seed} to {args.seed + (runs - 1) // len(modes)}: {runs} runs, {starts} starts, {steps} steps, "
          f"{failed} failed")
    return failed != 0 or steps < runs      # a busy host may not come far in one run


if __name__ == "__main__":
    sys.exit(main())
