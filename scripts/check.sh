#!/usr/bin/env bash
# check.sh - runs test suites, prints one line for each, and ends in "N passed, N failed".
#
#   BUILD= BIN= OBJ= MACHINE= CC= NM= scripts/check.sh SUITE...
#
# `make check` and its relatives call it with their own build's folders. A suite is a function
# suite_NAME below whose output ends in its own count line, "N passed, N failed[, N skipped]".
# Its whole output is kept in BUILD/check/NAME.log and shown only when something fails. A suite
# that ends badly without a failed test (a crash, a missing program) counts as one failure.
# Tests that need ../shared, and checks that need a program this machine lacks, are skipped and
# counted; with CI=true a missing ../shared is a failure.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${BIN:=$BUILD/bin}" "${OBJ:=$BUILD/native/obj}" "${CC:=cc}" "${NM:=nm}"
: "${MACHINE:=$(uname -m)}" "${CI:=false}"
export BUILD BIN OBJ CC NM MACHINE CI
here=$(uname -m)
[ "$here" != arm64 ] || here=aarch64
logs=$BUILD/check
mkdir -p "$logs"
export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp:${TSAN_OPTIONS:-}"

# A cross build runs under an emulator. With -L / the arm64 libraries of multiarch are used;
# with -L /usr/aarch64-linux-gnu thread creation hangs.
emulate=()
if [ "$MACHINE" = aarch64 ] && [ "$here" != aarch64 ]; then
    emulate=("$(command -v qemu-aarch64-static || command -v qemu-aarch64)" -L /)
fi
emulated()
{
    ${emulate[@]+"${emulate[@]}"} "$@"
}

qemu_x86=$(command -v qemu-x86_64-static || command -v qemu-x86_64 || true)

# run_as CPU COMMAND...: on that x86 processor; qemu's remarks on what it does not emulate are
# no output of the program
run_as()
{
    local cpu=$1 status=0
    shift
    { "$qemu_x86" -cpu "$cpu" "$@" 2>&1 >&3 | { grep -v "warning: TCG doesn't support" || true; } >&2; } \
        3>&1 || status=$?
    return $status
}

skip_all()
{
    echo "# $1"
    echo "0 passed, 0 failed, 1 skipped"
}

# Counts TAP lines on stdin, after printing them.
count_tap()
{
    awk '{ print }
        /^ok .*# SKIP/ { skipped++; next }
        /^ok / { passed++ }
        /^not ok / { failed++ }
        END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 }'
}

suite_layers()
{
    scripts/check_layers.sh && scripts/check_layers.sh --self-test
}

suite_symbols()
{
    scripts/check_symbols.sh "$OBJ" || return 1
    [ "${#emulate[@]}" -gt 0 ] || scripts/check_symbols.sh --self-test
}

# Every header compiles alone. The vector backends and kernel templates are no headers in that
# sense: isa.c includes them, once per instruction set.
suite_headers()
{
    local header
    for header in src/*/*.h include/*.h tools/*.h; do
        case $header in src/simd/vec*.h | *'*'*) continue ;; esac
        if printf '#include "%s"\n' "${header#*/}" |
            $CC -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Isrc -Iinclude -Itools \
                -I. -fsyntax-only -x c -; then
            echo "ok - $header"
        else
            echo "not ok - $header"
        fi
        [ "${header%%/*}" = include ] || continue
        if ! echo 'int x;' | $CC -fsyntax-only -x c++ - 2>/dev/null; then
            echo "ok - $header as C++17 # SKIP no C++ compiler is here"
        elif printf '#include "%s"\n' "${header#*/}" |
            $CC -std=c++17 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c++ -; then
            echo "ok - $header as C++17"
        else
            echo "not ok - $header as C++17"
        fi
    done | count_tap
}

suite_format()
{
    local tool
    tool=${CLANG_FORMAT:-$(command -v clang-format-14 || command -v clang-format || true)}
    if [ -z "$tool" ] || ! "$tool" --version | grep -q 'version 14\.'; then
        skip_all "clang-format 14 is not here"
        return
    fi
    local offenders
    offenders=$({ find src tools bench tests include examples -name '*.[ch]' 2>/dev/null || true; } |
        LC_ALL=C sort | xargs "$tool" --dry-run --ferror-limit=1 2>&1 |
        awk -F: '/code should be clang-formatted/ && !seen[$1]++ { print $1 ":" $2 }')
    if [ -n "$offenders" ]; then
        printf "not ok - 'make format' would change\n%s\n0 passed, 1 failed\n" "$offenders"
        return 1
    fi
    echo "1 passed, 0 failed"
}

# Instruction sets side by side: under an emulator the slowest of all suites.
suite_kcheck()
{
    local isa status=0 jobs=()
    for isa in $(emulated "$BIN/kcheck" --list | sed -n 's/^\([a-z0-9]*\): gemm tiles.*/\1/p'); do
        # shellcheck disable=SC2086
        emulated "$BIN/kcheck" --isa "$isa" ${KCHECK_FLAGS:-} >"$logs/kcheck_$isa.part" 2>&1 &
        jobs+=("$isa:$!")
    done
    for isa in "${jobs[@]}"; do
        wait "${isa#*:}" || status=1
        cat "$logs/kcheck_${isa%%:*}.part"
        rm -f "$logs/kcheck_${isa%%:*}.part"
    done
    return $status
}

# Few worlds of the simulations that `make validate` runs at length.
suite_validate()
{
    "$BIN/validate" --short
}

# Conformance tests of operators and whole models, by the interpreter and by plans, each after it
# was written as a file and read again, which must change nothing. What is
# refused is outside of what fdml runs, and its reasons are in the log.
suite_onnx()
{
    local folder found=()
    for folder in ../shared/onnx ../shared/models; do
        if [ -d "$folder" ]; then found+=("$folder"); fi
    done
    if [ "${#found[@]}" -eq 0 ]; then
        if [ "$CI" = true ]; then
            echo "not ok - ../shared/onnx is not here"
            echo "0 passed, 1 failed"
            return 1
        fi
        skip_all "../shared/onnx is not here"
        return
    fi
    emulated "$BIN/onnx-suite" --export "${found[@]}" | sed -E 's/^([0-9]+ passed, [0-9]+ failed), [0-9]+ refused$/\1/'
}

suite_unit()
{
    # The tests run in processes of their own, whose sanitizer reports would be lost.
    local reports=$PWD/$logs/unit-report status=0
    rm -f "$reports".*
    ASAN_OPTIONS=log_path=$reports:${ASAN_OPTIONS:-} \
        UBSAN_OPTIONS=log_path=$reports:print_stacktrace=1:${UBSAN_OPTIONS:-} \
        emulated "$BIN/unit" --tap 2>&1 | count_tap || status=1
    cat "$reports".* 2>/dev/null && status=1
    return $status
}

suite_cli()
{
    tests/cli/run.sh
}

# The committed fuzz corpus through every reader.
suite_corpus()
{
    local program target
    for program in "$BIN"/replay_*; do
        target=${program##*/replay_}
        [ "$target" != '*' ] || continue
        if emulated "$program" "tests/fuzz/corpus/$target"; then
            echo "ok - $target"
        else
            echo "not ok - $target"
        fi
    done | count_tap
}

# An x86 without AVX2 and FMA gets one line and exit status 2, not an illegal instruction.
suite_nehalem()
{
    local status=0 message
    if [ "$MACHINE" != x86_64 ]; then skip_all "not an x86"; return; fi
    if [ -z "$qemu_x86" ]; then skip_all "qemu-x86_64 is not here"; return; fi
    for arguments in "--version" "emb.npy meta.csv"; do
        status=0
        # shellcheck disable=SC2086
        message=$(run_as Nehalem "$BIN/fdml-eval" $arguments 2>&1 >/dev/null) || status=$?
        if [ "$status" -eq 2 ] && [ "$(grep -c . <<<"$message")" -eq 1 ] &&
            grep -qi 'avx2' <<<"$message"; then
            echo "ok - fdml-eval $arguments on a Nehalem: $message"
        else
            echo "not ok - fdml-eval $arguments on a Nehalem: exit $status: $message"
        fi
    done | count_tap
}

# The AVX2 and scalar kernels on a processor that has no AVX-512: an instruction compiled into
# the wrong object stops here.
suite_haswell()
{
    if [ "$MACHINE" != x86_64 ]; then skip_all "not an x86"; return; fi
    # qemu emulates AVX2 from 7.2 on
    if [ -z "$qemu_x86" ] || ! "$qemu_x86" --version | awk 'NR == 1 {
        for (i = 1; i <= NF; i++) if ($i == "version") split($(i + 1), v, ".")
        exit !(v[1] + 0 > 7 || (v[1] + 0 == 7 && v[2] + 0 >= 2)) }'; then
        skip_all "qemu-x86_64 7.2 or newer is not here"
        return
    fi
    # All sizes take twenty minutes of emulation.
    run_as Haswell "$BIN/kcheck" --quick
}

# One result_sha256 on AArch64 and here, for every ISA and thread count.
suite_arm-bits()
{
    scripts/check_bits.sh
}

# run_suite NAME: its output goes to its log, its status and seconds to files beside it
run_suite()
{
    local started status=0
    started=$(date +%s)
    ("suite_$1") >"$logs/$1.log" 2>&1 || status=$?
    echo "$status $(($(date +%s) - started))" >"$logs/$1.end"
}

# The emulated suite takes longer than all others together and one core: it runs beside them.
for suite in "$@"; do
    if [ "$suite" = haswell ]; then
        run_suite haswell &
        # shellcheck disable=SC2064 # the number of now
        trap "kill $! 2>/dev/null || true" EXIT
    fi
done

total_passed=0
total_failed=0
total_skipped=0
for suite in "$@"; do
    log=$logs/$suite.log
    if [ "$suite" = haswell ]; then wait; else run_suite "$suite"; fi
    read -r status seconds <"$logs/$suite.end"
    # A suite may print several count lines (a check and its self-test): all count.
    read -r passed failed skipped < <(awk '
        /^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3; if ($6 ~ /^skipped/) s += $5 }
        END { print p + 0, f + 0, s + 0 }' "$log")
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        echo "not ok - $suite ended with status $status" >>"$log"
        failed=1
    fi
    if [ $((passed + failed + skipped)) -eq 0 ]; then
        echo "not ok - $suite ran nothing" >>"$log"
        failed=1
    fi
    printf '%-9s %6d passed %4d failed %4d skipped %5d s\n' "$suite" "$passed" "$failed" \
        "$skipped" "$seconds"
    if [ "$failed" -gt 0 ]; then
        # a log of thousands of good lines is of no use: its failures, with what follows them
        awk '/^ok |^# Running|^#$|^[0-9]+ passed, / { next } { print "    " $0 }' "$log" | head -200
    elif [ "$skipped" -gt 0 ]; then
        grep -E '# SKIP|^# ' "$log" | grep -v '^# \(Criterion\|Running\)' | sort | uniq -c |
            sort -rn | head -5 | sed 's/^ */    /' || true
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
done

line="$total_passed passed, $total_failed failed"
[ "$total_skipped" -eq 0 ] || line="$line, $total_skipped skipped"
echo "$line"
[ "$total_failed" -eq 0 ]
