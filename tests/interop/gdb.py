#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's gdb on Debian's kernel: gdb.py EMULATOR KERNEL INITRD [ACCEL]. Breaks by symbol, steps, watches a
variable, reads a backtrace. The kernel has no debugging information: a first boot, to a shell in the initrd, asks it for
the addresses of some symbols, of which a file for gdb is made."""
import os
import re
import subprocess
import sys
import tempfile
import time

FAULTS = 0


NAMES = ("_text _etext _end x86_64_start_reservations x86_64_start_kernel start_kernel sched_init rest_init arch_call_rest_init "
         "kernel_init system_state linux_banner")


def ask_guest(emulator, kernel, initrd):
    """Addresses of NAMES, as the booted kernel knows them."""
    p = subprocess.Popen([emulator, "-m", "256", "-display", "none", "-nodefaults", "-serial", "stdio", "-kernel", kernel,
                          "-initrd", initrd, "-append", "nokaslr console=ttyS0 quiet rdinit=/bin/sh"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    names = "|".join(NAMES.split())
    os.set_blocking(p.stdout.fileno(), False)
    text, end, asked = "", time.monotonic() + 120, 0
    try:
        while "all-told" not in text.replace("all-to''ld", "") and time.monotonic() < end:
            if "# " in text and not asked:
                asked = 1
                p.stdin.write(("mount -t proc none /proc; grep -E ' (" + names + ")$' /proc/kallsyms; "
                               "echo all-to''ld\n").encode())
                p.stdin.flush()
            time.sleep(0.1)
            text += (p.stdout.read() or b"").decode("latin-1")
    finally:
        p.kill()
        p.wait()
    return {name: int(at, 16) for at, name in re.findall(r"^([0-9a-f]{16}) \w (\w+)\r?$", text, re.M)}


def symbol_file(at, where):
    """An ELF file with the kernel's functions and data at their addresses, and nothing in it."""
    begin = at["_text"]
    with open(where + ".s", "w") as f:
        f.write('.section .kernel,"ax",@nobits\n_base: .skip %d\n' % (at["_end"] - begin))
        for name, a in at.items():
            if name not in ("_etext", "_end"):
                kind = "object" if name in ("system_state", "linux_banner") else "function"
                f.write(f".globl {name}\n.type {name},@{kind}\n.set {name}, _base + {a - begin}\n")
    subprocess.run(["as", "-o", where + ".o", where + ".s"], check=True)
    subprocess.run(["ld", "-z", "max-page-size=4096", f"--section-start=.kernel={begin:#x}", "-e", f"{begin:#x}", "-o",
                    where, where + ".o"], check=True, stderr=subprocess.DEVNULL)


def main():
    global FAULTS
    emulator, kernel, initrd = map(os.path.abspath, sys.argv[1:4])
    accel = sys.argv[4] if len(sys.argv) > 4 else "tcg"
    os.chdir(tempfile.mkdtemp(prefix="kite-gdb-"))
    at = ask_guest(emulator, kernel, initrd)
    symbol_file(at, "symbols")
    wants = [("file symbols", ""), ("target remote ./gdb", r"0x0+fff0 in"),
             ("hbreak *start_kernel", "Hardware assisted breakpoint 1"),
             ("continue", r"Breakpoint 1, .* in start_kernel \(\)"),
             ("backtrace 2", r"#0 .* in start_kernel \(\)\n#1 +0xffffffff8100"),
             ("x/i $pc", r"=> 0xffffffff8\w+ <start_kernel>"),
             ("stepi", ""), ("x/i $pc", r"=> 0xffffffff8(?!\w+ <start_kernel>)"), ("stepi", ""),
             ("print $cr0", r"\[ .*PG.* \]"), ("print/x $cs", "= 0x10"),
             ("delete", ""),
             ("break *sched_init", "Breakpoint 2"), ("continue", r"Breakpoint 2, .* in sched_init"),
             ("backtrace 2", r"#0 .* in sched_init \(\)\n#1 .* in start_kernel"),
             ("finish", r" in start_kernel"),
             ("delete", ""),
             ("break *rest_init", "Breakpoint 3"), ("continue", r"Breakpoint 3, .* in rest_init"), ("delete", ""),
             ("watch *(int *)&system_state", "Hardware watchpoint 4"),
             ("continue", r"Old value = 0\nNew value = 1\n.* in rest_init"),
             ("delete", ""), ("info threads", r"Thread 1\.2 \(CPU#1"),
             ("x/s &linux_banner", r"Linux version 6\."),
             ("kill", "killed")]
    p = subprocess.Popen([emulator, "-accel", accel, "-m", "256", "-smp", "2", "-display", "none", "-nodefaults", "-S",
                          "-serial", "file:console", "-kernel", kernel, "-append", "nokaslr console=ttyS0", "-gdb",
                          "unix:gdb,server=on,wait=off"])
    try:
        while not os.path.exists("gdb"):
            time.sleep(0.02)
        line = ["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set confirm off"]
        for k, (c, _) in enumerate(wants):
            line += ["-ex", f"echo \\n@{k}@\\n", "-ex", c]
        begin = time.monotonic()
        with open("answers", "w+") as answers:
            try:
                subprocess.run(line, stdout=answers, stderr=subprocess.STDOUT, timeout=120, stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                print("# gdb hangs")
            answers.seek(0)
            out = answers.read()
        took = time.monotonic() - begin
    finally:
        p.kill()
        p.wait()
    parts = re.split(r"\n@\d+@\n", "\n" + out)[1:]
    print(f"1..{len(wants)}")
    for n, (command, pattern) in enumerate(wants):
        good = n < len(parts) and re.search(pattern, parts[n], re.S)
        FAULTS += not good
        print(f"{'ok' if good else 'not ok'} {n + 1} {command}")
        if not good:
            print("# " + (parts[n] if n < len(parts) else "nothing").replace("\n", "\n# "))
    print(f"# {took:.1f} s")
    sys.exit(bool(FAULTS))


main()
