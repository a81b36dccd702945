/* report_html_curves.c - charts of lines: recall by K, distances, spectrum, error trade-off.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

enum { SERIES = FDML_DETAIL_GROUPS + 1 };

static const char overall_label[] = "overall";

/* 1, 2, .. n as doubles; NULL: no memory. */
static const double *count_up(html_page *page, size_t n)
{
    double *x = fdml_arena_push(page->arena, n, sizeof *x);
    for (size_t i = 0; x && i < n; i++) x[i] = (double)(i + 1);
    return x;
}

/* --- recall by K ---------------------------------------------------------------------- */

static void put_curve(html_page *page, const fdml_detail_grouping *by, const double *k,
                      const char *title)
{
    const fdml_audit_detail *detail = page->detail;
    html_series series[SERIES];
    char about[HTML_TEXT] = "";
    size_t n = 0;
    if (detail->overall.hit_rate)
        series[n++] = (html_series){ overall_label, FDML_SVG_ALL, k, detail->overall.hit_rate,
                                     detail->n_ks };
    for (size_t g = 0; by && g < by->n; g++)
        if (by->group[g].hit_rate)
            series[n++] =
                (html_series){ by->group[g].value, g, k, by->group[g].hit_rate, detail->n_ks };
    for (size_t s = 0; s < n; s++)
        fdml_text_append(about, sizeof about, "%s%.100s %.4f at K = 1, %.4f at K = %zu",
                         s ? "; " : "", series[s].label, series[s].y[0],
                         series[s].y[detail->n_ks - 1], detail->n_ks);
    const html_lines lines = { .series = series,
                               .n = n,
                               .x_is_log = true,
                               .x_title = "K",
                               .y_title = "share of queries" };
    fdml_html_chart_lines(page, title, about, &lines);
}

bool fdml_html_put_curves(html_page *page)
{
    const fdml_audit_detail *detail = page->detail;
    const double *k = count_up(page, detail->n_ks);
    if (!k) return false;
    fputs("<p>Share of queries with at least one match among the K nearest. Where a group's "
          "curve stays below the others however large K is, its rows lie elsewhere and no "
          "longer list of candidates will find them.</p>\n",
          page->file);
    for (size_t b = 0; b < detail->n_by; b++) fdml_html_left_out(page, &detail->by[b]);
    fdml_html_begin_charts(page);
    if (!detail->n_by) put_curve(page, NULL, k, "All rows");
    for (size_t b = 0; b < detail->n_by; b++) {
        char title[256];
        snprintf(title, sizeof title, "By %.200s", fdml_html_by(page, &detail->by[b]));
        put_curve(page, &detail->by[b], k, title);
    }
    fdml_html_end_charts(page);
    return true;
}

/* --- distances ------------------------------------------------------------------------ */

/* Pixels: of one group's panel, between panels, beside it. */
enum { PANEL = 46, BETWEEN = 20, LEGEND = 20, AXIS = 38, LEFT = 4 };

static double tallest(const fdml_detail_group *group)
{
    double most = 0;
    for (size_t b = 0; b < FDML_DETAIL_BINS; b++) {
        if (group->same) most = fmax(most, (double)group->same[b] / (double)group->n_same);
        if (group->other) most = fmax(most, (double)group->other[b] / (double)group->n_other);
    }
    return most;
}

static void put_steps(fdml_svg *svg, const fdml_axis *x, const uint32_t *count, size_t n,
                      double most, double width, double bottom, size_t series,
                      const char *label)
{
    char tip[160];
    if (!count || most <= 0) return;
    for (int filled = 1; filled >= 0; filled--) {
        fdml_svg_path_begin(svg, series, filled ? "shade" : "line");
        fdml_svg_path_to(svg, true, fdml_axis_at(x, 0), bottom);
        for (size_t b = 0; b < FDML_DETAIL_BINS; b++) {
            const double top = bottom - (double)count[b] / (double)n / most * PANEL;
            fdml_svg_path_to(svg, false, fdml_axis_at(x, (double)b * width), top);
            fdml_svg_path_to(svg, false, fdml_axis_at(x, (double)(b + 1) * width), top);
        }
        fdml_svg_path_to(svg, false, x->to, bottom);
        snprintf(tip, sizeof tip, "%.100s, %zu pairs", label, n);
        fdml_svg_path_end(svg, tip);
    }
}

static void put_panel(html_page *page, fdml_svg *svg, const fdml_axis *x,
                      const fdml_detail_group *group, double top)
{
    const double bottom = top + BETWEEN + PANEL, width = page->detail->distance_width;
    char label[512];
    snprintf(label, sizeof label, "%.300s", group->value);
    fdml_svg_text(svg, LEFT, top + 12, FDML_SVG_START, "ink", HTML_CHART - LEFT, label);
    if (!group->same && !group->other) {
        fdml_svg_text(svg, LEFT, bottom - PANEL / 2, FDML_SVG_START, "mute", HTML_CHART - LEFT,
                      "insufficient data");
        return;
    }
    put_steps(svg, x, group->other, group->n_other, tallest(group), width, bottom, 1,
              "pairs of two classes");
    put_steps(svg, x, group->same, group->n_same, tallest(group), width, bottom, 0,
              "pairs of one class");
    fdml_svg_line(svg, x->from, bottom, x->to, bottom, "axis");
}

/* Distance below which half of the pairs lie, to the bin. */
static double median_of(const uint32_t *count, size_t n, double width)
{
    size_t before = 0, b = 0;
    while (count && b + 1 < FDML_DETAIL_BINS && 2 * (before + count[b]) < n)
        before += count[b++];
    return count ? ((double)b + 0.5) * width : NAN;
}

static void put_distances(html_page *page, const fdml_detail_group *group, size_t n,
                          const char *title)
{
    const double width = page->detail->distance_width;
    char about[HTML_TEXT] = "Median distance of pairs of one class and of two: ";
    fdml_svg svg;
    for (size_t g = 0; g < n; g++) {
        char same[FDML_SHOWN_MAX], other[FDML_SHOWN_MAX];
        fdml_show_value(same, median_of(group[g].same, group[g].n_same, width));
        fdml_show_value(other, median_of(group[g].other, group[g].n_other, width));
        fdml_text_append(about, sizeof about, "%s%.100s %s and %s", g ? "; " : "",
                         group[g].value, same, other);
    }
    const double bottom = LEGEND + (double)n * (PANEL + BETWEEN);
    const fdml_axis x = {
        .low = 0, .high = FDML_DETAIL_BINS * width, .from = LEFT, .to = HTML_CHART - LEFT
    };
    const fdml_legend_item item[] = { { 0, "pairs of one class" },
                                      { 1, "pairs of two classes" } };
    fdml_html_begin_chart(page, &svg, title, about, bottom + AXIS);
    fdml_svg_legend(&svg, 0, 2, HTML_CHART, true, item, 2);
    fdml_svg_axis_x(&svg, &x, LEGEND, bottom, "distance");
    for (size_t g = 0; g < n; g++)
        put_panel(page, &svg, &x, &group[g], LEGEND + (double)g * (PANEL + BETWEEN));
    fdml_html_end_chart(page, &svg);
}

bool fdml_html_put_distances(html_page *page)
{
    const fdml_audit_detail *detail = page->detail;
    fprintf(page->file,
            "<p>Euclidean distances between rows of one group%s: of up to %d pairs of each "
            "kind, drawn at random where there are more. Each panel is scaled to its highest "
            "bin. Where the two overlap, no threshold tells classes apart; where a group's "
            "second curve lies further left, its members look alike to the model.</p>\n",
            page->report->problem->distance == FDML_COSINE ? " (of unit length)" : "",
            FDML_DETAIL_PAIRS);
    fdml_html_begin_charts(page);
    put_distances(page, &detail->overall, 1, "All rows");
    for (size_t b = 0; b < detail->n_by; b++) {
        char title[256];
        snprintf(title, sizeof title, "By %.200s", fdml_html_by(page, &detail->by[b]));
        put_distances(page, detail->by[b].group, detail->by[b].n, title);
    }
    fdml_html_end_charts(page);
    return true;
}

/* --- spectrum ------------------------------------------------------------------------- */

static void put_spectrum(html_page *page, const fdml_detail_grouping *by, const double *k,
                         const char *title)
{
    const size_t dim = page->report->problem->dim;
    html_series series[SERIES];
    char about[HTML_TEXT] = "Share of the largest singular value: ";
    size_t n = 0;
    series[n++] =
        (html_series){ overall_label, FDML_SVG_ALL, k, page->detail->overall.spectrum, dim };
    for (size_t g = 0; by && g < by->n; g++)
        if (by->group[g].spectrum)
            series[n++] = (html_series){ by->group[g].value, g, k, by->group[g].spectrum, dim };
    for (size_t s = 0; s < n; s++)
        fdml_text_append(about, sizeof about, "%s%.100s %.4f", s ? "; " : "", series[s].label,
                         series[s].y[0]);
    const html_lines lines = { .series = series,
                               .n = n,
                               .x_is_log = true,
                               .y_is_log = true,
                               .x_title = "singular value, largest first",
                               .y_title = "share of the sum" };
    fdml_html_chart_lines(page, title, about, &lines);
}

bool fdml_html_put_spectrum(html_page *page)
{
    const double *k = count_up(page, page->report->problem->dim);
    bool has_any = false;
    if (!k) return false;
    fputs("<p>Singular values of the rows, as shares of their sum. A flat line uses all "
          "dimensions alike; one that falls early keeps a group in few of them. A group of "
          "fewer rows than dimensions must fall at their number.</p>\n",
          page->file);
    fdml_html_begin_charts(page);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        char title[256];
        const fdml_detail_grouping *by = &page->detail->by[b];
        if (!fdml_html_is_attribute(page, by)) continue;
        snprintf(title, sizeof title, "By %.200s", fdml_html_by(page, by));
        put_spectrum(page, by, k, title);
        has_any = true;
    }
    if (!has_any) put_spectrum(page, NULL, k, "All rows");
    fdml_html_end_charts(page);
    return true;
}
