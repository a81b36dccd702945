# shared.sh - real embeddings, with figures that were computed outside fdml.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

# near GOT WANT TOLERANCE
near()
{
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !(a - b <= t && b - a <= t) }' ||
        fail "got $1, expected $2"
}

test_lfw()
{
    need_shared embeddings/lfw_mobilefacenet
    local set=$SHARED/embeddings/lfw_mobilefacenet
    run fdml-eval "$set/embeddings.npy" "$set/labels.csv" --group gender,race -m recall_at_1 \
        --format json
    assert_exit 0
    near "$(json out 'r["overall"]["recall_at_1"]["value"]')" 0.98228 5e-6
    while read -r by value n want; do
        local group="[g for g in r['groups'] if g['by'] == '$by' and g['value'] == '$value'][0]"
        near "$(json out "${group}['metrics']['recall_at_1']['value']")" "$want" 5e-5
        [ "$n" = - ] || assert_eq "$(json out "${group}['n']")" "$n"
    done <<'END'
gender F 568 .9771
gender M 1858 .9839
race Asian - .9864
race Black - .9901
race Indian 40 1.0
race White - .9805
race unknown - .9881
END
}

test_lfw_is_the_same_everywhere()
{
    need_shared embeddings/lfw_mobilefacenet
    local set=$SHARED/embeddings/lfw_mobilefacenet want='' isa threads
    for isa in $(fdml-eval --version | sed -n 's/.*runs here: *//p'); do
        for threads in 1 2 7; do
            run fdml-eval "$set/embeddings.npy" "$set/labels.csv" --group gender,race \
                --bootstrap 100 --permutations 100 -m all --format json --isa "$isa" \
                --threads $threads
            assert_exit 0
            [ -n "$want" ] || want=$(json out 'r["result_sha256"]')
            assert_eq "$(json out 'r["result_sha256"]')" "$want"
        done
    done
}

test_bollywood()
{
    need_shared embeddings/facenet512_bollywood10
    local set=$SHARED/embeddings/facenet512_bollywood10
    run fdml-eval "$set/embeddings.npy" --label "$set/labels.npy" --format json
    assert_exit 0
    near "$(json out 'r["overall"]["recall_at_1"]["value"]')" 0.9866 5e-5
    assert_json out 'r["counts"]["classes"] == 10'
}
