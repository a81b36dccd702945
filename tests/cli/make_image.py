"""make_image.py - small pictures, sound and broken, without any package.

    make_image.py png|ppm|bmp FILE WIDTH HEIGHT R,G,B [R,G,B ...]     colours repeat, row by row
    make_image.py bomb FILE                                           a PNG header of 60,000 x 60,000
SPDX-License-Identifier: MIT"""
import struct
import sys
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, rows):
    lines = b"".join(b"\0" + b"".join(bytes(p) for p in row) for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def ppm(width, height, rows):
    return f"P6\n{width} {height}\n255\n".encode() + b"".join(bytes(p) for row in rows for p in row)


def bmp(width, height, rows):
    pad = b"\0" * (-3 * width % 4)
    data = b"".join(b"".join(bytes(p[::-1]) for p in row) + pad for row in reversed(rows))
    return (b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(data), 2835, 2835, 0, 0) + data)


kind, path = sys.argv[1:3]
if kind == "bomb":
    made = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))
else:
    w, h = int(sys.argv[3]), int(sys.argv[4])
    colours = [tuple(map(int, c.split(","))) for c in sys.argv[5:]]
    grid = [[colours[(y * w + x) % len(colours)] for x in range(w)] for y in range(h)]
    made = {"png": png, "ppm": ppm, "bmp": bmp}[kind](w, h, grid)
with open(path, "wb") as file:
    file.write(made)
