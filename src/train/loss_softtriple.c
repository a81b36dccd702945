/* loss_softtriple.c - SoftTriple (Qian, Shang, Sun, Hu, Li and Jin, ICCV 2019): K centres u_ck
 * of length 1 for each class, so that a class may have several shapes.
 *
 *     S_c = sum_k softmax_k(x.u_ck / gamma) x.u_ck
 *     mean over rows of -log softmax_y(lambda (S_c - delta [c = y]))
 *     + reg / (C K (K - 1)) sum_c sum_{s < t} sqrt(2 + 1e-5 - 2 u_cs.u_ct)
 *
 * The second line draws the centres of a class together, so that superfluous ones merge; its
 * 1e-5, of the authors' code, keeps the gradient of merged ones finite.
 * With q = softmax_k(x.u_ck / gamma), dS_c/d(x.u_ck) = q_k (1 + (x.u_ck - S_c) / gamma).
 *
 * SPDX-License-Identifier: MIT */
#include "base/dmath.h"
#include "train/loss_class.h"

typedef struct softtriple {
    size_t n_classes, n_centres; /* centres of a class */
    double inverse_gamma, lambda, delta;
    float *score; /* [n_classes] */
} softtriple;

/* Of one row; `by` [n_classes, n_centres] is q until the second half. */
static double add_row(const softtriple *t, const float *cosine, float *by, uint32_t label,
                      const fdml_loss_call *call)
{
    const size_t n_all = t->n_classes * t->n_centres, k_n = t->n_centres;
    const float steep = (float)t->inverse_gamma, share = (float)(t->lambda / (double)call->n);
    for (size_t k = 0; k < n_all; k += k_n) { /* exponents at most 0 */
        float most = cosine[k];
        for (size_t j = 1; j < k_n; j++) most = cosine[k + j] > most ? cosine[k + j] : most;
        for (size_t j = 0; j < k_n; j++) by[k + j] = steep * (cosine[k + j] - most);
    }
    call->kernels->exp_rows(by, by, n_all); /* of all classes at once: K are too few for it */
    for (size_t c = 0; c < t->n_classes; c++) {
        const float *x = cosine + c * k_n;
        float *q = by + c * k_n, sum = 0, weighted = 0;
        for (size_t j = 0; j < k_n; j++) sum += q[j];
        for (size_t j = 0; j < k_n; j++) {
            q[j] /= sum;
            weighted += q[j] * x[j];
        }
        for (size_t j = 0; j < k_n; j++) q[j] *= 1 + steep * (x[j] - weighted);
        t->score[c] = (float)t->lambda * (weighted - (c == label ? (float)t->delta : 0));
    }
    const double own = (double)t->score[label];
    const double lse =
        fdml_class_lse(t->score, t->score, t->n_classes, false, call->kernels) - own;
    t->score[label] -= 1;
    for (size_t c = 0; c < t->n_classes; c++)
        for (size_t j = 0; j < k_n; j++) by[c * k_n + j] *= share * t->score[c];
    return lse / (double)call->n;
}

/* The regulariser over the centres u [K, dim] of one class, times weight; adds to grad. */
static double draw_together(const float *u, float *grad, size_t n_centres, size_t dim,
                            double weight)
{
    double total = 0;
    for (size_t s = 0; s < n_centres; s++)
        for (size_t t = s + 1; t < n_centres; t++) {
            const float *a = u + s * dim, *b = u + t * dim;
            double part[4] = { 0 };
            for (size_t d = 0; d < dim; d++) part[d % 4] += (double)a[d] * (double)b[d];
            const double dot = (part[0] + part[1]) + (part[2] + part[3]);
            const double root =
                sqrt(fmax(2 + 1e-5 - 2 * dot, 1e-6)); /* rounding of 2 - 2 dot */
            const float by = (float)(-weight / root);
            total += weight * root;
            for (size_t d = 0; d < dim; d++) {
                grad[s * dim + d] += by * b[d];
                grad[t * dim + d] += by * a[d];
            }
        }
    return total;
}

fdml_status fdml_loss_softtriple(fdml_loss_call *call, fdml_error *err)
{
    const size_t n_classes = call->objective->options.n_classes, dim = call->dim;
    const double reg = fdml_loss_setting(call, "reg");
    fdml_class_scores s;
    float *unit_grad;
    FDML_TRY(fdml_class_begin(&s, call, err));
    softtriple t = { .n_classes = n_classes,
                     .n_centres = s.n_centres / n_classes,
                     .inverse_gamma = 1 / fdml_loss_setting(call, "gamma"),
                     .lambda = fdml_loss_setting(call, "lambda"),
                     .delta = fdml_loss_setting(call, "delta") };
    FDML_TRY(fdml_loss_scratch(&t.score, call, n_classes, sizeof *t.score, err));
    FDML_TRY(fdml_loss_scratch(&unit_grad, call, s.n_centres * dim, sizeof *unit_grad, err));
    for (size_t i = 0; i < call->n; i++)
        call->result.loss += add_row(&t, s.cosine + i * s.n_centres, s.by + i * s.n_centres,
                                     call->batch->label[i], call);
    for (size_t k = 0; k < s.n_centres * dim; k++) unit_grad[k] = 0;
    const double k_n = (double)t.n_centres;
    for (size_t c = 0; t.n_centres > 1 && c < n_classes; c++)
        call->result.loss +=
            draw_together(s.unit + c * t.n_centres * dim, unit_grad + c * t.n_centres * dim,
                          t.n_centres, dim, reg / ((double)n_classes * k_n * (k_n - 1)));
    call->result.n_tuples = call->result.n_active = call->n;
    return fdml_class_end(&s, unit_grad, call, err);
}
