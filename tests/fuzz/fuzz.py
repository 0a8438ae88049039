#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs libFuzzer programs: fuzz.py [--seconds N] [--keep DIR] PROGRAM ... A program gets N seconds (600), a folder
to work in that nobody may write to, first inputs made of the program's own command names, and a dictionary of them.
--keep DIR keeps the inputs that reached something (corpora) for the next run. Exit status 1: something was found;
the input is copied to the present folder and its report printed."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
GDB = ["?", "g", "G00", "p10", "P10=0", "m0,10", "M0,1:00", "Z0,7c00,1", "z0,7c00,1", "Z2,500,4", "s", "vCont?", "vCont;s:1",
       "qSupported:multiprocess+", "qXfer:features:read:target.xml:0,ffb", "qfThreadInfo", "qsThreadInfo", "T1", "Hg1",
       "qRcmd,696e666f20737461747573", "Qqemu.PhyMemMode:1", "qqemu.sstep", "Qqemu.sstep=7", "D", "vKill;1", "c", "C05"]


def qmp_commands():
    """(name, [member]) of each command in the schema texts."""
    out = []
    for path in sorted(ROOT.glob("*/**/*.qmp")):
        for name, args in re.findall(r"^command ([\w-]+)\(([^)]*)\)", path.read_text(), re.M):
            out.append((name, re.findall(r"([\w-]+)\??:", args)))
    return out


def hmp_commands():
    names = set()
    for path in ROOT.glob("monitor/hmp*.c"):
        for row in re.findall(r'^    \{ "([\w |?-]+)", ', path.read_text(), re.M):
            names.update(row.split("|"))
    return sorted(names)


def seeds(kind):
    if kind == "qmp":
        for name, members in qmp_commands():
            args = ",".join(f'"{m}":{v}' for m, v in zip(members, ('"a"', "0", "true", "[]", "{}") * 3))
            yield '{"execute":"%s","arguments":{%s},"id":1}' % (name, args)
            yield '{"execute":"%s"}' % name
        yield '{"exec-oob":"query-yank"}\xff{"execute":"human-monitor-command","arguments":{"command-line":"info qtree"}}'
    elif kind == "hmp":
        for name in hmp_commands():
            yield name + "\n"
            yield name + " 0 a\t\n"
    else:
        yield from GDB
        yield "\n".join(GDB)


def words(kind):
    common = ["ide1-cd0", "floppy0", "/machine", "/machine/unattached/device[0]", "type", "pc.ram", "edu", "isa-serial",
              "memory-backend-ram", "iothread", "null-co", "raw", "ringbuf", "null", "file:core", "-1", "0xffffffffffffffff"]
    if kind == "gdb":
        return GDB
    if kind == "hmp":
        return hmp_commands() + common
    return common + [w for name, members in qmp_commands() for w in [name, *members]] + ['"execute":', '"arguments":']


def run(program, seconds, keep):
    kind = re.search(r"fuzz-(\w+)$", program)[1]
    with tempfile.TemporaryDirectory(prefix=f"kite-fuzz-{kind}-") as folder:
        os.chmod(folder, 0o755)
        work, corpus = pathlib.Path(folder, "work"), pathlib.Path(keep or folder, f"corpus-{kind}")
        work.mkdir()
        corpus.mkdir(parents=True, exist_ok=True)
        for n, text in enumerate(seeds(kind)):
            (corpus / f"seed{n}").write_bytes(text.encode("latin-1"))
        listed = {w for w in words(kind)}
        pathlib.Path(folder, "dict").write_text("".join(
            '"%s"\n' % w.replace("\\", "\\\\").replace('"', '\\"') for w in sorted(listed)))
        for path in (work, corpus):
            shutil.chown(path, 65534, 65534) if os.getuid() == 0 else None
            os.chmod(path, 0o777)
        report = pathlib.Path(folder, "report")
        with report.open("wb") as out:
            status = subprocess.run(
                ["nice", program, str(corpus), f"-dict={folder}/dict", f"-max_total_time={seconds}", "-max_len=2000",
                 "-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1", "-close_fd_mask=3",
                 f"-artifact_prefix={work}/found-"],
                cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0:handle_abort=1",
                         UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")).returncode
        text = report.read_text(errors="replace")
        done = re.findall(r"number_of_executed_units: (\d+)", text)
        found = list(work.glob("found-*"))
        for path in found:
            shutil.copy(path, f"{kind}-{path.name}")
        if status or found:
            print(text[-6000:])
            print(f"fuzz-{kind}: FOUND something (status {status}): {[p.name for p in found]}")
            return False
        print(f"fuzz-{kind}: {done[-1] if done else '?'} inputs in {seconds} s, nothing found")
        return True


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--seconds", type=int, default=600)
    ap.add_argument("--keep")
    ap.add_argument("programs", nargs="+")
    a = ap.parse_args()
    good = [run(os.path.abspath(p), a.seconds, a.keep and os.path.abspath(a.keep)) for p in a.programs]
    sys.exit(0 if all(good) else 1)


main()
