/* mobilefacenet.c - MobileFaceNet: Chen, Liu, Gao, Han 2018, arXiv:1804.07573.
 *
 * The paper's table 1, in the layout and under the names of its PyTorch versions: a unit is
 * PREFIX.conv, PREFIX.bn and, unless it projects, PREFIX.prelu; a block is PREFIX.conv,
 * PREFIX.conv_dw and PREFIX.project. A 7x7 filter for each channel, without padding, stands in
 * for the mean of a plane, so that a face's parts count by where they are, and the input is
 * 112 x 112 and nothing else. The embedding is not scaled to unit length.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model/net.h"

static uint32_t unit(fdml_net *net, uint32_t x, const char *prefix, const fdml_net_conv *conv,
                     bool active)
{
    char name[FDML_NET_NAME];
    x = fdml_net_add_conv(net, x, fdml_net_name(name, prefix, "conv"), conv);
    x = fdml_net_add_norm(net, x, fdml_net_name(name, prefix, "bn"), conv->n_out);
    if (!active) return x;
    return fdml_net_add_prelu(net, x, fdml_net_name(name, prefix, "prelu"), conv->n_out);
}

/* shape->groups: channels between expansion and projection. */
static uint32_t block(fdml_net *net, uint32_t x, const char *prefix, const fdml_net_conv *shape,
                      bool has_shortcut)
{
    const int64_t wide = shape->groups;
    const fdml_net_conv expand = { shape->n_in, wide, 1, 1, 0, 1 };
    const fdml_net_conv filter = { wide, wide, 3, shape->stride, 1, wide };
    const fdml_net_conv project = { wide, shape->n_out, 1, 1, 0, 1 };
    char name[FDML_NET_NAME];
    uint32_t y = unit(net, x, fdml_net_name(name, prefix, "conv"), &expand, true);
    y = unit(net, y, fdml_net_name(name, prefix, "conv_dw"), &filter, true);
    y = unit(net, y, fdml_net_name(name, prefix, "project"), &project, false);
    if (!has_shortcut) return y;
    return fdml_net_add_sum(net, x, y, fdml_net_name(name, prefix, "add"));
}

static uint32_t repeat(fdml_net *net, uint32_t x, const char *prefix, int n_blocks, int64_t n,
                       int64_t wide)
{
    const fdml_net_conv shape = { .n_in = n, .n_out = n, .stride = 1, .groups = wide };
    for (int i = 0; i < n_blocks; i++) {
        char name[FDML_NET_NAME];
        snprintf(name, sizeof name, "%s.model.%d", prefix, i);
        x = block(net, x, name, &shape, true);
    }
    return x;
}

static uint32_t halve(fdml_net *net, uint32_t x, const char *prefix, int64_t n_in,
                      int64_t n_out, int64_t wide)
{
    const fdml_net_conv shape = { .n_in = n_in, .n_out = n_out, .stride = 2, .groups = wide };
    return block(net, x, prefix, &shape, false);
}

uint32_t fdml_mobilefacenet_build(fdml_net *net, uint32_t x)
{
    const fdml_net_conv first = { 3, 64, 3, 2, 1, 1 }, second = { 64, 64, 3, 1, 1, 64 };
    const fdml_net_conv separate = { 128, 512, 1, 1, 0, 1 };
    const fdml_net_conv whole = { 512, 512, 7, 1, 0, 512 };
    x = unit(net, x, "conv_1", &first, true);
    x = unit(net, x, "conv_2_dw", &second, true);
    x = halve(net, x, "conv_23", 64, 64, 128);
    x = repeat(net, x, "conv_3", 4, 64, 128);
    x = halve(net, x, "conv_34", 64, 128, 256);
    x = repeat(net, x, "conv_4", 6, 128, 256);
    x = halve(net, x, "conv_45", 128, 128, 512);
    x = repeat(net, x, "conv_5", 2, 128, 256);
    x = unit(net, x, "conv_6_sep", &separate, true);
    x = unit(net, x, "conv_6_dw", &whole, false);
    x = fdml_net_add_flat(net, x, "conv_6_flatten");
    x = fdml_net_add_linear(net, x, "linear", 512, 128, false);
    return fdml_net_add_norm(net, x, "bn", net->n_out);
}
