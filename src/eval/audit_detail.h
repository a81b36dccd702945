/* audit_detail.h - what a reader of charts wants beside the numbers of an audit: how a rate
 * grows with K, how distances are spread, where rows lie, which queries fail.
 *
 * Made only where settings.with_detail is set, in memory O(rows) and never rows x rows, and
 * not part of result_sha256: these are views, drawn from bounded samples where the whole would
 * be too much, and no verdict rests on them. Everything lives in the result's arena.
 *
 * Groupings of one attribute are covered, and intersections as well where there are at most
 * FDML_DETAIL_GROUPINGS groupings in all. Of a grouping at most FDML_DETAIL_GROUPS groups are
 * kept: those with enough rows before others; where these are too many, half of the places go
 * to the lowest by the first metric of the audit, the others to the largest.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_DETAIL_H
#define FDML_EVAL_AUDIT_DETAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FDML_DETAIL_GROUPINGS = 7, /* three attributes and all their intersections */
    FDML_DETAIL_GROUPS = 8,    /* as many colours as can be told apart */
    FDML_DETAIL_DEPTH = 100,   /* the largest K of hit_rate */
    FDML_DETAIL_BINS = 40,     /* of distances */
    FDML_DETAIL_PAIRS = 16384, /* pairs of a kind at most; a bin's share is within 0.8 points
                                  of the truth, 95% of the time: 1.96 sqrt(1/4/16384) */
    FDML_DETAIL_POINTS = 1500, /* rows of the map */
    FDML_DETAIL_WORST = 3,     /* queries of a group */
    FDML_DETAIL_SIZES = 12,    /* bins of class sizes: 1, 2, 3-4, 5-8, ... */
    FDML_DETAIL_DIM = 256      /* up to which singular values are computed unasked: 0.15 s */
};

/* A query whose nearest row is not of its class. */
typedef struct fdml_detail_query {
    uint32_t row, first_rank; /* the rank of its nearest match, from 2 */
    uint32_t nearest;         /* the row at rank 1, of another class */
    double distance;          /* between the two: Euclidean, of rows as the audit sees them */
} fdml_detail_query;

typedef struct fdml_detail_group {
    size_t listed; /* index into result.groups; SIZE_MAX: overall */
    uint32_t code; /* in its grouping */
    const char *value;
    size_t n_rows, n_classes;
    bool is_small;          /* fewer rows than settings.min_group: nothing below is given */
    size_t n_queries;       /* that are not lone */
    const double *hit_rate; /* [n_ks] share of them with a match among the K nearest, K = 1 .. ;
                               NULL: no ranks were computed, or no query counts */
    size_t n_same, n_other; /* pairs within the group that were measured ... */
    bool is_sampled[2];     /* ... all of the same, of other classes, or drawn at random */
    const uint32_t *same;   /* [BINS] pairs of one class by distance, NULL where n_same is 0 */
    const uint32_t *other;  /* [BINS] pairs of two classes */
    const double *spectrum; /* [dim] singular values over their sum, descending; or NULL */
    size_t n_missed;        /* queries whose nearest row is of another class */
    fdml_detail_query *worst; /* [n_worst] latest first match first */
    size_t n_worst;
} fdml_detail_group;

typedef struct fdml_detail_grouping {
    size_t grouping;          /* index into result.groupings */
    fdml_detail_group *group; /* [n] in the order of the grouping */
    size_t n, n_left_out;     /* groups of the grouping that are not among these ... */
    size_t n_small_left_out;  /* ... of which so many are too small for numbers */
} fdml_detail_grouping;

/* A map: rows on the first two principal components, of a sample without replacement. */
typedef struct fdml_detail_map {
    size_t n;
    const uint32_t *row; /* [n] ascending */
    const double *at;    /* [n, 2] */
    double explained[2]; /* share of the sample's variance; NaN where it has none */
} fdml_detail_map;

typedef struct fdml_audit_detail {
    size_t n_ks;               /* K = 1 .. n_ks; 0: no ranks were computed */
    double distance_width;     /* bin b of distances is [b, b + 1) * width; the last is open */
    fdml_detail_group overall; /* its worst queries are not listed */
    fdml_detail_grouping *by;  /* [n_by] */
    size_t n_by, n_by_left_out;
    fdml_detail_map map;
    size_t class_sizes[FDML_DETAIL_SIZES]; /* classes with 2^(b-1) < rows <= 2^b; last: more */
    size_t smallest_class, largest_class;  /* rows */
    double median_class;
} fdml_audit_detail;

#endif
