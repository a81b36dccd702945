/* leakage.c - see leakage.h.
 *
 * Nearest rows of other classes come from the pass over pairs (pairs.h), which leaves out rows
 * of the query's class that share a column with it: here the class itself.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/leakage.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/linear_model.h"
#include "eval/pairs.h"

static const fdml_linear_options options = { .loss = FDML_LOGISTIC,
                                             .c = 1,
                                             .is_balanced = true,
                                             .tolerance = 1e-6,
                                             .max_iterations = 1000 };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for leakage");
}

/* --- classes ---------------------------------------------------------------------------- */

fdml_status fdml_leakage_majority(uint32_t *majority, const fdml_leakage *leakage,
                                  fdml_arena *scratch, fdml_error *err)
{
    const fdml_factor *label = leakage->problem->label;
    const size_t n_values = leakage->n_values, n = leakage->problem->n_rows;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *begin = fdml_arena_push_zero(scratch, label->n_levels + 2, sizeof *begin);
    uint32_t *code = fdml_arena_push(scratch, n, sizeof *code); /* class by class */
    uint32_t *count = fdml_arena_push(scratch, n_values, sizeof *count);
    if (!begin || !code || !count) return no_memory(err);
    for (size_t i = 0; i < n; i++) begin[label->code[i] + 2]++;
    for (size_t c = 0; c < label->n_levels; c++) begin[c + 2] += begin[c + 1];
    for (size_t i = 0; i < n; i++) code[begin[label->code[i] + 1]++] = leakage->code[i];
    for (size_t c = 0; c < label->n_levels; c++) {
        uint32_t best = FDML_LEAKAGE_NONE;
        for (size_t i = begin[c]; i < begin[c + 1]; i++)
            if (code[i] != FDML_LEAKAGE_NONE) count[code[i]] = 0;
        for (size_t i = begin[c]; i < begin[c + 1]; i++)
            if (code[i] != FDML_LEAKAGE_NONE) count[code[i]]++;
        for (size_t i = begin[c]; i < begin[c + 1]; i++) {
            const uint32_t v = code[i];
            if (v == FDML_LEAKAGE_NONE) continue;
            if (best == FDML_LEAKAGE_NONE || count[v] > count[best] ||
                (count[v] == count[best] && v < best))
                best = v;
        }
        majority[c] = best;
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* half[class]: 0 or 1. Classes of one majority value after another, each in random order, are
 * dealt out in turns, so that of every value the halves get equally many classes, or one more.
 */
static fdml_status halve_classes(uint8_t *half, const fdml_leakage *leakage,
                                 fdml_arena *scratch, fdml_error *err)
{
    const size_t n_classes = leakage->problem->label->n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *majority = fdml_arena_push(scratch, n_classes, sizeof *majority);
    uint32_t *order = fdml_arena_push(scratch, n_classes, sizeof *order);
    uint32_t *begin = fdml_arena_push_zero(scratch, leakage->n_values + 2, sizeof *begin);
    if (!majority || !order || !begin) return no_memory(err);
    FDML_TRY(fdml_leakage_majority(majority, leakage, scratch, err));
    for (size_t c = 0; c < n_classes; c++)
        if (majority[c] != FDML_LEAKAGE_NONE) begin[majority[c] + 2]++;
    for (size_t v = 0; v < leakage->n_values; v++) begin[v + 2] += begin[v + 1];
    for (size_t c = 0; c < n_classes; c++)
        if (majority[c] != FDML_LEAKAGE_NONE) order[begin[majority[c] + 1]++] = (uint32_t)c;
    for (size_t v = 0; v < leakage->n_values; v++) {
        fdml_rng rng;
        fdml_rng_init(&rng, leakage->seed, leakage->stream, (uint32_t)v);
        fdml_rng_shuffle(&rng, order + begin[v], begin[v + 1] - begin[v]);
        for (size_t i = begin[v]; i < begin[v + 1]; i++) half[order[i]] = i % 2;
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- logistic --------------------------------------------------------------------------- */

static fdml_status read_half(uint32_t *predicted, const fdml_leakage *leakage,
                             const fdml_samples *train, const fdml_samples *test,
                             fdml_arena *scratch, fdml_error *err)
{
    if (!train->n || !test->n) return FDML_OK; /* nothing to learn from, or to predict */
    fdml_linear_model model;
    fdml_linear_options how = options;
    how.workers = (fdml_workers){ leakage->machine->kernels, leakage->machine->n_threads };
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    FDML_TRY(fdml_linear_fit(&model, train, &how, scratch, err));
    FDML_TRY(fdml_linear_predict(predicted, &model, test, &how.workers, scratch, err));
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

fdml_status fdml_leakage_logistic(uint32_t *predicted, const fdml_leakage *leakage,
                                  fdml_arena *scratch, fdml_error *err)
{
    const fdml_problem *problem = leakage->problem;
    const size_t n = problem->n_rows;
    const bool is_unit = problem->distance == FDML_COSINE;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint8_t *half = fdml_arena_push(scratch, problem->label->n_levels, sizeof *half);
    uint32_t *row = fdml_arena_push(scratch, n, sizeof *row); /* of half 0 from the front */
    float *scale = fdml_arena_push(scratch, is_unit ? n : 0, sizeof *scale);
    if (!half || !row || !scale) return no_memory(err);
    FDML_TRY(halve_classes(half, leakage, scratch, err));
    if (is_unit) leakage->machine->kernels->inverse_norms(scale, problem->x, n, problem->dim);
    size_t n_half[2] = { 0, 0 };
    for (size_t i = 0; i < n; i++) {
        predicted[i] = FDML_LEAKAGE_NONE;
        if (leakage->code[i] == FDML_LEAKAGE_NONE) continue;
        const uint8_t h = half[problem->label->code[i]];
        row[h ? n - 1 - n_half[1] : n_half[0]] = (uint32_t)i;
        n_half[h]++;
    }
    fdml_samples part[2];
    for (int h = 0; h < 2; h++)
        part[h] = (fdml_samples){ .x = problem->x,
                                  .dim = problem->dim,
                                  .scale = is_unit ? scale : NULL,
                                  .code = leakage->code,
                                  .n_values = leakage->n_values,
                                  .row = h ? row + n - n_half[1] : row,
                                  .n = n_half[h] };
    for (int h = 0; h < 2; h++)
        FDML_TRY(read_half(predicted, leakage, &part[h], &part[1 - h], scratch, err));
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- nearest neighbours ----------------------------------------------------------------- */

/* The value with the largest sum of votes; of equal sums the one that votes first. */
static uint32_t elect(const uint32_t *neighbour, const fdml_leakage *leakage,
                      const uint32_t *n_rows)
{
    double most = 0;
    uint32_t best = FDML_LEAKAGE_NONE;
    for (size_t k = 0; k < FDML_LEAKAGE_NEIGHBOURS && neighbour[k] != FDML_RANK_BEYOND; k++) {
        const uint32_t v = leakage->code[neighbour[k]];
        size_t votes = 0;
        for (size_t j = 0; j < FDML_LEAKAGE_NEIGHBOURS && neighbour[j] != FDML_RANK_BEYOND; j++)
            votes += leakage->code[neighbour[j]] == v;
        const double sum = (double)votes / (double)n_rows[v];
        if (sum > most) most = sum, best = v;
    }
    return best;
}

fdml_status fdml_leakage_knn(uint32_t *predicted, const fdml_leakage *leakage,
                             fdml_arena *scratch, fdml_error *err)
{
    const size_t n = leakage->problem->n_rows;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *neighbour =
        fdml_arena_push(scratch, n, FDML_LEAKAGE_NEIGHBOURS * sizeof *neighbour);
    uint32_t *n_rows = fdml_arena_push_zero(scratch, leakage->n_values, sizeof *n_rows);
    uint8_t *is_kept = fdml_arena_push(scratch, n, sizeof *is_kept);
    if (!neighbour || !n_rows || !is_kept) return no_memory(err);
    bool is_whole = true;
    for (size_t i = 0; i < n; i++) {
        is_kept[i] = leakage->code[i] != FDML_LEAKAGE_NONE;
        if (is_kept[i])
            n_rows[leakage->code[i]]++;
        else
            is_whole = false;
    }
    fdml_problem problem = *leakage->problem;
    problem.exclude = problem.label;
    problem.is_query = problem.is_gallery = is_whole ? NULL : is_kept;
    const fdml_pass pass = { .top_k = FDML_LEAKAGE_NEIGHBOURS, .neighbour = neighbour };
    FDML_TRY(fdml_pass_run(&pass, &problem, leakage->machine, scratch, err));
    for (size_t i = 0; i < n; i++)
        predicted[i] = is_kept[i]
                           ? elect(neighbour + i * FDML_LEAKAGE_NEIGHBOURS, leakage, n_rows)
                           : FDML_LEAKAGE_NONE;
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- cost ------------------------------------------------------------------------------- */

void fdml_leakage_cost(size_t *least, size_t *wanted, double *flops,
                       const fdml_problem *problem, size_t n_values,
                       const fdml_machine *machine)
{
    const size_t n = problem->n_rows, n_classes = problem->label->n_levels;
    fdml_problem apart = *problem;
    apart.exclude = problem->label;
    uint32_t dummy = 0; /* only that it is wanted counts */
    const fdml_pass pass = { .top_k = FDML_LEAKAGE_NEIGHBOURS, .neighbour = &dummy };
    fdml_pass_memory(least, wanted, &pass, &apart, machine);
    const size_t lists = n * (FDML_LEAKAGE_NEIGHBOURS * sizeof(uint32_t) + 1);
    const fdml_workers workers = { machine->kernels, machine->n_threads };
    const size_t logistic = n * (2 * sizeof(uint32_t) + sizeof(float)) + n_classes * 16 +
                            fdml_linear_size(problem->dim, n_values, n, &workers);
    *least += lists;
    *wanted += lists;
    if (*least < logistic) *least = logistic;
    if (*wanted < logistic) *wanted = logistic;
    /* each row is in one half; a fit takes some hundred evaluations of two products */
    *flops = fdml_pass_work(&pass, &apart, machine) +
             100. * 2. * (double)n * (double)problem->dim * (double)n_values;
}
