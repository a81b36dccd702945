# images.bash - networks and pictures that the CLI tests share; sourced by their files.
#
#   onnx KIND [FILE]              a small network (make_onnx.py) as FILE [KIND.onnx]
#   picture KIND FILE W H R,G,B.. (make_image.py)
#   photos                        photos/{ann,bea}/{1,2}.png: four colours; flat.onnx, mean.onnx
#   floats FILE                   the numbers of an .npy, one row a line
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

onnx()
{
    python3 "$REPO/tests/cli/make_onnx.py" "$1" "${2:-$1.onnx}"
}

picture()
{
    python3 "$REPO/tests/cli/make_image.py" "$@"
}

photos()
{
    mkdir -p photos/ann photos/bea
    picture png photos/ann/1.png 4 4 255,0,0
    picture ppm photos/ann/2.ppm 4 4 0,255,0
    picture bmp photos/bea/1.bmp 4 4 0,0,255
    picture png photos/bea/2.png 4 4 51,102,204
    onnx flat
    onnx mean
}

floats()
{
    python3 - "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
size = struct.unpack("<H", data[8:10])[0]
shape = eval(data[10:10 + size])["shape"]
values = struct.unpack(f"<{(len(data) - 10 - size) // 4}f", data[10 + size:])
assert len(values) == shape[0] * shape[1], (shape, len(values))
for i in range(shape[0]):
    print(" ".join(f"{v:.9g}" for v in values[i * shape[1]:(i + 1) * shape[1]]))
END
}

# embeds what `photos` made
embed()
{
    run fdml-embed --model mean.onnx photos --size 4 -o emb.npy --meta meta.csv "$@"
}

# run_limited COMMAND...: like run, in 1 GiB of address space. A sanitizer reserves terabytes; there
# it limits the memory that is really used, its own included.
run_limited()
{
    if grep -qE '__(asan|tsan)_init' "$BIN/$1"; then
        ASAN_OPTIONS="hard_rss_limit_mb=3072:$ASAN_OPTIONS" run "$@"
    else
        run bash -c 'ulimit -v 1048576; exec "$@"' limited "$@"
    fi
}
