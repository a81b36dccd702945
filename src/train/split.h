/* split.h - which classes train, which validate, which test; and imbalance made on purpose.
 *
 * Deep metric learning is tested on classes that training never saw (FINDML 5), so whole
 * classes are split, never the pictures of one. All of it follows from the seed and the class
 * codes, which are in the order of their sorted names (data/factor.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SPLIT_H
#define FDML_TRAIN_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum fdml_part {
    FDML_PART_NONE, /* the class takes no part */
    FDML_PART_TRAIN,
    FDML_PART_VALIDATION,
    FDML_PART_TEST,
    FDML_PART_COUNT
} fdml_part;

const char *fdml_part_name(fdml_part part); /* "train" */

/* The line's zero-shot split: the first half of the classes trains, the rest (one more where
 * their number is odd) tests. part: [n_classes]. FDML_E_DATA: fewer than 2 classes. */
fdml_status fdml_split_zero_shot(fdml_part *part, size_t n_classes, fdml_error *err);

/* Moves a seeded share (0 to below 1) of the training classes to validation, rounded to the
 * nearest, but at least one where share > 0. FDML_E_DATA: no training class would be left. */
fdml_status fdml_split_validation(fdml_part *part, size_t n_classes, double share,
                                  uint64_t seed, fdml_arena *work, fdml_error *err);

/* FINDML 7, induced imbalance: a seeded share of the training classes is cut. */
typedef struct fdml_imbalance {
    double minority_classes; /* share of the training classes that are cut [0.5] */
    double minority_keep;    /* share of their rows that stay [0.1] */
    uint64_t seed;
} fdml_imbalance;

typedef struct fdml_imbalance_counts {
    size_t n_minority;   /* classes that were cut */
    size_t n_kept;       /* of their rows */
    size_t n_removed;    /* of their rows */
    size_t n_last_saved; /* classes that had come to 0 rows, and keep one */
} fdml_imbalance_counts;

typedef struct fdml_imbalance_result {
    bool *is_kept;     /* [n], set; true in classes that do not train */
    bool *is_minority; /* [n_classes], set; false where the class does not train */
    fdml_imbalance_counts counts;
} fdml_imbalance_result;

typedef struct fdml_split_rows {
    const uint32_t *label; /* [n], below n_classes */
    size_t n, n_classes;
    const fdml_part *part; /* [n_classes]; NULL: all classes train */
} fdml_split_rows;

/* A class that is cut keeps round(minority_keep * its rows), at least one. */
fdml_status fdml_split_imbalance(fdml_imbalance_result *result, const fdml_split_rows *rows,
                                 const fdml_imbalance *options, fdml_arena *work,
                                 fdml_error *err);

#endif
