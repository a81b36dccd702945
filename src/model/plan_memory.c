/* plan_memory.c - every slot gets a place in one buffer; places are used again.
 *
 * Slots are placed from the largest to the smallest, each at the lowest offset where no slot
 * that lives at the same time lies. That is within a few percent of the largest set that must
 * live at once, for the nets of bench/peers exactly that.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "model/plan_state.h"

enum { PLACE_ALIGN = 128 }; /* two cache lines, what the prefetcher fetches at once */

static bool needs_place(const fdml_plan *plan, uint32_t s)
{
    return plan->slot[s].root == s && plan->slot[s].made_by != FDML_NO_SLOT;
}

static bool live_together(const fdml_plan *plan, const fdml_slot *a, const fdml_slot *b)
{
    if (plan->options.keep_all) return true;
    return a->made_by <= b->last_used && b->made_by <= a->last_used;
}

/* The lowest offset for slot s, among the placed slots, which are sorted by offset. */
static fdml_status place(fdml_plan *plan, uint32_t s, uint32_t *placed, uint32_t n_placed,
                         fdml_error *err)
{
    fdml_slot *slot = &plan->slot[s];
    size_t size, at = 0;
    if (__builtin_add_overflow(slot->size, PLACE_ALIGN - 1, &size))
        return fdml_plan_no_memory(plan, err);
    size -= size % PLACE_ALIGN;
    for (uint32_t i = 0; i < n_placed; i++) {
        const fdml_slot *other = &plan->slot[placed[i]];
        if (!live_together(plan, slot, other)) continue;
        if (other->offset >= at + size) break;
        const size_t end =
            other->offset + (other->size + PLACE_ALIGN - 1) / PLACE_ALIGN * PLACE_ALIGN;
        if (end > at) at = end;
    }
    slot->offset = at;
    if (__builtin_add_overflow(at, size, &size)) return fdml_plan_no_memory(plan, err);
    if (size > plan->buffer_size) plan->buffer_size = size;
    uint32_t i = n_placed;
    for (; i > 0 && plan->slot[placed[i - 1]].offset > at; i--) placed[i] = placed[i - 1];
    placed[i] = s;
    return FDML_OK;
}

fdml_status fdml_plan_place(fdml_plan *plan, fdml_error *err)
{
    uint32_t *order = fdml_plan_push(plan, plan->n_slots, sizeof *order);
    uint32_t *placed = fdml_plan_push(plan, plan->n_slots, sizeof *placed);
    if (!order || !placed) return fdml_plan_no_memory(plan, err);
    uint32_t n = 0;
    for (uint32_t s = 0; s < plan->n_slots; s++) {
        if (!needs_place(plan, s)) continue;
        uint32_t i = n++; /* by size, the earlier first among equals */
        for (; i > 0 && plan->slot[order[i - 1]].size < plan->slot[s].size; i--)
            order[i] = order[i - 1];
        order[i] = s;
    }
    for (uint32_t i = 0; i < n; i++) FDML_TRY(place(plan, order[i], placed, i, err));
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
