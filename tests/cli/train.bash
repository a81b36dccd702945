# train.bash - small runs that the tests of fdml-train share; sourced by their files.
#
#   train_set            emb.npy, meta.csv (label, group, fold), exp.ini: 60 steps in about 0.1 s
#   train ARGS           fdml-train exp.ini, quiet
#   weights RUN          the sha256 of a run's weights
#   head_alone_differs A B   the weights of two checkpoints: all of the trunk, nothing of the head
#   read_events FILE     prints "step tag value" of an event file, framing and CRCs checked
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

train_set()
{
    fdml-synth embeddings --quiet --out set --classes 24 --per-class 8 --dim 12 --seed 3
    mv set/embeddings.npy emb.npy
    awk -F, 'NR == 1 { print $0 ",fold"; next }
        { print $0 "," (NR < 120 ? "train" : NR < 160 ? "val" : "test") }' set/labels.csv >meta.csv
    cat >exp.ini <<'END'
[data]
embeddings = emb.npy
labels = meta.csv
attributes = group
validation = 0.25
[model]
dim = 8
[optimizer]
lr = 0.01
[train]
steps = 60
batch = 16
validate_every = 20
checkpoint_every = 10
min_group = 5
[log]
every = 5
END
}

train()
{
    run fdml-train exp.ini --quiet "$@"
}

weights()
{
    json "$1/summary.json" 'r["weights_sha256"]'
}

read_events()
{
    python3 - "$1" <<'END'
import struct, sys

def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff

def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff

def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 128:
            return value, at

def fields(data):
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            if kind == 2:
                size, at = varint(data, at)
            else:
                size = {1: 8, 5: 4}[kind]
            value, at = data[at:at + size], at + size
            assert len(value) == size
        found[key >> 3] = value
    return found

data = open(sys.argv[1], "rb").read()
at, first = 0, True
while at < len(data):
    length, crc = struct.unpack("<QI", data[at:at + 12])
    assert crc == masked(data[at:at + 8]), "length"
    event = data[at + 12:at + 12 + length]
    assert struct.unpack("<I", data[at + 12 + length:at + 16 + length])[0] == masked(event), "data"
    at += 16 + length
    event = fields(event)
    if first:
        assert event[3] == b"brain.Event:2"
    else:
        value = fields(fields(event[5])[1])
        print(event[2], value[1].decode(), struct.unpack("<f", value[2])[0])
    first = False
END
}

# Fails where the trunk's tensors differ or one of the head is the same; prints how many there are.
head_alone_differs()
{
    python3 - "$@" <<'PYTHON'
import json, struct, sys
def tensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + n])
    head.pop("__metadata__")
    return {k: data[8 + n:][slice(*v["data_offsets"])] for k, v in head.items()}
a, b = map(tensors, sys.argv[1:])
assert a.keys() == b.keys()
for name in a:
    assert (a[name] == b[name]) == (not name.startswith("head.")), name
print(len(a))
PYTHON
}
