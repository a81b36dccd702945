/* report_html_groups.c - what the data are, what each group gets, and how far groups are apart.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

enum { COLUMNS = 5 }; /* of values that fit the width of a sheet of paper */

/* --- the data card -------------------------------------------------------------------- */

static void put_facts(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_audit_detail *detail = page->detail;
    fputs("<table>\n<caption>Rows and classes</caption>\n<tbody>\n", page->file);
    fdml_html_fact(page, "embeddings", "%zu", result->n_rows);
    fdml_html_fact(page, "dimensions", "%zu", page->report->problem->dim);
    fdml_html_fact(page, "queries", "%zu", result->n_queries);
    fdml_html_fact(page, "queries without a possible match", "%zu", result->n_lone);
    fdml_html_fact(page, "gallery rows", "%zu", result->n_gallery);
    fdml_html_fact(page, "classes", "%zu", result->n_classes);
    fdml_html_fact(page, "rows of a class: least", "%zu", detail->smallest_class);
    fdml_html_fact(page, "rows of a class: median", "%g", detail->median_class);
    fdml_html_fact(page, "rows of a class: most", "%zu", detail->largest_class);
    fputs("</tbody>\n</table>\n", page->file);
}

/* "1", "2", "3-4", "5-8", ... */
static void name_bin(char text[40], size_t bin)
{
    const size_t high = (size_t)1 << bin, low = high / 2 + 1;
    if (bin + 1 == FDML_DETAIL_SIZES)
        snprintf(text, 40, "%zu and more", low);
    else if (low < high)
        snprintf(text, 40, "%zu-%zu", low, high);
    else
        snprintf(text, 40, "%zu", high);
}

static void put_sizes(html_page *page)
{
    html_row rows[FDML_DETAIL_SIZES];
    char name[FDML_DETAIL_SIZES][40], note[FDML_DETAIL_SIZES][24], about[HTML_TEXT] = "";
    size_t n = 0;
    for (size_t b = 0; b < FDML_DETAIL_SIZES; b++) {
        const size_t count = page->detail->class_sizes[b];
        if (!count) continue;
        name_bin(name[n], b);
        snprintf(note[n], sizeof note[n], "%zu", count);
        fdml_text_append(about, sizeof about, "%s%zu classes of %s rows", n ? ", " : "", count,
                         name[n]);
        rows[n] = (html_row){ .label = name[n],
                              .note = note[n],
                              .estimate = { (double)count, NAN, NAN, count, NULL },
                              .base = 0 };
        n++;
    }
    const html_rows chart = { .row = rows, .n = n, .line = NAN, .axis = "classes" };
    fdml_html_chart_rows(page, "Classes by number of rows", about, &chart);
}

static bool put_counts(html_page *page, const fdml_detail_grouping *by)
{
    static const char *const header[] = { NULL, "rows", "share", "classes", "queries", "lone" };
    enum { N = sizeof header / sizeof *header };
    fdml_grid grid;
    char caption[256];
    if (!fdml_grid_init(&grid, NULL, N, 1, by->n, page->arena)) return false;
    for (size_t c = 1; c < N; c++) grid.header[c] = header[c];
    grid.header[0] = fdml_html_by(page, by);
    for (size_t g = 0; g < by->n; g++) {
        const fdml_detail_group *group = &by->group[g];
        const fdml_group_result *listed = fdml_html_group(page, group);
        const double share = (double)group->n_rows / (double)page->report->result->n_rows;
        fdml_grid_row(&grid);
        fdml_grid_set(&grid, 0, FDML_CELL_NAME, "%s", group->value);
        fdml_grid_set(&grid, 1, FDML_CELL_VALUE, "%zu", group->n_rows);
        fdml_grid_set(&grid, 2, FDML_CELL_VALUE, "%.1f%%", 100 * share);
        fdml_grid_set(&grid, 3, FDML_CELL_VALUE, "%zu", group->n_classes);
        fdml_grid_set(&grid, 4, FDML_CELL_VALUE, "%zu", listed->n);
        fdml_grid_set(&grid, 5, FDML_CELL_VALUE, "%zu", listed->n_lone);
    }
    snprintf(caption, sizeof caption, "Rows by %.150s", fdml_html_by(page, by));
    if (by->n_left_out)
        fdml_text_append(caption, sizeof caption, " (%zu of %zu groups)", by->n,
                         by->n + by->n_left_out);
    fdml_html_table(page, &grid, caption, N);
    return !grid.failed;
}

bool fdml_html_put_data(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    fdml_html_put_warnings(page, result->warnings, result->n_warnings);
    fputs("<div class=\"tables\">\n", page->file);
    put_facts(page);
    put_sizes(page);
    for (size_t b = 0; b < page->detail->n_by; b++)
        if (!put_counts(page, &page->detail->by[b])) return false;
    fputs("</div>\n", page->file);
    return true;
}

/* --- values by group ------------------------------------------------------------------ */

static void put_metric(html_page *page, const fdml_detail_grouping *by, size_t m)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_metric *metric = &result->settings->metrics[m];
    html_row rows[FDML_DETAIL_GROUPS];
    char about[HTML_TEXT] = "", axis[160], overall[FDML_SHOWN_MAX];
    fdml_show_value(overall, result->overall[m].value);
    for (size_t g = 0; g < by->n; g++) {
        const fdml_group_result *group = fdml_html_group(page, &by->group[g]);
        rows[g] = (html_row){ .label = group->value,
                              .estimate = group->metrics[m],
                              .base = result->overall[m].value,
                              .series = fdml_is_marked(group, m) };
    }
    fdml_html_describe(about, rows, by->n);
    snprintf(axis, sizeof axis, "overall %s, %s is better", overall,
             metric->higher_is_better ? "higher" : "lower");
    const html_rows chart = {
        .row = rows, .n = by->n, .line = result->overall[m].value, .axis = axis
    };
    fdml_html_chart_rows(page, metric->key, about, &chart);
}

bool fdml_html_put_groups(html_page *page)
{
    const fdml_audit_settings *settings = page->report->result->settings;
    fdml_grid grid;
    if (page->detail->n_by) {
        fputs("<p>A bar reaches from the overall value to the group's", page->file);
        if (settings->n_bootstrap)
            fprintf(
                page->file,
                ", a whisker is its %g%% interval. In the second colour, and with a star in "
                "the table: the interval of the difference from the reference leaves out "
                "0, before any correction for the number of groups",
                100 * settings->confidence);
        fputs(".</p>\n", page->file);
    }
    for (size_t b = 0; b < page->detail->n_by; b++) {
        const fdml_detail_grouping *by = &page->detail->by[b];
        fdml_html_heading(page, fdml_html_by(page, by));
        fdml_html_left_out(page, by);
        fdml_html_begin_charts(page);
        for (size_t m = 0; m < settings->n_metrics; m++)
            if (!fdml_report_is_repeated(settings, m)) put_metric(page, by, m);
        fdml_html_end_charts(page);
    }
    if (!fdml_grid_groups(&grid, page->report, page->arena)) return false;
    fputs("<h3>All values</h3>\n", page->file);
    fdml_html_table(page, &grid, "Values by group: queries of the group, whole gallery",
                    COLUMNS);
    return true;
}

/* --- gaps ----------------------------------------------------------------------------- */

/* Metrics that lie in 0..1 share a scale, others have one each: alignment and the like have
 * units of their own. */
static bool is_share(const fdml_metric *metric)
{
    return metric->kind == FDML_KIND_MEAN ||
           (metric->id >= FDML_M_NMI && metric->id <= FDML_M_F1);
}

/* Borders of the intervals of gaps of all metrics that are shares. */
static void share_range(double range[2], const html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    range[0] = range[1] = NAN;
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        if (!is_share(&result->settings->metrics[gap->metric])) continue;
        if (!fdml_html_is_of_detail(page, gap->grouping)) continue;
        range[0] = fmin(range[0], fmin(gap->difference.value, gap->difference.lo));
        range[1] = fmax(range[1], fmax(gap->difference.value, gap->difference.hi));
    }
}

/* A forest plot of the gaps of one metric. */
static void put_forest(html_page *page, size_t m, const double shares[2])
{
    const fdml_audit_result *result = page->report->result;
    const fdml_audit_settings *settings = result->settings;
    html_row rows[FDML_DETAIL_GROUPINGS];
    char note[FDML_DETAIL_GROUPINGS][16], about[HTML_TEXT] = "";
    size_t n = 0;
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        const bool is_sure = fdml_gap_verdict(gap, settings) == 1;
        if (gap->metric != m || !fdml_html_is_of_detail(page, gap->grouping)) continue;
        snprintf(note[n], sizeof note[n], isnan(gap->p_holm) ? "-" : "p %.3f", gap->p_holm);
        rows[n] = (html_row){ .label = gap->by,
                              .note = note[n],
                              .estimate = gap->difference,
                              .base = NAN,
                              .series = is_sure,
                              .is_hollow = !is_sure };
        n++;
    }
    fdml_html_describe(about, rows, n);
    const html_rows chart = { .row = rows,
                              .n = n,
                              .line = 0,
                              .axis = "largest minus smallest",
                              .also = is_share(&settings->metrics[m]) ? shares : NULL };
    fdml_html_chart_rows(page, settings->metrics[m].key, about, &chart);
}

bool fdml_html_put_gaps(html_page *page)
{
    const fdml_audit_settings *settings = page->report->result->settings;
    char level[FDML_SHOWN_MAX];
    const char *shown;
    fdml_grid grid;
    fdml_show_level(level, settings->confidence);
    fprintf(page->file,
            "<p>A gap is the largest minus the smallest value of the groups with enough rows. "
            "Filled marks can be told from chance at %s after Holm's correction, hollow ones "
            "cannot; p is the corrected one. Metrics between 0 and 1 share a scale.",
            level);
    if (page->detail->n_by_left_out)
        fprintf(page->file, " Charts leave out %zu intersections; the table has them.",
                page->detail->n_by_left_out);
    fputs("</p>\n<p>", page->file);
    if (!fdml_report_shown(&shown, page->report, page->arena)) return false;
    fdml_html_text(page, shown);
    fputs("</p>\n", page->file);
    double shares[2];
    share_range(shares, page);
    fdml_html_begin_charts(page);
    for (size_t m = 0; m < settings->n_metrics; m++)
        if (!fdml_report_is_repeated(settings, m)) put_forest(page, m, shares);
    fdml_html_end_charts(page);
    if (!fdml_grid_gaps(&grid, page->report, page->arena)) return false;
    fdml_html_table(page, &grid, "All gaps", COLUMNS);
    return true;
}
