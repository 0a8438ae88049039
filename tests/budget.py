#!/usr/bin/env python3
"""Limits on the sources that a script can hold us to; one line a fault, exit 1 if there are any.

Length of files and functions, width of lines, calls that are forbidden, #if inside functions, goto backwards, and
(with --headers) that each header compiles alone. Warnings (-w) are about what grows towards a limit.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FILE_MAX, FILE_WARN = 1200, 700
FUNC_MAX, FUNC_WARN = 100, 40
WIDTH_MAX, WIDTH_WARN = 120, 100
SKIP = ("build", "subprojects", ".git")
# Workloads that run inside a guest are measured as they are.
SKIP_PATHS = ("tests/bench/guest/",)

# Call -> path prefixes (or files) that may use it. Tests are programs of their own.
FORBIDDEN = {
    "sprintf": [], "vsprintf": [], "strcpy": [], "strcat": [], "strtok": [], "gets": [],
    "exit": ["system/main.c", "tests/"],
    "_exit": ["system/", "net/", "accel/", "tests/"],
    "abort": ["tests/"],
    "printf": ["system/main.c", "system/help", "tests/"],
    "puts": ["system/main.c", "system/help", "tests/"],
    "malloc": ["tests/guest/", "tests/bench/"],
    "calloc": ["tests/guest/", "tests/bench/"],
    "assert": ["tests/guest/", "tests/bench/"],
    "system": ["tests/"],
}
# Folders whose #if inside functions are their business: host-dependent code.
# Headers of assembler sources.
ASM_HEADERS = ("hw/i386/optionrom/",)
IF_ALLOWED = ("accel/tcg/x86_64/", "tests/guest/", "tests/bench/", "hw/i386/optionrom/")
# Files that are tables throughout: their length says nothing about how hard they are to read.
TABLES = ("target/i386/tcg/decode_tab", "ui/keymaps/")


def strip(text):
    """Comments and the insides of strings become blanks; lines stay where they are."""
    def blank(m):
        s = m.group(0)
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[-1]
        return re.sub(r"[^\n]", " ", s)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def functions(lines):
    """(name, first line, last line) of each function: a brace alone in column 0 after a line that closes a
    parameter list."""
    start = None
    for n, line in enumerate(lines):
        if line.rstrip() == "{" and n > 0 and lines[n - 1].rstrip().endswith(")"):
            start = n
        elif line.startswith("}") and start is not None:
            head = n0 = start - 1
            while n0 > 0 and lines[n0].startswith((" ", "\t")):
                n0 -= 1
            name = re.search(r"(\w+)\s*\(", lines[n0])
            yield name.group(1) if name else "?", start + 1, n + 1
            start = None


def check(name, text, fault, warn):
    raw = text.splitlines()
    lines = strip(text).splitlines()
    table = name.startswith(TABLES)
    if len(raw) > FILE_MAX and not table:
        fault(name, 1, f"{len(raw)} lines, at most {FILE_MAX}")
    elif len(raw) > FILE_WARN and not table:
        warn(name, 1, f"{len(raw)} lines")
    for n, line in enumerate(raw, 1):
        if len(line) > WIDTH_MAX:
            fault(name, n, f"{len(line)} columns, at most {WIDTH_MAX}")
        elif len(line) > WIDTH_WARN:
            warn(name, n, f"{len(line)} columns")
        if "\t" in line:
            fault(name, n, "tab")
        if line != line.rstrip():
            fault(name, n, "white space at the end of the line")
    if not raw or "SPDX-License-Identifier: GPL-2.0-or-later" not in raw[0]:
        fault(name, 1, "no SPDX line")
    inside = set()
    for func, first, last in functions(lines):
        inside.update(range(first, last + 1))
        length = last - first + 1
        if length > FUNC_MAX:
            fault(name, first, f"{func}() has {length} lines, at most {FUNC_MAX}")
        elif length > FUNC_WARN:
            warn(name, first, f"{func}() has {length} lines")
        check_goto(name, lines, first, last, fault)
    for n, line in enumerate(lines, 1):
        if n in inside and re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b", line) and not name.startswith(IF_ALLOWED):
            fault(name, n, "#if inside a function")
        for call, allowed in FORBIDDEN.items():
            if re.search(rf"(?<![\w.>]){call}\s*\(", line) and not name.startswith(tuple(allowed) or ("\0",)):
                fault(name, n, f"{call}()")


def check_goto(name, lines, first, last, fault):
    labels = {}
    for n in range(first, last + 1):
        m = re.match(r"(\w+):\s*$", lines[n - 1])
        if m and m.group(1) != "default":
            labels[m.group(1)] = n
    for n in range(first, last + 1):
        m = re.search(r"\bgoto\s+(\w+)\s*;", lines[n - 1])
        if m and labels.get(m.group(1), n + 1) < n:
            fault(name, n, f"goto {m.group(1)} goes backwards")


def headers_alone(root, names, fault):
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "pixman-1"], capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as tmp:
        for name in names:
            src = os.path.join(tmp, "h.c")
            pathlib.Path(src).write_text(f'#include "{name}"\n#include "{name}"\n')
            run = subprocess.run(["gcc", "-D_GNU_SOURCE", "-std=gnu11", "-fsyntax-only", f"-I{root}", *flags.split(), src],
                                 capture_output=True, text=True)
            if run.returncode != 0:
                why = next((l for l in run.stderr.splitlines() if "error:" in l), "?")
                fault(name, 1, f"does not compile alone: {why.split('error:')[-1].strip()}")


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("root", nargs="?", default=".")
    ap.add_argument("-w", "--warn", action="store_true", help="print warnings too")
    ap.add_argument("--headers", action="store_true", help="compile each header alone")
    args = ap.parse_args()
    root = pathlib.Path(args.root)
    faults, warnings, headers = [], [], []

    def fault(name, line, what):
        faults.append(f"{name}:{line}: {what}")

    def warn(name, line, what):
        warnings.append(f"{name}:{line}: warning: {what}")

    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                            capture_output=True, text=True).stdout.split("\n")
    for name in sorted(filter(None, listed)):
        if name.split("/")[0].startswith(SKIP) or name.startswith(SKIP_PATHS) or not (root / name).exists():
            continue
        check(name, (root / name).read_text(errors="replace"), fault, warn)
        if name.endswith(".h") and not name.startswith(ASM_HEADERS):
            headers.append(name)
    if args.headers:
        headers_alone(root, headers, fault)
    print("\n".join((warnings if args.warn else []) + faults) or f"{len(headers)} headers, no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
