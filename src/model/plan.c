/* plan.c - makes a plan and runs it. See plan.h; plan_state.h tells where the parts are.
 * SPDX-License-Identifier: MIT */
#include "model/plan.h"

#include <string.h>
#include <time.h>

#include "model/plan_state.h"

static fdml_status make(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    const fdml_graph *graph = plan->graph;
    plan->value = fdml_plan_push(plan, graph->n_values, sizeof *plan->value);
    plan->is_done = fdml_plan_push(plan, graph->n_nodes, sizeof *plan->is_done);
    plan->output = fdml_plan_push(plan, graph->n_outputs, sizeof *plan->output);
    if (!plan->value || !plan->is_done || !plan->output) return fdml_plan_no_memory(plan, err);
    FDML_TRY(fdml_plan_values(plan, input, err));
    for (size_t i = 0; i < graph->n_outputs; i++)
        plan->output[i] = plan->value[graph->output[i]].tensor;
    FDML_TRY(fdml_plan_lanes(plan, input, err));
    if (plan->n_lanes) return FDML_OK;
    FDML_TRY(fdml_plan_build(plan, err));
    plan->weight_size = plan->arena.used;
    return fdml_plan_place(plan, err);
}

fdml_status fdml_plan_new(fdml_plan **plan, const fdml_graph *graph, const fdml_tensor *input,
                          const fdml_plan_options *options, fdml_error *err)
{
    static const fdml_plan_options all_default;
    const fdml_plan_options *o = options ? options : &all_default;
    fdml_arena arena;
    fdml_arena_init(&arena, o->max_memory);
    fdml_plan *made = fdml_arena_push_zero(&arena, 1, sizeof *made);
    if (!made) {
        fdml_arena_close(&arena);
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory left for the plan", graph->name);
    }
    made->graph = graph;
    made->options = *o;
    made->kernels = o->kernels ? o->kernels : fdml_kernels_best();
    made->n_threads = o->n_threads > 0 ? o->n_threads : fdml_threads_default();
    made->arena = arena; /* which holds `made` itself */
    fdml_arena_init(&made->work, o->max_memory);
    fdml_arena_init(&made->text, o->max_memory);
    const fdml_status status =
        made->kernels ? make(made, input, err)
                      : fdml_fail(err, FDML_E_UNSUPPORTED,
                                  "this processor lacks AVX2 and FMA, which fdml needs");
    if (status) {
        fdml_plan_free(made);
        return status;
    }
    *plan = made;
    return FDML_OK;
}

void fdml_plan_free(fdml_plan *plan)
{
    if (!plan) return;
    for (int l = plan->n_lanes; l-- > 0;) fdml_plan_free(plan->lane[l]);
    fdml_arena_close(&plan->work);
    fdml_arena_close(&plan->text);
    fdml_arena arena = plan->arena;
    fdml_arena_close(&arena);
}

static fdml_status check_inputs(const fdml_plan *plan, const fdml_tensor *input,
                                fdml_error *err)
{
    const fdml_graph *graph = plan->graph;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const fdml_plan_value *value = &plan->value[graph->input[i]];
        if (value->tensor.data) continue;
        char want[FDML_SHAPE_TEXT], got[FDML_SHAPE_TEXT];
        if (input[i].type != value->tensor.type || !input[i].data ||
            !fdml_tensor_same_shape(&input[i], &value->tensor))
            return fdml_fail(err, FDML_E_ARG, "%s: input \"%.80s\" is %s%s, planned for %s",
                             graph->name, graph->value[graph->input[i]].name,
                             fdml_tensor_shape_text(&input[i], got),
                             input[i].data ? "" : " without data",
                             fdml_tensor_shape_text(&value->tensor, want));
    }
    return FDML_OK;
}

/* Where every slot lies in this run: inputs lie with the caller. */
static fdml_status bind(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    const fdml_graph *graph = plan->graph;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const fdml_plan_value *value = &plan->value[graph->input[i]];
        if (value->tensor.data) continue;
        fdml_tensor x = input[i];
        FDML_TRY(fdml_tensor_align(&x, &plan->work, graph->name, err));
        plan->slot[value->slot[FDML_PLAIN]].data = x.data;
    }
    for (uint32_t s = 0; s < plan->n_slots; s++) { /* a root comes before those that share it */
        fdml_slot *slot = &plan->slot[s];
        if (slot->root != s)
            slot->data = plan->slot[slot->root].data;
        else if (slot->made_by != FDML_NO_SLOT)
            slot->data = plan->buffer + slot->offset;
    }
    return FDML_OK;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct step_loop {
    fdml_plan *plan;
    fdml_status status;
    fdml_error *err;
} step_loop;

static void run_steps(void *ctx)
{
    step_loop *loop = ctx;
    fdml_plan *plan = loop->plan;
    for (uint32_t s = 0; s < plan->n_steps && !loop->status; s++) {
        const double start = plan->is_timed ? now() : 0;
        loop->status = plan->step[s].run(plan, &plan->step[s], loop->err);
        if (plan->is_timed) plan->step[s].seconds += now() - start;
    }
}

fdml_status fdml_plan_run_steps(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    step_loop loop = { .plan = plan, .err = err };
    fdml_arena_close(&plan->text); /* what outputs of the last run may have pointed to */
    fdml_arena_close(&plan->work);
    FDML_TRY(bind(plan, input, err));
    fdml_parallel_team(plan->n_threads, run_steps, &loop);
    return loop.status;
}

fdml_status fdml_plan_run(fdml_plan *plan, const fdml_tensor *input, fdml_tensor *output,
                          fdml_error *err)
{
    FDML_TRY(check_inputs(plan, input, err));
    if (plan->n_lanes) {
        FDML_TRY(fdml_plan_run_lanes(plan, input, err));
        memcpy(output, plan->output, plan->graph->n_outputs * sizeof *output);
        return FDML_OK;
    }
    for (uint32_t s = 0; s < plan->n_steps; s++) plan->step[s].seconds = 0;
    FDML_TRY(fdml_plan_run_steps(plan, input, err));
    for (size_t i = 0; i < plan->graph->n_outputs; i++) {
        output[i] = plan->output[i];
        output[i].data =
            fdml_slot_data(plan, plan->value[plan->graph->output[i]].slot[FDML_PLAIN]);
    }
    return FDML_OK;
}

const fdml_tensor *fdml_plan_output(const fdml_plan *plan, size_t index)
{
    return &plan->output[index];
}

void fdml_plan_get_memory(fdml_plan_memory *memory, const fdml_plan *plan)
{
    *memory = (fdml_plan_memory){ .weights = plan->weight_size,
                                  .buffer = plan->buffer_size,
                                  .scratch = plan->scratch_size * (size_t)plan->n_threads };
    for (int l = 0; l < plan->n_lanes; l++) {
        fdml_plan_memory one;
        fdml_plan_get_memory(&one, plan->lane[l]);
        memory->weights = one.weights; /* which the lanes share */
        memory->buffer += one.buffer;
        memory->scratch += one.scratch;
    }
}

size_t fdml_plan_n_steps(const fdml_plan *plan)
{
    return plan->n_lanes ? plan->lane[0]->n_steps : plan->n_steps;
}

/* Of all images; lanes run side by side, so their times are not added. */
static void get_lane_step(fdml_plan_step_info *info, const fdml_plan *plan, size_t step)
{
    fdml_plan_get_step(info, plan->lane[0], step);
    const fdml_tensor *all = &plan->value[info->value].tensor;
    info->flops *= (double)all->dim[0];
    info->output = *all;
    info->seconds = 0;
    for (int l = 0; l < plan->n_lanes; l++)
        info->seconds += plan->lane[l]->step[step].seconds / plan->n_lanes;
}

void fdml_plan_get_step(fdml_plan_step_info *info, const fdml_plan *plan, size_t step)
{
    if (plan->n_lanes) {
        get_lane_step(info, plan, step);
        return;
    }
    const fdml_plan_step *s = &plan->step[step];
    const uint32_t slot = s->n_out ? s->out[0] : s->in[0];
    const uint32_t value = plan->slot[slot].value;
    *info = (fdml_plan_step_info){ .name = s->node ? s->node->name : "",
                                   .op = s->label,
                                   .algorithm = s->algorithm,
                                   .value = value,
                                   .output = plan->value[value].tensor,
                                   .flops = s->flops,
                                   .n_parameters = s->n_parameters,
                                   .seconds = s->seconds };
}

void fdml_plan_time_steps(fdml_plan *plan, bool on)
{
    plan->is_timed = on;
    for (int l = 0; l < plan->n_lanes; l++) fdml_plan_time_steps(plan->lane[l], on);
}

bool fdml_plan_read_value(float *values, const fdml_plan *plan, uint32_t value)
{
    if (value >= plan->graph->n_values || !plan->options.keep_all) return false;
    const fdml_plan_value *v = &plan->value[value];
    if (v->tensor.type != FDML_TYPE_F32) return false;
    const float *plain = fdml_slot_data(plan, v->slot[FDML_PLAIN]);
    const float *blocks = fdml_slot_data(plan, v->slot[FDML_BLOCKS]);
    if (!plain && !blocks) return false;
    if (plain) {
        memcpy(values, plain, fdml_tensor_size(&v->tensor));
        return true;
    }
    const fdml_plane_shape p = fdml_plan_planes(&v->tensor);
    for (size_t n = 0; n < p.n; n++)
        plan->kernels->blocks_to_planes(values + n * p.c * p.h * p.w,
                                        blocks + n * p.n_blocks * FDML_BLOCK * p.h * p.w, p.c,
                                        p.h * p.w);
    return true;
}
