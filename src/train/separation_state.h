/* separation_state.h - what the files of separation.h share: separation.c (options, parameters,
 * dispatch), separation_net.c (diva, adversarial), separation_covariance.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SEPARATION_STATE_H
#define FDML_TRAIN_SEPARATION_STATE_H

#include "train/separation.h"

struct fdml_separation {
    fdml_separation_options options;
    fdml_linear first, second; /* w1, c1 and w2, c2; not for a covariance */
};

/* Rows at unit length and what their gradient is on the way back. */
typedef struct fdml_directions {
    float *unit, *inverse; /* [n, dim], [n] */
    float *grad;           /* [n, dim], to be filled */
    size_t n, dim;
} fdml_directions;

bool fdml_directions_find(fdml_directions *rows, const fdml_separation *separation,
                          const float *x, const size_t shape[2], fdml_arena *work);
/* dx [n, dim] = sign * gradient by x, from rows->grad. */
void fdml_directions_return(float *dx, const fdml_directions *rows, float sign);

fdml_status fdml_separation_no_memory(size_t n, fdml_error *err);

/* One for each kind. The caller resets `work`. */
fdml_status fdml_separation_diva(fdml_separation *separation,
                                 const fdml_separation_batch *batch,
                                 fdml_separation_result *result, fdml_arena *work,
                                 fdml_error *err);
fdml_status fdml_separation_covariance(fdml_separation *separation,
                                       const fdml_separation_batch *batch,
                                       fdml_separation_result *result, fdml_arena *work,
                                       fdml_error *err);
fdml_status fdml_separation_adversarial(fdml_separation *separation,
                                        const fdml_separation_batch *batch,
                                        fdml_separation_result *result, fdml_arena *work,
                                        fdml_error *err);

#endif
