/* audit_state.h - what the parts of an audit share; private to eval/audit*.c.
 *
 * audit.c runs the stages in order. audit_measure.c makes everything that is per row, once.
 * audit_features.c turns the rows of one group into features of resampling clusters, with
 * audit_overall.c for the overall value beside it, and audit_values.c sums of features into
 * values. audit_cluster.c does the same for the cluster metrics, which are no sums.
 * audit_resample.c draws replicates of a whole grouping; audit_gap.c compares groups;
 * audit_permute.c tests them; audit_verify.c is the verification part, audit_leakage.c that of
 * leakage, audit_slices.c that of slices (audit_slices.h), audit_downstream.c trains
 * classifiers and audit_learned.c measures them (audit_learned.h); audit_pairing.c runs a
 * second model beside the first (audit_pairing.h).
 *
 * A value and its replicates come from the same function of sums, so they cannot disagree.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_AUDIT_STATE_H
#define FDML_EVAL_AUDIT_STATE_H

#include <math.h>

#include "eval/audit.h"
#include "eval/contingency.h"
#include "eval/downstream_measure.h"
#include "eval/geometry.h"
#include "eval/pairs.h"
#include "eval/retrieval.h"
#include "eval/stats.h"
#include "eval/validate.h"

#define NO_COLUMN ((size_t)-1)
/* A number that is not given, so far without a reason. */
#define AUDIT_NOTHING ((fdml_estimate){ .value = NAN, .lo = NAN, .hi = NAN })

/* Intervals of a group with fewer classes come with a warning: of 5 they hold the truth in 92%
 * to 96% of cases, of 3 in 57% to 89% (docs/validation.md). */
enum { AUDIT_LEAST_CLASSES = 5 };

typedef struct audit_exchange audit_exchange; /* audit_pairing.h: of a comparison */

/* Columns of a row of features. Each metric of mean kind has one, beside n_valid; pair metrics
 * have (sum, number of pairs), uniformity of unit class two such, of pairs of two classes and
 * of one; spectrum has its influence; class_ratio four, see evaluate. The all_* columns are the
 * influence of the cluster's rows on the overall value, so that a group and the overall value
 * it is compared with are resampled together. */
typedef struct feature_plan {
    size_t stride;
    const size_t *mean; /* [n_metrics] */
    size_t n_valid;     /* queries that are not lone */
    size_t intra, inter, uniformity, own_uniformity, spectrum, ratio;
    size_t rows, entropy, pairs; /* of cluster metrics: 1, 3 and 3 */
    size_t all_intra, all_inter, all_uniformity, all_spectrum, all_ratio, all_entropy,
        all_pairs;
} feature_plan;

/* The values around which pair metrics are linearised, and why a metric has no value. */
typedef struct group_base {
    double intra, inter, uniformity, spectrum, within, centre;
    double apart;   /* unit class: mean potential of pairs of two classes; NaN: none */
    double n_apart; /* their number, ordered */
    double own;     /* unit class: sum of the classes' influences on uniformity's mean */
    fdml_agreement agreement; /* of classes and clusters */
    double expected_mi;
    const char *why[FDML_M_COUNT];
    size_t n[FDML_M_COUNT]; /* what the value is a mean over */
} group_base;

typedef struct audit_state {
    const fdml_problem *problem;
    const fdml_audit_settings *settings;
    const fdml_machine *machine;
    fdml_arena *arena;   /* what the result points at */
    fdml_arena *scratch; /* everything else, as a stack: first by-row measures, then groups */
    fdml_findings findings;
    fdml_groupings groupings;
    bool wants[FDML_M_COUNT];
    bool wants_mean, wants_cluster;
    bool is_class_unit;
    bool is_versus_overall;

    /* audit_measure.c */
    const uint32_t *by_class, *class_begin; /* rows by class; [n_classes + 1] */
    const uint32_t *place;                  /* of a query row; NULL: all rows ask */
    fdml_query_store store;
    double *potential, *own_potential, *intra_distance,
        *other_distance;  /* [n_groupings, n_rows] or NULL; own: with rows of the same class */
    uint32_t *assignment; /* [n_rows] k-means cluster */
    uint64_t *histogram;  /* of all pairs, or NULL */
    float histogram_low, histogram_width;

    feature_plan plan;     /* the same columns for every grouping, ... */
    size_t overall_stride; /* ... without the all_* ones, at the end, for grouping 0 */
    group_base overall;
    double *class_same; /* [n_classes] sums of same-class distances, ordered pairs; or NULL */
    /* by row: influence on the overall value; NULL where not needed */
    double *influence_intra, *influence_inter, *influence_spectrum, *influence_ratio;
    uint32_t *cell_count;    /* rows of the same class and cluster */
    uint32_t *cluster_count; /* [n_clusters] rows of the cluster */
    const double *log_table; /* [n_logs] */
    size_t n_logs;
} audit_state;

/* Streams of random numbers: one for each purpose, grouping and group. */
typedef enum audit_stream {
    STREAM_BOOTSTRAP = 1,
    STREAM_PERMUTATION,
    STREAM_PERMUTATION_CLUSTER,
    STREAM_VERIFICATION,
    STREAM_LEAKAGE,
    STREAM_LEAKAGE_HALVES,
    STREAM_DOWNSTREAM, /* bootstrap and permutation */
    STREAM_DOWNSTREAM_SPLIT,
    STREAM_DOWNSTREAM_BALANCE,
    STREAM_DOWNSTREAM_FIT,
    STREAM_EXCHANGE,
    STREAM_DETAIL_PAIRS,
    STREAM_DETAIL_MAP,
    STREAM_SLICES /* exchanges, and the bootstrap */
} audit_stream;

static inline uint64_t audit_stream_id(audit_stream purpose, size_t grouping, size_t group)
{
    return (uint64_t)purpose << 56 | (uint64_t)grouping << 32 | (uint64_t)group;
}

/* --- audit.c ------------------------------------------------------------------------------ */
/* Appends a copy of `text` to the warnings of the result. FDML_E_NOMEM. */
fdml_status fdml_audit_warn(fdml_audit_result *result, const char *text, fdml_arena *arena,
                            fdml_error *err);

/* --- audit_progress.c --------------------------------------------------------------------- */
enum { AUDIT_STAGE_RESAMPLING = 3, AUDIT_STAGES = 6 };
typedef struct audit_progress {
    fdml_progress own;       /* what the stages report to */
    const fdml_progress *to; /* the caller's */
    double work[AUDIT_STAGES], total, done;
    double before, between; /* work of another model: before this one, before resampling */
    unsigned n_redo, redo;
    size_t stage;
} audit_progress;
/* `state` knows its problem, settings, machine and wants_cluster. */
void fdml_audit_progress_init(audit_progress *p, const fdml_progress *to,
                              const audit_state *state);
/* Both are measured, one after the other, and then resampled together as `first` reports. */
void fdml_audit_progress_pair(audit_progress *first, audit_progress *second);

/* --- audit_measure.c ---------------------------------------------------------------------- */
fdml_status fdml_audit_measure(audit_state *state, fdml_error *err);

/* The rows of every group of a grouping, class by class, and the runs of a class in them. */
typedef struct grouped_rows {
    uint32_t *row;       /* [n_rows] group after group */
    size_t *begin;       /* [n_groups + 1] */
    uint32_t *run_begin; /* scratch for one group's runs, [largest group + 1] */
} grouped_rows;
fdml_status fdml_audit_group_rows(grouped_rows *rows, const audit_state *state, size_t grouping,
                                  fdml_error *err);
fdml_runs fdml_audit_runs(const grouped_rows *rows, const audit_state *state, size_t group);

static inline bool audit_is_query(const audit_state *state, uint32_t row)
{
    return !state->problem->is_query || state->problem->is_query[row];
}

static inline size_t audit_place(const audit_state *state, uint32_t row)
{
    return state->place ? state->place[row] : row;
}

/* A query that counts: not lone. Only where ranks were asked for. */
static inline bool audit_is_valid(const audit_state *state, uint32_t row)
{
    return audit_is_query(state, row) && state->store.first_rank[audit_place(state, row)] != 0;
}

/* --- audit_features.c --------------------------------------------------------------------- */
fdml_status fdml_audit_plan_make(audit_state *state, fdml_error *err);

/* One group with everything its features need; arrays are scratch. */
typedef struct audit_group {
    size_t grouping, group;
    fdml_runs runs;
    const double *same, *other, *potential, *own_potential; /* [n_rows] listed rows, or NULL */
    const double *spectrum; /* influence of listed rows on the divergence */
    fdml_class_ratio ratio;
    const uint32_t *cell_count;    /* listed rows: rows of the same class and cluster */
    const uint32_t *cluster_count; /* [k] rows of the cluster */
    size_t n_clusters, stride;
    double *features; /* [n_clusters, stride] */
    double *total;    /* [stride] their sum */
    size_t n_valid, n_queries;
    group_base base;
} audit_group;

/* Geometry, features, totals and base of one group. Needs everything of fdml_audit_measure. */
fdml_status fdml_audit_group_make(audit_group *group, const audit_state *state, size_t grouping,
                                  size_t index, const fdml_runs *runs, fdml_error *err);

/* --- audit_overall.c ---------------------------------------------------------------------- */
/* From the overall group, kept for the groupings to come: its base, row influences, and the
 * sums within classes. Arrays are allocated by fdml_audit_plan_make. */
void fdml_audit_keep_overall(audit_state *state, const audit_group *group);
/* Adds the row's influence on the overall value to the all_* columns of f. */
void fdml_audit_overall_add(double *f, const audit_state *state, uint32_t row);

/* --- audit_values.c ----------------------------------------------------------------------- */
/* sums[column] / sums[column + 1]; NaN where the latter is 0. */
double fdml_audit_ratio_of(const double *sums, size_t column);
/* Value of metric m from sums of the group's features; NaN where there is none. */
double fdml_audit_evaluate(const audit_state *state, const group_base *base, size_t metric,
                           const double *sums);
/* Overall value from sums over all groups' clusters of the shared and the all_* columns. */
double fdml_audit_evaluate_overall(const audit_state *state, size_t metric, const double *sums);

/* "insufficient data (n=7 < 20)", in the arena; never NULL. */
const char *fdml_audit_insufficient(size_t n, size_t least, fdml_arena *arena);

/* --- audit_resample.c --------------------------------------------------------------------- */

/* Values and replicates of one grouping. Slot g is group g; slot n_groups is overall, resampled
 * as the union of the groups. replicate: [n_slots, n_metrics, n_bootstrap]. */
typedef struct grouping_values {
    size_t grouping, n_groups, n_metrics, n_bootstrap;
    fdml_estimate *estimate;                  /* [n_groups, n_metrics], intervals included */
    double *replicate;                        /* NULL without bootstrap */
    size_t *n_valid, *n_queries, *n_clusters; /* [n_groups] */
    size_t n_drawn;           /* classes that all groups draw together; 0: each draws its own */
    audit_exchange *exchange; /* as given */
} grouping_values;

/* The arrays of *values stay in the scratch arena. exchange: NULL, or what clusters give is
 * added to it (audit_pairing.h). */
fdml_status fdml_audit_resample(grouping_values *values, audit_state *state, size_t grouping,
                                audit_exchange *exchange, fdml_error *err);

static inline double *audit_replicates(const grouping_values *values, size_t slot,
                                       size_t metric)
{
    return values->replicate + (slot * values->n_metrics + metric) * values->n_bootstrap;
}

/* What is known of the spread of the difference of two groups or, given variances relative to
 * the values' squares, of their ratio. */
fdml_freedom fdml_audit_freedom_of_two(const grouping_values *values, size_t a,
                                       double variance_a, size_t b, double variance_b);

/* --- audit_exchange.c --------------------------------------------------------------------- */
/* What the group's clusters give to its values, [n_metrics], is added for the side at hand. */
void fdml_audit_exchange_add(audit_exchange *exchange, const audit_group *group,
                             const fdml_estimate *estimate, const audit_state *state);

/* --- audit_agreement.c -------------------------------------------------------------------- */
bool fdml_audit_is_cluster_metric(fdml_metric_id id);
/* Counts of a group's contingency table by row; its log table is made by fdml_audit_logs_make.
 */
fdml_status fdml_audit_logs_make(audit_state *state, fdml_error *err);
fdml_status fdml_audit_agreement_make(audit_group *group, const audit_state *state,
                                      fdml_error *err);
/* Adds listed row i, of a class of n_same rows in the group, to the columns of f. */
void fdml_audit_agreement_add(double *f, const audit_group *group, const audit_state *state,
                              size_t i, size_t n_same);
void fdml_audit_agreement_add_overall(double *f, const audit_state *state, uint32_t row);
/* Sums of the table from sums of features; `entropy` and `pairs` are their first columns. */
double fdml_audit_agreement_value(const audit_state *state, const group_base *base,
                                  fdml_metric_id id, const double *sums, size_t entropy,
                                  size_t pairs);
/* The table's sums at weight 1, and what ami needs. */
void fdml_audit_agreement_base(audit_group *group, const audit_state *state);
void fdml_audit_agreement_keep(audit_state *state, const audit_group *group);

/* --- audit_cluster.c ---------------------------------------------------------------------- */
/* null: [n_metrics, n_permutations] gap statistics of the cluster metrics over the groups
 * with enough rows. */
fdml_status fdml_audit_cluster_null(double *null, const audit_state *state,
                                    const grouping_values *values, fdml_error *err);

/* --- audit_permute.c ---------------------------------------------------------------------- */
/* The same for metrics of mean kind and, where the attribute is constant within classes, for
 * alignment_intra; over the groups that have an estimate. */
/* audit_sketch.c: the same for alignment_inter, alignment_ratio and uniformity where classes
 * are exchanged whole; observed[m] is then the statistic that null[m] is to be compared with.
 */
fdml_status fdml_audit_sketch_null(double *null, double *observed, const audit_state *state,
                                   size_t grouping, fdml_error *err);
fdml_status fdml_audit_feature_null(double *null, const audit_state *state,
                                    const grouping_values *values, fdml_error *err);

/* Largest minus smallest of the values of groups that have an estimate; value: [n_groups]. */
double fdml_audit_spread(const double *value, const grouping_values *values, size_t metric);

/* --- audit_gap.c -------------------------------------------------------------------------- */
typedef struct audit_extremes {
    size_t most, least, n; /* groups by value; n of them have one */
} audit_extremes;
audit_extremes fdml_audit_extremes(const grouping_values *values, size_t metric);
/* A gap of which nothing is known yet; of fewer than two groups with a value it says so. */
fdml_gap_result fdml_audit_no_gap(const fdml_grouping *by, size_t grouping, size_t metric,
                                  size_t n_valued);
/* The gap of one metric, not tested; scratch: [n_bootstrap]. */
fdml_gap_result fdml_audit_gap(const grouping_values *values, const audit_state *state,
                               size_t metric, double *scratch);
/* One gap per metric; against: [n_groups, n_metrics] each group minus the reference. */
fdml_status fdml_audit_compare(fdml_gap_result *gaps, fdml_estimate *against,
                               const grouping_values *values, const audit_state *state,
                               const fdml_estimate *overall, fdml_error *err);

/* --- audit_curve.c ------------------------------------------------------------------------ */
/* What the scores say before anything is counted by row. */
typedef struct audit_curve {
    size_t n_genuine, n_impostor;
    double eer, eer_weight, auc;
    float *threshold; /* [n_points]; feasible targets in order, then the EER's */
    size_t *target;   /* [n_points] index of the target; n_fmr_targets for the EER */
    size_t n_points;
    double *genuine_share, *impostor_share; /* [n_rows] of AUC, or NULL */
    const float *listed;                    /* scores of the list, or NULL */
} audit_curve;
fdml_status fdml_audit_curve_make(audit_curve *curve, const audit_state *state,
                                  fdml_error *err);
/* Whether a target allows one false match at least. */
bool fdml_audit_is_feasible(const audit_curve *curve, double target);

/* --- audit_leakage.c ---------------------------------------------------------------------- */
fdml_status fdml_audit_leakage(fdml_audit_result *result, audit_state *state, fdml_error *err);
size_t fdml_audit_leakage_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                               size_t n_values);

/* --- audit_detail.c ----------------------------------------------------------------------- */
/* After the groups' numbers are in *result. */
fdml_status fdml_audit_detail_make(fdml_audit_result *result, audit_state *state,
                                   fdml_error *err);
size_t fdml_audit_detail_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                              const fdml_machine *machine, bool wants_mean);
/* The rank up to which first matches must be known: larger than `depth`, which 0 leaves as it
 * is. */
uint32_t fdml_audit_detail_depth(uint32_t depth, const fdml_problem *problem);
/* audit_detail_pairs.c: the distances within one group. *width 0: this group sets it. */
fdml_status fdml_audit_detail_pairs(fdml_detail_group *group, double *width,
                                    const fdml_runs *runs, size_t grouping, audit_state *state,
                                    fdml_error *err);
size_t fdml_audit_detail_pairs_size(const fdml_problem *problem, int n_threads);
/* audit_detail_rows.c: a map of rows, and the worst queries of every group of an attribute. */
fdml_status fdml_audit_detail_map(fdml_audit_detail *detail, audit_state *state,
                                  fdml_error *err);
fdml_status fdml_audit_detail_worst(fdml_audit_detail *detail, audit_state *state,
                                    fdml_error *err);

/* --- audit_downstream.c, audit_downstream_cost.c --------------------------------------------
 */
fdml_status fdml_audit_downstream(fdml_audit_result *result, audit_state *state,
                                  fdml_error *err);
/* Bytes of scratch and multiply-adds. */
double fdml_audit_downstream_cost(size_t *bytes, const fdml_problem *problem,
                                  const fdml_audit_settings *settings,
                                  const fdml_machine *machine);

/* --- audit_slices.c -----------------------------------------------------------------------
 */
fdml_status fdml_audit_slices(fdml_audit_result *result, audit_state *state, fdml_error *err);
/* Columns that slices are made of, and how many. */
size_t fdml_audit_slice_columns(const fdml_factor **column, const fdml_problem *problem);
/* Bytes of scratch and about as many multiply-adds. */
double fdml_audit_slices_cost(size_t *bytes, const fdml_problem *problem,
                              const fdml_audit_settings *settings, const fdml_machine *machine);

/* --- audit_verify.c ----------------------------------------------------------------------- */
fdml_status fdml_audit_verify(fdml_audit_result *result, audit_state *state, fdml_error *err);

#endif
