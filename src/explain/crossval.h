/* crossval.h - who trains: folds, balanced rows, and what cross-validation maximises.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_CROSSVAL_H
#define FDML_EXPLAIN_CROSSVAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

/* fold[i] of row i of n, those of scikit-learn's StratifiedKFold without shuffling, which is
 * what GridSearchCV takes for a classifier: the values, in the order of their first row, are
 * sorted; every n_folds-th of them tells how many of each a fold tests; and the rows of a value
 * fill the folds in their own order. FDML_E_DATA where a value has fewer rows than folds, for
 * then a fold tests but one value. */
fdml_status fdml_folds_stratified(uint8_t *fold, const uint8_t *y, size_t n, unsigned n_folds,
                                  fdml_error *err);

/* Oversampling (imbalanced-learn's RandomOverSampler): the rows in their order, then, code by
 * code, rows of it that are drawn with replacement until it has as many as the most frequent.
 * Codes that no row has stay absent. to: in `arena`. A draw depends on (seed, stream, code).
 *
 * Before cross-validation, as the authors do it, copies of a row come to lie in several folds:
 * folds then reward what memorises, and their AUROC is no estimate of the test's. */
fdml_status fdml_oversample(uint32_t **to, size_t *n_to, const uint32_t *row, size_t n,
                            const uint32_t *code /* by row */, size_t n_codes, uint64_t seed,
                            uint64_t stream, fdml_arena *arena, fdml_error *err);

/* Bytes of arena where n rows become n_to. */
double fdml_oversample_memory(double n, double n_codes, double n_to);

/* Probability that the score of a row of value 1 is above that of one of value 0, equal ones
 * counting half; NaN where a value is absent. Scores are no NaN. Scratch is given back. */
fdml_status fdml_auroc(double *auroc, const double *score, const uint8_t *y, size_t n,
                       fdml_arena *scratch, fdml_error *err);

/* order: [n] ascending by score, of equal ones by index. Scratch as above. */
fdml_status fdml_order_scores(uint32_t *order, const double *score, size_t n,
                              fdml_arena *scratch, fdml_error *err);
double fdml_order_scores_memory(size_t n); /* bytes */

#endif
