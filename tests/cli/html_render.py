"""html_render.py - what a browser makes of a page: does anything stick out?

    html_render.py REPORT.html WIDTH [WIDTH ...]

Chromium shows the page in a frame of each width, beside a script of the test's own, which asks
the boxes of elements: nothing may lie beyond the page's width but within what scrolls, no text
beyond its drawing, and no element may be empty. SPDX-License-Identifier: MIT"""
import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = """
function look(frame, width) {
  const d = frame.contentDocument, found = [], room = d.documentElement.clientWidth;
  if (d.documentElement.scrollWidth > room) found.push('the page is ' + d.documentElement.scrollWidth + ' wide');
  let n = 0;
  for (const e of d.body.querySelectorAll('*')) {
    if (e.closest('svg') && e.tagName !== 'svg') continue;
    n++;
    const box = e.getBoundingClientRect();
    const scroll = e.closest('.scroll');
    if (!(scroll && scroll !== e) && (box.right > room + 0.5 || box.left < -0.5))
      found.push(e.tagName + ' from ' + box.left + ' to ' + box.right + ': ' + e.textContent.slice(0, 60));
  }
  let texts = 0;
  for (const svg of d.querySelectorAll('svg')) {
    const view = svg.viewBox.baseVal;
    if (!svg.getBoundingClientRect().height) found.push('an empty drawing');
    for (const t of svg.querySelectorAll('text')) {
      texts++;
      const box = t.getBBox(), m = t.getCTM(), s = svg.getCTM();
      const to = s.inverse().multiply(m);
      for (const [x, y] of [[box.x, box.y], [box.x + box.width, box.y + box.height]]) {
        const p = new DOMPoint(x, y).matrixTransform(to);
        if (p.x < -0.6 || p.x > view.width + 0.6 || p.y < -2 || p.y > view.height + 2)
          found.push('text leaves its drawing (' + p.x.toFixed(1) + ', ' + p.y.toFixed(1) + ' of ' + view.width +
                     ' x ' + view.height + '): ' + t.textContent.slice(0, 60));
      }
    }
  }
  const sections = d.querySelectorAll('section').length, drawings = d.querySelectorAll('svg').length;
  return {width: room, elements: n, texts: texts, sections: sections, drawings: drawings, found: found.slice(0, 20)};
}
onload = () => {
  const all = [...document.querySelectorAll('iframe')].map(f => look(f));
  document.getElementById('result').textContent = JSON.stringify(all);
};
"""


def main():
    path, widths = sys.argv[1], [int(w) for w in sys.argv[2:]]
    page = html.escape(Path(path).read_text(encoding="utf-8"), quote=True)
    frames = "".join(f'<iframe srcdoc="{page}" style="border:0;width:{w}px;height:800px"></iframe>' for w in widths)
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder, "wrapper.html")
        wrapper.write_text(f'<!DOCTYPE html><meta charset="utf-8"><script>{SCRIPT}</script>{frames}<pre id="result"></pre>',
                           encoding="utf-8")
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
             "--virtual-time-budget=20000", "--dump-dom", wrapper.as_uri()],
            capture_output=True, text=True, timeout=120, check=True)
    result = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.S)
    assert result and result.group(1), "the page was not looked at: " + done.stderr[-300:]
    bad = False
    for one, width in zip(json.loads(html.unescape(result.group(1))), widths, strict=True):
        assert width - 20 <= one["width"] <= width, one
        assert one["sections"] >= 5 and one["drawings"] >= 5 and one["texts"] > 50, one
        for line in one["found"]:
            bad = True
            print(f"{width}: {line}")
        print(f"{width}: {one['elements']} elements, {one['texts']} texts of {one['drawings']} drawings")
    sys.exit(bad)


main()
