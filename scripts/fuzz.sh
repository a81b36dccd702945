#!/usr/bin/env bash
# fuzz.sh - runs every fuzz target of a build for a while, two at a time.
#
#   scripts/fuzz.sh build/fuzz SECONDS
#
# The committed corpus tests/fuzz/corpus/NAME seeds the target fuzz_NAME and is never written to;
# what a run finds stays in BUILD/corpus/NAME, a crashing input in BUILD/findings. Ends in the
# count line, a target being a test.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

build=$1
seconds=${2:-60}
cd "$(dirname "$0")/.."
mkdir -p "$build/findings"

# fuzz_one BUILD SECONDS PROGRAM: prints a TAP line
fuzz_one()
{
    local name=${3##*/fuzz_} seeds=() status=0 log
    log=$1/$name.log
    mkdir -p "$1/corpus/$name"
    if [ -d "tests/fuzz/corpus/$name" ]; then seeds=("tests/fuzz/corpus/$name"); fi
    # Readers may refuse a file, not take all memory for it.
    "$3" -max_total_time="$2" -timeout=20 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix="$1/findings/$name-" "$1/corpus/$name" ${seeds[@]+"${seeds[@]}"} \
        >"$log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok - $name: $(awk '/number_of_executed_units/ { print $2 }' "$log") runs"
    else
        echo "not ok - $name: $(grep -m 1 -E 'ERROR|runtime error' "$log" || tail -n 1 "$log")"
        grep -E '^ *#[0-9]+ ' "$log" | head -8 | sed 's/^/    /' || true
        grep -E 'Test unit written' "$log" | sed 's/^/    /' || true
    fi
}
export -f fuzz_one

results=$build/results
# shellcheck disable=SC2016
printf '%s\0' "$build"/bin/fuzz_* | xargs -0 -n 1 -P "${JOBS:-2}" \
    bash -c 'set -euo pipefail; fuzz_one "$1" "$2" "$3"' fuzz "$build" "$seconds" | tee "$results"
passed=$(grep -c '^ok' "$results" || true)
failed=$(grep -c '^not ok' "$results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
