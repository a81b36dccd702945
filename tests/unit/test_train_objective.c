/* test_train_objective.c - the list of objectives, their settings, parameters and messages, and
 * what restrictions by attribute do to each.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "objective_case.h"
#include "scratch.h"

enum { N = 12, DIM = 8, CLASSES = 4 };
static const uint32_t labels[N] = { 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3 };
static const uint32_t attributes[N] = { 0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 1 };

static fdml_objective_options margin_options(void)
{
    return (fdml_objective_options){ .name = "margin",
                                     .dim = DIM,
                                     .n_classes = CLASSES,
                                     .kernels = fdml_kernels_best(),
                                     .miner = fdml_miner_defaults };
}

Test(train_objective_list, is_that_of_the_benchmark)
{
    static const char *const names[] = {
        "contrastive", "triplet",         "margin",      "npair",     "lifted",     "arcface",
        "proxynca",    "multisimilarity", "snr",         "histogram", "quadruplet", "angular",
        "normsoftmax", "softtriple",      "proxyanchor", "supcon",    "ntxent"
    };
    const size_t n = sizeof names / sizeof *names;
    for (size_t i = 0; i < n; i++) {
        const fdml_objective_info *info = fdml_objective_list(i);
        cr_assert_str_eq(info->name, names[i]);
        cr_expect_eq(fdml_objective_find(names[i], NULL), info);
        cr_expect(info->formula && info->source);
        cr_expect_eq(info->mines, info->miner != FDML_MINER_DEFAULT);
        cr_expect_eq(info->wants_unit_rows, i != 3 && i != 4, "%s", names[i]);
        for (size_t k = 0; k < info->n_settings; k++) {
            const fdml_objective_setting *s = &info->setting[k];
            cr_expect(s->low <= s->value && s->value <= s->high && s->help, "%s", s->name);
        }
    }
    cr_expect_null(fdml_objective_list(n));
}

static void expect_refused(const fdml_objective_options *options, const char *text)
{
    fdml_error err = { 0 };
    fdml_objective *objective = NULL;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    scratch_expect_error(fdml_objective_new(&objective, options, &arena, &err), &err,
                         FDML_E_ARG, text);
    cr_expect_null(objective);
    fdml_arena_close(&arena);
}

Test(train_objective_list, mistakes_are_named)
{
    fdml_objective_setting setting = { .name = "gama", .value = 1 };
    fdml_objective_options o = margin_options();
    o.name = "multisimilarty";
    expect_refused(&o, "objective 'multisimilarty' is unknown; did you mean multisimilarity?");
    o = margin_options();
    o.setting = &setting;
    o.n_settings = 1;
    expect_refused(&o, "objective 'margin' has no setting 'gama'; did you mean gamma?");
    setting = (fdml_objective_setting){ .name = "gamma", .value = -1 };
    expect_refused(&o, "objective 'margin': gamma is -1, expected 0 to 4");
    setting.value = NAN;
    expect_refused(&o, "objective 'margin': gamma is nan, expected 0 to 4");
    setting = (fdml_objective_setting){ .name = "learn_beta", .value = 0.5 };
    expect_refused(&o, "objective 'margin': learn_beta is 0.5, expected a whole number");
    o = margin_options();
    o.miner.same_attribute_negatives = 1.5f;
    expect_refused(&o,
                   "miner: probability of same-attribute negatives is 1.5, expected 0 to 1");
    o = margin_options();
    o.dim = 0;
    expect_refused(&o, "objective 'margin': dim is 0, expected 1 to 1048576");
    o = margin_options();
    o.n_classes = 0;
    expect_refused(&o, "objective 'margin': classes are 0, expected 1 to 4294967295");

    fdml_error err;
    fdml_miner_kind kind = FDML_MINER_ALL;
    scratch_expect_error(fdml_miner_parse(&kind, "semi_hard", &err), &err, FDML_E_ARG,
                         "miner 'semi_hard' is unknown; did you mean semihard?");
    cr_expect_eq(kind, FDML_MINER_ALL);
    for (int k = 0; k < FDML_MINER_COUNT; k++) {
        cr_expect_eq(fdml_miner_parse(&kind, fdml_miner_name((fdml_miner_kind)k), NULL),
                     FDML_OK);
        cr_expect_eq((int)kind, k);
    }
}

static void expect_run_refused(const fdml_objective_options *o, const fdml_objective_batch *b,
                               const char *text)
{
    float df[N * DIM];
    fdml_error err;
    fdml_objective_result result = { .n_tuples = 77 };
    objective_case c;
    objective_open(&c, o);
    scratch_expect_error(fdml_objective_run(c.objective, b, df, &result, &c.arena, &err), &err,
                         FDML_E_ARG, text);
    cr_expect_eq(result.n_tuples, 77u);
    objective_close(&c);
}

Test(train_objective_list, batches_must_have_what_options_need)
{
    static const uint32_t beyond[N] = { [5] = CLASSES };
    float f[N * DIM];
    objective_rows(f, labels, N, DIM, true, 1);
    fdml_objective_options o = margin_options();
    fdml_objective_batch b = { .f = f, .n = N, .label = beyond };
    expect_run_refused(&o, &b, "objective 'margin': row 5 has label 4, classes are 4");
    b.label = labels;
    o.miner.same_attribute_negatives = 0.5f;
    expect_run_refused(&o, &b,
                       "objective 'margin': negatives or positives by attribute need a batch "
                       "with attributes");
    o = margin_options();
    o.miner.other_class_positives = true;
    expect_run_refused(&o, &b,
                       "objective 'margin': positives of another class need a batch with other "
                       "labels");
}

/* --- parameters ----------------------------------------------------------------------- */

Test(train_objective_list, parameters_have_their_own_rate_and_no_decay)
{
    static const struct {
        const char *name, *param;
        size_t n;
    } has[] = { { "margin", "loss.beta", CLASSES },
                { "arcface", "loss.weights", CLASSES * DIM },
                { "proxynca", "loss.proxies", CLASSES * DIM },
                { "normsoftmax", "loss.weights", CLASSES * DIM },
                { "softtriple", "loss.centres", CLASSES * 10 * DIM },
                { "proxyanchor", "loss.proxies", CLASSES * DIM } };
    size_t k = 0;
    for (size_t i = 0; fdml_objective_list(i); i++) {
        objective_case c;
        fdml_objective_options o = margin_options();
        o.name = fdml_objective_list(i)->name;
        o.parameter_lr = i % 2 ? 0 : 0.25f;
        objective_open(&c, &o);
        if (k < 6 && !strcmp(o.name, has[k].name)) {
            const fdml_param *p = &c.param[0];
            cr_assert_eq(c.params.n, 1u);
            cr_expect_str_eq(p->name, has[k].param);
            cr_expect_eq(p->n, has[k].n);
            cr_expect(p->no_decay && p->grad);
            cr_expect_eq(p->lr, i % 2 ? 5e-4f : 0.25f);
            fdml_error err;
            char text[96];
            snprintf(text, sizeof text, "objective '%s': the list of 1 parameters is full",
                     o.name);
            scratch_expect_error(
                fdml_objective_params(c.objective, &c.params, "x", &c.arena, &err), &err,
                FDML_E_LIMIT, text);
            k++;
        } else {
            cr_expect_eq(c.params.n, 0u, "%s", o.name);
        }
        objective_close(&c);
    }
    cr_assert_eq(k, 6u);
}

Test(train_objective_list, parameters_begin_as_settings_and_seed_say)
{
    objective_case a, b;
    fdml_objective_setting setting[2] = { { .name = "beta", .value = 0.7 },
                                          { .name = "learn_beta", .value = 0 } };
    fdml_objective_options o = margin_options();
    objective_open(&a, &o);
    for (size_t i = 0; i < CLASSES; i++) cr_expect_eq(a.param[0].value[i], 1.2f);
    objective_close(&a);
    o.setting = setting;
    o.n_settings = 2;
    objective_open(&a, &o);
    for (size_t i = 0; i < CLASSES; i++) cr_expect_eq(a.param[0].value[i], 0.7f);
    cr_expect_null(a.param[0].grad, "a beta that is not learned is a buffer");
    objective_close(&a);

    o = margin_options();
    o.name = "softtriple";
    o.dim = 64;
    o.n_classes = 50;
    objective_open(&a, &o);
    double sum = 0;
    for (size_t i = 0; i < a.param[0].n; i++)
        sum += (double)a.param[0].value[i] * (double)a.param[0].value[i];
    cr_expect_float_eq(sum / 500, 1, 0.05, "mean squared length is %g", sum / 500);
    objective_open(&b, &o);
    cr_expect_eq(memcmp(a.param[0].value, b.param[0].value, 4 * a.param[0].n), 0);
    objective_close(&b);
    o.seed = 1;
    objective_open(&b, &o);
    cr_expect_neq(memcmp(a.param[0].value, b.param[0].value, 4 * a.param[0].n), 0);
    objective_close(&b);
    o.seed = 0;
    o.head = 1;
    objective_open(&b, &o);
    cr_expect_neq(memcmp(a.param[0].value, b.param[0].value, 4 * a.param[0].n), 0);
    objective_close(&b);
    objective_close(&a);
}

/* --- restrictions --------------------------------------------------------------------- */

static double loss_of(const fdml_objective_info *info, float p, const uint32_t *attribute,
                      float df[N * DIM])
{
    float f[N * DIM];
    objective_case c;
    fdml_objective_options o = margin_options();
    o.name = info->name;
    o.miner.same_attribute_negatives = p;
    objective_open(&c, &o);
    objective_rows(f, labels, N, DIM, info->wants_unit_rows, 2);
    fdml_objective_batch batch = { .f = f, .n = N, .label = labels, .attribute = attribute };
    double loss = 0; /* of four steps: a draw may happen to keep to the attribute anyway */
    for (; batch.step < 4; batch.step++) loss += objective_run(&c, &batch, df).loss;
    objective_close(&c);
    return loss;
}

/* Restricted to the anchor's attribute, every loss of pairs has fewer negatives and another
 * value; where all rows have one attribute the restriction is none, and the bits are the same.
 * Losses of classes have no negatives that it could be about. */
Test(train_objective_list, every_loss_of_pairs_keeps_to_the_attribute)
{
    static const uint32_t equal[N];
    const fdml_objective_info *info;
    size_t n_changed = 0;
    for (size_t i = 0; (info = fdml_objective_list(i)) != NULL; i++) {
        float plain[N * DIM], same[N * DIM];
        const double loss = loss_of(info, 0, NULL, plain);
        cr_expect_eq(loss_of(info, 1, equal, same), loss, "%s", info->name);
        cr_expect_eq(memcmp(plain, same, sizeof plain), 0, "%s", info->name);
        n_changed += loss_of(info, 1, attributes, same) != loss;
    }
    cr_expect_eq(n_changed, 12u);
}
