/* study_plot.c - one test row and what each explanation says of it: a panel for every black box
 * and method that has one, bars of what each column adds to the prediction, the largest first.
 *
 * Bars to the right add, bars to the left take away; their colours say the same again, and the
 * number stands beside them. A name is cut where it is long, and the value behind it stays. A
 * column that adds nothing is left out, and so is what an explanation did not choose.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "eval/report_tables.h"
#include "eval/svg.h"
#include "explain/study_plot.h"

/* Pixels. */
enum { WIDTH = FDML_STUDY_PANEL, EDGE = 10, NAME = 116, VALUE = 72, NUMBER = 54, GAP = 6 };
enum { LINE = 16, ROW = 18, BAR = 12, AXIS = 20, BETWEEN = 14 };
enum { BARS = 12, MOST_TEXT = 1200 };

typedef struct drawing {
    fdml_svg *svg;
    const fdml_study *study;
    size_t test;
} drawing;

/* The columns of a panel: the largest of those that are not 0, and the others together. */
typedef struct panel {
    const fdml_study_box *box;
    const fdml_study_explained *x;
    size_t column[BARS], n;
    size_t n_others; /* 0: there are none */
    double others, total;
} panel;

/* --- which bars --------------------------------------------------------------------------- */

/* Larger ones before it, of equal ones the first. */
static void insert(panel *p, const double *contribution, size_t column)
{
    size_t at = p->n < BARS ? p->n++ : BARS;
    while (at && fabs(contribution[p->column[at - 1]]) < fabs(contribution[column])) {
        if (at < BARS) p->column[at] = p->column[at - 1];
        at--;
    }
    if (at < BARS) p->column[at] = column;
}

static panel find_panel(const drawing *d, size_t box, size_t method)
{
    panel p = { .box = &d->study->box[box] };
    p.x = &p.box->explained[method];
    const fdml_study_local *local = p.x->local;
    const double *c = local->contribution + d->test * local->n_columns;
    size_t n = 0;
    double shown = 0;
    for (size_t i = 0; i < local->n_columns; i++) {
        p.total += c[i];
        if (c[i] == 0) continue;
        insert(&p, c, i);
        n++;
    }
    for (size_t i = 0; i < p.n; i++) shown += c[p.column[i]];
    p.n_others = n - p.n;
    p.others = p.n_others ? p.total - shown : 0;
    p.total += local->base[d->test];
    return p;
}

static double panel_height(const panel *p)
{
    return 2 * LINE + GAP + (double)(p->n + (p->n_others > 0)) * ROW + AXIS + BETWEEN;
}

/* --- drawing ------------------------------------------------------------------------------ */

/* "39", "Sales", "unknown"; of an encoded column "yes" or "no". "": it is no feature's. */
static void tell_value(char text[MOST_TEXT], const drawing *d, const char *column)
{
    const fdml_tabular *t = d->study->table;
    const size_t f = fdml_study_feature_of(t, column);
    *text = 0;
    if (f == t->n_features) return;
    const float x = t->x[d->study->test[d->test] * t->n_features + f];
    if (t->feature[f].kind == FDML_NUMERIC) {
        if (isnan(x))
            snprintf(text, MOST_TEXT, "unknown");
        else
            fdml_number_print_float(text, x);
        return;
    }
    const char *level = t->feature[f].level[(size_t)x];
    const size_t n = strlen(t->feature[f].name);
    if (!column[n])
        snprintf(text, MOST_TEXT, "%s", level);
    else
        snprintf(text, MOST_TEXT, "%s", strcmp(column + n + 1, level) ? "no" : "yes");
}

/* "+0.0312", "-324", "+1.2e-05": with its sign, four places or digits. */
static void show_number(char text[FDML_SHOWN_MAX], double value)
{
    char shown[FDML_SHOWN_MAX];
    if (fabs(value) < 100)
        fdml_show_value(shown, value);
    else
        snprintf(shown, sizeof shown, "%.4g", value);
    snprintf(text, FDML_SHOWN_MAX, "%s%.80s", value > 0 ? "+" : "", shown);
}

/* Pixels of the widest number beside the bars: they are never cut, the axis is shorter then. */
static double numbers_width(const panel *p, const double *contribution)
{
    char text[FDML_SHOWN_MAX];
    show_number(text, p->others);
    double width = fmax(NUMBER, p->n_others ? fdml_svg_text_width(text) : 0);
    for (size_t i = 0; i < p->n; i++) {
        show_number(text, contribution[p->column[i]]);
        width = fmax(width, fdml_svg_text_width(text));
    }
    return width;
}

static void put_bar(drawing *d, const fdml_axis *x, double y, double value, const char *name,
                    const char *what)
{
    char number[FDML_SHOWN_MAX], tip[MOST_TEXT], look[16];
    const double zero = fdml_axis_at(x, 0), at = fdml_axis_at(x, value);
    show_number(number, value);
    snprintf(tip, sizeof tip, "%.500s %.500s: %s", name, what, number);
    snprintf(look, sizeof look, "bar s%d", value < 0);
    const double taken = fmin(fdml_svg_text_width(what), VALUE);
    const double room = NAME + VALUE - (taken > 0 ? taken + GAP : 0);
    fdml_svg_text(d->svg, EDGE, y + 4, FDML_SVG_START, "ink", room, name);
    fdml_svg_text(d->svg, EDGE + NAME + VALUE, y + 4, FDML_SVG_END, "mute", VALUE, what);
    fdml_svg_rect(d->svg, fmin(zero, at), y - BAR / 2.0, fmax(fabs(at - zero), 1), BAR, look,
                  tip);
    fdml_svg_text(d->svg, WIDTH - EDGE, y + 4, FDML_SVG_END, "ink", WIDTH - EDGE - x->to,
                  number);
}

/* What the bars start from and come to, and what the black box says. */
static void put_caption(drawing *d, const panel *p, double y)
{
    char name[FDML_NAME_SHOWN], text[MOST_TEXT];
    char base[FDML_SHOWN_MAX], total[FDML_SHOWN_MAX], said[FDML_SHOWN_MAX], e[FDML_SHOWN_MAX];
    fdml_name_show(name, p->box->source->name);
    fdml_show_value(base, p->x->local->base[d->test]);
    fdml_show_value(total, p->total);
    fdml_show_value(said, p->box->p[d->test]);
    fdml_show_value(e, p->x->e[d->test]);
    snprintf(text, sizeof text, "%s on %s, which says %s", p->x->method->text, name, said);
    fdml_svg_text(d->svg, EDGE, y + 11, FDML_SVG_START, "ink", WIDTH - 2 * EDGE, text);
    snprintf(text, sizeof text,
             p->x->local->is_log_odds ? "base %s + bars = log-odds %s: %s"
                                      : "base %s + bars = prediction %s",
             base, total, e);
    fdml_svg_text(d->svg, EDGE, y + 11 + LINE, FDML_SVG_START, "mute", WIDTH - 2 * EDGE, text);
}

/* A tick with its number, unless that would touch the number before it, which ends at `taken`.
 * Returns where this one ends. */
static double put_tick(drawing *d, const fdml_axis *x, double value, double taken, double top,
                       double bottom)
{
    char text[32];
    const double at = fdml_axis_at(x, value);
    snprintf(text, sizeof text, "%.6g", value);
    const double half = fdml_svg_text_width(text) / 2;
    fdml_svg_line(d->svg, at, top, at, bottom, "grid");
    if (at - half < taken + 2) return taken;
    fdml_svg_text(d->svg, at, bottom + 14, FDML_SVG_MIDDLE, "mute", WIDTH, text);
    return at + half;
}

/* Two or three numbers, which is what the narrow plot has room for; those of bars stand beside
 * them. Where the only round one is 0, the farther end of the axis is the other: half of the
 * axis or more away, and round as well. */
static void put_axis(drawing *d, const fdml_axis *x, double top, double bottom)
{
    double tick[FDML_SVG_TICKS + 1], taken = -WIDTH;
    size_t n = fdml_axis_ticks(tick, x, 2);
    if (n == 1) {
        const bool is_left = -x->low > x->high;
        tick[is_left] = tick[0];
        tick[!is_left] = is_left ? x->low : x->high;
        n = 2;
    }
    for (size_t i = 0; i < n; i++) taken = put_tick(d, x, tick[i], taken, top, bottom);
    fdml_svg_line(d->svg, x->from, bottom, x->to, bottom, "axis");
}

static void put_panel(drawing *d, const panel *p, double y)
{
    const fdml_study_local *local = p->x->local;
    const double *c = local->contribution + d->test * local->n_columns;
    const double top = y + 2 * LINE + GAP;
    const double bottom = top + (double)(p->n + (p->n_others > 0)) * ROW;
    fdml_axis x = fdml_axis_empty(false);
    char value[MOST_TEXT];
    fdml_axis_hold(&x, 0);
    fdml_axis_hold(&x, p->others);
    for (size_t i = 0; i < p->n; i++) fdml_axis_hold(&x, c[p->column[i]]);
    fdml_axis_round(&x);
    x.from = EDGE + NAME + VALUE + GAP + 2;
    x.to = WIDTH - EDGE - numbers_width(p, c) - GAP;
    put_caption(d, p, y);
    put_axis(d, &x, top, bottom);
    for (size_t i = 0; i < p->n; i++) {
        tell_value(value, d, local->column[p->column[i]]);
        put_bar(d, &x, top + ((double)i + 0.5) * ROW, c[p->column[i]],
                local->column[p->column[i]], value);
    }
    if (p->n_others) {
        snprintf(value, sizeof value, "%zu columns", p->n_others);
        put_bar(d, &x, bottom - ROW / 2.0, p->others, "others", value);
    }
    fdml_svg_line(d->svg, fdml_axis_at(&x, 0), top, fdml_axis_at(&x, 0), bottom, "axis");
}

double fdml_study_panel_height(const fdml_study_panel *of)
{
    const drawing d = { NULL, of->study, of->test };
    const panel p = find_panel(&d, of->box, of->method);
    return panel_height(&p);
}

void fdml_study_panel_draw(fdml_svg *svg, const fdml_study_panel *of, double y)
{
    drawing d = { svg, of->study, of->test };
    const panel p = find_panel(&d, of->box, of->method);
    put_panel(&d, &p, y);
}

/* Which row it is; returns the height taken. */
static double put_head(drawing *d)
{
    const fdml_study *study = d->study;
    const fdml_tabular *t = study->table;
    const size_t row = study->test[d->test];
    char text[2 * MOST_TEXT], name[FDML_NAME_SHOWN], group[FDML_NAME_SHOWN];
    double y = EDGE;
    fdml_name_show(name, t->target_name);
    fdml_name_show(group, t->positive);
    snprintf(text, sizeof text, "Row %zu: %s is %s%s", row + 1, name,
             t->target[row] ? "" : "not ", group);
    fdml_svg_text(d->svg, EDGE, y + 11, FDML_SVG_START, "ink", WIDTH - 2 * EDGE, text);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_study_attribute *by = &study->attribute[a];
        if (by->is_intersection) continue;
        y += LINE;
        fdml_name_show(name, by->name);
        fdml_name_show(group, by->group[by->code[d->test]]);
        snprintf(text, sizeof text, "%s: %s", name, group);
        fdml_svg_text(d->svg, EDGE, y + 11, FDML_SVG_START, "mute", WIDTH - 2 * EDGE, text);
    }
    return y + LINE + BETWEEN;
}

static double head_height(const fdml_study *study)
{
    double y = EDGE + LINE + BETWEEN;
    for (size_t a = 0; a < study->n_attributes; a++)
        y += study->attribute[a].is_intersection ? 0 : LINE;
    return y;
}

fdml_status fdml_study_plot(FILE *file, const fdml_study *study, size_t test, fdml_arena *arena,
                            fdml_error *err)
{
    static const fdml_svg_about about = {
        "row", "One row and its explanations",
        "One panel for each black box and explanation: bars of what each feature adds to the "
        "prediction, the largest first, and the sum of the others."
    };
    fdml_svg svg;
    drawing d = { &svg, study, test };
    const size_t n_methods = study->options->n_methods;
    const size_t n_cells = study->options->n_sources * n_methods;
    double height = head_height(study);
    size_t n = 0;
    panel *p = fdml_arena_push(arena, n_cells, sizeof *p);
    if (!p) return fdml_fail(err, FDML_E_NOMEM, "no memory for a drawing");
    for (size_t i = 0; i < n_cells; i++) {
        if (!study->box[i / n_methods].explained[i % n_methods].local) continue;
        p[n] = find_panel(&d, i / n_methods, i % n_methods);
        height += panel_height(&p[n++]);
    }
    if (!n) return fdml_fail(err, FDML_E_ARG, "no method of this study explains single rows");
    fdml_svg_begin(&svg, file, &about, WIDTH, height, true);
    double y = put_head(&d);
    for (size_t i = 0; i < n; i++) {
        put_panel(&d, &p[i], y);
        y += panel_height(&p[i]);
    }
    fdml_svg_end(&svg);
    return FDML_OK;
}
