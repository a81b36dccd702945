/* loss_npair.c - objectives of an anchor, its positive and many negatives.
 *
 * npair (Sohn, "Improved deep metric learning with multi-class N-pair loss objective", NIPS
 * 2016), on embeddings that are not normalised:
 *     mean_(a,p) log(1 + sum_n exp(f_a.f_n - f_a.f_p)) + l2 mean_i ||f_i||
 * angular (Wang, Zhou, Wen, Liu and Lin, "Deep metric learning with angular loss", ICCV 2017),
 * on unit rows, with t = tan^2 of the angle: npair's first term + lambda mean_(a,p) log(1 +
 * sum_n exp(4 t (f_a + f_p).f_n
 *                                                              - 2 (1 + t) f_a.f_p))
 *
 * The triplets of one anchor and positive are one term of the mean. Sohn's own batch, a pair of
 * each class, is what the npair miner makes; with others a term has the negatives they give.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"

#include "base/dmath.h"
#include "train/miner.h"

/* Triplets first .. end - 1 have one anchor and positive. */
static size_t group_end(const fdml_loss_call *call, size_t first)
{
    size_t end = first + 1;
    while (end < call->n_tuples && call->tuple[end].a == call->tuple[first].a &&
           call->tuple[end].p == call->tuple[first].p)
        end++;
    return end;
}

/* Both terms are log(1 + sum_n exp(of_an f_a.f_n + of_pn f_p.f_n + of_ap f_a.f_p)). */
typedef struct npair_term {
    double weight, of_an, of_pn, of_ap;
} npair_term;

static void add_group(fdml_loss_call *call, const npair_term *term, size_t first, size_t end)
{
    const size_t a = call->tuple[first].a, p = call->tuple[first].p;
    double all = 0;
    for (size_t t = first; t < end; t++) {
        const size_t n = call->tuple[t].n;
        call->z[t - first] = term->of_an * fdml_loss_dot(call, a, n) +
                             term->of_pn * fdml_loss_dot(call, p, n) +
                             term->of_ap * fdml_loss_dot(call, a, p);
    }
    call->result.loss += term->weight * fdml_loss_lse(call->w, call->z, end - first, true);
    for (size_t t = first; t < end; t++) {
        const double by = term->weight * call->w[t - first];
        fdml_loss_by_dot(call, a, call->tuple[t].n, by * term->of_an);
        fdml_loss_by_dot(call, p, call->tuple[t].n, by * term->of_pn);
        all += by;
    }
    fdml_loss_by_dot(call, a, p, all * term->of_ap);
}

static void add_groups(fdml_loss_call *call, const npair_term *term, size_t n_terms)
{
    size_t n_groups = 0;
    for (size_t first = 0, end; first < call->n_tuples; first = end, n_groups++) {
        end = group_end(call, first);
        for (size_t k = 0; k < n_terms; k++) add_group(call, &term[k], first, end);
    }
    call->result.n_active = call->n_tuples;
    fdml_loss_divide(call, n_groups);
}

fdml_status fdml_loss_npair(fdml_loss_call *call, fdml_error *err)
{
    const npair_term term = { 1, 1, 0, -1 };
    FDML_TRY(fdml_mine(call, err));
    add_groups(call, &term, 1);
    fdml_loss_add_norms(call, fdml_loss_setting(call, "l2"));
    return FDML_OK;
}

fdml_status fdml_loss_angular(fdml_loss_call *call, fdml_error *err)
{
    const double pi = 0x1.921fb54442d18p+1;
    double sine, cosine;
    fdml_sincos(fdml_loss_setting(call, "angle") * pi / 180, &sine, &cosine);
    const double t = sine * sine / (cosine * cosine);
    const npair_term term[] = {
        { 1, 1, 0, -1 },
        { fdml_loss_setting(call, "lambda"), 4 * t, 4 * t, -2 * (1 + t) },
    };
    FDML_TRY(fdml_mine(call, err));
    add_groups(call, term, 2);
    return FDML_OK;
}
