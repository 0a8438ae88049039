# SPDX-License-Identifier: GPL-2.0-or-later
"""What QMP must stand: a recorded conversation with QEMU 7.2 line by line (qmp_quirks.ref), requests out of band
while the main loop is busy, clients that come and go by thousands, garbage by the megabyte. KITE_LONG=1 in the
environment makes the last two long (10,000 clients, 64 MB)."""
import ast
import json
import os
import pathlib
import re
import select
import socket
import threading
import time

from qmp_client import Client, Vm, rss_mb
from tap import Process, main, run, test, wait_for

HERE = pathlib.Path(__file__).parent
LONG = os.environ.get("KITE_LONG") == "1"
if "ASAN_OPTIONS" in os.environ:            # else what was freed is kept, a quarter of a gigabyte of it
    os.environ["ASAN_OPTIONS"] += ":quarantine_size_mb=4"
os.environ["KITE_QMP_CHECK"] = "1"

# Requests whose answer of QEMU's is not ours, and what we say: the command belongs to migration, which is not there.
OTHER = {b'{"exec-oob":"migrate-pause","id":5}':
         b'{"id": 5, "error": {"class": "CommandNotFound", "desc": "The command migrate-pause has not been found"}}\r\n'}


def conversation():
    """(request, answer) of the recording, in order."""
    pairs = []
    for line in (HERE / "qmp_quirks.ref").read_text().splitlines():
        if line.startswith("> "):
            pairs.append([ast.literal_eval(line[2:]), b""])
        elif line.startswith("< "):
            pairs[-1][1] = ast.literal_eval(line[2:].replace("<EOF>'", "'"))
    return pairs


def same_words(text):
    """A line without what is never twice the same: times, and in a few answers numbers."""
    text = re.sub(rb'"seconds": \d+, "microseconds": \d+', b"T", text)
    if b"human-readable-text" in text:
        return b"jit"
    if b'"device": "floppy0"' in text:              # no card reader, other numbers of devices
        rows = [r for r in json.loads(text)["return"] if r["device"] != "sd0"]
        return json.dumps([{k: v for k, v in r.items() if k != "qdev"} for r in rows], sort_keys=True).encode()
    return text


def read_lines(sock, count, seconds=10):
    data, end = b"", time.monotonic() + seconds
    while data.count(b"\r\n") < count:
        left = end - time.monotonic()
        assert left > 0 and select.select([sock], [], [], left)[0], f"no {count} lines in {data!r}"
        piece = sock.recv(65536)
        if not piece:
            break
        data += piece
    return data


@test
def every_line_of_the_recording_is_answered_alike():
    os.mkdir("vmdir")
    with Vm(base=["-M", "pc", "-accel", "tcg", "-display", "none", "-S"]):
        s = socket.socket(socket.AF_UNIX)
        wait_for(lambda: s.connect_ex("qmp.sock") == 0)
        greeting = json.loads(read_lines(s, 1))
        assert list(greeting["QMP"]) == ["version", "capabilities"] and greeting["QMP"]["capabilities"] == ["oob"]
        pairs = conversation()
        assert len(pairs) > 35
        for request, want in pairs:
            want = OTHER.get(request, want)
            s.sendall(request)
            got = read_lines(s, want.count(b"\r\n"))
            assert same_words(got) == same_words(want), (request, got, want)


# ---- Out of band

class Busy:
    """The main loop hangs in an open() of a named pipe until the with block ends."""

    def __init__(self, client):
        self.client = client

    def __enter__(self):
        os.mkfifo("pipe")
        self.client.send('{"execute":"pmemsave","arguments":{"val":0,"size":16,"filename":"pipe"},"id":"slow"}')
        time.sleep(0.3)

    def __exit__(self, *exc):
        with open("pipe", "rb") as f:
            f.read()
        os.unlink("pipe")


PC = ["-M", "pc", "-accel", "qtest", "-display", "none", "-S", "-m", "16"]


@test
def out_of_band_is_answered_while_the_main_loop_is_busy():
    with Vm(base=PC):
        c = Client("qmp.sock", oob=True)
        with Busy(c):
            c.send('{"execute":"query-name","id":"waits"}')
            for n in range(20):
                reply = c.ask('{"exec-oob":"query-yank","id":%d}' % n)
                assert reply["id"] == n and reply["return"], reply
        assert c.reply() == {"return": {}, "id": "slow"}
        assert c.reply() == {"return": {}, "id": "waits"}


@test
def errors_in_out_of_band_requests_do_not_wait_either():
    with Vm(base=PC):
        c = Client("qmp.sock", oob=True)
        with Busy(c):
            assert "OOB" in c.ask('{"exec-oob":"query-name"}')["error"]["desc"]
            assert "missing" in c.ask('{"exec-oob":"yank"}')["error"]["desc"]
            wrong = '{"exec-oob":"yank","arguments":{"instances":[{"type":"chardev","id":"zz"}]}}'
            assert c.ask(wrong)["error"]["class"] == "DeviceNotFound"
        assert c.reply()["id"] == "slow"


@test
def a_connection_is_cut_while_the_main_loop_is_busy():
    peer = socket.socket(socket.AF_UNIX)
    with Vm(["-chardev", "socket,id=port,path=port.sock,server=on,wait=off", "-serial", "chardev:port"], base=PC):
        c = Client("qmp.sock", oob=True)
        peer.connect("port.sock")
        wait_for(lambda: any(row["label"] == "port" and not row["filename"].startswith("disconnected")
                             for row in c.call("query-chardev")))
        with Busy(c):
            request = {"exec-oob": "yank", "arguments": {"instances": [{"type": "chardev", "id": "port"}]}}
            assert c.ask(json.dumps(request)) == {"return": {}}
            peer.settimeout(5)
            assert peer.recv(1) == b""
        assert c.reply()["id"] == "slow"
        assert c.call("query-status")["running"] is False


@test
def clients_come_and_go_while_the_main_loop_is_busy():
    with Vm(["-chardev", "socket,id=m2,path=two.sock,server=on,wait=off", "-mon", "chardev=m2,mode=control"],
            base=PC):
        c = Client("qmp.sock", oob=True)
        with Busy(c):
            for _ in range(20):
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(5)
                s.connect("two.sock")
                assert s.recv(1000).startswith(b'{"QMP"')
                s.sendall(b'{"execute":"qmp_capabil')
                s.close()
        assert c.reply()["id"] == "slow"
        assert Client("two.sock").call("query-name") == {}


@test
def requests_that_wait_are_few():
    with Vm(base=PC) as p:
        c = Client("qmp.sock", oob=True)
        line = b'{"execute":"query-name","id":"%s"}\n' % (b"x" * 1000)
        with Busy(c):
            before = rss_mb(p.pid)
            c.sock.settimeout(1)
            sent = 0
            try:
                while sent < 64 << 20:
                    sent += c.sock.send(line)
            except TimeoutError:
                pass
            assert sent < 8 << 20, "everything was taken"
            assert rss_mb(p.pid) - before < 32
        c.sock.settimeout(10)
        assert c.reply()["id"] == "slow"


@test
def a_reply_to_a_client_that_went_is_not_given_to_the_next():
    with Vm(base=PC):
        c = Client("qmp.sock")
        with Busy(c):
            c.close()
            s = socket.socket(socket.AF_UNIX)
            s.connect("qmp.sock")
        s.settimeout(10)
        s.sendall(b'{"execute":"qmp_capabilities","id":1}')
        lines = read_lines(s, 2).split(b"\r\n")
        assert b'"QMP"' in lines[0] and json.loads(lines[1]) == {"return": {}, "id": 1}, lines


# ---- Many clients, much garbage

@test
def clients_that_come_and_go_leave_nothing():
    count = 10000 if LONG else 1000
    texts = [b'{"execute":"qmp_capabilities"}{"execute":"query-commands"}', b'{"execute":"qmp_capabil', b"\xff{", b"",
             b'{"execute":"qmp_capabilities","arguments":{"enable":["oob"]}}{"exec-oob":"query-yank"}{"exec-oob":"yan',
             b'{"execute":"qmp_capabilities"}{"execute":"getfd","arguments":{"fdname":"', b"[" * 500, b'"' + b"a" * 3000]
    with Vm(base=PC) as p:
        Client("qmp.sock").close()
        for n in range(count):
            if n == count // 5:
                before, fds = rss_mb(p.pid), len(os.listdir(f"/proc/{p.pid}/fd"))
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(20)
            s.connect("qmp.sock")
            s.sendall(texts[n % len(texts)])
            if n % 3 == 0:
                assert s.recv(10).startswith(b'{"QMP"')
            s.close()
        c = Client("qmp.sock")
        assert c.call("query-status")["running"] is False
        assert len(os.listdir(f"/proc/{p.pid}/fd")) <= fds + 2
        assert rss_mb(p.pid) - before < 8, (before, rss_mb(p.pid))


@test
def garbage_is_answered_in_bounded_memory():
    size, seconds = (64 << 20, 120) if LONG else (4 << 20, 3)
    limit = 250
    if "TSAN_OPTIONS" in os.environ:        # slow, and every byte has its shadow
        seconds, limit = 60, 2500
    kinds = (b"x" * 65536, b'{"a":' * 13107, b'"' + b"y" * 65535, b"\xff\xfe\x00\x01" * 16384, os.urandom(65536),
             b'{"execute":1}' * 5000, b"[1,2,3,4,5,6,7]\n" * 4096)
    for block in kinds:
        with Vm(base=PC) as p:
            c = Client("qmp.sock")
            counted = [0]

            def drain():
                try:
                    while piece := c.sock.recv(1 << 20):
                        counted[0] += len(piece)
                except OSError:
                    pass
            reader = threading.Thread(target=drain, daemon=True)
            c.sock.settimeout(60)
            reader.start()
            most, sent, end = 0, 0, time.monotonic() + seconds
            while sent < size and time.monotonic() < end:
                c.sock.sendall(block)
                sent += len(block)
                most = max(most, rss_mb(p.pid))
            assert sent >= len(block)
            c.sock.shutdown(socket.SHUT_RDWR)
            reader.join(10)
            c.close()
            assert most < limit, (block[:20], most)
            assert Client("qmp.sock").call("query-name") == {}


@test
def a_client_that_stalls_holds_up_nobody():
    with Vm(["-chardev", "socket,id=m2,path=two.sock,server=on,wait=off", "-mon", "chardev=m2,mode=control"],
            base=PC):
        stalled, c = Client("two.sock"), Client("qmp.sock")
        stalled.sock.setblocking(False)
        try:
            for _ in range(2000):
                stalled.sock.send(b'{"execute":"query-qmp-schema"}')
        except BlockingIOError:
            pass
        for _ in range(200):
            assert c.call("stop") == {} and c.call("cont") == {}


@test
def the_pid_file_is_whole_and_the_socket_answers_when_it_is_there():
    pid, sock = "own.pid", "late.sock"
    with Process(["-M", "none", "-display", "none", "-S", "-pidfile", pid, "-qmp", f"unix:{sock},server=on,wait=off"]) as p:
        wait_for(lambda: os.path.exists(sock))
        with open(pid) as f:
            assert f.read() == f"{p.pid}\n"
        assert Client(sock).call("query-status")["status"] == "prelaunch"


main()
