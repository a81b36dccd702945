# tools.sh - fdml-inspect, fdml-synth and the demo.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

test_inspect_embeddings()
{
    small_set
    run fdml-inspect emb.npy meta.csv
    assert_exit 0
    assert_out '180 x 16, <f4, mapped as it is'
    assert_out 'no NaN or infinity, no zero row, no duplicate'
    assert_out 'majority ('
    npy odd.npy '<f4' '(4, 2)' 3 4 nan 1 0 0 3 4
    run fdml-inspect odd.npy --json
    assert_exit 0
    assert_json out 'r[0]["row_length"] == {"min": 0, "median": 5, "max": 5}'
    assert_json out '(r[0]["not_finite_rows"], r[0]["zero_rows"], r[0]["duplicate_rows"]) == (1, 1, 1)'
}

test_inspect_metadata_and_labels()
{
    printf 'a,b\n1,x\n2,\n2,"y\nz"\n' >meta.csv
    run fdml-inspect meta.csv --json
    assert_exit 0
    assert_json out 'r[0]["kind"] == "metadata" and r[0]["rows"] == 3'
    assert_json out 'r[0]["columns"][0]["most_frequent"][0] == {"value": "2", "count": 2}'
    assert_json out 'r[0]["columns"][1]["empty"] == 1'
    npy labels.npy '<U3' '(5,)' ann bob
    run fdml-inspect labels.npy
    assert_exit 0
    assert_out 'ann (3), bob (2)'
    bad_input "meta.csv:2: column 2 is 'x', expected a number" fdml-inspect --as embeddings meta.csv
    bad_input 'nosuch.npy: No such file or directory' fdml-inspect nosuch.npy
    fdml-inspect - <meta.csv >out
    assert_out 'metadata     3 rows, 2 columns'
}

test_synth_makes_the_same_bytes_everywhere()
{
    fdml-synth embeddings --quiet --out a
    # the digests of the default set, on any machine
    assert_eq "$(sha256sum <a/embeddings.npy | cut -c1-16)" a5146b05d48ba111
    assert_eq "$(sha256sum <a/labels.csv | cut -c1-16)" fed60861911b74a6
    fdml-synth embeddings --quiet --out b --seed 2
    ! cmp -s a/embeddings.npy b/embeddings.npy
    assert_same a/labels.csv b/labels.csv
}

test_synth_refuses()
{
    bad_input "--classes: '1' is not a whole number from 2" fdml-synth embeddings --out x --classes 1
    bad_input "--minority-share: '1' is not a number" fdml-synth embeddings --out x --minority-share 1
    bad_input 'nosuch/x: cannot make the folder' fdml-synth embeddings --out nosuch/x
    assert_no_file x
}

test_demo_finds_what_was_put_in()
{
    BIN=$BIN run "$REPO/scripts/demo.sh" demo
    assert_exit 0
    assert_out 'What one sees'
    run fdml-eval demo/embeddings.npy demo/labels.csv --group group --format json
    assert_json out '{g["metric"]: g for g in r["gaps"]}["recall_at_1"]["worst"] == "minority"'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["recall_at_1"]["p_holm"] < 0.05'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["alignment_intra"]["worst"] == "minority"'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["alignment_intra"]["p_holm"] < 0.05'
}
