# bad_images.sh - pictures nobody should trust: one line, exit 2, bounded memory, no half files.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/images.bash"

# refuses MESSAGE PICTURE: in 1 GiB of address space and without leaving a file
refuses()
{
    run_limited fdml-embed --quiet --threads 1 --model mean.onnx "$2" \
        --size 4 --scale 1 -o emb.npy --meta meta.csv
    assert_exit 2
    assert_stderr_line "$2: $1"
    assert_no_out
    assert_eq "$(find . -name 'emb.npy*' -o -name 'meta.csv*' | wc -l)" 0
}

test_what_is_no_picture()
{
    onnx mean
    : >zero.jpg
    echo 'this is text' >text.jpg
    printf '<html><body>404</body></html>' >page.png
    head -c 5000 /dev/zero >zeros.png
    mkdir folder.jpg
    refuses '' zero.jpg
    refuses '' text.jpg
    refuses '' page.png
    refuses '' zeros.png
    refuses 'No such file' nosuch.jpg
    bad_input 'folder.jpg' fdml-embed --quiet --model mean.onnx folder.jpg --size 4 --scale 1 -o x.npy
}

test_sixty_thousand_by_sixty_thousand()
{
    onnx mean
    picture bomb bomb.png
    refuses '' bomb.png
    printf 'P6\n60000 60000\n255\nabc' >bomb.ppm
    refuses '' bomb.ppm
    printf 'P6\n99999999999999999999 2\n255\nabc' >wide.ppm
    refuses '' wide.ppm
}

test_limits_that_were_asked_for()
{
    onnx mean
    picture png x.png 20 10 1,2,3
    bad_input 'x.png: 20 x 10 pixels, the limit is 199' fdml-embed --quiet --model mean.onnx x.png --size 4 --scale 1 -o e.npy --max-pixels 199
    bad_input 'x.png: ' fdml-embed --quiet --model mean.onnx x.png --size 4 --scale 1 -o e.npy --max-file-size 20
    bad_input 'x.png: ' fdml-embed --quiet --model mean.onnx x.png --preset none --crop 0,0,21,5 -o e.npy
    assert_no_file e.npy
}

test_truncated_and_flipped_png()
{
    onnx mean
    local size i
    picture png whole.png 16 16 1,2,3 200,100,50 7,8,9
    size=$(stat -c %s whole.png)
    for i in 8 20 33 40 $((size / 2)) $((size - 20)); do
        head -c "$i" whole.png >cut.png
        refuses '' cut.png
    done
    # a damaged byte may give other pixels, but never a crash, a hang or a second message
    for i in $(seq 0 3 $((size - 1))); do
        python3 -c "import sys; b = bytearray(open('whole.png', 'rb').read()); b[$i] ^= 0x55
open('flip.png', 'wb').write(b)"
        run fdml-embed --quiet --model mean.onnx flip.png --size 4 --scale 1 -o e.npy
        [ "$status" -eq 0 ] || assert_stderr_line 'flip.png: '
        [ "$status" -eq 0 ] || assert_exit 2
    done
}

test_truncated_and_flipped_jpeg()
{
    need_shared data/jpeg_variety
    onnx mean
    local file size part
    file=$(find "$SHARED/data/jpeg_variety" -name '*.jpg' -size -200k | LC_ALL=C sort | head -n 1)
    size=$(stat -c %s "$file")
    for part in 1 3 6 9 12 15; do
        head -c $((size * part / 16)) "$file" >cut.jpg
        refuses '' cut.jpg
        python3 -c "import sys; b = bytearray(open('$file', 'rb').read()); b[$size * $part // 16] ^= 0x55
open('flip.jpg', 'wb').write(b)"
        run fdml-embed --quiet --model mean.onnx flip.jpg --size 4 --scale 1 -o e.npy
        [ "$status" -eq 0 ] || assert_stderr_line 'flip.jpg: '
        [ "$status" -eq 0 ] || assert_exit 2
    done
}

test_skip_bad_counts_and_names()
{
    photos
    : >photos/ann/0.jpg
    head -c 70 photos/bea/2.png >photos/bea/3.png
    run fdml-embed --model mean.onnx photos --size 4 --scale 1 -o emb.npy --meta meta.csv --skip-bad --batch 1
    assert_exit 0
    assert_out 'emb.npy: 4 x 3 float32, 2 pictures left out'
    assert_eq "$(grep -c 'left out: photos/' err)" 2
    assert_json emb.npy.json 'r["skipped"] == [0, 5] and r["rows"] == 4'
    assert_eq "$(floats emb.npy | wc -l) $(wc -l <meta.csv)" '4 5'
}
