/* test_train_objective_gradient.c - gradients against differences of the loss, for every
 * objective with every miner, and what holds for all of them.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "objective_case.h"
#include "scratch.h"

enum { N = 11, DIM = 6, CLASSES = 5 };
static const uint32_t labels[N] = { 2, 0, 1, 1, 0, 2, 3, 0, 1, 2, 2 };
static const uint32_t attributes[N] = { 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1 };

static fdml_objective_options options_of(const fdml_objective_info *info)
{
    return (fdml_objective_options){ .name = info->name,
                                     .dim = DIM,
                                     .n_classes = CLASSES,
                                     .seed = 5,
                                     .miner = fdml_miner_defaults };
}

static bool has_classes(const fdml_objective_info *info)
{
    static const char *const names[] = { "arcface", "proxynca", "normsoftmax", "softtriple",
                                         "proxyanchor" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(info->name, names[i])) return true;
    return false;
}

/* Values are multiples of the quantum and steps too, so no step is rounded. */
typedef struct stencil {
    float quantum, step;
    double tolerance; /* of the largest item */
} stencil;

/* Error of the formula: step^4 / 30 times the fifth derivative. Losses of pairs are double, so
 * the step can be so small that this is nothing, and few coordinates meet a kink or a change of
 * mind of the miner within it. Losses of classes have the noise of float cosines, 2^-24 times a
 * scale of up to 32, divided by the step. */
static const stencil pairs = { 0x1p-20f, 0x1p-19f, 1e-6 };
static const stencil classes = { 0x1p-10f, 0x1p-6f, 2e-3 };

static double loss_at(objective_case *c, const fdml_objective_batch *batch, float *x, float to)
{
    const float from = *x;
    *x = to;
    const double loss = objective_run(c, batch, NULL).loss;
    *x = from;
    return loss;
}

static double slope(objective_case *c, const fdml_objective_batch *batch, float *x,
                    const stencil *s)
{
    const float at = *x, h = s->step;
    const double near = loss_at(c, batch, x, at + h) - loss_at(c, batch, x, at - h);
    const double far = loss_at(c, batch, x, at + 2 * h) - loss_at(c, batch, x, at - 2 * h);
    return (8 * near - far) / (12 * (double)h);
}

/* Fails where gradient [n] of x [n] is none. */
static void check_slopes(objective_case *c, const fdml_objective_batch *batch, float *x,
                         const float *gradient, size_t n, const stencil *s, const char *what)
{
    static double want[1024];
    double most = 1e-3;
    for (size_t i = 0; i < n; i++) {
        want[i] = slope(c, batch, x + i, s);
        most = fmax(most, fabs(want[i]));
    }
    for (size_t i = 0; i < n; i++)
        cr_expect(fabs((double)gradient[i] - want[i]) <= s->tolerance * most,
                  "%s: item %zu is %.9g, differences say %.9g", what, i, (double)gradient[i],
                  want[i]);
}

static void quantise(float *x, size_t n, float quantum)
{
    for (size_t i = 0; i < n; i++) x[i] = roundf(x[i] / quantum) * quantum;
}

static void check_gradient(const fdml_objective_info *info, fdml_miner_kind miner,
                           uint64_t seed)
{
    const stencil *s = has_classes(info) ? &classes : &pairs;
    float f[N * DIM], df[N * DIM], dparam[CLASSES * 10 * DIM];
    char what[64];
    objective_case c;
    fdml_objective_options options = options_of(info);
    options.miner.kind = miner;
    options.miner.same_attribute_negatives = 0.5f;
    snprintf(what, sizeof what, "%s %s", info->name, fdml_miner_name(miner));
    objective_open(&c, &options);
    objective_rows(f, labels, N, DIM, info->wants_unit_rows, seed);
    quantise(f, N * DIM, s->quantum);
    const fdml_objective_batch batch = {
        .f = f, .n = N, .label = labels, .attribute = attributes, .step = seed
    };
    if (c.params.n) quantise(c.param[0].value, c.param[0].n, s->quantum);
    const fdml_objective_result result = objective_run(&c, &batch, df);
    cr_expect_gt(result.n_active, 0u, "%s has nothing to learn from here", what);
    if (c.params.n) memcpy(dparam, c.param[0].grad, c.param[0].n * sizeof *dparam);
    check_slopes(&c, &batch, f, df, N * DIM, s, what);
    if (c.params.n) check_slopes(&c, &batch, c.param[0].value, dparam, c.param[0].n, s, what);
    objective_close(&c);
}

Test(train_gradient, is_what_differences_say)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++)
        for (int miner = info->mines ? 1 : 0; miner < (info->mines ? FDML_MINER_COUNT : 1);
             miner++)
            for (uint64_t seed = 1; seed <= 2; seed++)
                check_gradient(info, (fdml_miner_kind)miner, seed);
}

/* --- batches that teach nothing ------------------------------------------------------- */

static double regulariser(const fdml_objective_info *info, const float *f, size_t n)
{
    if (strcmp(info->name, "npair") != 0 && strcmp(info->name, "lifted") != 0) return 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        for (size_t d = 0; d < DIM; d++)
            square += (double)f[i * DIM + d] * (double)f[i * DIM + d];
        sum += sqrt(square);
    }
    return 0.005 * sum / (double)n;
}

static void check_nothing(const fdml_objective_info *info, const uint32_t *label, size_t n)
{
    float f[N * DIM], df[N * DIM];
    objective_case c;
    const fdml_objective_options options = options_of(info);
    objective_open(&c, &options);
    objective_rows(f, label, n, DIM, info->wants_unit_rows, 3);
    const fdml_objective_batch batch = { .f = f, .n = n, .label = label };
    const fdml_objective_result result = objective_run(&c, &batch, df);
    const double want = regulariser(info, f, n);
    for (size_t i = 0; i < n * DIM; i++) {
        cr_expect(isfinite(df[i]), "%s: %g", info->name, (double)df[i]);
        if (!has_classes(info) && want == 0)
            cr_expect_eq(df[i], 0, "%s: gradient %g of nothing", info->name, (double)df[i]);
    }
    if (has_classes(info))
        cr_expect(isfinite(result.loss));
    else if (want == 0)
        cr_expect_eq(result.loss, 0, "%s: loss %g of nothing", info->name, result.loss);
    else
        cr_expect_float_eq(result.loss, want, 1e-9, "%s: %g", info->name, result.loss);
    for (size_t i = 0; c.params.n && i < c.param[0].n; i++)
        cr_expect(isfinite(c.param[0].grad[i]) &&
                  (has_classes(info) || c.param[0].grad[i] == 0));
    objective_close(&c);
}

Test(train_gradient, of_a_batch_without_pairs_is_nothing)
{
    static const uint32_t one[4] = { 1, 1, 1, 1 }, different[4] = { 3, 0, 2, 1 };
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++) {
        check_nothing(info, one, 1);
        check_nothing(info, one, 4);
        check_nothing(info, different, 4);
    }
}

/* Equal rows and rows of zeros have no distances, angles or variances to divide by. */
Test(train_gradient, of_equal_rows_is_finite)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++)
        for (int kind = 0; kind < 3; kind++) {
            float f[N * DIM] = { 0 }, df[N * DIM];
            objective_case c;
            const fdml_objective_options options = options_of(info);
            objective_open(&c, &options);
            for (size_t k = 0; k < N * DIM && kind; k++) /* 1: one corner; 2: all parts equal */
                f[k] = kind == 2 ? 0.40824829f : k % DIM == 0;
            const fdml_objective_batch batch = { .f = f, .n = N, .label = labels };
            cr_expect(isfinite(objective_run(&c, &batch, df).loss), "%s", info->name);
            for (size_t k = 0; k < N * DIM; k++)
                cr_expect(isfinite(df[k]), "%s: rows of kind %d, %g", info->name, kind,
                          (double)df[k]);
            objective_close(&c);
        }
}

/* Rows whose parts are all equal but for a last bit have no variance to speak of: no ratio. */
Test(train_gradient, of_rows_without_variance_is_not_rounding)
{
    float f[N * DIM], df[N * DIM];
    objective_case c;
    const fdml_objective_options options = options_of(fdml_objective_find("snr", NULL));
    objective_open(&c, &options);
    for (size_t k = 0; k < N * DIM; k++) {
        f[k] = 0.1f * (float)(1 + k / DIM);
        if (k % DIM == k / DIM % DIM) f[k] = nextafterf(f[k], 2);
    }
    const fdml_objective_batch batch = { .f = f, .n = N, .label = labels };
    const fdml_objective_result result = objective_run(&c, &batch, df);
    cr_expect_eq(result.n_active, 0u);
    cr_expect_gt(result.n_tuples, 0u);
    for (size_t k = 0; k < N * DIM; k++) /* the regulariser's alone: 0.005 an anchor */
        cr_expect_leq(fabs((double)df[k]), 0.005);
    objective_close(&c);
}

/* At an angle of 0 the derivative of cos(theta + m) by cos(theta) has no bound. */
Test(train_gradient, of_a_row_on_its_class_weight_is_finite)
{
    float f[DIM] = { 1 }, df[DIM];
    const uint32_t label[1] = { 2 };
    objective_case c;
    const fdml_objective_options options = options_of(fdml_objective_find("arcface", NULL));
    objective_open(&c, &options);
    for (size_t d = 0; d < DIM; d++) c.param[0].value[2 * DIM + d] = d == 0 ? 3 : 0;
    const fdml_objective_batch batch = { .f = f, .n = 1, .label = label };
    cr_expect(isfinite(objective_run(&c, &batch, df).loss));
    for (size_t d = 0; d < DIM; d++) cr_expect(isfinite(df[d]));
    for (size_t k = 0; k < CLASSES * DIM; k++) cr_expect(isfinite(c.param[0].grad[k]));
    objective_close(&c);
}

/* A network that has diverged must not look trained. */
Test(train_gradient, of_nan_is_refused)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++) {
        float f[N * DIM] = { 0 }, df[N * DIM];
        char text[128];
        fdml_error err;
        fdml_objective_result result;
        objective_case c;
        const fdml_objective_options options = options_of(info);
        objective_open(&c, &options);
        f[3 * DIM + 1] = i % 2 ? NAN : INFINITY;
        const fdml_objective_batch batch = { .f = f, .n = N, .label = labels, .step = 17 };
        snprintf(text, sizeof text, "objective '%s': embedding 3 of step 17 is not finite",
                 info->name);
        scratch_expect_error(
            fdml_objective_run(c.objective, &batch, df, &result, &c.arena, &err), &err,
            FDML_E_DATA, text);
        objective_close(&c);
    }
}

/* --- machines and memory -------------------------------------------------------------- */

enum { M = 37, WIDE = 19 };

static void run_wide(const fdml_objective_info *info, size_t machine, float *out, size_t *n_out)
{
    float f[M * WIDE];
    uint32_t label[M];
    objective_case c;
    fdml_objective_options options = options_of(info);
    options.dim = WIDE;
    options.kernels = fdml_kernels_list(machine);
    options.n_threads = 1 + (int)machine;
    options.miner.kind = info->mines ? FDML_MINER_DISTANCE : FDML_MINER_DEFAULT;
    for (uint32_t i = 0; i < M; i++) label[i] = i % CLASSES;
    objective_open(&c, &options);
    objective_rows(f, label, M, WIDE, info->wants_unit_rows, 9);
    const fdml_objective_batch batch = { .f = f, .n = M, .label = label };
    out[0] = (float)objective_run(&c, &batch, out + 1).loss;
    *n_out = 1 + M * WIDE;
    if (c.params.n) {
        memcpy(out + *n_out, c.param[0].grad, c.param[0].n * sizeof *out);
        *n_out += c.param[0].n;
    }
    objective_close(&c);
}

Test(train_gradient, has_the_same_bits_on_every_instruction_set_and_thread_count)
{
    static float want[1 + M * WIDE + CLASSES * 10 * WIDE], got[sizeof want / sizeof *want];
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++) {
        size_t n, n_again;
        run_wide(info, 0, want, &n);
        for (size_t k = 1; fdml_kernels_list(k); k++) {
            run_wide(info, k, got, &n_again);
            cr_expect(n == n_again && !memcmp(got, want, n * sizeof *want), "%s on %s",
                      info->name, fdml_kernels_list(k)->isa);
        }
    }
}

Test(train_gradient, gives_scratch_back_and_says_when_there_is_none)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++) {
        float f[N * DIM], df[N * DIM];
        fdml_arena work;
        fdml_error err;
        fdml_objective_result result;
        objective_case c;
        const fdml_objective_options options = options_of(info);
        objective_open(&c, &options);
        objective_rows(f, labels, N, DIM, info->wants_unit_rows, 1);
        const fdml_objective_batch batch = { .f = f, .n = N, .label = labels };
        fdml_arena_init(&work, 0);
        cr_assert_eq(fdml_objective_run(c.objective, &batch, df, &result, &work, &err),
                     FDML_OK);
        cr_expect_eq(work.used, 0u, "%s keeps %zu bytes", info->name, work.used);
        const size_t peak = work.peak;
        fdml_arena_close(&work);
        for (size_t limit = 64; limit < peak; limit += 64) {
            fdml_arena_init(&work, limit);
            cr_expect_eq(fdml_objective_run(c.objective, &batch, df, &result, &work, &err),
                         FDML_E_NOMEM, "%s with %zu of %zu bytes", info->name, limit, peak);
            cr_expect_eq(work.used, 0u);
            fdml_arena_close(&work);
        }
        objective_close(&c);
    }
}
