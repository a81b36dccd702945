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

JSON_SEEDS = {
    "object": '{"a": [1, 2.5, -3e10], "b": {"c": null, "d": true}, "e": "\\u00e9\\n\\""}',
    "scalar": " 12345678901234567890 ",
    "deep": "[" * 33 + "]" * 33,
    "comma": '{"1":1,',
    "after": "{} x",
    "surrogates": '["\\ud83d\\ude00", "\\ud83d", "\\u0000"]',
    "numbers": "[1e400, -0, 0.1, 5e-324, 1E+2, 01]",
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


def main():
    tables = {
        "image": image_seeds(),
        "npy": matrix_seeds(), "npy_labels": label_seeds(), "npz": npz_seeds(),
        "safetensors": safetensors_seeds(), "vecs": vecs_seeds(), "csv": CSV_SEEDS,
        "table": TABLE_SEEDS, "listfile": LIST_SEEDS, "pairs": PAIRS_SEEDS, "json": JSON_SEEDS,
    }
    for reader, seeds in tables.items():
        for name, data in seeds.items():
            put(reader, name, data)


if __name__ == "__main__":
    main()
