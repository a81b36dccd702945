/* objective_case.c - see objective_case.h.
 * SPDX-License-Identifier: MIT */
#include "objective_case.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"

void objective_open(objective_case *c, const fdml_objective_options *options)
{
    fdml_error err = { 0 };
    fdml_objective_options o = *options;
    if (!o.kernels) o.kernels = fdml_kernels_best();
    *c = (objective_case){ .params = { .room = 1 } };
    c->params.item = c->param;
    fdml_arena_init(&c->arena, 0);
    cr_assert_eq(fdml_objective_new(&c->objective, &o, &c->arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(fdml_objective_params(c->objective, &c->params, "loss", &c->arena, &err),
                 FDML_OK, "%s", err.text);
}

void objective_close(objective_case *c)
{
    fdml_arena_close(&c->arena);
}

fdml_objective_result objective_run(objective_case *c, const fdml_objective_batch *batch,
                                    float *df)
{
    static float unused[1 << 16];
    fdml_objective_result result;
    fdml_error err = { 0 };
    cr_assert_eq(
        fdml_objective_run(c->objective, batch, df ? df : unused, &result, &c->arena, &err),
        FDML_OK, "%s", err.text);
    return result;
}

void objective_rows(float *f, const uint32_t *label, size_t n, size_t dim, bool unit,
                    uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        fdml_rng centre, noise;
        fdml_rng_init(&centre, seed, 1, label[i]);
        fdml_rng_init(&noise, seed, 2, (uint32_t)i);
        double square = 0;
        for (size_t d = 0; d < dim; d++) {
            const double x = fdml_rng_normal(&centre) + 1.5 * fdml_rng_normal(&noise);
            f[i * dim + d] = (float)x;
            square += x * x;
        }
        const double length = unit ? sqrt(square) : 1;
        for (size_t d = 0; d < dim; d++)
            f[i * dim + d] = (float)((double)f[i * dim + d] / length);
    }
}
