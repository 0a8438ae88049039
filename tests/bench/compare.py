#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compare.py NAME=EMULATOR-COMMAND ... : run the benchmark guest under each emulator in turn and natively, print one table.

Example (after guest/build.sh OUT):
  compare.py --guest OUT --kernel vmlinuz --passes 3 ours='build/qemu-system-x86_64 -cpu max' qemu='qemu-system-x86_64 -cpu max'
Each command gets `-name b,debug-threads=on -accel tcg -m 512 -kernel K -initrd I -append ... -nographic -no-reboot -monitor none
-serial stdio -net none` appended. vCPU threads must be named CPU* (or set VCPU=<prefix>). Native needs root (chroot).
Figures: median over passes of vCPU-thread CPU time per unit (native: process CPU time), and ratios; geometric mean per class."""
import argparse, math, os, pathlib, re, shlex, statistics as st, subprocess, sys
here = pathlib.Path(__file__).resolve().parent
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--kernel", required=True); ap.add_argument("--out", default="bench-out"); ap.add_argument("--passes", type=int, default=1)
ap.add_argument("--args", default="-m,-t,0.3,-r,7,-s,0.6", help="bench arguments, comma separated; test prefixes may follow")
ap.add_argument("--guest", required=True); ap.add_argument("--no-native", action="store_true")
ap.add_argument("emulator", nargs="+"); a = ap.parse_args()
out = pathlib.Path(a.out); out.mkdir(parents=True, exist_ok=True)
append = "console=ttyS0 earlyprintk=ttyS0 panic=-1 mitigations=off nokaslr bargs=" + a.args
def load(f, key):
    d = {}
    for l in open(f, errors="replace"):
        m = re.search(r"BENCH (\S+)\s+med (\S+) ns min (\S+) max (\S+) cpu (\S+) per (\S+)", l)
        if m:
            v = re.search(r"vcpu (\S+)", l)
            d[m[1]] = float(v[1]) if key == "vcpu" and v else float(m[5])
    return d
names, res = [], {}
def add(name, d):
    for k, v in d.items(): res.setdefault(name, {}).setdefault(k, []).append(v)
for p in range(a.passes):
    if not a.no_native:
        root = pathlib.Path(a.guest) / "root"; f = out / f"native-{p}.txt"
        cmd = f"mount --bind /proc {root}/proc; mount -t tmpfs tmp {root}/tmp; chroot {root} /bin/bench {a.args.replace(',', ' ').replace('-m ', '')} >{f} 2>&1; umount {root}/tmp {root}/proc"
        subprocess.run(["sh", "-c", cmd]); add("native", load(f, "cpu"))
    for e in a.emulator:
        n, c = e.split("=", 1); f = out / f"{n}-{p}.txt"
        if n not in names: names.append(n)
        subprocess.run([sys.executable, str(here / "runq.py"), str(f), "--", *shlex.split(c), "-name", "b,debug-threads=on", "-accel", "tcg", "-m", "512",
                        "-kernel", a.kernel, "-initrd", str(pathlib.Path(a.guest) / "initrd.cpio"), "-append", append,
                        "-nographic", "-no-reboot", "-monitor", "none", "-serial", "stdio", "-net", "none"], stdout=subprocess.DEVNULL)
        add(n, load(f, "vcpu"))
cols = ([] if a.no_native else ["native"]) + names
order = [l.split()[0] for l in open(here / "guest/order.txt") if l.split()]
med = {n: {k: st.median(v) for k, v in res.get(n, {}).items()} for n in cols}
heads = ["test"] + [c + " ns" for c in cols] + ([f"{n}/native" for n in names] if not a.no_native else []) + [f"{n}/{names[0]}" for n in names[1:]]
print("| " + " | ".join(heads) + " |"); print("|" + "---|" * len(heads))
cls = {}
for k in order:
    if not any(k in med[n] for n in names): continue
    row = [k] + ["%.4g" % med[c][k] if k in med[c] else "" for c in cols]
    r = {}
    if not a.no_native:
        for n in names:
            x = med[n][k] / med["native"][k] if k in med[n] and med["native"].get(k) else None
            row.append("%.2f" % x if x else ""); r[n + "/native"] = x
    for n in names[1:]:
        x = med[n][k] / med[names[0]][k] if k in med[n] and k in med[names[0]] else None
        row.append("%.2f" % x if x else ""); r[n + "/" + names[0]] = x
    print("| " + " | ".join(row) + " |")
    for q, x in r.items():
        if x: cls.setdefault(k.split("_")[0], {}).setdefault(q, []).append(math.log(x)); cls.setdefault("all", {}).setdefault(q, []).append(math.log(x))
print(); qs = heads[1 + len(cols):]
print("| class | " + " | ".join(qs) + " |"); print("|" + "---|" * (len(qs) + 1))
for c, d in cls.items(): print("| " + c + " | " + " | ".join("%.2f" % math.exp(sum(d[q]) / len(d[q])) if d.get(q) else "" for q in qs) + " |")
missing = [k for k in order if any(k in med[n] for n in names[1:]) and k not in med[names[0]]]
if missing: print("\nnot completed by " + names[0] + ": " + ", ".join(missing)); sys.exit(1)
