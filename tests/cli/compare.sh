# compare.sh - --compare and --fail-if: two models on the same rows, and builds that must fail.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

# The small set, and other.csv: the same rows off by a fixed pattern, in another format.
two_models()
{
    small_set "$@"
    python3 - <<'END'
import struct
data = open("emb.npy", "rb").read()
start = 10 + struct.unpack("<H", data[8:10])[0]
values = struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])
rows = [values[i:i + 16] for i in range(0, len(values), 16)]
with open("other.csv", "w") as file:
    for i, row in enumerate(rows):
        file.write(",".join(f"{x + 0.35 * ((i * 7 + j * 13) % 11 / 5 - 1):.9g}" for j, x in enumerate(row)) + "\n")
END
}

test_a_model_against_itself()
{
    small_set
    quick --group group,cam -m all --compare emb.npy --format json -o r.json
    assert_exit 0
    assert_json r.json 'all(d["change"]["value"] in (0, None) for d in r["compare"]["overall"].values())'
    assert_json r.json 'all(d["p"] in (1, None) for g in r["compare"]["groups"] for d in g["metrics"].values())'
    assert_json r.json 'all(g["change"]["value"] in (0, None) for g in r["compare"]["gaps"])'
    assert_json r.json '[i["role"] for i in r["inputs"]] == ["embeddings", "compare", "metadata"]'
    assert_json r.json 'r["inputs"][0]["sha256"] == r["inputs"][1]["sha256"]'
    quick --group group --compare emb.npy
    assert_out 'Change: No number differs.'
}

test_comparison_in_every_format()
{
    two_models
    quick --group group,cam --compare other.csv -m findml,spectrum --json r.json --format csv -o r.csv
    assert_exit 0
    python3 - <<'END'
import csv, json
r, rows = json.load(open("r.json")), list(csv.DictReader(open("r.csv", newline="")))
got = {(x["section"], x["by"], x["group"], x["metric"]): x for x in rows}
assert len(got) == len(rows)
def check(d, of, by, group, metric):
    row = got["change_" + of, by, group, metric]
    assert row["value"] == "" if d["change"]["value"] is None else float(row["value"]) == d["change"]["value"]
    assert row["p_holm"] == "" if d["p_holm"] is None else float(row["p_holm"]) == d["p_holm"]
    if d["change"]["value"] is None:
        assert row["why"] == d["change"]["why"]
        return 0
    assert abs(d["new"]["value"] - d["other"]["value"] - d["change"]["value"]) < 1e-12
    assert float(got["other_" + of, by, group, metric]["value"]) == d["other"]["value"]
    lo, hi = d["change"]["ci"]
    assert lo <= hi and d["standard_error"] >= 0
    assert (d["p"] is None) == (metric in ("nmi", "spectrum")) == (d["p_method"] is None)
    return d["p"] is not None
c = r["compare"]
n = sum(check(d, "overall", "", "", m) for m, d in c["overall"].items())
n += sum(check(d, "group", g["by"], g["value"], m) for g in c["groups"] for m, d in g["metrics"].items())
n += sum(check(d, "gap", d["by"], "", d["metric"]) for d in c["gaps"])
assert n == c["tests"] and c["dim"] == 16 and c["path"] == "other.csv"
END
    quick --group group,cam --compare other.csv
    assert_exit 0
    assert_out 'Compared with other.csv: changes are emb.npy minus other.csv'
    assert_out 'To be found with 80% power'
    assert_eq "$(sed 's/─/-/g' out | awk 'length > 100')" ''
    quick --group group --compare other.csv --format md
    assert_out '**Change.** '
    quick --group group --compare other.csv --format latex
    assert_out 'minus those of other.csv'
}

test_comparison_leaves_the_audit_alone()
{
    two_models
    quick --group group,cam -m all --query is_query --gallery is_gallery --exclude-same cam --format json -o alone.json
    quick --group group,cam -m all --query is_query --gallery is_gallery --exclude-same cam --compare other.csv --format json -o both.json
    assert_exit 0
    python3 - <<'END'
import json
a, b = json.load(open("alone.json")), json.load(open("both.json"))
for key in ("overall", "groups", "gaps", "verification", "leakage", "counts"):
    assert a[key] == b[key], key
assert a["compare"] is None and a["result_sha256"] != b["result_sha256"]
END
    local hash
    hash=$(json both.json 'r["result_sha256"]')
    quick --group group,cam -m all --query is_query --gallery is_gallery --exclude-same cam --compare other.csv \
        --threads 1 --isa scalar --format json -o one.json
    assert_eq "$(json one.json 'r["result_sha256"]')" "$hash"
}

# The paired bootstrap and permutation test of numpy and scipy, over the values of each query. The interpreter is the one whose modules the package manager installs.
test_errors_and_p_are_those_of_numpy_and_scipy()
{
    /usr/bin/python3 -c 'import numpy, scipy' 2>/dev/null || skip 'numpy and scipy are absent'
    two_models --classes 40 --per-class 6
    run fdml-eval emb.npy meta.csv --group group -m recall_at_1,map_at_r --bootstrap 20000 --permutations 20000 \
        --compare other.csv --json r.json --per-query new.csv -o text
    assert_exit 0
    run fdml-eval other.csv meta.csv --group group -m recall_at_1,map_at_r --per-query other_queries.csv -o text
    assert_exit 0
    /usr/bin/python3 - <<'END'
import csv, json
import numpy as np
from scipy.stats import permutation_test
rng = np.random.default_rng(5)
new, other = (list(csv.DictReader(open(f, newline=""))) for f in ("new.csv", "other_queries.csv"))
c = json.load(open("r.json"))["compare"]
label = np.array([x["label"] for x in new])
group = np.array([x["group"] for x in new])
def draws(values, labels):
    """replicates of the mean when whole classes are drawn with replacement"""
    classes = np.unique(labels)
    sums = np.array([[values[labels == k].sum(), (labels == k).sum()] for k in classes])
    w = rng.multinomial(len(classes), [1 / len(classes)] * len(classes), size=20000)
    s = w @ sums
    return s[:, 0] / s[:, 1]
for m in ("recall_at_1", "map_at_r"):
    d = np.array([float(x[m]) - float(y[m]) for x, y in zip(new, other)])
    overall = c["overall"][m]
    assert abs(d.mean() - overall["change"]["value"]) < 1e-12
    assert abs(draws(d, label).std(ddof=1) / overall["standard_error"] - 1) < 0.03
    replicates = {}
    for g in c["groups"]:
        mine = group == g["value"]
        replicates[g["value"]] = draws(d[mine], label[mine])
        assert abs(replicates[g["value"]].std(ddof=1) / g["metrics"][m]["standard_error"] - 1) < 0.03
    gap = next(g for g in c["gaps"] if g["metric"] == m)
    ours = {g["value"]: g["metrics"][m] for g in c["groups"]}
    sign = lambda side: max(ours, key=lambda v: ours[v][side]["value"])
    high, high_other = sign("new"), sign("other")
    low, low_other = (min(ours, key=lambda v: ours[v][s]["value"]) for s in ("new", "other"))
    if (high, low) == (high_other, low_other):
        spread = replicates[high] - replicates[low]
        assert abs(spread.std(ddof=1) / gap["standard_error"] - 1) < 0.03
    # scipy's paired test exchanges the two samples pair by pair: here classes, all as large
    classes = np.unique(label)
    a, b = (np.array([sum(float(x[m]) for x in q if x["label"] == k) for k in classes]) for q in (new, other))
    want = permutation_test((a, b), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples",
                            vectorized=True, n_resamples=20000, random_state=1).pvalue
    assert abs(overall["p"] - want) < 4.5 * (2 * want * (1 - want) / 20000) ** 0.5 + 2e-4, (overall["p"], want)
END
}

test_rows_must_be_the_same()
{
    two_models
    head -n 100 other.csv >short.csv
    bad_input 'short.csv has 100 rows, emb.npy has 180; they must be the same rows' \
        fdml-eval emb.npy meta.csv --compare short.csv
    sed '18s/^[^,]*/nan/' other.csv >nan.csv
    run fdml-eval emb.npy meta.csv --compare nan.csv -o report.txt
    assert_exit 2
    assert_stderr_line 'nan.csv'
    assert_no_file report.txt
    bad_usage '--compare is of metrics, and -m names none' fdml-eval emb.npy meta.csv --compare other.csv -m leakage --group group
}

test_memory_counts_both_models()
{
    two_models
    quick --group group,cam --dry-run
    assert_exit 0
    cp out alone
    quick --group group,cam --compare other.csv --dry-run
    assert_exit 0
    assert_out 'compare     other.csv: 180 x 16'
    assert_eq "$(grep -c ^memory out)" 1
    ! cmp -s alone out || fail 'the estimate does not count the second model'
    quick --group group,cam --compare other.csv --max-memory 100K
    assert_exit 2
    assert_stderr_line 'is too little; this audit needs'
}

test_gates()
{
    two_models
    quick --group group,cam --fail-if 'recall_at_1 < .0001' --fail-if 'not recall_at_1 >= .0001' --json r.json
    assert_exit 0
    assert_stderr_empty
    assert_json r.json '[g["passed"] for g in r["gates"]] == [True, True]'

    # the report is there all the same, and says what stderr says
    quick --quiet --group group,cam --compare other.csv --json r.json -o report.txt \
        --fail-if 'recall_at_1 < .0001' --fail-if 'upper(change(recall_at_1)) < 1 and recall_at_1[group=minority] >= .0001'
    assert_exit 3
    assert_no_out
    assert_file report.txt
    assert_eq "$(wc -l <err)" 3
    grep -qF 'fdml-eval: gate failed: upper(change(recall_at_1)) < 1 and recall_at_1[group=minority] >= .0001' err || fail 'no such gate'
    grep -qF '  true: recall_at_1[group=minority] >= .0001 (' err || fail 'no such clause'
    grep -q '^failed ' report.txt || fail 'not in the report'
    assert_json r.json 'r["gates"][1]["passed"] is False and r["gates"][1]["clauses"][1]["left"] == next(g for g in r["groups"] if g["value"] == "minority")["metrics"]["recall_at_1"]["value"]'
    assert_json r.json 'r["gates"][0]["passed"] is True'

    # what cannot be told fails
    quick --group group --min-group 1000 --fail-if 'recall_at_1[group=minority] < .1'
    assert_exit 3
    grep -qF 'gate failed, as it cannot be decided: recall_at_1[group=minority] < .1' err || fail 'decided'
    grep -qF 'insufficient data (n=' err || fail 'no reason'
    quick --group group --permutations 0 --fail-if 'gap(recall_at_1, group) >= 0 and p < .01'
    assert_exit 3
    grep -qF 'undecided: p < .01 (not tested)' err || fail 'no reason'

    quick --group group --format csv --fail-if 'recall_at_1 > .0001'
    assert_exit 3
    grep -q '^gate,,,recall_at_1 > .0001,,1,' out || fail 'not in the csv'
    quick --group group --format md --fail-if 'recall_at_1 > .0001'
    assert_exit 3
    assert_out '### Gates'
}

test_bad_gates()
{
    small_set
    bad_usage "--fail-if: column 13: expected a relation such as <, found '0.95' in" \
        fdml-eval emb.npy meta.csv --fail-if 'recall_at_1 0.95'
    bad_usage '--fail-if: column 8: change and other need a second model (--compare) in' \
        fdml-eval emb.npy meta.csv --fail-if 'change(recall_at_1) < 0'
    bad_input "--fail-if: column 1: there is no metric 'recal_at_1'; did you mean recall_at_1? in" \
        fdml-eval emb.npy meta.csv --fail-if 'recal_at_1 < 1'
    bad_input "--fail-if: column 5: there is no group column 'grup'; did you mean group? in" \
        fdml-eval emb.npy meta.csv --group group --fail-if 'gap(nmi, grup) < 1'
    bad_usage "--fail-if: column 13: '=>' is no relation; write >= in" \
        fdml-eval emb.npy meta.csv --fail-if 'recall_at_1 => 0.95'
    bad_input "--fail-if: column 15: '95%' is no number here; write 0.95 in" \
        fdml-eval emb.npy meta.csv --fail-if 'recall_at_1 < 95%'
    bad_input '--fail-if: column 1: this lies from 0 to 1 and so is never > 2; write 0.02 for 2% in' \
        fdml-eval emb.npy meta.csv --group group --fail-if 'gap(recall_at_1, group) > 2'
    bad_input '--fail-if: column 1: there are numbers alone' fdml-eval emb.npy meta.csv --fail-if '1 < 2'
    run fdml-eval emb.npy meta.csv --group group --fail-if 'nmi[group=none] < 1' -o report.txt
    assert_exit 2
    assert_no_file report.txt
    quick --group group --dry-run --fail-if 'nmi < 1'
    assert_exit 0
}

# The expressions of the manual and of the example are read as they stand.
test_documented_gates_are_accepted()
{
    small_set
    awk -F, 'NR == 1 { print "label,gender,race"; next } { print $1 "," (NR % 2 ? "F" : "M") "," (NR % 3 ? "Black" : "Asian") }' \
        meta.csv >people.csv
    # shellcheck disable=SC2016 # Markdown's backticks
    { sed -n '/^## Gates of fdml-explain/q; s/^| `\(.*\)` | .*/\1/p' "$REPO/docs/gates.md"
        sed -n "s/.*--fail-if '\(.*\)'.*/\1/p" "$REPO/docs/gates.md" "$REPO/examples/gate.yml"; } | sort -u >expressions
    [ "$(wc -l <expressions)" -ge 14 ] || fail 'too few expressions found'
    local gates=()
    while read -r line; do gates+=(--fail-if "$line"); done <expressions
    run fdml-eval emb.npy people.csv --dry-run -m all --group gender,race --compare emb.npy "${gates[@]}"
    assert_exit 0
}
