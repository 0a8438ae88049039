# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor's parser, its expressions and its error texts."""
from tap import hmp, main, test


def check(pairs, args=()):
    answers, err = hmp([p[0] for p in pairs], args)
    assert len(answers) == len(pairs), (len(answers), answers)
    for (line, want), got in zip(pairs, answers):
        assert got == want, f"{line}: wanted {want!r}, got {got!r}"


@test
def expressions_have_the_known_precedence():
    check([("p 1+2*3", "0x7\n"), ("p (1+2)*3", "0x9\n"), ("p 7&3+1", "0x4\n"), ("p 0x10|1^1", "0x10\n"),
           ("p ~0", "0xffffffffffffffff\n"), ("p 10%4", "0x2\n"), ("p 0", "0\n"), ("p/c 65", "'A'\n"),
           ("p/o 64", "0100\n"), ("p/u -1", "18446744073709551615\n"), ("p/d 'a'", "97\n")])


@test
def the_last_format_sticks():
    check([("p 300", "0x12c\n"), ("p/d 300", "300\n"), ("p 300", "300\n"), ("xp /1xh 0",
           "0000000000000000: 0xffff\n"), ("p 300", "0x12c\n")])


@test
def wrong_expressions_are_refused():
    hint = 'Try "help p" for more information\n'
    check([("p 1/0", "division by zero\n" + hint), ("p", "unexpected end of expression\n" + hint),
           ("p (1", "')' expected\n" + hint), ("p $nosuch", "unknown register\n" + hint),
           ("p foo", "invalid char 'f' in expression\n" + hint),
           ("p/t 3", "invalid char in format: 't'\n" + hint),
           ("p " + "(" * 200, "the expression is nested too deeply\n" + hint)])


@test
def memory_is_shown_in_every_format():
    check([("xp /3ob 0", "0000000000000000: 0377 0377 0377\n"),
           ("xp /2dw 0", "0000000000000000: 4294967295 4294967295\n"),
           ("xp /1dg 0", "0000000000000000:                   -1\n"),
           ("xp /2uh 0", "0000000000000000: 65535 65535\n"),
           ("xp /2cb 0", "0000000000000000: '\\xff' '\\xff'\n"),
           ("xp /3gx 0x10", "0000000000000010: 0xffffffffffffffff 0xffffffffffffffff\n"
                            "0000000000000020: 0xffffffffffffffff\n"),
           ("xp /9xb 0", "0000000000000000: 0xff 0xff 0xff 0xff 0xff 0xff 0xff 0xff\n"
                         "0000000000000008: 0xff\n"),
           ("x 0", "No CPU available\n")])


@test
def code_is_disassembled_in_the_asked_width():
    got, err = hmp(["xp /1ih 0", "xp /1ig 0"])
    for text in got:
        assert text.startswith("0x00000000:  ff"), text


@test
def ports_are_read_and_written():
    check([("i /b 0x71", "portb[0x0071] = 0xff\n"), ("i /h 0x71", "portw[0x0071] = 0xffff\n"),
           ("i /w 0x71", "portl[0x0071] = 0xffffffff\n"), ("o /b 0x80 1", ""),
           ("o 0x80", 'unexpected end of expression\nTry "help o" for more information\n')])


@test
def unknown_commands_get_a_hint():
    check([("sys", "unknown command: 'sys'; did you mean "
                   "'system_powerdown' or 'system_reset' or 'system_wakeup'?\n"),
           ("sytem_reset", "unknown command: 'sytem_reset'; did you mean 'system_reset'?\n"),
           ("info verson", "unknown command: 'info verson'; did you mean 'info version'?\n"),
           ("info stat", "unknown command: 'info stat'; did you mean 'info status' or 'info stats'?\n"),
           ("help xqzzz", "unknown command: 'xqzzz'\n"), ("", ""), ("# comment", "")])


@test
def extra_and_missing_arguments_are_refused():
    check([("quit extra", 'quit|q: extraneous characters at the end of line\n'
                          'Try "help quit" for more information\n'),
           ("info version extra", 'version: extraneous characters at the end of line\n'
                                  'Try "help info version" for more information\n'),
           ("logfile", 'logfile: filename expected\nTry "help logfile" for more information\n'),
           ("trace-event foo", "Expected 'on' or 'off'\nTry \"help trace-event\" for more information\n"),
           ("info mtree -x", 'mtree: unsupported option -x\n'
                             'Try "help info mtree" for more information\n')])


@test
def failing_commands_say_error():
    check([("cpu 9", "invalid CPU index\n"), ("boot_set z", "Invalid boot device 'z'\n"),
           ("chardev-remove zz", "Error: Chardev 'zz' not found\n"),
           ("chardev-add null", "Error: chardev: no id specified\n"),
           ("qom-get /bogus x", "Error: Device '/bogus' not found\n"),
           ("qom-get /machine bogus", "Error: Property 'none-machine.bogus' not found\n"),
           ("system_wakeup", "Error: Unable to wake up: guest is not in suspended state\n"),
           ("info registers 9", "CPU#9 not available\n"),
           ("trace-event foo on", 'unknown event "foo"\n'),
           ("info trace-events foo", 'unknown event "foo"\n'),
           ("pmemsave 0 16 /nonexistent/x",
            "Error: Could not open '/nonexistent/x': No such file or directory\n"),
           ("sum 0 10", "33405\n")])


@test
def name_uuid_status_and_version():
    check([("info name", "vm\n"), ("info uuid", "12345678-1234-1234-1234-123456789abc\n"),
           ("info status", "VM status: running\n"), ("stop", ""), ("info status", "VM status: paused\n"),
           ("info version", "7.2.0 (Kite 0.1.0)\n"), ("qom-get /machine type", '"none-machine"\n')],
          ["-name", "vm", "-uuid", "12345678-1234-1234-1234-123456789abc"])


@test
def history_lists_lines_once():
    answers, err = hmp(["info name", "info uuid", "info name", "info history"])
    assert answers[-1] == "0: 'info uuid'\n1: 'info name'\n2: 'info history'\n", answers[-1]


@test
def help_prints_names_parameters_and_purpose():
    answers, err = hmp(["help print", "? cont", "help info version"])
    assert answers[0].startswith("print|p /fmt expr -- "), answers
    assert answers[1].startswith("cont|c  -- "), answers
    assert answers[2].startswith("info version  -- "), answers


@test
def hostile_lines_do_no_harm():
    lines = ["x" * 5000, "info " + "y" * 3000, "\"unterminated", "xp /4294967295xg", "qom-list \"a",
             "chardev-add ,,,,=", "o /b 0x80 0x80 0x80", "xp /2147483648c -1 x", "-", "/", "info /", "help -x",
             "log \x7f\x7f"]
    answers, err = hmp(lines)
    assert len(answers) == len(lines)


main()
