# SPDX-License-Identifier: GPL-2.0-or-later
"""Monitor commands that stand on QMP commands, drives that come and go, completion."""
import os
import socket
from tap import BASE, Process, hmp, main, read_until, run, test, wait_for

PC = ["-M", "pc", "-m", "16", "-S", "-nodefaults", "-display", "none", "-accel", "tcg"]


def answers(lines, args=()):
    return hmp(lines, args, base=[] if "pc" in args else None)[0]


def check(pairs, args=()):
    got = answers([p[0] for p in pairs], args)
    assert len(got) == len(pairs), (len(got), got)
    for (line, want), text in zip(pairs, got):
        assert text == want, f"{line}: wanted {want!r}, got {text!r}"


@test
def objects_come_and_go():
    got = answers(["object_add iothread,id=io1", "info iothreads", "object_add memory-backend-ram,id=m,size=4M",
                   "info memdev", "object_del m", "info memdev", "object_del m", "object_add", "object_add bogus,id=x",
                   "object_add id=x", "object_add help", "object_add iothread,help"])
    assert got[0] == "" and got[1].startswith("io1:\n  thread_id="), got[1]
    assert got[1].endswith("  poll-max-ns=32768\n  poll-grow=0\n  poll-shrink=0\n  aio-max-batch=0\n"), got[1]
    assert got[3] == ("memory backend: m\n  size:  4194304\n  merge: true\n  dump: true\n  prealloc: false\n"
                      "  share: false\n  reserve: true\n  policy: default\n  host nodes: \n\n"), got[3]
    assert got[5] == "\n" and got[6] == "Error: object 'm' not found\n", got[5:7]
    assert got[7] == "Error: Parameter 'qom-type' is missing\n", got[7]
    assert got[8] == "Error: Parameter 'qom-type' does not accept value 'bogus'\n", got[8]
    assert got[10].startswith("List of user creatable objects:\n  ") and "  iothread\n" in got[10]
    assert got[11].startswith("iothread options:\n"), got[11]


@test
def devices_have_help():
    got = answers(["device_add", "device_add help", "device_add isa-serial,help", "device_add bogus,help", "info qdm"])
    assert got[0] == "Error: Parameter 'driver' is missing\n", got[0]
    assert '\nname "isa-serial", bus ISA' in got[1], got[1]
    assert got[2].startswith("isa-serial options:\n") and "  chardev=<str>" in got[2], got[2]
    assert got[3].startswith("Error: Device 'bogus' not found"), got[3]
    assert ", no-user\n" in got[4] and ", no-user\n" not in got[1]


@test
def watchdog_action_is_checked():
    check([("watchdog_action pause", ""), ("watchdog_action inject-nmi", ""),
           ("watchdog_action bogus", "Error: invalid parameter value: bogus\n")])


@test
def balloon_asks_a_device():
    check([("balloon 64", "Error: No balloon device has been activated\n"),
           ("info balloon", "Error: No balloon device has been activated\n")])


@test
def singlestep_is_shown():
    check([("info status", "VM status: paused (prelaunch)\n"), ("singlestep", ""),
           ("info status", "VM status: paused (single step mode) (prelaunch)\n"), ("singlestep off", ""),
           ("info status", "VM status: paused (prelaunch)\n"), ("singlestep bogus", "unexpected option bogus\n")], PC)
    got = answers(["info status"], PC + ["-singlestep"])
    assert "(single step mode)" in got[0], got


@test
def descriptors_need_a_socket():
    check([("getfd x", "Error: No file descriptor supplied via SCM_RIGHTS\n"),
           ("closefd x", "Error: File descriptor named 'x' not found\n")])


@test
def descriptors_come_over_the_socket():
    with Process(BASE + ["-monitor", "unix:m,server=on,wait=off"]), socket.socket(socket.AF_UNIX) as s:
        wait_for(lambda: os.path.exists("m"))
        s.connect("m")
        read_until(s.fileno(), b"(qemu) ")
        socket.send_fds(s, [b"getfd x\n"], [s.fileno()])
        assert b"Error" not in read_until(s.fileno(), b"(qemu) ")
        for error in (b"", b"Error: File descriptor named 'x' not found\r\n"):
            s.sendall(b"closefd x\n")
            text = read_until(s.fileno(), b"(qemu) ")
            assert (error in text) and (error != b"" or b"Error" not in text), text


@test
def memory_is_dumped():
    got = answers(["info dump", "dump-guest-memory -z -l x", "dump-guest-memory core", "info dump",
                   "dump-guest-memory /nonexistent/x"], PC)
    assert got[0] == "Status: none\n" and got[1] == "Error: only one of '-z|-l|-s|-w' can be set\n", got
    assert got[2] == "" and got[3] == "Status: completed\n", got
    assert got[4].startswith("Error: Could not open '/nonexistent/x': "), got[4]
    with open("core", "rb") as f:
        assert f.read(4) == b"\x7fELF" and os.path.getsize("core") > 15 << 20


@test
def cpus_have_places():
    got = answers(["info hotpluggable-cpus"], PC + ["-smp", "2,maxcpus=2"])
    assert got[0].startswith('Hotpluggable CPUs:\n  type: "'), got
    assert got[0].count('  vcpus_count: "1"\n') == 2 and '    core-id: "1"\n' in got[0], got


@test
def drives_come_and_go():
    with open("d.img", "wb") as f:
        f.truncate(1 << 20)
    got = answers(["drive_add 0 if=none,id=dd,file=d.img,format=raw", "info block", "block_resize dd 2", "drive_del dd",
                   "info block", "drive_del dd", "drive_add 0 file=/nonexistent/x,if=none", "drive_add 0 if=ide,file=d.img",
                   "drive_add -n 0 driver=null-co,node-name=nn", "info block -n", "drive_del nn", "info block -n",
                   "drive_add -n 0 driver=null-co", "block_resize nosuch 4"])
    assert got[0] == "OK\n" and got[1].startswith("dd (#block"), got[:2]
    assert got[2] == "" and os.path.getsize("d.img") == 2 << 20, got[2]
    assert got[3] == "" and got[4] == "" and got[5] == "Device 'dd' not found\n", got[3:6]
    assert got[6].startswith("Could not open '/nonexistent/x': "), got[6]
    assert "if=none" in got[7] and got[8] == "", got[7:9]
    assert got[9].startswith("nn: ") and "    Cache mode:       writeback\n" in got[9], got[9]
    assert got[10] == "" and got[11] == "" and got[12] == "'node-name' needs to be specified\n", got[10:]
    assert got[13] == "Error: Cannot find device='nosuch' nor node-name=''\n", got[13]


@test
def a_disk_taken_from_its_device_leaves_it_empty():
    with open("d.img", "wb") as f:
        f.truncate(1 << 20)
    got = answers(["drive_del ide0-hd0", "info block", "drive_add 0 if=none,id=ide0-hd0,file=d.img,format=raw",
                   "c", "info status"], PC + ["-drive", "file=d.img,format=raw"])
    assert got[0] == "" and got[1].startswith("/machine/unattached/device["), got
    assert ": [not inserted]\n" in got[1] and got[2] == "OK\n" and "running" in got[4], got


@test
def nodes_are_listed_with_their_images():
    with open("d.img", "wb") as f:
        f.truncate(1 << 20)
    got = answers(["info block -n", "info block -n -v n0", "info block -n nosuch"],
                  ["-blockdev", "driver=raw,node-name=n0,file.driver=file,file.filename=d.img"])
    assert got[0].count("Cache mode:") == 2 and "n0: d.img (raw)\n" in got[0], got[0]
    assert "\nImages:\nimage: d.img\nfile format: raw\nvirtual size: 1 MiB (1048576 bytes)\n" in got[1], got[1]
    assert got[2] == "", got[2]


@test
def migration_has_one_switch():
    check([("info migrate_capabilities", "events: off\n"), ("migrate_set_capability events on", ""),
           ("info migrate_capabilities", "events: on\n"),
           ("migrate_set_capability bogus on", "Error: invalid parameter value: bogus\n")])


@test
def stats_need_a_known_target():
    check([("info stats vm", ""), ("info stats bogus", "invalid stats target bogus\n"),
           ("info stats vm * bogus", "invalid stats provider bogus\n")])


@test
def absent_commands_name_their_part():
    check([("migrate tcp:x", "unknown command: 'migrate'; migration is not in this version\n"),
           ("savevm a", "unknown command: 'savevm'; saved states are not in this version\n"),
           ("netdev_add user", "unknown command: 'netdev_add'; networking is not in this version\n"),
           ("info migrate", "unknown command: 'info migrate'; migration is not in this version\n"),
           ("info sev", "SEV is not enabled\n"), ("info rocker x", "Error: rocker x not found\n"),
           ("info virtio-queue-status /x 0", "Error: Path /x is not a VirtIODevice\n")])


@test
def physical_addresses_of_the_host_are_found_or_refused():
    got = answers(["gpa2hpa 0x1000", "gpa2hva 0x1000", "gpa2hpa 0x1000000000", "gpa2hva 0xfed00000"], PC)
    assert got[0].startswith(("Host physical address for 0x1000 (pc.ram) is 0x", "The host does not show",
                              "Page not present", "Cannot open")), got[0]
    assert got[1].startswith("Host virtual address for 0x1000 (pc.ram) is 0x"), got[1]
    assert got[2] == "No memory is mapped at address 0x1000000000\n", got[2]
    assert got[3] == "Memory at address 0xfed00000 is not RAM\n", got[3]


# what is typed before Tab -> what must then stand on the line, or in the list
COMPLETIONS = [
    ("info hotpl", "info hotpluggable-cpus "),
    ("help watchdog_a", "help watchdog_action "),
    ("watchdog_action inj", "watchdog_action inject-nmi "),
    ("device_add isa-ser", "device_add isa-serial"),
    ("device_add isa-serial,char", "device_add isa-serial,chardev="),
    ("object_add memory-backend-r", "object_add memory-backend-ram"),
    ("object_add iothread,poll-g", "object_add iothread,poll-grow="),
    ("object_del the", "object_del theobject "),
    ("chardev-add ringb", "chardev-add ringbuf"),
    ("chardev-add ringbuf,si", "chardev-add ringbuf,size="),
    ("chardev-remove mych", "chardev-remove mychar "),
    ("chardev-change mychar nul", "chardev-change mychar null"),
    ("qom-list /obj", "qom-list /objects"),
    ("qom-get /objects/theobject poll-g", "qom-get /objects/theobject poll-grow "),
    ("migrate_set_capability ev", "migrate_set_capability events "),
    ("migrate_set_capability events of", "migrate_set_capability events off "),
    ("log int,cpu_r", "log int,cpu_reset "),
    ("trace-event handle_hm", "trace-event handle_hmp_command "),
    ("trace-event handle_hmp_command of", "trace-event handle_hmp_command off "),
    ("logfile some", "logfile somefile"),
    ("singlestep of", "singlestep off "),
    ("info stats vc", "info stats vcpu "),
    ("sendkey ctrl-alt-del", "sendkey ctrl-alt-delete "),
    ("eject thed", "eject thedrive "),
]


@test
def tab_completes_names_of_all_kinds():
    with open("somefile", "w", encoding="ascii"):
        pass
    text = "".join(before + "\t\x15" for before, _ in COMPLETIONS)
    rc, out, err = run(BASE + ["-object", "iothread,id=theobject", "-chardev", "null,id=mychar", "-drive",
                               "if=none,id=thedrive,driver=null-co", "-monitor", "stdio"], text + "quit\n")
    assert rc == 0 and err == "", (rc, err)
    for before, after in COMPLETIONS:
        assert after in out.replace("\x1b[D", "").replace("\x1b[K", ""), (before, after)


main()
