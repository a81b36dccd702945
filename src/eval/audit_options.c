/* audit_options.c - options become settings, once the data are known. See audit_options.h.
 * SPDX-License-Identifier: MIT */
#include "eval/audit_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/stats.h"

const fdml_audit_options fdml_audit_defaults = {
    .ks = { 4, { 1, 2, 4, 8 } },
    .alignment_power = 2,
    .kmeans_iterations = 20,
    .kmeans_redo = 1,
    .fmr = { 6, { 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6 } },
    .intersections = true,
    .reference = "overall",
    .min_group = 20,
    .n_bootstrap = 1000,
    .n_permutations = FDML_PERMUTATIONS_USUAL,
    .confidence = 0.95,
    .downstream_splits = 5,
    .slice_depth = 2,
    .slice_min_rows = 20,
    .slice_clusters = { 2, { 8, 32 } },
};

static bool is_same_list(const fdml_counts *a, const fdml_counts *b)
{
    return a->n == b->n && !memcmp(a->item, b->item, a->n * sizeof *a->item);
}

/* A K that everyone satisfies would print 1.0 and mean nothing. The default list is cut
 * quietly, a K that was asked for is refused. */
static fdml_status limit_ks(fdml_metric *metrics, size_t *n_metrics, const fdml_counts *ks,
                            const fdml_problem *problem, const char *path, fdml_error *err)
{
    const fdml_counts *defaults = &fdml_audit_defaults.ks;
    const size_t most = fdml_audit_candidates(problem);
    const bool is_default = is_same_list(ks, defaults);
    size_t n_kept = 0;
    for (size_t m = 0; m < *n_metrics; m++) {
        const bool is_too_deep = metrics[m].id == FDML_M_RECALL_AT_K && metrics[m].k > most;
        const bool is_asked_for = !is_default || metrics[m].k > ks->item[ks->n - 1];
        if (is_too_deep && (is_asked_for || metrics[m].k == 1))
            return fdml_fail(err, FDML_E_ARG,
                             "%s: %u is more than the %zu rows a query can find in %s",
                             metrics[m].key, (unsigned)metrics[m].k, most, path);
        if (!is_too_deep) metrics[n_kept++] = metrics[m];
    }
    *n_metrics = n_kept;
    return FDML_OK;
}

static fdml_status check_reference(const char *name, const fdml_problem *problem,
                                   fdml_error *err)
{
    if (!strcmp(name, "overall") || !strcmp(name, "majority")) return FDML_OK;
    for (size_t a = 0; a < problem->n_attributes; a++)
        for (size_t i = 0; i < problem->attributes[a].n_levels; i++)
            if (!strcmp(problem->attributes[a].level[i], name)) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "reference: no group is called '%s'", name);
}

/* is_asked: [n], of the names in the list; none: all. */
static fdml_status parse_names(bool *is_asked, const fdml_texts *list, const char *option,
                               const char *const *names, size_t n, fdml_error *err)
{
    for (size_t k = 0; k < n; k++) is_asked[k] = !list->n;
    for (size_t i = 0; i < list->n; i++) {
        size_t k = 0;
        while (k < n && strcmp(names[k], list->item[i]) != 0) k++;
        if (k < n) {
            is_asked[k] = true;
            continue;
        }
        char known[FDML_ERROR_MAX / 2] = "";
        for (size_t j = 0, used = 0; j < n && used < sizeof known; j++)
            used += (size_t)snprintf(known + used, sizeof known - used, " %s", names[j]);
        return fdml_fail(err, FDML_E_ARG, "%s: '%.64s' is unknown; known are%s", option,
                         list->item[i], known);
    }
    return FDML_OK;
}

static fdml_status parse_downstream(fdml_downstream_settings *settings,
                                    const fdml_audit_options *options, fdml_error *err)
{
    FDML_TRY(parse_names(settings->classifier, &options->downstream_classifiers,
                         "downstream-classifiers", fdml_classifier_name, FDML_CLASSIFIERS,
                         err));
    FDML_TRY(parse_names(settings->protocol, &options->downstream_protocols,
                         "downstream-protocols", fdml_protocol_name, FDML_PROTOCOLS, err));
    settings->protocol[FDML_AS_IS] = true; /* what the others are compared with */
    settings->n_splits = (unsigned)options->downstream_splits;
    return FDML_OK;
}

/* The metric by whose values slices are judged. */
static fdml_status find_slice_metric(size_t *metric, const fdml_audit_settings *settings,
                                     const char *name, fdml_error *err)
{
    size_t first = settings->n_metrics;
    for (size_t m = settings->n_metrics; m-- > 0;) {
        const fdml_metric *one = &settings->metrics[m];
        const bool is_mean = one->kind == FDML_KIND_MEAN;
        if (is_mean) first = m;
        if (strcmp(one->key, name ? name : "recall_at_1") != 0) continue;
        *metric = m;
        if (is_mean) return FDML_OK;
        return fdml_fail(err, FDML_E_ARG, "slice-metric: %s is no mean over queries", name);
    }
    if (name)
        return fdml_fail(err, FDML_E_ARG, "slice-metric: '%.64s' is not among the metrics",
                         name);
    if (first == settings->n_metrics)
        return fdml_fail(err, FDML_E_ARG,
                         "find-slices: no metric of queries is asked for, such as recall_at_1");
    *metric = first;
    return FDML_OK;
}

static fdml_status choose_slices(fdml_audit_settings *settings,
                                 const fdml_audit_options *options, fdml_arena *arena,
                                 fdml_error *err)
{
    const double alpha = 1 - options->confidence;
    fdml_slice_settings *slices = &settings->slices;
    const fdml_counts *clusters = &options->slice_clusters;
    uint32_t *list = fdml_arena_push(arena, clusters->n, sizeof *list);
    if (!list) return fdml_fail(err, FDML_E_NOMEM, "no memory for the clusters");
    memcpy(list, clusters->item, clusters->n * sizeof *list);
    settings->with_slices = options->find_slices;
    *slices = (fdml_slice_settings){
        .depth = (unsigned)options->slice_depth,
        .min_rows = options->slice_min_rows,
        .clusters = list,
        .n_clusters = clusters->n,
        .are_usual_clusters = is_same_list(clusters, &fdml_audit_defaults.slice_clusters),
    };
    if (!options->find_slices) return FDML_OK;
    if (slices->n_clusters > FDML_SLICE_MOST_CLUSTERINGS)
        return fdml_fail(err, FDML_E_ARG, "slice-clusters: %zu numbers, the limit is %d",
                         slices->n_clusters, FDML_SLICE_MOST_CLUSTERINGS);
    if (alpha * (double)(settings->n_permutations + 1) * (1 + 1e-12) < 1)
        return fdml_fail(err, FDML_E_ARG,
                         "find-slices: with %zu permutations no p is below %g; give %.0f at "
                         "least",
                         settings->n_permutations, alpha, ceil(1 / alpha * (1 - 1e-12)) - 1);
    return find_slice_metric(&slices->metric, settings, options->slice_metric, err);
}

/* "a,b"; NULL: no memory. */
static const char *join(const fdml_texts *texts, fdml_arena *arena)
{
    size_t size = 1;
    for (size_t i = 0; i < texts->n; i++) size += strlen(texts->item[i]) + 1;
    char *text = fdml_arena_push_zero(arena, size, 1);
    for (size_t i = 0; text && i < texts->n; i++) {
        if (i) strcat(text, ",");
        strcat(text, texts->item[i]);
    }
    return text;
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The list of metrics, still to be changed. */
static fdml_status parse_metrics(fdml_audit_settings *settings, fdml_metric **list,
                                 const fdml_audit_options *options, fdml_arena *arena,
                                 fdml_error *err)
{
    const char *spec = options->metrics.n ? join(&options->metrics, arena) : "findml";
    const fdml_metric *parsed;
    if (!spec) return fdml_fail(err, FDML_E_NOMEM, "no memory for the metrics");
    fdml_metric_parts parts;
    FDML_TRY(fdml_metrics_parse(&parsed, &settings->n_metrics, &parts, spec, options->ks.item,
                                options->ks.n, options->convention, arena, err));
    settings->with_verification = parts.verification;
    settings->with_leakage = parts.leakage;
    settings->with_downstream = parts.downstream;
    *list = fdml_arena_push(arena, settings->n_metrics, sizeof **list);
    if (!*list) return fdml_fail(err, FDML_E_NOMEM, "no memory for the metrics");
    memcpy(*list, parsed, settings->n_metrics * sizeof **list);
    settings->metrics = *list;
    return FDML_OK;
}

/* Usually a thousand; where many gaps are tested at once, as many as their correction needs. */
static size_t count_permutations(const fdml_audit_options *options,
                                 const fdml_audit_settings *settings,
                                 const fdml_problem *problem)
{
    enum { USUALLY = 1000 };
    if (options->n_permutations != FDML_PERMUTATIONS_USUAL) return options->n_permutations;
    const size_t n_tested = fdml_groupings_count(problem, settings->with_intersections) - 1;
    const size_t need =
        fdml_permutations_for(settings->n_metrics * n_tested, 1 - settings->confidence);
    return need > USUALLY ? need : USUALLY;
}

fdml_status fdml_audit_settings_make(fdml_audit_settings *settings,
                                     const fdml_audit_options *options,
                                     const fdml_problem *problem, const char *path,
                                     fdml_arena *arena, fdml_error *err)
{
    fdml_metric *metrics;
    double *targets = fdml_arena_push(arena, options->fmr.n, sizeof *targets);
    if (!targets) return fdml_fail(err, FDML_E_NOMEM, "no memory for the false match rates");
    memcpy(targets, options->fmr.item, options->fmr.n * sizeof *targets);
    qsort(targets, options->fmr.n, sizeof *targets, descending);
    fdml_audit_settings made = {
        .convention = (fdml_convention)options->convention,
        .with_intersections = options->intersections,
        .reference = options->reference,
        .min_group = options->min_group,
        .n_bootstrap = options->n_bootstrap,
        .confidence = options->confidence,
        .unit = (fdml_unit)options->unit,
        .seed = options->seed,
        .alignment_power = (unsigned)options->alignment_power,
        .kmeans_iterations = (unsigned)options->kmeans_iterations,
        .kmeans_redo = (unsigned)options->kmeans_redo,
        .fmr_targets = targets,
        .n_fmr_targets = options->fmr.n,
        .path = path,
    };
    FDML_TRY(parse_metrics(&made, &metrics, options, arena, err));
    FDML_TRY(parse_downstream(&made.downstream, options, err));
    FDML_TRY(limit_ks(metrics, &made.n_metrics, &options->ks, problem,
                      path ? path : "embeddings", err));
    FDML_TRY(check_reference(options->reference, problem, err));
    made.n_permutations = count_permutations(options, &made, problem);
    FDML_TRY(choose_slices(&made, options, arena, err));
    *settings = made;
    return FDML_OK;
}

fdml_status fdml_audit_set_memory(fdml_machine *machine, const fdml_problem *problem,
                                  const fdml_audit_settings *settings, size_t used,
                                  size_t max_memory, fdml_error *err)
{
    fdml_audit_cost cost;
    fdml_audit_estimate(&cost, problem, settings, machine);
    if (used + cost.bytes_least > max_memory) {
        char need[32], limit[32];
        fdml_size_print_above(need, limit, (double)(used + cost.bytes_least),
                              (double)max_memory);
        return fdml_fail(err, FDML_E_LIMIT, "max-memory: %s is too little; this audit needs %s",
                         limit, need);
    }
    machine->memory_limit = max_memory - used - cost.bytes_kept;
    return FDML_OK;
}
