/* plan_lanes.c - the images of a batch one by one, each thread with a plan of its own.
 *
 * A network of few weights spends its time on activations. One image's stay in a core's L2
 * where a batch's do not, no thread waits for another between two steps, and no activation
 * moves from core to core. Where weights are many, they are better fetched once for the whole
 * batch.
 *
 * The lanes share steps and weights, which no run changes, and have their own buffer and
 * scratch. The bits are those of any batch: see plan.h.
 * SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <string.h>

#include "base/parallel.h"
#include "model/plan_state.h"

enum {
    MAX_WEIGHTS = 16 << 20, /* bytes of the graph's constants */
    MAX_INPUTS = 8,
    MANY = 4 /* images a lane, so that a last uneven round does not matter */
};

/* The batch: the first axis of every input that is no constant; 0: there is none. */
static size_t batch_of(const fdml_plan *plan, const fdml_tensor *input)
{
    const fdml_graph *graph = plan->graph;
    size_t batch = 0;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const fdml_graph_value *declared = &graph->value[graph->input[i]];
        if (input[i].data || input[i].rank < 1 ||
            (declared->rank >= 0 && declared->dim[0] >= 0))
            return 0;
        if (batch && input[i].dim[0] != batch) return 0;
        batch = input[i].dim[0];
    }
    return batch;
}

static bool has_few_weights(const fdml_graph *graph)
{
    size_t size = 0;
    for (size_t v = 0; v < graph->n_values && size <= MAX_WEIGHTS; v++)
        if (graph->value[v].constant.data) size += fdml_tensor_size(&graph->value[v].constant);
    return size <= MAX_WEIGHTS;
}

/* Is `all` that many times `one`, image after image? */
static bool is_batch_of(const fdml_tensor *all, const fdml_tensor *one, size_t batch)
{
    if (all->rank != one->rank || one->rank < 1 || one->dim[0] != 1 || all->dim[0] != batch ||
        all->type != one->type)
        return false;
    return !memcmp(all->dim + 1, one->dim + 1, (size_t)(one->rank - 1) * sizeof *one->dim);
}

/* Do the steps of one image, done for each, give what those of the batch give? */
static bool is_separable(const fdml_plan *plan, const fdml_plan *one, size_t batch)
{
    for (uint32_t s = 0; s < one->n_steps; s++)
        if (one->step[s].mixes_images) return false;
    for (uint32_t s = 0; s < one->n_slots; s++) {
        const uint32_t v = one->slot[s].value;
        if (one->value[v].tensor.data) continue;
        if (!is_batch_of(&plan->value[v].tensor, &one->value[v].tensor, batch)) return false;
    }
    for (size_t i = 0; i < plan->graph->n_outputs; i++)
        if (one->value[plan->graph->output[i]].tensor.data) return false;
    return true;
}

static fdml_status clone(fdml_plan **made, const fdml_plan *from, fdml_error *err)
{
    fdml_arena arena;
    fdml_arena_init(&arena, from->options.max_memory);
    fdml_plan *lane = fdml_arena_push_zero(&arena, 1, sizeof *lane);
    if (!lane) {
        fdml_arena_close(&arena);
        return fdml_plan_no_memory(from, err);
    }
    *lane = *from;
    lane->arena = arena; /* which holds the lane itself */
    fdml_arena_init(&lane->work, from->options.max_memory);
    fdml_arena_init(&lane->text, from->options.max_memory);
    lane->slot = fdml_plan_push(lane, from->n_slots, sizeof *lane->slot);
    lane->step = fdml_plan_push(lane, from->n_steps, sizeof *lane->step);
    fdml_status status = lane->slot && lane->step ? fdml_plan_allocate(lane, err)
                                                  : fdml_plan_no_memory(from, err);
    if (status) {
        fdml_plan_free(lane);
        return status;
    }
    if (from->n_slots) memcpy(lane->slot, from->slot, from->n_slots * sizeof *lane->slot);
    if (from->n_steps) memcpy(lane->step, from->step, from->n_steps * sizeof *lane->step);
    *made = lane;
    return FDML_OK;
}

/* A plan of one image by one thread; NULL: there is none, or it would compute something else.
 */
static fdml_plan *plan_one(const fdml_plan *plan, const fdml_tensor *input, size_t batch)
{
    const size_t n = plan->graph->n_inputs;
    fdml_tensor one[MAX_INPUTS];
    fdml_error ignored;
    for (size_t i = 0; i < n; i++) {
        size_t dim[FDML_MAX_RANK] = { 1 };
        for (int d = 1; d < input[i].rank; d++) dim[d] = input[i].dim[d];
        if (fdml_tensor_shape(&one[i], input[i].type, input[i].rank, dim, plan->graph->name,
                              &ignored))
            return NULL;
    }
    fdml_plan_options options = plan->options;
    options.kernels = plan->kernels;
    options.n_threads = 1;
    fdml_plan *made;
    if (fdml_plan_new(&made, plan->graph, one, &options, &ignored)) return NULL;
    if (is_separable(plan, made, batch)) return made;
    fdml_plan_free(made);
    return NULL;
}

static fdml_status allocate_outputs(fdml_plan *plan, fdml_error *err)
{
    for (size_t i = 0; i < plan->graph->n_outputs; i++) {
        const size_t size = fdml_tensor_size(&plan->output[i]);
        plan->output[i].data = fdml_arena_push(&plan->arena, size, 1);
        if (!plan->output[i].data) return fdml_plan_no_memory(plan, err);
        plan->buffer_size += size;
    }
    return FDML_OK;
}

/* Each arena keeps to the limit; all together must, with fewer lanes than threads if need be.
 */
static bool exceeds_limit(const fdml_plan *plan)
{
    size_t size = plan->arena.used;
    for (size_t i = 0; i < plan->graph->n_outputs; i++)
        size += fdml_tensor_size(&plan->output[i]);
    for (int l = 0; l < plan->n_lanes; l++) size += plan->lane[l]->arena.used;
    return plan->options.max_memory && size > plan->options.max_memory;
}

fdml_status fdml_plan_lanes(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    const size_t batch = batch_of(plan, input), threads = (size_t)plan->n_threads;
    if (batch < 2 || plan->options.keep_all || plan->options.is_reference ||
        plan->graph->n_inputs > MAX_INPUTS || !has_few_weights(plan->graph) ||
        (batch % threads && batch < MANY * threads))
        return FDML_OK;
    fdml_plan *one = plan_one(plan, input, batch);
    if (!one) return FDML_OK;
    plan->lane = fdml_plan_push(plan, threads, sizeof *plan->lane);
    if (!plan->lane) {
        fdml_plan_free(one);
        return fdml_plan_no_memory(plan, err);
    }
    plan->lane[0] = one;
    for (plan->n_lanes = 1; (size_t)plan->n_lanes < threads; plan->n_lanes++)
        if (clone(&plan->lane[plan->n_lanes], one, err)) break;
    while (plan->n_lanes && exceeds_limit(plan)) fdml_plan_free(plan->lane[--plan->n_lanes]);
    return plan->n_lanes ? allocate_outputs(plan, err) : FDML_OK;
}

typedef struct lane_run {
    fdml_plan *plan;
    const fdml_tensor *input;
    atomic_int status; /* of the image that failed first */
    fdml_error *err;
} lane_run;

static void run_image(void *ctx, size_t image, int thread)
{
    lane_run *run = ctx;
    fdml_plan *plan = run->plan, *lane = plan->lane[thread];
    const fdml_graph *graph = plan->graph;
    if (atomic_load(&run->status)) return;
    fdml_tensor input[MAX_INPUTS];
    for (size_t i = 0; i < graph->n_inputs; i++) {
        input[i] = lane->value[graph->input[i]].tensor;
        input[i].data =
            (unsigned char *)run->input[i].data + image * fdml_tensor_size(&input[i]);
    }
    fdml_error err;
    const fdml_status status = fdml_plan_run_steps(lane, input, &err);
    if (status) {
        int none = 0;
        if (atomic_compare_exchange_strong(&run->status, &none, (int)status)) *run->err = err;
        return;
    }
    for (size_t i = 0; i < graph->n_outputs; i++) {
        const size_t size = fdml_tensor_size(&lane->output[i]);
        memcpy((unsigned char *)plan->output[i].data + image * size,
               fdml_slot_data(lane, lane->value[graph->output[i]].slot[FDML_PLAIN]), size);
    }
}

fdml_status fdml_plan_run_lanes(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    lane_run run = { .plan = plan, .input = input, .err = err };
    for (int l = 0; l < plan->n_lanes; l++)
        for (uint32_t s = 0; s < plan->lane[l]->n_steps; s++)
            plan->lane[l]->step[s].seconds = 0;
    fdml_parallel(input[0].dim[0], plan->n_lanes, run_image, &run);
    return (fdml_status)atomic_load(&run.status);
}
