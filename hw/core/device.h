/* SPDX-License-Identifier: GPL-2.0-or-later */
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

typedef enum DeviceCategory { DEV_BRIDGE, DEV_USB, DEV_STORAGE, DEV_NETWORK, DEV_INPUT,
                              DEV_DISPLAY, DEV_SOUND, DEV_MISC, DEV_CPU, DEV_WATCHDOG } DeviceCategory;
typedef enum ResetKind { RESET_COLD, RESET_WARM, RESET_BUS } ResetKind;

typedef struct BusType {
    const char *name;               /* as -device help prints it: "PCI", "ISA", "usb-bus" */
    bool (*attach)(Bus *bus, Device *dev, GError **errp);   /* before realize: pick the address */
    void (*detach)(Bus *bus, Device *dev);
    char *(*address)(const Device *dev);                    /* "02.0", for ids and firmware paths */
} BusType;

typedef struct DeviceType {
    ObjType type;                   /* first: a DeviceType is an ObjType */
    const BusType *bus;             /* NULL: only a board creates it */
    const void *bus_info;           /* read by the bus: PciInfo, UsbInfo, VirtioInfo ... */
    DeviceCategory category;
    bool hotpluggable;
    bool (*realize)(Device *dev, GError **errp);    /* every level, base first; no super calls */
    void (*unrealize)(Device *dev);                 /* every level, derived first */
    void (*reset)(Device *dev, ResetKind kind);     /* every level, base first */
    void (*aml)(const Device *dev, Aml *scope);
    const VmState *vmstate;
} DeviceType;

struct Device {
    Object obj;
    const DeviceType *type;
    Vm *vm;                         /* the only way to reach the machine: no global */
    Bus *bus;
    char *id;
    bool realized;
};

#define DEVICE_REGISTER(t) SET_ADD(types, ObjType, t, &(t).type)
extern const DeviceType device_base;

Device *device_new(const DeviceType *type, Vm *vm, const char *id);
bool device_realize(Device *dev, Bus *bus, GError **errp);  /* on failure dev is as before */
bool device_unplug(Device *dev, GError **errp);

#endif
