#!/usr/bin/env bash
# make_example.sh - prints README.md with the output of its example as it is now.
#
#   BIN=build/bin SHARED=../shared scripts/make_example.sh > README.new && mv README.new README.md
#
# The block between the line of `$ fdml-eval` and the closing fence is replaced by the report's
# numbers; what follows its verdict is "...". tests/cli/docs.sh compares README.md with what this
# prints.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

cd "$(dirname "$0")/.."
bin=$(cd "${BIN:-build/bin}" && pwd)
shared=${SHARED:-../shared}
output=$(mktemp)
trap 'rm -f "$output"' EXIT

(cd "$shared/embeddings/lfw_mobilefacenet" &&
    "$bin/fdml-eval" embeddings.npy labels.csv --label identity --group gender,race \
        --no-intersections -m recall_at_1,map_at_r,alignment_intra) |
    awk '/^Warnings/ { print "..."; over = 1 }
        over || /^$/ { blank = 1; next }
        { if (blank) print ""; blank = 0; print }' >"$output"
awk -v output="$output" '
    skipping && /^```/ { while ((getline line < output) > 0) print line; skipping = 0 }
    !skipping { print }
    /^\$ fdml-eval/ { command = 1 }
    command && !/\\$/ { command = 0; skipping = 1 }' README.md
