#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the benchmark guest, runs ours, Debian's QEMU and native in turn and writes docs/devel/performance.rst.
#   tests/bench/run.sh [PASSES] [BENCH-ARGUMENTS]     needs root (native runs use chroot) and Debian's qemu-system-x86
# The default arguments measure each test seven times for 0.3 s; -m,-t,0.1,-r,5,-s,0.2 is three times as quick.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
out=$top/build/bench guests=$top/build/guests passes=${1:-3} bench_args=${2:--m,-t,0.3,-r,7,-s,0.6}
ours="$top/build/qemu-system-x86_64 -accel tcg -cpu max"
theirs="/usr/bin/qemu-system-x86_64 -accel tcg -cpu max"
missing=
for p in libssl-dev liblua5.4-dev liblzma-dev zlib1g-dev libsqlite3-dev python3.11 busybox-static cpio qemu-system-x86; do
    dpkg -s "$p" >/dev/null 2>&1 || missing="$missing $p"
done
[ -z "$missing" ] || apt-get install -y --no-install-recommends $missing
sh "$top/tests/boot/fetch.sh" "$guests"
[ -f "$out/initrd.cpio" ] || bash "$top/tests/bench/guest/build.sh" "$out"
mkdir -p "$out/runs"
python3 "$top/tests/bench/startup.py" --kernel "$guests/vmlinuz-cloud" --initrd "$guests/initramfs-amd64.gz" "$ours" "$theirs" >"$out/startup.md"
python3 "$top/tests/bench/compare.py" --guest "$out" --kernel "$guests/vmlinuz-cloud" --passes "$passes" "--args=$bench_args" --out "$out/runs" \
    "ours=$ours" "qemu=$theirs" >"$out/table.md"
python3 "$top/tests/bench/report.py" "$out/startup.md" "$out/table.md" "$passes" "$bench_args" >"$top/docs/devel/performance.rst"
echo "wrote docs/devel/performance.rst"
