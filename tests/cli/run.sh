#!/usr/bin/env bash
# run.sh - runs the CLI tests: every test_* function of tests/cli/*.sh. See lib.sh for theirs.
#
#   BIN=build/bin tests/cli/run.sh [FILE[:TEST] ...]
#
# Without FILE all are run, but for those whose names CLI_WITHOUT lists ("docs findml:demo").
# Test files run two at a time, the tests of a file one after the other. Prints TAP lines, the
# output of what failed, and the counts.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

cli=$(cd "$(dirname "$0")" && pwd)
REPO=$(cd "$cli/../.." && pwd)
BIN=$(cd "$REPO" && cd "${BIN:-build/bin}" && pwd)
SHARED=${SHARED:-$REPO/../shared}
if [ -d "$SHARED" ]; then SHARED=$(cd "$SHARED" && pwd); fi
export REPO BIN SHARED PATH="$BIN:$PATH" LC_ALL=C.UTF-8
# Under a sanitizer a finding ends in a status that no program of ours returns.
export ASAN_OPTIONS="exitcode=99:${ASAN_OPTIONS:-}" UBSAN_OPTIONS="exitcode=99:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="exitcode=99:${TSAN_OPTIONS:-}"

# run_test FILE NAME: in an empty folder; prints its TAP line
run_test()
{
    local folder log status=0 label
    label=$(basename "$1" .sh):${2#test_}
    folder=$(mktemp -d)
    log=$(mktemp)
    bash -c 'set -euo pipefail; cd "$1"; . "$2/lib.sh"; . "$3"; "$4"' test \
        "$folder" "$cli" "$1" "$2" >"$log" 2>&1 || status=$?
    case $status in
    0) echo "ok - $label" ;;
    77) echo "ok - $label # SKIP $(sed -n 's/^SKIP //p' "$log" | tail -n 1)" ;;
    *)
        echo "not ok - $label"
        sed 's/^/    /' "$log"
        ;;
    esac
    chmod -R u+rwx "$folder"
    rm -rf "$folder" "$log"
}

if [ "${1:-}" = --file ]; then
    file=${2%%:*}
    only=
    case $2 in *:*) only=test_${2#*:} ;; esac
    file=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
    tests=$(grep -oE '^(function +)?test_[A-Za-z0-9_]+' "$file" | sed 's/^function *//' || true)
    if [ -z "$tests" ]; then
        echo "not ok - $(basename "$file") holds no test"
    fi
    for name in $tests; do
        case " ${CLI_WITHOUT:-} " in *" $(basename "$file" .sh):${name#test_} "*) continue ;; esac
        if [ -z "$only" ] || [ "$name" = "$only" ]; then run_test "$file" "$name"; fi
    done
    exit 0
fi

if [ $# -eq 0 ]; then
    for file in "$cli"/*.sh; do
        case " run lib ${CLI_WITHOUT:-} " in
        *" $(basename "$file" .sh) "*) ;;
        *) set -- "$@" "$file" ;;
        esac
    done
fi
if [ $# -eq 0 ]; then
    echo "0 passed, 0 failed"
    exit 0
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# shellcheck disable=SC2016
printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-2}" \
    bash -c '"$1" --file "$3" >"$2/$(basename "$3").$$" 2>&1' run "$cli/run.sh" "$results"
cat "$results"/*
counts=$(cat "$results"/* | awk '
    /^ok .*# SKIP/ { s++; next } /^ok / { p++ } /^not ok / { f++ }
    END { printf "%d passed, %d failed, %d skipped\n", p, f, s }')
echo "$counts"
case $counts in *" 0 failed"*) ;; *) exit 1 ;; esac
