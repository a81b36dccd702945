/* study_markup.c - the study's tables and sentences ready to paste into Markdown or LaTeX.
 *
 * Both print the same tables as the text view; a title says what brackets and marks are, so
 * that a pasted table still tells. SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_tables.h"
#include "explain/study_tables.h"

enum { WIDTH = 100, TITLE = 2048 };

typedef struct view {
    FILE *file;
    const fdml_study_report *report;
    fdml_arena *arena;
} view;

static void put_md(const view *v, const char *before, const char *text, const char *after)
{
    fputs(before, v->file);
    fdml_md_escape(v->file, text);
    fputs(after, v->file);
}

static bool put_table(const view *v, bool is_md, fdml_study_table_kind kind, size_t box)
{
    fdml_study_table t;
    if (!fdml_study_table_make(&t, v->report, kind, box, false, v->arena)) return false;
    if (!t.grid.n_rows) return true;
    if (is_md) {
        t.grid.title = t.title;
        fdml_grid_md(v->file, &t.grid, WIDTH);
        if (*t.note) put_md(v, "", t.note, "\n\n");
        return true;
    }
    char title[TITLE];
    snprintf(title, sizeof title, *t.note ? "%s (%s)" : "%s", t.title, t.note);
    t.grid.title = title;
    fdml_grid_latex(v->file, &t.grid, WIDTH);
    return true;
}

static bool put_tables(const view *v, bool is_md)
{
    const fdml_study *study = v->report->study;
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const char *words = fdml_study_box_words(study, b, v->arena);
        if (!words) return false;
        if (is_md) {
            char name[FDML_NAME_SHOWN];
            fdml_name_show(name, study->box[b].source->name);
            put_md(v, "## Black box ", name, "\n\n");
            put_md(v, "", words, "\n\n");
        }
        for (int kind = 0; kind < FDML_STUDY_BOX_TABLES; kind++)
            if (!put_table(v, is_md, (fdml_study_table_kind)kind, b)) return false;
    }
    return put_table(v, is_md, FDML_STUDY_INFORMATION, 0) &&
           put_table(v, is_md, FDML_STUDY_GATES, 0);
}

static bool put_head(const view *v)
{
    const fdml_study_line *line;
    const char *const *sentence;
    size_t n, n_sentences;
    if (!fdml_study_head(&line, &n, v->report, v->arena) ||
        !fdml_study_verdict(&sentence, &n_sentences, v->report, v->arena))
        return false;
    for (size_t i = 0; i < n; i++) {
        put_md(v, *line[i].key ? "* **" : "* ", line[i].key, *line[i].key ? "**: " : "");
        put_md(v, "", line[i].text, "\n");
    }
    fputs("\n## Are explanations equally faithful for every group?\n\n", v->file);
    for (size_t i = 0; i < n_sentences; i++) put_md(v, "* ", sentence[i], "\n");
    fputc('\n', v->file);
    return true;
}

static bool put_notes(const view *v)
{
    const fdml_study *study = v->report->study;
    const char *key[FDML_STUDY_MOST_KEYS];
    for (size_t i = 0; i < study->n_warnings; i++)
        put_md(v, "**Warning.** ", study->warning[i], "\n\n");
    for (size_t m = 0; m < study->options->n_methods; m++) {
        const char *words = fdml_method_describe(&study->options->method[m], v->arena);
        if (!words) return false;
        put_md(v, "* **", study->options->method[m].text, "**: ");
        put_md(v, "", words, "\n");
    }
    const size_t n = fdml_study_keys(key, study);
    for (size_t i = 0; i < n; i++) {
        put_md(v, "* **", key[i], "**: ");
        put_md(v, "", fdml_study_define(key[i]), "\n");
    }
    return true;
}

fdml_status fdml_study_md(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                          fdml_error *err)
{
    const view v = { file, report, arena };
    if (!put_head(&v) || !put_tables(&v, true) || !put_notes(&v))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    fprintf(file, "\nfdml %s (%s), result_sha256 `%s`\n", report->version, report->commit,
            report->result_sha256);
    return FDML_OK;
}

fdml_status fdml_study_latex(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    const view v = { file, report, arena };
    fprintf(file, "%% fdml %s (%s), result_sha256 %s\n%% needs \\usepackage{booktabs}\n",
            report->version, report->commit, report->result_sha256);
    if (!put_tables(&v, false)) return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    return FDML_OK;
}
