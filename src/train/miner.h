/* miner.h - which triplets of a batch are learned from.
 *
 * Definitions, with their sources, are in miner.c and miner_distance.c. A miner sees the
 * positives and negatives that fdml_loss_prepare has left to each anchor and nothing else, so
 * that restrictions by attribute hold for every miner. Anchors without a positive or without a
 * negative are left out.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_MINER_H
#define FDML_TRAIN_MINER_H

#include "train/loss.h"

/* Sets call->tuple and n_tuples, in the work arena. Anchors ascend; the order is fixed. */
fdml_status fdml_mine(fdml_loss_call *call, fdml_error *err);

/* A row j, with mask[j], of n; uniform. The mask has one at least. */
uint32_t fdml_mine_any(const unsigned char *mask, size_t n, fdml_rng *rng);

/* A negative of the anchor by distance weights (miner_distance.c); scratch [2 n] floats and
 * [n] doubles. */
typedef struct fdml_mine_weights {
    float *value;   /* [2 n] */
    double *weight; /* [n]: what the draw went by, up to a factor; 0 where it may not be */
} fdml_mine_weights;
uint32_t fdml_mine_by_distance(const fdml_loss_call *call, size_t anchor, fdml_rng *rng,
                               const fdml_mine_weights *scratch);

#endif
