#!/usr/bin/env python3
"""make_corpus.py - writes the committed seeds of the fuzz targets: tests/fuzz/corpus/NAME/.

Each reader gets small files of every variant it accepts and of the errors closest to them, so
that a fuzzer starts behind the first checks. Only the standard library is used, and every byte
is fixed: running it again changes nothing.

SPDX-License-Identifier: MIT
"""
import io
import json
import pathlib
import struct
import zipfile
import zlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def put(reader, name, data):
    folder = CORPUS / reader
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def npy(descr, shape, data, order="False", version=1, text=None):
    header = text or f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    header = header.encode()
    prefix = 10 if version == 1 else 12
    header += b" " * (-(prefix + len(header) + 1) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def matrix_seeds():
    values = [0.5, -1.0, 2.0, 1e-30, float("inf"), float("nan")]
    halves = struct.pack("<6e", *values[:3], 6e-8, *values[4:])
    seeds = {
        "f4": npy("<f4", (2, 3), struct.pack("<6f", *values)),
        "f4_big": npy(">f4", (2, 3), struct.pack(">6f", *values)),
        "f4_fortran": npy("<f4", (2, 3), struct.pack("<6f", *values), "True"),
        "f8": npy("<f8", (3, 2), struct.pack("<6d", *values), version=2),
        "f2": npy("<f2", (1, 6), halves, version=3),
        "no_rows": npy("<f4", (0, 3), b""),
        "flat": npy("<f4", (6,), struct.pack("<6f", *values)),
        "cube": npy("<f4", (1, 2, 3), struct.pack("<6f", *values)),
        "huge": npy("<f4", (2**62, 2**62), b""),
        "object": npy("|O", (2, 3), b"\x80\x04]."),
        "short": npy("<f4", (2, 3), struct.pack("<5f", *values[:5])),
        "order": npy("", "", struct.pack("<2f", 1, 2),
                     text='{"shape":(1L, 2L),"fortran_order":False,"descr":"<f4"}'),
        "record": npy("", "", b"", text="{'descr': [('a', '<f4')], 'fortran_order': False, "
                                        "'shape': (2, 3)}"),
    }
    for code, name in zip("bBhHiIqQ", "i1 u1 i2 u2 i4 u4 i8 u8".split()):
        seeds[name] = npy("<" + name, (2, 2), struct.pack(f"<4{code}", 0, 1, 100, 127))
    return seeds


def label_seeds():
    words = ["Ann", "Bo", "Zoë", "李"]
    ucs4 = b"".join(w.ljust(4, "\0").encode("utf-32-le") for w in words)
    return {
        "u4": npy("<U4", "(4,)", ucs4),
        "u4_big": npy(">U4", "(4,)", b"".join(w.ljust(4, "\0").encode("utf-32-be")
                                               for w in words)),
        "s5": npy("|S5", "(4,)", b"".join(w.encode().ljust(5, b"\0") for w in words)),
        "i8": npy("<i8", "(4,)", struct.pack("<4q", -(2**63), 0, 7, 2**63 - 1)),
        "u8": npy("<u8", "(3, 1)", struct.pack("<3Q", 0, 2**63, 2**64 - 1)),
        "i1": npy("|i1", "(4,)", b"\0\1\xff\x80"),
        "empty": npy("<U2", "(2,)", "a\0\0\0".encode("utf-32-le")),
        "surrogate": npy("<U1", "(1,)", struct.pack("<I", 0xD800)),
        "floats": npy("<f4", "(2,)", struct.pack("<2f", 0, 1)),
        "zero": npy("<U0", "(5,)", b""),
    }


def archive(members, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            z.writestr(info, data)
    return out.getvalue()


def npz_seeds():
    seeds = matrix_seeds()
    two = [("emb.npy", seeds["f4"]), ("labels.npy", label_seeds()["i8"])]
    spoiled = bytearray(archive([("emb.npy", seeds["f4"])], zipfile.ZIP_STORED))
    spoiled[spoiled.index(struct.pack("<f", 2.0))] ^= 1  # a value: the CRC must tell
    return {
        "one_stored": archive([("emb.npy", seeds["f4"])], zipfile.ZIP_STORED),
        "one_deflated": archive([("emb.npy", seeds["f4_fortran"])], zipfile.ZIP_DEFLATED),
        "two": archive(two, zipfile.ZIP_DEFLATED),
        "double": archive([("arr_0.npy", seeds["f8"])], zipfile.ZIP_DEFLATED),
        "lzma": archive([("emb.npy", seeds["f4"])], zipfile.ZIP_LZMA),
        "spoiled": bytes(spoiled),
        "no_array": archive([("readme.txt", b"nothing")], zipfile.ZIP_STORED),
    }


def tensors(entries, data, metadata=None):
    header = {"__metadata__": metadata} if metadata else {}
    for name, dtype, shape, begin, end in entries:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def safetensors_seeds():
    six = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    return {
        "f32": tensors([("emb", "F32", [2, 3], 0, 24)], six, {"format": "pt"}),
        "f16": tensors([("emb", "F16", [2, 3], 0, 12)], six[:12]),
        "bf16": tensors([("w", "BF16", [2, 3], 0, 12)], six[:12]),
        "f64": tensors([("emb", "F64", [1, 3], 0, 24)], six),
        "fp8": tensors([("emb", "F8_E4M3", [2, 3], 0, 6)], six[:6]),
        "two": tensors([("emb", "F32", [1, 3], 0, 12), ("b", "F32", [3, 1], 12, 24)], six),
        "bias": tensors([("emb", "F32", [2, 2], 0, 16), ("b", "F32", [2], 16, 24)], six),
        "beyond": tensors([("emb", "F32", [2, 3], 4, 28)], six),
        "size": tensors([("emb", "F32", [2, 2], 0, 24)], six),
        "none": tensors([], b""),
        "length": struct.pack("<Q", 2**63) + b"{}",
    }


def checkpoint_seeds():
    settings = {"input": [3, 112, 112], "embedding_size": 128, "preprocess": {
        "box": [57, 50, 193, 186], "resize": [112, 112], "resize_shorter": 256,
        "center": [224, 224], "channels": "bgr", "scale": 0.0078125,
        "mean": [127.5, 0, 1], "std": [128, 1, 2]}}
    ours = {"format": "fdml-checkpoint/1", "backbone": "mobilefacenet",
            "settings": json.dumps(settings)}
    grey = dict(ours, settings='{"preprocess": {"channels": "grey", "mean": [1], "std": [2]}}')
    # All tensors lie over each other, so that the first layers of a net fit in a small file.
    face = [("conv_1.conv.weight", "F16", [64, 3, 3, 3], 0, 3456),
            ("conv_1.bn.weight", "F32", [64], 0, 256), ("conv_1.bn.bias", "F64", [64], 0, 512),
            ("conv_1.bn.running_mean", "BF16", [64], 0, 128),
            ("conv_1.bn.running_var", "F16", [64], 0, 128),
            ("conv_1.bn.num_batches_tracked", "I64", [], 0, 8),
            ("conv_1.prelu.weight", "F16", [64], 0, 128),
            ("conv_6_dw.conv.weight", "F16", [1], 0, 2)]
    block = bytes(range(256)) * 14
    rows = dict(ours, backbone="features", settings='{"embedding_size": 2, "head": true}')
    hidden = [("hidden.weight", "F32", [4, 3], 0, 48)]
    hidden += [(name, "F32", [4], 0, 16) for name in
               ("hidden.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var")]
    return {
        "features": tensors(hidden + [("head.weight", "F32", [2, 4], 0, 32)], block[:48], rows),
        "features_head": tensors([("head.weight", "F32", [2, 3], 0, 24)], block[:24], rows),
        "ours": tensors(face, block, ours),
        "grey": tensors(face[:1], block, grey),
        "plain": tensors(face, block, {"format": "pt"}),
        "version": tensors(face[:1], block, dict(ours, format="fdml-checkpoint/2")),
        "settings": tensors([], b"", dict(ours, settings="{")),
        "backbone": tensors([], b"", dict(ours, backbone="vgg")),
        "resnet": tensors([("layer1.0.conv2.weight", "F16", [1], 0, 2),
                           ("conv1.weight", "F16", [64, 3, 7, 8], 0, 3456)], block),
        "unknown": tensors([("emb", "F32", [2, 3], 0, 24)], block),
    }


def vecs(rows, code):
    return b"".join(struct.pack(f"<i{len(r)}{code}", len(r), *r) for r in rows)


def vecs_seeds():
    return {
        "floats": vecs([[1, 2, 3], [4, 5, 6]], "f"),
        "bytes": vecs([[1, 2, 255], [4, 5, 6]], "B"),
        "ragged": vecs([[1, 2], [3, 4], [5, 6, 7]], "f"),
        "cut": vecs([[1, 2, 3], [4, 5, 6]], "f")[:-1],
        "negative": struct.pack("<i", -1) * 3,
        "large": struct.pack("<i", 2**31 - 1) * 3,
        "none": struct.pack("<i", 0),
    }


CSV_SEEDS = {
    "plain": "0.5,1,-2e-3\n4,5.25,.5\n",
    "header": "a,b,c\r\n1,2,3\r\n4,5,6",
    "numbered": ",".join(map(str, range(8))) + "\n" + ",".join(["0.25"] * 8) + "\n",
    "quoted": '"1","2"\n"3",4\n\n\n',
    "special": "nan,inf,-Infinity\n1e400,1e-400,16777217\n",
    "midpoint": "1.00000005960464477539062500001,1.000000059604644775390625\n0,0\n",
    "semicolons": "1;2\n3;4\n",
    "tabs": "1\t2\n3\t4\n",
    "spaces": "1.0e+00 2.0e+00\n3.0e+00 4.0e+00\n",
    "pandas": ",0,1\n0,0.5,0.25\n",
    "ragged": "1,2,3\n4,5\n",
    "word": "1,2\n3,four\n",
    "bom": "\ufeff1,2\n",
}

TABLE_SEEDS = {
    "plain": "label,gender,race\n0,F,White\n1,M,Black\n",
    "quotes": 'name,"a ""b"" c"\r\n"x, y","line\nbreak"\r\n"",\'\r\n',
    "bom": "\ufefflabel\n1\n2\n\n\n",
    "one_column": "label\na\n\nb\n",
    "semicolons": "label;flag\na;true\nb;no\n",
    "tabs": "label\tflag\na\t1\nb\t-1\n",
    "ragged": "a,b,c,d\n1,2,3\n",
    "unclosed": 'a,b\n1,"2\n3,4\n',
    "twice": "a,b,a\n1,2,3\n",
    "unnamed": ",a\n0,x\n",
    "after_quote": 'a,b\n"1"2,3\n',
    "carriage": "a,b\r1,2\r",
    "words": "name\nZo\u00eb\n\u674e\n",
    "utf16": "a,b\n1,2\n".encode("utf-16"),
    "latin1": "name\nZo\u00eb\n".encode("latin-1"),
    "nul": "a\n\0\n",
    "empty": "",
    "header_only": "a,b\n",
    "no_end": "a,b\n1,",
}

LIST_SEEDS = {
    "attributes": "2\nMale Young Bald\n000001.jpg  1 -1 -1\n000002.jpg -1  1 -1\n",
    "identity": "000001.jpg 2880\n000002.jpg 2937\n",
    "crlf": "1\r\nMale\r\n000001.jpg 1\r\n",
    "count": "3\nMale\n000001.jpg 1\n",
    "value": "1\nMale\n000001.jpg 0\n",
    "fields": "2\nMale\n000001.jpg 1\n000002.jpg\n",
    "gap": "a.jpg 1\n\nb.jpg 2\n",
    "twice": "1\nMale Male\na.jpg 1 1\n",
    "table": "a;b\n1;2\n",
}

PAIRS_SEEDS = {
    "folds": "2\t1\nAnn\t1\t2\nAnn\t1\tBo\t1\nBo\t1\t3\nBo\t1\tCy\t2\n",
    "plain": "1\nAnn\t1\t2\nAnn\t1\tBo\t1\n",
    "spaces": "1 1\nAnn 1 2\nAnn 1 Bo 1\n\n",
    "names": "1\nAnn Lee\t1\t2\r\nAnn Lee\t1\tBo\t1\r\n",
    "short": "2\t1\nAnn\t1\t2\n",
    "long": "1\nAnn\t1\t2\nAnn\t1\tBo\t1\nAnn\t1\t3\n",
    "zero": "1\nAnn\t0\t2\nAnn\t1\tBo\t1\n",
    "same": "1\nAnn\t1\t2\nAnn\t1\tAnn\t1\n",
    "huge": "4294967295\t4294967295\n",
}

SPLIT_SEEDS = {
    "line": "TTEVSTT-ES\n",
    "lines": "T\nE\r\nV\nS\n-\n",
    "mark": "\ufeffTESV",
    "letter": "TTETXS",
    "wide": "TTE\u00e9S",
    "control": "TTE\tS",
    "breaks": "\n\n\n",
}

OTHER_HEAD = b"row,target,black_box,seed,p,method,e\n"
OTHER_SEEDS = {
    "whole": OTHER_HEAD + b"2,1,a,1,.5,lime,.25\n4,0,a,1,.5,lime,-3\n",
    "seeds": OTHER_HEAD + b"".join(b"%d,%d,b,%d,0.125,tree,1e-3\n" % (row, row == 2, seed) for row in (4, 2) for seed in (2, 1)),
    "twice": OTHER_HEAD + b"2,1,a,1,.5,lime,.25\n2,1,a,1,.5,lime,.25\n",
    "short": OTHER_HEAD + b"2,1,old,1,.5,tree,.25\n",
    "wild": OTHER_HEAD + b"2,1,a,1,nan,lime,inf\n18446744073709551616,0,a,1,.5,lime,1\n",
    "grouped": OTHER_HEAD.replace(b"row,", b"row,sex,") + b"2,f,1,a,1,.5,lime,.25\n4,m,0,a,1,.5,lime,-3\n",
    "stranger": OTHER_HEAD.replace(b"row,", b"row,sex,") + b"2,m,1,a,1,.5,lime,.25\n",
}

TABULAR_SEEDS = {
    "typed": "age,city,sex,part,y\n1.5,Ulm,m,T,0\n,Bonn,f,E,1\n-2,?,f,S,1\n3e2,Ulm,m,V,0\n",
    "mixed": "age,city,sex,part,y\n1,a,m,T,0\n2,b,f,T,1\n3,c,f,T,1\nx,d,f,T,1\n",
    "huge": "age,sex,part,y\n1e99,m,T,no\n2,f,T,yes\n",
    "unknown": "age,sex,part,y\n,m,T,0\n,f,S,1\n",
    "index": ",age,sex,part,y\n0,1,m,train,0\n1,2,f,test,1\n",
    "quoted": 'city,sex,part,y\n"a,b\nc",m,none,0.0\n"d""e",f,explain,1.0\n',
}

JSON_SEEDS = {
    "object": '{"a": [1, 2.5, -3e10], "b": {"c": null, "d": true}, "e": "\\u00e9\\n\\""}',
    "scalar": " 12345678901234567890 ",
    "deep": "[" * 33 + "]" * 33,
    "comma": '{"1":1,',
    "after": "{} x",
    "surrogates": '["\\ud83d\\ude00", "\\ud83d", "\\u0000"]',
    "numbers": "[1e400, -0, 0.1, 5e-324, 1E+2, 01]",
}


# Made by minisign -G -W and minisign -S; tests/unit/test_base_minisign.c has the same.
MINISIGN_SEEDS = {
    "public": "untrusted comment: k\nRWR+9pFZsz63OzeT0jpkvBo31RQIzj9N33ZEoQONbdmrPi7t3O7fX311\n",
    "secret": "untrusted comment: k\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAfvaRWbM+tztr4knpLQPb3Si0pnxjavN+ZnvmWeRqflbQr/DjarhVmjeT0jpkvBo31RQIzj9N33ZEoQONbdmrPi7t3O7fX311AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "signature": "untrusted comment: s\nRUR+9pFZsz63OzGyflPFkT2ZWKQI18C8Aq+W+2DspS7XFiwQZ1N3GXs6CM7ektnMcwIxSnzYgeajZbfsiRf8wSTTJ+gxQDb0QQA=\n"
                 "trusted comment: trusted words\ngA1b6F2/9v06xr/HSguEtWFN9CnkjRFs2OzRLIkCpPWFsIjoL8kmBuc4Fb/6zHmm6R2GIVJL+GZdBZJMC6erBw==\n",
    "cut": "untrusted comment: s\r\nRWR+",
}


def varint(value):
    value &= 2**64 - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A protobuf field: an int as a varint, a float as 32 bits, anything else with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value if isinstance(value, bytes) else value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def onnx_tensor(code, dims, *fields, name="w"):
    return b"".join(field(1, d) for d in dims) + field(2, code) + b"".join(fields) + field(8, name)


def onnx_node(op, inputs, outputs, *attributes, name="n", domain=""):
    return (b"".join(field(1, i) for i in inputs) + b"".join(field(2, o) for o in outputs)
            + field(3, name) + field(4, op) + b"".join(field(5, a) for a in attributes)
            + (field(7, domain) if domain else b""))


def onnx_value(name, dims, code=1):
    shape = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, code) + field(2, shape)))


def onnx_model(nodes, tensors=(), inputs=("x",), outputs=("y",), opset=13, more=b""):
    graph = (b"".join(field(1, n) for n in nodes) + field(2, "g")
             + b"".join(field(5, t) for t in tensors)
             + b"".join(field(11, onnx_value(i, ["batch", 3, 4, 4])) for i in inputs)
             + b"".join(field(12, onnx_value(o, [1, 2])) for o in outputs) + more)
    return (field(1, 8) + field(2, "fdml") + field(3, "1") + field(7, graph)
            + field(8, field(1, "") + field(2, opset)))


def onnx_tensor_seeds():
    six = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    return {
        "raw": onnx_tensor(1, [2, 3], field(9, six)),
        "floats": onnx_tensor(1, [2, 3], field(4, six)),
        "single": onnx_tensor(1, [2], field(4, 1.5), field(4, -2.0)),
        "runs": onnx_tensor(7, [3], field(7, varint(5) + varint(-6)), field(7, 7)),
        "i8": onnx_tensor(3, [3], field(5, varint(-128) + varint(-1) + varint(127))),
        "u64": onnx_tensor(13, [2], field(11, varint(1) + varint(2**64 - 1))),
        "doubles": onnx_tensor(11, [1], field(10, struct.pack("<d", 0.5))),
        "half": onnx_tensor(10, [2], field(5, varint(0x3e00) + varint(0xae66))),
        "bool": onnx_tensor(9, [3], field(9, b"\2\0\1")),
        "i4": onnx_tensor(22, [3], field(9, b"\x81\x0f")),
        "u4": onnx_tensor(21, [3], field(5, varint(0x81) + varint(0x0f))),
        "complex": onnx_tensor(14, [1], field(4, six[:8])),
        "strings": onnx_tensor(8, [2], field(6, "ab"), field(6, "Zo\u00eb")),
        "scalar": onnx_tensor(6, [], field(5, 3)),
        "empty": onnx_tensor(1, [3, 0, 5]),
        "huge": onnx_tensor(1, [2**40], field(9, six)),
        "negative": onnx_tensor(1, [-1], field(9, six)),
        "segment": onnx_tensor(1, [6], field(3, field(1, 0)), field(9, six)),
        "external": onnx_tensor(1, [6], field(13, field(1, "location") + field(2, "w.bin")),
                                field(13, field(1, "offset") + field(2, "8")), field(14, 1)),
    }


def onnx_seeds():
    six = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    w = onnx_tensor(1, [2, 3, 1, 1], field(9, six))
    pads = field(1, "pads") + b"".join(field(8, p) for p in (0, 0, 1, 1)) + field(20, 7)
    packed = field(1, "strides") + field(8, varint(1) + varint(2)) + field(20, 7)
    auto = field(1, "auto_pad") + field(4, "NOTSET") + field(20, 3)
    conv = onnx_node("Conv", ["x", "w"], ["c"], pads, packed, auto)
    value = field(1, "value") + field(5, onnx_tensor(7, [2], field(7, varint(1) + varint(-1)))) \
        + field(20, 4)
    ints = field(1, "value_ints") + field(8, 1) + field(8, -1) + field(20, 7)
    body = field(1, "then_branch") + field(6, field(1, conv)) + field(20, 5)
    last = onnx_node("Softmax", ["c"], ["y"], field(1, "axis") + field(3, -1) + field(20, 2))
    return {
        "net": onnx_model([conv, last], [w]),
        "unsorted": onnx_model([last, conv], [w], inputs=["x", "w"]),
        "constant": onnx_model([onnx_node("Constant", [], ["k"], value),
                                onnx_node("Constant", [], ["j"], ints), conv, last], [w]),
        "cycle": onnx_model([onnx_node("MatMul", ["x", "b"], ["a"]),
                             onnx_node("Softmax", ["a"], ["b"])], outputs=["b"]),
        "undefined": onnx_model([conv, last]),
        "twice": onnx_model([conv, conv, last], [w]),
        "domain": onnx_model([onnx_node("FusedConv", ["x"], ["y"], domain="com.microsoft")]),
        "branch": onnx_model([onnx_node("If", ["x"], ["y"], body)]),
        "old": onnx_model([last], opset=5),
        "sparse": onnx_model([last], more=field(15, field(1, w))),
        "names": onnx_model([onnx_node("Softmax", ["x", "", ""], ["y"], name="\u674e")]),
        "lfs": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    }


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, interlace=0, extra=b"", raw=None):
    bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = (width * bands * depth + 7) // 8
    if raw is None:
        raw = b"".join(bytes([y % 5]) + bytes((7 * x + y) % 256 for x in range(row))
                       for y in range(height * (1 + interlace)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra +
            png_chunk(b"IDAT", zlib.compress(raw, 9)) + png_chunk(b"IEND", b""))


def bmp(bits, header_size, compression=0, pixels=bytes(range(96))):
    palette = bytes(range(64)) if bits <= 8 else b""
    if header_size == 12:
        header = struct.pack("<IHHHH", 12, 4, 3, 1, bits)
    else:
        header = struct.pack("<IiiHHIIiiII", header_size, 4, -3 if bits == 24 else 3, 1, bits,
                             compression, 0, 0, 0, len(palette) // 4, 0).ljust(header_size, b"\1")
    offset = 14 + len(header) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + header + palette + pixels


def image_seeds():
    """JPEGs are those that tests/golden compares with PIL; the rest is made here."""
    golden = CORPUS.parent.parent / "golden" / "images"
    seeds = {path.stem: path.read_bytes() for path in sorted(golden.glob("*.jpg"))}
    palette = png_chunk(b"PLTE", bytes(range(48))) + png_chunk(b"tRNS", bytes(16))
    seeds.update({
        "png_grey1": png(9, 5, 1, 0), "png_grey16": png(3, 5, 16, 0),
        "png_rgb": png(7, 5, 8, 2), "png_rgb_key": png(7, 5, 8, 2, 0, png_chunk(b"tRNS", bytes(6))),
        "png_palette": png(9, 5, 4, 3, 0, palette), "png_rgba16": png(3, 2, 16, 6),
        "png_interlaced": png(9, 5, 8, 4, 1),
        "png_apple": png(3, 3, 8, 6, 0, png_chunk(b"CgBI", bytes(4))),
        "png_bomb": png(9, 5, 8, 2, 0, b"", bytes(1 << 22)),
        "png_huge": png(60000, 60000, 8, 2, 0, b"", b"\0"),
        "bmp_1": bmp(1, 40), "bmp_4": bmp(4, 40), "bmp_8": bmp(8, 12), "bmp_16": bmp(16, 40),
        "bmp_24": bmp(24, 40), "bmp_32": bmp(32, 108), "bmp_masks": bmp(16, 56, 3),
        "bmp_rle": bmp(8, 40, 1),
        "pnm_1": b"P1\n3 2\n101 0#\n1 0\n", "pnm_2": b"P2 2 2 9\n0 9\n4 5\n",
        "pnm_3": b"P3 1 2 255\n1 2 3\n4 5 255", "pnm_4": b"P4 9 2\n" + bytes(range(4)),
        "pnm_5": b"P5#x\n2 2 65535\n" + bytes(range(8)),
        "pnm_6": b"P6 2 1 255\n" + bytes(range(6)), "pnm_huge": b"P6 99999 99999 255\n",
    })
    return seeds


GATE_SEEDS = {
    "gap": "gap(recall_at_1, gender) > 0.02 and p < 0.01",
    "group": "recall_at_1[gender=F, 'skin tone'=\"a b\"] < 9e-1 or not (auc >= .5)",
    "change": "upper(change(gap(recall_at_1, gender, 'skin tone'))) <= -1 and p_holm != 0",
    "aspects": "lower(other(recall_at_1)) == .25 and detectable(change(recall_at_1)) > leakage(gender)",
    "versus": "versus(recall_at_1[gender=F]) < 0 or ratio(recall_at_1,gender)<.8 or leakage_knn(gender)>eer",
    "broken": "((not not 1 <",
    "quotes": "recall_at_1['gen''der'=\"F] < 1",
}


def main():
    tables = {
        "image": image_seeds(),
        "npy": matrix_seeds(), "npy_labels": label_seeds(), "npz": npz_seeds(),
        "safetensors": safetensors_seeds(), "checkpoint": checkpoint_seeds(), "vecs": vecs_seeds(), "csv": CSV_SEEDS,
        "table": TABLE_SEEDS, "listfile": LIST_SEEDS, "pairs": PAIRS_SEEDS, "json": JSON_SEEDS,
        "gate": GATE_SEEDS, "minisign": MINISIGN_SEEDS, "split": SPLIT_SEEDS, "tabular": TABULAR_SEEDS,
        "other": OTHER_SEEDS,
        "onnx": onnx_seeds(), "onnx_tensor": onnx_tensor_seeds(),
    }
    for reader, seeds in tables.items():
        for name, data in seeds.items():
            put(reader, name, data)


if __name__ == "__main__":
    main()
