/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory map of the PC boards: RAM in one or two pieces around the 32-bit PCI hole, the firmware at
 * the top of 4 GiB with its last 128 KiB again at 0xe0000, the area for option ROMs at 0xc0000. On
 * a board with PCI the ROMs belong to the PCI side: the host bridge's attribute map decides whether
 * RAM covers them. */
#include "hw/i386/pc.h"

#include "hw/core/loader.h"
#include "util/bits.h"
#include "util/err.h"

enum { ISA_BIOS_MAX = 128 << 10, BIOS_ALIGN = 64 << 10 };

void pc_add_e820(PcMachine *pc, uint64_t addr, uint64_t len, uint32_t type)
{
    g_assert(pc->e820_count < PC_E820_MAX);
    pc->e820[pc->e820_count++] = (PcE820){ addr, len, type };
}

static void pc_split_ram(PcMachine *pc)
{
    uint64_t size = pc->m.ram_size, low = PC_LOW_RAM_MAX;

    if (pc->max_ram_below_4g != 0 && pc->max_ram_below_4g < 4 * GIB) {
        low = pc->max_ram_below_4g;
    }
    if (size >= low && low > PC_LOW_RAM_SPLIT) {
        low = PC_LOW_RAM_SPLIT; /* whole gigabytes on both sides */
    }
    pc->below_4g = MIN(size, low);
    pc->above_4g = size - pc->below_4g;
}

/* Without a bridge that maps RAM there, firmware works in its own memory: then it is not protected. */
static bool pc_make_rom(PcMachine *pc, MemRegion *r, const char *name, uint64_t size, GError **errp)
{
    return pc->has_pci ? mem_init_rom(r, name, size, errp) : mem_init_ram(r, name, size, errp);
}

bool pc_map_memory(PcMachine *pc, GError **errp)
{
    MemRegion *system = addr_space_root(pc->m.vm->mem);
    MemRegion *rom_parent = pc->has_pci ? &pc->pci_mem : system;

    if (machine_make_ram(&pc->m, errp) == NULL) {
        return false;
    }
    pc_split_ram(pc);
    mem_init_ram_block(&pc->ram, "pc.ram", pc->m.ram_block);
    mem_init_alias(&pc->ram_low, "ram-below-4g", &pc->ram, 0, pc->below_4g);
    mem_add(system, 0, &pc->ram_low, 0);
    if (pc->above_4g != 0) {
        mem_init_alias(&pc->ram_high, "ram-above-4g", &pc->ram, pc->below_4g, pc->above_4g);
        mem_add(system, 4 * GIB, &pc->ram_high, 0);
    }
    if (pc->has_pci) {
        mem_init(&pc->pci_mem, "pci", MEM_SIZE_MAX);
        mem_add(system, 0, &pc->pci_mem, -1);
    }
    if (!pc_make_rom(pc, &pc->option_roms, "pc.rom", PC_ROM_SIZE, errp)) {
        return false;
    }
    mem_add(rom_parent, PC_ROM_AT, &pc->option_roms, 1);
    return true;
}

bool pc_load_bios(PcMachine *pc, GError **errp)
{
    Machine *m = &pc->m;
    MemRegion *parent = pc->has_pci ? &pc->pci_mem : addr_space_root(m->vm->mem);
    const char *name = m->firmware != NULL ? m->firmware
                       : pc->has_pci       ? "bios-256k.bin"
                                           : "bios.bin";
    g_autofree char *path = machine_find_file(m, name);
    int64_t size;
    uint64_t isa;

    if (path == NULL) {
        return err_fail(errp,
                        "could not load PC BIOS '%s': No such file or directory, nor in the folders "
                        "of -L help%s",
                        name, m->firmware == NULL ? " (Debian: apt-get install seabios)" : "");
    }
    size = file_size("PC BIOS", path, errp);
    if (size < 0) {
        return false;
    }
    if (size == 0 || size % BIOS_ALIGN != 0 || size > PC_BIOS_MAX) {
        return err_fail(errp,
                        "could not load PC BIOS '%s': size %" G_GINT64_FORMAT
                        " is not a multiple of 64 KiB up to 16 MiB%s",
                        name, size, size % BIOS_ALIGN != 0 ? " (is the file complete?)" : "");
    }
    if (!pc_make_rom(pc, &pc->bios, "pc.bios", (uint64_t)size, errp)) {
        return false;
    }
    mem_add(parent, 4 * GIB - (uint64_t)size, &pc->bios, 0);
    isa = MIN((uint64_t)size, ISA_BIOS_MAX);
    mem_init_alias(&pc->isa_bios, "isa-bios", &pc->bios, (uint64_t)size - isa, isa);
    mem_set_readonly(&pc->isa_bios, pc->has_pci);
    mem_add(parent, MIB - isa, &pc->isa_bios, 1);
    return rom_add_file(m->vm, path, 4 * GIB - (uint64_t)size, errp) != NULL;
}
