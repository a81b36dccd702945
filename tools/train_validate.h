/* train_validate.h - how well an embedding serves the validation rows, overall and worst.
 *
 * The numbers are fdml-eval's (eval/audit.h) without intervals. Knows embeddings and groups and
 * nothing of training, as eval itself does.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_VALIDATE_H
#define FDML_TOOLS_TRAIN_VALIDATE_H

#include "train_data.h"

enum {
    SCORE_MAP_AT_R,
    SCORE_RECALL_AT_1,
    SCORE_WORST_MAP_AT_R,
    SCORE_WORST_RECALL_AT_1,
    N_SCORES
};
extern const char *const train_score_name[N_SCORES]; /* as train.best_by has them */

typedef struct train_scores {
    double value[N_SCORES]; /* NaN: not enough rows for a number, or no attribute */
    const char *worst_map;  /* values of the first attribute; NULL where there is none */
    const char *worst_recall;
} train_scores;

typedef struct train_embedding {
    const float *f; /* [part->n, dim] */
    size_t dim;
    bool is_unit; /* compared by cosine; else by Euclidean distance */
} train_embedding;

typedef struct train_validation {
    const train_part *part;
    size_t n_attributes;
    size_t min_group;  /* groups of fewer rows are not the worst */
    size_t max_memory; /* bytes of scratch; 0: no limit */
    const cli_common *common;
} train_validation;

/* FDML_E_DATA: rows that cannot be compared; FDML_E_LIMIT. */
fdml_status train_validate(train_scores *scores, const train_embedding *embedding,
                           const train_validation *how, fdml_arena *work, fdml_error *err);
/* Bytes of scratch, of which no limit may be less. */
fdml_status train_validate_memory(size_t *bytes, const train_embedding *embedding,
                                  const train_validation *how, fdml_arena *work,
                                  fdml_error *err);

#endif
