"""detail_check.py - is the detail of a JSON report what a plain, slow computation gives?

    detail_check.py EMBEDDINGS.npy METADATA.csv REPORT.json

Small float32 sets under cosine, every row query and gallery; columns label and those of the
report. Ranks by sorting all rows, distances of all pairs, singular values and principal
components by Jacobi's rotations. Needs no package. SPDX-License-Identifier: MIT"""
import csv
import json
import math
import struct
import sys

BINS = 40


def read_rows(path):
    data = open(path, "rb").read()
    size = struct.unpack("<H", data[8:10])[0]
    n, dim = eval(data[10:10 + size])["shape"]
    values = struct.unpack(f"<{n * dim}f", data[10 + size:])
    rows = [values[i * dim:(i + 1) * dim] for i in range(n)]
    return [[x / math.sqrt(sum(v * v for v in row)) for x in row] for row in rows]


def jacobi(a):
    """Eigenvalues and vectors (as rows) of a symmetric matrix, largest value first."""
    n = len(a)
    a = [row[:] for row in a]
    v = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(60):
        if sum(a[i][j] ** 2 for i in range(n) for j in range(i)) < 1e-26:
            break
        for p in range(n):
            for q in range(p + 1, n):
                if abs(a[p][q]) < 1e-300:
                    continue
                theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                t = (1 if theta >= 0 else -1) / (abs(theta) + math.sqrt(theta * theta + 1))
                c = 1 / math.sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
                for k in range(n):
                    a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
                for k in range(n):
                    v[p][k], v[q][k] = c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]
    order = sorted(range(n), key=lambda i: -a[i][i])
    return [a[i][i] for i in order], [v[i] for i in order]


def gram(rows):
    dim = len(rows[0])
    return [[math.fsum(r[i] * r[j] for r in rows) for j in range(dim)] for i in range(dim)]


def close(got, want, tolerance, what):
    assert abs(got - want) <= tolerance, (what, got, want)


class Truth:
    def __init__(self, rows, labels):
        self.rows, self.labels, n = rows, labels, len(rows)
        near = [[sum(a * b for a, b in zip(rows[i], rows[j])) for j in range(n)] for i in range(n)]
        self.distance = [[math.dist(rows[i], rows[j]) for j in range(n)] for i in range(n)]
        self.order = [sorted((j for j in range(n) if j != i), key=lambda j: (-near[i][j], j)) for i in range(n)]
        self.rank = []
        for i in range(n):
            hits = [k for k, j in enumerate(self.order[i], 1) if labels[j] == labels[i]]
            self.rank.append(hits[0] if hits else 0)


def check_pairs(group, kind, member, truth, width):
    want, n = [0] * BINS, 0
    for a, i in enumerate(member):
        for j in member[a + 1:]:
            if (truth.labels[i] == truth.labels[j]) == (kind == "same"):
                want[min(BINS - 1, int(truth.distance[i][j] / width))] += 1
                n += 1
    got = group[kind]
    if not n:
        assert got is None, (group["value"], kind)
        return
    assert sum(got["counts"]) == got["pairs"]
    assert got["sampled"] == (n > 16384), (n, got)
    share = [(c / got["pairs"], w / n) for c, w in zip(got["counts"], want)]
    # all pairs: but for rounding at a border; drawn: five standard errors of a share
    for g, w in share:
        close(g, w, 1.5 / n + (5 * math.sqrt(max(w, 1 / 16384) / 16384) if got["sampled"] else 0), "pairs")


def check_group(group, member, truth, width):
    labels = truth.labels
    assert group["rows"] == len(member) and group["classes"] == len({labels[i] for i in member})
    if group["hit_rate"] is None and group["same"] is None and group["other"] is None:
        return 0
    asked = [i for i in member if truth.rank[i]]
    assert group["queries"] == len(asked)
    assert group["missed"] == sum(truth.rank[i] > 1 for i in asked)
    for k, rate in enumerate(group["hit_rate"] or [], 1):
        close(rate, sum(truth.rank[i] <= k for i in asked) / len(asked), 1e-12, f"hits at {k}")
    check_pairs(group, "same", member, truth, width)
    check_pairs(group, "other", member, truth, width)
    if group["spectrum"]:
        value, _ = jacobi(gram([truth.rows[i] for i in member]))
        singular = [math.sqrt(max(0, v)) for v in value]
        total = sum(singular)
        for got, want in zip(group["spectrum"], singular):
            close(got, want / total, 1e-7, "spectrum")
    late = sorted((i for i in asked if truth.rank[i] > 1), key=lambda i: (-truth.rank[i], i))
    if " x " not in group["by"] and group["by"] != "overall":
        assert len(group["worst"]) == min(3, len(late))
    for got, i in zip(group["worst"], late):
        assert (got["row"], got["first_rank"], got["nearest"]) == (i, truth.rank[i], truth.order[i][0]), (got, i)
        close(got["distance"], truth.distance[i][got["nearest"]], 1e-6, "distance")
    return 1


def check_map(made, truth):
    rows = [truth.rows[i] for i in made["rows"]]
    assert made["rows"] == sorted(set(made["rows"])) and len(rows) == min(1500, len(truth.rows))
    mean = [math.fsum(c) / len(rows) for c in zip(*rows)]
    centred = [[x - m for x, m in zip(row, mean)] for row in rows]
    value, vector = jacobi(gram(centred))
    for k in range(2):
        close(made["explained"][k], value[k] / sum(value), 1e-6, "variance")
        axis = vector[k]
        sign = 1 if max(axis, key=abs) > 0 else -1
        for i, row in enumerate(centred):
            want = sign * sum(a * b for a, b in zip(axis, row))
            close(made["at"][2 * i + k], want, 2e-3, "place on the map")


def main():
    rows = read_rows(sys.argv[1])
    with open(sys.argv[2], newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    with open(sys.argv[3], encoding="utf-8") as file:
        result = json.load(file)
    detail, labels = result["detail"], [r[result["settings"]["label"]] for r in table]
    truth = Truth(rows, labels)
    n = 0
    for group in detail["groups"]:
        columns = [] if group["by"] == "overall" else group["by"].split(" x ")
        member = [i for i, r in enumerate(table) if " x ".join(r[c] for c in columns) == group["value"]]
        n += check_group(group, member if columns else list(range(len(rows))), truth, detail["distance_width"])
    sizes = sorted(labels.count(c) for c in set(labels))
    half = len(sizes) // 2
    assert detail["class_rows"]["least"] == sizes[0] and detail["class_rows"]["most"] == sizes[-1]
    assert detail["class_rows"]["median"] == (sizes[half] if len(sizes) % 2 else (sizes[half - 1] + sizes[half]) / 2)
    assert sum(detail["class_rows"]["classes"]) == len(sizes)
    check_map(detail["map"], truth)
    print(n, "groups")


main()
