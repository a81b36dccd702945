/* sampler.h - which rows make a batch, as a pure function of (seed, step).
 *
 *   class            batch / per_class draws of a class, per_class rows of each. The line draws
 *                    classes with repetition; distinct_classes draws without
 *   class_balanced   the same, but classes and their rows are dealt from shuffled decks: every
 *                    class comes equally often, and in the long run every row of a class. A
 *                    class that ends one deck and begins the next may come twice in a batch
 *   group_balanced   as class, and the rows of a class are shared out among its groups (below)
 *   random           rows dealt from a deck of all, whatever their class
 *
 * No row comes twice in a batch (class_balanced: in a draw of its class) before all rows of its
 * class, or of its group in the class, have come once; a class with a single row repeats it. No
 * draw depends on an earlier step.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SAMPLER_H
#define FDML_TRAIN_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum fdml_sampler_kind {
    FDML_SAMPLER_CLASS,
    FDML_SAMPLER_CLASS_BALANCED,
    FDML_SAMPLER_GROUP_BALANCED,
    FDML_SAMPLER_RANDOM,
    FDML_SAMPLER_COUNT
} fdml_sampler_kind;

/* What group_balanced makes equal. */
typedef enum fdml_balance {
    FDML_BALANCE_MAJORITY, /* half of a class's rows have its most frequent attribute value (the
                            * lowest of equals), half have another; of an odd number the last
                            * falls to either side by lot. A class of one value gives only that
                            */
    FDML_BALANCE_VALUES,   /* every value that the class has, equally; what does not divide goes
                            * to values drawn by lot */
    FDML_BALANCE_CLASSES,  /* for attributes that are constant in a class, such as a person's:
                            * draws of classes are shared out equally among the values, a class
                            * counting for its most frequent one; rows as in `class` */
    FDML_BALANCE_COUNT
} fdml_balance;

typedef struct fdml_sampler_options {
    fdml_sampler_kind kind;
    size_t batch;          /* rows, a multiple of per_class (random: any) [112] */
    size_t per_class;      /* rows of a drawn class [2] */
    bool distinct_classes; /* class, group_balanced: no class twice in a batch */
    fdml_balance balance;
    uint64_t seed;
} fdml_sampler_options;

extern const fdml_sampler_options fdml_sampler_defaults; /* the line's: class, 56 x 2, seed 0 */

/* "class_balanced", "majority"; FDML_E_ARG names what is known. */
fdml_status fdml_sampler_parse(fdml_sampler_kind *kind, const char *name, fdml_error *err);
const char *fdml_sampler_name(fdml_sampler_kind kind);
fdml_status fdml_balance_parse(fdml_balance *balance, const char *name, fdml_error *err);
const char *fdml_balance_name(fdml_balance balance);

typedef struct fdml_sampler_data {
    const uint32_t *label; /* [n_rows], below n_classes; a class may have no rows */
    size_t n_rows, n_classes;
    const uint32_t *attribute; /* [n_rows], below n_values; NULL but for group_balanced */
    size_t n_values;
} fdml_sampler_data;

/* What a trainer may want to warn of. */
typedef struct fdml_sampler_counts {
    size_t n_classes;   /* that have rows */
    size_t n_single;    /* of one row: their pairs are a picture and itself */
    size_t n_small;     /* of fewer rows than per_class: drawn with repetition */
    size_t n_one_group; /* group_balanced: of one attribute value, so nothing to balance */
} fdml_sampler_counts;

typedef struct fdml_sampler fdml_sampler;

/* Labels and attributes are copied as far as they are needed. FDML_E_ARG: an option out of its
 * limits; FDML_E_DATA: fewer classes (values) than the options need; FDML_E_NOMEM. */
fdml_status fdml_sampler_new(fdml_sampler **sampler, const fdml_sampler_data *data,
                             const fdml_sampler_options *options, fdml_arena *arena,
                             fdml_error *err);

const fdml_sampler_counts *fdml_sampler_count(const fdml_sampler *sampler);

/* Steps that show as many rows as there are: n_rows / batch, at least 1. */
size_t fdml_sampler_epoch_steps(const fdml_sampler *sampler);

/* row: [batch]; rows of one draw of a class lie together. Scratch from `work`, a few bytes
 * a row of the data, is given back. FDML_E_NOMEM. */
fdml_status fdml_sampler_draw(const fdml_sampler *sampler, uint64_t step, uint32_t *row,
                              fdml_arena *work, fdml_error *err);

#endif
