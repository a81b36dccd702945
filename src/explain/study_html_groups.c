/* study_html_groups.c - fidelity, or a black box's own quality, group by group.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explain/study_html.h"

static const char *const axis_of[FDML_FIDELITIES] = { "share of rows, higher is better",
                                                      "1 is the same order, 0.5 chance",
                                                      "mean, 0 is best" };

/* Groups shown: the largest, in their own order. */
static size_t choose_groups(size_t group[STUDY_CHART_GROUPS], const fdml_fidelity *f)
{
    size_t n = 0;
    for (size_t g = 0; g < f->n_groups; g++) {
        size_t larger = 0;
        for (size_t h = 0; h < f->n_groups; h++)
            larger += f->n_rows[h] > f->n_rows[g] || (f->n_rows[h] == f->n_rows[g] && h < g);
        if (larger < STUDY_CHART_GROUPS) group[n++] = g;
    }
    return n;
}

typedef struct chart {
    html_row row[STUDY_CHART_ROWS];
    char name[STUDY_CHART_ROWS][160];
    size_t n;
} chart;

static void add_values(chart *c, const char *label, const fdml_fidelity_value *value,
                       const study_series *series, size_t s)
{
    snprintf(c->name[c->n], sizeof *c->name, "%.60s of %.80s", series[s].label, label);
    c->row[c->n] = (html_row){ .label = s ? "" : label,
                               .estimate = value->e,
                               .base = NAN,
                               .series = s,
                               .name = c->name[c->n] };
    c->n++;
}

/* The last row has no number for want of rows: so it is with all series, and said once. */
static bool is_small(const chart *c)
{
    const fdml_estimate *e = &c->row[c->n - 1].estimate;
    return isnan(e->value) && e->why && strstr(e->why, "insufficient data");
}

static void put_chart(html_page *page, size_t attribute, const study_series *series, size_t n,
                      size_t measure)
{
    static const char all[] = "all";
    const fdml_study_attribute *a = &study_of(page)->attribute[attribute];
    size_t group[STUDY_CHART_GROUPS];
    fdml_legend_item legend[STUDY_CHART_METHODS];
    char about[HTML_TEXT] = "";
    chart c = { .n = 0 };
    const size_t n_groups = choose_groups(group, &series[0].by[attribute]);
    for (size_t s = 0; s < n; s++) {
        legend[s] = (fdml_legend_item){ s, series[s].label };
        add_values(&c, all, &series[s].by[attribute].overall[measure], series, s);
    }
    for (size_t g = 0; g < n_groups; g++)
        for (size_t s = 0; s < n && (!s || !is_small(&c)); s++)
            add_values(&c, a->group[group[g]],
                       &series[s].by[attribute].of_group[group[g] * FDML_FIDELITIES + measure],
                       series, s);
    fdml_html_describe(about, c.row, c.n);
    const html_rows rows = { .row = c.row,
                             .n = c.n,
                             .line = measure == FDML_FIDELITY_RESIDUAL ? 0 : NAN,
                             .axis = axis_of[measure],
                             .legend = legend,
                             .n_legend = n };
    fdml_html_chart_rows(page, fdml_study_measure_name[measure], about, &rows);
}

void fdml_study_html_charts(html_page *page, size_t attribute, const study_series *series,
                            size_t n)
{
    const fdml_study_attribute *a = &study_of(page)->attribute[attribute];
    const size_t shown = n < STUDY_CHART_METHODS ? n : STUDY_CHART_METHODS;
    if (!n) return;
    if (a->n_groups > STUDY_CHART_GROUPS || n > shown) {
        fputs("<p class=\"note\">Charts show ", page->file);
        if (a->n_groups > STUDY_CHART_GROUPS)
            fprintf(page->file, "the %d largest of %zu groups%s", STUDY_CHART_GROUPS,
                    a->n_groups, n > shown ? ", and " : "");
        if (n > shown) fprintf(page->file, "the first %zu of %zu", shown, n);
        fputs("; tables show all.</p>\n", page->file);
    }
    fdml_html_begin_charts(page);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) put_chart(page, attribute, series, shown, k);
    fdml_html_end_charts(page);
}

/* --- the section ---------------------------------------------------------------------- */

static bool put_box(html_page *page, size_t b)
{
    const fdml_study *study = study_of(page);
    const fdml_study_box *box = &study->box[b];
    study_series series[FDML_STUDY_MOST_METHODS];
    const size_t n = study->options->n_methods;
    for (size_t m = 0; m < n; m++)
        series[m] = (study_series){ box->explained[m].method->text, box->explained[m].by };
    for (size_t a = 0; a < study->n_attributes; a++) {
        fdml_study_html_heading(page, box, &study->attribute[a]);
        fdml_study_html_charts(page, a, series, n);
    }
    fdml_html_begin_details(page, "All values as tables");
    const bool fits = fdml_study_html_table(page, FDML_STUDY_OVERALL, b) &&
                      fdml_study_html_table(page, FDML_STUDY_GROUP_ACCURACY, b) &&
                      fdml_study_html_table(page, FDML_STUDY_GROUP_AUROC, b) &&
                      fdml_study_html_table(page, FDML_STUDY_GROUP_RESIDUAL, b);
    fdml_html_end_details(page);
    return fits;
}

bool fdml_study_html_put_groups(html_page *page)
{
    const fdml_study *study = study_of(page);
    size_t n_warnings;
    const char *const *warning =
        fdml_study_html_warnings(&n_warnings, study, STUDY_WARNED_INTERVALS);
    fdml_html_put_warnings(page, warning, n_warnings);
    fprintf(
        page->file,
        "<p>Does the explanation say what the black box says? accuracy: how often both give "
        "the same answer; AUROC: whether they order rows alike; residual: how much higher "
        "the black box's probability is on average. A whisker is the %g%% interval over "
        "test rows%s.</p>\n",
        100 * study->options->confidence,
        study->options->n_seeds > 1
            ? ", \xc2\xb1 in tables the standard deviation over training seeds"
            : "");
    for (size_t b = 0; b < study->options->n_sources; b++)
        if (!put_box(page, b)) return false;
    return true;
}
