/* linear.c - see linear.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/linear.h"

#include <math.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "model/matrix_product.h"
#include "train/stream.h"

static void draw_uniform(float *x, size_t n, double limit, uint64_t seed, uint32_t draw)
{
    fdml_rng rng;
    fdml_rng_init(&rng, seed, fdml_train_stream(FDML_TRAIN_INIT, 0), draw);
    for (size_t i = 0; i < n; i++) x[i] = (float)((2 * fdml_rng_double(&rng) - 1) * limit);
}

fdml_status fdml_linear_init(fdml_linear *layer, const fdml_linear_options *o,
                             fdml_arena *arena, fdml_error *err)
{
    *layer =
        (fdml_linear){ .n_in = o->n_in,
                       .n_out = o->n_out,
                       .kernels = o->kernels,
                       .n_threads = o->n_threads > 0 ? o->n_threads : fdml_threads_default() };
    size_t n;
    if (!__builtin_mul_overflow(o->n_in, o->n_out, &n)) {
        layer->weight = fdml_arena_push(arena, n, sizeof(float));
        layer->weight_grad = fdml_arena_push_zero(arena, n, sizeof(float));
    }
    if (!o->no_bias) {
        layer->bias = fdml_arena_push(arena, o->n_out, sizeof(float));
        layer->bias_grad = fdml_arena_push_zero(arena, o->n_out, sizeof(float));
    }
    if (!layer->weight || !layer->weight_grad ||
        (!o->no_bias && (!layer->bias || !layer->bias_grad)))
        return fdml_fail(err, FDML_E_NOMEM,
                         "a linear layer of %zu by %zu weights does not fit in memory",
                         o->n_out, o->n_in);
    const double limit = 1 / sqrt((double)o->n_in);
    draw_uniform(layer->weight, n, limit, o->seed, o->draw);
    if (layer->bias) draw_uniform(layer->bias, o->n_out, limit, o->seed, o->draw + 1);
    return FDML_OK;
}

static fdml_status multiply(const fdml_linear *layer, const fdml_float_product *product,
                            fdml_arena *work, fdml_error *err)
{
    const fdml_product_means means = { layer->kernels, layer->n_threads, work };
    return fdml_product_floats(product, &means, err);
}

fdml_status fdml_linear_forward(const fdml_linear *layer, float *y, const float *x, size_t n,
                                fdml_arena *work, fdml_error *err)
{
    const fdml_float_product sides = { .a = x,
                                       .b = layer->weight,
                                       .c = y,
                                       .m = n,
                                       .n = layer->n_out,
                                       .k = layer->n_in,
                                       .b_is_transposed = true };
    FDML_TRY(multiply(layer, &sides, work, err));
    if (!layer->bias) return FDML_OK;
    for (size_t i = 0; i < n; i++, y += layer->n_out)
        for (size_t d = 0; d < layer->n_out; d++) y[d] += layer->bias[d];
    return FDML_OK;
}

fdml_status fdml_linear_backward(fdml_linear *layer, const fdml_linear_rows *rows,
                                 fdml_arena *work, fdml_error *err)
{
    const size_t n_in = layer->n_in, n_out = layer->n_out;
    const fdml_float_product by_weight = { .a = rows->dy,
                                           .b = rows->x,
                                           .c = layer->weight_grad,
                                           .m = n_out,
                                           .n = n_in,
                                           .k = rows->n,
                                           .a_is_transposed = true };
    FDML_TRY(multiply(layer, &by_weight, work, err));
    for (size_t d = 0; d < n_out && layer->bias; d++) {
        double sum = 0;
        for (size_t i = 0; i < rows->n; i++) sum += (double)rows->dy[i * n_out + d];
        layer->bias_grad[d] = (float)sum;
    }
    if (!rows->dx) return FDML_OK;
    const fdml_float_product by_x = {
        .a = rows->dy, .b = layer->weight, .c = rows->dx, .m = rows->n, .n = n_in, .k = n_out
    };
    return multiply(layer, &by_x, work, err);
}

void fdml_unit_rows(const fdml_kernels *kernels, float *y, float *inverse, const float *x,
                    size_t n, size_t dim)
{
    kernels->inverse_norms(inverse, x, n, dim);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < dim; d++) y[i * dim + d] = x[i * dim + d] * inverse[i];
}

void fdml_unit_rows_backward(float *dx, const float *dy, const float *y, const float *inverse,
                             size_t n, size_t dim)
{
    for (size_t i = 0; i < n; i++, dx += dim, dy += dim, y += dim) {
        double along = 0;
        for (size_t d = 0; d < dim; d++) along += (double)dy[d] * (double)y[d];
        const double length_inverse = (double)inverse[i];
        for (size_t d = 0; d < dim; d++)
            dx[d] = (float)(((double)dy[d] - along * (double)y[d]) * length_inverse);
    }
}
