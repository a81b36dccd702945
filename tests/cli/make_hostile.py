"""make_hostile.py - sets that break reports: emb.npy and meta.csv of one of

    make_hostile.py names|long|many|perfect|equal|single|lone

SPDX-License-Identifier: MIT"""
import csv
import random
import struct
import sys

NAMES = ['<b>"g"</b>', "two\nlines", "a,b;c", "pipe|\\_{}%$#&~^[*]--``", "العربية", "עברית 12",
         "\u202eoverride\u2066", "名前😀", "e\u0301\u0301\u0323", "z\u200bw\u200dj", "bell\x07\x1b[31mred\x9b", "",
         "=1+1", "-", "'", "\\\\*star", "|", "*", "&lt;", "\u2068open", "x\u2028y", "  blanks ", "\ufffe"]
COLUMN = 'bad | "name"\n\u202e<i>&_$'


def write(rows, header, emb):
    with open("meta.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header] + rows)
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(emb)}, {len(emb[0])}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open("emb.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        for row in emb:
            file.write(struct.pack(f"<{len(row)}f", *row))


def noisy(labels, dim=6, noise=0.7):
    """A centre for each label, and noise."""
    draw = random.Random(7)
    centre = {l: [draw.gauss(0, 1) for _ in range(dim)] for l in dict.fromkeys(labels)}
    return [[c + draw.gauss(0, noise) for c in centre[l]] for l in labels]


def main():
    kind = sys.argv[1]
    if kind == "names":
        n = 6 * len(NAMES)
        rows = [[f"c{i // 3}", NAMES[i // 3 % len(NAMES)], NAMES[(i // 3 + i + 11) % len(NAMES)]] for i in range(n)]
        write(rows, ["label", COLUMN, "kind"], noisy([r[0] for r in rows]))
    if kind == "long":
        values = ["x" * 10000 + "a", "x" * 10000 + "b", "日本" * 1500, "e" + "\u0301" * 3000, "short"]
        rows = [[f"c{i // 3}", values[i // 3 % 5]] for i in range(75)]
        write(rows, ["label", "kind"], noisy([r[0] for r in rows]))
    if kind == "many":
        rows = [[f"c{i // 2}", f"v{i % 200:03d}", "one" if i == 7 else "rest"] for i in range(600)]
        write(rows, ["label", "many", "alone"], noisy([r[0] for r in rows]))
    if kind in ("perfect", "equal"):
        rows = [[f"c{i // 5}", "ab"[i // 50]] for i in range(100)]
        emb = [[float(i // 5 == d) if kind == "perfect" else 1.0 for d in range(20)] for i in range(100)]
        write(rows, ["label", "kind"], emb)
    if kind == "single":
        rows = [[f"c{i % 100}", "ab"[i % 2], int(i < 100), int(i >= 100)] for i in range(200)]
        write(rows, ["label", "kind", "asks", "answers"], noisy([r[0] for r in rows]))
    if kind == "lone":
        rows = [[f"c{i // 4}" if i < 80 else f"alone{i}", "lonely" if i >= 80 else "ab"[i // 40]] for i in range(100)]
        write(rows, ["label", "kind"], noisy([r[0] for r in rows]))


main()
