/* features.c - see features.h.
 * SPDX-License-Identifier: MIT */
#include "model/features.h"

#include "model/net.h"

enum { OPSET = 13 };

const fdml_backbone fdml_features = { .name = "features", .linear_rule = FDML_FIRST_UNIFORM };

static uint32_t add_hidden(fdml_net *net, uint32_t x, int64_t columns, int64_t hidden)
{
    x = fdml_net_add_linear(net, x, "hidden", columns, hidden, true);
    x = fdml_net_add_norm(net, x, "norm", net->n_out);
    return fdml_net_add_relu(net, x, "relu");
}

/* A graph needs a node between its input and its output. */
static uint32_t add_nothing(fdml_net *net, uint32_t x, int64_t columns)
{
    net->n_out = columns;
    return fdml_graph_builder_add_node(
        &net->builder,
        &(fdml_graph_node){ .op = "Identity", .name = "rows", .n_inputs = 1, .input = &x });
}

fdml_status fdml_features_build(fdml_graph *graph, fdml_weights *weights,
                                const fdml_features_options *options, fdml_arena *arena,
                                fdml_error *err)
{
    const int64_t columns = (int64_t)options->columns, hidden = (int64_t)options->hidden;
    fdml_net net = { .weights = weights,
                     .arena = arena,
                     .linear_rule = fdml_features.linear_rule,
                     .linear_size = options->hidden };
    fdml_graph_builder *builder = &net.builder;
    fdml_graph built;
    fdml_graph_builder_init(builder, arena, weights->name, OPSET);
    uint32_t x = fdml_graph_builder_add_input(builder, "input", FDML_TYPE_F32, 2,
                                              (const int64_t[]){ -1, columns });
    x = hidden ? add_hidden(&net, x, columns, hidden) : add_nothing(&net, x, columns);
    fdml_graph_builder_add_output(builder, x);
    fdml_graph_builder_declare(builder, x, FDML_TYPE_F32, 2,
                               (const int64_t[]){ -1, net.n_out });
    FDML_TRY(fdml_graph_builder_finish(builder, &built, err));
    FDML_TRY(fdml_weights_check_taken(weights, fdml_features.name, err));
    *graph = built;
    return FDML_OK;
}

fdml_status fdml_features_sizes(fdml_features_options *options, const fdml_weights *weights,
                                const char *head, fdml_error *err)
{
    const fdml_tensor_entry *hidden = fdml_weights_find(weights, "hidden.weight");
    const fdml_tensor_entry *first = hidden ? hidden : fdml_weights_find(weights, head);
    if (!first)
        return fdml_fail(err, FDML_E_DATA, "%s: has neither 'hidden.weight' nor '%s'",
                         weights->name, head);
    if (first->n_dims != 2 || !first->n_items)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: tensor '%s' has %d axes and %zu items, expected a matrix",
                         weights->name, first->name, first->n_dims, first->n_items);
    *options = (fdml_features_options){ first->shape[1], hidden ? hidden->shape[0] : 0 };
    return FDML_OK;
}
