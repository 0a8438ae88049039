#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares device, machine and object types and their properties with those of QEMU 7.2.

    tests/surface/devtypes.py build/qemu-system-x86_64            # check; used by the test suite
    tests/surface/devtypes.py build/qemu-system-x86_64 --shrink   # take lines out of the list that became untrue
    tests/surface/devtypes.py build/qemu-system-x86_64 --update   # rewrite the list (new lines need a reason)
    tests/surface/devtypes.py --import DIR                        # rewrite types.ref from recorded help texts

What is compared comes from the help texts that tools parse: "-device help", "-device X,help" and so on: names,
categories, buses, descriptions that are part of the listing, aliases, property names, types, defaults. Not the
wording of a property's help. types.ref holds one type a line; types.diff the known differences, one a line.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

from known import settle

HERE = pathlib.Path(__file__).resolve().parent
REF = HERE / "types.ref"
DIFF = HERE / "types.diff"
MACHINES = ("pc", "q35", "microvm", "isapc", "none")
PROP = re.compile(r"^  (\S+)=<(.*?>?)>(?: +- ?(.*))?$")
DEVICE = re.compile(r'^name "([^"]+)"(?:, bus ([^,]+))?(?:, alias "([^"]+)")?(?:, desc "([^"]*)")?$')
DEFAULT = re.compile(r"\(default: (.*)\)$")


def props(text):
    """{name: "type" or "type=default"}"""
    out = {}
    for line in text.splitlines():
        hit = PROP.match(line)
        if hit:
            default = DEFAULT.search(hit[3] or "")
            out[hit[1]] = hit[2] + ("=" + default[1] if default else "")
    return out


def devices(text):
    """{name: "category | bus | alias | desc"}"""
    out, category = {}, ""
    for line in text.splitlines():
        if line.endswith(" devices:"):
            category = line[:-len(" devices:")]
        hit = DEVICE.match(line)
        if hit:
            out[hit[1]] = " | ".join([category] + [x or "" for x in hit.groups()[1:]])
    return out


def machines(text):
    """{name: description}"""
    rows = [line.split(None, 1) for line in text.splitlines()[1:]]
    return {row[0]: row[1].strip() if len(row) > 1 else "" for row in rows if row}


def objects(text):
    return [line.strip() for line in text.splitlines() if line.startswith("  ")]


def of_binary(binary):
    """{(kind, name): [about, {prop: type}]} of what a binary says of itself."""
    def ask(*args):
        done = subprocess.run([binary, *args], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout

    types = {}
    for name, about in devices(ask("-device", "help")).items():
        types["device", name] = [about, {}]
    for name in objects(ask("-object", "help")):
        types["object", name] = ["", {}]
    for name, about in machines(ask("-machine", "help")).items():
        types["machine", name] = [about, {}]
    asked = [k for k in types if k[0] != "machine" or k[1] in MACHINES]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for key, text in zip(asked, pool.map(lambda k: ask("-" + k[0], k[1] + ",help"), asked)):
            types[key][1] = props(text)
    return types


def of_records(top):
    """The same from recorded help texts."""
    types = {}
    for name, about in devices((top / "device-help.txt").read_text()).items():
        path = top / "devices" / (name + ".txt")
        types["device", name] = [about, props(path.read_text()) if path.exists() else {}]
    for name in objects((top / "object-help.txt").read_text()):
        path = top / "objects" / (name + ".txt")
        types["object", name] = ["", props(path.read_text()) if path.exists() else {}]
    for name, about in machines((top / "machine-help.txt").read_text()).items():
        types["machine", name] = [about, {}]
    for name in MACHINES:
        path = top / f"machine-{name}-help.txt"
        if path.exists():
            types["machine", name][1] = props(path.read_text())
    return types


def read_ref():
    types = {}
    for line in REF.read_text().splitlines():
        row = json.loads(line)
        types[row[0], row[1]] = [row[2], row[3]]
    return types


def write_ref(types):
    rows = [json.dumps([*key, *types[key]], separators=(",", ":")) for key in sorted(types)]
    REF.write_text("\n".join(rows) + "\n")


def compare(mine, ref):
    out = []
    for key in sorted(set(ref) | set(mine)):
        name = " ".join(key)
        if key not in mine:
            out.append(f"{name}: absent")
            continue
        if key not in ref:
            out.append(f"{name}: extra")
            continue
        if mine[key][0] != ref[key][0]:
            out.append(f"{name}: is '{ref[key][0]}', here '{mine[key][0]}'")
        a, b = ref[key][1], mine[key][1]
        if key[0] == "machine" and not a:
            continue                # not recorded
        for prop in sorted(set(a) | set(b)):
            if prop not in b:
                out.append(f"{name}.{prop}: absent ({a[prop]})")
            elif prop not in a:
                out.append(f"{name}.{prop}: extra ({b[prop]})")
            elif a[prop] != b[prop]:
                out.append(f"{name}.{prop}: is {a[prop]}, here {b[prop]}")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--import", dest="records", type=pathlib.Path)
    args = parser.parse_args()
    if args.records:
        write_ref(of_records(args.records))
    if not args.binary:
        return 0
    mine, ref = of_binary(args.binary), read_ref()
    diffs = compare(mine, ref)
    new, gone = settle(diffs, DIFF, args)
    both = [k for k in mine if k in ref]
    equal = sum(not any(d.startswith(" ".join(k) + ":") or d.startswith(" ".join(k) + ".") for d in diffs)
                for k in both)
    total = sum(len(ref[k][1]) for k in both)
    wrong = sum(bool(re.search(r": (absent \(|is [^'])", d)) for d in diffs)
    print(f"types: {len(both)} of {len(ref)} exist, {equal} of them equal; properties of those: {total - wrong} of "
          f"{total} equal; {len(diffs)} differences, {len(new)} new, {len(gone)} no longer true")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
