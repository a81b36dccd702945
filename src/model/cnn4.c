/* cnn4.c - Cnn4: four convolutions for pictures of 32 x 32, trained from scratch in a minute.
 *
 * Windows 5, 3, 3, 3, strides 2, 1, 2, 2 and 24, 32, 64, 128 channels, each with normalisation
 * and ReLU; then the mean and the maximum of every plane, one behind the other: 256 features.
 * The maximum answers to a mark wherever it is, the mean to what is all over.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "model/net.h"

uint32_t fdml_cnn4_build(fdml_net *net, uint32_t x)
{
    static const fdml_net_conv convs[] = { { 3, 24, 5, 2, 2, 1 },
                                           { 24, 32, 3, 1, 1, 1 },
                                           { 32, 64, 3, 2, 1, 1 },
                                           { 64, 128, 3, 2, 1, 1 } };
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", i + 1);
        x = fdml_net_add_conv(net, x, name, &convs[i]);
        snprintf(name, sizeof name, "bn%d", i + 1);
        x = fdml_net_add_norm(net, x, name, convs[i].n_out);
        snprintf(name, sizeof name, "relu%d", i + 1);
        x = fdml_net_add_relu(net, x, name);
    }
    return fdml_net_add_mean_max(net, x, "pool");
}
