# reports.sh - formats, determinism and the options that change what is compared.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

hash_of()
{
    json "$1" 'r["result_sha256"]'
}

test_formats()
{
    small_set
    quick --group group,cam -m all --format json -o r.json
    assert_exit 0
    assert_no_out
    assert_json r.json 'list(r) == ["schema", "result_sha256", "tool", "inputs", "command", "settings",
        "warnings", "counts", "definitions", "overall", "groups", "gaps", "verification", "leakage",
        "downstream", "slices", "compare", "gates"]'
    assert_json r.json 'r["schema"] == "fdml-eval/1" and len(r["result_sha256"]) == 64'
    assert_json r.json 'r["counts"]["rows"] == 180 and r["counts"]["classes"] == 30'
    assert_json r.json 'all(len(i["sha256"]) == 64 for i in r["inputs"])'
    assert_json r.json '{g["by"] for g in r["groups"]} == {"group", "cam", "group x cam"}'
    assert_json r.json 'set(r["overall"]) <= set(r["definitions"])'
    assert_eq "$(json r.json 'r["inputs"][1]["sha256"]')" "$(sha256sum <meta.csv | cut -d' ' -f1)"

    quick --group group,cam -m all --format csv
    assert_exit 0
    python3 - out r.json <<'END'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
r = json.load(open(sys.argv[2]))
got = {(x["section"], x["by"], x["group"], x["metric"]): x["value"] for x in rows}
assert len(got) == len(rows)
for key, cell in r["overall"].items():
    assert float(got["overall", "", "", key] or "nan") == (cell["value"] if cell["value"] is not None else -1)
for group in r["groups"]:
    for key, cell in group["metrics"].items():
        text = got["group", group["by"], group["value"], key]
        assert (text == "") == (cell["value"] is None), (group["value"], key)
        assert text == "" or float(text) == cell["value"]
END

    quick --group group --format md
    assert_exit 0
    assert_out '| overall | 180 |'
    quick --group group --format latex
    assert_exit 0
    assert_out '\toprule'
    quick --group group,cam -m all --format table
    assert_exit 0
    assert_out 'Verdict: '
    assert_out 'result_sha256'
    assert_eq "$(sed 's/─/-/g' out | awk 'length > 100')" ''
}

test_every_report_of_one_run_agrees()
{
    small_set
    quick --group group -o r.txt --json r.json --per-query q.csv
    assert_exit 0
    assert_eq "$(sed -n 's/^result_sha256 //p' r.txt)" "$(hash_of r.json)"
    assert_eq "$(head -n 1 q.csv)" \
        'row,label,group,lone,recall_at_1,recall_at_2,recall_at_4,recall_at_8,map_at_r'
    assert_eq "$(wc -l <q.csv)" 181
    python3 - q.csv r.json <<'END'
import csv, json, sys
rows = [x for x in csv.DictReader(open(sys.argv[1])) if x["lone"] == "0"]
r = json.load(open(sys.argv[2]))
for key in ("recall_at_1", "map_at_r"):
    mean = sum(float(x[key]) for x in rows) / len(rows)
    assert abs(mean - r["overall"][key]["value"]) < 1e-12, (key, mean)
END
}

test_same_numbers_for_every_isa_and_thread_count()
{
    small_set
    local want='' isa threads
    for isa in $(fdml-eval --version | sed -n 's/.*runs here: *//p'); do
        for threads in 1 2 7; do
            quick --group group,cam -m all --format json --isa "$isa" --threads $threads
            assert_exit 0
            cp out "$isa-$threads.json"
            [ -n "$want" ] || want=$(hash_of out)
            assert_eq "$(hash_of out)" "$want"
            assert_eq "$(json out 'r["tool"]["isa"]')" "$isa"
        done
    done
    OMP_NUM_THREADS=3 quick --format json
    assert_eq "$(json out 'r["tool"]["threads"]')" 3
}

test_permutations_are_as_many_as_the_tests_need()
{
    small_set
    run fdml-eval emb.npy meta.csv --group group -m recall_at_1 --bootstrap 0 --json few.json
    assert_json few.json 'r["settings"]["permutations"] == 1000'
    run fdml-eval emb.npy meta.csv --group group,cam -m findml,retrieval --bootstrap 0 --json many.json
    # 4 of n + 1 times the tests are 5%
    assert_json many.json 'r["settings"]["permutations"] == 80 * len(r["gaps"]) - 1 > 1000'
    run fdml-eval emb.npy meta.csv --group group,cam -m findml,retrieval --bootstrap 0 --permutations 1000 --json asked.json
    assert_json asked.json 'r["settings"]["permutations"] == 1000'
    run fdml-eval --verify asked.json
    assert_exit 0
}

test_hash_changes_with_the_numbers()
{
    small_set
    quick --group group --format json -o a.json
    quick --group group --format json -o b.json --seed 1
    quick --group group --format json -o c.json --threads 1
    [ "$(hash_of a.json)" != "$(hash_of b.json)" ]
    assert_eq "$(hash_of a.json)" "$(hash_of c.json)"
}

test_labels_from_npy()
{
    small_set
    quick --format json -o a.json
    # shellcheck disable=SC2046
    npy labels.npy '<U14' '(180,)' $(awk -F, 'NR > 1 { print $1 }' meta.csv)
    run fdml-eval emb.npy --label labels.npy --bootstrap 50 --permutations 50 --format json -o b.json
    assert_exit 0
    assert_eq "$(hash_of a.json)" "$(hash_of b.json)"
    quick --group group --format json -o a.json
    # shellcheck disable=SC2046
    npy group.npy '<U8' '(180,)' $(awk -F, 'NR > 1 { print $2 }' meta.csv)
    quick --group group.npy --format json -o b.json
    assert_exit 0
    assert_json b.json '[g["value"] for g in r["groups"]] == ["majority", "minority"]'
}

test_other_embedding_formats()
{
    small_set
    quick --format json -o a.json
    python3 - <<'END'
import struct, json, zipfile
raw = open("emb.npy", "rb").read()
data = raw[128:]
rows = [struct.unpack_from("<16f", data, 64 * i) for i in range(180)]
with open("emb.csv", "w") as file:
    file.writelines(",".join(repr(x) for x in row) + "\n" for row in rows)
with open("emb.fvecs", "wb") as file:
    file.writelines(struct.pack("<i16f", 16, *row) for row in rows)
header = json.dumps({"emb": {"dtype": "F32", "shape": [180, 16], "data_offsets": [0, len(data)]}}).encode()
open("emb.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + data)
with zipfile.ZipFile("emb.npz", "w", zipfile.ZIP_DEFLATED) as file:
    file.writestr("x.npy", raw)
END
    for file in emb.csv emb.fvecs emb.safetensors emb.safetensors:emb emb.npz emb.npz:x; do
        run fdml-eval "$file" meta.csv --bootstrap 50 --permutations 50 --format json -o b.json
        assert_exit 0
        assert_eq "$(hash_of a.json)" "$(hash_of b.json)"
    done
}

test_standard_input()
{
    small_set
    quick --format json -o a.json
    local options=(--bootstrap 50 --permutations 50 --format json -o b.json)
    fdml-eval - meta.csv "${options[@]}" <emb.npy
    assert_eq "$(hash_of a.json)" "$(hash_of b.json)"
    assert_json b.json 'r["inputs"][0]["path"] == "-"'
    fdml-eval emb.npy - "${options[@]}" <meta.csv
    assert_eq "$(hash_of a.json)" "$(hash_of b.json)"
    run fdml-eval - -
    assert_exit 2
    sed '5s/$/,extra/' meta.csv >ragged.csv
    status=0
    fdml-eval emb.npy - <ragged.csv >out 2>err || status=$?
    assert_eq $status 2
    assert_stderr_line 'standard input:5: 7 fields, header has 6'
}

test_query_and_gallery_columns()
{
    small_set
    quick --query is_query --gallery is_gallery --format json
    assert_exit 0
    assert_json out 'r["counts"]["queries"] + r["counts"]["gallery"] == 180'
    assert_json out 'r["settings"]["query"] == "is_query"'
    assert_json out 'r["overall"]["recall_at_1"]["n"] == r["counts"]["queries"] - r["counts"]["lone_queries"]'
}

test_exclude_same()
{
    small_set
    quick --format json -o all.json
    quick --exclude-same cam --format json -o other.json
    assert_exit 0
    [ "$(hash_of all.json)" != "$(hash_of other.json)" ]
    # six rows of a class in three cameras: two others of the same camera never count
    awk -F, -v OFS=, 'NR > 1 { $3 = $1 } { print }' meta.csv >lone.csv
    bad_input 'none of the 180 queries has' fdml-eval emb.npy lone.csv --exclude-same cam
}

test_intersections_and_reference()
{
    small_set
    quick --group group,cam --no-intersections --format json
    assert_json out '{g["by"] for g in r["groups"]} == {"group", "cam"}'
    quick --group group --reference majority --format json
    assert_exit 0
    quick --group group --reference minority --format json
    assert_json out '[g for g in r["groups"] if g["value"] == "minority"][0]["versus"]["recall_at_1"]["value"] in (0, None)'
}

test_small_groups_get_no_numbers()
{
    small_set
    quick --group group --min-group 100 --format json
    assert_exit 0
    assert_json out '[g["metrics"]["recall_at_1"]["value"] is None for g in r["groups"]] == [False, True]'
    assert_json out '"insufficient data (n=42 < 100)" in [g["metrics"]["recall_at_1"].get("why") for g in r["groups"]]'
}

test_conventions_and_distances()
{
    small_set
    for convention in dml ir oml pml revisitdml; do
        quick -m retrieval --convention $convention --format json
        assert_exit 0
    done
    for distance in cosine l2 ip; do
        quick --group group -m all --distance $distance --format json
        assert_exit 0
        assert_json out "r['settings']['distance'] == '$distance'"
    done
}

test_pairs_file()
{
    small_set
    {
        printf '2\t3\n'
        for fold in 0 1; do
            for i in 1 2 3; do printf 'synthetic0000%d\t1\t%d\n' "$i" $((i + fold)); done | sed 's/\t1\t1$/\t1\t3/'
            for i in 1 2 3; do printf 'synthetic0000%d\t1\tsynthetic0001%d\t2\n' "$i" "$i"; done
        done
    } >pairs.txt
    quick -m verification --pairs pairs.txt --format json
    assert_exit 0
    cp out labels.json
    assert_json out 'r["verification"]["genuine_pairs"] == 6 and r["verification"]["impostor_pairs"] == 6'
    sed 's/synthetic00012\t2/synthetic00012\t7/' pairs.txt >bad.txt
    bad_input "bad.txt:6: image 7 of 'synthetic00012' is not among the rows, which have 6 of it" \
        fdml-eval emb.npy meta.csv -m verification --pairs bad.txt
    # the same pairs through a column of file names
    awk -F, -v OFS=, 'NR == 1 { print $0, "path"; next }
        { print $0, sprintf("x/%s/%s_%04d.jpg", $1, $1, ++count[$1]) }' meta.csv >paths.csv
    run fdml-eval emb.npy paths.csv --bootstrap 50 --permutations 50 -m verification --pairs pairs.txt \
        --pair-name path --format json
    assert_exit 0
    assert_eq "$(hash_of out)" "$(hash_of labels.json)"
    bad_usage '--pairs needs -m verification' fdml-eval emb.npy meta.csv --pairs pairs.txt
}

test_memory_limit_changes_no_number()
{
    small_set
    quick --group group -m all --format json -o a.json
    quick --group group -m all --format json -o b.json --max-memory 64M
    assert_exit 0
    assert_eq "$(hash_of a.json)" "$(hash_of b.json)"
}
