/* metric_world.c - see metric_world.h.
 *
 * SPDX-License-Identifier: MIT */
#include "metric_world.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"

fdml_metric_options metric_options(void)
{
    return (fdml_metric_options){ .n_in = MW_IN,
                                  .dim = MW_DIM,
                                  .n_classes = MW_CLASSES,
                                  .objective = { .name = "normsoftmax",
                                                 .miner = fdml_miner_defaults },
                                  .seed = 3,
                                  .kernels = fdml_kernels_best(),
                                  .n_threads = 1 };
}

fdml_attribute_options metric_attribute(const char *name)
{
    fdml_attribute_options a = fdml_attribute_defaults;
    a.name = name;
    a.n_values = strcmp(name, "size") ? MW_COLORS : MW_SIZES;
    a.dim = 5;
    a.alpha = a.rho = 0;
    a.n_hidden = 9;
    return a;
}

void metric_open(metric_world *w, const fdml_metric_options *options)
{
    fdml_rng rng;
    memset(w, 0, sizeof *w);
    fdml_arena_init(&w->arena, 0);
    fdml_arena_init(&w->work, 0);
    w->params = (fdml_params){ w->item, 0, MW_PARAMS };
    cr_assert_eq(fdml_metric_heads_new(&w->heads, options, &w->arena, NULL), FDML_OK);
    cr_assert_eq(fdml_metric_heads_params(w->heads, &w->params, &w->arena, NULL), FDML_OK);
    fdml_rng_init(&rng, 17, 1, 0);
    for (size_t i = 0; i < MW_ROWS * MW_IN; i++) w->h[i] = (float)fdml_rng_double(&rng) * 2 - 1;
    for (uint32_t i = 0; i < MW_ROWS; i++) {
        w->label[i] = i / 2 % MW_CLASSES;
        w->color[i] = fdml_rng_below(&rng, MW_COLORS);
        w->size[i] = i / 5 % MW_SIZES;
    }
    w->attribute[0] = w->color, w->attribute[1] = w->size;
}

void metric_close(metric_world *w)
{
    fdml_arena_close(&w->arena);
    fdml_arena_close(&w->work);
}

void metric_run(metric_world *w)
{
    fdml_error err = { 0 };
    const fdml_metric_batch batch = { w->h, MW_ROWS, w->label, w->attribute, w->step };
    memset(w->dh, 0xff, sizeof w->dh);
    const fdml_status status =
        fdml_metric_heads_run(w->heads, &batch, w->dh, &w->result, &w->work, &err);
    cr_assert_eq(status, FDML_OK, "%s", err.text);
    cr_assert_eq(w->work.used, 0);
}

const fdml_param *metric_param(const metric_world *w, const char *name)
{
    for (size_t p = 0; p < w->params.n; p++)
        if (!strcmp(w->item[p].name, name)) return &w->item[p];
    cr_assert_fail("no parameter %s", name);
    return NULL;
}

void metric_expect_same(const metric_world *a, const metric_world *b)
{
    cr_assert_arr_eq(a->dh, b->dh, sizeof a->dh);
    cr_assert_arr_eq(&a->result.objective.loss, &b->result.objective.loss, sizeof(double));
    for (size_t p = 0; p < a->params.n; p++) {
        const fdml_param *one = &a->item[p];
        for (size_t q = 0; q < b->params.n; q++) {
            const fdml_param *other = &b->item[q];
            if (strcmp(one->name, other->name)) continue;
            cr_assert_arr_eq(one->value, other->value, one->n * sizeof(float), "%s", one->name);
            cr_assert_arr_eq(one->grad, other->grad, one->n * sizeof(float), "%s", one->name);
        }
    }
}
