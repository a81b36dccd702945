/* loss_anchor.c - objectives without a miner: every row is an anchor and meets all its
 * positives p and negatives n. Rows without a positive or without a negative are left out of
 * every mean. LSE(z) = log sum exp z.
 *
 * lifted, in the generalised form of Hermans, Beyer and Leibe (arXiv 1703.07737) of the loss of
 * Song, Xiang, Jegelka and Savarese (CVPR 2016), on embeddings that are not normalised:
 *     mean_a (LSE_p d_ap + LSE_n (m - d_an))+ + l2 mean_i ||f_i||
 * multisimilarity (Wang, Han, Huang, Dong and Scott, CVPR 2019), s = f_i.f_j; of the pairs,
 * kept are positives with s_ap - eps < max_n s_an and negatives with s_an + eps > min_p s_ap,
 * and the mean is over anchors with both: 1/alpha log(1 + sum_p exp(-alpha (s_ap - lambda)))
 *     + 1/beta log(1 + sum_n exp(beta (s_an - lambda)))
 * supcon (Khosla et al., "Supervised contrastive learning", NeurIPS 2020, eq. 2), T
 * temperature: mean_a mean_p -(s_ap / T - LSE_{k = p, n} s_ak / T) ntxent (Sohn 2016; Chen,
 * Kornblith, Norouzi and Hinton, "SimCLR", ICML 2020), each positive against the negatives
 * alone: mean_(a,p) -(s_ap / T - LSE_{k = this p, n} s_ak / T)
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"

static bool has_any(const unsigned char *mask, size_t n)
{
    for (size_t j = 0; j < n; j++)
        if (mask[j]) return true;
    return false;
}

/* Rows 0.. that are complete anchors, one after another: from `*a` on; false past the last. */
static bool next_anchor(const fdml_loss_call *call, size_t *a)
{
    const size_t n = call->n;
    for (; *a < n; ++*a)
        if (has_any(call->positive + *a * n, n) && has_any(call->negative + *a * n, n))
            return true;
    return false;
}

typedef struct lifted_side {
    double sign, shift; /* LSE of sign * d + shift */
} lifted_side;

static double lifted_lse(fdml_loss_call *call, double *weight, size_t a,
                         const unsigned char *mask, const lifted_side *side)
{
    size_t k = 0;
    for (size_t j = 0; j < call->n; j++)
        if (mask[j]) call->z[k++] = side->sign * fdml_loss_dist(call, a, j) + side->shift;
    return fdml_loss_lse(weight, call->z, k, false);
}

static void lifted_back(fdml_loss_call *call, const double *weight, size_t a,
                        const unsigned char *mask, const lifted_side *side)
{
    size_t k = 0;
    for (size_t j = 0; j < call->n; j++)
        if (mask[j]) fdml_loss_by_dist(call, a, j, side->sign * weight[k++]);
}

fdml_status fdml_loss_lifted(fdml_loss_call *call, fdml_error *err)
{
    const lifted_side near = { 1, 0 }, far = { -1, fdml_loss_setting(call, "margin") };
    const size_t n = call->n;
    double *near_weight;
    FDML_TRY(fdml_loss_scratch(&near_weight, call, n, sizeof *near_weight, err));
    for (size_t a = 0; next_anchor(call, &a); a++) {
        const unsigned char *positive = call->positive + a * n;
        const unsigned char *negative = call->negative + a * n;
        const double sum = lifted_lse(call, near_weight, a, positive, &near) +
                           lifted_lse(call, call->w, a, negative, &far);
        call->result.n_tuples++;
        if (!(sum > 0)) continue;
        call->result.loss += sum;
        call->result.n_active++;
        lifted_back(call, near_weight, a, positive, &near);
        lifted_back(call, call->w, a, negative, &far);
    }
    fdml_loss_divide(call, call->result.n_tuples);
    fdml_loss_add_norms(call, fdml_loss_setting(call, "l2"));
    return FDML_OK;
}

/* Drops from the mask what multisimilarity does not keep; kept [n] is the rest. */
static bool keep_hard(unsigned char *kept, const fdml_loss_call *call, size_t a,
                      const unsigned char *mask, const unsigned char *others, double sign)
{
    const double eps = fdml_loss_setting(call, "eps");
    double bound = -INFINITY; /* the hardest of the others */
    for (size_t j = 0; j < call->n; j++)
        if (others[j] && -sign * fdml_loss_dot(call, a, j) > bound)
            bound = -sign * fdml_loss_dot(call, a, j);
    for (size_t j = 0; j < call->n; j++)
        kept[j] = mask[j] && sign * fdml_loss_dot(call, a, j) + bound + eps > 0;
    return has_any(kept, call->n);
}

/* 1/steep log(1 + sum exp(sign steep (s - lambda))) over the kept rows. */
static void add_side(fdml_loss_call *call, size_t a, const unsigned char *kept, double sign,
                     double steep)
{
    const double lambda = fdml_loss_setting(call, "lambda");
    size_t k = 0;
    for (size_t j = 0; j < call->n; j++)
        if (kept[j]) call->z[k++] = sign * steep * (fdml_loss_dot(call, a, j) - lambda);
    call->result.loss += fdml_loss_lse(call->w, call->z, k, true) / steep;
    k = 0;
    for (size_t j = 0; j < call->n; j++)
        if (kept[j]) fdml_loss_by_dot(call, a, j, sign * call->w[k++]);
}

fdml_status fdml_loss_multisimilarity(fdml_loss_call *call, fdml_error *err)
{
    const size_t n = call->n;
    unsigned char *kept;
    FDML_TRY(fdml_loss_scratch(&kept, call, 2 * n, 1, err));
    for (size_t a = 0; next_anchor(call, &a); a++) {
        const unsigned char *positive = call->positive + a * n;
        const unsigned char *negative = call->negative + a * n;
        call->result.n_tuples++;
        if (!keep_hard(kept, call, a, positive, negative, -1) ||
            !keep_hard(kept + n, call, a, negative, positive, 1))
            continue;
        call->result.n_active++;
        add_side(call, a, kept, -1, fdml_loss_setting(call, "alpha"));
        add_side(call, a, kept + n, 1, fdml_loss_setting(call, "beta"));
    }
    fdml_loss_divide(call, call->result.n_active);
    return FDML_OK;
}

/* One term: `weight` times LSE over the rows of z, whose ids are `row`, minus the first n_near
 * of z in equal parts. */
static void add_contrast(fdml_loss_call *call, size_t a, const uint32_t *row, size_t n_rows,
                         size_t n_near)
{
    const double scale = 1 / fdml_loss_setting(call, "temperature");
    const double part = 1 / (double)n_near;
    for (size_t k = 0; k < n_rows; k++) call->z[k] = scale * fdml_loss_dot(call, a, row[k]);
    call->result.loss += fdml_loss_lse(call->w, call->z, n_rows, false);
    for (size_t k = 0; k < n_near; k++) call->result.loss -= part * call->z[k];
    for (size_t k = 0; k < n_rows; k++)
        fdml_loss_by_dot(call, a, row[k], scale * (call->w[k] - (k < n_near ? part : 0)));
    call->result.n_tuples++;
}

/* Ids of the rows of a mask, behind the first n. */
static size_t append_rows(uint32_t *row, size_t n, const unsigned char *mask, size_t n_mask)
{
    for (size_t j = 0; j < n_mask; j++)
        if (mask[j]) row[n++] = (uint32_t)j;
    return n;
}

static fdml_status contrast(fdml_loss_call *call, bool is_positive_alone, fdml_error *err)
{
    const size_t n = call->n;
    uint32_t *row;
    FDML_TRY(fdml_loss_scratch(&row, call, n, sizeof *row, err));
    for (size_t a = 0; next_anchor(call, &a); a++) {
        const unsigned char *positive = call->positive + a * n;
        if (!is_positive_alone) {
            const size_t n_near = append_rows(row, 0, positive, n);
            add_contrast(call, a, row, append_rows(row, n_near, call->negative + a * n, n),
                         n_near);
            continue;
        }
        const size_t n_rows = append_rows(row, 1, call->negative + a * n, n);
        for (size_t p = 0; p < n; p++) {
            if (!positive[p]) continue;
            row[0] = (uint32_t)p;
            add_contrast(call, a, row, n_rows, 1);
        }
    }
    call->result.n_active = call->result.n_tuples;
    fdml_loss_divide(call, call->result.n_tuples);
    return FDML_OK;
}

fdml_status fdml_loss_supcon(fdml_loss_call *call, fdml_error *err)
{
    return contrast(call, false, err);
}

fdml_status fdml_loss_ntxent(fdml_loss_call *call, fdml_error *err)
{
    return contrast(call, true, err);
}
