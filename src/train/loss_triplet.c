/* loss_triplet.c - objectives of mined triplets (a, p, n) of rows; d is the Euclidean distance.
 *
 * contrastive (Hadsell, Chopra and LeCun, CVPR 2006):
 *     mean (d_ap - m_p)+ + mean (m_n - d_an)+
 * triplet (Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015):
 *     mean (d_ap^2 - d_an^2 + m)+, or with squared = 0 mean (d_ap - d_an + m)+
 * margin (Wu, Manmatha, Smola and Krahenbuhl, "Sampling matters in deep embedding learning",
 * ICCV 2017), with beta of the anchor's class learned:
 *     P = (d_ap - beta + gamma)+, Q = (beta - d_an + gamma)+, sum (P + Q) / #{P > 0 or Q > 0}
 * quadruplet (Chen, Chen, Zhang and Huang, "Beyond triplet loss", CVPR 2017):
 *     mean (d_ap - d_an + a_1)+ + mean (d_ap - d_nm + a_2)+
 * with m a negative of the anchor of a third class, drawn for each triplet; triplets without
 * one have no second term, and its mean is over those that have.
 *
 * x+ = max(0, x), with gradient 0 at 0. Distances are not padded by an epsilon under the root:
 * the gradient of a distance of 0 is 0.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"
#include "train/miner.h"

fdml_status fdml_loss_contrastive(fdml_loss_call *call, fdml_error *err)
{
    const double m_p = fdml_loss_setting(call, "positive_margin");
    const double m_n = fdml_loss_setting(call, "negative_margin");
    FDML_TRY(fdml_mine(call, err));
    for (size_t t = 0; t < call->n_tuples; t++) {
        const fdml_tuple *u = &call->tuple[t];
        const double near = fdml_loss_dist(call, u->a, u->p) - m_p;
        const double far = m_n - fdml_loss_dist(call, u->a, u->n);
        if (near > 0) {
            call->result.loss += near;
            fdml_loss_by_dist(call, u->a, u->p, 1);
        }
        if (far > 0) {
            call->result.loss += far;
            fdml_loss_by_dist(call, u->a, u->n, -1);
        }
        call->result.n_active += near > 0 || far > 0;
    }
    fdml_loss_divide(call, call->n_tuples);
    return FDML_OK;
}

fdml_status fdml_loss_triplet(fdml_loss_call *call, fdml_error *err)
{
    const double m = fdml_loss_setting(call, "margin");
    const bool is_squared = fdml_loss_setting(call, "squared") != 0;
    FDML_TRY(fdml_mine(call, err));
    for (size_t t = 0; t < call->n_tuples; t++) {
        const fdml_tuple *u = &call->tuple[t];
        const double p2 = fdml_loss_sqdist(call, u->a, u->p);
        const double n2 = fdml_loss_sqdist(call, u->a, u->n);
        const double excess = (is_squared ? p2 - n2 : sqrt(p2) - sqrt(n2)) + m;
        if (!(excess > 0)) continue;
        call->result.loss += excess;
        call->result.n_active++;
        (is_squared ? fdml_loss_by_sqdist : fdml_loss_by_dist)(call, u->a, u->p, 1);
        (is_squared ? fdml_loss_by_sqdist : fdml_loss_by_dist)(call, u->a, u->n, -1);
    }
    fdml_loss_divide(call, call->n_tuples);
    return FDML_OK;
}

/* Gradients of beta in double: [n], by row of the batch. */
static void set_beta_gradient(fdml_loss_call *call, const double *by_anchor)
{
    const fdml_param *beta = &call->objective->param;
    const uint32_t *label = call->batch->label;
    const double count = call->result.n_active > 1 ? (double)call->result.n_active : 1;
    for (size_t i = 0; i < call->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < call->n; j++)
            if (label[j] == label[i]) sum += by_anchor[j];
        beta->grad[label[i]] = (float)(sum / count);
    }
}

fdml_status fdml_loss_margin(fdml_loss_call *call, fdml_error *err)
{
    const double gamma = fdml_loss_setting(call, "gamma");
    double *by_beta = call->z;
    FDML_TRY(fdml_mine(call, err));
    for (size_t i = 0; i < call->n; i++) by_beta[i] = 0;
    for (size_t t = 0; t < call->n_tuples; t++) {
        const fdml_tuple *u = &call->tuple[t];
        const double beta = (double)call->objective->param.value[call->batch->label[u->a]];
        const double near = fdml_loss_dist(call, u->a, u->p) - beta + gamma;
        const double far = beta - fdml_loss_dist(call, u->a, u->n) + gamma;
        if (near > 0) {
            call->result.loss += near;
            by_beta[u->a] -= 1;
            fdml_loss_by_dist(call, u->a, u->p, 1);
        }
        if (far > 0) {
            call->result.loss += far;
            by_beta[u->a] += 1;
            fdml_loss_by_dist(call, u->a, u->n, -1);
        }
        call->result.n_active += near > 0 || far > 0;
    }
    fdml_loss_divide(call, call->result.n_active);
    set_beta_gradient(call, by_beta);
    return FDML_OK;
}

/* A negative of the anchor whose class is not the negative's either; n where there is none. */
static uint32_t draw_third(fdml_loss_call *call, const fdml_tuple *u, unsigned char *mask,
                           fdml_rng *rng)
{
    const uint32_t *label = call->batch->label;
    bool has_any = false;
    for (size_t j = 0; j < call->n; j++) {
        mask[j] = call->negative[u->a * call->n + j] && label[j] != label[u->n];
        has_any |= mask[j] != 0;
    }
    return has_any ? fdml_mine_any(mask, call->n, rng) : (uint32_t)call->n;
}

fdml_status fdml_loss_quadruplet(fdml_loss_call *call, fdml_error *err)
{
    const double margin[2] = { fdml_loss_setting(call, "alpha1"),
                               fdml_loss_setting(call, "alpha2") };
    unsigned char *mask;
    uint32_t *third;
    fdml_rng rng;
    size_t n_thirds = 0;
    FDML_TRY(fdml_mine(call, err));
    FDML_TRY(fdml_loss_scratch(&mask, call, call->n, 1, err));
    FDML_TRY(fdml_loss_scratch(&third, call, call->n_tuples, sizeof *third, err));
    fdml_loss_draw(&rng, call, FDML_LOSS_DRAW_THIRD);
    for (size_t t = 0; t < call->n_tuples; t++) {
        third[t] = draw_third(call, &call->tuple[t], mask, &rng);
        n_thirds += third[t] < call->n;
    }
    for (size_t t = 0; t < call->n_tuples; t++) {
        const fdml_tuple *u = &call->tuple[t];
        const size_t from[2] = { u->a, u->n }, to[2] = { u->n, third[t] };
        const double share[2] = { 1 / (double)call->n_tuples, 1 / (double)n_thirds };
        const double d_ap = fdml_loss_dist(call, u->a, u->p);
        bool is_active = false;
        for (int k = 0; k < 2 && to[k] < call->n; k++) {
            const double excess = d_ap - fdml_loss_dist(call, from[k], to[k]) + margin[k];
            if (!(excess > 0)) continue;
            call->result.loss += share[k] * excess;
            fdml_loss_by_dist(call, u->a, u->p, share[k]);
            fdml_loss_by_dist(call, from[k], to[k], -share[k]);
            is_active = true;
        }
        call->result.n_active += is_active;
    }
    return FDML_OK;
}
