/* tape_plan.c - which gradients there are, and where everything lies.
 *
 * Layers are numbered twice: forward 0 .. n-1, backward 2n-1 down to n for the same layers. A
 * value's room is taken from the layer that makes it until the last that reads it, forward or
 * backward; a gradient's from the layer behind to the layer in front of it (model/place.h).
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/tape_state.h"

enum { LINES = 128 }; /* two cache lines: threads' scratch shares none */

static uint32_t back_time(const fdml_tape *tape, uint32_t layer)
{
    return 2 * tape->n_layers - 1 - layer;
}

static void use(fdml_tape *tape, uint32_t room, uint32_t time)
{
    if (room == TAPE_NONE) return;
    tape_room *r = &tape->room[room];
    if (r->piece.last < time) r->piece.last = time;
    if (r->piece.first > time) r->piece.first = time;
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
    tape->room[*room] =
        (tape_room){ .piece = { .size = n_floats * sizeof(float), .first = UINT32_MAX } };
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

/* Rooms that nobody reads have none. */
static bool needs_place(const tape_room *room)
{
    return room->piece.first != UINT32_MAX;
}

static fdml_status place_all(fdml_tape *tape, fdml_error *err)
{
    fdml_piece *piece = fdml_arena_push(&tape->work, tape->n_rooms, sizeof *piece);
    if (!piece) return fdml_tape_no_memory(tape, err);
    size_t n = 0;
    for (uint32_t r = 0; r < tape->n_rooms; r++)
        if (needs_place(&tape->room[r])) piece[n++] = tape->room[r].piece;
    if (!fdml_place(piece, n, &tape->buffer_size, &tape->work))
        return fdml_tape_no_memory(tape, err);
    n = 0;
    for (uint32_t r = 0; r < tape->n_rooms; r++)
        if (needs_place(&tape->room[r])) tape->room[r].piece = piece[n++];
    return FDML_OK;
}

static float *push_pages(fdml_tape *tape, size_t size)
{
    return fdml_arena_push(&tape->arena, fdml_arena_fill_pages(size ? size : 1), 1);
}

static fdml_status allocate(fdml_tape *tape, fdml_error *err)
{
    tape->scratch_size = (tape->scratch_size + LINES - 1) / LINES * LINES;
    tape->buffer = (unsigned char *)push_pages(tape, tape->buffer_size);
    tape->scratch =
        (unsigned char *)push_pages(tape, tape->scratch_size * (size_t)tape->n_threads);
    tape->pack = push_pages(tape, tape->pack_size * sizeof(float));
    tape->temp = push_pages(tape, tape->temp_size * sizeof(float));
    tape->y = push_pages(tape, tape->batch * tape->columns * sizeof(float));
    if (!tape->buffer || !tape->scratch || !tape->pack || !tape->temp || !tape->y)
        return fdml_tape_no_memory(tape, err);
    for (uint32_t r = 0; r < tape->n_rooms; r++)
        tape->room[r].data = (float *)(void *)(tape->buffer + tape->room[r].piece.offset);
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
