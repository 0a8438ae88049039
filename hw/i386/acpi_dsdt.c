/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DSDT of the "pc" board: PCI root with interrupt links and hotplug slots, processors, legacy
 * devices, sleep states. It talks to the registers in hw/acpi; names and register layout are those
 * guests know from this board. See aml.h for the notation. */
#include "hw/i386/acpi.h"

#include "util/bits.h"

#define SLOT_DSM                                                                                   \
    " Method _DSM byte:0x0c { Store Package byte:2 { BSEL ASUN } Local0"                           \
    " Return PDSM Arg0 Arg1 Arg2 Arg3 Local0 }"

static const char debug_port[] =
    "Scope \\ { OperationRegion DBG byte:1 0x402 One Field DBG byte:1 { DBGB:8 }"
    " Method DBUG byte:1 { ToHexString Arg0 Local0 ToBuffer Local0 Local0"
    "  Subtract SizeOf Local0 One Local1 Store Zero Local2"
    "  While LLess Local2 Local1 { Store DerefOf Index Local0 Local2 Zero DBGB Increment Local2 }"
    "  Store 0x0a DBGB } }";

static const char pci_root[] =
    "Scope _SB { Device PCI0 { Name _HID EisaId:PNP0A03 Name _ADR Zero Name _UID Zero } }"
    "Scope _SB.PCI0 {"
    " OperationRegion PCST byte:1 0xae00 0x08 Field PCST byte:0x43 { PCIU:32 PCID:32 }"
    " OperationRegion SEJ byte:1 0xae08 0x04 Field SEJ byte:0x43 { B0EJ:32 }"
    " OperationRegion BNMR byte:1 0xae10 0x08 Field BNMR byte:0x43 { BNUM:32 PIDX:32 }"
    " Mutex BLCK byte:0"
    " Method PCEJ byte:2 { Acquire BLCK word:0xffff Store Arg0 BNUM"
    "  Store ShiftLeft One Arg1 Zero B0EJ Release BLCK Return Zero }"
    " Method AIDX byte:2 { Acquire BLCK word:0xffff Store Arg0 BNUM"
    "  Store ShiftLeft One Arg1 Zero PIDX Store PIDX Local0 Release BLCK Return Local0 }"
    " Method PDSM byte:0x0d {"
    "  If LEqual Arg2 Zero { Store Buffer One byte:0 } Local0 Store Zero Local1"
    "   If LNotEqual Arg0 UUID:e5c937d0-3553-4d7a-9117-ea4d19c3434d { Return Local0 }"
    "   If LLess Arg1 0x02 { Return Local0 }"
    "   Store AIDX DerefOf Index Arg4 Zero Zero DerefOf Index Arg4 One Zero Local2"
    "   If LNot Or LEqual Local2 Zero LEqual Local2 0xffffffff Zero {"
    "    Or Local1 One Local1 Or Local1 ShiftLeft One 0x07 Zero Local1 }"
    "   Store Local1 Index Local0 Zero Zero Return Local0 }"
    "  If LEqual Arg2 0x07 {"
    "   Store AIDX DerefOf Index Arg4 Zero Zero DerefOf Index Arg4 One Zero Local2"
    "   Store Package byte:2 { } Local0"
    "   If LNot LOr LEqual Local2 Zero LEqual Local2 0xffffffff {"
    "    Store Local2 Index Local0 Zero Zero Store \"\" Index Local0 One Zero }"
    "   Return Local0 } } }";

/* Pin of slot -> link; INTA of the bridge's slot is the SCI's. */
static const char routing[] =
    "Scope PCI0 { Method _PRT byte:0 { Store Package byte:0x80 { } Local0 Store Zero Local1"
    " While LLess Local1 0x80 { Store ShiftRight Local1 0x02 Zero Local2"
    "  Store And Add Local1 Local2 Zero 0x03 Zero Local3"
    "  If LEqual Local3 Zero { Store Package byte:4 { Zero Zero LNKD Zero } Local4 }"
    "  If LEqual Local3 One { If LEqual Local1 0x04 { Store Package byte:4 { Zero Zero LNKS Zero } "
    "Local4 }"
    "   Else { Store Package byte:4 { Zero Zero LNKA Zero } Local4 } }"
    "  If LEqual Local3 0x02 { Store Package byte:4 { Zero Zero LNKB Zero } Local4 }"
    "  If LEqual Local3 0x03 { Store Package byte:4 { Zero Zero LNKC Zero } Local4 }"
    "  Store Or ShiftLeft Local2 0x10 Zero 0xffff Zero Index Local4 Zero Zero"
    "  Store And Local1 0x03 Zero Index Local4 One Zero"
    "  Store Local4 Index Local0 Local1 Zero Increment Local1 }"
    " Return Local0 } }"
    "Method IQST byte:1 { If And 0x80 Arg0 Zero { Return 0x09 } Return 0x0b }";

static void put_links(Aml *a)
{
    static const uint32_t choices[] = { 5, 10, 11 }, sci[] = { 9 }, none[] = { 0 };

    aml(a, "Scope _SB {");
    aml(a, routing);
    aml(a, "Method IQCR byte:9 { Name PRR0");
    aml_res_begin(a);
    aml_res_interrupt(a, none, 1);
    aml_res_end(a);
    aml(a, "CreateDWordField PRR0 0x05 PRRI If LLess Arg0 0x80 { Store Arg0 PRRI } Return PRR0 }");
    for (unsigned i = 0; i < 4; i++) {
        amlf(a, "Device LNK%c { Name _HID EisaId:PNP0C0F Name _UID %u Name _PRS", 'A' + i, i);
        aml_res_begin(a);
        aml_res_interrupt(a, choices, G_N_ELEMENTS(choices));
        aml_res_end(a);
        amlf(a,
             "Method _STA byte:0 { Return IQST PRQ%u } Method _DIS byte:0 { Or PRQ%u 0x80 PRQ%u }"
             " Method _CRS byte:0 { Return IQCR PRQ%u }"
             " Method _SRS byte:1 { CreateDWordField Arg0 0x05 PRRI Store PRRI PRQ%u } }",
             i, i, i, i, i);
    }
    aml(a, "Device LNKS { Name _HID EisaId:PNP0C0F Name _UID 0x04 Name _PRS");
    aml_res_begin(a);
    aml_res_interrupt(a, sci, 1);
    aml_res_end(a);
    aml(a, "Method _STA byte:0 { Return 0x0b } Method _DIS byte:0 { }"
           " Method _CRS byte:0 { Return _PRS } Method _SRS byte:1 { } } }");
}

static void put_hpet(Aml *a)
{
    aml(a, "Scope _SB { Device HPET { Name _HID EisaId:PNP0103 Name _UID Zero"
           " OperationRegion HPTM byte:0 0xfed00000 0x400 Field HPTM byte:0x13 { VEND:32 PRD:32 }"
           " Method _STA byte:0 { Store VEND Local0 Store PRD Local1 ShiftRight Local0 0x10 Local0"
           "  If LOr LEqual Local0 Zero LEqual Local0 0xffff { Return Zero }"
           "  If LOr LEqual Local1 Zero LGreater Local1 0x05f5e100 { Return Zero } Return 0x0f }"
           " Name _CRS");
    aml_res_begin(a);
    aml_res_mem32(a, 0xfed00000, 0x400);
    aml_res_end(a);
    aml(a, "} }");
}

/* ---- Processors */

static const char cpu_methods[] =
    "Method CSTA byte:9 { Acquire \\_SB.PCI0.PRES.CPLK word:0xffff Store Arg0 \\_SB.PCI0.PRES.CSEL"
    " Store Zero Local0 If LEqual \\_SB.PCI0.PRES.CPEN One { Store 0x0f Local0 }"
    " Release \\_SB.PCI0.PRES.CPLK Return Local0 }"
    "Method CEJ0 byte:9 { Acquire \\_SB.PCI0.PRES.CPLK word:0xffff Store Arg0 \\_SB.PCI0.PRES.CSEL"
    " Store One \\_SB.PCI0.PRES.CEJ0 Release \\_SB.PCI0.PRES.CPLK }"
    "Method COST byte:0x0c { Acquire \\_SB.PCI0.PRES.CPLK word:0xffff Store Arg0 "
    "\\_SB.PCI0.PRES.CSEL"
    " Store One \\_SB.PCI0.PRES.CCMD Store Arg1 \\_SB.PCI0.PRES.CDAT"
    " Store 0x02 \\_SB.PCI0.PRES.CCMD Store Arg2 \\_SB.PCI0.PRES.CDAT Release \\_SB.PCI0.PRES.CPLK "
    "}";

/* Looks for processors that came (told in one go at the end) or are asked to go. %u: how many there
 * may be. */
static const char cpu_scan[] =
    "Method CSCN byte:8 { Acquire \\_SB.PCI0.PRES.CPLK word:0xffff Name CNEW Package byte:0xff { }"
    " Store Zero Local3 Store One Local4"
    " While LEqual Local4 One { Store Zero Local4 Store One Local0 Store Zero Local1"
    "  While LAnd LEqual Local0 One LLess Local3 %u { Store Zero Local0"
    "   Store Local3 \\_SB.PCI0.PRES.CSEL Store Zero \\_SB.PCI0.PRES.CCMD"
    "   If LLess \\_SB.PCI0.PRES.CDAT Local3 { Break }"
    "   If LEqual Local1 0xff { Store One Local4 Break }"
    "   Store \\_SB.PCI0.PRES.CDAT Local3"
    "   If LEqual \\_SB.PCI0.PRES.CINS One {"
    "    Store Local3 Index CNEW Local1 Zero Increment Local1 Store One Local0 }"
    "   Else { If LEqual \\_SB.PCI0.PRES.CRMV One {"
    "    CTFY Local3 0x03 Store One \\_SB.PCI0.PRES.CRMV Store One Local0 } }"
    "   Increment Local3 }"
    "  Store Zero Local2"
    "  While LLess Local2 Local1 { Store DerefOf Index CNEW Local2 Zero Local3 CTFY Local3 One"
    "   Store Local3 \\_SB.PCI0.PRES.CSEL Store One \\_SB.PCI0.PRES.CINS Increment Local2 } }"
    " Release \\_SB.PCI0.PRES.CPLK }";

static void put_cpu(Aml *a, unsigned i, uint32_t apic_id)
{
    uint8_t mat[8] = { 0, 8, (uint8_t)i, (uint8_t)apic_id, 1, 0, 0, 0 };

    amlf(a,
         "Processor C%03X byte:%u dword:0 byte:0 { Method _STA byte:8 { Return CSTA %u } Name _MAT",
         i, i, i);
    aml_bytes(a, mat, sizeof(mat));
    if (i != 0) {
        amlf(a, "Method _EJ0 byte:1 { CEJ0 %u }", i);
    }
    amlf(a, "Method _OST byte:0x0b { COST %u Arg0 Arg1 Arg2 } }", i);
}

static void put_cpus(Aml *a, const AcpiBoard *b)
{
    aml(a, "Scope _SB { Device \\_SB.PCI0.PRES { Name _HID EisaId:PNP0A06"
           " Name _UID \"CPU Hotplug resources\" Mutex CPLK byte:0 Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, ACPI_CPUHP_BASE, 1, ACPI_CPUHP_LEN);
    aml_res_end(a);
    amlf(a,
         "OperationRegion PRST byte:1 0x%x 0x0c"
         " Field PRST byte:0x41 { -:32 CPEN:1 CINS:1 CRMV:1 CEJ0:1 CEJF:1 -:3 CCMD:8 }"
         " Field PRST byte:0x03 { CSEL:32 -:32 CDAT:32 }"
         " Method _INI byte:8 { Store Zero CSEL } }",
         ACPI_CPUHP_BASE);
    aml(a,
        "Device \\_SB.CPUS { Name _HID \"ACPI0010\" Name _CID EisaId:PNP0A05 Method CTFY byte:2 {");
    for (unsigned i = 0; i < b->cpus; i++) {
        amlf(a, "If LEqual Arg0 %u { Notify C%03X Arg1 }", i, i);
    }
    aml(a, "}");
    aml(a, cpu_methods);
    amlf(a, cpu_scan, b->cpus);
    for (unsigned i = 0; i < b->cpus; i++) {
        put_cpu(a, i, b->apic_ids[i]);
    }
    aml(a, "} } Method \\_GPE._E02 byte:0 { \\_SB.CPUS.CSCN }");
}

/* ---- PCI windows and board resources */

static void put_pci_resources(Aml *a, const AcpiBoard *b)
{
    aml(a, "Scope \\_SB.PCI0 { Name _CRS");
    aml_res_begin(a);
    aml_res_bus(a, 0, 0xff);
    aml_res_io(a, 0xcf8, 1, 8);
    aml_res_word_io(a, 0, 0xcf7);
    aml_res_word_io(a, 0xd00, 0xffff);
    aml_res_mem(a, 4, 0xa0000, 0xbffff, true);
    aml_res_mem(a, 4, b->hole_start, b->hole_end - 1, false);
    aml_res_mem(a, 8, b->hole64_start, b->hole64_start + b->hole64_size - 1, true);
    aml_res_end(a);
    aml(a, "Device GPE0 { Name _HID \"PNP0A06\" Name _UID \"GPE0 resources\" Name _STA 0x0b Name "
           "_CRS");
    aml_res_begin(a);
    aml_res_io(a, ACPI_GPE0_BASE, 1, ACPI_GPE0_LEN);
    aml_res_end(a);
    aml(a,
        "} Device PHPR { Name _HID \"PNP0A06\" Name _UID \"PCI Hotplug resources\" Name _STA 0x0b"
        " Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, ACPI_PCIHP_BASE, 1, ACPI_PCIHP_LEN);
    aml_res_end(a);
    aml(a, "} }");
}

static void put_sleep(Aml *a, const AcpiBoard *b)
{
    aml(a, "Scope \\ {");
    if (!b->s3_off) {
        aml(a, "Name _S3 Package byte:4 { One One Zero Zero }");
    }
    if (!b->s4_off) {
        amlf(a, "Name _S4 Package byte:4 { %u %u Zero Zero }", b->s4_val, b->s4_val);
    }
    aml(a, "Name _S5 Package byte:4 { Zero Zero Zero Zero } }");
    aml(a, "Scope \\_SB.PCI0 { Device FWCF { Name _HID \"QEMU0002\" Name _STA 0x0b Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, 0x510, 1, 0x0c);
    aml_res_end(a);
    aml(a, "} }");
}

/* ---- Legacy devices, below the ISA bridge */

static void put_serial(Aml *a, unsigned n, uint16_t port, unsigned irq)
{
    amlf(a, "Device COM%u { Name _HID EisaId:PNP0501 Name _UID %u Name _STA 0x0f Name _CRS", n, n);
    aml_res_begin(a);
    aml_res_io(a, port, 0, 8);
    aml_res_irq(a, irq);
    aml_res_end(a);
    aml(a, "}");
}

static void put_keyboard(Aml *a)
{
    aml(a, "Device KBD { Name _HID EisaId:PNP0303 Name _STA 0x0f Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, 0x60, 1, 1);
    aml_res_io(a, 0x64, 1, 1);
    aml_res_irq(a, 1);
    aml_res_end(a);
    aml(a, "} Device MOU { Name _HID EisaId:PNP0F13 Name _STA 0x0f Name _CRS");
    aml_res_begin(a);
    aml_res_irq(a, 12);
    aml_res_end(a);
    aml(a, "}");
}

/* Drive information as INT 13h, AH=08h gives it: type, cylinders, sectors, heads, then its
 * parameter table. */
static void put_floppy_drive(Aml *a, unsigned n, uint8_t type)
{
    unsigned last_cyl = 79, secs = type == 5 ? 0x30 : type == 2 ? 15 : 18;

    amlf(a,
         "Device FLP%c { Name _ADR %u Name _FDI Package byte:16 { %u %u %u %u One"
         " 0xaf 0x02 0x25 0x02 0x12 0x1b 0xff 0x6c 0xf6 0x0f 0x08 } }",
         'A' + n, n, n, type, last_cyl, secs);
}

static void put_floppy(Aml *a, const AcpiBoard *b)
{
    uint8_t fde[20] = { 0 };

    aml(a, "Device FDC0 { Name _HID EisaId:PNP0700 Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, 0x3f2, 0, 4);
    aml_res_io(a, 0x3f7, 0, 1);
    aml_res_irq(a, 6);
    aml_res_dma(a, 2);
    aml_res_end(a);
    for (unsigned i = 0; i < 2; i++) {
        if (b->floppy[i] != 0) {
            fde[4 * i] = 1;
            put_floppy_drive(a, i, b->floppy[i]);
        }
    }
    fde[16] = 2;
    aml(a, "Name _FDE");
    aml_bytes(a, fde, sizeof(fde));
    aml(a, "}");
}

static void put_isa(Aml *a, const AcpiBoard *b)
{
    aml(a, "OperationRegion P40C byte:2 0x60 0x04 Scope \\_SB {"
           " Field PCI0.S08.P40C byte:1 { PRQ0:8 PRQ1:8 PRQ2:8 PRQ3:8 } }");
    if (b->keyboard) {
        put_keyboard(a);
    }
    if (b->fdc) {
        put_floppy(a, b);
    }
    if (b->parallel) {
        aml(a, "Device LPT1 { Name _HID EisaId:PNP0400 Name _UID One Name _STA 0x0f Name _CRS");
        aml_res_begin(a);
        aml_res_io(a, 0x378, 8, 8);
        aml_res_irq(a, 7);
        aml_res_end(a);
        aml(a, "}");
    }
    if (b->serial[1]) {
        put_serial(a, 2, 0x2f8, 3);
    }
    if (b->serial[0]) {
        put_serial(a, 1, 0x3f8, 4);
    }
    aml(a, "Device RTC { Name _HID EisaId:PNP0B00 Name _CRS");
    aml_res_begin(a);
    aml_res_io(a, 0x70, 1, 8);
    aml_res_irq(a, 8);
    aml_res_end(a);
    aml(a, "}");
}

/* ---- Slots */

static void put_slot(Aml *a, const AcpiBoard *b, unsigned slot)
{
    amlf(a, "Device S%02X { Name _ADR 0x%x Name ASUN %u" SLOT_DSM, slot << 3, slot << 16, slot);
    if (slot == 1) {
        put_isa(a, b);
    }
    if (b->vga_slots >> slot & 1) {
        aml(a, "Method _S1D byte:0 { Return Zero } Method _S2D byte:0 { Return Zero }"
               " Method _S3D byte:0 { Return Zero }");
    }
    if (b->hotplug_slots >> slot & 1) {
        amlf(a, "Name _SUN %u Method _EJ0 byte:1 { PCEJ BSEL _SUN }", slot);
    }
    aml(a, "}");
}

static void put_slots(Aml *a, const AcpiBoard *b)
{
    aml(a, "Scope \\_SB { Scope PCI0 { Name BSEL Zero");
    for (unsigned i = 0; i < 32; i++) {
        put_slot(a, b, i);
    }
    aml(a, "Method DVNT byte:2 {");
    for (unsigned i = 0; i < 32; i++) {
        if (b->hotplug_slots >> i & 1) {
            amlf(a, "If And Arg0 0x%x Zero { Notify S%02X Arg1 }", 1u << i, i << 3);
        }
    }
    aml(a, "} Method PCNT byte:0 { Store Zero BNUM DVNT PCIU One DVNT PCID 0x03 } } }"
           "Scope _GPE { Method _E01 byte:0 { Acquire \\_SB.PCI0.BLCK word:0xffff \\_SB.PCI0.PCNT"
           " Release \\_SB.PCI0.BLCK } }");
}

GByteArray *acpi_dsdt(const AcpiBoard *b)
{
    Aml a;

    aml_init(&a);
    aml(&a, debug_port);
    aml(&a, pci_root);
    put_links(&a);
    if (b->hpet) {
        put_hpet(&a);
    }
    aml(&a, "Scope _GPE { Name _HID \"ACPI0006\" }");
    put_cpus(&a, b);
    put_pci_resources(&a, b);
    put_sleep(&a, b);
    put_slots(&a, b);
    return aml_fini(&a);
}
