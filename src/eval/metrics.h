/* metrics.h - the list of metrics: key, set, direction, kind and the one printed sentence.
 *
 * This table is the single source of `--define`, of the definitions in every report and of
 * docs/definitions.md. Formulas and their sources are in docs/definitions.md.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_METRICS_H
#define FDML_EVAL_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum fdml_metric_id {
    FDML_M_RECALL_AT_K,
    FDML_M_PRECISION_AT_1,
    FDML_M_R_PRECISION,
    FDML_M_MAP_AT_R,
    FDML_M_MAP,
    FDML_M_MRR,
    FDML_M_NMI,
    FDML_M_AMI,
    FDML_M_ARI,
    FDML_M_F1,
    FDML_M_ALIGNMENT_INTRA,
    FDML_M_ALIGNMENT_INTER,
    FDML_M_ALIGNMENT_RATIO, /* intra / inter: comparable between models, see PARADE study */
    FDML_M_UNIFORMITY,
    FDML_M_SPECTRUM,
    FDML_M_CLASS_RATIO,
    FDML_M_COUNT
} fdml_metric_id;

/* mean: of per-query values; pairs: ratio of sums over pairs; set: needs the whole set. */
typedef enum fdml_metric_kind {
    FDML_KIND_MEAN,
    FDML_KIND_PAIRS,
    FDML_KIND_SET
} fdml_metric_kind;

typedef struct fdml_metric {
    fdml_metric_id id;
    uint32_t k;   /* of recall_at_K, else 0 */
    char key[24]; /* "recall_at_8" */
    fdml_metric_kind kind;
    bool higher_is_better;
    const char *definition; /* one sentence, in the convention asked for */
    const char *source;     /* "line", "paper" or "ours" as in docs/definitions.md */
} fdml_metric;

/* Sets that are no metrics of groups but parts of their own. */
typedef struct fdml_metric_parts {
    bool verification, leakage, downstream;
} fdml_metric_parts;

/* `spec`: names or sets separated by commas: findml retrieval cluster geometry verification
 * leakage downstream all, or single keys; recall_at_K expands over `ks`. Duplicates are listed
 * once, in table order. *parts tells which of its sets were named. Unknown names: FDML_E_ARG
 * with the list of known ones. */
fdml_status fdml_metrics_parse(const fdml_metric **metrics, size_t *n_metrics,
                               fdml_metric_parts *parts, const char *spec, const uint32_t *ks,
                               size_t n_ks, int convention, fdml_arena *arena, fdml_error *err);

/* The sentence of one key, set or verification measure for --define; NULL if unknown.
 * Keys are listed by index 0.. until NULL, for `--define all` and for docs. */
const char *fdml_define(const char *key, int convention);
const char *fdml_define_key(size_t index);

/* The metrics' keys alone, by index 0.. until NULL. */
const char *fdml_metrics_key(size_t index);

#endif
