/* coalitions.h - which coalitions of features KernelSHAP looks at, and what each weighs.
 *
 * As shap 0.38.1 does it (KernelExplainer.explain): sizes are taken in pairs from the outside
 * in, s = 1 and m - 1, then 2 and m - 2; as long as all coalitions of a size fit into its share
 * of the samples, all are taken, each with its Shapley kernel weight
 *
 *     (m - 1) / (binom(m, s) s (m - s)), divided by the sum over all sizes.
 *
 * The rest are drawn: a size by its weight, members at random, and then the complement; one
 * that is drawn again weighs more instead of being evaluated again, and all the drawn together
 * weigh what the sizes that were not enumerated would.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_COALITIONS_H
#define FDML_EXPLAIN_COALITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rng.h"
#include "base/status.h"

typedef struct fdml_coalitions {
    size_t n, n_words;
    uint64_t *mask; /* [n, n_words] bit i of word i / 64: player i is in it */
    double *weight; /* [n]; they sum to 1 */
    /* scratch */
    size_t n_players, room, n_slots;
    double *share; /* [players / 2 + 1, 2] of sizes */
    uint32_t *order;
    uint32_t *slot;
} fdml_coalitions;

/* Room for n_samples coalitions of up to n_players, in `arena`. FDML_E_NOMEM. */
double fdml_coalitions_memory(size_t n_players, size_t n_samples); /* bytes */
fdml_status fdml_coalitions_init(fdml_coalitions *c, size_t n_players, size_t n_samples,
                                 fdml_arena *arena, fdml_error *err);

/* At most n_samples (not more than there is room for) of n_players, at least 2. */
void fdml_coalitions_make(fdml_coalitions *c, size_t n_players, size_t n_samples,
                          fdml_rng *rng);

static inline bool fdml_coalition_has(const fdml_coalitions *c, size_t index, size_t player)
{
    return c->mask[index * c->n_words + player / 64] >> player % 64 & 1;
}

#endif
