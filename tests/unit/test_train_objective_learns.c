/* test_train_objective_learns.c - free rows that follow an objective's gradient find together.
 *
 * The rows themselves are what is trained, by Adam, without a network: from noise to where a
 * row's nearest neighbour is of its class. A gradient of the wrong sign, a parameter that does
 * not follow or a miner that stops to find pairs would not get there.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "objective_case.h"

enum { N = 40, DIM = 8, CLASSES = 8, STEPS = 300, MAX_ITEMS = CLASSES * 10 * DIM };

typedef struct adam {
    double mean[MAX_ITEMS], square[MAX_ITEMS];
} adam;

static void adam_step(adam *a, float *x, const double *gradient, size_t n, size_t step)
{
    const double rate = 0.02, mean_keep = 0.9, square_keep = 0.999;
    const double mean_scale = 1 - pow(mean_keep, (double)step + 1);
    const double square_scale = 1 - pow(square_keep, (double)step + 1);
    for (size_t i = 0; i < n; i++) {
        const double g = gradient[i];
        a->mean[i] = mean_keep * a->mean[i] + (1 - mean_keep) * g;
        a->square[i] = square_keep * a->square[i] + (1 - square_keep) * g * g;
        const double root = sqrt(a->square[i] / square_scale) + 1e-8;
        x[i] = (float)((double)x[i] - rate * a->mean[i] / mean_scale / root);
    }
}

/* f = x / |x| and its gradient's way back, or f = x. */
static void to_rows(float *f, const float *x, bool unit)
{
    for (size_t i = 0; i < N; i++) {
        double square = 0;
        for (size_t d = 0; d < DIM; d++)
            square += (double)x[i * DIM + d] * (double)x[i * DIM + d];
        for (size_t d = 0; d < DIM; d++)
            f[i * DIM + d] = (float)((double)x[i * DIM + d] / (unit ? sqrt(square) : 1));
    }
}

static void from_rows(double *dx, const float *df, const float *f, bool unit)
{
    for (size_t i = 0; i < N; i++) {
        double along = 0; /* lengths of x stay near 1, so they are left out */
        for (size_t d = 0; d < DIM; d++)
            along += (double)df[i * DIM + d] * (double)f[i * DIM + d];
        for (size_t d = 0; d < DIM; d++)
            dx[i * DIM + d] =
                (double)df[i * DIM + d] - (unit ? along * (double)f[i * DIM + d] : 0);
    }
}

static double nearest_are_right(const float *f, const uint32_t *label)
{
    size_t n_right = 0;
    for (size_t i = 0; i < N; i++) {
        size_t best = N;
        double least = INFINITY;
        for (size_t j = 0; j < N; j++) {
            double square = 0;
            for (size_t d = 0; d < DIM; d++) {
                const double apart = (double)f[i * DIM + d] - (double)f[j * DIM + d];
                square += apart * apart;
            }
            if (j != i && square < least) least = square, best = j;
        }
        n_right += label[best] == label[i];
    }
    return (double)n_right / N;
}

static double learn(const fdml_objective_info *info, fdml_miner_kind miner, double *before)
{
    static adam of_rows, of_param;
    float x[N * DIM], f[N * DIM], df[N * DIM];
    double dx[N * DIM], dparam[MAX_ITEMS];
    uint32_t label[N];
    objective_case c;
    fdml_rng rng;
    fdml_objective_options options = {
        .name = info->name, .dim = DIM, .n_classes = CLASSES, .miner = fdml_miner_defaults
    };
    /* ten centres, the default, let five rows of a class be near a centre each and apart */
    const fdml_objective_setting two = { .name = "centres", .value = 2 };
    if (!strcmp(info->name, "softtriple")) {
        options.setting = &two;
        options.n_settings = 1;
    }
    options.miner.kind = miner;
    objective_open(&c, &options);
    fdml_rng_init(&rng, 1, 2, 3);
    for (size_t i = 0; i < N * DIM; i++) x[i] = (float)(fdml_rng_normal(&rng) / sqrt(DIM));
    for (uint32_t i = 0; i < N; i++) label[i] = i % CLASSES;
    of_rows = of_param = (adam){ .mean = { 0 } };
    to_rows(f, x, info->wants_unit_rows);
    *before = nearest_are_right(f, label);
    fdml_objective_batch batch = { .f = f, .n = N, .label = label };
    for (; batch.step < STEPS; batch.step++) {
        objective_run(&c, &batch, df);
        from_rows(dx, df, f, info->wants_unit_rows);
        adam_step(&of_rows, x, dx, N * DIM, batch.step);
        for (size_t i = 0; c.params.n && i < c.param[0].n; i++)
            dparam[i] = (double)c.param[0].grad[i];
        if (c.params.n)
            adam_step(&of_param, c.param[0].value, dparam, c.param[0].n, batch.step);
        to_rows(f, x, info->wants_unit_rows);
    }
    objective_close(&c);
    return nearest_are_right(f, label);
}

Test(train_objective, rows_that_follow_the_gradient_find_together)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++)
        for (int miner = info->mines ? 1 : 0; miner < (info->mines ? FDML_MINER_COUNT : 1);
             miner++) {
            double before;
            const double after = learn(info, (fdml_miner_kind)miner, &before);
            cr_expect_lt(before, 0.4);
            cr_expect_geq(after, 0.85, "%s %s: %g of rows, %g before", info->name,
                          fdml_miner_name((fdml_miner_kind)miner), after, before);
        }
}
