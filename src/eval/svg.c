/* svg.c - the canvas, its style sheet, and shapes. See svg.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/svg.h"

/* Eight colours for a white and eight for a dark ground (#16191d), the first two of each Okabe
 * and Ito's blue and vermilion, the others found by hill climbing on the smallest distance of
 * any two (CIE 1976 Lab) with normal vision and with each of the three dichromacies as
 * simulated by Machado, Oliveira and Fernandes (2009): 30 for light, 27 for dark. Contrast with
 * the ground is 3 at least (WCAG 2.1, 1.4.11). tests/cli/html_check.py measures both. */
static const char *const light[] = { "#0072b2", "#d55e00", "#191655", "#6f1ccb",
                                     "#a2899e", "#72210f", "#bc765d", "#442030" };
static const char *const dark[] = { "#4aa8ea", "#ff8a3d", "#b0ebad", "#823fe1",
                                    "#e6cce7", "#1f773c", "#944d96", "#87938f" };
static const char *const dashes[] = { "none", "7 3",  "2 3", "8 3 2 3",
                                      "4 2",  "12 3", "1 3", "6 2 1 2 1 2" };

static void put_palette(FILE *file, const char *const colour[], const char *ink,
                        const char *mute, const char *grid, const char *ground)
{
    fprintf(file,
            ".chart{color:%s}.chart .ink{fill:%s}.chart .mute{fill:%s}"
            ".chart .grid{stroke:%s}.chart .axis{stroke:%s}.chart .band{fill:%s}"
            ".chart .hollow{fill:%s}.chart .ground{fill:%s}.chart .halo{stroke:%s}\n",
            ink, ink, mute, grid, mute, grid, ground, ground, ground);
    fprintf(file, ".chart .all{color:%s}", ink);
    for (int s = 0; s < FDML_SVG_SERIES; s++)
        fprintf(file, ".chart .s%d{color:%s}", s, colour[s]);
    fputc('\n', file);
}

void fdml_svg_style(FILE *file)
{
    fputs(".chart{font:11px system-ui,\"Segoe UI\",\"Noto Sans\",Helvetica,Arial,sans-serif}\n"
          ".chart .grid,.chart .axis{stroke-width:1;fill:none}\n"
          ".chart .line{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}\n"
          ".chart .thin{fill:none;stroke:currentColor;stroke-width:1.2}\n"
          ".chart .whisker{stroke:currentColor;stroke-width:1.3;fill:none}\n"
          ".chart .bar{fill:currentColor;fill-opacity:.55}\n"
          ".chart .halo{paint-order:stroke;stroke-width:4px}\n"
          ".chart .shade{fill:currentColor;fill-opacity:.22}\n"
          ".chart .heat{fill:currentColor}\n"
          ".chart .point{fill:currentColor}\n"
          ".chart .hollow{stroke:currentColor;stroke-width:1.5}\n"
          ".chart .scatter{fill:currentColor;fill-opacity:.7}\n",
          file);
    for (int s = 1; s < FDML_SVG_SERIES; s++)
        fprintf(file, ".chart .s%d.line{stroke-dasharray:%s}", s, dashes[s]);
    fputc('\n', file);
    put_palette(file, light, "#1b1f24", "#57606a", "#d8dee4", "#ffffff");
    fputs("@media screen and (prefers-color-scheme:dark){\n", file);
    put_palette(file, dark, "#e6e9ed", "#a0a8b2", "#363d45", "#16191d");
    fputs("}\n", file);
}

void fdml_svg_begin(fdml_svg *svg, FILE *file, const fdml_svg_about *about, double width,
                    double height, bool is_alone)
{
    *svg = (fdml_svg){ file, width, height };
    fprintf(
        file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 %.0f %.0f\" "
        "width=\"%.0f\" height=\"%.0f\" role=\"img\" "
        "aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">",
        width, height, width, height, about->id, about->id, about->id);
    fdml_xml_escape(file, about->title);
    fprintf(file, "</title>\n<desc id=\"%s-d\">", about->id);
    fdml_xml_escape(file, about->description);
    fputs("</desc>\n", file);
    if (!is_alone) return;
    fputs("<style>\n", file);
    fdml_svg_style(file);
    fputs("</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n", file);
}

void fdml_svg_end(fdml_svg *svg)
{
    fputs("</svg>\n", svg->file);
}

static void put_tip(fdml_svg *svg, const char *element, const char *tip)
{
    if (!tip) {
        fputs("/>\n", svg->file);
        return;
    }
    fputs("><title>", svg->file);
    fdml_xml_escape(svg->file, tip);
    fprintf(svg->file, "</title></%s>\n", element);
}

static void put_series(fdml_svg *svg, size_t series)
{
    if (series < FDML_SVG_SERIES)
        fprintf(svg->file, "s%zu", series);
    else
        fputs("all", svg->file);
}

void fdml_svg_line(fdml_svg *svg, double x0, double y0, double x1, double y1, const char *look)
{
    fprintf(svg->file, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
            look, x0, y0, x1, y1);
}

void fdml_svg_rect(fdml_svg *svg, double x, double y, double width, double height,
                   const char *look, const char *tip)
{
    fprintf(svg->file,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", look, x,
            y, width, height);
    put_tip(svg, "rect", tip);
}

void fdml_svg_cell(fdml_svg *svg, double x, double y, double width, double height, double share,
                   const char *tip)
{
    fprintf(svg->file,
            "<rect class=\"heat s0\" fill-opacity=\"%.2f\" x=\"%.1f\" y=\"%.1f\" "
            "width=\"%.1f\" height=\"%.1f\"",
            share, x, y, width, height);
    put_tip(svg, "rect", tip);
}

void fdml_svg_path_begin(fdml_svg *svg, size_t series, const char *look)
{
    fputs("<path class=\"", svg->file);
    put_series(svg, series);
    fprintf(svg->file, " %s\" d=\"", look);
}

void fdml_svg_path_to(fdml_svg *svg, bool is_first, double x, double y)
{
    fprintf(svg->file, "%c%.1f %.1f", is_first ? 'M' : 'L', x, y);
}

void fdml_svg_path_end(fdml_svg *svg, const char *tip)
{
    fputc('"', svg->file);
    put_tip(svg, "path", tip);
}

/* Eight shapes about (x, y), s across, with r = s / 2: all closed, so that they fill. */
static void put_shape(FILE *file, size_t series, double x, double y, double s)
{
    const double r = s / 2, t = s / 6;
    switch (series) {
    case 0:
    case FDML_SVG_ALL: /* disc */
        fprintf(file, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0z", x - r, y, r,
                r, s, r, r, -s);
        break;
    case 1: /* square */
        fprintf(file, "M%.1f %.1fh%.1fv%.1fh%.1fz", x - r, y - r, s, s, -s);
        break;
    case 2: /* triangle */
        fprintf(file, "M%.1f %.1fl%.1f %.1fh%.1fz", x, y - r, r, s, -s);
        break;
    case 3: /* diamond */
        fprintf(file, "M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz", x, y - r, r, r, -r, r, -r,
                -r);
        break;
    case 4: /* triangle upside down */
        fprintf(file, "M%.1f %.1fl%.1f %.1fh%.1fz", x, y + r, r, -s, -s);
        break;
    case 5: /* upright cross */
        fprintf(file, "M%.1f %.1fh%.1fv%.1fh%.1fv%.1fh%.1fv%.1fh%.1fv%.1fh%.1fv%.1fh%.1fz",
                x - t, y - r, 2 * t, 2 * t, 2 * t, 2 * t, -2 * t, 2 * t, -2 * t, -2 * t, -2 * t,
                -2 * t, 2 * t);
        break;
    case 6: /* lying bar */
        fprintf(file, "M%.1f %.1fh%.1fv%.1fh%.1fz", x - r, y - t, s, 2 * t, -s);
        break;
    default: /* standing bar */
        fprintf(file, "M%.1f %.1fh%.1fv%.1fh%.1fz", x - t, y - r, 2 * t, s, -2 * t);
    }
}

void fdml_svg_mark(fdml_svg *svg, size_t series, double x, double y, double size,
                   bool is_hollow, const char *tip)
{
    fdml_svg_path_begin(svg, series, is_hollow ? "hollow" : "point");
    put_shape(svg->file, series, x, y, size);
    fdml_svg_path_end(svg, tip);
}

void fdml_svg_marks_begin(fdml_svg *svg, size_t series)
{
    fdml_svg_path_begin(svg, series, "scatter");
}

void fdml_svg_marks_add(fdml_svg *svg, size_t series, double x, double y, double size)
{
    put_shape(svg->file, series, x, y, size);
}
