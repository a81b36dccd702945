/* miner_distance.c - distance-weighted negatives (Wu, Manmatha, Smola and Krahenbuhl, "Sampling
 * matters in deep embedding learning", ICCV 2017, section 4).
 *
 * On the unit sphere in D dimensions the distance of random points has a density
 * q(d) ~ d^(D-2) (1 - d^2/4)^((D-3)/2), which for large D is a peak at sqrt 2. Negatives are
 * drawn with weight 1 / q(d), so that all distances come up alike:
 *
 *     log w = (2 - D) log d - (D - 3)/2 log(1 - d^2/4),  d at least the cutoff
 *
 * The cutoff keeps the nearest, whose gradient is mostly noise, from being all that is drawn.
 * As in the public code of Roth et al. ("Revisiting training strategies", ICML 2020) there is
 * no upper one. 1 - d^2/4 is held at 1e-8 or more, for rows that are opposite to each other.
 *
 * SPDX-License-Identifier: MIT */
#include "train/miner.h"

static void fill_logarithms(const fdml_loss_call *call, size_t anchor,
                            const fdml_mine_weights *s)
{
    const double cutoff = (double)call->objective->options.miner.distance_cutoff;
    const double least_gap = 1e-8,
                 least_d2 = fmax(cutoff * cutoff, 1e-8); /* of equal rows too */
    const size_t n = call->n;
    for (size_t j = 0; j < n; j++) {
        const double d2 = fmax(fdml_loss_sqdist(call, anchor, j), least_d2);
        s->value[j] = (float)d2;
        s->value[n + j] = (float)fmax(1 - d2 / 4, least_gap);
    }
    call->kernels->log_rows(s->value, s->value, 2 * n);
}

uint32_t fdml_mine_by_distance(const fdml_loss_call *call, size_t anchor, fdml_rng *rng,
                               const fdml_mine_weights *s)
{
    const unsigned char *negative = call->negative + anchor * call->n;
    const double dim = (double)call->dim;
    const size_t n = call->n;
    double most = -INFINITY, sum = 0, passed = 0;
    fill_logarithms(call, anchor, s);
    for (size_t j = 0; j < n; j++) {
        s->weight[j] = (2 - dim) / 2 * (double)s->value[j] - /* log d = log(d^2) / 2 */
                       (dim - 3) / 2 * (double)s->value[n + j];
        if (negative[j] && s->weight[j] > most) most = s->weight[j];
    }
    for (size_t j = 0; j < n; j++)
        s->value[j] = negative[j] ? (float)(s->weight[j] - most) : -INFINITY;
    call->kernels->exp_rows(s->value, s->value, n);
    for (size_t j = 0; j < n; j++) sum += s->weight[j] = negative[j] ? (double)s->value[j] : 0;
    const double at = fdml_rng_double(rng) * sum;
    size_t last = 0; /* where rounding or NaN lets nothing pass `at` */
    for (size_t j = 0; j < n; j++) {
        if (!negative[j]) continue;
        last = j;
        passed += s->weight[j];
        if (passed > at) break;
    }
    return (uint32_t)last;
}
