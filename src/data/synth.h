/* synth.h - made-up embeddings with a known unfairness, for demos and tests.
 *
 * A class is a random centre, a row is its centre plus noise. Each class belongs to one of two
 * groups; the rows of group "minority" scatter wider around their class, so retrieval serves
 * them worse, and an audit that works must say so. Nothing in it comes from real people, and no
 * real embedding is this simple: it tests tools, not hypotheses.
 *
 *   centre[c] = N(0, I / dim)                     stream 1, index c
 *   row[i]    = centre + sigma N(0, I / dim)      stream 2, index i
 *   sigma     = noise, times minority_noise for the minority's classes
 *
 * Bits depend on the arguments alone: base/rng and IEEE arithmetic, nothing else.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_SYNTH_H
#define FDML_DATA_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct fdml_synth {
    uint32_t n_classes, per_class, dim;
    double noise;          /* scatter of a row, relative to that of the centres */
    double minority_share; /* of the classes, spread evenly over them */
    double minority_noise; /* factor on their noise */
    uint64_t seed;
} fdml_synth;

/* FDML_E_ARG names the field and its limit. */
fdml_status fdml_synth_check(const fdml_synth *synth, fdml_error *err);

/* Is class c of the minority? */
int fdml_synth_is_minority(const fdml_synth *synth, uint32_t c);

/* x: [n_classes * per_class, dim], the rows of a class together. Checked arguments. */
void fdml_synth_embeddings(float *x, const fdml_synth *synth);

#endif
