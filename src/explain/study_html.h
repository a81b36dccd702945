/* study_html.h - what the sections of fdml-explain's page share; private to study_html*.c.
 *
 * The page is an outline (eval/report_html.h) over fdml_study_report; its sentences and most
 * of its tables are those of text (study_tables.h). Charts show the first STUDY_CHART_METHODS
 * methods or black boxes, and of an attribute the STUDY_CHART_GROUPS largest groups; tables
 * show all.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_HTML_H
#define FDML_EXPLAIN_STUDY_HTML_H

#include "eval/report_html.h"
#include "explain/study_tables.h"

enum { STUDY_CHART_METHODS = FDML_SVG_SERIES, STUDY_CHART_GROUPS = 12 };
/* Groups of an attribute, and a row for each series of each. */
enum { STUDY_CHART_ROWS = (STUDY_CHART_GROUPS + 1) * STUDY_CHART_METHODS };
enum { STUDY_COLUMNS = 6 }; /* of values that fit the width of a sheet of paper */

static inline const fdml_study_report *study_report_of(const html_page *page)
{
    return page->subject;
}

static inline const fdml_study *study_of(const html_page *page)
{
    return study_report_of(page)->study;
}

/* A table of study_tables.h with its note, where it has rows. False: no memory. */
bool fdml_study_html_table(html_page *page, fdml_study_table_kind kind, size_t box);
/* "<h3>mlp</h3>"; with an attribute, which may be NULL, "mlp, by sex". */
void fdml_study_html_heading(html_page *page, const fdml_study_box *box,
                             const fdml_study_attribute *attribute);

/* --- study_html_data.c -------------------------------------------------------------------- */
/* Where warnings stand, by what they are of: the sections data, boxes, groups. */
typedef enum study_warned {
    STUDY_WARNED_TABLE,
    STUDY_WARNED_BOXES,
    STUDY_WARNED_INTERVALS
} study_warned;
enum { STUDY_WARNED = STUDY_WARNED_INTERVALS + 1 };
const char *const *fdml_study_html_warnings(size_t *n, const fdml_study *study,
                                            study_warned of);

/* --- study_html_groups.c ------------------------------------------------------------------ */
/* Values of the groups of one attribute, a series for each black box or method. */
typedef struct study_series {
    const char *label;
    const fdml_fidelity *by; /* [n_attributes] */
} study_series;

/* A chart for each measure. */
void fdml_study_html_charts(html_page *page, size_t attribute, const study_series *series,
                            size_t n);

/* --- sections ----------------------------------------------------------------------------- */
bool fdml_study_html_put_summary(html_page *page);
bool fdml_study_html_put_data(html_page *page);
bool fdml_study_html_put_boxes(html_page *page);
bool fdml_study_html_put_groups(html_page *page);
bool fdml_study_html_put_gaps(html_page *page);
bool fdml_study_html_put_changes(html_page *page);
bool fdml_study_html_put_simulation(html_page *page);
bool fdml_study_html_put_information(html_page *page);
bool fdml_study_html_put_row(html_page *page);
bool fdml_study_html_put_definitions(html_page *page);
bool fdml_study_html_put_settings(html_page *page);

#endif
