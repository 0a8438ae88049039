# SPDX-License-Identifier: GPL-2.0-or-later
"""The translator's own views: the lockstep checker and the log items, on the firmware's first steps."""
import os
import re
import struct
import subprocess
from tap import QEMU, main, test


def firmware(args, seconds=60):
    """Runs until the firmware gives up or the time is over: -no-reboot, nothing to boot, output and status."""
    p = subprocess.Popen([QEMU, "-display", "none", "-m", "64", "-no-reboot", "-debugcon", "file:con", "-global",
                          "isa-debugcon.iobase=0x402"] + args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        out, _ = p.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        p.kill()
        out, _ = p.communicate()
    return p.returncode, out


@test
def lockstep_reports_a_wrong_register_and_ends_with_status_1():
    rc, out = firmware(["-accel", "tcg,lockstep=on,x-lockstep-spoil=5000"])
    assert rc == 1, (rc, out[:500])
    assert "lockstep: " in out and re.search(r"rbx +translated [0-9a-f]{16}  interpreted [0-9a-f]{16}", out), out[:800]
    assert "The interpreter's way" in out and "State after the translation" in out, out[:800]


@test
def lockstep_needs_one_cpu():
    rc, out = firmware(["-accel", "tcg,lockstep=on", "-smp", "2"])
    assert rc == 1 and "Parameter 'lockstep' needs a machine with one CPU" in out, (rc, out)


@test
def log_shows_guest_code_host_code_and_every_block():
    firmware(["-d", "in_asm,out_asm,exec", "-D", "log"], 3)
    text = open("log").read(1 << 22)
    assert "IN: \n" in text and "OUT: [size=" in text, text[:300]
    assert re.search(r"Trace 0: interpreted \[ffff0000/000000000000fff0/", text), text[:300]
    block = re.search(r"Trace 0: 0x[0-9a-f]+ \[00000000/([0-9a-f]{16})/", text)
    assert block, "no block was run"
    assert text.count("0x%08x: " % int(block[1], 16)) >= 1, block[1]


@test
def log_filter_leaves_other_addresses_out():
    firmware(["-d", "in_asm,exec", "-dfilter", "0xe0000..0xeffff", "-D", "filtered"], 3)
    for line in open("filtered"):
        at = re.match(r"Trace 0: \S+ \[\w+/(\w+)/", line)
        assert not at or 0xe0000 <= int(at[1], 16) <= 0xeffff, line


@test
def perfmap_and_jitdump_name_translated_blocks():
    p = subprocess.Popen([QEMU, "-display", "none", "-m", "64", "-perfmap", "-jitdump"])
    try:
        p.wait(2)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
    path = "/tmp/perf-%d.map" % p.pid
    lines = open(path).read().splitlines()
    os.unlink(path)
    assert len(lines) > 100 and all(re.fullmatch(r"[0-9a-f]+ [0-9a-f]+ guest-0x[0-9a-f]+", l) for l in lines[:-1]), lines[:3]
    data = open("jit-%d.dump" % p.pid, "rb").read()
    magic, version, at, mach, _, pid = struct.unpack_from("<6I", data)
    assert (magic, version, at, mach, pid) == (0x4a695444, 1, 40, 62, p.pid), data[:40]
    records = 0
    while at + 56 <= len(data):
        kind, size = struct.unpack_from("<2I", data, at)
        code, length, index = struct.unpack_from("<3Q", data, at + 32)
        name = data[at + 56:data.index(b"\0", at + 56)]
        assert kind == 0 and index == records and size == 56 + len(name) + 1 + length, (kind, index, records, size)
        assert b"%x %x %s" % (code, length, name) == lines[records].encode(), (code, length, name, lines[records])
        at += size
        records += 1
        if records == len(lines) - 1:
            break
    assert records > 100, records


main()
