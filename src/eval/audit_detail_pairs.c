/* audit_detail_pairs.c - how far rows of a group lie from each other: pairs of one class and
 * pairs of two, counted by distance.
 *
 * Every pair where there are at most FDML_DETAIL_PAIRS of a kind, else that many drawn with
 * replacement, each pair as likely as any other: a class is drawn by its number of pairs and
 * then two of its rows; two rows of the group are drawn until they are of two classes.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/audit_state.h"

enum { SAME, OTHER, BLOCK = 256, MOST_TRIES = 64 };

typedef struct row_pair {
    uint32_t a, b;
} row_pair;

typedef struct pair_list {
    const fdml_runs *runs;
    const audit_state *state;
    row_pair *pair; /* [DETAIL_PAIRS] */
    double *distance;
    size_t n;
    double *rows; /* [n_threads, 2, dim] */
} pair_list;

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the distances of a group");
}

static void add(pair_list *list, uint32_t a, uint32_t b)
{
    list->pair[list->n++] = (row_pair){ a, b };
}

/* Rows stand class by class, so a row's pairs of one class end where its run ends, and its
 * pairs of two classes begin there. */
static void list_all(pair_list *list, int kind)
{
    const fdml_runs *runs = list->runs;
    for (size_t r = 0; r < runs->n_runs; r++)
        for (size_t i = runs->begin[r]; i < runs->begin[r + 1]; i++) {
            const size_t begin = kind == SAME ? i + 1 : runs->begin[r + 1];
            const size_t end = kind == SAME ? runs->begin[r + 1] : runs->n_rows;
            for (size_t j = begin; j < end; j++) add(list, runs->row[i], runs->row[j]);
        }
}

/* Two different ones of n. */
static void draw_two(uint32_t *a, uint32_t *b, uint32_t n, fdml_rng *rng)
{
    *a = fdml_rng_below(rng, n);
    *b = fdml_rng_below(rng, n - 1);
    *b += *b >= *a;
}

/* before: [n_runs + 1] pairs of one class in the runs before. */
static void draw_same(pair_list *list, const double *before, fdml_rng *rng)
{
    const fdml_runs *runs = list->runs;
    while (list->n < FDML_DETAIL_PAIRS) {
        const double at = fdml_rng_double(rng) * before[runs->n_runs];
        size_t low = 0, high = runs->n_runs - 1; /* the last run that begins at or before */
        while (low < high) {
            const size_t middle = (low + high + 1) / 2;
            if (before[middle] <= at)
                low = middle;
            else
                high = middle - 1;
        }
        uint32_t a, b;
        const uint32_t n = runs->begin[low + 1] - runs->begin[low];
        if (n < 2) continue; /* rounding at the very end */
        draw_two(&a, &b, n, rng);
        add(list, runs->row[runs->begin[low] + a], runs->row[runs->begin[low] + b]);
    }
}

static void draw_other(pair_list *list, fdml_rng *rng)
{
    const uint32_t *label = list->state->problem->label->code;
    for (size_t i = 0; i < MOST_TRIES * FDML_DETAIL_PAIRS; i++) {
        uint32_t a, b;
        draw_two(&a, &b, (uint32_t)list->runs->n_rows, rng);
        a = list->runs->row[a];
        b = list->runs->row[b];
        if (label[a] != label[b]) add(list, a, b);
        if (list->n == FDML_DETAIL_PAIRS) return;
    }
}

static void measure_block(void *ctx, size_t block, int thread)
{
    const pair_list *list = ctx;
    const fdml_problem *problem = list->state->problem;
    const size_t dim = problem->dim, begin = block * BLOCK;
    const size_t end = begin + BLOCK < list->n ? begin + BLOCK : list->n;
    const bool is_unit = problem->distance == FDML_COSINE;
    double *a = list->rows + (size_t)thread * 2 * dim, *b = a + dim;
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(a, problem, list->pair[i].a, is_unit);
        fdml_load_row(b, problem, list->pair[i].b, is_unit);
        double sum = 0;
        for (size_t d = 0; d < dim; d++) sum += (a[d] - b[d]) * (a[d] - b[d]);
        list->distance[i] = sqrt(sum);
    }
}

static double largest(const double *value, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (value[i] > most) most = value[i];
    return most;
}

static fdml_status count_bins(const uint32_t **bins, const pair_list *list, double width,
                              fdml_error *err)
{
    uint32_t *count = NULL;
    if (list->n) {
        count = fdml_arena_push_zero(list->state->arena, FDML_DETAIL_BINS, sizeof *count);
        if (!count) return no_memory(err);
    }
    for (size_t i = 0; i < list->n; i++) {
        const double bin = list->distance[i] / width;
        count[bin < FDML_DETAIL_BINS ? (size_t)bin : FDML_DETAIL_BINS - 1]++;
    }
    *bins = count;
    return FDML_OK;
}

/* Pairs of one class before each run; returns those of two classes. */
static double count_pairs(double *before, const fdml_runs *runs)
{
    before[0] = 0;
    for (size_t r = 0; r < runs->n_runs; r++) {
        const double n = (double)(runs->begin[r + 1] - runs->begin[r]);
        before[r + 1] = before[r] + n * (n - 1) / 2;
    }
    const double n = (double)runs->n_rows;
    return n * (n - 1) / 2 - before[runs->n_runs];
}

/* Fills list[kind] and says whether its pairs were drawn. */
static bool gather(pair_list *list, int kind, double n_pairs, const double *before,
                   size_t grouping, uint32_t code)
{
    const audit_state *state = list->state;
    if (n_pairs <= FDML_DETAIL_PAIRS) {
        list_all(list, kind);
        return false;
    }
    fdml_rng rng;
    fdml_rng_init(&rng, state->settings->seed,
                  audit_stream_id(STREAM_DETAIL_PAIRS, grouping, code), (uint32_t)kind);
    if (kind == SAME)
        draw_same(list, before, &rng);
    else
        draw_other(list, &rng);
    return true;
}

fdml_status fdml_audit_detail_pairs(fdml_detail_group *group, double *width,
                                    const fdml_runs *runs, size_t grouping, audit_state *state,
                                    fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    const size_t n_threads = (size_t)state->machine->n_threads;
    pair_list list[2] = { { .runs = runs, .state = state }, { .runs = runs, .state = state } };
    double *before = fdml_arena_push(state->scratch, runs->n_runs + 1, sizeof *before);
    double *rows =
        fdml_arena_push(state->scratch, n_threads * 2 * state->problem->dim, sizeof *rows);
    if (!before || !rows) return no_memory(err);
    const double n_other = count_pairs(before, runs);
    for (int kind = SAME; kind <= OTHER; kind++) {
        pair_list *l = &list[kind];
        l->rows = rows;
        l->pair = fdml_arena_push(state->scratch, FDML_DETAIL_PAIRS, sizeof *l->pair);
        l->distance = fdml_arena_push(state->scratch, FDML_DETAIL_PAIRS, sizeof(double));
        if (!l->pair || !l->distance) return no_memory(err);
        const double n_pairs = kind == SAME ? before[runs->n_runs] : n_other;
        group->is_sampled[kind] = gather(l, kind, n_pairs, before, grouping, group->code);
        fdml_parallel((l->n + BLOCK - 1) / BLOCK, (int)n_threads, measure_block, l);
    }
    if (*width == 0) {
        const double most = fmax(largest(list[SAME].distance, list[SAME].n),
                                 largest(list[OTHER].distance, list[OTHER].n));
        *width = most > 0 ? most * (1 + 0x1p-20) / FDML_DETAIL_BINS : 1;
    }
    group->n_same = list[SAME].n;
    group->n_other = list[OTHER].n;
    FDML_TRY(count_bins(&group->same, &list[SAME], *width, err));
    FDML_TRY(count_bins(&group->other, &list[OTHER], *width, err));
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

size_t fdml_audit_detail_pairs_size(const fdml_problem *problem, int n_threads)
{
    return (problem->label->n_levels + 1 + (size_t)n_threads * 2 * problem->dim) *
               sizeof(double) +
           2 * FDML_DETAIL_PAIRS * (sizeof(row_pair) + sizeof(double)) +
           problem->n_rows * 2 * sizeof(uint32_t) + 8 * 64;
}
