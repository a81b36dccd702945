# eval_model.sh - fdml-eval --model is fdml-embed followed by fdml-eval; real photographs.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"
# shellcheck source=/dev/null
. "$REPO/tests/cli/images.bash"

# 12 people with 5 pictures each, in list.csv with identity and sex; people.onnx is their mean
people()
{
    onnx mean
    mkdir faces
    echo path,identity,sex >faces/list.csv
    local person i
    for person in $(seq 1 12); do
        for i in 1 2 3 4 5; do
            picture ppm "faces/${person}_$i.ppm" 2 2 \
                "$((person * 20 + i * 3)),$((250 - person * 19)),$((i * person + 40))"
            echo "${person}_$i.ppm,p$person,$((person % 2))" >>faces/list.csv
        done
    done
}

steps=(--size 2 --scale 1/255)
audit=(--label identity --group sex --bootstrap 50 --permutations 50 --format json)

test_same_result_as_in_two_steps()
{
    people
    run fdml-embed --model mean.onnx faces/list.csv "${steps[@]}" -o emb.npy --meta meta.csv
    assert_exit 0
    assert_same meta.csv faces/list.csv
    run fdml-eval emb.npy meta.csv "${audit[@]}"
    assert_exit 0
    mv out two.json
    run fdml-eval --model mean.onnx faces/list.csv "${steps[@]}" "${audit[@]}"
    assert_exit 0
    assert_eq "$(json out 'r["result_sha256"]')" "$(json two.json 'r["result_sha256"]')"
    assert_json out '[i["role"] for i in r["inputs"]] == ["images", "model"]'
    assert_json out 'r["settings"]["preprocessing"] == "resize to 2x2; RGB; x/255" and r["settings"]["value"] == "y"'
    assert_json out "r['inputs'][1]['sha256'] == '$(sha256sum <mean.onnx | cut -c1-64)'"
    run fdml-eval --model mean.onnx faces/list.csv "${steps[@]}" "${audit[@]}" --batch 7 --threads 3
    assert_eq "$(json out 'r["result_sha256"]')" "$(json two.json 'r["result_sha256"]')"
}

test_left_out_pictures_are_in_the_report()
{
    people
    : >faces/3_2.ppm
    bad_input 'faces/3_2.ppm: ' fdml-eval --quiet --model mean.onnx faces/list.csv "${steps[@]}" "${audit[@]}"
    run fdml-embed --model mean.onnx faces/list.csv "${steps[@]}" -o emb.npy --meta meta.csv --skip-bad
    assert_exit 0
    assert_out '59 x 3 float32, 1 picture left out'
    grep -q 'left out: faces/3_2.ppm' err || fail 'the picture is not named'
    assert_json emb.npy.json 'r["skipped"] == [11] and r["done"] == 60 and r["rows"] == 59'
    grep -v '^3_2' faces/list.csv >want
    assert_same meta.csv want
    run fdml-eval emb.npy meta.csv "${audit[@]}"
    mv out two.json
    run fdml-eval --model mean.onnx faces/list.csv "${steps[@]}" "${audit[@]}" --skip-bad
    assert_exit 0
    assert_eq "$(json out 'r["result_sha256"]')" "$(json two.json 'r["result_sha256"]')"
    assert_json out 'any("1 of 60 pictures could not be read" in w for w in r["warnings"])'
}

test_folders_and_arrays()
{
    people
    mkdir -p byname/a byname/b
    cp faces/[1-6]_*.ppm byname/a
    cp faces/[7-9]_*.ppm byname/b
    run fdml-eval --model mean.onnx byname "${steps[@]}" --bootstrap 0 --permutations 0 --format json
    assert_exit 0
    assert_json out 'r["counts"]["classes"] == 2 and r["counts"]["rows"] == 45'
    onnx grey2
    npy x.npy '|u1' '(6, 2, 2)' 1 2 3 4 250 2 3 4 1 2 3 5 251 2 3 4 1 2 3 6 252 2 3 4
    npy y.npy '<i8' '(6,)' 0 1
    run fdml-eval --model grey2.onnx x.npy --label y.npy --bootstrap 0 --permutations 0 --format json
    assert_exit 0
    assert_json out 'r["overall"]["recall_at_1"]["value"] == 1'
    bad_usage '--preset needs --model' fdml-eval x.npy --label y.npy --preset lfw
    bad_usage 'IMAGES are missing' fdml-eval --model grey2.onnx
}

test_dry_run_and_memory()
{
    people
    run fdml-eval --model mean.onnx faces/list.csv "${steps[@]}" --label identity --dry-run
    assert_exit 0
    assert_out '60 x 3'
    bad_input '--max-memory: 1.0 MiB is too little' \
        fdml-eval --quiet --model mean.onnx faces/list.csv --size 600 --scale 1 --label identity --max-memory 1M
}

test_lfw_agrees_with_another_program()
{
    need_shared data/lfw
    need_shared models/mobilefacenet_kennethwang.onnx
    # the photographs of every third person are enough for a test
    awk -F, 'NR == 1 || $2 % 3 == 0' "$SHARED/data/lfw/labels.csv" |
        sed "2,\$s|^images|$SHARED/data/lfw/images|" >some.csv
    RUN_LIMIT=3000 run fdml-embed --model "$SHARED/models/mobilefacenet_kennethwang.onnx" some.csv --preset lfw \
        -o emb.npy --meta meta.csv
    assert_exit 0
    python3 - "$SHARED" <<'END'
import csv, struct, sys

def rows(path):
    data = open(path, "rb").read()
    size = struct.unpack("<H", data[8:10])[0]
    n, dim = eval(data[10:10 + size])["shape"]
    values = struct.unpack(f"<{n * dim}f", data[10 + size:])
    return [values[i * dim:(i + 1) * dim] for i in range(n)]

paths = [row["path"] for row in csv.DictReader(open(sys.argv[1] + "/data/lfw/labels.csv"))]
wanted = dict(zip(paths, rows(sys.argv[1] + "/embeddings/lfw_mobilefacenet/embeddings.npy")))
worst = max(abs(a - b) for row, got in zip(csv.DictReader(open("meta.csv")), rows("emb.npy"))
            for a, b in zip(got, wanted["images/" + row["path"].split("/images/")[1]]))
assert worst <= 2e-5, worst
END
}
