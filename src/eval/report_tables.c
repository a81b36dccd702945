/* report_tables.c - groups and gaps as tables. See report_tables.h; report_verify.c has those
 * of verification.
 * SPDX-License-Identifier: MIT */
#include "eval/report_tables.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

void fdml_show_value(char text[FDML_SHOWN_MAX], double value)
{
    const double size = fabs(value);
    if (isnan(value))
        snprintf(text, FDML_SHOWN_MAX, "-");
    else if ((size > 1e-12 && size < 0.00095) || size >= 1e6) /* less is rounding of a 0 */
        snprintf(text, FDML_SHOWN_MAX, "%.1e", value);
    else
        snprintf(text, FDML_SHOWN_MAX, "%.4f", value);
}

void fdml_show_estimate(char text[FDML_SHOWN_MAX], const fdml_estimate *e)
{
    char value[FDML_SHOWN_MAX], lo[FDML_SHOWN_MAX], hi[FDML_SHOWN_MAX];
    fdml_show_value(value, e->value);
    fdml_show_value(lo, e->lo);
    fdml_show_value(hi, e->hi);
    if (isnan(e->lo) || isnan(e->hi))
        snprintf(text, FDML_SHOWN_MAX, "%.24s", value);
    else
        snprintf(text, FDML_SHOWN_MAX, "%.24s [%.24s, %.24s]", value, lo, hi);
}

bool fdml_is_flat(const fdml_estimate *e)
{
    return e->lo == e->hi && e->lo == e->value;
}

bool fdml_is_marked(const fdml_group_result *group, size_t metric)
{
    const fdml_estimate *versus = &group->versus[metric];
    return (versus->lo > 0 || versus->hi < 0) && !fdml_is_flat(&group->metrics[metric]);
}

int fdml_gap_verdict(const fdml_gap_result *gap, const fdml_audit_settings *settings)
{
    if (isnan(gap->p_holm)) return -1;
    return gap->p_holm <= 1 - settings->confidence;
}

size_t fdml_gaps_tested(const fdml_audit_result *result)
{
    size_t n = 0;
    for (size_t i = 0; i < result->n_gaps; i++)
        n += fdml_gap_verdict(&result->gaps[i], result->settings) >= 0;
    return n;
}

void fdml_show_level(char text[FDML_SHOWN_MAX], double confidence)
{
    snprintf(text, FDML_SHOWN_MAX, "%g%%", round(1e6 * (1 - confidence)) / 1e4);
}

void fdml_grid_estimate(fdml_grid *grid, size_t column, const fdml_estimate *e,
                        const char *mark)
{
    char text[FDML_SHOWN_MAX];
    if (isnan(e->value) && e->why) {
        fdml_grid_set(grid, column, FDML_CELL_WHY, "%s", e->why);
        return;
    }
    fdml_show_estimate(text, e);
    fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s%s", text, mark);
}

bool fdml_grid_groups(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *settings = result->settings;
    const size_t n_metrics = settings->n_metrics;
    if (!fdml_grid_init(grid, NULL, 2 + n_metrics, 2, 2 * result->n_groups + 2, arena))
        return false;
    grid->header[0] = "queries of";
    grid->header[1] = "n";
    grid->is_right[1] = true;
    for (size_t m = 0; m < n_metrics; m++) grid->header[2 + m] = settings->metrics[m].key;
    if (!n_metrics) return true;
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "overall");
    fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", result->n_queries);
    for (size_t m = 0; m < n_metrics; m++)
        fdml_grid_estimate(grid, 2 + m, &result->overall[m], "");
    size_t grouping = 0;
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        if (group->grouping != grouping) fdml_grid_heading(grid, group->by);
        grouping = group->grouping;
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", group->value);
        fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", group->n);
        for (size_t m = 0; m < n_metrics; m++)
            fdml_grid_estimate(grid, 2 + m, &group->metrics[m],
                               fdml_is_marked(group, m) ? "*" : "");
    }
    return !grid->failed;
}

static void gap_row(fdml_grid *grid, const fdml_gap_result *gap,
                    const fdml_audit_settings *settings)
{
    static const char *const answer[] = { "-", "no", "yes" };
    char text[FDML_SHOWN_MAX];
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", settings->metrics[gap->metric].key);
    fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%s", answer[1 + fdml_gap_verdict(gap, settings)]);
    fdml_grid_estimate(grid, 2, &gap->difference, "");
    if (isnan(gap->difference.value) && gap->difference.why) {
        for (size_t c = 3; c < grid->n_columns; c++) /* one reason for the whole row */
            fdml_grid_set(grid, c, FDML_CELL_WHY, "%s", gap->difference.why);
        return;
    }
    fdml_show_value(text, gap->p);
    fdml_grid_set(grid, 3, FDML_CELL_VALUE, "%s", text);
    fdml_show_value(text, gap->p_holm);
    fdml_grid_set(grid, 4, FDML_CELL_VALUE, "%s", text);
    fdml_grid_set(grid, 5, FDML_CELL_NAME, "%s", gap->worst ? gap->worst : "-");
    fdml_grid_set(grid, 6, FDML_CELL_NAME, "%s", gap->best ? gap->best : "-");
}

/* The ratio stands in CSV and JSON only: most tables would not fit a page with it. The verdict
 * comes first, so that long group names cannot push it out of sight. */
bool fdml_grid_gaps(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "gap (max - min)", "shown?", "difference", "p",
                                          "Holm p",          "worst",  "best" };
    const fdml_audit_result *result = report->result;
    const size_t n = sizeof header / sizeof *header;
    if (!fdml_grid_init(grid, NULL, n, 2, 2 * result->n_gaps, arena)) return false;
    for (size_t c = 0; c < n; c++) grid->header[c] = header[c];
    size_t grouping = 0;
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        if (gap->grouping != grouping) fdml_grid_heading(grid, gap->by);
        grouping = gap->grouping;
        gap_row(grid, gap, result->settings);
    }
    return !grid->failed;
}

void fdml_text_append(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

static bool is_shown(const fdml_audit_result *result, size_t gap)
{
    return fdml_gap_verdict(&result->gaps[gap], result->settings) == 1;
}

/* Same attribute, same worst group: named together. */
static bool is_alike(const fdml_gap_result *a, const fdml_gap_result *b)
{
    return a->grouping == b->grouping && a->worst && b->worst && !strcmp(a->worst, b->worst);
}

/* "by gender, worst for F: recall_at_1, map_at_r; by race, worst for ..." */
static void name_gaps(char *text, size_t size, const fdml_audit_result *result)
{
    const fdml_gap_result *gaps = result->gaps;
    const char *separator = ": ";
    for (size_t i = 0; i < result->n_gaps; i++) {
        bool is_named = !is_shown(result, i);
        for (size_t j = 0; j < i && !is_named; j++)
            is_named = is_shown(result, j) && is_alike(&gaps[i], &gaps[j]);
        if (is_named) continue;
        char by[FDML_NAME_SHOWN], worst[FDML_NAME_SHOWN];
        fdml_name_show(by, gaps[i].by);
        fdml_name_show(worst, gaps[i].worst ? gaps[i].worst : "-");
        fdml_text_append(text, size, "%sby %s, worst for %s:", separator, by, worst);
        for (size_t j = i; j < result->n_gaps; j++)
            if (j == i || (is_shown(result, j) && is_alike(&gaps[i], &gaps[j])))
                fdml_text_append(text, size, "%s %s", j == i ? "" : ",",
                                 result->settings->metrics[gaps[j].metric].key);
        separator = "; ";
    }
    fdml_text_append(text, size, ".");
}

static void tell_shown(char *text, size_t size, const fdml_audit_result *result)
{
    char level[FDML_SHOWN_MAX];
    size_t n_shown = 0;
    const size_t n_tested = fdml_gaps_tested(result);
    fdml_show_level(level, result->settings->confidence);
    for (size_t i = 0; i < result->n_gaps; i++) n_shown += is_shown(result, i);
    snprintf(text, size, "No gap was tested.");
    if (!n_tested) return;
    snprintf(text, size, "%zu of %zu tested gaps can be told from chance at %s (Holm)", n_shown,
             n_tested, level);
    name_gaps(text, size, result);
}

bool fdml_report_shown(const char **sentence, const fdml_report *report, fdml_arena *arena)
{
    char text[TEXT_MAX];
    tell_shown(text, sizeof text, report->result);
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}

double fdml_permutations_wanted(const fdml_audit_result *result)
{
    const double alpha = 1 - result->settings->confidence;
    const double n_tested = (double)fdml_gaps_tested(result);
    if (n_tested <= alpha * (double)(result->settings->n_permutations + 1)) return 0;
    return ceil(n_tested / alpha) - 1;
}

bool fdml_report_verdict(const char **sentence, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    char text[TEXT_MAX];
    bool has_doubt = false;
    const double wanted = fdml_permutations_wanted(result);
    tell_shown(text, sizeof text, result);
    if (wanted > 0)
        fdml_text_append(
            text, sizeof text,
            " With so many tests %.0f permutations are needed before any gap can pass; give"
            " --permutations %.0f, or fewer metrics or groups.",
            wanted, wanted);
    for (size_t i = 0; i < result->n_gaps; i++)
        has_doubt = has_doubt || fdml_gap_verdict(&result->gaps[i], result->settings) == 0;
    if (has_doubt)
        fdml_text_append(
            text, sizeof text,
            " A gap that cannot be told from chance is not shown to be absent: its interval"
            " says how large it may be.");
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}
