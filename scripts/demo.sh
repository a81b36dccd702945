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

# The models of seed 0 as a release would meet them: a gate, and what changed against the baseline.
gate='gap(recall_at_1, share) > 0.65 and p < 0.01'
cat <<END

Would they pass a gate? Each model of seed 0 embeds the test pictures and is audited by the share of
its species that wears a bird's colour, majority or minority:

  fdml-eval NAME.npy NAME.csv --group share --compare baseline.npy --report NAME.html \\
      --fail-if '$gate'

END
for name in baseline parade same_colour; do
    cell=$folder/runs/plumage/margin/$name/seed0
    "$bin/fdml-embed" --model "$cell/run/model.safetensors" "$cell/test.csv" -o "$folder/$name.npy" \
        --meta "$folder/$name.csv" --quiet
    other=()
    [ $name = baseline ] || other=(--compare "$folder/baseline.npy")
    status=0
    "$bin/fdml-eval" "$folder/$name.npy" "$folder/$name.csv" --group share -m recall_at_1,map_at_r \
        "${other[@]}" --fail-if "$gate" --report "$folder/$name.html" -o "$folder/$name.txt" --quiet \
        2> "$folder/$name.err" || status=$?
    [ $status -eq 0 ] || [ $status -eq 3 ] || { cat "$folder/$name.err" >&2; exit $status; }
    echo "$name: $([ $status -eq 0 ] && echo passes || echo "fails (exit status 3)")"
    grep -v '^fdml-eval' "$folder/$name.err" || true
    sed -n '/^Change:/,/^$/p' "$folder/$name.txt"
done
cat <<END
Pages to read in a browser: $folder/baseline.html, parade.html and same_colour.html.
Pictures, runs and audits are in $folder/runs, overall against worst group in $folder/front.svg.
Another grid: examples/plumage_quick.ini. Your own data: examples/lfw.ini, and docs/findml.md.
END
