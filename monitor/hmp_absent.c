/* SPDX-License-Identifier: GPL-2.0-or-later */
/* info commands on parts that this version does not have: what they say of a machine without the
 * part. A row goes when its part comes. */
#include "monitor/hmp.h"

#define ABSENT(tag, text)                               \
    static void tag(Hmp *hmp, const Json *args)         \
    {                                                   \
        hmp_puts(hmp, text);                            \
    }

ABSENT(no_usb, "Error: USB support not enabled\n")
ABSENT(no_vnc, "None\n")
ABSENT(no_spice, "Server: disabled\n")
ABSENT(no_balloon, "Error: No balloon device has been activated\n")
ABSENT(no_jobs, "No active jobs\n")
ABSENT(no_numa, "0 nodes\n")
ABSENT(no_replay, "Record/replay is not active\n")
ABSENT(no_snapshots, "no block device can store vmstate for snapshot\n")
ABSENT(no_generation, "Error: VM Generation ID device not found\n")
ABSENT(no_virtio, "No VirtIO devices\n")
ABSENT(nothing, "")

static const HmpCommand absent_commands[] = {
    { "info usb", NULL, "", "USB devices of the guest", no_usb, NULL },
    { "info vnc", NULL, "", "the VNC server", no_vnc, NULL },
    { "info spice", NULL, "", "the SPICE server", no_spice, NULL },
    { "info balloon", NULL, "", "the memory balloon", no_balloon, NULL },
    { "info block-jobs", NULL, "", "jobs on drives", no_jobs, NULL },
    { "info numa", NULL, "", "memory nodes", no_numa, NULL },
    { "info replay", NULL, "", "record and replay", no_replay, NULL },
    { "info snapshots", NULL, "", "saved states", no_snapshots, NULL },
    { "info vm-generation-id", NULL, "", "the VM generation id", no_generation, NULL },
    { "info virtio", NULL, "", "virtio devices", no_virtio, NULL },
    { "info network", NULL, "", "network links", nothing, NULL },
    { "info usernet", NULL, "", "user mode network connections", nothing, NULL },
    { "info capture", NULL, "", "sound being captured", nothing, NULL },
    { "info tpm", NULL, "", "the TPM", nothing, NULL },
    { "info iothreads", NULL, "", "I/O threads", nothing, NULL },
    { "info memory-devices", NULL, "", "memory devices", nothing, NULL },
};
HMP_REGISTER(absent_commands);
