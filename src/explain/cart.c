/* cart.c - see cart.h.
 *
 * Nodes are made in the order of their numbers. For a node every column's values are sorted
 * anew, label in the low bits of the key, unless there are but two: trees are shallow. Columns
 * are searched by any thread and compared in their order.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/cart.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/sort_keys.h"

static const float GAP = 1e-7F; /* scikit-learn's FEATURE_THRESHOLD */

typedef struct cut {
    double score; /* -INFINITY: none */
    double threshold;
} cut;

#define NO_PARENT UINT32_MAX

/* A node that is yet to be made, of row[begin .. end). */
typedef struct task {
    size_t begin, end;
    uint32_t parent; /* whose right child it is, or NO_PARENT */
    unsigned depth;
} task;

typedef struct desk {
    uint64_t *key, *spare; /* [n] */
} desk;

typedef struct growth {
    const float *z;
    const uint8_t *label;
    size_t n, dim;
    const fdml_cart_options *options;
    uint32_t *row, *right; /* [n] rows, node by node; [n] scratch */
    cut *cuts;             /* [dim] of the node at hand */
    desk *desks;           /* [n_threads] */
    fdml_cart_node *node;
    uint32_t n_nodes;
    unsigned depth;
    task at;
    uint32_t n_ones; /* of the node at hand */
} growth;

/* --- a cut ---------------------------------------------------------------------------------
 */

static float value_of(uint64_t key)
{
    const uint32_t upper = (uint32_t)(key >> 32);
    const uint32_t bits = upper & 0x80000000u ? upper & 0x7FFFFFFFu : ~upper;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double threshold_of(float below, float above)
{
    const double middle = (double)below / 2 + (double)above / 2;
    return middle < (double)above ? middle : (double)below;
}

static double gini(double n, double n_ones)
{
    const double n_zeros = n - n_ones;
    return 1 - (n_zeros * n_zeros + n_ones * n_ones) / (n * n);
}

/* scikit-learn's own expression, rounding and all, since it decides ties. */
static double score_of(double n_left, double left, double n_right, double right)
{
    return -n_right * gini(n_right, right) - n_left * gini(n_left, left);
}

/* The best cut of sorted keys; of equal ones the first. */
static cut best_cut(const uint64_t *key, size_t n, uint32_t n_ones)
{
    cut best = { .score = -INFINITY };
    double left = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        left += (double)(key[i] & 1);
        const float below = value_of(key[i]), above = value_of(key[i + 1]);
        const float reach = below + GAP;
        if (above <= reach) continue;
        const double n_left = (double)(i + 1), n_right = (double)(n - i - 1);
        const double score = score_of(n_left, left, n_right, (double)n_ones - left);
        if (score > best.score) best = (cut){ score, threshold_of(below, above) };
    }
    return best;
}

/* Of a column of at most two values, without sorting: most columns of encoded categories.
 * False: it has more. */
static bool cut_of_two(cut *best, const growth *g, size_t d)
{
    const uint32_t *row = g->row + g->at.begin;
    const size_t n = g->at.end - g->at.begin;
    const float one = g->z[row[0] * g->dim + d];
    float other = one;
    size_t n_one = 0, ones = 0; /* rows of the first value, and the labels 1 among them */
    for (size_t i = 0; i < n; i++) {
        const float value = g->z[row[i] * g->dim + d];
        if (value == one)
            n_one++, ones += g->label[row[i]];
        else if (other == one)
            other = value;
        else if (value != other)
            return false;
    }
    const bool is_left = one < other;
    const double n_left = (double)(is_left ? n_one : n - n_one),
                 left = (double)(is_left ? ones : g->n_ones - ones);
    const float below = is_left ? one : other, above = is_left ? other : one;
    const float reach = below + GAP;
    *best = (cut){ .score = -INFINITY };
    if (above > reach)
        *best = (cut){ score_of(n_left, left, (double)n - n_left, g->n_ones - left),
                       threshold_of(below, above) };
    return true;
}

static void search_column(void *ctx, size_t d, int thread)
{
    const growth *g = ctx;
    const desk *own = g->desks + thread;
    const uint32_t *row = g->row + g->at.begin;
    const size_t n = g->at.end - g->at.begin;
    if (cut_of_two(&g->cuts[d], g, d)) return;
    for (size_t i = 0; i < n; i++)
        own->key[i] =
            (uint64_t)fdml_key_of_float(g->z[row[i] * g->dim + d]) << 32 | g->label[row[i]];
    fdml_sort_keys(own->key, own->spare, n);
    g->cuts[d] = best_cut(own->key, n, g->n_ones);
}

/* --- the tree ------------------------------------------------------------------------------
 */

/* Rows that go left first, each side in the order they had; where the right begins. */
static size_t divide(growth *g, uint32_t feature, double threshold)
{
    size_t n_right = 0, left = g->at.begin;
    for (size_t i = g->at.begin; i < g->at.end; i++) {
        const uint32_t r = g->row[i];
        if ((double)g->z[r * g->dim + feature] <= threshold)
            g->row[left++] = r;
        else
            g->right[n_right++] = r;
    }
    memcpy(g->row + left, g->right, n_right * sizeof *g->row);
    return left;
}

static size_t best_column(growth *g)
{
    size_t best = 0;
    fdml_parallel(g->dim, g->options->n_threads, search_column, g);
    for (size_t d = 1; d < g->dim; d++)
        if (g->cuts[d].score > g->cuts[best].score) best = d;
    return best;
}

static uint32_t count_ones(const growth *g)
{
    uint32_t n = 0;
    for (size_t i = g->at.begin; i < g->at.end; i++) n += g->label[g->row[i]];
    return n;
}

static bool is_final(const growth *g)
{
    return g->at.depth == g->options->max_depth || g->n_ones == 0 ||
           g->n_ones == g->at.end - g->at.begin;
}

static void grow(void *ctx)
{
    growth *g = ctx;
    task waiting[FDML_CART_MOST_DEPTH + 1] = { { 0, g->n, NO_PARENT, 0 } };
    size_t n_waiting = 1;
    while (n_waiting) {
        const task at = g->at = waiting[--n_waiting];
        const uint32_t own = g->n_nodes++;
        g->n_ones = count_ones(g);
        g->node[own] =
            (fdml_cart_node){ .n = (uint32_t)(at.end - at.begin), .n_ones = g->n_ones };
        if (at.parent != NO_PARENT) g->node[at.parent].right = own;
        if (at.depth > g->depth) g->depth = at.depth;
        if (is_final(g)) continue;
        const size_t d = best_column(g);
        const cut found = g->cuts[d];
        if (isinf(found.score)) continue; /* rows of two labels that are alike */
        g->node[own].feature = (uint32_t)d;
        g->node[own].threshold = found.threshold;
        const size_t middle = divide(g, (uint32_t)d, found.threshold);
        waiting[n_waiting++] = (task){ middle, at.end, own, at.depth + 1 };
        waiting[n_waiting++] = (task){ at.begin, middle, NO_PARENT, at.depth + 1 };
    }
}

/* 2^(depth + 1) - 1, or as many as n rows can part into. */
static size_t most_nodes(size_t n, unsigned max_depth)
{
    const size_t full = ((size_t)2 << max_depth) - 1;
    return full < 2 * n - 1 ? full : 2 * n - 1;
}

static bool make_scratch(growth *g, fdml_arena *arena)
{
    const size_t n_desks = (size_t)g->options->n_threads;
    g->row = fdml_arena_push(arena, g->n, sizeof *g->row);
    g->right = fdml_arena_push(arena, g->n, sizeof *g->right);
    g->cuts = fdml_arena_push(arena, g->dim, sizeof *g->cuts);
    g->desks = fdml_arena_push(arena, n_desks, sizeof *g->desks);
    if (!g->row || !g->right || !g->cuts || !g->desks) return false;
    for (size_t t = 0; t < n_desks; t++) {
        g->desks[t].key = fdml_arena_push(arena, g->n, sizeof(uint64_t));
        g->desks[t].spare = fdml_arena_push(arena, g->n, sizeof(uint64_t));
        if (!g->desks[t].key || !g->desks[t].spare) return false;
    }
    for (size_t i = 0; i < g->n; i++) g->row[i] = (uint32_t)i;
    return true;
}

double fdml_cart_memory(size_t n, size_t dim, const fdml_cart_options *options)
{
    const double rows = (double)n, n_threads = options->n_threads;
    return fdml_arena_room((double)most_nodes(n, options->max_depth), sizeof(fdml_cart_node)) +
           2 * fdml_arena_room(rows, sizeof(uint32_t)) +
           fdml_arena_room((double)dim, sizeof(cut)) +
           fdml_arena_room(n_threads, sizeof(desk)) +
           2 * n_threads * fdml_arena_room(rows, sizeof(uint64_t));
}

fdml_status fdml_cart_fit(fdml_cart *cart, const float *z, const uint8_t *label, size_t n,
                          size_t dim, const fdml_cart_options *options, fdml_arena *arena,
                          fdml_error *err)
{
    assert(n > 0 && n <= INT32_MAX && dim > 0);
    assert(options->max_depth >= 1 && options->max_depth <= FDML_CART_MOST_DEPTH);
    growth g = { .z = z, .label = label, .n = n, .dim = dim, .options = options };
    g.node = fdml_arena_push(arena, most_nodes(n, options->max_depth), sizeof *g.node);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    if (!g.node || !make_scratch(&g, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for a tree of %zu rows", n);
    fdml_parallel_team(options->n_threads, grow, &g);
    fdml_arena_reset(arena, mark);
    *cart = (fdml_cart){ g.node, g.n_nodes, dim, g.depth };
    return FDML_OK;
}

void fdml_cart_predict(double *p, uint32_t *leaf, const fdml_cart *cart, const float *z,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float *row = z + i * cart->dim;
        uint32_t at = 0;
        while (cart->node[at].right) {
            const fdml_cart_node *node = cart->node + at;
            at = (double)row[node->feature] <= node->threshold ? at + 1 : node->right;
        }
        p[i] = (double)cart->node[at].n_ones / (double)cart->node[at].n;
        if (leaf) leaf[i] = at;
    }
}
