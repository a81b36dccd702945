/* verify_folds.c - accuracy of a pairs list with folds, as LFW's protocol asks. See verify.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "eval/verify.h"

typedef struct scored {
    float score;
    uint32_t fold;
    bool genuine;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return 0;
}

/* The best threshold for the pairs outside `fold`. One sweep upwards: raising t past a pair
 * rejects it, right for an impostor and wrong for a genuine one. */
static float best_threshold(const scored *pair, size_t n, uint32_t fold)
{
    long right = 0; /* relative to accepting everything */
    long most = 0;
    float best = -INFINITY, previous = -INFINITY;
    bool is_open = false; /* the best interval still waits for its upper end */
    for (size_t i = 0; i < n;) {
        const float score = pair[i].score;
        bool counts = false;
        long change = 0;
        for (; i < n && pair[i].score == score; i++) {
            if (pair[i].fold == fold) continue;
            change += pair[i].genuine ? -1 : 1;
            counts = true;
        }
        if (!counts) continue;
        if (is_open) best = (float)(((double)previous + score) / 2);
        if (is_open && !(best > previous)) best = score;
        is_open = false;
        right += change;
        if (right > most) {
            most = right;
            is_open = true;
        }
        previous = score;
    }
    return is_open ? nextafterf(previous, INFINITY) : best;
}

static double accuracy_on(const scored *pair, size_t n, uint32_t fold, float threshold)
{
    size_t n_in = 0, n_right = 0;
    for (size_t i = 0; i < n; i++) {
        if (pair[i].fold != fold) continue;
        n_in++;
        n_right += (pair[i].score >= threshold) == pair[i].genuine;
    }
    return n_in ? (double)n_right / (double)n_in : NAN;
}

fdml_status fdml_fold_accuracy(double *mean, double *error, const float *score,
                               const fdml_row_pair *pair, size_t n_pairs, size_t n_folds,
                               fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    scored *sorted = fdml_arena_push(arena, n_pairs, sizeof *sorted);
    double *accuracy = fdml_arena_push(arena, n_folds, sizeof *accuracy);
    if (!sorted || !accuracy) return fdml_fail(err, FDML_E_NOMEM, "no memory for the folds");
    for (size_t i = 0; i < n_pairs; i++)
        sorted[i] = (scored){ score[i], pair[i].fold, pair[i].genuine };
    qsort(sorted, n_pairs, sizeof *sorted, by_score);

    double sum = 0, square = 0;
    size_t n = 0;
    for (uint32_t fold = 0; fold < n_folds; fold++) {
        const float threshold = best_threshold(sorted, n_pairs, fold);
        accuracy[n] = accuracy_on(sorted, n_pairs, fold, threshold);
        if (!isnan(accuracy[n])) sum += accuracy[n++];
    }
    *mean = n ? sum / (double)n : NAN;
    for (size_t i = 0; i < n; i++) square += (accuracy[i] - *mean) * (accuracy[i] - *mean);
    *error = n > 1 ? sqrt(square / (double)(n - 1) / (double)n) : NAN;
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
