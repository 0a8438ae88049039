#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Long workloads in a Debian guest with several vCPUs: stress-ng, a kernel that changes its own code, Node.js, a JVM.

workloads.py [--emulator CMD] [--guests DIR] [--work trace,node,java,stress] [--seconds N] [--smp N] [--kernel NAME] [--args "..."]

Needs root and the network once, to make the guest's image (make-soak.sh). Fails when a workload gives a wrong
answer or another exit status than 0, when the kernel complains, or when the guest does not end. The console goes to workloads.log."""
import argparse, os, re, shlex, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from boot import Console
from soak import BAD


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--emulator", default=f"{here}/../../build/qemu-system-x86_64")
    p.add_argument("--guests", default=f"{here}/../../build/guests")
    p.add_argument("--work", default="trace,node,java,stress")
    p.add_argument("--seconds", type=int, default=60, help="for each workload")
    p.add_argument("--smp", type=int, default=4)
    p.add_argument("--kernel", default="vmlinuz-amd64")
    p.add_argument("--args", default="-cpu max")
    p.add_argument("--append", default="")
    p.add_argument("--log", default="workloads.log")
    o = p.parse_args()
    image = f"{o.guests}/soak.cpio.gz"
    if not os.path.exists(image):
        subprocess.run([f"{here}/make-soak.sh", image], check=True)
    argv = shlex.split(o.emulator) + shlex.split(o.args) + [
        "-display", "none", "-serial", "stdio", "-no-reboot", "-nodefaults", "-m", "3072", "-smp", str(o.smp), "-kernel", f"{o.guests}/{o.kernel}",
        "-initrd", image, "-append", f"console=ttyS0 quiet panic=-1 work={o.work} secs={o.seconds} {o.append}"]
    works, why = o.work.split(","), []
    start = time.monotonic()
    console = Console(argv)
    deadline = start + 900 + 3 * o.seconds * len(works)
    while console.process.poll() is None and time.monotonic() < deadline and "Kernel panic" not in console.text:
        console.read(2)
    console.read(1)
    ended = console.process.poll()
    console.process.kill()
    with open(o.log, "w") as f:
        f.write(console.text)
    for w in works:
        m = re.search(rf"SOAK {w} status (\d+)", console.text)
        print(f"{'ok' if m and m[1] == '0' else 'not ok'} - {w}: {'status ' + m[1] if m else 'did not end'}")
        why += [] if m and m[1] == "0" else [w]
    why += [f"'{w}' on the console" for w in BAD if w in console.text and w not in ("segfault", "Call Trace")]
    why += [] if ended == 0 else [f"the emulator ended with {ended}"]
    for line in console.text.splitlines():
        if re.match(r"(NODE|JAVA|TRACE) |stress-ng: (info|fail|error)", line):
            print("#", line.strip())
    print(f"{'not ok' if why else 'ok'} - all, {time.monotonic() - start:.0f} s" + (f" # {', '.join(why)}" if why else ""))
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
