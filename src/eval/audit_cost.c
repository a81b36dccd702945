/* audit_cost.c - what an audit will need, told before it starts (--dry-run, --max-memory).
 *
 * The sizes mirror the allocations of audit_measure.c, audit_features.c and audit_resample.c;
 * tests hold the estimate against the measured peak, so it cannot rot.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/audit_state.h"
#include "eval/kmeans.h"
#include "eval/verify.h"

typedef struct wishes {
    bool ids[FDML_M_COUNT], mean, cluster, intra, inter;
} wishes;

static wishes read_wishes(const fdml_audit_settings *settings)
{
    wishes w = { 0 };
    for (size_t m = 0; m < settings->n_metrics; m++) {
        const fdml_metric *metric = &settings->metrics[m];
        w.ids[metric->id] = true;
        w.mean = w.mean || metric->kind == FDML_KIND_MEAN;
        w.cluster = w.cluster || fdml_audit_is_cluster_metric(metric->id);
    }
    w.intra = w.ids[FDML_M_ALIGNMENT_INTRA] || w.ids[FDML_M_ALIGNMENT_RATIO];
    w.inter = w.ids[FDML_M_ALIGNMENT_INTER] || w.ids[FDML_M_ALIGNMENT_RATIO];
    return w;
}

static size_t count_groupings(const fdml_problem *problem, const fdml_audit_settings *settings)
{
    if (settings->with_intersections) return (size_t)1 << problem->n_attributes;
    return 1 + problem->n_attributes;
}

/* Arrays by row that live through the whole audit. */
static size_t measures_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                            const wishes *w)
{
    const size_t n = problem->n_rows, n_groupings = count_groupings(problem, settings);
    const bool is_power_1 = settings->alignment_power == 1;
    const bool is_shared = n_groupings > 1 && !strcmp(settings->reference, "overall");
    size_t by_row = sizeof(uint32_t) * (1 + n_groupings); /* order by class, codes */
    if (problem->is_query) by_row += sizeof(uint32_t);
    if (w->ids[FDML_M_UNIFORMITY]) by_row += n_groupings * sizeof(double);
    if (is_power_1 && w->intra) by_row += n_groupings * sizeof(double);
    if (is_power_1 && w->inter) by_row += n_groupings * sizeof(double);
    if (w->cluster) by_row += sizeof(uint32_t);
    if (is_shared)
        by_row += sizeof(double) * ((size_t)w->intra + w->inter + w->ids[FDML_M_SPECTRUM] +
                                    w->ids[FDML_M_CLASS_RATIO]);
    size_t size = n * by_row;
    if (w->mean)
        size += fdml_query_store_size(settings->metrics, settings->n_metrics,
                                      settings->convention, n);
    if (settings->with_per_query) size += n * (settings->n_metrics * sizeof(double) + 4);
    return size;
}

/* The largest group is at most all rows. */
static size_t resampling_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                              const wishes *w, int n_threads)
{
    const size_t n = problem->n_rows, n_classes = problem->label->n_levels;
    const size_t n_clusters = settings->unit == FDML_UNIT_CLASS ? n_classes : n;
    const size_t stride = fdml_feature_stride(settings->n_metrics + 1 + 2 * 3 + 1 + 4 + 5);
    size_t n_levels = 1;
    for (size_t a = 0; a < problem->n_attributes; a++)
        n_levels += problem->attributes[a].n_levels;
    size_t by_row = 2 * sizeof(uint32_t);
    if (w->intra || w->inter) by_row += 2 * sizeof(double);
    if (w->ids[FDML_M_UNIFORMITY]) by_row += sizeof(double);
    if (w->ids[FDML_M_SPECTRUM]) by_row += sizeof(double);
    if (w->ids[FDML_M_CLASS_RATIO]) by_row += 2 * sizeof(double);
    const size_t features = n * by_row + n_clusters * stride * sizeof(double);
    /* Permutation between queries keeps one row of features for each. */
    const size_t per_query =
        w->mean && problem->n_attributes
            ? n * (fdml_feature_stride(settings->n_metrics + 1) * sizeof(double) + 8 +
                   8 * (size_t)n_threads)
            : 0;
    const size_t table =
        w->cluster ? n * (16 + 5 * 4) + (size_t)n_threads * n_classes * 4 * 8 : 0;
    const size_t replicates = settings->n_bootstrap *
                              ((n_levels + 1) * settings->n_metrics + 2 * stride) *
                              sizeof(double);
    size_t largest = features > per_query ? features : per_query;
    if (table > largest) largest = table;
    if (w->ids[FDML_M_SPECTRUM]) largest += fdml_spectrum_scratch(problem->dim, n_threads);
    return largest + replicates;
}

/* See verify_counts.h: four bytes a pair for the sorted scores and eight to get there, or the
 * histograms; then four counts a row and threshold. */
static size_t verification_size(const fdml_problem *problem,
                                const fdml_audit_settings *settings)
{
    const size_t n = problem->n_rows, n_groupings = count_groupings(problem, settings);
    if (!settings->with_verification) return 0;
    size_t scores = 2 * FDML_HISTOGRAM_BINS * sizeof(uint64_t);
    if (settings->pairs)
        scores = settings->n_pairs * 3 * sizeof(float);
    else if (fdml_verify_is_exact(n))
        scores = n * (n - 1) / 2 * 3 * sizeof(float);
    const size_t clusters = settings->unit == FDML_UNIT_CLASS ? problem->label->n_levels : n;
    const size_t stride = fdml_feature_stride(4 + 2 * (settings->n_fmr_targets + 1));
    return scores + n * (2 * sizeof(double) + 3 * sizeof(uint32_t)) +
           n * n_groupings * sizeof(uint32_t) * (2 + 2 * (settings->n_fmr_targets + 1)) +
           (clusters + settings->n_bootstrap) * stride * sizeof(double);
}

/* Beside the distance pass itself. */
static double multiply_adds(const fdml_problem *problem, const fdml_audit_settings *settings,
                            const wishes *w)
{
    const double n = (double)problem->n_rows, dim = (double)problem->dim;
    double sum = 0;
    if (settings->with_verification && !settings->pairs)
        sum += n * n * dim * (fdml_verify_is_exact(problem->n_rows) ? 2.5 : 0.5);
    if (w->cluster)
        sum += n * (double)problem->label->n_levels * dim * (settings->kmeans_iterations + 1) *
               (settings->kmeans_redo ? settings->kmeans_redo : 1);
    if (w->ids[FDML_M_SPECTRUM])
        sum +=
            (double)count_groupings(problem, settings) * (n * dim * dim + 9 * dim * dim * dim);
    return sum;
}

void fdml_audit_estimate(fdml_audit_cost *cost, const fdml_problem *problem,
                         const fdml_audit_settings *settings, const fdml_machine *machine)
{
    const wishes w = read_wishes(settings);
    const size_t measures = measures_size(problem, settings, &w);
    size_t resampling = resampling_size(problem, settings, &w, machine->n_threads);
    const size_t verification = verification_size(problem, settings);
    if (verification > resampling) resampling = verification;
    double dummy = 0; /* only whether an output is wanted counts */
    uint64_t dummy_count = 0;
    fdml_pass pass = { .depth = fdml_rank_depth(settings->metrics, settings->n_metrics,
                                                settings->convention) };
    fdml_groupings groupings = { .n = count_groupings(problem, settings) };
    pass.groupings = &groupings;
    if (w.mean) pass.on_ranks = fdml_store_ranks;
    if (w.ids[FDML_M_UNIFORMITY]) pass.potential = &dummy;
    if (settings->alignment_power == 1 && w.inter) pass.distance = &dummy;
    if (settings->with_verification && !settings->pairs &&
        !fdml_verify_is_exact(problem->n_rows))
        pass.histogram = &dummy_count;
    size_t least = 0, wanted = 0;
    fdml_pass_memory(&least, &wanted, &pass, problem, machine);
    /* k-means: centres, their sums and packed panels, and a few numbers by row. */
    const size_t centres = w.cluster
                               ? problem->label->n_levels * problem->dim * 4 * sizeof(double) +
                                     problem->n_rows * 16
                               : 0;
    if (wanted < centres) wanted = centres;
    if (least < centres) least = centres;
    *cost = (fdml_audit_cost){
        .bytes = measures + (wanted > resampling ? wanted : resampling),
        .bytes_least = measures + (least > resampling ? least : resampling),
        .bytes_kept = measures,
        .flops = multiply_adds(problem, settings, &w) + fdml_pass_work(&pass, problem, machine),
    };
}
