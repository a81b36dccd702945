/* findml_plot.c - the front: recall@1 of all against that of the worst group, one panel for
 * each data set and objective, one mark with its intervals for each method. See findml.h.
 *
 * A method that lies right of and above another serves both better; one that lies left and
 * above pays for the worst group with the whole. Plain SVG 1.1 of fixed size, no script.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "findml.h"

enum { SIDE = 320, LEFT = 60, TOP = 40, BOTTOM = 50, GAP = 30, LEGEND = 18 };

/* Okabe and Ito's eight colours, which people with any colour vision can tell apart; further
 * methods repeat them with another mark. */
static const char *const colour[] = { "#000000", "#e69f00", "#56b4e9", "#009e73",
                                      "#0072b2", "#d55e00", "#cc79a7", "#999999" };
enum { N_COLOURS = sizeof colour / sizeof *colour };

typedef struct plot {
    FILE *file;
    const findml_results *results;
    double left;                         /* of the panel */
    double low_x, high_x, low_y, high_y; /* of all panels, so that they compare */
} plot;

static double x_at(const plot *p, double value)
{
    return p->left + (value - p->low_x) / (p->high_x - p->low_x) * SIDE;
}

static double y_at(const plot *p, double value)
{
    return TOP + (p->high_y - value) / (p->high_y - p->low_y) * SIDE;
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static void widen(double *low, double *high, const findml_spread *s)
{
    const double half = s->n > 1 ? s->half : 0;
    if (s->mean - half < *low) *low = s->mean - half;
    if (s->mean + half > *high) *high = s->mean + half;
}

/* To tenths, within 0 and 1; of one tenth at least. */
static void round_range(double *low, double *high)
{
    *low = clamp(floor(*low * 10) / 10, 0, 0.9);
    *high = clamp(ceil(*high * 10) / 10, *low + 0.1, 1);
}

static void find_ranges(plot *p)
{
    p->low_x = p->low_y = 1;
    p->high_x = p->high_y = 0;
    for (size_t i = 0; i < findml_cell_count(p->results->grid); i++) {
        const findml_cell cell = findml_cell_at(p->results->grid, i);
        const findml_spread x = findml_spread_over(p->results, &cell, FINDML_RECALL);
        const findml_spread y = findml_spread_over(p->results, &cell, FINDML_WORST);
        if (cell.seed || !x.n || !y.n) continue;
        widen(&p->low_x, &p->high_x, &x);
        widen(&p->low_y, &p->high_y, &y);
    }
    round_range(&p->low_x, &p->high_x);
    round_range(&p->low_y, &p->high_y);
}

static void put_escaped(FILE *file, const char *text)
{
    for (; *text; text++) switch (*text) {
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '&':
            fputs("&amp;", file);
            break;
        default:
            fputc(*text, file);
        }
}

static void put_text(FILE *file, double x, double y, const char *anchor, const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    put_escaped(file, text);
    fputs("</text>\n", file);
}

static void put_line(FILE *file, double x0, double y0, double x1, double y1, const char *stroke)
{
    fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x0,
            y0, x1, y1, stroke);
}

static void put_mark(FILE *file, size_t method, double x, double y)
{
    if (method / N_COLOURS % 2)
        fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\" fill=\"%s\"/>\n",
                x - 4, y - 4, colour[method % N_COLOURS]);
    else
        fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" fill=\"%s\"/>\n", x, y,
                colour[method % N_COLOURS]);
}

static void put_method(const plot *p, const findml_cell *cell)
{
    const findml_spread x = findml_spread_over(p->results, cell, FINDML_RECALL);
    const findml_spread y = findml_spread_over(p->results, cell, FINDML_WORST);
    const char *stroke = colour[cell->method % N_COLOURS];
    if (!x.n || !y.n) return;
    if (x.n > 1)
        put_line(p->file, x_at(p, clamp(x.mean - x.half, p->low_x, p->high_x)), y_at(p, y.mean),
                 x_at(p, clamp(x.mean + x.half, p->low_x, p->high_x)), y_at(p, y.mean), stroke);
    if (y.n > 1)
        put_line(p->file, x_at(p, x.mean), y_at(p, clamp(y.mean - y.half, p->low_y, p->high_y)),
                 x_at(p, x.mean), y_at(p, clamp(y.mean + y.half, p->low_y, p->high_y)), stroke);
    put_mark(p->file, cell->method, x_at(p, x.mean), y_at(p, y.mean));
}

static void put_axes(const plot *p, const char *title)
{
    const double bottom = TOP + SIDE, right = p->left + SIDE;
    put_text(p->file, p->left + SIDE / 2.0, TOP - 14, "middle", title);
    for (int i = 0; i <= 10; i++) {
        char number[8];
        const double value = i / 10.0, slack = 1e-9;
        snprintf(number, sizeof number, "%.1f", value);
        if (value > p->low_x - slack && value < p->high_x + slack) {
            put_line(p->file, x_at(p, value), TOP, x_at(p, value), bottom, "#dddddd");
            put_text(p->file, x_at(p, value), bottom + 16, "middle", number);
        }
        if (value > p->low_y - slack && value < p->high_y + slack) {
            put_line(p->file, p->left, y_at(p, value), right, y_at(p, value), "#dddddd");
            put_text(p->file, p->left - 6, y_at(p, value) + 4, "end", number);
        }
    }
    /* equal for all groups: nobody lies above it */
    const double from = fmax(p->low_x, p->low_y), to = fmin(p->high_x, p->high_y);
    if (from < to)
        put_line(p->file, x_at(p, from), y_at(p, from), x_at(p, to), y_at(p, to), "#aaaaaa");
    put_text(p->file, p->left + SIDE / 2.0, bottom + 36, "middle", "recall@1 of all");
    fprintf(p->file,
            "<text transform=\"translate(%.1f %.1f) rotate(-90)\" "
            "text-anchor=\"middle\">recall@1 of the worst group</text>\n",
            p->left - 38, TOP + SIDE / 2.0);
}

static void put_legend(const plot *p)
{
    const findml_grid *g = p->results->grid;
    for (size_t i = 0; i < g->methods.n; i++) {
        const double y = TOP + 10 + (double)i * LEGEND;
        put_mark(p->file, i, p->left + 8, y - 4);
        put_text(p->file, p->left + 20, y, "start", g->methods.item[i]);
    }
}

void findml_plot_write(FILE *file, const findml_results *results)
{
    const findml_grid *g = results->grid;
    plot p = { .file = file, .results = results, .left = LEFT };
    findml_cell cell = { 0 };
    find_ranges(&p);
    const size_t n_panels = g->data.n * g->objectives.n;
    const size_t rows = g->methods.n * LEGEND > SIDE ? g->methods.n * LEGEND : SIDE;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            n_panels * (SIDE + LEFT + GAP) + 200, rows + TOP + BOTTOM);
    for (cell.set = 0; cell.set < g->data.n; cell.set++)
        for (cell.objective = 0; cell.objective < g->objectives.n; cell.objective++) {
            char title[512];
            snprintf(title, sizeof title, "%s, %s", g->data.item[cell.set],
                     g->objectives.item[cell.objective]);
            put_axes(&p, title);
            for (cell.method = 0; cell.method < g->methods.n; cell.method++)
                put_method(&p, &cell);
            p.left += SIDE + LEFT + GAP;
        }
    p.left -= LEFT;
    put_legend(&p);
    fputs("</svg>\n", file);
}
