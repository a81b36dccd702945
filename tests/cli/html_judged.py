"""html_judged.py - are classifiers, comparison and gates in a page those of the JSON? For
html_check.py; each function returns how many numbers it compared.
SPDX-License-Identifier: MIT"""
import re

from html_page import Page, by_section, clean, cut, estimate, plain, tips


def sure(gap, result):
    return gap["p_holm"] is not None and gap["p_holm"] <= 1 - result["settings"]["confidence"]


def learned_numbers(entry, caption, result):
    """"logistic.as_is" -> (estimate, whether its mark is filled) of one chart."""
    found = {}
    for gap in entry["gaps"]:
        key, measure = gap["metric"].rsplit(".", 1)
        if measure != "accuracy":
            continue
        if caption == "Gap of accuracy":
            found[key] = gap["difference"], sure(gap, result)
        elif caption == "Change of the gap by balancing" and "change" in gap:
            ci = gap["change"]["ci"]
            found[key] = gap["change"], bool(ci) and (ci[0] > 0 or ci[1] < 0)
    if caption == "Accuracy of all rows":
        found = {k.rsplit(".", 1)[0]: (e, True) for k, e in entry["overall"].items() if k.endswith(".accuracy")}
    return {k: v for k, v in found.items() if v[0]["value"] is not None}


def words(entry, result):
    """What the page says of an attribute, counted once more."""
    text, tested = "", result["settings"]["permutations"] > 0
    for protocol in ("as_is", "balanced_under", "balanced_over"):
        gaps = [g for g in entry["gaps"] if g["metric"].endswith(f".{protocol}.accuracy")
                and g["difference"]["value"] is not None]
        if not gaps or not tested:
            continue
        told = f"{sum(sure(g, result) for g in gaps)} of {sum(g['p_holm'] is not None for g in gaps)}"
        if protocol == "as_is":
            text += told + " gaps of accuracy can be told from chance"
            continue
        ci = [g["change"]["ci"] or (0, 0) for g in gaps]
        text += f"|; after {protocol} {told} ({sum(c[1] < 0 for c in ci)} narrower, {sum(c[0] > 0 for c in ci)} wider"
    return text.split("|")


def check_downstream(text, found, result):
    n = 0
    entries = {}
    for entry in result.get("downstream") or []:
        name = "Predicting " + clean(entry["target"]) + (f", by {clean(entry['by'])}" if entry["by"] else "")
        entries[name] = entry
    section = (re.findall(r'(?s)<section aria-labelledby="downstream">(.*?)</section>', text) or [""])[0]
    parts = re.split(r"(?s)<h3>(.*?)</h3>", section)[1:]
    assert [plain(h) for h in parts[::2]] == list(entries), (parts[::2], list(entries))
    for heading, body in zip(parts[::2], parts[1::2]):
        entry = entries[plain(heading)]
        for phrase in words(entry, result):
            assert phrase in plain(body), (phrase, plain(body)[:600])
        assert ("<details>" in body) == bool(entry["by"])
        n += 1
    for _, above, caption, drawing in by_section(found, "downstream"):
        wanted = learned_numbers(entries[above], caption, result)
        shown = {}
        for look in ("point", "hollow"):
            for tip in tips(drawing, "path", look):
                key, numbers = tip.split(": ", 1)
                shown[key] = numbers.rsplit(", n = ", 1)[0], look == "point"
        assert shown == {k: (estimate(e), filled) for k, (e, filled) in wanted.items()}, (above, caption, shown, wanted)
        n += len(shown)
    return n


def all_changes(compare):
    entries = list(compare["overall"].values()) + compare["gaps"]
    return entries + [d for g in compare["groups"] for d in g["metrics"].values()]


def check_comparison(text, found, result):
    n, compare = 0, result.get("compare")
    if compare:
        verdicts = [d["verdict"] for d in all_changes(compare) if d["p_holm"] is not None]
        told = (f"Of {len(verdicts)} tested changes {verdicts.count('better')} are better and "
                f"{verdicts.count('worse')} worse at ")
        assert not verdicts or told in text, told
    for _, _, metric, drawing in by_section(found, "comparison"):
        wanted = {("overall", estimate(compare["overall"][metric]["change"])): [compare["overall"][metric]["verdict"]]}
        for g in compare["groups"]:
            d = g["metrics"][metric]
            wanted.setdefault((cut(clean(g["value"])), estimate(d["change"])), []).append(d["verdict"])
        for g in compare["gaps"]:
            if g["metric"] == metric:
                key = cut("gap by " + cut(clean(g["by"]), 250)), estimate(g["change"])
                wanted.setdefault(key, []).append(g["verdict"])
        for look in ("point", "hollow"):
            for tip in tips(drawing, "path", look):
                name, numbers = tip.rsplit(": ", 1)
                verdicts = wanted[(name, numbers.rsplit(", n = ", 1)[0])]
                assert any((v in ("better", "worse")) == (look == "point") for v in verdicts), (metric, tip, verdicts)
                n += 1
    return n


def check_gates(text, result):
    gates = result.get("gates") or []
    failed = sum(not g["passed"] for g in gates)
    if not gates:
        assert '<h2 id="gates">' not in text
        return 0
    summary = plain(re.search(r'(?s)<section aria-labelledby="summary">(.*?)</section>', text).group(1)).strip()
    if failed:
        assert summary[len("Summary"):].strip().startswith(f"{failed} of {len(gates)} gate"), summary[:200]
    else:
        assert re.match(r"Summary\s+(The gate is|All gates are) passed", summary), summary[:200]
    section = re.search(r'(?s)<section aria-labelledby="gates">(.*?)</section>', text).group(1)
    rows = [[cell[2] for cell in Page(row).tags if cell[0] in ("td", "th")]
            for row in re.findall(r"(?s)<tr>.*?</tr>", section)][1:]
    at = 0
    for gate in gates:
        outcome = "undecided" if gate["undecided"] else "passed" if gate["passed"] else "failed"
        row = rows[at]
        assert row[:2] == [clean(gate["fail_if"]), outcome], (row, gate)
        at += len(gate["clauses"]) > 1
        for clause in gate["clauses"]:
            truth = {None: "undecided", True: "true", False: "false"}[clause["holds"]]
            assert rows[at][0].strip() == clean(clause["text"]) and rows[at][2] == truth, (rows[at], clause)
            at += 1
    assert at == len(rows)
    return len(rows)
