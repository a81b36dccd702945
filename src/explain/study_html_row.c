/* study_html_row.c - what explanations say of one test row: the one whose prediction is
 * furthest from the black box's, of the first method that explains single rows.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "explain/study_html.h"
#include "explain/study_plot.h"

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

static void put_panel(html_page *page, const fdml_study_panel *panel)
{
    char title[256];
    fdml_svg svg;
    const fdml_study_box *box = &panel->study->box[panel->box];
    snprintf(title, sizeof title, "%.100s of %.100s",
             box->explained[panel->method].method->text, box->source->name);
    fdml_html_begin_figure(page, &svg, title,
                           "Bars of what each column adds to the prediction, the largest first",
                           FDML_STUDY_PANEL, fdml_study_panel_height(panel));
    fdml_study_panel_draw(&svg, panel, 0);
    fdml_html_end_chart(page, &svg);
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
    static const char *const header[] = { "explanation", "base", "says", "black box",
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
            " with seed %llu. Bars: what each column adds to the base, where the explanation "
            "begins; together they give what it says.</p>\n",
            (unsigned long long)o->seed[0]);
    if (!fdml_grid_init(&grid, NULL, N, 1, o->n_sources * o->n_methods, page->arena))
        return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = header[c];
    fdml_html_begin_charts(page);
    for (size_t k = 0; k < o->n_sources * o->n_methods; k++) {
        const fdml_study_box *b = &study->box[k / o->n_methods];
        const fdml_study_explained *x = &b->explained[k % o->n_methods];
        if (!x->local) continue;
        const fdml_study_panel panel = { study, i, k / o->n_methods, k % o->n_methods };
        put_panel(page, &panel);
        put_numbers_row(&grid, b, x, i);
    }
    fdml_html_end_charts(page);
    fdml_html_table(page, &grid, "The row's explanations", N);
    return !grid.failed;
}
