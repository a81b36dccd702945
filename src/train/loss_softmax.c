/* loss_softmax.c - objectives of one weight w_c for each class, by cross-entropy: u_c is w_c at
 * length 1, y the class of row x, and each is a mean over the rows.
 *
 * normsoftmax (Zhai and Wu, "Classification is a strong baseline for deep metric learning",
 * BMVC 2019), T temperature: -log softmax_y(x.u_c / T) arcface (Deng, Guo, Xue and Zafeiriou,
 * CVPR 2019): the same with s x.u_c, but for c = y s cos(theta + m), theta = arccos(x.u_y)
 * Beyond theta = pi - m it is not replaced by a linear continuation, as some implementations
 * do. As cos(theta + m) = cos theta cos m - sin theta sin m, its derivative by cos theta is cos
 * m + sin m cos theta / sin theta, which grows without bound at theta = 0 and pi; sin theta is
 * taken as 1e-3 or more there. proxynca (Movshovitz-Attias, Toshev, Leung, Ioffe and Singh,
 * ICCV 2017), q the scale:
 *     ||q x - q u_y||^2 + LSE_{c != y} -||q x - q u_c||^2
 * In squares the terms of q^2 (||x||^2 + 1) cancel: 2 q^2 (-x.u_y) + LSE_{c != y} 2 q^2 x.u_c
 * is what is computed. proxyanchor (Kim, Kim, Cho and Kwak, CVPR 2020), with proxies of classes
 * that the batch has called present, s_i = x_i.u_c: mean_{c present} log(1 + sum_{i of c}
 * exp(-alpha (s_i - delta)))
 *     + mean_c log(1 + sum_{i not of c} exp(alpha (s_i + delta)))
 *
 * SPDX-License-Identifier: MIT */
#include "base/dmath.h"
#include "train/loss_class.h"

/* Of row i: cosines to all classes, and where their derivative goes. */
typedef struct class_row {
    const float *cosine;
    float *by;
    uint32_t label;
} class_row;

static class_row row_of(const fdml_class_scores *s, const fdml_loss_call *call, size_t i)
{
    return (class_row){ s->cosine + i * s->n_centres, s->by + i * s->n_centres,
                        call->batch->label[i] };
}

static void count_rows(fdml_loss_call *call)
{
    call->result.n_tuples = call->result.n_active = call->n;
}

/* Cross-entropy of scale * cosine, with `target` for that of the row's class, whose derivative
 * by the cosine is target_slope. */
static double cross_entropy(const class_row *row, size_t n_classes, double scale, double target,
                            double target_slope, const fdml_loss_call *call)
{
    const float share = 1 / (float)call->n;
    for (size_t c = 0; c < n_classes; c++) row->by[c] = (float)scale * row->cosine[c];
    row->by[row->label] = (float)target;
    const double lse = fdml_class_lse(row->by, row->by, n_classes, false, call->kernels) -
                       (double)(float)target;
    const float by_target = row->by[row->label] - 1;
    for (size_t c = 0; c < n_classes; c++) row->by[c] *= share * (float)scale;
    row->by[row->label] = share * by_target * (float)target_slope;
    return lse / (double)call->n;
}

fdml_status fdml_loss_normsoftmax(fdml_loss_call *call, fdml_error *err)
{
    const double scale = 1 / fdml_loss_setting(call, "temperature");
    fdml_class_scores s;
    FDML_TRY(fdml_class_begin(&s, call, err));
    for (size_t i = 0; i < call->n; i++) {
        const class_row row = row_of(&s, call, i);
        const double target = scale * (double)row.cosine[row.label];
        call->result.loss += cross_entropy(&row, s.n_centres, scale, target, scale, call);
    }
    count_rows(call);
    return fdml_class_end(&s, NULL, call, err);
}

fdml_status fdml_loss_arcface(fdml_loss_call *call, fdml_error *err)
{
    const double scale = fdml_loss_setting(call, "scale"), least_sine = 1e-3;
    double sin_m, cos_m;
    fdml_class_scores s;
    fdml_sincos(fdml_loss_setting(call, "margin"), &sin_m, &cos_m);
    FDML_TRY(fdml_class_begin(&s, call, err));
    for (size_t i = 0; i < call->n; i++) {
        const class_row row = row_of(&s, call, i);
        const double given = (double)row.cosine[row.label];
        const double c = given > 1 ? 1 : given < -1 ? -1 : given; /* by rounding */
        const double sine = sqrt(1 - c * c);
        const double slope = cos_m + sin_m * c / (sine > least_sine ? sine : least_sine);
        call->result.loss += cross_entropy(
            &row, s.n_centres, scale, scale * (c * cos_m - sine * sin_m), scale * slope, call);
    }
    count_rows(call);
    return fdml_class_end(&s, NULL, call, err);
}

fdml_status fdml_loss_proxynca(fdml_loss_call *call, fdml_error *err)
{
    const double q = fdml_loss_setting(call, "scale");
    const float steep = (float)(2 * q * q), share = 1 / (float)call->n;
    fdml_class_scores s;
    FDML_TRY(fdml_class_begin(&s, call, err));
    for (size_t i = 0; i < call->n; i++) {
        const class_row row = row_of(&s, call, i);
        for (size_t c = 0; c < s.n_centres; c++) row.by[c] = steep * row.cosine[c];
        const float own = row.by[row.label];
        if (s.n_centres == 1) {
            row.by[0] = 0; /* no other proxy: nothing to be told apart */
            continue;
        }
        row.by[row.label] = -INFINITY;
        const double lse = fdml_class_lse(row.by, row.by, s.n_centres, false, call->kernels);
        row.by[row.label] = -1;
        for (size_t c = 0; c < s.n_centres; c++) row.by[c] *= share * steep;
        call->result.loss += (lse - (double)own) / (double)call->n;
    }
    count_rows(call);
    return fdml_class_end(&s, NULL, call, err);
}

/* log(1 + sum exp(sign alpha (s_i - sign delta))) over rows of class c (sign -1) or of the
 * others (1); its derivatives by s_i, times share, go to `by`. Rows one after the other in z,
 * row. */
typedef struct proxy_side {
    float sign, alpha, delta, share;
} proxy_side;

static double add_proxy_side(const proxy_side *side, size_t c, const fdml_class_scores *s,
                             const fdml_loss_call *call, float *z)
{
    const uint32_t *label = call->batch->label;
    size_t k = 0;
    for (size_t i = 0; i < call->n; i++)
        if ((label[i] == c) == (side->sign < 0))
            z[k++] = side->alpha * (side->sign * s->cosine[i * s->n_centres + c] + side->delta);
    const double lse = fdml_class_lse(z, z, k, true, call->kernels);
    k = 0;
    for (size_t i = 0; i < call->n; i++)
        if ((label[i] == c) == (side->sign < 0))
            s->by[i * s->n_centres + c] = side->share * side->sign * side->alpha * z[k++];
    return lse * (double)side->share;
}

fdml_status fdml_loss_proxyanchor(fdml_loss_call *call, fdml_error *err)
{
    const float alpha = (float)fdml_loss_setting(call, "alpha");
    const float delta = (float)fdml_loss_setting(call, "delta");
    fdml_class_scores s;
    unsigned char *is_present;
    float *z;
    size_t n_present = 0;
    FDML_TRY(fdml_class_begin(&s, call, err));
    FDML_TRY(fdml_loss_scratch(&is_present, call, s.n_centres, 1, err));
    FDML_TRY(fdml_loss_scratch(&z, call, call->n, sizeof *z, err));
    for (size_t c = 0; c < s.n_centres; c++) is_present[c] = 0;
    for (size_t i = 0; i < call->n; i++) {
        n_present += !is_present[call->batch->label[i]];
        is_present[call->batch->label[i]] = 1;
    }
    const proxy_side near = { -1, alpha, delta, 1 / (float)n_present };
    const proxy_side far = { 1, alpha, delta, 1 / (float)s.n_centres };
    for (size_t c = 0; c < s.n_centres; c++) {
        if (is_present[c]) call->result.loss += add_proxy_side(&near, c, &s, call, z);
        call->result.loss += add_proxy_side(&far, c, &s, call, z);
    }
    count_rows(call);
    return fdml_class_end(&s, NULL, call, err);
}
