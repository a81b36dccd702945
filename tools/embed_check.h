/* embed_check.h - what one asks a network before one trusts it: is it what another program
 * computed, where does the time go, what will a run cost?
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EMBED_CHECK_H
#define FDML_TOOLS_EMBED_CHECK_H

#include "embed.h"

/* Rows against those of an .npy [N, ...]: fed one by one in order. */
typedef struct embed_check {
    const char *path;
    fdml_map map;
    fdml_npy npy;
    size_t dim, n_rows;    /* of the file; n_rows is what was fed */
    float *want;           /* [dim] scratch */
    double largest;        /* of |expected| */
    double difference;     /* largest; infinite where one side is not finite */
    size_t row, item;      /* where */
    double here, expected; /* the two values there */
} embed_check;

void embed_check_open(embed_check *check, const char *path, const embed_net *net,
                      const embed_images *images, fdml_arena *arena);
void embed_check_row(embed_check *check, const float *values);
/* Prints; false: the difference is above tolerance * largest. */
bool embed_check_print(embed_check *check, const embed_net *net, double tolerance);

/* Time by step, summed over the runs of a plan; the first, which touches memory for the first
 * time, counts only where it is the only one. */
struct embed_layers {
    double *seconds; /* [n_steps] */
    size_t n_steps, n_runs;
    bool is_warm;
};

void embed_layers_open(embed_layers *layers, fdml_plan *plan, fdml_arena *arena);
void embed_layers_add(embed_layers *layers, const fdml_plan *plan); /* after a run */
void embed_layers_print(const embed_layers *layers, const embed_net *net, fdml_arena *arena);

/* --dry-run. `n_images` more are to be embedded; `memory` is what a run takes. */
void embed_estimate_print(const embed_job *job, size_t n_images, size_t memory);

#endif
