"""hostile_truth.py - group values of an audit against a slow computation of their definitions.

    hostile_truth.py emb.npy meta.csv REPORT.json REPORT.csv

recall_at_1 and map_at_r of every group of single attributes, from all pairs; a group with fewer
rows than min_group, or without a query that has a match, has no number. The CSV has the same
names and digits as the JSON. Distances are taken in double, so rows whose two nearest differ by
less than single precision can tell are skipped with their group.
SPDX-License-Identifier: MIT"""
import csv
import json
import math
import struct
import sys


def read_rows(path):
    raw = open(path, "rb").read()
    size = struct.unpack("<H", raw[8:10])[0]
    shape = eval(raw[10:10 + size])["shape"]
    values = struct.unpack(f"<{shape[0] * shape[1]}f", raw[10 + size:])
    return [values[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]


def query_values(x, label, asks, answers, cosine):
    """(recall_at_1, map_at_r) of each query, None for a lone one; and whether rounding matters.
    Equal distances are ordered by row, as the audit orders them."""
    if cosine:
        x = [[v / math.sqrt(sum(a * a for a in row)) for v in row] for row in x]
    found = {}
    for q in range(len(x)):
        if not asks[q]:
            continue
        others = [i for i in range(len(x)) if i != q and answers[i]]
        n_match = sum(label[i] == label[q] for i in others)
        if not n_match:
            found[q] = None
            continue
        distance = {i: sum((a - b) ** 2 for a, b in zip(x[q], x[i])) for i in others}
        order = sorted(others, key=lambda i: (distance[i], i))
        near = [label[i] == label[q] for i in order[:n_match]]
        hits = 0
        precision = 0.0
        for rank, hit in enumerate(near, 1):
            hits += hit
            precision += hit * hits / rank
        steps = [distance[b] - distance[a] for a, b in zip(order, order[1:n_match + 1])
                 if (label[a] == label[q]) != (label[b] == label[q])]
        is_close = any(0 < s < 1e-5 for s in steps)
        found[q] = (float(near[0]), precision / n_match), is_close
    return found


def main():
    x = read_rows(sys.argv[1])
    with open(sys.argv[2], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(sys.argv[3], encoding="utf-8") as file:
        report = json.load(file)
    with open(sys.argv[4], newline="", encoding="utf-8") as file:
        cells = {(r["section"], r["by"], r["group"], r["metric"]): r for r in csv.DictReader(file)}
    settings = report["settings"]
    flag = {"query": [True] * len(x), "gallery": [True] * len(x)}
    for key in flag:
        if settings[key]:
            flag[key] = [r[settings[key]] == "1" for r in rows]
    label = [r[settings["label"]] for r in rows]
    values = query_values(x, label, flag["query"], flag["gallery"], settings["distance"] == "cosine")
    n_groups = n_checked = 0
    for by in settings["groups"]:
        members = {}
        for i, row in enumerate(rows):
            members.setdefault(row[by] or "missing", []).append(i)
        groups = [g for g in report["groups"] if g["by"] == by]
        assert {g["value"] for g in groups} == set(members), (by, set(members) ^ {g["value"] for g in groups})
        for g in groups:
            n_groups += 1
            mine = [values[q] for q in members[g["value"]] if q in values and values[q]]
            for k, metric in enumerate(("recall_at_1", "map_at_r")):
                got = g["metrics"][metric]
                cell = cells["group", by, g["value"], metric]
                assert (cell["value"] == "") == (got["value"] is None)
                assert cell["value"] == "" or float(cell["value"]) == got["value"]
                if len(members[g["value"]]) < settings["min_group"] or not mine:
                    assert got["value"] is None and got["why"], (by, g["value"], got)
                    continue
                if any(is_close for _, is_close in mine):
                    continue
                wanted = sum(v[k] for v, _ in mine) / len(mine)
                assert abs(got["value"] - wanted) < 1e-9 and got["n"] == len(mine), (by, g["value"], metric, got, wanted)
                n_checked += 1
    assert n_checked >= n_groups or n_groups < 6, (n_checked, n_groups)
    print(f"{n_checked} values of {n_groups} groups")


main()
