/* plan_build.c - nodes become steps, in the graph's order.
 *
 * The lowerings are asked one after the other; the last, plan_reference.c, takes everything.
 * Who needs a value in a layout that it does not have gets a step that changes it, once.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/plan_state.h"

fdml_status fdml_plan_no_memory(const fdml_plan *plan, fdml_error *err)
{
    if (plan->arena.limit)
        return fdml_fail(err, FDML_E_LIMIT,
                         "%s: the plan needs more than the %zu bytes it may use",
                         plan->graph->name, plan->arena.limit);
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory left for the plan", plan->graph->name);
}

void *fdml_plan_push(fdml_plan *plan, size_t count, size_t size)
{
    return fdml_arena_push_zero(&plan->arena, count, size);
}

void fdml_plan_want_scratch(fdml_plan *plan, size_t size)
{
    size = (size + 4095) / 4096 * 4096 + 192; /* threads' scratch at different cache sets */
    size = (size + 63) / 64 * 64;
    if (size > plan->scratch_size) plan->scratch_size = size;
}

/* Room for one more item of an array that doubles in the arena. */
static void *grow(fdml_plan *plan, void *items, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room) return items;
    const uint32_t more = *room ? *room * 2 : 64;
    void *moved = fdml_plan_push(plan, more, size);
    if (!moved) return NULL;
    if (n) memcpy(moved, items, n * size);
    *room = more;
    return moved;
}

fdml_status fdml_plan_new_slot(uint32_t *slot, fdml_plan *plan, uint32_t value,
                               fdml_layout layout, fdml_error *err)
{
    fdml_slot *slots = grow(plan, plan->slot, plan->n_slots, &plan->room_slots, sizeof *slots);
    if (!slots) return fdml_plan_no_memory(plan, err);
    plan->slot = slots;
    const fdml_tensor *tensor = &plan->value[value].tensor;
    size_t size = fdml_tensor_size(tensor);
    if (layout == FDML_BLOCKS) {
        const fdml_plane_shape p = fdml_plan_planes(tensor);
        if (__builtin_mul_overflow(tensor->n_items / p.c,
                                   p.n_blocks * FDML_BLOCK * sizeof(float), &size))
            return fdml_plan_no_memory(plan, err);
    }
    const uint32_t s = plan->n_slots++;
    slots[s] = (fdml_slot){
        .value = value, .layout = layout, .size = size, .root = s, .made_by = FDML_NO_SLOT
    };
    plan->value[value].slot[layout] = s;
    *slot = s;
    return FDML_OK;
}

bool fdml_plan_is_made(const fdml_plan *plan, uint32_t value)
{
    const fdml_plan_value *v = &plan->value[value];
    return v->tensor.data || v->slot[FDML_PLAIN] != FDML_NO_SLOT ||
           v->slot[FDML_BLOCKS] != FDML_NO_SLOT;
}

fdml_status fdml_plan_read_slot(uint32_t *slot, fdml_plan *plan, uint32_t value,
                                fdml_layout layout, fdml_error *err)
{
    const fdml_plan_value *v = &plan->value[value];
    const fdml_layout other = layout == FDML_PLAIN ? FDML_BLOCKS : FDML_PLAIN;
    if (v->slot[layout] == FDML_NO_SLOT) {
        uint32_t made;
        if (v->slot[other] == FDML_NO_SLOT) { /* a constant that nobody has asked for yet */
            FDML_TRY(fdml_plan_new_slot(&made, plan, value, FDML_PLAIN, err));
            plan->slot[made].data = v->tensor.data;
        }
        if (v->slot[layout] == FDML_NO_SLOT) {
            const uint32_t from = v->slot[other];
            FDML_TRY(fdml_plan_new_slot(&made, plan, value, layout, err));
            FDML_TRY(fdml_lower_layout(plan, from, made, err));
        }
    }
    *slot = plan->value[value].slot[layout];
    return FDML_OK;
}

fdml_status fdml_plan_add_step(fdml_plan *plan, const fdml_plan_step *step, fdml_error *err)
{
    fdml_plan_step *steps =
        grow(plan, plan->step, plan->n_steps, &plan->room_steps, sizeof *steps);
    if (!steps) return fdml_plan_no_memory(plan, err);
    plan->step = steps;
    const uint32_t id = plan->n_steps;
    uint32_t *slots = fdml_plan_push(plan, step->n_in + step->n_out, sizeof *slots);
    if (!slots) return fdml_plan_no_memory(plan, err);
    for (uint32_t i = 0; i < step->n_in; i++) {
        slots[i] = step->in[i];
        if (slots[i] != FDML_NO_SLOT) plan->slot[plan->slot[slots[i]].root].last_used = id;
    }
    for (uint32_t i = 0; i < step->n_out; i++) {
        const uint32_t s = slots[step->n_in + i] = step->out[i];
        if (s == FDML_NO_SLOT) continue;
        plan->slot[s].made_by = id;
        plan->slot[s].last_used = id;
    }
    steps[id] = *step;
    steps[id].in = slots;
    steps[id].out = slots + step->n_in;
    plan->n_steps++;
    return FDML_OK;
}

fdml_status fdml_plan_add_map(fdml_plan *plan, fdml_plan_step step, uint32_t x, uint32_t y,
                              fdml_layout layout, fdml_error *err)
{
    uint32_t in, out;
    FDML_TRY(fdml_plan_read_slot(&in, plan, x, layout, err));
    FDML_TRY(fdml_plan_new_slot(&out, plan, y, layout, err));
    step.n_in = step.n_out = 1;
    step.in = &in;
    step.out = &out;
    return fdml_plan_add_step(plan, &step, err);
}

/* The graph's inputs and outputs are plain. */
static fdml_status make_inputs(fdml_plan *plan, fdml_error *err)
{
    for (size_t i = 0; i < plan->graph->n_inputs; i++) {
        const uint32_t value = plan->graph->input[i];
        uint32_t slot;
        if (!plan->value[value].tensor.data)
            FDML_TRY(fdml_plan_new_slot(&slot, plan, value, FDML_PLAIN, err));
    }
    return FDML_OK;
}

static fdml_status make_outputs(fdml_plan *plan, fdml_error *err)
{
    for (size_t i = 0; i < plan->graph->n_outputs; i++) {
        uint32_t slot;
        FDML_TRY(fdml_plan_read_slot(&slot, plan, plan->graph->output[i], FDML_PLAIN, err));
        plan->slot[plan->slot[slot].root].last_used = UINT32_MAX;
    }
    return FDML_OK;
}

fdml_status fdml_plan_build(fdml_plan *plan, fdml_error *err)
{
    static fdml_lower_fn *const fast[] = {
        fdml_lower_depthwise, fdml_lower_pair,   fdml_lower_conv,     fdml_lower_pool,
        fdml_lower_dense,     fdml_lower_mean,   fdml_lower_affine,   fdml_lower_map,
        fdml_lower_alias,     fdml_lower_concat, fdml_lower_reference
    };
    static fdml_lower_fn *const plain[] = { fdml_lower_reference };
    fdml_lower_fn *const *lower = plan->options.is_reference ? plain : fast;
    const size_t n = plan->options.is_reference ? 1 : sizeof fast / sizeof *fast;
    FDML_TRY(make_inputs(plan, err));
    for (size_t i = 0; i < plan->graph->n_nodes; i++) {
        if (plan->is_done[i]) continue;
        bool took = false;
        for (size_t l = 0; l < n && !took; l++)
            FDML_TRY(lower[l](plan, &plan->graph->node[i], &took, err));
        plan->is_done[i] = true;
    }
    return make_outputs(plan, err);
}
