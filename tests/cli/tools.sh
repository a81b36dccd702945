# tools.sh - fdml-inspect, fdml-synth and the audit of its embeddings.
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

test_plumage_makes_the_same_bytes_everywhere()
{
    fdml-synth plumage --quiet --out a --classes 3 --validation-classes 2 --test-classes 2 \
        --per-class 10 --per-test 5 --per-color 1 --threads 2
    fdml-synth plumage --quiet --out b/ --classes 3 --validation-classes 2 --test-classes 2 \
        --per-class 10 --per-test 5 --per-color 1 --threads 1
    diff -r a b
    # the digests of this set, on any machine
    assert_eq "$(sha256sum <a/labels.csv | cut -c1-16)" a07fe4ad3adbccdd
    assert_eq "$(cat a/*/*.png | sha256sum | cut -c1-16)" eb583856debf23b5
    assert_eq "$(find a -name '*.png' | wc -l | tr -d ' ')" 66
    assert_eq "$(grep -c ',train,.*,minority$' a/labels.csv)" 3
    assert_eq "$(grep -c ',balanced,' a/labels.csv)" 16
    assert_eq "$(grep -c ',balanced,green,' a/labels.csv)" 2
    fdml-synth plumage --quiet --out c --classes 1 --validation-classes 0 --test-classes 0 \
        --per-class 8 --imbalance 3:1 --size 16 --seed 2
    assert_eq "$(grep -c ',majority$' c/labels.csv)" 6
    run fdml-inspect a/labels.csv
    assert_out '66 rows, 5 columns'
}

# Every picture of the table is there, and another inflate finds its checksums and bytes right.
test_plumage_is_read_by_others()
{
    fdml-synth plumage --quiet --out a --classes 1 --validation-classes 0 --test-classes 1 \
        --per-class 3 --per-test 1 --size 200
    python3 - <<'END'
import csv, struct, zlib
for row in csv.DictReader(open("a/labels.csv")):
    data, at, chunks = open("a/" + row["path"], "rb").read(), 8, {}
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        chunks[kind] = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + chunks[kind]) == struct.unpack(">I", data[at + 8 + size:][:4])[0]
        at += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"] and at == len(data)
    assert chunks[b"IHDR"] == struct.pack(">IIBBBBB", 200, 200, 8, 2, 0, 0, 0)
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert len(pixels) == 200 * 601 and not any(pixels[::601])
END
}

test_plumage_refuses()
{
    bad_input "--imbalance: '9:0' is not a ratio such as 9:1" fdml-synth plumage --out x --imbalance 9:0
    bad_input "--imbalance: 'x' is not a ratio such as 9:1" fdml-synth plumage --out x --imbalance x
    bad_input "--size: '8' is not a whole number from 16" fdml-synth plumage --out x --size 8
    bad_input '0 pictures in all' fdml-synth plumage --out x --classes 0 --validation-classes 0 \
        --test-classes 0
    bad_input 'nosuch/x: cannot make the folder' fdml-synth plumage --out nosuch/x
    mkdir full empty
    touch full/y
    bad_input 'full: is there already, and is no empty folder' fdml-synth plumage --out full
    bad_input 'full/y: is there already, and is no empty folder' fdml-synth plumage --out full/y
    assert_eq "$(ls)" "$(printf 'empty\nerr\nfull\nout')"
    fdml-synth plumage --quiet --out empty --classes 1 --validation-classes 0 --test-classes 0
    assert_file empty/labels.csv
}

# An interrupted run leaves nothing of the set, whole or half.
test_plumage_interrupted_leaves_nothing()
{
    command -v timeout >/dev/null || skip 'there is no timeout'
    status=0
    timeout -s TERM 0.5 fdml-synth plumage --quiet --out x --classes 40 --per-class 1000 --size 512 ||
        status=$?
    assert_eq "$status" 124
    assert_eq "$(ls)" ''
}

# timeout(1) sends its signal to the process, and once more to the process group.
test_plumage_interrupted_twice_leaves_nothing()
{
    fdml-synth plumage --quiet --out x --classes 40 --per-class 1000 --size 512 &
    until compgen -G 'x.*/labels.csv' >/dev/null; do sleep 0.05; done
    kill -TERM $!
    sleep 0.02
    kill -TERM $! 2>/dev/null || true
    status=0
    wait $! || status=$?
    assert_eq "$status" 143
    assert_eq "$(ls)" ''
}

test_demo_audit_finds_what_was_put_in()
{
    BIN=$BIN run "$REPO/scripts/demo_audit.sh" demo
    assert_exit 0
    assert_out 'What one sees'
    run fdml-eval demo/embeddings.npy demo/labels.csv --group group --format json
    assert_json out '{g["metric"]: g for g in r["gaps"]}["recall_at_1"]["worst"] == "minority"'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["recall_at_1"]["p_holm"] < 0.05'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["alignment_intra"]["worst"] == "minority"'
    assert_json out '{g["metric"]: g for g in r["gaps"]}["alignment_intra"]["p_holm"] < 0.05'
}
