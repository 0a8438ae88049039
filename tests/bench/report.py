#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""report.py STARTUP.md TABLE.md PASSES BENCH-ARGUMENTS: the benchmark's Markdown tables as a reStructuredText page."""
import re, sys


def tables(path):
    rows = []
    for line in open(path):
        if line.startswith("|"):
            if not re.fullmatch(r"[|\-\s]+", line):
                rows.append([c.strip() for c in line.strip().strip("|").split("|")])
        elif rows:
            yield rows
            rows = []
    if rows:
        yield rows


def list_table(title, rows):
    width = max(len(r) for r in rows)
    print(f".. list-table:: {title}\n   :header-rows: 1\n")
    for r in rows:
        r = r + [""] * (width - len(r))
        print("   * - " + "\n     - ".join(r).replace("- \n", "-\n"))
    print()


cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
print("Performance\n===========\n")
print(f"Written by ``tests/bench/run.sh {sys.argv[3]} {sys.argv[4]}``: paired runs of this tree, Debian's QEMU 7.2 (both ``-accel tcg -cpu max``)\n"
      f"and the host itself, on: {cpu}. Times are CPU time of the vCPU thread per unit of work, medians; what counts are\n"
      "the ratios of one run, not the absolute figures.\n")
for rows in tables(sys.argv[1]):
    list_table("Start-up", rows)
names = iter(["By test", "Geometric mean by class"])
for rows in tables(sys.argv[2]):
    list_table(next(names, "More"), rows)
