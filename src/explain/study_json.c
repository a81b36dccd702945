/* study_json.c - the study for programs: schema FDML_STUDY_SCHEMA, described in
 * docs/formats.md.
 *
 * Keys come in the order of the schema. A number that may not be given is null and the object
 * has a "why". "tool", "inputs" and "command" are not part of result_sha256.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/report_json.h"
#include "explain/study_json.h"
#include "explain/study_tables.h"
#include "explain/tabular_split.h"

typedef fdml_json_writer writer;

/* --- the study ---------------------------------------------------------------------------- */

static void put_settings(writer *w, const fdml_study_report *report)
{
    const fdml_study_options *o = report->study->options;
    fdml_json_key(w, "settings");
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "target", report->study->table->target_name);
    fdml_json_put_text(w, "positive", report->study->table->positive);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < report->study->table->n_protected; i++)
        fdml_json_string(w, report->study->table->protected_[i].name);
    fdml_json_end_array(w);
    fdml_json_key(w, "intersections");
    fdml_json_bool(w, o->with_intersections);
    fdml_json_put_text(w, "split", report->split);
    fdml_json_key(w, "seeds");
    fdml_json_begin_array(w);
    for (size_t s = 0; s < o->n_seeds; s++) fdml_json_integer(w, (int64_t)o->seed[s]);
    fdml_json_end_array(w);
    fdml_json_key(w, "balance_labels");
    fdml_json_bool(w, o->balances_labels);
    fdml_json_put_count(w, "min_group", o->min_group);
    fdml_json_put_count(w, "bootstrap", o->n_bootstrap);
    fdml_json_put_count(w, "permutations", o->n_permutations);
    fdml_json_put_number(w, "confidence", o->confidence);
    fdml_json_end_object(w);
}

static void put_counts(writer *w, const fdml_study *study)
{
    const fdml_tabular *t = study->table;
    size_t n_positive = 0;
    for (size_t i = 0; i < t->n_rows; i++) n_positive += t->target[i];
    fdml_json_key(w, "warnings");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < study->n_warnings; i++) fdml_json_string(w, study->warning[i]);
    fdml_json_end_array(w);
    fdml_json_key(w, "counts");
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "rows", t->n_rows);
    fdml_json_put_count(w, "positive", n_positive);
    fdml_json_put_count(w, "features", t->n_features);
    for (size_t part = 0; part < FDML_PART_NONE; part++)
        fdml_json_put_count(w, fdml_tabular_part_word((fdml_part)part), study->n_rows[part]);
    fdml_json_end_object(w);
}

static void put_definitions(writer *w, const fdml_study *study)
{
    const char *key[FDML_STUDY_MOST_KEYS];
    const size_t n = fdml_study_keys(key, study);
    fdml_json_key(w, "definitions");
    fdml_json_begin_object(w);
    for (size_t i = 0; i < n; i++) fdml_json_put_text(w, key[i], fdml_study_define(key[i]));
    fdml_json_end_object(w);
}

static void put_information(writer *w, const fdml_study *study)
{
    static const char *const classifier[] = { "logistic", "mlp" };
    fdml_json_key(w, "information");
    if (!study->options->with_information) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t i = 0; i < study->n_information; i++) {
        const fdml_information *info = &study->information[i];
        const fdml_factor *by = &study->table->protected_[info->attribute];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", by->name);
        fdml_json_put_text(w, "value", by->level[info->group]);
        fdml_json_put_count(w, "n", info->n);
        fdml_json_put_count(w, "n_test", info->n_test);
        for (size_t k = 0; k < 2; k++)
            fdml_report_json_estimate(w, classifier[k], &info->auroc[k], false);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

fdml_status fdml_study_json(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                            fdml_error *err)
{
    const fdml_study *study = report->study;
    const fdml_report common = { .inputs = report->inputs,
                                 .n_inputs = report->n_inputs,
                                 .options = report->options,
                                 .n_options = report->n_options,
                                 .gates = report->gates,
                                 .n_gates = report->n_gates,
                                 .version = report->version,
                                 .commit = report->commit,
                                 .isa = report->isa,
                                 .n_threads = report->n_threads,
                                 .seconds = report->seconds };
    writer w;
    fdml_json_writer_init(&w, file, 6);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "schema", FDML_STUDY_SCHEMA);
    fdml_json_put_text(&w, "result_sha256", report->result_sha256);
    fdml_report_json_tool(&w, &common);
    fdml_report_json_command(&w, &common);
    put_settings(&w, report);
    put_counts(&w, study);
    put_definitions(&w, study);
    if (!fdml_study_json_boxes(&w, study, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    put_information(&w, study);
    fdml_report_json_gates(&w, &common);
    fdml_json_end_object(&w);
    fputc('\n', file);
    return FDML_OK;
}
