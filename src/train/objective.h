/* objective.h - what a metric is trained for: a loss over a batch of embeddings.
 *
 * An objective has a miner (which pairs or triplets of the batch count), perhaps parameters of
 * its own (margins, proxies, class weights), and gives a loss and its gradient with respect to
 * the embeddings. Each formula stands, with its source, in the loss_*.c that computes it.
 *
 * Sums run in a fixed order and elementary functions are those of base/dmath.h or the kernels,
 * so the bits are the same everywhere. A batch of one sample, of one class only, or of all
 * different classes gives exactly 0 (or the objective's regulariser) and finite gradients. The
 * exception are objectives that compare with weights of classes instead of other rows (arcface,
 * proxynca, normsoftmax, softtriple, proxyanchor), for which such a batch is one like another.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_OBJECTIVE_H
#define FDML_TRAIN_OBJECTIVE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "simd/kernels.h"
#include "train/param.h"

typedef struct fdml_objective fdml_objective;

/* How pairs and triplets are mined. Objectives that do not mine (proxies, softmax) ignore it.
 */
typedef enum fdml_miner_kind {
    FDML_MINER_DEFAULT, /* what the objective's row in FINDML 6 and its source use */
    FDML_MINER_RANDOM,
    FDML_MINER_SEMIHARD,
    FDML_MINER_SOFTHARD,
    FDML_MINER_DISTANCE,
    FDML_MINER_RHO_DISTANCE,
    FDML_MINER_BATCH_HARD,
    FDML_MINER_NPAIR,
    FDML_MINER_ALL,
    FDML_MINER_COUNT
} fdml_miner_kind;

typedef struct fdml_miner_options {
    fdml_miner_kind kind;
    float distance_cutoff;          /* lower_cutoff of distance-weighted mining [0.5] */
    float rho_positive;             /* cp of rho_distance [0.2] */
    float margin;                   /* of semihard: how much farther than the positive [0.2] */
    float same_attribute_negatives; /* probability, 0 to 1 [0]; FINDML 4 */
    bool other_attribute_positives; /* positives of another attribute where there is one */
    bool other_class_positives;     /* attribute heads: positives from another class */
} fdml_miner_options;

/* A number of an objective by name, for configuration files and --help. */
typedef struct fdml_objective_setting {
    const char *name; /* "gamma" */
    double value, low, high;
    const char *help;
    bool is_whole; /* whole numbers only */
} fdml_objective_setting;

typedef struct fdml_objective_options {
    const char *name;   /* "margin"; see fdml_objective_list */
    size_t dim;         /* of the embeddings */
    size_t n_classes;   /* of the training set: labels are below it */
    uint64_t seed;      /* of first values of parameters and of mining */
    uint32_t head;      /* 0: the class head; 1..: attribute heads, whose draws are apart */
    float parameter_lr; /* of its parameters; 0: the objective's default */
    fdml_miner_options miner;
    const fdml_objective_setting *setting; /* [n_settings]: others keep their defaults */
    size_t n_settings;
    const fdml_kernels *kernels; /* not NULL */
    int n_threads;               /* of products with class weights; 0: one */
} fdml_objective_options;

/* Miner options that keep every default. */
extern const fdml_miner_options fdml_miner_defaults;
fdml_status fdml_miner_parse(fdml_miner_kind *kind, const char *name, fdml_error *err);
const char *fdml_miner_name(fdml_miner_kind kind);

/* The objectives there are, in FINDML's order; NULL past the last. */
typedef struct fdml_objective_info {
    const char *name, *formula, *source; /* a line each, for --help and the docs */
    bool wants_unit_rows; /* embeddings are normalised to unit length before (not npair, lifted)
                           */
    bool mines;
    fdml_miner_kind miner;                 /* its default */
    const fdml_objective_setting *setting; /* with their defaults */
    size_t n_settings;
} fdml_objective_info;
const fdml_objective_info *fdml_objective_list(size_t index);
/* NULL: FDML_E_ARG with the nearest name. */
const fdml_objective_info *fdml_objective_find(const char *name, fdml_error *err);

/* In the arena, as are its parameters. FDML_E_ARG: a name or setting that it does not have, a
 * value outside its limits. */
fdml_status fdml_objective_new(fdml_objective **objective,
                               const fdml_objective_options *options, fdml_arena *arena,
                               fdml_error *err);

/* Appends its parameters, named prefix + ".beta" (the text is copied to the arena); one that a
 * setting fixes is a buffer. FDML_E_LIMIT: no room in the list. */
fdml_status fdml_objective_params(fdml_objective *objective, fdml_params *params,
                                  const char *prefix, fdml_arena *arena, fdml_error *err);

typedef struct fdml_objective_batch {
    const float *f; /* [n, dim]; unit rows where the objective wants them */
    size_t n;
    const uint32_t *label;       /* [n], below n_classes */
    const uint32_t *attribute;   /* [n] or NULL: what same_attribute_negatives goes by */
    const uint32_t *other_label; /* [n] or NULL: what other_class_positives goes by */
    uint64_t step;               /* of the run: what mining draws by */
} fdml_objective_batch;

typedef struct fdml_objective_result {
    double loss;
    size_t n_tuples; /* triplets that were mined; of objectives that do not mine, anchors */
    size_t n_active; /* of which have a gradient */
} fdml_objective_result;

/* df [n, dim] is set to the gradient of the loss by f; gradients of the objective's parameters
 * are set. Scratch comes from `work` and is given back. FDML_E_DATA: f is not finite, which is
 * how training that has diverged shows. FDML_E_ARG: a label that is no class, or what the
 * miner's options need is missing. FDML_E_NOMEM. */
fdml_status fdml_objective_run(fdml_objective *objective, const fdml_objective_batch *batch,
                               float *df, fdml_objective_result *result, fdml_arena *work,
                               fdml_error *err);

#endif
