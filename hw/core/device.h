/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices and buses. A device is made (device_new), set up by properties, realized (put on its bus
 * and into the machine), reset, and at last unrealized and freed. The core calls every level of a
 * type's ancestry for realize, reset and unrealize: nobody calls his parent's. All under the VM
 * lock. */
#ifndef HW_CORE_DEVICE_H
#define HW_CORE_DEVICE_H

#include "hw/core/irq.h"
#include "hw/core/memory.h"
#include "hw/core/object.h"
#include "hw/core/vmstate.h"

typedef struct Device Device;
typedef struct Bus Bus;
typedef struct Vm Vm;
typedef struct Aml Aml;

typedef enum DeviceCategory {
    DEV_BRIDGE,
    DEV_USB,
    DEV_STORAGE,
    DEV_NETWORK,
    DEV_INPUT,
    DEV_DISPLAY,
    DEV_SOUND,
    DEV_MISC,
    DEV_CPU,
    DEV_WATCHDOG,
    DEV_CATEGORIES
} DeviceCategory;
typedef enum ResetKind { RESET_COLD, RESET_WARM, RESET_BUS } ResetKind;

/* A BusType is an ObjType; its name is what -device help prints: "PCI", "ISA", "usb-bus". Devices
 * of a parent bus type fit too ("PCIE" has parent "PCI"). */
typedef struct BusType {
    ObjType type;
    unsigned max_devices;                                 /* 0: no limit */
    bool (*attach)(Bus *bus, Device *dev, GError **errp); /* before realize: pick the address */
    void (*detach)(Bus *bus, Device *dev);
    char *(*address)(const Device *dev);  /* "02.0", for ids and firmware paths */
    char *(*dev_path)(const Device *dev); /* "0000:00:02.0": RAM and section names */
    char *(*fw_path)(const Device *dev);  /* "pci@i0cf8/ide@1,1": boot order */
    void (*print)(const Device *dev, GString *out, int indent); /* info qtree: bus's own lines */
    void (*reset)(Bus *bus, ResetKind kind);                    /* after its devices */
} BusType;

/* Who tells the guest that a device came or is to go. */
typedef struct HotplugOps {
    void (*plugged)(void *opaque, Device *dev); /* realized, reset */
    /* Asks the guest; it lets go later: device_unplug_done(). */
    bool (*request)(void *opaque, Device *dev, GError **errp);
} HotplugOps;

struct Bus {
    Object obj; /* its parent is the device that provides the bus */
    const BusType *type;
    Vm *vm;
    Device *owner;      /* NULL: the machine */
    char *name;         /* "pci.0": what bus= takes */
    GPtrArray *devices; /* in order of attachment, not owned */
    bool hotplug;       /* device_add is possible after the machine is up */
    const HotplugOps *hotplug_ops; /* NULL: devices come and go at once */
    void *hotplug_opaque;
};

typedef struct DeviceType {
    ObjType type;         /* first: a DeviceType is an ObjType */
    const BusType *bus;   /* NULL: the parent's; none at all: only a board creates it */
    const void *bus_info; /* read by the bus: PciInfo, UsbInfo, VirtioInfo ... */
    DeviceCategory category;
    bool hotpluggable;
    bool (*realize)(Device *dev, GError **errp); /* every level, base first; no super calls */
    void (*unrealize)(Device *dev);              /* every level, derived first */
    void (*reset)(Device *dev, ResetKind kind);  /* every level, base first */
    void (*aml)(const Device *dev, Aml *scope);
    const VmState *vmstate; /* NULL: the nearest ancestor's */
    size_t vmstate_at;      /* where in the device the struct begins that its rows describe */
    const char *fw_name;    /* "ide", "ethernet": firmware path */
} DeviceType;

typedef struct GpioIn {
    char *name;
    IrqHandler *fn;
    void *opaque;
    unsigned n, base;     /* base: number of its first pin among those of the same name */
    IrqHandler *listener; /* told of every change too (qtest); NULL */
    void *listener_opaque;
} GpioIn;
typedef struct GpioOut {
    char *name;
    Irq *pins;
    unsigned n;
} GpioOut;

struct Device {
    Object obj;
    const DeviceType *type;
    Vm *vm; /* the only way to reach the machine: no global */
    Bus *bus;
    char *id; /* given by the user; NULL */
    bool realized, hotplugged, user_made;
    bool in_io;         /* one of its I/O callbacks runs: DMA back into it is refused */
    GPtrArray *buses;   /* of Bus *, that it provides */
    GPtrArray *gpio_in; /* of GpioIn * */
    GArray *gpio_out;   /* of GpioOut */
    GPtrArray *mmio;    /* of MemRegion *, board devices: see device_add_mmio() */
    uint32_t instance;  /* vmstate instance of the same name; set on realize */
    Json *opts;         /* what the user gave; NULL for board devices */
};

#define DEVICE_REGISTER(t) SET_ADD(types, ObjType, t, &(t).type)
#define BUS_REGISTER(t)    SET_ADD(types, ObjType, t, &(t).type)
extern const DeviceType device_base; /* "device", abstract */
/* "sys-bus-device", abstract: placed by the board, on main-system-bus */
extern const DeviceType sysbus_device;
extern const BusType bus_base;   /* "bus", abstract */
extern const BusType system_bus; /* "System" */

/* ---- Types. All inherited values resolved. */
const DeviceType *device_type_find(const char *name); /* NULL: no such device; aliases resolved */
const BusType *device_type_bus(const DeviceType *t);
const void *device_type_bus_info(const DeviceType *t);
const VmState *device_type_vmstate(const DeviceType *t);
void *device_vmstate_obj(Device *dev); /* what those rows are applied to */
static inline const DeviceType *device_type_of(const ObjType *t)
{
    return (const DeviceType *)t;
}
Device *device_from_object(Object *obj); /* NULL: not a device */
bool device_is_a(const Device *dev, const DeviceType *t);

/* Other names of a device type: "e1000-82540em" -> "e1000", "virtio-blk" -> "virtio-blk-pci". */
typedef struct DeviceAlias {
    const char *alias, *name;
} DeviceAlias;
SET_DECLARE(device_aliases, DeviceAlias);
#define DEVICE_ALIAS_REGISTER(a) SET_ADD(device_aliases, DeviceAlias, a, &(a))

/* ---- Life */
/* Defaults, then the machine's compat properties, then -global. id NULL: none; copied. Never NULL.
 */
Device *device_new(const DeviceType *type, Vm *vm, const char *id);
/* A part embedded in another device (memory zeroed, the parent's struct). The parent realizes it.
 */
void device_init_part(Device *part, const DeviceType *type, Device *parent, const char *name);
/* bus NULL: for types without a bus, or the first bus of the right type. Gives it a place in the
 * tree when it has none: /machine/peripheral/ID, /machine/peripheral-anon/device[N] for user-made
 * ones, else /machine/unattached/device[N]. On failure dev is as before and still the caller's. */
bool device_realize(Device *dev, Bus *bus, GError **errp);
/* Board shorthand: device_realize that must work or names the device in the error. */
Device *device_create(const DeviceType *type, Vm *vm, Bus *bus, GError **errp);
/* Unrealize with everything below it, take it off its bus and out of the tree. Not freed. */
void device_unrealize(Device *dev);
/* device_del: refuses what cannot be unplugged; frees it when it went at once. */
bool device_unplug(Device *dev, GError **errp);
/* The guest has let go of it: unrealized, freed, DEVICE_DELETED reported. */
void device_unplug_done(Device *dev);
/* -device and device_add: {"driver": ..., "id": ..., "bus": ..., props}. NULL on error, nothing
 * left. */
Device *device_create_from_json(Vm *vm, const Json *opts, GError **errp);
Device *device_find(Vm *vm, const char *id_or_path, GError **errp); /* error class DeviceNotFound */
char *device_dev_path(const Device *dev); /* BusType.dev_path; NULL when the bus has none */
char *device_idstr(const Device *dev);    /* section name: "0000:00:01.1/ide", "ps2kbd" */
/* "/pci@i0cf8/ide@1,1/drive@0/disk@0"; NULL: not bootable */
char *device_fw_path(const Device *dev);

/* ---- Reset: buses' devices first, then the bus, then dev itself (base level first). */
void device_reset(Device *dev, ResetKind kind);
void bus_reset(Bus *bus, ResetKind kind);

/* ---- Buses */
/* Made by a device while it is realized or initialised; freed with it. name NULL: "<id>.N" or
 * "<lower-case type>.N" as people know it. */
Bus *bus_new(const BusType *type, Device *owner, const char *name);
Bus *bus_new_root(const BusType *type, Vm *vm, const char *name); /* no owning device */
Bus *bus_find(Vm *vm, const char *name, GError **errp);
Bus *bus_find_type(Vm *vm, const BusType *type); /* first with room; NULL */

/* ---- Lines */
/* n input pins. Name NULL: the unnamed ones. Another call with the same name appends pins. */
void device_init_gpio_in(Device *dev, const char *name, IrqHandler *fn, void *opaque, unsigned n);
Irq device_gpio_in(Device *dev, const char *name, unsigned pin); /* unconnected when out of range */
/* Output pins live in dev's struct; registering makes them known to info qtree, qtest and reset. */
void device_init_gpio_out(Device *dev, const char *name, Irq *pins, unsigned n);
void device_connect(Device *dev, const char *name, unsigned pin, Irq to);

/* ---- Board devices ("sysbus"): regions in order, mapped by the board */
void device_add_mmio(Device *dev, MemRegion *r);
void device_map_mmio(Device *dev, unsigned index, GuestAddr at); /* into vm->mem's root */
void device_map_mmio_prio(Device *dev, unsigned index, GuestAddr at, int priority);

/* ---- Data for info qtree and info qom-tree; the layout is theirs. */
void device_print_qtree(Vm *vm, GString *out);
void object_print_tree(Vm *vm, Object *obj, GString *out, int indent);

#endif
