/* optim.c - see optim.h.
 *
 * A step passes over the gradients twice: for the norm, which every step needs to know that all
 * is finite, and for the update. Both are cut into blocks of 16 Ki items, which is where a
 * block's time (some 10 us) passes the cost of handing it out.
 *
 * SPDX-License-Identifier: MIT */
#include "train/optim.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "train/param_list.h"

enum { BLOCK = 1 << 14 };
static const float MOST_STEPS = 0x1p24f; /* the last count that one can be added to */

static const char *const names[] = {
    [FDML_OPTIM_ADAM] = "adam", [FDML_OPTIM_ADAMW] = "adamw", [FDML_OPTIM_SGD] = "sgd"
};

const fdml_optim_options fdml_optim_defaults = { .kind = FDML_OPTIM_ADAM,
                                                 .lr = 1e-5,
                                                 .weight_decay = 4e-4,
                                                 .momentum = 0.9,
                                                 .beta1 = 0.9,
                                                 .beta2 = 0.999,
                                                 .eps = 1e-8 };

/* A run of at most BLOCK items of one parameter. */
typedef struct block {
    uint32_t param;
    size_t first, n;
} block;

/* What is one number for all items of a parameter in this step. */
typedef struct factors {
    float lr, decay, keep, step, root;
} factors;

struct fdml_optim {
    fdml_optim_options options;
    fdml_param *param; /* [n], those with a gradient */
    size_t n;
    float **m, **v;       /* [n]: state; v of Adam only, m NULL for SGD without momentum */
    float *steps;         /* [n] */
    factors *factors;     /* [n], of this step */
    block *block;         /* [n_blocks] */
    double *block_square; /* [n_blocks] */
    size_t n_blocks;
    float scale; /* of this step's gradients */
};

typedef struct range {
    const char *name;
    double value, low, high;
} range;

static fdml_status check_options(const fdml_optim_options *o, fdml_error *err)
{
    const range all[] = { { "lr", o->lr, 0, 1e6 },
                          { "weight_decay", o->weight_decay, 0, 1e6 },
                          { "momentum", o->momentum, 0, 1 },
                          { "beta1", o->beta1, 0, 0.999999 },
                          { "beta2", o->beta2, 0, 0.999999 },
                          { "eps", o->eps, 1e-30, 1 }, /* a float of 0 would divide 0 by 0 */
                          { "clip_norm", o->clip_norm, 0, INFINITY },
                          { "clip_value", o->clip_value, 0, INFINITY } };
    if ((unsigned)o->kind >= FDML_OPTIM_COUNT)
        return fdml_fail(err, FDML_E_ARG, "optimiser %d is none of 0 to %d", (int)o->kind,
                         FDML_OPTIM_COUNT - 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!(all[i].value >= all[i].low && all[i].value <= all[i].high))
            return fdml_fail(err, FDML_E_ARG, "optimiser: %s is %g, expected %g to %g",
                             all[i].name, all[i].value, all[i].low, all[i].high);
    if (o->kind == FDML_OPTIM_SGD && o->nesterov && !(o->momentum > 0))
        return fdml_fail(err, FDML_E_ARG, "optimiser: nesterov needs a momentum above 0");
    return FDML_OK;
}

static bool has_m(const fdml_optim *optim)
{
    return optim->options.kind != FDML_OPTIM_SGD || optim->options.momentum > 0;
}

static bool has_v(const fdml_optim *optim)
{
    return optim->options.kind != FDML_OPTIM_SGD;
}

static void cut_blocks(fdml_optim *optim)
{
    block *b = optim->block;
    for (size_t p = 0; p < optim->n; p++)
        for (size_t first = 0; first < optim->param[p].n; first += BLOCK) {
            const size_t left = optim->param[p].n - first;
            *b++ = (block){ (uint32_t)p, first, left < BLOCK ? left : BLOCK };
        }
}

static bool make_state(fdml_optim *optim, fdml_arena *arena)
{
    for (size_t p = 0; p < optim->n; p++) {
        const size_t n = optim->param[p].n;
        if (has_m(optim) && !(optim->m[p] = fdml_arena_push_zero(arena, n, sizeof(float))))
            return false;
        if (has_v(optim) && !(optim->v[p] = fdml_arena_push_zero(arena, n, sizeof(float))))
            return false;
    }
    return true;
}

fdml_status fdml_optim_new(fdml_optim **optim, const fdml_optim_options *options,
                           const fdml_params *params, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(check_options(options, err));
    fdml_optim *o = fdml_arena_push_zero(arena, 1, sizeof *o);
    size_t n = 0, n_blocks = 0, n_items = 0;
    for (size_t p = 0; p < params->n; p++) {
        if (!params->item[p].grad) continue;
        n++;
        n_items += params->item[p].n;
        n_blocks += (params->item[p].n + BLOCK - 1) / BLOCK;
    }
    if (o) {
        *o = (fdml_optim){ .options = *options, .n_blocks = n_blocks };
        if (o->options.n_threads < 1) o->options.n_threads = fdml_threads_default();
        o->param = fdml_arena_push(arena, n, sizeof *o->param);
        o->m = fdml_arena_push_zero(arena, n, sizeof *o->m);
        o->v = fdml_arena_push_zero(arena, n, sizeof *o->v);
        o->steps = fdml_arena_push_zero(arena, n, sizeof *o->steps);
        o->factors = fdml_arena_push_zero(arena, n, sizeof *o->factors);
        o->block = fdml_arena_push(arena, n_blocks, sizeof *o->block);
        o->block_square = fdml_arena_push(arena, n_blocks, sizeof *o->block_square);
    }
    if (!o || !o->param || !o->m || !o->v || !o->steps || !o->factors || !o->block ||
        !o->block_square)
        return fdml_fail(err, FDML_E_NOMEM, "optimiser: %zu parameters do not fit in memory",
                         n);
    for (size_t p = 0; p < params->n; p++)
        if (params->item[p].grad) o->param[o->n++] = params->item[p];
    cut_blocks(o);
    if (!make_state(o, arena))
        return fdml_fail(err, FDML_E_NOMEM,
                         "optimiser: the state of %zu weights does not fit in memory", n_items);
    *optim = o;
    return FDML_OK;
}

static bool is_idle(const fdml_param *param)
{
    return param->is_idle && *param->is_idle;
}

static void square_block(void *ctx, size_t index, int thread)
{
    (void)thread;
    const fdml_optim *o = ctx;
    const block *b = &o->block[index];
    const fdml_param *p = &o->param[b->param];
    o->block_square[index] = 0;
    if (!is_idle(p))
        o->options.kernels->sum_squares(&o->block_square[index], p->grad + b->first, b->n);
}

/* Squares of floats do not overflow a double: the sum is finite where every gradient is. */
static fdml_status find_norm(double *norm, fdml_optim *o, fdml_error *err)
{
    fdml_parallel(o->n_blocks, o->options.n_threads, square_block, o);
    double sum = 0;
    for (size_t b = 0; b < o->n_blocks; b++) {
        if (!isfinite(o->block_square[b])) {
            const block *at = &o->block[b];
            const fdml_param *p = &o->param[at->param];
            size_t i = at->first;
            while (isfinite(p->grad[i])) i++;
            return fdml_fail(err, FDML_E_DATA, "%s: the gradient of item %zu of %zu is %g",
                             p->name, i, p->n, (double)p->grad[i]);
        }
        sum += o->block_square[b];
    }
    *norm = sqrt(sum);
    return FDML_OK;
}

/* x to the n by squaring: products alone, in an order that n decides. */
static double power(double x, uint64_t n)
{
    double y = 1;
    for (; n; n /= 2, x *= x)
        if (n % 2) y *= x;
    return y;
}

static factors find_factors(const fdml_optim *o, const fdml_param *param, double t,
                            double factor)
{
    const fdml_optim_options *options = &o->options;
    const double lr = factor * (param->lr > 0 ? (double)param->lr : options->lr);
    const double decay = param->no_decay ? 0 : options->weight_decay;
    const bool is_decoupled = options->kind == FDML_OPTIM_ADAMW;
    factors f = { .lr = (float)lr,
                  .decay = is_decoupled ? 0 : (float)decay,
                  .keep = is_decoupled ? (float)(1 - lr * decay) : 1 };
    if (!has_v(o)) return f;
    f.step = (float)(lr / (1 - power(options->beta1, (uint64_t)t)));
    f.root = (float)(1 / sqrt(1 - power(options->beta2, (uint64_t)t)));
    return f;
}

static void update_block(void *ctx, size_t index, int thread)
{
    (void)thread;
    const fdml_optim *o = ctx;
    const fdml_optim_options *options = &o->options;
    const block *b = &o->block[index];
    const fdml_param *p = &o->param[b->param];
    if (is_idle(p)) return;
    const factors *f = &o->factors[b->param];
    float *m = o->m[b->param], *v = o->v[b->param];
    const float limit = options->clip_value > 0 ? (float)options->clip_value : INFINITY;
    if (!has_v(o)) {
        const fdml_sgd job = { .w = p->value + b->first,
                               .b = m ? m + b->first : NULL,
                               .grad = p->grad + b->first,
                               .n = b->n,
                               .scale = o->scale,
                               .limit = limit,
                               .decay = f->decay,
                               .lr = f->lr,
                               .momentum = (float)options->momentum,
                               .nesterov = options->nesterov };
        options->kernels->sgd_step(&job);
        return;
    }
    const fdml_adam job = { .w = p->value + b->first,
                            .m = m + b->first,
                            .v = v + b->first,
                            .grad = p->grad + b->first,
                            .n = b->n,
                            .scale = o->scale,
                            .limit = limit,
                            .decay = f->decay,
                            .keep = f->keep,
                            .beta1 = (float)options->beta1,
                            .rest1 = (float)(1 - options->beta1),
                            .beta2 = (float)options->beta2,
                            .rest2 = (float)(1 - options->beta2),
                            .step = f->step,
                            .root = f->root,
                            .eps = (float)options->eps };
    options->kernels->adam_step(&job);
}

fdml_status fdml_optim_step(fdml_optim *o, double factor, fdml_optim_result *result,
                            fdml_error *err)
{
    double norm = 0, scale = 1;
    FDML_TRY(find_norm(&norm, o, err));
    /* PyTorch's clip_grad_norm_ */
    if (o->options.clip_norm > 0) scale = fmin(1, o->options.clip_norm / (norm + 1e-6));
    o->scale = (float)scale;
    for (size_t p = 0; p < o->n; p++) {
        if (is_idle(&o->param[p])) continue;
        if (o->steps[p] < MOST_STEPS) o->steps[p]++;
        o->factors[p] = find_factors(o, &o->param[p], (double)o->steps[p], factor);
    }
    fdml_parallel(o->n_blocks, o->options.n_threads, update_block, o);
    if (result) *result = (fdml_optim_result){ .norm = norm, .scale = scale };
    return FDML_OK;
}

fdml_status fdml_optim_params(fdml_optim *o, fdml_params *params, fdml_arena *arena,
                              fdml_error *err)
{
    for (size_t p = 0; p < o->n; p++) {
        fdml_param state = { .name = o->param[p].name, .n = o->param[p].n, .value = o->m[p] };
        if (state.value)
            FDML_TRY(
                fdml_params_add(params, has_v(o) ? "optim.m" : "optim.b", &state, arena, err));
        state.value = o->v[p];
        if (state.value) FDML_TRY(fdml_params_add(params, "optim.v", &state, arena, err));
    }
    const fdml_param steps = { .name = "optim.steps", .n = o->n, .value = o->steps };
    return fdml_params_add(params, NULL, &steps, arena, err);
}

fdml_status fdml_optim_parse(fdml_optim_kind *kind, const char *name, fdml_error *err)
{
    for (int i = 0; i < FDML_OPTIM_COUNT; i++)
        if (!strcmp(name, names[i])) {
            *kind = (fdml_optim_kind)i;
            return FDML_OK;
        }
    return fdml_fail(err, FDML_E_ARG, "optimiser '%s' is none of: adam, adamw, sgd", name);
}

const char *fdml_optim_name(fdml_optim_kind kind)
{
    return names[kind];
}
