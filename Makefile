# Makefile of fdml: `make help` lists the targets.
#
# One file, no configure step, and no list of sources: a .c file put in its folder is built.
# Every configuration has an object tree of its own, so they never mix:
#   build/native/obj, build/bin         this machine
#   build/aarch64/obj, build/aarch64/bin  the cross build of `make arm`
#   build/asan, build/tsan, build/fuzz  the same layout below another BUILD
# The kernel library is compiled once per instruction set; the flags of each stand in ISA_*
# below and nowhere else. Overridable: CC CFLAGS LDFLAGS PREFIX DESTDIR, STRIP=: (install with
# debug information), CI=true (-Werror), V=1 (print every command).

MAKEFLAGS += --no-builtin-rules
SHELL     := bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

SYSTEM    := $(shell uname -s)
TARGET    ?= native
BUILD     ?= build
PREFIX    ?= /usr/local
DESTDIR   ?=
VERSION   := 0.1.0
COMMIT    := $(if $(wildcard .git),$(shell git describe --always --dirty --exclude '*' \
               --abbrev=12 2>/dev/null || echo unknown),unknown)
JOBS      := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

ifeq ($(origin CC),default)
CC        := $(if $(filter Darwin,$(SYSTEM)),cc,gcc)
endif

ifeq ($(TARGET),native)
MACHINE   := $(shell uname -m)
BIN       := $(BUILD)/bin
OBJ       := $(BUILD)/native/obj
AR        := ar
NM        := nm
STRIP     ?= strip
else
MACHINE   := $(TARGET)
BIN       := $(BUILD)/$(TARGET)/bin
OBJ       := $(BUILD)/$(TARGET)/obj
AR        := $(TARGET)-linux-gnu-ar
NM        := $(TARGET)-linux-gnu-nm
STRIP     ?= $(TARGET)-linux-gnu-strip
endif

# --- flags ---------------------------------------------------------------------------------

# -ffp-contract=off: gcc and clang would otherwise fuse a*b+c where the machine can, and the
# bits would depend on the machine. Never -march=native, never -ffast-math.
WARN      := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes
ifeq ($(CI),true)
WARN      += -Werror
endif
ifeq ($(SYSTEM),Darwin)
# Homebrew keeps libomp out of the default path because Apple's clang has no OpenMP driver.
BREW      := $(shell brew --prefix 2>/dev/null || echo /usr/local)
OMP_CFLAGS := -Xpreprocessor -fopenmp -I$(BREW)/opt/libomp/include
OMP_LIBS  := -L$(BREW)/opt/libomp/lib -lomp
SYS_CFLAGS := -D_DARWIN_C_SOURCE -I$(BREW)/include
SYS_LIBS  := -L$(BREW)/lib
else
OMP_CFLAGS := -fopenmp
OMP_LIBS  := -fopenmp
endif
# C that protoc-c writes from the schemas; no file of it is in the tree
PROTOC_C  ?= protoc-c
GEN       := $(OBJ)/gen
# PLAIN=1 builds the unit tests without Criterion (tests/plain), for where it cannot run or, as
# on Fedora, is not to be had.
PLAIN     ?= $(if $(wildcard $(addsuffix /include/criterion/criterion.h,/usr /usr/local $(BREW))),,1)
BASE_FLAGS := -std=c11 -O2 -g -ffp-contract=off $(OMP_CFLAGS) $(WARN) \
              -D_POSIX_C_SOURCE=200809L $(SYS_CFLAGS) -Isrc -Iinclude -I$(GEN) $(EXTRA_CFLAGS) \
              $(if $(PLAIN),-Itests/plain)
VERSION_FLAGS := -DFDML_VERSION='"$(VERSION)"' -DFDML_COMMIT='"$(COMMIT)"'
DEPEND    := -MMD -MP
CFLAGS    ?=
LDFLAGS   ?=
LDLIBS    := $(SYS_LIBS) -lsleef -lcjson -lzip -lsodium -lprotobuf-c -lm
# what the library does without
TOOL_LIBS := -linih
LINK       = $(CC) $(EXTRA_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) \
             $(OMP_LIBS) $(LDLIBS)

# Each instruction set: the name is the file, the symbol, the --isa value and the test label.
# gcc -O2 spills the gemm tile (2.6 times slower), so these are built with -O3. sleef.h declares
# the plain-C functions only where FP_FAST_FMA says that fma() is fast; clang never says so.
ifneq (,$(filter x86_64 amd64,$(MACHINE)))
ISAS      := scalar avx2 avx512
ISA_scalar := -O3 -mfma -DFP_FAST_FMA=1
ISA_avx2   := -O3 -mavx2 -mfma
ISA_avx512 := -O3 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
else ifneq (,$(filter aarch64 arm64,$(MACHINE)))
ISAS      := scalar neon
ISA_scalar := -O3 -DFP_FAST_FMA=1
ISA_neon   := -O3
else
$(error fdml runs on x86_64 and aarch64; this machine is $(MACHINE))
endif

# --- sources -------------------------------------------------------------------------------

LAYERS    := base simd data model train eval explain api
LIB_SRC   := $(filter-out src/simd/isa.c,$(foreach layer,$(LAYERS),$(wildcard src/$(layer)/*.c)))
PROTO     := $(patsubst src/%.proto,$(GEN)/%.pb-c,$(wildcard src/*/*.proto))
LIB_OBJ   := $(LIB_SRC:%.c=$(OBJ)/%.o) $(ISAS:%=$(OBJ)/src/simd/isa_%.o) $(PROTO:%=%.o)
LIB       := $(OBJ)/libfdml.a
# the two lowest layers, all that kcheck sees: a cross build of it compiles no more than these
KERNEL_OBJ := $(filter $(OBJ)/src/base/% $(OBJ)/src/simd/%,$(LIB_OBJ))
KERNEL_LIB := $(OBJ)/libkernels.a

objects    = $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(1)))
TOOL_MAIN := $(wildcard tools/fdml-*.c)
TOOLS     := $(TOOL_MAIN:tools/%.c=$(BIN)/%)
# an archive, so that a program takes what it uses
TOOL_LIB  := $(OBJ)/libtools.a
TOOL_OBJ  := $(filter-out $(TOOL_MAIN:%.c=$(OBJ)/%.o),$(call objects,tools/*.c))
BENCH_MAIN := $(wildcard bench/bench_*.c)
BENCHES   := $(BENCH_MAIN:bench/%.c=$(BIN)/%)
BENCH_OBJ := $(filter-out $(BENCH_MAIN:%.c=$(OBJ)/%.o),$(call objects,bench/*.c))
FUZZ_MAIN := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS   := $(FUZZ_MAIN:tests/fuzz/%.c=$(BIN)/%)
REPLAYS   := $(FUZZ_MAIN:tests/fuzz/fuzz_%.c=$(BIN)/replay_%)
FUZZ_OBJ  := $(filter-out $(FUZZ_MAIN:%.c=$(OBJ)/%.o) $(OBJ)/tests/fuzz/replay.o, \
               $(call objects,tests/fuzz/*.c))
UNIT_SRC  := $(wildcard tests/unit/*.c) $(if $(PLAIN),tests/plain/main.c)
UNIT_LIBS := $(if $(PLAIN),,-lcriterion)
# what a user of the library would write: seen are include/ and libfdml.a alone
EXAMPLES  := $(patsubst examples/%.c,$(BIN)/example_%,$(wildcard examples/*.c))
KCHECK    := $(if $(wildcard tests/kcheck/*.c),$(BIN)/kcheck)
UNIT      := $(if $(wildcard tests/unit/*.c),$(BIN)/unit)

# --- build ---------------------------------------------------------------------------------

say = $(if $(V),,@printf '  %-5s %s\n' $(1) $@; )

.PHONY: all
all: $(TOOLS)  ## build the programs into build/bin

# A change of compiler or flags rebuilds the tree; a new commit rebuilds what prints it.
.PHONY: force
stamp = mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' > $@
$(OBJ)/flags: force
	@$(call stamp,$(CC) $(BASE_FLAGS) $(CFLAGS) $(foreach isa,$(ISAS),$(ISA_$(isa))) $(ISA_EXTRA))
$(OBJ)/version: force
	@$(call stamp,$(VERSION) $(COMMIT))

$(LIB): $(LIB_OBJ)
$(KERNEL_LIB): $(KERNEL_OBJ)
$(TOOL_LIB): $(TOOL_OBJ)
$(LIB) $(KERNEL_LIB) $(TOOL_LIB):
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(OBJ)/src/simd/isa_%.o: src/simd/isa.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE_FLAGS) -Wconversion $(CFLAGS) $(DEPEND) -DFDML_ISA=$* $(ISA_$*) $(ISA_EXTRA) \
	    -c -o $@ $<

$(OBJ)/src/api/version.o: src/api/version.c $(OBJ)/flags $(OBJ)/version
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE_FLAGS) -Wconversion $(CFLAGS) $(DEPEND) $(VERSION_FLAGS) -c -o $@ $<

# One run of protoc-c writes both: a pattern with two targets is one rule.
$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h: src/%.proto
	@mkdir -p $(GEN)
	$(call say,PROTO)$(PROTOC_C) --proto_path=src --c_out=$(GEN) $<

# its warnings are protoc-c's business
$(GEN)/%.o: $(GEN)/%.c $(OBJ)/flags
	$(call say,CC)$(CC) $(BASE_FLAGS) -w $(CFLAGS) $(DEPEND) -c -o $@ $<

$(patsubst %.c,$(OBJ)/%.o,$(wildcard src/data/onnx_*.c)): | $(PROTO:%=%.h)

# stb_image comes with this file: decoding is all it does. A damaged JPEG makes its arithmetic
# overflow, which -fwrapv defines. It declares functions that it was told to leave out.
$(OBJ)/src/data/image.o: FILE_FLAGS := -O3 -fwrapv -Wno-unused-function

$(OBJ)/src/%.o: src/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE_FLAGS) -Wconversion $(FILE_FLAGS) $(CFLAGS) $(DEPEND) -c -o $@ $<

$(OBJ)/tools/%.o: tools/%.c $(OBJ)/flags $(OBJ)/version
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE_FLAGS) $(CFLAGS) $(DEPEND) $(VERSION_FLAGS) -c -o $@ $<

$(OBJ)/examples/%.o: examples/%.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=c11 -O2 -g $(WARN) -Wpedantic -Iinclude $(EXTRA_CFLAGS) $(CFLAGS) \
	    $(DEPEND) -c -o $@ $<

$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASE_FLAGS) $(CFLAGS) $(DEPEND) -c -o $@ $<

$(BIN)/fdml-%: $(OBJ)/tools/fdml-%.o $(TOOL_LIB) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) $(TOOL_LIBS)

$(BIN)/example_%: $(OBJ)/examples/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/bench_%: $(OBJ)/bench/bench_%.o $(BENCH_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/peer_dnnl_conv: $(call objects,bench/peers/*.c) $(OBJ)/bench/timing.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -ldnnl

$(BIN)/kcheck: $(call objects,tests/kcheck/*.c) $(KERNEL_LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/validate: $(call objects,tests/validate/*.c) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/onnx-suite: $(call objects,tests/onnx_suite/*.c) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/golden: $(call objects,tests/golden/*.c) $(OBJ)/tests/kcheck/winograd_double.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/unit: $(UNIT_SRC:%.c=$(OBJ)/%.o) $(TOOL_LIB) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) $(TOOL_LIBS) $(UNIT_LIBS)

$(BIN)/replay_%: $(OBJ)/tests/fuzz/fuzz_%.o $(OBJ)/tests/fuzz/replay.o $(FUZZ_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK)

$(BIN)/fuzz_%: $(OBJ)/tests/fuzz/fuzz_%.o $(FUZZ_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -fsanitize=fuzzer

-include $(shell find $(OBJ) -type f -name '*.d' 2>/dev/null)
.SECONDARY:

# --- test ----------------------------------------------------------------------------------

TEST_PROGRAMS := $(TOOLS) $(EXAMPLES) $(KCHECK) $(UNIT) $(BIN)/validate $(BIN)/onnx-suite $(REPLAYS)
SUITES    ?= layers symbols headers format kcheck unit validate onnx cli corpus nehalem haswell
PARALLEL   = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))
CHECK      = BUILD=$(BUILD) BIN=$(BIN) OBJ=$(OBJ) CC='$(CC)' NM='$(NM)' MACHINE=$(MACHINE) \
             scripts/check.sh

.PHONY: test-programs check-built demo demo-audit check asan tsan arm arm-build arm-kcheck fuzz
test-programs: $(TEST_PROGRAMS)

# Builds, then runs SUITES: what check, asan, tsan and arm have in common.
check-built:
	@$(MAKE) --no-print-directory $(PARALLEL) test-programs || \
	    { echo "0 passed, 1 failed"; exit 1; }
	@$(CHECK) $(SUITES)

demo:  ## install what is missing, build, train in three ways, audit and compare
	@scripts/deps.sh core
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BIN=$(BIN) scripts/demo.sh $(BUILD)/demo

demo-audit:  ## the same with an audit of small synthetic embeddings alone
	@scripts/deps.sh core
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BIN=$(BIN) scripts/demo_audit.sh $(BUILD)/demo_audit

check:  ## install what is missing, build, and run every test; ends in "N passed, N failed"
	@scripts/deps.sh check
	@$(MAKE) --no-print-directory check-built

.PHONY: onnx-suite
onnx-suite: $(BIN)/onnx-suite  ## build the ONNX conformance runner: build/bin/onnx-suite DIR...

# gcc's sanitizers, because its libgomp is at hand wherever gcc is. ISA_EXTRA: instrumenting the
# scalar backend's sixteen-member structures takes gcc 80 s at -O3 and 5 s like this.
# All sizes of kcheck take minutes under a sanitizer, and its buffers end at guard pages anyway.
# Left out are tests of documents, and those that do again and again what other tests do once:
# the same numbers on every instruction set, whole networks on hundreds of pictures, the demo;
# and what asks the system how much memory a program took.
ASAN_WITHOUT := completion docs install explain:the_same_bits explain:recidivism explain:memory findml:demo \
    eval_model:lfw_agrees_with_another_program downstream:downstream_targets_and_sameness \
    reports:same_numbers_for_every_isa_and_thread_count
asan:  ## the tests under gcc's address and undefined-behaviour sanitizers
	@scripts/deps.sh check
	@CLI_WITHOUT="$(ASAN_WITHOUT)" KCHECK_FLAGS=--quick \
	    $(MAKE) --no-print-directory check-built BUILD=build/asan SUITES="kcheck unit cli corpus" \
	    CC=gcc EXTRA_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer" ISA_EXTRA="-O1 -fno-tree-sra"

tsan:  ## the tests under gcc's thread sanitizer
	@scripts/deps.sh check
	@$(MAKE) --no-print-directory check-built BUILD=build/tsan SUITES="unit cli" \
	    PLAIN=1 CC=gcc EXTRA_CFLAGS="-fsanitize=thread -fno-omit-frame-pointer"

ARM       := TARGET=aarch64 PLAIN=1 CC=aarch64-linux-gnu-gcc
arm:  ## cross build for AArch64, and its tests under emulation
	@scripts/deps.sh arm
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@$(MAKE) --no-print-directory check-built $(ARM) SUITES="symbols kcheck unit corpus arm-bits"

arm-build:  ## cross build for AArch64 only, into build/aarch64/bin
	@scripts/deps.sh arm
	@$(MAKE) --no-print-directory $(PARALLEL) $(ARM) all

arm-kcheck:  ## every kernel of the AArch64 build against scalar, emulated
	@scripts/deps.sh arm
	@$(MAKE) --no-print-directory check-built $(ARM) SUITES="kcheck" \
	    TEST_PROGRAMS=$(BUILD)/aarch64/bin/kcheck

# Models, what PyTorch computes with them and how it trains them, about 2 GB; made anew when a
# script changes.
GOLDEN    := $(BUILD)/golden
$(GOLDEN)/cases.tsv: $(wildcard tests/golden/*.py)
	@rm -rf $(GOLDEN)
	@/usr/bin/python3 tests/golden/torch_models.py --out $(GOLDEN)
	@/usr/bin/python3 tests/golden/torch_layers.py --out $(GOLDEN)
	@/usr/bin/python3 tests/golden/torch_train.py --out $(GOLDEN)

.PHONY: golden
golden:  ## install PyTorch and compare whole networks, layers and training steps with it
	@scripts/deps.sh golden
	@$(MAKE) --no-print-directory $(PARALLEL) $(BIN)/golden $(GOLDEN)/cases.tsv
	@$(BIN)/golden $(GOLDEN)

# docs/validation.md holds a run of it: VALIDATE_FLAGS=--markdown writes its tables.
.PHONY: validate
validate:  ## simulate: do intervals cover, do tests reject as often as they say? (20 minutes)
	@scripts/deps.sh core
	@$(MAKE) --no-print-directory $(PARALLEL) $(BIN)/validate
	@$(BIN)/validate $(VALIDATE_FLAGS)

.PHONY: train-bits
train-bits: $(BIN)/fdml-train $(BIN)/fdml-synth  ## equal weights for every thread count and ISA, and after 20 kills
	@scripts/train_bits.sh $(BIN)

FUZZ_SECONDS ?= 60
fuzz:  ## libFuzzer on every file reader, FUZZ_SECONDS=60 each, with ASan and UBSan
	@scripts/deps.sh fuzz
	@$(MAKE) --no-print-directory $(PARALLEL) fuzz-programs BUILD=build/fuzz CC=clang \
	    EXTRA_CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" \
	    ISA_EXTRA=-O1
	@scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZERS)

# --- measure -------------------------------------------------------------------------------

.PHONY: bench bench-programs bench-peers
bench-programs: $(BENCHES)

bench: bench-programs  ## time every kernel and the heavy parts of an audit (a quiet machine, please)
	$(BIN)/bench_kernels
	@for threads in 1 $(filter-out 1,$(JOBS)); do \
	    $(BIN)/bench_eval topk --threads $$threads && \
	    $(BIN)/bench_eval ranks --threads $$threads && \
	    $(BIN)/bench_eval kmeans --k 11316 --threads $$threads || exit 1; \
	done

# PEERS: eval, FAISS, scikit-learn and OpenBLAS (PEERS_FLAGS are run.py's); model, ONNX Runtime,
# PyTorch and oneDNN (PEERS_MODEL_FLAGS are model.py's); train, PyTorch (PEERS_TRAIN_FLAGS are
# train.py's); classify, scikit-learn (PEERS_CLASSIFY_FLAGS are classify.py's);
# explain, scikit-learn and NumPy (PEERS_EXPLAIN_FLAGS are explain.py's).
PEERS     ?= eval model train classify explain
.PHONY: bench-peers-eval bench-peers-model bench-peers-train bench-peers-classify bench-peers-explain
bench-peers:  ## install other libraries and time the same work beside them; PEERS="eval model train classify explain"
	@scripts/deps.sh peers
	@$(MAKE) --no-print-directory $(PARALLEL) bench-programs
	@$(MAKE) --no-print-directory $(PARALLEL) $(BIN)/peer_dnnl_conv || true # model.py says so
	@$(MAKE) --no-print-directory $(PEERS:%=bench-peers-%)

bench-peers-eval:
	@/usr/bin/python3 bench/peers/run.py --bin $(BIN) --out $(BUILD)/peers.json $(PEERS_FLAGS)

bench-peers-model:
	@/usr/bin/python3 bench/peers/model.py --bin $(BIN) --work $(BUILD)/peers \
	    --out $(BUILD)/peers_model.json $(PEERS_MODEL_FLAGS)

bench-peers-train:
	@/usr/bin/python3 bench/peers/train.py --bin $(BIN) --out $(BUILD)/peers_train.json \
	    $(PEERS_TRAIN_FLAGS)

bench-peers-classify:
	@/usr/bin/python3 bench/peers/classify.py --bin $(BIN) --out $(BUILD)/peers_classify.json \
	    $(PEERS_CLASSIFY_FLAGS)

bench-peers-explain:
	@/usr/bin/python3 bench/peers/explain.py --bin $(BIN) --out $(BUILD)/peers_explain.json \
	    $(PEERS_EXPLAIN_FLAGS)

# --- keep house ----------------------------------------------------------------------------

CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format) clang-format)
FORMATTED = $(shell find src tools bench tests include examples -name '*.[ch]' 2>/dev/null)

.PHONY: format format-check install install-man install-completion uninstall deps clean help
format:  ## rewrite the sources with clang-format 14
	$(CLANG_FORMAT) -i $(FORMATTED)

format-check:  ## say which sources clang-format 14 would change
	@$(CHECK) format

# The header promises the library, so they are installed together or not at all.
HEADER    := $(wildcard include/fdml.h)
MAN       := $(wildcard docs/man/*.[17])
SHARE     := $(DESTDIR)$(PREFIX)/share
man_place  = man/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

# Completion is what the programs themselves print; a cross build's run under its emulator.
COMPLETE  := $(OBJ)/completion
NAMES     := $(notdir $(TOOLS))
COMPLETION := $(NAMES:%=bash-completion/completions/%) $(NAMES:%=zsh/site-functions/_%) \
              $(NAMES:%=fish/vendor_completions.d/%.fish)
EMULATOR  := $(if $(filter native,$(TARGET)),,qemu-$(TARGET)-static -L /)
completion = @mkdir -p $(@D) && $(EMULATOR) $< --completion $(1) >$@
$(COMPLETE)/bash-completion/completions/%: $(BIN)/%
	$(call completion,bash)
$(COMPLETE)/zsh/site-functions/_%: $(BIN)/%
	$(call completion,zsh)
$(COMPLETE)/fish/vendor_completions.d/%.fish: $(BIN)/%
	$(call completion,fish)

install: all install-man install-completion $(if $(HEADER),$(LIB))  ## install into DESTDIR and PREFIX [/usr/local]
	install -d "$(DESTDIR)$(PREFIX)/bin"
	$(if $(TOOLS),install -m 755 $(TOOLS) "$(DESTDIR)$(PREFIX)/bin")
	@for tool in $(NAMES); do $(STRIP) "$(DESTDIR)$(PREFIX)/bin/$$tool" || exit 1; done # 19 MB become 3
ifneq ($(HEADER),)
	install -d "$(DESTDIR)$(PREFIX)/include" "$(DESTDIR)$(PREFIX)/lib/pkgconfig"
	install -m 644 $(HEADER) "$(DESTDIR)$(PREFIX)/include"
	install -m 644 $(LIB) "$(DESTDIR)$(PREFIX)/lib"
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' \
	    -e 's|@LIBS@|$(strip $(OMP_LIBS) $(LDLIBS))|' src/api/fdml.pc.in \
	    >"$(DESTDIR)$(PREFIX)/lib/pkgconfig/fdml.pc"
endif

install-man:  ## install the man pages only
	@$(foreach page,$(MAN),install -d "$(SHARE)/$(dir $(call man_place,$(page)))" && \
	    install -m 644 $(page) "$(SHARE)/$(call man_place,$(page))" &&) true

install-completion: $(COMPLETION:%=$(COMPLETE)/%)  ## install the completions of bash, zsh and fish only
	@$(foreach file,$(COMPLETION),install -d "$(SHARE)/$(dir $(file))" && \
	    install -m 644 $(COMPLETE)/$(file) "$(SHARE)/$(file)" &&) true

uninstall:  ## remove what install put there
	rm -f $(foreach tool,$(NAMES),"$(DESTDIR)$(PREFIX)/bin/$(tool)") \
	    $(foreach page,$(MAN),"$(SHARE)/$(call man_place,$(page))") \
	    $(foreach file,$(COMPLETION),"$(SHARE)/$(file)") \
	    $(if $(HEADER),"$(DESTDIR)$(PREFIX)/include/fdml.h" "$(DESTDIR)$(PREFIX)/lib/libfdml.a" \
	    "$(DESTDIR)$(PREFIX)/lib/pkgconfig/fdml.pc")

deps:  ## install what building and testing need, through the system's package manager
	@scripts/deps.sh check

clean:  ## remove everything that was built
	rm -rf build

help:  ## list the targets
	@awk -F ':.*##' '/^[a-z][a-z-]*:.*##/ { printf "  %-14s%s\n", $$1, $$2 }' Makefile
