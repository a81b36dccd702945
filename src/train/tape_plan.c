/* tape_plan.c - which gradients there are, and where everything lies.
 *
 * Layers are numbered twice: forward 0 .. n-1, backward 2n-1 down to n for the same layers. A
 * value's room is taken from the layer that makes it until the last that reads it, forward or
 * backward; a gradient's from the layer behind to the layer in front of it. Rooms are placed
 * from the largest to the smallest, each at the lowest place that is free for as long as it
 * lives, as plan_memory.c does it.
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "train/tape_state.h"

enum { PLACE_ALIGN = 128 };

static uint32_t back_time(const fdml_tape *tape, uint32_t layer)
{
    return 2 * tape->n_layers - 1 - layer;
}

static void use(fdml_tape *tape, uint32_t room, uint32_t time)
{
    if (room == TAPE_NONE) return;
    tape_room *r = &tape->room[room];
    if (r->last < time) r->last = time;
    if (r->first > time) r->first = time;
}

fdml_status fdml_tape_new_room(uint32_t *room, fdml_tape *tape, size_t n_floats,
                               fdml_error *err)
{
    if (tape->n_rooms == tape->room_rooms) {
        const uint32_t more = tape->room_rooms ? 2 * tape->room_rooms : 128;
        tape_room *list = fdml_arena_push(&tape->arena, more, sizeof *list);
        if (!list) return fdml_tape_no_memory(tape, err);
        if (tape->n_rooms) memcpy(list, tape->room, tape->n_rooms * sizeof *list);
        tape->room = list;
        tape->room_rooms = more;
    }
    *room = tape->n_rooms++;
    tape->room[*room] = (tape_room){ .size = n_floats * sizeof(float), .first = UINT32_MAX };
    return FDML_OK;
}

/* A value wants a gradient where something that is trained is in front of it. */
static void find_wanted(fdml_tape *tape)
{
    for (uint32_t l = 0; l < tape->n_layers; l++) {
        const tape_layer *layer = &tape->layer[l];
        bool wants = layer->has_params;
        for (uint32_t i = 0; i < layer->n_in; i++)
            wants = wants || tape->value[layer->in[i]].wants_grad;
        tape->value[layer->out].wants_grad = wants;
    }
}

static void use_forward(fdml_tape *tape)
{
    for (uint32_t l = 0; l < tape->n_layers; l++) {
        const tape_layer *layer = &tape->layer[l];
        use(tape, tape->value[layer->out].room, l);
        for (uint32_t i = 0; i < layer->n_in; i++) use(tape, tape->value[layer->in[i]].room, l);
    }
    /* the caller's copy of the output is made behind the last layer */
    use(tape, tape->value[tape->output].room, tape->n_layers);
}

static void use_backward(fdml_tape *tape, uint32_t l)
{
    const tape_layer *layer = &tape->layer[l];
    const uint32_t time = back_time(tape, l);
    use(tape, layer->gout, time);
    for (uint32_t i = 0; i < layer->n_in; i++) {
        use(tape, layer->gin[i], time);
        use(tape, layer->gadd[i], time);
        if (layer->reads_in_back) use(tape, tape->value[layer->in[i]].room, time);
    }
    if (layer->reads_out_back) use(tape, tape->value[layer->out].room, time);
}

/* Layer by layer from the last: the gradients by what each has read. The later inputs first:
 * see tape_affine.c, whose other addend is made before x's. */
static fdml_status add_gradients(fdml_tape *tape, fdml_error *err)
{
    tape_value *out = &tape->value[tape->output];
    if (out->wants_grad)
        FDML_TRY(fdml_tape_new_room(&out->grad, tape, tape_floats(&out->shape), err));
    tape->gradient = out->grad;
    for (uint32_t l = tape->n_layers; l-- > 0;) {
        tape_layer *layer = &tape->layer[l];
        layer->gout = tape->value[layer->out].grad;
        if (layer->gout == TAPE_NONE) continue;
        for (uint32_t i = layer->n_in; i-- > 0;) {
            tape_value *in = &tape->value[layer->in[i]];
            if (!in->wants_grad) continue;
            layer->gadd[i] = in->grad;
            FDML_TRY(fdml_tape_new_room(&layer->gin[i], tape, tape_floats(&in->shape), err));
            in->grad = layer->gin[i];
        }
        use_backward(tape, l);
    }
    use(tape, tape->gradient, tape->n_layers);
    return FDML_OK;
}

/* --- places ------------------------------------------------------------------------------ */

static bool live_together(const tape_room *a, const tape_room *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static size_t rounded(size_t size)
{
    return (size + PLACE_ALIGN - 1) / PLACE_ALIGN * PLACE_ALIGN;
}

/* The lowest place for a room among those placed, which are sorted by place. */
static void place(fdml_tape *tape, uint32_t r, uint32_t *placed, uint32_t n_placed)
{
    tape_room *room = &tape->room[r];
    const size_t size = rounded(room->size);
    size_t at = 0;
    for (uint32_t i = 0; i < n_placed; i++) {
        const tape_room *other = &tape->room[placed[i]];
        if (!live_together(room, other)) continue;
        if (other->offset >= at + size) break;
        const size_t end = other->offset + rounded(other->size);
        if (end > at) at = end;
    }
    room->offset = at;
    tape_want(&tape->buffer_size, at + size);
    uint32_t i = n_placed;
    for (; i > 0 && tape->room[placed[i - 1]].offset > at; i--) placed[i] = placed[i - 1];
    placed[i] = r;
}

static fdml_status place_all(fdml_tape *tape, fdml_error *err)
{
    uint32_t *order = fdml_arena_push(&tape->work, tape->n_rooms, sizeof *order);
    uint32_t *placed = fdml_arena_push(&tape->work, tape->n_rooms, sizeof *placed);
    if (!order || !placed) return fdml_tape_no_memory(tape, err);
    uint32_t n = 0;
    for (uint32_t r = 0; r < tape->n_rooms; r++) {
        if (tape->room[r].first == UINT32_MAX) continue; /* nobody reads it */
        uint32_t i = n++;
        for (; i > 0 && tape->room[order[i - 1]].size < tape->room[r].size; i--)
            order[i] = order[i - 1];
        order[i] = r;
    }
    for (uint32_t i = 0; i < n; i++) place(tape, order[i], placed, i);
    return FDML_OK;
}

static float *push_pages(fdml_tape *tape, size_t size)
{
    return fdml_arena_push(&tape->arena, fdml_arena_fill_pages(size ? size : 1), 1);
}

static fdml_status allocate(fdml_tape *tape, fdml_error *err)
{
    tape->scratch_size = rounded(tape->scratch_size);
    tape->buffer = (unsigned char *)push_pages(tape, tape->buffer_size);
    tape->scratch =
        (unsigned char *)push_pages(tape, tape->scratch_size * (size_t)tape->n_threads);
    tape->pack = push_pages(tape, tape->pack_size * sizeof(float));
    tape->temp = push_pages(tape, tape->temp_size * sizeof(float));
    tape->y = push_pages(tape, tape->batch * tape->columns * sizeof(float));
    if (!tape->buffer || !tape->scratch || !tape->pack || !tape->temp || !tape->y)
        return fdml_tape_no_memory(tape, err);
    for (uint32_t r = 0; r < tape->n_rooms; r++)
        tape->room[r].data = (float *)(void *)(tape->buffer + tape->room[r].offset);
    return FDML_OK;
}

fdml_status fdml_tape_plan(fdml_tape *tape, fdml_error *err)
{
    find_wanted(tape);
    use_forward(tape);
    FDML_TRY(add_gradients(tape, err));
    FDML_TRY(place_all(tape, err));
    return allocate(tape, err);
}
