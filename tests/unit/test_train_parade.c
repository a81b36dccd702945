/* test_train_parade.c - a step behind the trunk: gradients by finite differences, signs of what
 * is reversed, and what an attribute may not change.
 *
 * Differences are taken of the step's own loss, which is a double of float embeddings: with a
 * step of 2^-11 its slope is good to about 5e-3 of the largest: larger steps meet corners of
 * relu.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "metric_world.h"
#include "scratch.h"

static double total(const metric_world *w)
{
    return w->result.loss;
}

static double separation(const metric_world *w)
{
    return w->result.attribute[0].separation;
}

/* grad less base (NULL: 0) is sign times the slope of `loss` along x, at up to forty places. */
static void expect_slopes(metric_world *w, double (*loss)(const metric_world *w), float *x,
                          const float *grad, const float *base, size_t n, double sign)
{
    enum { MOST = 240 };
    float want[MOST] = { 0 };
    double slope[MOST] = { 0 }, largest = 0;
    const size_t stride = n > 40 ? n / 40 : 1;
    cr_assert_leq(n, MOST);
    for (size_t i = 0; i < n; i++) want[i] = grad[i] - (base ? base[i] : 0);
    for (size_t i = 0; i < n; i += stride) {
        const float kept = x[i], step = 0x1p-11f;
        x[i] = kept + step;
        metric_run(w);
        const double above = loss(w);
        x[i] = kept - step;
        metric_run(w);
        slope[i] = sign * (above - loss(w)) / (2 * (double)step);
        largest = fmax(largest, fabs(slope[i]));
        x[i] = kept;
    }
    cr_assert_gt(largest, 1e-5);
    for (size_t i = 0; i < n; i += stride)
        cr_assert_float_eq(want[i], slope[i], 5e-3 * largest,
                           "item %zu of %zu: %g, expected %g", i, n, (double)want[i], slope[i]);
}

/* As above, for a parameter and against the parameter's gradient in `base`. */
static void expect_param(metric_world *w, double (*loss)(const metric_world *w),
                         const char *name, const metric_world *base, double sign)
{
    float grad[240], other[240];
    metric_run(w);
    const fdml_param *param = metric_param(w, name);
    cr_assert_leq(param->n, 240);
    memcpy(grad, param->grad, param->n * sizeof *grad);
    if (base) memcpy(other, metric_param(base, name)->grad, param->n * sizeof *other);
    expect_slopes(w, loss, param->value, grad, base ? other : NULL, param->n, sign);
}

static void expect_dh(metric_world *w, double (*loss)(const metric_world *w),
                      const metric_world *base, double sign)
{
    float dh[MW_ROWS * MW_IN];
    metric_run(w);
    memcpy(dh, w->dh, sizeof dh);
    expect_slopes(w, loss, w->h, dh, base ? base->dh : NULL, MW_ROWS * MW_IN, sign);
}

/* --- gradients --------------------------------------------------------------------------- */

Test(train_parade, total_loss_has_the_slopes_where_nothing_is_reversed)
{
    metric_world w;
    fdml_metric_options o = metric_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    a[0].alpha = 0.4, a[0].rho = 5, a[0].separation = FDML_SEPARATION_COVARIANCE;
    a[1].alpha = 0.7, a[1].separation = FDML_SEPARATION_NONE;
    a[0].detach = a[1].detach = false;
    o.attribute = a, o.n_attributes = 2;
    metric_open(&w, &o);
    expect_dh(&w, total, NULL, 1);
    for (size_t p = 0; p < w.params.n; p++) expect_param(&w, total, w.item[p].name, NULL, 1);
    cr_assert_float_eq(w.result.loss,
                       w.result.objective.loss + 0.4 * w.result.attribute[0].objective.loss +
                           w.result.attribute[0].separation +
                           0.7 * w.result.attribute[1].objective.loss,
                       1e-12);
    metric_close(&w);
}

/* Worlds with an attribute that is separated only, and without it. */
static void open_separated(metric_world *w, metric_world *base, fdml_attribute_options *a)
{
    fdml_metric_options o = metric_options();
    metric_open(base, &o);
    metric_run(base);
    o.attribute = a, o.n_attributes = 1;
    metric_open(w, &o);
    metric_run(w);
}

Test(train_parade, diva_reverses_what_trunk_and_heads_receive)
{
    metric_world w, base;
    fdml_attribute_options a = metric_attribute("color");
    a.rho = 2, a.detach = false;
    open_separated(&w, &base, &a);
    expect_dh(&w, separation, &base, -1);
    expect_param(&w, separation, "head.weight", &base, -1);
    expect_param(&w, separation, "head.bias", &base, -1);
    expect_param(&w, separation, "attribute.color.weight", NULL, -1);
    expect_param(&w, separation, "separation.color.w1", NULL, 1);
    expect_param(&w, separation, "separation.color.c2", NULL, 1);
    metric_run(&w);
    const fdml_attribute_result *r = &w.result.attribute[0];
    cr_assert_float_eq(r->rho, 2. * MW_DIM * MW_DIM, 1e-12);
    cr_assert_float_eq(r->measure, -r->separation / 2, 1e-12); /* L_sep D^2 / rho */
    cr_assert(r->is_heavy);
    cr_assert_float_eq(w.result.loss, w.result.objective.loss + r->separation, 1e-12);
    metric_close(&w), metric_close(&base);
}

Test(train_parade, adversarial_reverses_and_covariance_does_not)
{
    for (int is_probe = 0; is_probe < 2; is_probe++) {
        metric_world w, base;
        fdml_attribute_options a = metric_attribute("color");
        a.rho = 3;
        a.separation = is_probe ? FDML_SEPARATION_ADVERSARIAL : FDML_SEPARATION_COVARIANCE;
        open_separated(&w, &base, &a);
        expect_dh(&w, separation, &base, is_probe ? -1 : 1);
        expect_param(&w, separation, "head.weight", &base, is_probe ? -1 : 1);
        if (is_probe) expect_param(&w, separation, "separation.color.w2", NULL, 1);
        cr_assert_eq(w.params.n, base.params.n + (is_probe ? 4 : 0)); /* no head of z */
        cr_assert_not(w.result.attribute[0].is_heavy);
        metric_close(&w), metric_close(&base);
    }
}

/* --- what an attribute may not change ---------------------------------------------------- */

/* Distance-weighted mining and learned margins draw random numbers, which must not shift. */
static fdml_metric_options margin_options(void)
{
    fdml_metric_options o = metric_options();
    o.objective.name = "margin";
    o.objective.miner.same_attribute_negatives = 0;
    return o;
}

Test(train_parade, alpha_and_rho_0_are_the_baseline_in_the_same_bits)
{
    metric_world base, w;
    fdml_metric_options o = margin_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    metric_open(&base, &o);
    a[1].rho = 7, a[1].separation = FDML_SEPARATION_NONE; /* which counts as 0 */
    o.attribute = a, o.n_attributes = 2;
    metric_open(&w, &o);
    cr_assert_eq(w.params.n, base.params.n);
    for (w.step = base.step = 0; w.step < 5; w.step++, base.step++) {
        metric_run(&base), metric_run(&w);
        metric_expect_same(&base, &w);
        cr_assert_arr_eq(&w.result.loss, &base.result.loss, sizeof(double));
        cr_assert_not(w.result.attribute[0].is_active || w.result.attribute[1].is_active);
        cr_assert_gt(base.result.objective.n_active, 0);
    }
    metric_close(&w), metric_close(&base);
}

Test(train_parade, a_detached_attribute_head_leaves_trunk_and_class_head_their_bits)
{
    metric_world base, w;
    fdml_metric_options o = margin_options();
    fdml_attribute_options a = metric_attribute("color");
    metric_open(&base, &o);
    a.alpha = 0.3;
    o.attribute = &a, o.n_attributes = 1;
    metric_open(&w, &o);
    for (w.step = base.step = 0; w.step < 3; w.step++, base.step++) {
        metric_run(&base), metric_run(&w);
        metric_expect_same(&base, &w);
        cr_assert_gt(w.result.attribute[0].objective.n_active, 0);
        float most = 0;
        const fdml_param *weight = metric_param(&w, "attribute.color.weight");
        for (size_t i = 0; i < weight->n; i++) most = fmaxf(most, fabsf(weight->grad[i]));
        cr_assert_gt(most, 1e-4f);
    }
    metric_close(&w), metric_close(&base);
}

Test(train_parade, detached_z_learns_from_diva_and_tells_the_trunk_nothing)
{
    metric_world detached, keeps, base;
    fdml_attribute_options a = metric_attribute("color");
    a.rho = 2;
    open_separated(&detached, &base, &a);
    a.detach = false, a.keeps_z = true;
    metric_close(&base);
    open_separated(&keeps, &base, &a);
    cr_assert_arr_eq(detached.dh, keeps.dh, sizeof keeps.dh); /* both: through f alone */
    cr_assert_arr_neq(detached.dh, base.dh, sizeof base.dh);
    const fdml_param *moved = metric_param(&detached, "attribute.color.weight");
    const fdml_param *idle = metric_param(&keeps, "attribute.color.weight");
    cr_assert(!*moved->is_idle && *idle->is_idle);
    expect_param(&detached, separation, "attribute.color.weight", NULL, -1);
    metric_close(&detached), metric_close(&keeps), metric_close(&base);
}

/* --- unknown codes ----------------------------------------------------------------------- */

Test(train_parade, rows_of_unknown_code_take_no_part)
{
    enum { KNOWN = 15 };
    metric_world w, few;
    fdml_metric_options o = metric_options();
    fdml_attribute_options a = metric_attribute("color");
    a.alpha = 0.5, a.rho = 0.1;
    o.attribute = &a, o.n_attributes = 1;
    metric_open(&w, &o), metric_open(&few, &o);
    for (size_t i = 0, at = 0; i < MW_ROWS; i++) {
        if (i % 8 > 4) {
            w.color[i] = FDML_ATTRIBUTE_UNKNOWN;
            continue;
        }
        memcpy(few.h + at * MW_IN, w.h + i * MW_IN, MW_IN * sizeof(float));
        few.label[at] = w.label[i], few.color[at++] = w.color[i];
    }
    metric_run(&w);
    const fdml_metric_batch batch = { few.h, KNOWN, few.label, few.attribute, 0 };
    cr_assert_eq(fdml_metric_heads_run(few.heads, &batch, few.dh, &few.result, &few.work, NULL),
                 FDML_OK);
    cr_assert_arr_eq(&w.result.attribute[0], &few.result.attribute[0],
                     sizeof few.result.attribute[0]);
    cr_assert_eq(w.result.attribute[0].n_rows, KNOWN);
    for (size_t p = 0; p < w.params.n; p++)
        if (w.item[p].is_idle) /* all of the attribute's */
            cr_assert_arr_eq(w.item[p].grad, few.item[p].grad, w.item[p].n * sizeof(float));

    metric_world none, base;
    o.n_attributes = 0;
    metric_open(&base, &o);
    o.n_attributes = 1;
    metric_open(&none, &o);
    for (size_t i = 0; i < MW_ROWS; i++) none.color[i] = FDML_ATTRIBUTE_UNKNOWN;
    metric_run(&base), metric_run(&none);
    metric_expect_same(&base, &none);
    cr_assert_not(none.result.attribute[0].is_active);
    cr_assert(*metric_param(&none, "separation.color.w1")->is_idle);
    metric_close(&w), metric_close(&few), metric_close(&none), metric_close(&base);
}

Test(train_parade, an_unknown_row_receives_nothing_from_the_attribute)
{
    metric_world w, base;
    fdml_attribute_options a = metric_attribute("color");
    a.alpha = 0.5, a.rho = 1, a.detach = false;
    open_separated(&w, &base, &a);
    w.color[3] = FDML_ATTRIBUTE_UNKNOWN;
    metric_run(&w);
    for (size_t i = 0; i < MW_ROWS; i++)
        cr_assert_eq(!memcmp(w.dh + i * MW_IN, base.dh + i * MW_IN, MW_IN * sizeof(float)),
                     i == 3, "row %zu", i);
    metric_close(&w), metric_close(&base);
}
