#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/interop/qmp-ref.rst and qmp-status.rst from the *.qmp files and docs/interop/qmp-commands.txt.
With --check it only says whether they are up to date. tests/qmp_docs.py [--check] TOP"""
import pathlib
import subprocess
import sys


def schema(top, what):
    files = sorted(str(p.relative_to(top)) for p in top.rglob("*.qmp") if "build" not in p.parts)
    return subprocess.run([sys.executable, "monitor/schema_gen.py", what, "-", *files], cwd=top, check=True,
                          capture_output=True, text=True).stdout


def status(top):
    have = set(schema(top, "--commands").split())
    rows = [line.split(": ", 1) for line in (top / "docs/interop/qmp-commands.txt").read_text().splitlines()
            if not line.startswith("#")]
    unknown = have - {name for name, _ in rows}
    if unknown:
        sys.exit(f"not commands of QEMU 7.2: {' '.join(sorted(unknown))}")
    works = sum(name in have for name, _ in rows)
    out = [".. SPDX-License-Identifier: GPL-2.0-or-later", ".. Made by tests/qmp_docs.py.", "", "QMP commands",
           "============", "", f"Of the {len(rows)} commands of QEMU 7.2 {works} work. The others are absent: they are",
           "not in ``query-commands``, and programs that ask first do without them.", "", ".. list-table::",
           "   :header-rows: 1", "", "   * - command", "     - state", "     - part of the program"]
    for name, part in rows:
        out += [f"   * - ``{name}``", f"     - {'works' if name in have else 'absent'}", f"     - {part}"]
    return "\n".join(out) + "\n"


def main(argv):
    check = argv[:1] == ["--check"]
    top = pathlib.Path(argv[-1])
    stale = []
    for name, text in (("qmp-ref.rst", schema(top, "--manual")), ("qmp-status.rst", status(top))):
        path = top / "docs/interop" / name
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
    if stale:
        sys.exit(f"stale, run tests/qmp_docs.py .: {' '.join(stale)}")


if __name__ == "__main__":
    main(sys.argv[1:])
