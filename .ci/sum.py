#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums up what .ci/run left: sum.py FOLDER. Lines of FOLDER/parts: name, exit status, log, seconds. A line a
part, failed tests by name, and at the end "N passed, N failed, N skipped"; status 1 if anything failed."""
import glob
import json
import os
import re
import sys


def count_tap(out):
    """[passed, failed, skipped] of TAP text."""
    lines = re.findall(r"^(not ok|ok)\b(.*)$", out, re.M)
    skip = sum(bool(re.search(r"# *(SKIP|TODO)", rest, re.I)) for _, rest in lines)
    bad = sum(ok == "not ok" and not re.search(r"# *(SKIP|TODO)", rest, re.I) for ok, rest in lines)
    return [len(lines) - skip - bad, bad, skip]


def count_meson(path):
    """The same of meson's testlog.json; programs that print no TAP count as one test."""
    total = [0, 0, 0]
    with open(path) as f:
        lines = f.readlines()
    for line in lines:
        test = json.loads(line)
        out, result = test.get("stdout") or "", test["result"]
        if not re.search(r"^1\.\.\d+", out, re.M) or result == "SKIP":
            one = [result == "OK", result not in ("OK", "SKIP"), result == "SKIP"]
        else:
            one = count_tap(out)
            if result != "OK" and one[1] == 0:      # died without a failing line
                one[1] = 1
        if one[1]:
            print(f"FAILED: {test['name']} ({result})")
        total = [a + b for a, b in zip(total, one)]
    return total


def count_part(folder, status, log, name):
    if log == "none":
        one = [status == 0, 0, 0]
    elif log == "tap":
        with open(os.path.join(folder, name + ".out"), errors="replace") as f:
            out = f.read()
        one = count_tap(out)
        for line in re.findall(r"^not ok.*$", out, re.M):
            print("FAILED: " + line)
    else:
        logs = [count_meson(p) for p in sorted(glob.glob(os.path.join(log, "meson-logs", "testlog*.json")))]
        one = [sum(column) for column in zip(*logs)] or [0, 0, 0]
    if status != 0 and one[1] == 0 or sum(one) == 0:
        one[1] = 1
        print(f"FAILED: {name} (status {status})")
    return [int(n) for n in one]


def main():
    folder = sys.argv[1]
    total, table = [0, 0, 0], []
    with open(os.path.join(folder, "parts")) as f:
        for line in f:
            name, status, log, seconds = line.split()
            one = count_part(folder, int(status), log, name)
            table.append(f"{name:<10}{one[0]:>6} passed{one[1]:>5} failed{one[2]:>5} skipped{seconds:>6} s")
            total = [a + b for a, b in zip(total, one)]
    print("\n".join(table))
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


sys.exit(main())
