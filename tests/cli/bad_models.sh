# bad_models.sh - networks nobody should trust: one line, exit 2, bounded memory, no files.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"
# shellcheck source=/dev/null
. "$REPO/tests/cli/images.bash"

# refuses FILE MESSAGE: with pictures or, where it takes rows, with those of x.npy
refuses()
{
    local images=x.npy
    [ "${3:-}" != pictures ] || images=p.png
    run_limited fdml-embed --quiet --threads 1 --model "$1" $images \
        --scale 1 -o emb.npy
    assert_exit 2
    assert_stderr_line "$1: $2"
    assert_no_out
    assert_eq "$(find . -name 'emb.npy*' | wc -l)" 0
}

inputs()
{
    npy x.npy '<f4' '(2, 3)' 1 2 3
    picture png p.png 4 4 1,2,3
}

test_graphs_that_make_no_sense()
{
    inputs
    for kind in cycle missing mismatch huge overflow huge_shape twice recursion future no_graph; do onnx $kind; done
    refuses cycle.onnx 'node ' pictures
    sed 's/^fdml-embed: cycle.onnx//' err | grep -q cycle || fail 'the cycle is not named'
    refuses missing.onnx 'node 0 "add" (Add): input 1 "w"' pictures
    refuses mismatch.onnx 'node 0 "product" (MatMul): '
    refuses huge.onnx ''
    refuses overflow.onnx ''
    refuses huge_shape.onnx ''
    refuses twice.onnx '' pictures
    refuses recursion.onnx ''
    refuses future.onnx '' pictures
    refuses no_graph.onnx ''
}

test_files_that_are_no_models()
{
    inputs
    onnx mean
    : >zero.onnx
    echo 'version https://git-lfs.github.com/spec/v1' >pointer.onnx
    printf '<!DOCTYPE html><html></html>' >page.onnx
    head -c 3000 /dev/zero >zeros.onnx
    mkdir folder.onnx
    for file in zero pointer page zeros; do refuses $file.onnx ''; done
    refuses folder.onnx 'is a directory'
    refuses nosuch.onnx 'No such file or directory'
    cp mean.onnx mean.dat
    refuses mean.dat ''
    local size i
    size=$(stat -c %s mean.onnx)
    for i in $(seq 1 7 "$size"); do
        head -c "$i" mean.onnx >cut.onnx
        run fdml-embed --quiet --model cut.onnx p.png --size 4 --scale 1 -o emb.npy
        [ "$status" -eq 0 ] || assert_stderr_line ''
        [ "$status" -ne 1 ] || fail 'a usage error'
    done
}

test_every_unsupported_operator_at_once()
{
    onnx unsupported
    run fdml-inspect unsupported.onnx
    assert_exit 0
    assert_out 'unsupported  2 kinds of operators'
    assert_out 'NonMaxSuppression: nodes 0 "nms", 2'
    assert_out 'com.x.FusedConv: node 1 "fused"'
    inputs
    refuses unsupported.onnx 'node 0 "nms": operator NonMaxSuppression is not supported' pictures
    run fdml-inspect unsupported.onnx --json
    assert_json out '[o["name"] for o in r[0]["operators"] if not o["supported"]] == ["NonMaxSuppression", "com.x.FusedConv"]'
}

test_models_that_take_or_give_the_wrong_thing()
{
    inputs
    onnx two_inputs
    onnx two_outputs
    refuses two_inputs.onnx '2 inputs, expected one for the images' pictures
    refuses two_outputs.onnx '2 outputs (a, b); choose one with --value'
    run fdml-embed --quiet --model two_outputs.onnx --value a p.png --scale 1 -o e.npy
    assert_exit 2
    assert_stderr_line 'two_outputs.onnx takes [N,3], not pictures; give an .npy of inputs'
}

test_inspect_sound_models()
{
    onnx mean4
    run fdml-inspect mean4.onnx --layers --batch 2
    assert_exit 0
    assert_out 'input        x  float32 [N,3,4,4]'
    assert_out 'nodes        2: 1 Flatten, 1 GlobalAveragePool'
    assert_out 'for [2,3,4,4]'
    onnx mean
    run fdml-inspect mean.onnx
    assert_exit 0
    assert_out "axis 2 of input 'x' is free; --shape says how long it is"
    run fdml-inspect mean.onnx --shape 1,3,8,8 --json
    assert_json out 'r[0]["planned_for"] == "[1,3,8,8]" and r[0]["why_not"] is None'
}

test_inspect_writes_onnx()
{
    onnx mean4
    run fdml-inspect mean4.onnx --onnx again.onnx
    assert_exit 0
    run fdml-inspect again.onnx
    assert_out 'input        x  float32 [N,3,4,4]'
    assert_out 'nodes        2: 1 Flatten, 1 GlobalAveragePool'
    run fdml-inspect again.onnx --onnx twice.onnx
    assert_same again.onnx twice.onnx
    printf 'label\na\n' >meta.csv
    bad_input '--onnx: the file is no model' fdml-inspect meta.csv --onnx x.onnx
    bad_usage '--onnx takes one FILE' fdml-inspect mean4.onnx again.onnx --onnx x.onnx
    printf 'nothing' >broken.onnx
    run fdml-inspect broken.onnx --onnx x.onnx
    assert_exit 2
    assert_no_file x.onnx
}

test_shared_negatives()
{
    need_shared models/negative
    inputs
    local file
    for file in "$SHARED"/models/negative/*.onnx; do refuses "$file" ''; done
    onnx mean
    bad_input 'object_pickle_mtcnn_det1.npy: ' fdml-embed --quiet --model mean.onnx \
        "$SHARED/models/negative/object_pickle_mtcnn_det1.npy" -o x.npy --scale 1
    run fdml-inspect "$SHARED/models/negative/object_pickle_mtcnn_det1.npy"
    assert_exit 2
}

test_shared_models_are_described()
{
    need_shared models/mobilefacenet_kennethwang.onnx
    run fdml-inspect "$SHARED/models/mobilefacenet_kennethwang.onnx"
    assert_exit 0
    assert_out 'x  float32 [N,3,112,112]'
    assert_out 'parameters   993346 in 134 tensors'
    assert_out '0.442 GFLOP'
}
