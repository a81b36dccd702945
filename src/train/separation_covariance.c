/* separation_covariance.c - L = rho |C|_F^2, C the covariance of f and the one-hot attribute.
 * See separation.h.
 *
 * With x_b the unit row less the mean of its class (or of all rows), row v of C is
 *   C_v = 1/B sum over the rows b of value v of x_b,
 * for centring one side of a covariance is enough. Its gradient by the unit rows is
 *   (2 rho / B) C of the row's value, less the mean of that over the class,
 * since centring is its own transpose. So all of it takes B D steps, whatever the number of
 * values. Everything is a double.
 *
 * SPDX-License-Identifier: MIT */
#include "train/separation_state.h"

#include <string.h>

#include "train/row_groups.h"

/* Takes from each row the mean of its group. */
static void centre(double *x, double *sum, const fdml_row_groups *g, const size_t shape[2])
{
    const size_t n = shape[0], dim = shape[1];
    fdml_row_groups_sum(sum, x, g, shape);
    for (size_t i = 0; i < n; i++) {
        const size_t at = g->group[i];
        for (size_t d = 0; d < dim; d++)
            x[i * dim + d] -= sum[at * dim + d] / (double)g->count[at];
    }
}

fdml_status fdml_separation_covariance(fdml_separation *s, const fdml_separation_batch *batch,
                                       fdml_separation_result *result, fdml_arena *work,
                                       fdml_error *err)
{
    const size_t n = batch->n, dim = s->options.f_dim, shape[2] = { n, dim };
    fdml_directions f;
    fdml_row_groups by_class, by_value;
    double *x = fdml_arena_push(work, n, dim * sizeof *x);
    double *sum = fdml_arena_push(work, n, dim * sizeof *sum);
    if (!x || !sum || !fdml_directions_find(&f, s, batch->f, shape, work) ||
        !fdml_row_groups_find(&by_class, s->options.is_over_all ? NULL : batch->label, n,
                              work) ||
        !fdml_row_groups_find(&by_value, batch->attribute, n, work))
        return fdml_separation_no_memory(n, err);

    for (size_t i = 0; i < n * dim; i++) x[i] = (double)f.unit[i];
    centre(x, sum, &by_class, shape);
    fdml_row_groups_sum(sum, x, &by_value, shape);
    double square = 0;
    for (size_t i = 0; i < by_value.n_groups * dim; i++) {
        sum[i] /= (double)n;
        square += sum[i] * sum[i];
    }
    result->loss = batch->rho * square;
    result->measure = square;

    for (size_t i = 0; i < n; i++)
        memcpy(x + i * dim, sum + by_value.group[i] * dim, dim * sizeof *x);
    centre(x, sum, &by_class, shape);
    for (size_t i = 0; i < n * dim; i++) f.grad[i] = (float)(2 * batch->rho / (double)n * x[i]);
    fdml_directions_return(result->df, &f, 1);
    return FDML_OK;
}
