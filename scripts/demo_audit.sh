#!/usr/bin/env bash
# demo_audit.sh - makes a small synthetic data set with a known unfairness, and audits it.
#
#   BIN=build/bin scripts/demo_audit.sh FOLDER
#
# What is in the set is said in src/data/synth.h; nothing in it comes from real people.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

bin=${BIN:-build/bin}
folder=${1:-build/demo_audit}
mkdir -p "$(dirname "$folder")"

show()
{
    echo "\$ $*"
    "$@"
}

show "$bin/fdml-synth" embeddings --out "$folder"
echo
show "$bin/fdml-eval" "$folder/embeddings.npy" "$folder/labels.csv" --group group
cat <<'END'

What one sees: the set was made so that rows of group "minority" scatter 1.5 times wider around
their class than those of "majority", and the audit finds it: recall is lower and alignment_intra
larger for the minority, by more than chance explains. Nothing here is about real people or a
real model; put your own embeddings.npy and labels.csv in the place of these two files.
END
