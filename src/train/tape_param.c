/* tape_param.c - a network's weights in blocks, from the graph's order and back.
 *
 * Sixteen output channels go side by side in every layout, so that a convolution's panels are
 * copies of whole vectors, its gradient is written by whole vectors, and an optimiser sees a
 * plain array. Places of channels that do not exist hold zeros.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/tape_state.h"

static size_t blocks(size_t n)
{
    return (n + FDML_BLOCK - 1) / FDML_BLOCK;
}

static size_t padded_size(const tape_param *p)
{
    switch (p->layout) {
    case TAPE_CONV:
        return blocks(p->n_out) * blocks(p->n_in) * p->taps * FDML_BLOCK * FDML_BLOCK;
    case TAPE_PLANES:
    case TAPE_DEPTHWISE:
        return blocks(p->n_out) * p->n_in * p->taps * FDML_BLOCK;
    case TAPE_CHANNELS:
        return blocks(p->n_out) * FDML_BLOCK;
    default:
        return p->n_items;
    }
}

/* Where item (o, c, t) of [n_out, n_in, taps] lies. */
static size_t place(const tape_param *p, size_t o, size_t c, size_t t)
{
    const size_t block = o / FDML_BLOCK, lane = o % FDML_BLOCK;
    if (p->layout == TAPE_CONV) {
        const size_t at = (block * blocks(p->n_in) + c / FDML_BLOCK) * p->taps + t;
        return (at * FDML_BLOCK + c % FDML_BLOCK) * FDML_BLOCK + lane;
    }
    return ((block * p->n_in + c) * p->taps + t) * FDML_BLOCK + lane;
}

/* Copies every item: to the blocks, or from them. */
static void move(const tape_param *p, float *blocked, float *plain, bool to_blocks)
{
    if (p->layout == TAPE_PLAIN || p->layout == TAPE_CHANNELS) {
        memcpy(to_blocks ? blocked : plain, to_blocks ? plain : blocked,
               p->n_items * sizeof *plain);
        return;
    }
    size_t i = 0;
    for (size_t o = 0; o < p->n_out; o++)
        for (size_t c = 0; c < p->n_in; c++)
            for (size_t t = 0; t < p->taps; t++, i++) {
                const size_t at = place(p, o, c, t);
                if (to_blocks)
                    blocked[at] = plain[i];
                else
                    plain[i] = blocked[at];
            }
}

void fdml_tape_param_read(float *values, const tape_param *param)
{
    move(param, param->value, values, false);
}

static fdml_status check_new(const fdml_tape *tape, const fdml_node *node, uint32_t value,
                             fdml_error *err)
{
    const fdml_graph_value *v = &tape->graph->value[value];
    if (v->constant.type != FDML_TYPE_F32)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "its \"%.80s\" is of %s; only float32 can be trained", v->name,
                              fdml_type_name(v->constant.type));
    for (size_t i = 0; i < tape->n_params; i++)
        if (!strcmp(tape->param[i]->name, v->name))
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                                  "\"%.80s\" is a weight of another node, too", v->name);
    return FDML_OK;
}

/* Room for one more in the list. */
static bool make_room(fdml_tape *tape)
{
    if (tape->n_params < tape->room_params) return true;
    const size_t room = tape->room_params ? 2 * tape->room_params : 64;
    tape_param **list = fdml_arena_push(&tape->arena, room, sizeof *list);
    if (!list) return false;
    if (tape->n_params) memcpy(list, tape->param, tape->n_params * sizeof(tape_param *));
    tape->param = list;
    tape->room_params = room;
    return true;
}

fdml_status fdml_tape_param_new(tape_param **param, fdml_tape *tape, const fdml_node *node,
                                uint32_t value, const tape_param *like, fdml_error *err)
{
    FDML_TRY(check_new(tape, node, value, err));
    const fdml_graph_value *v = &tape->graph->value[value];
    tape_param *p = fdml_arena_push(&tape->arena, 1, sizeof *p);
    if (!p || !make_room(tape)) return fdml_tape_no_memory(tape, err);
    *p = *like;
    p->name = v->name;
    p->n_items = v->constant.n_items;
    p->n = padded_size(p);
    p->value = fdml_arena_push_zero(&tape->arena, p->n, sizeof *p->value);
    const bool is_trained = !p->is_buffer && !tape->options.freeze_all;
    if (is_trained) p->grad = fdml_arena_push_zero(&tape->arena, p->n, sizeof *p->grad);
    float *plain = fdml_arena_push(&tape->work, p->n_items, sizeof *plain);
    if (!p->value || (is_trained && !p->grad) || !plain) return fdml_tape_no_memory(tape, err);
    memcpy(plain, v->constant.data, p->n_items * sizeof *plain); /* may lie at any byte */
    move(p, p->value, plain, true);
    tape->param[tape->n_params++] = p;
    *param = p;
    return FDML_OK;
}
