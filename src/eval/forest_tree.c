/* forest_tree.c - grows one tree. See forest.h.
 *
 * A row that was drawn several times is kept once, with a weight. For every feature that a node
 * looks at, its rows are put in the order of their ranks and moved one by one from the right
 * side to the left. Gini's impurity follows from sums over the values v of squared weights,
 * left_v^2 and (total_v - left_v)^2 = total_v^2 - 2 total_v left_v + left_v^2, which change by
 * a term a move. They are whole numbers, in double because they are divided: exact for up to
 * 2^26 rows, so that the order of equal ranks does not matter.
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
    uint32_t feature, rank;     /* rows up to this rank go left */
    uint32_t place, next_place; /* rows on either side of the cut */
    bool found;
} split;

/* The rows of a node. */
typedef struct tree_part {
    tree_row *row; /* [n] */
    size_t n;
    double weight, square; /* their weight; sum over values of squared weights */
} tree_part;

size_t fdml_tree_desk_size(size_t dim, size_t n_values, size_t n_distinct)
{
    return n_distinct * (sizeof(tree_row) + 3 * sizeof(uint32_t) + 2 * sizeof(uint64_t) +
                         2 * sizeof(tree_node)) +
           (n_distinct / 64 + 1) * sizeof(uint64_t) + (n_distinct + 1) * sizeof(tree_task) +
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

/* --- cuts ------------------------------------------------------------------------------- */

/* A feature's rows on their way to the left. */
typedef struct sweep {
    const tree_part *part;
    tree_count *count;
    split *best;
    uint32_t feature, rank, place; /* rank and place of the last row that went left */
    double left, square, crossed;  /* of the left; crossed: sum of total_v left_v */
    double floor;                  /* a better score is above it: best's, less rounding */
} sweep;

/* A cut that is about as good as the best, or better. */
static double judge(split *best, const split *cut, double floor)
{
    if (best->found && !(cut->score > best->score)) return floor;
    *best = *cut;
    return cut->score * (1 - 1e-12);
}

/* The row is next, by rank. Whether the cut before it may be the best is asked without
 * dividing; of what passes the score decides. */
static inline void visit(sweep *s, uint32_t rank, const tree_row *row)
{
    const double right = s->part->weight - s->left;
    const double square_right = s->part->square - 2 * s->crossed + s->square;
    const double sum = s->square * right + square_right * s->left;
    if (sum > s->floor * (s->left * right) && rank != s->rank) {
        const split cut = { s->square / s->left + square_right / right,
                            s->feature,
                            s->rank,
                            s->place,
                            row->place,
                            true };
        s->floor = judge(s->best, &cut, s->floor);
    }
    tree_count *c = s->count + row->code;
    s->square += row->weight * (c->left + c->left + row->weight);
    s->crossed += row->weight * c->total;
    s->left += row->weight;
    c->left += row->weight;
    s->rank = rank;
    s->place = row->place;
}

/* A bit for each rank that is there, read from below: no comparisons. */
static void sweep_bits(sweep s, tree_desk *d, const uint32_t *rank)
{
    const uint32_t n = (uint32_t)s.part->n;
    const tree_row *row = s.part->row;
    uint64_t *bits = d->bits;
    uint32_t *slot = d->slot, *next = d->next;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t r = rank[row[i].place];
        const uint64_t bit = UINT64_C(1) << r % 64, word = bits[r / 64];
        next[i] = word & bit ? slot[r] : NO_ROW;
        slot[r] = i;
        bits[r / 64] = word | bit;
    }
    for (uint32_t w = 0; w <= d->rows->n / 64; w++) {
        uint64_t word = bits[w];
        bits[w] = 0;
        for (; word; word &= word - 1) {
            const uint32_t r = w * 64 + (uint32_t)__builtin_ctzll(word);
            for (uint32_t i = slot[r]; i != NO_ROW; i = next[i]) visit(&s, r, row + i);
        }
    }
}

static void sweep_keys(sweep s, tree_desk *d, const uint32_t *rank)
{
    const size_t n = s.part->n;
    const tree_row *row = s.part->row;
    for (size_t i = 0; i < n; i++) d->key[i] = (uint64_t)rank[row[i].place] << 32 | i;
    fdml_sort_keys(d->key, d->spare, n);
    for (size_t i = 0; i < n; i++)
        visit(&s, (uint32_t)(d->key[i] >> 32), row + (uint32_t)d->key[i]);
}

/* The best cut of feature f, if it is better than `best`. */
static void try_feature(split *best, tree_desk *d, uint32_t f, const tree_part *p)
{
    const uint32_t *rank = d->rows->rank + f * d->rows->n;
    const sweep s = { .part = p,
                      .count = d->count,
                      .best = best,
                      .feature = f,
                      .floor = best->found ? best->score * (1 - 1e-12) : -1 };
    if (p->n >= BITS_FROM && d->rows->n / 64 < WORDS_A_ROW * p->n)
        sweep_bits(s, d, rank);
    else
        sweep_keys(s, d, rank);
    for (size_t i = 0; i < p->n; i++) d->count[p->row[i].code].left = 0;
}

/* --- splits ------------------------------------------------------------------------------ */

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
        if (!best.found || best.score < p->weight) try_feature(&best, d, f, p);
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
        const double w = p.row[i].weight;
        p.square += w * (c->total + c->total + w);
        p.weight += w;
        c->total += w;
    }
    return p;
}

static uint32_t majority(const tree_desk *d, const tree_part *p)
{
    uint32_t best = p->row[0].code;
    for (size_t i = 1; i < p->n; i++) {
        const uint32_t v = p->row[i].code;
        const double weight = d->count[v].total, most = d->count[best].total;
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
            d->row[n_drawn++] = (tree_row){ d->weight[i], i, rows->train->code[rows->row[i]] };
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
        const bool is_pure = !(p.square < p.weight * p.weight);
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
