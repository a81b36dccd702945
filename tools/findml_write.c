/* findml_write.c - all numbers of a grid as CSV and JSON: every measure of every method, with
 * spread and paired difference; in JSON every run as well. See findml.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "data/csv_write.h"
#include "base/json.h"
#include "base/number.h"
#include "findml.h"

/* --- CSV --------------------------------------------------------------------------------- */

static void put_number(FILE *file, double value)
{
    char text[FDML_NUMBER_TEXT] = "";
    if (!isnan(value)) fdml_number_print(text, value);
    fprintf(file, ",%s", text);
}

static void put_line(FILE *file, const findml_results *r, const findml_cell *cell,
                     findml_measure m)
{
    const findml_grid *g = r->grid;
    const findml_spread s = findml_spread_over(r, cell, m);
    fdml_csv_put_text(file, g->data.item[cell->set]);
    fputc(',', file);
    fdml_csv_put_text(file, g->objectives.item[cell->objective]);
    fputc(',', file);
    fdml_csv_put_text(file, g->methods.item[cell->method]);
    fprintf(file, ",%s,%zu", findml_measures[m].id, s.n);
    put_number(file, s.mean);
    put_number(file, s.sd);
    put_number(file, s.half);
    if (cell->method == g->baseline) {
        fputs(",,,,,,\n", file);
        return;
    }
    const findml_change c = findml_change_over(r, cell, m);
    fprintf(file, ",%zu", c.n);
    put_number(file, c.mean);
    put_number(file, c.se);
    put_number(file, c.half);
    if (findml_measures[m].direction)
        fprintf(file, ",%zu", c.n_better);
    else
        fputc(',', file);
    fprintf(file, ",%s\n", c.n < FINDML_MIN_PAIRS ? "" : c.is_beyond ? "true" : "false");
}

/* The next combination of data, objective and method; false past the last. */
static bool step(findml_cell *cell, const findml_grid *g)
{
    if (++cell->method < g->methods.n) return true;
    cell->method = 0;
    if (++cell->objective < g->objectives.n) return true;
    cell->objective = 0;
    return ++cell->set < g->data.n;
}

void findml_csv_write(FILE *file, const findml_results *results)
{
    findml_cell cell = { 0 };
    fputs("data,objective,method,measure,n,mean,sd,half_interval,pairs,difference,"
          "standard_error,difference_half_interval,better,beyond\n",
          file);
    do {
        for (int m = 0; m < FINDML_N_MEASURES; m++)
            put_line(file, results, &cell, (findml_measure)m);
    } while (step(&cell, results->grid));
}

/* --- JSON -------------------------------------------------------------------------------- */

static void put_measure(fdml_json_writer *w, const findml_results *r, const findml_cell *cell,
                        findml_measure m)
{
    const findml_spread s = findml_spread_over(r, cell, m);
    fdml_json_key(w, findml_measures[m].id);
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "n", s.n);
    fdml_json_put_number(w, "mean", s.mean);
    fdml_json_put_number(w, "sd", s.sd);
    fdml_json_put_number(w, "half_interval", s.half);
    if (cell->method != r->grid->baseline) {
        const findml_change c = findml_change_over(r, cell, m);
        fdml_json_put_count(w, "pairs", c.n);
        fdml_json_put_number(w, "difference", c.mean);
        fdml_json_put_number(w, "standard_error", c.se);
        fdml_json_put_number(w, "difference_half_interval", c.half);
        fdml_json_key(w, "better");
        if (findml_measures[m].direction)
            fdml_json_integer(w, (int64_t)c.n_better);
        else
            fdml_json_null(w);
        fdml_json_key(w, "beyond");
        if (c.n < FINDML_MIN_PAIRS)
            fdml_json_null(w);
        else
            fdml_json_bool(w, c.is_beyond);
    }
    fdml_json_end_object(w);
}

static void put_names(fdml_json_writer *w, const findml_results *r, const findml_cell *cell)
{
    const findml_grid *g = r->grid;
    fdml_json_put_text(w, "data", g->data.item[cell->set]);
    fdml_json_put_text(w, "objective", g->objectives.item[cell->objective]);
    fdml_json_put_text(w, "method", g->methods.item[cell->method]);
}

static void put_runs(fdml_json_writer *w, const findml_results *r)
{
    fdml_json_key(w, "runs");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < findml_cell_count(r->grid); i++) {
        const findml_cell cell = findml_cell_at(r->grid, i);
        if (!r->values[i].is_done) continue;
        fdml_json_begin_object(w);
        put_names(w, r, &cell);
        fdml_json_put_count(w, "seed", (size_t)r->grid->seed[cell.seed]);
        for (int m = 0; m < FINDML_N_MEASURES; m++)
            fdml_json_put_number(w, findml_measures[m].id, r->values[i].value[m]);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_definitions(fdml_json_writer *w)
{
    fdml_json_key(w, "definitions");
    fdml_json_begin_object(w);
    for (int m = 0; m < FINDML_N_MEASURES; m++)
        fdml_json_put_text(w, findml_measures[m].id, findml_measures[m].definition);
    fdml_json_end_object(w);
}

void findml_json_write(FILE *file, const findml_results *results)
{
    fdml_json_writer w;
    findml_cell cell = { 0 };
    const findml_grid *g = results->grid;
    fdml_json_writer_init(&w, file, 3);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "schema", "fdml-findml/1");
    fdml_json_put_text(&w, "baseline", g->methods.item[g->baseline]);
    fdml_json_put_number(&w, "confidence", g->confidence);
    fdml_json_put_count(&w, "cells", findml_cell_count(g));
    fdml_json_key(&w, "methods");
    fdml_json_begin_array(&w);
    do {
        fdml_json_begin_object(&w);
        put_names(&w, results, &cell);
        for (int m = 0; m < FINDML_N_MEASURES; m++)
            put_measure(&w, results, &cell, (findml_measure)m);
        fdml_json_end_object(&w);
    } while (step(&cell, g));
    fdml_json_end_array(&w);
    put_runs(&w, results);
    put_definitions(&w);
    fdml_json_end_object(&w);
    fputc('\n', file);
}
