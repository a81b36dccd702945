#!/usr/bin/env python3
"""make_images.py - writes tests/golden/images: small pictures and what PIL makes of them.

For every picture NAME there is NAME.ppm, PIL's Image.open(NAME).convert("RGB"); resize/ holds
one picture at the sizes of its file names, as Image.resize(size, BILINEAR) makes them; torch/
holds the float planes of torchvision's Resize, CenterCrop, ToTensor and Normalize as .npy,
C order, [3, H, W]. All of it is small enough to be read by eye.

Needs python3-pil, python3-numpy and python3-torchvision; made with Pillow 9.4 (libjpeg-turbo
2.1.5) and torchvision 0.14. The noise has a fixed seed: running it again changes nothing.

SPDX-License-Identifier: MIT
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from torchvision import transforms

OUT = pathlib.Path(__file__).resolve().parent / "images"


def picture(width, height, seed):
    """Smooth colours with an edge and some noise, so that every kind of coefficient occurs."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [128 + 100 * np.sin(x / 5 + y / 9), 255 * x / max(width, 2), 20 + 200 * (x > y)]
    rgb = np.stack(planes, axis=-1) + random.normal(0, 12, (height, width, 3))
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, extra=b"", interlace=0):
    """A PNG of the given raw rows (each with its filter byte), for what PIL does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def adam7(rgb):
    height, width, _ = rgb.shape
    rows = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                           (1, 0, 2, 2), (0, 1, 1, 2)):
        part = rgb[y0::dy, x0::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    return rows


def save_jpegs():
    rgb = picture(37, 29, 1)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        rgb.save(OUT / f"jpeg_{name}.jpg", quality=85, subsampling=subsampling)
        rgb.save(OUT / f"jpeg_{name}_progressive.jpg", quality=85, subsampling=subsampling,
                 progressive=True)
    rgb.save(OUT / "jpeg_low.jpg", quality=5)
    rgb.save(OUT / "jpeg_full.jpg", quality=100, optimize=True)
    rgb.convert("L").save(OUT / "jpeg_grey.jpg", quality=85)
    rgb.convert("CMYK").save(OUT / "jpeg_cmyk.jpg", quality=85)
    for size in ((1, 1), (2, 2), (3, 17), (16, 8), (17, 1)):
        picture(*size, 2).save(OUT / f"jpeg_{size[0]}x{size[1]}.jpg", quality=85)


def save_pngs():
    rgb = picture(19, 11, 3)
    array = np.asarray(rgb)
    for mode in ("RGB", "L", "P", "1", "LA", "RGBA"):
        image = rgb.convert(mode)
        if mode in ("LA", "RGBA"):
            image.putalpha(picture(19, 11, 4).convert("L"))
        image.save(OUT / f"png_{mode}.png")
    rgb.convert("P").save(OUT / "png_P_transparent.png", transparency=bytes(range(0, 256, 2)))
    rgb.save(OUT / "png_RGB_transparent.png", transparency=tuple(int(v) for v in array[3, 4]))
    wide = np.random.RandomState(5).randint(0, 65536, (11, 19, 3)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    (OUT / "png_RGB16.png").write_bytes(png(19, 11, 16, 2, rows))
    (OUT / "png_interlaced.png").write_bytes(png(19, 11, 8, 2, adam7(array), interlace=1))
    packed = np.random.RandomState(6).randint(0, 256, (11, 10)).astype(np.uint8)
    for depth, width in ((2, 37), (4, 19)):
        rows = b"".join(b"\0" + row.tobytes() for row in packed)
        (OUT / f"png_L{depth}.png").write_bytes(png(width, 11, depth, 0, rows))


def save_others():
    rgb = picture(13, 7, 7)
    for mode in ("RGB", "L", "1", "P", "RGBA"):
        rgb.convert(mode).save(OUT / f"bmp_{mode}.bmp")
    for mode, name in (("RGB", "P6"), ("L", "P5"), ("1", "P4")):
        rgb.convert(mode).save(OUT / f"pnm_{name}.pnm")
    values = np.asarray(rgb).astype(int)
    text = lambda a: "\n".join(" ".join(map(str, row.ravel())) for row in a)
    grey = values[..., 0]
    files = {
        "pnm_P3.pnm": "P3 # colour\n13 7 255\n" + text(values),
        "pnm_P2_max100.pnm": "P2\n# a comment\n13\t7\n100\n" + text(grey * 100 // 255),
        "pnm_P1.pnm": "P1\n13 7\n" + text(grey // 128).replace(" ", ""),
    }
    for name, content in files.items():
        (OUT / name).write_text(content + "\n")
    (OUT / "pnm_P5_max15.pnm").write_bytes(
        b"P5 13 7 15\n" + (grey // 16).astype(np.uint8).tobytes())
    (OUT / "pnm_P6_max1000.pnm").write_bytes(
        b"P6\n13 7 1000 " + (values * 1000 // 255).astype(">u2").tobytes())


def save_sizes():
    source = picture(41, 23, 8)
    source.save(OUT / "resize" / "source.ppm")
    for width, height in ((41, 23), (20, 11), (7, 5), (1, 1), (41, 9), (13, 23), (90, 60), (3, 50)):
        source.resize((width, height), Image.BILINEAR).save(OUT / "resize" / f"{width}x{height}.ppm")
    box = source.crop((5, 3, 30, 20)).resize((8, 12), Image.BILINEAR)
    box.save(OUT / "resize" / "box_8x12.ppm")
    normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    for shorter, crop in ((12, 10), (12, 11), (9, 14), (16, 13)):
        for kind, image in (("wide", source), ("tall", source.transpose(Image.TRANSPOSE))):
            steps = transforms.Compose([transforms.Resize(shorter), transforms.CenterCrop(crop),
                                        transforms.ToTensor(), normalize])
            np.save(OUT / "torch" / f"{kind}_{shorter}_{crop}.npy", steps(image).numpy())


def main():
    for folder in (OUT, OUT / "resize", OUT / "torch"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.*"):
            old.unlink()
    save_jpegs()
    save_pngs()
    save_others()
    for path in sorted(p for p in OUT.glob("*.*")):
        Image.open(path).convert("RGB").save(f"{path}.ppm")
    save_sizes()


if __name__ == "__main__":
    main()
