/* eval_world.c - see eval_world.h.
 * SPDX-License-Identifier: MIT */
#include "eval_world.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

static const char *const number[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

static fdml_factor factor_of(eval_world *w, const char *name, uint32_t *code, size_t n_levels)
{
    const char **level = fdml_arena_push(&w->arena, n_levels, sizeof *level);
    for (size_t i = 0; i < n_levels; i++) {
        char text[24];
        snprintf(text, sizeof text, "%zu", i);
        level[i] = i < 10 ? number[i] : fdml_arena_copy_text(&w->arena, text, strlen(text));
    }
    return (fdml_factor){ name, w->n_rows, n_levels, code, level };
}

void eval_world_make(eval_world *w, size_t n_rows, size_t dim, size_t n_classes,
                     size_t n_groups, double spread, uint64_t seed)
{
    *w = (eval_world){ .n_rows = n_rows, .dim = dim };
    fdml_arena_init(&w->arena, 0);
    fdml_rng rng;
    fdml_rng_init(&rng, seed, 99, 0);
    w->x = fdml_arena_push(&w->arena, n_rows * dim, sizeof *w->x);
    w->label = fdml_arena_push(&w->arena, n_rows, sizeof *w->label);
    w->code[0] = fdml_arena_push(&w->arena, n_rows, sizeof(uint32_t));
    w->code[1] = fdml_arena_push(&w->arena, n_rows, sizeof(uint32_t));
    double *centre = fdml_arena_push(&w->arena, n_classes * dim, sizeof *centre);
    for (size_t i = 0; i < n_classes * dim; i++) centre[i] = fdml_rng_normal(&rng);
    for (size_t i = 0; i < n_rows; i++) {
        w->label[i] = (uint32_t)(i % n_classes);
        w->code[0][i] = (uint32_t)(w->label[i] % n_groups);
        w->code[1][i] = fdml_rng_below(&rng, 2);
        for (size_t d = 0; d < dim; d++)
            w->x[i * dim + d] =
                (float)(centre[w->label[i] * dim + d] + spread * fdml_rng_normal(&rng));
    }
    w->label_factor = factor_of(w, "label", w->label, n_classes);
    w->attribute[0] = factor_of(w, "g", w->code[0], n_groups);
    w->attribute[1] = factor_of(w, "h", w->code[1], 2);
    w->problem = (fdml_problem){ .x = w->x,
                                 .n_rows = n_rows,
                                 .dim = dim,
                                 .label = &w->label_factor,
                                 .attributes = w->attribute,
                                 .n_attributes = 1 };
    w->machine = (fdml_machine){ .kernels = fdml_kernels_best(), .n_threads = 2 };
    w->settings = (fdml_audit_settings){ .with_intersections = true,
                                         .reference = "overall",
                                         .n_bootstrap = 200,
                                         .n_permutations = 200,
                                         .confidence = 0.95,
                                         .seed = 1,
                                         .alignment_power = 2,
                                         .kmeans_iterations = 20,
                                         .kmeans_redo = 1,
                                         .downstream = { .classifier = { true, true, true, true,
                                                                         true, true },
                                                         .protocol = { true, true, true },
                                                         .n_splits = 2 } };
}

void eval_world_close(eval_world *w)
{
    fdml_arena_close(&w->arena);
}

void eval_world_metrics(eval_world *w, const char *spec)
{
    static const uint32_t ks[] = { 1, 4 };
    fdml_error err = { 0 };
    fdml_metric_parts parts;
    const fdml_status status =
        fdml_metrics_parse(&w->settings.metrics, &w->settings.n_metrics, &parts, spec, ks, 2,
                           (int)w->settings.convention, &w->arena, &err);
    w->settings.with_verification = parts.verification;
    w->settings.with_leakage = parts.leakage;
    w->settings.with_downstream = parts.downstream;
    cr_assert(status == FDML_OK, "%s", err.text);
}

void eval_world_audit(fdml_audit_result *result, eval_world *w)
{
    fdml_error err = { 0 };
    const fdml_status status =
        fdml_audit(result, &w->problem, &w->settings, &w->machine, &w->arena, &err);
    cr_assert(status == FDML_OK, "%s", err.text);
}

size_t eval_metric(const eval_world *w, const char *key)
{
    for (size_t m = 0; m < w->settings.n_metrics; m++)
        if (!strcmp(w->settings.metrics[m].key, key)) return m;
    cr_assert(false, "no metric %s", key);
    return 0;
}

double *eval_rows(eval_world *w)
{
    double *rows = fdml_arena_push(&w->arena, w->n_rows * w->dim, sizeof *rows);
    for (size_t i = 0; i < w->n_rows; i++) {
        double square = 0;
        for (size_t d = 0; d < w->dim; d++) {
            const double x = (double)w->x[i * w->dim + d];
            square += x * x;
        }
        const double scale = w->problem.distance == FDML_COSINE ? 1 / sqrt(square) : 1;
        for (size_t d = 0; d < w->dim; d++)
            rows[i * w->dim + d] = (double)w->x[i * w->dim + d] * scale;
    }
    return rows;
}

double eval_squared(const double *rows, size_t dim, size_t i, size_t j)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) {
        const double gap = rows[i * dim + d] - rows[j * dim + d];
        sum += gap * gap;
    }
    return sum;
}
