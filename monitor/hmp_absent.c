/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of QEMU that this version does not have: info commands say what they say of a machine without the
 * part; other commands are unknown, and the message names the part. A row goes when its part comes. */
#include <string.h>
#include "monitor/hmp.h"
#include "monitor/hmp_int.h"

/* ---- Commands. A name that ends with '*' stands for all that begin so. */

static const struct { const char *name, *part; } parts[] = {
    { "announce_self", "networking is" }, { "netdev_*", "networking is" }, { "set_link", "networking is" },
    { "hostfwd_*", "networking is" },
    { "block_job_*", "block jobs are" }, { "block_stream", "block jobs are" }, { "commit", "block jobs are" },
    { "drive_backup", "block jobs are" }, { "drive_mirror", "block jobs are" },
    { "block_set_io_throttle", "I/O limits are" },
    { "snapshot_*", "snapshots of images are" }, { "nbd_server_*", "the NBD server is" },
    { "qemu-io", "image tests in the monitor are" },
    { "savevm", "saved states are" }, { "loadvm", "saved states are" }, { "delvm", "saved states are" },
    { "migrate*", "migration is" }, { "info migrate", "migration is" },
    { "info migrate_parameters", "migration is" }, { "client_migrate_info", "SPICE is" },
    { "calc_dirty_rate", "migration is" }, { "info dirty_rate", "migration is" },
    { "set_vcpu_dirty_limit", "migration is" }, { "cancel_vcpu_dirty_limit", "migration is" },
    { "x_colo_lost_heartbeat", "COLO is" },
    { "set_password", "the VNC display is" }, { "expire_password", "the VNC display is" },
    { "replay_*", "record and replay is" },
    { "wavcapture", "sound is" }, { "stopcapture", "sound is" },
    { "pcie_aer_inject_error", "PCI Express is" },
    { "dumpdtb", "a machine with a device tree is" }, { "sync-profile", "the profile of locks is" },
    { "info sync-profile", "the profile of locks is" },
};

const char *hmp_absent_part(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_pattern_match_simple(parts[i].name, name)) {
            return parts[i].part;
        }
    }
    return NULL;
}

/* ---- info */

#define ABSENT(tag, text)                               \
    static void tag(Hmp *hmp, const Json *args)         \
    {                                                   \
        hmp_puts(hmp, text);                            \
    }

ABSENT(no_usb, "Error: USB support not enabled\n")
ABSENT(no_vnc, "None\n")
ABSENT(no_spice, "Server: disabled\n")
ABSENT(no_jobs, "No active jobs\n")
ABSENT(no_numa, "0 nodes\n")
ABSENT(no_replay, "Record/replay is not active\n")
ABSENT(no_snapshots, "no block device can store vmstate for snapshot\n")
ABSENT(no_generation, "Error: VM Generation ID device not found\n")
ABSENT(no_virtio, "No VirtIO devices\n")
ABSENT(no_sev, "SEV is not enabled\n")
ABSENT(no_sgx, "No EPC regions defined, SGX not available\n")
ABSENT(no_dirty_limit, "Dirty page limit not enabled!\n")
ABSENT(no_opcount, "[TCG profiler not compiled]\n")
ABSENT(no_profile, "Error: Internal profiler not compiled\n")
ABSENT(nothing, "")

static void no_rocker(Hmp *hmp, const Json *args)
{
    hmp_printf(hmp, "Error: rocker %s not found\n", json_get_str(args, "name"));
}

static void no_virtio_device(Hmp *hmp, const Json *args)
{
    hmp_printf(hmp, "Error: Path %s is not a VirtIODevice\n", json_get_str(args, "path"));
}

static const HmpCommand absent_commands[] = {
    { "info usb", NULL, "", "USB devices of the guest", no_usb, NULL },
    { "info usbhost", NULL, "", "USB devices of the host", nothing, NULL },
    { "info vnc", NULL, "", "the VNC server", no_vnc, NULL },
    { "info spice", NULL, "", "the SPICE server", no_spice, NULL },
    { "info block-jobs", NULL, "", "jobs on drives", no_jobs, NULL },
    { "info numa", NULL, "", "memory nodes", no_numa, NULL },
    { "info replay", NULL, "", "record and replay", no_replay, NULL },
    { "info snapshots", NULL, "", "saved states", no_snapshots, NULL },
    { "info vm-generation-id", NULL, "", "the VM generation id", no_generation, NULL },
    { "info virtio", NULL, "", "virtio devices", no_virtio, NULL },
    { "info virtio-status", "path:s", "path", "a virtio device", no_virtio_device, NULL },
    { "info virtio-queue-status", "path:s,queue:i", "path queue", "a queue of a virtio device", no_virtio_device,
      NULL },
    { "info virtio-queue-element", "path:s,queue:i,index:i?", "path queue [index]", "a request in a virtio queue",
      no_virtio_device, NULL },
    { "info virtio-vhost-queue-status", "path:s,queue:i", "path queue", "a queue of a vhost device",
      no_virtio_device, NULL },
    { "info network", NULL, "", "network links", nothing, NULL },
    { "info usernet", NULL, "", "user mode network connections", nothing, NULL },
    { "info rdma", NULL, "", "RDMA devices", nothing, NULL },
    { "info rocker", "name:s", "name", "a Rocker switch", no_rocker, NULL },
    { "info rocker-ports", "name:s", "name", "ports of a Rocker switch", no_rocker, NULL },
    { "info rocker-of-dpa-flows", "name:s,tbl_id:i?", "name [tbl_id]", "flow tables of a Rocker switch", no_rocker,
      NULL },
    { "info rocker-of-dpa-groups", "name:s,type:i?", "name [type]", "groups of a Rocker switch", no_rocker, NULL },
    { "info capture", NULL, "", "sound being captured", nothing, NULL },
    { "info tpm", NULL, "", "the TPM", nothing, NULL },
    { "info sev", NULL, "", "memory encryption of AMD processors", no_sev, NULL },
    { "info sgx", NULL, "", "enclaves of Intel processors", no_sgx, NULL },
    { "info vcpu_dirty_limit", NULL, "", "how fast CPUs may write", no_dirty_limit, NULL },
    { "info opcount", NULL, "", "operations of the translator", no_opcount, NULL },
    { "info profile", NULL, "", "time that the translator takes", no_profile, NULL },
};
HMP_REGISTER(absent_commands);
