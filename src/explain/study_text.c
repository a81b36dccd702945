/* study_text.c - the study for a person at a terminal of 100 columns.
 *
 * Order: what was audited, the answer in sentences, each black box with its tables, what
 * features tell of groups, gates, warnings, what the numbers are, how to get them again.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_tables.h"
#include "explain/study_tables.h"

enum { WIDTH = 100 };

static bool put_head(FILE *file, const fdml_study_report *report, fdml_arena *arena)
{
    enum { KEY = 14 };
    const fdml_study_line *line;
    const char *const *sentence;
    size_t n, n_sentences;
    if (!fdml_study_head(&line, &n, report, arena) ||
        !fdml_study_verdict(&sentence, &n_sentences, report, arena))
        return false;
    for (size_t i = 0; i < n; i++) {
        fprintf(file, "%-*s ", KEY - 1, line[i].key);
        fdml_text_wrap(file, line[i].text, KEY, KEY, WIDTH);
    }
    fputs("\nAre explanations equally faithful for every group?\n", file);
    for (size_t i = 0; i < n_sentences; i++) {
        fputs("  - ", file);
        fdml_text_wrap(file, sentence[i], 4, 4, WIDTH);
    }
    return true;
}

static bool put_table(FILE *file, const fdml_study_report *report, fdml_study_table_kind kind,
                      size_t box, fdml_arena *arena)
{
    fdml_study_table t;
    if (!fdml_study_table_make(&t, report, kind, box, false, arena)) return false;
    if (!t.grid.n_rows) return true;
    fputc('\n', file);
    fdml_text_wrap(file, t.title, 0, 0, WIDTH);
    fputc('\n', file);
    fdml_grid_text(file, &t.grid, WIDTH);
    if (*t.note) fdml_text_wrap(file, t.note, 0, 0, WIDTH);
    return true;
}

static bool put_tables(FILE *file, const fdml_study_report *report, fdml_arena *arena)
{
    const fdml_study *study = report->study;
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const char *words = fdml_study_box_words(study, b, arena);
        char name[FDML_NAME_SHOWN];
        if (!words) return false;
        fdml_name_show(name, study->box[b].source->name);
        fprintf(file, "\nBlack box %s: ", name);
        fdml_text_wrap(file, words, 12 + fdml_text_width(name), 2, WIDTH);
        for (int kind = 0; kind < FDML_STUDY_BOX_TABLES; kind++)
            if (!put_table(file, report, (fdml_study_table_kind)kind, b, arena)) return false;
    }
    return put_table(file, report, FDML_STUDY_INFORMATION, 0, arena) &&
           put_table(file, report, FDML_STUDY_GATES, 0, arena);
}

static void put_item(FILE *file, const char *key, const char *sentence)
{
    enum { KEY = 22 };
    const size_t width = fdml_text_width(key);
    fprintf(file, "  %s%*s ", key, width < KEY - 3 ? (int)(KEY - 3 - width) : 0, "");
    fdml_text_wrap(file, sentence, width < KEY - 3 ? KEY : width + 3, KEY, WIDTH);
}

static bool put_notes(FILE *file, const fdml_study_report *report, fdml_arena *arena)
{
    const fdml_study *study = report->study;
    const char *key[FDML_STUDY_MOST_KEYS];
    if (study->n_warnings) fputs("\nWarnings\n", file);
    for (size_t i = 0; i < study->n_warnings; i++) {
        fputs("  - ", file);
        fdml_text_wrap(file, study->warning[i], 4, 4, WIDTH);
    }
    fputs("\nMethods\n", file);
    for (size_t m = 0; m < study->options->n_methods; m++) {
        const char *words = fdml_method_describe(&study->options->method[m], arena);
        if (!words) return false;
        put_item(file, study->options->method[m].text, words);
    }
    fputs("\nWhat the numbers are\n", file);
    const size_t n = fdml_study_keys(key, study);
    for (size_t i = 0; i < n; i++) put_item(file, key[i], fdml_study_define(key[i]));
    return true;
}

static void put_settings(FILE *file, const fdml_study_report *report)
{
    const fdml_study_options *o = report->study->options;
    char text[512];
    snprintf(text, sizeof text,
             "min_group %zu, bootstrap %zu, confidence %g, permutations %zu, balance_labels %s",
             o->min_group, o->n_bootstrap, o->confidence, o->n_permutations,
             o->balances_labels ? "yes" : "no");
    fputs("\nSettings: ", file);
    fdml_text_wrap(file, text, 10, 10, WIDTH);
    fprintf(file, "fdml %s (%s), %s, %d thread%s\nresult_sha256 %s\n", report->version,
            report->commit, report->isa, report->n_threads, report->n_threads == 1 ? "" : "s",
            report->result_sha256);
}

fdml_status fdml_study_text(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                            fdml_error *err)
{
    if (!put_head(file, report, arena) || !put_tables(file, report, arena) ||
        !put_notes(file, report, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    put_settings(file, report);
    return FDML_OK;
}
