/* test_eval_linear_model.c - the minimiser on a bowl, regression and machine against
 * scikit-learn, and against what must hold.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "eval/lbfgs.h"
#include "eval/linear_model.h"
#include "linear_case.h"

static fdml_error err;

/* sum_i i (x_i - i)^2 / 2 + (x_i - i)^4: its minimum 0 is at x_i = i. */
static double bowl(void *ctx, double *gradient, const double *x)
{
    const size_t n = *(const size_t *)ctx;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)(i + 1), d = x[i] - a;
        sum += a * d * d / 2 + d * d * d * d;
        gradient[i] = a * d + 4 * d * d * d;
    }
    return sum;
}

Test(eval_linear_model, finds_a_minimum)
{
    enum { N = 37 };
    double x[N] = { 0 };
    size_t n = N;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_lbfgs job = { .fn = bowl,
                       .ctx = &n,
                       .n = N,
                       .kernels = fdml_kernels_best(),
                       .tolerance = 1e-9,
                       .max_iterations = 200 };
    cr_assert_eq(fdml_lbfgs_run(x, &job, &arena, &err), FDML_OK);
    for (size_t i = 0; i < N; i++) cr_assert_float_eq(x[i], (double)(i + 1), 1e-8, "%zu", i);
    cr_assert(job.gradient <= 1e-9 && job.n_iterations < 100, "%u", job.n_iterations);
    memset(x, 0, sizeof x);
    job.max_iterations = 3; /* a limit is a limit */
    cr_assert_eq(fdml_lbfgs_run(x, &job, &arena, &err), FDML_OK);
    cr_assert(job.n_iterations == 3 && job.gradient > 1e-9);
    cr_assert_leq(arena.peak, fdml_lbfgs_size(N));
    arena.limit = 1000;
    cr_assert_eq(fdml_lbfgs_run(x, &job, &arena, &err), FDML_E_NOMEM);
    fdml_arena_close(&arena);
}

static fdml_linear_options plain_options(fdml_linear_loss loss, double tolerance)
{
    return (fdml_linear_options){ .loss = loss,
                                  .c = 1,
                                  .tolerance = tolerance,
                                  .max_iterations = 1000,
                                  .workers = { fdml_kernels_best(), 2 } };
}

static fdml_samples case_samples(uint32_t row[LINEAR_ROWS])
{
    for (uint32_t i = 0; i < LINEAR_ROWS; i++) row[i] = LINEAR_ROWS - 1 - i;
    return (fdml_samples){ .x = linear_case_x,
                           .dim = LINEAR_DIM,
                           .code = linear_case_code,
                           .n_values = LINEAR_VALUES,
                           .row = row,
                           .n = LINEAR_ROWS };
}

/* The minimum to 1e-7, whose arguments are then known to about the root of that. */
Test(eval_linear_model, as_scikit_learn)
{
    uint32_t row[LINEAR_ROWS];
    const fdml_samples samples = case_samples(row);
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < LINEAR_CASES; i++) {
        const linear_case *c = &linear_cases[i];
        fdml_linear_options options = plain_options(c->loss, 1e-6);
        options.c = c->c;
        options.is_balanced = c->is_balanced;
        fdml_linear_model m;
        const size_t before = arena.used;
        cr_assert_eq(fdml_linear_fit(&m, &samples, &options, &arena, &err), FDML_OK);
        cr_assert(m.gradient <= 1e-6, "%zu: %g after %u", i, m.gradient, m.n_iterations);
        cr_assert_float_eq(m.loss, c->value, 2e-7 * c->value, "%zu: %.12g", i, m.loss);
        double mean = 0;
        for (size_t v = 0; v < LINEAR_VALUES && c->loss == FDML_LOGISTIC; v++)
            mean += fdml_linear_weight(&m, LINEAR_DIM, v) / LINEAR_VALUES;
        for (size_t v = 0; v < LINEAR_VALUES; v++) {
            const double bias = fdml_linear_weight(&m, LINEAR_DIM, v) - mean;
            cr_assert_float_eq(bias, c->bias[v], 1e-4, "%zu: bias %.10g", i, bias);
            for (size_t d = 0; d < LINEAR_DIM; d++)
                cr_assert_float_eq(fdml_linear_weight(&m, d, v),
                                   c->weight[d * LINEAR_VALUES + v], 1e-4, "%zu: %.10g", i,
                                   fdml_linear_weight(&m, d, v));
        }
        cr_assert_leq(arena.peak - before,
                      fdml_linear_size(3, 3, LINEAR_ROWS, &options.workers));
    }
    fdml_arena_close(&arena);
}

/* Twice as long rows, each told to be halved, are the same rows; a constant feature and a value
 * without rows change nothing; a row listed twice weighs as two. */
Test(eval_linear_model, invariants)
{
    enum { WIDE = LINEAR_DIM + 1 };
    static float x[LINEAR_ROWS * WIDE];
    float scale[LINEAR_ROWS];
    uint32_t row[LINEAR_ROWS], one[LINEAR_ROWS], other[LINEAR_ROWS];
    fdml_samples samples = case_samples(row), wide = samples;
    fdml_linear_options options = plain_options(FDML_LOGISTIC, 1e-6);
    options.is_balanced = true;
    fdml_arena arena;
    fdml_linear_model a, b;
    for (size_t i = 0; i < LINEAR_ROWS; i++) {
        scale[i] = .5f;
        for (size_t d = 0; d < LINEAR_DIM; d++)
            x[i * WIDE + d] = 2 * linear_case_x[i * LINEAR_DIM + d];
        x[i * WIDE + LINEAR_DIM] = .1f;
    }
    wide.x = x;
    wide.dim = WIDE;
    wide.scale = scale;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_linear_fit(&a, &samples, &options, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_linear_fit(&b, &wide, &options, &arena, &err), FDML_OK);
    for (size_t v = 0; v < LINEAR_VALUES; v++) {
        for (size_t d = 0; d < LINEAR_DIM; d++)
            cr_assert_float_eq(fdml_linear_weight(&a, d, v), fdml_linear_weight(&b, d, v),
                               1e-5);
        cr_assert_eq(fdml_linear_weight(&b, LINEAR_DIM, v), 0);
    }
    const fdml_workers single = { fdml_kernels_best(), 1 };
    cr_assert_eq(fdml_linear_predict(one, &a, &samples, &single, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_linear_predict(other, &b, &wide, &options.workers, &arena, &err),
                 FDML_OK);
    cr_assert_arr_eq(one, other, sizeof one);
    size_t n_right = 0;
    for (size_t i = 0; i < LINEAR_ROWS; i++) n_right += one[i] == linear_case_code[i];
    cr_assert_eq(n_right, 20u); /* of scikit-learn's, too */
    samples.n_values = 7;       /* of which four have no rows */
    options = plain_options(FDML_LOGISTIC, 1e-5);
    cr_assert_eq(fdml_linear_fit(&b, &samples, &options, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_linear_predict(other, &b, &samples, &single, &arena, &err), FDML_OK);
    for (size_t i = 0; i < LINEAR_ROWS; i++) cr_assert_lt(other[i], 3u);
    fdml_arena_close(&arena);
}

/* Rows that are all there twice: with half the penalty's inverse it is the same problem. */
Test(eval_linear_model, repeated_rows)
{
    uint32_t row[LINEAR_ROWS], twice[2 * LINEAR_ROWS];
    fdml_samples samples = case_samples(row), repeated = samples;
    for (size_t i = 0; i < 2 * LINEAR_ROWS; i++) twice[i] = row[i % LINEAR_ROWS];
    repeated.row = twice;
    repeated.n = 2 * LINEAR_ROWS;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (int loss = FDML_LOGISTIC; loss <= FDML_SVM; loss++) {
        fdml_linear_options options = plain_options((fdml_linear_loss)loss, 1e-6);
        fdml_linear_model a, b;
        cr_assert_eq(fdml_linear_fit(&a, &samples, &options, &arena, &err), FDML_OK);
        options.c = .5;
        cr_assert_eq(fdml_linear_fit(&b, &repeated, &options, &arena, &err), FDML_OK);
        cr_assert_float_eq(a.loss, b.loss, 1e-6 * a.loss);
    }
    fdml_arena_close(&arena);
}

/* A row that is listed one, two or three times is as many rows that happen to be equal; and the
 * minimum is the same wherever the way to it begins, and a way from there has no steps. */
Test(eval_linear_model, uneven_repeats_and_a_start)
{
    enum { MOST = 3 * LINEAR_ROWS };
    static float copies[MOST * LINEAR_DIM];
    uint32_t row[LINEAR_ROWS], listed[MOST], apart[MOST], code[MOST];
    fdml_samples samples = case_samples(row), copied = samples;
    size_t n = 0;
    for (uint32_t i = 0; i < LINEAR_ROWS; i++)
        for (uint32_t k = 0; k <= i % 3; k++, n++) {
            memcpy(copies + n * LINEAR_DIM, linear_case_x + i * LINEAR_DIM,
                   LINEAR_DIM * sizeof *copies);
            listed[n] = i, apart[n] = (uint32_t)n, code[n] = linear_case_code[i];
        }
    samples.row = listed, copied.row = apart, copied.x = copies, copied.code = code;
    samples.n = copied.n = n;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (int loss = FDML_LOGISTIC; loss <= FDML_SVM; loss++) {
        fdml_linear_options options = plain_options((fdml_linear_loss)loss, 1e-6);
        fdml_linear_model a, b, c;
        cr_assert_eq(fdml_linear_fit(&a, &samples, &options, &arena, &err), FDML_OK);
        cr_assert_eq(fdml_linear_fit(&b, &copied, &options, &arena, &err), FDML_OK);
        cr_assert_float_eq(a.loss, b.loss, 1e-6 * a.loss);
        for (size_t v = 0; v < LINEAR_VALUES; v++)
            for (size_t d = 0; d <= LINEAR_DIM; d++)
                cr_assert_float_eq(fdml_linear_weight(&a, d, v), fdml_linear_weight(&b, d, v),
                                   1e-4, "%d: %zu %zu", loss, d, v);
        options.start = a.theta;
        samples.row = row, samples.n = LINEAR_ROWS; /* other data, not far */
        cr_assert_eq(fdml_linear_fit(&b, &samples, &options, &arena, &err), FDML_OK);
        options.start = NULL;
        cr_assert_eq(fdml_linear_fit(&c, &samples, &options, &arena, &err), FDML_OK);
        cr_assert_float_eq(b.loss, c.loss, 1e-6 * c.loss);
        options.start = c.theta;
        cr_assert_eq(fdml_linear_fit(&b, &samples, &options, &arena, &err), FDML_OK);
        cr_assert_eq(b.n_iterations, 0);
        samples.row = listed, samples.n = n;
    }
    fdml_arena_close(&arena);
}

/* Many rows, values beyond one block and beyond one panel: the same bits for every instruction
 * set and number of threads. */
Test(eval_linear_model, same_bits_anywhere)
{
    enum { N = 700, D = 21, V = 37 };
    static float x[N * D];
    static uint32_t code[N], row[N];
    fdml_rng rng;
    fdml_rng_init(&rng, 3, 1, 0);
    for (uint32_t i = 0; i < N; i++) {
        row[i] = i;
        code[i] = fdml_rng_below(&rng, V);
        for (size_t d = 0; d < D; d++)
            x[i * D + d] = (float)(fdml_rng_normal(&rng) + (d == code[i] % D ? 2 : 0));
    }
    const fdml_samples samples = { x, D, NULL, code, V, row, N };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (int loss = FDML_LOGISTIC; loss <= FDML_SVM; loss++) {
        const double *first = NULL;
        for (size_t i = 0; fdml_kernels_list(i); i++)
            for (int threads = 1; threads <= 3; threads += 2) {
                fdml_linear_options options = plain_options((fdml_linear_loss)loss, 1e-5);
                options.workers = (fdml_workers){ fdml_kernels_list(i), threads };
                fdml_linear_model m;
                cr_assert_eq(fdml_linear_fit(&m, &samples, &options, &arena, &err), FDML_OK);
                cr_assert(m.gradient <= 1e-5, "%g after %u", m.gradient, m.n_iterations);
                if (!first) first = m.theta;
                cr_assert(!memcmp(first, m.theta, fdml_dense_size(D + 1, V) * sizeof *m.theta));
            }
    }
    fdml_arena_close(&arena);
}

Test(eval_linear_model, needs_memory)
{
    uint32_t row[LINEAR_ROWS];
    const fdml_samples samples = case_samples(row);
    const fdml_linear_options options = plain_options(FDML_SVM, 1e-5);
    const size_t size =
        fdml_linear_size(LINEAR_DIM, LINEAR_VALUES, LINEAR_ROWS, &options.workers);
    for (size_t limit = 64; limit < size; limit += size / 40) {
        fdml_linear_model m;
        fdml_arena arena;
        fdml_arena_init(&arena, limit);
        const fdml_status status = fdml_linear_fit(&m, &samples, &options, &arena, &err);
        cr_assert(status == FDML_E_NOMEM || (!status && arena.peak <= limit), "%zu", limit);
        fdml_arena_close(&arena);
    }
}
