/* plan_values.c - what every value is, before anything runs: type, shape, and the constants.
 *
 * Shapes are known because the inputs' are. Nodes whose inputs are all constant are computed
 * here, by the operators' own run; so are Shape and Size, which look at no values. What then
 * nobody needs is marked as done and never becomes a step.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/op_check.h"
#include "model/plan_state.h"

/* Constants computed here stay in memory, and a hostile file can ask for any size. */
#define MAX_FOLDED ((size_t)1 << 30)
/* Constants up to this are aligned at once. Weights of convolutions and products, which are
 * larger, are read as bytes instead (conv_pack.c). */
#define ALIGNED_SIZE ((size_t)1 << 16)

static fdml_status take_input(fdml_plan *plan, size_t i, const fdml_tensor *given,
                              fdml_error *err)
{
    const fdml_graph *graph = plan->graph;
    const fdml_graph_value *declared = &graph->value[graph->input[i]];
    char text[FDML_SHAPE_TEXT];
    if (declared->type && given->type != declared->type)
        return fdml_fail(err, FDML_E_DATA, "%s: input \"%.80s\" is of %s, expected %s",
                         graph->name, declared->name, fdml_type_name(given->type),
                         fdml_type_name(declared->type));
    bool fits = declared->rank < 0 || declared->rank == given->rank;
    for (int d = 0; fits && d < declared->rank; d++)
        fits = declared->dim[d] < 0 || (size_t)declared->dim[d] == given->dim[d];
    if (!fits)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: input \"%.80s\" has shape %s, which is not the declared one",
                         graph->name, declared->name, fdml_tensor_shape_text(given, text));
    plan->value[graph->input[i]].tensor = *given;
    return FDML_OK;
}

typedef struct node_call {
    fdml_op_call call;
    const fdml_tensor **input;
    fdml_tensor **output;
    bool is_constant; /* are all its inputs? */
} node_call;

static fdml_status describe(node_call *at, fdml_plan *plan, const fdml_node *node,
                            fdml_error *err)
{
    at->input = fdml_arena_push_zero(&plan->work, node->n_inputs, sizeof *at->input);
    at->output = fdml_arena_push_zero(&plan->work, node->n_outputs, sizeof *at->output);
    if (!at->input || !at->output) return fdml_plan_no_memory(plan, err);
    at->is_constant = true;
    for (size_t i = 0; i < node->n_inputs; i++) {
        if (node->input[i] == FDML_NO_VALUE) continue;
        at->input[i] = &plan->value[node->input[i]].tensor;
        if (!at->input[i]->data) at->is_constant = false;
    }
    for (size_t i = 0; i < node->n_outputs; i++)
        if (node->output[i] != FDML_NO_VALUE)
            at->output[i] = &plan->value[node->output[i]].tensor;
    at->call = (fdml_op_call){ .graph = plan->graph,
                               .node = node,
                               .n_inputs = node->n_inputs,
                               .n_outputs = node->n_outputs,
                               .input = at->input,
                               .output = at->output,
                               .kernels = plan->kernels,
                               .n_threads = plan->n_threads,
                               .work = &plan->work };
    return FDML_OK;
}

static fdml_status fold(node_call *at, fdml_plan *plan, fdml_error *err)
{
    const fdml_node *node = at->call.node;
    for (size_t i = 0; i < node->n_inputs; i++)
        if (at->input[i])
            FDML_TRY(fdml_tensor_align(&plan->value[node->input[i]].tensor, &plan->arena,
                                       plan->graph->name, err));
    for (size_t i = 0; i < node->n_outputs; i++) {
        fdml_tensor *output = at->output[i];
        if (!output) continue;
        if (fdml_tensor_size(output) > MAX_FOLDED)
            return fdml_node_fail(err, FDML_E_LIMIT, plan->graph, node,
                                  "a constant of %zu bytes, at most %zu are computed",
                                  fdml_tensor_size(output), MAX_FOLDED);
        FDML_TRY(fdml_tensor_alloc(output, &plan->arena, plan->graph->name, err));
    }
    FDML_TRY(node->op->run(&at->call, err));
    return fdml_op_keep_texts(&at->call, &plan->arena) ? FDML_OK
                                                       : fdml_plan_no_memory(plan, err);
}

static bool looks_at_shapes_only(const fdml_node *node)
{
    return !strcmp(node->op->name, "Shape") || !strcmp(node->op->name, "Size");
}

static fdml_status infer_node(fdml_plan *plan, size_t n, fdml_error *err)
{
    const fdml_node *node = &plan->graph->node[n];
    node_call at;
    const fdml_arena_mark mark = fdml_arena_get_mark(&plan->work);
    fdml_status status = describe(&at, plan, node, err);
    if (!status) status = node->op->infer(&at.call, err);
    if (!status && (at.is_constant || looks_at_shapes_only(node))) {
        status = fold(&at, plan, err);
        plan->is_done[n] = true;
    }
    fdml_arena_reset(&plan->work, mark);
    return status;
}

/* Backwards from the outputs: how often each value is needed. */
static void count_uses(fdml_plan *plan)
{
    const fdml_graph *graph = plan->graph;
    for (size_t i = 0; i < graph->n_outputs; i++) plan->value[graph->output[i]].n_uses++;
    for (size_t n = graph->n_nodes; n-- > 0;) {
        const fdml_node *node = &graph->node[n];
        bool is_needed = false;
        for (size_t i = 0; i < node->n_outputs; i++)
            is_needed |=
                node->output[i] != FDML_NO_VALUE && plan->value[node->output[i]].n_uses;
        if (!is_needed) plan->is_done[n] = true;
        if (plan->is_done[n]) continue;
        for (size_t i = 0; i < node->n_inputs; i++)
            if (node->input[i] != FDML_NO_VALUE) plan->value[node->input[i]].n_uses++;
    }
}

fdml_status fdml_plan_values(fdml_plan *plan, const fdml_tensor *input, fdml_error *err)
{
    const fdml_graph *graph = plan->graph;
    for (size_t v = 0; v < graph->n_values; v++) {
        plan->value[v].tensor = graph->value[v].constant;
        for (int l = 0; l < FDML_LAYOUTS; l++) plan->value[v].slot[l] = FDML_NO_SLOT;
    }
    for (size_t v = 0; v < graph->n_values; v++)
        if (plan->value[v].tensor.data &&
            fdml_tensor_size(&plan->value[v].tensor) <= ALIGNED_SIZE)
            FDML_TRY(fdml_tensor_align(&plan->value[v].tensor, &plan->arena, plan->graph->name,
                                       err));
    for (size_t i = 0; i < graph->n_inputs; i++) FDML_TRY(take_input(plan, i, &input[i], err));
    for (size_t n = 0; n < graph->n_nodes; n++) FDML_TRY(infer_node(plan, n, err));
    count_uses(plan);
    return FDML_OK;
}

bool fdml_plan_has_blocks(const fdml_plan *plan, uint32_t v)
{
    const fdml_tensor *tensor = &plan->value[v].tensor;
    return tensor->type == FDML_TYPE_F32 && (tensor->rank == 3 || tensor->rank == 4) &&
           tensor->n_items > 0;
}

fdml_plane_shape fdml_plan_planes(const fdml_tensor *tensor)
{
    fdml_plane_shape shape = { .n = tensor->dim[0], .c = tensor->dim[1] };
    shape.h = tensor->rank == 4 ? tensor->dim[2] : 1;
    shape.w = tensor->dim[tensor->rank - 1];
    shape.n_blocks = (shape.c + FDML_BLOCK - 1) / FDML_BLOCK;
    return shape;
}
