# hostile.sh - names, groups and embeddings that break reports, through every view of one audit: the
# numbers are those of a slow computation or are refused, each view is read back by its own rules
# (hostile_check.py), and nothing sticks out of the page.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
. "$REPO/tests/cli/data.bash"

# views NAME OPTIONS: every view of the small audit: NAME.txt .md .latex .csv .json .html .card .queries
views()
{
    local name=$1 format
    shift
    for format in md latex csv; do
        run fdml-eval emb.npy meta.csv --bootstrap 20 --permutations 20 --quiet "$@" --format $format -o "$name.$format"
        assert_exit 0
    done
    run fdml-eval emb.npy meta.csv --bootstrap 20 --permutations 20 --quiet "$@" -o "$name.txt" \
        --json "$name.json" --report "$name.html" --model-card "$name.card" --per-query "$name.queries"
    assert_exit 0
    python3 "$REPO/tests/cli/hostile_check.py" "$name" meta.csv || fail "$name: a view is wrong"
    python3 "$REPO/tests/cli/html_check.py" "$name.html" "$name.json" >counts.json || fail "$name: the page is not sound"
}

truth()
{
    python3 "$REPO/tests/cli/hostile_truth.py" emb.npy meta.csv "$1.json" "$1.csv" || fail "$1: a number is wrong"
}

test_names()
{
    python3 "$REPO/tests/cli/make_hostile.py" names
    views r --group $'bad | "name"\n\u202e<i>&_$,kind' --missing-attribute group --min-group 4 -m recall_at_1,map_at_r,cluster,leakage \
        --fail-if "recall_at_1[kind='|'] < .0001"
    truth r
    # groups in which nearly every row is of a class of its own
    assert_json r.json 'all(abs(x) <= 1 + 1e-9 for g in r["groups"] for m in ("nmi", "ami", "ari", "f1")
        for x in [g["metrics"][m]["value"] or 0] + (g["metrics"][m]["ci"] or []))'
    command -v chromium >/dev/null || skip "chromium is not installed"
    python3 "$REPO/tests/cli/html_render.py" r.html 390
}

test_long_names_are_told_apart()
{
    python3 "$REPO/tests/cli/make_hostile.py" long
    views r --group kind --min-group 4 -m recall_at_1,map_at_r
    truth r
    local end
    for end in a b; do assert_eq "$(grep -c "^  x*…x*$end " r.txt)" 1; done
}

test_missing_attributes()
{
    python3 "$REPO/tests/cli/make_hostile.py" names
    bad_input 'meta.csv:3: kind is empty (--missing-attribute group' fdml-eval emb.npy meta.csv --group kind
    views r --group kind --missing-attribute group --min-group 4 -m recall_at_1,map_at_r
    assert_json r.json 'r["settings"]["missing_attribute"] == "group"'
    assert_json r.json 'any(g["value"] == "missing" for g in r["groups"])'
    run fdml-eval --verify r.json
    assert_exit 0
    bad_input 'meta.csv:3: kind is empty' fdml-eval emb.npy meta.csv --label kind --missing-attribute group
}

# 200 values and a group of one, with all that has a row for each pair of groups.
test_many_values()
{
    python3 "$REPO/tests/cli/make_hostile.py" many
    views r --group many,alone --no-intersections --min-group 2 -m recall_at_1,map_at_r,verification --fmr 1e-1
    truth r
    assert_json r.json 'sum(g["by"] == "many" for g in r["groups"]) == 200'
    assert_json r.json '[g["metrics"]["recall_at_1"]["why"] for g in r["groups"] if g["value"] == "one"] == ["insufficient data (n=1 < 2)"]'
    grep -q '200 groups are too many for a table' r.txt || fail "not said where the table is"
    [ "$(wc -c <r.html)" -lt 1500000 ] || fail "the page has $(wc -c <r.html) bytes"
    [ "$(wc -l <r.txt)" -lt 1500 ] || fail "the text has $(wc -l <r.txt) lines"
}

# Every value alike: a perfect embedding, one where all rows are the same, one query of each class,
# and a group whose queries are all lone.
test_constant_metrics()
{
    local set
    for set in perfect equal single lone; do
        rm -f emb.npy meta.csv
        python3 "$REPO/tests/cli/make_hostile.py" $set
        local columns=()
        [ $set = single ] && columns=(--query asks --gallery answers)
        views $set --group kind ${columns[@]+"${columns[@]}"} --distance l2 --min-group 4 -m findml
        truth $set
    done
    assert_json perfect.json 'all(g["difference"]["value"] == 0 for g in r["gaps"] if g["metric"] == "recall_at_1")'
    assert_json single.json 'r["counts"]["queries"] == 100 == r["counts"]["classes"]'
    assert_json lone.json '[g["metrics"]["recall_at_1"]["value"] for g in r["groups"] if g["value"] == "lonely"] == [None]'
}

# What a name may do to a terminal it may not do through a message either.
test_messages()
{
    small_set
    sed $'1s/cam/c\x1b[31m\x9b/' meta.csv >hostile.csv
    sed -i $'s/\x9b/\xc2\x9b/' hostile.csv
    bad_input "no column 'nothing'" fdml-eval emb.npy hostile.csv --group nothing
    ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' err || fail "a control character on stderr"
}
