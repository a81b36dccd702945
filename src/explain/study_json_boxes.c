/* study_json_boxes.c - black boxes in the JSON view: how good they are, and how each
 * explanation serves groups. See study_json.c.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study_json.h"

#include <math.h>

#include "explain/fidelity_change.h"
#include "eval/report_json.h"
#include "explain/simulate.h"
#include "explain/study_tables.h"

typedef fdml_json_writer writer;

/* --- numbers ------------------------------------------------------------------------------ */

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
        fdml_report_json_value(w, &value[k].e);
        fdml_json_put_number(w, "sd", value[k].sd);
        put_why(w, &value[k].e);
        fdml_json_end_object(w);
    }
    fdml_json_end_object(w);
}

/* Inside of its object. */
static void put_difference(writer *w, const fdml_fidelity_difference *d)
{
    fdml_report_json_value(w, &d->e);
    fdml_json_put_number(w, "before", isnan(d->e.value) ? NAN : d->before);
    put_tests(w, d->p, d->p_holm);
    put_why(w, &d->e);
}

static void put_differences(writer *w, const char *key, const fdml_fidelity_difference *d)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        fdml_json_key(w, fdml_fidelity_name[k]);
        fdml_json_begin_object(w);
        put_difference(w, &d[k]);
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
    fdml_report_json_value(w, &gap->e);
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
        begin_item(w, study->attribute[a].name);
        put_gap_name(w, k, g);
        put_difference(w, &change[a].gap[k][g]);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

/* --- decisions ---------------------------------------------------------------------------- */

/* Members of an object that is open. */
static void put_decisions(writer *w, const fdml_simulation_group *g)
{
    fdml_json_put_number(w, "p_correct_box", g->p_correct_box);
    fdml_json_put_number(w, "p_good", g->p_good);
    fdml_json_put_number(w, "alone", g->alone);
    fdml_json_put_number(w, "explained", g->explained);
    fdml_json_put_number(w, "even", g->even);
    if (g->why) fdml_json_put_text(w, "why", g->why);
}

static void put_grid(writer *w, const fdml_simulation *s, const fdml_study_attribute *by)
{
    fdml_json_key(w, "grid");
    if (!s->step) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "better", by->group[s->better]);
    fdml_json_put_text(w, "worse", by->group[s->worse]);
    fdml_json_key(w, "steps");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < FDML_SIMULATION_STEPS; i++) {
        fdml_json_begin_array(w);
        fdml_json_number(w, s->step[i].d);
        fdml_json_number(w, s->step[i].better);
        fdml_json_number(w, s->step[i].worse);
        fdml_json_end_array(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

static void put_decision_gap(writer *w, const fdml_simulation *s,
                             const fdml_study_attribute *by)
{
    const fdml_simulation_gap *gap = &s->gap;
    fdml_json_key(w, "gap");
    fdml_json_begin_object(w);
    fdml_json_put_number(w, "alone", gap->alone);
    fdml_json_put_number(w, "explained", gap->explained);
    fdml_json_put_number(w, "even", gap->even);
    fdml_json_put_text(w, "best", gap->best < by->n_groups ? by->group[gap->best] : NULL);
    fdml_json_put_text(w, "worst", gap->worst < by->n_groups ? by->group[gap->worst] : NULL);
    if (isnan(gap->explained))
        fdml_json_put_text(w, "why", "fewer than two groups have a value");
    fdml_json_end_object(w);
}

/* "simulation", [n_attributes] or null */
static void put_simulation(writer *w, const fdml_study *study,
                           const fdml_simulation *simulation)
{
    fdml_json_key(w, "simulation");
    if (!simulation) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_simulation *s = &simulation[a];
        begin_item(w, study->attribute[a].name);
        fdml_json_key(w, "overall");
        fdml_json_begin_object(w);
        put_decisions(w, &s->overall);
        fdml_json_end_object(w);
        fdml_json_key(w, "groups");
        fdml_json_begin_array(w);
        for (size_t g = 0; g < s->n_groups; g++) {
            fdml_json_begin_object(w);
            fdml_json_put_text(w, "value", study->attribute[a].group[g]);
            put_decisions(w, &s->group[g]);
            fdml_json_end_object(w);
        }
        fdml_json_end_array(w);
        put_decision_gap(w, s, &study->attribute[a]);
        put_grid(w, s, &study->attribute[a]);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
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
    fdml_json_bool(w, fdml_method_is_exact(x->method, study->table->n_features));
    fdml_json_key(w, "chosen");
    fdml_json_begin_array(w);
    for (size_t s = 0; s < study->options->n_seeds; s++) fdml_json_string(w, x->note[s]);
    fdml_json_end_array(w);
    put_fidelity(w, study, x->by);
    put_changes(w, study, x->change, baseline);
    put_simulation(w, study, x->simulation);
    fdml_json_end_object(w);
    fdml_arena_reset(arena, mark);
    return true;
}

bool fdml_study_json_boxes(fdml_json_writer *w, const fdml_study *study, fdml_arena *arena)
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
