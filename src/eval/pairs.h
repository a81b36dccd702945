/* pairs.h - the one pass over all pairs of rows: the only O(n^2 d) work of an audit.
 *
 * A blocked gemm over packed panels computes nearness tile by tile; each tile is consumed
 * while it is in cache and never stored. One pass feeds any of: the ranks of each query's
 * relevant rows, the k nearest of each query, pair sums within groups, score histograms.
 * Where every row is query and gallery only one triangle is computed, and a tile serves its
 * rows and its columns. Memory: O(n) state plus one tile per thread; no n x n anything.
 *
 * Nearness of a pair has the same bits whichever side asks: every dot product is one chain of
 * fused multiply-adds in order of dimension. Sums over pairs are added as 64-bit fixed point,
 * so that the order of tiles cannot matter.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PAIRS_H
#define FDML_EVAL_PAIRS_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/groups.h"
#include "eval/problem.h"

#define FDML_RANK_BEYOND 0xffffffffu

/* rank[r] is the position, from 1, of the query's r-th nearest relevant row among the gallery
 * without the query itself and without excluded rows (nearer first, ties by row id);
 * increasing. Relevant: same class, in the gallery, not the query, not excluded. Called exactly
 * once for every query, from any thread, in any order; n_relevant is 0 for a lone query. */
typedef void (*fdml_ranks_fn)(void *ctx, uint32_t query_row, const uint32_t *rank,
                              uint32_t n_relevant);

#define FDML_HISTOGRAM_BINS 65536

typedef struct fdml_pass {
    /* Ranks. depth 0: every rank is exact. depth d > 0: only ranks up to max(d, n_relevant)
     * are exact, later ones are FDML_RANK_BEYOND; much faster where classes are large. */
    fdml_ranks_fn on_ranks; /* NULL: not wanted */
    void *ranks_ctx;
    uint32_t depth;

    /* The k nearest of every query, best first, ties by row id; row FDML_RANK_BEYOND fills up.
     * [n_rows, top_k]; rows that are no query have none. Excluded rows are left out. */
    uint32_t top_k; /* 0: not wanted */
    uint32_t *neighbour;
    float *neighbour_nearness; /* may be NULL */

    /* Sums over the other rows j of row i's own group, for every grouping: [n.., n_rows].
     * potential: sum of exp(-2 d_ij^2). distance: sum of d_ij, classmates included. Floats are
     * summed within a block and blocks exactly, in units of 2^-62 times the power of two above
     * n_rows: relative error below 1e-5 where a block's sum is above 1e5 units. */
    const fdml_groupings *groupings;
    double *potential; /* NULL: not wanted */
    double *distance;  /* NULL: not wanted; for alignment power 1 */

    /* Counts of all unordered pairs i<j by nearness: bin b holds nearness in
     * [low + b*width, low + (b+1)*width), clamped at both ends. [BINS]; includes pairs of the
     * same class, which the caller subtracts. */
    uint64_t *histogram; /* NULL: not wanted */
    float histogram_low, histogram_width;

    /* For each of n_thresholds: pairs with nearness >= threshold. Per row and grouping, other
     * rows of the own group: accepted [n_thresholds, n_groupings, n_rows]. Across groups, all
     * ordered pairs: crossed[t][grouping] -> [n_groups, n_groups], may be NULL inside. Both
     * include pairs of the same class. */
    const float *thresholds;
    size_t n_thresholds;
    uint32_t *accepted;
    uint64_t *const *const *crossed;
} fdml_pass;

/* Scratch comes from `arena` and is given back. machine->memory_limit bounds it; if even the
 * tightest schedule does not fit, FDML_E_LIMIT says what is needed. */
fdml_status fdml_pass_run(const fdml_pass *pass, const fdml_problem *problem,
                          const fdml_machine *machine, fdml_arena *arena, fdml_error *err);

/* Scratch bytes fdml_pass_run will take, at least and with no limit. */
void fdml_pass_memory(size_t *least, size_t *wanted, const fdml_pass *pass,
                      const fdml_problem *problem, const fdml_machine *machine);

/* Multiply-adds of the schedule that fdml_pass_run would choose with machine->memory_limit. */
double fdml_pass_work(const fdml_pass *pass, const fdml_problem *problem,
                      const fdml_machine *machine);

/* Every unordered pair of rows of the same class, class by class: nearness is [n, n] for the n
 * rows `row` (ascending) of class `label`, same bits as in the pass. Large classes come in
 * pieces: rows first..first+n_first-1 of the class against all n: nearness [n_first, n].
 * Called from any thread; which piece runs where depends on nothing the results can see. */
typedef void (*fdml_class_fn)(void *ctx, uint32_t label, const uint32_t *row, size_t n,
                              size_t first, size_t n_first, const float *nearness);
fdml_status fdml_class_pairs(fdml_class_fn fn, void *ctx, const fdml_problem *problem,
                             const fdml_machine *machine, fdml_arena *arena, fdml_error *err);

/* Squared distance d_ij^2 from nearness, per fdml_problem's rule. Under ip the squared norms
 * of both rows are needed. */
float fdml_squared_distance(const fdml_problem *problem, float nearness, float norm2_i,
                            float norm2_j);

#endif
