/* findml_table.c - for every data set and objective: what each method came to over the seeds,
 * then how that differs from the baseline, seed by seed; then in words. See findml.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_grid.h"
#include "findml.h"

enum { WIDTH = 112, N_FIXED = 2 }; /* five differences beside a name */

/* --- over seeds -------------------------------------------------------------------------- */

static void over_seeds(double *value, const findml_results *r, findml_cell cell,
                       findml_measure measure)
{
    const findml_grid *g = r->grid;
    for (size_t k = 0; k < g->n_seeds; k++) {
        const size_t block = (cell.set * g->objectives.n + cell.objective) * g->n_seeds + k;
        const findml_values *v = &r->values[block * g->methods.n + cell.method];
        value[k] = v->is_done ? v->value[measure] : NAN;
    }
}

findml_spread findml_spread_over(const findml_results *r, const findml_cell *cell,
                                 findml_measure measure)
{
    double value[FINDML_MAX_SEEDS];
    over_seeds(value, r, *cell, measure);
    return findml_spread_of(value, r->grid->n_seeds, r->grid->confidence);
}

findml_change findml_change_over(const findml_results *r, const findml_cell *cell,
                                 findml_measure measure)
{
    double value[FINDML_MAX_SEEDS], baseline[FINDML_MAX_SEEDS];
    findml_cell base = *cell;
    base.method = r->grid->baseline;
    over_seeds(value, r, *cell, measure);
    over_seeds(baseline, r, base, measure);
    return findml_change_of(value, baseline, r->grid->n_seeds,
                            findml_measures[measure].direction, r->grid->confidence);
}

/* --- tables ------------------------------------------------------------------------------ */

typedef struct view {
    FILE *file;
    const findml_results *results;
    int format;
    fdml_arena *arena;
} view;

/* Seeds of a method that have a value. */
static size_t count_values(const findml_results *r, findml_cell cell, findml_measure measure)
{
    double value[FINDML_MAX_SEEDS];
    size_t n = 0;
    over_seeds(value, r, cell, measure);
    for (size_t k = 0; k < r->grid->n_seeds; k++) n += !isnan(value[k]);
    return n;
}

/* The columns of a table: measures that tables show and that some method has. Returns how many. */
static size_t choose_columns(findml_measure measure[FINDML_N_MEASURES], const findml_results *r,
                             findml_cell cell)
{
    size_t n = 0;
    for (int m = 0; m < FINDML_N_MEASURES; m++) {
        size_t n_values = 0;
        for (cell.method = 0; cell.method < r->grid->methods.n; cell.method++)
            n_values += count_values(r, cell, (findml_measure)m);
        if (findml_measures[m].is_shown && n_values) measure[n++] = (findml_measure)m;
    }
    return n;
}

static void put_spread(fdml_grid *grid, size_t column, const findml_spread *s)
{
    if (!s->n)
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "-");
    else if (s->n < 2)
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%.3f", s->mean);
    else
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%.3f ± %.3f", s->mean, s->half);
}

static void put_change(fdml_grid *grid, size_t column, const findml_change *c)
{
    if (!c->n)
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "-");
    else if (c->n < 2)
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%+.3f", c->mean);
    else
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%+.3f ± %.3f%s", c->mean, c->half,
                      c->is_beyond ? "*" : " ");
}

static void put_row(fdml_grid *grid, const findml_results *r, const findml_cell *cell,
                    const findml_measure *measure, bool is_change)
{
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", r->grid->methods.item[cell->method]);
    fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", count_values(r, *cell, FINDML_RECALL));
    for (size_t i = 0; N_FIXED + i < grid->n_columns; i++) {
        if (is_change) {
            const findml_change change = findml_change_over(r, cell, measure[i]);
            put_change(grid, N_FIXED + i, &change);
        } else {
            const findml_spread spread = findml_spread_over(r, cell, measure[i]);
            put_spread(grid, N_FIXED + i, &spread);
        }
    }
}

static void write_grid(const view *v, const fdml_grid *grid)
{
    if (grid->failed) cli_die(CLI_EXIT_DATA, "no memory for a table");
    if (v->format == FINDML_MD)
        fdml_grid_md(v->file, grid, SIZE_MAX);
    else if (v->format == FINDML_LATEX)
        fdml_grid_latex(v->file, grid, WIDTH);
    else
        fdml_grid_text(v->file, grid, WIDTH);
}

static void write_table(const view *v, findml_cell cell, bool is_change)
{
    fdml_grid grid;
    const findml_grid *g = v->results->grid;
    char title[512];
    snprintf(title, sizeof title, is_change ? "%s, %s: minus %s" : "%s, %s",
             g->data.item[cell.set], g->objectives.item[cell.objective],
             g->methods.item[g->baseline]);
    findml_measure measure[FINDML_N_MEASURES];
    const size_t n_measures = choose_columns(measure, v->results, cell);
    const size_t n_columns = N_FIXED + n_measures;
    if (!fdml_grid_init(&grid, title, n_columns, N_FIXED, g->methods.n, v->arena))
        cli_die(CLI_EXIT_DATA, "no memory for a table");
    grid.header[0] = "method";
    grid.header[1] = "seeds";
    for (size_t i = 0; i < n_measures; i++)
        grid.header[N_FIXED + i] = findml_measures[measure[i]].heading;
    for (size_t column = 1; column < n_columns; column++) grid.is_right[column] = true;
    for (cell.method = 0; cell.method < g->methods.n; cell.method++)
        if (!is_change || cell.method != g->baseline)
            put_row(&grid, v->results, &cell, measure, is_change);
    write_grid(v, &grid);
    fputc('\n', v->file);
}

/* --- prose ------------------------------------------------------------------------------- */

static void put_text(const view *v, const char *text)
{
    if (v->format == FINDML_LATEX)
        fdml_latex_escape(v->file, text);
    else if (v->format == FINDML_MD)
        fdml_md_escape(v->file, text);
    else
        fdml_text_wrap(v->file, text, 0, 2, WIDTH);
    if (v->format != FINDML_TABLE) fputs("\n\n", v->file);
}

static void put_heading(const view *v, const char *text)
{
    const bool is_md = v->format == FINDML_MD, is_latex = v->format == FINDML_LATEX;
    fprintf(v->file, "%s%s%s",
            is_md      ? "**"
            : is_latex ? "\\paragraph{"
                       : "",
            text,
            is_md      ? "**\n\n"
            : is_latex ? "}\n"
                       : "\n");
}

static void print_words(void *ctx, const char *sentence)
{
    put_text(ctx, sentence);
}

static void write_definitions(const view *v)
{
    char text[1024];
    const findml_grid *g = v->results->grid;
    put_heading(v, "What the numbers are");
    for (int m = 0; m < FINDML_N_MEASURES; m++) {
        if (!findml_measures[m].is_shown) continue;
        snprintf(text, sizeof text, "%s: %s", findml_measures[m].heading,
                 findml_measures[m].definition);
        put_text(v, text);
    }
    snprintf(
        text, sizeof text,
        "±: half of the %g%% t interval over seeds; a seed has first weights and batches of "
        "its own, and data where they are made for the grid. Differences are taken seed by "
        "seed; * marks those of three seeds or more whose interval does not hold 0, without "
        "correction for how many there are.",
        100 * g->confidence);
    put_text(v, text);
}

static void warn_missing(const view *v)
{
    char text[256];
    size_t n = 0;
    const size_t n_cells = findml_cell_count(v->results->grid);
    for (size_t i = 0; i < n_cells; i++) n += !v->results->values[i].is_done;
    if (!n) return;
    snprintf(text, sizeof text, "%zu of %zu runs are not done; what follows is without them.",
             n, n_cells);
    put_text(v, text);
}

void findml_tables_write(FILE *file, const findml_results *results, int format,
                         fdml_arena *arena)
{
    view v = { file, results, format, arena };
    const findml_grid *g = results->grid;
    findml_cell cell = { 0 };
    warn_missing(&v);
    for (cell.set = 0; cell.set < g->data.n; cell.set++)
        for (cell.objective = 0; cell.objective < g->objectives.n; cell.objective++) {
            write_table(&v, cell, false);
            if (g->methods.n < 2) continue;
            write_table(&v, cell, true);
            put_heading(&v, "In words");
            findml_words(results, &cell, print_words, &v);
            fputc('\n', file);
        }
    write_definitions(&v);
}
