/* lime.h - LIME: a weighted linear model of a black box around each row (Ribeiro, Singh and
 * Guestrin, "Why should I trust you?", KDD 2016), as lime 0.2.0.1's LimeTabularExplainer makes
 * it with discretize_continuous=False.
 *
 * A row's neighbourhood is n_samples rows, the first of them the row itself. A number is drawn
 * from N(centre, (sigma * deviation)^2), the centre being the mean of the fitting rows or, with
 * is_around, the row's own number; a category by its frequency in the fitting rows. The model
 * sees z: a number less its mean, over its deviation; of a category, 1 where it is the row's
 * own and else 0. A sample weighs sqrt(exp(-d^2 / width^2)), d being its Euclidean distance
 * from the row in z, and a ridge regression of P(target = 1) is fitted (that of P(target = 0)
 * is the same with other signs).
 *
 * A missing number is the mean to the model and stays missing to the black box in the first
 * sample. A number that is constant in the fitting rows is not moved, and has coefficient 0:
 * lime gives it deviation 1, and so asks the black box for values that no data has.
 *
 * Draws are keyed by (seed, row, sample), so results depend neither on threads nor on which
 * other rows are explained.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_LIME_H
#define FDML_EXPLAIN_LIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"
#include "explain/blackbox.h"
#include "explain/tabular.h"

/* What is known of the fitting rows. */
typedef struct fdml_lime_data {
    size_t n_features, n_numeric;
    const uint32_t *feature; /* [n_features] numeric ones first */
    const float *mean;       /* [n_features] categorical: 0 */
    const float *deviation;  /* [n_features] divisor n; categorical: 1; constant: 0 */
    /* The alias method of Walker (1977), of each categorical feature's levels */
    const uint32_t *begin;     /* [n_features + 1] into what follows */
    const uint32_t *threshold; /* of a 32-bit fraction; from it on it is the alias */
    const uint32_t *alias;
} fdml_lime_data;

/* Of the n listed rows; in `arena`. No rows, or a category that is no level: FDML_E_DATA. */
fdml_status fdml_lime_data_make(fdml_lime_data *data, const fdml_tabular *t,
                                const uint32_t *row, size_t n, fdml_arena *arena,
                                fdml_error *err);
double fdml_lime_data_memory(const fdml_tabular *t); /* bytes */

typedef enum fdml_lime_choice {
    FDML_LIME_AUTO,    /* forward for up to six features, else largest */
    FDML_LIME_FORWARD, /* ridge.h says what these do */
    FDML_LIME_LARGEST
} fdml_lime_choice;

typedef struct fdml_lime_options {
    uint64_t seed;
    size_t n_samples; /* at least 2; the row itself is one */
    double sigma;     /* above 0 */
    bool is_around;   /* numbers around the row's instead of around the mean */
    double width;     /* of the kernel; 0: 0.75 sqrt(n_features) */
    double alpha;     /* penalty, 0 or more */
    size_t n_kept;    /* features in the model; 0, or more than there are: all */
    fdml_lime_choice choice;
    /* Just Train Twice (Liu et al., ICML 2021), as the authors of "The Road to Explainability
     * is Paved with Bias" use it: where a first model says the other side of jtt_threshold than
     * the black box, both of P(target = 0), a sample's weight is multiplied by jtt_factor, and
     * the model is fitted again. A factor of 0: fitted once. In their code weights are then
     * divided by their sum, beside which alpha = 1 is a heavy penalty; jtt_keeps_mass leaves
     * them as they are. Around a row of one side the samples of the other are those that are
     * missed, so a large factor pulls its prediction to the other side: of a network on Adult's
     * test rows a factor of 10 takes the AUROC of predictions from 0.93 to 0.20, and of another
     * seed's, with the mass kept, from 0.94 to 0.22. */
    double jtt_factor, jtt_threshold;
    bool jtt_keeps_mass;
    fdml_workers workers;
} fdml_lime_options;

/* 5000 samples, sigma 1, alpha 1, all features. Workers are the caller's. */
extern const fdml_lime_options fdml_lime_defaults;

/* Arrays of the caller, one item for each explained row; any may be NULL. */
typedef struct fdml_lime_result {
    double *prediction; /* of P(target = 1) by the model, at the row; not clipped */
    double *black_box;  /* the black box's own */
    double *intercept;
    double *r2;   /* weighted, of the fit */
    double *coef; /* [n, n_features] of z; 0 where not kept */
    float *z;     /* [n, n_features] the row as the model sees it */
} fdml_lime_result;

/* Explains x[row[i]] for i < n, with x [.., n_features] raw. The black box is asked for
 * n_samples rows at once. Scratch is given back. FDML_E_ARG (an option), FDML_E_DATA (an answer
 * that is not finite; alpha 0 and a singular design), FDML_E_NOMEM, or the black box's own
 * failure, always of the first row that has one. */
fdml_status fdml_lime_explain(fdml_lime_result *result, const fdml_lime_data *data,
                              const fdml_blackbox *box, const float *x, const uint32_t *row,
                              size_t n, const fdml_lime_options *options, fdml_arena *scratch,
                              fdml_error *err);

/* Bytes of scratch of fdml_lime_explain. */
double fdml_lime_memory(const fdml_lime_data *data, const fdml_lime_options *options);

/* --- the neighbourhood by itself -----------------------------------------------------------
 */

typedef struct fdml_lime_draw {
    uint64_t seed;
    uint32_t row; /* names the draws */
    bool is_around;
    float sigma, width;
    const fdml_kernels *kernels;
} fdml_lime_draw;

/* x and z: [n, n_features]; weight: [n]; scratch: fdml_lime_scratch(data) floats. */
void fdml_lime_neighbours(float *x, float *z, float *weight, const fdml_lime_data *data,
                          const float *instance, const fdml_lime_draw *draw, size_t n,
                          float *scratch);
size_t fdml_lime_scratch(const fdml_lime_data *data);

#endif
