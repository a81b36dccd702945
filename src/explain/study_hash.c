/* study_hash.c - the canonical byte stream of a study.
 *
 * Format "fdml-explain/1", made of the values of base/hash_stream.h. It has the numbers of
 * black boxes and explanations, with what they are of, and what they say of each test row; not
 * local explanations, notes, reasons and warnings. A change of this stream is a change of that
 * number.
 *
 * SPDX-License-Identifier: MIT */
#include "base/hash_stream.h"
#include "eval/result_hash.h"
#include "explain/fidelity_change.h"
#include "explain/simulate.h"
#include "explain/study.h"

static void put_value(fdml_sha256 *sha, const fdml_fidelity_value *v)
{
    fdml_hash_estimate(sha, &v->e);
    fdml_hash_real(sha, v->sd);
}

static void put_fidelity(fdml_sha256 *sha, const fdml_fidelity *f)
{
    fdml_hash_count(sha, f->n_groups);
    for (size_t m = 0; m < FDML_FIDELITIES; m++) put_value(sha, &f->overall[m]);
    for (size_t i = 0; i < f->n_groups * FDML_FIDELITIES; i++) {
        put_value(sha, &f->of_group[i]);
        put_value(sha, &f->behind[i]);
    }
    for (size_t m = 0; m < FDML_FIDELITIES; m++)
        for (size_t k = 0; k < FDML_FIDELITY_GAPS; k++) {
            const fdml_fidelity_gap *gap = &f->gap[m][k];
            fdml_hash_estimate(sha, &gap->e);
            fdml_hash_real(sha, gap->sd);
            fdml_hash_real(sha, gap->p);
            fdml_hash_real(sha, gap->p_holm);
            fdml_hash_count(sha, gap->worst);
        }
}

static void put_difference(fdml_sha256 *sha, const fdml_fidelity_difference *d)
{
    fdml_hash_estimate(sha, &d->e);
    fdml_hash_real(sha, d->before);
    fdml_hash_real(sha, d->p);
    fdml_hash_real(sha, d->p_holm);
}

static void put_change(fdml_sha256 *sha, const fdml_fidelity_change *c)
{
    for (size_t m = 0; m < FDML_FIDELITIES; m++) put_difference(sha, &c->overall[m]);
    for (size_t i = 0; i < c->n_groups * FDML_FIDELITIES; i++)
        put_difference(sha, &c->of_group[i]);
    for (size_t m = 0; m < FDML_FIDELITIES; m++)
        for (size_t k = 0; k < FDML_FIDELITY_GAPS; k++) put_difference(sha, &c->gap[m][k]);
}

static void put_decisions(fdml_sha256 *sha, const fdml_simulation_group *g)
{
    fdml_hash_real(sha, g->p_correct_box);
    fdml_hash_real(sha, g->p_good);
    fdml_hash_real(sha, g->alone);
    fdml_hash_real(sha, g->explained);
    fdml_hash_real(sha, g->even);
}

static void put_simulation(fdml_sha256 *sha, const fdml_simulation *s)
{
    put_decisions(sha, &s->overall);
    for (size_t g = 0; g < s->n_groups; g++) put_decisions(sha, &s->group[g]);
    fdml_hash_real(sha, s->gap.alone);
    fdml_hash_real(sha, s->gap.explained);
    fdml_hash_real(sha, s->gap.even);
    for (size_t i = 0; s->step && i < FDML_SIMULATION_STEPS; i++) {
        fdml_hash_real(sha, s->step[i].better);
        fdml_hash_real(sha, s->step[i].worse);
    }
}

/* What is said of each test row: of two runs that agree in every mean, rows may still differ.
 */
static void put_rows(fdml_sha256 *sha, const fdml_study *study, const double *value)
{
    for (size_t i = 0; i < study->options->n_seeds * study->n_test; i++)
        fdml_hash_real(sha, value[i]);
}

static void put_explained(fdml_sha256 *sha, const fdml_study *study,
                          const fdml_study_explained *x)
{
    fdml_hash_text(sha, x->method->text);
    put_rows(sha, study, x->e);
    for (size_t a = 0; a < study->n_attributes; a++) put_fidelity(sha, &x->by[a]);
    fdml_hash_count(sha, x->change ? study->n_attributes : 0);
    for (size_t a = 0; x->change && a < study->n_attributes; a++)
        put_change(sha, &x->change[a]);
    for (size_t a = 0; x->simulation && a < study->n_attributes; a++)
        put_simulation(sha, &x->simulation[a]);
}

static void put_box(fdml_sha256 *sha, const fdml_study *study, const fdml_study_box *box)
{
    fdml_hash_text(sha, box->source->name);
    fdml_hash_count(sha, box->choice ? study->options->n_seeds : 0);
    for (size_t s = 0; box->choice && s < study->options->n_seeds; s++) {
        const fdml_blackbox_choice *choice = &box->choice[s];
        fdml_hash_real(sha, choice->candidate[choice->chosen]);
        fdml_hash_real(sha, choice->auroc[choice->chosen]);
        fdml_hash_real(sha, choice->loss);
    }
    put_rows(sha, study, box->p);
    for (size_t a = 0; a < study->n_attributes; a++) put_fidelity(sha, &box->quality[a]);
    for (size_t m = 0; m < study->options->n_methods; m++)
        put_explained(sha, study, &box->explained[m]);
}

static void put_information(fdml_sha256 *sha, const fdml_study *study)
{
    fdml_hash_count(sha, study->n_information);
    for (size_t i = 0; i < study->n_information; i++) {
        const fdml_information *info = &study->information[i];
        const fdml_factor *by = &study->table->protected_[info->attribute];
        fdml_hash_text(sha, by->name);
        fdml_hash_text(sha, by->level[info->group]);
        fdml_hash_count(sha, info->n);
        for (size_t k = 0; k < 2; k++) fdml_hash_estimate(sha, &info->auroc[k]);
    }
}

void fdml_study_hash(char hex[FDML_SHA256_HEX], const fdml_study *study)
{
    const fdml_study_options *o = study->options;
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    fdml_hash_text(&sha, "fdml-explain/1");
    for (size_t part = 0; part < FDML_PART_NONE; part++)
        fdml_hash_count(&sha, study->n_rows[part]);
    fdml_hash_count(&sha, o->n_seeds);
    for (size_t s = 0; s < o->n_seeds; s++) fdml_hash_count(&sha, o->seed[s]);
    fdml_hash_count(&sha, study->n_attributes);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_study_attribute *by = &study->attribute[a];
        fdml_hash_text(&sha, by->name);
        fdml_hash_count(&sha, by->n_groups);
        for (size_t g = 0; g < by->n_groups; g++) fdml_hash_text(&sha, by->group[g]);
    }
    for (size_t b = 0; b < o->n_sources; b++) put_box(&sha, study, &study->box[b]);
    put_information(&sha, study);
    fdml_sha256_final(&sha, hex);
}
