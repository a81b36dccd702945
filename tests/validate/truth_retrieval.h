/* truth_retrieval.h - recall_at_1 and map_at_r of others in the place of those at hand, in the
 * gallery as it is.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_VALIDATE_TRUTH_RETRIEVAL_H
#define FDML_TESTS_VALIDATE_TRUTH_RETRIEVAL_H

#include "world.h"

/* What the interval of a retrieval metric is about: new classes (NEW_CLASSES) or new rows of
 * the same classes are drawn from the law, and each takes the place of one that is there, while
 * the rest of the gallery stays. Means over the queries of each group and, last, of all;
 * n_draws classes or rows are drawn. Under l2, all rows being query and gallery, without origin
 * and shift. */
typedef struct true_retrieval {
    double recall_at_1[MOST_GROUPS + 1], map_at_r[MOST_GROUPS + 1];
} true_retrieval;
void true_retrieval_of(true_retrieval *t, const world *w, size_t n_draws);

#endif
