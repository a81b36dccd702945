/* study_plan.c - the memory of a study, before it runs. See study.h.
 *
 * What is counted: the answers of all black boxes and methods, the largest black box in
 * training (every thread has a fold's rows), the largest method (every thread has a
 * neighbourhood; a model of the whole has encoded rows), and the replicates behind one
 * interval. Small things of constant size are a megabyte for each thread.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study_state.h"

static const double small = 1 << 20;

static double most(double a, double b)
{
    return a > b ? a : b;
}

/* Encoded columns at most: those of all levels. */
static double count_columns(const fdml_tabular *t)
{
    double n = 0;
    for (size_t f = 0; f < t->n_features; f++)
        n += t->feature[f].kind == FDML_NUMERIC ? 1 : t->feature[f].n_levels;
    return n;
}

/* Rows of a part where the most frequent of n_values is repeated for all. */
static double balanced_rows(double n, const fdml_tabular *t, bool by_label, bool by_group)
{
    if (by_label) n *= 2;
    if (by_group) n *= (double)t->protected_[0].n_levels;
    return n;
}

/* Encoded rows, code, label, place and score; twice, as a fold has rows to train and to test.
 */
static double training_memory(const fdml_tabular *t, const fdml_study_options *o, double n,
                              double dim)
{
    double bytes = 0;
    const double n_threads = o->workers.n_threads;
    for (size_t b = 0; b < o->n_sources; b++) {
        if (o->source[b].outside) continue;
        const double rows =
            balanced_rows(n, t, o->balances_labels, o->source[b].balances_groups);
        bytes = most(bytes, (n_threads + 1) * rows * (4 * dim + 64));
    }
    return bytes;
}

static double method_memory(const fdml_tabular *t, const fdml_study_options *o,
                            const double *n_rows, double dim)
{
    double bytes = 0;
    const double n_threads = o->workers.n_threads, p = (double)t->n_features;
    for (size_t m = 0; m < o->n_methods; m++) {
        const fdml_method *method = &o->method[m];
        const double samples = (double)method->n_samples;
        const double explain =
            balanced_rows(n_rows[FDML_PART_EXPLAIN], t, false, method->is_balanced);
        double own = 0;
        if (method->kind == FDML_METHOD_LIME) own = n_threads * samples * (12 * p + 64);
        if (method->kind == FDML_METHOD_SHAP)
            own =
                n_threads * samples * ((double)method->n_background * (4 * dim + 8) + 16 * dim);
        if (method->kind == FDML_METHOD_GAM)
            own = n_threads * 8 * (20 * dim) * (20 * dim) + explain * 64;
        bytes = most(bytes, own + (2 * explain + n_rows[FDML_PART_TEST]) * (12 * dim + 96));
    }
    return bytes;
}

/* Replicates of groups, and of changes which have two of each. */
static double resampling_memory(const fdml_study_options *o, double n_test, double n_groups)
{
    const double values = (2 * n_groups + 1) * FDML_FIDELITIES + 6;
    const double tables = 2 * (double)o->n_seeds * n_test * 24;
    return 2 * 8 * values * (double)(o->n_bootstrap + o->n_permutations) + tables +
           o->workers.n_threads * n_test * 16;
}

double fdml_study_memory(const fdml_tabular *table, const fdml_study_options *options)
{
    const fdml_tabular *t = table;
    const fdml_study_options *o = options;
    double n_rows[FDML_PART_NONE + 1] = { 0 }, n_groups = 1;
    const double dim = count_columns(t);
    for (size_t i = 0; i < t->n_rows; i++) n_rows[t->part[i]]++;
    for (size_t a = 0; a < t->n_protected; a++) {
        const double levels = (double)t->protected_[a].n_levels;
        n_groups = o->with_intersections ? n_groups * (levels + 1) : n_groups + levels;
    }
    const double n_test = n_rows[FDML_PART_TEST], n_methods = (double)o->n_methods;
    const double answers = (double)(o->n_sources * o->n_seeds) * n_test * 8 * (n_methods + 1);
    const double local =
        o->with_local ? (double)o->n_sources * n_methods * n_test * (16 * dim + 16) : 0;
    const double work = most(training_memory(t, o, n_rows[FDML_PART_TRAIN], dim),
                             method_memory(t, o, n_rows, dim));
    return answers + local + (double)t->n_rows * 16 +
           most(work, resampling_memory(o, n_test, n_groups)) + o->workers.n_threads * small;
}
