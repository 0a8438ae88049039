# SPDX-License-Identifier: GPL-2.0-or-later
"""A TAP printer and helpers for tests that run the program."""
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

QEMU = sys.argv[1] if len(sys.argv) > 1 else "build/qemu-system-x86_64"
BASE = ["-M", "none", "-accel", "qtest", "-display", "none"]
_tests = []


def test(fn):
    """Decorator: the function is a test; its name says case and outcome."""
    _tests.append(fn)
    return fn


def run(args, stdin="", timeout=20, **kw):
    p = subprocess.run([QEMU] + args, input=stdin, capture_output=True, text=True, timeout=timeout, **kw)
    return p.returncode, p.stdout, p.stderr


def hmp(lines, args=(), base=None):
    """Output of monitor commands without echo and prompts."""
    text = "\n".join(list(lines) + ["quit", ""])
    rc, out, err = run((BASE if base is None else base) + list(args) + ["-monitor", "stdio"], text)
    assert rc == 0, (rc, out, err)
    clean = out.replace("\033[K", "").replace("\033[D", "").replace("\r", "")
    answers = []
    for part in clean.split("(qemu) ")[1:-1]:       # the last one is "quit"
        answers.append(part.split("\n", 1)[1] if "\n" in part else "")
    return answers, err


class Process:
    """The program in the background; terminated at the end of a with block."""

    def __init__(self, args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **kw):
        self.p = subprocess.Popen([QEMU] + args, stdin=stdin, stdout=stdout,
                                  stderr=subprocess.PIPE, **kw)

    def __enter__(self):
        return self.p

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.terminate()
        try:
            self.p.wait(10)
        except subprocess.TimeoutExpired:
            self.p.kill()
            self.p.wait()


def read_until(fd, text, timeout=10):
    """Bytes from fd until text is among them."""
    want = text if isinstance(text, bytes) else text.encode()
    data = b""
    end = time.monotonic() + timeout
    while want not in data:
        left = end - time.monotonic()
        ready = select.select([fd], [], [], max(left, 0))[0]
        if not ready:
            raise AssertionError(f"no {want!r} in {data!r}")
        piece = os.read(fd, 4096)
        if not piece:
            raise AssertionError(f"end of file, no {want!r} in {data!r}")
        data += piece
    return data


def wait_for(condition, timeout=10):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timeout")
        time.sleep(0.01)


def main():
    print(f"1..{len(_tests)}")
    failed = 0
    top = tempfile.mkdtemp(prefix="kite-test-")
    os.chdir(top)
    for n, fn in enumerate(_tests, 1):
        os.mkdir(os.path.join(top, str(n)))
        os.chdir(os.path.join(top, str(n)))
        try:
            fn()
            print(f"ok {n} {fn.__name__}", flush=True)
        except Exception as e:          # a failing test must not hide the others
            failed += 1
            print(f"not ok {n} {fn.__name__}\n# {type(e).__name__}: {e}".replace("\n", "\n# ")
                  .replace("\n# # ", "\n# "), flush=True)
    os.chdir("/")
    shutil.rmtree(top)
    sys.exit(bool(failed))
