/* kernel_shap.h - Shapley values of a black box's answers by KernelSHAP (Lundberg and Lee, "A
 * unified approach to interpreting model predictions", NeurIPS 2017), as shap 0.38.1 samples.
 *
 * What a coalition S of features is worth at row x is the black box's mean answer over the
 * background rows with the features of S taken from x: v(S). Players are the features in which
 * x differs from some background row; others have value 0. The values phi minimise
 *
 *     sum_S w_S (v(S) - v({}) - sum_{i in S} phi_i)^2   with   sum_i phi_i = f(x) - v({}),
 *
 * with the coalitions of coalitions.h; the constraint is solved for the last player, so that
 * the sum holds to rounding. If all coalitions are there these are the Shapley values. The link
 * is the identity and nothing is selected (shap's l1_reg=0). A design that the drawn coalitions
 * leave singular is made regular by 1e-9 of its largest diagonal element.
 *
 * Features are whatever the rows have: of encoded rows the players are encoded columns, which
 * is how Balagopalan et al. (FAccT 2022) call shap; of raw rows a category is one player.
 *
 * Draws are keyed by (seed, row): no thread count and no other row changes them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_KERNEL_SHAP_H
#define FDML_EXPLAIN_KERNEL_SHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"
#include "explain/blackbox.h"

enum { FDML_SHAP_EXACT_MOST = 16 }; /* players of an exact run: 65,536 coalitions */

typedef struct fdml_shap_options {
    uint64_t seed;
    size_t n_samples;     /* coalitions; 0: 2048 and two for each feature */
    bool is_exact;        /* all coalitions and Shapley's formula, n_samples is not looked at */
    const uint32_t *kept; /* [n_kept] features whose values the prediction adds; NULL: all */
    size_t n_kept;
    fdml_workers workers;
} fdml_shap_options;

typedef struct fdml_shap_data {
    size_t n_features, n_background;
    const float *background; /* [n_background, n_features], at least one row */
    const float *x;          /* [.., n_features] */
} fdml_shap_data;

/* Arrays of the caller, one item for each explained row; any may be NULL. */
typedef struct fdml_shap_result {
    double *prediction; /* base + the values of the kept features */
    double *black_box;  /* f(x) */
    double *phi;        /* [n, n_features] */
    double base;        /* v({}); written */
} fdml_shap_result;

/* Explains x[row[i]] for i < n. Scratch is given back. FDML_E_ARG (no background, more than
 * FDML_SHAP_EXACT_MOST players where is_exact, a kept feature that there is not), FDML_E_DATA
 * (an answer that is not finite), FDML_E_NOMEM, or the black box's own failure, always of the
 * first row that has one. */
fdml_status fdml_shap_explain(fdml_shap_result *result, const fdml_blackbox *box,
                              const fdml_shap_data *data, const uint32_t *row, size_t n,
                              const fdml_shap_options *options, fdml_arena *scratch,
                              fdml_error *err);

/* Bytes of scratch of that, of rows of n_features and a background of so many. */
double fdml_shap_memory(size_t n_features, size_t n_background,
                        const fdml_shap_options *options);

#endif
