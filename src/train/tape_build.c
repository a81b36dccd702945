/* tape_build.c - a graph's nodes become layers.
 *
 * Normalisation, addition and activation that follow one another are one layer, found from its
 * end: an activation takes in the addition or normalisation that it alone reads, an addition
 * the normalisation. The layer stands where the last of them does, when both addends are there.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/op_check.h"
#include "train/tape_state.h"

static bool is_op(const fdml_node *node, const char *const *name, size_t n)
{
    for (size_t i = 0; node && i < n; i++)
        if (!strcmp(node->op->name, name[i])) return true;
    return false;
}

static bool is_act(const fdml_node *node)
{
    static const char *const name[] = { "Relu", "Clip", "PRelu" };
    return is_op(node, name, 3);
}

static bool is_norm(const fdml_node *node)
{
    static const char *const name[] = { "BatchNormalization" };
    return is_op(node, name, 1);
}

static bool is_add(const fdml_node *node)
{
    static const char *const name[] = { "Add", "Sum" };
    return is_op(node, name, 2) && node->n_inputs == 2;
}

/* --- values ------------------------------------------------------------------------------ */

static void set_planes(tape_value *v)
{
    const fdml_tensor *t = &v->tensor;
    v->shape = (fdml_plane_shape){ .n = t->dim[0],
                                   .c = t->dim[1],
                                   .h = t->rank == 4 ? t->dim[2] : 1,
                                   .w = t->rank == 4 ? t->dim[3] : 1 };
    v->shape.n_blocks = (v->shape.c + FDML_BLOCK - 1) / FDML_BLOCK;
}

fdml_status fdml_tape_call(fdml_op_call *call, fdml_tape *tape, const fdml_node *node,
                           fdml_error *err)
{
    const fdml_tensor **input = fdml_arena_push(&tape->work, node->n_inputs, sizeof *input);
    fdml_tensor **output = fdml_arena_push(&tape->work, node->n_outputs, sizeof *output);
    if (!input || !output) return fdml_tape_no_memory(tape, err);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        input[i] = node->input[i] == FDML_NO_VALUE ? NULL : &tape->value[node->input[i]].tensor;
    for (uint32_t i = 0; i < node->n_outputs; i++)
        output[i] =
            node->output[i] == FDML_NO_VALUE ? NULL : &tape->value[node->output[i]].tensor;
    *call = (fdml_op_call){ .graph = tape->graph,
                            .node = node,
                            .n_inputs = node->n_inputs,
                            .n_outputs = node->n_outputs,
                            .input = input,
                            .output = output };
    return FDML_OK;
}

static fdml_status infer_node(fdml_tape *tape, uint32_t n, fdml_error *err)
{
    const fdml_node *node = &tape->graph->node[n];
    fdml_op_call call;
    FDML_TRY(fdml_tape_call(&call, tape, node, err));
    FDML_TRY(node->op->infer(&call, err));
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (node->input[i] != FDML_NO_VALUE) tape->value[node->input[i]].n_readers++;
    tape_value *v = node->output[0] == FDML_NO_VALUE ? NULL : &tape->value[node->output[0]];
    if (!v || v->tensor.type != FDML_TYPE_F32 || (v->tensor.rank != 2 && v->tensor.rank != 4) ||
        !v->tensor.n_items)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "its output is no float32 of [N, C] or [N, C, H, W], and only "
                              "those can be trained");
    v->maker = n;
    v->is_computed = true;
    set_planes(v);
    return FDML_OK;
}

static fdml_status infer_all(fdml_tape *tape, const fdml_tensor *input, fdml_error *err)
{
    const fdml_graph *graph = tape->graph;
    for (uint32_t v = 0; v < graph->n_values; v++) {
        tape_value *value = &tape->value[v];
        value->root = v;
        value->maker = value->room = value->grad = TAPE_NONE;
        if (graph->value[v].constant.data) value->tensor = graph->value[v].constant;
    }
    tape->input = graph->input[0];
    tape_value *x = &tape->value[tape->input];
    x->tensor = *input;
    x->tensor.data = NULL;
    x->is_computed = true;
    set_planes(x);
    for (uint32_t n = 0; n < graph->n_nodes; n++) FDML_TRY(infer_node(tape, n, err));
    tape->output = graph->output[0];
    tape->value[tape->output].n_readers++;
    return FDML_OK;
}

/* --- layers ------------------------------------------------------------------------------ */

static bool make_room(fdml_tape *tape)
{
    if (tape->n_layers < tape->room_layers) return true;
    const uint32_t more = tape->room_layers ? 2 * tape->room_layers : 64;
    tape_layer *list = fdml_arena_push(&tape->arena, more, sizeof *list);
    if (!list) return false;
    if (tape->n_layers) memcpy(list, tape->layer, tape->n_layers * sizeof *list);
    tape->layer = list;
    tape->room_layers = more;
    return true;
}

tape_layer *fdml_tape_add_layer(fdml_tape *tape, const fdml_node *node, const uint32_t *in,
                                uint32_t n_in, uint32_t out)
{
    tape_value *value = &tape->value[out];
    uint32_t *all = fdml_arena_push(&tape->arena, 3 * (size_t)n_in, sizeof *all);
    if (!all || !make_room(tape) ||
        fdml_tape_new_room(&value->room, tape, tape_floats(&value->shape), NULL))
        return NULL;
    for (uint32_t i = 0; i < n_in; i++) {
        all[i] = in[i];
        all[n_in + i] = all[2 * n_in + i] = TAPE_NONE;
    }
    tape_layer *layer = &tape->layer[tape->n_layers++];
    *layer = (tape_layer){ .node = node,
                           .n_in = n_in,
                           .in = all,
                           .gin = all + n_in,
                           .gadd = all + 2 * (size_t)n_in,
                           .out = out,
                           .gout = TAPE_NONE };
    return layer;
}

static void input_task(void *ctx, size_t image, int thread)
{
    (void)thread;
    fdml_tape *tape = ctx;
    const fdml_plane_shape *s = &tape->value[tape->input].shape;
    const size_t pixels = s->h * s->w;
    tape->kernels->planes_to_blocks(tape_data(tape, tape->input) +
                                        image * s->n_blocks * tape_plane(s),
                                    tape->x + image * s->c * pixels, s->c, pixels);
}

static void input_forward(fdml_tape *tape, const tape_layer *layer)
{
    (void)layer;
    fdml_parallel(tape->value[tape->input].shape.n, tape->n_threads, input_task, tape);
}

static void input_backward(fdml_tape *tape, const tape_layer *layer)
{
    (void)tape;
    (void)layer;
}

/* Pictures stay plain where only one convolution, which takes them so, reads them. */
static fdml_status add_input(fdml_tape *tape, fdml_error *err)
{
    const tape_value *x = &tape->value[tape->input];
    const fdml_node *reader = NULL;
    for (size_t n = 0; n < tape->graph->n_nodes && !reader; n++)
        for (uint32_t i = 0; i < tape->graph->node[n].n_inputs; i++)
            if (tape->graph->node[n].input[i] == tape->input) reader = &tape->graph->node[n];
    if (reader && x->n_readers == 1 && x->shape.c < FDML_BLOCK && x->tensor.rank == 4 &&
        !strcmp(reader->op->name, "Conv") && fdml_node_int(reader, "group", 1) == 1)
        return FDML_OK;
    tape_layer *layer = fdml_tape_add_layer(tape, reader, NULL, 0, tape->input);
    if (!layer) return fdml_tape_no_memory(tape, err);
    layer->forward = input_forward;
    layer->backward = input_backward;
    return FDML_OK;
}

/* The node that made this value, where nobody else reads it. */
static const fdml_node *only_maker(const fdml_tape *tape, uint32_t value)
{
    const tape_value *v = &tape->value[value];
    return v->maker == TAPE_NONE || v->n_readers != 1 ? NULL : &tape->graph->node[v->maker];
}

/* Which of an addition's inputs is a normalisation that can join it; 2: none. */
static uint32_t joined_input(const fdml_tape *tape, const fdml_node *add)
{
    for (uint32_t i = 0; i < 2; i++)
        if (is_norm(only_maker(tape, add->input[i]))) return i;
    return 2;
}

/* Is the node part of a layer that a later one makes? */
static bool is_taken(const fdml_tape *tape, const fdml_node *node)
{
    if (!is_norm(node) && !is_add(node)) return false;
    const uint32_t out = node->output[0];
    if (tape->value[out].n_readers != 1 || out == tape->output) return false;
    for (size_t n = (size_t)(node - tape->graph->node) + 1; n < tape->graph->n_nodes; n++) {
        const fdml_node *reader = &tape->graph->node[n];
        for (uint32_t i = 0; i < reader->n_inputs; i++) {
            if (reader->input[i] != out) continue;
            if (is_act(reader)) return i == 0;
            return is_norm(node) && is_add(reader) && joined_input(tape, reader) == i;
        }
    }
    return false;
}

static fdml_status lower_affine(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    tape_affine_nodes a = { .last = node, .other = TAPE_NONE };
    const fdml_node *at = node;
    uint32_t x = node->input[0];
    if (is_act(at)) {
        a.act = at;
        x = at->input[0];
        at = only_maker(tape, x);
        if (!is_norm(at) && !is_add(at)) at = NULL;
    }
    if (is_add(at)) {
        a.add = at;
        const uint32_t i = joined_input(tape, at);
        x = at->input[i == 2 ? 0 : i];
        a.other = tape->value[at->input[i == 1 ? 0 : 1]].root;
        if (!fdml_tensor_same_shape(&tape->value[at->input[0]].tensor,
                                    &tape->value[at->input[1]].tensor) ||
            !tape->value[at->input[0]].is_computed || !tape->value[at->input[1]].is_computed)
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, at,
                                  "only sums of two equal shapes can be trained");
        at = i == 2 ? NULL : only_maker(tape, x);
    }
    if (is_norm(at)) {
        a.norm = at;
        x = at->input[0];
    }
    a.x = tape->value[x].root;
    return fdml_tape_lower_affine(tape, &a, err);
}

/* The same numbers in the same order: only where planes are single pixels. */
static fdml_status lower_alias(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    const uint32_t x = tape->value[node->input[0]].root;
    const fdml_plane_shape *in = &tape->value[x].shape;
    tape_value *out = &tape->value[node->output[0]];
    const fdml_plane_shape *to = &out->shape;
    const bool is_same = in->h == to->h && in->w == to->w && in->c == to->c && in->n == to->n;
    if (!is_same)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "planes of %zu x %zu cannot be flattened in training", in->h,
                              in->w);
    out->root = x;
    return FDML_OK;
}

static fdml_status lower(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    static const struct {
        const char *op;
        tape_lower *lower;
    } table[] = { { "Conv", fdml_tape_lower_conv },
                  { "MaxPool", fdml_tape_lower_pool },
                  { "AveragePool", fdml_tape_lower_pool },
                  { "GlobalMaxPool", fdml_tape_lower_pool },
                  { "GlobalAveragePool", fdml_tape_lower_pool },
                  { "Concat", fdml_tape_lower_concat },
                  { "Gemm", fdml_tape_lower_gemm },
                  { "Flatten", lower_alias },
                  { "Reshape", lower_alias },
                  { "Squeeze", lower_alias },
                  { "Identity", lower_alias },
                  { "Dropout", lower_alias },
                  { "Relu", lower_affine },
                  { "Clip", lower_affine },
                  { "PRelu", lower_affine },
                  { "Add", lower_affine },
                  { "Sum", lower_affine },
                  { "BatchNormalization", lower_affine } };
    if (is_taken(tape, node)) return FDML_OK;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(node->op->name, table[i].op)) return table[i].lower(tape, node, err);
    return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                          "this operator cannot be trained");
}

fdml_status fdml_tape_build(fdml_tape *tape, const fdml_tensor *input, fdml_error *err)
{
    FDML_TRY(infer_all(tape, input, err));
    FDML_TRY(add_input(tape, err));
    for (size_t n = 0; n < tape->graph->n_nodes; n++)
        FDML_TRY(lower(tape, &tape->graph->node[n], err));
    tape->output = tape->value[tape->output].root;
    const fdml_plane_shape *out = &tape->value[tape->output].shape;
    if (out->h * out->w != 1 || tape->value[tape->output].room == TAPE_NONE)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: its output is no row of numbers for each picture",
                         tape->graph->name);
    tape->batch = out->n;
    tape->columns = out->c;
    return FDML_OK;
}
