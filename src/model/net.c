/* net.c - see net.h.
 *
 * Nodes follow what PyTorch's exporter writes for the same modules: Gemm for a linear layer,
 * Clip with constant bounds for ReLU6, and a slope of [n,1,1] for PReLU, which broadcasts from
 * the right.
 *
 * SPDX-License-Identifier: MIT */
#include "model/net.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const char *fdml_net_name(char *text, const char *prefix, const char *name)
{
    const int length = snprintf(text, FDML_NET_NAME, "%s.%s", prefix, name);
    assert(length > 0 && length < FDML_NET_NAME); /* the nets' own names, none of a file's */
    (void)length;
    return text;
}

/* A tensor that a layer needs, and what it is made of where it is invented. */
typedef struct want {
    const char *name;
    int rank;
    const int64_t *dim;
    int view; /* rank it is seen with, the dimensions that it lacks being of size 1; 0: its own
               */
    fdml_first_rule rule;
    double fan;
} want;

/* A tensor of the weights as a constant of the graph. */
static uint32_t take(fdml_net *net, const char *layer, const want *w)
{
    char text[FDML_NET_NAME];
    fdml_error err;
    fdml_tensor tensor;
    if (net->builder.status) return FDML_NO_VALUE;
    fdml_net_name(text, layer, w->name);
    const fdml_weights_request request = { text, w->rank, w->dim, w->rule, w->fan };
    const fdml_status status =
        fdml_weights_take_or_invent(&tensor, net->weights, &request, net->arena, &err);
    if (status) {
        fdml_graph_builder_fail(&net->builder, status, "%s", err.text);
        return FDML_NO_VALUE;
    }
    for (; tensor.rank < w->view; tensor.rank++) tensor.dim[tensor.rank] = 1;
    return fdml_graph_builder_add_constant(&net->builder, text, &tensor);
}

static uint32_t add_node(fdml_net *net, const char *op, const char *name, uint32_t n_inputs,
                         const uint32_t *input)
{
    const fdml_graph_node node = {
        .op = op, .name = name, .n_inputs = n_inputs, .input = input
    };
    return fdml_graph_builder_add_node(&net->builder, &node);
}

uint32_t fdml_net_add_conv(fdml_net *net, uint32_t x, const char *name,
                           const fdml_net_conv *conv)
{
    const int64_t groups = conv->groups ? conv->groups : 1;
    const int64_t k = conv->kernel, s = conv->stride, p = conv->padding;
    const int64_t shape[] = { conv->n_out, conv->n_in / groups, k, k };
    const int64_t kernel[] = { k, k }, strides[] = { s, s }, pads[] = { p, p, p, p };
    const fdml_attr attr[] = { fdml_attr_ints("kernel_shape", 2, kernel),
                               fdml_attr_ints("strides", 2, strides),
                               fdml_attr_ints("pads", 4, pads),
                               fdml_attr_int("group", groups) };
    const bool by_outputs = net->conv_rule == FDML_FIRST_HE;
    const want weight = {
        "weight",       4,
        shape,          0,
        net->conv_rule, (double)(k * k * (by_outputs ? shape[0] : shape[1]))
    };
    const uint32_t input[] = { x, take(net, name, &weight) };
    const fdml_graph_node node = {
        .op = "Conv", .name = name, .n_inputs = 2, .input = input, .n_attrs = 4, .attr = attr
    };
    return fdml_graph_builder_add_node(&net->builder, &node);
}

uint32_t fdml_net_add_norm(fdml_net *net, uint32_t x, const char *name, int64_t n)
{
    const want parts[] = { { "weight", 1, &n, 0, FDML_FIRST_ONE, 0 },
                           { "bias", 1, &n, 0, FDML_FIRST_ZERO, 0 },
                           { "running_mean", 1, &n, 0, FDML_FIRST_ZERO, 0 },
                           { "running_var", 1, &n, 0, FDML_FIRST_ONE, 0 } };
    uint32_t input[5] = { x };
    for (int i = 0; i < 4; i++) input[i + 1] = take(net, name, &parts[i]);
    const fdml_attr epsilon = fdml_attr_float("epsilon", 1e-5f);
    const fdml_graph_node node = { .op = "BatchNormalization",
                                   .name = name,
                                   .n_inputs = 5,
                                   .input = input,
                                   .n_attrs = 1,
                                   .attr = &epsilon };
    return fdml_graph_builder_add_node(&net->builder, &node);
}

uint32_t fdml_net_add_relu(fdml_net *net, uint32_t x, const char *name)
{
    return add_node(net, "Relu", name, 1, &x);
}

/* A scalar of the net's own. */
static uint32_t add_scalar(fdml_net *net, const char *layer, const char *name, float value)
{
    char text[FDML_NET_NAME];
    fdml_tensor scalar = { .type = FDML_TYPE_F32, .n_items = 1 };
    scalar.data = fdml_arena_push(net->arena, 1, sizeof value);
    if (!scalar.data) {
        fdml_graph_builder_fail(&net->builder, FDML_E_NOMEM, "%s: no memory for the net",
                                net->weights->name);
        return FDML_NO_VALUE;
    }
    memcpy(scalar.data, &value, sizeof value);
    return fdml_graph_builder_add_constant(&net->builder, fdml_net_name(text, layer, name),
                                           &scalar);
}

uint32_t fdml_net_add_relu6(fdml_net *net, uint32_t x, const char *name)
{
    const uint32_t low = add_scalar(net, name, "min", 0),
                   high = add_scalar(net, name, "max", 6);
    return add_node(net, "Clip", name, 3, (const uint32_t[]){ x, low, high });
}

uint32_t fdml_net_add_prelu(fdml_net *net, uint32_t x, const char *name, int64_t n)
{
    const want weight = { "weight", 1, &n, 3, FDML_FIRST_QUARTER, 0 };
    const uint32_t slope = take(net, name, &weight);
    return add_node(net, "PRelu", name, 2, (const uint32_t[]){ x, slope });
}

uint32_t fdml_net_add_sum(fdml_net *net, uint32_t x, uint32_t y, const char *name)
{
    return add_node(net, "Add", name, 2, (const uint32_t[]){ x, y });
}

uint32_t fdml_net_add_max_pool(fdml_net *net, uint32_t x, const char *name, int64_t kernel,
                               int64_t stride, int64_t padding)
{
    const int64_t shape[] = { kernel, kernel }, strides[] = { stride, stride };
    const int64_t pads[] = { padding, padding, padding, padding };
    const fdml_attr attr[] = { fdml_attr_ints("kernel_shape", 2, shape),
                               fdml_attr_ints("strides", 2, strides),
                               fdml_attr_ints("pads", 4, pads) };
    const fdml_graph_node node = {
        .op = "MaxPool", .name = name, .n_inputs = 1, .input = &x, .n_attrs = 3, .attr = attr
    };
    return fdml_graph_builder_add_node(&net->builder, &node);
}

uint32_t fdml_net_add_flat(fdml_net *net, uint32_t x, const char *name)
{
    const fdml_attr axis = fdml_attr_int("axis", 1);
    const fdml_graph_node node = {
        .op = "Flatten", .name = name, .n_inputs = 1, .input = &x, .n_attrs = 1, .attr = &axis
    };
    return fdml_graph_builder_add_node(&net->builder, &node);
}

uint32_t fdml_net_add_mean(fdml_net *net, uint32_t x, const char *name)
{
    const uint32_t mean = add_node(net, "GlobalAveragePool", name, 1, &x);
    return fdml_net_add_flat(net, mean, "flatten");
}

uint32_t fdml_net_add_mean_max(fdml_net *net, uint32_t x, const char *name)
{
    char text[FDML_NET_NAME];
    const uint32_t planes[] = {
        add_node(net, "GlobalAveragePool", fdml_net_name(text, name, "mean"), 1, &x),
        add_node(net, "GlobalMaxPool", fdml_net_name(text, name, "max"), 1, &x)
    };
    const fdml_attr axis = fdml_attr_int("axis", 1);
    const fdml_graph_node node = { .op = "Concat",
                                   .name = fdml_net_name(text, name, "concat"),
                                   .n_inputs = 2,
                                   .input = planes,
                                   .n_attrs = 1,
                                   .attr = &axis };
    return fdml_net_add_flat(net, fdml_graph_builder_add_node(&net->builder, &node), "flatten");
}

uint32_t fdml_net_add_linear(fdml_net *net, uint32_t x, const char *name, int64_t n_in,
                             int64_t usual, bool has_bias)
{
    char text[FDML_NET_NAME];
    const fdml_tensor_entry *entry =
        fdml_weights_find(net->weights, fdml_net_name(text, name, "weight"));
    int64_t n = net->weights->invented ? usual : -1;
    if (entry && entry->n_dims == 2) n = (int64_t)entry->shape[0];
    if (net->linear_size) n = (int64_t)net->linear_size;
    const fdml_first_rule rule = net->linear_rule;
    const want weight = { "weight", 2, (const int64_t[]){ n, n_in }, 0, rule, (double)n_in };
    const want shift = {
        "bias", 1, &n, 0, rule == FDML_FIRST_SMALL ? FDML_FIRST_ZERO : rule, (double)n_in
    };
    const uint32_t input[] = { x, take(net, name, &weight),
                               has_bias ? take(net, name, &shift) : FDML_NO_VALUE };
    const fdml_attr transposed = fdml_attr_int("transB", 1);
    const fdml_graph_node node = { .op = "Gemm",
                                   .name = name,
                                   .n_inputs = has_bias ? 3 : 2,
                                   .input = input,
                                   .n_attrs = 1,
                                   .attr = &transposed };
    net->n_out = n;
    return fdml_graph_builder_add_node(&net->builder, &node);
}
