# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP on the wire, its commands and events. Every reply is checked against the schema by the program itself
(KITE_QMP_CHECK). The wire tests hold for QEMU 7.2 too: give its path as the first argument."""
import array
import json
import os
import re
import socket
import struct
import subprocess
import time
import zlib

from qmp_client import WIRE, Client, Vm
from tap import QEMU, main, run, test, wait_for

os.environ["KITE_QMP_CHECK"] = "1"
IS_KITE = b"Kite" in subprocess.run([QEMU, "-version"], capture_output=True).stdout
PC = ["-M", "pc", "-accel", "qtest" if IS_KITE else "tcg", "-display", "none", "-S", "-nodefaults"]


def errors(client, data, count):
    client.send(data)
    return [client.reply()["error"]["desc"] for _ in range(count)]


# Commands that say that there is no such device.
NO_DEVICE = ("query-balloon", "query-vm-generation-id", "query-sev-capabilities", "query-sgx", "query-sgx-capabilities",
             "query-replay", "query-rocker", "x-query-opcount", "query-sev-launch-measure", "query-hotpluggable-cpus")


# ---- The wire

@test
def greeting_offers_oob_and_ends_lines_with_crlf():
    with Vm():
        c = Client("qmp.sock", negotiate=False)
        assert c.greeting["QMP"]["capabilities"] == ["oob"]
        assert c.greeting["QMP"]["version"]["qemu"]["major"] == 7


@test
def nothing_but_negotiation_is_answered_before_it():
    with Vm() as p:
        c = Client("qmp.sock", negotiate=False)
        want = {"class": "CommandNotFound", "desc": "Expecting capabilities negotiation with 'qmp_capabilities'"}
        assert c.ask('{"execute":"query-status"}')["error"] == want
        assert errors(c, '{"execute":"qmp_capabilities","arguments":{"enable":["bogus"]}}', 1) == [
            "Parameter 'null' does not accept value 'bogus'"]
        assert c.call("qmp_capabilities") == {}
        assert c.call("qmp_capabilities")[0] == "CommandNotFound"
        assert p.poll() is None


@test
def envelope_errors_are_qemus():
    cases = {'{"exec":1}': "QMP input member 'exec' is unexpected", "[1]": "QMP input must be a JSON object",
             '{"execute":1}': "QMP input member 'execute' must be a string",
             '{"execute":"query-status","bogus":1}': "QMP input member 'bogus' is unexpected",
             '{"execute":"query-status","execute":"query-name"}': "JSON parse error, duplicate key",
             '{"arguments":{}}': "QMP input lacks member 'execute'", "{}": "QMP input lacks member 'execute'",
             '{"execute":"query-name","arguments":null}': "QMP input member 'arguments' must be an object",
             '{"execute":"query-name","arguments":[]}': "QMP input member 'arguments' must be an object",
             '{"execute":"nope"}': "The command nope has not been found",
             '{"execute":"query-status","arguments":{"x":1}}': "Parameter 'x' is unexpected",
             '{"execute":"balloon"}': "Parameter 'value' is missing",
             '{"execute":"balloon","arguments":{"value":"x"}}': "Invalid parameter type for 'value', expected: integer",
             '{"execute":"memsave","arguments":{"val":18446744073709551615,"size":1,"filename":"x"}}':
                 "Invalid parameter type for 'val', expected: integer",
             '{"execute":"memsave","arguments":{"val":0,"size":1e3,"filename":"x"}}':
                 "Invalid parameter type for 'size', expected: integer",
             '{"execute":"send-key","arguments":{"keys":[{"type":"qcode","data":"zz"}]}}':
                 "Parameter 'data' does not accept value 'zz'"}
    with Vm():
        c = Client("qmp.sock")
        for request, want in cases.items():
            got = errors(c, request, 1)
            assert got == [want], (request, got)


@test
def nested_parameters_are_named_by_their_path():
    head = '{"execute":"input-send-event","arguments":{"events":'
    cases = {"[5]": "Invalid parameter type for 'events[0]', expected: object",
             "{}": "Invalid parameter type for 'events', expected: array",
             '[{"type":"zz"}]': "Parameter 'type' does not accept value 'zz'",
             '[{"type":"key","data":{"down":1}}]': "Parameter 'events[0].data.key' is missing",
             '[{"type":"key","data":{"down":true,"key":{"type":"qcode","data":"a"}},"x":1}]':
                 "Parameter 'events[0].x' is unexpected"}
    with Vm():
        c = Client("qmp.sock")
        for events, want in cases.items():
            got = errors(c, head + events + "}}", 1)
            assert got == [want], (events, got)


@test
def ids_come_back_as_they_were():
    with Vm():
        c = Client("qmp.sock")
        for text in ('{"a": [1, 2]}', "-9223372036854775808", "18446744073709551615", "1.5000000000000001e+300", "null",
                     '[1, {"a": "\\u00E9\\n\\u0001\\uD83D\\uDE00\\u0000"}]', '"x"', "true"):
            c.send('{"execute":"query-name","id":%s}' % text)
            assert c.line() == '{"return": {}, "id": %s}' % text, text
        c.send('{"execute":"query-name","id":99999999999999999999}')
        assert c.line() == '{"return": {}, "id": 1e+20}'
        c.send('{"execute":"nope","id":5}')
        assert c.line().startswith('{"id": 5, "error": {"class": "CommandNotFound", "desc": ')


@test
def single_quotes_and_commands_without_separator_are_taken():
    with Vm():
        c = Client("qmp.sock")
        assert c.ask("{'execute':'query-status','id':'x'}")["id"] == "x"
        c.send('{"execute":"query-name","id":1}{"execute":"query-name","id":2}')
        assert [c.reply()["id"], c.reply()["id"]] == [1, 2]


@test
def stray_bytes_are_reported_once_and_skipped():
    cases = [(b"xyz\n", ["invalid keyword 'xyz'"]), (b"Xyz ", ["stray 'X'"]), (b"@@@\n", ["stray '@'"]),
             (b"01 ", ["stray '01'"]), (b"-x ", ["stray '-x'"]), (b"1.x ", ["stray '1.x'"]), (b"1e ", ["stray '1e '"]),
             (b'"abc\x01def"\n', ["stray '\"abc\x01'"]), (b"\xff\xff", ["stray '\ufffd'"] * 2),
             (b"\x80\n", ["stray '\ufffd'"]), (b'"\x80"', ["invalid UTF-8 sequence in string"]),
             (b'{"execute":"query-name"]\n', ["expected separator in dict"]), (b"}", ["expecting value"]),
             (b'{"a" 1}', ["missing : in object pair"]), (b"[1,]", ["expecting value"]),
             (b"[1 2]", ["expected separator in list"]), (b"{1:2}", ["key is not a string in object"]),
             (b'"\\q" ', ["invalid escape sequence in string"]), (b"\x00\n", ["stray '"]),
             (b'{"a":"\\ud800"}', ["\\ud800 is not a valid Unicode character"])]
    with Vm():
        c = Client("qmp.sock")
        for data, want in cases:
            got = errors(c, data, len(want))
            for g, w in zip(got, want):
                assert g.startswith("JSON parse error, " + w), (data, got)
            assert c.ask(b'\n{"execute":"query-name"}') == {"return": {}}, data


@test
def a_broken_message_is_given_up_at_0xff():
    with Vm():
        c = Client("qmp.sock")
        got = errors(c, b'{"execute": "query-stat\n\xff', 2)
        assert got == ["JSON parse error, stray '\"query-stat\n'", "JSON parse error, stray '\ufffd'"], got
        assert c.ask('{"execute":"query-name"}') == {"return": {}}


@test
def out_of_band_needs_to_be_enabled_and_allowed():
    with Vm():
        c = Client("qmp.sock")
        assert errors(c, '{"exec-oob":"query-yank"}', 1) == ["QMP input member 'exec-oob' is unexpected"]
        c.close()
        c = Client("qmp.sock", oob=True)
        assert errors(c, '{"exec-oob":"query-status"}', 1) == ["The command query-status does not support OOB"]
        assert c.ask('{"exec-oob":"query-yank"}')["return"] == [{"type": "chardev", "id": "compat_monitor0"}]
        assert errors(c, '{"execute":"query-name","exec-oob":"query-name"}', 1) == [
            "QMP input member 'execute' clashes with 'exec-oob'"]


@test
def events_come_before_the_reply():
    with Vm():
        c = Client("qmp.sock")
        for command, event in (("cont", "RESUME"), ("stop", "STOP"), ("system_reset", "RESET"),
                               ("system_powerdown", "POWERDOWN"), ("quit", "SHUTDOWN")):
            c.send(json.dumps({"execute": command}))
            assert json.loads(c.line())["event"] == event
            assert json.loads(c.line()) == {"return": {}}
        assert c.file.readline() == b""


@test
def shutdown_and_reset_say_why():
    with Vm():
        c = Client("qmp.sock")
        c.call("system_reset")
        assert c.event("RESET") == {"guest": False, "reason": "host-qmp-system-reset"}
        c.call("quit")
        assert c.event("SHUTDOWN") == {"guest": False, "reason": "host-qmp-quit"}


@test
def a_second_client_waits_for_the_first_to_leave():
    with Vm():
        first = Client("qmp.sock")
        second = socket.socket(socket.AF_UNIX)
        second.connect("qmp.sock")
        second.settimeout(0.3)
        try:
            assert not second.recv(1)
        except TimeoutError:
            pass
        first.close()
        second.settimeout(10)
        assert second.recv(100).startswith(b'{"QMP"')


@test
def monitors_at_once_have_their_own_negotiation():
    with Vm(["-chardev", "socket,id=m2,path=two.sock,server=on,wait=off", "-mon", "chardev=m2,mode=control"]):
        a, b = Client("qmp.sock"), Client("two.sock", negotiate=False)
        a.call("cont")
        assert a.event("RESUME") is None
        assert b.ask('{"execute":"query-name"}')["error"]["class"] == "CommandNotFound"
        assert b.call("qmp_capabilities") == {}
        a.call("stop")
        assert b.event("STOP") is None and not b.events


@test
def pretty_mode_indents_by_four():
    p = subprocess.run([QEMU, *WIRE, "-qmp-pretty", "stdio"], timeout=10, capture_output=True,
                       input=b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
    assert p.stdout.startswith(b'{\r\n    "QMP": {\r\n        "version": {\r\n'), p.stdout
    assert b'{\r\n    "return": {\r\n    }\r\n}\r\n' in p.stdout, p.stdout


@test
def clients_that_vanish_in_mid_message_disturb_nobody():
    with Vm() as p:
        Client("qmp.sock").close()
        for n in range(300):
            s = socket.socket(socket.AF_UNIX)
            s.connect("qmp.sock")
            s.sendall(b'{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}{"execute":"que'[:20 + n % 50])
            s.close()
        c = Client("qmp.sock")
        assert c.call("query-status")["running"] is False
        assert p.poll() is None
        assert len(os.listdir(f"/proc/{p.pid}/fd")) < 40


def own(fn):
    """A test of what QEMU 7.2 itself does not hold."""
    return test(fn) if IS_KITE else fn


@own
def a_client_that_does_not_read_is_not_read_from():
    with Vm() as p:
        c = Client("qmp.sock")
        c.sock.settimeout(1)
        sent = 0
        try:
            for _ in range(20000):
                c.send('{"execute":"query-commands"}')
                sent += 1
        except TimeoutError:
            pass
        assert sent < 20000, "everything was taken"
        with open(f"/proc/{p.pid}/status") as f:
            assert int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) < 200 << 10
        c.close()
        assert Client("qmp.sock").call("query-name") == {}


@own
def garbage_is_answered_in_bounded_memory():
    with Vm() as p:
        c = Client("qmp.sock")
        block = b"x" * (1 << 20)
        for _ in range(8):
            c.send(block)
        c.send(b"\n")
        assert c.reply()["error"]["desc"].startswith("JSON parse error")
        with open(f"/proc/{p.pid}/status") as f:
            assert int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) < 300 << 10
        c.send(b"[" * 2000 + b"\xff")
        assert "nesting" in c.reply()["error"]["desc"]


# ---- Descriptors

def send_fd(c, fd, request):
    c.sock.sendmsg([request.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    return c.reply()


@test
def descriptors_are_kept_by_name():
    with Vm():
        c = Client("qmp.sock")
        fd = os.open("/dev/null", os.O_RDONLY)
        get = '{"execute":"getfd","arguments":{"fdname":"%s"}}'
        assert c.ask(get % "a")["error"]["desc"] == "No file descriptor supplied via SCM_RIGHTS"
        assert send_fd(c, fd, get % "a") == {"return": {}}
        assert c.call("closefd", fdname="a") == {}
        assert c.call("closefd", fdname="a")[1] == "File descriptor named 'a' not found"
        assert send_fd(c, fd, get % "1a")["error"]["desc"].startswith("Parameter 'fdname' expects a name not starting")


@test
def a_connected_socket_is_given_to_a_chardev():
    with Vm(["-chardev", "socket,id=s0,path=s0.sock,server=on,wait=off", "-serial", "chardev:s0"], base=PC):
        c = Client("qmp.sock")
        ours, theirs = socket.socketpair()
        for name in ("a", "b"):
            assert send_fd(c, theirs.fileno(), '{"execute":"getfd","arguments":{"fdname":"%s"}}' % name) == {"return": {}}
        theirs.close()
        assert c.call("add_client", protocol="zz", fdname="nope")[1] == "File descriptor named 'nope' not found"
        assert c.call("add_client", protocol="s0", fdname="a") == {}
        row = [r for r in c.call("query-chardev") if r["label"] == "s0"][0]
        assert not row["filename"].startswith("disconnected"), row
        assert c.call("add_client", protocol="s0", fdname="b")[1] == "Could not add client to chardev s0"
        assert c.call("add_client", protocol="zz", fdname="b")[1] == "File descriptor named 'b' not found"
        ours.close()
        wait_for(lambda: [r for r in c.call("query-chardev") if r["label"] == "s0"][0]["filename"].startswith("disc"))


@test
def pci_functions_are_listed():
    with Vm(["-device", "pci-testdev,id=t,addr=9.1,multifunction=on"], base=PC):
        c = Client("qmp.sock")
        bus, = c.call("query-pci")
        found = [d for d in bus["devices"] if d["qdev_id"] == "t"]
        assert not IS_KITE or (found[0]["slot"], found[0]["function"]) == (9, 1), bus
        ide = [d for d in bus["devices"] if d["class_info"] == {"class": 257, "desc": "IDE controller"}][0]
        assert ide["id"]["device"] == 0x7010 and ide["irq_pin"] == 0 and "irq" not in ide
        assert ide["regions"] == [{"bar": 4, "size": 16, "address": -1, "type": "io"}]


@test
def descriptor_sets_open_as_files():
    with Vm(base=PC):
        c = Client("qmp.sock")
        with open("out", "w") as f:
            reply = send_fd(c, f.fileno(), '{"execute":"add-fd","arguments":{"fdset-id":3,"opaque":"o"}}')
        assert reply["return"]["fdset-id"] == 3
        fds = [{"fd": reply["return"]["fd"], "opaque": "o"}]
        assert c.call("query-fdsets") == [{"fdset-id": 3, "fds": fds}]
        assert c.call("pmemsave", val=0, size=8, filename="/dev/fdset/3") == {}
        assert os.path.getsize("out") == 8
        assert c.call("remove-fd", fdset__id=3) == {}
        assert c.call("remove-fd", fdset__id=7)[1] == "File descriptor named 'fdset-id:7' not found"
        assert c.call("query-fdsets") == []


# ---- Commands

@test
def the_schema_is_closed_and_lists_what_query_commands_lists():
    with Vm():
        c = Client("qmp.sock")
        schema = c.call("query-qmp-schema")
        names = {e["name"] for e in schema}
        assert len(names) == len(schema)
        commands = {e["name"] for e in schema if e["meta-type"] == "command"}
        assert commands == {e["name"] for e in c.call("query-commands")}
        for e in schema:
            used = [e.get(k) for k in ("arg-type", "ret-type", "element-type")]
            used += [m.get("type") for m in e.get("members", [])] + [v["type"] for v in e.get("variants", [])]
            assert {u for u in used if u is not None} <= names, e


@test
def queries_without_arguments_answer_on_a_pc():
    with Vm(base=PC):
        c = Client("qmp.sock")
        schema = {e["name"]: e for e in c.call("query-qmp-schema")}
        for e in list(schema.values()):
            if e["meta-type"] == "command" and re.match("(x-)?query-", e["name"]):
                if not any("default" not in m for m in schema[e["arg-type"]].get("members", [])):
                    got = c.call(e["name"])
                    assert not isinstance(got, tuple) or e["name"] in NO_DEVICE, (e["name"], got)


@test
def the_tree_is_walked_whole():
    def walk(path, depth):
        rows = c.call("qom-list", path=path)
        assert isinstance(rows, list), (path, rows)
        for row in rows:
            value = c.call("qom-get", path=path, property=row["name"])
            assert not isinstance(value, tuple) or not row["type"].startswith("child<"), (path, row, value)
            if row["type"].startswith("child<") and depth < 6:
                walk(path.rstrip("/") + "/" + row["name"], depth + 1)
    with Vm(base=PC):
        c = Client("qmp.sock")
        walk("/", 0)


@own
def types_have_properties():
    with Vm():
        c = Client("qmp.sock")
        types = c.call("qom-list-types")
        for t in types:
            rows = c.call("qom-list-properties", typename=t["name"])
            assert rows[0] == {"name": "type", "type": "string"}, (t, rows)
        assert c.call("qom-list-properties", typename="nope") == ("DeviceNotFound", "Class 'nope' not found")
        assert c.call("device-list-properties", typename="nope") == ("DeviceNotFound", "Device 'nope' not found")


@test
def objects_come_and_go():
    with Vm():
        c = Client("qmp.sock")
        assert c.call("object-add", **{"qom__type": "iothread", "id": "i0"}) == {}
        assert c.call("query-iothreads")[0]["id"] == "i0"
        assert c.call("object-add", **{"qom__type": "iothread", "id": "i0"})[1].startswith("attempt to add duplicate")
        assert c.call("object-del", id="i0") == {} and c.call("query-iothreads") == []
        assert c.call("object-add", **{"qom__type": "secret", "id": "s"})[1] == \
            "Either 'file' or 'data' must be provided"
        assert c.call("object-del", id="zz")[1] == "object 'zz' not found"


@test
def chardevs_come_and_go():
    with Vm():
        c = Client("qmp.sock")
        backend = {"type": "ringbuf", "data": {"size": 64}}
        assert c.call("chardev-add", id="m", backend={"type": "memory", "data": {"size": 64}}) == {}
        assert c.call("ringbuf-write", device="m", data="x") == {} and c.call("chardev-remove", id="m") == {}
        assert c.call("chardev-add", id="r", backend=backend) == {}
        assert c.call("chardev-add", id="r", backend=backend)[1] == "Chardev with id 'r' already exists"
        assert c.call("ringbuf-write", device="r", data="hello") == {}
        assert c.call("ringbuf-read", device="r", size=3) == "hel"
        assert c.call("ringbuf-read", device="r", size=9, format="base64") == "bG8="
        unix = {"type": "unix", "data": {"path": os.path.abspath("c.sock")}}
        assert c.call("chardev-add", id="s", backend={"type": "socket", "data": {"addr": unix, "server": True}}) == {}
        assert os.path.exists("c.sock")
        assert c.call("chardev-remove", id="s") == {} and c.call("chardev-remove", id="r") == {}
        assert re.fullmatch("/dev/pts/[0-9]+", c.call("chardev-add", id="p", backend={"type": "pty", "data": {}})["pty"])
        assert c.call("chardev-remove", id="compat_monitor0")[1].endswith("busy")


@test
def block_nodes_have_one_user_and_media_change():
    for name in ("a.img", "b.img"):
        with open(name, "wb") as f:
            f.truncate(1 << 20)
    with Vm(["-device", '{"driver":"ide-cd","bus":"ide.1","unit":0,"id":"cd"}'], base=PC):
        c = Client("qmp.sock")
        for n, name in enumerate(("a.img", "b.img")):
            file = {"driver": "file", "filename": os.path.abspath(name), "auto-read-only": True,
                    "node-name": f"p{n}"}
            assert c.ask(json.dumps({"execute": "blockdev-add", "arguments": file})) == {"return": {}}
        fmt = {"driver": "raw", "node-name": "f0", "file": "p0", "read-only": True}
        assert c.ask(json.dumps({"execute": "blockdev-add", "arguments": fmt})) == {"return": {}}
        assert "in use" in c.call("blockdev-del", node__name="p0")[1]
        assert c.call("blockdev-insert-medium", id="cd", node__name="f0")[1].endswith("is not open")
        assert c.call("blockdev-open-tray", id="cd") == {}
        assert c.event("DEVICE_TRAY_MOVED")["tray-open"] is True
        assert c.call("blockdev-insert-medium", id="cd", node__name="f0") == {}
        assert c.call("blockdev-close-tray", id="cd") == {}
        inserted = [b for b in c.call("query-block") if b["qdev"] == "cd"][0]["inserted"]
        assert inserted["node-name"] == "f0" and inserted["ro"] is True
        assert c.call("eject", id="cd") == {}


@test
def a_dump_is_an_elf_core():
    with Vm(["-m", "16"], base=PC):
        c = Client("qmp.sock")
        assert c.call("dump-guest-memory", paging=False, protocol="foo")[1] == "Invalid parameter 'protocol'"
        assert c.call("dump-guest-memory", paging=False, protocol="file:" + os.path.abspath("core")) == {}
        assert c.event("DUMP_COMPLETED")["result"]["status"] == "completed"
        with open("core", "rb") as f:
            head = f.read(64)
        assert head[:5] == b"\x7fELF\x02" and head[16] == 4, head
        assert os.path.getsize("core") > 15 << 20, os.path.getsize("core")
        assert c.call("query-dump")["status"] == "completed"


def kdump_pages(path):
    """{page number: bytes} of a flattened dump in the kdump format with zlib."""
    with open(path, "rb") as f:
        raw = f.read()
    assert raw[:16] == b"makedumpfile".ljust(16, b"\0") and struct.unpack(">2q", raw[16:32]) == (1, 1)
    flat, at = bytearray(), 4096
    while (piece := struct.unpack_from(">2q", raw, at)) != (-1, -1):
        place, size = piece
        flat.extend(bytes(max(0, place + size - len(flat))))
        flat[place:place + size] = raw[at + 16:at + 16 + size]
        at += 16 + size
    assert at + 16 == len(raw)
    assert flat[:8] == b"KDUMP   " and struct.unpack_from("<i", flat, 8)[0] == 6
    status, block, sub_blocks, map_blocks = struct.unpack_from("<4I", flat, 424)
    most, = struct.unpack_from("<Q", flat, 4096 + 96)
    note, note_size = struct.unpack_from("<2Q", flat, 4096 + 48)
    assert status == 1 and block == 4096 and flat[note + 12:note + 16] == b"CORE" and note_size > 300
    first = (1 + sub_blocks) * 4096
    pages, row = {}, first + map_blocks * 4096
    for number in range(most):
        if flat[first + number // 8] >> number % 8 & 1:
            offset, size, flags, _ = struct.unpack_from("<QIIQ", flat, row)
            data = bytes(flat[offset:offset + size])
            pages[number] = zlib.decompress(data) if flags & 1 else data
            row += 24
    return pages


@test
def a_dump_in_the_kdump_format_has_every_page():
    with Vm(["-m", "16"], base=PC):
        c = Client("qmp.sock")
        path = os.path.abspath("kdump")
        assert "elf" in c.call("query-dump-guest-memory-capability")["formats"]
        assert "filter" in c.call("dump-guest-memory", paging=False, protocol="file:" + path, format="kdump-zlib",
                                  begin=0, length=4096)[1]
        assert c.call("dump-guest-memory", paging=False, protocol="file:" + path, format="kdump-zlib") == {}
        assert c.event("DUMP_COMPLETED")["result"]["status"] == "completed"
        pages = kdump_pages("kdump")
        assert c.call("pmemsave", val=1 << 20, size=15 << 20, filename=os.path.abspath("mem")) == {}
        with open("mem", "rb") as f:
            for number in range(256, 4096):
                assert pages[number] == f.read(4096), number
        assert os.path.getsize("kdump") < 4 << 20


@test
def human_lines_answer_with_crlf():
    with Vm():
        c = Client("qmp.sock")
        assert c.call("human-monitor-command", command__line="info status") == "VM status: paused (prelaunch)\r\n"
        assert c.call("human-monitor-command", command__line="bogus").startswith("unknown command: 'bogus'")
        assert c.call("human-monitor-command", command__line="info cpus", cpu__index=7)[1] == \
            "Parameter 'cpu-index' expects a CPU number"


@test
def qemus_capability_probe_line_starts_as_a_daemon():
    args = ["-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", "none,accel=kvm:tcg",
            "-qmp", "unix:q.sock,server=on,wait=off", "-pidfile", "pid", "-daemonize"]
    rc, out, err = run(args)
    assert rc == 0, (out, err)
    with open("pid") as f:
        pid = int(f.read())
    assert os.path.exists(f"/proc/{pid}")
    c = Client("q.sock")
    assert c.call("query-target") == {"arch": "x86_64"}
    assert len(c.call("query-machines")) > 2 and len(c.call("query-cpu-definitions")) > 100
    static = c.call("query-cpu-model-expansion", type="static", model={"name": "max"})["model"]
    assert static["name"] == "base" and static["props"]["sse2"] is True
    full = c.call("query-cpu-model-expansion", type="full", model=static)
    assert full["model"]["props"]["sse2"] is True
    c.call("quit")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"))


main()
