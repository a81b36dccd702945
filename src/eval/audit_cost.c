/* audit_cost.c - what an audit will need, told before it starts (--dry-run, --max-memory).
 *
 * The sizes mirror the allocations of audit_measure.c, audit_features.c and audit_resample.c;
 * tests hold the estimate against the measured peak, so it cannot rot.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/audit_pairing.h"
#include "eval/kmeans.h"
#include "eval/leakage.h"
#include "eval/pass_state.h"
#include "eval/verify.h"

typedef struct wishes {
    bool ids[FDML_M_COUNT], mean, cluster, intra, inter;
    size_t n_mean;
} wishes;

static wishes read_wishes(const fdml_audit_settings *settings)
{
    wishes w = { 0 };
    for (size_t m = 0; m < settings->n_metrics; m++) {
        const fdml_metric *metric = &settings->metrics[m];
        w.ids[metric->id] = true;
        w.n_mean += metric->kind == FDML_KIND_MEAN;
        w.mean = w.n_mean > 0;
        w.cluster = w.cluster || fdml_audit_is_cluster_metric(metric->id);
    }
    w.intra = w.ids[FDML_M_ALIGNMENT_INTRA] || w.ids[FDML_M_ALIGNMENT_RATIO];
    w.inter = w.ids[FDML_M_ALIGNMENT_INTER] || w.ids[FDML_M_ALIGNMENT_RATIO];
    return w;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* As make_codes of groups.c, for the grouping with the most combinations of levels. */
static size_t cells_size(const fdml_problem *problem, const fdml_audit_settings *settings)
{
    size_t cells = 1;
    for (size_t a = 0; a < problem->n_attributes; a++) {
        const size_t n = problem->attributes[a].n_levels;
        if (!settings->with_intersections)
            cells = larger(cells, n);
        else /* groups of the others are at most rows */
            cells = (cells < problem->n_rows ? cells : problem->n_rows) * n;
        if (cells > FDML_MOST_CELLS) cells = FDML_MOST_CELLS;
    }
    return cells * sizeof(uint32_t);
}

/* As fdml_class_pairs: order by class, and for each thread two panels and a strip of the
 * largest class. */
static size_t class_pairs_size(const fdml_problem *problem, const fdml_machine *machine)
{
    fdml_problem all = *problem;
    size_t largest;
    all.is_query = all.is_gallery = NULL;
    fdml_pass_relevant_total(&all, &largest);
    const size_t block = fdml_pass_block(all.n_rows, all.dim);
    const size_t piece = largest < block ? largest : block;
    const size_t own = fdml_panels_size(PASS_STRIP, all.dim, machine->kernels->tile_rows) +
                       fdml_panels_size(piece, all.dim, machine->kernels->tile_cols) +
                       PASS_STRIP * (largest + 1) + piece;
    return all.n_rows * 3 * sizeof(float) + all.label->n_levels * sizeof(uint32_t) +
           (size_t)machine->n_threads * (own * sizeof(float) + 256);
}

/* Arrays by row that live through the whole audit. */
static size_t measures_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                            const wishes *w)
{
    const size_t n = problem->n_rows,
                 n_groupings = fdml_groupings_count(problem, settings->with_intersections);
    const bool is_power_1 = settings->alignment_power == 1;
    const bool is_shared = n_groupings > 1 && !strcmp(settings->reference, "overall");
    size_t by_row = sizeof(uint32_t) * (1 + n_groupings); /* order by class, codes */
    if (problem->is_query) by_row += sizeof(uint32_t);
    if (w->ids[FDML_M_UNIFORMITY])
        by_row += n_groupings * sizeof(double) * (settings->unit == FDML_UNIT_CLASS ? 2 : 1);
    if (is_power_1 && (w->intra || w->inter)) by_row += n_groupings * sizeof(double);
    if (is_power_1 && w->inter) by_row += n_groupings * sizeof(double);
    if (w->cluster) by_row += sizeof(uint32_t);
    if (is_shared)
        by_row += sizeof(double) * ((size_t)w->intra + w->inter + w->ids[FDML_M_SPECTRUM] +
                                    w->ids[FDML_M_CLASS_RATIO]);
    if (is_shared && w->cluster) by_row += sizeof(uint32_t);
    size_t size = n * by_row + problem->label->n_levels * 32; /* a few numbers by class */
    if (settings->with_verification && !settings->pairs && !fdml_verify_is_exact(n))
        size += FDML_HISTOGRAM_BINS * sizeof(uint64_t);
    if (w->mean)
        size += fdml_query_store_size(settings->metrics, settings->n_metrics,
                                      settings->convention, n);
    if (settings->with_per_query) size += n * (settings->n_metrics * sizeof(double) + 4);
    return size;
}

/* Permutations: units with their features, a few codes each, and a batch of sums. Mean metrics
 * take a row for each query, pair metrics a sketch of each class (audit_sketch.c). */
static size_t permuting_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                             const wishes *w, size_t n_groups, int n_threads)
{
    enum { BATCH = 1 << 22, WAVES = 2 * 64, PLAN = 28 }; /* as audit_sketch.c, stats.c */
    const size_t n = problem->n_rows, n_classes = problem->label->n_levels;
    const size_t codes = PLAN + 8 * (size_t)fdml_resampling_threads(8 * n, n_threads);
    if (!problem->n_attributes || !settings->n_permutations) return 0;
    size_t size = 0;
    if (w->mean) size = n * (fdml_feature_stride(w->n_mean + 1) * sizeof(double) + codes);
    if (w->inter || w->ids[FDML_M_UNIFORMITY] || w->ids[FDML_M_CLASS_RATIO]) {
        const size_t columns = 4 + larger(problem->dim, WAVES);
        size = larger(size,
                      n_classes * (fdml_feature_stride(columns) * sizeof(double) + codes) +
                          (WAVES / 2 + 1 + (size_t)n_threads) * problem->dim * sizeof(double));
    }
    if (size) size += BATCH;
    if (w->cluster) { /* rows in order and items; per thread codes, plan and counters */
        const size_t counters = n_groups * (2 * n_classes * sizeof(uint32_t) + 128);
        const size_t own = n * (4 + PLAN + 8) + counters;
        size = larger(size, n * (5 * 4 + 16) + ((size_t)1 << 19) +
                                (size_t)fdml_resampling_threads(own, n_threads) * own);
    }
    return size;
}

/* One group's arrays by row and features; the largest group is at most all rows. */
static size_t group_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                         const wishes *w, size_t stride, int n_threads)
{
    const size_t n = problem->n_rows, n_classes = problem->label->n_levels;
    const size_t n_clusters = settings->unit == FDML_UNIT_CLASS ? n_classes : n;
    size_t by_row = 2 * sizeof(uint32_t);
    if (w->intra || w->inter) by_row += 2 * sizeof(double);
    if (w->ids[FDML_M_UNIFORMITY])
        by_row += sizeof(double) * (settings->unit == FDML_UNIT_CLASS ? 2 : 1);
    if (w->ids[FDML_M_SPECTRUM]) by_row += sizeof(double);
    if (w->ids[FDML_M_CLASS_RATIO]) by_row += 2 * sizeof(double);
    if (w->cluster) by_row += sizeof(uint32_t);
    size_t size = n * by_row + n_clusters * stride * sizeof(double);
    if (w->cluster) size += 4 * n_classes * sizeof(uint32_t);
    if (w->ids[FDML_M_CLASS_RATIO]) size += 2 * n_classes * sizeof(double);
    if (w->ids[FDML_M_SPECTRUM]) size += fdml_spectrum_scratch(problem->dim, n_threads);
    return size;
}

/* Of the grouping that has the most. */
static size_t count_groups(const fdml_problem *problem, const fdml_audit_settings *settings)
{
    size_t n_groups = 0, n_combined = 1;
    for (size_t a = 0; a < problem->n_attributes; a++) {
        n_groups = larger(n_groups, problem->attributes[a].n_levels);
        n_combined *= problem->attributes[a].n_levels;
        if (n_combined > problem->n_rows) n_combined = problem->n_rows;
    }
    return settings->with_intersections ? larger(n_groups, n_combined) : n_groups;
}

static size_t resampling_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                              const wishes *w, int n_threads)
{
    const size_t n = problem->n_rows, n_metrics = settings->n_metrics;
    const size_t stride = fdml_feature_stride(n_metrics + 1 + 2 * 4 + 1 + 4 + 7 + 5 + 6);
    const size_t n_groups = count_groups(problem, settings);
    const size_t by_replicate = (n_groups + 1) * n_metrics + 2 * stride + n_metrics + 2;
    const size_t replicates =
        larger(settings->n_bootstrap, settings->n_permutations) * by_replicate * sizeof(double);
    const size_t logs = w->cluster ? (n < 65536 ? n + 1 : 65536) * sizeof(double) : 0;
    const size_t estimates = (n_groups + 1) * n_metrics * 3 * sizeof(fdml_estimate);
    const size_t place = problem->label->n_levels * sizeof(uint32_t);
    return replicates + logs + estimates + place +
           larger(group_size(problem, settings, w, stride, n_threads),
                  permuting_size(problem, settings, w, n_groups, n_threads));
}

/* Accepted pairs between the groups of an attribute at every threshold: counted, by thread
 * while they are, and as rates; and all pairs. */
static size_t crossed_size(const fdml_problem *problem, size_t n_thresholds, int n_threads)
{
    size_t cells = 0;
    for (size_t a = 0; a < problem->n_attributes; a++)
        cells += problem->attributes[a].n_levels * problem->attributes[a].n_levels;
    return cells * sizeof(uint64_t) * (n_thresholds * (2 + (size_t)n_threads) + 1);
}

/* See verify_counts.h: four bytes a pair for the sorted scores and eight to get there, or the
 * histogram; then four counts a row and threshold, and the second pass that makes them. */
static size_t verification_size(const fdml_problem *problem,
                                const fdml_audit_settings *settings,
                                const fdml_machine *machine)
{
    const size_t n = problem->n_rows, n_thresholds = settings->n_fmr_targets + 1;
    const fdml_groupings groupings = { .n = fdml_groupings_count(
                                           problem, settings->with_intersections) };
    if (!settings->with_verification) return 0;
    size_t scores = FDML_HISTOGRAM_BINS * sizeof(uint64_t), least = 0, second_pass = 0;
    if (settings->pairs)
        scores = settings->n_pairs * 3 * sizeof(float);
    else if (fdml_verify_is_exact(n))
        scores = n * (n - 1) / 2 * 3 * sizeof(float);
    uint32_t dummy = 0;
    const fdml_pass pass = { .groupings = &groupings,
                             .n_thresholds = n_thresholds,
                             .accepted = &dummy };
    if (!settings->pairs) {
        fdml_pass_memory(&least, &second_pass, &pass, problem, machine);
        second_pass = larger(second_pass, class_pairs_size(problem, machine));
    }
    const int n_counting = settings->pairs ? 0 : machine->n_threads;
    const size_t clusters = settings->unit == FDML_UNIT_CLASS ? problem->label->n_levels : n;
    const size_t stride = fdml_feature_stride(4 + 2 * n_thresholds);
    const size_t counts = n * groupings.n * sizeof(uint32_t) * (2 + 2 * n_thresholds);
    const size_t resampling = (clusters + settings->n_bootstrap) * stride * sizeof(double);
    return scores + n * (2 * sizeof(double) + 3 * sizeof(uint32_t)) + counts +
           crossed_size(problem, n_thresholds, n_counting) + larger(resampling, second_pass);
}

/* Of the attribute that takes most: values with enough rows are at most its levels. */
static double leakage_cost(size_t *least, size_t *wanted, const fdml_problem *problem,
                           const fdml_audit_settings *settings, const fdml_machine *machine)
{
    double sum = 0;
    *least = *wanted = 0;
    for (size_t a = 0; settings->with_leakage && a < problem->n_attributes; a++) {
        const size_t n_values = problem->attributes[a].n_levels;
        const size_t kept = fdml_audit_leakage_size(problem, settings, n_values);
        size_t small, large;
        double flops;
        fdml_leakage_cost(&small, &large, &flops, problem, n_values, machine);
        *least = larger(*least, kept + small);
        *wanted = larger(*wanted, kept + large);
        sum += flops;
    }
    return sum;
}

/* Beside the distance pass itself. */
static double multiply_adds(const fdml_problem *problem, const fdml_audit_settings *settings,
                            const wishes *w)
{
    const double n = (double)problem->n_rows, dim = (double)problem->dim;
    double sum = 0;
    if (settings->with_verification && !settings->pairs)
        sum += n * n * dim * (fdml_verify_is_exact(problem->n_rows) ? 2.5 : 0.5);
    if (w->cluster) {
        const fdml_kmeans kmeans = { .k = (uint32_t)problem->label->n_levels,
                                     .n_iterations = settings->kmeans_iterations,
                                     .n_redo = settings->kmeans_redo };
        double seeding;
        sum += fdml_kmeans_work(&seeding, &kmeans, problem->n_rows, problem->dim);
    }
    if (w->ids[FDML_M_SPECTRUM])
        sum += (double)fdml_groupings_count(problem, settings->with_intersections) *
               (n * dim * dim + 9 * dim * dim * dim);
    return sum;
}

/* One model's share of an audit: what stays, what resampling takes, and the rest, which comes
 * one after the other. */
typedef struct share {
    size_t measures, resampling, least, wanted;
    double flops, flops_of_classifiers, flops_of_slices;
} share;

/* What a pass and k-means take, and their multiply-adds. */
static share measuring_share(const fdml_problem *problem, const fdml_audit_settings *settings,
                             const wishes *w, const fdml_machine *machine)
{
    share s = { .measures = measures_size(problem, settings, w) };
    double dummy = 0; /* only whether an output is wanted counts */
    uint64_t dummy_count = 0;
    fdml_pass pass = { .depth = fdml_rank_depth(settings->metrics, settings->n_metrics,
                                                settings->convention) };
    fdml_groupings groupings = { .n = fdml_groupings_count(problem,
                                                           settings->with_intersections) };
    pass.groupings = &groupings;
    if (w->mean) pass.on_ranks = fdml_store_ranks;
    if (w->ids[FDML_M_UNIFORMITY]) pass.potential = &dummy;
    if (settings->alignment_power == 1 && w->inter) pass.distance = &dummy;
    if (settings->with_verification && !settings->pairs &&
        !fdml_verify_is_exact(problem->n_rows))
        pass.histogram = &dummy_count;
    fdml_pass_memory(&s.least, &s.wanted, &pass, problem, machine);
    size_t beside = cells_size(problem, settings);
    if (w->cluster)
        beside = larger(
            beside, fdml_kmeans_size(problem, problem->label->n_levels, machine->n_threads));
    const bool wants_own_potential =
        w->ids[FDML_M_UNIFORMITY] && settings->unit == FDML_UNIT_CLASS;
    if ((settings->alignment_power == 1 && (w->intra || w->inter)) || wants_own_potential)
        beside = larger(beside, class_pairs_size(problem, machine));
    s.wanted = larger(s.wanted, beside);
    s.least = larger(s.least, beside);
    s.flops = multiply_adds(problem, settings, w) + fdml_pass_work(&pass, problem, machine);
    return s;
}

static share audit_share(const fdml_problem *problem, const fdml_audit_settings *settings,
                         const fdml_machine *machine)
{
    const wishes w = read_wishes(settings);
    share s = measuring_share(problem, settings, &w, machine);
    s.resampling = larger(resampling_size(problem, settings, &w, machine->n_threads),
                          verification_size(problem, settings, machine));
    if (settings->with_detail)
        s.resampling =
            larger(s.resampling, fdml_audit_detail_size(problem, settings, machine, w.mean));
    size_t leakage_least, leakage_wanted;
    s.flops += leakage_cost(&leakage_least, &leakage_wanted, problem, settings, machine);
    s.least = larger(s.least, leakage_least);
    s.wanted = larger(s.wanted, leakage_wanted);
    size_t slices;
    s.flops_of_slices = fdml_audit_slices_cost(&slices, problem, settings, machine);
    s.flops += s.flops_of_slices;
    s.least = larger(s.least, slices);
    s.wanted = larger(s.wanted, slices);
    size_t downstream;
    s.flops_of_classifiers =
        fdml_audit_downstream_cost(&downstream, problem, settings, machine);
    s.flops += s.flops_of_classifiers;
    s.least = larger(s.least, downstream);
    s.wanted = larger(s.wanted, downstream);
    return s;
}

/* The other model is measured while NEW's measures are kept, and resampled beside it. */
static void add_other(share *s, const fdml_problem *problem,
                      const fdml_audit_settings *settings, const fdml_machine *machine)
{
    fdml_audit_settings metrics_only = *settings;
    fdml_problem other = *problem;
    metrics_only.with_verification = metrics_only.with_leakage = false;
    metrics_only.with_downstream = metrics_only.with_slices = false;
    metrics_only.with_per_query = metrics_only.with_detail = false;
    other.x = settings->other->x;
    other.dim = settings->other->dim;
    const share o = audit_share(&other, &metrics_only, machine);
    s->measures += o.measures;
    s->resampling += o.resampling + fdml_audit_pairing_size(problem, settings,
                                                            count_groups(problem, settings),
                                                            machine->n_threads);
    s->least = larger(s->least, o.least);
    s->wanted = larger(s->wanted, o.wanted);
    s->flops += o.flops;
}

void fdml_audit_estimate(fdml_audit_cost *cost, const fdml_problem *problem,
                         const fdml_audit_settings *settings, const fdml_machine *machine)
{
    share s = audit_share(problem, settings, machine);
    if (settings->other) add_other(&s, problem, settings, machine);
    *cost = (fdml_audit_cost){
        .bytes = s.measures + larger(s.wanted, s.resampling),
        .bytes_least = s.measures + larger(s.least, s.resampling),
        .bytes_kept = s.measures,
        .flops = s.flops,
        .flops_of_classifiers = s.flops_of_classifiers,
        .flops_of_slices = s.flops_of_slices,
    };
}
