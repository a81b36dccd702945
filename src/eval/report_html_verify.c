/* report_html_verify.c - verification: error trade-off by group, false matches across groups.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

enum { SERIES = FDML_DETAIL_GROUPS + 1, COLUMNS = 6 };

static const char overall_label[] = "overall";

/* --- error trade-off ------------------------------------------------------------------ */

/* A group's rates at every operating point; those of all pairs where `group` is NULL. */
static bool fill_rates(html_series *s, html_page *page, const fdml_detail_group *group)
{
    const fdml_verification_result *v = &page->report->result->verification;
    double *fmr = fdml_arena_push(page->arena, v->n_points, sizeof *fmr);
    double *fnmr = fdml_arena_push(page->arena, v->n_points, sizeof *fnmr);
    if (!fmr || !fnmr) return false;
    size_t n = 0;
    for (size_t p = 0; p < v->n_points; p++) {
        const fdml_operating_point *point = &v->point[p];
        if (isnan(point->fmr_target) || point->why) continue; /* the EER's lies between */
        fmr[n] = group ? point->group_fmr[group->listed].value : point->fmr.value;
        fnmr[n++] = group ? point->group_fnmr[group->listed].value : point->fnmr.value;
    }
    s->x = fmr;
    s->y = fnmr;
    s->n = n;
    return true;
}

static bool put_det(html_page *page, const fdml_detail_grouping *by, const char *title)
{
    html_series series[SERIES] = { { .label = overall_label, .series = FDML_SVG_ALL } };
    char about[HTML_TEXT] = "False match rate and false non-match rate: ";
    size_t n = 1;
    if (!fill_rates(&series[0], page, NULL)) return false;
    for (size_t g = 0; by && g < by->n; g++) {
        if (by->group[g].is_small) continue;
        series[n] = (html_series){ .label = by->group[g].value, .series = g };
        if (!fill_rates(&series[n++], page, &by->group[g])) return false;
    }
    for (size_t s = 0; s < n; s++) {
        fdml_text_append(about, sizeof about, "%s%.100s", s ? "; " : "", series[s].label);
        for (size_t i = 0; i < series[s].n; i++)
            fdml_text_append(about, sizeof about, " (%.3g, %.3g)", series[s].x[i],
                             series[s].y[i]);
    }
    const html_lines lines = { .series = series,
                               .n = n,
                               .x_is_log = true,
                               .y_is_log = true,
                               .x_title = "false match rate",
                               .y_title = "false non-match rate" };
    fdml_html_chart_lines(page, title, about, &lines);
    return true;
}

static bool put_grid(html_page *page, const char *caption, size_t columns,
                     bool (*fill)(fdml_grid *, const fdml_report *, fdml_arena *))
{
    fdml_grid grid;
    if (!fill(&grid, page->report, page->arena)) return false;
    fdml_html_table(page, &grid, caption, columns);
    return true;
}

static void put_totals(html_page *page)
{
    const fdml_verification_result *v = &page->report->result->verification;
    char eer[FDML_SHOWN_MAX], auc[FDML_SHOWN_MAX];
    fdml_show_estimate(eer, &v->eer);
    fdml_show_estimate(auc, &v->auc);
    fprintf(page->file,
            "<p>%zu genuine and %zu impostor pairs. EER %s, AUC %s. One threshold holds for "
            "all groups; a group's marks are its own rates at the same thresholds, so that two "
            "marks of one rank belong together. A group whose marks lie further right is "
            "matched falsely more often, one whose marks lie higher is rejected more often. "
            "Rates of 0 have no place on a logarithmic axis; ",
            v->n_genuine, v->n_impostor, eer, auc);
    fdml_html_text(page, v->resolution);
    fputs(".</p>\n", page->file);
}

bool fdml_html_put_det(html_page *page)
{
    const fdml_audit_detail *detail = page->detail;
    put_totals(page);
    for (size_t b = 0; b < detail->n_by; b++) fdml_html_left_out(page, &detail->by[b]);
    fdml_html_begin_charts(page);
    if (!detail->n_by && !put_det(page, NULL, "All pairs")) return false;
    for (size_t b = 0; b < detail->n_by; b++) {
        char title[256];
        snprintf(title, sizeof title, "By %.200s", fdml_html_by(page, &detail->by[b]));
        if (!put_det(page, &detail->by[b], title)) return false;
    }
    fdml_html_end_charts(page);
    return put_grid(page, "Operating points", COLUMNS, fdml_grid_points) &&
           put_grid(page, "Rates within groups", COLUMNS, fdml_grid_rates) &&
           put_grid(page, "How unequal the groups are", COLUMNS + 1, fdml_grid_differential);
}

/* --- across groups -------------------------------------------------------------------- */

/* Pixels: label beside the cells, key above them, a cell's height. */
enum { LABEL = 116, KEY = 20, CELL = 30, FOOT = 6 };

typedef struct heat {
    html_page *page;
    const fdml_detail_grouping *by;
    const fdml_operating_point *point;
    size_t n_groups; /* of the grouping: side of the matrix */
    double most, width;
} heat;

static double rate_at(const heat *h, size_t row, size_t column)
{
    const double *rate = h->point->cross_fmr[h->by->grouping - 1];
    return rate[h->by->group[row].code * h->n_groups + h->by->group[column].code];
}

static void put_cells(const heat *h, fdml_svg *svg, size_t row)
{
    const double top = KEY + (double)row * CELL;
    char text[128], tip[512];
    snprintf(text, sizeof text, "%zu %.80s", row + 1, h->by->group[row].value);
    fdml_svg_text(svg, LABEL - 6, top + CELL / 2 + 4, FDML_SVG_END, "ink", LABEL - 6, text);
    for (size_t c = 0; c < h->by->n; c++) {
        const double rate = rate_at(h, row, c), left = LABEL + (double)c * h->width;
        fdml_show_value(text, rate);
        snprintf(tip, sizeof tip, "%.180s and %.180s: %s", h->by->group[row].value,
                 h->by->group[c].value, isnan(rate) ? "no pairs" : text);
        fdml_svg_cell(svg, left + 1, top + 1, h->width - 2, CELL - 2,
                      isnan(rate) || h->most <= 0 ? 0 : 0.6 * rate / h->most, tip);
        snprintf(text, sizeof text, isnan(rate) ? "-" : "%.2g", 100 * rate);
        if (fdml_svg_text_width(text) < h->width)
            fdml_svg_text(svg, left + h->width / 2, top + CELL / 2 + 4, FDML_SVG_MIDDLE, "ink",
                          h->width, text);
    }
}

static void put_heat(heat *h)
{
    char title[300], about[HTML_TEXT] = "", point[FDML_SHOWN_MAX];
    const char *by = fdml_html_by(h->page, h->by);
    const size_t n = h->by->n;
    fdml_svg svg;
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < n; c++) {
            const double rate = rate_at(h, r, c);
            if (rate > h->most) h->most = rate;
            if (c < r || isnan(rate)) continue;
            fdml_text_append(about, sizeof about, "%s%.60s and %.60s %.3g", *about ? "; " : "",
                             h->by->group[r].value, h->by->group[c].value, rate);
        }
    fdml_show_point(point, h->point);
    snprintf(title, sizeof title, "By %.150s, threshold at %s", by, point);
    h->width = (double)(HTML_CHART - LABEL) / (double)n;
    fdml_html_begin_chart(h->page, &svg, title, about, KEY + (double)n * CELL + FOOT);
    for (size_t c = 0; c < n; c++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", c + 1);
        fdml_svg_text(&svg, LABEL + ((double)c + 0.5) * h->width, KEY - 6, FDML_SVG_MIDDLE,
                      "mute", h->width, key);
    }
    for (size_t r = 0; r < n; r++) put_cells(h, &svg, r);
    fdml_html_end_chart(h->page, &svg);
}

bool fdml_html_put_cross(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    fputs("<p>Share of pairs of different classes that are taken for one class, in percent, by "
          "the groups of the two rows. A dark diagonal says that strangers of one group are "
          "confused with "
          "each other, and more so in some groups than in others.</p>\n",
          page->file);
    fdml_html_begin_charts(page);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        heat h = { .page = page, .by = &page->detail->by[b] };
        h.point = fdml_report_cross_point(result, h.by->grouping);
        h.n_groups = result->groupings.grouping[h.by->grouping].n_groups;
        if (h.point && h.by->n) put_heat(&h);
    }
    fdml_html_end_charts(page);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        fdml_grid grid;
        const fdml_detail_grouping *by = &page->detail->by[b];
        if (!fdml_grid_cross(&grid, page->report, by->grouping, page->arena)) return false;
        if (grid.n_rows) fdml_html_table(page, &grid, grid.title, FDML_DETAIL_GROUPS);
    }
    return true;
}
