"""html_check.py - is a page of `fdml-eval --report` sound, and are its numbers those of the JSON?

    html_check.py REPORT.html REPORT.json

Sound: well formed, headings in order, every table captioned and scoped, every drawing XML with a
title and a description, no script, no address outside of the file, ids unique, links that lead
somewhere. Numbers: what charts say (the titles of their marks and their texts) is the JSON's,
formatted as reports do. Colours: contrast and distance for every kind of colour vision.
Prints what was compared. SPDX-License-Identifier: MIT"""
import itertools
import json
import math
import re
import sys

from html_judged import check_comparison, check_downstream, check_gates
from html_page import Page, by_section, clean, cut, drawings, estimate, show, text_of, tips

def check_structure(text, page):
    assert text.startswith("<!DOCTYPE html>\n<html lang=\"en\">")
    addresses = set(re.findall(r"(?:https?|ftp|file):/*[^\s\"'<>]*", re.sub(r"(?s)<bdi>.*?</bdi>|<(title|desc)[^>]*>.*?</\1>|<code>.*?</code>|<text.*?</text>", "", text)))
    assert addresses <= {"http://www.w3.org/2000/svg"}, addresses
    assert "url(" not in text.split("</style>")[0] and "@import" not in text.split("</style>")[0]
    level = 0
    for name, _, _, _ in (t for t in page.tags if re.fullmatch("h[1-6]", t[0])):
        assert int(name[1]) <= level + 1, f"{name} after h{level}"
        level = int(name[1])
    assert len(page.all("h1")) == 1
    for _, attributes, _, _ in page.all("a"):
        assert attributes["href"][1:] in page.ids, attributes
    for tag in page.tags:
        for key in ("aria-labelledby", "aria-describedby"):
            for name in tag[1].get(key, "").split():
                assert name in page.ids, name
    assert len(page.all("table")) == len(page.all("caption"))
    for name, attributes, _, _ in page.all("th"):
        assert attributes.get("scope") in ("col", "row", "rowgroup"), attributes
    for name, attributes, _, _ in page.all("img"):
        assert attributes.get("alt") and attributes.get("width"), attributes


def check_groups(found, result):
    n = 0
    groups = {}  # names that are the same within a tip share a key
    for g in result["groups"]:
        groups.setdefault((clean(g["by"]), cut(clean(g["value"]))), []).append(g["metrics"])
    for _, by, metric, drawing in by_section(found, "groups"):
        for tip in tips(drawing, "rect"):
            value, numbers = tip.rsplit(": ", 1)
            wanted = [f"{estimate(m[metric])}, n = {m[metric]['n']}" for m in groups[(by, value)]]
            assert numbers in wanted, (by, metric, tip, wanted)
            n += 1
        texts = [text_of(t) for t in drawing.getElementsByTagName("text")]
        for g in result["groups"]:
            e = g["metrics"][metric]
            if clean(g["by"]) == by and e["value"] is None and e["why"].startswith("insufficient"):
                assert n >= 0 and (any(t.startswith("insufficient data") for t in texts) or len(result["groups"]) > 8)
    return n


def check_gaps(found, result):
    n = 0
    gaps = {(cut(clean(g["by"])), g["metric"]): g for g in result["gaps"]}
    for _, _, metric, drawing in by_section(found, "gaps"):
        for element in ("point", "hollow"):
            for tip in tips(drawing, "path", element):
                by, numbers = tip.rsplit(": ", 1)
                gap = gaps[(by, metric)]
                assert numbers.startswith(estimate(gap["difference"]) + ", n = "), (tip, gap)
                sure = gap["p_holm"] is not None and gap["p_holm"] <= 1 - result["settings"]["confidence"]
                assert (element == "point") == sure, (tip, gap)
                n += 1
    return n


def check_marks(found, section, lines):
    """lines: (by, label) -> [(x, y)]; every mark's tip is a point of its line."""
    n = 0
    for _, _, caption, drawing in by_section(found, section):
        by = caption[3:] if caption.startswith("By ") else "overall"
        for tip in tips(drawing, "path", "point"):
            label, numbers = tip.rsplit(": ", 1)
            y, x = numbers.split(" at ")
            label = label
            points = lines.get((by, label)) or lines[("overall", "overall")]
            assert (x, y) in [(f"{a:.4g}", f"{b:.4g}") for a, b in points], (section, tip)
            n += 1
    return n


def named(detail):
    """By (by, value within a tip): the groups of that name."""
    found = {}
    for g in detail["groups"]:
        found.setdefault((clean(g["by"]), cut(clean(g["value"]))), []).append(g)
    return found


def check_lines(found, result):
    groups = named(result["detail"])
    curve = {k: [p for g in same for p in enumerate(g["hit_rate"] or [], 1)] for k, same in groups.items()}
    spectrum = {k: [p for g in same for p in enumerate(g["spectrum"] or [], 1)] for k, same in groups.items()}
    counts = {"curves": check_marks(found, "curves", curve), "spectrum": check_marks(found, "spectrum", spectrum)}
    if result.get("verification"):
        points = [p for p in result["verification"]["points"] if p["fmr_target"] is not None]
        det = {("overall", "overall"): [(p["fmr"]["value"] or 0, p["fnmr"]["value"] or 0) for p in points]}
        for p in points:
            for g in p.get("groups") or []:
                rates = (g["fmr"]["value"] or 0, g["fnmr"]["value"] or 0)
                det.setdefault((clean(g["by"]), cut(clean(g["value"]))), []).append(rates)
        counts["det"] = check_marks(found, "det", det)
    return counts


def check_distances(found, result):
    """The steps of a curve: as high as the counts say, relative to the panel's highest."""
    n = 0
    for _, _, caption, drawing in by_section(found, "distances"):
        by = caption[3:] if caption.startswith("By ") else "overall"
        mine = [g for g in result["detail"]["groups"] if cut(clean(g["by"]), 200) == by]
        paths = [p for p in drawing.getElementsByTagName("path")
                 if "shade" in p.getAttribute("class").split()]
        expected = [g[kind] for g in mine for kind in ("other", "same") if g[kind]]
        assert len(paths) == len(expected), (caption, len(paths), len(expected))
        for path, pairs in zip(paths, expected):
            y = [float(v.split()[1]) for v in re.split("[ML]", path.getAttribute("d"))[1:]]
            tops = [y[0] - top for top in y[1:-1:2]]
            scale = max(tops) / max(pairs["counts"])
            assert all(abs(t - scale * c) <= 0.11 + scale for t, c in zip(tops, pairs["counts"])), caption
            assert sum(pairs["counts"]) == pairs["pairs"]
            n += 1
    return n


def check_cross(found, result):
    n = 0
    if not result.get("verification"):
        return 0
    for _, _, caption, drawing in by_section(found, "cross"):
        by, target = re.fullmatch(r"(?s)By (.*), threshold at FMR (\S+)", caption).groups()
        point = next(p for p in result["verification"]["points"]
                     if p["fmr_target"] is not None and f"{p['fmr_target']:g}" == target)
        cross = next(c for c in point["cross"] if clean(c["by"]) == by)
        rate = {f"{cut(clean(a), 180)} and {cut(clean(b), 180)}": cross["fmr"][i][j]
                for (i, a), (j, b) in itertools.product(enumerate(cross["values"]), repeat=2)}
        for tip in tips(drawing, "rect", "heat"):
            pair, number = tip.rsplit(": ", 1)
            value = rate[pair]
            assert number == ("no pairs" if value is None else show(value)), (tip, value)
            n += 1
    return n


def check_leakage(found, result):
    n = 0
    for _, _, _, drawing in by_section(found, "leakage"):
        wanted = []
        for l in result["leakage"]:
            for name in ("logistic", "knn"):
                e = l["leakage_" + name]
                if e["value"] is not None:
                    wanted.append(f"{name}: {estimate(e)}, n = {e['n']}")
        assert tips(drawing, "rect") == wanted, (tips(drawing, "rect"), wanted)
        n += len(wanted)
    return n


def check_map(found, result):
    n = 0
    for _, _, _, drawing in by_section(found, "map"):
        shapes = sum(p.getAttribute("d").count("z") for p in drawing.getElementsByTagName("path")
                     if "scatter" in p.getAttribute("class").split())
        assert shapes == len(result["detail"]["map"]["rows"]), shapes
        n += shapes
    return n


def check_worst(text, result):
    section = re.search(r'(?s)<section aria-labelledby="worst">(.*?)</section>', text)
    if not section:
        return 0
    shown = [tuple(map(int, m)) for m in re.findall(
        r"(?s)<span>Row (\d+), .*?: nearest is row (\d+), .*?; its first match has rank (\d+)</span>",
        section.group(1))]
    wanted = [(w["row"], w["nearest"], w["first_rank"]) for g in result["detail"]["groups"] for w in g["worst"]]
    assert shown == wanted, (shown, wanted)
    return len(shown)


# --- colours

def linear(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def luminance(colour):
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(colour)))


def contrast(a, b):
    x, y = sorted((luminance(a), luminance(b)))
    return (y + 0.05) / (x + 0.05)


# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((.152286, 1.052583, -.204868), (.114503, .786281, .099216), (-.003882, -.048116, 1.051998)),
    "deuteranopia": ((.367322, .860646, -.227968), (.280085, .672501, .047413), (-.011820, .042940, .968881)),
    "tritanopia": ((1.255528, -.076749, -.178779), (-.078411, .930809, .147602), (.004733, .691367, .303900)),
}


def lab(rgb):
    rows = ((.4124, .3576, .1805), (.2126, .7152, .0722), (.0193, .1192, .9505))
    xyz = [sum(a * b for a, b in zip(row, rgb)) / w for row, w in zip(rows, (.95047, 1, 1.08883))]
    f = [max(0, t) ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def check_colours(text):
    style = text.split("<style>")[1].split("</style>")[0]
    light, dark = style.split("@media screen and (prefers-color-scheme:dark){\n.chart")
    grounds = re.findall(r"\.ground\{fill:(#\w{6})\}", style)
    for half, ground in zip((light, ".chart" + dark), grounds):
        palette = [re.search(rf"\.s{s}\{{color:(#\w{{6}})\}}", half).group(1) for s in range(8)]
        for colour in palette:
            assert contrast(colour, ground) >= 3, (colour, ground)
        for name in ("ink", "mute"):
            colour = re.search(rf"\.{name}\{{fill:(#\w{{6}})\}}", half).group(1)
            assert contrast(colour, ground) >= 4.5, (name, colour, ground)
        for name, matrix in VISION.items():
            seen = [lab([min(1, max(0, sum(a * b for a, b in zip(row, linear(c))))) for row in matrix])
                    for c in palette]
            nearest = min(math.dist(a, b) for a, b in itertools.combinations(seen, 2))
            assert nearest >= 25, (name, nearest)
    for name in ("ink", "mute", "link", "warn"):
        pairs = zip(re.findall(rf"--{name}:(#\w+)", style), re.findall(r"--ground:(#\w+)", style))
        for colour, ground in pairs:
            full = [c if len(c) == 7 else "#" + "".join(2 * d for d in c[1:]) for c in (colour, ground)]
            assert contrast(*full) >= 7, (name, full)


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    with open(sys.argv[2], encoding="utf-8") as file:
        result = json.load(file)
    page = Page(text)
    check_structure(text, page)
    check_colours(text)
    found = drawings(text)
    assert len(found) == len(page.all("svg")) == len(page.all("figure"))
    for _, _, caption, drawing in found:
        first = [n.tagName for n in drawing.childNodes if n.nodeType == n.ELEMENT_NODE][:2]
        assert first == ["title", "desc"], caption
        assert all(text_of(drawing.getElementsByTagName(t)[0]).strip() for t in ("title", "desc")), caption
        assert drawing.getElementsByTagName("text"), caption
    assert result["result_sha256"] in text
    for entry in result["inputs"]:
        assert entry["sha256"] in text
    counts = {"charts": len(found), "tables": len(page.all("table")), "groups": check_groups(found, result),
              "gaps": check_gaps(found, result), **check_lines(found, result),
              "distances": check_distances(found, result), "cross": check_cross(found, result),
              "leakage": check_leakage(found, result), "points": check_map(found, result),
              "worst": check_worst(text, result), "pictures": len(page.all("img")),
              "downstream": check_downstream(text, found, result), "comparison": check_comparison(text, found, result),
              "gates": check_gates(text, result)}
    print(json.dumps(counts))


main()
