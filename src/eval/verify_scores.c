/* verify_scores.c - the scores of all pairs or of a list, and AUC by row. See verify_counts.h.
 *
 * All pairs one by one come from fdml_class_pairs on a copy of the problem in which every row
 * has the same class: the bits are those of the pass, and no second distance code exists.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/verify_counts.h"

/* --- a list --------------------------------------------------------------------------- */

typedef struct listing {
    float *score;
    const fdml_row_pair *pair;
    size_t n;
    const fdml_problem *problem;
} listing;

enum { LIST_BLOCK = 256 };

static float score_of(const fdml_problem *problem, const fdml_row_pair *pair)
{
    const float *x = problem->x + pair->a * problem->dim;
    const float *y = problem->x + pair->b * problem->dim;
    double dot = 0, xx = 0, yy = 0, square = 0;
    for (size_t d = 0; d < problem->dim; d++) {
        const double a = x[d], b = y[d];
        dot += a * b;
        xx += a * a;
        yy += b * b;
        square += (a - b) * (a - b);
    }
    if (problem->distance == FDML_COSINE) return (float)(dot / sqrt(xx * yy));
    return (float)(problem->distance == FDML_L2 ? -square : dot);
}

static void list_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const listing *l = ctx;
    for (size_t i = block * LIST_BLOCK; i < l->n && i < (block + 1) * LIST_BLOCK; i++)
        l->score[i] = score_of(l->problem, &l->pair[i]);
}

void fdml_list_scores(float *score, const fdml_row_pair *pair, size_t n,
                      const fdml_problem *problem, int n_threads)
{
    listing l = { score, pair, n, problem };
    fdml_parallel((n + LIST_BLOCK - 1) / LIST_BLOCK, n_threads, list_block, &l);
}

/* --- all pairs ------------------------------------------------------------------------ */

typedef struct one_class {
    fdml_problem problem;
    fdml_factor label;
} one_class;

static fdml_status one_class_of(one_class *all, const fdml_problem *problem, fdml_arena *arena,
                                fdml_error *err)
{
    static const char *const name[] = { "all" };
    const uint32_t *code = fdml_arena_push_zero(arena, problem->n_rows, sizeof *code);
    if (!code) return fdml_fail(err, FDML_E_NOMEM, "no memory for the pairs");
    all->label = (fdml_factor){ "all", problem->n_rows, 1, code, name };
    all->problem = *problem;
    all->problem.label = &all->label;
    all->problem.is_query = all->problem.is_gallery = NULL;
    all->problem.exclude = NULL;
    return FDML_OK;
}

typedef struct collecting {
    size_t n_rows;
    float *score; /* [n_rows (n_rows - 1) / 2] pair i < j at row i's place */
} collecting;

static size_t pair_place(size_t n_rows, size_t i, size_t j)
{
    return i * (2 * n_rows - i - 1) / 2 + (j - i - 1);
}

static void collect_piece(void *ctx, uint32_t label, const uint32_t *row, size_t n,
                          size_t first, size_t n_first, const float *nearness)
{
    (void)label, (void)row; /* one class: the rows are 0 .. n-1 */
    const collecting *c = ctx;
    for (size_t a = 0; a < n_first; a++) {
        const size_t i = first + a;
        if (i + 1 < n)
            memcpy(c->score + pair_place(c->n_rows, i, i + 1), nearness + a * n + i + 1,
                   (n - i - 1) * sizeof(float));
    }
}

fdml_status fdml_all_scores(fdml_scores *scores, const fdml_problem *problem,
                            const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t n_rows = problem->n_rows, n_pairs = n_rows * (n_rows - 1) / 2;
    float *sorted = fdml_arena_push(arena, n_pairs, sizeof *sorted);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    collecting c = { n_rows, fdml_arena_push(arena, n_pairs, sizeof(float)) };
    float *scratch = fdml_arena_push(arena, n_pairs, sizeof *scratch);
    if (!sorted || !c.score || !scratch)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the scores of %zu pairs", n_pairs);
    one_class all;
    FDML_TRY(one_class_of(&all, problem, arena, err));
    FDML_TRY(fdml_class_pairs(collect_piece, &c, &all.problem, machine, arena, err));

    /* Genuine scores to the front, impostors behind them. */
    const uint32_t *label = problem->label->code;
    size_t n_genuine = 0;
    for (size_t i = 0, at = 0; i < n_rows; i++)
        for (size_t j = i + 1; j < n_rows; j++, at++)
            if (label[i] == label[j]) sorted[n_genuine++] = c.score[at];
    size_t n = n_genuine;
    for (size_t i = 0, at = 0; i < n_rows; i++)
        for (size_t j = i + 1; j < n_rows; j++, at++)
            if (label[i] != label[j]) sorted[n++] = c.score[at];
    fdml_sort_scores(sorted, n_genuine, scratch);
    fdml_sort_scores(sorted + n_genuine, n_pairs - n_genuine, scratch);
    *scores = (fdml_scores){ sorted, sorted + n_genuine, n_genuine, n_pairs - n_genuine };
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- genuine pairs by bin ------------------------------------------------------------- */

typedef struct binning {
    const fdml_kernels *kernels;
    uint64_t *bin;
    float low, inverse_width;
    fdml_lock lock;
} binning;

enum { BIN_PIECE = 512 };

static void bin_piece(void *ctx, uint32_t label, const uint32_t *row, size_t n, size_t first,
                      size_t n_first, const float *nearness)
{
    (void)label, (void)row;
    binning *b = ctx;
    uint32_t bin[BIN_PIECE];
    for (size_t a = 0; a < n_first; a++) {
        for (size_t from = first + a + 1; from < n; from += BIN_PIECE) {
            const size_t m = n - from < BIN_PIECE ? n - from : BIN_PIECE;
            /* The kernel of the pass, so that a pair falls into the same bin there and here. */
            b->kernels->bin_rows(bin, nearness + a * n + from, m, b->low, b->inverse_width,
                                 FDML_HISTOGRAM_BINS);
            fdml_lock_take(&b->lock);
            for (size_t k = 0; k < m; k++) b->bin[bin[k]]++;
            fdml_lock_drop(&b->lock);
        }
    }
}

fdml_status fdml_genuine_histogram(uint64_t *bin, float low, float width,
                                   const fdml_problem *problem, const fdml_machine *machine,
                                   fdml_arena *arena, fdml_error *err)
{
    binning b = { .kernels = machine->kernels, .bin = bin, .low = low };
    b.inverse_width = 1 / width;
    memset(bin, 0, FDML_HISTOGRAM_BINS * sizeof *bin);
    return fdml_class_pairs(bin_piece, &b, problem, machine, arena, err);
}

/* --- AUC by row ----------------------------------------------------------------------- */

typedef struct sharing {
    const fdml_scores *scores;
    const uint32_t *label;
    double *genuine, *impostor;
} sharing;

/* Twice the number below t, equal ones once: 2 #{s < t} + #{s = t}. */
static size_t twice_below(const float *score, size_t n, float t)
{
    size_t less = 0, high = n;
    while (less < high) {
        const size_t middle = less + (high - less) / 2;
        if (score[middle] < t)
            less = middle + 1;
        else
            high = middle;
    }
    size_t not_more = less;
    high = n;
    while (not_more < high) {
        const size_t middle = not_more + (high - not_more) / 2;
        if (score[middle] <= t)
            not_more = middle + 1;
        else
            high = middle;
    }
    return less + not_more;
}

static void share_piece(void *ctx, uint32_t label, const uint32_t *row, size_t n, size_t first,
                        size_t n_first, const float *nearness)
{
    (void)label, (void)row;
    const sharing *s = ctx;
    const fdml_scores *all = s->scores;
    for (size_t a = 0; a < n_first; a++) {
        const size_t i = first + a;
        size_t genuine = 0, impostor = 0;
        for (size_t j = 0; j < n; j++) {
            const float score = nearness[a * n + j];
            if (j == i) continue;
            if (s->label[i] == s->label[j])
                genuine += twice_below(all->impostor, all->n_impostor, score);
            else
                impostor +=
                    2 * all->n_genuine - twice_below(all->genuine, all->n_genuine, score);
        }
        s->genuine[i] = (double)genuine / 2 / (double)all->n_impostor;
        s->impostor[i] = (double)impostor / 2 / (double)all->n_genuine;
    }
}

fdml_status fdml_auc_shares(double *genuine, double *impostor, const fdml_scores *scores,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    one_class all;
    FDML_TRY(one_class_of(&all, problem, arena, err));
    sharing s = { scores, problem->label->code, genuine, impostor };
    FDML_TRY(fdml_class_pairs(share_piece, &s, &all.problem, machine, arena, err));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
