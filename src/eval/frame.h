/* frame.h - how rows are seen by every distance computation: shifted, scaled, with lengths.
 *
 * cosine: scaled to unit length. l2: shifted by about the mean row, which changes no distance
 * and keeps |a|^2 + |b|^2 - 2ab from losing its digits when rows lie far from the origin. ip:
 * as given. The transformation happens inside the packing of panels; no copy of the rows
 * exists.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_FRAME_H
#define FDML_EVAL_FRAME_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"

typedef struct fdml_frame {
    const float *scale; /* [n_rows] 1 / length, or NULL */
    const float *shift; /* [dim] about the mean row, or NULL */
    const float *norm2; /* [n_rows] squared length of the row as seen */
} fdml_frame;

fdml_status fdml_frame_make(fdml_frame *frame, const fdml_problem *problem,
                            const fdml_machine *machine, fdml_arena *arena, fdml_error *err);

/* Rows first.. or index[0..n) as the packing kernels want them. */
fdml_rows fdml_frame_rows(const fdml_frame *frame, const fdml_problem *problem,
                          const uint32_t *index, size_t first, size_t n);

/* Turns dot products of a tile into nearness, in place (a no-op but for l2). Norms are those
 * of the tile's rows and columns. */
void fdml_frame_nearness(const fdml_problem *problem, const fdml_kernels *kernels,
                         const fdml_tile *tile, const float *row_norm2, const float *col_norm2);

/* d^2 = max(0, alpha * nearness + (bias_i + bias_j)), with bias = beta * norm2 + gamma: the
 * coefficients that the kernels `potential` and `distance` take. */
typedef struct fdml_sqdist_form {
    float alpha, beta, gamma;
} fdml_sqdist_form;
fdml_sqdist_form fdml_frame_sqdist(fdml_distance distance);

#endif
