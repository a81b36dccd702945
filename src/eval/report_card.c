/* report_card.c - a model card's part: Hugging Face's "model-index" in YAML, then the report in
 * Markdown. See report.h.
 *
 * The hub reads the header of README.md (https://huggingface.co/docs/hub/model-cards) and wants
 * for each number a task, a data set and a metric. Values are written as JSON, which YAML
 * contains, so no name needs another way of quoting. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "eval/report.h"
#include "eval/report_grid.h"

/* One metric of the index; values that may not be given are left out, as the hub takes numbers.
 */
static void put_metric(FILE *file, const char *type, const char *of, double value)
{
    fdml_json_writer w;
    char name[3 * FDML_NAME_SHOWN];
    if (isnan(value)) return;
    snprintf(name, sizeof name, "%s, %s", type, of);
    fputs("    - ", file);
    fdml_json_writer_init(&w, file, 0);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "type", type);
    fdml_json_put_text(&w, "name", name);
    fdml_json_key(&w, "value");
    fdml_json_number(&w, value);
    fdml_json_end_object(&w);
    fputc('\n', file);
}

static void put_metrics(FILE *file, const fdml_audit_result *result)
{
    char of[2 * FDML_NAME_SHOWN + 32], by[FDML_NAME_SHOWN], value[FDML_NAME_SHOWN];
    const fdml_audit_settings *settings = result->settings;
    fputs("    metrics:\n", file);
    for (size_t m = 0; m < settings->n_metrics; m++)
        put_metric(file, settings->metrics[m].key, "overall", result->overall[m].value);
    for (size_t g = 0; g < result->n_groups; g++)
        for (size_t m = 0; m < settings->n_metrics; m++) {
            const fdml_group_result *group = &result->groups[g];
            fdml_name_show(by, group->by);
            fdml_name_show(value, group->value);
            snprintf(of, sizeof of, "%s = %s", by, value);
            put_metric(file, settings->metrics[m].key, of, group->metrics[m].value);
        }
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        fdml_name_show(by, gap->by);
        snprintf(of, sizeof of, "gap between groups of %s", by);
        put_metric(file, settings->metrics[gap->metric].key, of, gap->difference.value);
    }
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *leakage = &result->leakage[i];
        fdml_name_show(by, leakage->by);
        put_metric(file, "leakage_logistic", by, leakage->logistic.value);
        put_metric(file, "leakage_knn", by, leakage->knn.value);
    }
}

static void put_yaml(FILE *file, const char *before, const char *text)
{
    fdml_json_writer w;
    fputs(before, file);
    fdml_json_writer_init(&w, file, 0);
    fdml_json_string(&w, text);
    fputc('\n', file);
}

static const char *path_of(const fdml_report *report, const char *role, const char *otherwise)
{
    for (size_t i = 0; i < report->n_inputs; i++)
        if (!strcmp(report->inputs[i].role, role))
            return fdml_file_name(report->inputs[i].path);
    return otherwise;
}

fdml_status fdml_report_card(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    const char *embeddings = path_of(report, "embeddings", "embeddings");
    const char *data = path_of(report, "images", path_of(report, "metadata", embeddings));
    fputs("---\nmodel-index:\n", file);
    put_yaml(file, "- name: ", path_of(report, "model", embeddings));
    fputs("  results:\n  - task:\n      type: feature-extraction\n      name: Metric learning\n"
          "    dataset:\n      type: ",
          file);
    put_yaml(file, "", data);
    put_yaml(file, "      name: ", data);
    put_metrics(file, report->result);
    fputs("---\n\n## Does it treat groups alike?\n\n", file);
    FDML_TRY(fdml_report_md(file, report, arena, err));
    fprintf(file, "\nMeasured by fdml-eval %s (%s); result\\_sha256 `%s`.\n", report->version,
            report->commit, report->result_sha256);
    return FDML_OK;
}
