# downstream.sh - classifiers on embeddings: options, reports that agree, targets, memory.
#
# shellcheck shell=bash
# shellcheck source=/dev/null
# SPDX-License-Identifier: MIT
. "$REPO/tests/cli/data.bash"

learn()
{
    run fdml-eval emb.npy meta.csv -m downstream --bootstrap 40 --permutations 40 --min-group 5 \
        --downstream-splits 2 "$@"
}

test_downstream_reports_agree()
{
    small_set
    learn --group group,cam --downstream-classifiers logistic,knn --format json -o r.json
    assert_exit 0
    assert_json r.json '[d["by"] for d in r["downstream"]] == ["group", "cam", "group x cam"]'
    assert_json r.json '{d["target"] for d in r["downstream"]} == {"label"}'
    assert_json r.json 'r["settings"]["downstream_classifiers"] == ["logistic", "knn"]'
    assert_json r.json 'len(r["downstream"][0]["overall"]) == 2 * 3 * 4'
    assert_json r.json '{"logistic", "knn", "as_is", "balanced_under", "downstream_accuracy", "macro_f1"} <= set(r["definitions"])'
    python3 - r.json <<'END'
import json, sys
for d in json.load(open(sys.argv[1]))["downstream"]:
    rows = d["training_rows"]
    assert rows["balanced_under"] <= rows["as_is"] <= rows["balanced_over"]
    groups = {g["value"]: g["metrics"] for g in d["groups"]}
    for gap in d["gaps"]:
        values = {v: m[gap["metric"]]["value"] for v, m in groups.items()}
        values = {v: x for v, x in values.items() if x is not None}
        assert abs(max(values.values()) - min(values.values()) - gap["difference"]["value"]) < 1e-12
        classifier, protocol, measure = gap["metric"].split(".")
        assert (gap["p"] is None) == (measure != "accuracy")
        if protocol == "as_is": continue
        before = classifier + ".as_is." + measure
        for g in d["groups"]:
            change = g["change"][gap["metric"]]["value"]
            if change is None: continue
            assert abs(g["metrics"][gap["metric"]]["value"] - g["metrics"][before]["value"] - change) < 1e-12
END
    learn --group group,cam --downstream-classifiers logistic,knn --format csv
    assert_exit 0
    python3 - out r.json <<'END'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
got = {(x["section"], x["by"], x["group"], x["metric"]): x for x in rows}
assert len(got) == len(rows)
def same(cell, text): return text == "" if cell is None else float(text) == cell
for d in json.load(open(sys.argv[2]))["downstream"]:
    for key, cell in d["overall"].items():
        assert same(cell["value"], got["downstream", d["by"], "", key + "@label"]["value"])
    for g in d["groups"]:
        for key, cell in g["metrics"].items():
            row = got["downstream_group", d["by"], g["value"], key + "@label"]
            assert same(cell["value"], row["value"])
            assert cell["ci"] is None or same(cell["ci"][0], row["lo"])
    for gap in d["gaps"]:
        row = got["downstream_gap_difference", d["by"], "", gap["metric"] + "@label"]
        assert same(gap["difference"]["value"], row["value"]) and same(gap["p_holm"], row["p_holm"])
END
}

test_downstream_tables()
{
    small_set
    for format in table md latex; do
        learn --group group --downstream-classifiers knn --format "$format"
        assert_exit 0
        assert_out 'Accuracy of predicting label'
        assert_out 'Gaps by group'
        case $format in
            table) assert_out 'balanced_under' && assert_out 'Downstream: ' ;;
            *) assert_out 'balanced\_under' ;;
        esac
    done
    learn --downstream-classifiers knn,logistic # without groups: measures in columns
    assert_exit 0
    assert_out 'Measures of predicting label'
    assert_out 'macro_recall'
}

test_downstream_targets_and_sameness()
{
    small_set
    learn --group group --downstream-target cam,label --downstream-classifiers logistic,forest,mlp \
        --format json -o a.json --threads 1
    assert_exit 0
    learn --group group --downstream-target cam,label --downstream-classifiers logistic,forest,mlp \
        --format json -o b.json --threads 3 --isa scalar
    assert_exit 0
    assert_eq "$(json a.json 'r["result_sha256"]')" "$(json b.json 'r["result_sha256"]')"
    assert_json a.json '[d["target"] for d in r["downstream"]] == ["cam", "label"]'
    learn --group group --downstream-classifiers logistic,forest,mlp --seed 5 --format json -o c.json
    assert_exit 0
    [ "$(json a.json 'r["result_sha256"]')" != "$(json c.json 'r["result_sha256"]')" ] || fail 'the seed changes nothing'
}

test_downstream_protocols()
{
    small_set
    learn --group group --downstream-classifiers knn --downstream-protocols balanced_over --format json -o r.json
    assert_exit 0
    assert_json r.json '{k.split(".")[1] for k in r["downstream"][0]["overall"]} == {"as_is", "balanced_over"}'
}

test_downstream_bad_options()
{
    small_set
    bad_input "downstream-classifiers: 'svn' is unknown; known are logistic svm knn kmeans forest mlp" \
        fdml-eval emb.npy meta.csv -m downstream --downstream-classifiers knn,svn
    bad_input "downstream-protocols: 'balanced' is unknown; known are as_is balanced_under balanced_over" \
        fdml-eval emb.npy meta.csv -m downstream --downstream-protocols balanced
    bad_input "--downstream-splits: '0' is not a whole number from 1 to 1000" \
        fdml-eval emb.npy meta.csv -m downstream --downstream-splits 0
    bad_input "--downstream-target: 'cam' is named twice" \
        fdml-eval emb.npy meta.csv -m downstream --downstream-target cam,cam
    bad_input "no column 'nothing'" fdml-eval emb.npy meta.csv -m downstream --downstream-target nothing
    bad_usage '--downstream-target needs -m downstream' \
        fdml-eval emb.npy meta.csv --downstream-target cam
    bad_input 'max-memory' fdml-eval emb.npy meta.csv -m downstream --max-memory 64K
    awk -F, 'NR == 1 { print $0 ",row" } NR > 1 { print $0 "," NR }' meta.csv >numbered.csv
    bad_input 'downstream: row has 0 values with two rows or more, and a classifier needs two' \
        fdml-eval emb.npy numbered.csv -m downstream --downstream-target row
}
