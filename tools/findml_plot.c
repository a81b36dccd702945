/* findml_plot.c - the front: recall@1 of all against that of the worst group, one panel for
 * each data set and objective, one mark with its intervals for each method. See findml.h.
 *
 * A method that lies right of and above another serves both better; one that lies left and
 * above pays for the worst group with the whole. One SVG of fixed size (eval/svg.h).
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/svg.h"
#include "findml.h"

enum { SIDE = 320, LEFT = 60, TOP = 40, BOTTOM = 50, GAP = 30, LEGEND = 180, MARK = 9 };

typedef struct plot {
    fdml_svg svg;
    const findml_results *results;
    fdml_plot axes; /* of all panels, so that they compare */
} plot;

static double half_of(const findml_spread *s)
{
    return s->n > 1 ? s->half : 0;
}

static void hold(fdml_axis *axis, const findml_spread *s)
{
    fdml_axis_hold(axis, s->mean - half_of(s));
    fdml_axis_hold(axis, s->mean + half_of(s));
}

/* To tenths, within 0 and 1; of one tenth at least. */
static void round_range(fdml_axis *axis)
{
    if (!(axis->low <= axis->high)) axis->low = axis->high = 0;
    axis->low = fmin(fmax(floor(axis->low * 10) / 10, 0), 0.9);
    axis->high = fmin(fmax(ceil(axis->high * 10) / 10, axis->low + 0.1), 1);
}

static void find_ranges(plot *p)
{
    p->axes = (fdml_plot){ .x = fdml_axis_empty(false),
                           .y = fdml_axis_empty(false),
                           .x_title = "recall@1 of all",
                           .y_title = "recall@1 of the worst group" };
    for (size_t i = 0; i < findml_cell_count(p->results->grid); i++) {
        const findml_cell cell = findml_cell_at(p->results->grid, i);
        const findml_spread x = findml_spread_over(p->results, &cell, FINDML_RECALL);
        const findml_spread y = findml_spread_over(p->results, &cell, FINDML_WORST);
        if (cell.seed || !x.n || !y.n) continue;
        hold(&p->axes.x, &x);
        hold(&p->axes.y, &y);
    }
    round_range(&p->axes.x);
    round_range(&p->axes.y);
    p->axes.y.from = TOP + SIDE;
    p->axes.y.to = TOP;
}

static void put_method(plot *p, const findml_cell *cell)
{
    const findml_spread x = findml_spread_over(p->results, cell, FINDML_RECALL);
    const findml_spread y = findml_spread_over(p->results, cell, FINDML_WORST);
    const fdml_axis *across = &p->axes.x, *up = &p->axes.y;
    const size_t series = cell->method % FDML_SVG_SERIES;
    if (!x.n || !y.n) return;
    const double at_x = fdml_axis_at(across, x.mean), at_y = fdml_axis_at(up, y.mean);
    char look[32];
    snprintf(look, sizeof look, "whisker s%zu", series);
    if (x.n > 1)
        fdml_svg_line(&p->svg, fdml_axis_at(across, x.mean - x.half), at_y,
                      fdml_axis_at(across, x.mean + x.half), at_y, look);
    if (y.n > 1)
        fdml_svg_line(&p->svg, at_x, fdml_axis_at(up, y.mean - y.half), at_x,
                      fdml_axis_at(up, y.mean + y.half), look);
    fdml_svg_mark(&p->svg, series, at_x, at_y, MARK, cell->method >= FDML_SVG_SERIES,
                  p->results->grid->methods.item[cell->method]);
}

static void put_panel(plot *p, findml_cell cell)
{
    const findml_grid *g = p->results->grid;
    const fdml_axis *x = &p->axes.x, *y = &p->axes.y;
    char title[512];
    snprintf(title, sizeof title, "%s, %s", g->data.item[cell.set],
             g->objectives.item[cell.objective]);
    fdml_svg_text(&p->svg, (x->from + x->to) / 2, TOP - 14, FDML_SVG_MIDDLE, "ink", SIDE,
                  title);
    fdml_svg_plot(&p->svg, &p->axes);
    /* equal for all groups: nobody lies above it */
    const double from = fmax(x->low, y->low), to = fmin(x->high, y->high);
    if (from < to)
        fdml_svg_line(&p->svg, fdml_axis_at(x, from), fdml_axis_at(y, from),
                      fdml_axis_at(x, to), fdml_axis_at(y, to), "axis");
    for (cell.method = 0; cell.method < g->methods.n; cell.method++) put_method(p, &cell);
}

/* One below the other: a method has its mark, hollow from the ninth on. */
static void put_legend(plot *p, double left)
{
    enum { ROW = 18 };
    const findml_grid *g = p->results->grid;
    for (size_t i = 0; i < g->methods.n; i++) {
        const double y = TOP + 10 + (double)i * ROW;
        fdml_svg_mark(&p->svg, i % FDML_SVG_SERIES, left + 8, y - 4, MARK, i >= FDML_SVG_SERIES,
                      NULL);
        fdml_svg_text(&p->svg, left + 20, y, FDML_SVG_START, "ink", LEGEND - 20,
                      g->methods.item[i]);
    }
}

void findml_plot_write(FILE *file, const findml_results *results)
{
    const findml_grid *g = results->grid;
    const fdml_svg_about about = {
        "front", "Recall of all and of the worst group",
        "One panel for each data set and objective, one mark with intervals for each method: "
        "recall@1 of all across, that of the worst group upwards."
    };
    plot p = { .results = results };
    findml_cell cell = { 0 };
    find_ranges(&p);
    const size_t n_panels = g->data.n * g->objectives.n;
    const size_t rows = g->methods.n * 18 > SIDE ? g->methods.n * 18 : SIDE;
    fdml_svg_begin(&p.svg, file, &about, (double)(n_panels * (SIDE + LEFT + GAP) + LEGEND),
                   (double)(rows + TOP + BOTTOM), true);
    double left = LEFT;
    for (cell.set = 0; cell.set < g->data.n; cell.set++)
        for (cell.objective = 0; cell.objective < g->objectives.n; cell.objective++) {
            p.axes.x.from = left;
            p.axes.x.to = left + SIDE;
            put_panel(&p, cell);
            left += SIDE + LEFT + GAP;
        }
    put_legend(&p, left - LEFT);
    fdml_svg_end(&p.svg);
}
