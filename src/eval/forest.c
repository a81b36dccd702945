/* forest.c - trees side by side, and their votes. See forest.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/forest.h"

#include "base/parallel.h"
#include "eval/forest_tree.h"

typedef struct forest {
    const fdml_samples *test;
    const fdml_forest_options *options;
    tree_desk *desks; /* [n_threads] */
    uint32_t *vote;   /* [n_trees, n_test] */
} forest;

static void grow_tree(void *ctx, size_t tree, int thread)
{
    const forest *f = ctx;
    tree_desk *d = &f->desks[thread];
    uint32_t *vote = f->vote + tree * f->test->n;
    fdml_tree_grow(d, f->options, (uint32_t)tree);
    for (size_t i = 0; i < f->test->n; i++) {
        const tree_node *at = d->node;
        while (at->left) {
            const bool is_left =
                tree_value(f->test, f->test->row[i], at->feature) <= at->threshold;
            at = d->node + at->left + !is_left;
        }
        vote[i] = at->feature;
    }
}

/* count: [n_values] of zeros, and so it is left. */
static uint32_t elect(const forest *f, size_t i, uint32_t *count)
{
    const size_t n = f->test->n, n_trees = f->options->n_trees;
    uint32_t best = f->vote[i];
    for (size_t t = 0; t < n_trees; t++) count[f->vote[t * n + i]]++;
    for (size_t t = 0; t < n_trees; t++) {
        const uint32_t v = f->vote[t * n + i];
        if (count[v] > count[best] || (count[v] == count[best] && v < best)) best = v;
    }
    for (size_t t = 0; t < n_trees; t++) count[f->vote[t * n + i]] = 0;
    return best;
}

fdml_status fdml_forest_predict(uint32_t *predicted, const fdml_samples *train,
                                const fdml_samples *test, const fdml_forest_options *options,
                                fdml_arena *scratch, fdml_error *err)
{
    const size_t n_threads = (size_t)options->workers.n_threads;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    forest f = { test, options, fdml_arena_push(scratch, n_threads, sizeof(tree_desk)),
                 fdml_arena_push(scratch, options->n_trees * test->n, sizeof(uint32_t)) };
    uint32_t *count = fdml_arena_push_zero(scratch, train->n_values, sizeof *count);
    tree_rows rows;
    bool fits = f.desks && f.vote && count &&
                fdml_tree_rows_make(&rows, train, options->workers.n_threads, scratch);
    for (size_t t = 0; fits && t < n_threads; t++)
        fits = fdml_tree_desk_make(&f.desks[t], &rows, scratch);
    if (!fits)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a random forest on %zu rows",
                         train->n);
    fdml_parallel(options->n_trees, options->workers.n_threads, grow_tree, &f);
    for (size_t i = 0; i < test->n; i++) predicted[test->row[i]] = elect(&f, i, count);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

size_t fdml_forest_size(size_t dim, size_t n_values, size_t n_train, size_t n_distinct,
                        size_t n_test, const fdml_forest_options *options)
{
    const size_t desk = fdml_tree_desk_size(dim, n_values, n_distinct) + sizeof(tree_desk);
    const size_t listing = n_train * 2 * sizeof(uint64_t); /* before there are desks */
    return fdml_tree_rows_size(dim, n_train, n_distinct) + listing +
           (size_t)options->workers.n_threads * desk +
           (options->n_trees * n_test + n_values) * sizeof(uint32_t) + 3 * 64; /* alignment */
}
