/* forest.h - a random forest, the same bits everywhere.
 *
 * Breiman, "Random forests" (Machine Learning 45, 2001): every tree is grown on n draws with
 * replacement of the n training rows, without limit of depth; a node looks at floor(sqrt(dim))
 * features drawn without replacement, and at more while all of them are constant there, as
 * scikit-learn does, and takes the split that lowers the Gini impurity most; each tree votes
 * for the majority value of the leaf, of equally frequent values the smaller.
 *
 * A row that is listed, or drawn, several times is one row with a weight; the draws are of the
 * list. So repeating rows costs little more than the draws.
 *
 * Trees are not kept: rows to be predicted are sent through a tree as soon as it stands, so
 * memory is one tree a thread, one vote a tree and row, and the ranks of the rows, four bytes a
 * feature of a different row. Tree t draws from the stream's index t.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_FOREST_H
#define FDML_EVAL_FOREST_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/samples.h"

typedef struct fdml_forest_options {
    unsigned n_trees; /* at least 1 */
    uint64_t seed, stream;
    fdml_workers workers;
} fdml_forest_options;

/* predicted[test->row[i]]: the value with most votes, of equal ones the smaller. Scratch is
 * given back. FDML_E_NOMEM. */
fdml_status fdml_forest_predict(uint32_t *predicted, const fdml_samples *train,
                                const fdml_samples *test, const fdml_forest_options *options,
                                fdml_arena *scratch, fdml_error *err);

/* Bytes of scratch, where n_train rows are listed and n_distinct of them differ. */
size_t fdml_forest_size(size_t dim, size_t n_values, size_t n_train, size_t n_distinct,
                        size_t n_test, const fdml_forest_options *options);

#endif
