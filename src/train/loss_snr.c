/* loss_snr.c - the signal-to-noise ratio as a distance (Yuan, Deng, Tang, Tang and Chen, CVPR
 * 2019):
 *
 *     h(a, b) = var(f_a - f_b) / var(f_a)
 *     sum_T (h_ap - h_an + m)+ / #active + reg mean_T |sum_d f_a|
 *
 * with var over the dimensions. In rows g = f - mean(f), whose Gram matrix follows from that of
 * f, var(f_a - f_b) is ||g_a - g_b||^2 / (D - 1), so h is a ratio of squared distances; and as
 * every combination of the g_j has mean 0, the gradient by f is that by g. An anchor whose
 * dimensions are all equal has no ratio and is left out.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"
#include "train/miner.h"

/* The Gram matrix of f becomes that of g; mean[i] is that of f_i. Of a row whose variance is
 * nothing but rounding, below 1e-12 of its square (a float has 6e-8 of its value), it is 0. */
static void centre(fdml_loss_call *call, double *mean)
{
    const size_t n = call->n, dim = call->dim;
    const double least = 1e-12;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t d = 0; d < dim; d++) sum += call->x[i * dim + d];
        mean[i] = sum / (double)dim;
    }
    for (size_t i = 0; i < n; i++) {
        const double square = fdml_loss_dot(call, i, i);
        for (size_t j = 0; j < n; j++) call->gram[i * n + j] -= (double)dim * mean[i] * mean[j];
        if (call->gram[i * n + i] < least * square) call->gram[i * n + i] = 0;
    }
}

/* The derivative `by` of h(a, b): its two parts of the loss are r / v, v = ||g_a||^2. */
static void by_ratio(fdml_loss_call *call, size_t a, size_t b, double by)
{
    const double v = fdml_loss_dot(call, a, a);
    const double h = fdml_loss_sqdist(call, a, b) / v;
    fdml_loss_by_sqdist(call, a, b, by / v);
    fdml_loss_by_dot(call, a, a, -by * h / v);
}

/* df = coef f + offset is to be coef g + offset. */
static void take_means_off(fdml_loss_call *call, const double *mean)
{
    const size_t n = call->n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) call->offset[i] -= call->coef[i * n + j] * mean[j];
}

fdml_status fdml_loss_snr(fdml_loss_call *call, fdml_error *err)
{
    const double m = fdml_loss_setting(call, "margin");
    const double reg = fdml_loss_setting(call, "reg");
    double *const mean = call->z;
    FDML_TRY(fdml_mine(call, err));
    centre(call, mean);
    for (size_t t = 0; t < call->n_tuples; t++) {
        const fdml_tuple *u = &call->tuple[t];
        const double v = fdml_loss_dot(call, u->a, u->a);
        if (!(v > 0)) continue;
        const double excess =
            (fdml_loss_sqdist(call, u->a, u->p) - fdml_loss_sqdist(call, u->a, u->n)) / v + m;
        if (!(excess > 0)) continue;
        call->result.loss += excess;
        call->result.n_active++;
        by_ratio(call, u->a, u->p, 1);
        by_ratio(call, u->a, u->n, -1);
    }
    fdml_loss_divide(call, call->result.n_active);
    take_means_off(call, mean);
    for (size_t t = 0; t < call->n_tuples; t++) {
        const double each = reg / (double)call->n_tuples, sum = mean[call->tuple[t].a];
        call->result.loss += each * (double)call->dim * fabs(sum);
        call->offset[call->tuple[t].a] += sum > 0 ? each : sum < 0 ? -each : 0;
    }
    return FDML_OK;
}
