/* report_markup.c - the report's tables ready to paste into Markdown or LaTeX documents.
 *
 * Both print the same tables as the text report; a caption says what the intervals and tests
 * are, so that a pasted table still tells. SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/comparison.h"
#include "eval/report.h"
#include "eval/report_tables.h"
#include "eval/slices.h"

enum { WIDTH = 100 };

typedef struct view {
    FILE *file;
    void (*grid)(FILE *, const fdml_grid *, size_t);
    void (*escape)(FILE *, const char *);
} view;

static void put_captioned(const view *v, fdml_grid *grid, const char *title)
{
    if (title) grid->title = title;
    if (grid->n_rows) v->grid(v->file, grid, WIDTH);
}

static const char *format_title(fdml_arena *arena, const char *format, const char *a, double b,
                                size_t c)
{
    char text[256];
    const int n = snprintf(text, sizeof text, format, a, b, c);
    return fdml_arena_copy_text(arena, text, (size_t)n);
}

static bool put_verification(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    fdml_grid grid;
    if (!fdml_grid_points(&grid, report, arena)) return false;
    put_captioned(v, &grid, "Verification at one global threshold");
    if (!fdml_grid_rates(&grid, report, arena)) return false;
    put_captioned(v, &grid, "Verification errors within groups at the global threshold");
    if (result->groupings.n > 1 && !fdml_grid_differential(&grid, report, arena)) return false;
    if (result->groupings.n > 1) put_captioned(v, &grid, "Verification differentials");
    for (size_t i = 1; i < result->groupings.n; i++) {
        if (result->groupings.grouping[i].is_intersection) continue;
        if (!fdml_grid_cross(&grid, report, i, arena)) return false;
        put_captioned(v, &grid, NULL);
    }
    return true;
}

static bool put_downstream(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    fdml_grid grid;
    for (size_t i = 0; i < result->n_downstream; i++) {
        if (!fdml_grid_learned(&grid, report, i, arena)) return false;
        put_captioned(v, &grid, NULL);
        if (!result->downstream[i].grouping) continue;
        if (!fdml_grid_learned_gaps(&grid, report, i, arena)) return false;
        put_captioned(v, &grid, NULL);
    }
    return true;
}

static bool put_comparison(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_comparison *c = report->result->comparison;
    char path[FDML_NAME_SHOWN], title[FDML_NAME_SHOWN + 256];
    fdml_grid grid;
    fdml_name_show(path, c->path);
    snprintf(title, sizeof title,
             "Overall values and gaps, minus those of %s (better, worse: after Holm's"
             " correction over %zu changes)",
             path, c->n_tests);
    if (!fdml_grid_changes(&grid, report, arena)) return false;
    put_captioned(v, &grid, title);
    if (!fdml_grid_group_changes(&grid, report, arena)) return false;
    snprintf(title, sizeof title, "Values per group, minus those of %s", path);
    put_captioned(v, &grid, title);
    return true;
}

static bool put_slices(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_slices_result *r = report->result->slices;
    char title[256];
    fdml_grid grid;
    snprintf(title, sizeof title,
             "Slices whose %s is worse than that of the rest (p_search: corrected for all %zu"
             " slices tried)",
             report->result->settings->metrics[r->metric].key, r->n_tried);
    if (!fdml_grid_slices(&grid, report, arena)) return false;
    put_captioned(v, &grid, fdml_arena_copy_text(arena, title, strlen(title)));
    return true;
}

static bool put_tables(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *s = result->settings;
    const char *unit = s->unit == FDML_UNIT_CLASS ? "class" : "query";
    fdml_grid grid;
    const char *title = format_title(
        arena, "Per group (resampling unit: %s; %g%% intervals from %zu bootstraps)", unit,
        100 * s->confidence, s->n_bootstrap);
    if (!title || !fdml_grid_groups(&grid, report, arena)) return false;
    put_captioned(v, &grid, title);
    char level[FDML_SHOWN_MAX];
    fdml_show_level(level, s->confidence);
    title = format_title(arena,
                         "Gaps between groups (shown?: can be told from chance at %s after"
                         " Holm's correction; confidence %g, %zu permutations)",
                         level, s->confidence, s->n_permutations);
    if (!title || !fdml_grid_gaps(&grid, report, arena)) return false;
    put_captioned(v, &grid, title);
    if (result->verification.given && !put_verification(v, report, arena)) return false;
    if (result->n_leakage) {
        if (!fdml_grid_leakage(&grid, report, arena)) return false;
        put_captioned(v, &grid, "How well the attribute can be read from the embeddings");
    }
    if (!put_downstream(v, report, arena)) return false;
    if (result->slices && !put_slices(v, report, arena)) return false;
    if (result->comparison && !put_comparison(v, report, arena)) return false;
    if (!report->n_gates) return true;
    if (!fdml_grid_gates(&grid, report, arena)) return false;
    put_captioned(v, &grid, "Gates");
    return true;
}

static void put_item(const view *v, const char *before, const char *key, const char *between,
                     const char *text, const char *after)
{
    fputs(before, v->file);
    v->escape(v->file, key);
    fputs(between, v->file);
    v->escape(v->file, text);
    fputs(after, v->file);
}

static bool put_learned(const view *v, const fdml_report *report, size_t index,
                        fdml_arena *arena)
{
    const fdml_downstream_result *d = &report->result->downstream[index];
    char target[FDML_NAME_SHOWN], by[FDML_NAME_SHOWN];
    const char *words;
    if (!d->grouping) return true;
    if (!fdml_report_learned(&words, report, index, arena)) return false;
    fdml_name_show(target, d->target);
    fdml_name_show(by, d->by);
    put_item(v, "**Classifiers of ", target, " by ", by, ".** ");
    put_item(v, "", "", "", words, "\n\n");
    return true;
}

static bool put_verdicts(const view *v, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const char *words;
    if (result->n_gaps) {
        if (!fdml_report_verdict(&words, report, arena)) return false;
        put_item(v, "", "", "**Verdict.** ", words, "\n\n");
    }
    for (size_t i = 0; i < result->n_downstream; i++)
        if (!put_learned(v, report, i, arena)) return false;
    if (result->comparison) {
        if (!fdml_report_changes(&words, report, arena)) return false;
        put_item(v, "", "", "**Change.** ", words, "\n\n");
    }
    if (result->slices) {
        if (!fdml_report_slices(&words, report, arena)) return false;
        put_item(v, "", "", "**Slices.** ", words, "\n\n");
    }
    for (size_t i = 0; i < result->n_warnings; i++)
        put_item(v, "", "", "**Warning.** ", result->warnings[i], "\n\n");
    return true;
}

fdml_status fdml_report_md(FILE *file, const fdml_report *report, fdml_arena *arena,
                           fdml_error *err)
{
    const view v = { file, fdml_grid_md, fdml_md_escape };
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *settings = result->settings;
    fprintf(file, "%zu queries, %zu gallery rows, %zu classes, %zu lone queries.\n\n",
            result->n_queries, result->n_gallery, result->n_classes, result->n_lone);
    if (!put_tables(&v, report, arena) || !put_verdicts(&v, report, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    for (size_t m = 0; m < settings->n_metrics; m++)
        if (!fdml_report_is_repeated(settings, m))
            put_item(&v, "* **", fdml_report_family(&settings->metrics[m]),
                     "**: ", settings->metrics[m].definition, "\n");
    const char *keys[FDML_MEASURES_MAX];
    const size_t n = fdml_report_measures(keys, result);
    for (size_t i = 0; i < n; i++) {
        const char *sentence = fdml_define(keys[i], (int)settings->convention);
        if (sentence) put_item(&v, "* **", keys[i], "**: ", sentence, "\n");
    }
    fprintf(file, "\nfdml %s (%s), result_sha256 `%s`\n", report->version, report->commit,
            report->result_sha256);
    return FDML_OK;
}

fdml_status fdml_report_latex(FILE *file, const fdml_report *report, fdml_arena *arena,
                              fdml_error *err)
{
    const view v = { file, fdml_grid_latex, fdml_latex_escape };
    fprintf(file, "%% fdml %s (%s), result_sha256 %s\n%% needs \\usepackage{booktabs}\n",
            report->version, report->commit, report->result_sha256);
    if (!put_tables(&v, report, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    return FDML_OK;
}
