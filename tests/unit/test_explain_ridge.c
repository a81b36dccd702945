/* test_explain_ridge.c - moments and ridge against scikit-learn, and designs without an answer.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "explain/ridge.h"
#include "ridge_case.h"
#include "scratch.h"

static fdml_error err;

typedef struct rows {
    float x[RIDGE_ROWS * RIDGE_DIM], weight[RIDGE_ROWS];
    double y[RIDGE_ROWS];
} rows;

/* As make_ridge_case.py makes them. */
static void make_rows(rows *r)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < RIDGE_ROWS; i++) {
        float u[RIDGE_DIM + 2], *x = r->x + i * RIDGE_DIM;
        for (size_t j = 0; j < RIDGE_DIM + 2; j++) {
            state = state * 1664525u + 1013904223u;
            u[j] = (float)(state >> 8) / 16777216.0f;
        }
        memcpy(x, u, RIDGE_DIM * sizeof *x);
        x[1] = x[0] * 0.75f + x[1] * 0.25f;
        x[2] += 20;
        x[4] = x[4] >= 0.5f ? 1.0f : 0.0f;
        r->y[i] = (double)x[0] - 0.5 * (double)x[3] * (double)x[3] + 0.25 * (double)x[4] +
                  0.125 * (double)u[RIDGE_DIM];
        const float w = u[RIDGE_DIM + 1] * u[RIDGE_DIM + 1];
        r->weight[i] = w * w + 1e-6f;
    }
}

typedef struct world {
    fdml_arena arena;
    fdml_moments m;
    fdml_ridge ridge;
    rows r;
} world;

static void begin(world *w, const fdml_kernels *kernels)
{
    fdml_arena_init(&w->arena, 0);
    make_rows(&w->r);
    cr_assert_eq(fdml_moments_init(&w->m, RIDGE_DIM, kernels, &w->arena, &err), FDML_OK);
    cr_assert_eq(fdml_ridge_init(&w->ridge, RIDGE_DIM, &w->arena, &err), FDML_OK);
}

Test(explain_ridge, as_scikit_learn)
{
    world w;
    begin(&w, fdml_kernels_best());
    fdml_moments_make(&w.m, w.r.x, w.r.y, w.r.weight, RIDGE_ROWS);
    for (size_t i = 0; i < RIDGE_CASES; i++) {
        const ridge_case *c = &ridge_cases[i];
        cr_assert_eq(fdml_ridge_fit(&w.ridge, &w.m, NULL, RIDGE_DIM, c->alpha, &err), FDML_OK,
                     "%s", err.text);
        for (size_t j = 0; j < RIDGE_DIM; j++)
            cr_assert_float_eq(w.ridge.coef[j], c->coef[j], 1e-5, "%zu %zu: %.9g, not %.9g", i,
                               j, w.ridge.coef[j], c->coef[j]);
        cr_assert_float_eq(w.ridge.intercept, c->intercept, 2e-4, "%zu: %.9g, not %.9g", i,
                           w.ridge.intercept, c->intercept);
        cr_assert_float_eq(w.ridge.r2, c->r2, 1e-6, "%zu: %.9g, not %.9g", i, w.ridge.r2,
                           c->r2);
    }
    fdml_arena_close(&w.arena);
}

Test(explain_ridge, chooses_as_lime)
{
    world w;
    uint32_t column[RIDGE_DIM];
    begin(&w, fdml_kernels_best());
    fdml_moments_make(&w.m, w.r.x, w.r.y, w.r.weight, RIDGE_ROWS);
    for (size_t k = 1; k <= RIDGE_DIM; k++) {
        fdml_ridge_forward(column, k, &w.m, &w.ridge);
        for (size_t i = 0; i < k; i++) cr_assert_eq(column[i], ridge_forward[i], "%zu", i);
        cr_assert_eq(fdml_ridge_largest(column, k, &w.m, w.r.x, &w.ridge, &err), FDML_OK);
        for (size_t i = 0; i < k; i++) cr_assert_eq(column[i], ridge_largest[i], "%zu", i);
    }
    fdml_arena_close(&w.arena);
}

Test(explain_ridge, one_value_for_all_instruction_sets)
{
    double first[RIDGE_DIM + 1];
    for (size_t k = 0; fdml_kernels_list(k); k++) {
        world w;
        begin(&w, fdml_kernels_list(k));
        fdml_moments_make(&w.m, w.r.x, w.r.y, w.r.weight, RIDGE_ROWS);
        cr_assert_eq(fdml_ridge_fit(&w.ridge, &w.m, NULL, RIDGE_DIM, 1, &err), FDML_OK);
        if (!k) {
            memcpy(first, w.ridge.coef, RIDGE_DIM * sizeof *first);
            first[RIDGE_DIM] = w.ridge.intercept;
        }
        cr_assert_arr_eq(w.ridge.coef, first, RIDGE_DIM * sizeof *first);
        cr_assert_eq(w.ridge.intercept, first[RIDGE_DIM]);
        fdml_arena_close(&w.arena);
    }
}

/* A constant column, and one that is the sum of two others. */
Test(explain_ridge, a_singular_design)
{
    world w;
    begin(&w, fdml_kernels_best());
    for (size_t i = 0; i < RIDGE_ROWS; i++) {
        float *x = w.r.x + i * RIDGE_DIM;
        x[1] = 7;
        x[3] = x[0] + x[4];
    }
    fdml_moments_make(&w.m, w.r.x, w.r.y, w.r.weight, RIDGE_ROWS);
    const uint32_t constant[] = { 0, 1 }, sum[] = { 0, 4, 3 }, fine[] = { 0, 4, 2 };
    scratch_expect_error(fdml_ridge_fit(&w.ridge, &w.m, constant, 2, 0, &err), &err,
                         FDML_E_DATA,
                         "ridge: column 1 is constant or depends on 1 others, and alpha is 0: "
                         "nothing makes its coefficient unique");
    scratch_expect_error(fdml_ridge_fit(&w.ridge, &w.m, sum, 3, 0, &err), &err, FDML_E_DATA,
                         "ridge: column 3 is constant or depends on 2 others, and alpha is 0: "
                         "nothing makes its coefficient unique");
    cr_assert_eq(fdml_ridge_fit(&w.ridge, &w.m, fine, 3, 0, &err), FDML_OK);
    cr_assert_eq(fdml_ridge_fit(&w.ridge, &w.m, NULL, RIDGE_DIM, 1, &err), FDML_OK);
    cr_assert_eq(w.ridge.coef[1], 0);
    for (size_t j = 0; j < RIDGE_DIM; j++) cr_assert(isfinite(w.ridge.coef[j]));
    uint32_t column[RIDGE_DIM];
    fdml_ridge_forward(column, RIDGE_DIM, &w.m, &w.ridge); /* each column once */
    unsigned seen = 0;
    for (size_t j = 0; j < RIDGE_DIM; j++) seen |= 1u << column[j];
    cr_assert_eq(seen, 31u);
    fdml_arena_close(&w.arena);
}

Test(explain_ridge, memory_that_is_not_there)
{
    fdml_arena arena;
    fdml_moments m;
    fdml_arena_init(&arena, 1000);
    cr_assert_eq(fdml_moments_init(&m, 100, fdml_kernels_best(), &arena, &err), FDML_E_NOMEM);
    fdml_arena_close(&arena);
}
