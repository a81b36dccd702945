/* kmeans_state.h - what seeding and Lloyd's iterations share; private to eval/kmeans*.c.
 *
 * Both ask one question: which of some centres is nearest to some rows? The score of a row and
 * a centre is x.c - |c|^2/2, largest for the nearest centre; with the row's own length it gives
 * the squared distance |x|^2 - 2 score.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_KMEANS_STATE_H
#define FDML_EVAL_KMEANS_STATE_H

#include "base/rng.h"
#include "eval/frame.h"
#include "eval/kmeans.h"

#define NO_CENTRE 0xffffffffu

/* Rows asked together and packed together, centres of a tile. */
enum { KMEANS_STRIP = 96, KMEANS_RUN = 768, KMEANS_CENTRES = 512 };

typedef struct kmeans_worker {
    float *a, *c; /* panels of a run of rows; scores of a strip */
} kmeans_worker;

typedef struct kmeans_state {
    const fdml_kmeans *settings;
    const fdml_problem *problem;
    const fdml_machine *machine;
    fdml_frame frame;
    float *centre; /* [k, dim], rows as seen through the frame */
    float *best;   /* [n_rows] score of the nearest centre found so far */
    uint32_t *id;  /* [n_rows] that centre */
    float *panels; /* packed centres of one question */
    float *bias;   /* [k] -|c|^2/2 of the packed centres */
    kmeans_worker *workers;
} kmeans_state;

/* For the rows row[0..n) (or all when NULL): improves best and id by the centres centre[0..m),
 * ids ascending. */
void fdml_kmeans_ask(kmeans_state *state, const uint32_t *row, size_t n, const uint32_t *centre,
                     size_t m);

float fdml_kmeans_sqdist(const kmeans_state *state, size_t row);

/* k-means++: chooses the centres; best and id are those of the final choice. */
fdml_status fdml_kmeans_seed(kmeans_state *state, uint32_t redo, fdml_arena *arena,
                             fdml_error *err);

#endif
