/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real system calls behind KvmSys. */
#include "accel/kvm/sys.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sys_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int sys_ioctl(int fd, unsigned long request, void *arg)
{
    int r = ioctl(fd, request, arg);

    return r < 0 ? -errno : r;
}

static void *sys_map(int fd, size_t size, size_t offset)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

    return p == MAP_FAILED ? NULL : p;
}

static void sys_unmap(void *p, size_t size) { munmap(p, size); }

static int64_t sys_read_at(int fd, void *buf, size_t n, uint64_t offset)
{
    ssize_t r = pread(fd, buf, n, (off_t)offset);

    return r < 0 ? -errno : r;
}

static void sys_close(int fd) { close(fd); }

static void sys_signal(int tid)
{
    int saved = errno;

    syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
    errno = saved;
}

static int sys_permit(unsigned component)
{
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_GUEST_PERM, component) < 0 ? -errno : 0;
}

/* VMX in leaf 1, SVM in leaf 8000_0001 (SDM vol. 2A, CPUID; APM vol. 3, appendix E). */
static bool sys_virtualizes(void)
{
    unsigned a, b, c, d;

    return (__get_cpuid(1, &a, &b, &c, &d) && (c >> 5 & 1)) ||
           (__get_cpuid(0x80000001, &a, &b, &c, &d) && (c >> 2 & 1));
}

const KvmSys kvm_sys_linux = {
    .open = sys_open, .ioctl = sys_ioctl, .map = sys_map, .unmap = sys_unmap, .read_at = sys_read_at,
    .close = sys_close, .signal = sys_signal, .virtualizes = sys_virtualizes, .permit = sys_permit,
};
const KvmSys *kvm_sys = &kvm_sys_linux;
