/* interpret.c - see interpret.h.
 *
 * Values die in another order than they are born, and an arena only takes back its newest, so
 * every large value has an arena of its own; small ones share one, and stay.
 * SPDX-License-Identifier: MIT */
#include "model/interpret.h"

#include <string.h>

#include "model/op_check.h"

enum { SMALL = 1 << 14 };

typedef struct interpreter {
    const fdml_graph *graph;
    const fdml_kernels *kernels;
    int n_threads;
    fdml_arena *result;  /* the caller's: copies of the graph's outputs */
    fdml_arena book;     /* these arrays, and small values */
    fdml_arena work;     /* scratch of one node */
    fdml_tensor *value;  /* [n_values] */
    fdml_arena *own;     /* [n_values]: of large values */
    size_t *last_reader; /* [n_values]: node number; n_nodes: an output of the graph */
    size_t live;         /* bytes of values */
} interpreter;

static fdml_status no_memory(const interpreter *in, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to run the network", in->graph->name);
}

static fdml_status open_interpreter(interpreter *in, fdml_error *err)
{
    const fdml_graph *graph = in->graph;
    fdml_arena_init(&in->book, 0);
    fdml_arena_init(&in->work, 0);
    in->value = fdml_arena_push_zero(&in->book, graph->n_values, sizeof *in->value);
    in->own = fdml_arena_push_zero(&in->book, graph->n_values, sizeof *in->own);
    in->last_reader = fdml_arena_push_zero(&in->book, graph->n_values, sizeof *in->last_reader);
    if (!in->value || !in->own || !in->last_reader) return no_memory(in, err);
    for (size_t v = 0; v < graph->n_values; v++) in->value[v] = graph->value[v].constant;
    for (size_t k = 0; k < graph->n_nodes; k++)
        for (uint32_t i = 0; i < graph->node[k].n_inputs; i++)
            if (graph->node[k].input[i] != FDML_NO_VALUE)
                in->last_reader[graph->node[k].input[i]] = k;
    for (size_t i = 0; i < graph->n_outputs; i++)
        in->last_reader[graph->output[i]] = graph->n_nodes;
    return FDML_OK;
}

static void close_interpreter(interpreter *in)
{
    for (size_t v = 0; in->own && v < in->graph->n_values; v++) fdml_arena_close(&in->own[v]);
    fdml_arena_close(&in->work);
    fdml_arena_close(&in->book);
}

static fdml_status take_inputs(interpreter *in, const fdml_tensor *input, fdml_error *err)
{
    const fdml_graph *graph = in->graph;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        const fdml_graph_value *declared = &graph->value[graph->input[i]];
        if (declared->type != FDML_TYPE_NONE && declared->type != input[i].type)
            return fdml_fail(err, FDML_E_DATA, "%s: input %zu \"%.80s\" is %s, expected %s",
                             graph->name, i, declared->name, fdml_type_name(input[i].type),
                             fdml_type_name(declared->type));
        in->value[graph->input[i]] = input[i];
    }
    return FDML_OK;
}

/* Memory for a value whose shape is known. */
static fdml_status allocate(interpreter *in, uint32_t id, fdml_error *err)
{
    fdml_tensor *value = &in->value[id];
    const size_t size = fdml_tensor_size(value), limit = in->result->limit;
    if (limit && (size > limit || in->live > limit - size))
        return fdml_fail(err, FDML_E_LIMIT, "%s: value \"%.80s\" of %zu bytes passes %zu bytes",
                         in->graph->name, in->graph->value[id].name, size, limit);
    fdml_arena *arena = size > SMALL ? &in->own[id] : &in->book;
    FDML_TRY(fdml_tensor_alloc(value, arena, in->graph->name, err));
    in->live += size;
    return FDML_OK;
}

/* Frees the values that node k was the last to read, and those that nobody reads. */
static void release(interpreter *in, const fdml_node *node, size_t k)
{
    for (uint32_t i = 0; i < node->n_inputs + node->n_outputs; i++) {
        const uint32_t id =
            i < node->n_inputs ? node->input[i] : node->output[i - node->n_inputs];
        if (id == FDML_NO_VALUE || in->last_reader[id] > k || !in->own[id].used) continue;
        in->live -= fdml_tensor_size(&in->value[id]);
        fdml_arena_close(&in->own[id]);
    }
}

static fdml_status run_node(interpreter *in, size_t k, fdml_error *err)
{
    const fdml_node *node = &in->graph->node[k];
    const fdml_tensor **input = fdml_arena_push(&in->work, node->n_inputs, sizeof *input);
    fdml_tensor **output = fdml_arena_push(&in->work, node->n_outputs, sizeof *output);
    if (!input || !output) return no_memory(in, err);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        input[i] = node->input[i] == FDML_NO_VALUE ? NULL : &in->value[node->input[i]];
    for (uint32_t i = 0; i < node->n_outputs; i++)
        output[i] = node->output[i] == FDML_NO_VALUE ? NULL : &in->value[node->output[i]];
    const fdml_op_call call = { .graph = in->graph,
                                .node = node,
                                .n_inputs = node->n_inputs,
                                .n_outputs = node->n_outputs,
                                .input = input,
                                .output = output,
                                .kernels = in->kernels,
                                .n_threads = in->n_threads,
                                .work = &in->work };
    FDML_TRY(node->op->infer(&call, err));
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (output[i]) FDML_TRY(allocate(in, node->output[i], err));
    FDML_TRY(node->op->run(&call, err));
    if (!fdml_op_keep_texts(&call, in->result)) return no_memory(in, err);
    release(in, node, k);
    return FDML_OK;
}

/* An output may be an input passed through or a constant, so all are copied. */
static fdml_status give_outputs(interpreter *in, fdml_tensor *output, fdml_error *err)
{
    const fdml_graph *graph = in->graph;
    for (size_t i = 0; i < graph->n_outputs; i++) {
        output[i] = in->value[graph->output[i]];
        FDML_TRY(fdml_tensor_alloc(&output[i], in->result, graph->name, err));
        if (output[i].n_items)
            memcpy(output[i].data, in->value[graph->output[i]].data,
                   fdml_tensor_size(&output[i]));
    }
    return FDML_OK;
}

static fdml_status run_all(interpreter *in, const fdml_tensor *input, fdml_tensor *output,
                           fdml_error *err)
{
    FDML_TRY(open_interpreter(in, err));
    FDML_TRY(take_inputs(in, input, err));
    const fdml_arena_mark start = fdml_arena_get_mark(&in->work);
    for (size_t k = 0; k < in->graph->n_nodes; k++) {
        FDML_TRY(run_node(in, k, err));
        fdml_arena_reset(&in->work, start);
    }
    return give_outputs(in, output, err);
}

fdml_status fdml_interpret(const fdml_graph *graph, const fdml_tensor *input,
                           fdml_tensor *output, const fdml_kernels *kernels, int n_threads,
                           fdml_arena *arena, fdml_error *err)
{
    interpreter in = {
        .graph = graph, .kernels = kernels, .n_threads = n_threads, .result = arena
    };
    const fdml_arena_mark start = fdml_arena_get_mark(arena);
    const fdml_status status = run_all(&in, input, output, err);
    if (status) fdml_arena_reset(arena, start);
    close_interpreter(&in);
    return status;
}
