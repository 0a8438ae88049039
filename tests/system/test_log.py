# SPDX-License-Identifier: GPL-2.0-or-later
"""-trace, trace-event, info trace-events; log, logfile; -msg."""
import glob
import re
from tap import BASE, hmp, main, run, test

PC = ["-M", "pc", "-m", "16", "-S", "-nodefaults", "-display", "none", "-accel", "tcg"]
STAMP = re.compile(r"^\d+@\d+\.\d{6}:")


def traced(args, lines):
    rc, out, err = run(PC + args + ["-monitor", "stdio"], "".join(f"{line}\n" for line in lines + ["quit"]))
    assert rc == 0, (rc, out, err)
    return out, err


@test
def trace_points_are_switched_by_the_option():
    out, err = traced(["-trace", "handle_hmp_command"], ["info name"])
    assert err == "handle_hmp_command info name\nhandle_hmp_command quit\n", err
    out, err = traced(["-trace", "handle_hmp_command", "-msg", "timestamp=on"], ["info name"])
    lines = err.splitlines()
    assert len(lines) == 2 and all(STAMP.match(t) for t in lines), err


@test
def trace_takes_patterns_files_and_a_log():
    with open("events", "w", encoding="ascii") as f:
        f.write("# comment\nhandle_hmp_*\n\nruns*\n")
    out, err = traced(["-trace", "events=events,file=trace.log"], ["c", "stop"])
    with open("trace.log", encoding="utf-8") as f:
        text = f.read()
    assert err == "" and "handle_hmp_command c\n" in text, (err, text)
    assert "runstate_set prelaunch -> running" in text and "runstate_set running -> paused" in text, text


@test
def d_trace_is_the_same():
    out, err = traced(["-d", "trace:memory_region_ops_*", "-D", "l"], ["i /b 0x71", "o /b 0x80 5"])
    with open("l", encoding="utf-8") as f:
        text = f.read()
    assert "memory_region_ops_read 'rtc' +0x1 value 0x" in text and "memory_region_ops_write" in text, text


@test
def the_monitor_switches_trace_points():
    out, err = traced([], ["info trace-events handle_hmp*", "trace-event handle_hmp_command on",
                           "info trace-events handle_hmp*", "trace-event handle_* off", "info trace-events handle_hmp*"])
    states = re.findall(r"handle_hmp_command : state (\d)", out)
    assert states == ["0", "1", "0"], out
    assert len(err.splitlines()) == 2, err


@test
def trace_names_are_those_of_qemu():
    got, _ = hmp(["info trace-events"])
    names = re.findall(r"^(\w+) : state 0$", got[0], re.M)
    for name in ("memory_region_ops_write", "runstate_set", "handle_qmp_command", "pic_ioport_write", "serial_write",
                 "ide_exec_cmd", "pci_cfg_write", "fw_cfg_select", "load_file", "apic_mem_writel"):
        assert name in names, (name, names)
    assert names == sorted(names)


@test
def unknown_trace_points_are_named_patterns_are_not():
    got, _ = hmp(["trace-event nosuch on", "trace-event nosuch* on", "info trace-events nosuch",
                  "info trace-events nosuch*"])
    assert got == ['unknown event "nosuch"\n', "", 'unknown event "nosuch"\n', ""], got
    rc, out, err = run(BASE + ["-trace", "nosuch", "-monitor", "stdio"], "quit\n")
    assert rc == 0 and "-trace nosuch: warning: trace event 'nosuch' does not exist" in err, err
    rc, out, err = run(BASE + ["-trace", "events=/nonexistent/x"])
    assert rc == 1 and len(err.splitlines()) == 1, err


@test
def trace_help_lists_names():
    for args in (["-trace", "help"], ["-d", "trace:help"]):
        rc, out, err = run(args)
        assert rc == 0 and "runstate_set\n" in out and err == "", (rc, err)


@test
def log_items_are_switched_while_it_runs():
    got, _ = hmp(["log help", "log bogus", "log guest_errors,int", "logfile l", "log none", "logfile /nonexistent/x"])
    assert got[0].startswith("Log items (comma separated):\nnone "), got[0]
    assert got[1].startswith("unknown log item 'bogus'\nLog items"), got[1]
    assert got[2:5] == ["", "", ""] and "/nonexistent/x" in got[5] and len(got[5].splitlines()) == 1, got


@test
def cpu_resets_are_logged():
    out, err = traced(["-d", "cpu_reset", "-D", "log-%d.txt"], ["system_reset", "info status"])
    names = glob.glob("log-[0-9]*.txt")
    assert len(names) == 1, names
    with open(names[0], encoding="utf-8") as f:
        assert "CPU Reset (CPU 0)" in f.read()


@test
def messages_carry_time_and_name():
    rc, out, err = run(["-M", "pc", "-nodefaults", "-display", "none", "-msg", "timestamp=on,guest-name=on", "-name", "g1",
                        "-device", "bogus"])
    assert rc == 1 and re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z g1 \S+: -device bogus: ", err), err


main()
