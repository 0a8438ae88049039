# SPDX-License-Identifier: GPL-2.0-or-later
"""Every wrong command line: one clear line on stderr, status 1, nothing made. And what must be accepted."""
import os
import re
import socket
import struct
from tap import BASE, QEMU, main, run, test

# arguments -> text that must stand in the message (prefix "program: " is checked for all)
WRONG = [
    (["-bogus"], "-bogus: invalid option"),
    (["-machin", "pc"], "-machin: invalid option (did you mean -machine?)"),
    (["--kernl", "x"], "--kernl: invalid option (did you mean -kernel?)"),
    (["-kernel"], "-kernel: requires an argument"),
    (["-S", "-bogus"], "-bogus: invalid option"),
    (["-version", "-bogus"], "-bogus: invalid option"),
    (["-m", "foo"], "-m foo: Parameter 'size' expects a non-negative number below 2^64"),
    (["-m", "128x"], "-m 128x: Parameter 'size' expects"),
    (["-m", "-5"], "-m -5: Parameter 'size' expects"),
    (["-m", ""], "-m : Parameter 'size' expects a number"),
    (["-m", "size=128,bogus=1"], "Invalid parameter 'bogus'"),
    (["-m", "128,slots=2"], ": slots specified but no max-size"),
    (["-m", "128,slots=2,maxmem=64M"],
     ": invalid value of maxmem: maximum memory size (0x4000000) must be at least the initial "
     "memory size (0x8000000)"),
    (["-m", "128,slots=300,maxmem=1G"], ": unsupported amount of memory slots: 300"),
    (["-m", "128M,maxmem=1G,slots=x"], "Parameter 'slots' expects a number"),
    (["-M", "bogus"], ": unsupported machine type"),
    (["-M", "none,bogus=1"], ": Property 'none-machine.bogus' not found"),
    (["-M", "none,accel=bogus"], ": invalid accelerator bogus"),
    (["-smp", "300"], ": Invalid SMP CPUs 300. The max CPUs supported by machine 'none' is 1"),
    (["-smp", "x"], ": Parameter 'smp.cpus' expects integer"),
    (["-smp", "2,bogus=3"], ": Parameter 'smp.bogus' is unexpected"),
    (["-smp", "3,cores=2"], ": Invalid CPU topology: product of the hierarchy must match maxcpus"),
    (["-smp", "4,maxcpus=2"], ": Invalid CPU topology: maxcpus must be equal to or greater than smp"),
    (["-accel", "bogus"], "-accel bogus: invalid accelerator bogus"),
    (["-accel", "qtest,bogus=1"], "Property 'qtest-accel.bogus' not found"),
    (["-cpu", ""], "-cpu option cannot be empty"),
    (["-name", "foo,bogus=1"], "-name foo,bogus=1: Invalid parameter 'bogus'"),
    (["-name", "foo,debug-threads=maybe"], "Parameter 'debug-threads' expects 'on' or 'off'"),
    (["-uuid", "foo"], "-uuid foo: failed to parse UUID string: wrong format"),
    (["-rtc", "bogus=1"], "-rtc bogus=1: Invalid parameter 'bogus'"),
    (["-rtc", "clock=bogus"], ": invalid option value 'bogus'"),
    (["-rtc", "driftfix=foo"], ": invalid option value 'foo'"),
    (["-boot", "order=z"], ": Invalid boot device 'z'"),
    (["-boot", "order=cc"], ": Boot device 'c' was given twice"),
    (["-boot", "c,once=z"], ": Invalid boot device 'z'"),
    (["-boot", "bogus=1"], ": Parameter 'boot.bogus' is unexpected"),
    (["-boot", "menu=maybe"], ": Parameter 'boot.menu' expects 'on' or 'off'"),
    (["-boot", "splash-time=x"], ": Parameter 'boot.splash-time' expects integer"),
    (["-boot", "splash-time=70000"], ": splash-time is invalid,it should be a value between 0 and 65535"),
    (["-boot", "reboot-timeout=99999"], ": reboot timeout is invalid,it should be a value between -1"),
    (["-smbios", "foo"], "-smbios foo: Must specify type= or file="),
    (["-smbios", "type=99"], "-smbios type=99: Don't know how to build fields for SMBIOS type 99"),
    (["-smbios", "type=x"], "Parameter 'type' expects a number"),
    (["-smbios", "type=0,bogus=1"], "Invalid parameter 'bogus'"),
    (["-smbios", "type=0,release=x"], "Invalid release"),
    (["-smbios", "type=1,uuid=foo"], "Invalid UUID"),
    (["-fw_cfg", "foo"], "name, plus exactly one of file, string and gen_id, are needed"),
    (["-fw_cfg", "name=opt/x"], "-fw_cfg name=opt/x: name, plus exactly one of file, string and gen_id"),
    (["-fw_cfg", "name=opt/x,string=a,file=b"], "name, plus exactly one of"),
    (["-fw_cfg", "name=opt/" + "a" * 60 + ",string=x"], "name too long (max. 55 char)"),
    (["-global", "foo"], "Invalid parameter 'foo'"),
    (["-global", "driver=foo"], "options 'driver', 'property', and 'value' are required"),
    (["-action", "bogus=1"], "Invalid parameter 'bogus'"),
    (["-action", "reboot=bogus"], "Parameter 'reboot' does not accept value 'bogus'"),
    (["-action", "panic=bogus"], "Parameter 'panic' does not accept value 'bogus'"),
    (["-watchdog-action", "bogus"], "Parameter 'watchdog' does not accept value 'bogus'"),
    (["-msg", "timestamp=maybe"], "Parameter 'timestamp' expects 'on' or 'off'"),
    (["-msg", "bogus=on"], "Invalid parameter 'bogus'"),
    (["-d", "bogus"], "-d bogus: "),
    (["-D", "/nonexistent/x", "-d", "int"], ": Error opening logfile /nonexistent/x: "),
    (["-dfilter", "bogus"], "-dfilter bogus: "),
    (["-seed", "x"], "-seed x: Invalid seed number: x"),
    (["-echr", "zz"], "Bad argument to echr"),
    (["-display", "bogus"], "-display bogus: Parameter 'type' does not accept value 'bogus'"),
    (["-display", "none,bogus=1"], "Parameter 'bogus' is unexpected"),
    (["-display", "gtk"], "-display gtk: "),
    (["-vnc", "bogus"], "-vnc bogus: no vnc port specified"),
    (["-vnc", ":1"], "-vnc :1: "),
    (["-vga", "bogus"], ": unknown vga type: bogus"),
    (["-vga", "cirrus"], "-vga cirrus: "),
    (["-net", "bogus"], "-net bogus: Parameter 'type' does not accept value 'bogus'"),
    (["-nic", "bogus"], "-nic bogus: Parameter 'type' does not accept value 'bogus'"),
    (["-netdev", "bogus,id=a"], "-netdev bogus,id=a: Parameter 'type' does not accept value 'bogus'"),
    (["-nic", "user"], "networking is not in this version"),
    (["-incoming", "bogus:x"], "-incoming bogus:x: unknown migration protocol: bogus:x"),
    (["-incoming", "tcp:0:1"], "migration is not in this version"),
    (["-loadvm", "x"], "is not in this version"),
    (["-icount", "1"], "-icount 1: cannot configure icount, TCG support not available"),
    (["-plugin", "x.so"], "plugins is not in this version"),
    (["-sandbox", "on"], "is not in this version"),
    (["-sandbox", "bogus"], "Parameter 'enable' expects 'on' or 'off'"),
    (["-overcommit", "bogus=1"], "Invalid parameter 'bogus'"),
    (["-object", "secret"], "-object secret: Parameter 'id' is missing"),
    (["-object", "bogus,id=a"], "-object bogus,id=a: Parameter 'qom-type' does not accept value 'bogus'"),
    (["-device", "id=x"], "-device id=x: Parameter 'driver' is missing"),
    (["-device", "bogus"], "-device bogus: 'bogus' is not a valid device model name"),
    (["-device", "bogus,help"], "-device bogus,help: Device 'bogus' not found"),
    (["-device", "isa-serial,id=9"], "Parameter 'id' expects an identifier"),
    (["-drive", "if=bogus"], "-drive if=bogus: unsupported bus type 'bogus'"),
    (["-drive", "if=ide,media=bogus"], "'bogus' invalid media"),
    (["-drive", "if=ide,index=x"], "Parameter 'index' expects a number"),
    (["-drive", "if=none,id=9,file=/dev/null"], "Parameter 'id' expects an identifier"),
    (["-drive", "if=ide,index=0,bus=0"], "index cannot be used with bus and unit"),
    (["-drive", "if=ide,file=x,snapshot=bogus"], "Parameter 'snapshot' expects 'on' or 'off'"),
    (["-set", "foo"], "-set foo: can't parse: \"foo\""),
    (["-set", "a.b.c=d"], "-set a.b.c=d: There is no option group 'a'"),
    (["-set", "device.x.y=1"], "-set device.x.y=1: there is no device \"x\" defined"),
    (["-readconfig", "/nonexistent"], "-readconfig /nonexistent: Could not open '/nonexistent': "
     "No such file or directory"),
    (["-readconfig", "/"], "Could not open '/': Is a directory"),
    (["-runas", "nouser"], "-runas nouser: User \"nouser\" doesn't exist (and is not <uid>:<gid>)"),
    (["-chroot", "/nonexistent"], "chroot failed"),
    (["-pidfile", "/nonexistent/p"], ": cannot create PID file: Could not create '/nonexistent/p': "),
    (["-initrd", "x"], ": -initrd only allowed with -kernel option"),
    (["-append", "x"], ": -append only allowed with -kernel option"),
    (["-daemonize", "-nographic"], ": -nographic cannot be used with -daemonize"),
    (["-daemonize", "-monitor", "stdio"], "-monitor stdio: cannot use stdio with -daemonize"),
    (["-chardev", "bogus,id=n"], "-chardev bogus,id=n: 'bogus' is not a valid char driver name"),
    (["-chardev", "null"], "-chardev null: chardev: no id specified"),
    (["-chardev", "null,id=n,bogus=1"], "-chardev null,id=n,bogus=1: Invalid parameter 'bogus'"),
    (["-chardev", "null,id=9n"], "Parameter 'id' expects an identifier"),
    (["-chardev", "null,id=n", "-chardev", "null,id=n"], "Duplicate ID 'n' for chardev"),
    (["-chardev", "socket,id=n"], "-chardev socket,id=n: "),
    (["-chardev", "socket,id=n,host=localhost"], "chardev: socket: no port given"),
    (["-chardev", "socket,id=a,path=/nonexistent/x"],
     "-chardev socket,id=a,path=/nonexistent/x: Failed to connect to '/nonexistent/x': No such file"),
    (["-chardev", "file,id=n"], "chardev: file: no filename given"),
    (["-chardev", "file,id=n,path=/nonexistent/x"], "Could not open '/nonexistent/x': No such file"),
    (["-chardev", "pipe,id=n,path=/nonexistent/x"], "Could not open '/nonexistent/x': No such file"),
    (["-chardev", "serial,id=n,path=/nonexistent"], "Could not open '/nonexistent': No such file"),
    (["-chardev", "ringbuf,id=n,size=5"], "size of ringbuf chardev must be power of two"),
    (["-chardev", "udp,id=n"], "chardev: udp: remote port not specified"),
    (["-chardev", "mux,id=m"], "chardev: mux: no chardev given"),
    (["-chardev", "mux,id=m,chardev=foo"], "mux: base chardev foo not found"),
    (["-monitor", "bogus"], "-monitor bogus: 'bogus' is not a valid char driver"),
    (["-mon", "foo"], "-mon foo: chardev \"foo\" not found"),
    (["-mon", "chardev=foo,mode=bogus"], "Parameter 'mode' does not accept value 'bogus'"),
    (["-trace", "bogus=1"], "-trace bogus=1: Invalid parameter 'bogus'"),
    (["-option-rom", "bogus=1"], "Invalid parameter 'bogus'"),
    (["-writeconfig", "/nonexistent/x"], "Could not write '/nonexistent/x'"),
]
# These print what they tried, then that the port could not be connected.
WRONG_PORTS = [
    (["-rtc", "base=bogus"], ": invalid datetime format", "valid formats: '2006-06-17T16:01:21' or '2006-06-17'"),
    (["-serial", "bogus"], "'bogus' is not a valid char driver",
     "could not connect serial device to character backend 'bogus'"),
    (["-serial", "chardev:nope"], "chardev 'nope' not found",
     "could not connect serial device to character backend 'chardev:nope'"),
    (["-serial", "tcp:127.0.0.1:1"], "Failed to connect to '127.0.0.1:1': Connection refused",
     "could not connect serial device to character backend 'tcp:127.0.0.1:1'"),
    (["-serial", "file:"], "Could not open ''", "could not connect serial device"),
    (["-serial", "tcp:"], "is not host:port", "could not connect serial device"),
    (["-serial", "unix:"], "the path is empty", "could not connect serial device"),
    (["-serial", "tcp:127.0.0.1:0,server=on,wait=off,bogus=3"], "Invalid parameter 'bogus'",
     "could not connect serial device"),
    (["-parallel", "bogus"], "'bogus' is not a valid char driver",
     "could not connect parallel device to character backend 'bogus'"),
    (["-debugcon", "bogus"], "'bogus' is not a valid char driver", "invalid character backend 'bogus'"),
    (["-monitor", "stdio", "-serial", "stdio"], "cannot use stdio by multiple character devices",
     "could not connect serial device to character backend 'stdio'"),
]
ACCEPTED = [
    ["-nic", "none"], ["-net", "none"], ["-vga", "none"], ["-vga", "std"], ["-nodefaults"],
    ["-no-user-config"], ["-audio", "none"], ["-audiodev", "none,id=snd"], ["-no-reboot"],
    ["-no-shutdown"], ["-name", "x,process=y,debug-threads=on"], ["-rtc", "base=2020-01-01T10:00:00"],
    ["-rtc", "base=2020-01-01"], ["-boot", "menu=on,splash-time=100,strict=on"], ["-m", "1.5G"],
    ["-m", "0x10"], ["-smbios", "type=1,serial=a"], ["-fw_cfg", "opt/x,string=a,,b"],
    ["--no-reboot"], ["-echr", "2"], ["-sandbox", "off"], ["-msg", "timestamp=on"], ["-seed", "7"],
    ["-action", "reboot=shutdown,panic=none"], ["-watchdog-action", "none"], ["-vnc", "none"],
    ["-overcommit", "cpu-pm=on"], ["-portrait"], ["-k", "de"], ["-serial", "null"],
    ["-serial", "none", "-parallel", "none", "-monitor", "none"], ["-chardev", "null,id=c,mux=on"],
    ["-readconfig", "/dev/null"], ["-accel", "bogus", "-accel", "qtest"],
]


def wrong(args, want):
    rc, out, err = run((BASE if args[0] not in ("-M", "-accel") else BASE[4:]
                        if args[0] == "-M" else ["-M", "none", "-display", "none"])
                       + (["-accel", "qtest"] if args[0] == "-M" and "accel=" not in args[1] else [])
                       + ["-S"] + args)
    assert rc == 1, f"{args}: status {rc}, {err!r}"
    lines = err.splitlines()
    assert lines and lines[0].startswith("qemu-system-x86_64: "), f"{args}: {err!r}"
    return lines


def check_wrong(args, want):
    lines = wrong(args, want)
    assert len(lines) == 1, f"{args}: {lines}"
    assert want in lines[0], f"{args}: wanted {want!r}, got {lines[0]!r}"
    assert not os.listdir("."), f"{args}: made {os.listdir('.')}"


def name_of(args):
    return "refuses_" + re.sub(r"[^A-Za-z0-9]+", "_", " ".join(args)).strip("_")[:60]


for a, w in WRONG:
    def fn(a=a, w=w):
        check_wrong(a, w)
    fn.__name__ = name_of(a)
    test(fn)

for a, first, second in WRONG_PORTS:
    def fn(a=a, first=first, second=second):
        lines = wrong(a, second)
        text = "\n".join(lines)
        assert first in text and second in lines[-1], f"{a}: {lines}"
    fn.__name__ = name_of(a)
    test(fn)

# Files that are missing, empty, a folder, unreadable or cut short: the whole line after the program's name.
# {d} is a folder with the files of make_bad_files().
KERNEL = ["-kernel", "{d}/kernel"]
BAD_FILES = [
    (["-kernel", "{d}/none"], "could not load kernel '{d}/none': No such file or directory"),
    (["-kernel", "{d}/empty"], "could not load kernel '{d}/empty': the file is empty"),
    (["-kernel", "{d}"], "could not load kernel '{d}': Is a directory"),
    (["-kernel", "{d}/unreadable"], "could not load kernel '{d}/unreadable': Permission denied"),
    (["-kernel", "{d}/text"], "could not load kernel '{d}/text': neither a Linux bzImage nor a multiboot or PVH "
     "kernel (or the file is damaged)"),
    (["-kernel", "{d}/short-kernel"],
     "could not load kernel '{d}/short-kernel': the file is cut short (1024 of 4081 bytes)"),
    (["-kernel", "{d}/short-elf"], "'{d}/short-elf' is not a usable ELF file: bad program headers"),
    (KERNEL + ["-initrd", "{d}/none"], "could not load initrd '{d}/none': No such file or directory"),
    (KERNEL + ["-initrd", "{d}/empty"], "could not load initrd '{d}/empty': the file is empty"),
    (KERNEL + ["-initrd", "{d}"], "could not load initrd '{d}': Is a directory"),
    (KERNEL + ["-initrd", "{d}/unreadable"], "could not load initrd '{d}/unreadable': Permission denied"),
    (["-bios", "{d}/none"], "could not load PC BIOS '{d}/none': No such file or directory, nor in the folders of "
     "-L help"),
    (["-bios", "{d}/empty"], "could not load PC BIOS '{d}/empty': size 0 is not a multiple of 64 KiB up to 16 MiB"),
    (["-bios", "{d}"], "could not load PC BIOS '{d}': Is a directory"),
    (["-bios", "{d}/unreadable"], "could not load PC BIOS '{d}/unreadable': Permission denied"),
    (["-bios", "{d}/text"], "could not load PC BIOS '{d}/text': size 1000 is not a multiple of 64 KiB up to 16 MiB "
     "(is the file complete?)"),
    (["-option-rom", "{d}/none"], "could not load option ROM '{d}/none': No such file or directory"),
    (["-option-rom", "{d}/empty"], "could not load option ROM '{d}/empty': the file is empty"),
    (["-option-rom", "{d}"], "could not load option ROM '{d}': Is a directory"),
    (["-boot", "splash={d}/none"], "could not load splash image '{d}/none': No such file or directory"),
    (["-hda", "{d}/none"], "-hda {d}/none: Could not open '{d}/none': No such file or directory"),
    (["-hda", "{d}/empty"], "-hda {d}/empty: Could not open '{d}/empty': The image is empty"),
    (["-hda", "{d}"], "-hda {d}: 'file' driver requires '{d}' to be a regular file"),
    (["-hda", "{d}/unreadable"], "-hda {d}/unreadable: Could not open '{d}/unreadable': Permission denied"),
    (["-cdrom", "{d}/empty"], "-cdrom {d}/empty: Could not open '{d}/empty': The image is empty"),
    (["-cdrom", "{d}/unreadable"], "-cdrom {d}/unreadable: Could not open '{d}/unreadable': Permission denied"),
    (["-fda", "{d}"], "-fda {d}: 'file' driver requires '{d}' to be a regular file"),
    (["-fda", "{d}/unreadable"], "-fda {d}/unreadable: Could not open '{d}/unreadable': Permission denied"),
    (["-m", "16T"], "cannot set up guest memory 'pc.ram': Cannot allocate memory"),
]


def make_bad_files():
    """The files in a folder beside the test's own; as whoever may read all but "unreadable"."""
    d = os.path.abspath("../data")
    os.makedirs(d, exist_ok=True)
    os.chmod(os.path.dirname(d), 0o755)
    kernel = bytearray(4096)
    kernel[0x1f1] = 1                       # setup sectors beside the first
    kernel[0x1f4:0x1f8] = struct.pack("<I", (4096 - 1024) // 16)
    kernel[0x202:0x208] = b"HdrS" + struct.pack("<H", 0x20f)
    kernel[0x211] = 1
    kernel[0x22c:0x230] = struct.pack("<I", 0x7fffffff)
    kernel[0x238:0x23c] = struct.pack("<I", 2047)
    elf = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHH", 2, 62, 1, 0x100000, 4096, 0, 0, 64, 56, 3)
    for name, text in (("b.raw", bytes(65536)), ("empty", b""), ("text", b"no kernel\n" * 100),
                       ("unreadable", b"x" * 65536), ("kernel", kernel), ("short-kernel", kernel[:1024]),
                       ("short-elf", elf + bytes(100))):
        if not os.path.exists(f"{d}/{name}"):
            with open(f"{d}/{name}", "wb") as f:
                f.write(text)
            os.chmod(f"{d}/{name}", 0o666)
    os.chmod(f"{d}/unreadable", 0)
    return d


def snapshot(d):
    return [(n, os.stat(f"{d}/{n}").st_size, os.stat(f"{d}/{n}").st_mtime_ns) for n in sorted(os.listdir(d))]


for a, w in BAD_FILES:
    def fn(a=a, w=w):
        d = make_bad_files()
        before = snapshot(d)
        os.chmod(".", 0o777)
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        with open(QEMU, "rb") as f:         # the build may be where only root can go
            argv = ["-display", "none", "-S", "-monitor", "none", "-serial", "none"]
            rc, out, err = run(argv + [x.replace("{d}", d) for x in a], executable=f"/proc/self/fd/{f.fileno()}",
                               pass_fds=[f.fileno()], **user)
        assert (rc, out, err) == (1, "", "qemu-system-x86_64: " + w.replace("{d}", d) + "\n"), (rc, out, err)
        assert not os.listdir(".") and snapshot(d) == before, f"{a}: made or changed something"
    fn.__name__ = "bad_" + name_of([x.replace("{d}", "") for x in a])
    test(fn)

# The same with the default machine and the translator. {d} is a folder with b.raw, empty, text.
WRONG_PC = [
    (["-cpu", "bogus"], ": unable to find CPU model 'bogus'"),
    (["-cpu", "qemu64,+bogus"], ": Property 'qemu64-x86_64-cpu.bogus' not found"),
    (["-smp", "300"], ": Invalid SMP CPUs 300. The max CPUs supported by machine 'pc-i440fx-7.2' is 255"),
    (["-smp", "2,clusters=2"], ": clusters not supported by this machine's CPU topology"),
    (["-m", "99999999"], ": cannot set up guest memory 'pc.ram': Cannot allocate memory"),
    (["-mem-path", "/nonexistent/x"], ": can't open backing store /nonexistent/x for guest RAM: "),
    (["-M", "pc,bogus=1"], ": Property 'pc-i440fx-7.2-machine.bogus' not found"),
    (["-M", "pc,acpi=bogus"], ": Parameter 'acpi' does not accept value 'bogus'"),
    (["-device", "isa-serial,bogus=1"], "-device isa-serial,bogus=1: Property 'isa-serial.bogus' not found"),
    (["-device", "isa-serial,bus=nope"], "-device isa-serial,bus=nope: Bus 'nope' not found"),
    (["-device", "VGA,addr=1f.9"], "doesn't take value '1f.9'"),
    (["-device", "VGA,addr=1"], "PCI: slot 1 function 0 not available for VGA, in use by PIIX3"),
    (["-device", "ide-hd,drive=x"], "-device ide-hd,drive=x: Property 'ide-hd.drive' can't find value 'x'"),
    (["-device", "ide-hd"], "-device ide-hd: No drive specified"),
    (["-drive", "file=/nonexistent"], "-drive file=/nonexistent: Could not open '/nonexistent': No such file"),
    (["-drive", "file=/nonexistent,format=bogus"], "Unknown driver 'bogus'"),
    (["-drive", "file={d}/b.raw,format=raw,bogus=1"], "Block format 'raw' does not support the option 'bogus'"),
    (["-drive", "if=none,id=a,file={d}/b.raw,format=raw", "-drive", "if=none,id=a,file={d}/b.raw,format=raw"],
     "Duplicate ID 'a' for drive"),
    (["-drive", "file={d}/b.raw,format=raw", "-drive", "index=0,file={d}/b.raw,format=raw"],
     "drive with bus=0, unit=0 (index=0) exists"),
    (["-drive", "if=ide,index=9,file={d}/b.raw,format=raw"], "machine type does not support if=ide,bus=4,unit=1"),
    (["-drive", "if=scsi,file={d}/b.raw,format=raw"], "machine type does not support if=scsi,bus=0,unit=0"),
    (["-drive", "if=ide,cache=bogus,file={d}/b.raw,format=raw"], "invalid cache option"),
    (["-drive", "if=ide,aio=bogus,file={d}/b.raw,format=raw"], "invalid aio option"),
    (["-drive", "if=ide,file={d}/b.raw,format=raw,werror=bogus"], "'bogus' invalid write error action"),
    (["-hda", "{d}"], "driver requires"),
    (["-hda", "{d}/b.raw/x"], "Not a directory"),
    (["-cdrom", "/nonexistent"], "-cdrom /nonexistent: Could not open '/nonexistent': No such file"),
    (["-fda", "/nonexistent"], "-fda /nonexistent: Could not open '/nonexistent': No such file"),
    (["nosuch.img"], "nosuch.img: Could not open 'nosuch.img': No such file or directory"),
    (["a.img", "b.img"], "a.img: Could not open 'a.img': No such file or directory"),
    (["-fw_cfg", "opt/x,file=/nonexistent"], "can't load /nonexistent: No such file or directory"),
    (["-smbios", "file=/nonexistent"], "Cannot read SMBIOS file /nonexistent"),
    (["-accel", "xen"], "-accel xen: invalid accelerator xen"),
]


for a, w in WRONG_PC:
    def fn(a=a, w=w):
        d = make_bad_files()
        rc, out, err = run(["-display", "none", "-S", "-monitor", "none", "-serial", "none"]
                           + [x.replace("{d}", d) for x in a])
        lines = err.splitlines()
        assert rc == 1 and len(lines) == 1 and lines[0].startswith("qemu-system-x86_64: "), (rc, err)
        assert w.replace("{d}", d) in lines[0], f"{a}: wanted {w!r}, got {lines[0]!r}"
        assert not os.listdir("."), f"{a}: made {os.listdir('.')}"
    fn.__name__ = "pc_" + name_of(a)
    test(fn)

for a in ACCEPTED:
    def fn(a=a):
        accel = [] if "-accel" in a else ["-accel", "qtest"]
        mon = ["-chardev", "stdio,id=testmon", "-mon", "testmon"] if "-monitor" in a else ["-monitor", "stdio"]
        rc, out, err = run(["-M", "none", "-display", "none"] + accel + a + mon, "quit\n")
        assert rc == 0, f"{a}: status {rc}, {err!r}"
    fn.__name__ = "accepts_" + re.sub(r"[^A-Za-z0-9]+", "_", " ".join(a)).strip("_")[:60]
    test(fn)


HELP = [
    (["-help"], "usage: "), (["-h"], "-machine"), (["--help"], "-device"),
    (["-version"], "QEMU emulator version 7.2.0 (Kite 0.1.0)"), (["--version"], "7.2.0"),
    (["-M", "help"], "Supported machines are:"), (["-machine", "?"], "none                 empty machine"),
    (["-accel", "help"], "Accelerators supported in QEMU binary:"), (["-device", "help"], ""),
    (["-chardev", "help"], "Available chardev backend types: "), (["-chardev", "socket,help"], "path=<str>"),
    (["-object", "help"], "List of user creatable objects:"), (["-d", "help"], "Log items (comma separated):"),
    (["-display", "help"], "Available display backend types:"), (["-vga", "help"], "std"),
    (["-drive", "format=help"], "Supported formats:"), (["-trace", "help"], ""), (["-L", "help"], "/"),
    (["-cpu", "help"], "Available CPUs:"), (["-netdev", "help"], "-netdev"), (["-M", "none,help"], "options:"),
]
for a, w in HELP:
    def fn(a=a, w=w):
        rc, out, err = run(a)
        assert rc == 0 and err == "", f"{a}: status {rc}, {err!r}"
        assert w in out, f"{a}: {out[:200]!r}"
    fn.__name__ = "help_" + re.sub(r"[^A-Za-z0-9]+", "_", " ".join(a)).strip("_")
    test(fn)


@test
def zeros_in_smp_are_warned_of():
    rc, out, err = run(BASE + ["-S", "-smp", "0", "-monitor", "stdio"], "quit\n")
    assert rc == 0 and err.splitlines() == [
        "qemu-system-x86_64: warning: Deprecated CPU topology (considered invalid): "
        "CPU topology parameters must be greater than zero"], (rc, err)


@test
def a_port_in_use_is_refused_in_one_line_naming_it():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = "127.0.0.1:%d" % s.getsockname()[1]
        for option in ("-monitor", "-chardev"):
            value = f"tcp:{address},server=on,wait=off" if option == "-monitor" else \
                f"socket,id=c,host=127.0.0.1,port={s.getsockname()[1]},server=on,wait=off"
            rc, out, err = run(BASE + ["-S", option, value])
            assert rc == 1 and len(err.splitlines()) == 1, err
            assert "Address already in use" in err and address.split(":")[1] in err, err
    assert not os.listdir("."), os.listdir(".")


@test
def help_shows_every_option_of_the_reference_once():
    rc, out, err = run(["-help"])
    names = re.findall(r"^--?([A-Za-z][\w-]*)", out, re.M)
    for name in ("h", "machine", "m", "drive", "netdev", "object", "S", "rtc", "nographic"):
        assert name in names, name
    assert len(set(names)) >= 103, len(set(names))


@test
def readconfig_and_set_reach_the_option_groups():
    with open("c", "w") as f:
        f.write('# comment\n[chardev "c0"]\n  backend = "file"\n  path = "wrong"\n\n'
                '[machine]\n  type = "none"\n')
    rc, out, err = run(["-accel", "qtest", "-display", "none", "-readconfig", "c", "-set",
                        "chardev.c0.path=right", "-monitor", "stdio"], "quit\n")
    assert rc == 0, err
    assert sorted(os.listdir(".")) == ["c", "right"], os.listdir(".")


@test
def readconfig_names_file_and_line_of_a_fault():
    with open("c", "w") as f:
        f.write('[nosuch "c0"]\n')
    rc, out, err = run(BASE + ["-readconfig", "c"])
    assert rc == 1 and "c:1: There is no option group 'nosuch'" in err, err
    with open("c", "w") as f:
        f.write('[chardev "c0"]\nrubbish\n')
    rc, out, err = run(BASE + ["-readconfig", "c"])
    assert rc == 1 and "c:2: parse error" in err, err


@test
def writeconfig_can_be_read_back():
    rc, out, err = run(BASE + ["-chardev", "file,id=c0,path=f", "-writeconfig", "w", "-monitor", "stdio"],
                       "quit\n")
    assert rc == 0, err
    rc, out, err = run(["-display", "none", "-readconfig", "w", "-monitor", "stdio"], "info chardev\nquit\n")
    assert rc == 0 and "c0: filename=file" in out, (out, err)


main()
