/* report_html_style.c - the look of the HTML report: light and dark, screen and paper.
 *
 * Text and ground have a contrast of 7 at least (WCAG 2.1 asks for 4.5 at level AA); nothing is
 * told by colour alone. Paper is always light. Drawings have rules of their own (svg.h).
 *
 * SPDX-License-Identifier: MIT */
#include "eval/report_html.h"

static const char rules[] =
    ":root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--mute:#4b535c;--line:#d8dee4;"
    "--soft:#f4f6f8;--link:#0a4f8f;--warn:#7a3b00}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ground:#16191d;--ink:#e6e9ed;"
    "--mute:#b0b7c0;--line:#363d45;--soft:#1f2429;--link:#8cc4ff;--warn:#ffb878}}\n"
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"
    "\"Segoe UI\",\"Noto Sans\",Helvetica,Arial,sans-serif;overflow-wrap:anywhere}\n"
    "header,main,footer{max-width:1180px;margin:0 auto;padding:0 14px}\n"
    "h1{font-size:1.6em;line-height:1.25;margin:1em 0 .3em}\n"
    "h2{font-size:1.3em;margin:2.2em 0 .5em;padding-top:.6em;border-top:2px solid "
    "var(--line)}\n"
    "h3{font-size:1.05em;margin:1.5em 0 .4em}\n"
    "p,li,dd{max-width:72ch}\n"
    "a{color:var(--link)}\n"
    "nav ol{margin:.6em 0;padding:0;display:flex;flex-wrap:wrap;gap:.1em 1.3em;"
    "list-style-position:inside}\n"
    ".note,.under{color:var(--mute);font-size:.92em}\n"
    "section:first-child h2{margin-top:.6em;padding:0;border:0}\n"
    ".lead li{margin:.4em 0}.lead{padding-left:1.3em}\n"
    ".verdict{font-size:1.1em;font-weight:600;max-width:86ch}\n"
    ".good{border-left:4px solid var(--line);padding:.3em .8em}\n"
    "@media screen and (min-width:960px){.answer{display:grid;gap:0 48px;"
    "grid-template-columns:minmax(0,3fr) minmax(0,2fr)}}.answer h3{margin-top:.4em}\n"
    "nav{border-top:2px solid var(--line);margin-top:1.4em;padding-top:.4em}\n"
    "summary{cursor:pointer;margin:.6em 0;color:var(--link)}\n"
    ".warn{border-left:4px solid var(--warn);background:var(--soft);padding:.5em .8em;"
    "margin:.6em 0}\n"
    ".warn p,.warn ul{margin:.2em 0}.warn h3{margin-top:.2em}.warn p{max-width:none}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));"
    "gap:18px 24px;align-items:start}\n"
    "figure{margin:0;min-width:0;break-inside:avoid}\n"
    "figcaption{font-weight:600;margin:.3em 0;text-align:start}\n"
    "svg.chart{display:block;width:100%;max-width:440px;height:auto}\n"
    ".scroll{overflow-x:auto;margin:.9em 0;max-width:100%}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "caption{max-width:calc(100vw - 28px);text-align:start;font-weight:600;padding:.2em 0 "
    ".4em}\n"
    "th,td{text-align:start;vertical-align:top;padding:.25em .7em .25em 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:normal}\n"
    "thead th{vertical-align:bottom;border-bottom:2px solid var(--mute)}\n"
    "tbody th{font-weight:400}\n"
    "th bdi,td.name bdi{display:inline-block;width:max-content;max-width:16em;"
    "max-height:6em;overflow:auto;overflow-wrap:anywhere;vertical-align:top}\n"
    ".tables{display:flex;flex-wrap:wrap;gap:0 40px;align-items:flex-start}\n"
    ".tables>*{margin:.5em 0}.tables figcaption{padding:.2em 0 .4em;margin:0}\n"
    ".tables figure{width:360px;max-width:100%}\n"
    ".defs{columns:2 26em;column-gap:40px}.defs dt{break-after:avoid}.defs dd{break-inside:"
    "avoid}\n"
    "tbody .by th{font-weight:600;padding-top:.8em}\n"
    ".num{text-align:end;white-space:nowrap;padding-left:.7em;padding-right:0}\n"
    ".num small{display:block;color:var(--mute)}\n"
    ".why{color:var(--mute);font-size:.92em;min-width:7em;padding-left:.7em;text-align:end}\n"
    ".name{padding-left:.7em}\n"
    "code{font-family:ui-monospace,Consolas,\"DejaVu Sans Mono\",monospace;font-size:.92em;"
    "overflow-wrap:anywhere}\n"
    "dt{font-weight:600;margin-top:.7em}\n"
    "dd{margin:0}\n"
    ".queries{list-style:none;margin:.4em 0;padding:0;display:grid;gap:12px 24px;"
    "grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr))}\n"
    ".queries li{display:flex;gap:10px;min-width:0;break-inside:avoid}\n"
    ".queries img{width:64px;height:64px;object-fit:contain;background:var(--soft);"
    "flex:none}\n"
    ".queries span{min-width:0}\n"
    "footer{margin-top:3em;padding-bottom:2em;color:var(--mute);font-size:.92em}\n"
    "@media (max-width:480px){table{font-size:.88em}.num,.name{padding-left:.45em}"
    "ul{padding-left:1.3em}}\n"
    /* What is folded away is printed all the same (CSS Pseudo-Elements 4). */
    "@media print{details::details-content{content-visibility:visible;display:block;"
    "height:auto}summary{list-style:none;color:inherit}}\n"
    "@media print{body{font-size:10pt}header,main,footer{max-width:none;padding:0}"
    "h2{break-after:avoid}h3{break-after:avoid}.scroll{overflow:visible}"
    "thead{display:table-header-group}"
    "th bdi,td.name "
    "bdi{max-height:none}caption{max-width:none;break-after:avoid}.by{break-after:avoid}tr{"
    "break-inside:avoid}"
    ".charts{grid-template-columns:1fr 1fr}a{color:inherit;text-decoration:none}}\n";

void fdml_html_style(html_page *page)
{
    fputs("<style>\n", page->file);
    fputs(rules, page->file);
    fdml_svg_style(page->file);
    fputs("</style>\n", page->file);
}
