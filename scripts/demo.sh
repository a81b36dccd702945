#!/usr/bin/env bash
# demo.sh - the main job, from nothing: draws birds whose colour is a shortcut, trains a small
# network on them in three ways, audits each with fdml-eval, and compares.
#
#   BIN=build/bin scripts/demo.sh FOLDER [options of fdml-findml]
#
# What is said at the end is computed from the numbers (tools/findml_words.c). Taken up again
# where it was interrupted; remove FOLDER to begin anew.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

bin=${BIN:-build/bin}
folder=${1:-build/demo}
[ $# -eq 0 ] || shift
grid=$(cd "$(dirname "$0")/.." && pwd)/examples/demo.ini
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
mkdir -p "$folder"

cat <<'END'
Drawn birds of 80 species: nine of ten birds of a species wear its main colour (the majority), one
of ten another (the minority). A network learns species from half of them; the others are the test.

  baseline      margin loss as it is
  parade        partial attribute de-correlation of class and colour embeddings
  same_colour   negatives of the anchor's own colour in three of four batches

Fifteen runs, each with data, first weights and batches of its seed; 1 to 3 minutes.

END
echo "\$ fdml-findml examples/demo.ini --out $folder/runs --resume --jobs $jobs --plot $folder/front.svg $*"
"$bin/fdml-findml" "$grid" --out "$folder/runs" --resume --jobs "$jobs" --plot "$folder/front.svg" \
    --progress "$@"
cat <<END

Pictures, runs and audits are in $folder/runs, overall against worst group in $folder/front.svg.
Another grid: examples/plumage_quick.ini. Your own data: examples/lfw.ini, and docs/findml.md.
END
