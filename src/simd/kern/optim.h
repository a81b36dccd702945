/* optim.h - one step of Adam or SGD, along weights and their state.
 *
 * SPDX-License-Identifier: MIT */

/* What both begin with: the clipped gradient plus L2 decay. NaN stays NaN. */
VEC vf step_gradient(vf grad, vf w, vf scale, vf limit, vf decay)
{
    const vf g = vf_min(limit, vf_mul(grad, scale));
    return vf_fma(decay, w, vf_max(vf_sub(vf_zero(), limit), g));
}

/* Factors of a step, the same for all items. */
typedef struct adam_factors {
    vf scale, limit, decay, keep, beta1, rest1, beta2, rest2, step, root, eps;
} adam_factors;

VEC void adam_lanes(const adam_factors *f, vf grad, vf *w, vf *m, vf *v)
{
    const vf g = step_gradient(grad, *w, f->scale, f->limit, f->decay);
    *m = vf_fma(f->rest1, g, vf_mul(f->beta1, *m));
    *v = vf_fma(vf_mul(f->rest2, g), g, vf_mul(f->beta2, *v));
    const vf down = vf_div(*m, vf_fma(vf_sqrt(*v), f->root, f->eps));
    *w = vf_fma(f->step, down, vf_mul(*w, f->keep));
}

static void k_adam_step(const fdml_adam *job)
{
    const adam_factors f = { .scale = vf_set1(job->scale),
                             .limit = vf_set1(job->limit),
                             .decay = vf_set1(job->decay),
                             .keep = vf_set1(job->keep),
                             .beta1 = vf_set1(job->beta1),
                             .rest1 = vf_set1(job->rest1),
                             .beta2 = vf_set1(job->beta2),
                             .rest2 = vf_set1(job->rest2),
                             .step = vf_set1(-job->step),
                             .root = vf_set1(job->root),
                             .eps = vf_set1(job->eps) };
    size_t i = 0;
    for (; i + VL <= job->n; i += VL) {
        vf w = vf_load(job->w + i), m = vf_load(job->m + i), v = vf_load(job->v + i);
        adam_lanes(&f, vf_load(job->grad + i), &w, &m, &v);
        vf_store(job->w + i, w), vf_store(job->m + i, m), vf_store(job->v + i, v);
    }
    if (i == job->n) return;
    const size_t n = job->n - i;
    vf w = vf_load_n(job->w + i, n, 0), m = vf_load_n(job->m + i, n, 0);
    vf v = vf_load_n(job->v + i, n, 0);
    adam_lanes(&f, vf_load_n(job->grad + i, n, 0), &w, &m, &v);
    vf_store_n(job->w + i, n, w), vf_store_n(job->m + i, n, m), vf_store_n(job->v + i, n, v);
}

typedef struct sgd_factors {
    vf scale, limit, decay, momentum, rate;
    int has_momentum, nesterov;
} sgd_factors;

VEC void sgd_lanes(const sgd_factors *f, vf grad, vf *w, vf *b)
{
    vf g = step_gradient(grad, *w, f->scale, f->limit, f->decay);
    if (f->has_momentum) {
        *b = vf_fma(f->momentum, *b, g);
        g = f->nesterov ? vf_fma(f->momentum, *b, g) : *b;
    }
    *w = vf_fma(f->rate, g, *w);
}

static void k_sgd_step(const fdml_sgd *job)
{
    const sgd_factors f = { .scale = vf_set1(job->scale),
                            .limit = vf_set1(job->limit),
                            .decay = vf_set1(job->decay),
                            .momentum = vf_set1(job->momentum),
                            .rate = vf_set1(-job->lr),
                            .has_momentum = job->b != NULL,
                            .nesterov = job->nesterov };
    for (size_t i = 0; i < job->n; i += VL) {
        const size_t n = job->n - i < VL ? job->n - i : VL;
        vf w = vf_load_n(job->w + i, n, 0);
        vf b = f.has_momentum ? vf_load_n(job->b + i, n, 0) : vf_zero();
        sgd_lanes(&f, vf_load_n(job->grad + i, n, 0), &w, &b);
        vf_store_n(job->w + i, n, w);
        if (f.has_momentum) vf_store_n(job->b + i, n, b);
    }
}

/* A square of floats is exact in double, so that only the sixteen sums round. */
static void k_sum_squares(double *sum, const float *x, size_t n)
{
    double lane[VL] = { 0 };
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        for (size_t l = 0; l < VL; l++) lane[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t l = 0; i + l < n; l++) lane[l] += (double)x[i + l] * (double)x[i + l];
    for (size_t half = VL / 2; half; half /= 2)
        for (size_t l = 0; l < half; l++) lane[l] += lane[l + half];
    *sum = lane[0];
}
