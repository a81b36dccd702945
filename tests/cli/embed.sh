# embed.sh - fdml-embed: rows that can be computed by hand, settings, and going on after a stop.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"
# shellcheck source=/dev/null
. "$REPO/tests/cli/images.bash"

test_rows_labels_and_the_record_beside_them()
{
    photos
    embed --scale 1/255 --channels rgb
    assert_exit 0
    assert_eq "$(floats emb.npy)" $'1 0 0\n0 1 0\n0 0 1\n0.200000003 0.400000006 0.800000012'
    assert_eq "$(cat meta.csv)" $'path,label\nann/1.png,ann\nann/2.ppm,ann\nbea/1.bmp,bea\nbea/2.png,bea'
    assert_json emb.npy.json 'r["schema"] == "fdml-embed/1" and r["rows"] == 4 and r["dim"] == 3'
    assert_json emb.npy.json 'r["preprocessing"]["resize"] == [4, 4] and r["preprocessing"]["channels"] == "rgb"'
    assert_json emb.npy.json "r['embeddings_sha256'] == '$(sha256sum <emb.npy | cut -c1-64)'"
    assert_json emb.npy.json "r['model']['sha256'] == '$(sha256sum <mean.onnx | cut -c1-64)'"
    grep -q '4 pictures in 2 class folders' err || fail 'the folder is not described'
    grep -q 'input \[N,3,?,?\]: resize to 4x4; RGB; x/255$' err || fail 'the settings are not told'
    assert_eq "$(find . -name '*.part*' -o -name '*.tmp*' | wc -l)" 0
}

test_values_channels_and_order()
{
    photos
    embed --preset none --channels bgr
    assert_eq "$(floats emb.npy | tail -n 1)" '204 102 51'
    embed --scale 1 --mean 1,2,3 --std 50,10,20
    assert_eq "$(floats emb.npy | tail -n 1)" '1 10 10.0500002'
    embed --scale 1 --mean 2 --std 0.5
    assert_eq "$(floats emb.npy | tail -n 1)" '98 200 404'
    embed --scale 1 --normalize
    assert_eq "$(floats emb.npy | head -n 1)" '1 0 0'
    assert_json emb.npy.json 'r["normalize"] is True'
}

test_geometry()
{
    onnx flat
    mkdir p
    # 4 x 2 pixels, each its own colour: red tells the column, green the row
    picture png p/1.png 4 2 10,0,0 20,0,0 30,0,0 40,0,0 10,9,0 20,9,0 30,9,0 40,9,0
    run fdml-embed --model flat.onnx p/1.png -o e.npy --preset none --crop 1,0,3,2
    assert_exit 0
    assert_eq "$(floats e.npy)" '20 30 20 30 0 0 9 9 0 0 0 0'
    run fdml-embed --model flat.onnx p/1.png -o e.npy --preset none --crop 2
    assert_eq "$(floats e.npy)" '20 30 20 30 0 0 9 9 0 0 0 0'
    run fdml-embed --model flat.onnx p/1.png -o e.npy --preset none --resize 2 --crop 2x1
    assert_eq "$(floats e.npy | cut -d' ' -f1,2)" '20 30'
    onnx grey2
    run fdml-embed --model grey2.onnx p/1.png -o e.npy --scale 1 --crop 0,0,2,2
    assert_exit 0
    # PIL's convert("L"): (19595 R + 38470 G + 7471 B + 32768) >> 16
    assert_eq "$(floats e.npy)" '3 6 8 11'
    onnx nhwc2
    run fdml-embed --model nhwc2.onnx p/1.png -o e.npy --scale 1 --crop 0,0,2,2
    assert_eq "$(floats e.npy)" '10 0 0 20 0 0 10 9 0 20 9 0'
}

test_what_the_model_says_is_used_and_told()
{
    photos
    onnx mean4
    run fdml-embed --model mean4.onnx photos -o e.npy --scale 1/255
    assert_exit 0
    grep -q 'assumed: channels are RGB, resized to 4x4 whatever their shape' err || fail 'not told'
    bad_usage 'how pictures become numbers is not in a model; give --preset' \
        fdml-embed --model mean4.onnx photos -o x.npy
    bad_usage '--mean and --std need --scale: 1/255 where' \
        fdml-embed --model mean4.onnx photos -o x.npy --mean 0.5 --std 0.5
    bad_usage 'pictures would come out in different sizes; give --size' \
        fdml-embed --model mean.onnx photos -o x.npy --scale 1
    bad_input 'mean4.onnx takes [N,3,4,4], the pictures would be 8x8 (width x height)' \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1 --size 8
    bad_input 'mean4.onnx takes [N,3,4,4], 3 channels; the pictures would have 1' \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1 --channels grey
    bad_usage '--size and --resize both say how large' \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1 --size 4 --resize 4
    bad_input "--crop: '1,2,1,4' is no box x0,y0,x1,y1 with x0 < x1, y0 < y1" \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1 --crop 1,2,1,4
    bad_input "--scale: '1/0' is no number or fraction" \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1/0
    bad_input '--mean: 2 numbers, the input has 3 channels' \
        fdml-embed --model mean4.onnx photos -o x.npy --scale 1 --mean 1,2
    assert_no_file x.npy
}

# bad_input and bad_usage want one line on stderr; settings that were told come before
quiet()
{
    bad_input "$1" fdml-embed --quiet "${@:2}"
}

test_every_way_to_name_pictures()
{
    photos
    embed --scale 1
    floats emb.npy >want
    (cd photos && ls -d ann/* bea/*) >photos/list.txt
    sed 's/.*/&,x/; 1i file,extra' photos/list.txt >photos/list.csv
    run fdml-embed --model mean.onnx photos/list.txt --size 4 --scale 1 -o e.npy
    floats e.npy >got
    assert_same got want
    run fdml-embed --model mean.onnx photos/list.csv --path-column file --label-from folder --size 4 \
        --scale 1 -o e.npy --meta m.csv
    floats e.npy >got
    assert_same got want
    assert_eq "$(head -n 2 m.csv)" $'file,extra,label\nann/1.png,x,ann'
    run fdml-embed --model mean.onnx photos/*/* --size 4 --scale 1 -o e.npy --label-from folder --meta m.csv
    floats e.npy >got
    assert_same got want
    assert_eq "$(tail -n 1 m.csv)" 'photos/bea/2.png,bea'
    (cd photos && fdml-embed --model ../mean.onnx - --size 4 --scale 1 -o ../e.npy <list.txt >/dev/null 2>&1)
    floats e.npy >got
    assert_same got want
    quiet "photos/list.csv: no column 'path'; columns are file, extra (--path-column names it)" \
        --model mean.onnx photos/list.csv --size 4 --scale 1 -o x.npy
    bad_usage "'photos' among 2 arguments" fdml-embed --model mean.onnx photos photos/ann/1.png -o x.npy
}

test_arrays()
{
    npy x.npy '|u1' '(3, 2, 2)' 0 51 102 255
    npy y.npy '<f4' '(3, 4)' 0 51 102 255
    onnx grey2
    run fdml-embed --model grey2.onnx x.npy --check-against y.npy -o e.npy
    assert_exit 0
    assert_out 'difference  at most 0'
    assert_eq "$(floats e.npy | sort -u)" '0 51 102 255'
    run fdml-embed --model grey2.onnx x.npy -o e.npy --scale 1/255
    assert_eq "$(floats e.npy | sort -u)" '0 0.200000003 0.400000006 1'
    onnx mean4
    quiet 'x.npy: rows of shape [2,2], mean4.onnx takes [N,3,4,4]' --model mean4.onnx x.npy -o x
    bad_usage 'x.npy holds arrays; --resize, --crop' \
        fdml-embed --model grey2.onnx x.npy -o x --size 4
}

test_check_against_finds_the_place()
{
    npy x.npy '<f4' '(2, 2, 2)' 1 2 3 4
    npy y.npy '<f4' '(2, 4)' 1 2 3 4 1 2 3.5 4
    onnx grey2
    run fdml-embed --model grey2.onnx x.npy --check-against y.npy --quiet
    assert_exit 2
    assert_out 'at most 0.5 at row 1, number 2 (3 here, 3.5 expected)'
    assert_out 'relative    0.125 of the largest number, tolerance 0.0001: DIFFERENT'
    run fdml-embed --model grey2.onnx x.npy --check-against y.npy --tolerance 0.2 --quiet
    assert_exit 0
    npy nan.npy '<f4' '(2, 4)' 1 2 3 nan
    run fdml-embed --model grey2.onnx x.npy --check-against nan.npy --quiet --tolerance 1000
    assert_exit 2
    npy short.npy '<f4' '(1, 4)' 1
    quiet 'short.npy has 1 rows, x.npy has 2' --model grey2.onnx x.npy --check-against short.npy
}

test_values_of_the_network()
{
    npy x.npy '<f4' '(2, 3)' -1 2 -3
    onnx two_outputs
    quiet 'two_outputs.onnx: 2 outputs (a, b); choose one with --value' --model two_outputs.onnx x.npy -o e.npy
    run fdml-embed --model two_outputs.onnx x.npy -o e.npy --value b
    assert_eq "$(floats e.npy | head -n 1)" '0 2 0'
    quiet "two_outputs.onnx: no value 'c'; its outputs are a, b" --model two_outputs.onnx x.npy -o e.npy --value c
    photos
    run fdml-embed --model mean.onnx photos --size 4 --scale 1 -o e.npy --value p
    assert_eq "$(floats e.npy | tail -n 1)" '51 102 204'
}

test_batch_and_threads_change_nothing()
{
    photos
    embed --scale 1/255
    sha256sum <emb.npy >want
    for batch in 1 3 64; do
        for threads in 1 3; do
            embed --scale 1/255 --batch $batch --threads $threads
            sha256sum <emb.npy >got
            assert_same got want
        done
    done
    onnx batch2
    run fdml-embed --model batch2.onnx photos/*/* photos/ann/1.png --size 2 --scale 1 -o e.npy
    assert_exit 0
    assert_eq "$(floats e.npy | wc -l)" 5
    onnx mixed_rows
    quiet "'y' is [1,384] for 8 images, so its rows are not images; try --batch 1" \
        --model mixed_rows.onnx photos --scale 1 -o x.npy --batch 8
}

test_resume_gives_the_same_bytes()
{
    photos
    for i in $(seq 3 60); do cp photos/ann/1.png "photos/bea/$i.png"; done
    embed --scale 1/255 --quiet
    mv emb.npy whole.npy
    mv emb.npy.json whole.json
    # a picture that breaks the run, late: rows before it stay
    mv photos/bea/2.png kept.png
    head -c 60 kept.png >photos/bea/2.png
    embed --scale 1/255 --quiet --threads 1 --batch 2
    assert_exit 2
    assert_stderr_line 'photos/bea/2.png'
    grep -q -- 'images are done; the same command with --resume goes on' err || fail 'no way on is told'
    assert_no_file emb.npy
    assert_no_file meta.csv.tmp
    assert_file emb.npy.part
    run fdml-embed --model mean.onnx photos --size 4 --scale 1/255 -o emb.npy --quiet
    assert_exit 2
    assert_stderr_line 'emb.npy.part: an unfinished run; --resume goes on with it'
    mv kept.png photos/bea/2.png
    printf 'spoiled tail' >>emb.npy.part
    embed --scale 1/255 --resume
    assert_exit 0
    assert_same emb.npy whole.npy
    assert_same emb.npy.json whole.json
    assert_no_file emb.npy.part
    assert_no_file emb.npy.part.json
    embed --scale 1/255 --resume
    assert_exit 0
    grep -q 'emb.npy: is complete, 62 rows' err || fail 'a finished run is not recognised'
    embed --scale 1 --resume --quiet
    assert_exit 2
    assert_stderr_line "--resume: emb.npy.json was made with preprocessing"
    rm photos/ann/1.png
    embed --scale 1/255 --resume --quiet
    assert_exit 2
    assert_stderr_line "was made with images sha256"
}

test_interrupted_run_goes_on()
{
    photos
    picture png big.png 2000 1500 1,2,3 9,8,7
    for i in $(seq 100 299); do ln big.png "photos/bea/$i.png"; done
    embed --scale 1/255 --quiet
    mv emb.npy whole.npy
    local signal code pid signals="INT TERM"
    # who was started with SIGINT ignored, as by nohup or &, cannot get it back
    python3 -c 'import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)' ||
        signals=TERM
    for signal in $signals; do
        rm -f emb.npy emb.npy.json code
        # with job control, for without it a background child ignores SIGINT
        (
            set -m
            fdml-embed --model mean.onnx photos --size 4 --scale 1/255 -o emb.npy --meta m.csv --threads 1 \
                --batch 1 >out 2>err &
            pid=$!
            until [ -e emb.npy.part.json ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
            kill -$signal $pid
            code=0
            wait $pid || code=$?
            echo $code >code
        )
        code=$(cat code)
        assert_eq "$code" $([ $signal = INT ] && echo 130 || echo 143)
        grep -q 'interrupted: [0-9]* of 204 images are done; the same command with --resume' err ||
            fail "not told: $(cat err)"
        assert_no_file emb.npy
        assert_eq "$(find . -name 'm.csv*' | wc -l)" 0
        embed --scale 1/255 --resume --quiet
        assert_exit 0
        assert_same emb.npy whole.npy
    done
}

test_two_runs_do_not_write_one_file()
{
    photos
    printf x >emb.npy.part
    python3 - <<'END' &
import fcntl, time
file = open("emb.npy.part", "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
open("locked", "w").close()
time.sleep(20)
END
    local pid=$! tries=0
    until [ -e locked ] || [ $tries -gt 500 ]; do
        sleep 0.02
        tries=$((tries + 1))
    done
    embed --scale 1 --quiet
    kill $pid
    assert_exit 2
    assert_stderr_line 'emb.npy.part: another run is writing it'
}

test_layers_and_dry_run()
{
    photos
    run fdml-embed --model mean.onnx photos --size 4 --scale 1 --layers
    assert_exit 0
    assert_out 'GFLOP/s'
    assert_out '[4,3'
    embed --scale 1 --dry-run
    assert_exit 0
    assert_out 'images/s with'
    assert_no_file emb.npy
    assert_no_file emb.npy.part
    quiet '--max-memory: 1.0 KiB is too little' --model mean.onnx photos --size 4 --scale 1 --max-memory 1K -o x
}

test_command_lines_that_make_no_sense()
{
    bad_usage '--model is missing' fdml-embed photos -o x
    bad_usage 'IMAGES are missing' fdml-embed --model m.onnx -o x
    bad_usage '-o FILE is missing' fdml-embed --model m.onnx photos
    bad_usage '-o: the rows go to a file' fdml-embed --model m.onnx photos -o -
    bad_usage '--resume needs -o' fdml-embed --model m.onnx photos --layers --resume
    bad_input 'm.onnx: No such file or directory' fdml-embed --model m.onnx photos -o x
    photos
    quiet 'nosuch: No such file or directory' --model mean.onnx nosuch --size 4 --scale 1 -o x
    quiet 'nosuch/x: cannot write' --model mean.onnx photos --size 4 --scale 1 -o nosuch/x
    quiet 'photos: is a directory' --model mean.onnx photos --size 4 --scale 1 -o photos
}

test_real_outputs_of_another_program()
{
    need_shared models/golden_mobilefacenet
    local golden=$SHARED/models/golden_mobilefacenet model=$SHARED/models/mobilefacenet_kennethwang.onnx
    run fdml-embed --model "$model" "$golden/input_8x3x112x112_rgb.npy" \
        --check-against "$golden/output_kennethwang_8x128.npy" --tolerance 3e-6
    assert_exit 0
    assert_out '8 rows of 128 numbers'
}
