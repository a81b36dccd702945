/* test_train_optim.c - steps of SGD, Adam and AdamW against PyTorch 1.13, and what an optimiser
 * promises beside its formulas. tests/golden/torch_optim.py makes PyTorch's numbers.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/optim.h"

#include "scratch.h"
#include "torch_optim.h"

enum { FIRST = 7, SECOND = 4, ALL = FIRST + SECOND };

/* start() and gradient() of the script. */
static float start(int p, int i)
{
    return (float)((5 * i + 3 * p + 3) % 11 - 5) / 4;
}

static float gradient(int p, int i, int t)
{
    return (float)((37 * i + 101 * t + 13 * p) % 41 - 20) / 16;
}

typedef struct world {
    fdml_arena arena;
    float value[ALL], grad[ALL];
    fdml_param param[3];
    fdml_params params;
    fdml_optim *optim;
} world;

static world make_world(void)
{
    world w = { .optim = NULL };
    for (int i = 0; i < FIRST; i++) w.value[i] = start(0, i);
    for (int i = 0; i < SECOND; i++) w.value[FIRST + i] = start(1, i);
    return w;
}

/* The second parameter has its own rate and no decay; the third is a buffer. */
static void open_world(world *w, const fdml_optim_options *options)
{
    static float buffer = 5;
    w->param[0] = (fdml_param){ .name = "a", .n = FIRST, .value = w->value, .grad = w->grad };
    w->param[1] = (fdml_param){ .name = "b",
                                .n = SECOND,
                                .value = w->value + FIRST,
                                .grad = w->grad + FIRST,
                                .lr = 0.25f,
                                .no_decay = true };
    w->param[2] = (fdml_param){ .name = "mean", .n = 1, .value = &buffer };
    w->params = (fdml_params){ .item = w->param, .n = 3, .room = 3 };
    fdml_arena_init(&w->arena, 0);
    cr_assert_eq(fdml_optim_new(&w->optim, options, &w->params, &w->arena, NULL), FDML_OK);
}

static void set_gradients(world *w, int t)
{
    for (int i = 0; i < FIRST; i++) w->grad[i] = gradient(0, i, t);
    for (int i = 0; i < SECOND; i++) w->grad[FIRST + i] = gradient(1, i, t);
}

static fdml_optim_options options_of(fdml_optim_kind kind)
{
    fdml_optim_options o = fdml_optim_defaults;
    o.kind = kind;
    o.lr = 0.1;
    o.weight_decay = 0.05;
    o.momentum = 0;
    o.kernels = fdml_kernels_best();
    o.n_threads = 1;
    return o;
}

/* Each of ten steps rounds a few times where PyTorch rounds elsewhere: 1e-6 of values near 1.
 */
static void expect_torch(const char *name, const fdml_optim_options *options,
                         const float want[10][ALL])
{
    world w = make_world();
    open_world(&w, options);
    for (int t = 1; t <= 10; t++) {
        set_gradients(&w, t);
        cr_assert_eq(fdml_optim_step(w.optim, t < 6 ? 1 : 0.5, NULL, NULL), FDML_OK);
        for (int i = 0; i < ALL; i++)
            cr_assert_float_eq(w.value[i], want[t - 1][i], 2e-6, "%s: step %d, item %d: %g, %g",
                               name, t, i, (double)w.value[i], (double)want[t - 1][i]);
    }
    fdml_arena_close(&w.arena);
}

Test(train_optim, sgd_steps_as_pytorch)
{
    fdml_optim_options o = options_of(FDML_OPTIM_SGD);
    expect_torch("sgd", &o, torch_sgd);
    o.momentum = 0.9;
    expect_torch("momentum", &o, torch_momentum);
    o.momentum = 0.8;
    o.nesterov = true;
    expect_torch("nesterov", &o, torch_nesterov);
}

Test(train_optim, adam_and_adamw_step_as_pytorch)
{
    const fdml_optim_options adam = options_of(FDML_OPTIM_ADAM);
    fdml_optim_options adamw = options_of(FDML_OPTIM_ADAMW);
    adamw.beta1 = 0.8, adamw.beta2 = 0.95, adamw.eps = 1e-3;
    expect_torch("adam", &adam, torch_adam);
    expect_torch("adamw", &adamw, torch_adamw);
}

Test(train_optim, clips_as_pytorch)
{
    fdml_optim_options norm = options_of(FDML_OPTIM_SGD);
    fdml_optim_options value = options_of(FDML_OPTIM_ADAM);
    norm.clip_norm = 1.5;
    value.clip_value = 0.5;
    expect_torch("clip_norm", &norm, torch_clip_norm);
    expect_torch("clip_value", &value, torch_clip_value);
}

Test(train_optim, tells_the_norm_and_what_it_scaled)
{
    fdml_optim_options o = options_of(FDML_OPTIM_SGD);
    fdml_optim_result result;
    o.clip_norm = 1;
    world w = make_world();
    open_world(&w, &o);
    memset(w.grad, 0, sizeof w.grad);
    w.grad[1] = 3, w.grad[FIRST] = -4;
    cr_assert_eq(fdml_optim_step(w.optim, 1, &result, NULL), FDML_OK);
    cr_assert_eq(result.norm, 5);
    cr_assert_float_eq(result.scale, 0.2, 1e-6);
    w.grad[1] = 0.5f, w.grad[FIRST] = 0;
    cr_assert_eq(fdml_optim_step(w.optim, 1, &result, NULL), FDML_OK);
    cr_assert_eq(result.norm, 0.5);
    cr_assert_eq(result.scale, 1);
    fdml_arena_close(&w.arena);
}

Test(train_optim, names_a_gradient_that_is_not_finite_and_changes_nothing)
{
    const fdml_optim_options o = options_of(FDML_OPTIM_ADAM);
    fdml_error err;
    world w = make_world();
    const world before = w;
    open_world(&w, &o);
    set_gradients(&w, 1);
    w.grad[FIRST + 2] = INFINITY, w.grad[FIRST + 3] = NAN;
    scratch_expect_error(fdml_optim_step(w.optim, 1, NULL, &err), &err, FDML_E_DATA,
                         "b: the gradient of item 2 of 4 is inf");
    cr_assert_arr_eq(w.value, before.value, sizeof w.value);
    set_gradients(&w, 1);
    cr_assert_eq(fdml_optim_step(w.optim, 1, NULL, NULL), FDML_OK);
    for (int i = 0; i < ALL; i++) /* the refused step was not counted */
        cr_assert_float_eq(w.value[i], torch_adam[0][i], 2e-6);
    fdml_arena_close(&w.arena);
}

Test(train_optim, leaves_an_idle_parameter_alone)
{
    const fdml_optim_options o = options_of(FDML_OPTIM_ADAM);
    bool idles = true;
    world w = make_world();
    const world before = w;
    open_world(&w, &o);
    w.param[0].is_idle = &idles;
    cr_assert_eq(fdml_optim_new(&w.optim, &o, &w.params, &w.arena, NULL), FDML_OK);
    for (int t = 1; t <= 3; t++) {
        set_gradients(&w, t);
        w.grad[0] = NAN; /* not looked at */
        cr_assert_eq(fdml_optim_step(w.optim, 1, NULL, NULL), FDML_OK);
    }
    cr_assert_arr_eq(w.value, before.value, FIRST * sizeof(float));
    for (int i = FIRST; i < ALL; i++) cr_assert_float_eq(w.value[i], torch_adam[2][i], 2e-6);
    idles = false; /* its first step is its own, however many others have made */
    set_gradients(&w, 1);
    cr_assert_eq(fdml_optim_step(w.optim, 1, NULL, NULL), FDML_OK);
    for (int i = 0; i < FIRST; i++) cr_assert_float_eq(w.value[i], torch_adam[0][i], 2e-6);
    fdml_arena_close(&w.arena);
}

/* Ten steps in one go, and five with the state carried over into a new optimiser. */
static void expect_resumed(const fdml_optim_options *o, size_t n_states)
{
    world whole = make_world(), half = whole;
    open_world(&whole, o);
    open_world(&half, o);
    for (int t = 1; t <= 10; t++) {
        set_gradients(&whole, t), set_gradients(&half, t);
        cr_assert_eq(fdml_optim_step(whole.optim, 1, NULL, NULL), FDML_OK);
        cr_assert_eq(fdml_optim_step(half.optim, 1, NULL, NULL), FDML_OK);
        if (t != 5) continue;
        fdml_param from[8], to[8];
        fdml_params old = { from, 0, 8 }, new = { to, 0, 8 };
        cr_assert_eq(fdml_optim_params(half.optim, &old, &half.arena, NULL), FDML_OK);
        cr_assert_eq(fdml_optim_new(&half.optim, o, &half.params, &half.arena, NULL), FDML_OK);
        cr_assert_eq(fdml_optim_params(half.optim, &new, &half.arena, NULL), FDML_OK);
        cr_assert_eq(old.n, n_states);
        cr_assert_eq(new.n, n_states);
        for (size_t i = 0; i < old.n; i++) {
            cr_assert_str_eq(to[i].name, from[i].name);
            cr_assert_null(to[i].grad);
            memcpy(to[i].value, from[i].value, from[i].n * sizeof(float));
        }
        cr_assert_str_eq(from[old.n - 1].name, "optim.steps");
    }
    cr_assert_arr_eq(whole.value, half.value, sizeof whole.value);
    fdml_arena_close(&whole.arena);
    fdml_arena_close(&half.arena);
}

Test(train_optim, goes_on_from_its_state_in_the_same_bits)
{
    const fdml_optim_options adam = options_of(FDML_OPTIM_ADAM);
    fdml_optim_options sgd = options_of(FDML_OPTIM_SGD);
    expect_resumed(&adam, 5);
    expect_resumed(&sgd, 1);
    sgd.momentum = 0.9;
    expect_resumed(&sgd, 3);
}

enum { MANY = 50003 }; /* four blocks */

static void run_many(float *value, float *grad, const fdml_optim_options *o)
{
    fdml_arena arena;
    fdml_optim *optim;
    fdml_optim_result result;
    fdml_arena_init(&arena, 0);
    fdml_param param = { .name = "w", .n = MANY, .value = value, .grad = grad };
    const fdml_params params = { &param, 1, 1 };
    cr_assert_eq(fdml_optim_new(&optim, o, &params, &arena, NULL), FDML_OK);
    for (uint32_t t = 0; t < 3; t++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 7, 1, t);
        double sum = 0;
        for (size_t i = 0; i < MANY; i++) {
            grad[i] = i % 5 ? (float)fdml_rng_double(&rng) - 0.5f : 0;
            sum += (double)grad[i] * (double)grad[i];
        }
        cr_assert_eq(fdml_optim_step(optim, 1, &result, NULL), FDML_OK);
        cr_assert_float_eq(result.norm, sqrt(sum), 1e-12 * sqrt(sum));
    }
    fdml_arena_close(&arena);
}

Test(train_optim, has_the_same_bits_for_any_threads_and_instruction_set)
{
    static float one[MANY], other[MANY], grad[MANY];
    for (int kind = 0; kind < FDML_OPTIM_COUNT; kind++) {
        fdml_optim_options o = options_of((fdml_optim_kind)kind);
        o.momentum = 0.9;
        o.clip_norm = 3;
        o.kernels = fdml_kernels_find("scalar");
        memset(one, 0, sizeof one);
        run_many(one, grad, &o);
        const fdml_kernels *k;
        for (size_t i = 0; (k = fdml_kernels_list(i)); i++) {
            o.n_threads = 3;
            o.kernels = k;
            memset(other, 0, sizeof other);
            run_many(other, grad, &o);
            cr_assert_arr_eq(one, other, sizeof one, "%s", k->isa);
        }
        for (size_t i = 0; i < MANY; i += 5) /* padding: zeros whose gradients are zero */
            cr_assert_eq(one[i], 0);
        cr_assert_neq(one[1], 0);
    }
}

Test(train_optim, names_what_is_out_of_range)
{
    fdml_error err;
    world w = make_world();
    fdml_optim_options o = options_of(FDML_OPTIM_ADAM);
    open_world(&w, &o);
    o.beta2 = 1;
    scratch_expect_error(fdml_optim_new(&w.optim, &o, &w.params, &w.arena, &err), &err,
                         FDML_E_ARG, "optimiser: beta2 is 1, expected 0 to 0.999999");
    o = options_of(FDML_OPTIM_ADAM);
    o.lr = NAN;
    scratch_expect_error(fdml_optim_new(&w.optim, &o, &w.params, &w.arena, &err), &err,
                         FDML_E_ARG, "optimiser: lr is nan, expected 0 to 1e+06");
    o = options_of(FDML_OPTIM_SGD);
    o.nesterov = true;
    scratch_expect_error(fdml_optim_new(&w.optim, &o, &w.params, &w.arena, &err), &err,
                         FDML_E_ARG, "optimiser: nesterov needs a momentum above 0");
    fdml_arena_close(&w.arena);
    fdml_optim_kind kind;
    for (int i = 0; i < FDML_OPTIM_COUNT; i++) {
        cr_assert_eq(fdml_optim_parse(&kind, fdml_optim_name((fdml_optim_kind)i), NULL),
                     FDML_OK);
        cr_assert_eq((int)kind, i);
    }
    scratch_expect_error(fdml_optim_parse(&kind, "rmsprop", &err), &err, FDML_E_ARG,
                         "optimiser 'rmsprop' is none of: adam, adamw, sgd");
}

Test(train_optim, says_when_memory_is_short)
{
    const fdml_optim_options o = options_of(FDML_OPTIM_ADAM);
    world w = make_world();
    open_world(&w, &o);
    for (size_t limit = 64; limit <= w.arena.peak; limit += 64) {
        fdml_arena small;
        fdml_arena_init(&small, limit);
        fdml_optim *optim;
        cr_assert_eq(fdml_optim_new(&optim, &o, &w.params, &small, NULL),
                     limit < w.arena.peak ? FDML_E_NOMEM : FDML_OK);
        fdml_arena_close(&small);
    }
    fdml_arena_close(&w.arena);
}
