# SPDX-License-Identifier: GPL-2.0-or-later
"""The command lines of docs/interop/command-lines.rst: each starts, or is refused in one line that names what is
missing, as the page says. With --update behind the program the page is rewritten."""
import os
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import time
from tap import QEMU, main, test

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/interop/command-lines.rst"
ENTRY = re.compile(r"^``([\w-]+)``\n    (.*)::\n\n        (.*)$", re.M)
ALIVE = 1.5             # seconds after which a program that has not ended counts as started


def make_files():
    for name, size in (("boot.img", 1 << 20), ("empty.iso", 1 << 20), ("d.raw", 1 << 20), ("vars.fd", 540672)):
        with open(name, "wb") as f:
            f.truncate(size)
    with open("boot.img", "r+b") as f:          # a boot sector that loops
        f.write(b"\xf4\xeb\xfd")
        f.seek(510)
        f.write(b"\x55\xaa")
    with open("d.qcow2", "wb") as f:            # version 3, 1 MiB, nothing allocated
        f.write(struct.pack(">4sIQIIQIIQQIIQQQQII", b"QFI\xfb", 3, 0, 0, 16, 1 << 20, 0, 1, 0x30000, 0x10000, 1, 0, 0,
                            0, 0, 0, 4, 104))
        f.seek(0x10000)
        f.write(struct.pack(">Q", 0x20000))
        f.seek(0x20000)
        f.write(b"\0\1" * 4)
        f.truncate(0x40000)
    with open("kern.elf", "wb") as f:           # multiboot: cli, hlt, jump
        code = struct.pack("<III", 0x1badb002, 0, -0x1badb002 & 0xffffffff) + b"\xfa\xf4\xeb\xfc"
        f.write(b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x10000c, 52, 0, 0, 52, 32, 1,
                                                          0, 0, 0))
        f.write(struct.pack("<IIIIIIII", 1, 0x1000, 0x100000, 0x100000, len(code), len(code), 5, 0x1000))
        f.seek(0x1000)
        f.write(code)
    with open("initrd", "wb") as f:
        f.write(bytes(512))


def result(line):
    """What the program does: "starts", or its one line; a text that begins with "!" is neither."""
    args = [a.replace("KERNEL", "kern.elf").replace("INITRD", "initrd") for a in shlex.split(line)]
    with subprocess.Popen([QEMU] + args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as p:
        end = time.monotonic() + ALIVE
        while p.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        alive = p.poll() is None
        if alive:
            p.terminate()
        err = p.communicate(timeout=20)[1]
    lines = [t for t in err.splitlines() if "warning:" not in t and "info:" not in t and "terminating" not in t]
    if alive:
        return "starts"
    if p.returncode != 1 or len(lines) != 1:
        return f"! status {p.returncode}: {err}"
    return "refused: " + re.sub(r"^\S+: (-\S.*?: )?", "", lines[0])


def json_words(line):
    """Words of a line in which JSON objects stand without quotes."""
    return re.sub(r"(?<= )\{.*?\}(?= |$)", lambda m: shlex.quote(m[0]), line)


def run_all():
    make_files()
    rows = ENTRY.findall(PAGE.read_text())
    return [(name, want, result(json_words(line))) for name, want, line in rows
            if all(os.path.exists(path) for path in re.findall(r"[ =](/usr/share/\S+?)(?:,| |$)", line))]


@test
def every_line_does_what_the_page_says():
    rows = run_all()
    assert len(ENTRY.findall(PAGE.read_text())) == 23 and len(rows) >= 19, len(rows)
    wrong = [f"{name}: page says {want!r}, here {got!r}" for name, want, got in rows if got != want]
    assert not wrong, "\n".join(wrong)
    assert sum(got == "starts" for _, _, got in rows) >= 3


if "--update" in sys.argv:
    os.chdir(sys.argv[sys.argv.index("--update") + 1])
    text = PAGE.read_text()
    for NAME, WANT, GOT in run_all():
        text = text.replace(f"``{NAME}``\n    {WANT}::", f"``{NAME}``\n    {GOT.splitlines()[0]}::")
        print(NAME, GOT)
    PAGE.write_text(text)
    sys.exit(0)
main()
