/* report_html_slices.c - the section of slices: how much worse each is, and what it is.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"
#include "eval/slices.h"

static bool put_chart(html_page *page, const fdml_slices_result *r)
{
    const fdml_metric *metric = &page->report->result->settings->metrics[r->metric];
    html_row *row = fdml_arena_push(page->arena, r->n, sizeof *row);
    char title[HTML_TEXT];
    if (!row) return false;
    for (size_t i = 0; i < r->n; i++)
        row[i] = (html_row){ .label = r->slice[i].name,
                             .estimate = r->slice[i].difference,
                             .base = NAN };
    snprintf(title, sizeof title, "%s of a slice minus that of the rest", metric->key);
    const html_rows rows = { .row = row, .n = r->n, .line = 0, .axis = "difference" };
    fdml_html_begin_charts(page);
    fdml_html_chart_rows(page, title,
                         "Points with intervals, one for each slice found; left of 0 is worse "
                         "than the rest.",
                         &rows);
    fdml_html_end_charts(page);
    return true;
}

static bool put_words(html_page *page, const fdml_slices_result *r)
{
    fputs("<dl>\n", page->file);
    for (size_t i = 0; i < r->n; i++) {
        const char *words;
        if (!fdml_report_slice(&words, page->report, i, page->arena)) return false;
        fputs("<dt>", page->file);
        fdml_html_name(page, r->slice[i].name);
        fputs("</dt><dd>", page->file);
        fdml_html_text(page, words);
        fputs(".</dd>\n", page->file);
    }
    fputs("</dl>\n", page->file);
    return true;
}

bool fdml_html_put_slices(html_page *page)
{
    enum { COLUMNS = 9 };
    const fdml_slices_result *r = page->report->result->slices;
    const char *words;
    fdml_grid grid;
    if (!fdml_report_slices(&words, page->report, page->arena)) return false;
    fputs("<p>", page->file);
    fdml_html_text(page, words);
    fputs("</p>\n", page->file);
    if (!r->n) return true;
    if (!put_chart(page, r) || !fdml_grid_slices(&grid, page->report, page->arena))
        return false;
    fdml_html_table(page, &grid,
                    "Slices that do worse, by what is lost in them beyond the rest", COLUMNS);
    return put_words(page, r);
}
