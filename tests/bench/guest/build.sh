#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh OUT: builds the benchmark guest: OUT/initrd.cpio (uncompressed newc) and OUT/root (the same tree, for native runs).
# Needs: gcc, busybox-static, libssl-dev liblua5.4-dev liblzma-dev zlib1g-dev libsqlite3-dev, python3 (Debian's), gcc's cc1.
set -e
O=$(realpath -m "${1:?usage: build.sh OUT}"); R=$O/root
cd "$(dirname "$0")"
rm -rf "$R"; mkdir -p $R/{bin,dev,proc,sys,tmp,etc,usr/bin,usr/lib,lib64,root} $O
gcc -O2 -g0 -fno-pie -no-pie -static -w -o $R/bin/bench bench.c -lsqlite3 -llua5.4 -llzma -lz -lcrypto -lm -lpthread -ldl 2>$O/link.log || { cat $O/link.log; exit 1; }
strip $R/bin/bench
gcc -O2 -fno-pie -no-pie -static -o $R/bin/true-static true.c; strip $R/bin/true-static
cp /bin/busybox $R/bin/busybox
for a in sh mount poweroff reboot echo cat sleep; do ln -s busybox $R/bin/$a; done
copylibs(){ ldd "$1" | awk '/=> \//{print $3} /^\t\/lib64/{print $1}' | while read l; do mkdir -p $R$(dirname $l); cp -nL $l $R$l; done; }
cp /usr/bin/python3.11 $R/usr/bin/; copylibs /usr/bin/python3.11
mkdir -p $R/usr/lib/python3.11
( cd /usr/lib/python3.11; for f in encodings codecs.py io.py abc.py site.py os.py stat.py posixpath.py genericpath.py _collections_abc.py; do cp -r $f $R/usr/lib/python3.11/; done ); find $R/usr/lib/python3.11 -name __pycache__ -prune -exec rm -rf {} +
chroot $R /usr/bin/python3.11 -S -E -c 'import os,encodings.utf_8' || true   # writes .pyc
C=$(gcc -print-prog-name=cc1); cp $C $R/usr/bin/cc1; copylibs $C
# compile-job input: own source only + libc headers, preprocessed
head -c 12000 bench.c >/dev/null; gcc -E -P -O2 -w ccjob.c > $R/cc.i
cp bench.py $R/bench.py
cp init $R/init; chmod +x $R/init
mknod -m 666 $R/dev/null c 1 3; mknod -m 666 $R/dev/zero c 1 5; mknod -m 600 $R/dev/console c 5 1
( cd $R; find . | sort | cpio --quiet -o -H newc -R 0:0 ) > $O/initrd.cpio
ls -la $O/initrd.cpio
