#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All comparisons with what QEMU 7.2 shows, one after the other, with their counts: all.py EMULATOR [-v]. -v also
lists the known differences."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
status = 0
for name, diff in (("qmp", "qmp"), ("devtypes", "types"), ("hmp", "hmp"), ("vmstate", "vmstate")):
    status |= subprocess.run([sys.executable, HERE / f"{name}.py", sys.argv[1]]).returncode
    if "-v" in sys.argv:
        print((HERE / f"{diff}.diff").read_text(), end="")
sys.exit(status)
