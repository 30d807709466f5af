# Two commands matter: `make run` and `make test`. The others are for developers; see CONTRIBUTING.md.

JOBS ?= $(shell nproc)
PACKAGES := scripts/install_packages.sh
PARTS_WITH_THREADS := base stream ingest engine sink app
.DEFAULT_GOAL := build

## run: install what is missing, build, and watch the example shop at http://127.0.0.1:8080
run: build
	@scripts/demo.sh

## build: the program at build/release/tailrace
build: packages web
	@cmake --preset release >build/release.log 2>&1 || { cat build/release.log; exit 1; }
	@cmake --build build/release -j $(JOBS)

## package: the Debian package at build/tailrace_VERSION_ARCH.deb
package: build
	@cd build/release && cpack -G DEB -B .. >package.log 2>&1 || { cat package.log; exit 1; }
	@ls build/tailrace_*.deb

## test: install what is missing, build, run all tests under AddressSanitizer, those of threads under ThreadSanitizer too
test: packages packages-test web
	@scripts/run_tests.sh test
	@scripts/run_tests.sh tsan $(PARTS_WITH_THREADS)

## test-all: the same, with every test under ThreadSanitizer
test-all: test
	@scripts/run_tests.sh tsan

## check: formatting, layers and sizes, static analysis, generated documents up to date
check: packages packages-check build
	@scripts/check.sh

## bench: measure and compare; ONLY=name for one scenario (bench/bench.py --list)
bench: packages packages-check build
	@bench/run.sh $(ONLY)

## fuzz: every fuzz target for SECONDS (60)
fuzz: packages packages-check
	@scripts/fuzz.sh $(or $(SECONDS),60)

## simulate: a whole server on simulated disk, clock and network, with faults from SEEDS (1000) seeds
simulate: packages packages-test
	@scripts/simulate.sh $(or $(SEEDS),1000)

## docs: write the generated documents anew
docs: build
	@scripts/generate_docs.sh

## clean: remove everything that was built
clean:
	rm -rf build web/node_modules web/dist

packages:
	@mkdir -p build
	@$(PACKAGES) packages.txt

packages-test:
	@$(PACKAGES) packages-test.txt

packages-check:
	@$(PACKAGES) packages-check.txt

web:
	@scripts/build_web.sh

help:
	@grep -E '^## ' Makefile | sed 's/^## /  /'

.PHONY: run build package simulate test test-all check bench fuzz docs clean packages packages-test packages-check web help
