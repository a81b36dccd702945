# html.sh - the page of --report: sound, complete, and with the numbers of the JSON; for ordinary
# sets and for those that break pages. html_check.py looks at the text, html_render.py at what a
# browser makes of it, detail_check.py at the numbers that only charts have.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
. "$REPO/tests/cli/data.bash"
. "$REPO/tests/cli/images.bash"

# page OPTIONS: fdml-eval on the small set; leaves r.html, r.json and counts.json
page()
{
    quick --report r.html --json r.json -o r.txt --quiet "$@"
    assert_exit 0
    python3 "$REPO/tests/cli/html_check.py" r.html r.json >counts.json || fail "the page is not sound"
}

# other_model: other.npy, the rows of emb.npy in another order of columns and the last ones gone
other_model()
{
    python3 - <<'PY'
import struct
raw = open("emb.npy", "rb").read()
rows = [struct.unpack_from("<16f", raw, 128 + at) for at in range(0, len(raw) - 128, 64)]
header = raw[10:128].replace(b"16)", b"12)")
with open("other.npy", "wb") as file:
    file.write(raw[:10] + header)
    for row in rows:
        file.write(struct.pack("<12f", *row[:12]))
PY
}

# meta_with NAME VALUE...: column NAME of meta.csv gets the values, over and over
meta_with()
{
    python3 - "$@" <<'PY'
import csv, sys
rows = list(csv.reader(open("meta.csv", newline="", encoding="utf-8")))
name, values = sys.argv[1], sys.argv[2:]
rows[0].append(name)
for i, row in enumerate(rows[1:]):
    row.append(values[i % len(values)])
with open("meta.csv", "w", newline="", encoding="utf-8") as file:
    csv.writer(file).writerows(rows)
PY
}

test_page_has_every_section()
{
    small_set
    other_model
    page --group group,cam -m all,downstream --downstream-classifiers logistic,knn --downstream-splits 1 \
        --fmr 1e-1,1e-2 --compare other.npy --find-slices --fail-if 'recall_at_1 < .0001'
    local id
    for id in summary gates data groups gaps comparison downstream curves distances cross spectrum det leakage slices \
        map worst definitions settings hashes; do
        grep -q "<h2 id=\"$id\">" r.html || fail "no section $id"
        grep -q "<a href=\"#$id\">" r.html || fail "no link to $id"
    done
    assert_json counts.json 'all(r[k] > 0 for k in r if k != "pictures")'
    assert_json counts.json 'r["charts"] >= 50'
    ! grep -q 'Not in this report' r.html || fail "something is missing"
}

test_what_was_not_asked_for_is_named()
{
    small_set
    page -m recall_at_1
    grep -q 'Not in this report' r.html || fail "not said"
    grep -q 'Leakage of attributes: leakage was not asked for' r.html || fail "not said"
    grep -q -- '<code>--group</code>' r.html || fail "no advice"
    page -m verification --fmr 1e-1 --group group
    page -m geometry --group group
    grep -q 'Recall by K: no retrieval metric' r.html || fail "not said"
    page -m leakage --group group
    page --group group --bootstrap 0 --permutations 0
    page --group group --distance l2
    page --group group --distance ip --convention ir
    page --group group --query is_query --gallery is_gallery --unit query
}

# Gates that pass, fail and cannot be decided; models that differ by columns; classifiers with too few
# rows, without tests, and without groups.
test_what_is_judged()
{
    small_set
    other_model
    quick --group group,cam --min-group 45 --compare other.npy --report r.html --json r.json -o r.txt --quiet \
        --fail-if 'recall_at_1 < .0001' --fail-if 'map_at_r > 0.01' \
        --fail-if 'recall_at_1[group=minority] > .99 or gap(recall_at_1, cam) > .99'
    assert_exit 3
    assert_json r.json '[(g["passed"], g["undecided"]) for g in r["gates"]] == [(True, False), (False, False), (False, True)]'
    python3 "$REPO/tests/cli/html_check.py" r.html r.json >counts.json || fail "the page is not sound"
    assert_json counts.json 'r["gates"] == 5 and r["comparison"] > 20'
    local few="-m downstream --downstream-classifiers logistic,knn --downstream-splits 1"
    # shellcheck disable=SC2086
    {
        page --group group,cam --min-group 5 $few --downstream-protocols balanced_over --permutations 0
        assert_json counts.json 'r["downstream"] > 15'
        page --group cam --min-group 100 $few
        page $few
        grep -q 'no other model was given: --compare' r.html || fail "not said"
    }
}

# The numbers that only charts have, against a slow computation. The second set is so large that
# pairs are drawn.
test_detail_is_true()
{
    small_set --noise 1.2
    page --group group,cam --min-group 5
    run python3 "$REPO/tests/cli/detail_check.py" emb.npy meta.csv r.json
    assert_exit 0
    assert_out '12 groups'
    rm -r emb.npy meta.csv
    fdml-synth embeddings --quiet --out set --classes 20 --per-class 20 --dim 8 --seed 3 --noise 1
    mv set/embeddings.npy emb.npy
    mv set/labels.csv meta.csv
    page --group group
    run python3 "$REPO/tests/cli/detail_check.py" emb.npy meta.csv r.json
    assert_exit 0
    assert_json r.json 'r["detail"]["groups"][0]["other"]["sampled"]'
}

# A report is a view: it changes no number. The page is the same for every kernel and thread count.
test_page_is_repeatable()
{
    small_set
    quick --group group -m all --fmr 1e-1 --json plain.json -o plain.txt
    page --group group -m all --fmr 1e-1
    assert_eq "$(json r.json 'r["result_sha256"]')" "$(json plain.json 'r["result_sha256"]')"
    assert_json plain.json '"detail" not in r'
    sed '/^<p>fdml-eval /d' r.html >first.html
    local isa
    for isa in scalar avx2; do
        fdml-eval --version | grep -q "$isa" || continue
        page --group group -m all --fmr 1e-1 --isa $isa --threads 1
        sed '/^<p>fdml-eval /d' r.html >second.html
        assert_same first.html second.html
    done
}

test_hostile_names()
{
    small_set
    meta_with $'<b>"g"\n&' '<script>alert(1)</script>' '"quotes" & '\''ticks'\' $'two\nlines' \
        'العربية שלום' $'right-to-left \u202e override' '名前の長い集団' '😀 &lt; ]]> -->' \
        "$(printf 'w%.0s' {1..300})" $'bell \x07 and \x1b[31m' 'http://example.org/?a=1&b=2'
    meta_with name '</title><svg onload=alert(1)>' "javascript:alert('x')" 'كلاس' 'plain' 'x'
    page --label name --group $'<b>"g"\n&,group' --min-group 5 -m all --fmr 1e-1
    ! grep -q '<script' r.html || fail "a script"
    grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' r.html || fail "the name is not there"
    grep -q '<bdi>العربية שלום</bdi>' r.html || fail "no isolated right-to-left name"
    assert_json counts.json 'r["groups"] > 100 and r["worst"] > 5'
}

test_many_and_tiny_groups()
{
    fdml-synth embeddings --quiet --out set --classes 400 --per-class 3 --dim 8
    mv set/embeddings.npy emb.npy
    python3 - <<'PY'
import csv
rows = list(csv.DictReader(open("set/labels.csv")))
with open("meta.csv", "w", newline="") as file:
    w = csv.writer(file)
    w.writerow(["label", "many", "alone"])
    for i, row in enumerate(rows):
        w.writerow([row["label"], f"value {i // 6 % 200:03d}", "one" if i == 7 else "rest"])
PY
    page --group many,alone --min-group 6 --no-intersections
    grep -q 'charts show 8 of 200 groups' r.html || fail "not said how many are left out"
    assert_json r.json 'sum(g["by"] == "many" for g in r["detail"]["groups"]) == 8'
    grep -q 'insufficient data (n=1 &lt; 6)' r.html || fail "a group of one has a number"
    [ "$(wc -c <r.html)" -lt 3000000 ] || fail "the page has $(wc -c <r.html) bytes"
    page --group many,alone --min-group 6
}

# A perfect embedding: every recall is 1, no query fails. Rows that are all the same: no map.
# Classes of one row: every query is lone.
test_constant_metrics_and_lone_queries()
{
    python3 - <<'PY'
import csv
with open("meta.csv", "w", newline="") as file:
    w = csv.writer(file)
    w.writerow(["label", "group", "own"])
    for i in range(100):
        w.writerow([i // 5, "ab"[i // 50], i])
PY
    # shellcheck disable=SC2046
    npy emb.npy '<f4' '(100,20)' $(for i in {0..99}; do for d in {0..19}; do echo $((i / 5 == d)); done; done)
    page --group group -m all --fmr 1e-1
    assert_json r.json 'all(g["hit_rate"][0] == 1 and not g["worst"] for g in r["detail"]["groups"])'
    bad_input 'none of the 100 queries has another row of its class' fdml-eval emb.npy meta.csv --label own \
        --group group --report q.html
    assert_no_file q.html
    npy emb.npy '<f4' '(100,4)' 1 2 3 4
    page --group group --distance l2
    grep -q 'all rows are the same' r.html || fail "a map of equal rows"
}

test_pictures()
{
    small_set --noise 1.2
    local i
    mkdir pictures
    for i in {0..178}; do picture png "pictures/$i.png" $((i % 90 + 1)) 70 "$i,0,0" 0,99,0; done
    echo 'no picture' >pictures/179.png
    # shellcheck disable=SC2046
    meta_with path $(for i in {0..179}; do echo "pictures/$i.png"; done)
    page --group group,cam
    assert_json counts.json 'r["pictures"] > 5'
    python3 - <<'PY'
import base64, re, struct, zlib
for width, height, data in re.findall(r'width="(\d+)" height="(\d+)" src="data:image/png;base64,([^"]*)"', open("r.html").read()):
    png = base64.b64decode(data, validate=True)
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (int(width), int(height))
    assert 1 <= int(width) <= 64 and int(height) <= 64
    body = png.index(b"IDAT")
    assert len(zlib.decompress(png[body + 4:body + 4 + struct.unpack(">I", png[body - 4:body])[0]])) == int(height) * (3 * int(width) + 1)
PY
    rm pictures/*
    page --group group,cam
    grep -q 'could not be read' r.html || fail "missing pictures are not said"
    assert_json counts.json 'r["pictures"] == 0'
    page --group group --path-column cam
    bad_input "no column 'photo'" fdml-eval emb.npy meta.csv --group group --report q.html --path-column photo
    assert_no_file q.html
    bad_usage '--path-column needs --model or --report' fdml-eval emb.npy meta.csv --path-column path
}

test_pictures_of_a_model()
{
    photos
    run fdml-eval --model mean.onnx photos --size 4 --scale 1 --group label -k 1 --min-group 1 --bootstrap 0 --permutations 0 \
        --report r.html --json r.json -o r.txt --quiet
    assert_exit 0
    python3 "$REPO/tests/cli/html_check.py" r.html r.json >counts.json
    assert_json counts.json 'r["pictures"] == 2 * r["worst"] > 0'
}

test_outputs()
{
    small_set
    quick --group group --report - -o r.txt
    assert_exit 0
    assert_out '<!DOCTYPE html>'
    bad_usage 'two outputs want standard output' fdml-eval emb.npy meta.csv --report -
    bad_input 'named for two outputs' fdml-eval emb.npy meta.csv --report x --json x
    bad_input 'no/r.html' fdml-eval emb.npy meta.csv --report no/r.html
    bad_input "no column 'nothing'" fdml-eval emb.npy meta.csv --group nothing --report q.html
    assert_no_file q.html
}

# In a browser: at two widths nothing is wider than the window, no text leaves its drawing.
test_render()
{
    command -v chromium >/dev/null || skip "chromium is not installed"
    small_set --noise 1.2
    meta_with group2 'a long name of a group that no chart can show whole' 'العربية שלום' '名前の長い集団' \
        "$(printf 'W%.0s' {1..200})" 'Ж Щ Ю' '😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀'
    page --group group,group2 -m all --fmr 1e-1 --min-group 5
    python3 "$REPO/tests/cli/html_render.py" r.html 390 1280
}

test_page_of_explanations()
{
    # shellcheck source=/dev/null
    . "$REPO/tests/cli/explain.bash"
    credit_table
    audit -m lime:n500,shap:k2,gam,tree --compare lime:n500 --information --simulate --report r.html -o r.txt \
        --group sex --fail-if 'tree.auroc < .0001' --black-box logistic
    assert_exit 0
    local id
    for id in summary gates data boxes groups gaps changes simulation information row definitions settings hashes; do
        grep -q "<h2 id=\"$id\">" r.html || fail "no section $id"
        grep -q "<a href=\"#$id\">" r.html || fail "no link to $id"
    done
    ! grep -q '<script\|src=\|url(' r.html || fail 'the page needs something else'
    # a table whose names are markup
    sed '1s/income/<b>"in,co"<\/b>/; 1s/^/"/; 1s/<b>"in,co"<\/b>/<b>in,co<\/b>"/; s/,A,/,<i>A\&amp;,/' credit.csv >evil.csv
    run fdml-explain evil.csv --target good --group race --seeds 1 --bootstrap 20 --permutations 20 --quiet \
        --black-box logistic -m lime:n200 --report evil.html -o r.txt
    assert_exit 0
    ! grep -q '<i>A\|<b>in' evil.html || fail 'a name is markup'
    command -v chromium >/dev/null || skip "chromium is not installed"
    python3 "$REPO/tests/cli/html_render.py" r.html 390 1280
    python3 "$REPO/tests/cli/html_render.py" evil.html 390 1280
}
