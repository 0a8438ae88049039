#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's gdb on Debian's kernel: gdb.py EMULATOR KERNEL SYSTEM_MAP [ACCEL]. Breaks by symbol, steps, watches a
variable, reads a backtrace. The kernel has no debugging information, so a file of symbols is made from its map."""
import os
import re
import subprocess
import sys
import tempfile
import time

FAULTS = 0


def symbol_file(path, where):
    """An ELF file with the kernel's functions and data at their addresses, and nothing in it."""
    rows = [line.split() for line in open(path)]
    at = {r[2]: int(r[0], 16) for r in rows}
    begin, end = at["_text"], at["_end"]
    with open(where + ".s", "w") as f:
        f.write('.section .text,"ax",@nobits\n_base: .skip %d\n' % (at["_etext"] - begin))
        f.write('.section .kdata,"aw",@nobits\n_dbase: .skip %d\n' % (end - at["_etext"]))
        for r in rows:
            a, name = int(r[0], 16), r[2]
            if not begin <= a < end or not re.fullmatch(r"[A-Za-z_]\w*", name) or name.startswith("__pfx_"):
                continue
            if a < at["_etext"]:
                f.write(f".globl {name}\n.type {name},@function\n.set {name}, _base + {a - begin}\n")
            else:
                f.write(f".globl {name}\n.type {name},@object\n.set {name}, _dbase + {a - at['_etext']}\n")
    subprocess.run(["as", "-o", where + ".o", where + ".s"], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["ld", "-z", "max-page-size=4096", f"-Ttext={begin:#x}",
                    f"--section-start=.kdata={at['_etext']:#x}", "-e", f"{begin:#x}", "-o", where, where + ".o"],
                   check=True, stderr=subprocess.DEVNULL)
    return at


def main():
    global FAULTS
    emulator, kernel, sysmap = map(os.path.abspath, sys.argv[1:4])
    accel = sys.argv[4] if len(sys.argv) > 4 else "tcg"
    os.chdir(tempfile.mkdtemp(prefix="kite-gdb-"))
    symbol_file(sysmap, "symbols")
    wants = [("file symbols", ""), ("target remote ./gdb", "Remote debugging"),
             ("hbreak *start_kernel", "Hardware assisted breakpoint 1"),
             ("continue", r"Breakpoint 1, .* in start_kernel \(\)"),
             ("backtrace 2", r"#0 .* in start_kernel \(\)\n#1 .* in x86_64_start_reservations"),
             ("x/i $pc", r"=> 0xffffffff8\w+ <start_kernel>"),
             ("stepi", ""), ("x/i $pc", r"<start_kernel\+\d+>"), ("stepi", ""),
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
        out = subprocess.run(line, capture_output=True, text=True, timeout=400, stdin=subprocess.DEVNULL)
        took = time.monotonic() - begin
    finally:
        p.kill()
        p.wait()
    parts = re.split(r"\n@\d+@\n", "\n" + out.stdout)[1:]
    print(f"1..{len(wants)}")
    for n, (command, pattern) in enumerate(wants):
        good = n < len(parts) and re.search(pattern, parts[n], re.S)
        FAULTS += not good
        print(f"{'ok' if good else 'not ok'} {n + 1} {command}")
        if not good:
            print("# " + (parts[n] if n < len(parts) else "nothing").replace("\n", "\n# "))
    print(f"# {took:.1f} s\n# " + out.stderr[-2000:].replace("\n", "\n# "))
    sys.exit(bool(FAULTS))


main()
