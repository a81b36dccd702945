/* study_measure.c - what explanations are worth, and beside a baseline. See study_state.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "explain/fidelity_change.h"
#include "explain/simulate.h"
#include "explain/study_other.h"
#include "explain/study_state.h"

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to measure fidelity on %zu rows", n);
}

/* --- fidelity ----------------------------------------------------------------------------- */

fdml_fidelity_options fdml_study_resampling(const fdml_study_options *o)
{
    return (fdml_fidelity_options){ .n_bootstrap = o->n_bootstrap,
                                    .n_permutations = o->n_permutations,
                                    .confidence = o->confidence,
                                    .seed = o->seed[0],
                                    .n_threads = o->workers.n_threads };
}

static fdml_fidelity_rows rows_of(const study_run *r, size_t attribute, const double *p,
                                  const double *e)
{
    const fdml_study_attribute *a = &r->study->attribute[attribute];
    return (fdml_fidelity_rows){ .p = p,
                                 .e = e,
                                 .code = a->code,
                                 .n = r->study->n_test,
                                 .n_groups = a->n_groups,
                                 .n_seeds = r->o->n_seeds,
                                 .min_group = r->o->min_group };
}

/* by: [n_attributes] */
static fdml_status measure(fdml_fidelity *by, study_run *r, const double *p, const double *e,
                           fdml_error *err)
{
    const fdml_fidelity_options o = fdml_study_resampling(r->o);
    for (size_t a = 0; a < r->study->n_attributes; a++) {
        const fdml_fidelity_rows rows = rows_of(r, a, p, e);
        FDML_TRY(fdml_fidelity_measure(&by[a], &rows, &o, r->arena, err));
    }
    return FDML_OK;
}

/* What is faithful by construction has no gap that chance could make, and does not weigh in
 * Holm's correction. */
static void forget_tests(fdml_fidelity *by, size_t n_attributes)
{
    for (size_t i = 0; i < n_attributes * FDML_FIDELITIES * FDML_FIDELITY_GAPS; i++) {
        const size_t gap = i % (FDML_FIDELITIES * FDML_FIDELITY_GAPS);
        by[i / (FDML_FIDELITIES * FDML_FIDELITY_GAPS)]
            .gap[gap / FDML_FIDELITY_GAPS][gap % FDML_FIDELITY_GAPS]
            .p = NAN;
    }
}

fdml_status fdml_study_measure(study_run *r, size_t b, const study_making *m, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    const size_t n_attributes = r->study->n_attributes;
    fdml_fidelity *quality = r->quality + b * n_attributes;
    fdml_study_explained *x = &r->explained[b * o->n_methods];
    fdml_study_progress(r, "fidelity", 0);
    FDML_TRY(measure(quality, r, r->target, m->p, err));
    for (size_t k = 0; k < o->n_methods; k++) {
        fdml_fidelity *by = r->by + (b * o->n_methods + k) * n_attributes;
        x[k] = (fdml_study_explained){ .method = &o->method[k],
                                       .by = by,
                                       .e = m->method[k].e,
                                       .note = m->method[k].note,
                                       .local = m->method[k].local };
        FDML_TRY(measure(by, r, m->p, x[k].e, err));
        if (fdml_method_is_exact(&o->method[k], r->t->n_features))
            forget_tests(by, n_attributes);
        fdml_study_progress(r, "fidelity", 1);
    }
    r->box[b] = (fdml_study_box){ &o->source[b], m->choice, m->p, quality, x };
    return FDML_OK;
}

/* --- changes ------------------------------------------------------------------------------ */

/* What method k on black box b is compared with: the same of another run, the baseline's method
 * on the same black box, or the same method on the baseline's; e NULL: nothing. */
static fdml_study_answers find_baseline(const study_run *r, size_t b, size_t k)
{
    const fdml_study_options *o = r->o;
    const fdml_study_answers none = { NULL, NULL };
    if (o->other) return o->other->of[b * o->n_methods + k];
    if (o->baseline != SIZE_MAX) {
        if (k == o->baseline) return none;
        k = o->baseline;
    } else {
        if (o->baseline_source == SIZE_MAX || b == o->baseline_source) return none;
        b = o->baseline_source;
    }
    return (fdml_study_answers){ r->box[b].p, r->explained[b * o->n_methods + k].e };
}

fdml_status fdml_study_compare(study_run *r, size_t b, size_t k, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    const fdml_fidelity_options resampling = fdml_study_resampling(r->o);
    const fdml_study_answers with = find_baseline(r, b, k);
    if (!with.e) return FDML_OK;
    fdml_study_explained *x = &r->explained[b * o->n_methods + k];
    fdml_fidelity_change *made =
        fdml_arena_push(r->arena, r->study->n_attributes, sizeof *made);
    if (!made) return no_memory(r->study->n_test, err);
    for (size_t a = 0; a < r->study->n_attributes; a++) {
        const fdml_fidelity_rows rows = rows_of(r, a, r->box[b].p, x->e);
        const fdml_fidelity_rows other = rows_of(r, a, with.p, with.e);
        FDML_TRY(fdml_fidelity_compare(&made[a], &rows, &other, &resampling, r->arena, err));
    }
    x->change = made;
    return FDML_OK;
}

fdml_status fdml_study_simulate(study_run *r, size_t b, size_t k, fdml_error *err)
{
    const size_t n_attributes = r->study->n_attributes;
    fdml_study_explained *x = &r->explained[b * r->o->n_methods + k];
    fdml_simulation *made = fdml_arena_push(r->arena, n_attributes, sizeof *made);
    if (!made) return no_memory(r->study->n_test, err);
    for (size_t a = 0; a < n_attributes; a++)
        FDML_TRY(fdml_simulation_make(&made[a], &r->box[b], x, a, &fdml_simulation_paper_user,
                                      r->arena, err));
    x->simulation = made;
    return FDML_OK;
}
