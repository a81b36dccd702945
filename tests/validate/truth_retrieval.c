/* truth_retrieval.c - by brute force, in double, apart from the library. See truth_retrieval.h.
 *
 * SPDX-License-Identifier: MIT */
#include "truth_retrieval.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

enum { MOST_MATES = 256, MOST_DIM = 16, STREAM_TRUTH = 40 };

typedef struct trial {
    const world *w;
    fdml_rng rng;
    double sum[MOST_GROUPS + 1][2], n[MOST_GROUPS + 1];
    double row[MOST_MATES][MOST_DIM]; /* of a new class */
    uint32_t group[MOST_MATES];
} trial;

static double squared(const double *q, const float *x, size_t dim)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) sum += (q[d] - (double)x[d]) * (q[d] - (double)x[d]);
    return sum;
}

/* Adds a query whose `n` matches lie at the squared distances `near`; all rows of other classes
 * but the one that is replaced are in its way. */
static void add_query(trial *t, const double *q, uint32_t group, double *near, size_t n,
                      uint32_t class, size_t replaced)
{
    const world *w = t->w;
    const size_t dim = w->law->dim;
    size_t in_front[MOST_MATES + 1] = { 0 };
    for (size_t i = 1; i < n; i++) /* a handful: insertion */
        for (size_t j = i; j && near[j - 1] > near[j]; j--) {
            const double swap = near[j];
            near[j] = near[j - 1];
            near[j - 1] = swap;
        }
    for (size_t i = 0; n && i < w->n_rows; i++) {
        if (w->label[i] == class || i == replaced) continue;
        const double d2 = squared(q, w->x + i * dim, dim);
        if (d2 >= near[n - 1]) continue;
        size_t r = n - 1;
        while (r && d2 < near[r - 1]) r--;
        in_front[r]++; /* nearer than match r, not than the one before */
    }
    double rank = 0, average = 0;
    for (size_t r = 0; r < n; r++) {
        rank += 1 + (double)in_front[r];
        if (rank <= (double)n) average += (double)(r + 1) / rank;
    }
    const double value[2] = { n && in_front[0] == 0, n ? average / (double)n : 0 };
    const size_t slot[2] = { group, MOST_GROUPS };
    for (size_t s = 0; n && s < 2; s++) {
        for (size_t m = 0; m < 2; m++) t->sum[slot[s]][m] += value[m];
        t->n[slot[s]] += 1;
    }
}

static void new_class(trial *t, uint32_t replaced)
{
    const law *l = t->w->law;
    const double effect = fdml_rng_below(&t->rng, 2) ? 1 + l->effect : 1 - l->effect;
    const size_t n = l->rows[fdml_rng_below(&t->rng, 2)];
    double centre[MOST_DIM], near[MOST_MATES];
    for (size_t d = 0; d < l->dim; d++) centre[d] = fdml_rng_normal(&t->rng);
    for (size_t i = 0; i < n; i++) {
        t->group[i] = l->by_row ? fdml_rng_below(&t->rng, (uint32_t)l->n_groups)
                                : replaced % (uint32_t)l->n_groups;
        for (size_t d = 0; d < l->dim; d++)
            t->row[i][d] =
                centre[d] + l->spread[t->group[i]] * effect * fdml_rng_normal(&t->rng);
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_mates = 0;
        for (size_t j = 0; j < n; j++) {
            if (j == i) continue;
            near[n_mates] = 0;
            for (size_t d = 0; d < l->dim; d++) {
                const double gap = t->row[i][d] - t->row[j][d];
                near[n_mates] += gap * gap;
            }
            n_mates++;
        }
        add_query(t, t->row[i], t->group[i], near, n_mates, replaced, SIZE_MAX);
    }
}

static void new_row(trial *t, size_t replaced)
{
    const world *w = t->w;
    const law *l = w->law;
    const uint32_t class = fdml_rng_below(&t->rng, (uint32_t)l->n_classes);
    const uint32_t group = fdml_rng_below(&t->rng, (uint32_t)l->n_groups);
    double q[MOST_DIM], near[MOST_MATES];
    size_t n = 0;
    for (size_t d = 0; d < l->dim; d++)
        q[d] = w->centre[class * l->dim + d] +
               l->spread[group] * w->effect[class] * fdml_rng_normal(&t->rng);
    for (size_t i = 0; i < w->n_rows && n < MOST_MATES; i++)
        if (w->label[i] == class && i != replaced)
            near[n++] = squared(q, w->x + i * l->dim, l->dim);
    add_query(t, q, group, near, n, class, replaced);
}

void true_retrieval_of(true_retrieval *truth, const world *w, size_t n_draws)
{
    trial t;
    memset(&t, 0, sizeof t);
    t.w = w;
    fdml_rng_init(&t.rng, w->settings.seed, STREAM_TRUTH, 0);
    for (size_t k = 0; k < n_draws; k++)
        if (w->law->sampling == NEW_CLASSES)
            new_class(&t, (uint32_t)(k % w->law->n_classes));
        else
            new_row(&t, k % w->n_rows);
    for (size_t g = 0; g <= MOST_GROUPS; g++) {
        truth->recall_at_1[g] = t.sum[g][0] / t.n[g];
        truth->map_at_r[g] = t.sum[g][1] / t.n[g];
    }
}
