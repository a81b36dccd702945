/* report_html_compare.c - how this model differs from another on the same rows.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/comparison.h"
#include "eval/report_html.h"

enum { COLUMNS = 5 };

enum { MOST_ROWS = 1 + FDML_DETAIL_GROUPINGS * (FDML_DETAIL_GROUPS + 2) };

typedef struct forest {
    html_row row[MOST_ROWS];
    size_t n;
    const fdml_audit_settings *settings;
} forest;

static void add_change(forest *f, const char *label, const char *name, const fdml_difference *d,
                       bool higher_is_better)
{
    const char *word = fdml_change_word(d, higher_is_better, f->settings);
    const bool is_sure =
        fdml_difference_verdict(d, higher_is_better, f->settings->confidence) != 0;
    f->row[f->n++] = (html_row){ .label = label,
                                 .note = word,
                                 .estimate = d->change,
                                 .base = NAN,
                                 .series = is_sure,
                                 .is_hollow = !is_sure,
                                 .name = name };
}

/* Groups of an attribute, and the gap; of an intersection, which may have many groups, the gap
 * alone. */
static void add_grouping(forest *f, const html_page *page, const fdml_detail_grouping *by,
                         size_t m, const char *gap_name)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_comparison *c = result->comparison;
    const size_t n_metrics = result->settings->n_metrics;
    f->row[f->n++] = (html_row){ .label = fdml_html_by(page, by), .is_heading = true };
    for (size_t g = 0; fdml_html_is_attribute(page, by) && g < by->n; g++)
        add_change(f, by->group[g].value, NULL, &c->groups[by->group[g].listed * n_metrics + m],
                   result->settings->metrics[m].higher_is_better);
    for (size_t i = 0; i < result->n_gaps; i++)
        if (result->gaps[i].grouping == by->grouping && result->gaps[i].metric == m)
            add_change(f, "gap", gap_name, &c->gaps[i], false);
}

static void put_forest(html_page *page, size_t m)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_metric *metric = &result->settings->metrics[m];
    char about[HTML_TEXT] = "", axis[96], gap_name[FDML_DETAIL_GROUPINGS][300];
    forest f = { .settings = result->settings };
    add_change(&f, "overall", NULL, &result->comparison->overall[m], metric->higher_is_better);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        snprintf(gap_name[b], sizeof gap_name[b], "gap by %.250s",
                 fdml_html_by(page, &page->detail->by[b]));
        add_grouping(&f, page, &page->detail->by[b], m, gap_name[b]);
    }
    fdml_html_describe(about, f.row, f.n);
    snprintf(axis, sizeof axis, "change; %s is better, of a gap lower",
             metric->higher_is_better ? "higher" : "lower");
    const html_rows chart = { .row = f.row, .n = f.n, .line = 0, .axis = axis };
    fdml_html_chart_rows(page, metric->key, about, &chart);
}

bool fdml_html_put_comparison(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_audit_settings *settings = result->settings;
    char level[FDML_SHOWN_MAX];
    const char *words;
    fdml_grid grid;
    fdml_show_level(level, settings->confidence);
    if (!fdml_report_changes(&words, page->report, page->arena)) return false;
    fputs("<p>Changes are this model minus ", page->file);
    fdml_html_name(page, result->comparison->path);
    fprintf(
        page->file,
        ", on the same rows. Filled marks, called better or worse, can be told from chance at "
        "%s after Holm's correction over %zu changes; what is unclear is too small to tell. "
        "A true change of the size that the table calls detectable is found with %g%% "
        "power.</p>\n<p>",
        level, result->comparison->n_tests, 100 * FDML_POWER);
    fdml_html_text(page, words);
    fputs("</p>\n", page->file);
    bool has_intersections = false;
    for (size_t b = 0; b < page->detail->n_by; b++)
        if (fdml_html_is_attribute(page, &page->detail->by[b]))
            fdml_html_left_out(page, &page->detail->by[b]);
        else
            has_intersections = true;
    if (has_intersections)
        fputs("<p class=\"note\">Of intersections, charts show the gap alone.</p>\n",
              page->file);
    fdml_html_begin_charts(page);
    for (size_t m = 0; m < settings->n_metrics; m++)
        if (!fdml_report_is_repeated(settings, m)) put_forest(page, m);
    fdml_html_end_charts(page);
    if (!fdml_grid_changes(&grid, page->report, page->arena)) return false;
    fdml_html_table(page, &grid, "Changes of overall values and gaps", COLUMNS);
    if (!fdml_grid_group_changes(&grid, page->report, page->arena)) return false;
    if (!grid.n_rows) return true;
    fdml_html_begin_details(page, "Changes of all groups");
    fdml_html_table(page, &grid, "Changes of groups", COLUMNS);
    fdml_html_end_details(page);
    return true;
}
