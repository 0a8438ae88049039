#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares our snapshot rows with the recorded ones of QEMU 7.2.

    tests/surface/vmstate.py build/qemu-system-x86_64             # check; used by the test suite
    tests/surface/vmstate.py build/qemu-system-x86_64 --update    # rewrite the list of differences
    tests/surface/vmstate.py --import DUMP...                     # rewrite vmstate.ref from dumps

vmstate.ref holds one line a row: path, version, minimum version or size, "?" when the row or section is
conditional. DUMP is what -dump-vmstate writes, or a migration stream (its description at the end is read:
it knows the rows of what has no entry in the dump, like the processor). Differences stand in vmstate.diff.
That file may only shrink: a difference that is not in it fails, and so does a line that is no longer true.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REF = HERE / "vmstate.ref"
DIFF = HERE / "vmstate.diff"
# sections of a stream that belong to a type without an entry in the dump
STREAM_TYPES = {"ide": "piix3-ide", "cpu": "cpu", "apic": "apic", "i2c_bus": "i2c-bus", "PCIBUS": "PCI"}
LEAF_WIDTH = {"bool": 1, "timer": 8}


def rows(desc, path, out):
    """Lines for a description as -dump-vmstate writes it."""
    out.append(f"{path} = {desc['name']} v{desc['version_id']} min {max(desc['minimum_version_id'], 0)}")
    seen = {}
    for field in desc.get("Fields", []):
        name = field["field"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name += f"#{seen[name]}"
        cond = " ?" if field["field_exists"] else ""
        sub = field.get("Description")
        size = "" if sub else f" size {field['size']}"
        out.append(f"{path}/{name} v{field['version_id']}{size}{cond}")
        if sub:
            rows(sub, f"{path}/{name}", out)
    for part in desc.get("Subsections", []):
        rows(part, f"{path}+{part['name'].rsplit('/', 1)[-1]}", out)


def stream_rows(desc, path, out):
    """The same from the description at the end of a stream; it knows neither minimum versions nor
    conditions, and shows only what was sent."""
    out.append(f"{path} = {desc['vmsd_name']} v{desc['version']}")
    for field in desc["fields"]:
        if field.get("index", 0) > 0:
            continue
        sub = field.get("struct")
        size = "" if sub else f" size {field['size']}"
        name = "config" if field["name"] == "config[0]" else field["name"]   # numbered for no reason
        out.append(f"{path}/{name}{size}")
        if sub:
            stream_rows(sub, f"{path}/{name}", out)
    for part in desc.get("subsections", []):
        stream_rows(part, f"{path}+{part['vmsd_name'].rsplit('/', 1)[-1]}", out)


def description_of_stream(data):
    at = data.rfind(b'"devices": [')
    for start in range(data.rfind(b"{", 0, at), max(at - 400, 0), -1):
        if data[start:start + 1] == b"{":
            try:
                return json.loads(data[start:])
            except ValueError:
                continue
    raise SystemExit("no description at the end of the stream")


def load(path):
    """Lines of one dump, by type name."""
    data = pathlib.Path(path).read_bytes()
    types = {}
    if data[:1] == b"{":
        for name, entry in json.loads(data).items():
            if "Description" in entry:
                rows(entry["Description"], name, types.setdefault(name, []))
        return types
    for section in description_of_stream(data)["devices"]:
        kind = STREAM_TYPES.get(section["name"].rsplit("/", 1)[-1])
        if kind and kind not in types and "vmsd_name" in section:
            stream_rows(section, kind, types.setdefault(kind, []))
    return types


def ours(binary):
    with tempfile.TemporaryDirectory() as d:
        out = pathlib.Path(d, "dump.json")
        subprocess.run([binary, "-dump-vmstate", str(out)], check=True, timeout=60)
        types = load(out)
    cpu = next((t for t in types if t.endswith("-x86_64-cpu")), None)
    if cpu:
        types["cpu"] = [line.replace(cpu, "cpu", 1) for line in types[cpu]]
    for name in [t for t in types if t.endswith("-x86_64-cpu")]:
        del types[name]
    return types


def by_path(lines):
    """Line by path; a line is "PATH rest", and PATH has no blank but in names like "ide bmdma"."""
    table = {}
    for line in lines:
        key = line.split(" = ")[0] + " =" if " = " in line else line.rsplit(" v", 1)[0].split(" size ")[0]
        table[key] = line
    return table


def loose(line):
    """What a stream's description can say of a row."""
    words = line.split(" ")
    drop = {"?"}
    out, skip = [], False
    for i, word in enumerate(words):
        if skip:
            skip = False
        elif word == "min" and i > 0:
            skip = True
        elif word in drop or (word[:1] == "v" and word[1:].isdigit() and " = " not in line):
            continue
        else:
            out.append(word)
    return " ".join(out)


def compare(mine, ref):
    diffs = []
    for name in sorted(mine):
        if name not in ref:
            continue
        from_stream = not any(" min " in line for line in ref[name])
        a, b = by_path(ref[name]), by_path(mine[name])
        for key, line in a.items():
            if key not in b:
                diffs.append(f"absent: {line}")
            elif b[key] != line and not (from_stream and loose(b[key]) == loose(line)):
                diffs.append(f"differs: {line}  here: {b[key][len(key):].strip()}")
        for key, line in b.items():
            if key not in a and not from_stream:
                diffs.append(f"extra: {line}")
        order = [k for k in a if k in b]
        if order != sorted(order, key=list(b).index):
            diffs.append(f"order: {name}")
    return diffs


def import_ref(dumps, binary):
    known = ours(binary)
    types = {}
    for dump in dumps:
        for name, lines in load(dump).items():
            types.setdefault(name, lines)
    text = [line for name in sorted(types) if name in known or name in STREAM_TYPES.values()
            for line in types[name]]
    REF.write_text("\n".join(text) + "\n")


def read_ref():
    types = {}
    for line in REF.read_text().splitlines():
        name = line.split(" ")[0].split("/")[0].split("+")[0]
        types.setdefault(name, []).append(line)
    return types


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--import", dest="dumps", nargs="+")
    args = parser.parse_args()
    if args.dumps:
        import_ref(args.dumps, args.binary)
    mine, ref = ours(args.binary), read_ref()
    diffs = compare(mine, ref)
    if args.update:
        DIFF.write_text("".join(d + "\n" for d in diffs))
    known = DIFF.read_text().splitlines() if DIFF.exists() else []
    new = [d for d in diffs if d not in known]
    gone = [d for d in known if d not in diffs]
    for d in new:
        print("new difference:", d)
    for d in gone:
        print("no longer true, remove the line:", d)
    print(f"{len(set(mine) & set(ref))} types compared, {len(diffs)} known differences, "
          f"{len(new)} new, {len(gone)} to be removed")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
