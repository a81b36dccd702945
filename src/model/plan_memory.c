/* plan_memory.c - every slot gets a place in one buffer; places are used again (place.h).
 * SPDX-License-Identifier: MIT */
#include "model/place.h"
#include "model/plan_state.h"

static bool needs_place(const fdml_plan *plan, uint32_t s)
{
    return plan->slot[s].root == s && plan->slot[s].made_by != FDML_NO_SLOT;
}

fdml_status fdml_plan_place(fdml_plan *plan, fdml_error *err)
{
    fdml_piece *piece = fdml_plan_push(plan, plan->n_slots, sizeof *piece);
    if (!piece) return fdml_plan_no_memory(plan, err);
    size_t n = 0;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        const fdml_slot *slot = &plan->slot[s];
        const fdml_piece always = { .size = slot->size, .last = UINT32_MAX };
        const fdml_piece now = { slot->size, slot->made_by, slot->last_used, 0 };
        if (needs_place(plan, s)) piece[n++] = plan->options.keep_all ? always : now;
    }
    if (!fdml_place(piece, n, &plan->buffer_size, &plan->work))
        return fdml_plan_no_memory(plan, err);
    n = 0;
    for (uint32_t s = 0; s < plan->n_slots; s++)
        if (needs_place(plan, s)) plan->slot[s].offset = piece[n++].offset;
    return fdml_plan_allocate(plan, err);
}

fdml_status fdml_plan_allocate(fdml_plan *plan, fdml_error *err)
{
    size_t scratch;
    if (__builtin_mul_overflow(plan->scratch_size, (size_t)plan->n_threads, &scratch))
        return fdml_plan_no_memory(plan, err);
    plan->buffer = fdml_arena_push(&plan->arena, fdml_arena_fill_pages(plan->buffer_size), 1);
    plan->scratch = fdml_arena_push(&plan->arena, fdml_arena_fill_pages(scratch), 1);
    return plan->buffer && plan->scratch ? FDML_OK : fdml_plan_no_memory(plan, err);
}
