/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boards "pc" (440FX, PIIX3, PIIX4 power management) and "isapc" (the same without PCI, APIC
 * and ACPI): processors, interrupt wiring, devices. Interrupts: GSI 0-15 go to the 8259 pair and
 * the I/O APIC, the PIT to GSI 0 and the RTC to GSI 8, both through the HPET's legacy switch;
 * ACPI's SCI is GSI 9. */
#include "hw/i386/acpi.h"

#include <string.h>

#include "accel/accel.h"
#include "hw/char/isa_chars.h"
#include "hw/core/loader.h"
#include "hw/display/vga.h"
#include "hw/dma/i8257.h"
#include "hw/input/i8042.h"
#include "hw/intc/apic.h"
#include "hw/intc/i8259.h"
#include "hw/isa/piix3.h"
#include "hw/misc/pc_misc.h"
#include "hw/nvram/fw_cfg.h"
#include "hw/pci/i440fx.h"
#include "hw/rtc/mc146818.h"
#include "hw/timer/hpet.h"
#include "hw/timer/i8254.h"
#include "target/i386/apic_if.h"
#include "target/i386/features.h"
#include "util/err.h"
#include "util/log.h"

enum { SERIAL_PORTS = 4, PARALLEL_PORTS = 3, FW_CFG_PORT = 0x510, HPET_INTCAP = 4, SCI_GSI = 9 };

/* ---- Processors */

static unsigned bits_for(unsigned n)
{
    unsigned bits = 0;

    while ((1u << bits) < n) {
        bits++;
    }
    return bits;
}

/* Threads, cores, dies and sockets each get a field wide enough (SDM vol. 3, 8.9). */
static uint32_t pc_apic_id(const SmpTopology *t, unsigned index)
{
    unsigned thread = index % t->threads, core = index / t->threads % t->cores;
    unsigned die = index / t->threads / t->cores % t->dies;
    unsigned socket = index / t->threads / t->cores / t->dies;
    unsigned core_at = bits_for(t->threads), die_at = core_at + bits_for(t->cores);

    return socket << (die_at + bits_for(t->dies)) | die << die_at | core << core_at | thread;
}

uint32_t pc_cpu_apic_id(const PcMachine *pc, unsigned index)
{
    return pc_apic_id(&pc->m.smp, index);
}

static bool pc_add_cpu(PcMachine *pc, unsigned index, GError **errp)
{
    Machine *m = &pc->m;
    X86Topology topo = { m->smp.dies, m->smp.cores, m->smp.threads };
    uint32_t id = pc_apic_id(&m->smp, index);
    X86Cpu *cpu = x86_cpu_create(m->vm, m->cpu_model != NULL ? m->cpu_model : m->type->default_cpu,
                                 m->cpu_features, &topo, id, errp);
    Device *apic;

    if (cpu == NULL) {
        return false;
    }
    apic = apic_new(m->vm, &cpu->cpu, id, index == 0, errp);
    if (apic == NULL) {
        return false;
    }
    cpu->apic = apic;
    cpu->apic_ops = &apic_cpu_ops;
    apic_set_features(apic, &(ApicFeatures){ .absent = !x86_has_feature(cpu, FE_APIC),
                                             .x2apic = x86_has_feature(cpu, FE_X2APIC),
                                             .tsc_deadline = x86_has_feature(cpu, FE_TSC_DEADLINE),
                                             .tsc_hz = cpu->env.tsc_hz });
    return true;
}

static bool pc_add_cpus(PcMachine *pc, GError **errp)
{
    pc->apic_id_limit = pc_apic_id(&pc->m.smp, pc->m.smp.max_cpus - 1) + 1;
    for (unsigned i = 0; i < pc->m.smp.cpus; i++) {
        if (!pc_add_cpu(pc, i, errp)) {
            return false;
        }
    }
    return true;
}

static X86Cpu *pc_cpu(PcMachine *pc, unsigned index)
{
    return x86_cpu(g_ptr_array_index(pc->m.vm->cpus, index));
}

/* ---- Lines to the processors */

static int pc_take_interrupt(void *opaque)
{
    return i8259_take_interrupt(((PcMachine *)opaque)->pic);
}

/* Pin 0: keyboard controller, 1: port 92. Either opens the gate. */
static void pc_set_a20(void *opaque, unsigned pin, int level)
{
    PcMachine *pc = opaque;

    pc->a20_sources = (uint8_t)((pc->a20_sources & ~(1 << pin)) | (level ? 1 << pin : 0));
    for (guint i = 0; i < pc->m.vm->cpus->len; i++) {
        x86_set_a20(pc_cpu(pc, i), pc->a20_sources != 0);
    }
}

static void pc_reset_line(void *opaque, unsigned pin, int level)
{
    if (level) {
        vm_request_reset(((PcMachine *)opaque)->m.vm, SHUTDOWN_GUEST_RESET);
    }
}

static void pc_smi_line(void *opaque, unsigned pin, int level)
{
    PcMachine *pc = opaque;

    if (level) {
        x86_cpu_signal_smi(&pc_cpu(pc, 0)->cpu);
    }
}

/* The firmware finds 0xfe in CMOS 0x0f and resumes instead of booting. */
static void pc_s3_line(void *opaque, unsigned pin, int level)
{
    PcMachine *pc = opaque;

    if (level) {
        rtc_set_cmos(pc->rtc, 0x0f, 0xfe);
    }
}

/* ---- Ports nobody else owns */

static uint64_t ones_read(void *opaque, GuestAddr off, unsigned size)
{
    return UINT64_MAX;
}

static void port80_write(void *opaque, GuestAddr off, uint64_t val, unsigned size) {}

/* Port 0xf0 takes back the coprocessor's error (IRQ 13). */
static void portf0_write(void *opaque, GuestAddr off, uint64_t val, unsigned size)
{
    PcMachine *pc = opaque;

    irq_lower(pc->isa->irq[13]);
    for (unsigned i = 0; i < pc->m.vm->cpus->len; i++) {
        pc_cpu(pc, i)->ignne = true;
    }
}

static const MemOps port80_ops = { .read = ones_read, .write = port80_write, .max_size = 1, .unlocked = true };
static const MemOps portf0_ops = { .read = ones_read, .write = portf0_write, .max_size = 1 };

static void pc_small_ports(PcMachine *pc)
{
    mem_init_io(&pc->port80, "ioport80", 1, &port80_ops, pc);
    mem_add(&pc->m.vm->io_region, 0x80, &pc->port80, 0);
    mem_init_io(&pc->portf0, "ioportF0", 1, &portf0_ops, pc);
    mem_add(&pc->m.vm->io_region, 0xf0, &pc->portf0, 0);
}

/* ---- Devices */

static bool pc_add_bridges(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;
    I440fxConfig cfg = { &pc->ram, &pc->pci_mem, &vm->io_region };

    if (!pc->has_pci) {
        pc->isa = isa_bus_new(vm, NULL, &vm->system_region, &vm->io_region);
        return true;
    }
    pc->pci = i440fx_new(vm, &cfg, errp);
    if (pc->pci == NULL) {
        return false;
    }
    for (guint i = 0; i < vm->cpus->len; i++) {
        x86_cpu_set_smram(pc_cpu(pc, i), i440fx_smram(pc->pci));
    }
    pc->isa = piix3_new(pc->pci, PCI_DEVFN(1, 0), errp);
    return pc->isa != NULL;
}

static bool pc_add_interrupts(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;
    Irq isa[ISA_IRQS];

    pc->pic = i8259_pair_new(vm, &pc->isa->bus, apic_pic_input(vm, pc_take_interrupt, pc), errp);
    if (pc->pic == NULL) {
        return false;
    }
    if (pc->has_pci) {
        pc->ioapic = ioapic_new(vm, IOAPIC_BASE, errp);
        if (pc->ioapic == NULL || kvmvapic_new(vm, errp) == NULL) {
            return false;
        }
    }
    gsi_init(&pc->gsi, pc->pic, pc->ioapic);
    for (unsigned i = 0; i < ISA_IRQS; i++) {
        isa[i] = gsi_input(&pc->gsi, i);
    }
    isa_bus_set_irqs(pc->isa, isa);
    return true;
}

static RtcConfig pc_rtc_config(const Machine *m)
{
    Json *rtc = json_get(m->board_opts, "rtc");
    const char *base = json_get_str(rtc, "base"), *clock = json_get_str(rtc, "clock");
    RtcConfig c = { .clock = CLOCK_HOST };

    if (g_strcmp0(clock, "rt") == 0) {
        c.clock = CLOCK_REAL;
    } else if (g_strcmp0(clock, "vm") == 0) {
        c.clock = CLOCK_VIRTUAL;
    }
    if (g_strcmp0(base, "localtime") == 0) {
        c.localtime = true;
    } else if (base != NULL && g_strcmp0(base, "utc") != 0) {
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autoptr(GDateTime) t = NULL;
        g_autofree char *full =
            strchr(base, 'T') != NULL ? g_strdup(base) : g_strconcat(base, "T00:00:00", NULL);

        t = g_date_time_new_from_iso8601(full, utc);
        if (t != NULL) {
            c.base = g_date_time_to_unix(t);
            c.base_set = true;
        }
    }
    return c;
}

static bool pc_add_timers(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;
    Bus *isa = &pc->isa->bus;
    RtcConfig rtc = pc_rtc_config(&pc->m);
    Irq rtc_irq = { 0 };

    pc->pit = pit_new(vm, isa, gsi_input(&pc->gsi, 0), errp);
    if (pc->pit == NULL) {
        return false;
    }
    if (pc->has_pci && pc->use_hpet) {
        Irq gsi[32];

        for (unsigned i = 0; i < 32; i++) {
            gsi[i] = gsi_input(&pc->gsi, i);
        }
        pc->hpet = hpet_new(vm, HPET_BASE, gsi, HPET_INTCAP, pit_irq_enable(pc->pit), errp);
        if (pc->hpet == NULL) {
            return false;
        }
        rtc_irq = hpet_rtc_input(pc->hpet);
    }
    pc->rtc = rtc_new(vm, isa, &rtc, rtc_irq, errp);
    return pc->rtc != NULL && pcspk_new(vm, isa, pc->pit, errp) != NULL;
}

static bool pc_add_chars(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;
    Bus *isa = &pc->isa->bus;
    Char *debug = char_port("debugcon");

    for (unsigned i = 0; i < SERIAL_PORTS; i++) {
        g_autofree char *name = g_strdup_printf("serial%u", i);
        Char *chr = char_port(name);

        if (chr != NULL && isa_serial_new(vm, isa, i, chr, errp) == NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < PARALLEL_PORTS; i++) {
        g_autofree char *name = g_strdup_printf("parallel%u", i);
        Char *chr = char_port(name);

        if (chr != NULL && isa_parallel_new(vm, isa, i, chr, errp) == NULL) {
            return false;
        }
    }
    return debug == NULL || isa_debugcon_new(vm, isa, 0, debug, errp) != NULL;
}

static bool pc_vmport_get(Vm *vm, VmportRegs *r)
{
    const uint64_t *g = current_cpu != NULL ? x86_cpu(current_cpu)->env.gpr : NULL;

    if (g == NULL || !cpu_regs_pull(current_cpu, NULL)) {
        return false;
    }
    *r = (VmportRegs){ (uint32_t)g[R_RAX], (uint32_t)g[R_RBX], (uint32_t)g[R_RCX],
                       (uint32_t)g[R_RDX], (uint32_t)g[R_RSI], (uint32_t)g[R_RDI] };
    return true;
}

static void pc_vmport_set(Vm *vm, const VmportRegs *r)
{
    uint64_t *g = x86_cpu(current_cpu)->env.gpr;

    g[R_RAX] = r->eax;
    g[R_RBX] = r->ebx;
    g[R_RCX] = r->ecx;
    g[R_RDX] = r->edx;
    g[R_RSI] = r->esi;
    g[R_RDI] = r->edi;
    cpu_regs_changed(current_cpu);
}

static bool pc_add_input(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;
    Bus *isa = &pc->isa->bus;
    Irq kbd_a20 = { pc_set_a20, pc, 0 }, p92_a20 = { pc_set_a20, pc, 1 };
    Irq reset = { pc_reset_line, pc, 0 };

    if (pc->use_i8042) {
        pc->i8042 = i8042_new(vm, isa, kbd_a20, reset, errp);
        if (pc->i8042 == NULL) {
            return false;
        }
    }
    if (port92_new(vm, isa, p92_a20, reset, errp) == NULL) {
        return false;
    }
    if (!pc->has_pci || pc->vmport_opt == ONOFF_OFF) {
        return true;
    }
    pc->vmport = vmport_new(vm, isa, pc_vmport_get, pc_vmport_set, errp);
    return pc->vmport != NULL &&
           (pc->i8042 == NULL || vmmouse_new(vm, isa, pc->vmport, pc->i8042, errp) != NULL);
}

static bool pc_add_display(PcMachine *pc, GError **errp)
{
    const char *vga = pc->m.vga != NULL ? pc->m.vga : pc->m.type->default_display;

    if (vga == NULL || strcmp(vga, "none") == 0) {
        return true;
    }
    if (strcmp(vga, "std") != 0) {
        return err_fail(errp, "display adapter '%s' is not available; try 'std'", vga);
    }
    if (pc->has_pci) {
        return pci_create(&vga_pci_type, pc->pci, -1, false, errp) != NULL;
    }
    return device_create(&vga_isa_type, pc->m.vm, &pc->isa->bus, errp) != NULL;
}

static bool pc_add_pm(PcMachine *pc, GError **errp)
{
    Piix4Config cfg = {
        .sci = gsi_input(&pc->gsi, SCI_GSI),
        .smi = { pc_smi_line, pc, 0 },
        .s3 = { pc_s3_line, pc, 0 },
        .smm_enabled = pc->smm != ONOFF_OFF && accel_has_smm(pc->m.vm),
        .serial0 = char_port("serial0") != NULL,
        .serial1 = char_port("serial1") != NULL,
        .parallel0 = char_port("parallel0") != NULL,
    };

    if (!pc->has_pci || pc->acpi == ONOFF_OFF) {
        return true;
    }
    pc->pm = piix4_pm_new(pc->pci, PCI_DEVFN(1, 3), &cfg, errp);
    return pc->pm != NULL;
}

static bool pc_add_devices(PcMachine *pc, GError **errp)
{
    Vm *vm = pc->m.vm;

    pc_small_ports(pc);
    if (!pc_add_bridges(pc, errp) || !pc_add_interrupts(pc, errp)) {
        return false;
    }
    for (unsigned i = 0; i < vm->cpus->len; i++) {
        pc_cpu(pc, i)->ferr = pc->isa->irq[13];
    }
    pc->fw = fw_cfg_new(vm, FW_CFG_PORT, errp);
    if (pc->fw == NULL || !pc_add_display(pc, errp) || !pc_add_timers(pc, errp)) {
        return false;
    }
    pc->isa->dma = i8257_pair_new(vm, &pc->isa->bus, errp);
    return pc->isa->dma != NULL && pc_add_chars(pc, errp) && pc_add_input(pc, errp) &&
           pc_storage_init(pc, errp) && pc_add_pm(pc, errp);
}

/* boot_set: from the next reset on. */
static bool pc_boot_set(Vm *vm, const char *order, GError **errp)
{
    return pc_set_boot_order(pc_machine(vm_machine(vm)), order, errp);
}

bool pc_init(Machine *m, GError **errp)
{
    PcMachine *pc = pc_machine(m);

    m->vm->set_boot = pc_boot_set;
    m->vm->inject_nmi = apic_inject_nmi;
    pc->has_pci = strcmp(m->type->name, "isapc") != 0;
    return pc_map_memory(pc, errp) && pc_add_cpus(pc, errp) && pc_load_bios(pc, errp) &&
           pc_add_devices(pc, errp) && pc_fw_init(pc, errp) && pc_load_kernel(pc, errp) &&
           pc_option_roms(pc, errp);
}

/* Everything the user asked for is there. Errors end the start of the program (see system/). */
bool pc_ready(Machine *m, GError **errp)
{
    PcMachine *pc = pc_machine(m);

    return pc_fw_ready(pc, errp) && pc_smbios_setup(pc, errp) && pc_acpi_setup(pc, errp) &&
           rom_check_overlaps(m->vm, errp);
}

void pc_reset(Machine *m, ResetKind kind)
{
    PcMachine *pc = pc_machine(m);

    vm_reset_devices(m->vm, kind);
    pc->acpi_built = false;
    if (m->boot_once != NULL && pc->boot_once_done) {
        pc_set_boot_order(pc, m->boot_order != NULL ? m->boot_order : "cad", NULL);
        g_clear_pointer(&m->boot_once, g_free);
    }
    pc->boot_once_done = true;
}
