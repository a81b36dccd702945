/* lime_world.c - see lime_world.h.
 * SPDX-License-Identifier: MIT */
#include "lime_world.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/dmath.h"
#include "base/rng.h"

enum { P = LIME_P, FIT = LIME_FIT, ROWS = LIME_ROWS, N = LIME_N };

/* Numbers 0, 2 and 4 (4 is constant), categories 1 of three levels and 3 of two. */
static const fdml_feature features[P] = {
    { "age", FDML_NUMERIC, 0, NULL },     { "job", FDML_CATEGORICAL, 3, NULL },
    { "hours", FDML_NUMERIC, 0, NULL },   { "kind", FDML_CATEGORICAL, 2, NULL },
    { "version", FDML_NUMERIC, 0, NULL },
};

void lime_begin(lime_world *w)
{
    fdml_error err;
    fdml_arena_init(&w->arena, 0);
    for (uint32_t i = 0; i < N; i++) {
        fdml_rng rng;
        float *x = w->x + (size_t)i * P;
        fdml_rng_init(&rng, 1, 1, i);
        x[0] = (float)(40 + 12 * fdml_rng_normal(&rng));
        x[1] = i % 10 < 5 ? 0.0f : i % 10 < 8 ? 1.0f : 2.0f; /* .5, .3, .2 */
        x[2] = (float)(0.3 + 0.05 * fdml_rng_normal(&rng));
        x[3] = i % 4 ? 1.0f : 0.0f; /* .75 */
        x[4] = 1.1f;
    }
    for (uint32_t i = 0; i < FIT; i++) w->fit[i] = i;
    for (uint32_t i = 0; i < ROWS; i++) w->row[i] = FIT + (i * 5) % ROWS;
    w->t = (fdml_tabular){ .n_rows = N, .n_features = P, .feature = features, .x = w->x };
    cr_assert_eq(fdml_lime_data_make(&w->data, &w->t, w->fit, FIT, &w->arena, &err), FDML_OK);
    w->options = fdml_lime_defaults;
    w->options.seed = 1;
    w->options.workers = (fdml_workers){ fdml_kernels_best(), 2 };
}

double lime_score(const lime_box *c, const float *x)
{
    const fdml_lime_data *d = &c->w->data;
    double sum = 0.25;
    for (size_t f = 0; f < P; f += 2)
        if (d->deviation[f] > 0 && !isnan(x[f]))
            sum += c->weight[f] * ((double)x[f] - (double)d->mean[f]) / (double)d->deviation[f];
    sum += c->weight[1] * (x[1] == 1 ? 1 : 0) + c->weight[3] * (x[3] == 1 ? 1 : 0);
    return c->is_curved ? 1 / (1 + fdml_exp(-sum)) : sum;
}

static fdml_status predict(void *ctx, double *p, const float *x, size_t n, int thread,
                           fdml_error *error)
{
    (void)thread, (void)error;
    for (size_t i = 0; i < n; i++) p[i] = lime_score(ctx, x + i * P);
    return FDML_OK;
}

fdml_status lime_explain(lime_world *w, const lime_box *c, fdml_lime_result *result,
                         fdml_error *err)
{
    lime_box copy = *c;
    const fdml_blackbox box = { .ctx = &copy,
                                .can_predict_new_rows = true,
                                .predict = predict };
    return fdml_lime_explain(result, &w->data, &box, w->x, w->row, ROWS, &w->options, &w->arena,
                             err);
}
