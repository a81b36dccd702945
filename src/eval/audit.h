/* audit.h - the whole audit: a problem and settings in, one result structure out.
 *
 * Data flows one way: validate (eval/validate.h), one pass over distances (eval/pairs.h),
 * per-query values (eval/retrieval.h), groups, resampling (eval/stats.h), result. Reports
 * (eval/report_*.c) are views of the result and compute nothing.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_H
#define FDML_EVAL_AUDIT_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/audit_detail.h"
#include "eval/downstream.h"
#include "eval/groups.h"
#include "eval/metrics.h"
#include "eval/problem.h"

typedef enum fdml_convention {
    FDML_DML, /* the definitions printed by --define */
    FDML_IR,
    FDML_OML,
    FDML_PML,
    FDML_REVISITDML
} fdml_convention;

typedef enum fdml_unit { FDML_UNIT_CLASS, FDML_UNIT_QUERY } fdml_unit;

/* The search for slices, see eval/slices.h. */
enum { FDML_SLICE_MOST_CLUSTERINGS = 16, FDML_SLICE_MOST_COLUMNS = 256 };
typedef struct fdml_slice_settings {
    size_t metric;            /* index into metrics; of kind mean */
    unsigned depth;           /* conditions of a slice, 1 to FDML_SLICE_MOST_DEPTH */
    size_t min_rows;          /* queries of a slice, and of its rest */
    const uint32_t *clusters; /* [n_clusters] how many, of each k-means; 0 and 1: none */
    size_t n_clusters;        /* at most FDML_SLICE_MOST_CLUSTERINGS */
    bool are_usual_clusters;  /* nobody asked for them: too many for the classes are left out */
} fdml_slice_settings;

typedef struct fdml_audit_settings {
    const fdml_metric *metrics; /* [n_metrics], from fdml_metrics_parse */
    size_t n_metrics;
    bool with_verification; /* the metric set `verification` was asked for */
    bool with_leakage;      /* the metric set `leakage` was asked for */
    bool with_downstream;   /* the metric set `downstream` was asked for */
    fdml_downstream_settings downstream;
    bool with_slices; /* search for slices in which a metric fails; needs n_permutations */
    fdml_slice_settings slices;
    fdml_convention convention;
    bool with_intersections;
    const char *reference; /* "overall", "majority" or a group value */
    size_t min_group;      /* groups with fewer rows get no numbers */
    size_t n_bootstrap, n_permutations;
    double confidence;
    fdml_unit unit;
    uint64_t seed;
    unsigned alignment_power; /* 1 or 2 */
    unsigned kmeans_iterations, kmeans_redo;
    const double *fmr_targets; /* [n_fmr_targets] descending, such as 1e-1 .. 1e-6 */
    size_t n_fmr_targets;
    const struct fdml_row_pair *pairs; /* [n_pairs], eval/verify.h; NULL = all pairs */
    size_t n_pairs;
    const char *path;    /* of the embeddings, for messages; NULL = "embeddings" */
    bool with_per_query; /* fill result.per_query; costs n_queries * n_metrics doubles */
    const struct fdml_audit_other
        *other;       /* eval/comparison.h: a model to compare with, or NULL */
    bool with_detail; /* fill result.detail, for charts */
} fdml_audit_settings;

/* One number with its interval. NaN where not given; then `why` says why
 * ("insufficient data (n=7 < 20)"). lo..hi is NaN where there is no interval. */
typedef struct fdml_estimate {
    double value, lo, hi;
    size_t n; /* what it is a mean over: queries, pairs or rows */
    const char *why;
} fdml_estimate;

typedef struct fdml_group_result {
    size_t grouping; /* index into groupings; 0 is never listed here */
    const char *by, *value;
    size_t n; /* rows of the group that are queries */
    size_t n_rows, n_lone;
    const fdml_estimate *metrics; /* [n_metrics] */
    const fdml_estimate *versus;  /* [n_metrics] this group minus the reference */
} fdml_group_result;

typedef struct fdml_gap_result {
    const char *by;
    size_t grouping, metric;  /* metric: index into settings.metrics */
    fdml_estimate difference; /* max - min over groups of sufficient size; n = groups */
    fdml_estimate ratio;      /* min / max; why set where a value is not positive */
    const char *best, *worst; /* group values, by the metric's direction */
    double p, p_holm;         /* NaN where not tested */
    const char *p_method;     /* "permutation" or "bootstrap" or NULL */
} fdml_gap_result;

/* Verification at one global threshold, see eval/verify.h for the formulas. */
typedef struct fdml_operating_point {
    double fmr_target;               /* NaN for the EER point */
    double threshold;                /* on the nearness scale */
    const char *why;                 /* set where the target is below one pair */
    fdml_estimate fmr, fnmr;         /* of all pairs; TAR = 1 - fnmr */
    const fdml_estimate *group_fmr;  /* [n_groups_listed] pairs within the group */
    const fdml_estimate *group_fnmr; /* [n_groups_listed], same order as result.groups */
    /* per grouping 1..: worst/geometric mean etc., index grouping-1 */
    const struct fdml_differential *differential; /* [n_groupings - 1] */
    /* cross-group impostor rates, per attribute grouping: [n_groups, n_groups] */
    const double *const *cross_fmr; /* [n_groupings - 1], NULL for intersections */
} fdml_operating_point;

typedef struct fdml_differential {
    double fmr_max_over_min, fmr_max_over_geomean, fnmr_max_over_min, fnmr_max_over_geomean;
    double fdr, ir, garbe; /* alpha = 0.5 */
    const char *why;
} fdml_differential;

typedef struct fdml_verification_result {
    bool given;
    size_t n_genuine, n_impostor;
    fdml_estimate eer, auc;
    const char *resolution;            /* how finely thresholds are resolved, a sentence */
    const fdml_operating_point *point; /* [n_points]: targets, then the EER point */
    size_t n_points;
    /* LFW's protocol, where the pairs list has folds: accuracy at the threshold that is best on
     * the other folds, mean over folds; lo..hi is mean -+ one standard error of the mean. n is
     * the number of folds, 0 (value NaN) where there are none. */
    fdml_estimate accuracy;
} fdml_verification_result;

/* How well an attribute can be read from the embeddings, see eval/leakage.h. Balanced accuracy;
 * n of the estimates is n_rows. */
typedef struct fdml_leakage_result {
    const char *by;
    size_t n_values; /* that have enough rows, in two classes at least; others are left out */
    size_t n_rows;
    double chance; /* 1 / n_values: what the majority class alone scores; NaN with `why` */
    fdml_estimate logistic, knn;
} fdml_leakage_result;

/* What one classifier that was trained one way (eval/downstream.h) makes of one group: its
 * values, and what they changed by against the same classifier trained as_is, on the same draws
 * (NaN without `why` for as_is itself). n: test rows of one split. */
typedef struct fdml_learned_values {
    fdml_estimate value[FDML_L_MEASURES], change[FDML_L_MEASURES];
} fdml_learned_values;

typedef struct fdml_learned_result {
    fdml_classifier classifier;
    fdml_protocol protocol;
    fdml_learned_values all;           /* of all rows */
    const fdml_learned_values *groups; /* [n_groups] */
    /* between groups; `metric` is an fdml_learned_measure; p of accuracy alone, p_holm over all
     * that the structure below holds */
    fdml_gap_result gap[FDML_L_MEASURES];
    fdml_estimate gap_change[FDML_L_MEASURES]; /* of the difference, against as_is */
} fdml_learned_result;

/* Predicting one target, with training parts balanced for one attribute. */
typedef struct fdml_downstream_result {
    const char *target; /* column */
    size_t grouping;    /* 0: there is no attribute, all that follows of groups is empty */
    const char *by;
    size_t n_groups;
    const char *const *value; /* [n_groups] */
    bool is_within;           /* balanced within target values; else between groups */
    size_t n_values, n_rows;  /* of the target that take part */
    size_t n_left_out;        /* values with one row only, which take no part */
    size_t n_train[FDML_PROTOCOLS], n_test; /* rows of one split, means over splits */
    const fdml_learned_result *learned;     /* [n_learned] by classifier, then protocol */
    size_t n_learned;
} fdml_downstream_result;

typedef struct fdml_audit_result {
    const fdml_audit_settings *settings;
    fdml_groupings groupings;
    size_t n_rows, n_queries, n_gallery, n_classes, n_lone;
    const fdml_estimate *overall; /* [n_metrics] */
    const fdml_group_result *groups;
    size_t n_groups;
    const fdml_gap_result *gaps;
    size_t n_gaps;
    fdml_verification_result verification;
    const fdml_leakage_result *leakage; /* [n_leakage] by attribute, where asked for */
    size_t n_leakage;
    const fdml_downstream_result *downstream; /* [n_downstream] by target, then attribute */
    size_t n_downstream;
    const struct fdml_comparison *comparison; /* eval/comparison.h; NULL: not asked for */
    const struct fdml_slices_result *slices;  /* eval/slices.h; NULL: not asked for */
    const char *const *warnings;
    size_t n_warnings;
    /* per query and per mean-kind metric, for --per-query: [n_queries, n_metrics], NaN for
     * lone queries and for metrics of other kinds. Both NULL unless settings.with_per_query. */
    const double *per_query;
    const uint32_t *query_row;       /* [n_queries] */
    const fdml_audit_detail *detail; /* NULL unless settings.with_detail */
    size_t work_peak; /* bytes: largest scratch use, for the tests of --max-memory */
} fdml_audit_result;

/* Everything in *result lives in `arena`. Deterministic: the same problem and settings give the
 * same bits for every machine. Errors: FDML_E_DATA, FDML_E_LIMIT, FDML_E_NOMEM. */
fdml_status fdml_audit(fdml_audit_result *result, const fdml_problem *problem,
                       const fdml_audit_settings *settings, const fdml_machine *machine,
                       fdml_arena *arena, fdml_error *err);

/* The gallery rows that every query can find: one less than there are where a query is one. */
size_t fdml_audit_candidates(const fdml_problem *problem);

/* For --dry-run and --max-memory: bytes needed beside the mapped file, and multiply-adds. */
typedef struct fdml_audit_cost {
    size_t bytes;       /* largest total at one time, with the default memory limit */
    size_t bytes_least; /* the same with the tightest one */
    size_t bytes_kept;  /* of these, what lies beside the pass: its limit is what this leaves */
    double flops;
    double flops_of_classifiers; /* of these, downstream */
    double flops_of_slices;      /* and of the search for slices, about */
} fdml_audit_cost;
void fdml_audit_estimate(fdml_audit_cost *cost, const fdml_problem *problem,
                         const fdml_audit_settings *settings, const fdml_machine *machine);

#endif
