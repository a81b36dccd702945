/* report_slices.c - the slices found: as a table, in words, and in the JSON report.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/report_json.h"
#include "eval/report_tables.h"
#include "eval/slices.h"

enum { TEXT_MAX = 2048 };

/* --- tables ----------------------------------------------------------------------------- */

bool fdml_grid_slices(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "slice",      "n", "classes",  "value",      "rest",
                                          "difference", "p", "p_search", "loss_share", "lift" };
    const fdml_slices_result *r = report->result->slices;
    const size_t n_columns = sizeof header / sizeof *header;
    if (!fdml_grid_init(grid, NULL, n_columns, 1, r->n, arena)) return false;
    for (size_t c = 0; c < n_columns; c++) grid->header[c] = header[c];
    for (size_t i = 0; i < r->n; i++) {
        const fdml_slice *s = &r->slice[i];
        const fdml_estimate rest = { s->rest.value, NAN, NAN, s->rest.n, NULL };
        const double number[] = { s->p, s->p_search, s->loss_share, s->lift };
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", s->name);
        fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", s->n);
        fdml_grid_set(grid, 2, FDML_CELL_VALUE, "%zu", s->n_classes);
        fdml_grid_estimate(grid, 3, &s->value, "");
        fdml_grid_estimate(grid, 4, &rest, "");
        fdml_grid_estimate(grid, 5, &s->difference, "");
        for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
            char text[FDML_SHOWN_MAX];
            fdml_show_value(text, number[k]);
            fdml_grid_set(grid, 6 + k, FDML_CELL_VALUE, "%s", text);
        }
    }
    return !grid->failed;
}

/* --- words ------------------------------------------------------------------------------ */

static void tell_detectable(char text[TEXT_MAX], const fdml_slices_result *r)
{
    char least[FDML_SHOWN_MAX], most[FDML_SHOWN_MAX];
    if (!isfinite(r->detectable_least)) return;
    fdml_show_value(least, r->detectable_least);
    fdml_show_value(most, r->detectable_most);
    fdml_text_append(
        text, TEXT_MAX,
        " With %g%% power a slice is found where its queries do worse than the rest"
        " by %s (the easiest to judge, %zu queries) to %s (the hardest, %zu).",
        100 * FDML_POWER, least, r->n_least, most, r->n_most);
}

static void tell_closest(char text[TEXT_MAX], const fdml_slices_result *r)
{
    char difference[FDML_SHOWN_MAX], p[FDML_SHOWN_MAX];
    fdml_show_value(difference, r->closest_difference);
    fdml_show_value(p, r->closest_p);
    fdml_text_append(text, TEXT_MAX, " The closest to it: %.200s (difference %s, p_search %s).",
                     r->closest, difference, p);
}

bool fdml_report_slices(const char **sentence, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_settings *settings = report->result->settings;
    const fdml_slices_result *r = report->result->slices;
    char text[TEXT_MAX], level[FDML_SHOWN_MAX];
    fdml_show_level(level, settings->confidence);
    if (r->why) {
        snprintf(text, sizeof text, "No slice was tried: %s.", r->why);
    } else {
        snprintf(
            text, sizeof text,
            "%zu of %zu slices of %zu queries can be told from chance at %s to do worse than "
            "the rest, corrected for all that were tried",
            r->n_significant, r->n_tried, r->n_queries, level);
        if (r->n_significant > r->n && !r->n_unexplained)
            fdml_text_append(text, sizeof text, "; the %zu listed explain%s the others", r->n,
                             r->n == 1 ? "s" : "");
        fdml_text_append(text, sizeof text, ".");
        if (!r->n_significant) tell_closest(text, r);
        if (r->n_unexplained)
            fdml_text_append(text, sizeof text, " %zu are not explained by those listed.",
                             r->n_unexplained);
        if (r->n_small)
            fdml_text_append(text, sizeof text,
                             " Not tried, for fewer than %zu queries or %d classes: %zu.",
                             settings->slices.min_rows, FDML_SLICE_LEAST_CLASSES, r->n_small);
        tell_detectable(text, r);
    }
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}

bool fdml_report_slice(const char **sentence, const fdml_report *report, size_t index,
                       fdml_arena *arena)
{
    const fdml_slice *slice = &report->result->slices->slice[index];
    char text[TEXT_MAX], excess[FDML_SHOWN_MAX];
    fdml_show_value(excess, slice->excess);
    snprintf(text, sizeof text, "%.3g%% of all that is lost, in %.3g%% of the queries",
             100 * slice->loss_share, 100 * slice->loss_share / slice->lift);
    for (size_t t = 0; t < slice->n_traits; t++)
        fdml_text_append(text, sizeof text, "%s %.200s=%.200s (%.0f%% against %.0f%%)",
                         t ? "," : "; more often", slice->trait[t].column,
                         slice->trait[t].value, 100 * slice->trait[t].share,
                         100 * slice->trait[t].rest);
    fdml_text_append(text, sizeof text, "; for example row %u", (unsigned)slice->example);
    const fdml_factor *label = report->problem ? report->problem->label : NULL;
    if (label)
        fdml_text_append(text, sizeof text, " (%.200s)",
                         label->level[label->code[slice->example]]);
    if (slice->same)
        fdml_text_append(text, sizeof text, "; the same queries: %.400s", slice->same);
    if (slice->n_explained > FDML_SLICE_MOST_NAMED)
        fdml_text_append(text, sizeof text, "; explains %zu others, such as %.400s",
                         slice->n_explained, slice->explained);
    else if (slice->explained)
        fdml_text_append(text, sizeof text, "; explains %.400s", slice->explained);
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}

/* --- JSON ------------------------------------------------------------------------------- */

static void put_slice(fdml_json_writer *w, const fdml_slice *s)
{
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "name", s->name);
    fdml_json_put_text(w, "kind", s->n_conditions ? "columns" : "cluster");
    fdml_json_put_count(w, "n", s->n);
    fdml_json_put_count(w, "classes", s->n_classes);
    fdml_report_json_estimate(w, "value", &s->value, false);
    fdml_report_json_estimate(w, "rest", &s->rest, true);
    fdml_report_json_estimate(w, "difference", &s->difference, false);
    fdml_json_put_number(w, "p", s->p);
    fdml_json_put_number(w, "p_search", s->p_search);
    fdml_json_put_number(w, "loss_share", s->loss_share);
    fdml_json_put_number(w, "lift", s->lift);
    fdml_json_put_number(w, "excess", s->excess);
    fdml_json_put_number(w, "detectable", s->detectable);
    fdml_json_key(w, "traits");
    fdml_json_begin_array(w);
    for (size_t t = 0; t < s->n_traits; t++) {
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "column", s->trait[t].column);
        fdml_json_put_text(w, "value", s->trait[t].value);
        fdml_json_put_number(w, "share", s->trait[t].share);
        fdml_json_put_number(w, "rest", s->trait[t].rest);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_put_count(w, "example_row", s->example);
    fdml_json_put_text(w, "same", s->same);
    fdml_json_put_count(w, "explains", s->n_explained);
    fdml_json_put_text(w, "explained", s->explained);
    fdml_json_end_object(w);
}

void fdml_report_json_slices(fdml_json_writer *w, const fdml_audit_result *result)
{
    const fdml_slices_result *r = result->slices;
    fdml_json_key(w, "slices");
    if (!r) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "metric", result->settings->metrics[r->metric].key);
    fdml_json_put_count(w, "queries", r->n_queries);
    fdml_json_put_count(w, "tried", r->n_tried);
    fdml_json_put_count(w, "too_small", r->n_small);
    fdml_json_put_count(w, "significant", r->n_significant);
    fdml_json_put_count(w, "unexplained", r->n_unexplained);
    fdml_json_put_number(w, "critical_z", r->critical);
    fdml_json_key(w, "detectable");
    fdml_json_begin_object(w);
    fdml_json_put_number(w, "least", r->detectable_least);
    fdml_json_put_count(w, "least_n", r->n_least);
    fdml_json_put_number(w, "most", r->detectable_most);
    fdml_json_put_count(w, "most_n", r->n_most);
    fdml_json_end_object(w);
    fdml_json_key(w, "closest");
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "name", r->closest);
    fdml_json_put_number(w, "difference", r->closest_difference);
    fdml_json_put_number(w, "p_search", r->closest_p);
    fdml_json_end_object(w);
    fdml_json_key(w, "found");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < r->n; i++) put_slice(w, &r->slice[i]);
    fdml_json_end_array(w);
    if (r->why) fdml_json_put_text(w, "why", r->why);
    fdml_json_end_object(w);
}
