/* mobilenet.c - MobileNetV2: Sandler et al. 2018, arXiv:1801.04381, as torchvision has it.
 *
 * A block is "features.I.conv": [expand to 6 times the channels,] filter each, project. Its
 * sub-layers are numbered, and an expansion moves those after it up by one: "conv.0" and
 * "conv.1", "conv.2" without, "conv.0", "conv.1" and "conv.2", "conv.3" with.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model/net.h"

/* Layers PREFIX.A, the convolution, and PREFIX.B, its normalisation; `active`: then ReLU6. */
static uint32_t unit(fdml_net *net, uint32_t x, const char *conv_name, const char *norm_name,
                     const fdml_net_conv *conv, bool active)
{
    char name[FDML_NET_NAME];
    x = fdml_net_add_conv(net, x, conv_name, conv);
    x = fdml_net_add_norm(net, x, norm_name, conv->n_out);
    if (!active) return x;
    return fdml_net_add_relu6(net, x, fdml_net_name(name, norm_name, "relu6"));
}

static uint32_t active_unit(fdml_net *net, uint32_t x, const char *prefix,
                            const fdml_net_conv *conv)
{
    char conv_name[FDML_NET_NAME], norm_name[FDML_NET_NAME];
    fdml_net_name(conv_name, prefix, "0");
    fdml_net_name(norm_name, prefix, "1");
    return unit(net, x, conv_name, norm_name, conv, true);
}

static uint32_t block(fdml_net *net, uint32_t x, int i, const fdml_net_conv *shape,
                      int64_t expansion)
{
    const int64_t wide = shape->n_in * expansion;
    const fdml_net_conv expand = { shape->n_in, wide, 1, 1, 0, 1 };
    const fdml_net_conv filter = { wide, wide, 3, shape->stride, 1, wide };
    const fdml_net_conv project = { wide, shape->n_out, 1, 1, 0, 1 };
    char name[FDML_NET_NAME], norm_name[FDML_NET_NAME];
    uint32_t y = x;
    int part = 0;
    if (expansion != 1) {
        snprintf(name, sizeof name, "features.%d.conv.%d", i, part++);
        y = active_unit(net, y, name, &expand);
    }
    snprintf(name, sizeof name, "features.%d.conv.%d", i, part++);
    y = active_unit(net, y, name, &filter);
    snprintf(name, sizeof name, "features.%d.conv.%d", i, part++);
    snprintf(norm_name, sizeof norm_name, "features.%d.conv.%d", i, part);
    y = unit(net, y, name, norm_name, &project, false);
    if (shape->n_in != shape->n_out || shape->stride != 1) return y;
    snprintf(name, sizeof name, "features.%d.add", i);
    return fdml_net_add_sum(net, x, y, name);
}

uint32_t fdml_mobilenet_v2_build(fdml_net *net, uint32_t x)
{
    /* Table 2 of the paper. */
    static const struct {
        int expansion, n_out, n_blocks, stride;
    } stages[] = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 },  { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
                   { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } };
    const fdml_net_conv first = { 3, 32, 3, 2, 1, 1 }, last = { 320, 1280, 1, 1, 0, 1 };
    int64_t n = first.n_out;
    int i = 1;
    x = active_unit(net, x, "features.0", &first);
    for (size_t stage = 0; stage < sizeof stages / sizeof *stages; stage++) {
        for (int k = 0; k < stages[stage].n_blocks; k++) {
            const fdml_net_conv shape = { .n_in = n,
                                          .n_out = stages[stage].n_out,
                                          .stride = k ? 1 : stages[stage].stride };
            x = block(net, x, i++, &shape, stages[stage].expansion);
            n = shape.n_out;
        }
    }
    x = active_unit(net, x, "features.18", &last);
    return fdml_net_add_mean(net, x, "avgpool");
}
