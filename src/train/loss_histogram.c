/* loss_histogram.c - learning deep embeddings with histogram loss (Ustinova and Lempitsky, NIPS
 * 2016): the probability that a random negative pair is more similar than a random positive
 * one.
 *
 *     L = sum_r h-_r sum_{q <= r} h+_q
 *
 * h+ and h- are histograms of f_i.f_j over positive and negative pairs, with nodes t_r evenly
 * on
 * [-1, 1]; a pair is shared between the nodes left and right of it, in proportion to nearness,
 * and a product outside of [-1, 1], as rounding makes them, counts as at the border with the
 * slope of the last bin. Pairs count once for each of their rows that has the other as its
 * positive or negative, which differs from once a pair only where restrictions of the miner
 * leave rows out.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"

typedef struct histogram {
    size_t n_bins;
    double inverse_step;
    double *share;    /* [n_bins]: of the pairs, sum 1 */
    double *by_share; /* [n_bins]: derivative of the loss */
    size_t n_pairs;
} histogram;

/* The node left of s, and how far s is towards the right one. NaN falls on the first. */
static size_t place(const histogram *h, double s, double *right)
{
    const double at = (s + 1) * h->inverse_step, last = (double)(h->n_bins - 1);
    const size_t bin = !(at >= 0) ? 0 : at >= last ? h->n_bins - 2 : (size_t)at;
    *right = at - (double)bin;
    if (*right < 0) *right = 0;
    if (*right > 1) *right = 1;
    return bin;
}

static fdml_status fill(histogram *h, const fdml_loss_call *call, const unsigned char *mask,
                        fdml_error *err)
{
    FDML_TRY(fdml_loss_scratch(&h->share, call, h->n_bins, sizeof *h->share, err));
    FDML_TRY(fdml_loss_scratch(&h->by_share, call, h->n_bins, sizeof *h->by_share, err));
    for (size_t r = 0; r < h->n_bins; r++) h->share[r] = 0;
    for (size_t k = 0; k < call->n * call->n; k++) {
        if (!mask[k]) continue;
        double right;
        const size_t bin = place(h, call->gram[k], &right);
        h->share[bin] += 1 - right;
        h->share[bin + 1] += right;
        h->n_pairs++;
    }
    for (size_t r = 0; h->n_pairs && r < h->n_bins; r++) h->share[r] /= (double)h->n_pairs;
    return FDML_OK;
}

static void back(fdml_loss_call *call, const histogram *h, const unsigned char *mask)
{
    const size_t n = call->n;
    for (size_t k = 0; k < n * n; k++) {
        if (!mask[k]) continue;
        double right;
        const size_t bin = place(h, call->gram[k], &right);
        const double slope = h->inverse_step * (h->by_share[bin + 1] - h->by_share[bin]);
        fdml_loss_by_dot(call, k / n, k % n, slope / (double)h->n_pairs);
    }
}

fdml_status fdml_loss_histogram(fdml_loss_call *call, fdml_error *err)
{
    const size_t n_bins = (size_t)fdml_loss_setting(call, "bins");
    histogram near = { .n_bins = n_bins, .inverse_step = (double)(n_bins - 1) / 2 }, far = near;
    FDML_TRY(fill(&near, call, call->positive, err));
    FDML_TRY(fill(&far, call, call->negative, err));
    call->result.n_tuples = near.n_pairs + far.n_pairs;
    if (!near.n_pairs || !far.n_pairs) return FDML_OK;
    call->result.n_active = call->result.n_tuples;
    double sum = 0;
    for (size_t r = 0; r < n_bins; r++) {
        far.by_share[r] = sum += near.share[r];
        call->result.loss += far.share[r] * sum;
    }
    sum = 0;
    for (size_t r = n_bins; r-- > 0;) near.by_share[r] = sum += far.share[r];
    back(call, &near, call->positive);
    back(call, &far, call->negative);
    return FDML_OK;
}
