#!/usr/bin/env bash
# check_bits.sh - one result_sha256 for every instruction set, thread count and machine.
#
#   BUILD=build scripts/check_bits.sh
#
# Audits one data set with the native program (every --isa that runs here, 1, 2 and 7 threads)
# and with the emulated AArch64 program, and compares the result_sha256 of the JSON reports.
# The set is made by fdml-synth; where ../shared has the LFW embeddings, these too. Then trains
# five steps of a small network here and there, and compares the sha256 of the weights;
# train_bits.sh does more of that, but not emulated. Last an audit of explanations.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${CI:=false}"
shared=${SHARED:-../shared}
native=$BUILD/bin
arm=$BUILD/aarch64/bin
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# hash_of PROGRAM... : the result_sha256 it reports
hash_of()
{
    "$@" --format json --quiet 2>"$scratch/err" |
        sed -n 's/.*"result_sha256": *"\([0-9a-f]*\)".*/\1/p' | head -n 1
}

# compare LABEL ARGUMENTS...: every way of running gives the hash of the first
compare()
{
    local label=$1 want got isa threads
    shift
    want=$(hash_of "$native/fdml-eval" "$@" --threads 1) || true
    if [ -z "$want" ]; then
        echo "not ok - $label: $(tail -n 1 "$scratch/err")"
        return
    fi
    for isa in scalar avx2 avx512; do
        for threads in 1 2 7; do
            got=$(hash_of "$native/fdml-eval" "$@" --isa "$isa" --threads "$threads") || true
            if [ -z "$got" ] && grep -qi "$isa" "$scratch/err"; then
                echo "ok - $label $isa $threads # SKIP $isa does not run here"
            else
                verdict "$label $isa, $threads threads" "$want" "$got"
            fi
        done
    done
    for isa in scalar neon; do
        for threads in 1 2; do
            got=$(hash_of "$qemu" -L / "$arm/fdml-eval" "$@" --isa "$isa" --threads "$threads") || true
            verdict "$label aarch64 $isa, $threads threads" "$want" "$got"
        done
    done
}

# weights_of PROGRAM... : the sha256 of the weights after five steps
weights_of()
{
    rm -rf "$scratch/run"
    "$@" scripts/train_bits.ini --set "data.images=$scratch/birds/labels.csv" --set train.steps=5 \
        --out "$scratch/run" --quiet >/dev/null 2>"$scratch/err" &&
        sed -n 's/.*"weights_sha256": "\([0-9a-f]*\)".*/\1/p' "$scratch/run/summary.json"
}

compare_training()
{
    local want got isa threads
    "$native/fdml-synth" plumage --out "$scratch/birds" --classes 20 --per-class 12 --per-test 4 --quiet
    want=$(weights_of "$native/fdml-train" --threads 1) || true
    for isa in scalar neon; do
        for threads in 1 2; do
            got=$(weights_of "$qemu" -L / "$arm/fdml-train" --isa "$isa" --threads "$threads") || true
            verdict "trained aarch64 $isa, $threads threads" "${want:-weights}" "$got"
        done
    done
}

# explained PROGRAM...: the hash of an audit of explanations, of a black box that is trained
explained()
{
    hash_of "$@" "$scratch/credit.csv" --target good --group race --seeds 1 --bootstrap 50 --permutations 50 \
        --black-box mlp --candidates 20 -m lime:n300,lime:n300:jtt10,shap:k2,gam,tree
}

compare_explaining()
{
    local want isa threads
    # shellcheck source=/dev/null
    (. tests/cli/explain.bash && cd "$scratch" && credit_table)
    want=$(explained "$native/fdml-explain" --threads 1) || true
    for isa in scalar neon; do
        for threads in 1 2; do
            verdict "explained aarch64 $isa, $threads threads" "${want:-a hash}" \
                "$(explained "$qemu" -L / "$arm/fdml-explain" --isa "$isa" --threads "$threads" || true)"
        done
    done
}

verdict()
{
    if [ "$2" = "$3" ]; then
        echo "ok - $1: $2"
    else
        echo "not ok - $1: '$3', expected $2: $(tail -n 1 "$scratch/err")"
    fi
}

all()
{
    "$native/fdml-synth" embeddings --out "$scratch" --quiet
    compare made "$scratch/embeddings.npy" "$scratch/labels.csv" --group group
    if [ -d "$shared/embeddings/lfw_mobilefacenet" ]; then
        compare lfw "$shared/embeddings/lfw_mobilefacenet/embeddings.npy" \
            "$shared/embeddings/lfw_mobilefacenet/labels.csv" --label identity --group gender,race
    elif [ "$CI" = true ]; then
        echo "not ok - CI=true and ../shared/embeddings/lfw_mobilefacenet is absent"
    else
        echo "ok - lfw # SKIP ../shared/embeddings/lfw_mobilefacenet is absent"
    fi
    compare_training
    compare_explaining
}

results=$(all)
printf '%s\n' "$results"
awk '/^ok .*# SKIP/ { s++; next } /^ok / { p++ } /^not ok / { f++ }
    END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 }' <<<"$results"
