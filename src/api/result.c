/* result.c - runs the audit, and looks numbers up in what it found.
 *
 * A result outlives its data set, so names and groups are copied before the audit, whose
 * result points to them. The JSON is made at once: afterwards nothing changes any more, and
 * any number of threads may read.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>
#include <time.h>

#include "api/handles.h"
#include "base/parallel.h"
#include "base/text_file.h"
#include "eval/report.h"
#include "eval/result_hash.h"

struct fdml_result {
    fdml_arena arena;
    fdml_problem problem; /* x, codes and flags are gone after the audit */
    fdml_factor label, exclude, attribute[FDML_MAX_ATTRIBUTES];
    fdml_audit_settings settings;
    fdml_audit_result audit;
    const char *json;
    char sha256[FDML_SHA256_HEX];
};

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the result");
}

/* --- the audit ------------------------------------------------------------------------ */

static fdml_status copy_name(fdml_factor *copy, const fdml_factor *column, fdml_arena *arena,
                             fdml_error *err)
{
    *copy = *column;
    copy->name = fdml_arena_copy_text(arena, column->name, strlen(column->name));
    return copy->name ? FDML_OK : no_memory(err);
}

/* The levels of the label are not copied: a result names none of them. */
static fdml_status make_problem(fdml_result *result, const fdml_dataset *dataset,
                                const fdml_options *options, fdml_error *err)
{
    fdml_arena *arena = &result->arena;
    if (!dataset->label.name)
        return fdml_fail(err, FDML_E_ARG, "the data set has no label to retrieve by");
    FDML_TRY(copy_name(&result->label, &dataset->label, arena, err));
    if (dataset->exclude.name)
        FDML_TRY(copy_name(&result->exclude, &dataset->exclude, arena, err));
    for (size_t i = 0; i < dataset->n_attributes; i++) {
        FDML_TRY(copy_name(&result->attribute[i], &dataset->attribute[i], arena, err));
        FDML_TRY(fdml_factor_keep_levels(&result->attribute[i], arena, err));
    }
    result->problem =
        (fdml_problem){ .x = dataset->rows,
                        .n_rows = dataset->n_rows,
                        .dim = dataset->dim,
                        .distance = (fdml_distance)options->audit.distance,
                        .label = &result->label,
                        .attributes = result->attribute,
                        .n_attributes = dataset->n_attributes,
                        .is_query = dataset->is_query,
                        .is_gallery = dataset->is_gallery,
                        .exclude = dataset->exclude.name ? &result->exclude : NULL };
    return FDML_OK;
}

static fdml_status make_machine(fdml_machine *machine, const fdml_options *options,
                                fdml_error *err)
{
    const fdml_kernels *kernels = fdml_kernels_best();
    if (!kernels)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "fdml needs a CPU with AVX2 and FMA (x86) or any 64-bit ARM");
    if (options->isa) kernels = fdml_kernels_find(options->isa);
    if (!kernels)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "isa: '%.60s' does not run here",
                         options->isa);
    *machine = (fdml_machine){ .kernels = kernels,
                               .n_threads = options->n_threads ? (int)options->n_threads
                                                               : fdml_threads_default(),
                               .progress = &options->progress };
    return FDML_OK;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static fdml_status write_json(fdml_result *result, const fdml_machine *machine, double seconds,
                              fdml_error *err)
{
    const fdml_problem *problem = &result->problem;
    fdml_report_input input = { .role = "embeddings",
                                .path = "memory",
                                .n_rows = problem->n_rows,
                                .dim = problem->dim,
                                .dtype = "f4" };
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    fdml_sha256_update(&sha, problem->x, problem->n_rows * problem->dim * sizeof *problem->x);
    fdml_sha256_final(&sha, input.sha256);
    fdml_report report = { .result = &result->audit,
                           .problem = problem,
                           .inputs = &input,
                           .n_inputs = 1,
                           .query = problem->is_query ? "query" : NULL,
                           .gallery = problem->is_gallery ? "gallery" : NULL,
                           .exclude_same = result->exclude.name,
                           .version = fdml_version(),
                           .commit = fdml_commit(),
                           .isa = machine->kernels->isa,
                           .n_threads = machine->n_threads,
                           .seconds = seconds };
    fdml_result_hash(result->sha256, &result->audit);
    memcpy(report.result_sha256, result->sha256, sizeof report.result_sha256);
    fdml_text_file text;
    FDML_TRY(fdml_text_file_open(&text, err));
    const fdml_status status = fdml_report_json(text.file, &report, &result->arena, err);
    if (!status) return fdml_text_file_close(&text, &result->json, &result->arena, err);
    fdml_text_file_close(&text, NULL, NULL, NULL);
    return status;
}

static fdml_status run(fdml_result *result, const fdml_dataset *dataset,
                       const fdml_options *options, fdml_error *err)
{
    fdml_machine machine;
    fdml_arena *arena = &result->arena;
    fdml_audit_options asked = options->audit;
    FDML_TRY(make_machine(&machine, options, err));
    FDML_TRY(make_problem(result, dataset, options, err));
    asked.reference = fdml_arena_copy_text(arena, asked.reference, strlen(asked.reference));
    if (!asked.reference) return no_memory(err);
    FDML_TRY(fdml_audit_settings_make(&result->settings, &asked, &result->problem, NULL, arena,
                                      err));
    if (options->max_memory)
        FDML_TRY(fdml_audit_set_memory(&machine, &result->problem, &result->settings,
                                       dataset->arena.used + arena->used, options->max_memory,
                                       err));
    const double start = now();
    FDML_TRY(
        fdml_audit(&result->audit, &result->problem, &result->settings, &machine, arena, err));
    return write_json(result, &machine, now() - start, err);
}

fdml_status fdml_dataset_audit(fdml_result **result, const fdml_dataset *dataset,
                               const fdml_options *options, fdml_error *err)
{
    fdml_options defaults;
    fdml_arena arena;
    fdml_options_init(&defaults);
    fdml_arena_init(&arena, 0);
    fdml_result *made = fdml_arena_push_zero(&arena, 1, sizeof *made);
    if (!made) return no_memory(err);
    made->arena = arena;
    const fdml_status status = run(made, dataset, options ? options : &defaults, err);
    if (status)
        fdml_result_free(made);
    else
        *result = made;
    return status;
}

void fdml_result_free(fdml_result *result)
{
    if (!result) return;
    fdml_arena arena = result->arena; /* the handle lies in it */
    fdml_arena_close(&arena);
}

/* --- numbers -------------------------------------------------------------------------- */

static fdml_value value_of(const fdml_estimate *e)
{
    return (fdml_value){ e->value, e->lo, e->hi, e->n, e->why };
}

static bool is_same(const char *a, const char *b)
{
    return !strcmp(a, b ? b : "");
}

static fdml_status find_metric(size_t *m, const fdml_result *result, const char *key,
                               fdml_error *err)
{
    const fdml_audit_settings *settings = &result->settings;
    for (*m = 0; *m < settings->n_metrics; ++*m)
        if (is_same(settings->metrics[*m].key, key)) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "the result has no metric '%.60s'", key ? key : "");
}

static const fdml_group_result *find_group(const fdml_result *result, const char *by,
                                           const char *value, fdml_error *err)
{
    for (size_t g = 0; g < result->audit.n_groups; g++) {
        const fdml_group_result *group = &result->audit.groups[g];
        if (is_same(group->by, by) && is_same(group->value, value)) return group;
    }
    fdml_fail(err, FDML_E_ARG, "the result has no group '%.60s' by '%.60s'", value ? value : "",
              by ? by : "");
    return NULL;
}

/* Numbers of verification that are no metric; NULL: it is none. */
static const fdml_estimate *find_verification(const fdml_result *result, const char *key)
{
    const fdml_verification_result *v = &result->audit.verification;
    if (!v->given) return NULL;
    if (is_same("eer", key)) return &v->eer;
    if (is_same("auc", key)) return &v->auc;
    return is_same("accuracy", key) ? &v->accuracy : NULL;
}

/* Numbers of leakage, which are of an attribute; NULL: it is none. */
static const fdml_estimate *find_leakage(const fdml_result *result, const char *key,
                                         const char *by)
{
    for (size_t i = 0; i < result->audit.n_leakage; i++) {
        const fdml_leakage_result *l = &result->audit.leakage[i];
        if (!is_same(l->by, by)) continue;
        if (is_same("leakage_logistic", key)) return &l->logistic;
        if (is_same("leakage_knn", key)) return &l->knn;
    }
    return NULL;
}

/* Whether `key` is CLASSIFIER.PROTOCOL.MEASURE, perhaps @TARGET, of this result. */
static bool is_learned(const char *key, const fdml_downstream_result *d,
                       const fdml_learned_result *l, size_t m)
{
    char own[FDML_LEARNED_KEY];
    fdml_learned_key(own, l->classifier, l->protocol, (fdml_learned_measure)m);
    const size_t n = strlen(own);
    if (!key || strncmp(key, own, n) != 0) return false;
    return !key[n] || (key[n] == '@' && !strcmp(key + n + 1, d->target));
}

/* The training and measure of downstream that `key` names, of the attribute `by` (NULL: any);
 * NULL: there is none. */
static const fdml_learned_result *find_learned(const fdml_downstream_result **of, size_t *m,
                                               const fdml_result *result, const char *key,
                                               const char *by)
{
    for (size_t i = 0; i < result->audit.n_downstream; i++) {
        const fdml_downstream_result *d = *of = &result->audit.downstream[i];
        if (by && !is_same(d->by, by)) continue;
        for (size_t k = 0; k < d->n_learned; k++)
            for (*m = 0; *m < FDML_L_MEASURES; ++*m)
                if (is_learned(key, d, &d->learned[k], *m)) return &d->learned[k];
    }
    return NULL;
}

static const fdml_estimate *find_downstream(const fdml_result *result, const char *key,
                                            const char *by, const char *group)
{
    const fdml_downstream_result *d;
    size_t m;
    const fdml_learned_result *l = find_learned(&d, &m, result, key, by);
    if (!l || !group) return l ? &l->all.value[m] : NULL;
    for (size_t g = 0; g < d->n_groups; g++)
        if (is_same(d->value[g], group)) return &l->groups[g].value[m];
    return NULL;
}

fdml_status fdml_result_value(fdml_value *value, const fdml_result *result, const char *metric,
                              const char *by, const char *group, fdml_error *err)
{
    const bool is_overall = !by && !group;
    const fdml_estimate *found = is_overall ? find_verification(result, metric) : NULL;
    if (by && !group) found = find_leakage(result, metric, by);
    if (!found) found = find_downstream(result, metric, by, group);
    if (!found) {
        size_t m;
        FDML_TRY(find_metric(&m, result, metric, err));
        const fdml_group_result *g = is_overall ? NULL : find_group(result, by, group, err);
        if (!g && !is_overall) return FDML_E_ARG;
        found = is_overall ? &result->audit.overall[m] : &g->metrics[m];
    }
    *value = value_of(found);
    return FDML_OK;
}

fdml_status fdml_result_versus(fdml_value *value, const fdml_result *result, const char *metric,
                               const char *by, const char *group, fdml_error *err)
{
    size_t m;
    FDML_TRY(find_metric(&m, result, metric, err));
    const fdml_group_result *found = find_group(result, by, group, err);
    if (!found) return FDML_E_ARG;
    *value = value_of(&found->versus[m]);
    return FDML_OK;
}

static fdml_gap gap_of(const fdml_gap_result *found)
{
    return (fdml_gap){ .difference = value_of(&found->difference),
                       .ratio = value_of(&found->ratio),
                       .best = found->best,
                       .worst = found->worst,
                       .p = found->p,
                       .p_holm = found->p_holm,
                       .p_method = found->p_method };
}

fdml_status fdml_result_gap(fdml_gap *gap, const fdml_result *result, const char *metric,
                            const char *by, fdml_error *err)
{
    const fdml_downstream_result *d;
    size_t m;
    const fdml_learned_result *learned = by ? find_learned(&d, &m, result, metric, by) : NULL;
    if (learned) {
        *gap = gap_of(&learned->gap[m]);
        return FDML_OK;
    }
    FDML_TRY(find_metric(&m, result, metric, err));
    for (size_t i = 0; i < result->audit.n_gaps; i++) {
        const fdml_gap_result *found = &result->audit.gaps[i];
        if (found->metric != m || !is_same(found->by, by)) continue;
        *gap = gap_of(found);
        return FDML_OK;
    }
    return fdml_fail(err, FDML_E_ARG, "the result has no groups by '%.60s'", by ? by : "");
}

const char *fdml_result_metric(const fdml_result *result, size_t index)
{
    return index < result->settings.n_metrics ? result->settings.metrics[index].key : NULL;
}

int fdml_result_group(fdml_group *group, const fdml_result *result, size_t index)
{
    if (index >= result->audit.n_groups) return 0;
    const fdml_group_result *found = &result->audit.groups[index];
    *group = (fdml_group){ .by = found->by,
                           .value = found->value,
                           .n_rows = found->n_rows,
                           .n_queries = found->n,
                           .n_lone = found->n_lone };
    return 1;
}

const char *fdml_result_warning(const fdml_result *result, size_t index)
{
    return index < result->audit.n_warnings ? result->audit.warnings[index] : NULL;
}

void fdml_result_totals(fdml_totals *totals, const fdml_result *result)
{
    const fdml_audit_result *audit = &result->audit;
    *totals = (fdml_totals){ .n_rows = audit->n_rows,
                             .n_queries = audit->n_queries,
                             .n_gallery = audit->n_gallery,
                             .n_classes = audit->n_classes,
                             .n_lone = audit->n_lone };
}

const char *fdml_result_json(const fdml_result *result)
{
    return result->json;
}

const char *fdml_result_sha256(const fdml_result *result)
{
    return result->sha256;
}
