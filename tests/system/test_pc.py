# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor and the process on the default machine, paused before its first instruction."""
import os
import re
import socket
import struct
from tap import QEMU, Process, main, read_until, run, test, wait_for

PC = ["-display", "none", "-S"]


def hmp(lines, args=()):
    rc, out, err = run(PC + list(args) + ["-monitor", "stdio"], "\n".join(list(lines) + ["quit", ""]))
    assert rc == 0, (rc, err)
    clean = re.sub(r"\033\[[KD]", "", out).replace("\r", "")
    return [part.split("\n", 1)[1] for part in clean.split("(qemu) ")[1:-1]]


@test
def reset_vector_is_shown_by_x_and_xp():
    x, xp, pc = hmp(["x /1i $pc", "xp /2xb 0xfffffff0", "p $pc"])
    assert x.startswith("0xfffffff0:  ea 5b e0 00 f0           ljmpw    $0xf000:$0xe05b\n"), x
    assert xp == "00000000fffffff0: 0xea 0x5b\n", xp
    assert pc == "0xfffffff0\n", pc


@test
def registers_of_the_reset_state():
    text, = hmp(["info registers"])
    for want in ("CPU#0", "EIP=0000fff0", "CS =f000 ffff0000 0000ffff 00009b00", "CR0=60000010", "EFL=00000002"):
        assert want in text, (want, text)


@test
def print_knows_the_registers():
    got = hmp(["p $eip", "p $cs", "p $cs.base", "p $cs.limit", "p $eflags", "p $cr0", "p $eax + 5"])
    assert got == ["0xfff0\n", "0xf000\n", "0xffff0000\n", "0xffff\n", "0x2\n", "0x60000010\n", "0x5\n"], got


@test
def info_commands_name_the_parts():
    for line, want in {"info pci": "PCI device 8086:1237", "info pic": "pic0: irr=", "info lapic": "LVT0",
                       "info roms": "bios-256k.bin", "info qtree": "dev: PIIX3", "info mtree": "pc.ram",
                       "info mtree -f": "FlatView", "info cpus": "* CPU #0: thread_id=", "info block": "ide1-cd0",
                       "info mice": "PS/2", "info ramblock": "pc.ram", "info chardev": "serial0: filename=vc",
                       "info qom-tree": "/machine (pc-i440fx-7.2-machine)", "info irq": "IRQ statistics for",
                       "info jit": "TB count", "info memory_size_summary": "base memory: 134217728",
                       "info status": "VM status: paused (prelaunch)"}.items():
        text, = hmp([line])
        assert want in text, (line, text[:500])


@test
def default_drives_exist_and_nodefaults_takes_them_away():
    text, = hmp(["info block"])
    assert "ide1-cd0: [not inserted]" in text and "floppy0: [not inserted]" in text, text
    text, = hmp(["info block"], ["-nodefaults"])
    assert text == "", text


@test
def media_are_changed_and_ejected():
    for name in ("one.iso", "two.iso"):
        with open(name, "wb") as f:
            f.write(b"\0" * 65536)
    before, _, after, _, gone = hmp(["info block ide1-cd0", "change ide1-cd0 two.iso", "info block ide1-cd0",
                                     "eject ide1-cd0", "info block ide1-cd0"], ["-cdrom", "one.iso"])
    assert "one.iso" in before and "two.iso" in after and "[not inserted]" in gone, (before, after, gone)
    answers = hmp(["change ide1-cd0 /nonexistent", "change foo bar", "eject foo"])
    assert answers == ["Error: Could not open '/nonexistent': No such file or directory\n",
                       "Error: Device 'foo' not found\n", "Error: Device 'foo' not found\n"], answers


@test
def snapshot_leaves_the_image_alone():
    with open("d.img", "wb") as f:
        f.write(b"x" * 65536)
    text, = hmp(["info block"], ["-drive", "file=d.img,format=raw,id=d", "-snapshot"])
    assert "d" in text and open("d.img", "rb").read() == b"x" * 65536 and os.listdir(".") == ["d.img"], text


@test
def screendump_writes_ppm_and_png():
    assert hmp(["screendump a.ppm", "screendump a.png -f png"]) == ["", ""]
    assert open("a.ppm", "rb").read(2) == b"P6"
    head = open("a.png", "rb").read(24)
    assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24])[0] >= 320
    text, bad = hmp(["screendump /nonexistent/x.ppm", "screendump x -f gif"])
    assert "Error: " in text and "Error: " in bad and sorted(os.listdir(".")) == ["a.png", "a.ppm"], (text, bad)


@test
def memory_is_saved():
    assert hmp(["pmemsave 0xfffffff0 16 p", "memsave 0xfffffff0 16 v"]) == ["", ""]
    assert open("p", "rb").read() == open("v", "rb").read() and open("p", "rb").read(5) == b"\xea\x5b\xe0\0\xf0"


@test
def keys_are_checked():
    assert hmp(["sendkey ctrl-alt-f1", "sendkey foo", "sendkey 0x1c"]) == ["", "invalid parameter: foo\n", ""]


@test
def machine_controls_answer():
    got = hmp(["boot_set n", "boot_set z", "nmi", "system_reset", "info status", "gva2gpa 0x1000", "cpu 0", "cpu 1"])
    assert got == ["boot device list now set to n\n", "Invalid boot device 'z'\n", "", "",
                   "VM status: paused (prelaunch)\n", "gpa: 0x1000\n", "", "invalid CPU index\n"], got


@test
def four_serial_ports_and_a_debug_console():
    text, = hmp(["info qtree"], ["-serial", "null"] * 1 + ["-serial", "null", "-serial", "null", "-serial", "null",
                                                          "-debugcon", "null"])
    assert text.count("dev: isa-serial") == 4 and "dev: isa-debugcon" in text, text


@test
def firmware_speaks_on_the_debug_console():
    with Process(["-display", "none", "-chardev", "file,id=d,path=log", "-device",
                  "isa-debugcon,iobase=0x402,chardev=d", "-monitor", "none"]):
        wait_for(lambda: os.path.exists("log") and b"SeaBIOS (version" in open("log", "rb").read(), 20)


@test
def daemon_runs_the_firmware():
    rc, out, err = run(["-display", "none", "-daemonize", "-pidfile", "p", "-debugcon", "file:log",
                        "-global", "isa-debugcon.iobase=0x402", "-monitor", "unix:m,server=on,wait=off"])
    assert rc == 0 and err == "", (rc, err)
    wait_for(lambda: b"SeaBIOS" in open("log", "rb").read(), 20)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("m")
        read_until(s.fileno(), b"(qemu) ")
        s.sendall(b"quit\n")
        wait_for(lambda: not os.path.exists("p"))


@test
def debug_exit_sets_the_status():
    # a firmware of one page: mov $7,%al; out %al,$0xf4; hlt
    code = bytes([0xb0, 7, 0xe6, 0xf4, 0xf4])
    with open("fw", "wb") as f:
        f.write(b"\xf4" * (65536 - 16) + code + b"\xf4" * (16 - len(code)))
    rc, out, err = run(["-display", "none", "-monitor", "none", "-bios", "fw", "-device",
                        "isa-debug-exit,iobase=0xf4,iosize=4"])
    assert rc == 15, (rc, err)


@test
def no_reboot_ends_on_a_triple_fault():
    # lidt of an empty table, int3
    code = bytes([0x2e, 0x0f, 0x01, 0x1e, 0xfa, 0xff, 0xcc])
    with open("fw", "wb") as f:
        f.write(b"\xf4" * (65536 - 16) + code + b"\0" * (16 - len(code)))
    rc, out, err = run(["-display", "none", "-monitor", "none", "-bios", "fw", "-no-reboot"])
    assert rc == 0, (rc, err)


main()
