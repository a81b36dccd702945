/* slices.h - where does a metric fail? A search among slices of the queries.
 *
 * A slice is a set of queries that a sentence describes: those with given values in one to
 * `slice_depth` columns ("race=Black & pose=side"), or those whose class lies in one region of
 * the embedding ("cluster 7 of 16", k-means of class means). Slices of Chung et al. (Slice
 * Finder, ICDE 2019) and of Sagadeeva & Boehm (SliceLine, SIGMOD 2021) are the former, those of
 * Eyuboglu et al. (Domino, ICLR 2022) the latter. Each is compared with all other queries by
 *
 *   D = sum over its queries of (loss - mean loss),  loss = 1 - value of the metric
 *
 * Null hypothesis: what happens to queries has nothing to do with what the columns say of them,
 * and classes succeed or fail independently. Then outcomes may be exchanged: those of whole
 * classes between classes of like size (two sizes to an octave), and within a class between its
 * queries. Columns stay as they are, so one exchange serves all slices and keeps how they
 * depend on each other. Where classes are of equal size the test of all slices at once is
 * exact; a column that is constant within classes is tested between them, one that is not
 * within them as well. With --unit query, outcomes of all queries are exchanged freely.
 *
 *   z         (D - mean) / deviation over the exchanges, both in closed form (slice_moments.c),
 *             then Wilson and Hilferty's (1931) cube root for the skewness that few failures
 *             give: without it small slices of rare failures would decide what is significant
 *   p         (1 + exchanges in which this slice reaches its D) / (1 + exchanges)
 *   p_search  (1 + exchanges in which any slice reaches its z) / (1 + exchanges): Westfall and
 *             Young's (1993) maxT in one step. It corrects for all slices tried and uses that
 *             they overlap; Holm's method would ask for as many permutations as there are
 *             slices over the level, and lose power where slices are nearly the same.
 *
 * Slices repeat each other: if women do badly, so do women with glasses. Of the significant
 * ones, findings are chosen one by one. The next is the one with the largest z given those
 * before it, its score in a linear regression of the loss on their indicators, standardised in
 * the same way; it must still pass the critical value of the search. It gives way to the slice
 * with one condition less where, given that one, its own z does not pass. What no longer passes
 * is explained by the finding that was chosen last.
 *
 * Clusters are of class means and not of rows: a row apart from its class lies in a foreign
 * cluster and fails for that reason, so clusters of rows would select on the outcome. A class
 * is confused with its neighbours, which lie in the same cluster: to that extent outcomes of
 * classes depend on each other. Simulated, that shows in embeddings of three or four dimensions
 * (a finding in 7% to 16% of sets of identical classes) and not from six on; docs/slices.md.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_SLICES_H
#define FDML_EVAL_SLICES_H

#include "eval/audit.h"

enum {
    FDML_SLICE_MOST_DEPTH = 4,
    FDML_SLICE_MOST_LEVELS = 64,  /* values of a column */
    FDML_SLICE_LEAST_CLASSES = 5, /* of a slice: fewer are people, not a group */
    FDML_SLICE_MOST_FINDINGS = 15,
    FDML_SLICE_MOST_TRAITS = 3,
    FDML_SLICE_MOST_NAMED = 3, /* of the slices that a finding explains */
    FDML_SLICE_MOST = 1 << 21  /* slices that may be tried */
};

/* A value that is more frequent in a slice than in the rest: shares of queries. */
typedef struct fdml_slice_trait {
    const char *column, *value;
    double share, rest;
} fdml_slice_trait;

typedef struct fdml_slice {
    const char *name;    /* "race=Black & pose=side", "cluster 7 of 16" */
    const char *same;    /* another name of the very same queries; NULL: none was tried */
    size_t n_conditions; /* 0: a cluster */
    size_t n, n_classes; /* queries, and classes they are of */
    fdml_estimate value, rest, difference; /* difference = value - rest; n: queries */
    double p, p_search;
    double loss_share, lift; /* its share of all loss, and that over its share of queries */
    double excess;           /* loss beyond that of as many queries of the rest */
    double detectable;       /* difference that the search finds with FDML_POWER */
    fdml_slice_trait trait[FDML_SLICE_MOST_TRAITS];
    size_t n_traits;
    uint32_t example;      /* row: nearest to the cluster's centre; else the worst query */
    const char *explained; /* "race=Black; pose=side": the first of n_explained; NULL: none */
    size_t n_explained;
} fdml_slice;

typedef struct fdml_slices_result {
    size_t metric; /* index into settings.metrics */
    size_t n_columns, n_queries;
    size_t n_tried, n_small; /* n_small: had rows, but too few queries or classes to be tried */
    size_t n_significant, n_unexplained; /* the latter: beyond the findings listed */
    double critical; /* z that the search asks for; NaN: nothing was tried */
    /* the smallest difference that is found with FDML_POWER: in the slice that is easiest, and
     * in the one that is hardest to judge, and their sizes; NaN where nothing was tried */
    double detectable_least, detectable_most;
    size_t n_least, n_most;
    const char *closest; /* the slice of the largest z; NULL where nothing was tried */
    double closest_difference, closest_p; /* of it; p_search */
    const fdml_slice *slice;              /* [n] by excess */
    size_t n;
    const char *why; /* why nothing was tried; NULL */
} fdml_slices_result;

#endif
