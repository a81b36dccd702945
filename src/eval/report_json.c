/* report_json.c - the report for programs: schema FDML_REPORT_SCHEMA, described in
 * docs/formats.md.
 *
 * Keys come in the order of the schema. A number that may not be given is null and the object
 * has a "why". "tool" and "inputs" are not part of result_sha256.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "eval/report.h"
#include "eval/report_json.h"

typedef fdml_json_writer writer;

void fdml_report_json_value(writer *w, const fdml_estimate *e)
{
    fdml_json_put_number(w, "value", e->value);
    fdml_json_key(w, "ci");
    if (isnan(e->lo) || isnan(e->hi)) {
        fdml_json_null(w);
    } else {
        fdml_json_begin_array(w);
        fdml_json_number(w, e->lo);
        fdml_json_number(w, e->hi);
        fdml_json_end_array(w);
    }
}

void fdml_report_json_estimate(writer *w, const char *key, const fdml_estimate *e, bool with_n)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    fdml_report_json_value(w, e);
    if (with_n) fdml_json_put_count(w, "n", e->n);
    if (e->why) fdml_json_put_text(w, "why", e->why);
    fdml_json_end_object(w);
}

static void put_estimates(writer *w, const char *key, const fdml_estimate *e,
                          const fdml_audit_settings *settings, bool with_n)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    for (size_t m = 0; m < settings->n_metrics; m++)
        fdml_report_json_estimate(w, settings->metrics[m].key, &e[m], with_n);
    fdml_json_end_object(w);
}

void fdml_report_json_tool(writer *w, const fdml_report *report)
{
    fdml_json_key(w, "tool");
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "version", report->version);
    fdml_json_put_text(w, "commit", report->commit);
    fdml_json_put_text(w, "isa", report->isa);
    fdml_json_put_count(w, "threads", (size_t)report->n_threads);
    fdml_json_put_number(w, "seconds", report->seconds);
    fdml_json_end_object(w);
    fdml_json_key(w, "inputs");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < report->n_inputs; i++) {
        const fdml_report_input *input = &report->inputs[i];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "path", input->path);
        fdml_json_put_text(w, "sha256", input->sha256);
        fdml_json_put_count(w, "rows", input->n_rows);
        if (input->dim) {
            fdml_json_put_count(w, "dim", input->dim);
            fdml_json_put_text(w, "dtype", input->dtype);
        }
        fdml_json_put_text(w, "role", input->role);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

/* What fdml-eval --verify does again; a report of the library has none. */
void fdml_report_json_command(writer *w, const fdml_report *report)
{
    if (!report->n_arguments && !report->n_options) return;
    fdml_json_key(w, "command");
    fdml_json_begin_object(w);
    fdml_json_key(w, "arguments");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < report->n_arguments; i++) fdml_json_string(w, report->arguments[i]);
    fdml_json_end_array(w);
    fdml_json_key(w, "options");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < report->n_options; i++) {
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "name", report->options[i].name);
        fdml_json_put_text(w, "value", report->options[i].value);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

static void put_setting(writer *w, const fdml_setting *s)
{
    fdml_json_key(w, s->key);
    switch (s->kind) {
    case FDML_SETTING_TEXT:
        fdml_json_string(w, s->text);
        break;
    case FDML_SETTING_NUMBER:
        fdml_json_number(w, s->number);
        break;
    case FDML_SETTING_INTEGER:
        if (s->integer <= INT64_MAX)
            fdml_json_integer(w, (int64_t)s->integer);
        else
            fdml_json_number(w, (double)s->integer);
        break;
    case FDML_SETTING_BOOL:
        fdml_json_bool(w, s->number != 0);
        break;
    case FDML_SETTING_TEXTS:
        fdml_json_begin_array(w);
        for (size_t i = 0; i < s->n; i++) fdml_json_string(w, s->texts[i]);
        fdml_json_end_array(w);
        break;
    case FDML_SETTING_NUMBERS:
        fdml_json_begin_array(w);
        for (size_t i = 0; i < s->n; i++) fdml_json_number(w, s->numbers[i]);
        fdml_json_end_array(w);
        break;
    }
}

static void put_counts(writer *w, const fdml_audit_result *result)
{
    fdml_json_key(w, "warnings");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < result->n_warnings; i++) fdml_json_string(w, result->warnings[i]);
    fdml_json_end_array(w);
    fdml_json_key(w, "counts");
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "rows", result->n_rows);
    fdml_json_put_count(w, "queries", result->n_queries);
    fdml_json_put_count(w, "gallery", result->n_gallery);
    fdml_json_put_count(w, "classes", result->n_classes);
    fdml_json_put_count(w, "lone_queries", result->n_lone);
    fdml_json_end_object(w);
}

static void put_definitions(writer *w, const fdml_audit_result *result)
{
    const char *keys[FDML_MEASURES_MAX];
    const size_t n = fdml_report_measures(keys, result);
    const fdml_audit_settings *settings = result->settings;
    fdml_json_key(w, "definitions");
    fdml_json_begin_object(w);
    for (size_t m = 0; m < settings->n_metrics; m++)
        fdml_json_put_text(w, settings->metrics[m].key, settings->metrics[m].definition);
    for (size_t i = 0; i < n; i++) {
        const char *sentence = fdml_define(keys[i], (int)settings->convention);
        if (sentence) fdml_json_put_text(w, keys[i], sentence);
    }
    fdml_json_end_object(w);
}

static void put_groups(writer *w, const fdml_audit_result *result)
{
    put_estimates(w, "overall", result->overall, result->settings, true);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", group->by);
        fdml_json_put_text(w, "value", group->value);
        fdml_json_put_count(w, "n", group->n);
        put_estimates(w, "metrics", group->metrics, result->settings, true);
        put_estimates(w, "versus", group->versus, result->settings, false);
        fdml_json_put_count(w, "rows", group->n_rows);
        fdml_json_put_count(w, "lone_queries", group->n_lone);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_gaps(writer *w, const fdml_audit_result *result)
{
    fdml_json_key(w, "gaps");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", gap->by);
        fdml_json_put_text(w, "metric", result->settings->metrics[gap->metric].key);
        fdml_report_json_estimate(w, "difference", &gap->difference, false);
        fdml_report_json_estimate(w, "ratio", &gap->ratio, false);
        fdml_json_put_text(w, "best", gap->best);
        fdml_json_put_text(w, "worst", gap->worst);
        fdml_json_put_number(w, "p", gap->p);
        fdml_json_put_number(w, "p_holm", gap->p_holm);
        fdml_json_put_text(w, "p_method", gap->p_method);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

fdml_status fdml_report_json(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    fdml_setting settings[FDML_SETTINGS_MAX];
    const size_t n_settings = fdml_report_settings(settings, report, arena);
    if (!n_settings) return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    writer w;
    fdml_json_writer_init(&w, file, 3);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "schema", "fdml-eval/1");
    fdml_json_put_text(&w, "result_sha256", report->result_sha256);
    fdml_report_json_tool(&w, report);
    fdml_report_json_command(&w, report);
    fdml_json_key(&w, "settings");
    fdml_json_begin_object(&w);
    for (size_t i = 0; i < n_settings; i++) put_setting(&w, &settings[i]);
    fdml_json_end_object(&w);
    put_counts(&w, report->result);
    put_definitions(&w, report->result);
    put_groups(&w, report->result);
    put_gaps(&w, report->result);
    fdml_report_json_verification(&w, report->result);
    fdml_report_json_leakage(&w, report->result);
    fdml_report_json_downstream(&w, report->result);
    fdml_report_json_slices(&w, report->result);
    fdml_report_json_compare(&w, report->result);
    fdml_report_json_gates(&w, report);
    fdml_report_json_detail(&w, report->result, report->problem->dim);
    fdml_json_end_object(&w);
    fputc('\n', file);
    return FDML_OK;
}
