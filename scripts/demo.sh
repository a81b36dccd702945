#!/usr/bin/env bash
# demo.sh - makes a small synthetic data set with a known unfairness, and audits it.
#
#   BIN=build/bin scripts/demo.sh FOLDER      an empty BIN only makes the data
#
# 100 classes of 12 rows in 32 dimensions: a class is a random centre, a row is its centre plus
# noise. The classes of group "even" scatter by 0.85, those of group "wide" by 1.1, so a fair
# audit must find that retrieval serves "wide" worse. Nothing in it comes from real people. The
# generator is Park and Miller's (16807 mod 2^31-1) and a normal number is the sum of twelve
# uniform ones less six: exact in any awk, so the files are the same everywhere.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

folder=$1
mkdir -p "$folder"
awk -v rows="$folder/embeddings.csv" -v meta="$folder/meta.csv" '
    function uniform() { seed = (16807 * seed) % 2147483647; return seed / 2147483647 }
    function normal(    i, sum) { for (i = 0; i < 12; i++) sum += uniform(); return sum - 6 }
    BEGIN {
        seed = 2022; classes = 100; per_class = 12; dim = 32
        print "label,group" > meta
        for (c = 0; c < classes; c++) {
            group = c % 2 ? "wide" : "even"
            noise = c % 2 ? 1.1 : 0.85
            for (d = 0; d < dim; d++) centre[d] = normal()
            for (i = 0; i < per_class; i++) {
                line = ""
                for (d = 0; d < dim; d++)
                    line = line sprintf("%s%.5f", d ? "," : "", centre[d] + noise * normal())
                print line > rows
                printf "class%03d,%s\n", c, group > meta
            }
        }
    }'

[ -n "${BIN:-}" ] || exit 0
echo "Synthetic data in $folder: 100 classes, 1200 rows, two groups; the rows of group 'wide'"
echo "scatter further around their class than those of 'even'. The audit should say so."
echo
set -x
"$BIN/fdml-eval" "$folder/embeddings.csv" "$folder/meta.csv" --group group
