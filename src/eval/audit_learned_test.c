/* audit_learned_test.c - can a gap of accuracy between groups be told from chance?
 *
 * The attribute is exchanged between whole classes where it is constant within them, else
 * between the rows of a class, while the classifiers and what they predicted stay as they are.
 * A unit is exchanged with its tests of all splits; all trainings are looked at under the same
 * exchanges.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/audit_learned.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to test the gaps of classifiers");
}

/* Units of the permutation, the groups that have values, and the trainings that are tested
 * together. Columns: tests, then right of every training. */
typedef struct exchange {
    const downstream_study *study;
    const fdml_grouping *by;
    size_t grouping;
    uint32_t *unit_of;        /* [n_rows] */
    uint32_t *code, *stratum; /* [n_units]; stratum NULL: one */
    uint32_t *dense;          /* [n_groups] among those with values; NO_GROUP */
    double *features;         /* [n_units, stride] */
    size_t n_units, n_groups, stride, n_learned;
    double *null; /* [n_learned, n_permutations] */
} exchange;
#define NO_GROUP UINT32_MAX

/* Units of rows of groups that have values: classes, or rows class by class. */
static fdml_status make_units(exchange *x, fdml_error *err)
{
    audit_state *state = x->study->state;
    const fdml_problem *problem = state->problem;
    const bool is_whole = x->by->is_class_constant;
    x->unit_of = fdml_arena_push(state->scratch, problem->n_rows, sizeof *x->unit_of);
    x->code = fdml_arena_push(state->scratch, problem->n_rows, sizeof *x->code);
    uint32_t *stratum = fdml_arena_push(state->scratch, problem->n_rows, sizeof *stratum);
    uint8_t *is_tested = fdml_arena_push_zero(state->scratch, problem->n_rows, 1);
    if (!x->unit_of || !x->code || !stratum || !is_tested) return no_memory(err);
    const fdml_tests *tests = &x->study->tests;
    for (size_t i = 0; i < tests->begin[tests->n_splits]; i++) is_tested[tests->row[i]] = 1;
    for (size_t c = 0; c < problem->label->n_levels; c++) {
        bool is_open = false;
        for (size_t i = state->class_begin[c]; i < state->class_begin[c + 1]; i++) {
            const uint32_t row = state->by_class[i], g = x->dense[x->by->code[row]];
            if (!is_tested[row] || g == NO_GROUP) continue;
            if (!is_whole || !is_open) {
                stratum[x->n_units] = (uint32_t)c;
                x->code[x->n_units++] = g;
            }
            is_open = true;
            x->unit_of[row] = (uint32_t)x->n_units - 1;
        }
    }
    x->stratum = is_whole ? NULL : stratum;
    return FDML_OK;
}

static fdml_status make_features(exchange *x, const fdml_learned_result *learned,
                                 fdml_error *err)
{
    const fdml_tests *tests = &x->study->tests;
    x->stride = fdml_feature_stride(1 + x->n_learned);
    x->features = fdml_arena_push_zero(x->study->state->scratch, x->n_units * x->stride,
                                       sizeof *x->features);
    if (!x->features) return no_memory(err);
    for (size_t k = 0; k < x->n_learned; k++) {
        const uint32_t *predicted = downstream_predicted(x->study, learned[k].classifier,
                                                         learned[k].protocol, x->grouping);
        for (size_t i = 0; i < tests->begin[tests->n_splits]; i++) {
            const uint32_t row = tests->row[i];
            if (x->dense[x->by->code[row]] == NO_GROUP) continue;
            double *f = x->features + x->unit_of[row] * x->stride;
            if (!k) f[0] += 1;
            f[1 + k] += predicted[i] == tests->target->code[row];
        }
    }
    return FDML_OK;
}

static double spread(const double *sums, const exchange *x, size_t k)
{
    double most = -INFINITY, least = INFINITY;
    for (size_t g = 0; g < x->n_groups; g++) {
        const double *f = sums + g * x->stride;
        if (f[0] == 0) continue;
        most = fmax(most, f[1 + k] / f[0]);
        least = fmin(least, f[1 + k] / f[0]);
    }
    return most - least;
}

static fdml_status permute(exchange *x, fdml_error *err)
{
    enum { BATCH = 64 };
    audit_state *state = x->study->state;
    const size_t n = state->settings->n_permutations, one = x->n_groups * x->stride;
    fdml_permutation p = { .features = x->features,
                           .code = x->code,
                           .stratum = x->stratum,
                           .n_units = x->n_units,
                           .n_features = x->stride,
                           .n_groups = x->n_groups,
                           .seed = state->settings->seed,
                           .stream = audit_stream_id(STREAM_DOWNSTREAM,
                                                     x->study->index << 8 | x->grouping,
                                                     x->by->n_groups) };
    double *sums = fdml_arena_push(state->scratch, BATCH * one, sizeof *sums);
    const size_t own = fdml_permutation_scratch(&p, 1);
    const int n_threads = fdml_resampling_threads(own, state->machine->n_threads);
    void *scratch = fdml_arena_push(state->scratch, 1, fdml_permutation_scratch(&p, n_threads));
    if (!sums || !scratch) return no_memory(err);
    for (size_t first = 0; first < n; first += BATCH) {
        p.first_replicate = (uint32_t)first;
        p.n_replicates = n - first < BATCH ? n - first : BATCH;
        fdml_permutation_sums(sums, &p, scratch, n_threads);
        for (size_t r = 0; r < p.n_replicates; r++)
            for (size_t k = 0; k < x->n_learned; k++)
                x->null[k * n + first + r] = spread(sums + r * one, x, k);
    }
    return FDML_OK;
}

fdml_status fdml_audit_learned_test(fdml_learned_result *learned, size_t n_learned,
                                    const downstream_study *study, size_t grouping,
                                    fdml_error *err)
{
    audit_state *state = study->state;
    const size_t n = state->settings->n_permutations;
    exchange x = { .study = study,
                   .by = &state->groupings.grouping[grouping],
                   .grouping = grouping,
                   .n_learned = n_learned };
    x.dense = fdml_arena_push(state->scratch, x.by->n_groups, sizeof *x.dense);
    x.null = fdml_arena_push(state->scratch, n_learned * n, sizeof *x.null);
    double *p = fdml_arena_push(state->scratch, 2 * n_learned, sizeof *p);
    uint32_t *order = fdml_arena_push(state->scratch, n_learned, sizeof *order);
    if (!x.dense || !x.null || !p || !order) return no_memory(err);
    for (size_t g = 0; g < x.by->n_groups; g++)
        x.dense[g] =
            isnan(learned[0].groups[g].value[0].value) ? NO_GROUP : (uint32_t)x.n_groups++;
    if (x.n_groups < 2) return FDML_OK;
    FDML_TRY(make_units(&x, err));
    FDML_TRY(make_features(&x, learned, err));
    FDML_TRY(permute(&x, err));
    for (size_t k = 0; k < n_learned; k++) {
        fdml_gap_result *gap = &learned[k].gap[FDML_L_ACCURACY];
        gap->p = p[k] = fdml_p_value(gap->difference.value, 1, x.null + k * n, n);
        gap->p_method = "permutation";
    }
    fdml_holm(p + n_learned, p, n_learned, order);
    for (size_t k = 0; k < n_learned; k++)
        learned[k].gap[FDML_L_ACCURACY].p_holm = p[n_learned + k];
    return FDML_OK;
}
