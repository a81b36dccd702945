/* conv_layers.h - the convolutions of known networks, each distinct one once.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BENCH_CONV_LAYERS_H
#define FDML_BENCH_CONV_LAYERS_H

#include <stddef.h>

typedef struct conv_layer {
    int n_in, size, n_out, kernel, stride, groups; /* padding: kernel / 2 */
    int count;                                     /* in the network */
} conv_layer;

typedef struct conv_net {
    const char *name;
    const conv_layer *layers; /* ends with one of n_in 0 */
} conv_net;

const conv_net *conv_net_at(size_t index); /* NULL past the last */
int conv_out_size(const conv_layer *layer);
double conv_flops(const conv_layer *layer, int batch); /* a multiply-add is two */

#endif
