/* stream.h - which random numbers are whose.
 *
 * Every draw of a training run is fdml_rng_init(&rng, seed, stream, index) with a stream below,
 * so that none depends on another, on threads, or on where a run was interrupted. Streams carry
 * the step or epoch in their upper bits: fdml_train_stream.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_STREAM_H
#define FDML_TRAIN_STREAM_H

#include <stdint.h>

typedef enum fdml_train_purpose {
    FDML_TRAIN_INIT = 1,       /* first weights behind the trunk; index: the parameter */
    FDML_TRAIN_SPLIT,          /* validation classes, induced imbalance */
    FDML_TRAIN_SAMPLE,         /* which rows make a batch; time: the step */
    FDML_TRAIN_AUGMENT,        /* time: the step; index: the row of the batch */
    FDML_TRAIN_MINE,           /* time: the step; index: the anchor */
    FDML_TRAIN_MINE_ATTRIBUTE, /* the same of attribute heads; index has the head in its top
                                * byte
                                */
    FDML_TRAIN_SHUFFLE,        /* the control with permuted attributes */
    FDML_TRAIN_TRUNK           /* first weights of the network; index: a hash of the name */
} fdml_train_purpose;

/* time: the step or epoch, 0 where there is none. */
static inline uint64_t fdml_train_stream(fdml_train_purpose purpose, uint64_t time)
{
    return (uint64_t)purpose << 48 | (time & 0xffffffffffffu);
}

#endif
