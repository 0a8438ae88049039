#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that a task needs and that are not there yet: packages.sh build|demo|check|interop|docs.
# As root, or with sudo; says what to install when it can do neither.
set -eu
build="gcc libc6-dev make meson ninja-build pkg-config python3 libglib2.0-dev libpixman-1-dev zlib1g-dev
    libaio-dev libpng-dev libcapstone-dev"
run="seabios"
demo="cpio gzip dpkg ca-certificates"
check="nasm grub-pc-bin grub-common xorriso mtools binutils e2fsprogs debootstrap fdisk clang"
interop="libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients virtinst coreutils"
docs="python3-sphinx"

case ${1:-build} in
    build) want="$build $run" ;;
    demo)  want="$build $run $demo" ;;
    check) want="$build $run $demo $check" ;;
    interop) want="$build $run $demo $check $interop" ;;
    docs)  want="$docs" ;;
    *)     echo "usage: packages.sh build|demo|check|interop|docs" >&2; exit 1 ;;
esac

command -v dpkg-query >/dev/null 2>&1 || exit 0     # not a Debian: configure says what is missing
missing=
for p in $want; do
    case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
        *" installed") ;;
        *) missing="$missing $p" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null 2>&1; then
    sudo=sudo
else
    echo "please install as root: apt-get install$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get -q -y --no-install-recommends install $missing >/dev/null 2>&1 || {
    $sudo apt-get -q update >/dev/null
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
}
