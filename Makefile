# SPDX-License-Identifier: MIT
#
# pinbuf: pinned memory from the kernel to programs and devices.  Type `make help`.

SHELL := /bin/bash
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The guest's kernel: 6.12, 6.1 or debug
K ?= 6.12
# How long the fuzzer runs on each kernel
MINUTES ?= 30

VERSION := 0.1.0
PREFIX ?= /usr/local
# Folders of the host's own kernel, for install and dkms
KERNELRELEASE ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE)/build
B := $(CURDIR)/build

.PHONY: all
all: lib kmod ## the library, its programs, and the module for the guest's kernel

.PHONY: run
run: ## the main job: from a disk into pinned memory and on into a device (K=6.1: on that kernel)
	@tests/vm/deps run
	@$(MAKE) lib kmod K=$(K)
	@tests/vm/prove $(K)

.PHONY: check
check: ## the quick tests: the library, and the device on one stock kernel (2 minutes)
	@tests/vm/deps check
	@tests/rings/run unit dev-6.12

.PHONY: test
test: ## everything is proved once: every ring of tests, on three kernels (half an hour)
	@tests/vm/deps test
	@tests/rings/run

.PHONY: stress
stress: ## random operations for MINUTES=30 a kernel, then kills and reloads by the thousand
	@tests/vm/deps stress
	@MINUTES=$(MINUTES) tests/stress/run

.PHONY: test-harness
test-harness: ## plants a fault of each class and shows that the tests see it
	@tests/vm/deps test-harness
	@tests/harness/run

.PHONY: bench
bench: ## the allocators beside what Debian has; peers that are missing are skipped (DEPS=1 installs all)
	@tests/vm/deps bench $(if $(filter 1,$(DEPS)),bench-peers)
	@$(MAKE) -C tests/bench/lib run

.PHONY: fuzz
fuzz: ## libFuzzer on layouts, free list, heap and pool (SECONDS=60 each)
	@tests/vm/deps fuzz
	@$(MAKE) -C tests/fuzz run

.PHONY: bench-vm
bench-vm: ## instructions per call in the guest, beside the same work on other memory
	@tests/vm/deps bench-vm
	@tests/bench/run

.PHONY: lint
lint: ## checkpatch, sparse, kernel-doc, shellcheck, layers, ABI
	@tests/vm/deps lint
	@tests/lint/run

.PHONY: docs
docs: ## the documentation, as far as it is made from the sources
	@tests/vm/deps docs
	@$(MAKE) -C Documentation O=$(B)/docs

.PHONY: shell
shell: ## a shell in the guest (K=6.1, K=debug; OPTIONS="--edu --nvme 64M")
	@tests/vm/deps shell
	@tests/vm/run --kernel $(K) --tty $(OPTIONS) -- "$${SHELL:-/bin/bash}" -i

.PHONY: kmod
kmod: ## the modules for the guest's kernel K, in build/kmod
	@tests/vm/deps kmod
	@tests/vm/kmod $(K) >/dev/null

.PHONY: lib
lib: ## libpinbuf, pinbufctl and the examples, in build/lib
	@tests/vm/deps lib
	@$(MAKE) -C userlib O=$(B)/lib

.PHONY: check-unit
check-unit: ## the library's unit tests, on the host
	@tests/vm/deps check-unit
	@$(MAKE) -C tests/unit O=$(B)/tests/unit check

.PHONY: tests-dev
tests-dev: lib ## builds the tests that run in the guest, in build/tests/dev
	@tests/vm/deps tests-dev
	@$(MAKE) -C tests/dev O=$(B)/tests/dev

.PHONY: install-lib
install-lib: ## the library, its headers and pinbufctl alone: needs no kernel (DESTDIR, PREFIX)
	@tests/vm/deps lib
	$(MAKE) -C userlib O=$(B)/lib PREFIX=$(PREFIX) install

.PHONY: install
install: lib ## the library, the header, the udev rule and the module, on this host
	@[ -e $(KDIR) ] || { echo "no headers of this host's kernel in $(KDIR): apt-get install linux-headers-$(KERNELRELEASE)"; exit 1; }
	$(MAKE) -C userlib O=$(B)/lib PREFIX=$(PREFIX) install
	install -d $(B)/kmod/host
	cp -r Kbuild kmod uapi $(B)/kmod/host/
	$(MAKE) -C $(KDIR) M=$(B)/kmod/host INSTALL_MOD_PATH=$(DESTDIR) \
		CONFIG_MODULE_SIG_ALL= modules modules_install
	install -D -m 644 kmod/60-pinbuf.rules $(DESTDIR)/usr/lib/udev/rules.d/60-pinbuf.rules
	install -D -m 644 kmod/pinbuf.conf $(DESTDIR)$(PREFIX)/share/doc/pinbuf/pinbuf.conf
	install -D -m 644 Documentation/man/pinbuf.4 $(DESTDIR)$(PREFIX)/share/man/man4/pinbuf.4
	install -D -m 644 Documentation/man/pinbufctl.1 $(DESTDIR)$(PREFIX)/share/man/man1/pinbufctl.1
	@[ -n "$(DESTDIR)" ] || { ldconfig; depmod $(KERNELRELEASE); \
		getent group pinbuf >/dev/null || groupadd --system pinbuf; \
		echo "Installed.  Load it with: modprobe pinbuf"; }

.PHONY: dkms
dkms: ## gives the module to dkms, which rebuilds it for every kernel of this host
	@tests/vm/deps dkms
	install -d $(DESTDIR)/usr/src/pinbuf-$(VERSION)
	cp -r Kbuild kmod uapi dkms.conf $(DESTDIR)/usr/src/pinbuf-$(VERSION)/
	[ -n "$(DESTDIR)" ] || dkms install pinbuf/$(VERSION) -k $(KERNELRELEASE)

.PHONY: clean
clean: ## removes build/ (kernels stay in the cache, ~/.cache/pinbuf)
	rm -rf $(B)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	while IFS='|' read -r target words; do printf '  make %-13s %s\n' "$$target" "$$words"; done
