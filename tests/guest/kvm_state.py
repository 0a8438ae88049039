#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""State of a vCPU under KVM: stopped, saved and loaded in the middle of a program, and carried kvm -> tcg -> kvm.

    kvm_state.py --bare BIN [--cycles N]

Every run must print what an undisturbed one on the translator prints. Exit 77: no /dev/kvm."""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
MODES = ["off", "on", "split"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--bare", required=True)
    p.add_argument("--cycles", type=int, default=200)
    args = p.parse_args()
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIP: /dev/kvm is not there or not ours to open")
        return 77
    tmp = tempfile.TemporaryDirectory()
    folder = pathlib.Path(tmp.name)
    image = folder / "pc_long.img"
    subprocess.run(["nasm", "-f", "bin", "pc_long.asm", "-o", str(image)], cwd=here / "src", check=True)

    def run(*opts):
        return subprocess.run([args.bare, "-cpu", "qemu64", *opts, str(image)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=100)

    def kvm(mode):
        return ["-accel", "{'accel': 'kvm', 'kernel-irqchip': '%s'}" % mode]

    want = run("-tier", "1").stdout
    failed = runs = cycles = 0
    while cycles < args.cycles and runs < 50:
        r = run(*kvm(MODES[runs % 3]), "-cycles", "100000", "-every", "100")
        m = re.search(r"(\d+) cycles", r.stderr)
        cycles += int(m.group(1)) if m else 0
        runs += 1
        if r.stdout != want:
            failed += 1
            print(f"cycles, irqchip {MODES[(runs - 1) % 3]}: other output\n{r.stdout}\n{r.stderr}")
    print(f"{cycles} save/load cycles in {runs} runs")
    failed += cycles < args.cycles

    moved = 0
    for n, us in enumerate([300, 1000, 2000, 3000, 5000, 7000]):
        text = ""
        for step, accel in enumerate([kvm(MODES[n % 3]), ["-tier", str(n % 2)], kvm(MODES[(n + 1) % 3])]):
            opts = list(accel)
            if step > 0:
                opts += ["-load", str(folder / f"s{step - 1}")]
            if step < 2:
                opts += ["-save", str(folder / f"s{step}"), "-every", str(us if step == 0 else 100)]
            r = run(*opts)
            text += r.stdout
            if r.returncode != 0:       # the program came to its end
                moved += step == 2
                break
        runs += 1
        if text != want or r.returncode != 1:
            failed += 1
            print(f"kvm -> tcg -> kvm after {us} us: other output (status {r.returncode})\n{text}\n{r.stderr}")
    print(f"{moved} of 6 runs went kvm -> tcg -> kvm to the end")
    failed += moved == 0
    print(f"{runs} passed, {failed} failed" if not failed else f"{runs - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
