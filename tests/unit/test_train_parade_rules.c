/* test_train_parade_rules.c - names, schedules, measures, errors and bits of train/parade.h.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "train/optim.h"

#include "metric_world.h"
#include "scratch.h"

/* Diva and a probe on one world; neither detached. */
static void open_both(metric_world *w, const fdml_kernels *kernels, int n_threads)
{
    fdml_metric_options o = metric_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    a[0].alpha = 0.3, a[0].rho = 0.1, a[0].detach = false;
    a[1].alpha = 0.2, a[1].rho = 0.5, a[1].separation = FDML_SEPARATION_ADVERSARIAL;
    a[1].separation_lr = 0.25f;
    o.attribute = a, o.n_attributes = 2;
    o.kernels = kernels, o.n_threads = n_threads;
    metric_open(w, &o);
}

Test(train_parade_rules, names_its_parameters)
{
    static const char *const want[] = { "head.weight",
                                        "head.bias",
                                        "loss.weights",
                                        "attribute.color.weight",
                                        "attribute.color.bias",
                                        "attribute.color.loss.weights",
                                        "separation.color.w1",
                                        "separation.color.c1",
                                        "separation.color.w2",
                                        "separation.color.c2",
                                        "attribute.size.weight",
                                        "attribute.size.bias",
                                        "attribute.size.loss.weights",
                                        "separation.size.w1",
                                        "separation.size.c1",
                                        "separation.size.w2",
                                        "separation.size.c2" };
    metric_world w;
    open_both(&w, fdml_kernels_best(), 1);
    cr_assert_eq(w.params.n, sizeof want / sizeof *want);
    for (size_t p = 0; p < w.params.n; p++) {
        const bool is_separation = !strncmp(want[p], "separation", 10);
        cr_assert_str_eq(w.item[p].name, want[p]);
        cr_assert_eq(w.item[p].no_decay, is_separation || strstr(want[p], "loss") != NULL);
        cr_assert_eq(w.item[p].is_idle != NULL, p > 2);
        cr_assert_eq((uintptr_t)w.item[p].value % 64, 0);
    }
    cr_assert_eq(metric_param(&w, "separation.size.w1")->lr, 0.25f);
    cr_assert_eq(metric_param(&w, "separation.color.w1")->lr, 0);
    cr_assert_eq(metric_param(&w, "separation.color.w1")->n, 9u * 5);
    cr_assert_eq(metric_param(&w, "separation.color.w2")->n, (size_t)MW_DIM * 9);
    cr_assert_eq(metric_param(&w, "separation.size.w2")->n, (size_t)MW_SIZES * 9);
    metric_close(&w);
}

/* No two matrices begin alike: compared where they are of one size. */
Test(train_parade_rules, draws_first_weights_of_its_own_for_every_layer)
{
    metric_world w;
    fdml_metric_options o = metric_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    for (int k = 0; k < 2; k++) {
        a[k].alpha = a[k].rho = 0.1;
        a[k].dim = a[k].n_hidden = MW_DIM;
    }
    o.n_in = MW_DIM, o.attribute = a, o.n_attributes = 2;
    metric_open(&w, &o);
    size_t n_pairs = 0;
    for (size_t p = 0; p < w.params.n; p++)
        for (size_t q = 0; q < p; q++) {
            if (w.item[p].n != w.item[q].n) continue;
            cr_assert_arr_neq(w.item[p].value, w.item[q].value, w.item[p].n * sizeof(float),
                              "%s and %s", w.item[p].name, w.item[q].name);
            n_pairs++;
        }
    cr_assert_geq(n_pairs, 21 + 21); /* seven matrices, and their biases */
    metric_close(&w);
}

Test(train_parade_rules, has_the_same_bits_for_any_threads_and_instruction_set)
{
    metric_world one, other;
    open_both(&one, fdml_kernels_find("scalar"), 1);
    metric_run(&one);
    const fdml_kernels *k;
    for (size_t i = 0; (k = fdml_kernels_list(i)); i++) {
        open_both(&other, k, 3);
        metric_run(&other);
        metric_expect_same(&one, &other);
        cr_assert_arr_eq(&one.result.loss, &other.result.loss, sizeof(double));
        cr_assert_arr_eq(&one.result.attribute[1].separation,
                         &other.result.attribute[1].separation, sizeof(double));
        metric_close(&other);
    }
    metric_close(&one);
}

/* alpha begins at step 2, rho at step 4 and grows over four steps. */
Test(train_parade_rules, follows_schedules_and_idles_before_them)
{
    metric_world w, base;
    fdml_metric_options o = metric_options();
    metric_open(&base, &o);
    metric_run(&base);
    fdml_attribute_options a = metric_attribute("color");
    a.alpha = 0.5, a.rho = 0.2, a.detach = false;
    a.alpha_schedule.start = 2;
    a.rho_schedule.start = 4, a.rho_schedule.warmup = 4;
    o.attribute = &a, o.n_attributes = 1;
    metric_open(&w, &o);
    const bool *head = metric_param(&w, "attribute.color.weight")->is_idle;
    const bool *loss = metric_param(&w, "attribute.color.loss.weights")->is_idle;
    const bool *net = metric_param(&w, "separation.color.w1")->is_idle;
    cr_assert(*head && *loss && *net);
    for (w.step = 0; w.step < 10; w.step++) {
        const uint64_t t = w.step;
        metric_run(&w);
        if (t < 2) metric_expect_same(&base, &w);
        const fdml_attribute_result *r = &w.result.attribute[0];
        cr_assert_eq(r->alpha, t < 2 ? 0 : 0.5);
        const double share = t < 4 ? 0 : t < 8 ? (double)(t - 4) / 4 : 1;
        cr_assert_float_eq(r->rho, 0.2 * MW_DIM * MW_DIM * share, 1e-12);
        cr_assert_eq(*head, t < 2);
        cr_assert_eq(*loss, t < 2);
        cr_assert_eq(*net, t < 5);
        cr_assert_eq(r->is_active, t >= 2);
        cr_assert_not(r->is_heavy);
    }
    metric_close(&w), metric_close(&base);
}

Test(train_parade_rules, diva_may_go_from_the_class_to_the_attribute)
{
    metric_world w;
    fdml_metric_options o = metric_options();
    fdml_attribute_options a = metric_attribute("color");
    a.rho = 0.1, a.is_from_class = true;
    o.attribute = &a, o.n_attributes = 1;
    metric_open(&w, &o);
    metric_run(&w);
    cr_assert_eq(metric_param(&w, "separation.color.w1")->n, 9u * MW_DIM);
    cr_assert_eq(metric_param(&w, "separation.color.w2")->n, 5u * 9);
    cr_assert_float_eq(w.result.attribute[0].rho, 0.1 * 25, 1e-12); /* D of z */
    cr_assert_float_eq(w.result.attribute[0].measure, -w.result.attribute[0].separation / 0.1,
                       1e-12);
    metric_close(&w);
}

static double squared_distance(const float *f, const float *g)
{
    double sum = 0;
    for (size_t d = 0; d < MW_DIM; d++)
        sum += ((double)f[d] - (double)g[d]) * ((double)f[d] - (double)g[d]);
    return sum;
}

Test(train_parade_rules, measures_the_distance_between_classes)
{
    metric_world w;
    fdml_metric_options o = metric_options();
    float f[MW_ROWS * MW_DIM];
    metric_open(&w, &o);
    metric_run(&w);
    cr_assert_eq(fdml_metric_heads_dim(w.heads), MW_DIM);
    cr_assert_eq(fdml_metric_heads_embed(w.heads, f, w.h, MW_ROWS, &w.work, NULL), FDML_OK);
    double sum = 0, n_pairs = 0;
    for (size_t i = 0; i < MW_ROWS; i++)
        for (size_t j = 0; j < i; j++) {
            if (w.label[i] == w.label[j]) continue;
            sum += squared_distance(f + i * MW_DIM, f + j * MW_DIM);
            n_pairs++;
        }
    cr_assert_float_eq(w.result.inter_class_distance, sum / n_pairs, 1e-6);
    memset(w.label, 0, sizeof w.label);
    metric_run(&w);
    cr_assert(isnan(w.result.inter_class_distance));
    metric_close(&w);
}

Test(train_parade_rules, embeds_each_row_for_itself)
{
    metric_world w;
    for (int is_npair = 0; is_npair < 2; is_npair++) {
        fdml_metric_options o = metric_options();
        float all[MW_ROWS * MW_DIM], one[MW_DIM];
        if (is_npair) o.objective.name = "npair";
        metric_open(&w, &o);
        cr_assert_eq(fdml_metric_heads_embed(w.heads, all, w.h, MW_ROWS, &w.work, NULL),
                     FDML_OK);
        for (size_t i = 0; i < MW_ROWS; i++) {
            const float zero[MW_DIM] = { 0 };
            cr_assert_eq(
                fdml_metric_heads_embed(w.heads, one, w.h + i * MW_IN, 1, &w.work, NULL),
                FDML_OK);
            cr_assert_arr_eq(one, all + i * MW_DIM, sizeof one);
            const double length2 = squared_distance(one, zero);
            cr_assert_eq(fabs(length2 - 1) < 1e-6, !is_npair); /* npair wants no unit rows */
        }
        metric_close(&w);
    }
}

Test(train_parade_rules, moves_to_a_lower_loss)
{
    metric_world w;
    fdml_optim *optim;
    open_both(&w, fdml_kernels_best(), 2);
    fdml_optim_options adam = fdml_optim_defaults;
    adam.lr = 0.01, adam.kernels = fdml_kernels_best(), adam.n_threads = 2;
    cr_assert_eq(fdml_optim_new(&optim, &adam, &w.params, &w.arena, NULL), FDML_OK);
    metric_run(&w);
    const fdml_metric_result first = w.result;
    for (w.step = 0; w.step < 200; w.step++) {
        metric_run(&w);
        cr_assert_eq(fdml_optim_step(optim, 1, NULL, NULL), FDML_OK);
    }
    cr_assert_lt(w.result.objective.loss, first.objective.loss / 2);
    cr_assert_lt(w.result.attribute[0].objective.loss, first.attribute[0].objective.loss / 2);
    metric_close(&w);
}

/* --- mistakes ---------------------------------------------------------------------------- */

static void expect_refusal(const fdml_metric_options *o, const char *text)
{
    fdml_arena arena;
    fdml_error err;
    fdml_metric_heads *heads;
    fdml_arena_init(&arena, 0);
    scratch_expect_error(fdml_metric_heads_new(&heads, o, &arena, &err), &err, FDML_E_ARG,
                         text);
    fdml_arena_close(&arena);
}

Test(train_parade_rules, names_what_is_wrong_with_options)
{
    fdml_metric_options o = metric_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    o.attribute = a, o.n_attributes = 2;
    a[1].alpha = -1;
    expect_refusal(&o, "attribute 'size': alpha is -1, expected 0 to 1e9");
    a[1].alpha = 0, a[1].rho = NAN;
    expect_refusal(&o, "attribute 'size': rho is nan, expected 0 to 1e9");
    a[1].rho = 0, a[1].name = "color";
    expect_refusal(&o, "attribute 'color' is named twice");
    a[1].name = "";
    expect_refusal(&o, "attribute 2 has no name");
    a[1] = metric_attribute("size");
    a[1].n_values = 0;
    expect_refusal(&o, "attribute 'size' has 0 values");
    a[1] = metric_attribute("size");
    a[1].alpha_schedule.warmup_from = 2;
    expect_refusal(&o, "alpha: warmup_from is 2, expected 0 to 1");
    a[1] = metric_attribute("size");
    fdml_objective_options own = o.objective;
    own.miner.same_attribute_negatives = 0.5f;
    a[1].objective = &own;
    expect_refusal(&o, "attribute 'size': its own miner cannot go by an attribute");
    o.n_attributes = 0, o.dim = 0;
    expect_refusal(&o, "the dimension of the embedding is 0, expected 1 to 65536");
    o = metric_options();
    o.objective.miner.same_attribute_negatives = 0.5f;
    expect_refusal(&o, "mining goes by attribute 1, but there are 0 attributes");
}

Test(train_parade_rules, names_the_row_of_a_code_too_large)
{
    metric_world w;
    fdml_error err;
    open_both(&w, fdml_kernels_best(), 1);
    fdml_metric_batch batch = { w.h, MW_ROWS, w.label, w.attribute, 0 };
    w.color[7] = MW_COLORS;
    scratch_expect_error(fdml_metric_heads_run(w.heads, &batch, w.dh, &w.result, &w.work, &err),
                         &err, FDML_E_DATA,
                         "row 7 has value 3 of attribute 'color', which has 3");
    w.color[7] = 0, w.label[9] = MW_CLASSES;
    scratch_expect_error(fdml_metric_heads_run(w.heads, &batch, w.dh, &w.result, &w.work, &err),
                         &err, FDML_E_DATA, "row 9 has class 4, but there are 4 classes");
    w.label[9] = 0, batch.attribute = NULL;
    scratch_expect_error(fdml_metric_heads_run(w.heads, &batch, w.dh, &w.result, &w.work, &err),
                         &err, FDML_E_ARG, "attribute 'color' has no codes");
    metric_close(&w);
}

Test(train_parade_rules, says_when_memory_is_short)
{
    metric_world w;
    open_both(&w, fdml_kernels_best(), 1);
    w.color[2] = FDML_ATTRIBUTE_UNKNOWN;
    const fdml_metric_batch batch = { w.h, MW_ROWS, w.label, w.attribute, 0 };
    fdml_status status = FDML_E_NOMEM;
    size_t n_short = 0;
    for (size_t limit = 64; status != FDML_OK; limit += 256, n_short++) {
        fdml_arena small;
        fdml_arena_init(&small, limit);
        status = fdml_metric_heads_run(w.heads, &batch, w.dh, &w.result, &small, NULL);
        cr_assert(status == FDML_OK || status == FDML_E_NOMEM);
        cr_assert_eq(small.used, 0);
        fdml_arena_close(&small);
    }
    cr_assert_gt(n_short, 20);
    metric_close(&w);
}

Test(train_parade_rules, a_step_without_a_trunk_has_the_same_gradients)
{
    metric_world w, other;
    open_both(&w, fdml_kernels_best(), 1);
    open_both(&other, fdml_kernels_best(), 1);
    metric_run(&w), metric_run(&other);
    const fdml_metric_batch batch = { w.h, MW_ROWS, w.label, w.attribute, 0 };
    for (size_t p = 0; p < w.params.n; p++)
        memset(w.item[p].grad, 0xff, w.item[p].n * sizeof(float));
    cr_assert_eq(fdml_metric_heads_run(w.heads, &batch, NULL, &w.result, &w.work, NULL),
                 FDML_OK);
    metric_expect_same(&w, &other);
    metric_close(&w), metric_close(&other);
}
