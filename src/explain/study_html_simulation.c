/* study_html_simulation.c - what those decide who read the explanations (simulate.h).
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "explain/simulate.h"
#include "explain/study_html.h"

enum { MOST_SERIES = STUDY_CHART_METHODS, MOST_ROWS = (STUDY_CHART_GROUPS + 1) * MOST_SERIES };

typedef struct chart {
    html_row row[MOST_ROWS];
    fdml_legend_item legend[MOST_SERIES];
    char name[MOST_ROWS][160];
    size_t n, n_series;
} chart;

static void add_row(chart *c, const char *label, size_t series, const fdml_estimate *e)
{
    snprintf(c->name[c->n], sizeof *c->name, "%.80s of %.70s", c->legend[series].text, label);
    c->row[c->n] = (html_row){ .label = series ? "" : label,
                               .estimate = *e,
                               .base = NAN,
                               .series = series,
                               .name = c->name[c->n] };
    c->n++;
}

static const fdml_simulation_group *group_of(const fdml_simulation *s, size_t group)
{
    return group < s->n_groups ? &s->group[group] : &s->overall;
}

/* Without explanations, then with those of each method; where the former is not known, neither
 * are the others. */
static void add_group(chart *c, const fdml_study_box *box, size_t attribute, const char *label,
                      size_t group)
{
    const fdml_fidelity *f = &box->quality[attribute];
    const fdml_simulation_group *g = group_of(&box->explained[0].simulation[attribute], group);
    const double alone = g->alone;
    fdml_estimate e = { alone, NAN, NAN, f->overall[0].e.n, g->why };
    if (group < f->n_groups) e.n = f->n_rows[group];
    add_row(c, label, 0, &e);
    for (size_t s = 1; s < c->n_series && !isnan(alone); s++) {
        g = group_of(&box->explained[s - 1].simulation[attribute], group);
        e.value = g->explained;
        e.why = g->why;
        add_row(c, label, s, &e);
    }
}

static void put_chart(html_page *page, const fdml_study_box *box, size_t attribute)
{
    const fdml_study *study = study_of(page);
    const fdml_study_attribute *a = &study->attribute[attribute];
    const size_t n_methods = study->options->n_methods;
    chart c = { .n_series = 1 + (n_methods < MOST_SERIES ? n_methods : MOST_SERIES - 1) };
    char about[HTML_TEXT] = "", title[160];
    c.legend[0] = (fdml_legend_item){ 0, "no explanation" };
    for (size_t s = 1; s < c.n_series; s++)
        c.legend[s] = (fdml_legend_item){ s, box->explained[s - 1].method->text };
    add_group(&c, box, attribute, "all", SIZE_MAX);
    for (size_t g = 0; g < a->n_groups && g < STUDY_CHART_GROUPS; g++)
        add_group(&c, box, attribute, a->group[g], g);
    fdml_html_describe(about, c.row, c.n);
    snprintf(title, sizeof title, "%.70s, by %.70s", box->source->name, a->name);
    const html_rows rows = { .row = c.row,
                             .n = c.n,
                             .line = NAN,
                             .axis = "share of right decisions",
                             .legend = c.legend,
                             .n_legend = c.n_series };
    fdml_html_chart_rows(page, title, about, &rows);
}

bool fdml_study_html_put_simulation(html_page *page)
{
    const fdml_study *study = study_of(page);
    fputs(
        "<p>What people would decide who see the black box's answer and its explanation, from "
        "the authors' study with users [paper]: an explanation is good as often as it says "
        "what the black box says for the group [ours]. The six probabilities behind it stand "
        "under decision in the <a href=\"#definitions\">definitions</a>.</p>\n",
        page->file);
    fdml_html_begin_charts(page);
    for (size_t b = 0; b < study->options->n_sources; b++)
        for (size_t a = 0; a < study->n_attributes; a++)
            if (!study->attribute[a].is_intersection) put_chart(page, &study->box[b], a);
    fdml_html_end_charts(page);
    for (size_t b = 0; b < study->options->n_sources; b++)
        if (!fdml_study_html_table(page, FDML_STUDY_DECISIONS, b)) return false;
    return true;
}
