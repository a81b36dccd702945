/* report_html_learned.c - downstream classifiers: how far groups are apart when all rows train
 * and when groups count alike, and what that costs. Charts show accuracy, tables every measure.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

enum { COLUMNS = 5, ROWS = FDML_CLASSIFIERS * FDML_PROTOCOLS, MOST_SETS = 8 };

/* One chart: what a row shows of a classifier that was trained one way. */
typedef struct learned_chart {
    const char *title, *axis;
    double line;
    fdml_protocol first; /* the protocols from here on */
    fdml_estimate (*estimate)(const fdml_learned_result *learned);
    bool (*is_sure)(const fdml_learned_result *learned, const fdml_audit_settings *settings);
    /* What stands beside it; NULL: its value. */
    void (*note)(char note[16], const fdml_learned_result *learned);
} learned_chart;

static fdml_estimate gap_of(const fdml_learned_result *learned)
{
    return learned->gap[FDML_L_ACCURACY].difference;
}

static bool is_gap_sure(const fdml_learned_result *learned, const fdml_audit_settings *settings)
{
    return fdml_gap_verdict(&learned->gap[FDML_L_ACCURACY], settings) == 1;
}

static void note_p(char note[16], const fdml_learned_result *learned)
{
    const double p = learned->gap[FDML_L_ACCURACY].p_holm;
    snprintf(note, 16, isnan(p) ? "-" : "p %.3f", p);
}

static fdml_estimate change_of(const fdml_learned_result *learned)
{
    return learned->gap_change[FDML_L_ACCURACY];
}

static bool is_change_sure(const fdml_learned_result *learned,
                           const fdml_audit_settings *settings)
{
    (void)settings;
    const fdml_estimate change = change_of(learned);
    return change.lo > 0 || change.hi < 0;
}

static void note_change(char note[16], const fdml_learned_result *learned)
{
    const fdml_estimate change = change_of(learned);
    snprintf(note, 16, "%s", change.hi < 0 ? "narrower" : change.lo > 0 ? "wider" : "unclear");
}

static fdml_estimate accuracy_of(const fdml_learned_result *learned)
{
    return learned->all.value[FDML_L_ACCURACY];
}

static bool is_any(const fdml_learned_result *learned, const fdml_audit_settings *settings)
{
    (void)learned, (void)settings;
    return true;
}

static const learned_chart charts[] = {
    { "Gap of accuracy", "largest minus smallest group", 0, FDML_AS_IS, gap_of, is_gap_sure,
      note_p },
    { "Change of the gap by balancing", "gap minus that of as_is", 0, FDML_AS_IS + 1, change_of,
      is_change_sure, note_change },
    { "Accuracy of all rows", "share of test rows", NAN, FDML_AS_IS, accuracy_of, is_any,
      NULL },
};
enum { CHARTS = sizeof charts / sizeof *charts, ACCURACY = CHARTS - 1 };

static void put_chart(html_page *page, const fdml_downstream_result *d,
                      const learned_chart *chart)
{
    const fdml_audit_settings *settings = page->report->result->settings;
    html_row rows[ROWS];
    fdml_legend_item legend[FDML_PROTOCOLS];
    char note[ROWS][16], name[ROWS][FDML_LEARNED_KEY], about[HTML_TEXT] = "";
    size_t n = 0, n_legend = 0, is_in[FDML_PROTOCOLS] = { 0 };
    for (size_t i = 0; i < d->n_learned && n < ROWS; i++) {
        const fdml_learned_result *l = &d->learned[i];
        const char *classifier = fdml_classifier_name[l->classifier];
        if (l->protocol < chart->first) continue;
        is_in[l->protocol] = 1;
        if (chart->note) chart->note(note[n], l);
        snprintf(name[n], sizeof name[n], "%s.%s", classifier, fdml_protocol_name[l->protocol]);
        const bool is_first = !n || d->learned[i - 1].classifier != l->classifier ||
                              d->learned[i - 1].protocol < chart->first;
        rows[n] = (html_row){ .label = is_first ? classifier : "",
                              .note = chart->note ? note[n] : NULL,
                              .estimate = chart->estimate(l),
                              .base = NAN,
                              .series = l->protocol,
                              .is_hollow = !chart->is_sure(l, settings),
                              .name = name[n] };
        n++;
    }
    if (!n) return;
    for (size_t p = 0; p < FDML_PROTOCOLS; p++)
        if (is_in[p]) legend[n_legend++] = (fdml_legend_item){ p, fdml_protocol_name[p] };
    fdml_html_describe(about, rows, n);
    const html_rows shown = { .row = rows,
                              .n = n,
                              .line = chart->line,
                              .axis = chart->axis,
                              .legend = legend,
                              .n_legend = n_legend };
    fdml_html_chart_rows(page, chart->title, about, &shown);
}

static void put_sizes(html_page *page, const fdml_downstream_result *d)
{
    const unsigned n_splits = page->report->result->settings->downstream.n_splits;
    fprintf(page->file,
            "<p class=\"note\">%zu values; %u split%s of %zu training and %zu test rows",
            d->n_values, n_splits, n_splits == 1 ? "" : "s", d->n_train[FDML_AS_IS], d->n_test);
    for (size_t p = FDML_AS_IS + 1; p < FDML_PROTOCOLS; p++)
        if (d->n_train[p])
            fprintf(page->file, "; %s: %zu training rows", fdml_protocol_name[p],
                    d->n_train[p]);
    fputs(".</p>\n", page->file);
}

/* Charts of every attribute, and of intersections where that does not make too many. */
static bool has_charts(const html_page *page, const fdml_downstream_result *d)
{
    const fdml_audit_result *result = page->report->result;
    return !d->grouping || (fdml_html_is_of_detail(page, d->grouping) &&
                            (result->n_downstream <= MOST_SETS ||
                             !result->groupings.grouping[d->grouping].is_intersection));
}

static bool put_tables(html_page *page, size_t index)
{
    const fdml_downstream_result *d = &page->report->result->downstream[index];
    fdml_grid grid;
    if (!fdml_grid_learned(&grid, page->report, index, page->arena)) return false;
    if (!d->grouping) {
        fdml_html_table(page, &grid, "All measures", COLUMNS);
        return true;
    }
    fdml_html_begin_details(page, "Accuracy of every group, and the gaps of all measures");
    fdml_html_table(page, &grid, "Accuracy by group; n: test rows of one split", COLUMNS);
    if (!fdml_grid_learned_gaps(&grid, page->report, index, page->arena)) return false;
    fdml_html_table(page, &grid,
                    "Gaps of all measures. *: told from chance (only accuracy is tested), "
                    "+: the interval of the change leaves out 0",
                    COLUMNS);
    fdml_html_end_details(page);
    return true;
}

static bool put_set(html_page *page, size_t index)
{
    const fdml_downstream_result *d = &page->report->result->downstream[index];
    const char *words;
    fputs("<h3>Predicting ", page->file);
    fdml_html_name(page, d->target);
    if (d->grouping) {
        fputs(", by ", page->file);
        fdml_html_name(page, d->by);
    }
    fputs("</h3>\n", page->file);
    if (d->grouping) {
        if (!fdml_report_learned(&words, page->report, index, page->arena)) return false;
        fprintf(page->file, "<p>%s</p>\n", words); /* of our own names alone */
    }
    put_sizes(page, d);
    if (has_charts(page, d)) {
        fdml_html_begin_charts(page);
        for (size_t c = d->grouping ? 0 : ACCURACY; c < CHARTS; c++)
            put_chart(page, d, &charts[c]);
        fdml_html_end_charts(page);
    }
    return put_tables(page, index);
}

bool fdml_html_put_downstream(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    char level[FDML_SHOWN_MAX];
    fdml_show_level(level, result->settings->confidence);
    fprintf(page->file,
            "<p>What classifiers make of the embeddings, on rows that did not train them. They "
            "are trained on all training rows (as_is), on rows cut so that groups count alike "
            "(balanced_under), and on rows repeated to the same end (balanced_over). A filled "
            "mark of a gap can be told from chance at %s after Holm's correction, that of a "
            "change has an interval that leaves out 0.</p>\n",
            level);
    for (size_t i = 0; i < result->n_downstream; i++)
        if (!put_set(page, i)) return false;
    return true;
}
