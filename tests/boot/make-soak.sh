#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An initramfs with what workloads.py runs in a guest: make-soak.sh IMAGE. A minimal Debian by debootstrap with
# stress-ng, Node.js and a JVM, and the programs of the folder soak/. Needs root, gcc, the network, two gigabytes of
# disk. The guest needs 3 GiB of RAM.
set -eu
image=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'umount "$work/root/proc" 2>/dev/null || true; rm -rf "$work"' EXIT
root=$work/root
debootstrap --variant=minbase --include=stress-ng,nodejs,openjdk-17-jre-headless,ecj bookworm "$root" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    exit 1
}
mkdir -p "$root/soak"
cp "$here"/soak/* "$root/soak/"
gcc -O2 -static -pthread -o "$root/soak/trace" "$here/soak/trace.c"
mount -t proc proc "$root/proc"
chroot "$root" sh -c 'cd /soak && ecj -17 -proc:none -nowarn -d . Jit.java && java -cp . Jit 1 && node jit.js 1'
umount "$root/proc"
cp "$here/soak/init" "$root/init"
chmod +x "$root/init"
rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/usr/share/doc "$root"/usr/share/locale "$root"/usr/share/man \
    "$root"/usr/share/info "$root"/usr/share/java/ecj*
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -1n >"$image.tmp"
mv "$image.tmp" "$image"
