/* net.h - layers with their weights, from which a backbone is put together.
 *
 * A layer is a prefix of tensor names: convolution "layer1.0.conv1" takes
 * "layer1.0.conv1.weight" and adds a node of that name. The first error is kept and all that
 * follows does nothing, so a net reads as straight code (graph_build.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_NET_H
#define FDML_MODEL_NET_H

#include "model/graph_build.h"
#include "model/weights.h"

enum { FDML_NET_NAME = 96 }; /* bytes of a layer's or tensor's name */

struct fdml_net {
    fdml_graph_builder builder;
    fdml_weights *weights;
    fdml_arena *arena;
    fdml_first_rule conv_rule;   /* of convolutions that are invented */
    fdml_first_rule linear_rule; /* likewise; SMALL has biases of 0 */
    size_t linear_size; /* columns of the next linear layer; 0: as the weights have it */
    int64_t n_out;      /* columns of what the net gives */
};
typedef struct fdml_net fdml_net;

typedef struct fdml_net_conv {
    int64_t n_in, n_out;
    int64_t kernel, stride, padding; /* the same in both directions */
    int64_t groups;                  /* 0: 1 */
} fdml_net_conv;

/* x: [N, n_in, H, W]; without bias, as batch normalisation follows. */
uint32_t fdml_net_add_conv(fdml_net *net, uint32_t x, const char *name,
                           const fdml_net_conv *conv);
/* x: [N, n, ...]; ".weight", ".bias", ".running_mean", ".running_var"; epsilon 1e-5. */
uint32_t fdml_net_add_norm(fdml_net *net, uint32_t x, const char *name, int64_t n);
uint32_t fdml_net_add_relu(fdml_net *net, uint32_t x, const char *name);
uint32_t fdml_net_add_relu6(fdml_net *net, uint32_t x, const char *name);
uint32_t fdml_net_add_prelu(fdml_net *net, uint32_t x, const char *name, int64_t n);
uint32_t fdml_net_add_sum(fdml_net *net, uint32_t x, uint32_t y, const char *name);
uint32_t fdml_net_add_max_pool(fdml_net *net, uint32_t x, const char *name, int64_t kernel,
                               int64_t stride, int64_t padding);
/* [N, C, H, W] to [N, C]. */
uint32_t fdml_net_add_mean(fdml_net *net, uint32_t x, const char *name);
/* [N, C, H, W] to [N, 2 C]: the means of all planes, then their maxima. */
uint32_t fdml_net_add_mean_max(fdml_net *net, uint32_t x, const char *name);
uint32_t fdml_net_add_flat(fdml_net *net, uint32_t x, const char *name);
/* [N, n_in] to [N, net->linear_size], or else as many as ".weight" has rows, or `usual` where
 * it is invented; this becomes net->n_out. */
uint32_t fdml_net_add_linear(fdml_net *net, uint32_t x, const char *name, int64_t n_in,
                             int64_t usual, bool has_bias);

/* "layer1.0" and "conv1" to "layer1.0.conv1". Returns text, of FDML_NET_NAME bytes. */
const char *fdml_net_name(char *text, const char *prefix, const char *name);

/* The families, each up to the embedding. */
uint32_t fdml_resnet18_build(fdml_net *net, uint32_t x);
uint32_t fdml_resnet34_build(fdml_net *net, uint32_t x);
uint32_t fdml_resnet50_build(fdml_net *net, uint32_t x);
uint32_t fdml_mobilenet_v2_build(fdml_net *net, uint32_t x);
uint32_t fdml_mobilefacenet_build(fdml_net *net, uint32_t x);
uint32_t fdml_cnn4_build(fdml_net *net, uint32_t x);

#endif
