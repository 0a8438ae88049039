# SPDX-License-Identifier: GPL-2.0-or-later
# make            build (installs missing packages on Debian, configures, compiles)
# make demo       boot Debian's kernel to a shell in this terminal; "poweroff" in it ends it
# make check      all tests that need no network
# make check-sanitizers  unit, device, instruction and program tests with ASan and UBSan
# make check-boot boots real guests (Debian, installer, memtest86+, GRUB), fetched from Debian
# make install    into the prefix (DESTDIR is respected)
# make docs       the manual as HTML in build/docs

BUILD ?= build
NINJA ?= ninja
PROGRAM = $(BUILD)/qemu-system-x86_64
GUESTS = $(BUILD)/guests

.PHONY: all demo check check-boot check-sanitizers check-quick install docs clean distclean packages-%

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

# Real guests, fetched from Debian once: about ten minutes.
check-boot: | packages-check
	@$(MAKE) --no-print-directory all
	@tests/boot/fetch.sh $(GUESTS)
	@tests/boot/boot.py --emulator $(PROGRAM) --guests $(GUESTS)

# The same tests on a build with AddressSanitizer and UndefinedBehaviorSanitizer.
check-sanitizers: | packages-check
	@mkdir -p build-sanitizers
	@cd build-sanitizers && ../configure --enable-sanitizers
	@$(NINJA) -C build-sanitizers
	@ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 meson test -C build-sanitizers \
		--no-rebuild --print-errorlogs --timeout-multiplier 5 \
		--suite unit --suite qtest --suite insn --suite system
	@python3 tests/fuzz/monitor.py build-sanitizers/qemu-system-x86_64

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
	@rm -rf build
