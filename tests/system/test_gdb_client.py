# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's gdb as the client: breakpoints by name, steps, watched variables, backtraces in 64-, 32- and 16-bit code.
Skipped where gdb is not installed."""
import os
import re
import shutil
import subprocess
import sys

from rsp import guest
from tap import QEMU, Process, main, test, wait_for

ACCEL = sys.argv[2] if len(sys.argv) > 2 else "tcg"
INTERPRETS = ACCEL == "kvm" and not set("vmx svm".split()) & set(open("/proc/cpuinfo").read().split())


def session(commands, *args, elf="guest.elf"):
    """gdb's output for each command, the guest program loaded before the first."""
    code, sym, path = guest()
    base = os.path.dirname(path)
    subprocess.run(["objcopy", "-I", "elf64-x86-64", "-O", "elf32-i386", path, os.path.join(base, "guest32.elf")],
                   check=True)
    with Process(["-accel", ACCEL, "-display", "none", "-nodefaults", "-S", "-m", "16", "-gdb",
                  "unix:gdb,server=on,wait=off", *args]):
        wait_for(lambda: os.path.exists("gdb"))
        commands = [f"file {base}/{elf}" if elf else "", "target remote ./gdb", f"restore {base}/guest.bin binary 0x7c00",
                    "set $cs = 0", "set $pc = 0x7c00"] + [c.format(**sym) for c in commands]
        line = ["gdb", "-nx", "-q", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set confirm off"]
        for k, c in enumerate(commands):
            line += ["-ex", f"echo \\n@{k}@\\n", "-ex", c]
        out = subprocess.run(line, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert "paused (debug)" in out.stdout + out.stderr or "monitor info status" not in commands, out
    parts = re.split(r"\n@\d+@\n", out.stdout)[6:]
    assert len(parts) == len(commands) - 5, (out.stdout, out.stderr)
    return parts, out.stdout + out.stderr


def check(wants, *args, **kw):
    got, text = session([w[0] for w in wants], *args, **kw)
    for (command, pattern), answer in zip(wants, got):
        assert re.search(pattern, answer, re.S), f"{command}: no {pattern!r} in\n{text}"


def with_gdb(fn):
    if shutil.which("gdb") and shutil.which("as"):
        return test(fn)

    def skipped():
        print("# gdb or as is not installed: skipped")
    skipped.__name__ = fn.__name__
    return test(skipped)


READS = [] if INTERPRETS else [("rwatch *(int *)&counter", "Hardware read watchpoint 3"),
                               ("continue", r"read watchpoint 3.*Value = "), ("delete", "")]


@with_gdb
def long_mode_code_is_debugged():
    check([("break *long_inner", "Breakpoint 1 at"),
           ("continue", r"Breakpoint 1, 0x\w+ in long_inner \(\)"),
           ("backtrace", r"#0 .* in long_inner \(\)\n#1 .* in long_fn \(\)\n#2 .* in long \(\)"),
           ("x/3i $pc", r"=> 0x\w+ <long_inner>:\s+push +%rbp\n.*mov +%rsp,%rbp\n.*incl"),
           ("stepi", r"in long_inner \(\)"),
           ("x/i $pc", r"<long_inner\+1>:\s+mov +%rsp,%rbp"),
           ("continue", "Breakpoint 1, "),
           ("delete", ""),
           ("watch *(int *)&counter", "Hardware watchpoint 2"),
           ("continue", r"Hardware watchpoint 2.*Old value = 7\nNew value = 8\n.*in long_inner"),
           ("continue", r"Old value = 8\nNew value = 9\n"),
           ("delete", ""),
           *READS,
           ("finish", r"in long_fn \(\)"),
           ("print $cr0", r"\[ .*PG.* \]"), ("print $efer", r"\[ .*LMA.* \]"), ("print/x $cr3", "= 0x1000"),
           ("print $eflags", r"\["), ("print $cs", "= 24"), ("print $fs_base", "= 0"), ("print $xmm0.uint128", "= 0"),
           ("print $st0", "= 0"), ("set $xmm3.v4_int32[1] = 77", ""), ("print $xmm3.v4_int32", r"\{0, 77, 0, 0\}"),
           ("set var *(int *)&counter = 1000", ""), ("print *(int *)&counter", "= 1000"),
           ("monitor info status", ""),
           ("maint packet qqemu.PhyMemMode", 'received: "0"'),
           ("detach", "Detaching|detached")])


@with_gdb
def all_cpus_are_threads():
    check([("hbreak *long_inner", "Hardware assisted breakpoint 1"),
           ("continue", r"Thread 1 .*Breakpoint 1, "),
           ("continue", r"Breakpoint 1, "),
           ("info threads", r"\* 1 +Thread 1\.1 \(CPU#0 \[running\]\).*2 +Thread 1\.2 \(CPU#1"),
           ("delete", ""),
           ("break *ap if *(int *)&ap_count >= 0", "Breakpoint 2"),
           ("delete", ""),
           ("watch *(int *)&ap_count", "Hardware watchpoint 3"),
           ("continue", r"Thread 2 .*hit Hardware watchpoint 3"),
           ("thread", r"Current thread is 2"),
           ("delete", ""),
           ("thread 1", r"Switching to thread 1"),
           ("set scheduler-locking on", ""),
           ("stepi", r"in long"),
           ("kill", "killed")], "-smp", "2")


@with_gdb
def protected_mode_code_is_debugged():
    check([("set architecture i386", ""), ("break *prot_fn", "Breakpoint 1"),
           ("continue", "Breakpoint 1, "),
           ("backtrace", r"#0 .* in prot_fn \(\)\n#1 .* in prot \(\)"),
           ("x/2i $pc", r"push +%ebp\n.*mov +%esp,%ebp"),
           ("stepi", "in prot_fn"), ("stepi", "in prot_fn"),
           ("print/x $ebp", "= 0x7bf8"), ("print $cr0", r"\[ .*PE"),
           ("watch *(int *)&counter", "Hardware watchpoint 2"),
           ("continue", r"Old value = 3\nNew value = 4")], "-cpu", "qemu32", elf="guest32.elf")


@with_gdb
def real_mode_code_is_debugged():
    check([("break *{real_fn:#x}", "Breakpoint 1"),
           ("continue", "Breakpoint 1, "),
           ("x/2i $pc", r"=> 0x\w+:\s+incl +0x\w+\n.*ret"),
           ("watch *(int *){counter:#x}", "Hardware watchpoint 2"),
           ("continue", r"Old value = 0\nNew value = 1"),
           ("stepi", "0x00007c12 in"),
           ("x/i $pc", r"loop"),
           ("print/x $cs", "= 0x0"), ("print $cr0 & 1", "= 0")], "-cpu", "qemu32", elf=None)


if ACCEL == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
    print("1..0 # SKIP /dev/kvm is not there or not ours to open")
    sys.exit()
main()
