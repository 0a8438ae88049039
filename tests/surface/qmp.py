#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what QMP says about itself with QEMU 7.2: commands, events, the shapes of their arguments and replies,
and the option groups of query-command-line-options.

    tests/surface/qmp.py build/qemu-system-x86_64            # check; used by the test suite
    tests/surface/qmp.py build/qemu-system-x86_64 --shrink   # take lines out of the list that became untrue
    tests/surface/qmp.py build/qemu-system-x86_64 --update   # rewrite the list (new lines need a reason)
    tests/surface/qmp.py --import DIR                        # rewrite qmp.ref from recorded replies

A shape is a list of paths with types ("args.backend.data.addr.type: enum"), so that names of types do not
count. Values of enums are paths too ("args.format=elf"). qmp.ref holds QEMU's replies, a row a line; qmp.diff
the known differences, one a line; what is below an absent path is not listed again."""
import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

from known import settle

HERE = pathlib.Path(__file__).resolve().parent
REF = HERE / "qmp.ref"
DIFF = HERE / "qmp.diff"


class Shapes:
    def __init__(self, schema):
        self.types = {e["name"]: e for e in schema}

    def walk(self, name, path, out, above=()):
        t = self.types[name]
        kind = t["meta-type"]
        if name in above:
            out[path] = "recursive"
        elif kind == "builtin":
            out[path] = t["json-type"]
        elif kind == "enum":
            out[path] = "enum"
            values = t.get("values") or [m["name"] for m in t["members"]]
            out.update({f"{path}={v}": "value" for v in values})
        elif kind == "array":
            self.walk(t["element-type"], path + "[]", out, above)
        elif kind == "alternate":
            out[path] = "alternate"
            for m in t["members"]:
                self.walk(m["type"], f"{path}|{self.types[m['type']]['meta-type']}", out, (*above, name))
        else:
            out[path] = "object"
            for m in t["members"]:
                self.walk(m["type"], f"{path}.{m['name']}" + ("?" if "default" in m else ""), out, (*above, name))
            for v in t.get("variants", []):
                if self.types[v["type"]]["members"]:
                    self.walk(v["type"], f"{path}({v['case']})", out, (*above, name))
        return out

    def all(self):
        out = {}
        for e in self.types.values():
            if e["meta-type"] == "command":
                shape = self.walk(e["arg-type"], "args", {})
                self.walk(e["ret-type"], "returns", shape)
                if e.get("allow-oob"):
                    shape["oob"] = "yes"
                out["command", e["name"]] = shape
            elif e["meta-type"] == "event":
                out["event", e["name"]] = self.walk(e["arg-type"], "data", {})
        return out


def groups(reply):
    return {("option", g["option"]): {p["name"]: p["type"] for p in g["parameters"]} for g in reply}


def of_binary(binary):
    with tempfile.TemporaryDirectory() as d:
        p = subprocess.Popen([binary, "-M", "none", "-accel", "tcg", "-display", "none", "-nodefaults", "-S", "-qmp",
                              f"unix:{d}/q,server=on,wait=off"], stdin=subprocess.DEVNULL)
        s = socket.socket(socket.AF_UNIX)
        while s.connect_ex(f"{d}/q"):
            time.sleep(0.01)
        f = s.makefile("rb")
        f.readline()
        answers = []
        for name in ("qmp_capabilities", "query-qmp-schema", "query-command-line-options"):
            s.sendall(json.dumps({"execute": name}).encode())
            answers.append(json.loads(f.readline())["return"])
        p.kill()
        p.wait()
    return {**Shapes(answers[1]).all(), **groups(answers[2])}


def write_ref(folder):
    """The replies as recorded, one row a line, without what is not compared."""
    def load(name):
        data = json.loads((folder / name).read_text())
        return data["return"] if isinstance(data, dict) else data
    rows = [{k: v for k, v in e.items() if k != "features"} for e in load("query-qmp-schema.json")]
    rows += [{"option": g["option"], "parameters": [{"name": p["name"], "type": p["type"]} for p in g["parameters"]]}
             for g in load("query-command-line-options.json")]
    REF.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in rows))


def read_ref():
    rows = [json.loads(line) for line in REF.read_text().splitlines()]
    return {**Shapes([r for r in rows if "name" in r]).all(), **groups([r for r in rows if "option" in r])}


def compare_shapes(name, mine, ref):
    out, gone = [], []
    for path in sorted(set(mine) | set(ref)):
        if any(path.startswith(g) for g in gone):
            continue
        if path not in mine or path not in ref:
            word, kind = ("absent", ref[path]) if path not in mine else ("extra", mine[path])
            out.append(f"{name} {path}: {word}" + ("" if kind == "value" else f" ({kind})"))
            gone += [path + c for c in ".[|=("]
        elif mine[path] != ref[path]:
            out.append(f"{name} {path}: is {ref[path]}, here {mine[path]}")
            gone += [path + c for c in ".[|=("]
    return out


def compare(mine, ref):
    out = []
    for key in sorted(set(mine) | set(ref)):
        name = " ".join(key)
        if key not in mine or key not in ref:
            out.append(f"{name}: " + ("absent" if key not in mine else "extra"))
        else:
            out += compare_shapes(name, mine[key], ref[key])
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--import", dest="records", type=pathlib.Path)
    args = parser.parse_args()
    if args.records:
        write_ref(args.records)
    if not args.binary:
        return 0
    mine, ref = of_binary(args.binary), read_ref()
    diffs = compare(mine, ref)
    new, gone = settle(diffs, DIFF, args)
    for kind in ("command", "event", "option"):
        names = {k for k in ref if k[0] == kind}
        both = names & set(mine)
        unequal = {tuple(d.split(" ")[:2]) for d in diffs if not d.endswith((": absent", ": extra")) or d.count(" ") > 2}
        print(f"qmp {kind}s: {len(both - unequal)} equal, {len(both & unequal)} different, {len(names - both)} absent "
              f"of {len(names)}; {sum(k[0] == kind for k in set(mine) - names)} extra")
    print(f"qmp: {len(diffs)} differences, {len(new)} new, {len(gone)} no longer true")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
