#!/usr/bin/env bash
# check_symbols.sh - what the library exports, as nm sees it.
#
#   scripts/check_symbols.sh OBJ          OBJ/libfdml.a and OBJ/src/simd/isa_*.o
#   scripts/check_symbols.sh --self-test  builds offending objects and expects a catch
#
# 1. Every global of libfdml.a starts with fdml_, so the library fits into any program.
# 2. An ISA object exports its kernel table and nothing else.
# 3. No ISA object holds a weak (comdat) symbol: the linker would keep one copy for all, and
#    if that were the AVX-512 copy, every other machine would stop with an illegal instruction.
#
# NM names the nm of a cross toolchain, CC the compiler of the self-test.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

# globals FILE: "type name" of every symbol it defines for others, Mach-O's underscore removed
globals()
{
    "${NM:-nm}" -g "$1" 2>/dev/null | awk -v mach="$(uname -s)" '
        NF == 3 && $2 != "U" { name = $3; if (mach == "Darwin") sub(/^_/, "", name); print $2, name }'
}

rule()
{
    if [ -z "$2" ]; then
        echo "ok - $1"
    else
        printf 'not ok - %s\n%s\n' "$1" "$2"
    fi
}

check_objects()
{
    local obj=$1 object isa found
    if [ ! -f "$obj/libfdml.a" ]; then
        echo "not ok - $obj/libfdml.a is there"
        return
    fi
    rule 'every global of libfdml.a starts with fdml_' \
        "$(globals "$obj/libfdml.a" | awk '$2 !~ /^fdml_/')"
    for object in "$obj"/src/simd/isa_*.o; do
        isa=$(basename "$object" .o)
        isa=${isa#isa_}
        found=$(globals "$object" | awk -v table="fdml_kernels_$isa" '
            $2 == table { seen = 1; next } { print }
            END { if (!seen) print "no " table }')
        rule "isa_$isa.o exports fdml_kernels_$isa alone" "$found"
        rule "isa_$isa.o has no weak symbol" "$(globals "$object" | awk '$1 ~ /^[VvWwu]$/')"
    done
}

# caught RULE SOURCE: an isa object made of SOURCE beside the table must be reported
caught()
{
    local tree
    tree=$(mktemp -d)
    mkdir -p "$tree/src/simd"
    printf '%s\n' 'extern const int fdml_kernels_scalar; const int fdml_kernels_scalar = 1;' \
        'extern int fdml_x(void); int fdml_x(void) { return 1; }' >"$tree/good.c"
    printf '%s\n' 'extern const int fdml_kernels_scalar;' "$2" >"$tree/bad.c"
    "${CC:-cc}" -c -o "$tree/good.o" "$tree/good.c"
    "${CC:-cc}" -c -o "$tree/src/simd/isa_scalar.o" "$tree/bad.c"
    ar rcs "$tree/libfdml.a" "$tree/good.o" "$tree/src/simd/isa_scalar.o"
    if "$self" "$tree" >"$tree/log"; then
        echo "not ok - self-test: $1 is not caught"
    else
        echo "ok - self-test: $1"
    fi
    rm -rf "$tree"
}

self_test()
{
    local tree table='const int fdml_kernels_scalar = 1;'
    tree=$(mktemp -d)
    mkdir -p "$tree/src/simd"
    echo "extern $table" | "${CC:-cc}" -x c -w -c -o "$tree/src/simd/isa_scalar.o" -
    ar rcs "$tree/libfdml.a" "$tree/src/simd/isa_scalar.o"
    if "$self" "$tree" >/dev/null; then
        echo 'ok - self-test: a clean library passes'
    else
        echo 'not ok - self-test: a clean library passes'
    fi
    rm -rf "$tree"
    caught 'a missing table' ''
    caught 'a name without fdml_' "$table int helper(void); int helper(void) { return 0; }"
    caught 'a second global' "$table int fdml_more; "
    caught 'a weak function' "$table __attribute__((weak)) int fdml_w(void); int fdml_w(void) { return 0; }"
}

self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
if [ "${1:-}" = --self-test ]; then
    results=$(self_test)
else
    results=$(check_objects "${1:?usage: scripts/check_symbols.sh OBJ | --self-test}")
fi
grep -v '^ok - ' <<<"$results" || true
passed=$(grep -c '^ok - ' <<<"$results" || true)
failed=$(grep -c '^not ok - ' <<<"$results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
