/* test_train_head.c - a head's embedding and gradients against double precision and its finite
 * differences.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/head.h"

enum { ROWS = 5, IN = 19, OUT = 6 };

static void fill(float *x, size_t n, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 11, 3, index);
    for (size_t i = 0; i < n; i++) x[i] = (float)fdml_rng_double(&rng) * 2 - 1;
}

static fdml_linear_options layer_of(size_t n_in, size_t n_out)
{
    return (fdml_linear_options){ .n_in = n_in,
                                  .n_out = n_out,
                                  .seed = 5,
                                  .draw = 40,
                                  .kernels = fdml_kernels_best(),
                                  .n_threads = 1 };
}

/* sum over rows of coefficient . f, f = W h + b at unit length or not, all in double; `shift`
 * is added to one of the numbers of weight, bias or h. */
typedef struct reference {
    const fdml_head *head;
    const float *h, *coefficient;
    double shift;
    const float *shifted;
} reference;

static double item(const reference *r, const float *x)
{
    return (double)*x + (x == r->shifted ? r->shift : 0);
}

static double reference_loss(const reference *r)
{
    const fdml_linear *l = &r->head->linear;
    double loss = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double norm2 = 0, sum = 0;
        for (size_t o = 0; o < OUT; o++) {
            double u = l->bias ? item(r, &l->bias[o]) : 0;
            for (size_t d = 0; d < IN; d++)
                u += item(r, &l->weight[o * IN + d]) * item(r, &r->h[i * IN + d]);
            norm2 += u * u;
            sum += u * (double)r->coefficient[i * OUT + o];
        }
        loss += r->head->is_unit ? sum / sqrt(norm2) : sum;
    }
    return loss;
}

static void expect_slopes(reference *r, const float *x, const float *grad, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        r->shifted = x + i;
        r->shift = 1e-5;
        const double above = reference_loss(r);
        r->shift = -1e-5;
        const double slope = (above - reference_loss(r)) / 2e-5;
        cr_assert_float_eq(grad[i], slope, 2e-6, "item %zu: %g, expected %g", i,
                           (double)grad[i], slope);
    }
}

static void check_head(bool is_unit, bool no_bias)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_head head;
    fdml_linear_options layer = layer_of(IN, OUT);
    layer.no_bias = no_bias;
    cr_assert_eq(fdml_head_init(&head, &layer, is_unit, &arena, NULL), FDML_OK);
    float h[ROWS * IN], f[ROWS * OUT], df[ROWS * OUT], dh[ROWS * IN], inverse[ROWS];
    fill(h, ROWS * IN, 0);
    fill(df, ROWS * OUT, 1);
    const fdml_head_rows rows = { h, ROWS, f, inverse };
    cr_assert_eq(fdml_head_forward(&head, &rows, &arena, NULL), FDML_OK);
    double loss = 0;
    for (size_t i = 0; i < ROWS * OUT; i++) loss += (double)f[i] * (double)df[i];
    reference r = { &head, h, df, 0, NULL };
    cr_assert_float_eq(loss, reference_loss(&r), 1e-6);
    cr_assert_eq(fdml_head_backward(&head, &rows, df, dh, &arena, NULL), FDML_OK);
    expect_slopes(&r, head.linear.weight, head.linear.weight_grad, OUT * IN);
    if (!no_bias) expect_slopes(&r, head.linear.bias, head.linear.bias_grad, OUT);
    expect_slopes(&r, h, dh, ROWS * IN);
    cr_assert_eq(head.linear.bias == NULL, no_bias);
    fdml_arena_close(&arena);
}

Test(train_head, has_the_gradients_of_finite_differences)
{
    check_head(true, false);
    check_head(true, true);
    check_head(false, false);
}

Test(train_head, begins_within_the_bound_of_its_inputs)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_head head, again, other;
    fdml_linear_options layer = layer_of(400, 25);
    cr_assert_eq(fdml_head_init(&head, &layer, true, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_head_init(&again, &layer, true, &arena, NULL), FDML_OK);
    layer.seed++;
    cr_assert_eq(fdml_head_init(&other, &layer, true, &arena, NULL), FDML_OK);
    cr_assert_arr_eq(head.linear.weight, again.linear.weight, 400 * 25 * sizeof(float));
    cr_assert_arr_neq(head.linear.weight, other.linear.weight, 400 * 25 * sizeof(float));
    double sum = 0, square = 0, most = 0;
    for (size_t i = 0; i < 400 * 25; i++) {
        const double w = (double)head.linear.weight[i];
        sum += w, square += w * w, most = fmax(most, fabs(w));
    }
    cr_assert(most <= 0.05 && most > 0.0499); /* 1 / sqrt(400) */
    cr_assert_float_eq(sum / 1e4, 0, 0.001);
    cr_assert_float_eq(square / 1e4, 0.05 * 0.05 / 3, 2e-5);
    fdml_arena_close(&arena);
}

Test(train_head, gives_a_row_without_length_no_gradient)
{
    const float x[] = { 3, 4, 0, 0 }, dy[] = { 1, 0, 1, 2 };
    float y[4], inverse[2], dx[4];
    fdml_unit_rows(fdml_kernels_best(), y, inverse, x, 2, 2);
    cr_assert_float_eq(y[0], 0.6, 1e-7);
    cr_assert_float_eq(y[1], 0.8, 1e-7);
    cr_assert(y[2] == 0 && y[3] == 0);
    fdml_unit_rows_backward(dx, dy, y, inverse, 2, 2);
    cr_assert_float_eq(dx[0], 0.128, 1e-7); /* (1 - .6 * .6) / 5 */
    cr_assert_float_eq(dx[1], -0.096, 1e-7);
    cr_assert(dx[2] == 0 && dx[3] == 0);
}

enum { MANY = 301, WIDE_IN = 300, WIDE_OUT = 280 }; /* several blocks of each product */

Test(train_head, has_the_same_bits_for_any_threads_and_instruction_set)
{
    static float h[MANY * WIDE_IN], df[MANY * WIDE_OUT], f[2][MANY * WIDE_OUT];
    static float dh[2][MANY * WIDE_IN], inverse[MANY], grad[WIDE_IN * WIDE_OUT];
    fill(h, MANY * WIDE_IN, 2);
    fill(df, MANY * WIDE_OUT, 3);
    const fdml_kernels *k;
    for (size_t t = 0; (k = fdml_kernels_list(t)); t++) {
        fdml_arena arena;
        fdml_arena_init(&arena, 0);
        fdml_head head;
        fdml_linear_options layer = layer_of(WIDE_IN, WIDE_OUT);
        layer.n_threads = t ? 3 : 1;
        layer.kernels = k;
        cr_assert_eq(fdml_head_init(&head, &layer, true, &arena, NULL), FDML_OK);
        const fdml_head_rows rows = { h, MANY, f[t > 0], inverse };
        cr_assert_eq(fdml_head_forward(&head, &rows, &arena, NULL), FDML_OK);
        cr_assert_eq(fdml_head_backward(&head, &rows, df, dh[t > 0], &arena, NULL), FDML_OK);
        if (!t) memcpy(grad, head.linear.weight_grad, sizeof grad);
        cr_assert_arr_eq(grad, head.linear.weight_grad, sizeof grad);
        if (t) cr_assert_arr_eq(f[0], f[1], sizeof f[0]);
        if (t) cr_assert_arr_eq(dh[0], dh[1], sizeof dh[0]);
        fdml_arena_close(&arena);
    }
}
