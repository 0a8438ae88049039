# SPDX-License-Identifier: GPL-2.0-or-later
# make            build (installs missing packages on Debian, configures, compiles)
# make demo       boot Debian's kernel to a shell in this terminal; "poweroff" in it ends it
# make check      the tests
# make check-sanitizers  unit, device, instruction, guest and program tests with ASan and UBSan
# make check-tsan  unit, device and program tests with ThreadSanitizer
# make check-boot boots real guests (Debian, installer, memtest86+, GRUB), fetched from Debian
# make check-libvirt  Debian's libvirt drives the program (EMULATOR=... another one)
# make check-gcc, make check-clang  compile everything; warnings are errors
# make check-monitor-long  10,000 clients of the monitor that vanish, 64 MB of garbage of each kind
# make surface    how much of what QEMU 7.2 shows to programs is equal, different, absent
# make fuzz       two million random register accesses under the sanitizers
# make fuzz-monitor  libFuzzer (clang, ASan, UBSan) on QMP, the human monitor and the gdb server: FUZZ_SECONDS each
# make install    into the prefix (DESTDIR is respected)
# make docs       the manual as HTML in build/docs

BUILD ?= build
NINJA ?= ninja
PROGRAM = $(BUILD)/qemu-system-x86_64
GUESTS = $(BUILD)/guests

.PHONY: all demo check check-quick check-gcc check-clang check-sanitizers check-fuzz check-boot \
	check-boot-short check-libvirt check-monitor-long check-tsan build-asan fuzz fuzz-monitor bench-monitor surface install docs clean distclean packages-%

all: $(BUILD)/build.ninja
	@$(NINJA) -C $(BUILD)

packages-%:
	@tools/packages.sh $*

$(BUILD)/build.ninja: | packages-build
	@if [ "$(BUILD)" = build ]; then ./configure; else cd $(BUILD) && $(CURDIR)/configure; fi

demo: | packages-demo
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS) demo
	@echo "Booting. \"poweroff\" ends it; Ctrl-A x kills it; Ctrl-A c is the monitor."
	@$(PROGRAM) -m 512 -nographic -no-reboot -cpu max -kernel $(GUESTS)/vmlinuz-amd64 \
		-initrd $(GUESTS)/initramfs-amd64.gz -append "console=ttyS0 quiet"

check: | packages-check
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS) demo || echo "no guest to boot: that test will be skipped"
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs

# Real guests, fetched from Debian once, each also with -d and started with -S: about fifteen minutes.
check-boot: | packages-check
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS)
	@tests/boot/boot.py --emulator $(PROGRAM) --guests $(GUESTS) --modes plain,log,paused

# The quick ones of them, without what debootstrap makes.
check-boot-short: | packages-check
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS) short
	@tests/boot/boot.py --emulator $(PROGRAM) --guests $(GUESTS) --short

EMULATOR = $(PROGRAM)
check-libvirt: | packages-interop
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS) short
	@tests/interop/libvirt.py --emulator $(EMULATOR) --guests $(GUESTS)

check-gcc: | packages-build
	@./configure --enable-werror
	@$(NINJA) -C build -k 0

check-clang: | packages-check
	@[ -f build-clang/build.ninja ] || CC=clang meson setup build-clang -Dwerror=true
	@$(NINJA) -C build-clang -k 0

# Leaks are looked for where the program ends by freeing what it has: in the unit tests.
SANITIZE = ASAN_OPTIONS=abort_on_error=0:detect_leaks=$(1) UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
TEST_ASAN = meson test -C build-asan --no-rebuild --print-errorlogs --timeout-multiplier 5

build-asan: | packages-check
	@[ -f build-asan/build.ninja ] || meson setup build-asan -Db_sanitize=address,undefined \
		-Db_lundef=false -Doptimization=1
	@$(NINJA) -C build-asan

check-sanitizers: build-asan
	@status=0; $(call SANITIZE,1) $(TEST_ASAN) --logbase testlog-unit --suite unit || status=1; \
	$(call SANITIZE,0) $(TEST_ASAN) --suite qtest --suite insn --suite guest --suite system || status=1; \
	exit $$status

# All bare-metal programs in all modes of the translator, with one and four vCPUs, and 20 million random instructions.
.PHONY: matrix
matrix: all
	@tests/guest/run.py --qemu $(PROGRAM) --matrix
	@$(BUILD)/tests/insn/test_insn --random 20

# An hour of a guest that means harm, under the sanitizers. HOSTILE="--seconds N --seed N"
HOSTILE = --seconds 3600
.PHONY: hostile
hostile: build-asan
	@$(call SANITIZE,0) tests/hostile/hostile.py --qemu build-asan/qemu-system-x86_64 $(HOSTILE)

# Data races in what threads share: unit tests, device models, the run loop with four vCPUs. The search for lock
# inversions is off: the one of gcc 12 ends itself when a thread holds many locks.
TSAN = TSAN_OPTIONS=halt_on_error=1:detect_deadlocks=0:suppressions=$(CURDIR)/tests/tsan.supp
check-tsan: | packages-check
	@[ -f build-tsan/build.ninja ] || meson setup build-tsan -Db_sanitize=thread -Db_lundef=false \
		-Doptimization=1
	@$(NINJA) -C build-tsan
	@status=0; $(TSAN) meson test -C build-tsan --no-rebuild --print-errorlogs --timeout-multiplier 5 \
		--suite unit --suite qtest --suite system || status=1; \
	$(TSAN) python3 tests/guest/run.py --qemu build-tsan/qemu-system-x86_64 --accel tcg,tier=0 smp_order || status=1; \
	exit $$status

check-monitor-long: all
	@KITE_LONG=1 python3 tests/system/test_qmp_wire.py $(CURDIR)/$(PROGRAM)

FUZZ = cd build-asan && $(call SANITIZE,0) ../tests/fuzz/regs.py --binary ./qemu-system-x86_64

check-fuzz: build-asan
	@$(FUZZ) --count 500000
	@$(call SANITIZE,0) python3 tests/fuzz/monitor.py build-asan/qemu-system-x86_64
	@$(call SANITIZE,0) python3 tests/fuzz/qmp.py build-asan/qemu-system-x86_64
	@$(call SANITIZE,0) python3 tests/fuzz/gdb.py build-asan/qemu-system-x86_64

fuzz: build-asan
	@$(FUZZ) --count 2000000

FUZZ_SECONDS = 600
FUZZERS = qmp hmp gdb
fuzz-monitor: | packages-check
	@[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
	@$(NINJA) -C build-fuzz $(FUZZERS:%=tests/fuzz/fuzz-%)
	@tests/fuzz/fuzz.py --seconds $(FUZZ_SECONDS) $(FUZZERS:%=build-fuzz/tests/fuzz/fuzz-%)

surface: all
	@python3 tests/surface/all.py $(PROGRAM)

bench-monitor: all
	@python3 tests/bench/monitor.py $(PROGRAM) qemu-system-x86_64

check-quick: all
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --suite unit --suite system

install: all
	@meson install -C $(BUILD) --no-rebuild

docs: | packages-docs
	@sphinx-build -q -W -b html docs $(BUILD)/docs
	@echo "$(BUILD)/docs/index.html"

clean:
	@if [ -f $(BUILD)/build.ninja ]; then $(NINJA) -C $(BUILD) clean; fi

distclean:
	@rm -rf build build-fuzz build-asan build-tsan build-clang build-ci
