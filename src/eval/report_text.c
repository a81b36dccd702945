/* report_text.c - the report for a person at a terminal of 100 columns.
 *
 * Order: what was compared, the answer in a sentence, the numbers, what they mean, how to get
 * them again. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/slices.h"
#include "eval/report.h"
#include "eval/report_tables.h"

enum { WIDTH = 100 };

static void put_head(FILE *file, const fdml_report *report)
{
    const fdml_audit_result *result = report->result;
    for (size_t i = 0; i < report->n_inputs; i++) {
        const fdml_report_input *input = &report->inputs[i];
        fprintf(file, "%-11s ", input->role);
        fdml_text_put(file, input->path);
        if (input->dim)
            fprintf(file, " (%zu x %zu, %s)\n", input->n_rows, input->dim, input->dtype);
        else if (input->n_rows)
            fprintf(file, " (%zu rows)\n", input->n_rows);
        else
            fputc('\n', file);
    }
    char label[FDML_NAME_SHOWN];
    fdml_name_show(label, report->problem->label->name);
    fprintf(file, "%-11s %zu queries, %zu gallery rows, %zu classes (%s), %s distance\n",
            "compared", result->n_queries, result->n_gallery, result->n_classes, label,
            (const char *const[]){ "cosine", "Euclidean",
                                   "inner-product" }[report->problem->distance]);
}

static void put_lone(FILE *file, const fdml_audit_result *result)
{
    if (result->n_lone)
        fprintf(file,
                "%-11s %zu queries have no possible match and are left out of every mean\n",
                "lone", result->n_lone);
}

/* Which footnotes the table of groups needs. */
static void find_notes(bool *has_mark, bool *has_flat, const fdml_audit_result *result)
{
    *has_mark = *has_flat = false;
    for (size_t g = 0; g < result->n_groups; g++)
        for (size_t m = 0; m < result->settings->n_metrics; m++) {
            *has_mark = *has_mark || fdml_is_marked(&result->groups[g], m);
            *has_flat = *has_flat || fdml_is_flat(&result->groups[g].metrics[m]);
        }
}

static bool put_groups(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_settings *settings = report->result->settings;
    fdml_grid grid;
    if (!fdml_grid_groups(&grid, report, arena)) return false;
    if (!grid.n_rows) return true;
    fputc('\n', file);
    fdml_grid_text(file, &grid, WIDTH);
    if (settings->n_bootstrap)
        fprintf(file, "[lo, hi]: %g%% interval, %zu bootstraps of %s.\n",
                100 * settings->confidence, settings->n_bootstrap,
                settings->unit == FDML_UNIT_CLASS ? "whole classes" : "queries");
    bool has_mark, has_flat;
    find_notes(&has_mark, &has_flat, report->result);
    if (has_flat)
        fputs(
            "[x, x]: every unit scored alike, so resampling cannot say how far off x may be.\n",
            file);
    char reference[FDML_NAME_SHOWN];
    fdml_name_show(reference, settings->reference);
    if (has_mark)
        fprintf(file,
                "*: the interval of the difference from %s leaves out 0 (one by one, not"
                " corrected).\n",
                reference);
    return true;
}

static bool put_gaps(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    fdml_grid grid;
    const char *verdict;
    char level[FDML_SHOWN_MAX];
    if (!report->result->n_gaps) return true;
    if (!fdml_grid_gaps(&grid, report, arena)) return false;
    if (!fdml_report_verdict(&verdict, report, arena)) return false;
    fputc('\n', file);
    fdml_grid_text(file, &grid, WIDTH);
    fdml_show_level(level, report->result->settings->confidence);
    fprintf(file,
            "shown?: the gap can be told from chance at %s (Holm over %zu tested gaps). The\n"
            "interval is for these two groups; that they are the extremes counts in p only.\n",
            level, fdml_gaps_tested(report->result));
    fputs("\nVerdict: ", file);
    fdml_text_wrap(file, verdict, 9, 9, WIDTH);
    return true;
}

static bool put_grid(FILE *file, const fdml_grid *grid)
{
    if (!grid->n_rows) return true;
    fputc('\n', file);
    fdml_grid_text(file, grid, WIDTH);
    return true;
}

static bool put_verification(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const fdml_verification_result *v = &result->verification;
    char eer[FDML_SHOWN_MAX], auc[FDML_SHOWN_MAX];
    fdml_grid grid;
    if (!v->given) return true;
    fdml_show_estimate(eer, &v->eer);
    fdml_show_estimate(auc, &v->auc);
    fprintf(file, "\nVerification of %zu genuine and %zu impostor pairs\nEER %s, AUC %s\n",
            v->n_genuine, v->n_impostor, eer, auc);
    if (v->accuracy.n) {
        char accuracy[FDML_SHOWN_MAX];
        fdml_show_estimate(accuracy, &v->accuracy);
        fprintf(file, "Accuracy over %zu folds (LFW's protocol, -+ one standard error): %s\n",
                v->accuracy.n, accuracy);
    }
    if (v->resolution) fdml_text_wrap(file, v->resolution, 0, 0, WIDTH);
    if (!fdml_grid_points(&grid, report, arena) || !put_grid(file, &grid)) return false;
    if (!fdml_grid_rates(&grid, report, arena) || !put_grid(file, &grid)) return false;
    if (result->groupings.n > 1 &&
        (!fdml_grid_differential(&grid, report, arena) || !put_grid(file, &grid)))
        return false;
    for (size_t i = 1; i < result->groupings.n; i++) {
        if (result->groupings.grouping[i].is_intersection) continue;
        if (!fdml_grid_cross(&grid, report, i, arena) || !put_grid(file, &grid)) return false;
    }
    return true;
}

static bool put_leakage(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    fdml_grid grid;
    if (!report->result->n_leakage) return true;
    return fdml_grid_leakage(&grid, report, arena) && put_grid(file, &grid);
}

/* Its title, wrapped, and the table. */
static void put_titled(FILE *file, fdml_grid *grid)
{
    fputc('\n', file);
    fdml_text_wrap(file, grid->title, 0, 0, WIDTH);
    grid->title = NULL;
    fdml_grid_text(file, grid, WIDTH);
}

static bool put_downstream(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const char *words;
    fdml_grid grid;
    for (size_t i = 0; i < result->n_downstream; i++) {
        if (!fdml_grid_learned(&grid, report, i, arena)) return false;
        put_titled(file, &grid);
        if (!result->downstream[i].grouping) continue;
        if (!fdml_grid_learned_gaps(&grid, report, i, arena)) return false;
        put_titled(file, &grid);
        if (!fdml_report_learned(&words, report, i, arena)) return false;
        fputs("\nDownstream: ", file);
        fdml_text_wrap(file, words, 12, 12, WIDTH);
    }
    return true;
}

static bool put_slices(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    const fdml_slices_result *r = report->result->slices;
    const char *words;
    fdml_grid grid;
    if (!r) return true;
    if (!fdml_grid_slices(&grid, report, arena) || !put_grid(file, &grid)) return false;
    for (size_t i = 0; i < r->n; i++) {
        if (!fdml_report_slice(&words, report, i, arena)) return false;
        fputs(i ? "" : "\n", file);
        fputs("  - ", file);
        char *text = fdml_arena_push(arena, strlen(r->slice[i].name) + strlen(words) + 4, 1);
        if (!text) return false;
        sprintf(text, "%s: %s", r->slice[i].name, words);
        fdml_text_wrap(file, text, 4, 4, WIDTH);
    }
    if (!fdml_report_slices(&words, report, arena)) return false;
    fputs("\nSlices: ", file);
    fdml_text_wrap(file, words, 8, 8, WIDTH);
    return true;
}

static bool put_comparison(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    const fdml_comparison *c = report->result->comparison;
    const fdml_audit_settings *settings = report->result->settings;
    const char *words;
    fdml_grid grid;
    if (!c) return true;
    fputs("\nCompared with ", file);
    fdml_text_put(file, c->path);
    fputs(": changes are ", file);
    fdml_text_put(file, report->inputs[0].path);
    fputs(" minus ", file);
    fdml_text_put(file, c->path);
    fputc('\n', file);
    if (!fdml_grid_changes(&grid, report, arena) || !put_grid(file, &grid)) return false;
    if (!fdml_grid_group_changes(&grid, report, arena) || !put_grid(file, &grid)) return false;
    if (!fdml_report_changes(&words, report, arena)) return false;
    char level[FDML_SHOWN_MAX];
    fdml_show_level(level, settings->confidence);
    fprintf(
        file,
        "better, worse: at %s (Holm over %zu tested changes, %zu exchanges of the models);\n"
        "of a gap, better is smaller. nmi, ami, ari, f1 and spectrum are not tested.\n",
        level, c->n_tests, c->n_exchanges);
    fputs("\nChange: ", file);
    fdml_text_wrap(file, words, 8, 8, WIDTH);
    return true;
}

static bool put_gates(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    fdml_grid grid;
    if (!report->n_gates) return true;
    return fdml_grid_gates(&grid, report, arena) && put_grid(file, &grid);
}

static void put_definition(FILE *file, const char *key, const char *sentence)
{
    if (!sentence) return;
    fprintf(file, "  %-16s ", key);
    fdml_text_wrap(file, sentence, 19, 19, WIDTH);
}

static void put_notes(FILE *file, const fdml_report *report)
{
    const fdml_audit_result *result = report->result;
    const fdml_audit_settings *settings = result->settings;
    if (result->n_warnings) fputs("\nWarnings\n", file);
    for (size_t i = 0; i < result->n_warnings; i++) {
        fputs("  - ", file);
        fdml_text_wrap(file, result->warnings[i], 4, 4, WIDTH);
    }
    fputs("\nWhat the numbers are\n", file);
    for (size_t m = 0; m < settings->n_metrics; m++)
        if (!fdml_report_is_repeated(settings, m))
            put_definition(file, fdml_report_family(&settings->metrics[m]),
                           settings->metrics[m].definition);
    const char *keys[FDML_MEASURES_MAX];
    const size_t n = fdml_report_measures(keys, result);
    for (size_t i = 0; i < n; i++)
        put_definition(file, keys[i], fdml_define(keys[i], (int)settings->convention));
}

static bool put_settings(FILE *file, const fdml_report *report, fdml_arena *arena)
{
    fdml_setting list[FDML_SETTINGS_MAX];
    const size_t n = fdml_report_settings(list, report, arena);
    char text[2048] = "";
    if (!n) return false;
    for (size_t i = 0; i < n; i++) {
        const size_t used = strlen(text);
        char *at = text + used;
        const size_t size = sizeof text - used;
        const char *comma = used ? ", " : "";
        switch (list[i].kind) {
        case FDML_SETTING_TEXT:
            if (list[i].text) snprintf(at, size, "%s%s %s", comma, list[i].key, list[i].text);
            break;
        case FDML_SETTING_NUMBER:
            snprintf(at, size, "%s%s %g", comma, list[i].key, list[i].number);
            break;
        case FDML_SETTING_INTEGER:
            snprintf(at, size, "%s%s %llu", comma, list[i].key,
                     (unsigned long long)list[i].integer);
            break;
        default:
            break; /* metrics and groups stand in the tables already */
        }
    }
    fputs("\nSettings: ", file);
    fdml_text_wrap(file, text, 10, 10, WIDTH);
    fprintf(file, "fdml %s (%s), %s, %d thread%s, %.2f s\nresult_sha256 %s\n", report->version,
            report->commit, report->isa, report->n_threads, report->n_threads == 1 ? "" : "s",
            report->seconds, report->result_sha256);
    return true;
}

fdml_status fdml_report_text(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    put_head(file, report);
    put_lone(file, report->result);
    const bool fits = put_groups(file, report, arena) && put_gaps(file, report, arena) &&
                      put_verification(file, report, arena) &&
                      put_leakage(file, report, arena) && put_downstream(file, report, arena) &&
                      put_slices(file, report, arena) && put_comparison(file, report, arena) &&
                      put_gates(file, report, arena);
    if (fits) put_notes(file, report);
    if (!fits || !put_settings(file, report, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    if (report->hint) {
        fputc('\n', file);
        fdml_text_wrap(file, report->hint, 0, 0, WIDTH);
    }
    return FDML_OK;
}
