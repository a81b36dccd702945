/* graph_order.c - is every value made exactly once, and in which order can nodes run?
 *
 * The order is that of adding wherever it works: a node is put out at its turn, after a depth-
 * first walk has put out what it still waits for. The walk keeps its own stack, since a chain
 * may be as long as the file.
 * SPDX-License-Identifier: MIT */
#include "model/graph_build.h"

enum { UNSEEN, WAITING, DONE };

typedef struct sorter {
    const fdml_graph_builder *b;
    uint32_t *producer;   /* [n_values] node, or FDML_NO_VALUE */
    unsigned char *state; /* [n_nodes] */
    uint32_t *stack;      /* [n_nodes] */
    uint32_t *next;       /* [n_nodes] the input to be looked at next */
    fdml_node *sorted;    /* [n_nodes] */
    size_t n_sorted;
} sorter;

static const char *value_name(const fdml_graph_builder *b, uint32_t value)
{
    return b->value[value].name;
}

static fdml_status find_producers(sorter *s, fdml_error *err)
{
    const fdml_graph_builder *b = s->b;
    for (size_t i = 0; i < b->n_values; i++) s->producer[i] = FDML_NO_VALUE;
    for (size_t i = 0; i < b->n_nodes; i++) {
        const fdml_node *node = &b->node[i];
        for (uint32_t k = 0; k < node->n_outputs; k++) {
            const uint32_t id = node->output[k];
            if (id == FDML_NO_VALUE) continue;
            if (b->value[id].constant.data)
                return fdml_node_fail(err, FDML_E_FORMAT, &b->graph, node,
                                      "output %u \"%.90s\" is a constant", (unsigned)k,
                                      value_name(b, id));
            if (s->producer[id] != FDML_NO_VALUE)
                return fdml_node_fail(err, FDML_E_FORMAT, &b->graph, node,
                                      "output %u \"%.90s\" is made by node %u already",
                                      (unsigned)k, value_name(b, id),
                                      (unsigned)b->node[s->producer[id]].index);
            s->producer[id] = (uint32_t)i;
        }
    }
    return FDML_OK;
}

/* An input of the graph is marked as its own: it has a value before any node runs. */
static fdml_status mark_inputs(const sorter *s, unsigned char *is_known, fdml_error *err)
{
    const fdml_graph_builder *b = s->b;
    for (size_t i = 0; i < b->n_values; i++)
        is_known[i] = b->value[i].constant.data || s->producer[i] != FDML_NO_VALUE;
    for (size_t i = 0; i < b->n_inputs; i++) {
        const uint32_t id = b->input[i];
        if (b->value[id].constant.data)
            return fdml_fail(err, FDML_E_FORMAT,
                             "%.200s: input \"%.90s\" of the graph is a constant",
                             b->graph.name, value_name(b, id));
        if (s->producer[id] != FDML_NO_VALUE)
            return fdml_node_fail(err, FDML_E_FORMAT, &b->graph, &b->node[s->producer[id]],
                                  "its output \"%.90s\" is an input of the graph",
                                  value_name(b, id));
        is_known[id] = 1;
    }
    return FDML_OK;
}

static fdml_status check_edges(const sorter *s, unsigned char *is_known, fdml_error *err)
{
    const fdml_graph_builder *b = s->b;
    FDML_TRY(mark_inputs(s, is_known, err));
    for (size_t i = 0; i < b->n_nodes; i++) {
        const fdml_node *node = &b->node[i];
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            const uint32_t id = node->input[k];
            if (id == FDML_NO_VALUE || is_known[id]) continue;
            return fdml_node_fail(err, FDML_E_FORMAT, &b->graph, node,
                                  "input %u \"%.90s\" is neither an initializer, an input of "
                                  "the graph, nor the output of a node",
                                  (unsigned)k, value_name(b, id));
        }
    }
    for (size_t i = 0; i < b->n_outputs; i++)
        if (!is_known[b->output[i]])
            return fdml_fail(err, FDML_E_FORMAT,
                             "%.200s: output \"%.90s\" of the graph is made by no node",
                             b->graph.name, value_name(b, b->output[i]));
    return FDML_OK;
}

/* The next node that `node` waits for and that is not put out; FDML_NO_VALUE: none. */
static uint32_t next_needed(sorter *s, uint32_t node)
{
    const fdml_node *n = &s->b->node[node];
    while (s->next[node] < n->n_inputs) {
        const uint32_t id = n->input[s->next[node]++];
        const uint32_t from = id == FDML_NO_VALUE ? FDML_NO_VALUE : s->producer[id];
        if (from != FDML_NO_VALUE && s->state[from] != DONE) return from;
    }
    return FDML_NO_VALUE;
}

static fdml_status put_out(sorter *s, uint32_t first, fdml_error *err)
{
    size_t depth = 0;
    s->stack[depth++] = first;
    s->state[first] = WAITING;
    while (depth) {
        const uint32_t node = s->stack[depth - 1], needed = next_needed(s, node);
        if (needed == FDML_NO_VALUE) {
            s->state[node] = DONE;
            s->sorted[s->n_sorted++] = s->b->node[node];
            depth--;
        } else if (s->state[needed] == WAITING) {
            return fdml_node_fail(err, FDML_E_FORMAT, &s->b->graph, &s->b->node[needed],
                                  "it needs its own output: the graph has a cycle");
        } else {
            s->state[needed] = WAITING;
            s->stack[depth++] = needed;
        }
    }
    return FDML_OK;
}

static fdml_status sort(sorter *s, fdml_arena *local, fdml_error *err)
{
    const fdml_graph_builder *b = s->b;
    unsigned char *is_known = fdml_arena_push_zero(local, b->n_values, 1);
    s->producer = fdml_arena_push(local, b->n_values, sizeof *s->producer);
    s->state = fdml_arena_push_zero(local, b->n_nodes, 1);
    s->stack = fdml_arena_push(local, b->n_nodes, sizeof *s->stack);
    s->next = fdml_arena_push_zero(local, b->n_nodes, sizeof *s->next);
    s->sorted = fdml_arena_push(b->arena, b->n_nodes, sizeof *s->sorted);
    if (!is_known || !s->producer || !s->state || !s->stack || !s->next || !s->sorted)
        return fdml_fail(err, FDML_E_NOMEM, "%.200s: no memory to order %zu nodes",
                         b->graph.name, b->n_nodes);
    FDML_TRY(find_producers(s, err));
    FDML_TRY(check_edges(s, is_known, err));
    for (size_t i = 0; i < b->n_nodes; i++)
        if (s->state[i] == UNSEEN) FDML_TRY(put_out(s, (uint32_t)i, err));
    return FDML_OK;
}

fdml_status fdml_graph_builder_finish(fdml_graph_builder *builder, fdml_graph *graph,
                                      fdml_error *err)
{
    fdml_graph_builder *b = builder;
    if (!b->status && !b->n_outputs)
        fdml_graph_builder_fail(b, FDML_E_DATA, "%.200s: the graph has no output",
                                b->graph.name);
    if (b->status) return fdml_fail(err, b->status, "%s", b->error.text);
    fdml_arena local; /* the sorter's lists end with this call */
    fdml_arena_init(&local, 0);
    sorter s = { .b = b };
    const fdml_status status = sort(&s, &local, err);
    fdml_arena_close(&local);
    if (status) return status;
    b->graph.value = b->value;
    b->graph.node = s.sorted;
    b->graph.input = b->input;
    b->graph.output = b->output;
    b->graph.n_values = b->n_values;
    b->graph.n_nodes = b->n_nodes;
    b->graph.n_inputs = b->n_inputs;
    b->graph.n_outputs = b->n_outputs;
    *graph = b->graph;
    return FDML_OK;
}
