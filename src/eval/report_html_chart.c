/* report_html_chart.c - charts of rows (bars or points with intervals) and of lines.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

/* Pixels: of a row, of one that belongs to the row above, of the label and the note beside the
 * plot, around it. */
enum { ROW = 21, UNDER = 14, LABEL = 112, NOTE = 58, GAP = 6, TOP = 4, AXIS = 38 };

/* As wide as the widest label, or as is left for labels. */
static double label_room(const html_rows *rows)
{
    double room = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (!rows->row[i].is_heading)
            room = fmax(room, fdml_svg_text_width(rows->row[i].label) + 1);
    return fmin(room, LABEL);
}

static const char *name_of(const html_row *row)
{
    return row->name ? row->name : row->label;
}

/* "F 0.9712 [0.9600, 0.9800], M ..." */
void fdml_html_describe(char about[HTML_TEXT], const html_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char shown[FDML_SHOWN_MAX];
        const fdml_estimate *e = &row[i].estimate;
        if (row[i].is_heading) continue;
        fdml_show_estimate(shown, e);
        fdml_text_append(about, HTML_TEXT, "%s%.100s %s", *about ? "; " : "", name_of(&row[i]),
                         isnan(e->value) && e->why ? e->why : shown);
    }
}

/* --- rows ----------------------------------------------------------------------------- */

static fdml_axis rows_axis(const html_rows *rows)
{
    fdml_axis x = fdml_axis_empty(false);
    for (size_t i = 0; i < rows->n; i++) {
        const html_row *row = &rows->row[i];
        if (row->is_heading || isnan(row->estimate.value)) continue;
        fdml_axis_hold(&x, row->estimate.value);
        fdml_axis_hold(&x, row->estimate.lo);
        fdml_axis_hold(&x, row->estimate.hi);
        fdml_axis_hold(&x, row->base);
    }
    if (x.low <= x.high) fdml_axis_hold(&x, rows->line);
    for (int k = 0; rows->also && k < 2; k++) fdml_axis_hold(&x, rows->also[k]);
    fdml_axis_round(&x);
    x.from = label_room(rows) + GAP;
    x.to = HTML_CHART - NOTE - GAP;
    return x;
}

static void put_interval(fdml_svg *svg, const fdml_axis *x, const fdml_estimate *e, double y)
{
    if (isnan(e->lo) || isnan(e->hi)) return;
    const double lo = fdml_axis_at(x, e->lo), hi = fdml_axis_at(x, e->hi);
    fdml_svg_line(svg, lo, y, hi, y, "whisker");
    fdml_svg_line(svg, lo, y - 3, lo, y + 3, "whisker");
    fdml_svg_line(svg, hi, y - 3, hi, y + 3, "whisker");
}

static void put_value(fdml_svg *svg, const fdml_axis *x, const html_row *row, double y)
{
    char shown[FDML_SHOWN_MAX], tip[512], note[FDML_SHOWN_MAX];
    const fdml_estimate *e = &row->estimate;
    fdml_show_estimate(shown, e);
    snprintf(tip, sizeof tip, "%.300s: %s, n = %zu", name_of(row), shown, e->n);
    const double at = fdml_axis_at(x, e->value);
    if (!isnan(row->base)) {
        char look[16];
        const double base = fdml_axis_at(x, row->base);
        snprintf(look, sizeof look, "bar s%zu", row->series);
        fdml_svg_rect(svg, fmin(at, base), y - 6, fmax(fabs(at - base), 1), 12, look, tip);
    }
    put_interval(svg, x, e, y);
    if (isnan(row->base)) fdml_svg_mark(svg, row->series, at, y, 8, row->is_hollow, tip);
    fdml_show_value(note, e->value);
    fdml_svg_text(svg, HTML_CHART, y + 4, FDML_SVG_END, "ink", NOTE,
                  row->note ? row->note : note);
}

static void put_row(fdml_svg *svg, const fdml_axis *x, const html_row *row, double y)
{
    const char *why = row->estimate.why ? row->estimate.why : "not given";
    if (row->is_heading) {
        fdml_svg_text(svg, 0, y + 4, FDML_SVG_START, "mute", HTML_CHART, row->label);
        return;
    }
    fdml_svg_text(svg, x->from - GAP, y + 4, FDML_SVG_END, "ink", x->from - GAP, row->label);
    if (isnan(row->estimate.value))
        fdml_svg_text(svg, x->from + 2, y + 4, FDML_SVG_START, "mute halo",
                      HTML_CHART - x->from - 2, why);
    else
        put_value(svg, x, row, y);
}

static double row_height(const html_row *row)
{
    return *row->label ? ROW : UNDER;
}

/* Rows stand alone, or some belong to others and all are as close as these. */
static double half_row(const html_rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        if (!*rows->row[i].label) return UNDER / 2.0;
    return ROW / 2.0;
}

void fdml_html_chart_rows(html_page *page, const char *title, const char *description,
                          const html_rows *rows)
{
    fdml_svg svg;
    const fdml_axis x = rows_axis(rows);
    const double top =
        TOP + fdml_svg_legend(NULL, 0, 0, HTML_CHART, false, rows->legend, rows->n_legend);
    double bottom = top;
    bool has_value = false;
    for (size_t i = 0; i < rows->n; i++) {
        bottom += row_height(&rows->row[i]);
        has_value =
            has_value || (!rows->row[i].is_heading && !isnan(rows->row[i].estimate.value));
    }
    fdml_html_begin_chart(page, &svg, title, description, bottom + (has_value ? AXIS : 0));
    fdml_svg_legend(&svg, 0, 2, HTML_CHART, false, rows->legend, rows->n_legend);
    if (has_value) fdml_svg_axis_x(&svg, &x, top, bottom, rows->axis);
    if (has_value && !isnan(rows->line)) {
        const double at = fdml_axis_at(&x, rows->line);
        fdml_svg_line(&svg, at, top, at, bottom, "axis");
    }
    double y = top;
    for (size_t i = 0; i < rows->n; i++) {
        y += row_height(&rows->row[i]);
        put_row(&svg, &x, &rows->row[i], y - half_row(rows));
    }
    fdml_html_end_chart(page, &svg);
}

/* --- lines ---------------------------------------------------------------------------- */

/* Pixels: left of the plot, its height. */
enum { LEFT = 58, HEIGHT = 210, MARK = 7 };

static bool has_place(const html_lines *lines, double x, double y)
{
    return !isnan(x) && !isnan(y) && (!lines->x_is_log || x > 0) && (!lines->y_is_log || y > 0);
}

static fdml_plot lines_plot(const html_lines *lines, double top)
{
    fdml_plot plot = { .x = fdml_axis_empty(lines->x_is_log),
                       .y = fdml_axis_empty(lines->y_is_log),
                       .x_title = lines->x_title,
                       .y_title = lines->y_title };
    for (size_t s = 0; s < lines->n; s++)
        for (size_t i = 0; i < lines->series[s].n; i++) {
            const double x = lines->series[s].x[i], y = lines->series[s].y[i];
            if (!has_place(lines, x, y)) continue;
            fdml_axis_hold(&plot.x, x);
            fdml_axis_hold(&plot.y, y);
        }
    fdml_axis_round(&plot.x);
    fdml_axis_round(&plot.y);
    plot.x.from = LEFT;
    plot.x.to = HTML_CHART - 8;
    plot.y.from = top + HEIGHT;
    plot.y.to = top;
    return plot;
}

/* Few points have a mark each, of many the 1st, 2nd, 5th, 10th, 20th ... */
static bool is_marked(const html_series *s, size_t i)
{
    enum { FEW = 16 };
    size_t rank = i + 1;
    while (rank % 10 == 0) rank /= 10;
    return s->n <= FEW || rank == 1 || rank == 2 || rank == 5;
}

static void put_line(fdml_svg *svg, const fdml_plot *plot, const html_lines *lines,
                     const html_series *s)
{
    bool is_open = false;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) n += has_place(lines, s->x[i], s->y[i]);
    if (!n) return;
    fdml_svg_path_begin(svg, s->series, "line");
    for (size_t i = 0; i < s->n; i++) {
        const bool is_here = has_place(lines, s->x[i], s->y[i]);
        if (is_here)
            fdml_svg_path_to(svg, !is_open, fdml_axis_at(&plot->x, s->x[i]),
                             fdml_axis_at(&plot->y, s->y[i]));
        is_open = is_here;
    }
    fdml_svg_path_end(svg, s->label);
    for (size_t i = 0; i < s->n; i++) {
        if (!is_marked(s, i) || !has_place(lines, s->x[i], s->y[i])) continue;
        char tip[512];
        snprintf(tip, sizeof tip, "%.300s: %.4g at %.4g", s->label, s->y[i], s->x[i]);
        fdml_svg_mark(svg, s->series, fdml_axis_at(&plot->x, s->x[i]),
                      fdml_axis_at(&plot->y, s->y[i]), MARK, false, tip);
    }
}

void fdml_html_chart_lines(html_page *page, const char *title, const char *description,
                           const html_lines *lines)
{
    enum { MOST = FDML_SVG_SERIES + 1 };
    fdml_legend_item item[MOST];
    const size_t n = lines->n < MOST ? lines->n : MOST;
    for (size_t s = 0; s < n; s++)
        item[s] = (fdml_legend_item){ lines->series[s].series, lines->series[s].label };
    fdml_svg svg;
    const double legend = fdml_svg_legend(NULL, 0, 0, HTML_CHART, true, item, n);
    const fdml_plot plot = lines_plot(lines, legend + 12);
    fdml_html_begin_chart(page, &svg, title, description, plot.y.from + AXIS);
    fdml_svg_legend(&svg, 0, 2, HTML_CHART, true, item, n);
    fdml_svg_plot(&svg, &plot);
    for (size_t s = 0; s < lines->n; s++) put_line(&svg, &plot, lines, &lines->series[s]);
    fdml_html_end_chart(page, &svg);
}
