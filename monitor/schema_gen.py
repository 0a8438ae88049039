#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes C, introspection and manuals from the schema texts (*.qmp).

    # Documentation of what follows: any number of such lines.
    enum Name:
        value other-value{deprecated}
    struct Name {feature}:
        member: type
        optional?: [type] {feature}
    union Name by member:
        member: EnumName
        case value: StructName
    alternate Name: str OtherName
    command name(a: type, b?: type) -> type [oob] {feature}
    command name(UnionName)
    event NAME(a: type) [every 1000]

Builtin types: str int size number bool null any; size is an int that is never negative, and a C uint64_t. Flags
of a command in []: oob (also out of band), open (takes members that are not listed). "every N" is the least time
in ms between two events of that name. A statement goes on in lines that begin with a space.

A command whose arguments are plain values gets them as a C struct, others as Json that was checked."""
import json
import re
import sys

BUILTIN = {"str": "string", "int": "int", "number": "number", "bool": "boolean", "null": "null",
           "any": "value", "size": "int"}
COPY = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n/* Made by monitor/schema_gen.py from the *.qmp files. */\n"


class Fault(Exception):
    pass


class Member:
    def __init__(self, text):
        m = re.fullmatch(r"([\w-]+)(\?)?:\s*(\[?[\w]+\]?)\s*(?:\{([\w -]+)\})?", text.strip())
        if not m:
            raise Fault(f"not a member: '{text}'")
        self.name, self.optional, self.type = m[1], bool(m[2]), m[3]
        self.features = (m[4] or "").split()

    @property
    def c(self):
        return self.name.replace("-", "_")


class Def:
    """One statement of a schema text."""

    def __init__(self, kind, name, where, doc):
        self.kind, self.name, self.where, self.doc = kind, name, where, doc
        self.features, self.members, self.values, self.cases = [], [], [], []
        self.tag = self.returns = self.boxed = None
        self.flags, self.gap = [], 0

    @property
    def c(self):
        return re.sub(r"\W", "_", self.name)


def statements(path):
    """(line number, documentation, lines) of each statement."""
    doc, lines, start = [], [], 0
    for n, line in enumerate(open(path, encoding="utf-8").read().split("\n") + [""], 1):
        if line.startswith(" ") and line.strip():
            lines.append(line)
            continue
        if lines:
            yield start, doc, lines
            doc, lines = [], []
        if line.startswith("#"):
            doc.append(line[1:].strip())
        elif line.strip():
            lines, start = [line], n
        else:
            doc = []


def parse_call(d, text):
    """name(members) -> type [flags] {features}"""
    m = re.fullmatch(r"([\w-]+)\((.*?)\)\s*(?:->\s*(\[?\w+\]?))?\s*(?:\[([\w ]+)\])?\s*(?:\{([\w -]+)\})?", text)
    if not m:
        raise Fault(f"not a {d.kind}: '{text}'")
    inner = m[2].strip()
    if re.fullmatch(r"\w+", inner):
        d.boxed = inner
    else:
        d.members = [Member(x) for x in inner.split(",") if x.strip()]
    d.returns = m[3]
    flags = (m[4] or "").split()
    if flags[:1] == ["every"]:
        d.gap = int(flags[1])
    else:
        d.flags = flags
    d.features = (m[5] or "").split()


def parse_type(d, head, body):
    m = re.fullmatch(r"(\w+)(?: by ([\w-]+))?\s*(?:\{([\w -]+)\})?:(.*)", head)
    if not m:
        raise Fault(f"not a type: '{head}'")
    d.tag, d.features = m[2], (m[3] or "").split()
    rest = m[4].split()
    if d.kind == "enum":
        for v in rest + " ".join(body).split():
            e = re.fullmatch(r"([\w-]+)(?:\{([\w-]+)\})?", v)
            d.values.append((e[1], [e[2]] if e[2] else []))
    elif d.kind == "alternate":
        d.values = rest + " ".join(body).split()
    else:
        for line in (x.strip() for x in body):
            if line.startswith("case "):
                value, _, name = line[5:].partition(":")
                d.cases.append((value.strip(), name.strip()))
            else:
                d.members.append(Member(line))


def read_schema(paths):
    defs = []
    for path in paths:
        for n, doc, lines in statements(path):
            kind, _, head = lines[0].partition(" ")
            where = f"{path}:{n}"
            name = re.match(r"[\w-]*", head)[0]
            d = Def(kind, name, where, doc)
            try:
                if kind in ("command", "event"):
                    parse_call(d, " ".join([head] + [x.strip() for x in lines[1:]]))
                elif kind in ("enum", "struct", "union", "alternate"):
                    parse_type(d, head, lines[1:])
                else:
                    raise Fault(f"'{kind}' is no kind of statement")
            except Fault as e:
                sys.exit(f"{where}: {e}")
            defs.append(d)
    return defs


class Schema:
    def __init__(self, defs):
        self.defs = defs
        self.types = {d.name: d for d in defs if d.kind not in ("command", "event")}
        self.commands = sorted((d for d in defs if d.kind == "command"), key=lambda d: d.name)
        self.events = sorted((d for d in defs if d.kind == "event"), key=lambda d: d.name)
        self.used = set()
        self.check()

    def check(self):
        names = [d.name for d in self.defs]
        for d in self.defs:
            if names.count(d.name) > 1:
                sys.exit(f"{d.where}: '{d.name}' is defined twice")
            for t in self.refs(d):
                if t not in BUILTIN and t not in self.types:
                    sys.exit(f"{d.where}: no type '{t}'")
            if d.kind == "union":
                self.check_union(d)
        for d in self.commands + self.events:
            self.mark(d)
        for d in self.types.values():
            if d.name not in self.used:
                sys.exit(f"{d.where}: '{d.name}' is not used")

    def check_union(self, d):
        tag = [m.type for m in d.members if m.name == d.tag]
        values = [v for v, _ in self.types[tag[0]].values] if tag and tag[0] in self.types else []
        for value, _ in d.cases:
            if value not in values:
                sys.exit(f"{d.where}: '{d.tag}' has no value '{value}'")

    @staticmethod
    def refs(d):
        out = [m.type for m in d.members] + [t for _, t in d.cases]
        out += [d.returns] if d.returns else []
        out += [d.boxed] if d.boxed else []
        out += d.values if d.kind == "alternate" else []
        return [t.strip("[]") for t in out]

    def mark(self, d):
        for t in self.refs(d):
            if t in self.types and t not in self.used:
                self.used.add(t)
                self.mark(self.types[t])

    def is_plain(self, d):
        """Do the arguments fit into a flat C struct?"""
        return not d.boxed and "open" not in d.flags and all(
            m.type in BUILTIN or (m.type in self.types and self.types[m.type].kind == "enum") for m in d.members)


# ---- C

C_TYPES = {"str": "char *", "int": "int64_t ", "size": "uint64_t ", "number": "double ", "bool": "bool ", "any": "Json *"}
FIELD_KINDS = {"str": "STR", "int": "I64", "size": "U64", "number": "DOUBLE", "bool": "BOOL", "any": "ANY"}
KINDS = {"str": "STR", "int": "INT", "size": "SIZE", "number": "NUMBER", "bool": "BOOL", "null": "NULL", "any": "ANY"}


def camel(name):
    return "".join(w[:1].upper() + w[1:] for w in re.split(r"[-_]", name))


def handler(d):
    return d.c if d.c.startswith("qmp_") else "qmp_" + d.c


def args_struct(d):
    return "Qmp" + camel(re.sub("^qmp_", "", d.name)) + "Args"


def quote(s):
    return json.dumps(s)


def arg_enums(s):
    names = {m.type for d in s.commands if s.is_plain(d) for m in d.members if m.type in s.types}
    return sorted(names)


def member_type(s, m):
    return C_TYPES[m.type] if m.type in BUILTIN else f"Qmp{m.type} "


def make_header(s):
    out = [COPY, "#ifndef MONITOR_QMP_SCHEMA_H\n#define MONITOR_QMP_SCHEMA_H\n", '#include "monitor/qmp.h"\n']
    for name in arg_enums(s):
        prefix = "QMP_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper() + "_"
        out.append(f"typedef enum Qmp{name} {{")
        out += [f"    {prefix}{re.sub('-', '_', v).upper()}," for v, _ in s.types[name].values]
        out.append(f"}} Qmp{name};\n")
    for d in s.commands:
        if not s.is_plain(d):
            arg = "const Json *args, "
        elif not d.members:
            arg = ""
        else:
            arg = f"const {args_struct(d)} *args, "
            out.append(f"typedef struct {args_struct(d)} {{")
            for m in d.members:
                out.append(f"    {member_type(s, m)}{m.c};")
                if has_flag(m):
                    out.append(f"    bool has_{m.c};")
            out.append(f"}} {args_struct(d)};")
        out.append(f"Json *{handler(d)}(QmpCtx *ctx, {arg}GError **errp);\n")
    out.append("#endif")
    return "\n".join(out) + "\n"


def has_flag(m):
    return m.optional and m.type not in ("str", "any")


def type_ref(t):
    if t.startswith("["):
        return "&list_" + re.sub(r"\W", "_", t.strip("[]"))
    return ("&builtin_" if t in BUILTIN else "&type_") + t


def make_types(s):
    """Descriptions that values are checked against."""
    out = []
    lists = sorted({t for d in s.defs for t in [m.type for m in d.members] + [d.returns or ""] +
                    (d.values if d.kind == "alternate" else []) if t.startswith("[")})
    for t, kind in KINDS.items():
        out.append(f'static const SchemaType builtin_{t} __attribute__((unused)) = {{ .name = "{t}", .kind = SCHEMA_{kind} }};')
    calls = [d for d in s.commands + s.events if not d.boxed]
    for d in s.types.values():
        out.append(f"static const SchemaType type_{d.name};")
    for t in lists:
        out.append(f'static const SchemaType list_{t.strip("[]")} = {{ .name = "{t}", .kind = SCHEMA_ARRAY, '
                   f".elem = {type_ref(t.strip('[]'))} }};")
    for d in list(s.types.values()) + calls:
        out += make_type(d)
    return out


def make_type(d):
    name = ("args_" if d.kind in ("command", "event") else "type_") + d.c
    if d.kind == "enum":
        values = ", ".join(quote(v) for v, _ in d.values)
        return [f"static const char *const values_{d.c}[] = {{ {values}, NULL }};",
                f'static const SchemaType {name} = {{ .name = "{d.name}", .kind = SCHEMA_ENUM, .values = values_{d.c} }};']
    if d.kind == "alternate":
        alts = ", ".join(type_ref(t) for t in d.values)
        return [f"static const SchemaType *const alts_{d.c}[] = {{ {alts}, NULL }};",
                f'static const SchemaType {name} = {{ .name = "{d.name}", .kind = SCHEMA_ALTERNATE, .alternatives = alts_{d.c} }};']
    out, extra = [], ""
    if d.members:
        rows = ", ".join("{ %s, %s, %s }" % (quote(m.name), type_ref(m.type), "true" if m.optional else "false")
                         for m in d.members)
        out.append(f"static const SchemaMember members_{d.kind}_{d.c}[] = {{ {rows}, {{ 0 }} }};")
        extra += f", .members = members_{d.kind}_{d.c}"
    if d.tag:
        rows = ", ".join(f"{{ {quote(v)}, {type_ref(t)} }}" for v, t in d.cases)
        out.append(f"static const SchemaCase cases_{d.c}[] = {{ {rows}{', ' if rows else ''}{{ 0 }} }};")
        extra += f", .tag = {quote(d.tag)}, .cases = cases_{d.c}"
    if "open" in d.flags:
        extra += ", .open = true"
    return out + [f'static const SchemaType {name} = {{ .name = "{d.name}", .kind = SCHEMA_OBJECT{extra} }};']


def field_row(s, d, m):
    t = args_struct(d)
    kind = FIELD_KINDS.get(m.type, "ENUM")
    row = f'{{ .name = {quote(m.name)}, .kind = FIELD_{kind}, .offset = offsetof({t}, {m.c})'
    if m.optional:
        row += ", .flags = FIELD_OPTIONAL"
    if has_flag(m):
        row += f", .has_offset = offsetof({t}, has_{m.c})"
    if kind == "ENUM":
        row += f", .of.en = &enum_{m.type}"
    return row + " },"


def make_tables(s):
    out = []
    for name in arg_enums(s):
        out.append(f'static const EnumDef enum_{name} = {{ "{name}", values_{name} }};')
    for d in s.commands:
        if s.is_plain(d) and d.members:
            out.append(f"static const Field fields_{d.c}[] = {{")
            out += ["    " + field_row(s, d, m) for m in d.members]
            out.append("    { 0 },\n};")
            out.append(f'static const StructDef struct_{d.c} = {{ "{d.name}", sizeof({args_struct(d)}), '
                       f"fields_{d.c} }};")
        call = "ctx, errp" if s.is_plain(d) and not d.members else "ctx, args, errp"
        out.append(f"static Json *run_{d.c}(QmpCtx *ctx, const void *args, GError **errp)\n{{")
        out.append(f"    return {handler(d)}({call});\n}}")
    out.append("\nconst QmpCommand qmp_commands[] = {")
    for d in s.commands:
        flags = "QMP_OOB" if "oob" in d.flags else "0"
        args = f"&struct_{d.c}" if s.is_plain(d) and d.members else "NULL"
        shape = f"&type_{d.boxed}" if d.boxed else f"&args_{d.c}"
        ret = type_ref(d.returns) if d.returns else "NULL"
        out.append(f"    {{ {quote(d.name)}, {args}, {shape}, {ret}, {flags}, run_{d.c} }},")
    out.append("    { 0 },\n};\n\nconst QmpEvent qmp_events[] = {")
    for d in s.events:
        out.append(f"    {{ {quote(d.name)}, &args_{d.c}, {d.gap} }},")
    out.append("    { 0 },\n};")
    return out


def make_source(s):
    out = [COPY, '#include "monitor/qmp_schema.h"\n#include "monitor/schema.h"\n']
    out += make_types(s) + [""] + make_tables(s)
    text = json.dumps(Introspection(s).out, separators=(", ", ": "))
    out.append("\nconst char qmp_schema_json[] =")
    pieces = [text[i:i + 4000] for i in range(0, len(text), 4000)]
    out.append("\n".join("    " + quote(p) for p in pieces) + ";")
    return "\n".join(out) + "\n"


# ---- query-qmp-schema

class Introspection:
    """Types are numbered in the order in which commands and events use them."""

    def __init__(self, s):
        self.s, self.out, self.numbers = s, [], {}
        self.queue = []
        self.empty = self.number("")
        for d in s.commands + s.events:
            self.add(d)
        while self.queue:
            self.add_type(self.queue.pop(0))

    def number(self, name):
        if name not in self.numbers:
            self.numbers[name] = str(len([n for n in self.numbers if not n.startswith("[") and n not in BUILTIN]))
            self.queue.append(name)
        return self.numbers[name]

    def ref(self, t):
        t = "int" if t == "size" else t
        if t.startswith("["):
            inner = self.ref(t.strip("[]"))
            if t not in self.numbers:
                self.numbers[t] = f"[{inner}]"
                self.out.append({"name": f"[{inner}]", "meta-type": "array", "element-type": inner})
            return self.numbers[t]
        if t in BUILTIN:
            if t not in self.numbers:
                self.numbers[t] = t
                self.out.append({"name": t, "meta-type": "builtin", "json-type": BUILTIN[t]})
            return t
        return self.number(t)

    def features(self, row, d):
        if d.features:
            row["features"] = d.features
        return row

    def member(self, m):
        row = {"name": m.name, "type": self.ref(m.type)}
        if m.optional:
            row["default"] = None
        return self.features(row, m)

    def add(self, d):
        if d.boxed:
            arg = self.number(d.boxed)
        elif d.members:
            arg = self.number(d.kind + " " + d.name)
        else:
            arg = self.empty
        row = {"name": d.name, "meta-type": d.kind, "arg-type": arg}
        if d.kind == "command":
            row["ret-type"] = self.ref(d.returns) if d.returns else self.empty
            if "oob" in d.flags:
                row["allow-oob"] = True
        self.out.append(self.features(row, d))

    def add_type(self, name):
        row = {"name": self.numbers[name]}
        if name == "" or " " in name:
            d = next((x for x in self.s.defs if f"{x.kind} {x.name}" == name), None)
            row.update({"meta-type": "object", "members": [self.member(m) for m in d.members] if d else []})
            self.out.append(row)
            return
        d = self.s.types[name]
        if d.kind == "enum":
            row.update({"meta-type": "enum", "values": [v for v, _ in d.values],
                        "members": [{"name": v, "features": f} if f else {"name": v} for v, f in d.values]})
        elif d.kind == "alternate":
            row.update({"meta-type": "alternate", "members": [{"type": self.ref(t)} for t in d.values]})
        else:
            row.update({"meta-type": "object", "members": [self.member(m) for m in d.members]})
            if d.tag:
                row["tag"] = d.tag
                row["variants"] = self.variants(d)
        self.out.append(self.features(row, d))

    def variants(self, d):
        tag = next(m.type for m in d.members if m.name == d.tag)
        cases = dict(d.cases)
        return [{"case": v, "type": self.number(cases[v]) if v in cases else self.empty}
                for v, _ in self.s.types[tag].values]


# ---- the manual

def rst_members(members, out):
    for m in members:
        note = (" (optional)" if m.optional else "") + "".join(f" *{f}*" for f in m.features)
        out.append(f"- ``{m.name}``: {rst_type(m.type)}{note}")
    if members:
        out.append("")


def rst_type(t):
    name = t.strip("[]")
    text = f"``{name}``" if name in BUILTIN else f":ref:`{name} <qmp-{name}>`"
    return f"list of {text}" if t.startswith("[") else text


def make_manual(s):
    out = [".. SPDX-License-Identifier: GPL-2.0-or-later", ".. Made by monitor/schema_gen.py from the *.qmp files.", "",
           "QMP reference", "=============", "", "Commands", "--------", ""]
    for d in s.commands + s.events:
        if d is (s.events or [None])[0]:
            out += ["Events", "------", ""]
        out += [d.name, "~" * len(d.name), ""] + d.doc + [""]
        notes = [f"may run out of band" if f == "oob" else f"takes further members" for f in d.flags]
        notes += [f"feature *{f}*" for f in d.features]
        notes += [f"at most one in {d.gap} ms; later ones replace earlier ones"] if d.gap else []
        if notes:
            out += ["; ".join(notes).capitalize() + ".", ""]
        if d.boxed:
            out += [f"Members: those of {rst_type(d.boxed)}.", ""]
        rst_members(d.members, out)
        if d.returns:
            out += [f"Returns {rst_type(d.returns)}.", ""]
    out += ["Types", "-----", ""]
    for d in sorted(s.types.values(), key=lambda x: x.name):
        out += [f".. _qmp-{d.name}:", "", d.name, "~" * len(d.name), ""] + d.doc + ([""] if d.doc else [])
        if d.kind == "enum":
            out += ["One of " + ", ".join(f"``{v}``" for v, _ in d.values) + ".", ""]
        elif d.kind == "alternate":
            out += ["One of " + ", ".join(rst_type(t) for t in d.values) + ".", ""]
        else:
            rst_members(d.members, out)
            out += [f"- when ``{d.tag}`` is ``{v}``: members of {rst_type(t)}" for v, t in d.cases]
            out += [""] if d.cases else []
    return "\n".join(out).rstrip() + "\n"


MAKERS = {"--header": make_header, "--source": make_source, "--manual": make_manual,
          "--json": lambda s: json.dumps(Introspection(s).out, indent=1) + "\n",
          "--commands": lambda s: "".join(d.name + "\n" for d in s.commands)}


def main(argv):
    """schema_gen.py --header FILE --source FILE ... *.qmp"""
    outputs = []
    while argv and argv[0] in MAKERS:
        outputs.append((MAKERS[argv[0]], argv[1]))
        argv = argv[2:]
    schema = Schema(read_schema(argv))
    for make, path in outputs:
        text = make(schema)
        if path == "-":
            sys.stdout.write(text)
        else:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
