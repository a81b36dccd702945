/* first_weights.h - the numbers that training starts from.
 *
 * PyTorch's and torchvision's rules, so that learning rates which are known to work there work
 * here. The numbers of an array are a function of (seed, stream, index) alone: neither the
 * arrays before it nor threads show in them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_FIRST_WEIGHTS_H
#define FDML_MODEL_FIRST_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

typedef enum fdml_first_rule {
    FDML_FIRST_ZERO,
    FDML_FIRST_ONE,
    FDML_FIRST_QUARTER, /* slopes of PReLU */
    FDML_FIRST_HE,      /* normal, variance 2 / fan: He et al. 2015, arXiv:1502.01852 eq. 10;
                         * torchvision's fan is that of the outputs, n_out * taps (eq. 14) */
    FDML_FIRST_UNIFORM, /* uniform on +-1 / sqrt(fan), fan that of the inputs: what PyTorch does
                         * to a layer, and its bias, unless told otherwise */
    FDML_FIRST_SMALL    /* normal, deviation 0.01 */
} fdml_first_rule;

typedef struct fdml_first_weights {
    fdml_first_rule rule;
    double fan; /* above 0; of HE and UNIFORM */
    uint64_t seed, stream;
    uint32_t index; /* fdml_rng_init(seed, stream, index) */
} fdml_first_weights;

void fdml_first_weights_fill(float *values, size_t n, const fdml_first_weights *first);

/* An index for an array that has a name and no number: FNV-1a, 32 bits. */
uint32_t fdml_first_weights_index(const char *name);

#endif
