/* study_plan.c - the memory of a study, before it runs. See study.h.
 *
 * What is counted: the answers of all black boxes and methods, the largest black box in
 * training, the largest method with the rows it looks at, and the replicates behind one
 * interval. Small things of constant size are a megabyte for each thread.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/cart.h"
#include "explain/fidelity_change.h"
#include "explain/mutual.h"
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

static double training_memory(const fdml_tabular *t, const fdml_study_options *o, double n)
{
    double bytes = 0;
    for (size_t b = 0; b < o->n_sources; b++) {
        const fdml_study_source *source = &o->source[b];
        if (source->outside) continue;
        const fdml_blackbox_options training = fdml_study_training(o, source, 0);
        const size_t rows =
            (size_t)balanced_rows(n, t, o->balances_labels, source->balances_groups);
        bytes = most(bytes, fdml_blackbox_train_memory(t, rows, &training) + 8 * (double)rows +
                                4 * (double)t->n_rows);
    }
    return bytes;
}

/* A method and the rows it looks at, encoded and as they are. */
static double method_memory(const fdml_tabular *t, const fdml_study_options *o,
                            const double *n_rows, double dim)
{
    double bytes = 0;
    const size_t columns = (size_t)dim;
    const fdml_lime_data lime = { .n_features = t->n_features, .n_numeric = t->n_features };
    for (size_t m = 0; m < o->n_methods; m++) {
        const fdml_method *method = &o->method[m];
        const size_t rows =
            (size_t)balanced_rows(n_rows[FDML_PART_EXPLAIN], t, false, method->is_balanced);
        const fdml_lime_options lime_options = fdml_study_lime(o, method, 0);
        const fdml_shap_options shap_options = fdml_study_shap(o, method, 0);
        const fdml_gam_options gam_options = fdml_study_gam(o);
        const fdml_cart_options cart_options = { FDML_METHOD_MOST_DEPTH, o->workers.n_threads };
        const double own[FDML_METHODS] = {
            fdml_lime_memory(&lime, &lime_options),
            fdml_shap_memory(columns, method->n_background, &shap_options),
            fdml_gam_memory(rows, columns, &gam_options),
            FDML_METHOD_MOST_DEPTH * fdml_cart_memory(rows, columns, &cart_options)
        };
        const double looked_at =
            2 * (double)rows + n_rows[FDML_PART_VALIDATE] + n_rows[FDML_PART_TEST];
        const double choosing =
            method->n_kept ? fdml_mutual_memory(rows, o->workers.n_threads) : 0;
        bytes = most(bytes, own[method->kind] + choosing + looked_at * (12 * dim + 96));
    }
    return bytes;
}

/* Of one interval, or of the change of one. */
static double resampling_memory(const fdml_study_options *o, size_t n_test, size_t n_groups)
{
    const fdml_fidelity_options resampling = fdml_study_resampling(o);
    return most(fdml_fidelity_memory(n_test, n_groups, o->n_seeds, &resampling),
                fdml_fidelity_compare_memory(n_test, n_groups, o->n_seeds, &resampling));
}

static double information_memory(const fdml_tabular *t, const fdml_study_options *o)
{
    const fdml_information_options options = fdml_study_telling(o);
    return o->with_information ? fdml_information_memory(t, &options) : 0;
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
    const double work =
        most(training_memory(t, o, n_rows[FDML_PART_TRAIN]), method_memory(t, o, n_rows, dim));
    const double measuring = resampling_memory(o, (size_t)n_test, (size_t)n_groups);
    return answers + local + (double)t->n_rows * 16 +
           most(most(work, information_memory(t, o)), measuring) + o->workers.n_threads * small;
}
