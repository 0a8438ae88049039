/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMBus host controller of the PIIX4 (82371AB data sheet, 11.3.1) with eight EEPROMs of 256 bytes,
 * empty, at addresses 0x50 to 0x57. Transactions finish at once. Not modelled: slave side,
 * interrupts, 10-bit addresses, arbitration. */
#include "hw/acpi/piix4.h"

#include <string.h>

#include "util/log.h"

enum {
    SMB_STAT = 0,
    SMB_CTL = 2,
    SMB_CMD = 3,
    SMB_ADDR = 4,
    SMB_DATA0 = 5,
    SMB_DATA1 = 6,
    SMB_BLOCK = 7,
    SMB_LEN = 0x40
};
enum { STS_INTR = 1 << 1, STS_DEV_ERR = 1 << 2, STS_FAILED = 1 << 4, STS_W1C = 0x1e };
enum { CTL_KILL = 1 << 1, CTL_PROTOCOL = 7 << 2, CTL_START = 1 << 6 };
enum { PROTO_QUICK, PROTO_BYTE, PROTO_BYTE_DATA, PROTO_WORD_DATA, PROTO_BLOCK = 5 };
enum { SMBUS_FIRST = 0x50, SMBUS_BLOCK = 32 };

static uint8_t eeprom_get(PmSmbus *s, unsigned n)
{
    return s->eeprom[n][s->eeprom_pos[n]++];
}

static void eeprom_put(PmSmbus *s, unsigned n, uint8_t v)
{
    s->eeprom[n][s->eeprom_pos[n]++] = v;
}

static void smbus_block(PmSmbus *s, unsigned n, bool read)
{
    unsigned len = read ? SMBUS_BLOCK : MIN(s->data0, SMBUS_BLOCK);

    s->eeprom_pos[n] = s->cmd;
    if (read) {
        s->data0 = SMBUS_BLOCK;
    }
    for (unsigned i = 0; i < len; i++) {
        if (read) {
            s->data[i] = eeprom_get(s, n);
        } else {
            eeprom_put(s, n, s->data[i]);
        }
    }
    s->index = 0;
}

static bool smbus_transfer(PmSmbus *s, unsigned n, bool read)
{
    switch ((s->ctl & CTL_PROTOCOL) >> 2) {
    case PROTO_QUICK: return true;
    case PROTO_BYTE:
        if (read) {
            s->data0 = eeprom_get(s, n);
        } else {
            s->eeprom_pos[n] = s->cmd;
        }
        return true;
    case PROTO_BYTE_DATA:
        s->eeprom_pos[n] = s->cmd;
        if (read) {
            s->data0 = eeprom_get(s, n);
        } else {
            eeprom_put(s, n, s->data0);
        }
        return true;
    case PROTO_WORD_DATA:
        s->eeprom_pos[n] = s->cmd;
        if (read) {
            s->data0 = eeprom_get(s, n);
            s->data1 = eeprom_get(s, n);
        } else {
            eeprom_put(s, n, s->data0);
            eeprom_put(s, n, s->data1);
        }
        return true;
    case PROTO_BLOCK: smbus_block(s, n, read); return true;
    default: return false;
    }
}

static void smbus_start(PmSmbus *s)
{
    unsigned slave = s->addr >> 1;

    if (slave < SMBUS_FIRST || slave >= SMBUS_FIRST + SMBUS_EEPROMS) {
        s->stat |= STS_DEV_ERR;
    } else if (smbus_transfer(s, slave - SMBUS_FIRST, s->addr & 1)) {
        s->stat |= STS_INTR;
    } else {
        log_guest("smbus: protocol %u", (s->ctl & CTL_PROTOCOL) >> 2);
        s->stat |= STS_DEV_ERR;
    }
}

static uint64_t smbus_read(void *opaque, GuestAddr off, unsigned size)
{
    PmSmbus *s = opaque;

    switch (off) {
    case SMB_STAT: return s->stat;
    case SMB_CTL: s->index = 0; return s->ctl & ~CTL_START;
    case SMB_CMD: return s->cmd;
    case SMB_ADDR: return s->addr;
    case SMB_DATA0: return s->data0;
    case SMB_DATA1: return s->data1;
    case SMB_BLOCK: s->index %= SMBUS_BLOCK; return s->data[s->index++];
    default: return 0;
    }
}

static void smbus_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PmSmbus *s = opaque;

    switch (off) {
    case SMB_STAT:
        s->stat &= (uint8_t) ~(val & STS_W1C);
        s->index = 0;
        break;
    case SMB_CTL:
        s->ctl = (uint8_t)val;
        if (val & CTL_KILL) {
            s->stat |= STS_FAILED;
        } else if (val & CTL_START) {
            smbus_start(s);
        }
        break;
    case SMB_CMD: s->cmd = (uint8_t)val; break;
    case SMB_ADDR: s->addr = (uint8_t)val; break;
    case SMB_DATA0: s->data0 = (uint8_t)val; break;
    case SMB_DATA1: s->data1 = (uint8_t)val; break;
    case SMB_BLOCK:
        s->index %= SMBUS_BLOCK;
        s->data[s->index++] = (uint8_t)val;
        break;
    default: break;
    }
}

static const MemOps smbus_ops = { .read = smbus_read, .write = smbus_write, .max_size = 1 };

void pm_smbus_init(PmSmbus *s)
{
    mem_init_io(&s->io, "pm-smbus", SMB_LEN, &smbus_ops, s);
}

void pm_smbus_reset(PmSmbus *s)
{
    s->stat = s->ctl = s->cmd = s->addr = s->data0 = s->data1 = 0;
    s->index = 0;
    memset(s->data, 0, sizeof(s->data));
}

static bool pm_smbus_post_load(void *obj, int version, GError **errp)
{
    ((PmSmbus *)obj)->index %= SMBUS_BLOCK;
    return true;
}

static const VmField smbus_fields[] = {
    VM_FIELD_U8(PmSmbus, stat, .as = "smb_stat"),
    VM_FIELD_U8(PmSmbus, ctl, .as = "smb_ctl"),
    VM_FIELD_U8(PmSmbus, cmd, .as = "smb_cmd"),
    VM_FIELD_U8(PmSmbus, addr, .as = "smb_addr"),
    VM_FIELD_U8(PmSmbus, data0, .as = "smb_data0"),
    VM_FIELD_U8(PmSmbus, data1, .as = "smb_data1"),
    VM_FIELD_U32(PmSmbus, index, .as = "smb_index"),
    VM_FIELD_U8_ARRAY(PmSmbus, data, .as = "smb_data"),
    VM_FIELD_U8(PmSmbus, auxctl, .as = "smb_auxctl"),
    VM_FIELD_U8(PmSmbus, blkdata, .as = "smb_blkdata"),
    VM_FIELD_BOOL(PmSmbus, i2c_enable),
    VM_FIELD_BOOL(PmSmbus, op_done),
    VM_FIELD_BOOL(PmSmbus, in_i2c_block, .as = "in_i2c_block_read"),
    VM_FIELD_BOOL(PmSmbus, start_on_status, .as = "start_transaction_on_status_read"),
    VM_FIELD_END,
};
const VmState pm_smbus_vmstate = {
    .name = "pmsmb",
    .version = 1,
    .min_version = 1,
    .fields = smbus_fields,
    .post_load = pm_smbus_post_load,
};
