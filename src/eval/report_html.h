/* report_html.h - what the parts of HTML reports share.
 *
 * A page is an outline (report_html_page.c): a table of sections and what the program calls
 * itself. A section of fdml-eval's page is a row of the table in report_html.c and one
 * function; it finds what it shows in page->report and page->detail, and computes nothing. A
 * row's `absent` is the sentence for a report without it. To add one: the function here, in a
 * file report_html_*.c, and the row there; contents and numbering follow. fdml-explain's page
 * is explain/study_html.c.
 *
 * Names from users' files go through fdml_html_name and fdml_html_text alone. A chart is a
 * figure of HTML_CHART pixels, which fits a phone; wider pages show several beside each other.
 * Charts of rows and of lines are drawn by fdml_html_chart_*.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_REPORT_HTML_H
#define FDML_EVAL_REPORT_HTML_H

#include "eval/report.h"
#include "eval/report_grid.h"
#include "eval/report_tables.h"
#include "eval/svg.h"

enum { HTML_CHART = 360, HTML_TEXT = 2048 };

typedef struct html_page {
    FILE *file;
    const struct html_outline *outline;
    /* Of a page that is not fdml-eval's the result is NULL: there are inputs, gates, hash,
     * version and machine alone. */
    const fdml_report *report;
    const fdml_audit_detail *detail; /* fdml-eval's */
    const void *subject;             /* what another page's own sections show */
    fdml_arena *arena;
    size_t n_charts, n_tables;
} html_page;

/* --- report_html_page.c ------------------------------------------------------------------- */
/* One section: its anchor and title; whether this report has it (NULL: all have), and what is
 * said at the end where it has not; what writes it, false where memory ran out. The first is
 * the summary, which stands before the contents. */
typedef struct html_section {
    const char *id, *title;
    bool (*is_given)(const html_page *page);
    const char *absent;
    bool (*put)(html_page *page);
} html_section;

typedef struct html_outline {
    const char *program, *title, *subject; /* "fdml-eval"; "Audit of "; without a file of which:
                                            * "embeddings" */
    const html_section *section;           /* [n] */
    size_t n;
} html_outline;

/* The whole page. FDML_E_NOMEM. */
fdml_status fdml_html_page(html_page *page, fdml_error *err);

/* --- report_html_parts.c: text, tables, figures ------------------------------------------- */
void fdml_html_text(html_page *page, const char *text); /* escaped */
void fdml_html_name(html_page *page,
                    const char *name); /* and isolated from the text's direction */
void fdml_html_put(html_page *page, const char *markup, ...)
    __attribute__((format(printf, 2, 3)));
void fdml_html_heading(html_page *page,
                       const char *by); /* "By gender" below a section's title */
/* As tables of at most `columns` value columns each, so that they fit a page. */
void fdml_html_table(html_page *page, const fdml_grid *grid, const char *caption,
                     size_t columns);
void fdml_html_begin_charts(html_page *page);
void fdml_html_end_charts(html_page *page);
/* A figure and its drawing, `height` high; the caption is `title`. */
void fdml_html_begin_chart(html_page *page, fdml_svg *svg, const char *title,
                           const char *description, double height);
/* The same of another width than HTML_CHART's. */
void fdml_html_begin_figure(html_page *page, fdml_svg *svg, const char *title,
                            const char *description, double width, double height);
void fdml_html_end_chart(html_page *page, fdml_svg *svg);
/* A row of a table of two columns, which is open. */
void fdml_html_fact(html_page *page, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What charts of a grouping do not show, as a sentence, where there is such. */
void fdml_html_left_out(html_page *page, const fdml_detail_grouping *by);
const fdml_group_result *fdml_html_group(const html_page *page, const fdml_detail_group *group);
const char *fdml_html_by(const html_page *page, const fdml_detail_grouping *by);
bool fdml_html_is_attribute(const html_page *page, const fdml_detail_grouping *by);
/* Whether charts show a grouping. */
bool fdml_html_is_of_detail(const html_page *page, size_t grouping);
/* What is folded away on a screen and stands open on paper. */
void fdml_html_begin_details(html_page *page, const char *summary);
void fdml_html_end_details(html_page *page);

/* --- report_html_about.c: what a reader needs to trust and repeat the page ---------------- */
/* An entry of a list of definitions; none where there is no sentence. */
void fdml_html_define(html_page *page, const char *key, const char *sentence);
void fdml_html_put_warnings(html_page *page, const char *const *warning, size_t n);
void fdml_html_put_setting_list(html_page *page, const fdml_setting *settings, size_t n);

/* --- report_html_gates.c ------------------------------------------------------------------ */
/* In the summary: whether all gates are passed, and which are not. */
void fdml_html_put_verdicts(html_page *page);

/* --- report_html_style.c ------------------------------------------------------------------ */
void fdml_html_style(html_page *page);

/* --- report_html_chart.c ------------------------------------------------------------------ */
/* One line of a chart of rows: a bar from `base` to the value, or a point, and its interval.
 * What has no value shows its `why`. Rows with the label "" belong to the one above. */
typedef struct html_row {
    const char *label, *note; /* note: at the right; NULL: the value itself */
    fdml_estimate estimate;
    double base; /* NaN: no bar, a point */
    size_t series;
    bool is_hollow, is_heading;
    const char *name; /* what the tip calls it; NULL: the label */
} html_row;

typedef struct html_rows {
    const html_row *row;
    size_t n;
    double line; /* a vertical line there; NaN: none */
    const char *axis;
    const double
        *also; /* [2] values the axis holds as well, for charts of one scale; or NULL */
    const fdml_legend_item *legend; /* [n_legend] above the plot */
    size_t n_legend;
} html_rows;
void fdml_html_chart_rows(html_page *page, const char *title, const char *description,
                          const html_rows *rows);

/* The rows in words, for those who cannot see them; about: "" at first. */
void fdml_html_describe(char about[HTML_TEXT], const html_row *row, size_t n);

typedef struct html_series {
    const char *label;
    size_t series;
    const double *x, *y; /* [n]; where either is NaN, or not positive on a log axis: a gap */
    size_t n;
} html_series;

typedef struct html_lines {
    const html_series *series;
    size_t n;
    bool x_is_log, y_is_log;
    const char *x_title, *y_title;
} html_lines;
void fdml_html_chart_lines(html_page *page, const char *title, const char *description,
                           const html_lines *lines);

/* --- sections ----------------------------------------------------------------------------- */
bool fdml_html_put_summary(html_page *page);
bool fdml_html_put_gates(html_page *page);
bool fdml_html_put_comparison(html_page *page);
bool fdml_html_put_downstream(html_page *page);
bool fdml_html_put_data(html_page *page);
bool fdml_html_put_groups(html_page *page);
bool fdml_html_put_gaps(html_page *page);
bool fdml_html_put_curves(html_page *page);
bool fdml_html_put_distances(html_page *page);
bool fdml_html_put_cross(html_page *page);
bool fdml_html_put_spectrum(html_page *page);
bool fdml_html_put_det(html_page *page);
bool fdml_html_put_leakage(html_page *page);
bool fdml_html_put_slices(html_page *page);
bool fdml_html_put_map(html_page *page);
bool fdml_html_put_worst(html_page *page);
bool fdml_html_put_definitions(html_page *page);
bool fdml_html_put_settings(html_page *page);
bool fdml_html_put_hashes(html_page *page);

#endif
