#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A raw disk with GRUB and a minimal Debian: make-disk.sh IMAGE GUESTS-DIR. Nothing is mounted: mke2fs fills the
# file system from a folder, GRUB's core image goes between the partition table and the first partition.
set -eu
image=$1 guests=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
debootstrap --variant=minbase --include=systemd-sysv,udev bookworm "$root" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
mkdir -p "$root/boot/grub"
cp "$guests/vmlinuz-amd64" "$root/boot/vmlinuz"
(cd "$guests" && for d in deb/linux-image-*[0-9]-amd64; do cp -r "$d/lib/modules" "$root/lib/"; done)
find "$root/lib/modules" -type f -name '*.ko' ! -path '*/drivers/ata/*' ! -path '*/drivers/scsi/*' ! -path '*/fs/ext4/*' \
    ! -path '*/fs/jbd2/*' ! -path '*/fs/mbcache*' ! -path '*/lib/*' ! -path '*/crypto/*' -delete 2>/dev/null || true
echo debian >"$root/etc/hostname"
echo '/dev/sda1 / ext4 rw 0 1' >"$root/etc/fstab"
sed -i 's/^root:[^:]*:/root::/' "$root/etc/shadow"
rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists "$root"/usr/share/doc "$root"/usr/share/locale "$root"/usr/share/man "$root"/usr/share/info

# the initramfs loads the disk driver and hands over
initrd=$work/initrd
mkdir -p "$initrd/bin" "$initrd/dev" "$initrd/proc" "$initrd/sys" "$initrd/root" "$initrd/lib/modules"
cp "$guests/root-amd64/bin/busybox" "$initrd/bin/"
for m in libata ata_piix ata_generic scsi_mod scsi_common sd_mod t10-pi crc64-rocksoft crc64-rocksoft_generic crc64 \
         crc-t10dif crct10dif_common crct10dif_generic mbcache jbd2 crc16 crc32c_generic ext4; do
    find "$root/lib/modules" "$guests"/deb/linux-image-*[0-9]-amd64/lib/modules -name "$m.ko" -exec cp {} "$initrd/lib/modules/" \; 2>/dev/null || true
done
cat >"$initrd/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
cd /lib/modules
n=0
while [ $n -lt 6 ]; do      # several rounds settle the dependencies
    for m in *.ko; do /bin/busybox insmod $m 2>/dev/null; done
    n=$((n + 1))
done
n=0
while [ ! -b /dev/sda1 ] && [ $n -lt 100 ]; do /bin/busybox sleep 0.1; n=$((n + 1)); done
/bin/busybox mount -t ext4 /dev/sda1 /root || exec /bin/busybox sh
/bin/busybox umount /proc /sys
exec /bin/busybox switch_root /root /sbin/init
INIT
chmod +x "$initrd/init"
(cd "$initrd" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -9n >"$root/boot/initrd.gz"
cat >"$root/boot/grub/grub.cfg" <<'CFG'
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
set timeout=1
menuentry "Debian" {
    linux /boot/vmlinuz root=/dev/sda1 console=ttyS0,115200 quiet
    initrd /boot/initrd.gz
}
CFG
truncate -s 640M "$work/fs"
mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$work/fs"
printf 'search --no-floppy --file --set=root /boot/grub/grub.cfg\nset prefix=($root)/boot/grub\nconfigfile /boot/grub/grub.cfg\n' >"$work/early.cfg"
grub-mkimage -O i386-pc -d /usr/lib/grub/i386-pc -p /boot/grub -c "$work/early.cfg" -o "$work/core.img" \
    biosdisk part_msdos ext2 normal configfile linux search search_fs_file serial terminal echo
truncate -s 642M "$work/disk"
echo '2048,,L,*' | sfdisk -q "$work/disk"
dd if=/usr/lib/grub/i386-pc/boot.img of="$work/disk" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$work/disk" bs=512 seek=1 conv=notrunc status=none
dd if="$work/fs" of="$work/disk" bs=1M seek=1 conv=notrunc,sparse status=none
mv "$work/disk" "$image"
