#!/usr/bin/env bash
# train_bits.sh - training gives the same bits, whatever it runs on and however often it is killed.
#
#   scripts/train_bits.sh [BIN]            fifty steps of cnn4 with PARADE on plumage:
#     - by every instruction set of this machine, with one to four threads
#     - killed with -9 at KILLS [20] random moments, each time resumed
#
# All must end in the weights of the first run, by the sha256 that fdml-train prints. The moments
# are drawn anew each time; RANDOM_SEED repeats them. A few minutes; `make train-bits`.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

bin=${1:-build/bin}
here=$(cd "$(dirname "$0")" && pwd)
kills=${KILLS:-20}
RANDOM=${RANDOM_SEED:-$$}
echo "moments drawn from RANDOM_SEED=${RANDOM_SEED:-$$}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train=("$bin/fdml-train" "$here/train_bits.ini" --set "data.images=$work/birds/labels.csv" --quiet)
passed=0
failed=0

verdict() # verdict NAME GOT WANT
{
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok - $1"
    else
        failed=$((failed + 1))
        echo "not ok - $1: weights $2, expected $3"
    fi
}

sha_of()
{
    sed -n 's/.*"weights_sha256": "\([0-9a-f]*\)".*/\1/p' "$1/summary.json"
}

"$bin/fdml-synth" plumage --out "$work/birds" --per-class 20 --quiet
"${train[@]}" --out "$work/first" --threads 1 >/dev/null
want=$(sha_of "$work/first")
echo "# $want"

for isa in scalar avx2 avx512 neon; do
    "$bin/fdml-train" --version | grep -qw "$isa" || continue
    for threads in 1 2 3 4; do
        rm -rf "$work/run"
        "${train[@]}" --out "$work/run" --isa "$isa" --threads "$threads" >/dev/null
        verdict "$isa, $threads threads" "$(sha_of "$work/run")" "$want"
    done
done

started=$(date +%s%N)
rm -rf "$work/run"
"${train[@]}" --out "$work/run" >/dev/null
whole=$((($(date +%s%N) - started) / 1000000))
for ((i = 1; i <= kills; i++)); do
    rm -rf "$work/run"
    at=$((RANDOM % (whole + 1)))
    "${train[@]}" --out "$work/run" >/dev/null 2>&1 &
    pid=$!
    sleep "$((at / 1000)).$(printf %03d $((at % 1000)))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    "${train[@]}" --out "$work/run" --resume >/dev/null
    verdict "killed after $at of $whole ms" "$(sha_of "$work/run")" "$want"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
