#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's libvirt drives an emulator: capability probe, life cycle, console, inspection, virt-install.

libvirt.py [--emulator FILE] [--guests DIR] [--log FILE] [--list] [STEP ...]

Starts a private libvirtd in session mode (no systemd, no root: as "nobody" when run as root) with folders of its
own, and runs virsh and virt-install against <emulator>FILE</emulator>. Output is TAP, one line a step; with STEP
names only those and what they need. --log keeps libvirtd's log with the whole QMP conversation."""
import argparse, os, pathlib, pty, re, select, shutil, signal, subprocess, sys, tempfile, time

NOBODY = 65534
DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <uuid>e39a1025-87ec-b4ab-b08c-c02b5ce6b5d{number}</uuid>
  <memory unit='KiB'>262144</memory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{dir}/kernel</kernel>
    <initrd>{dir}/initrd</initrd>
    <cmdline>console=ttyS0</cmdline>
  </os>
  <features><acpi/><apic/><pae/></features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <emulator>{emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='{dir}/disk.img'/>
      <target dev='hda' bus='ide'/>
    </disk>
    <disk type='file' device='cdrom'>
      <target dev='hdc' bus='ide'/>
      <readonly/>
    </disk>
    <controller type='usb' index='0' model='none'/>
    <serial type='pty'><target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <video><model type='vga' vram='16384' heads='1'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
"""


PROMPT = r"/ # "


class Failed(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Failed(text)


class Bench:
    """A libvirtd of our own, and the folder it lives in."""

    def __init__(self, emulator, guests, log):
        self.dir = tempfile.mkdtemp(prefix="kv-", dir="/tmp")       # short: socket paths are limited
        self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
        self.env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
                    "HOME": self.dir, "TERM": "dumb", "LIBVIRT_DEFAULT_URI": "qemu:///session", "LIBVIRT_AUTOSTART": "0"}
        for name in ("CONFIG", "CACHE", "DATA", "STATE"):
            self.env[f"XDG_{name}_HOME"] = f"{self.dir}/{name.lower()}"
        self.env["XDG_RUNTIME_DIR"] = f"{self.dir}/run"
        for name in ("config/libvirt", "cache", "data", "state", "run"):
            os.makedirs(f"{self.dir}/{name}")
        self.write("config/libvirt/qemu.conf", 'stdio_handler = "file"\nsecurity_driver = "none"\nnamespaces = []\n'
                   'remember_owner = 0\ncgroup_controllers = []\n')
        self.write("config/libvirt/libvirtd.conf", 'log_filters = "1:qemu.qemu_monitor 3:*"\n'
                   f'log_outputs = "1:file:{self.dir}/log"\n')
        self.emulator, self.keep_log = f"{self.dir}/emulator", log
        self.write("emulator", f'#!/bin/sh\nexec "{emulator}" "$@"\n', 0o755)
        for name, source in (("kernel", "vmlinuz-cloud"), ("initrd", "initramfs-amd64.gz"), ("boot.img", "bootsector.img")):
            shutil.copy(f"{guests}/{source}", f"{self.dir}/{name}")
        shutil.copy(f"{self.dir}/boot.img", f"{self.dir}/cd.iso")
        shutil.copy(f"{self.dir}/boot.img", f"{self.dir}/disk.img")
        for number, name in enumerate(("one", "two"), 1):
            self.write(f"{name}.xml", DOMAIN.format(name=name, number=number, dir=self.dir, emulator=self.emulator))
        if self.as_nobody:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self.dir], check=True)
        self.daemon = self.spawn(["libvirtd", "-f", f"{self.dir}/config/libvirt/libvirtd.conf"], "libvirtd.out")
        self.events = None

    def write(self, name, text, mode=0o644):
        path = pathlib.Path(self.dir, name)
        path.write_text(text)
        path.chmod(mode)

    def spawn(self, argv, out):
        with open(f"{self.dir}/{out}", "wb") as f:
            return subprocess.Popen(argv, env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=f,
                                    stderr=subprocess.STDOUT, **self.as_nobody)

    def run(self, argv, seconds=60):
        try:
            done = subprocess.run(argv, env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=seconds, **self.as_nobody)
        except subprocess.TimeoutExpired as e:
            raise Failed(f"{' '.join(argv)}: no end after {seconds} s") from e
        return done.returncode, done.stdout

    def virsh(self, *args, want="", seconds=60):
        """The output of virsh, which must succeed and match want."""
        status, out = self.run(["virsh", "-q", *args], seconds)
        need(status == 0, f"virsh {' '.join(args)}: status {status}: {out.strip()}")
        need(re.search(want, out), f"virsh {' '.join(args)}: no '{want}' in: {out.strip()[:600]}")
        return out

    def wait_state(self, name, want, seconds=30):
        end = time.monotonic() + seconds
        while True:
            state = self.virsh("domstate", name, "--reason").strip()
            if re.search(want, state):
                return
            need(time.monotonic() < end, f"'{name}' is '{state}', not '{want}'")
            time.sleep(0.2)

    def start_events(self):
        self.events = self.spawn(["stdbuf", "-oL", "virsh", "-q", "event", "--all", "--loop"], "events")

    def event_text(self):
        return pathlib.Path(self.dir, "events").read_text()

    def close(self):
        for name in ("one", "two", "three"):
            self.run(["virsh", "-q", "destroy", name])
        for p in (self.events, self.daemon):
            if p is not None:
                p.terminate()
                try:
                    p.wait(10)
                except subprocess.TimeoutExpired:
                    p.kill()
        if self.keep_log:
            shutil.copy(f"{self.dir}/log", self.keep_log)
        shutil.rmtree(self.dir)


class Console:
    """virsh console on a pty: what a person at a terminal would have."""

    def __init__(self, bench, name):
        self.master, slave = pty.openpty()
        self.text, self.seen = "", 0
        self.process = subprocess.Popen(["virsh", "console", name, "--force"], env=bench.env, cwd=bench.dir, stdin=slave,
                                        stdout=slave, stderr=slave, start_new_session=True, **bench.as_nobody)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.send("\x1d")           # Ctrl-]
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def expect(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while True:
            found = re.compile(pattern).search(self.text, self.seen)
            if found:
                self.seen = found.end()
                return
            need(time.monotonic() < end, f"console: no '{pattern}' in: {self.text[-400:]!r}")
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode("latin-1")
                except OSError:
                    end = 0

    def prompt(self):
        """A fresh prompt; Enter is pressed again when the guest was not listening yet."""
        self.expect("Escape character")
        for last in (False, False, False, True):
            self.send("\r")
            try:
                return self.expect(PROMPT, 20)
            except Failed:
                if last:
                    raise
        return None

    def send(self, text):
        os.write(self.master, text.encode())


STEPS = []


def step(fn):
    STEPS.append(fn)
    return fn


@step
def probe_completes(b):
    end = time.monotonic() + 30
    while b.run(["virsh", "-q", "uri"])[0] != 0:
        need(time.monotonic() < end and b.daemon.poll() is None, "libvirtd does not answer")
        time.sleep(0.2)
    b.virsh("domcapabilities", "--emulatorbin", b.emulator, "--virttype", "qemu", "--machine", "pc",
            want=r"(?s)<machine>pc-i440fx-7.2<.*<mode name='custom' supported='yes'>.*<value>ide</value>")


@step
def probe_is_cached(b):
    files = list(pathlib.Path(b.env["XDG_CACHE_HOME"]).rglob("capabilities/*.xml"))
    need(len(files) >= 1, "no file of capabilities in the cache")
    text = max(files, key=lambda f: f.stat().st_mtime).read_text()
    need("<version>7002" in text, "the cache does not say version 7.2")


@step
def host_capabilities_and_cpu_models(b):
    b.virsh("capabilities", want=r"<capabilities>")
    b.virsh("cpu-models", "x86_64", want=r"(?m)^qemu64$")
    b.virsh("hypervisor-cpu-baseline", f"{b.dir}/cpu.xml", "--virttype", "qemu", "--emulator", b.emulator, "--machine", "pc",
            want=r"<model") if os.path.exists(f"{b.dir}/cpu.xml") else None


@step
def define(b):
    b.virsh("define", f"{b.dir}/one.xml")
    b.virsh("dumpxml", "one", want=r"machine='pc-i440fx-7.2'")
    b.virsh("list", "--all", want=r"one\s+shut off")
    b.virsh("domxml-to-native", "qemu-argv", "--domain", "one", want=r"-nodefaults")
    b.start_events()


@step
def start(b):
    b.virsh("start", "one", want="", seconds=90)
    b.wait_state("one", r"running \(booted\)")


@step
def console_types_into_the_guest(b):
    with Console(b, "one") as c:
        c.prompt()
        c.send("echo sum=$((6*7))\r")
        c.expect("sum=42")


@step
def information(b):
    b.virsh("list", want=r"one\s+running")
    b.virsh("dominfo", "one", want=r"(?s)State:\s+running.*Max memory:\s+262144")
    b.virsh("domid", "one", want=r"\d")
    b.virsh("domuuid", "one", want=r"e39a1025")
    b.virsh("vcpuinfo", "one", want=r"(?s)VCPU:\s+0.*State:\s+running")
    b.virsh("vcpucount", "one", want=r"current\s+live\s+1")
    b.virsh("ttyconsole", "one", want="/dev/pts/")
    b.virsh("domcontrol", "one", want="ok")
    b.virsh("iothreadinfo", "one")
    b.virsh("dumpxml", "one", want=r"<alias name='ide0-0-0'/>")


@step
def statistics(b):
    b.virsh("domstats", "one", want=r"(?s)state.state=1.*cpu.time=\d+.*vcpu.current=1.*block.count=\d")
    b.virsh("domblklist", "one", want=r"hda\s+\S+disk.img")
    b.virsh("domblkinfo", "one", "hda", want=r"Capacity:\s+1474560")
    b.virsh("domblkstat", "one", "hda", want=r"rd_req \d+")
    b.virsh("domblkerror", "one", want="No errors")
    b.virsh("dommemstat", "one", want=r"rss \d+")


@step
def suspend_and_resume(b):
    b.virsh("suspend", "one")
    b.wait_state("one", r"paused \(user\)")
    b.virsh("resume", "one")
    b.wait_state("one", r"running \(unpaused\)")


@step
def monitor_commands(b):
    b.virsh("qemu-monitor-command", "one", '{"execute":"query-status"}', want=r'"status":"running"')
    b.virsh("qemu-monitor-command", "one", "--hmp", "info version", want=r"^7\.2")
    b.virsh("qemu-monitor-command", "one", "--hmp", "info registers", want=r"(RIP|EIP)=")
    b.virsh("qemu-monitor-command", "one", '{"execute":"qom-list","arguments":{"path":"/machine"}}', want="peripheral")


@step
def send_key(b):
    b.virsh("send-key", "one", "KEY_A", "KEY_ENTER")
    b.virsh("send-key", "one", "--codeset", "xt", "--holdtime", "20", "30", "28")


@step
def screenshot(b):
    b.virsh("screenshot", "one", f"{b.dir}/shot", want="")
    with open(f"{b.dir}/shot", "rb") as f:
        head = f.read(4)
    need(head[:2] == b"P6" or head == b"\x89PNG", f"no picture: {head!r}")


@step
def dump_memory(b):
    b.virsh("dump", "one", f"{b.dir}/core", "--memory-only", "--live", seconds=120)
    with open(f"{b.dir}/core", "rb") as f:
        need(f.read(4) == b"\x7fELF", "the dump is no ELF file")
    size = os.path.getsize(f"{b.dir}/core")
    need(size >= 200 << 20, f"the dump has {size} bytes only")
    os.unlink(f"{b.dir}/core")
    b.wait_state("one", "running")


@step
def inject_nmi(b):
    b.virsh("inject-nmi", "one")


@step
def change_media(b):
    b.virsh("change-media", "one", "hdc", f"{b.dir}/cd.iso", "--insert", "--live")
    b.virsh("domblklist", "one", want=r"hdc\s+\S+cd.iso")
    b.virsh("change-media", "one", "hdc", "--eject", "--live", "--force")
    b.virsh("domblklist", "one", want=r"hdc\s+-")


@step
def block_settings(b):
    b.virsh("blkdeviotune", "one", "hda", want=r"total_bytes_sec:\s*0")
    b.virsh("blockresize", "one", "hda", "2M")
    b.virsh("domblkinfo", "one", "hda", want=r"Capacity:\s+2097152")


@step
def libvirtd_restart_finds_the_guest(b):
    b.daemon.terminate()
    b.daemon.wait(20)
    b.daemon = b.spawn(["libvirtd", "-f", f"{b.dir}/config/libvirt/libvirtd.conf"], "libvirtd.out")
    end = time.monotonic() + 30
    while b.run(["virsh", "-q", "uri"])[0] != 0:
        need(time.monotonic() < end, "libvirtd does not answer")
        time.sleep(0.2)
    b.wait_state("one", "running")
    b.start_events()


@step
def reset(b):
    with Console(b, "one") as c:
        c.expect("Escape character")
        b.virsh("reset", "one")
        c.expect("Linux version")
        c.expect(PROMPT)
    b.wait_state("one", "running")


@step
def reboot(b):
    # the power button; when the guest then powers off, libvirt resets it and lets it run again
    with Console(b, "one") as c:
        c.prompt()
        b.virsh("reboot", "one", "--mode", "acpi")
        c.send("poweroff\r")
        c.expect("Linux version")
        c.expect(PROMPT)
    b.wait_state("one", "running")


@step
def shutdown(b):
    b.virsh("shutdown", "one", "--mode", "acpi")
    with Console(b, "one") as c:
        c.prompt()
        c.send("poweroff\r")
        b.wait_state("one", r"shut off \(shutdown\)")


@step
def start_paused_and_destroy(b):
    b.virsh("start", "one", "--paused")
    b.wait_state("one", r"paused")
    b.virsh("resume", "one")
    b.wait_state("one", r"running")
    b.virsh("destroy", "one")
    b.wait_state("one", r"shut off \(destroyed\)")


@step
def events_arrived(b):
    time.sleep(0.5)
    text = b.event_text()
    for want in ("Shutdown", "Stopped", "Started", "Resumed", "reboot"):
        need(want in text, f"no '{want}' among: {text}")


@step
def create_transient(b):
    b.virsh("create", f"{b.dir}/two.xml")
    b.wait_state("two", "running")
    b.virsh("destroy", "two")
    need(b.run(["virsh", "-q", "domstate", "two"])[0] != 0, "the transient domain is still known")


@step
def undefine(b):
    b.virsh("undefine", "one")
    need("one" not in b.virsh("list", "--all"), "still listed")


@step
def virt_install_import(b):
    status, out = b.run(["virt-install", "--virt-type", "qemu", "--name", "three", "--memory", "128", "--import", "--disk",
                         f"path={b.dir}/boot.img,format=raw,bus=ide", "--osinfo", "detect=on,require=off", "--graphics",
                         "none", "--network", "none", "--console", "pty", "--noautoconsole", "--memballoon", "none",
                         "--controller", "usb,model=none", "--rng", "none", "--channel", "none", "--machine", "pc",
                         "--xml", f"./devices/emulator={b.emulator}"], 120)
    need(status == 0, f"virt-install: status {status}: {out}")
    b.wait_state("three", "running")
    b.virsh("dumpxml", "three", want=re.escape(b.emulator))
    b.virsh("destroy", "three")
    b.virsh("undefine", "three")


# Without these the rest makes no sense.
ESSENTIAL = {"probe_completes", "define", "start"}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--emulator", default="build/qemu-system-x86_64")
    ap.add_argument("--guests", default="build/guests")
    ap.add_argument("--log", help="keep libvirtd's log here")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("steps", nargs="*")
    a = ap.parse_args()
    todo = [s for s in STEPS if not a.steps or s.__name__ in a.steps or s.__name__ in ESSENTIAL]
    if a.list:
        print("\n".join(s.__name__ for s in STEPS))
        return 0
    print(f"1..{len(todo)}")
    if not all(shutil.which(x) for x in ("libvirtd", "virsh")):
        for n, s in enumerate(todo, 1):
            print(f"ok {n} - {s.__name__} # SKIP no libvirt here (tools/packages.sh interop)")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))       # so that the daemon ends too
    bench = Bench(os.path.abspath(a.emulator), os.path.abspath(a.guests), a.log)
    bad, gone = 0, None
    try:
        for n, s in enumerate(todo, 1):
            start_time = time.monotonic()
            try:
                need(gone is None, f"not tried: {gone} failed")
                s(bench)
                print(f"ok {n} - {s.__name__} ({time.monotonic() - start_time:.1f} s)", flush=True)
            except Failed as e:
                bad += 1
                print(f"not ok {n} - {s.__name__}\n# " + str(e).replace("\n", "\n# "), flush=True)
                gone = s.__name__ if s.__name__ in ESSENTIAL and gone is None else gone
    finally:
        bench.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
