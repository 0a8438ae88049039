# SPDX-License-Identifier: GPL-2.0-or-later
"""Chardev back ends, each with a monitor on it as the user."""
import os
import pty
import socket
import subprocess
import termios
import time
from tap import BASE, Process, main, read_until, run, test, wait_for

BANNER = b"QEMU 7.2.0 monitor - type 'help' for more information\r\n(qemu) "


def talk(read, write):
    """A banner, a command, its answer, the next prompt."""
    read(BANNER)
    write(b"info name\n")
    read(b"guestname\r\n(qemu) ")


def mon(chardev):
    return BASE + ["-name", "guestname", "-chardev", chardev + ",id=c", "-mon", "c"]


def connect(address, family=socket.AF_INET):
    s = socket.socket(family)
    end = time.monotonic() + 5
    while True:
        try:
            s.connect(address)
            return s
        except OSError:
            assert time.monotonic() < end, "cannot connect"
            time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@test
def tcp_server_serves_one_client_after_the_other():
    port = free_port()
    with Process(mon(f"socket,host=127.0.0.1,port={port},server=on,wait=off")):
        for _ in range(2):
            with connect(("127.0.0.1", port)) as s:
                talk(lambda t: read_until(s.fileno(), t), s.sendall)


@test
def tcp_server_with_wait_starts_when_somebody_comes():
    port = free_port()
    with Process(mon(f"socket,host=127.0.0.1,port={port},server=on")) as p:
        assert b"info: QEMU waiting for connection on: disconnected:tcp:127.0.0.1" in \
            read_until(p.stderr.fileno(), b"server=on")
        with connect(("127.0.0.1", port)) as s:
            talk(lambda t: read_until(s.fileno(), t), s.sendall)


@test
def tcp_server_takes_the_next_port_up_to_to():
    port = free_port()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        rc, out, err = run(BASE + ["-chardev", f"socket,id=c,host=127.0.0.1,port={port},server=on,wait=off"])
        assert rc == 1 and "Failed to find an available port: Address already in use" in err, err
        with Process(mon(f"socket,host=127.0.0.1,port={port},to={port + 9},server=on,wait=off")):
            end = time.monotonic() + 5
            while time.monotonic() < end:
                for p in range(port + 1, port + 10):
                    try:
                        with socket.create_connection(("127.0.0.1", p), 0.5) as s:
                            talk(lambda t: read_until(s.fileno(), t), s.sendall)
                            return
                    except ConnectionError:
                        time.sleep(0.01)
            raise AssertionError("nobody listens")


@test
def unix_server_makes_and_removes_its_socket():
    with Process(mon("socket,path=s,server=on,wait=off")):
        wait_for(lambda: os.path.exists("s"))
        with connect("s", socket.AF_UNIX) as s:
            talk(lambda t: read_until(s.fileno(), t), s.sendall)
            s.sendall(b"quit\n")
        wait_for(lambda: not os.path.exists("s"))


@test
def abstract_unix_server_has_no_file():
    name = f"kite-{os.getpid()}"
    with Process(mon(f"socket,path={name},abstract=on,server=on,wait=off")):
        with connect("\0" + name, socket.AF_UNIX) as s:
            talk(lambda t: read_until(s.fileno(), t), s.sendall)
        assert not os.path.exists(name)


@test
def tcp_client_connects():
    with socket.socket() as srv:
        srv.bind(("127.0.0.1", 0))
        srv.listen()
        with Process(mon(f"socket,host=127.0.0.1,port={srv.getsockname()[1]}")):
            s, _ = srv.accept()
            with s:
                talk(lambda t: read_until(s.fileno(), t), s.sendall)


@test
def tcp_client_with_reconnect_comes_back():
    port = free_port()
    with Process(mon(f"socket,host=127.0.0.1,port={port},reconnect=1")):
        time.sleep(0.1)
        with socket.socket() as srv:
            srv.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            srv.bind(("127.0.0.1", port))
            srv.listen()
            for _ in range(2):
                srv.settimeout(10)
                s, _ = srv.accept()
                with s:
                    talk(lambda t: read_until(s.fileno(), t), s.sendall)


@test
def inherited_socket_is_used():
    a, b = socket.socketpair()
    with a, b:
        with Process(mon(f"socket,fd={b.fileno()}"), pass_fds=[b.fileno()]):
            talk(lambda t: read_until(a.fileno(), t), a.sendall)


@test
def telnet_negotiates_and_strips_commands():
    port = free_port()
    with Process(BASE + ["-name", "guestname", "-monitor", f"telnet:127.0.0.1:{port},server,nowait"]):
        with connect(("127.0.0.1", port)) as s:
            data = read_until(s.fileno(), BANNER)
            assert data.startswith(bytes([255, 251, 1, 255, 251, 3, 255, 251, 0, 255, 253, 0])), data
            s.sendall(bytes([255, 253, 3]) + b"info " + bytes([255, 250, 24, 1, 255, 240]) + b"name\n")
            read_until(s.fileno(), b"guestname\r\n")


def frame(payload, opcode=2, mask=b"abcd"):
    """As a client sends it."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + size + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload))


def read_frame(s):
    """(opcode, payload) of a frame of the server."""
    head = read_exactly(s, 2)
    size = head[1]
    if size >= 126:
        size = int.from_bytes(read_exactly(s, 2 if size == 126 else 8), "big")
    return head[0] & 15, read_exactly(s, size)


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        piece = s.recv(n - len(data))
        assert piece, "end of stream"
        data += piece
    return data


HELLO = (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
         b"Sec-WebSocket-Protocol: binary\r\n\r\n")


def web_read(s, text):
    data = b""
    while text not in data:
        op, payload = read_frame(s)
        assert op == 2, op
        data += payload
    return data


@test
def websocket_carries_a_monitor():
    port = free_port()
    with Process(BASE + ["-name", "guestname", "-monitor", f"websocket:127.0.0.1:{port},server=on,wait=off"]):
        for _ in range(2):
            with connect(("127.0.0.1", port)) as s:
                s.settimeout(10)
                s.sendall(HELLO[:30])
                s.sendall(HELLO[30:])
                head = read_until(s.fileno(), b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 101 "), head
                assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head, head
                assert b"Sec-WebSocket-Protocol: binary\r\n" in head, head


@test
def websocket_frames_go_both_ways():
    port = free_port()
    with Process(BASE + ["-name", "guestname", "-monitor", f"websocket:127.0.0.1:{port},server=on,wait=off"]):
        with connect(("127.0.0.1", port)) as s:
            s.settimeout(10)
            s.sendall(HELLO)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += s.recv(1)
            web_read(s, b"(qemu) ")
            s.sendall(frame(b"info na") + frame(b"me\n", opcode=1))
            web_read(s, b"guestname\r\n(qemu) ")
            s.sendall(frame(b"hi", opcode=9))
            assert read_frame(s) == (10, b"hi")
            s.sendall(frame(b"#" * 300 + b"\n"))
            web_read(s, b"(qemu) ")
            s.sendall(frame(b"\x03\xe8", opcode=8))
            assert read_frame(s) == (8, b"\x03\xe8") and s.recv(1) == b""


@test
def websocket_refuses_what_is_none():
    port = free_port()
    bad = [b"GET / HTTP/1.1\r\n\r\n", HELLO.replace(b": 13", b": 8"), b"\0" * 100, b"x" * 5000,
           HELLO + b"\x82\x01x", HELLO + frame(b"x")]
    with Process(BASE + ["-chardev", f"socket,id=c,host=127.0.0.1,port={port},websocket=on,server=on,wait=off",
                         "-mon", "c"]) as p:
        for request in bad:
            with connect(("127.0.0.1", port)) as s:
                s.settimeout(10)
                s.sendall(request)
                try:
                    answer = s.recv(4096)
                except ConnectionResetError:
                    continue
                assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 ", b"HTTP/1.1 101 ")), answer
        for wrong in (b"\x82\x01x", b"\xc2\x81abcdx", b"\x09\x81abcdx", b"\x89\xfe\x00\x80abcd", b"\x83\x80abcd",
                      b"\x82\xff\xff" + bytes(11)):
            with connect(("127.0.0.1", port)) as s:
                s.settimeout(10)
                s.sendall(HELLO)
                read_until(s.fileno(), b"(qemu) ")
                s.sendall(wrong)
                assert s.recv(4096) == b"", wrong
        assert p.poll() is None
    rc, out, err = run(BASE + ["-chardev", "socket,id=c,host=127.0.0.1,port=1,websocket=on"])
    assert rc == 1 and "websocket needs server=on" in err, err


@test
def udp_sends_datagrams_both_ways():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(5)
        local = free_port()
        with Process(mon(f"udp,host=127.0.0.1,port={s.getsockname()[1]},localaddr=127.0.0.1,localport={local}")):
            data = b""
            while b"(qemu) " not in data:
                data += s.recv(4096)
            s.sendto(b"info name\n", ("127.0.0.1", local))
            while b"guestname" not in data:
                data += s.recv(4096)


@test
def pty_is_named_on_stderr_and_works_after_reopening():
    with Process(mon("pty")) as p:
        line = read_until(p.stderr.fileno(), b"(label c)\n").decode()
        assert line.startswith("char device redirected to /dev/pts/"), line
        for _ in range(2):
            fd = os.open(line.split()[4], os.O_RDWR | os.O_NOCTTY)
            talk(lambda t: read_until(fd, t), lambda d: os.write(fd, d))
            os.close(fd)
            time.sleep(0.2)


@test
def pipe_uses_two_files():
    os.mkfifo("p.in")
    os.mkfifo("p.out")
    with Process(mon("pipe,path=p")):
        i, o = os.open("p.in", os.O_RDWR), os.open("p.out", os.O_RDWR)
        talk(lambda t: read_until(o, t), lambda d: os.write(i, d))
        os.close(i)
        os.close(o)


@test
def file_gets_output_and_append_keeps_the_old():
    for n in (1, 2):
        with Process(mon("file,path=f,append=on")):
            wait_for(lambda: os.path.exists("f") and open("f", "rb").read() == BANNER * n)
    with Process(mon("file,path=f")):
        wait_for(lambda: open("f", "rb").read() == BANNER)


@test
def logfile_keeps_a_copy():
    rc, out, err = run(mon("stdio,logfile=l"), "info name\nquit\n")
    log = open("l", "rb").read()
    assert rc == 0 and BANNER in log and b"guestname" in log, (rc, err, log)


@test
def ringbuf_is_read_and_written_by_the_monitor():
    rc, out, err = run(BASE + ["-chardev", "ringbuf,id=r,size=8", "-monitor", "stdio"],
                       "ringbuf_write r 0123456789\nringbuf_read r 100\nquit\n")
    assert rc == 0 and "23456789\n" in out.replace("\r", ""), out


@test
def info_chardev_names_back_ends():
    rc, out, err = run(BASE + ["-chardev", "null,id=n", "-chardev", "socket,id=s,path=x,server=on,wait=off",
                               "-chardev", "null,id=m,mux=on", "-monitor", "stdio"],
                       "info chardev\nquit\n")
    for line in ("n: filename=null", "s: filename=disconnected:unix:x,server=on", "m: filename=mux",
                 "m-base: filename=null", "compat_monitor0: filename=stdio"):
        assert line in out, (line, out)


@test
def chardev_change_swaps_the_back_end_and_keeps_the_old_on_failure():
    rc, out, err = run(BASE + ["-chardev", "ringbuf,id=r,size=8", "-monitor", "stdio"],
                       "chardev-change r file,path=/nonexistent/x\ninfo chardev\n"
                       "chardev-change r file,path=f\ninfo chardev\nquit\n")
    assert out.index("Error: Could not open") < out.index("r: filename=ringbuf") \
        < out.index("r: filename=file"), out


TTY_BANNER = BANNER.replace(b"\r\n", b"\r\r\n")     # the terminal adds its own \r


class Terminal:
    """The program with a terminal for standard input and output."""

    def __init__(self, args):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.proc = Process(args, stdin=slave, stdout=slave, start_new_session=True)

    def __enter__(self):
        self.p = self.proc.__enter__()
        return self

    def __exit__(self, *exc):
        self.proc.__exit__(*exc)
        os.close(self.master)
        os.close(self.slave)

    def read(self, text):
        return read_until(self.master, text)

    def write(self, data):
        os.write(self.master, data)

    def restored(self):
        wait_for(lambda: termios.tcgetattr(self.slave) == self.before)


@test
def mux_keys_on_a_terminal():
    with Terminal(BASE + ["-name", "guestname", "-serial", "mon:stdio"]) as t:
        t.read(TTY_BANNER)
        t.write(b"\x01c")
        t.read(b"(qemu) ")
        t.write(b"info name\r")
        t.read(b"guestname\r\r\n(qemu) ")
        t.write(b"\x01h")
        text = t.read(b"sends C-a").decode()
        for line in ("C-a h    print this help", "C-a x    exit emulator", "C-a t    toggle console timestamps",
                     "C-a b    send break (magic sysrq)", "C-a c    switch between console and monitor"):
            assert line in text, text
        t.write(b"\x01t")
        t.write(b"info name\r")
        t.read(b"[00:00:0")
        t.write(b"\x01x")
        t.read(b"QEMU: Terminated")
        assert t.p.wait(5) == 0
        t.restored()


@test
def escape_key_can_be_another():
    with Terminal(BASE + ["-serial", "mon:stdio", "-echr", "2"]) as t:
        t.read(TTY_BANNER)
        t.write(b"\x02h")
        t.read(b"C-b h    print this help")
        t.write(b"\x02x")
        assert t.p.wait(5) == 0


@test
def terminal_is_restored_after_quit():
    with Terminal(BASE + ["-monitor", "stdio"]) as t:
        t.read(TTY_BANNER)
        assert termios.tcgetattr(t.slave)[3] & termios.ECHO == 0
        t.write(b"quit\r")
        t.read(b"\x1b[?7h")
        assert t.p.wait(5) == 0
        t.restored()


for sig in (15, 2, 1, 9, 6, 11):
    def fn(sig=sig):
        with Terminal(BASE + ["-monitor", "stdio"]) as t:
            t.read(TTY_BANNER)
            t.p.send_signal(sig)
            t.p.wait(5)
            t.restored()
    fn.__name__ = f"terminal_is_restored_after_signal_{sig}"
    test(fn)


@test
def terminal_is_restored_after_a_wrong_option():
    with Terminal(BASE + ["-monitor", "stdio", "-device", "bogus"]) as t:
        assert t.p.wait(5) == 1
        t.restored()


@test
def line_editing_history_and_completion():
    with Terminal(BASE + ["-name", "guestname", "-monitor", "stdio"]) as t:
        t.read(TTY_BANNER)
        t.write(b"nfo namX\x7fe\x01i\r")
        t.read(b"guestname\r\r\n(qemu) ")
        t.write(b"info version\r")
        t.read(b"7.2.0")
        t.write(b"\x1b[A\x1b[A\r")
        t.read(b"guestname\r\r\n(qemu) ")
        t.write(b"info mt\t")
        t.read(b"ree ")
        t.write(b"\x15system_\t")
        t.read(b"system_powerdown  ")


@test
def tab_after_every_command_and_argument_does_no_harm():
    rc, out, err = run(BASE + ["-monitor", "stdio"], "help\ninfo\nquit\n")
    names = [line.split(" ")[0].split("|")[0] for line in out.replace("\r", "").split("\n") if " -- " in line]
    assert len(names) > 60, names
    lines = [f"{n} \t\x15{n} /\t\x15{n} a b\t\x15{n} -x \t\x15{n[:2]}\t\x15" for n in names]
    rc, out, err = run(BASE + ["-monitor", "stdio"], "".join(lines) + "info \t\x15quit\n")
    assert rc == 0 and err == "", (rc, err)


main()
