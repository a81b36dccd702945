/* study_html_row.c - what explanations say of one test row: the one whose prediction is
 * furthest from the black box's, of the first method that explains single rows.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explain/study_html.h"

enum { MOST_PARTS = 12, PART_NAME = 128 };

/* Index into study->test. */
static size_t choose_row(const fdml_study *study, const fdml_study_box **of_box,
                         const fdml_study_explained **of)
{
    const fdml_study_options *o = study->options;
    size_t best = 0;
    for (size_t b = 0; b < o->n_sources && !*of; b++)
        for (size_t m = 0; m < o->n_methods && !*of; m++)
            if (study->box[b].explained[m].local) {
                *of_box = &study->box[b];
                *of = &study->box[b].explained[m];
            }
    for (size_t i = 1; *of && i < study->n_test; i++)
        if (fabs((*of_box)->p[i] - (*of)->e[i]) > fabs((*of_box)->p[best] - (*of)->e[best]))
            best = i;
    return best;
}

/* A feature's cell as in the table; "" where the column is no feature but one of its values. */
static void show_value(char text[PART_NAME], const fdml_tabular *t, const char *column,
                       uint32_t row)
{
    text[0] = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        const fdml_feature *feature = &t->feature[f];
        const float x = t->x[row * t->n_features + f];
        if (strcmp(feature->name, column) != 0) continue;
        if (feature->kind == FDML_CATEGORICAL)
            snprintf(text, PART_NAME, " = %.60s", feature->level[(size_t)x]);
        else if (isnan(x))
            snprintf(text, PART_NAME, " (missing)");
        else
            snprintf(text, PART_NAME, " = %.6g", (double)x);
        return;
    }
}

/* Columns by what they add, the largest first, as long as there is room. */
static size_t choose_columns(size_t column[MOST_PARTS], const double *part, size_t n)
{
    size_t n_chosen = 0;
    for (size_t c = 0; c < n; c++) {
        size_t at = n_chosen < MOST_PARTS ? n_chosen++ : MOST_PARTS;
        for (; at > 0 && fabs(part[column[at - 1]]) < fabs(part[c]); at--)
            if (at < MOST_PARTS) column[at] = column[at - 1];
        if (at < MOST_PARTS) column[at] = c;
    }
    return n_chosen;
}

static void put_bars(html_page *page, const fdml_study_box *box, const fdml_study_explained *x,
                     size_t i)
{
    const fdml_study *study = study_of(page);
    const fdml_study_local *local = x->local;
    const double *part = local->contribution + i * local->n_columns;
    size_t column[MOST_PARTS];
    html_row row[MOST_PARTS + 1];
    char label[MOST_PARTS][2 * PART_NAME], others[48], about[HTML_TEXT] = "", title[256];
    double rest = 0;
    const size_t n = choose_columns(column, part, local->n_columns);
    for (size_t c = 0; c < local->n_columns; c++) rest += part[c];
    for (size_t k = 0; k < n; k++) {
        char value[PART_NAME];
        show_value(value, study->table, local->column[column[k]], study->test[i]);
        snprintf(label[k], sizeof *label, "%.120s%s", local->column[column[k]], value);
        rest -= part[column[k]];
        row[k] = (html_row){ .label = label[k],
                             .estimate = { part[column[k]], NAN, NAN, 1, NULL },
                             .base = 0,
                             .series = part[column[k]] < 0 };
    }
    size_t n_rows = n;
    if (local->n_columns > n) {
        snprintf(others, sizeof others, "%zu others", local->n_columns - n);
        row[n_rows++] = (html_row){ .label = others,
                                    .estimate = { rest, NAN, NAN, 1, NULL },
                                    .base = 0,
                                    .series = rest < 0 };
    }
    fdml_html_describe(about, row, n_rows);
    snprintf(title, sizeof title, "%.100s of %.100s", x->method->text, box->source->name);
    const html_rows rows = { .row = row,
                             .n = n_rows,
                             .line = 0,
                             .axis = local->is_log_odds ? "adds to the log-odds"
                                                        : "adds to the probability" };
    fdml_html_chart_rows(page, title, about, &rows);
}

static void put_numbers_row(fdml_grid *grid, const fdml_study_box *box,
                            const fdml_study_explained *x, size_t i)
{
    const double number[] = { x->local->base[i], x->e[i], box->p[i],
                              x->local->r2 ? x->local->r2[i] : NAN };
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s of %s", x->method->text, box->source->name);
    for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
        char text[FDML_SHOWN_MAX];
        fdml_show_value(text, number[k]);
        fdml_grid_set(grid, 1 + k, FDML_CELL_VALUE, "%s%s", text,
                      !k && x->local->is_log_odds ? " (log-odds)" : "");
    }
}

bool fdml_study_html_put_row(html_page *page)
{
    static const char *const header[] = { "explanation", "begins at", "says", "black box",
                                          "R\xc2\xb2" };
    enum { N = sizeof header / sizeof *header };
    const fdml_study *study = study_of(page);
    const fdml_study_options *o = study->options;
    const fdml_study_box *box = NULL;
    const fdml_study_explained *of = NULL;
    const size_t i = choose_row(study, &box, &of);
    fdml_grid grid;
    if (!of) return true;
    fprintf(page->file, "<p>Row %zu of the table (from 1), on which ",
            (size_t)study->test[i] + 1);
    fdml_html_name(page, of->method->text);
    fputs(" is furthest from ", page->file);
    fdml_html_name(page, box->source->name);
    fprintf(page->file,
            " with seed %llu. Bars: what each feature adds to where the explanation begins; "
            "together they give what it says.</p>\n",
            (unsigned long long)o->seed[0]);
    if (!fdml_grid_init(&grid, NULL, N, 1, o->n_sources * o->n_methods, page->arena))
        return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = header[c];
    fdml_html_begin_charts(page);
    for (size_t k = 0; k < o->n_sources * o->n_methods; k++) {
        const fdml_study_box *b = &study->box[k / o->n_methods];
        const fdml_study_explained *x = &b->explained[k % o->n_methods];
        if (!x->local) continue;
        put_bars(page, b, x, i);
        put_numbers_row(&grid, b, x, i);
    }
    fdml_html_end_charts(page);
    fdml_html_table(page, &grid, "The row's explanations", N);
    return !grid.failed;
}
