# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals, pid file, background, other users."""
import fcntl
import os
import signal
import socket
import subprocess
import time
from tap import BASE, QEMU, Process, main, read_until, run, test, wait_for


def ready(args=()):
    """Started, with its monitor answering on a socket."""
    proc = Process(BASE + ["-monitor", "unix:m,server=on,wait=off"] + list(args))
    p = proc.__enter__()
    s = socket.socket(socket.AF_UNIX)
    wait_for(lambda: s.connect_ex("m") == 0 or p.poll() is not None)    # bound is not listening yet
    read_until(s.fileno(), b"(qemu) ")
    return proc, p, s


for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    def fn(sig=sig):
        proc, p, s = ready()
        p.send_signal(sig)
        assert p.wait(5) == 0
        err = p.stderr.read().decode()
        want = f"qemu-system-x86_64: terminating on signal {int(sig)} from pid {os.getpid()} ("
        assert err.startswith(want), err
    fn.__name__ = f"{sig.name.lower()}_ends_in_order_and_says_who_sent_it"
    test(fn)


@test
def closed_reader_does_not_kill():
    proc, p, s = ready(["-chardev", "stdio,id=x"])
    p.stdout.close()
    s.sendall(b"info status\n")
    read_until(s.fileno(), b"VM status: running")
    proc.__exit__()


@test
def S_waits_and_cont_runs():
    proc, p, s = ready(["-S"])
    s.sendall(b"info status\n")
    read_until(s.fileno(), b"VM status: paused (prelaunch)")
    s.sendall(b"c\ninfo status\n")
    read_until(s.fileno(), b"VM status: running")
    s.sendall(b"stop\ninfo status\n")
    read_until(s.fileno(), b"VM status: paused\r\n")
    proc.__exit__()


@test
def pidfile_holds_the_pid_and_goes_at_the_end():
    proc, p, s = ready(["-pidfile", "p"])
    assert open("p").read() == f"{p.pid}\n"
    rc, out, err = run(BASE + ["-pidfile", "p"])
    assert rc == 1 and "cannot create PID file: Cannot lock pid file" in err, err
    assert open("p").read() == f"{p.pid}\n"
    s.sendall(b"quit\n")
    assert p.wait(5) == 0
    assert not os.path.exists("p")


@test
def stale_pidfile_is_replaced():
    open("p", "w").write("999999\n")
    proc, p, s = ready(["-pidfile", "p"])
    assert open("p").read() == f"{p.pid}\n"
    proc.__exit__()


@test
def daemonize_returns_when_the_machine_is_up():
    rc, out, err = run(BASE + ["-daemonize", "-pidfile", "p", "-monitor", "unix:m,server=on,wait=off"])
    assert rc == 0 and err == "", (rc, err)
    pid = int(open("p").read())
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert os.getpgid(pid) != os.getpgid(0)
    s = socket.socket(socket.AF_UNIX)
    s.connect("m")
    read_until(s.fileno(), b"(qemu) ")
    s.sendall(b"quit\n")
    wait_for(lambda: not os.path.exists("p") and not os.path.exists(f"/proc/{pid}"))


@test
def daemonize_reports_failure_of_the_child():
    rc, out, err = run(BASE + ["-daemonize", "-device", "bogus"])
    assert rc == 1 and "'bogus' is not a valid device model name" in err, (rc, err)


@test
def runas_drops_root():
    if os.getuid() != 0:
        return
    proc, p, s = ready(["-runas", "65534:65533"])
    status = dict(l.split(":", 1) for l in open(f"/proc/{p.pid}/status"))
    assert status["Uid"].split() == ["65534"] * 4, status["Uid"]
    assert status["Gid"].split() == ["65533"] * 4, status["Gid"]
    proc.__exit__()


@test
def process_name_is_set():
    proc, p, s = ready(["-name", "guest,process=myvm"])
    assert open(f"/proc/{p.pid}/comm").read() == "myvm\n"
    proc.__exit__()


@test
def no_threads_and_no_files_beside_the_needed_before_the_first_cpu():
    proc, p, s = ready()
    assert len(os.listdir(f"/proc/{p.pid}/task")) <= 2
    proc.__exit__()


main()
