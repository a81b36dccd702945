/* test_train_tape.c - gradients of the tape against central differences in double.
 *
 * Each net puts one kind of layer between two convolutions, so that its gradient by x shows in
 * the first one's weights. Every parameter is asked at up to SAMPLES places. Besides: running
 * statistics, equal bits for every instruction set and thread count, and what is refused.
 *
 * Tolerance: sums of the largest net have about 2^14 terms in chains of at most 2^10, each with
 * an error of 2^-24; relative to the largest gradient of the array that is below 1e-4.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "one_node.h"
#include "train/tape_state.h"
#include "twin_net.h"

enum { SAMPLES = 10 };
#define STEP 1e-5
#define TOLERANCE 1e-4

static fdml_tensor shape_of(size_t n, size_t c, size_t h, size_t w)
{
    const size_t dim[] = { n, c, h, w };
    fdml_tensor t;
    fdml_tensor_shape(&t, FDML_TYPE_F32, h ? 4 : 2, dim, "x", NULL);
    return t;
}

typedef struct pass {
    fdml_tape *tape;
    float *x, *gy;
    double *x_double, *gy_double;
    const float *y;
} pass;

static fdml_tape *tape_of(twin *t, const fdml_tensor *input, const char *isa, int n_threads)
{
    fdml_error err;
    fdml_tape *tape;
    const fdml_tape_options options = { .kernels =
                                            isa ? fdml_kernels_find(isa) : fdml_kernels_best(),
                                        .n_threads = n_threads,
                                        .freeze_norm = t->is_frozen };
    cr_assert_eq(fdml_tape_new(&tape, &t->graph[0], input, &options, &err), FDML_OK, "%s",
                 err.text);
    return tape;
}

static pass run(twin *t, const fdml_tensor *input, fdml_tape *tape)
{
    fdml_error err;
    const size_t n = input->n_items, m = input->dim[0] * fdml_tape_columns(tape);
    pass p = { .tape = tape,
               .x = fdml_arena_push(&t->arena, n, sizeof(float)),
               .gy = fdml_arena_push(&t->arena, m, sizeof(float)),
               .x_double = fdml_arena_push(&t->arena, n, sizeof(double)),
               .gy_double = fdml_arena_push(&t->arena, m, sizeof(double)) };
    one_node_fill(p.x, n, 1);
    one_node_fill(p.gy, m, 2);
    for (size_t i = 0; i < n; i++) p.x_double[i] = (double)p.x[i];
    for (size_t i = 0; i < m; i++) p.gy_double[i] = (double)p.gy[i];
    cr_assert_eq(fdml_tape_forward(tape, p.x, &p.y, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_tape_backward(tape, p.gy, &err), FDML_OK, "%s", err.text);
    return p;
}

/* A parameter's gradient in the graph's order; NULL: it has none. */
static float *gradient(twin *t, const fdml_tape *tape, const char *name)
{
    for (size_t i = 0; i < tape->n_params; i++) {
        tape_param p = *tape->param[i];
        if (strcmp(p.name, name) || !p.grad) continue;
        float *values = fdml_arena_push(&t->arena, p.n_items, sizeof *values);
        p.value = p.grad;
        fdml_tape_param_read(values, &p);
        return values;
    }
    return NULL;
}

static void expect_param(twin *t, const fdml_tensor *input, const pass *p, twin_param *param)
{
    const float *got = gradient(t, p->tape, param->name);
    cr_assert(got, "%s has no gradient", param->name);
    const size_t n = param->n < SAMPLES ? param->n : SAMPLES;
    double want[SAMPLES], largest = 0;
    for (size_t s = 0; s < n; s++) {
        double *w = &param->d[s * (param->n - 1) / (n > 1 ? n - 1 : 1)];
        const double was = *w;
        *w = was + STEP;
        const double up = twin_loss(t, p->x_double, input, p->gy_double);
        *w = was - STEP;
        want[s] = (up - twin_loss(t, p->x_double, input, p->gy_double)) / (2 * STEP);
        *w = was;
    }
    for (size_t i = 0; i < param->n; i++) largest = fmax(largest, fabs((double)got[i]));
    for (size_t s = 0; s < n; s++) {
        const size_t i = s * (param->n - 1) / (n > 1 ? n - 1 : 1);
        cr_assert_leq(fabs((double)got[i] - want[s]),
                      TOLERANCE * (largest + fabs(want[s])) + 1e-6,
                      "%s[%zu]: %.9g, expected %.9g; the largest is %.3g", param->name, i,
                      (double)got[i], want[s], largest);
    }
}

static void expect_gradients(twin_net *net, fdml_tensor input, bool is_frozen)
{
    twin t;
    twin_build(&t, net, &input, is_frozen);
    const pass p = run(&t, &input, tape_of(&t, &input, NULL, 2));
    double loss = 0;
    for (size_t i = 0; i < input.dim[0] * fdml_tape_columns(p.tape); i++)
        loss += p.gy_double[i] * (double)p.y[i];
    const double want = twin_loss(&t, p.x_double, &input, p.gy_double);
    cr_assert_leq(fabs(loss - want), TOLERANCE * (1 + fabs(want)), "loss %.9g, expected %.9g",
                  loss, want);
    for (size_t i = 0; i < t.n_params; i++)
        if (t.param[i].is_trained &&
            !(is_frozen && gradient(&t, p.tape, t.param[i].name) == NULL))
            expect_param(&t, &input, &p, &t.param[i]);
    fdml_tape_free(p.tape);
    twin_close(&t);
}

static uint32_t end(twin *t, uint32_t x)
{
    return twin_add(t, "Flatten", twin_add(t, "GlobalAveragePool", x, FDML_NO_VALUE),
                    FDML_NO_VALUE);
}

/* --- convolutions ------------------------------------------------------------------------ */

static uint32_t conv(twin *t, uint32_t x, int64_t n_in, int64_t n_out, int64_t kernel,
                     int64_t stride, int64_t pad)
{
    return twin_add_conv(
        t, x,
        &(twin_conv){
            .n_in = n_in, .n_out = n_out, .kernel = kernel, .stride = stride, .pad = pad });
}

static uint32_t net_planes(twin *t, uint32_t x) /* a first layer, and a point behind it */
{
    x = twin_add_conv(t, x, &(twin_conv){ 3, 20, 5, 2, 2, 1, 1, true });
    return end(t, conv(t, x, 20, 24, 1, 1, 0));
}

static uint32_t net_direct(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 20, 3, 1, 1);
    x = twin_add_conv(t, x, &(twin_conv){ 20, 36, 3, 1, 1, 1, 1, true });
    return end(t, x);
}

static uint32_t net_strided(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 18, 3, 1, 1);
    x = conv(t, x, 18, 20, 3, 2, 1);
    x = conv(t, x, 20, 33, 1, 2, 0);
    return end(t, x);
}

static uint32_t net_odd_stride(twin *t, uint32_t x) /* kernels and strides of other sizes */
{
    x = conv(t, x, 3, 17, 1, 1, 0);
    x = conv(t, x, 17, 16, 4, 3, 1);
    x = conv(t, x, 16, 16, 2, 2, 0);
    return end(t, x);
}

static uint32_t net_dilated(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 16, 3, 1, 1);
    x = twin_add_conv(t, x, &(twin_conv){ 16, 17, 3, 1, 2, 2, 1, false });
    return end(t, x);
}

static uint32_t net_winograd(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 64, 3, 1, 1);
    return end(t, conv(t, x, 64, 80, 3, 1, 1));
}

static uint32_t net_deep(twin *t, uint32_t x) /* more than one group of blocks in a task */
{
    x = conv(t, x, 3, 144, 1, 1, 0);
    x = conv(t, x, 144, 150, 1, 1, 0);
    return end(t, x);
}

static uint32_t net_from_blocks(twin *t, uint32_t x) /* pictures of many channels */
{
    return end(t, conv(t, x, 19, 8, 3, 1, 1));
}

Test(train_tape, convolutions)
{
    expect_gradients(net_planes, shape_of(3, 3, 11, 9), false);
    expect_gradients(net_direct, shape_of(2, 3, 9, 8), false);
    expect_gradients(net_strided, shape_of(3, 3, 12, 13), false);
    expect_gradients(net_odd_stride, shape_of(2, 3, 13, 14), false);
    expect_gradients(net_dilated, shape_of(2, 3, 9, 10), false);
    expect_gradients(net_from_blocks, shape_of(2, 19, 6, 7), false);
}

Test(train_tape, convolutions_of_other_algorithms)
{
    expect_gradients(net_winograd, shape_of(2, 3, 9, 10), false);
    expect_gradients(net_direct, shape_of(5, 3, 3, 4), false); /* gathered */
    expect_gradients(net_strided, shape_of(7, 3, 6, 5), false);
    expect_gradients(net_deep, shape_of(2, 3, 6, 6), false);
    expect_gradients(net_deep, shape_of(9, 3, 1, 2), false);
}

/* --- between convolutions ---------------------------------------------------------------- */

static uint32_t net_norm(twin *t, uint32_t x)
{
    x = twin_add_norm(t, conv(t, x, 3, 20, 3, 1, 1), 20);
    x = twin_add(t, "Relu", x, FDML_NO_VALUE);
    x = twin_add_norm(t, conv(t, x, 20, 17, 3, 2, 1), 17);
    return end(t, twin_add_clip(t, x, 0, 0.7));
}

static uint32_t net_residual(twin *t, uint32_t x)
{
    const uint32_t a = twin_add(t, "Relu", conv(t, x, 3, 20, 3, 1, 1), FDML_NO_VALUE);
    uint32_t b = twin_add_norm(t, conv(t, a, 20, 20, 3, 1, 1), 20);
    b = twin_add(t, "Relu", twin_add(t, "Add", b, a), FDML_NO_VALUE);
    uint32_t c = twin_add_norm(t, conv(t, b, 20, 24, 3, 2, 1), 24);
    const uint32_t d = twin_add_norm(t, conv(t, b, 20, 24, 1, 2, 0), 24);
    c = twin_add(t, "Add", c, d);
    return end(t, twin_add(t, "Relu", twin_add(t, "Add", c, c), FDML_NO_VALUE));
}

static uint32_t net_prelu(twin *t, uint32_t x)
{
    x = twin_add_prelu(t, twin_add_norm(t, conv(t, x, 3, 20, 3, 1, 1), 20), 20);
    const uint32_t y = twin_add_prelu(t, conv(t, x, 20, 20, 1, 1, 0), 20);
    return end(t, twin_add_prelu(t, twin_add(t, "Add", x, y), 20));
}

static uint32_t net_depthwise(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 20, 3, 1, 1);
    x = twin_add_conv(t, x, &(twin_conv){ 20, 20, 3, 1, 1, 1, 20, false });
    x = twin_add(t, "Relu", twin_add_norm(t, x, 20), FDML_NO_VALUE);
    x = twin_add_conv(t, x, &(twin_conv){ 20, 20, 3, 2, 1, 1, 20, true });
    return end(t, x);
}

static uint32_t net_pools(twin *t, uint32_t x)
{
    x = conv(t, x, 3, 20, 3, 1, 1);
    x = twin_add_pool(t, x, "MaxPool", 3, 2, 1);
    x = conv(t, x, 20, 32, 1, 1, 0);
    x = twin_add_pool(t, x, "AveragePool", 3, 1, 1);
    const uint32_t mean = twin_add(t, "GlobalAveragePool", x, FDML_NO_VALUE);
    const uint32_t most = twin_add(t, "GlobalMaxPool", x, FDML_NO_VALUE);
    const fdml_attr axis = fdml_attr_int("axis", 1);
    const fdml_graph_node node = { .op = "Concat",
                                   .n_inputs = 2,
                                   .input = (const uint32_t[]){ mean, most },
                                   .n_attrs = 1,
                                   .attr = &axis };
    return twin_add(t, "Flatten", fdml_graph_builder_add_node(&t->b, &node), FDML_NO_VALUE);
}

static uint32_t net_rows(twin *t, uint32_t x)
{
    x = twin_add_norm(t, twin_add_gemm(t, x, 21, 33, true), 33);
    x = twin_add(t, "Relu", x, FDML_NO_VALUE);
    return twin_add_gemm(t, x, 33, 10, false);
}

Test(train_tape, normalisation)
{
    expect_gradients(net_norm, shape_of(3, 3, 10, 9), false);
    expect_gradients(net_residual, shape_of(3, 3, 9, 10), false);
    expect_gradients(net_prelu, shape_of(3, 3, 7, 6), false);
}

Test(train_tape, frozen_normalisation)
{
    expect_gradients(net_norm, shape_of(3, 3, 10, 9), true);
    expect_gradients(net_residual, shape_of(3, 3, 9, 10), true);
    expect_gradients(net_prelu, shape_of(3, 3, 7, 6), true);
}

Test(train_tape, windows_and_rows)
{
    expect_gradients(net_depthwise, shape_of(3, 3, 10, 9), false);
    expect_gradients(net_pools, shape_of(3, 3, 10, 9), false);
    expect_gradients(net_rows, shape_of(12, 21, 0, 0), false);
}

/* running = 0.9 running + 0.1 (mean, unbiased variance), as PyTorch documents it. */
static uint32_t net_identity_norm(twin *t, uint32_t x)
{
    return end(t, twin_add_norm(t, x, 18));
}

Test(train_tape, running_statistics)
{
    twin t;
    const fdml_tensor input = shape_of(4, 18, 3, 5);
    twin_build(&t, net_identity_norm, &input, false);
    const pass p = run(&t, &input, tape_of(&t, &input, NULL, 1));
    float mean[18], variance[18];
    cr_assert(fdml_tape_read(mean, p.tape, t.param[2].name));
    cr_assert(fdml_tape_read(variance, p.tape, t.param[3].name));
    for (size_t c = 0; c < 18; c++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < 60; i++) {
            const double v = p.x_double[i / 15 * 18 * 15 + c * 15 + i % 15];
            sum += v;
            square += v * v;
        }
        const double m = sum / 60, v = (square / 60 - m * m) * 60 / 59;
        cr_assert_leq(fabs((double)mean[c] - (0.9 * t.param[2].d[c] + 0.1 * m)), 1e-6);
        cr_assert_leq(fabs((double)variance[c] - (0.9 * t.param[3].d[c] + 0.1 * v)), 1e-6);
    }
    fdml_tape_free(p.tape);
    twin_close(&t);
}

/* --- bits -------------------------------------------------------------------------------- */

static uint32_t net_of_everything(twin *t, uint32_t x)
{
    x = twin_add_norm(t, conv(t, x, 3, 64, 5, 2, 2), 64);
    x = twin_add_pool(t, twin_add(t, "Relu", x, FDML_NO_VALUE), "MaxPool", 3, 2, 1);
    const uint32_t a =
        twin_add(t, "Relu", twin_add_norm(t, conv(t, x, 64, 64, 3, 1, 1), 64), FDML_NO_VALUE);
    x = twin_add(t, "Relu", twin_add(t, "Add", twin_add_norm(t, a, 64), x), FDML_NO_VALUE);
    x = twin_add_conv(t, x, &(twin_conv){ 64, 64, 3, 1, 1, 1, 64, false });
    x = twin_add_norm(t, conv(t, x, 64, 150, 3, 2, 1), 150);
    return twin_add_gemm(t, end(t, x), 150, 40, true);
}

Test(train_tape, same_bits_everywhere)
{
    twin t;
    const fdml_tensor input = shape_of(5, 3, 35, 37);
    twin_build(&t, net_of_everything, &input, false);
    const pass first = run(&t, &input, tape_of(&t, &input, NULL, 1));
    static const char *const isa[] = { "scalar", "avx2", "avx512", "neon" };
    for (size_t i = 0; i < 4; i++)
        for (int threads = 1; threads <= 3 && fdml_kernels_find(isa[i]); threads++) {
            const pass p = run(&t, &input, tape_of(&t, &input, isa[i], threads));
            cr_assert_arr_eq(p.y, first.y, 5 * 40 * sizeof(float), "%s, %d threads", isa[i],
                             threads);
            for (size_t k = 0; k < t.n_params; k++) {
                const float *want = gradient(&t, first.tape, t.param[k].name);
                if (want)
                    cr_assert_arr_eq(gradient(&t, p.tape, t.param[k].name), want,
                                     t.param[k].n * sizeof(float), "%s of %s, %d threads",
                                     t.param[k].name, isa[i], threads);
            }
            fdml_tape_free(p.tape);
        }
    fdml_tape_free(first.tape);
    twin_close(&t);
}

/* --- refused ----------------------------------------------------------------------------- */

static uint32_t net_with_sigmoid(twin *t, uint32_t x)
{
    return end(t, twin_add(t, "Sigmoid", conv(t, x, 3, 8, 3, 1, 1), FDML_NO_VALUE));
}

static uint32_t net_with_planes(twin *t, uint32_t x)
{
    return twin_add(t, "Flatten", conv(t, x, 3, 8, 3, 1, 1), FDML_NO_VALUE);
}

static void expect_refused(twin_net *net, fdml_tape_options options, fdml_status status,
                           const char *text)
{
    twin t;
    fdml_error err;
    fdml_tape *tape = NULL;
    const fdml_tensor input = shape_of(2, 3, 8, 8);
    options.kernels = fdml_kernels_best();
    options.n_threads = 1;
    twin_build(&t, net, &input, false);
    cr_assert_eq(fdml_tape_new(&tape, &t.graph[0], &input, &options, &err), status);
    cr_assert_str_eq(err.text, text);
    twin_close(&t);
}

Test(train_tape, refuses)
{
    expect_refused(net_with_sigmoid, (fdml_tape_options){ 0 }, FDML_E_UNSUPPORTED,
                   "net: node 1 (Sigmoid): this operator cannot be trained");
    expect_refused(net_with_planes, (fdml_tape_options){ 0 }, FDML_E_UNSUPPORTED,
                   "net: node 1 (Flatten): planes of 8 x 8 cannot be flattened in training");
    expect_refused(net_norm, (fdml_tape_options){ .max_memory = 1 << 14 }, FDML_E_LIMIT,
                   "net: training it does not fit into 0 MiB");
}
