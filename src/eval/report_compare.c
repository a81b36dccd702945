/* report_compare.c - the comparison with another model as tables and in words.
 *
 * Overall values and gaps have a row for each metric with everything known of the change; the
 * groups' changes stand in a table like that of their values. Words are computed from the same
 * numbers. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/report_tables.h"

enum { TEXT_MAX = 4096, NAMED_MAX = 16 };

static void show_signed(char text[FDML_SHOWN_MAX], double value)
{
    char size[FDML_SHOWN_MAX];
    fdml_show_value(size, fabs(value));
    snprintf(text, FDML_SHOWN_MAX, "%s%.80s", value > 0 ? "+" : value < 0 ? "-" : "", size);
}

static void show_change(char text[FDML_SHOWN_MAX], const fdml_estimate *e)
{
    char value[FDML_SHOWN_MAX], lo[FDML_SHOWN_MAX], hi[FDML_SHOWN_MAX];
    show_signed(value, e->value);
    show_signed(lo, e->lo);
    show_signed(hi, e->hi);
    if (isnan(e->lo) || isnan(e->hi))
        snprintf(text, FDML_SHOWN_MAX, "%.24s", value);
    else
        snprintf(text, FDML_SHOWN_MAX, "%.24s [%.24s, %.24s]", value, lo, hi);
}

const char *fdml_change_word(const fdml_difference *d, bool higher_is_better,
                             const fdml_audit_settings *settings)
{
    static const char *const answer[] = { "worse", "unclear", "better" };
    if (isnan(d->p_holm)) return "-";
    return answer[1 + fdml_difference_verdict(d, higher_is_better, settings->confidence)];
}

/* --- tables --------------------------------------------------------------------------- */

static void set_number(fdml_grid *grid, size_t column, double value)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_value(text, value);
    fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s", text);
}

static void change_row(fdml_grid *grid, const char *metric, const fdml_difference *d,
                       bool higher_is_better, const fdml_audit_settings *settings)
{
    char text[FDML_SHOWN_MAX];
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", metric);
    fdml_grid_set(grid, 1, FDML_CELL_NAME, "%s",
                  fdml_change_word(d, higher_is_better, settings));
    if (d->change.why) {
        for (size_t c = 2; c < grid->n_columns; c++)
            fdml_grid_set(grid, c, FDML_CELL_WHY, "%s", d->change.why);
        return;
    }
    show_change(text, &d->change);
    fdml_grid_set(grid, 2, FDML_CELL_VALUE, "%s", text);
    const double number[] = { d->p, d->p_holm, d->other.value, d->detectable };
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        set_number(grid, 3 + i, number[i]);
}

bool fdml_grid_changes(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "new - other", "model is", "change",    "p",
                                          "Holm p",      "other",    "detectable" };
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *s = result->settings;
    const fdml_comparison *c = result->comparison;
    const size_t n_columns = sizeof header / sizeof *header;
    const size_t capacity = 1 + s->n_metrics + 2 * result->n_gaps;
    if (!fdml_grid_init(grid, NULL, n_columns, 2, capacity, arena)) return false;
    for (size_t i = 0; i < n_columns; i++) grid->header[i] = header[i];
    fdml_grid_heading(grid, "overall");
    for (size_t m = 0; m < s->n_metrics; m++)
        change_row(grid, s->metrics[m].key, &c->overall[m], s->metrics[m].higher_is_better, s);
    size_t grouping = 0;
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        char heading[256];
        snprintf(heading, sizeof heading, "gap by %.200s", gap->by);
        if (gap->grouping != grouping) fdml_grid_heading(grid, heading);
        grouping = gap->grouping;
        change_row(grid, s->metrics[gap->metric].key, &c->gaps[i], false, s);
    }
    return !grid->failed;
}

static void set_group_change(fdml_grid *grid, size_t column, const fdml_difference *d,
                             const fdml_metric *metric, const fdml_audit_settings *settings)
{
    char text[FDML_SHOWN_MAX];
    if (d->change.why) {
        fdml_grid_set(grid, column, FDML_CELL_WHY, "%s", d->change.why);
        return;
    }
    const int verdict =
        fdml_difference_verdict(d, metric->higher_is_better, settings->confidence);
    show_change(text, &d->change);
    fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s%s", text,
                  verdict > 0   ? " better"
                  : verdict < 0 ? " worse"
                                : "");
}

bool fdml_grid_group_changes(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *s = result->settings;
    const size_t n_metrics = s->n_metrics;
    if (!fdml_grid_init(grid, NULL, 2 + n_metrics, 2, 2 * result->n_groups, arena))
        return false;
    grid->header[0] = "change of";
    grid->header[1] = "n";
    grid->is_right[1] = true;
    for (size_t m = 0; m < n_metrics; m++) grid->header[2 + m] = s->metrics[m].key;
    size_t grouping = 0;
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        if (group->grouping != grouping) fdml_grid_heading(grid, group->by);
        grouping = group->grouping;
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", group->value);
        fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", group->n);
        for (size_t m = 0; m < n_metrics; m++)
            set_group_change(grid, 2 + m, &result->comparison->groups[g * n_metrics + m],
                             &s->metrics[m], s);
    }
    return !grid->failed;
}

/* --- words ---------------------------------------------------------------------------- */

/* One difference with its name: what is listed in sentences. */
typedef struct named {
    const fdml_difference *difference;
    const fdml_metric *metric;
    const char *of, *value; /* "overall", ""; a group's column and value; "gap by", column */
} named;

static size_t n_named(const fdml_audit_result *r)
{
    return r->settings->n_metrics * (1 + r->n_groups) + r->n_gaps;
}

/* Number i of overall values, groups and gaps. */
static named name_of(const fdml_audit_result *r, size_t i)
{
    const fdml_comparison *c = r->comparison;
    const fdml_metric *metrics = r->settings->metrics;
    const size_t n = r->settings->n_metrics;
    if (i < n) return (named){ &c->overall[i], &metrics[i], "overall", "" };
    i -= n;
    if (i < n * r->n_groups)
        return (named){ &c->groups[i], &metrics[i % n], r->groups[i / n].by,
                        r->groups[i / n].value };
    i -= n * r->n_groups;
    return (named){ &c->gaps[i], &metrics[r->gaps[i].metric], "gap by", r->gaps[i].by };
}

static bool is_gap(const fdml_audit_result *r, size_t i)
{
    return i >= r->settings->n_metrics * (1 + r->n_groups);
}

static int verdict_at(const fdml_audit_result *r, size_t i)
{
    const named x = name_of(r, i);
    return fdml_difference_verdict(x.difference, !is_gap(r, i) && x.metric->higher_is_better,
                                   r->settings->confidence);
}

/* "; gender F", "; gap by gender", "; overall" */
static void list_name(char text[TEXT_MAX], const char *before, const named *x)
{
    char of[FDML_NAME_SHOWN], value[FDML_NAME_SHOWN];
    fdml_name_show(of, x->of);
    fdml_name_show(value, x->value);
    fdml_text_append(text, TEXT_MAX, "%s %s%s%s", before, of, *value ? " " : "", value);
}

/* " Better: overall recall_at_1 +0.0120, map_at_r +0.0200; gender F recall_at_1 +0.0300." */
static void list_changes(char text[TEXT_MAX], const fdml_audit_result *r, int verdict,
                         const char *title)
{
    size_t n = 0;
    const char *of = NULL, *value = NULL;
    for (size_t i = 0; i < n_named(r); i++) {
        const named x = name_of(r, i);
        char change[FDML_SHOWN_MAX];
        if (verdict_at(r, i) != verdict || ++n > NAMED_MAX) continue;
        show_signed(change, x.difference->change.value);
        if (of != x.of || strcmp(value, x.value) != 0)
            list_name(text, n == 1 ? title : ";", &x);
        else
            fdml_text_append(text, TEXT_MAX, ",");
        fdml_text_append(text, TEXT_MAX, " %s %s", x.metric->key, change);
        of = x.of;
        value = x.value;
    }
    if (n > NAMED_MAX) fdml_text_append(text, TEXT_MAX, "; and %zu more", n - NAMED_MAX);
    if (n) fdml_text_append(text, TEXT_MAX, ".");
}

/* How large a change of the first metric would have to be, overall and for the group about
 * which least is known. */
static void tell_detectable(char text[TEXT_MAX], const fdml_audit_result *r)
{
    const fdml_comparison *c = r->comparison;
    const size_t n = r->settings->n_metrics;
    char own[FDML_SHOWN_MAX], most[FDML_SHOWN_MAX];
    char by[FDML_NAME_SHOWN], value[FDML_NAME_SHOWN];
    size_t widest = r->n_groups;
    for (size_t g = 0; g < r->n_groups; g++) {
        const double least = c->groups[g * n].detectable;
        if (!isnan(least) &&
            (widest == r->n_groups || least > c->groups[widest * n].detectable))
            widest = g;
    }
    if (isnan(c->overall[0].detectable)) return;
    fdml_show_value(own, c->overall[0].detectable);
    fdml_text_append(
        text, TEXT_MAX,
        " To be found with %g%% power a true change of %s would have to be %s overall",
        100 * FDML_POWER, r->settings->metrics[0].key, own);
    if (widest < r->n_groups) {
        fdml_show_value(most, c->groups[widest * n].detectable);
        fdml_name_show(by, r->groups[widest].by);
        fdml_name_show(value, r->groups[widest].value);
        fdml_text_append(text, TEXT_MAX, ", and up to %s within a group (%s %s)", most, by,
                         value);
    }
    fdml_text_append(text, TEXT_MAX, ".");
}

static bool is_identical(const fdml_audit_result *r)
{
    for (size_t i = 0; i < n_named(r); i++) {
        const fdml_estimate *e = &name_of(r, i).difference->change;
        if (!e->why && e->value != 0) return false;
    }
    return true;
}

/* Of all tested changes: how many are worse, unclear, better. */
static void count_changes(size_t count[3], const fdml_audit_result *r)
{
    memset(count, 0, 3 * sizeof *count);
    for (size_t i = 0; i < n_named(r); i++)
        if (!isnan(name_of(r, i).difference->p_holm)) count[1 + verdict_at(r, i)]++;
}

bool fdml_report_change(const char **sentence, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *r = report->result;
    const fdml_audit_settings *s = r->settings;
    char text[TEXT_MAX] = "", change[FDML_SHOWN_MAX], level[FDML_SHOWN_MAX];
    size_t count[3];
    count_changes(count, r);
    fdml_show_level(level, s->confidence);
    if (s->n_metrics && !isnan(r->comparison->overall[0].change.value)) {
        const fdml_difference *d = &r->comparison->overall[0];
        show_change(change, &d->change);
        fdml_text_append(text, sizeof text, "overall %s changes by %s (%s). ",
                         s->metrics[0].key, change,
                         fdml_change_word(d, s->metrics[0].higher_is_better, s));
    }
    if (r->comparison->n_tests)
        fdml_text_append(text, sizeof text,
                         "Of %zu tested changes %zu are better and %zu worse at %s (Holm); %zu "
                         "are too small to tell.",
                         r->comparison->n_tests, count[2], count[0], level, count[1]);
    else
        fdml_text_append(text, sizeof text, "No change was tested.");
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}

bool fdml_report_changes(const char **sentence, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *r = report->result;
    const size_t n_tests = r->comparison->n_tests;
    const double alpha = 1 - r->settings->confidence;
    char text[TEXT_MAX], level[FDML_SHOWN_MAX];
    size_t n_shown = 0;
    for (size_t i = 0; i < n_named(r); i++) n_shown += verdict_at(r, i) != 0;
    fdml_show_level(level, r->settings->confidence);
    if (is_identical(r))
        snprintf(text, sizeof text, "No number differs.");
    else if (!n_tests)
        snprintf(text, sizeof text, "No change was tested.");
    else
        snprintf(text, sizeof text,
                 "%zu of %zu tested changes can be told from chance at %s (Holm).", n_shown,
                 n_tests, level);
    list_changes(text, r, 1, " Better:");
    list_changes(text, r, -1, " Worse:");
    if (n_tests > n_shown && !is_identical(r)) {
        fdml_text_append(text, TEXT_MAX, " Too small to tell: %s %zu.",
                         n_shown ? "the other" : "all", n_tests - n_shown);
        tell_detectable(text, r);
    }
    if (n_tests && (double)n_tests > alpha * (double)(r->comparison->n_exchanges + 1))
        fdml_text_append(
            text, TEXT_MAX,
            " With so many tests give --permutations %.0f, or fewer metrics or groups.",
            ceil((double)n_tests / alpha));
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}
