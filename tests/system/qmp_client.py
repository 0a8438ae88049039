# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP client for tests, and a program in the background with one QMP socket."""
import json
import os
import re
import socket

from tap import Process, wait_for

WIRE = ["-M", "none", "-accel", "tcg", "-display", "none", "-S", "-nodefaults"]


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s*(\d+)", f.read())[1]) / 1024


class Client:
    """One connection; replies line by line, events kept apart."""

    def __init__(self, path, negotiate=True, oob=False):
        def connect():
            try:
                self.sock.connect(path)
                return True
            except OSError:
                return False
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        wait_for(connect)
        self.file = self.sock.makefile("rb")
        self.events = []
        self.greeting = json.loads(self.file.readline())
        if negotiate:
            assert self.call("qmp_capabilities", **({"enable": ["oob"]} if oob else {})) == {}

    def send(self, data):
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def line(self):
        text = self.file.readline()
        assert text.endswith(b"\r\n"), text
        return text[:-2].decode()

    def reply(self):
        while True:
            message = json.loads(self.line())
            if "event" not in message:
                return message
            self.events.append(message)

    def ask(self, data):
        self.send(data)
        return self.reply()

    def call(self, name, **arguments):
        """The value returned; the error's text, in a tuple with its class."""
        request = {"execute": name, "id": "x"}
        if arguments:
            request["arguments"] = {k.rstrip("_").replace("__", "-"): v for k, v in arguments.items()}
        reply = self.ask(json.dumps(request))
        assert reply.pop("id") == "x", reply
        return reply["return"] if "return" in reply else (reply["error"]["class"], reply["error"]["desc"])

    def event(self, name):
        while True:
            for n, e in enumerate(self.events):
                if e["event"] == name:
                    return self.events.pop(n).get("data")
            self.events.append(json.loads(self.line()))

    def close(self):
        self.file.close()
        self.sock.close()


class Vm(Process):
    def __init__(self, args=(), base=WIRE):
        self.path = os.path.abspath("qmp.sock")
        super().__init__([*base, *args, "-qmp", f"unix:{self.path},server=on,wait=off"])

    def client(self, **kw):
        return Client(self.path, **kw)
