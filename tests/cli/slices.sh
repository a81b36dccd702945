# slices.sh - --find-slices: what is planted is found and named, its numbers are those of the rows,
# and columns are chosen and refused as documented.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

# emb.csv and meta.csv: 100 classes of 10 rows; race is of the class, pose and age of the row. Rows
# of race B and pose side have far more noise.
planted()
{
    python3 - <<'END'
import csv, random
random.seed(3)
rows, meta = [], []
for c in range(100):
    centre, race = [random.gauss(0, 1) for _ in range(12)], "ABC"[random.randrange(3)]
    for i in range(10):
        pose = random.choice(["front", "side", "up"])
        noise = 2.5 if (race, pose) == ("B", "side") else 0.3
        rows.append([x + noise * random.gauss(0, 1) for x in centre])
        meta.append([f"p{c}", race, pose, random.randrange(18, 80), f"{c}_{i}.jpg", random.choice(["", "x"]), len(meta), 7])
with open("emb.csv", "w", newline="") as file:
    csv.writer(file).writerows(rows)
with open("meta.csv", "w", newline="") as file:
    csv.writer(file).writerows([["label", "race", "pose", "age", "file", "note", "id", "same"]] + meta)
END
}

search()
{
    run fdml-eval emb.csv meta.csv -m recall_at_1,map_at_r --bootstrap 100 --permutations 200 --find-slices --quiet "$@"
}

test_what_is_planted_is_found()
{
    planted
    search --json r.json --per-query q.csv
    assert_exit 0
    assert_json r.json '[s["name"] for s in r["slices"]["found"]] == ["race=B & pose=side"]'
    assert_json r.json 'r["slices"]["found"][0]["p_search"] == 1 / 201 and r["slices"]["unexplained"] == 0'
    assert_json r.json '"race=B" in r["slices"]["found"][0]["explained"] or "pose=side" in r["slices"]["found"][0]["explained"]'
    assert_json r.json 'r["settings"]["slice_columns"] == ["race", "pose", "age", "note"]'
    assert_out 'race=B & pose=side'
    assert_out 'values: file, id'
    python3 - <<'END'
import csv, json
found = json.load(open("r.json"))["slices"]["found"][0]
meta = list(csv.DictReader(open("meta.csv", newline="")))
hit = [float(q["recall_at_1"]) for q in csv.DictReader(open("q.csv", newline=""))]
own = [h for h, m in zip(hit, meta) if m["race"] == "B" and m["pose"] == "side"]
rest = [h for h, m in zip(hit, meta) if not (m["race"] == "B" and m["pose"] == "side")]
value, other = sum(own) / len(own), sum(rest) / len(rest)
near = lambda a, b: abs(a - b) < 1e-9
assert found["n"] == len(own) and found["rest"]["n"] == len(rest)
assert found["classes"] == len({m["label"] for m in meta if m["race"] == "B" and m["pose"] == "side"})
assert near(found["value"]["value"], value) and near(found["rest"]["value"], other)
assert near(found["difference"]["value"], value - other) and near(found["excess"], len(own) * (other - value))
lost = len(own) - sum(own)
assert near(found["loss_share"], lost / (len(hit) - sum(hit))) and near(found["lift"], found["loss_share"] * len(hit) / len(own))
assert hit[found["example_row"]] == 0 and meta[found["example_row"]]["race"] == "B"
closest = json.load(open("r.json"))["slices"]["closest"]
assert closest["name"] == found["name"] and near(closest["difference"], value - other) and closest["p_search"] == found["p_search"]
lo, hi = found["difference"]["ci"]
assert lo < value - other < hi < 0
END
}

# Each query a unit of its own and one column: the p of a slice is that of Fisher's exact test.
test_p_is_that_of_an_exact_test()
{
    planted
    python3 - <<'END'
import csv, random
random.seed(1)
rows = list(csv.reader(open("meta.csv", newline="")))
with open("meta.csv", "w", newline="") as file:
    csv.writer(file).writerows([row + ["coin" if not i else random.choice("abcdef")] for i, row in enumerate(rows)])
END
    run fdml-eval emb.csv meta.csv -m recall_at_1 --find-slices --slice-columns coin --slice-clusters 0 --unit query \
        --permutations 9999 --bootstrap 0 --confidence 0.1 --json r.json --per-query q.csv --quiet
    assert_exit 0
    assert_json r.json 'r["slices"]["tried"] == 6 and len(r["slices"]["found"]) >= 1'
    python3 - <<'END'
import csv, json
from math import comb
meta = list(csv.DictReader(open("meta.csv", newline="")))
hit = [float(q["recall_at_1"]) for q in csv.DictReader(open("q.csv", newline=""))]
for s in json.load(open("r.json"))["slices"]["found"]:
    own = [1 - h for h, m in zip(hit, meta) if "coin=" + m["coin"] == s["name"]]
    n, lost, k = len(own), int(len(hit) - sum(hit)), int(sum(own))
    p = sum(comb(lost, j) * comb(len(hit) - lost, n - j) for j in range(k, min(n, lost) + 1)) / comb(len(hit), n)
    assert 0.001 < p and abs(s["p"] - p) < 4 * (p / 9999) ** 0.5, (s["p"], p)
END
}

test_every_format_tells_of_it()
{
    planted
    local format
    for format in table md latex csv; do
        search --format "$format" -o "r.$format" --json r.json --report r.html
        assert_exit 0
    done
    for format in table csv; do
        grep -q 'race=B & pose=side' "r.$format" || fail "$format does not name the slice"
    done
    grep -qF 'race=B \& pose=side' r.md || fail "md does not name the slice"
    grep -qF 'race=B \& pose=side' r.latex || fail "latex does not name the slice"
    grep -q '^slice_difference,,race=B & pose=side,recall_at_1,' r.csv || fail "no row of the difference"
    grep -q '<h2 id="slices">' r.html || fail "the page has no section"
    python3 "$REPO/tests/cli/html_check.py" r.html r.json >/dev/null || fail "the page is not sound"
    grep -q 'race=B &amp; pose=side' r.html || fail "the page does not name the slice"
    run fdml-eval --define slice,p_search,detectable_slice
    assert_out 'given values in one or more columns'
}

test_same_bits_and_verified()
{
    planted
    search --slice-metric map_at_r --threads 1 --isa scalar --json one.json
    search --slice-metric map_at_r --threads 3 --json two.json
    assert_eq "$(json one.json 'r["result_sha256"]')" "$(json two.json 'r["result_sha256"]')"
    assert_json one.json 'r["slices"]["metric"] == "map_at_r" and len(r["slices"]["found"]) > 0'
    run fdml-eval --verify one.json --quiet
    assert_exit 0
    search --slice-columns race,pose --slice-depth 1 --slice-clusters 4,9 --slice-min-rows 50 --json three.json
    run fdml-eval --verify three.json --quiet
    assert_exit 0
    assert_json three.json 'r["settings"]["slice_clusters"] == [4, 9] and r["settings"]["slice_depth"] == 1'
}

test_regions_alone()
{
    small_set
    run fdml-eval emb.npy --label labels.npy --find-slices -m recall_at_1 --slice-clusters 3 --slice-min-rows 5
    assert_exit 2 # labels.npy is not there
    cut -d, -f1 meta.csv >label.csv
    run fdml-eval emb.npy label.csv --find-slices -m recall_at_1 --slice-clusters 3 --slice-min-rows 5 --bootstrap 50 \
        --permutations 50 --json r.json
    assert_exit 0
    assert_json r.json 'r["settings"]["slice_columns"] == [] and r["slices"]["tried"] <= 3'
}

test_bad_options()
{
    planted
    bad_usage '--slice-depth needs --find-slices' fdml-eval emb.csv meta.csv --slice-depth 1
    bad_usage '--slice-columns needs --find-slices' fdml-eval emb.csv meta.csv --slice-columns race
    bad_input "--slice-depth: '9'" fdml-eval emb.csv meta.csv --find-slices --slice-depth 9
    bad_input "no column 'rase'" fdml-eval emb.csv meta.csv --find-slices --slice-columns rase
    bad_input 'meta.csv: column file has 1000 values, the limit for slices is 64' \
        fdml-eval emb.csv meta.csv --find-slices --slice-columns file
    bad_input 'meta.csv: column same is the same in every row' fdml-eval emb.csv meta.csv --find-slices --slice-columns same
    bad_input "--slice-columns: 'race' is named twice" fdml-eval emb.csv meta.csv --find-slices --slice-columns race,race
    bad_input "slice-metric: 'mrr' is not among the metrics" \
        fdml-eval emb.csv meta.csv --find-slices --slice-metric mrr -m recall_at_1
    bad_input 'slice-metric: nmi is no mean over queries' \
        fdml-eval emb.csv meta.csv --find-slices --slice-metric nmi -m recall_at_1,nmi
    bad_input 'no metric of queries is asked for' fdml-eval emb.csv meta.csv --find-slices -m nmi
    bad_input 'give 19 at least' fdml-eval emb.csv meta.csv --find-slices --permutations 18
    bad_input 'slice-clusters: 500 clusters of 100 classes' \
        fdml-eval emb.csv meta.csv --find-slices --slice-clusters 500 -m recall_at_1
    assert_no_file r.json
}

# Numbers by quarters, empty cells as a value of their own.
test_columns_become_levels()
{
    planted
    search --confidence 0.001 --slice-columns age,note --slice-clusters 0 --json r.json
    assert_exit 0
    assert_json r.json 'r["slices"]["tried"] + r["slices"]["too_small"] == 4 + 2 + 8'
    assert_json r.json 'any("(missing)" in n for s in r["slices"]["found"] for n in (s["name"], s["explained"] or "")) or any("age=" in s["name"] for s in r["slices"]["found"])'
}

# Names that break pages, tables and cells.
test_names_of_all_kinds()
{
    planted
    python3 - <<'END'
import csv
rows = list(csv.reader(open("meta.csv", newline="")))
for row in rows[1:]:
    row[1] = {"A": "a,b", "B": '<b>"&\nשלום', "C": "c"}[row[1]]
with open("meta.csv", "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows(rows)
END
    search --json r.json --report r.html --format csv -o r.csv
    assert_exit 0
    python3 "$REPO/tests/cli/html_check.py" r.html r.json >/dev/null || fail "the page is not sound"
    python3 - <<'END'
import csv, json
name = json.load(open("r.json", encoding="utf-8"))["slices"]["found"][0]["name"]
assert name == 'race=<b>"&\nשלום & pose=side', name
assert name in [row["group"] for row in csv.DictReader(open("r.csv", newline="", encoding="utf-8"))]
END
}

test_dry_run_counts_it()
{
    planted
    run fdml-eval emb.csv meta.csv -m recall_at_1 --dry-run
    local without
    without=$(sed -n 's/^work *\([0-9.e+]*\) .*/\1/p' out)
    run fdml-eval emb.csv meta.csv -m recall_at_1 --find-slices --dry-run
    assert_exit 0
    python3 -c "import sys; assert $(sed -n 's/^work *\([0-9.e+]*\) .*/\1/p' out) > $without"
    bad_input 'this audit needs' fdml-eval emb.csv meta.csv -m recall_at_1 --find-slices --max-memory 300K
}

test_lfw()
{
    need_shared embeddings/lfw_mobilefacenet
    run fdml-eval "$SHARED/embeddings/lfw_mobilefacenet/embeddings.npy" "$SHARED/embeddings/lfw_mobilefacenet/labels.csv" \
        --label identity --find-slices -m recall_at_1 --json r.json --quiet
    assert_exit 0
    assert_json r.json 'r["settings"]["slice_columns"] == ["gender", "race"] and r["slices"]["tried"] > 40'
    assert_json r.json 'all(s["p_search"] <= 0.05 and s["difference"]["value"] < 0 for s in r["slices"]["found"])'
    assert_json r.json 'r["slices"]["closest"]["difference"] < 0 and 0 < r["slices"]["closest"]["p_search"] <= 1'
    assert_json r.json '0 < r["slices"]["detectable"]["least"] < r["slices"]["detectable"]["most"]'
}

test_page_fits_screens()
{
    command -v chromium >/dev/null || skip "chromium is not installed"
    planted
    search --group race,pose --report r.html
    assert_exit 0
    python3 "$REPO/tests/cli/html_render.py" r.html 390 1280
}
