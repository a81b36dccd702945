/* forest_tree.c - grows one tree. See forest.h.
 *
 * A row that was drawn several times is kept once, with a weight. For every feature that a node
 * looks at, its rows are put in the order of their ranks and moved one by one from the right
 * side to the left. Gini's impurity follows from sums over the values v of squared weights,
 * left_v^2 and (total_v - left_v)^2 = total_v^2 - 2 total_v left_v + left_v^2, which change by
 * a term a move and are integers: they are exact, and the order of equal ranks does not matter.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/forest_tree.h"
#include "eval/sort_keys.h"

/* Rows of a node below which sorting keys is faster than setting bits, and words of bits to be
 * searched for one row above which it is: LFW's and made embeddings. */
enum { BITS_FROM = 16, WORDS_A_ROW = 4 };
#define NO_ROW UINT32_MAX

typedef struct split {
    double score; /* sum over sides of squared weights / weight: the larger, the purer */
    uint32_t feature, rank;    /* rows up to this rank go left */
    uint32_t place, next_place; /* rows on either side of the cut */
    bool found;
} split;

/* The rows of a node. */
typedef struct tree_part {
    tree_row *row; /* [n] */
    size_t n;
    int64_t weight, square; /* their weight; sum over values of squared weights */
} tree_part;

size_t fdml_tree_desk_size(size_t dim, size_t n_values, size_t n_train)
{
    return n_train * (sizeof(tree_row) + 3 * sizeof(uint32_t) + 2 * sizeof(uint64_t) +
                      2 * sizeof(tree_node)) +
           (n_train / 64 + 1) * sizeof(uint64_t) + (n_train + 1) * sizeof(tree_task) +
           n_values * sizeof(tree_count) + dim * sizeof(uint32_t) + 11 * 64; /* alignment */
}

bool fdml_tree_desk_make(tree_desk *d, const tree_rows *rows, fdml_arena *arena)
{
    const size_t n = rows->n;
    *d = (tree_desk){ .rows = rows };
    d->row = fdml_arena_push(arena, n, sizeof *d->row);
    d->weight = fdml_arena_push(arena, n, sizeof *d->weight);
    d->key = fdml_arena_push(arena, n, sizeof *d->key);
    d->spare = fdml_arena_push(arena, n, sizeof *d->spare);
    d->slot = fdml_arena_push_zero(arena, n, sizeof *d->slot);
    d->next = fdml_arena_push(arena, n, sizeof *d->next);
    d->bits = fdml_arena_push_zero(arena, n / 64 + 1, sizeof *d->bits);
    d->count = fdml_arena_push_zero(arena, rows->train->n_values, sizeof *d->count);
    d->feature = fdml_arena_push(arena, rows->train->dim, sizeof *d->feature);
    d->node = fdml_arena_push(arena, 2 * n, sizeof *d->node);
    d->task = fdml_arena_push(arena, n + 1, sizeof *d->task);
    return d->row && d->weight && d->key && d->spare && d->slot && d->next && d->bits &&
           d->count && d->feature && d->node && d->task;
}

/* --- order ------------------------------------------------------------------------------- */

/* A bit for each rank that is there, read from below: no comparisons. */
static void order_by_bits(tree_desk *d, const uint32_t *rank, const tree_part *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const uint32_t r = rank[p->row[i].place];
        const uint64_t bit = UINT64_C(1) << r % 64, word = d->bits[r / 64];
        d->next[i] = word & bit ? d->slot[r] : NO_ROW;
        d->slot[r] = i;
        d->bits[r / 64] = word | bit;
    }
    size_t n = 0;
    for (uint32_t w = 0; n < p->n; w++) {
        uint64_t word = d->bits[w];
        d->bits[w] = 0;
        for (; word; word &= word - 1) {
            const uint32_t r = w * 64 + (uint32_t)__builtin_ctzll(word);
            for (uint32_t i = d->slot[r]; i != NO_ROW; i = d->next[i])
                d->key[n++] = (uint64_t)r << 32 | i;
        }
    }
}

/* key: [n] ranks of feature f, ascending, and below each the number of its row. */
static void order_rows(tree_desk *d, uint32_t f, const tree_part *p)
{
    const uint32_t *rank = d->rows->rank + f * d->rows->n;
    if (p->n >= BITS_FROM && d->rows->n / 64 < WORDS_A_ROW * p->n) {
        order_by_bits(d, rank, p);
        return;
    }
    for (size_t i = 0; i < p->n; i++) d->key[i] = (uint64_t)rank[p->row[i].place] << 32 | i;
    fdml_sort_keys(d->key, d->spare, p->n);
}

/* --- splits ----------------------------------------------------------------------------- */

/* The best cut of feature f, whose rows are in order. */
static void try_cuts(split *best, const tree_desk *d, uint32_t f, const tree_part *p)
{
    const uint64_t *key = d->key;
    int64_t left = 0, square_left = 0, crossed = 0; /* crossed: sum of total_v left_v */
    for (size_t i = 0; i + 1 < p->n; i++) {
        const tree_row *row = p->row + (uint32_t)key[i];
        tree_count *c = d->count + row->code;
        const int64_t w = row->weight;
        square_left += w * (2 * (int64_t)c->left + w);
        crossed += w * c->total;
        left += w;
        c->left += row->weight;
        if (key[i] >> 32 == key[i + 1] >> 32) continue;
        const int64_t square_right = p->square - 2 * crossed + square_left;
        const double score = (double)square_left / (double)left +
                             (double)square_right / (double)(p->weight - left);
        if (best->found && !(score > best->score)) continue;
        *best = (split){ .score = score,
                         .feature = f,
                         .rank = (uint32_t)(key[i] >> 32),
                         .place = row->place,
                         .next_place = p->row[(uint32_t)key[i + 1]].place,
                         .found = true };
    }
    for (size_t i = 0; i < p->n; i++) d->count[p->row[i].code].left = 0;
}

/* No cut is better than one whose sides are pure, whose score is the node's weight, so after
 * one features are only drawn. */
static split find_split(tree_desk *d, fdml_rng *rng, const tree_part *p)
{
    const uint32_t dim = (uint32_t)d->rows->train->dim;
    const uint32_t wanted = dim < 4 ? 1 : (uint32_t)sqrt((double)dim);
    split best = { .found = false };
    for (uint32_t i = 0; i < dim && (i < wanted || !best.found); i++) {
        const uint32_t j = i + fdml_rng_below(rng, dim - i), f = d->feature[j];
        d->feature[j] = d->feature[i];
        d->feature[i] = f;
        if (best.found && best.score >= (double)p->weight) continue;
        order_rows(d, f, p);
        if (d->key[0] >> 32 != d->key[p->n - 1] >> 32) try_cuts(&best, d, f, p);
    }
    return best;
}

static float threshold_of(const tree_desk *d, const split *s)
{
    const fdml_samples *train = d->rows->train;
    const float a = tree_value(train, d->rows->row[s->place], s->feature);
    const float b = tree_value(train, d->rows->row[s->next_place], s->feature);
    const float middle = (float)(((double)a + (double)b) / 2);
    return middle < b ? middle : a;
}

/* Rows that go left first; how many. */
static size_t divide(const tree_desk *d, tree_part *p, const split *s)
{
    const uint32_t *rank = d->rows->rank + s->feature * d->rows->n;
    size_t n_left = 0;
    for (size_t i = 0; i < p->n; i++) {
        const tree_row own = p->row[i];
        if (rank[own.place] > s->rank) continue;
        p->row[i] = p->row[n_left];
        p->row[n_left++] = own;
    }
    return n_left;
}

/* --- the tree --------------------------------------------------------------------------- */

static tree_part count_part(tree_desk *d, const tree_task *task)
{
    tree_part p = { .row = d->row + task->begin, .n = task->end - task->begin };
    for (size_t i = 0; i < p.n; i++) {
        tree_count *c = d->count + p.row[i].code;
        const int64_t w = p.row[i].weight;
        p.square += w * (2 * (int64_t)c->total + w);
        p.weight += w;
        c->total += p.row[i].weight;
    }
    return p;
}

static uint32_t majority(const tree_desk *d, const tree_part *p)
{
    uint32_t best = p->row[0].code;
    for (size_t i = 1; i < p->n; i++) {
        const uint32_t v = p->row[i].code, weight = d->count[v].total;
        const uint32_t most = d->count[best].total;
        if (weight > most || (weight == most && v < best)) best = v;
    }
    return best;
}

static uint32_t draw_rows(tree_desk *d, fdml_rng *rng)
{
    const tree_rows *rows = d->rows;
    const uint32_t n_list = (uint32_t)rows->train->n;
    uint32_t n_drawn = 0;
    memset(d->weight, 0, rows->n * sizeof *d->weight);
    for (uint32_t i = 0; i < n_list; i++) d->weight[rows->place[fdml_rng_below(rng, n_list)]]++;
    for (uint32_t i = 0; i < rows->n; i++)
        if (d->weight[i])
            d->row[n_drawn++] = (tree_row){ i, rows->train->code[rows->row[i]], d->weight[i] };
    return n_drawn;
}

void fdml_tree_grow(tree_desk *d, const fdml_forest_options *options, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, options->seed, options->stream, index);
    for (uint32_t f = 0; f < d->rows->train->dim; f++) d->feature[f] = f;
    d->task[0] = (tree_task){ 0, 0, draw_rows(d, &rng) };
    size_t n_tasks = 1;
    uint32_t n_nodes = 1;
    while (n_tasks) {
        const tree_task task = d->task[--n_tasks];
        tree_part p = count_part(d, &task);
        const bool is_pure = p.square == p.weight * p.weight;
        const split best = is_pure ? (split){ .found = false } : find_split(d, &rng, &p);
        if (!best.found) d->node[task.node] = (tree_node){ .feature = majority(d, &p) };
        for (size_t i = 0; i < p.n; i++) d->count[p.row[i].code].total = 0;
        if (!best.found) continue;
        const uint32_t middle = task.begin + (uint32_t)divide(d, &p, &best);
        d->node[task.node] = (tree_node){ n_nodes, best.feature, threshold_of(d, &best) };
        d->task[n_tasks++] = (tree_task){ n_nodes + 1, middle, task.end };
        d->task[n_tasks++] = (tree_task){ n_nodes, task.begin, middle };
        n_nodes += 2;
    }
}
