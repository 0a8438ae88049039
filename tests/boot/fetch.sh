#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches Debian's kernels and guests and builds small images of them: fetch.sh DIR [demo|short]; demo: only
# what "make demo" boots; short: what "make check-boot-short" boots (no disk by debootstrap). Needs root or sudo for
# nothing but apt's package lists; needs the network only for what DIR does not have yet.
set -eu
dir=${1:?usage: fetch.sh DIR [demo|short]}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir/deb"
cd "$dir"

# unpack PACKAGE: downloads the package once and unpacks it into deb/PACKAGE
unpack() {
    [ -d "deb/$1" ] && return 0
    ls "deb/$1"_*.deb >/dev/null 2>&1 || (cd deb && apt-get -q download "$1" >/dev/null 2>&1) || {
        echo "fetch.sh: cannot download the Debian package $1 (is the network up? try: apt-get update)" >&2
        exit 1
    }
    rm -rf "deb/$1.tmp"
    dpkg-deb -x "deb/$1"_*.deb "deb/$1.tmp"
    mv "deb/$1.tmp" "deb/$1"
    rm -f "deb/$1"_*.deb
}

# the package that the meta package $1 depends on: linux-image-6.1.0-NN-amd64
kernel_package() {
    apt-cache show "$1" >/dev/null 2>&1 || { [ "$(id -u)" = 0 ] && sudo= || sudo=sudo; $sudo apt-get -q update >/dev/null; }
    apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

cpio_gz() { (cd "$1" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$2.tmp"; mv "$2.tmp" "$2"; }

initramfs_init() {
    cat >"$1/init" <<'INIT'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
echo "Welcome to $(uname -sr) on $(uname -m)"
echo "Type 'poweroff' to leave."
export ENV=/etc/shrc PS1='\w # '
while :; do
    if busybox setsid true 2>/dev/null; then setsid cttyhack sh; else sh </dev/console >/dev/console 2>&1; fi
done
INIT
    chmod +x "$1/init"
}

# an initramfs of busybox alone: $1 = folder with bin/busybox (and libraries), $2 = output
initramfs() {
    mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/bin" "$1/sbin" "$1/tmp" "$1/root"
    for applet in sh mount uname setsid cttyhack ls cat dmesg echo sleep ps poweroff reboot; do
        ln -sf busybox "$1/bin/$applet"
    done
    # no init to signal: the commands act at once
    mkdir -p "$1/etc"
    printf 'poweroff() { busybox poweroff -f; }\nreboot() { busybox reboot -f; }\n' >"$1/etc/shrc"
    initramfs_init "$1"
    cpio_gz "$1" "$2"
}

get_amd64() {
    [ -f vmlinuz-amd64 ] || {
        package=$(kernel_package linux-image-amd64)
        unpack "$package"
        cp "deb/$package"/boot/vmlinuz-* vmlinuz-amd64
    }
}

get_busybox() {
    [ initramfs-amd64.gz -nt "$here/fetch.sh" ] || {
        unpack busybox-static
        rm -rf root-amd64
        mkdir -p root-amd64/bin
        cp deb/busybox-static/bin/busybox root-amd64/bin/
        initramfs root-amd64 "$PWD/initramfs-amd64.gz"
    }
}

get_cloud() {
    [ -f vmlinuz-cloud ] || {
        package=$(kernel_package linux-image-cloud-amd64)
        unpack "$package"
        cp "deb/$package"/boot/vmlinuz-* vmlinuz-cloud
    }
}

# of the architectures given; from the i386 one comes a busybox too
get_installer() {
    for arch; do
        [ -f "installer-$arch-initrd.gz" ] && continue
        unpack "debian-installer-12-netboot-$arch"
        from=deb/debian-installer-12-netboot-$arch/usr/lib/debian-installer/images/12/$arch/text/debian-installer/$arch
        cp "$from/linux" "installer-$arch-linux"
        cp "$from/initrd.gz" "installer-$arch-initrd.gz"
        rm -rf "deb/debian-installer-12-netboot-$arch"/usr/lib/debian-installer/images/12/*/gtk
    done
    [ initramfs-i386.gz -nt "$here/fetch.sh" ] || {
        rm -rf root-i386 all-i386
        mkdir -p root-i386 all-i386
        (cd all-i386 && gzip -dc ../installer-i386-initrd.gz | cpio --quiet -id 2>/dev/null) || true
        (cd all-i386 && find . -name 'busybox' -o -name 'ld-linux*' -o -name 'libc.so*' -o -name 'libresolv.so*' \
            -o -name 'ld-2*' -o -name 'libc-2*' -o -name 'libresolv-2*' | cpio --quiet -pd ../root-i386)
        (cd all-i386 && for l in lib lib64 bin sbin; do if [ -L "$l" ]; then cp -P "$l" ../root-i386/; fi; done)
        rm -rf all-i386
        initramfs root-i386 "$PWD/initramfs-i386.gz"
    }
}

get_small() {
    [ -f memtest64.bin ] || { unpack memtest86+; cp deb/memtest86+/boot/memtest86+x64.bin memtest64.bin
                              cp deb/memtest86+/boot/memtest86+ia32.bin memtest32.bin; }
    [ -f ipxe.lkrn ] || { unpack ipxe; cp deb/ipxe/boot/ipxe.lkrn ipxe.lkrn; }
}

get_iso() {
    [ -f memtest.iso ] && return 0
    rm -rf iso
    mkdir -p iso/boot/grub
    cp memtest64.bin iso/boot/memtest
    cp "$here/grub.cfg" iso/boot/grub/grub.cfg
    grub-mkrescue --directory=/usr/lib/grub/i386-pc -o memtest.iso.tmp iso >grub.log 2>&1 || { cat grub.log >&2; exit 1; }
    mv memtest.iso.tmp memtest.iso
    rm -rf iso
}

what=${2:-all}
get_busybox
get_amd64
[ "$what" != demo ] || exit 0
get_cloud
get_installer amd64 i386
get_small
get_iso
[ "$what" = short ] || [ -f debian.img ] || sh "$here/make-disk.sh" "$PWD/debian.img" "$PWD"
for source in "$here"/*.s; do
    name=$(basename "$source" .s)
    [ "$name.img" -nt "$source" ] || {
        as --32 -o "$name.o" "$source" && ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$name.img" "$name.o"
        truncate -s 1474560 "$name.img"
        rm -f "$name.o"
    }
done
echo "guests ready in $PWD"
