# data.bash - small inputs that the CLI tests share; sourced by their files.
#
#   small_set [synth options]     emb.npy, meta.csv (label, group, cam, is_query, is_gallery, one)
#   npy FILE DESCR SHAPE [VALUE...]   an array; values are repeated until it is full
#   quick ...                     fdml-eval on the small set, with few resamples
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

small_set()
{
    fdml-synth embeddings --quiet --out set --classes 30 --per-class 6 --dim 16 "$@"
    mv set/embeddings.npy emb.npy
    awk -F, 'NR == 1 { print $0 ",cam,is_query,is_gallery,one"; next }
        { print $0 "," (NR % 3) "," (NR % 2 ? "true" : "false") "," (NR % 2 ? 0 : 1) ",same" }' \
        set/labels.csv >meta.csv
    rm -r set
}

quick()
{
    run fdml-eval emb.npy meta.csv --bootstrap 50 --permutations 50 "$@"
}

npy()
{
    python3 - "$@" <<'END'
import struct, sys
path, descr, shape, values = sys.argv[1], sys.argv[2], eval(sys.argv[3]), sys.argv[4:] or ["1"]
header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
header += " " * (-(len(header) + 11) % 64) + "\n"
count = 1
for n in shape:
    count *= n
values = [values[i % len(values)] for i in range(count)]
kind, size = descr[1], int(descr[2:])
if kind == "f":
    data = struct.pack(f"{descr[0]}{count}{'_ e f d'.split()[[0, 2, 4, 8].index(size)]}", *map(float, values))
elif kind == "u":
    data = struct.pack(f"{descr[0].replace('|', '<')}{count}{'BHIQ'[[1, 2, 4, 8].index(size)]}", *map(int, values))
elif kind == "i":
    data = struct.pack(f"{descr[0]}{count}{'bhiq'[[1, 2, 4, 8].index(size)]}", *map(int, values))
elif kind == "U":
    data = b"".join(v.encode("utf-32-le").ljust(4 * size, b"\0") for v in values)
else:
    data = bytes(size * count)
with open(path, "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
END
}
