/* objective.c - an objective's settings, parameters and runs. What it computes is in loss_*.c.
 *
 * Parameters begin as: numbers, such as beta, at their setting; rows, such as proxies, at
 * normal draws of variance 1 / dim, so directions are uniform and lengths near 1. Their own
 * learning rate is 5e-4 (Roth et al. 2020), and weight decay is not for them.
 *
 * SPDX-License-Identifier: MIT */
#include "train/objective.h"

#include <string.h>

#include "base/option.h"
#include "train/loss.h"
#include "train/stream.h"

#define PARAMETER_LR 5e-4f

enum {
    MAX_HEAD = 255,         /* the head is the top byte of a draw's index */
    INIT_INDEX = 0x7fffff00 /* of first values: apart from those of a network's parameters */
};

static const char *setting_candidate(const void *ctx, size_t i)
{
    const fdml_objective_info *info = ctx;
    return i < info->n_settings ? info->setting[i].name : NULL;
}

static fdml_status take_setting(double *value, const fdml_objective_info *info,
                                const fdml_objective_setting *given, fdml_error *err)
{
    size_t i = 0;
    while (i < info->n_settings && strcmp(info->setting[i].name, given->name) != 0) i++;
    if (i == info->n_settings) {
        const char *near = fdml_option_nearest(given->name, setting_candidate, info);
        return fdml_fail(err, FDML_E_ARG, "objective '%s' has no setting '%s'%s%s%s",
                         info->name, given->name, near ? "; did you mean " : "",
                         near ? near : "", near ? "?" : "");
    }
    const fdml_objective_setting *setting = &info->setting[i];
    if (!(given->value >= setting->low && given->value <= setting->high))
        return fdml_fail(err, FDML_E_ARG, "objective '%s': %s is %g, expected %g to %g",
                         info->name, setting->name, given->value, setting->low, setting->high);
    if (setting->is_whole && given->value != floor(given->value))
        return fdml_fail(err, FDML_E_ARG, "objective '%s': %s is %g, expected a whole number",
                         info->name, setting->name, given->value);
    value[i] = given->value;
    return FDML_OK;
}

double fdml_loss_setting(const fdml_loss_call *call, const char *name)
{
    const fdml_objective *objective = call->objective;
    size_t i = 0;
    while (strcmp(objective->kind->info.setting[i].name, name) != 0) i++;
    return objective->value[i];
}

static fdml_status check_options(const fdml_objective_options *o, fdml_error *err)
{
    const fdml_miner_options *m = &o->miner;
    if (o->dim < 1 || o->dim > 1 << 20)
        return fdml_fail(err, FDML_E_ARG, "objective '%s': dim is %zu, expected 1 to 1048576",
                         o->name, o->dim);
    if (o->n_classes < 1 || o->n_classes > UINT32_MAX)
        return fdml_fail(err, FDML_E_ARG, "objective '%s': classes are %zu, expected 1 to %u",
                         o->name, o->n_classes, UINT32_MAX);
    if (o->head > MAX_HEAD)
        return fdml_fail(err, FDML_E_ARG, "objective '%s': head is %u, expected 0 to %d",
                         o->name, o->head, MAX_HEAD);
    if (!(o->parameter_lr >= 0 && o->parameter_lr <= 1000))
        return fdml_fail(
            err, FDML_E_ARG,
            "objective '%s': learning rate of parameters is %g, expected 0 to 1000", o->name,
            (double)o->parameter_lr);
    const struct {
        const char *name;
        float value, high;
    } limits[] = { { "distance cutoff", m->distance_cutoff, 2 },
                   { "rho", m->rho_positive, 1 },
                   { "margin", m->margin, 4 },
                   { "probability of same-attribute negatives", m->same_attribute_negatives,
                     1 } };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!(limits[i].value >= 0 && limits[i].value <= limits[i].high))
            return fdml_fail(err, FDML_E_ARG, "miner: %s is %g, expected 0 to %g",
                             limits[i].name, (double)limits[i].value, (double)limits[i].high);
    return FDML_OK;
}

/* What a param holds when training begins. */
static void set_first_values(fdml_objective *objective, double number)
{
    const fdml_objective_options *o = &objective->options;
    fdml_param *param = &objective->param;
    fdml_rng rng;
    fdml_rng_init(&rng, o->seed, fdml_train_stream(FDML_TRAIN_INIT, 0), INIT_INDEX + o->head);
    const double sigma = 1 / sqrt((double)o->dim);
    for (size_t i = 0; i < param->n; i++)
        param->value[i] = (float)(objective->kind->param == FDML_LOSS_NUMBERS
                                      ? number
                                      : sigma * fdml_rng_normal(&rng));
    for (size_t i = 0; i < param->n; i++) param->grad[i] = 0;
}

/* Only a setting of the parameter's name says more of it: how many centres, or where numbers
 * begin. */
static fdml_status make_param(fdml_objective *objective, fdml_arena *arena, fdml_error *err)
{
    const fdml_loss_kind *kind = objective->kind;
    const fdml_objective_options *o = &objective->options;
    const fdml_loss_call call = { .objective = objective };
    if (kind->param == FDML_LOSS_NONE) return FDML_OK;
    double own = 1;
    for (size_t i = 0; i < kind->info.n_settings; i++)
        if (!strcmp(kind->info.setting[i].name, kind->param_name))
            own = fdml_loss_setting(&call, kind->param_name);
    fdml_param *param = &objective->param;
    const size_t rows =
        kind->param == FDML_LOSS_ROWS ? o->n_classes * (size_t)own : o->n_classes;
    param->n = kind->param == FDML_LOSS_ROWS ? rows * o->dim : rows;
    param->lr = o->parameter_lr > 0 ? o->parameter_lr : PARAMETER_LR;
    param->no_decay = true;
    param->value = fdml_arena_push(arena, param->n, sizeof *param->value);
    param->grad = fdml_arena_push(arena, param->n, sizeof *param->grad);
    if (!param->value || !param->grad)
        return fdml_fail(err, FDML_E_NOMEM, "objective '%s': no memory for %zu parameters",
                         kind->info.name, param->n);
    set_first_values(objective, own);
    return FDML_OK;
}

fdml_status fdml_objective_new(fdml_objective **objective,
                               const fdml_objective_options *options, fdml_arena *arena,
                               fdml_error *err)
{
    const fdml_objective_info *info = fdml_objective_find(options->name, err);
    if (!info) return FDML_E_ARG;
    FDML_TRY(check_options(options, err));
    fdml_objective *made = fdml_arena_push_zero(arena, 1, sizeof *made);
    if (!made)
        return fdml_fail(err, FDML_E_NOMEM, "objective '%s': no memory for it", info->name);
    size_t k = 0;
    while (&fdml_loss_kinds(k)->info != info) k++;
    made->kind = fdml_loss_kinds(k);
    made->options = *options;
    made->options.name = info->name;
    made->options.setting = NULL;
    made->options.n_settings = 0;
    if (options->miner.kind == FDML_MINER_DEFAULT) made->options.miner.kind = info->miner;
    for (size_t i = 0; i < info->n_settings; i++) made->value[i] = info->setting[i].value;
    for (size_t i = 0; i < options->n_settings; i++)
        FDML_TRY(take_setting(made->value, info, &options->setting[i], err));
    FDML_TRY(make_param(made, arena, err));
    *objective = made;
    return FDML_OK;
}

/* Margin with learn_beta = 0 keeps its numbers. */
static bool is_fixed(const fdml_objective *objective)
{
    const fdml_objective_info *info = &objective->kind->info;
    for (size_t i = 0; i < info->n_settings; i++)
        if (!strcmp(info->setting[i].name, "learn_beta")) return objective->value[i] == 0;
    return false;
}

fdml_status fdml_objective_params(fdml_objective *objective, fdml_params *params,
                                  const char *prefix, fdml_arena *arena, fdml_error *err)
{
    const fdml_loss_kind *kind = objective->kind;
    if (kind->param == FDML_LOSS_NONE) return FDML_OK;
    if (params->n == params->room)
        return fdml_fail(err, FDML_E_LIMIT,
                         "objective '%s': the list of %zu parameters is full", kind->info.name,
                         params->room);
    const size_t before = strlen(prefix), after = strlen(kind->param_name);
    char *name = fdml_arena_push(arena, before + 1 + after + 1, 1);
    if (!name)
        return fdml_fail(err, FDML_E_NOMEM, "objective '%s': no memory for a name",
                         kind->info.name);
    memcpy(name, prefix, before);
    name[before] = '.';
    memcpy(name + before + 1, kind->param_name, after + 1);
    objective->param.name = name;
    fdml_param *param = &params->item[params->n++];
    *param = objective->param;
    if (is_fixed(objective)) param->grad = NULL;
    return FDML_OK;
}

static fdml_status check_batch(const fdml_objective *objective,
                               const fdml_objective_batch *batch, fdml_error *err)
{
    const fdml_objective_options *o = &objective->options;
    if (batch->n >= FDML_LOSS_DRAW_THIRD)
        return fdml_fail(err, FDML_E_ARG, "objective '%s': batch has %zu rows, limit is %d",
                         objective->kind->info.name, batch->n, FDML_LOSS_DRAW_THIRD - 1);
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->label[i] >= o->n_classes)
            return fdml_fail(err, FDML_E_ARG,
                             "objective '%s': row %zu has label %u, classes are %zu",
                             objective->kind->info.name, i, batch->label[i], o->n_classes);
        /* max(0, NaN) would pass for a row that has been learned */
        for (size_t d = 0; d < o->dim; d++)
            if (!isfinite(batch->f[i * o->dim + d]))
                return fdml_fail(err, FDML_E_DATA,
                                 "objective '%s': embedding %zu of step %llu is not finite",
                                 objective->kind->info.name, i,
                                 (unsigned long long)batch->step);
    }
    return FDML_OK;
}

static fdml_status compute(fdml_loss_call *call, fdml_error *err)
{
    const fdml_loss_kind *kind = call->objective->kind;
    if (!call->n) return FDML_OK;
    if (kind->is_of_classes) return kind->run(call, err);
    FDML_TRY(fdml_loss_prepare(call, err));
    FDML_TRY(kind->run(call, err));
    return fdml_loss_finish(call, err);
}

fdml_status fdml_objective_run(fdml_objective *objective, const fdml_objective_batch *batch,
                               float *df, fdml_objective_result *result, fdml_arena *work,
                               fdml_error *err)
{
    fdml_loss_call call = { .objective = objective,
                            .batch = batch,
                            .kernels = objective->options.kernels,
                            .n = batch->n,
                            .dim = objective->options.dim,
                            .work = work,
                            .df = df };
    FDML_TRY(check_batch(objective, batch, err));
    for (size_t i = 0; i < objective->param.n; i++) objective->param.grad[i] = 0;
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const fdml_status status = compute(&call, err);
    fdml_arena_reset(work, mark);
    if (!status) *result = call.result;
    return status;
}
