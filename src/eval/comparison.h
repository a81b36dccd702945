/* comparison.h - two models on the same rows: how every number of an audit differs.
 *
 * NEW is the audit's own problem, OTHER a second matrix of the same rows (any number of
 * columns). All differences are NEW - OTHER, of the overall values, the groups' values and the
 * gaps, and paired throughout:
 *
 *   interval    bootstrap (fdml_bootstrap_interval) of the difference; both models see the
 *               same draws
 *   error       standard deviation of these replicates
 *   detectable  the smallest true difference that a two-sided test at level 1 - confidence
 *               finds with probability FDML_POWER: (t_{1-a/2} + t_{power}) * error, Student's
 *               t with clusters - 1 degrees of freedom (Bloom, "Minimum detectable effects",
 *               1995). For one test; Holm's correction asks for more
 *   p           two-sided paired permutation test. Under the hypothesis that the two models
 *               are exchangeable, their contributions to a value may be exchanged cluster by
 *               cluster (a class, or a query): all sign patterns are equally likely. The same
 *               exchanges serve every value of the comparison
 *
 * What is exchanged depends on the metric. A mean over queries is a sum of what clusters give
 * to it, and so is alignment_intra where clusters are classes: the test is exact ("exchange").
 * For other means over pairs, and class_ratio, a pair of clusters belongs to both, and a pair
 * of one cluster from each model has no meaning. There the clusters' first-order contributions
 * (value / clusters + influence) are exchanged, which is exact for large numbers of clusters
 * ("linearised exchange"). Not tested: the cluster metrics, because k-means ends in one of many
 * solutions and that chance is not resampled; and spectrum, which depends on the dimensions.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_COMPARISON_H
#define FDML_EVAL_COMPARISON_H

#include "eval/audit.h"

#define FDML_POWER 0.8

/* The other model's rows: the same rows in the same order. */
typedef struct fdml_audit_other {
    const float *x; /* [n_rows of the problem, dim] */
    size_t dim;
    const char *path; /* for messages */
} fdml_audit_other;

typedef struct fdml_difference {
    fdml_estimate change;     /* NEW - OTHER; n is NEW's; `why` where it may not be given */
    fdml_estimate other;      /* OTHER's value and interval */
    double error, detectable; /* NaN without an interval; detectable also for an error of 0 */
    double p, p_holm;         /* NaN where not tested; Holm over all tests of the comparison */
    const char *p_method;     /* "exchange" or "linearised exchange" or NULL */
    const char *other_best, *other_worst; /* of gaps: OTHER's extreme groups */
} fdml_difference;

typedef struct fdml_comparison {
    const char *path; /* of OTHER */
    size_t dim;
    const fdml_difference *overall; /* [n_metrics] */
    const fdml_difference *groups;  /* [n_groups, n_metrics] as result.groups */
    const fdml_difference *gaps;    /* [n_gaps] as result.gaps */
    size_t n_tests;
    /* Exchanges behind a p: settings.n_permutations, or fdml_permutations_for so many tests
     * where those are more. */
    size_t n_exchanges;
} fdml_comparison;

/* +1: the change makes the model better, -1: worse, 0: neither can be told from chance, at
 * level 1 - confidence after Holm's correction. A gap is better where it is smaller. */
int fdml_difference_verdict(const fdml_difference *difference, bool higher_is_better,
                            double confidence);

#endif
