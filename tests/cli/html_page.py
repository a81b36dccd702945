"""html_page.py - reads a page of `fdml-eval --report` for the checks of html_check.py: its tags,
its drawings, and numbers and names as the page shows them. SPDX-License-Identifier: MIT"""
import re
import xml.dom.minidom
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Tags as (name, attributes, text within), and what is wrong with them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.headings = [], [], set(), []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {[t[0] for t in self.open]}"

    def handle_starttag(self, name, attributes):
        attributes = dict(attributes)
        assert name not in ("script", "iframe", "object", "embed", "link", "base", "form"), name
        for key, value in attributes.items():
            assert not key.startswith("on"), (name, key)
            assert key not in ("style",), (name, key)
            if key in ("href", "src", "action", "data", "srcset", "xlink:href"):
                assert value.startswith("#") or value.startswith("data:image/png;base64,"), (key, value[:80])
        if "id" in attributes:
            assert attributes["id"] not in self.ids, f"id {attributes['id']} twice"
            self.ids.add(attributes["id"])
        tag = [name, attributes, "", [t[0] for t in self.open]]
        self.tags.append(tag)
        if name not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, name, attributes):
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self.open.pop()

    def handle_endtag(self, name):
        assert self.open and self.open[-1][0] == name, f"</{name}> closes {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        for tag in self.open:
            tag[2] += data

    def all(self, name):
        return [t for t in self.tags if t[0] == name]


def drawings(text):
    """Every figure as (section, heading above, caption, parsed svg)."""
    found = []
    for section in re.finditer(r'(?s)<section aria-labelledby="([a-z]+)">(.*?)</section>', text):
        body = section.group(2)
        for figure in re.finditer(r"(?s)<figure><figcaption>(.*?)</figcaption>\s*(<svg.*?</svg>)", body):
            above = re.findall(r"(?s)<h3>(?:By )?(.*?)</h3>", body[: figure.start()])
            drawing = xml.dom.minidom.parseString(figure.group(2).encode()).documentElement
            found.append((section.group(1), plain(above[-1]) if above else None, plain(figure.group(1)), drawing))
    return found


def plain(markup):
    page = Page("<p>" + markup + "</p>")
    return page.all("p")[0][2].replace("\ufffd", "")


def text_of(element):
    return "".join(n.data for n in element.childNodes if n.nodeType == n.TEXT_NODE)


def tips(drawing, name=None, look=None):
    found = []
    for title in drawing.getElementsByTagName("title"):
        owner = title.parentNode
        if owner is drawing or owner.tagName == "text" or (name and owner.tagName != name):
            continue
        if look and look not in owner.getAttribute("class").split():
            continue
        found.append(text_of(title).replace("\ufffd", ""))
    return found


def show(value):
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.1e}" if 1e-12 < size < 0.00095 or size >= 1e6 else f"{value:.4f}"


def estimate(e):
    return show(e["value"]) + (f" [{show(e['ci'][0])}, {show(e['ci'][1])}]" if e["ci"] else "")


def clean(name):
    """As a name looks in the page: control characters of ASCII are blanks there. Others that act
    instead of being shown, and half characters of names that were cut, are U+FFFD, which is
    left out here."""
    return re.sub("[\x80-\x9f\u2028-\u202e\u2066\u2067]", "", re.sub(r"[\x00-\x1f\x7f]", " ", name))


def cut(name, size=300):
    """What is left of a long name within a tip: that many bytes at most."""
    return name.encode()[:size].decode(errors="ignore")


def by_section(found, section):
    return [f for f in found if f[0] == section]
