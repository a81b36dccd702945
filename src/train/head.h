/* head.h - from a trunk's features to an embedding: f = N(W h + b), N(u) = u / |u|.
 *
 * Which N is asked for depends on the objective (fdml_objective_info.wants_unit_rows). The
 * caller keeps f and the lengths between forward and backward: a head has weights and no
 * memory of a batch.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_HEAD_H
#define FDML_TRAIN_HEAD_H

#include "train/linear.h"

typedef struct fdml_head {
    fdml_linear linear;
    bool is_unit;
} fdml_head;

/* is_unit: rows are brought to unit length. FDML_E_NOMEM. */
fdml_status fdml_head_init(fdml_head *head, const fdml_linear_options *options, bool is_unit,
                           fdml_arena *arena, fdml_error *err);

/* Appends prefix + ".weight" [n_out, n_in] and prefix + ".bias" [n_out]. is_idle: as in
 * param.h.
 */
fdml_status fdml_head_params(fdml_head *head, fdml_params *params, const char *prefix,
                             const bool *is_idle, fdml_arena *arena, fdml_error *err);

/* f [n, n_out] of h [n, n_in]; inverse [n] = 1 / |u|, set where the head is_unit and
 * else not looked at. */
typedef struct fdml_head_rows {
    const float *h;
    size_t n;
    float *f, *inverse;
} fdml_head_rows;
fdml_status fdml_head_forward(const fdml_head *head, const fdml_head_rows *rows,
                              fdml_arena *work, fdml_error *err);

/* rows: as they came from forward, with inverse. df [n, n_out]: gradient of the loss by f. Sets
 * the gradients of weight and bias, and dh [n, n_in] where not NULL. */
fdml_status fdml_head_backward(fdml_head *head, const fdml_head_rows *rows, const float *df,
                               float *dh, fdml_arena *work, fdml_error *err);

#endif
