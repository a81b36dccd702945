/* train_run.c - the steps themselves: of a network alone, or with a head and an objective.
 *
 * The squared distance to a target goes by the network's passes and the optimiser; the margin
 * objective by the trainer, which fdml-train uses.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/optim.h"
#include "train/tape_state.h"
#include "train/trainer.h"
#include "train_case.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the arrays of a training step");
}

fdml_status train_read(void *pointer, const fdml_weights *file, const char *name, size_t size,
                       fdml_arena *arena, fdml_error *err)
{
    const fdml_tensor_entry *entry = fdml_weights_find(file, name);
    if (!entry || entry->size != size)
        return fdml_fail(err, FDML_E_DATA, "%s: '%s' is %zu bytes, expected %zu", file->name,
                         name, entry ? entry->size : (size_t)0, size);
    void *copy = fdml_arena_push(arena, 1, size); /* in the file it may lie at any byte */
    if (!copy) return no_memory(err);
    memcpy(copy, entry->bytes, size);
    memcpy(pointer, &copy, sizeof copy);
    return FDML_OK;
}

static fdml_tensor one_batch(const train_setup *setup)
{
    fdml_tensor batch;
    fdml_tensor_shape(&batch, FDML_TYPE_F32, setup->x.rank - 1, setup->x.dim + 1, "x", NULL);
    return batch;
}

/* --- squares ----------------------------------------------------------------------------- */

/* Mean over rows of ||y - target||^2, and its gradient. */
static double squares(float *gy, const float *y, const float *target, size_t n_rows, size_t n)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)y[i] - (double)target[i];
        loss += d * d / (double)n_rows;
        gy[i] = (float)(2 * d / (double)n_rows);
    }
    return loss;
}

static float *read_array(const tape_param *param, float *value, fdml_arena *arena)
{
    tape_param p = *param;
    float *copy = value ? fdml_arena_push(arena, p.n_items, sizeof *copy) : NULL;
    p.value = value;
    if (copy) fdml_tape_param_read(copy, &p);
    return copy;
}

static fdml_status read_gradients(train_outcome *o, const fdml_tape *tape, fdml_arena *arena,
                                  fdml_error *err)
{
    o->n = tape->n_params;
    o->array = fdml_arena_push_zero(arena, o->n, sizeof *o->array);
    if (!o->array) return no_memory(err);
    for (size_t i = 0; i < o->n; i++) {
        const tape_param *p = tape->param[i];
        o->array[i] = (train_array){ .name = p->name,
                                     .n = p->n_items,
                                     .gradient = read_array(p, p->grad, arena) };
        if (p->grad && !o->array[i].gradient) return no_memory(err);
    }
    return FDML_OK;
}

static fdml_status read_weights(train_outcome *o, const fdml_tape *tape, fdml_arena *arena,
                                fdml_error *err)
{
    for (size_t i = 0; i < o->n; i++) {
        o->array[i].after = read_array(tape->param[i], tape->param[i]->value, arena);
        if (!o->array[i].after) return no_memory(err);
    }
    return FDML_OK;
}

static fdml_status step_squares(train_outcome *o, const train_setup *setup, fdml_tape *tape,
                                fdml_arena *arena, fdml_error *err)
{
    const size_t n_values = setup->graph->n_values, n_rows = setup->x.dim[1];
    const size_t item = one_batch(setup).n_items, n_out = n_rows * fdml_tape_columns(tape);
    const float *x = setup->x.data, *target = setup->target.data, *y;
    fdml_params params = { .item = fdml_arena_push(arena, n_values, sizeof *params.item),
                           .room = n_values };
    float *gy = fdml_arena_push(arena, n_out, sizeof *gy);
    if (!params.item || !gy) return no_memory(err);
    if (setup->target.n_items != setup->x.dim[0] * n_out)
        return fdml_fail(err, FDML_E_DATA, "targets for %zu numbers, the network gives %zu",
                         setup->target.n_items, setup->x.dim[0] * n_out);
    FDML_TRY(fdml_tape_params(tape, &params, err));
    fdml_optim *optim;
    fdml_optim_options options = fdml_optim_defaults;
    options.lr = setup->lr, options.kernels = setup->kernels;
    options.n_threads = setup->n_threads;
    FDML_TRY(fdml_optim_new(&optim, &options, &params, arena, err));
    for (size_t s = 0; s < setup->x.dim[0]; s++) {
        FDML_TRY(fdml_tape_forward(tape, x + s * item, &y, err));
        o->loss[s] = squares(gy, y, target + s * n_out, n_rows, n_out);
        FDML_TRY(fdml_tape_backward(tape, gy, err));
        if (!s) FDML_TRY(read_gradients(o, tape, arena, err));
        FDML_TRY(fdml_optim_step(optim, 1, NULL, err));
    }
    return read_weights(o, tape, arena, err);
}

static fdml_status run_squares(train_outcome *o, const train_setup *setup, fdml_arena *arena,
                               fdml_error *err)
{
    const fdml_tensor batch = one_batch(setup);
    const fdml_tape_options options = { .kernels = setup->kernels,
                                        .n_threads = setup->n_threads,
                                        .freeze_norm = setup->is_frozen };
    fdml_tape *tape;
    FDML_TRY(fdml_tape_new(&tape, setup->graph, &batch, &options, err));
    const fdml_status status = step_squares(o, setup, tape, arena, err);
    fdml_tape_free(tape);
    return status;
}

/* --- margin ------------------------------------------------------------------------------ */

static const char *const behind[] = { "head.weight", "head.bias", "loss.beta" };
enum { N_BEHIND = sizeof behind / sizeof *behind };

/* What the trainer has under that name, which is behind the trunk and so in plain order. */
static fdml_param *find(const fdml_trainer *trainer, const char *name)
{
    const fdml_params *state = fdml_trainer_state(trainer);
    for (size_t i = 0; i < state->n; i++)
        if (!strcmp(state->item[i].name, name)) return &state->item[i];
    return NULL;
}

static fdml_status read_trainer(train_outcome *o, const train_setup *setup,
                                const fdml_trainer *trainer, fdml_arena *arena, fdml_error *err)
{
    fdml_graph now;
    FDML_TRY(fdml_trainer_trunk(&now, trainer, arena, err));
    o->array = fdml_arena_push_zero(arena, now.n_values + N_BEHIND, sizeof *o->array);
    if (!o->array) return no_memory(err);
    for (size_t i = 0; i < now.n_values; i++) {
        const fdml_graph_value *v = &now.value[i];
        if (v->constant.data && v->constant.data != setup->graph->value[i].constant.data)
            o->array[o->n++] = (train_array){ .name = v->name,
                                              .n = v->constant.n_items,
                                              .after = v->constant.data };
    }
    for (size_t i = 0; i < N_BEHIND; i++) {
        const fdml_param *p = find(trainer, behind[i]);
        float *copy = fdml_arena_push(arena, p->n, sizeof *copy);
        if (!copy) return no_memory(err);
        memcpy(copy, p->value, p->n * sizeof *copy);
        o->array[o->n++] = (train_array){ .name = p->name, .n = p->n, .after = copy };
    }
    /* names of parameters are the trainer's */
    for (size_t i = 0; i < N_BEHIND; i++) o->array[o->n - N_BEHIND + i].name = behind[i];
    return FDML_OK;
}

static fdml_status step_margin(train_outcome *o, const train_setup *setup,
                               fdml_trainer *trainer, fdml_arena *arena, fdml_error *err)
{
    const size_t n_rows = setup->x.dim[1], item = one_batch(setup).n_items;
    const float *x = setup->x.data, *target = setup->target.data;
    fdml_trainer_result result;
    uint32_t *label = fdml_arena_push(arena, n_rows, sizeof *label);
    if (!label) return no_memory(err);
    for (size_t i = 0; i < N_BEHIND; i++) {
        const fdml_param *p = find(trainer, behind[i]);
        const float *first;
        if (!p) return fdml_fail(err, FDML_E_DATA, "the trainer has no %s", behind[i]);
        FDML_TRY(train_read(&first, setup->first, p->name, p->n * sizeof *first, arena, err));
        memcpy(p->value, first, p->n * sizeof *first);
    }
    for (size_t s = 0; s < setup->x.dim[0]; s++) {
        for (size_t i = 0; i < n_rows; i++) label[i] = (uint32_t)target[s * n_rows + i];
        const fdml_trainer_batch batch = { .x = x + s * item, .label = label, .step = s };
        FDML_TRY(fdml_trainer_step(trainer, &batch, &result, err));
        o->loss[s] = result.metric.loss;
    }
    return read_trainer(o, setup, trainer, arena, err);
}

static fdml_status run_margin(train_outcome *o, const train_setup *setup, fdml_arena *arena,
                              fdml_error *err)
{
    const fdml_tensor_entry *bias = fdml_weights_find(setup->first, behind[1]);
    const fdml_tensor_entry *beta = fdml_weights_find(setup->first, behind[2]);
    if (!bias || !beta)
        return fdml_fail(err, FDML_E_DATA, "%s: it has no head", setup->first->name);
    fdml_trainer_options options = { .trunk = setup->graph,
                                     .input = one_batch(setup),
                                     .freeze_norm = setup->is_frozen,
                                     .optim = fdml_optim_defaults,
                                     .kernels = setup->kernels,
                                     .n_threads = setup->n_threads };
    options.optim.lr = setup->lr;
    options.heads.dim = bias->n_items, options.heads.n_classes = beta->n_items;
    options.heads.objective.name = "margin";
    options.heads.objective.miner = fdml_miner_defaults;
    options.heads.objective.miner.kind = FDML_MINER_ALL;
    fdml_trainer *trainer;
    FDML_TRY(fdml_trainer_new(&trainer, &options, err));
    const fdml_status status = step_margin(o, setup, trainer, arena, err);
    fdml_trainer_free(trainer);
    return status;
}

fdml_status train_run(train_outcome *outcome, const train_setup *setup, fdml_arena *arena,
                      fdml_error *err)
{
    *outcome = (train_outcome){ 0 };
    return (setup->is_margin ? run_margin : run_squares)(outcome, setup, arena, err);
}
