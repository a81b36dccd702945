/* fuzz_onnx.c - an ONNX model from bytes to a graph: every value, constant and attribute.
 * SPDX-License-Identifier: MIT */
#include "model/onnx_import.h"
#include "model/op.h"
#include "target.h"
#include "target_tensor.h"

static void check_node(const fdml_graph *graph, const fdml_node *node, unsigned char *is_known)
{
    target_require(node->op && node->name && (int)node->n_inputs <= node->op->max_inputs);
    target_require(node->n_outputs >= 1 && (int)node->n_outputs <= node->op->max_outputs);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const uint32_t id = node->input[i];
        target_require(id == FDML_NO_VALUE || (id < graph->n_values && is_known[id]));
    }
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const uint32_t id = node->output[i];
        if (id == FDML_NO_VALUE) continue;
        target_require(id < graph->n_values && !is_known[id]); /* made once, and in order */
        is_known[id] = 1;
    }
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const fdml_attr *a = &node->attr[i];
        target_require(fdml_node_attr(node, a->name) == a);
        if (a->kind == FDML_ATTR_TENSOR) target_tensor(a->as.tensor);
        if (a->kind == FDML_ATTR_INTS && a->n) target_require(a->as.ints != NULL);
        if (a->kind == FDML_ATTR_STRING) target_require(strlen(a->as.s) < 1 << 16);
    }
}

static void check_graph(const fdml_graph *graph)
{
    unsigned char *is_known = calloc(graph->n_values + 1, 1);
    target_require(is_known && graph->n_outputs && graph->producer && graph->name);
    for (size_t i = 0; i < graph->n_values; i++) {
        target_require(graph->value[i].name && graph->value[i].rank <= FDML_MAX_RANK);
        if (!graph->value[i].constant.data) continue;
        target_tensor(&graph->value[i].constant);
        is_known[i] = 1;
    }
    for (size_t i = 0; i < graph->n_inputs; i++) {
        target_require(graph->input[i] < graph->n_values && !is_known[graph->input[i]]);
        is_known[graph->input[i]] = 1;
    }
    for (size_t i = 0; i < graph->n_nodes; i++) check_node(graph, &graph->node[i], is_known);
    for (size_t i = 0; i < graph->n_outputs; i++) target_require(is_known[graph->output[i]]);
    free(is_known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fdml_graph graph;
    fdml_error err;
    fdml_arena arena;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status =
        fdml_onnx_import_bytes(&graph, "x.onnx", data, size, NULL, &arena, &err);
    if (status)
        target_check_error(status, &err);
    else
        check_graph(&graph);
    target_require(status == FDML_OK || arena.used == 0);
    fdml_arena_close(&arena);
    fdml_arena_init(&arena, 4096);
    (void)fdml_onnx_import_bytes(&graph, "x.onnx", data, size, NULL, &arena, NULL);
    fdml_arena_close(&arena);
    return 0;
}
