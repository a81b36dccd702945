/* test_train_trainer.c - the step as a whole: down the gradient, from any state, to the bit.
 *
 * The parts have tests of their own against finite differences and PyTorch. Here: a small step
 * of plain SGD must lower the loss by its rate times the squared norm of the gradient, which
 * holds only if trunk, heads, losses and optimiser fit together; and a state must be complete.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "model/net.h"
#include "train/trainer.h"

enum { N = 12, IN = 7, HIDDEN = 9, DIM = 5, CLASSES = 4, VALUES = 2 };

typedef struct world {
    fdml_arena arena;
    fdml_graph trunk;
    float x[N * IN];
    uint32_t label[N], attribute[N];
    const uint32_t *attributes[1];
    fdml_attribute_options of_attribute;
    fdml_trainer_options options;
} world;

/* Linear, batch normalisation, ReLU. */
static void build_trunk(world *w)
{
    fdml_error err = { 0 };
    fdml_weights weights = { 0 };
    const int64_t dim[] = { -1, IN };
    fdml_weights_invent(&weights, "trunk", 1, 0, &w->arena);
    fdml_net net = { .weights = &weights,
                     .arena = &w->arena,
                     .linear_rule = FDML_FIRST_UNIFORM,
                     .linear_size = HIDDEN };
    fdml_graph_builder_init(&net.builder, &w->arena, "trunk", 13);
    uint32_t x = fdml_graph_builder_add_input(&net.builder, "x", FDML_TYPE_F32, 2, dim);
    x = fdml_net_add_linear(&net, x, "hidden", IN, HIDDEN, true);
    x = fdml_net_add_norm(&net, x, "norm", HIDDEN);
    x = fdml_net_add_relu(&net, x, "relu");
    fdml_graph_builder_add_output(&net.builder, x);
    fdml_graph_builder_declare(&net.builder, x, FDML_TYPE_F32, 2,
                               (const int64_t[]){ -1, HIDDEN });
    cr_assert_eq(fdml_graph_builder_finish(&net.builder, &w->trunk, &err), FDML_OK, "%s",
                 err.text);
}

static void make_world(world *w, const char *objective)
{
    fdml_rng rng;
    memset(w, 0, sizeof *w);
    fdml_arena_init(&w->arena, 0);
    build_trunk(w);
    fdml_rng_init(&rng, 5, 0, 0);
    for (int i = 0; i < N * IN; i++) w->x[i] = (float)fdml_rng_normal(&rng);
    for (uint32_t i = 0; i < N; i++)
        w->label[i] = i % CLASSES, w->attribute[i] = i / 3 % VALUES;
    w->attributes[0] = w->attribute;
    w->of_attribute = fdml_attribute_defaults;
    w->of_attribute.name = "a";
    w->of_attribute.n_values = VALUES;
    w->options = (fdml_trainer_options){
        .trunk = &w->trunk,
        .input = { .type = FDML_TYPE_F32, .rank = 2, .dim = { N, IN }, .n_items = N * IN },
        .heads = { .dim = DIM,
                   .n_classes = CLASSES,
                   .objective = { .name = objective, .miner = fdml_miner_defaults },
                   .seed = 3 },
        .optim = fdml_optim_defaults,
        .keeps_best = true,
        .kernels = fdml_kernels_best(),
        .n_threads = 2,
    };
}

static fdml_trainer *make_trainer(const world *w)
{
    fdml_trainer *trainer = NULL;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_trainer_new(&trainer, &w->options, &err), FDML_OK, "%s", err.text);
    return trainer;
}

static fdml_status step(fdml_trainer *trainer, const world *w, uint64_t at,
                        fdml_trainer_result *result, fdml_error *err)
{
    const fdml_trainer_batch batch = { w->x, w->label, w->attributes, at };
    return fdml_trainer_step(trainer, &batch, result, err);
}

static fdml_trainer_result good_step(fdml_trainer *trainer, const world *w, uint64_t at)
{
    fdml_trainer_result result;
    fdml_error err = { 0 };
    cr_assert_eq(step(trainer, w, at, &result, &err), FDML_OK, "%s", err.text);
    return result;
}

/* L(w - r g) = L(w) - r |g|^2 + O(r^2): with r = 2e-4 the ratio is 1 within a few per cent. */
static void expect_descent(const world *w)
{
    const double rate = w->options.optim.lr;
    fdml_trainer *trainer = make_trainer(w);
    const fdml_trainer_result first = good_step(trainer, w, 0),
                              second = good_step(trainer, w, 0);
    const double fell = first.metric.loss - second.metric.loss;
    const double ratio = fell / (rate * first.optim.norm * first.optim.norm);
    cr_assert_gt(first.optim.norm, 1e-3);
    cr_assert(fabs(ratio - 1) < 0.05, "the loss fell by %.3g of what the gradient says", ratio);
    fdml_trainer_free(trainer);
}

Test(train_trainer, the_loss_falls_as_the_gradient_says)
{
    world w;
    make_world(&w, "ntxent");
    w.options.optim.kind = FDML_OPTIM_SGD;
    w.options.optim.momentum = w.options.optim.weight_decay = 0;
    w.options.optim.lr = 2e-4;
    expect_descent(&w);
    w.options.freeze_norm = true;
    expect_descent(&w);
    w.options.freeze_trunk = true;
    expect_descent(&w);
    w.options.freeze_norm = w.options.freeze_trunk = false;
    w.options.trunk = NULL;
    expect_descent(&w);
    fdml_arena_close(&w.arena);
}

static void copy_state(fdml_params *to, const fdml_params *from, fdml_arena *arena)
{
    *to = (fdml_params){ .item = fdml_arena_push(arena, from->n, sizeof *to->item),
                         .n = from->n,
                         .room = from->n };
    for (size_t i = 0; i < from->n; i++) {
        to->item[i] = from->item[i];
        to->item[i].value = fdml_arena_push(arena, from->item[i].n, sizeof(float));
        memcpy(to->item[i].value, from->item[i].value, from->item[i].n * sizeof(float));
    }
}

static void restore(const fdml_params *to, const fdml_params *from)
{
    cr_assert_eq(to->n, from->n);
    for (size_t i = 0; i < to->n; i++) {
        cr_assert_str_eq(to->item[i].name, from->item[i].name);
        cr_assert_eq(to->item[i].n, from->item[i].n);
        memcpy(to->item[i].value, from->item[i].value, to->item[i].n * sizeof(float));
    }
}

static bool is_same(const fdml_params *a, const fdml_params *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (memcmp(a->item[i].value, b->item[i].value, a->item[i].n * sizeof(float)))
            return false;
    return true;
}

/* With every kind of array there is: trunk, buffers, heads, loss, separation, moments. */
static void use_everything(world *w)
{
    w->options.heads.attribute = &w->of_attribute;
    w->options.heads.n_attributes = 1;
    w->of_attribute.detach = false;
    w->options.optim.lr = 0.01;
}

Test(train_trainer, a_state_is_complete)
{
    static const fdml_optim_kind kinds[] = { FDML_OPTIM_ADAM, FDML_OPTIM_ADAMW,
                                             FDML_OPTIM_SGD };
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        world w;
        fdml_params saved;
        make_world(&w, "margin");
        use_everything(&w);
        w.options.optim.kind = kinds[k];
        fdml_trainer *whole = make_trainer(&w), *resumed = make_trainer(&w);
        for (uint64_t at = 0; at < 5; at++) good_step(whole, &w, at);
        fdml_trainer_keep_best(whole);
        copy_state(&saved, fdml_trainer_state(whole), &w.arena);
        for (uint64_t at = 5; at < 9; at++) good_step(whole, &w, at);
        cr_assert(!is_same(fdml_trainer_state(whole), &saved));
        good_step(resumed, &w, 77); /* a past that must not show */
        restore(fdml_trainer_state(resumed), &saved);
        for (uint64_t at = 5; at < 9; at++) good_step(resumed, &w, at);
        cr_assert(is_same(fdml_trainer_state(whole), fdml_trainer_state(resumed)));
        fdml_trainer_free(whole);
        fdml_trainer_free(resumed);
        fdml_arena_close(&w.arena);
    }
}

Test(train_trainer, the_best_comes_back)
{
    world w;
    fdml_params best;
    make_world(&w, "margin");
    fdml_trainer *trainer = make_trainer(&w);
    good_step(trainer, &w, 0);
    fdml_trainer_keep_best(trainer);
    copy_state(&best, fdml_trainer_model(trainer), &w.arena);
    good_step(trainer, &w, 1);
    cr_assert(!is_same(fdml_trainer_model(trainer), &best));
    fdml_trainer_take_best(trainer);
    cr_assert(is_same(fdml_trainer_model(trainer), &best));
    fdml_trainer_free(trainer);
    fdml_arena_close(&w.arena);
}

static const float *array(const fdml_trainer *trainer, const char *name)
{
    const float *values = fdml_trainer_array(trainer, name);
    cr_assert_not_null(values, "no array '%s'", name);
    return values;
}

/* What a frozen part holds stays; what is not frozen moves. */
Test(train_trainer, frozen_parts_stay)
{
    world w;
    make_world(&w, "margin");
    w.options.optim.lr = 0.01;
    w.options.optim.weight_decay = 0; /* so that only a gradient moves a weight */
    w.options.freeze_norm = true;
    fdml_trainer *trainer = make_trainer(&w);
    const float mean = *array(trainer, "norm.running_mean"),
                scale = *array(trainer, "norm.weight");
    const float weight = *array(trainer, "hidden.weight");
    good_step(trainer, &w, 0);
    cr_assert_eq(*array(trainer, "norm.running_mean"), mean);
    cr_assert_eq(*array(trainer, "norm.weight"), scale);
    cr_assert_neq(*array(trainer, "hidden.weight"), weight);
    fdml_trainer_free(trainer);

    w.options.freeze_norm = false;
    trainer = make_trainer(&w);
    good_step(trainer, &w, 0);
    cr_assert_neq(*array(trainer, "norm.running_mean"), mean);
    fdml_trainer_free(trainer);

    w.options.freeze_trunk = true;
    trainer = make_trainer(&w);
    const size_t n_head = DIM * HIDDEN + DIM + CLASSES;
    cr_assert_eq(fdml_trainer_n_weights(trainer), n_head);
    fdml_trainer_free(trainer);
    fdml_arena_close(&w.arena);
}

Test(train_trainer, what_is_not_finite_moves_nothing)
{
    world w;
    fdml_params before;
    fdml_trainer_result result;
    fdml_error err = { 0 };
    make_world(&w, "margin");
    w.options.freeze_norm = true;
    fdml_trainer *trainer = make_trainer(&w);
    good_step(trainer, &w, 0);
    copy_state(&before, fdml_trainer_state(trainer), &w.arena);
    w.x[3] = INFINITY;
    cr_assert_eq(step(trainer, &w, 17, &result, &err), FDML_E_DATA);
    cr_assert_not_null(strstr(err.text, "step 17"), "%s", err.text);
    cr_assert(is_same(fdml_trainer_state(trainer), &before));
    w.x[3] = 0;
    good_step(trainer, &w, 17);
    fdml_trainer_free(trainer);
    fdml_arena_close(&w.arena);
}

/* The schedule scales the run's rate. */
Test(train_trainer, the_rate_follows_its_schedule)
{
    world w;
    make_world(&w, "margin");
    w.options.optim.lr = 0.5;
    w.options.schedule = (fdml_schedule){ .warmup = 4 };
    fdml_trainer *trainer = make_trainer(&w);
    cr_assert_eq(good_step(trainer, &w, 0).lr, 0);
    cr_assert_float_eq(good_step(trainer, &w, 1).lr, 0.125, 1e-12);
    cr_assert_float_eq(good_step(trainer, &w, 4).lr, 0.5, 1e-12);
    fdml_trainer_free(trainer);
    fdml_arena_close(&w.arena);
}

/* At least what a checkpoint holds and a gradient for each weight; a step adds its scratch
 * once, and twice the rows take more. */
Test(train_trainer, it_knows_its_memory)
{
    world w;
    make_world(&w, "margin");
    fdml_trainer *t = make_trainer(&w);
    const fdml_params *state = fdml_trainer_state(t);
    size_t least = fdml_trainer_n_weights(t);
    for (size_t i = 0; i < state->n; i++) least += state->item[i].n;
    const size_t before = fdml_trainer_memory(t);
    cr_assert_geq(before, least * sizeof(float));
    good_step(t, &w, 0);
    const size_t after = fdml_trainer_memory(t);
    cr_assert_geq(after, before + N * N * sizeof(double)); /* the Gram matrix */
    good_step(t, &w, 0);
    cr_assert_eq(fdml_trainer_memory(t), after);
    fdml_trainer_free(t);
    w.options.input.dim[0] = 64 * N;
    w.options.input.n_items *= 64;
    t = make_trainer(&w);
    cr_assert_geq(fdml_trainer_memory(t), before + 63 * N * HIDDEN * sizeof(float));
    fdml_trainer_free(t);
    fdml_arena_close(&w.arena);
}
