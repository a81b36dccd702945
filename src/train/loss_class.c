/* loss_class.c - the products behind losses of classes. See loss_class.h.
 * SPDX-License-Identifier: MIT */
#include "train/loss_class.h"

#include "base/dmath.h"
#include "model/matrix_product.h"

static fdml_status multiply(const fdml_float_product *p, const fdml_loss_call *call,
                            fdml_error *err)
{
    const fdml_product_means means = { call->kernels, call->objective->options.n_threads,
                                       call->work };
    const fdml_status status = fdml_product_floats(p, &means, NULL);
    if (status)
        fdml_fail(err, status, "objective '%s': no memory for a product of %zu x %zu x %zu",
                  call->objective->kind->info.name, p->m, p->n, p->k);
    return status;
}

fdml_status fdml_class_begin(fdml_class_scores *s, fdml_loss_call *call, fdml_error *err)
{
    const fdml_param *weights = &call->objective->param;
    const size_t n = call->n, dim = call->dim;
    s->n_centres = weights->n / dim;
    FDML_TRY(fdml_loss_scratch(&s->unit, call, weights->n, sizeof *s->unit, err));
    FDML_TRY(fdml_loss_scratch(&s->inverse, call, s->n_centres, sizeof *s->inverse, err));
    FDML_TRY(fdml_loss_scratch(&s->cosine, call, n * s->n_centres, sizeof *s->cosine, err));
    FDML_TRY(fdml_loss_scratch(&s->by, call, n * s->n_centres, sizeof *s->by, err));
    call->kernels->inverse_norms(s->inverse, weights->value, s->n_centres, dim);
    for (size_t c = 0; c < s->n_centres; c++)
        for (size_t d = 0; d < dim; d++)
            s->unit[c * dim + d] = weights->value[c * dim + d] * s->inverse[c];
    const fdml_float_product cosines = { .c = s->cosine,
                                         .a = call->batch->f,
                                         .b = s->unit,
                                         .m = n,
                                         .n = s->n_centres,
                                         .k = dim,
                                         .b_is_transposed = true };
    return multiply(&cosines, call, err);
}

fdml_status fdml_class_end(const fdml_class_scores *s, const float *unit_grad,
                           fdml_loss_call *call, fdml_error *err)
{
    const fdml_param *weights = &call->objective->param;
    const size_t n = call->n, dim = call->dim;
    const fdml_float_product by_rows = {
        .c = call->df, .a = s->by, .b = s->unit, .m = n, .n = dim, .k = s->n_centres
    };
    const fdml_float_product by_units = { .c = weights->grad,
                                          .a = s->by,
                                          .b = call->batch->f,
                                          .m = s->n_centres,
                                          .n = dim,
                                          .k = n,
                                          .a_is_transposed = true };
    FDML_TRY(multiply(&by_rows, call, err));
    FDML_TRY(multiply(&by_units, call, err));
    for (size_t c = 0; c < s->n_centres; c++) {
        /* u = w / |w|, so dL/dw = (dL/du - (dL/du . u) u) / |w| */
        const float *u = s->unit + c * dim;
        float *g = weights->grad + c * dim;
        double along = 0;
        for (size_t d = 0; d < dim; d++) {
            if (unit_grad) g[d] += unit_grad[c * dim + d];
            along += (double)g[d] * (double)u[d];
        }
        for (size_t d = 0; d < dim; d++)
            g[d] = (float)(((double)g[d] - along * (double)u[d]) * (double)s->inverse[c]);
    }
    return FDML_OK;
}

double fdml_class_lse(float *weight, const float *z, size_t n, bool and_one,
                      const fdml_kernels *kernels)
{
    float most = and_one ? 0 : -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (z[i] > most) most = z[i];
    for (size_t i = 0; i < n; i++) weight[i] = z[i] - most;
    kernels->exp_rows(weight, weight, n);
    double sum = and_one ? fdml_exp(-(double)most) : 0;
    for (size_t i = 0; i < n; i++) sum += (double)weight[i];
    const float share = (float)(1 / sum);
    for (size_t i = 0; i < n; i++) weight[i] *= share;
    return (double)most + fdml_log(sum);
}
