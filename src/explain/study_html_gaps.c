/* study_html_gaps.c - how far groups are apart, and what interventions change.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "explain/study_html.h"

enum { MOST_ATTRIBUTES = 12, MOST_ROWS = MOST_ATTRIBUTES * (3 * STUDY_CHART_METHODS + 1) + 8 };

static const char *const gap_title[FDML_FIDELITY_GAPS] = { "maximum gap from average",
                                                           "mean gap amongst subgroups" };

/* Rows of a chart, with room for their names and notes. */
typedef struct chart {
    html_row row[MOST_ROWS];
    char note[MOST_ROWS][16], name[MOST_ROWS][160];
    size_t n;
} chart;

static void add_heading(chart *c, const char *label)
{
    c->row[c->n++] = (html_row){ .label = label, .is_heading = true };
}

static html_row *add_row(chart *c, const char *label, const fdml_estimate *e, double p_holm,
                         const fdml_study *study)
{
    const bool is_sure = fdml_study_is_shown(p_holm, study) == 1;
    snprintf(c->note[c->n], sizeof *c->note, isnan(p_holm) ? "-" : "p %.3f", p_holm);
    html_row *row = &c->row[c->n];
    *row = (html_row){ .label = label,
                       .note = c->note[c->n],
                       .estimate = *e,
                       .base = NAN,
                       .is_hollow = !is_sure,
                       .name = c->name[c->n] };
    c->n++;
    return row;
}

static size_t shown_methods(const fdml_study *study)
{
    return study->options->n_methods < STUDY_CHART_METHODS ? study->options->n_methods
                                                           : STUDY_CHART_METHODS;
}

static size_t shown_attributes(const fdml_study *study)
{
    return study->n_attributes < MOST_ATTRIBUTES ? study->n_attributes : MOST_ATTRIBUTES;
}

/* --- gaps ----------------------------------------------------------------------------- */

/* All gaps of one kind and measure: attributes, and methods below them. */
static void put_gap_chart(html_page *page, const fdml_study_box *box, size_t measure,
                          size_t kind)
{
    const fdml_study *study = study_of(page);
    char about[HTML_TEXT] = "", title[96];
    chart c = { .n = 0 };
    for (size_t a = 0; a < shown_attributes(study); a++) {
        const fdml_study_attribute *attribute = &study->attribute[a];
        add_heading(&c, attribute->name);
        for (size_t m = 0; m < shown_methods(study); m++) {
            const fdml_study_explained *x = &box->explained[m];
            const fdml_fidelity_gap *gap = &x->by[a].gap[measure][kind];
            snprintf(c.name[c.n], sizeof *c.name, "%.60s by %.80s", x->method->text,
                     attribute->name);
            add_row(&c, x->method->text, &gap->e, gap->p_holm, study)->series = m;
        }
    }
    fdml_html_describe(about, c.row, c.n);
    snprintf(title, sizeof title, "%s: %s", fdml_study_measure_name[measure], gap_title[kind]);
    const html_rows rows = { .row = c.row, .n = c.n, .line = 0, .axis = "0: no gap" };
    fdml_html_chart_rows(page, title, about, &rows);
}

static void put_p(fdml_grid *grid, size_t column, double p)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_value(text, p);
    fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s", text);
}

static void put_gap_row(fdml_grid *grid, const fdml_study *study, const fdml_study_explained *x,
                        size_t a, size_t k)
{
    const fdml_fidelity_gap *most = &x->by[a].gap[k][FDML_GAP_MAX];
    const fdml_fidelity_gap *mean = &x->by[a].gap[k][FDML_GAP_MEAN];
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", x->method->text);
    fdml_grid_set(grid, 1, FDML_CELL_TEXT, "%s", fdml_study_measure_name[k]);
    fdml_grid_estimate(grid, 2, &most->e,
                       fdml_study_is_shown(most->p_holm, study) == 1 ? "*" : "");
    fdml_grid_set(grid, 3, FDML_CELL_NAME, "%s",
                  most->worst < study->attribute[a].n_groups
                      ? study->attribute[a].group[most->worst]
                      : "-");
    put_p(grid, 4, most->p_holm);
    fdml_grid_estimate(grid, 5, &mean->e,
                       fdml_study_is_shown(mean->p_holm, study) == 1 ? "*" : "");
    put_p(grid, 6, mean->p_holm);
}

static bool put_gap_table(html_page *page, const fdml_study_box *box)
{
    static const char *const header[] = { "method",   "measure",  "maximum gap", "group",
                                          "p (Holm)", "mean gap", "p (Holm)" };
    enum { N = sizeof header / sizeof *header };
    const fdml_study *study = study_of(page);
    fdml_grid grid;
    char caption[256];
    const size_t n_methods = study->options->n_methods;
    if (!fdml_grid_init(&grid, NULL, N, 2,
                        study->n_attributes * (1 + n_methods * FDML_FIDELITIES), page->arena))
        return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = header[c];
    for (size_t a = 0; a < study->n_attributes; a++) {
        fdml_grid_heading(&grid, study->attribute[a].name);
        for (size_t m = 0; m < n_methods; m++)
            for (size_t k = 0; k < FDML_FIDELITIES; k++)
                put_gap_row(&grid, study, &box->explained[m], a, k);
    }
    snprintf(caption, sizeof caption, "%.120s: all gaps with their p", box->source->name);
    fdml_html_table(page, &grid, caption, N);
    return !grid.failed;
}

bool fdml_study_html_put_gaps(html_page *page)
{
    const fdml_study *study = study_of(page);
    char level[FDML_SHOWN_MAX];
    fdml_show_level(level, study->options->confidence);
    fprintf(
        page->file,
        "<p>The maximum gap is how far the group that is farthest behind all rows is behind "
        "(of the residual, how far the largest is above), the "
        "mean gap how far two groups are apart on average. Filled marks, starred in "
        "tables, can be told from chance at %s after Holm's correction (p is the corrected "
        "one), hollow ones cannot: chance alone makes gaps larger than 0.</p>\n",
        level);
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const fdml_study_box *box = &study->box[b];
        fdml_study_html_heading(page, box, NULL);
        fdml_html_begin_charts(page);
        for (size_t g = 0; g < FDML_FIDELITY_GAPS; g++)
            for (size_t k = 0; k < FDML_FIDELITIES; k++) put_gap_chart(page, box, k, g);
        fdml_html_end_charts(page);
        if (!fdml_study_html_table(page, FDML_STUDY_GAPS, b)) return false;
        fdml_html_begin_details(page, "All six gaps, with their p");
        const bool fits = put_gap_table(page, box);
        fdml_html_end_details(page);
        if (!fits) return false;
    }
    return true;
}

/* --- changes -------------------------------------------------------------------------- */

static const fdml_fidelity_difference *change_of(const fdml_fidelity_change *c, size_t measure,
                                                 size_t kind)
{
    return kind < FDML_FIDELITY_GAPS ? &c->gap[measure][kind] : &c->overall[measure];
}

/* Rows of one number of all methods: kind FDML_FIDELITY_GAPS is the overall value. */
static void add_changes(chart *c, const html_page *page, const fdml_study_box *box,
                        size_t measure, size_t a, size_t kind)
{
    static const char *const what[] = { "maximum gap", "mean gap", "all rows" };
    const fdml_study *study = study_of(page);
    bool is_first = true;
    for (size_t m = 0; m < shown_methods(study); m++) {
        const fdml_study_explained *x = &box->explained[m];
        if (!x->change) continue;
        const fdml_fidelity_difference *d = change_of(&x->change[a], measure, kind);
        snprintf(c->name[c->n], sizeof *c->name, "%.40s, %s%s%.60s", x->method->text,
                 what[kind], kind < FDML_FIDELITY_GAPS ? " by " : "",
                 kind < FDML_FIDELITY_GAPS ? study->attribute[a].name : "");
        add_row(c, is_first ? what[kind] : "", &d->e, d->p_holm, study)->series = m;
        is_first = false;
    }
}

static void put_change_chart(html_page *page, const fdml_study_box *box, size_t measure)
{
    const fdml_study *study = study_of(page);
    fdml_legend_item legend[STUDY_CHART_METHODS];
    char about[HTML_TEXT] = "";
    size_t n_legend = 0;
    chart c = { .n = 0 };
    for (size_t m = 0; m < shown_methods(study); m++)
        if (box->explained[m].change)
            legend[n_legend++] = (fdml_legend_item){ m, box->explained[m].method->text };
    add_changes(&c, page, box, measure, 0, FDML_FIDELITY_GAPS);
    for (size_t a = 0; a < shown_attributes(study); a++) {
        add_heading(&c, study->attribute[a].name);
        for (size_t g = 0; g < FDML_FIDELITY_GAPS; g++)
            add_changes(&c, page, box, measure, a, g);
    }
    fdml_html_describe(about, c.row, c.n);
    const html_rows rows = { .row = c.row,
                             .n = c.n,
                             .line = 0,
                             .axis = measure == FDML_FIDELITY_RESIDUAL
                                         ? "change; gaps: lower is better"
                                         : "change; higher is better, of gaps lower",
                             .legend = legend,
                             .n_legend = n_legend };
    fdml_html_chart_rows(page, fdml_study_measure_name[measure], about, &rows);
}

static void put_change_cells(fdml_grid *grid, const fdml_study *study, const char *name,
                             const fdml_fidelity_difference *const d[FDML_FIDELITIES])
{
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", name);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        const fdml_estimate before = { isnan(d[k]->e.value) ? NAN : d[k]->before, NAN, NAN, 0,
                                       NULL };
        fdml_grid_estimate(grid, 1 + 3 * k, &before, "");
        fdml_grid_estimate(grid, 2 + 3 * k, &d[k]->e,
                           fdml_study_is_shown(d[k]->p_holm, study) == 1 ? "*" : "");
        put_p(grid, 3 + 3 * k, d[k]->p_holm);
    }
}

static void put_attribute_changes(fdml_grid *grid, const fdml_study *study,
                                  const fdml_fidelity_change *change, size_t a)
{
    const fdml_fidelity_difference *d[FDML_FIDELITIES];
    const fdml_study_attribute *attribute = &study->attribute[a];
    fdml_grid_heading(grid, attribute->name);
    for (size_t g = 0; g < attribute->n_groups; g++) {
        for (size_t k = 0; k < FDML_FIDELITIES; k++)
            d[k] = &change[a].of_group[g * FDML_FIDELITIES + k];
        put_change_cells(grid, study, attribute->group[g], d);
    }
    for (size_t kind = 0; kind < FDML_FIDELITY_GAPS; kind++) {
        for (size_t k = 0; k < FDML_FIDELITIES; k++) d[k] = &change[a].gap[k][kind];
        put_change_cells(grid, study, gap_title[kind], d);
    }
}

static bool put_change_table(html_page *page, const fdml_study_box *box,
                             const fdml_study_explained *x)
{
    static const char *const header[] = { "change of", "was",     "accuracy", "p (Holm)",
                                          "was",       "AUROC",   "p (Holm)", "was",
                                          "residual",  "p (Holm)" };
    enum { N = sizeof header / sizeof *header };
    const fdml_study *study = study_of(page);
    const fdml_fidelity_difference *d[FDML_FIDELITIES];
    fdml_grid grid;
    char caption[480];
    size_t n_rows = 1;
    for (size_t a = 0; a < study->n_attributes; a++)
        n_rows += 1 + study->attribute[a].n_groups + FDML_FIDELITY_GAPS;
    if (!fdml_grid_init(&grid, NULL, N, 1, n_rows, page->arena)) return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = header[c];
    for (size_t k = 0; k < FDML_FIDELITIES; k++) d[k] = &x->change[0].overall[k];
    put_change_cells(&grid, study, "all rows", d);
    for (size_t a = 0; a < study->n_attributes; a++)
        put_attribute_changes(&grid, study, x->change, a);
    const char *baseline =
        fdml_study_baseline(study, (size_t)(x - box->explained), page->arena);
    if (!baseline) return false;
    snprintf(caption, sizeof caption, "%.120s: %.120s less %.200s", box->source->name,
             x->method->text, baseline);
    fdml_html_table(page, &grid, caption, N);
    return !grid.failed;
}

static bool has_change(const fdml_study *study, const fdml_study_box *box)
{
    for (size_t m = 0; m < study->options->n_methods; m++)
        if (box->explained[m].change) return true;
    return false;
}

bool fdml_study_html_put_changes(html_page *page)
{
    const fdml_study *study = study_of(page);
    fputs("<p>What a method, or a black box that was trained otherwise, changes: each number "
          "less the baseline's, on the same test rows. Filled marks, starred in tables, can be "
          "told from chance "
          "after Holm's correction; the test exchanges the two explanations row by row.</p>\n",
          page->file);
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const fdml_study_box *box = &study->box[b];
        if (!has_change(study, box) || !study->n_attributes) continue;
        fdml_study_html_heading(page, box, NULL);
        fdml_html_begin_charts(page);
        for (size_t k = 0; k < FDML_FIDELITIES; k++) put_change_chart(page, box, k);
        fdml_html_end_charts(page);
        fdml_html_begin_details(page, "All changes, of groups as well");
        bool fits = true;
        for (size_t m = 0; fits && m < study->options->n_methods; m++)
            if (box->explained[m].change)
                fits = put_change_table(page, box, &box->explained[m]);
        fdml_html_end_details(page);
        if (!fits) return false;
    }
    return true;
}
