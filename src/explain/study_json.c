/* study_json.c - the study for programs: schema FDML_STUDY_SCHEMA, described in
 * docs/formats.md.
 *
 * Keys come in the order of the schema. A number that may not be given is null and the object
 * has a "why". "tool", "inputs" and "command" are not part of result_sha256.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_json.h"
#include "explain/fidelity_change.h"
#include "explain/study_tables.h"
#include "explain/tabular_split.h"

typedef fdml_json_writer writer;

/* --- numbers ------------------------------------------------------------------------------ */

/* The members of an object that is open. */
static void put_estimate(writer *w, const fdml_estimate *e)
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

static void put_why(writer *w, const fdml_estimate *e)
{
    if (e->why) fdml_json_put_text(w, "why", e->why);
}

static void put_tests(writer *w, double p, double p_holm)
{
    fdml_json_put_number(w, "p", p);
    fdml_json_put_number(w, "p_holm", p_holm);
}

/* value: [FDML_FIDELITIES] */
static void put_values(writer *w, const char *key, const fdml_fidelity_value *value)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        fdml_json_key(w, fdml_fidelity_name[k]);
        fdml_json_begin_object(w);
        put_estimate(w, &value[k].e);
        fdml_json_put_number(w, "sd", value[k].sd);
        put_why(w, &value[k].e);
        fdml_json_end_object(w);
    }
    fdml_json_end_object(w);
}

static void put_differences(writer *w, const char *key, const fdml_fidelity_difference *d)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        fdml_json_key(w, fdml_fidelity_name[k]);
        fdml_json_begin_object(w);
        put_estimate(w, &d[k].e);
        put_tests(w, d[k].p, d[k].p_holm);
        put_why(w, &d[k].e);
        fdml_json_end_object(w);
    }
    fdml_json_end_object(w);
}

/* --- fidelity ----------------------------------------------------------------------------- */

static void begin_item(writer *w, const char *by)
{
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "by", by);
}

static void put_gap_name(writer *w, size_t measure, size_t kind)
{
    fdml_json_put_text(w, "measure", fdml_fidelity_name[measure]);
    fdml_json_put_text(w, "kind", fdml_fidelity_gap_name[kind]);
}

static void put_gap(writer *w, const fdml_fidelity_gap *gap, const fdml_study_attribute *by)
{
    put_estimate(w, &gap->e);
    fdml_json_put_number(w, "sd", gap->sd);
    put_tests(w, gap->p, gap->p_holm);
    fdml_json_put_text(w, "worst", gap->worst < by->n_groups ? by->group[gap->worst] : NULL);
    put_why(w, &gap->e);
}

/* Members "overall", "groups", "gaps". */
static void put_fidelity(writer *w, const fdml_study *study, const fdml_fidelity *fidelity)
{
    put_values(w, "overall", fidelity[0].overall);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t a = 0; a < study->n_attributes; a++)
        for (size_t g = 0; g < fidelity[a].n_groups; g++) {
            begin_item(w, study->attribute[a].name);
            fdml_json_put_text(w, "value", study->attribute[a].group[g]);
            fdml_json_put_count(w, "n", fidelity[a].n_rows[g]);
            put_values(w, "measures", fidelity[a].of_group + g * FDML_FIDELITIES);
            put_values(w, "behind", fidelity[a].behind + g * FDML_FIDELITIES);
            fdml_json_end_object(w);
        }
    fdml_json_end_array(w);
    fdml_json_key(w, "gaps");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < study->n_attributes * FDML_FIDELITIES * FDML_FIDELITY_GAPS; i++) {
        const size_t a = i / (FDML_FIDELITIES * FDML_FIDELITY_GAPS);
        const size_t k = i / FDML_FIDELITY_GAPS % FDML_FIDELITIES, g = i % FDML_FIDELITY_GAPS;
        begin_item(w, study->attribute[a].name);
        put_gap_name(w, k, g);
        put_gap(w, &fidelity[a].gap[k][g], &study->attribute[a]);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

/* change: [n_attributes] or NULL */
static void put_changes(writer *w, const fdml_study *study, const fdml_fidelity_change *change,
                        const char *baseline)
{
    fdml_json_key(w, "changes");
    if (!change) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "baseline", baseline);
    put_differences(w, "overall", change[0].overall);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t a = 0; a < study->n_attributes; a++)
        for (size_t g = 0; g < change[a].n_groups; g++) {
            begin_item(w, study->attribute[a].name);
            fdml_json_put_text(w, "value", study->attribute[a].group[g]);
            put_differences(w, "measures", change[a].of_group + g * FDML_FIDELITIES);
            fdml_json_end_object(w);
        }
    fdml_json_end_array(w);
    fdml_json_key(w, "gaps");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < study->n_attributes * FDML_FIDELITIES * FDML_FIDELITY_GAPS; i++) {
        const size_t a = i / (FDML_FIDELITIES * FDML_FIDELITY_GAPS);
        const size_t k = i / FDML_FIDELITY_GAPS % FDML_FIDELITIES, g = i % FDML_FIDELITY_GAPS;
        const fdml_fidelity_difference *d = &change[a].gap[k][g];
        begin_item(w, study->attribute[a].name);
        put_gap_name(w, k, g);
        put_estimate(w, &d->e);
        put_tests(w, d->p, d->p_holm);
        put_why(w, &d->e);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

/* --- black boxes -------------------------------------------------------------------------- */

static void put_choices(writer *w, const fdml_study *study, const fdml_study_box *box)
{
    fdml_json_key(w, "choice");
    if (!box->choice) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t s = 0; s < study->options->n_seeds; s++) {
        const fdml_blackbox_choice *c = &box->choice[s];
        fdml_json_begin_object(w);
        fdml_json_put_count(w, "seed", study->options->seed[s]);
        fdml_json_put_number(w, box->source->kind == FDML_BLACKBOX_MLP ? "units" : "C",
                             c->candidate[c->chosen]);
        fdml_json_put_number(w, "auroc", c->auroc[c->chosen]);
        fdml_json_put_count(w, "rounds", c->n_rounds);
        fdml_json_put_number(w, "loss", c->loss);
        fdml_json_key(w, "candidates");
        fdml_json_begin_array(w);
        for (size_t i = 0; i < c->n_candidates; i++) fdml_json_number(w, c->candidate[i]);
        fdml_json_end_array(w);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static bool put_method(writer *w, const fdml_study *study, const fdml_study_box *box, size_t m,
                       fdml_arena *arena)
{
    const fdml_study_explained *x = &box->explained[m];
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const char *words = fdml_method_describe(x->method, arena);
    const char *baseline = fdml_study_baseline(study, m, arena);
    if (!words || !baseline) return false;
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "name", x->method->text);
    fdml_json_put_text(w, "kind", fdml_method_name[x->method->kind]);
    fdml_json_put_text(w, "settings", words);
    fdml_json_key(w, "by_construction");
    fdml_json_bool(w, fdml_study_is_exact(x->method));
    fdml_json_key(w, "chosen");
    fdml_json_begin_array(w);
    for (size_t s = 0; s < study->options->n_seeds; s++) fdml_json_string(w, x->note[s]);
    fdml_json_end_array(w);
    put_fidelity(w, study, x->by);
    put_changes(w, study, x->change, baseline);
    fdml_json_end_object(w);
    fdml_arena_reset(arena, mark);
    return true;
}

static bool put_boxes(writer *w, const fdml_study *study, fdml_arena *arena)
{
    fdml_json_key(w, "black_boxes");
    fdml_json_begin_array(w);
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const fdml_study_box *box = &study->box[b];
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "name", box->source->name);
        fdml_json_key(w, "balances_groups");
        fdml_json_bool(w, box->source->balances_groups);
        put_choices(w, study, box);
        fdml_json_key(w, "quality");
        fdml_json_begin_object(w);
        put_fidelity(w, study, box->quality);
        fdml_json_end_object(w);
        fdml_json_key(w, "methods");
        fdml_json_begin_array(w);
        for (size_t m = 0; m < study->options->n_methods; m++)
            if (!put_method(w, study, box, m, arena)) return false;
        fdml_json_end_array(w);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    return true;
}

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
        begin_item(w, by->name);
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
    if (!put_boxes(&w, study, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
    put_information(&w, study);
    fdml_report_json_gates(&w, &common);
    fdml_json_end_object(&w);
    fputc('\n', file);
    return FDML_OK;
}
