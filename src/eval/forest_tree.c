/* forest_tree.c - grows one tree. See forest.h.
 *
 * A row that was drawn several times is kept once, with a weight. For every feature that a node
 * looks at, its rows are sorted and moved one by one from the right side to the left; the sums
 * of squared weights by value, which Gini's impurity follows from, change by one term a move
 * and are integers, so they are exact.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/forest_tree.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

enum { SORT_BY_INSERTION = 64, DIGITS = 256 };

typedef struct split {
    double score; /* sum over sides of squared weights / weight: the larger, the purer */
    uint32_t feature;
    float threshold;
    bool found;
} split;

size_t fdml_tree_desk_size(size_t dim, size_t n_values, size_t n_train)
{
    return n_train * (2 * sizeof(uint32_t) + 2 * sizeof(uint64_t) + 2 * sizeof(tree_node) +
                      3 * sizeof(uint32_t)) +
           3 * sizeof(uint32_t) + (2 * n_values + dim) * sizeof(uint32_t) + 9 * 64;
}

bool fdml_tree_desk_make(tree_desk *d, const fdml_samples *train, fdml_arena *arena)
{
    *d = (tree_desk){ .train = train };
    d->weight = fdml_arena_push(arena, train->n, sizeof *d->weight);
    d->place = fdml_arena_push(arena, train->n, sizeof *d->place);
    d->item = fdml_arena_push(arena, train->n, sizeof *d->item);
    d->pass = fdml_arena_push(arena, train->n, sizeof *d->pass);
    d->left = fdml_arena_push_zero(arena, train->n_values, sizeof *d->left);
    d->right = fdml_arena_push_zero(arena, train->n_values, sizeof *d->right);
    d->feature = fdml_arena_push(arena, train->dim, sizeof *d->feature);
    d->node = fdml_arena_push(arena, 2 * train->n, sizeof *d->node);
    d->pending = fdml_arena_push(arena, train->n + 1, 3 * sizeof *d->pending);
    return d->weight && d->place && d->item && d->pass && d->left && d->right && d->feature &&
           d->node && d->pending;
}

static uint32_t code_of(const tree_desk *d, uint32_t place)
{
    return d->train->code[d->train->row[place]];
}

/* --- sorting ---------------------------------------------------------------------------- */

/* Bits that order as the floats do, and back; -0 is 0. */
static uint32_t key_of(float x)
{
    uint32_t bits;
    const float plain = x + 0.0f;
    memcpy(&bits, &plain, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint64_t item)
{
    const uint32_t key = (uint32_t)(item >> 32);
    const uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void sort_few(uint64_t *item, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t own = item[i];
        size_t j = i;
        for (; j && item[j - 1] > own; j--) item[j] = item[j - 1];
        item[j] = own;
    }
}

/* By the upper 32 bits, byte after byte; equal ones keep their order. */
static void sort_many(uint64_t *item, uint64_t *other, size_t n)
{
    for (unsigned shift = 32; shift < 64; shift += 8) {
        size_t begin[DIGITS + 1] = { 0 };
        for (size_t i = 0; i < n; i++) begin[(item[i] >> shift & (DIGITS - 1)) + 1]++;
        for (size_t b = 0; b < DIGITS; b++) begin[b + 1] += begin[b];
        for (size_t i = 0; i < n; i++)
            other[begin[item[i] >> shift & (DIGITS - 1)]++] = item[i];
        uint64_t *const swap = item;
        item = other;
        other = swap;
    } /* four passes: the items are where they were */
}

/* --- splits ----------------------------------------------------------------------------- */

/* The best cut of feature f for the rows place[0 .. n). False: the feature is constant. */
static bool try_feature(split *best, tree_desk *d, uint32_t f, const uint32_t *place, size_t n)
{
    int64_t left = 0, right = 0, square_left = 0, square_right = 0;
    for (size_t i = 0; i < n; i++)
        d->item[i] =
            (uint64_t)key_of(tree_value(d->train, d->train->row[place[i]], f)) << 32 | place[i];
    if (n < SORT_BY_INSERTION)
        sort_few(d->item, n);
    else
        sort_many(d->item, d->pass, n);
    if (d->item[0] >> 32 == d->item[n - 1] >> 32) return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t v = code_of(d, place[i]), w = d->weight[place[i]];
        square_right += (int64_t)w * (2 * (int64_t)d->right[v] + w);
        d->right[v] += w;
        right += w;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = (uint32_t)d->item[i], v = code_of(d, at), w = d->weight[at];
        square_left += (int64_t)w * (2 * (int64_t)d->left[v] + w);
        square_right -= (int64_t)w * (2 * (int64_t)d->right[v] - w);
        d->left[v] += w, d->right[v] -= w;
        left += w, right -= w;
        if (i + 1 == n || d->item[i] >> 32 == d->item[i + 1] >> 32) continue;
        const double score =
            (double)square_left / (double)left + (double)square_right / (double)right;
        if (best->found && !(score > best->score)) continue;
        const float a = value_of(d->item[i]), b = value_of(d->item[i + 1]);
        const float middle = (float)(((double)a + (double)b) / 2);
        *best = (split){ score, f, middle < b ? middle : a, true };
    }
    for (size_t i = 0; i < n; i++) d->left[code_of(d, place[i])] = 0;
    return true;
}

static split find_split(tree_desk *d, fdml_rng *rng, const uint32_t *place, size_t n)
{
    const uint32_t dim = (uint32_t)d->train->dim;
    const uint32_t wanted = dim < 4 ? 1 : (uint32_t)sqrt((double)dim);
    split best = { .found = false };
    bool varies = false;
    for (uint32_t i = 0; i < dim && (i < wanted || !varies); i++) {
        const uint32_t j = i + fdml_rng_below(rng, dim - i), f = d->feature[j];
        d->feature[j] = d->feature[i];
        d->feature[i] = f;
        if (try_feature(&best, d, f, place, n)) varies = true;
    }
    return best;
}

/* Rows that go left first; how many. */
static size_t divide(tree_desk *d, uint32_t *place, size_t n, const split *s)
{
    size_t n_left = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = place[i];
        if (tree_value(d->train, d->train->row[at], s->feature) > s->threshold) continue;
        place[i] = place[n_left];
        place[n_left++] = at;
    }
    return n_left;
}

/* --- the tree --------------------------------------------------------------------------- */

static bool is_pure(const tree_desk *d, const uint32_t *place, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (code_of(d, place[i]) != code_of(d, place[0])) return false;
    return true;
}

static uint32_t majority(tree_desk *d, const uint32_t *place, size_t n)
{
    uint32_t best = code_of(d, place[0]);
    for (size_t i = 0; i < n; i++) d->left[code_of(d, place[i])] += d->weight[place[i]];
    for (size_t i = 0; i < n; i++) {
        const uint32_t v = code_of(d, place[i]);
        if (d->left[v] > d->left[best] || (d->left[v] == d->left[best] && v < best)) best = v;
    }
    for (size_t i = 0; i < n; i++) d->left[code_of(d, place[i])] = 0;
    return best;
}

static size_t draw_rows(tree_desk *d, fdml_rng *rng)
{
    const uint32_t n = (uint32_t)d->train->n;
    size_t n_drawn = 0;
    memset(d->weight, 0, n * sizeof *d->weight);
    for (uint32_t i = 0; i < n; i++) d->weight[fdml_rng_below(rng, n)]++;
    for (uint32_t i = 0; i < n; i++)
        if (d->weight[i]) d->place[n_drawn++] = i;
    return n_drawn;
}

void fdml_tree_grow(tree_desk *d, const fdml_forest_options *options, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, options->seed, options->stream, index);
    for (uint32_t f = 0; f < d->train->dim; f++) d->feature[f] = f;
    const uint32_t n_drawn = (uint32_t)draw_rows(d, &rng);
    size_t n_pending = 1;
    uint32_t n_nodes = 1;
    memcpy(d->pending, (uint32_t[]){ 0, 0, n_drawn }, 3 * sizeof *d->pending);
    while (n_pending) {
        const uint32_t *next = d->pending + 3 * --n_pending;
        const uint32_t at = next[0], begin = next[1], end = next[2];
        uint32_t *place = d->place + begin;
        const size_t n = end - begin;
        split best = { .found = false };
        if (!is_pure(d, place, n)) best = find_split(d, &rng, place, n);
        if (!best.found) {
            d->node[at] = (tree_node){ .feature = majority(d, place, n) };
            continue;
        }
        const uint32_t middle = begin + (uint32_t)divide(d, place, n, &best);
        d->node[at] = (tree_node){ n_nodes, best.feature, best.threshold };
        memcpy(d->pending + 3 * n_pending++, (uint32_t[]){ n_nodes + 1, middle, end },
               3 * sizeof *d->pending);
        memcpy(d->pending + 3 * n_pending++, (uint32_t[]){ n_nodes, begin, middle },
               3 * sizeof *d->pending);
        n_nodes += 2;
    }
}
