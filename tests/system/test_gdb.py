# SPDX-License-Identifier: GPL-2.0-or-later
"""The server for gdb, spoken to in its protocol. Runs with QEMU too, but for what it does not have."""
import os
import random
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

from rsp import CR3, CS, FS_BASE, MXCSR, PC, ST0, XMM0, Rsp, frame, guest
from tap import QEMU, Process, main, read_until, run, test, wait_for

OURS = "Kite" in subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
ACCEL = sys.argv[2] if len(sys.argv) > 2 else "tcg"
# A host without VMX or SVM has a KVM that interprets code but in ring 3: it can watch writes alone.
INTERPRETS = ACCEL == "kvm" and not set("vmx svm".split()) & set(open("/proc/cpuinfo").read().split())
CODE = None


def ours(fn):
    return test(fn) if OURS else fn


def program():
    global CODE
    CODE = CODE or guest()
    return CODE


class Vm(Process):
    """A machine that waits with its server on a socket; v.gdb is a client's connection."""

    def __init__(self, *more, args=("-S",)):
        super().__init__(["-accel", ACCEL, "-display", "none", "-nodefaults", "-m", "16", "-gdb",
                          "unix:gdb,server=on,wait=off", *args, *more])

    def __enter__(self):
        super().__enter__()
        self.gdb = Rsp("gdb")
        self.gdb.hello()
        return self

    def again(self):
        self.gdb.close()
        self.gdb = Rsp("gdb")
        self.gdb.hello()


@test
def a_client_is_greeted_as_known():
    with Vm("-smp", "2") as v:
        g = v.gdb
        assert g("?") == "T05thread:p01.01;"
        for question, answer in [
                ("vCont?", "vCont;c;C;s;S"), ("vMustReplyEmpty", ""), ("qfThreadInfo", "mp01.01"),
                ("qsThreadInfo", "mp01.02"),
                ("qsThreadInfo", "l"), ("qC", "QCp01.01"), ("Hg1", "OK"), ("Hg2", "OK"), ("Hg0", "OK"),
                ("Hgp1.1", "OK"),
                ("Hg9", "E22"), ("Hgp2.1", "E22"), ("Hx1", "E22"), ("Tp1.2", "OK"), ("T9", "E22"), ("qAttached", "1"),
                ("qTStatus", ""), ("qOffsets", ""), ("qSymbol::", ""), ("p10", "f0ff000000000000"), ("p12", "00f00000"),
                ("qThreadExtraInfo,1", b"CPU#0 [running]".hex()), ("qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4"),
                ("qqemu.sstep", "0x7"), ("Qqemu.sstep=3", "OK"), ("qqemu.sstep", "0x3"), ("Qqemu.sstep=7", "OK"),
                ("qqemu.PhyMemMode", "0"), ("qqemu.Supported", "sstepbits;sstep;PhyMemMode"), ("Z9,0,1", ""),
                ("z0,7c00,1", "E22"), ("Z0,7c00", "E22"), ("m0", "E22"), ("mfffffff0,2000", "E22"),
                ("vAttach;2", "E22"),
                ("qXfer:features:read:foo.xml:0,10", "E00"), ("p99", "E14"), ("qRcmd,", "E22")]:
            got = g(question)
            assert got == answer, (question, got)
        for kind in range(3 if INTERPRETS else 5):
            g.ok(f"Z{kind},7c00,{1 if kind < 2 else 4}")
            g.ok(f"z{kind},7c00,{1 if kind < 2 else 4}")
        assert g.monitor("info status") == "VM status: paused (prelaunch)\n"


@test
def registers_read_as_they_were_written():
    with Vm() as v:
        g = v.gdb
        for n in range(16):
            g.set_reg(n, n + 1)
        g.set_reg(XMM0 + 3, 0x112233445566778899aabbccddeeff, 16)
        g.set_reg(ST0 + 2, 0x4000c90fdaa22168c235, 10)
        g.set_reg(MXCSR, 0x1fa0, 4)
        g.set_reg(FS_BASE, 0x12345000)
        assert [g.reg(n) for n in range(8)] == list(range(1, 9))
        assert g.reg(XMM0 + 3) == 0x112233445566778899aabbccddeeff and g.reg(MXCSR) == 0x1fa0
        assert g.reg(ST0 + 2) == 0x4000c90fdaa22168c235 and g.reg(FS_BASE) == 0x12345000
        whole = g("g")
        g.ok("G" + whole)
        assert g("g") == whole


@ours
def the_description_names_every_register():
    for cpu, arch, pc, xmm in (("qemu64", "i386:x86-64", "rip", "xmm15"), ("qemu32", "i8086", "eip", "xmm7"),
                               ("max", "i386:x86-64", "rip", "ymm15h")):
        xmm = "xmm15" if ACCEL == "kvm" and xmm[0] == "y" else xmm      # who knows what the host has
        with Vm("-cpu", cpu) as v:
            text, part = "", "m"
            while part[0] == "m":
                part = v.gdb(f"qXfer:features:read:target.xml:{len(text):x},ff0")
                text += part[1:]
            root = ET.fromstring(text)
            assert root.find("architecture").text == arch
            names, sizes, n = {}, {}, 0
            for reg in root.iter("reg"):
                n = int(reg.get("regnum", n))
                assert n not in sizes, n
                names[reg.get("name")], sizes[n] = n, int(reg.get("bitsize")) // 8
                n += 1
            assert sorted(sizes) == list(range(len(sizes))) and xmm in names
            assert len(v.gdb("g")) == 2 * sum(sizes.values())
            assert v.gdb(f"p{len(sizes):x}") == "E14"
            assert all(len(v.gdb(f"p{n:x}")) == 2 * sizes[n] for n in sizes)
            assert v.gdb.reg(names[pc]) == 0xfff0


@test
def breakpoints_stop_code_of_every_width():
    code, sym, _ = program()
    for kind in (0, 1):
        with Vm("-smp", "2") as v:
            g = v.gdb
            g.load(code)
            for fn, before in (("real_fn", 0), ("prot_fn", 3), ("long_inner", 6)):
                assert g.run_to(sym[fn], kind).startswith("T05thread:p01.01;")
                assert g.word(sym["counter"]) == before, fn
            g.ok(f"Z{kind},{sym['long_fn']:x},1")
            for n in range(7, 12):
                assert g("c").startswith("T05thread:p01.01;")
                assert g.reg(PC) == sym["long_fn"] and g.word(sym["counter"]) == n
                g.ok(f"z{kind},{sym['long_fn']:x},1")
                assert g("s") == "T05thread:p01.01;"
                g.ok(f"Z{kind},{sym['long_fn']:x},1")


@test
def steps_are_one_instruction_long():
    code, sym, _ = program()
    with Vm() as v:
        g = v.gdb
        g.load(code)
        want = [0x7c01, 0x7c03, 0x7c05, 0x7c07, 0x7c09, 0x7c0c, 0x7c0f, sym["real_fn"]]
        for at in want:
            assert g("vCont;s:p1.1") == "T05thread:p01.01;"
            assert g.reg(PC) == at, (hex(g.reg(PC)), hex(at))
        g.run_to(sym["long_inner"])
        g.ok("Hc1")
        assert g("s") == "T05thread:p01.01;" and g.reg(PC) == sym["long_inner"] + 1


@test
def a_step_onto_an_exception_ends_at_its_handler():
    with Vm() as v:
        g = v.gdb
        g.load(b"\x0f\x0b")                      # ud2
        g.write(6 * 4, b"\x00\x90\x00\x00")
        # processors trap behind the handler's first instruction, "add %al, (%bx, %si)"
        assert g("s") == "T05thread:p01.01;" and g.reg(PC) in ((0x9000, 0x9002) if ACCEL == "kvm" else (0x9000,))


@test
def watchpoints_tell_writes_from_reads():
    code, sym, _ = program()
    at = sym["counter"]
    with Vm() as v:
        g = v.gdb
        g.load(code)
        g.run_to(sym["long_inner"])
        value = g.word(at)
        g.ok(f"Z2,{at:x},4")
        assert g("c") == f"T05thread:p01.01;watch:{at:016x};", "watch"
        assert g.word(at) == value + 1
        g.ok(f"z2,{at:x},4")
        if INTERPRETS:
            assert g(f"Z3,{at:x},4") == "E22"
            return
        g.ok(f"Z3,{at:x},4")
        assert f"watch:{at:016x};" in g("c")
        g.ok(f"z3,{at:x},4")
        g.ok(f"Z4,{at + 1:x},1")
        assert g("c") == f"T05thread:p01.01;awatch:{at + 1:016x};"


@test
def cpus_run_apart():
    code, sym, _ = program()
    with Vm("-smp", "2") as v:
        g = v.gdb
        g.load(code)
        g.run_to(sym["long_inner"])
        wait_a_moment(g, sym)
        count, pc = g.word(sym["ap_count"]), g.reg(PC)
        for _ in range(3):
            assert g("vCont;s:p1.1") == "T05thread:p01.01;"
        assert g.word(sym["ap_count"]) == count and g.reg(PC) != pc
        pc = g.reg(PC)
        g.send("vCont;c:p1.2")
        time.sleep(0.2)
        g.raw(b"\x03")
        assert g.answer().startswith("T02thread:p01.0")
        g.ok("Hg1")
        assert g.word(sym["ap_count"]) > count and g.reg(PC) == pc
        g.ok("Hg2")
        assert g.reg(PC) < 0x10 and g.reg(CS) == 0x800
        assert g("vCont;s:p1.2") == "T05thread:p01.02;"
        assert g("vCont;s:p1.1;c") == "T05thread:p01.01;"


def wait_a_moment(g, sym):
    """Until the second CPU counts."""
    for _ in range(100):
        if g.word(sym["ap_count"]) > 0:
            return
        g.send("vCont;c")
        time.sleep(0.02)
        g.raw(b"\x03")
        g.answer()
    raise AssertionError("the second CPU stands still")


@test
def a_running_machine_is_interrupted():
    code, sym, _ = program()
    with Vm() as v:
        g = v.gdb
        g.load(code)
        for _ in range(5):
            g.send("c")
            time.sleep(0.02)
            g.raw(b"\x03")
            assert g.answer() == "T02thread:p01.01;"
        assert g.word(sym["counter"]) > 6


@test
def memory_is_virtual_or_physical():
    code, sym, _ = program()
    with Vm() as v:
        g = v.gdb
        g.load(code)
        g.run_to(sym["long"])
        assert g.reg(CR3) == 0x1000
        g.write(0x3008, (0x200083).to_bytes(8, "little"))       # the second 2 MiB lead to themselves
        g.write(0x2008, (0x3003).to_bytes(8, "little"))         # and all again at 1 GiB
        assert g.read(0x40007c00, 16) == g.read(0x7c00, 16)
        assert g("m80000000,4") == "E14" and g("M80000000,1:00") == "E14"
        g.ok("Qqemu.PhyMemMode:1")
        assert g("qqemu.PhyMemMode") == "1"
        assert g.read(0x7c00, 16) == code[:16] and g("m40007c00,4") in ("00000000", "ffffffff")
        g.ok("Qqemu.PhyMemMode:0")
        assert g.read(0x1ffffc, 8) == bytes(8)


@ours
def binary_writes_arrive_unescaped():
    with Vm() as v:
        v.gdb.ok(b"X500,6:a}\x03}]}\x04}\x0ab")
        assert v.gdb.read(0x500, 6) == b"a#}$*b", v.gdb.read(0x500, 6)
        assert v.gdb("X500,5:ab") == "E22"


@test
def broken_packets_are_asked_for_again():
    with Vm() as v:
        g = v.gdb
        g.raw(b"$qC#00")
        assert g.byte() == b"-"
        g.raw(b"$qC#b4")
        assert g.byte() == b"+" and g.answer() == "QCp01.01"
        g.raw(b"-")
        assert g.answer() == "QCp01.01"


@ours
def acknowledgements_can_be_left_out():
    with Vm() as v:
        g = v.gdb
        g.ok("QStartNoAckMode")
        g.raw(frame(b"qC"))
        assert g.byte() == b"$"


@ours
def garbage_is_survived():
    with Vm("-smp", "2") as v:
        g = v.gdb
        g.flood(random.Random(1).randbytes(100000) + b"#00")
        g.flood(b"$" + b"m" * 5000000 + b"#%02x" % (ord("m") * 5000000 & 255))
        v.again()
        g = v.gdb
        for text in ("m" + "f" * 4000, "Z0," + "9" * 40 + ",1", "G", "G0", "P", "P0", "P0=", "P0=zz", "p", "pffffffff",
                     "Z2,0,0", "Z2,ffffffffffffffff,10", "vCont;", "vCont;s:", "vCont;s:p", "vCont;x", "vCont;s:p1.77",
                     "Hg", "H", "T", "D;9", "c zz", "Szz", "qXfer:features:read:", "qXfer:features:read:target.xml:ffffffff,1",
                     "qXfer:features:read:target.xml:0", "qRcmd,zz", "qRcmd,0", "M0,ffffffffffffffff:", "X0,5:", "X",
                     "Qqemu.sstep=99", "Qqemu.PhyMemMode:", "qThreadExtraInfo,", "qThreadExtraInfo,p-1.-1", "vKill;7"):
            assert g(text)[:1] in ("E", ""), text
        for n in range(0x43):
            old = g(f"p{n:x}")
            g(f"P{n:x}=" + "f" * len(old))
        g.send("c")
        time.sleep(0.1)
        g.raw(b"\x03")
        assert g.answer().startswith("T")
        assert g("qC").startswith("QC")


@test
def a_client_that_comes_again_finds_all_stopped():
    code, sym, _ = program()
    with Vm() as v:
        v.gdb.load(code)
        v.gdb.ok(f"Z0,{sym['long_fn']:x},1")
        v.gdb.send("c")
        v.gdb.answer()
        if not OURS:
            v.gdb.ok(f"z0,{sym['long_fn']:x},1")
        v.gdb.close()
        v.again()
        assert v.gdb("?") == "T05thread:p01.01;"
        v.gdb.send("c")                         # the breakpoint went with the one who set it
        time.sleep(0.1)
        v.again()
        count = v.gdb.word(sym["counter"])
        assert v.gdb.monitor("info status").startswith("VM status: paused") and count > 10
        v.gdb.ok(f"Z0,{sym['long_fn']:x},1")
        v.gdb.ok("D;1")
        time.sleep(0.1)
        v.again()
        assert v.gdb.word(sym["counter"]) > count


@test
def connections_in_mid_packet_leave_nothing():
    with Vm() as v:
        for k in range(300):
            g = Rsp("gdb") if k else v.gdb
            g.raw(b"$m0,4" if k % 2 else b"$qRcmd,696e666f20636875#")
            g.close()
        v.again()
        assert v.gdb("qC") == "QCp01.01"


@test
def kill_ends_the_emulator():
    for packet in ("k", "vKill;1"):
        with Vm() as v:
            v.gdb.send(packet)
            assert v.p.wait(20) == 0


@test
def monitor_commands_are_run():
    with Vm() as v:
        assert v.gdb.monitor("info version").startswith("7.2")
        assert "EAX=" in v.gdb.monitor("info registers")
        assert v.gdb.monitor("x /1xb 0xffff0") != ""
        assert "unknown command" in v.gdb.monitor("bogus")


@ours
def the_server_cannot_be_changed_by_its_client():
    with Vm() as v:
        assert "cannot" in v.gdb.monitor("gdbserver none")
        assert v.gdb("qC") == "QCp01.01"


@ours
def the_monitor_starts_and_ends_a_server():
    with Process(["-display", "none", "-nodefaults", "-S", "-monitor", "unix:mon,server=on,wait=off"]) as p:
        wait_for(lambda: os.path.exists("mon"))
        m = socket.socket(socket.AF_UNIX)
        m.connect("mon")
        read_until(m.fileno(), "(qemu)")
        m.sendall(b"gdbserver unix:two,server=on,wait=off\n")
        read_until(m.fileno(), "Waiting for gdb connection on device 'unix:two")
        g = Rsp("two")
        assert g("qC") == "QC01"
        m.sendall(b"gdbserver none\n")
        read_until(m.fileno(), "Disabled gdbserver")
        assert g.answer() == "W00"
        m.sendall(b"gdbserver bogus\n")
        read_until(m.fileno(), "Could not open gdbserver on device 'bogus'")
        m.close()
        p.terminate()


@test
def a_pipe_serves_too():
    p = subprocess.Popen([QEMU, "-accel", ACCEL, "-display", "none", "-nodefaults", "-S", "-gdb", "stdio"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        p.stdin.write(frame(b"qC"))
        p.stdin.flush()
        assert b"$QC01#" in read_until(p.stdout.fileno(), "#")
        p.stdin.write(b"+" + frame(b"k"))
        p.stdin.flush()
        assert p.wait(20) == 0
    finally:
        p.kill()


@test
def a_named_chardev_serves():
    with Process(["-accel", ACCEL, "-display", "none", "-nodefaults", "-S", "-chardev",
                  "socket,id=x,path=named,server=on,wait=off", "-gdb", "chardev:x"]):
        assert Rsp("named")("qC") == "QC01"


@ours
def what_cannot_be_served_is_refused():
    rc, out, err = run(["-M", "none", "-display", "none", "-gdb", "unix:a,server=on,wait=off"])
    assert rc == 1 and "without any CPU" in err, err
    rc, out, err = run(["-display", "none", "-gdb", "chardev:nope"])
    assert rc == 1 and "nope" in err, err


if ACCEL == "kvm" and not os.access("/dev/kvm", os.R_OK | os.W_OK):
    print("1..0 # SKIP /dev/kvm is not there or not ours to open")
    sys.exit()
main()
