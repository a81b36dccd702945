/* trainer.c - see trainer.h.
 *
 * The loss is looked at before anything is moved, and the optimiser looks at every gradient, so
 * that a run which breaks still has the weights of its last good step.
 *
 * SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "train/param_list.h"
#include "train/tape.h"

struct fdml_trainer {
    fdml_arena arena, work;
    const fdml_graph *trunk;
    fdml_tape *tape; /* NULL: no trunk */
    bool is_trunk_frozen;
    size_t n_rows;
    int n_threads;
    fdml_metric_heads *heads;
    fdml_optim *optim;
    fdml_schedule schedule;
    double lr;
    float *dh;           /* [n_rows, columns] */
    fdml_params trained; /* all weights and buffers */
    fdml_params model, best, state;
};

static fdml_status make_tape(fdml_trainer *t, const fdml_trainer_options *o, fdml_error *err)
{
    const fdml_tape_options tape = { .kernels = o->kernels,
                                     .n_threads = o->n_threads,
                                     .max_memory = o->max_memory,
                                     .freeze_norm = o->freeze_norm || o->freeze_trunk,
                                     .freeze_all = o->freeze_trunk };
    return o->trunk ? fdml_tape_new(&t->tape, o->trunk, &o->input, &tape, err) : FDML_OK;
}

static fdml_status make_heads(fdml_trainer *t, const fdml_trainer_options *o, fdml_error *err)
{
    fdml_metric_options heads = o->heads;
    heads.n_in = t->tape ? fdml_tape_columns(t->tape) : o->input.dim[1];
    heads.kernels = o->kernels;
    heads.n_threads = o->n_threads;
    if (t->tape && !t->is_trunk_frozen) {
        t->dh = fdml_arena_push(&t->arena, t->n_rows * heads.n_in, sizeof *t->dh);
        if (!t->dh)
            return fdml_fail(err, FDML_E_NOMEM, "no memory for the gradient of %zu x %zu",
                             t->n_rows, heads.n_in);
    }
    return fdml_metric_heads_new(&t->heads, &heads, &t->arena, err);
}

/* An upper bound of how many arrays there are in all lists: weights, up to two of the optimiser
 * and one of the best for each. */
static size_t count_arrays(const fdml_trainer_options *o)
{
    enum { OF_HEAD = 64 };
    const size_t n_trunk = o->trunk ? o->trunk->n_values : 0;
    return 4 * (n_trunk + OF_HEAD * (1 + o->heads.n_attributes)) + 1;
}

static fdml_status make_lists(fdml_trainer *t, const fdml_trainer_options *o, fdml_error *err)
{
    const size_t room = count_arrays(o);
    fdml_params *const list[] = { &t->trained, &t->model, &t->best, &t->state };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        list[i]->item = fdml_arena_push(&t->arena, room, sizeof *list[i]->item);
        list[i]->room = room;
        if (!list[i]->item)
            return fdml_fail(err, FDML_E_NOMEM, "no memory for a list of %zu arrays", room);
    }
    return FDML_OK;
}

static const fdml_param *find(const fdml_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (!strcmp(params->item[i].name, name)) return &params->item[i];
    return NULL;
}

static fdml_status add_all(fdml_params *to, const fdml_params *from, fdml_arena *arena,
                           fdml_error *err)
{
    for (size_t i = 0; i < from->n; i++)
        FDML_TRY(fdml_params_add(to, NULL, &from->item[i], arena, err));
    return FDML_OK;
}

/* The trunk's arrays come first in the list; of the heads', two are the model's. */
static fdml_status list_model(fdml_trainer *t, fdml_error *err)
{
    static const char *const of_head[] = { "head.weight", "head.bias" };
    FDML_TRY(add_all(&t->model, &t->trained, &t->arena, err));
    FDML_TRY(fdml_metric_heads_params(t->heads, &t->trained, &t->arena, err));
    for (size_t i = 0; i < sizeof of_head / sizeof *of_head; i++) {
        const fdml_param *param = find(&t->trained, of_head[i]);
        if (param) FDML_TRY(fdml_params_add(&t->model, NULL, param, &t->arena, err));
    }
    return FDML_OK;
}

static fdml_status make_best(fdml_trainer *t, fdml_error *err)
{
    for (size_t i = 0; i < t->model.n; i++) {
        const fdml_param *from = &t->model.item[i];
        fdml_param best = { .name = from->name,
                            .n = from->n,
                            .value = fdml_arena_push_zero(&t->arena, from->n, sizeof(float)) };
        if (!best.value)
            return fdml_fail(err, FDML_E_NOMEM, "no memory for the best of '%s'", from->name);
        FDML_TRY(fdml_params_add(&t->best, "best", &best, &t->arena, err));
    }
    return FDML_OK;
}

static fdml_status make(fdml_trainer *t, const fdml_trainer_options *o, fdml_error *err)
{
    fdml_optim_options optim = o->optim;
    optim.kernels = o->kernels;
    optim.n_threads = o->n_threads;
    FDML_TRY(fdml_schedule_check(&o->schedule, "schedule", err));
    FDML_TRY(make_tape(t, o, err));
    FDML_TRY(make_heads(t, o, err));
    FDML_TRY(make_lists(t, o, err));
    if (t->tape) FDML_TRY(fdml_tape_params(t->tape, &t->trained, err));
    FDML_TRY(list_model(t, err));
    FDML_TRY(fdml_optim_new(&t->optim, &optim, &t->trained, &t->arena, err));
    if (o->keeps_best) FDML_TRY(make_best(t, err));
    FDML_TRY(add_all(&t->state, &t->trained, &t->arena, err));
    FDML_TRY(fdml_optim_params(t->optim, &t->state, &t->arena, err));
    return add_all(&t->state, &t->best, &t->arena, err);
}

/* Threads for steps of so little work that handing it out takes longer, as on features: below
 * 2^26 multiply-adds, about 5 ms of one core. No bit depends on it. */
static int threads_for(const fdml_trainer_options *o)
{
    const int n_threads = o->n_threads ? o->n_threads : fdml_threads_default();
    const double n = (double)o->input.dim[0], n_in = (double)o->input.dim[1];
    double weights = n_in * (double)o->heads.dim;
    if (o->input.rank != 2) return n_threads;
    for (size_t i = 0; o->trunk && i < o->trunk->n_values; i++)
        weights += (double)o->trunk->value[i].constant.n_items;
    return 3 * n * (weights + n * (double)o->heads.dim) < 0x1p26 ? 1 : n_threads;
}

fdml_status fdml_trainer_new(fdml_trainer **trainer, const fdml_trainer_options *options,
                             fdml_error *err)
{
    fdml_arena arena;
    fdml_arena_init(&arena, options->max_memory);
    fdml_trainer *t = fdml_arena_push_zero(&arena, 1, sizeof *t);
    if (!t) return fdml_fail(err, FDML_E_NOMEM, "no memory for a trainer");
    t->arena = arena;
    fdml_arena_init(&t->work, options->max_memory);
    t->trunk = options->trunk;
    t->is_trunk_frozen = options->freeze_trunk;
    t->n_rows = options->input.dim[0];
    t->n_threads = threads_for(options);
    t->schedule = options->schedule;
    t->lr = options->optim.lr;
    fdml_trainer_options own = *options;
    own.n_threads = t->n_threads;
    const fdml_status status = make(t, &own, err);
    if (status)
        fdml_trainer_free(t);
    else
        *trainer = t;
    return status;
}

void fdml_trainer_free(fdml_trainer *trainer)
{
    if (!trainer) return;
    fdml_arena arena = trainer->arena; /* which the trainer itself lies in */
    fdml_tape_free(trainer->tape);
    fdml_arena_close(&trainer->work);
    fdml_arena_close(&arena);
}

const fdml_params *fdml_trainer_state(const fdml_trainer *trainer)
{
    return &trainer->state;
}

const fdml_params *fdml_trainer_model(const fdml_trainer *trainer)
{
    return &trainer->model;
}

size_t fdml_trainer_n_weights(const fdml_trainer *trainer)
{
    size_t n = 0;
    for (size_t i = 0; i < trainer->trained.n; i++)
        if (trainer->trained.item[i].grad) n += trainer->trained.item[i].n;
    return n;
}

size_t fdml_trainer_memory(const fdml_trainer *t)
{
    return t->arena.used + t->work.peak + (t->tape ? fdml_tape_memory(t->tape) : 0);
}

typedef struct stepping {
    fdml_trainer *trainer;
    const fdml_trainer_batch *batch;
    fdml_trainer_result *result;
    fdml_error *err;
    fdml_status status;
} stepping;

static fdml_status run_step(const stepping *s, fdml_error *err)
{
    fdml_trainer *t = s->trainer;
    const fdml_trainer_batch *batch = s->batch;
    fdml_trainer_result *result = s->result;
    const unsigned long long step = batch->step;
    const double factor = fdml_schedule_factor(&t->schedule, batch->step);
    fdml_metric_batch heads = { .h = batch->x,
                                .n = t->n_rows,
                                .label = batch->label,
                                .attribute = batch->attribute,
                                .step = batch->step };
    fdml_error why;
    result->lr = t->lr * factor;
    if (t->tape) FDML_TRY(fdml_tape_forward(t->tape, batch->x, &heads.h, err));
    FDML_TRY(fdml_metric_heads_run(t->heads, &heads, t->dh, &result->metric, &t->work, err));
    if (!isfinite(result->metric.loss))
        return fdml_fail(err, FDML_E_DATA, "step %llu: the loss is %s", step,
                         isnan(result->metric.loss) ? "nan" : "infinite");
    if (t->dh) FDML_TRY(fdml_tape_backward(t->tape, t->dh, err));
    const fdml_status status = fdml_optim_step(t->optim, factor, &result->optim, &why);
    return status ? fdml_fail(err, status, "step %llu: %.440s", step, why.text) : FDML_OK;
}

static void step_in_team(void *ctx)
{
    stepping *s = ctx;
    s->status = run_step(s, s->err);
}

/* One team for the many short loops of a step: behind a small trunk they would each take less
 * time than a region of their own takes to begin on a busy machine. */
fdml_status fdml_trainer_step(fdml_trainer *trainer, const fdml_trainer_batch *batch,
                              fdml_trainer_result *result, fdml_error *err)
{
    stepping s = { trainer, batch, result, err, FDML_OK };
    fdml_parallel_team(trainer->n_threads, step_in_team, &s);
    return s.status;
}

static void copy_values(const fdml_params *to, const fdml_params *from)
{
    for (size_t i = 0; i < to->n; i++)
        memcpy(to->item[i].value, from->item[i].value, to->item[i].n * sizeof(float));
}

void fdml_trainer_keep_best(fdml_trainer *trainer)
{
    copy_values(&trainer->best, &trainer->model);
}

/* Without room for a best this copies nothing. */
void fdml_trainer_take_best(fdml_trainer *trainer)
{
    if (trainer->best.n) copy_values(&trainer->model, &trainer->best);
}

fdml_status fdml_trainer_trunk(fdml_graph *graph, const fdml_trainer *trainer,
                               fdml_arena *arena, fdml_error *err)
{
    const fdml_graph *trunk = trainer->trunk;
    fdml_graph_value *value = fdml_arena_push(arena, trunk->n_values, sizeof *value);
    if (!value) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for a copy", trunk->name);
    memcpy(value, trunk->value, trunk->n_values * sizeof *value);
    for (size_t i = 0; i < trunk->n_values; i++) {
        fdml_tensor *constant = &value[i].constant;
        if (!constant->data || constant->type != FDML_TYPE_F32) continue;
        float *now = fdml_arena_push(arena, constant->n_items, sizeof *now);
        if (!now)
            return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu weights", trunk->name,
                             constant->n_items);
        if (fdml_tape_read(now, trainer->tape, value[i].name)) constant->data = now;
    }
    *graph = *trunk;
    graph->value = value;
    graph->maps = NULL; /* they stay the trunk's */
    return FDML_OK;
}

const fdml_metric_heads *fdml_trainer_heads(const fdml_trainer *trainer)
{
    return trainer->heads;
}

const float *fdml_trainer_array(const fdml_trainer *trainer, const char *name)
{
    const fdml_param *param = find(&trainer->model, name);
    return param ? param->value : NULL;
}
