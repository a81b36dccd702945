# Makefile of fdml: `make help` lists the targets.
#
# One file, no configure step. Objects go to build/$(TARGET)/obj, programs to build/bin (native)
# or build/$(TARGET)/bin (cross). The kernel library is compiled once per instruction set; the
# flags of each stand in ISA_* below and nowhere else.

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

CC        ?= gcc
ifeq ($(origin CC),default)
CC        := gcc
endif
TARGET    ?= native
BUILD     ?= build
PREFIX    ?= /usr/local
DESTDIR   ?=
VERSION   := 0.1.0
COMMIT    := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

ifeq ($(TARGET),native)
MACHINE   := $(shell uname -m)
BIN       := $(BUILD)/bin
else
MACHINE   := $(TARGET)
BIN       := $(BUILD)/$(TARGET)/bin
endif
OBJ       := $(BUILD)/$(TARGET)/obj

WARN      := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes
ifeq ($(CI),true)
WARN      += -Werror
endif
BASE_FLAGS := -std=c11 -O2 -g -ffp-contract=off -fopenmp $(WARN) -D_POSIX_C_SOURCE=200809L \
             -Isrc -Iinclude -MMD -MP $(EXTRA_CFLAGS)
CFLAGS    ?=
LDLIBS    := -lsleef -lcjson -lzip -lsodium -lm
LDFLAGS   ?=

# Each instruction set: the name is the file, the symbol, the --isa value and the test label.
# -fno-tree-vectorize etc. are not needed: kernels say themselves what is a vector.
ifneq (,$(filter x86_64 amd64,$(MACHINE)))
ISAS      := scalar avx2 avx512
ISA_scalar := -O3 -mfma
ISA_avx2   := -O3 -mavx2 -mfma
ISA_avx512 := -O3 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
else ifneq (,$(filter aarch64 arm64,$(MACHINE)))
ISAS      := scalar neon
ISA_scalar := -O3
ISA_neon   := -O3
else
$(error fdml runs on x86_64 and aarch64; this machine is $(MACHINE))
endif

SRC_base  := $(wildcard src/base/*.c)
SRC_data  := $(wildcard src/data/*.c)
SRC_eval  := $(wildcard src/eval/*.c)
LIB_OBJ   := $(patsubst %.c,$(OBJ)/%.o,$(SRC_base) $(SRC_data) $(SRC_eval) src/simd/dispatch.c) \
             $(foreach isa,$(ISAS),$(OBJ)/src/simd/isa_$(isa).o)
LIB       := $(OBJ)/libfdml.a

TOOL_MAINS := $(wildcard tools/fdml-*.c)
TOOL_SHARED := $(patsubst %.c,$(OBJ)/%.o,$(filter-out $(TOOL_MAINS),$(wildcard tools/*.c)))
TOOLS     := $(patsubst tools/%.c,$(BIN)/%,$(TOOL_MAINS))
BENCHES   := $(patsubst bench/%.c,$(BIN)/%,$(wildcard bench/bench_*.c))
BENCH_SHARED := $(patsubst %.c,$(OBJ)/%.o,$(filter-out $(wildcard bench/bench_*.c),$(wildcard bench/*.c)))

all: $(TOOLS)          ## build the programs

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(OBJ)/src/simd/isa_%.o: src/simd/isa.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -Wconversion $(CFLAGS) -DFDML_ISA=$* $(ISA_$*) -c -o $@ $<

$(OBJ)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -Wconversion $(CFLAGS) -c -o $@ $<

$(OBJ)/tools/%.o: tools/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) -DFDML_VERSION='"$(VERSION)"' -DFDML_COMMIT='"$(COMMIT)"' -c -o $@ $<

$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) $(CFLAGS) -c -o $@ $<

$(BIN)/fdml-%: $(OBJ)/tools/fdml-%.o $(TOOL_SHARED) $(LIB)
	@mkdir -p $(@D)
	$(CC) -fopenmp $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BIN)/bench_%: $(OBJ)/bench/bench_%.o $(BENCH_SHARED) $(LIB)
	@mkdir -p $(@D)
	$(CC) -fopenmp $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BIN)/kcheck: $(patsubst %.c,$(OBJ)/%.o,$(wildcard tests/kcheck/*.c)) $(LIB)
	@mkdir -p $(@D)
	$(CC) -fopenmp $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(shell find $(BUILD)/$(TARGET)/obj -name '*.d' 2>/dev/null)
.SECONDARY:
.PHONY: all
