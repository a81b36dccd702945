/* test_model_op_conv.c - Conv and ConvTranspose against sums written out, in double.
 *
 * The definition is applied from the other side than in src: a transposed convolution scatters
 * its inputs here. Shapes of a few cases are worked out by hand.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "one_node.h"

typedef struct conv_case {
    int n; /* spatial axes */
    size_t batch, channels, filters, groups;
    size_t in[3], kernel[3], out[3];
    int64_t stride[3], dilation[3], pads[6]; /* begins, then ends */
} conv_case;

static float x[20000], w[40000], bias[130];
static double y[40000];

static size_t product(const size_t *dim, int n)
{
    size_t p = 1;
    for (int i = 0; i < n; i++) p *= dim[i];
    return p;
}

/* The item of an axis that output o, or input i of a transposed one, meets through tap t. */
static bool meet(size_t *place, const conv_case *c, const size_t *at, size_t tap,
                 const size_t *size)
{
    *place = 0;
    size_t t[3];
    for (int d = c->n - 1; d >= 0; d--) {
        t[d] = tap % c->kernel[d];
        tap /= c->kernel[d];
    }
    for (int d = 0; d < c->n; d++) {
        const int64_t i =
            (int64_t)at[d] * c->stride[d] + (int64_t)t[d] * c->dilation[d] - c->pads[d];
        if (i < 0 || i >= (int64_t)size[d]) return false;
        *place = *place * size[d] + (size_t)i;
    }
    return true;
}

static void unravel(size_t at[3], size_t i, const size_t *dim, int n)
{
    for (int d = n - 1; d >= 0; d--) {
        at[d] = i % dim[d];
        i /= dim[d];
    }
}

/* Products of one filter and one channel: small[s] meets large[place] through each tap. */
static void walk(const conv_case *c, bool transposed, size_t image, size_t f, size_t ch)
{
    const size_t *small = transposed ? c->in : c->out, *large = transposed ? c->out : c->in;
    const size_t n_in = product(c->in, c->n), n_out = product(c->out, c->n);
    const size_t taps = product(c->kernel, c->n), fg = c->filters / c->groups;
    const size_t cg = c->channels / c->groups;
    const float *plane = x + (image * c->channels + ch) * n_in;
    double *to = y + (image * c->filters + f) * n_out;
    for (size_t s = 0; s < product(small, c->n); s++)
        for (size_t t = 0; t < taps; t++) {
            size_t at[3], place;
            unravel(at, s, small, c->n);
            if (!meet(&place, c, at, t, large)) continue;
            const float weight = transposed ? w[(ch * fg + f % fg) * taps + t]
                                            : w[(f * cg + ch % cg) * taps + t];
            const size_t from = transposed ? s : place, target = transposed ? place : s;
            to[target] += (double)weight * (double)plane[from];
        }
}

static void expect_sums(const fdml_tensor *got, const conv_case *c, bool transposed)
{
    const size_t n_out = product(c->out, c->n), cg = c->channels / c->groups;
    for (size_t i = 0; i < got->n_items; i++) y[i] = (double)bias[i / n_out % c->filters];
    for (size_t image = 0; image < c->batch; image++)
        for (size_t f = 0; f < c->filters; f++)
            for (size_t ch = 0; ch < cg; ch++)
                walk(c, transposed, image, f, f / (c->filters / c->groups) * cg + ch);
    /* k products of numbers below 1 and the additions of their sums: k units of 2^-24 each. */
    const double k = (double)(cg * product(c->kernel, c->n) + 1);
    for (size_t i = 0; i < got->n_items; i++) {
        const double value = (double)((const float *)got->data)[i];
        cr_assert(fabs(value - y[i]) <= k * k * 0x1p-24, "item %zu is %.9g, expected %.9g", i,
                  value, y[i]);
    }
}

static void set_case(one_node *node, const conv_case *c, bool transposed)
{
    size_t dim[5] = { c->batch, c->channels }, w_dim[5];
    const size_t n = (size_t)c->n;
    memcpy(dim + 2, c->in, n * sizeof *dim);
    w_dim[0] = transposed ? c->channels : c->filters;
    w_dim[1] = (transposed ? c->filters : c->channels) / c->groups;
    memcpy(w_dim + 2, c->kernel, n * sizeof *dim);
    *node = (one_node){ .op = transposed ? "ConvTranspose" : "Conv", .opset = 13 };
    node->n_inputs = 3;
    node->input[0] = one_node_floats(x, c->n + 2, dim);
    node->input[1] = one_node_floats(w, c->n + 2, w_dim);
    node->input[2] = one_node_floats(bias, 1, &c->filters);
    node->attr[node->n_attrs++] = fdml_attr_int("group", (int64_t)c->groups);
    node->attr[node->n_attrs++] = fdml_attr_ints("strides", n, c->stride);
    node->attr[node->n_attrs++] = fdml_attr_ints("dilations", n, c->dilation);
    node->attr[node->n_attrs++] = fdml_attr_ints("pads", 2 * n, c->pads);
    one_node_fill(x, sizeof x / sizeof *x, 1);
    one_node_fill(w, sizeof w / sizeof *w, 2);
    one_node_fill(bias, sizeof bias / sizeof *bias, 3);
}

static void check(conv_case c, bool transposed)
{
    one_node node;
    fdml_arena arena;
    fdml_error err = { 0 };
    const size_t n = (size_t)c.n;
    fdml_arena_init(&arena, 0);
    set_case(&node, &c, transposed);
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(node.output[0].rank, c.n + 2);
    for (size_t d = 0; d < n; d++)
        cr_assert_eq(node.output[0].dim[d + 2], c.out[d], "axis %zu: %zu", d,
                     node.output[0].dim[d + 2]);
    expect_sums(&node.output[0], &c, transposed);
    fdml_arena_close(&arena);
}

/* 1-D: (11 + 1 + 2 - 5) / 2 + 1 = 5. 2-D: (9+2-3)/2+1 = 5, (8+2-5)/1+1 = 6. 3-D: 4, 3, 5. */
static const conv_case cases[] = {
    { 1, 2, 3, 4, 1, { 11 }, { 3 }, { 5 }, { 2 }, { 2 }, { 1, 2 } },
    { 2, 2, 6, 9, 3, { 9, 8 }, { 3, 3 }, { 5, 6 }, { 2, 1 }, { 1, 2 }, { 1, 1, 1, 1 } },
    { 2, 1, 40, 17, 1, { 5, 7 }, { 3, 3 }, { 3, 5 }, { 1, 1 }, { 1, 1 }, { 0, 0, 0, 0 } },
    { 2, 1, 8, 8, 8, { 20, 18 }, { 3, 3 }, { 20, 18 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 3,
      1,
      2,
      3,
      1,
      { 5, 6, 7 },
      { 2, 3, 3 },
      { 4, 3, 5 },
      { 1, 2, 1 },
      { 1, 1, 1 },
      { 0, 1, 0, 0, 0, 0 } },
};

Test(model_op_conv, sums_of_the_definition)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(cases[i], false);
}

/* 1-D: 2 (11-1) + 5 - 3 = 22. 2-D: 2 (9-1) + 3 - 2 = 17, (8-1) + 5 - 2 = 10. 3-D: 6, 12, 9. */
Test(model_op_conv, transposed_scatters)
{
    static const size_t out[][3] = { { 22 }, { 17, 10 }, { 7, 9 }, { 20, 18 }, { 6, 12, 9 } };
    for (size_t i = 0; i < 5; i++) {
        conv_case c = cases[i];
        memcpy(c.out, out[i], sizeof c.out);
        check(c, true);
    }
}

Test(model_op_conv, long_sums_cross_chunks_and_row_blocks)
{
    /* three chunks of at most 128 channels, two blocks of at most 120 filters */
    enum { C = 300, M = 130, P = 5 };
    const size_t x_dim[] = { 1, C, P }, w_dim[] = { M, C, 1 }, b_dim = M;
    one_node node = { .op = "Conv", .opset = 11, .n_inputs = 3 };
    one_node_fill(x, C * P, 4);
    one_node_fill(w, M * C, 5);
    one_node_fill(bias, M, 6);
    node.input[0] = one_node_floats(x, 3, x_dim);
    node.input[1] = one_node_floats(w, 3, w_dim);
    node.input[2] = one_node_floats(bias, 1, &b_dim);
    static float expected[M * P];
    for (size_t m = 0; m < M; m++)
        for (size_t p = 0; p < P; p++) {
            double sum = (double)bias[m];
            for (size_t c = 0; c < C; c++) sum += (double)w[m * C + c] * (double)x[c * P + p];
            expected[m * P + p] = (float)sum;
        }
    /* 300 products of random signs, sums below 20: some sqrt(300) roundings of 2^-20 at the
     * very most, were they all of the largest size */
    one_node_expect(&node, 3, (const size_t[]){ 1, M, P }, expected, 18 * 0x1p-20);
}

Test(model_op_conv, same_bits_everywhere)
{
    one_node node;
    for (size_t i = 0; i < 5; i++) {
        set_case(&node, &cases[i], false);
        one_node_same_bits(&node);
        set_case(&node, &cases[i], true);
        one_node_same_bits(&node);
    }
}

/* Sizes by hand: SAME gives ceil(7 / 2) = 4 and 1 + 2 items of padding, VALID (7-4)/2+1 = 2. */
Test(model_op_conv, auto_pad)
{
    static const float line[] = { 1, 2, 3, 4, 5, 6, 7 }, ones[] = { 1, 1, 1, 1 };
    const size_t x_dim[] = { 1, 1, 7 }, w_dim[] = { 1, 1, 4 };
    static const int64_t two[] = { 2 };
    one_node node = { .op = "Conv", .opset = 11, .n_inputs = 2, .n_attrs = 2 };
    node.input[0] = one_node_floats(line, 3, x_dim);
    node.input[1] = one_node_floats(ones, 3, w_dim);
    node.attr[0] = fdml_attr_ints("strides", 1, two);
    node.attr[1] = fdml_attr_string("auto_pad", "SAME_UPPER");
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 4 }, (const float[]){ 6, 14, 22, 13 }, 0);
    node.attr[1] = fdml_attr_string("auto_pad", "SAME_LOWER");
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 4 }, (const float[]){ 3, 10, 18, 18 }, 0);
    node.attr[1] = fdml_attr_string("auto_pad", "VALID");
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 2 }, (const float[]){ 10, 18 }, 0);
    node.attr[1] = fdml_attr_string("auto_pad", "HALF");
    one_node_refused(&node, FDML_E_DATA,
                     "auto_pad \"HALF\" is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID");
}

/* x = 1 2, w = 1 1 1, stride 2: 1 1 3 2 2. SAME keeps 4 of the 5, output_shape 6 adds a zero.
 */
Test(model_op_conv, transposed_output_sizes)
{
    static const float pair[] = { 1, 2 }, ones[] = { 1, 1, 1 };
    static const int64_t two[] = { 2 }, one[] = { 1 }, six[] = { 6 };
    const size_t x_dim[] = { 1, 1, 2 }, w_dim[] = { 1, 1, 3 };
    one_node node = { .op = "ConvTranspose", .opset = 15, .n_inputs = 2, .n_attrs = 2 };
    node.input[0] = one_node_floats(pair, 3, x_dim);
    node.input[1] = one_node_floats(ones, 3, w_dim);
    node.attr[0] = fdml_attr_ints("strides", 1, two);
    node.attr[1] = fdml_attr_string("auto_pad", "SAME_UPPER");
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 4 }, (const float[]){ 1, 1, 3, 2 }, 0);
    node.attr[1] = fdml_attr_string("auto_pad", "SAME_LOWER");
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 4 }, (const float[]){ 1, 3, 2, 2 }, 0);
    node.opset = 14; /* what SAME_LOWER meant then */
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 4 }, (const float[]){ 1, 1, 3, 2 }, 0);
    node.attr[1] = fdml_attr_ints("output_shape", 1, six);
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 6 }, (const float[]){ 1, 1, 3, 2, 2, 0 },
                    0);
    node.attr[1] = fdml_attr_ints("output_padding", 1, one);
    one_node_expect(&node, 3, (const size_t[]){ 1, 1, 6 }, (const float[]){ 1, 1, 3, 2, 2, 0 },
                    0);
}

Test(model_op_conv, other_types)
{
    static const double xd[] = { 1, 2, 3 }, wd[] = { 0x1p-40, 1 };
    static const uint16_t xh[] = { 0x3c00, 0x4000, 0x4200 }, wh[] = { 0x3800, 0x3c00 };
    const size_t x_dim[] = { 1, 1, 3 }, w_dim[] = { 1, 1, 2 };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = { .op = "Conv", .opset = 11, .n_inputs = 2 };
    node.input[0] = one_node_tensor(FDML_TYPE_F64, xd, 3, x_dim);
    node.input[1] = one_node_tensor(FDML_TYPE_F64, wd, 3, w_dim);
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    const double *d = node.output[0].data;
    cr_assert(d[0] == 2 + 0x1p-40 && d[1] == 3 + 0x1p-39);
    node.input[0] = one_node_tensor(FDML_TYPE_F16, xh, 3, x_dim);
    node.input[1] = one_node_tensor(FDML_TYPE_F16, wh, 3, w_dim);
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    const uint16_t *h = node.output[0].data; /* 0.5 + 2, 1 + 3 */
    cr_assert(h[0] == 0x4100 && h[1] == 0x4400, "%x %x", h[0], h[1]);
    node.input[1] = one_node_floats((const float[]){ 1, 1 }, 3, w_dim);
    one_node_refused(&node, FDML_E_DATA, "input 1 is float32, input 0 is float16");
    static const int32_t xi[] = { 1, 2, 3 };
    node.input[0] = one_node_tensor(FDML_TYPE_I32, xi, 3, x_dim);
    one_node_refused(&node, FDML_E_UNSUPPORTED, "input 0 of type int32");
    fdml_arena_close(&arena);
}

Test(model_op_conv, refusals)
{
    const size_t x_dim[] = { 1, 4, 5, 5 }, w_dim[] = { 2, 4, 3, 3 }, b_dim = 3,
                 big[] = { 2, 4, 7, 3 };
    static const int64_t minus[] = { -1, 0, 0, 0 }, zero[] = { 0, 1 }, kernel[] = { 3, 2 };
    one_node node = { .op = "Conv", .opset = 11, .n_inputs = 2, .n_attrs = 1 };
    node.input[0] = one_node_floats(x, 4, x_dim);
    node.input[1] = one_node_floats(w, 4, w_dim);
    node.attr[0] = fdml_attr_int("group", 2);
    one_node_refused(&node, FDML_E_DATA,
                     "weights of shape [2,4,3,3] with group 2 for an input of [1,4,5,5]");
    node.attr[0] = fdml_attr_int("group", 3);
    one_node_refused(&node, FDML_E_DATA, "group 3 does not divide weights of [2,4,3,3]");
    node.attr[0] = fdml_attr_ints("pads", 4, minus);
    one_node_refused(&node, FDML_E_DATA, "pads[0] is -1, expected 0 to 2147483647");
    node.attr[0] = fdml_attr_ints("strides", 2, zero);
    one_node_refused(&node, FDML_E_DATA, "strides[0] is 0, expected 1 to 2147483647");
    node.attr[0] = fdml_attr_ints("strides", 1, zero);
    one_node_refused(&node, FDML_E_DATA, "strides has 1 values, expected 2");
    node.attr[0] = fdml_attr_ints("kernel_shape", 2, kernel);
    one_node_refused(&node, FDML_E_DATA, "kernel_shape[1] is 2, the weights have 3");
    node.n_attrs = 0;
    node.input[1] = one_node_floats(w, 4, big);
    one_node_refused(&node, FDML_E_DATA, "axis 2 has 5 items with padding, a window spans 7");
    node.input[1] = one_node_floats(w, 4, w_dim);
    node.n_inputs = 3;
    node.input[2] = one_node_floats(bias, 1, &b_dim);
    one_node_refused(&node, FDML_E_DATA, "a bias of shape [3] for 2 filters");
    node.n_inputs = 2;
    node.input[0] = one_node_floats(x, 2, x_dim);
    one_node_refused(&node, FDML_E_DATA,
                     "the input's shape [1,4] has no spatial axis, expected [N,C,...]");
}
