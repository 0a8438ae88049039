# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms that QEMU 7.2 dropped: those that still mean something work with one warning, the rest is refused in one line
that names today's form."""
from tap import BASE, hmp, main, run, test

PC = ["-M", "pc", "-m", "16", "-S", "-nodefaults", "-display", "none", "-accel", "tcg"]

# arguments -> the warning; the program starts
WORKS = [
    (["-std-vga"], "-std-vga: warning: this option is deprecated, use -vga std"),
    (["-localtime"], "-localtime: warning: this option is deprecated, use -rtc base=localtime"),
    (["-startdate", "2012-06-17"], "use -rtc base=DATE"),
    (["-rtc-td-hack"], "use -rtc driftfix=slew"),
    (["-watchdog", "i6300esb"], "-watchdog i6300esb: warning: this option is deprecated, use -device i6300esb"),
    (["-nodefconfig"], "use -no-user-config"),
    (["-trace-unassigned"], "use -d guest_errors,unimp"),
    (["-tdf"], "-tdf: warning: this option has had no effect for a long time"),
    (["-no-kvm-pit"], "no effect"),
    (["-clock", "hpet"], "-clock hpet: warning: this option has had no effect"),
    (["-balloon", "none"], "-balloon none: warning: this option is deprecated, use -device virtio-balloon"),
    (["-smp", "1,maxvcpus=2"], "-smp 1,maxvcpus=2: warning: 'maxvcpus' is deprecated, use 'maxcpus'"),
    (["-drive", "if=none,id=x,driver=null-co,boot=on"], "warning: 'boot' has no effect; today it is"),
    (["-drive", "if=none,id=x,driver=null-co", "-device", "ide-drive,drive=x"],
     "warning: 'ide-drive' is deprecated, use -device ide-hd"),
    (["-M", "pc-1.1"], "warning: 'pc-1.1' is deprecated, use -machine pc"),
]

# arguments -> text of the one line
REFUSED = [
    (["-balloon", "virtio"], "'virtio-balloon' is not in this version; today it is -device virtio-balloon"),
    (["-balloon", "bogus"], "-balloon bogus: expects 'none' or 'virtio'"),
    (["-soundhw", "hda"], "'intel-hda' is not in this version; today it is -device CARD,audiodev=ID"),
    (["-soundhw", "bogus"], "-soundhw bogus: 'bogus' is not a sound card"),
    (["-watchdog", "bogus"], "-watchdog bogus: 'bogus' is not in this version; today it is -device"),
    (["-sdl"], "-sdl: display 'sdl' is not in this version"),
    (["-curses"], "; today it is -display curses"),
    (["-alt-grab"], "; today it is -display sdl,grab-mod=lshift-lctrl-lalt"),
    (["-ctrl-grab"], "; today it is -display sdl,grab-mod=rctrl"),
    (["-redir", "tcp:5555::22"], "QEMU 7.2 has no such option; today it is -netdev user,id=ID,hostfwd="),
    (["-net", "nic,vlan=1"], "QEMU 7.2 has no 'vlan' here; today it is -netdev"),
    (["-net", "dump,file=x"], "QEMU 7.2 has no 'dump'; today it is -object filter-dump"),
    (["-usbdevice", "host:1234:5678"], "today it is -device usb-host"),
    (["-usbdevice", "disk:x"], "today it is -device usb-storage"),
    (["-device", "pci-assign,host=1:0.0"], "QEMU 7.2 has no 'pci-assign'; today it is -device vfio-pci"),
    (["-drive", "file=sheepdog:x"], "QEMU 7.2 has no 'file=sheepdog:x'"),
    (["-drive", "driver=null-co,if=none,id=x,serial=a"], "today it is -device ide-hd,drive=ID,serial=TEXT"),
    (["-enable-nesting"], "today it is -cpu MODEL,+vmx or +svm"),
]


@test
def old_options_work_with_one_warning():
    for args, want in WORKS:
        rc, out, err = run(PC + args + ["-monitor", "stdio"], "info status\nquit\n")
        lines = [line for line in err.splitlines() if line]
        assert rc == 0 and "VM status" in out, (args, rc, err)
        assert len(lines) == 1 and want in lines[0], (args, err)


@test
def no_kvm_means_tcg():
    rc, out, err = run(["-M", "pc", "-m", "16", "-S", "-nodefaults", "-display", "none", "-no-kvm", "-monitor", "stdio"],
                       "info jit\nquit\n")
    assert rc == 0 and "TB count" in out and "use -accel tcg" in err, (rc, out, err)


@test
def maxvcpus_is_maxcpus():
    rc, out, err = run(PC + ["-smp", "4,maxvcpus=2"])
    assert rc == 1 and "maxcpus must be equal to or greater than smp" in err, (rc, err)


@test
def what_has_no_meaning_is_refused_in_one_line():
    for args, want in REFUSED:
        rc, out, err = run(BASE + args)
        lines = err.splitlines()
        assert rc == 1 and len(lines) == 1 and want in lines[0], (args, rc, err)


@test
def old_commands_name_todays():
    lines = ["usb_add tablet", "usb_add disk:x", "usb_del x", "cpu_set 1 online", "migrate_set_speed 10m",
             "migrate_set_downtime 0.5", "change vnc :1", "info migrate_cache_size", "pci_del 0:3.0",
             "host_net_remove 0 x"]
    got, _ = hmp(lines)
    want = ["Warning: 'usb_add' is deprecated, use 'device_add usb-tablet'\nError: ",
            "unknown command: 'usb_add'; today it is 'device_add usb-...'\n",
            "Warning: 'usb_del' is deprecated, use 'device_del x'\nError: Device 'x' not found\n",
            "unknown command: 'cpu_set'; today it is 'device_add CPU-TYPE,socket-id=N,core-id=N,thread-id=N'\n",
            "unknown command: 'migrate_set_speed'; today it is 'migrate_set_parameter max-bandwidth N', and migration "
            "is not in this version\n",
            "unknown command: 'migrate_set_downtime'; today it is 'migrate_set_parameter downtime-limit MS', and "
            "migration is not in this version\n",
            "Error: the VNC display is not in this version\n",
            "unknown command: 'info migrate_cache_size'; today it is 'info migrate_parameters', and migration is not "
            "in this version\n",
            "unknown command: 'pci_del'; today it is 'device_del ID'\n",
            "unknown command: 'host_net_remove'; today it is 'netdev_del ID'\n"]
    for line, text, start in zip(lines, got, want):
        assert text.startswith(start), (line, text)


main()
