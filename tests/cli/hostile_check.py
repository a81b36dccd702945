"""hostile_check.py - is every view of an audit sound by its own rules, whatever the names?

    hostile_check.py NAME META.csv      reads NAME.txt .md .latex .csv .json .card .queries

Names in views to read are `shown`: what acts instead of being shown is '?', and of a name of more
than 36 columns the beginning and the end remain. CSV and JSON have the bytes of META.csv. The
page has html_check.py. SPDX-License-Identifier: MIT"""
import csv
import json
import re
import sys
import unicodedata

ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066\u2067]")
ISOLATES = re.compile("[\u2068\u2069]")


def plain(name):
    return ACTS.sub("?", name)


def is_shown(text, name):
    """Whether `text` may stand for the name: all of it, or its two ends."""
    text, name = ISOLATES.sub("", text), ISOLATES.sub("", plain(name))
    if text == name:
        return True
    begin, _, end = text.partition("…")
    return bool(begin) and name.startswith(begin) and (name.endswith(end) or "\u0301" in name)


def columns(text):
    """Columns on a terminal."""
    return sum(0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else
               2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def names_of(report):
    return {g["by"] for g in report["groups"]} | {g["value"] for g in report["groups"]}


def check_text(text, report):
    for line in text.split("\n"):
        assert not ACTS.search(line), line
        assert line.count("\u2069") <= line.count("\u2068"), line
        assert columns(line) <= 100 or line.startswith(("embeddings", "metadata", "compare")) or "  " not in line.strip(), line
    for g in report["groups"]:
        right = any(unicodedata.bidirectional(c) in ("R", "AL") for c in g["value"])
        if right and columns(g["value"]) <= 36:
            assert "\u2068" + plain(g["value"]) + "\u2069" in text, g["value"]


def split_md(line):
    """Cells of a row of a table of GitHub's Markdown, without their escapes."""
    cells = re.findall(r"((?:\\.|[^|\\])*)\|", line)[1:]
    for cell in cells:
        bare = re.sub(r"\\.", "", cell).replace("**", "").replace("[", "").replace("]", "")
        assert not re.search(r"[`_<>|&~$]", bare), cell
    return [re.sub(r"\\(.)", r"\1", c).strip() for c in cells]


def check_md(text, report):
    width, seen = 0, []
    for line in text.split("\n"):
        assert not ACTS.search(line), line
        if not line.startswith("|"):
            width = 0
            continue
        cells = split_md(line)
        width = width or len(cells)
        assert len(cells) == width, (width, cells)
        seen.append(cells[0].strip("*") if cells[0].startswith("**") else cells[0])
    for name in {g["value"] for g in report["groups"]}:
        assert any(is_shown(s, name) or s == plain(name).strip() for s in seen), name


def check_latex(text, report):
    """Outside of commands no special character stands alone, and rows have their columns."""
    width = None
    for line in text.split("\n"):
        if line.startswith("%") or not line:
            continue
        assert not ACTS.search(line), line
        bare = re.sub(r"\\[#$%&_{}]", "", line)
        assert not re.search(r"[#%^~|`]", re.sub(r"\$-\$", "", bare)), line
        assert bare.count("{") == bare.count("}"), line
        if line.startswith("\\begin{tabular}"):
            width = len(line.split("{")[2].rstrip("}"))
        if line.endswith("\\\\") and width:
            spans = [int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert bare.count("&") + 1 + sum(spans) == width, (width, line)
            assert not re.match(r"[\[*]", line), line
    assert report["result_sha256"] in text


def check_tables(name, report, meta):
    with open(name + ".csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len({len(r) for r in rows}) == 1, {len(r) for r in rows}
    groups = {(r[1], r[2]) for r in rows if r[0] == "group"}
    assert groups == {(g["by"], g["value"]) for g in report["groups"]}
    with open(name + ".queries", newline="", encoding="utf-8") as file:
        queries = list(csv.DictReader(file))
    assert len(queries) == report["counts"]["queries"]
    for q in queries:
        row = meta[int(q["row"])]
        for column in [report["settings"]["label"]] + report["settings"]["groups"]:
            assert q[column] == (row[column] or "missing"), (q, row)


def check_card(text, report):
    assert text.startswith("---\nmodel-index:\n")
    head, body = text[4:].split("\n---\n", 1)
    assert not ACTS.search(head.replace("\n", "")), head[:300]
    metrics = [json.loads(line[6:]) for line in head.split("\n") if line.startswith("    - {")]
    given = sum(m["value"] is not None for g in report["groups"] for m in g["metrics"].values())
    assert sum(" = " in m["name"] for m in metrics) >= given, (len(metrics), given)
    check_md(body, report)


def read(name):
    with open(name, encoding="utf-8", newline="") as file:
        return file.read()


def main():
    name = sys.argv[1]
    report = json.loads(read(name + ".json"))
    with open(sys.argv[2], newline="", encoding="utf-8") as file:
        meta = list(csv.DictReader(file))
    check_text(read(name + ".txt"), report)
    check_md(read(name + ".md"), report)
    check_latex(read(name + ".latex"), report)
    check_tables(name, report, meta)
    check_card(read(name + ".card"), report)


main()
