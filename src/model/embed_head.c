/* embed_head.c - see embed_head.h.
 *
 * A graph never changes, so the trunk is put together once more: values first, in their order,
 * so that every id stays what it was.
 *
 * SPDX-License-Identifier: MIT */
#include "model/embed_head.h"

#include <string.h>

#include "model/graph_build.h"
#include "model/op.h"

static void copy_values(fdml_graph_builder *b, const fdml_graph *from)
{
    for (uint32_t v = 0; v < from->n_values; v++) {
        const fdml_graph_value *value = &from->value[v];
        fdml_graph_builder_add_value(b, value->name);
        if (value->constant.data) fdml_graph_builder_set_constant(b, v, &value->constant);
        fdml_graph_builder_declare(b, v, value->type, value->rank, value->dim);
    }
    for (size_t i = 0; i < from->n_inputs; i++)
        fdml_graph_builder_mark_input(b, from->input[i]);
}

static void copy_nodes(fdml_graph_builder *b, const fdml_graph *from)
{
    for (size_t i = 0; i < from->n_nodes; i++) {
        const fdml_node *node = &from->node[i];
        fdml_graph_builder_add_node(b, &(fdml_graph_node){ .op = node->op->name,
                                                           .name = node->name,
                                                           .n_inputs = node->n_inputs,
                                                           .input = node->input,
                                                           .n_outputs = node->n_outputs,
                                                           .output = node->output,
                                                           .n_attrs = node->n_attrs,
                                                           .attr = node->attr });
    }
}

static uint32_t add_constant(fdml_graph_builder *b, const char *name, const float *data,
                             int rank, const size_t *dim)
{
    fdml_tensor tensor;
    fdml_error err;
    const fdml_status status = fdml_tensor_shape(&tensor, FDML_TYPE_F32, rank, dim, name, &err);
    if (status) {
        fdml_graph_builder_fail(b, status, "%s", err.text);
        return FDML_NO_VALUE;
    }
    /* a graph's constants are not written to; the pointer is for tensors that are */
    memcpy(&tensor.data, &(const void *){ data }, sizeof tensor.data);
    return fdml_graph_builder_add_constant(b, name, &tensor);
}

static uint32_t add_linear(fdml_graph_builder *b, uint32_t x, size_t n_in,
                           const fdml_embed_head *head)
{
    const size_t dim[] = { head->size, n_in };
    const uint32_t input[] = {
        x, add_constant(b, FDML_EMBED_HEAD ".weight", head->weight, 2, dim),
        head->bias ? add_constant(b, FDML_EMBED_HEAD ".bias", head->bias, 1, dim)
                   : FDML_NO_VALUE
    };
    const fdml_attr transposed = fdml_attr_int("transB", 1);
    return fdml_graph_builder_add_node(b, &(fdml_graph_node){ .op = "Gemm",
                                                              .name = FDML_EMBED_HEAD,
                                                              .n_inputs = head->bias ? 3 : 2,
                                                              .input = input,
                                                              .n_attrs = 1,
                                                              .attr = &transposed });
}

static uint32_t add_normalise(fdml_graph_builder *b, uint32_t x)
{
    const fdml_attr attr[] = { fdml_attr_int("axis", 1), fdml_attr_int("p", 2) };
    return fdml_graph_builder_add_node(b, &(fdml_graph_node){ .op = "LpNormalization",
                                                              .name = "normalise",
                                                              .n_inputs = 1,
                                                              .input = &x,
                                                              .n_attrs = 2,
                                                              .attr = attr });
}

fdml_status fdml_embed_head_append(fdml_graph *graph, fdml_graph *trunk,
                                   const fdml_embed_head *head, fdml_arena *arena,
                                   fdml_error *err)
{
    const fdml_graph_value *y = trunk->n_outputs == 1 ? &trunk->value[trunk->output[0]] : NULL;
    if (!y || y->type != FDML_TYPE_F32 || y->rank != 2 || y->dim[1] < 1)
        return fdml_fail(err, FDML_E_ARG,
                         "%.200s: a head needs one output of float32 [N, columns]",
                         trunk->name);
    fdml_graph_builder b;
    fdml_graph made;
    int64_t dim[] = { y->dim[0], y->dim[1] };
    fdml_graph_builder_init(&b, arena, trunk->name, trunk->opset);
    b.graph.ir_version = trunk->ir_version;
    b.graph.producer = trunk->producer;
    copy_values(&b, trunk);
    copy_nodes(&b, trunk);
    uint32_t x = trunk->output[0];
    if (head->weight) {
        x = add_linear(&b, x, (size_t)dim[1], head);
        dim[1] = (int64_t)head->size;
    }
    if (head->normalise) x = add_normalise(&b, x);
    fdml_graph_builder_add_output(&b, x);
    fdml_graph_builder_declare(&b, x, FDML_TYPE_F32, 2, dim);
    FDML_TRY(fdml_graph_builder_finish(&b, &made, err));
    made.maps = trunk->maps;
    trunk->maps = NULL;
    *graph = made;
    return FDML_OK;
}
