/* test_train_objective_golden.c - losses and gradients that others have computed.
 *
 * objective_vectors.c is PyTorch's, in double, by formulas written independently.
 * shared/oracles holds losses of pytorch-metric-learning's tests for points on an arc; where an
 * objective is defined as there, it must give that number.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "objective_case.h"
#include "scratch.h"

enum { DIM = 4, CLASSES = 5 };

/* Largest difference in units of the largest item. */
static double worst(const float *got, const double *want, size_t n)
{
    double most = 1e-6, difference = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(want[i]));
        const double off = fabs((double)got[i] - want[i]);
        if (!(off <= difference)) difference = off; /* NaN stays */
    }
    return difference / most;
}

/* Pairs are computed in double, of floats: what remains is the rounding of the result, 2^-24 of
 * it. Classes are in float: cosines have an error of some 2^-24 each, which a scale of up to 32
 * in the exponent makes 32 times as large, relatively. */
static double tolerance_of(const objective_vector *v)
{
    return v->n_params == 0 || v->n_params == CLASSES ? 1e-7 : 2e-5;
}

Test(train_objective, gradients_are_those_of_autograd)
{
    for (const objective_vector *v = objective_vectors; v->name; v++) {
        float df[8 * DIM];
        objective_case c;
        fdml_objective_options options = { .name = v->name,
                                           .dim = DIM,
                                           .n_classes = CLASSES,
                                           .miner = fdml_miner_defaults,
                                           .setting = v->setting,
                                           .n_settings = v->n_settings };
        cr_assert_eq(fdml_miner_parse(&options.miner.kind, v->miner, NULL), FDML_OK);
        objective_open(&c, &options);
        cr_assert_eq(c.params.n ? c.param[0].n : 0, v->n_params, "%s", v->name);
        for (size_t i = 0; i < v->n_params; i++) c.param[0].value[i] = v->param[i];
        const fdml_objective_batch batch = { .f = v->f, .n = v->n, .label = v->label };
        const fdml_objective_result got = objective_run(&c, &batch, df);
        const double tolerance = tolerance_of(v);
        cr_expect_float_eq(got.loss / v->loss, 1, tolerance / 10,
                           "%s %s: loss %.15g, not %.15g", v->name, v->miner, got.loss,
                           v->loss);
        double off = worst(df, v->df, v->n * DIM);
        cr_expect(off <= tolerance, "%s %s: df off by %g", v->name, v->miner, off);
        if (v->n_params) {
            off = worst(c.param[0].grad, v->dparam, v->n_params);
            cr_expect(off <= tolerance, "%s %s: dparam off by %g", v->name, v->miner, off);
        }
        objective_close(&c);
    }
}

/* --- shared/oracles ------------------------------------------------------------------- */

static const fdml_json *find(const fdml_json *object, const char *key)
{
    const fdml_json *value = fdml_json_find(object, key);
    cr_assert_not_null(value, "no '%s'", key);
    return value;
}

static fdml_json *root;

static const fdml_json *fixture(void)
{
    const char *path = scratch_shared("oracles/metrics.json");
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    char *text = malloc(1 << 20);
    cr_assert_not_null(text);
    const size_t size = fread(text, 1, 1 << 20, file);
    fclose(file);
    cr_assert_eq(fdml_json_parse(&root, text, size, 1 << 20, 32, path, NULL), FDML_OK);
    free(text);
    for (const fdml_json *c = fdml_json_first(find(root, "cases")); c; c = fdml_json_next(c))
        if (!strcmp(fdml_json_text(find(c, "id")), "pml_losses_angle_fixture")) return c;
    cr_assert(false, "no fixture");
    return NULL;
}

/* The floats of points on an arc are off by 2^-25, which steep losses multiply. */
static void expect_fixture(const fdml_json *recomputed, const char *key, double got)
{
    double want = NAN;
    cr_assert(fdml_json_get_number(find(recomputed, key), &want));
    cr_expect_float_eq(got / want, 1, 2e-6, "%s: %.12g, not %.12g", key, got, want);
}

typedef struct arc {
    const char *name;
    double width, height; /* of the ellipse, before rows are brought to length 1 */
    const double *degrees;
    const uint32_t *label;
    size_t n;
    fdml_objective_setting setting[4];
    size_t n_settings;
} arc;

static double arc_loss(const arc *a)
{
    float f[2 * 8];
    objective_case c;
    fdml_objective_options options = { .name = a->name,
                                       .dim = 2,
                                       .n_classes = 4,
                                       .miner = fdml_miner_defaults,
                                       .setting = a->setting,
                                       .n_settings = a->n_settings };
    options.miner.kind = FDML_MINER_ALL;
    for (size_t i = 0; i < a->n; i++) {
        const double angle = a->degrees[i] * acos(-1) / 180;
        const double x = a->width * cos(angle), y = a->height * sin(angle);
        f[2 * i] = (float)(x / hypot(x, y));
        f[2 * i + 1] = (float)(y / hypot(x, y));
    }
    objective_open(&c, &options);
    const fdml_objective_batch batch = { .f = f, .n = a->n, .label = a->label };
    const double loss = objective_run(&c, &batch, NULL).loss;
    objective_close(&c);
    return loss;
}

Test(train_objective, losses_are_those_of_pytorch_metric_learning)
{
    static const double five[] = { 0, 20, 40, 60, 80 }, six[] = { 0, 10, 20, 50, 60, 80 };
    static const uint32_t five_label[] = { 0, 0, 1, 1, 2 }, six_label[] = { 0, 0, 0, 1, 1, 2 };
    const fdml_json *c = fixture(), *recomputed = find(c, "recomputed");
    arc a = { .width = 2, .height = 0.5, .degrees = five, .label = five_label, .n = 5 };

    a.name = "triplet"; /* there of distances, not of their squares */
    a.setting[0] = (fdml_objective_setting){ .name = "squared", .value = 0 };
    a.n_settings = 1;
    expect_fixture(recomputed, "triplet_m0_2_mean_over_12", arc_loss(&a));

    a.name = "margin";
    a.setting[0] = (fdml_objective_setting){ .name = "beta", .value = 1 };
    a.setting[1] = (fdml_objective_setting){ .name = "gamma", .value = 0.1 };
    a.n_settings = 2;
    expect_fixture(recomputed, "margin_beta1_m0_1", arc_loss(&a));

    /* The fifth row has no positive: here it is no anchor; there its negatives alone count, in
     * a mean over five. */
    a.name = "multisimilarity";
    a.setting[0] = (fdml_objective_setting){ .name = "alpha", .value = 0.1 };
    a.setting[1] = (fdml_objective_setting){ .name = "eps", .value = 10 }; /* drops no pair */
    const double x = 2 * cos(acos(-1) * 80 / 180), y = 0.5 * sin(acos(-1) * 80 / 180);
    double sum = 1;
    for (size_t i = 0; i < 4; i++) {
        const double u = 2 * cos(acos(-1) * five[i] / 180);
        const double v = 0.5 * sin(acos(-1) * five[i] / 180);
        sum += exp(40 * ((u * x + v * y) / (hypot(u, v) * hypot(x, y)) - 0.5));
    }
    expect_fixture(recomputed, "multisimilarity_0_1_40_0_5",
                   (4 * arc_loss(&a) + log(sum) / 40) / 5);

    a = (arc){ "supcon", 1, 1, six, six_label, 6, { { .name = NULL } }, 0 };
    const fdml_json *contrast = find(find(c, "ntxent"), "recomputed");
    expect_fixture(contrast, "supcon_cos", arc_loss(&a));
    a.name = "ntxent";
    expect_fixture(contrast, "ntxent_cos_pair_mean", arc_loss(&a));
    fdml_json_close(root);
}
