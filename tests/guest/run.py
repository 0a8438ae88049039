#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bare-metal programs: assemble, run on our binary, compare the console with the recorded NAME.out.

    run.py [--qemu BIN] [--bare BIN] [--accel tcg,tier=0 ...] [--record] [--reference] [NAME ...]

Lines that begin with '*' are where QEMU 7.2 is known to differ from the manuals: --reference (run on QEMU to
validate a program) leaves them out. Programs named icount_* run
twice under each accelerator, without firmware's disk accesses, and must always print the same. Programs named bare_* need the machine without firmware (--bare), smp_* four vCPUs."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
TIMEOUT = 40
TIMEOUT_SMP = 120  # more vCPUs than host processors wait for each other


def assemble(name, folder):
    image = folder / (name + ".img")
    subprocess.run(["nasm", "-f", "bin", name + ".asm", "-o", str(image)], cwd=here / "src", check=True)
    data = image.read_bytes()
    image.write_bytes(data + bytes(1474560 - len(data)))
    return image


NOT_KVM = {"pc_ferr": "a kernel's KVM has no FERR# pin: CR0.NE is set in hardware whatever the guest wrote"}
if not {"vmx", "svm"} & set(pathlib.Path("/proc/cpuinfo").read_text().split()):
    NOT_KVM["pc_xsave"] = "KVMs that interpret ring 0 lack XSAVEC and XSAVES"
# every way the translator can be told to work; pc_* run with one and four vCPUs in each
MATRIX = ["tcg,tier=0", "tcg,tier=1", "tcg,tier=2", "tcg,tier=1,one-insn=on", "tcg,tier=2,x-window-after=0,mem=table",
          "tcg,tier=2,x-window-after=0,mem=probe", "tcg,tier=2,x-window-after=0,one-insn=on", "tcg,tier=2,mem=soft",
          "tcg,tier=0,thread=single", "tcg,tier=1,thread=single", "tcg,tier=2,x-window-after=0,thread=single",
          "tcg,lockstep=on,tier=2,x-window-after=0", "tcg,lockstep=chained,tier=1",
          "tcg,lockstep=chained,tier=2,x-window-after=0"]
KVM = ["kvm,kernel-irqchip=on", "kvm,kernel-irqchip=split", "kvm,kernel-irqchip=off"]


def option_rom(image):
    """The program as an option ROM that moves itself to 0x7c00: nothing is read from a disk, whose time is the host's."""
    program = image.read_bytes().rstrip(b"\0")
    code = (b"\xfa\x0e\x1f\xbe" + (32).to_bytes(2, "little") + b"\x31\xc0\x8e\xc0\xbf\x00\x7c\xb9" +
            len(program).to_bytes(2, "little") + b"\xfc\xf3\xa4\xea\x00\x7c\x00\x00")
    blocks = (32 + len(program) + 512) // 512
    rom = (bytes([0x55, 0xaa, blocks]) + code).ljust(32, b"\0") + program
    rom = rom.ljust(blocks * 512 - 1, b"\0")
    path = image.with_suffix(".rom")
    path.write_bytes(rom + bytes([-sum(rom) & 255]))
    return path


def run_machine(args, image, folder, accel, smp=1):
    out = folder / "console"
    out.write_bytes(b"")
    start = ["-boot", "c", "-drive", f"file={image},format=raw,if=ide"]
    if image.stem.startswith("icount_"):
        start = ["-option-rom", str(option_rom(image))]
    cmd = [args.qemu, "-cpu", "max", "-display", "none", "-m", "64", "-nodefaults", "-no-reboot", *start,
           "-debugcon", f"file:{out}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if image.stem.startswith("icount_"):
        cmd += ["-icount", "shift=3", "-rtc", "base=2020-01-01,clock=vm"]
    if image.stem.startswith("smp_"):
        cmd += ["-smp", "4"]
    if accel:
        cmd += ["-accel", accel]
    if smp > 1:
        cmd += ["-smp", str(smp)]
    try:
        res = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True,
                             timeout=TIMEOUT_SMP if image.stem.startswith(("smp_", "pc_")) else TIMEOUT)
        code = res.returncode
        if res.stderr:
            print(f"{image.stem}: {res.stderr.decode(errors='replace').strip()}")
    except subprocess.TimeoutExpired:
        code = 1 if args.reference else 124     # QEMU hangs in what only '*' lines try
    return out.read_text(errors="replace"), code, cmd


def run_bare(args, image, tier):
    cmd = [args.bare, "-cpu", "max", "-tier", tier, str(image)]
    res = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    return res.stdout.decode(errors="replace"), res.returncode, cmd


def check_repeats(name, runs):
    first = runs[0]
    for other in runs[1:]:
        if first[0] != other[0] or first[1] != 1 or other[1] != 1 or first[0].count("\n") <= 10:
            print(f"{name}: FAIL (status {first[1]}, {other[1]}): two runs differ; again: "
                  f"{' '.join(map(str, first[2]))}\n  and: {' '.join(map(str, other[2]))}")
            return False
    return True


def shown(text, reference):
    return [l for l in text.splitlines() if not (reference and l.startswith("*"))]


def check(name, text, code, cmd, args):
    expected = here / "expect" / (name + ".out")
    if args.record:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(text)
        return True
    if not expected.exists():
        print(f"{name}: no {expected}")
        return False
    want, got = shown(expected.read_text(), args.reference), shown(text, args.reference)
    if want == got and code == 1:
        return True
    print(f"{name}: FAIL (status {code}); again: {' '.join(map(str, cmd))}")
    for k in range(max(len(want), len(got))):
        w = want[k] if k < len(want) else "(end)"
        g = got[k] if k < len(got) else "(end)"
        if w != g:
            print(f"  line {k + 1}\n  - {w}\n  + {g}")
            break
    return False


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--qemu")
    p.add_argument("--bare")
    p.add_argument("--accel", action="append")
    p.add_argument("--record", action="store_true")
    p.add_argument("--reference", action="store_true")
    p.add_argument("names", nargs="*")
    p.add_argument("--kvm", action="store_true", help="the programs every KVM host can run, in all its modes")
    p.add_argument("--matrix", action="store_true", help="all tiers, memory modes and kinds of threads")
    args = p.parse_args()
    if args.matrix:
        args.accel = MATRIX
    if args.kvm and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIP: /dev/kvm is not there or not ours to open")
        return 77
    names = args.names or sorted(f.stem for f in (here / "src").glob("*.asm"))
    if args.kvm:
        names = args.names or [n for n in names if n.startswith("pc_")]
        for name in set(names) & set(NOT_KVM):
            print(f"SKIP {name}: {NOT_KVM[name]}")
        names = [n for n in names if n not in NOT_KVM]
        args.accel = args.accel or KVM
    accels = [None] if args.reference else args.accel or ["tcg,tier=0", "tcg,tier=1"]
    failed = ran = 0
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        for name in names:
            image = assemble(name, folder)
            if name.startswith("icount_"):
                if args.qemu and not args.record and not args.reference:
                    ways = accels + ([] if args.accel else ["tcg,one-insn=on", "tcg,tier=2,x-window-after=0"])
                    runs = [run_machine(args, image, folder, a) for a in ways for _ in range(2)
                            if "kvm" not in (a or "") and "lockstep" not in (a or "")]
                    ran += len(runs)
                    failed += len(runs) > 0 and not check_repeats(name, runs)
                continue
            for accel in accels[:1] if args.record else accels:
                results = []
                lockstep = "lockstep" in (accel or "")
                if args.qemu and not name.startswith("bare_") and not (lockstep and name.startswith(("smp_", "pc_"))):
                    results += [run_machine(args, image, folder, accel, smp)
                                for smp in ([1, 4] if name.startswith("pc_") and not args.record else [1])]
                if args.bare and not args.reference and not name.startswith(("smp_", "pc_")):
                    results.append(run_bare(args, image, "0" if accel and "tier=0" in accel else "1"))
                for text, code, cmd in results:
                    ran += 1
                    failed += not check(name, text, code, cmd, args)
    print(f"{ran} runs, {failed} failed")
    return failed != 0 or ran == 0


if __name__ == "__main__":
    sys.exit(main())
