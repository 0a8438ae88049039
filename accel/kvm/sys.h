/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few system calls the KVM accelerator makes, behind one table, so that tests can put a made-up kernel in
 * its place. Every function returns -errno when it fails. Private to accel/kvm, target/i386 and tests. */
#ifndef ACCEL_KVM_SYS_H
#define ACCEL_KVM_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct KvmSys {
    int (*open)(const char *path);
    int (*ioctl)(int fd, unsigned long request, void *arg);     /* arg: pointer or number */
    void *(*map)(int fd, size_t size, size_t offset);           /* NULL: errno is set */
    void (*unmap)(void *p, size_t size);
    int64_t (*read_at)(int fd, void *buf, size_t n, uint64_t offset);
    void (*close)(int fd);
    void (*signal)(int tid);                                    /* async-signal-safe */
    int (*permit)(unsigned component);      /* guests may use this part of XSAVE's area, larger than usual */
    bool (*virtualizes)(void);      /* guest code runs on the processor; else KVM interprets some of it */
} KvmSys;

extern const KvmSys kvm_sys_linux;
/* What is in use; a test replaces it before the accelerator is made. */
extern const KvmSys *kvm_sys;

#define KVM_ARG(n) ((void *)(uintptr_t)(n))

#endif
