/* resnet.c - ResNet-18, -34 and -50: He, Zhang, Ren, Sun 2015, arXiv:1512.03385.
 *
 * As torchvision has them: in a bottleneck the 3x3 convolution carries the stride, not the
 * 1x1 before it as in the paper.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model/net.h"

typedef uint32_t block_builder(fdml_net *net, uint32_t x, const char *prefix, int64_t n_in,
                               int64_t width, int64_t stride);

/* Convolution and normalisation number `i` of a block. */
static uint32_t conv_norm(fdml_net *net, uint32_t x, const char *prefix, int i,
                          const fdml_net_conv *conv)
{
    char layer[16], name[FDML_NET_NAME];
    snprintf(layer, sizeof layer, "conv%d", i);
    x = fdml_net_add_conv(net, x, fdml_net_name(name, prefix, layer), conv);
    snprintf(layer, sizeof layer, "bn%d", i);
    return fdml_net_add_norm(net, x, fdml_net_name(name, prefix, layer), conv->n_out);
}

static uint32_t relu(fdml_net *net, uint32_t x, const char *prefix, const char *name)
{
    char text[FDML_NET_NAME];
    return fdml_net_add_relu(net, x, fdml_net_name(text, prefix, name));
}

/* y + x and the activation; where the shapes differ x goes through a 1x1 convolution. */
static uint32_t join(fdml_net *net, uint32_t x, uint32_t y, const char *prefix,
                     const fdml_net_conv *shortcut)
{
    char name[FDML_NET_NAME];
    if (shortcut->n_in != shortcut->n_out || shortcut->stride != 1) {
        x = fdml_net_add_conv(net, x, fdml_net_name(name, prefix, "downsample.0"), shortcut);
        x = fdml_net_add_norm(net, x, fdml_net_name(name, prefix, "downsample.1"),
                              shortcut->n_out);
    }
    y = fdml_net_add_sum(net, y, x, fdml_net_name(name, prefix, "add"));
    return relu(net, y, prefix, "relu");
}

static uint32_t basic_block(fdml_net *net, uint32_t x, const char *prefix, int64_t n_in,
                            int64_t width, int64_t stride)
{
    const fdml_net_conv conv1 = { n_in, width, 3, stride, 1, 1 };
    const fdml_net_conv conv2 = { width, width, 3, 1, 1, 1 };
    const fdml_net_conv shortcut = { n_in, width, 1, stride, 0, 1 };
    uint32_t y = conv_norm(net, x, prefix, 1, &conv1);
    y = relu(net, y, prefix, "relu1");
    y = conv_norm(net, y, prefix, 2, &conv2);
    return join(net, x, y, prefix, &shortcut);
}

static uint32_t bottleneck(fdml_net *net, uint32_t x, const char *prefix, int64_t n_in,
                           int64_t width, int64_t stride)
{
    const fdml_net_conv conv1 = { n_in, width, 1, 1, 0, 1 };
    const fdml_net_conv conv2 = { width, width, 3, stride, 1, 1 };
    const fdml_net_conv conv3 = { width, 4 * width, 1, 1, 0, 1 };
    const fdml_net_conv shortcut = { n_in, 4 * width, 1, stride, 0, 1 };
    uint32_t y = conv_norm(net, x, prefix, 1, &conv1);
    y = relu(net, y, prefix, "relu1");
    y = conv_norm(net, y, prefix, 2, &conv2);
    y = relu(net, y, prefix, "relu2");
    y = conv_norm(net, y, prefix, 3, &conv3);
    return join(net, x, y, prefix, &shortcut);
}

/* n_blocks: of the four stages. `expansion`: channels a block gives for each of its width. */
static uint32_t build(fdml_net *net, uint32_t x, const int n_blocks[4], block_builder *block,
                      int64_t expansion)
{
    const fdml_net_conv stem = { 3, 64, 7, 2, 3, 1 };
    int64_t n = 64;
    x = fdml_net_add_conv(net, x, "conv1", &stem);
    x = fdml_net_add_norm(net, x, "bn1", 64);
    x = fdml_net_add_relu(net, x, "relu");
    x = fdml_net_add_max_pool(net, x, "maxpool", 3, 2, 1);
    for (int stage = 0; stage < 4; stage++) {
        const int64_t width = (int64_t)64 << stage;
        for (int i = 0; i < n_blocks[stage]; i++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layer%d.%d", stage + 1, i);
            x = block(net, x, prefix, n, width, stage && !i ? 2 : 1);
            n = expansion * width;
        }
    }
    return fdml_net_add_mean(net, x, "avgpool");
}

uint32_t fdml_resnet18_build(fdml_net *net, uint32_t x)
{
    return build(net, x, (const int[]){ 2, 2, 2, 2 }, basic_block, 1);
}

uint32_t fdml_resnet34_build(fdml_net *net, uint32_t x)
{
    return build(net, x, (const int[]){ 3, 4, 6, 3 }, basic_block, 1);
}

uint32_t fdml_resnet50_build(fdml_net *net, uint32_t x)
{
    return build(net, x, (const int[]){ 3, 4, 6, 3 }, bottleneck, 4);
}
