/* audit_slices.c - an audit's queries and columns, made ready for the search for slices.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/audit_slices.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/kmeans.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for slices");
}

/* --- queries ---------------------------------------------------------------------------- */

enum { SIZE_BINS = 2 * 33 };

/* Classes of like size: 1, 2, 3, 4-5, 6-7, 8-11, 12-15, 16-23 ... */
static size_t size_bin(size_t n)
{
    size_t log2 = 0;
    while (n >> (log2 + 1)) log2++;
    return 2 * log2 + (log2 && (n >> (log2 - 1) & 1));
}

typedef struct numbering {
    slice_data *data;
    float *loss;
    uint32_t *class_of, *row, *block, *stratum;
} numbering;

static void add_class(numbering *q, const slice_input *input, size_t class)
{
    const audit_state *state = input->state;
    slice_data *data = q->data;
    const size_t metric = state->settings->slices.metric, before = data->n;
    for (uint32_t i = state->class_begin[class]; i < state->class_begin[class + 1]; i++) {
        const uint32_t row = state->by_class[i];
        if (!audit_is_valid(state, row)) continue;
        const double value = fdml_stored_value(&state->store, metric, audit_place(state, row));
        q->loss[data->n] = (float)(1 - value);
        q->class_of[data->n] = (uint32_t) class;
        q->row[data->n++] = row;
        if (!state->is_class_unit) q->block[data->n_blocks++] = (uint32_t)data->n - 1;
    }
    if (state->is_class_unit && data->n > before) q->block[data->n_blocks++] = (uint32_t)before;
}

/* Class after class in order of size_bin; each bin is a stratum. */
static void number_queries(numbering *q, const slice_input *input, const uint32_t *size)
{
    const audit_state *state = input->state;
    slice_data *data = q->data;
    const size_t n_classes = state->problem->label->n_levels;
    for (size_t bin = 0; bin < SIZE_BINS; bin++) {
        const size_t before = data->n_blocks;
        for (size_t c = 0; c < n_classes; c++)
            if (size[c] && size_bin(size[c]) == bin) add_class(q, input, c);
        const bool is_new = state->is_class_unit ? data->n_blocks > before : bin == 0;
        if (is_new) q->stratum[data->n_strata++] = (uint32_t)before;
    }
    q->stratum[data->n_strata] = (uint32_t)data->n_blocks;
    q->block[data->n_blocks] = (uint32_t)data->n;
}

static void describe_loss(slice_data *data)
{
    const double n = (double)data->n;
    double square = 0, cube = 0;
    for (size_t i = 0; i < data->n; i++) data->mean += (double)data->loss[i] / n;
    for (size_t i = 0; i < data->n; i++) {
        const double d = (double)data->loss[i] - data->mean;
        square += d * d / n;
        cube += d * d * d / n;
    }
    data->deviation = sqrt(square);
    data->skewness = square > 0 ? cube / (square * data->deviation) : 0;
}

static fdml_status make_queries(slice_input *input, fdml_error *err)
{
    const audit_state *state = input->state;
    slice_data *data = &input->data;
    const size_t most = state->findings.n_queries, n_classes = state->problem->label->n_levels;
    fdml_arena *arena = state->scratch;
    uint32_t *size = fdml_arena_push_zero(arena, n_classes, sizeof *size);
    numbering q = { .data = data,
                    .loss = fdml_arena_push(arena, most, sizeof(float)),
                    .class_of = fdml_arena_push(arena, most, sizeof(uint32_t)),
                    .row = fdml_arena_push(arena, most, sizeof(uint32_t)),
                    .block = fdml_arena_push(arena, most + 1, sizeof(uint32_t)),
                    .stratum = fdml_arena_push(arena, SIZE_BINS + 1, sizeof(uint32_t)) };
    if (!size || !q.loss || !q.class_of || !q.row || !q.block || !q.stratum)
        return no_memory(err);
    for (size_t i = 0; i < state->problem->n_rows; i++)
        if (audit_is_valid(state, (uint32_t)i)) size[state->problem->label->code[i]]++;
    number_queries(&q, input, size);
    data->loss = q.loss;
    data->class_of = q.class_of;
    data->row = q.row;
    data->block = q.block;
    data->stratum = q.stratum;
    if (data->n) describe_loss(data);
    return FDML_OK;
}

/* --- columns ---------------------------------------------------------------------------- */

size_t fdml_audit_slice_columns(const fdml_factor **column, const fdml_problem *problem)
{
    *column = problem->n_slice_columns ? problem->slice_columns : problem->attributes;
    return problem->n_slice_columns ? problem->n_slice_columns : problem->n_attributes;
}

static fdml_status check_columns(const fdml_factor *factor, size_t n, fdml_error *err)
{
    if (n > FDML_SLICE_MOST_COLUMNS)
        return fdml_fail(err, FDML_E_LIMIT, "slices: %zu columns, the limit is %d", n,
                         FDML_SLICE_MOST_COLUMNS);
    for (size_t c = 0; c < n; c++)
        if (factor[c].n_levels > FDML_SLICE_MOST_LEVELS)
            return fdml_fail(err, FDML_E_LIMIT,
                             "slices: column %s has %zu values, the limit is %d",
                             factor[c].name, factor[c].n_levels, FDML_SLICE_MOST_LEVELS);
    return FDML_OK;
}

/* The classes that have queries, in the order of these. Returns how many. */
static size_t list_classes(uint32_t *class, const slice_data *data)
{
    size_t n = 0;
    for (size_t i = 0; i < data->n; i++)
        if (!i || data->class_of[i] != data->class_of[i - 1]) class[n++] = data->class_of[i];
    return n;
}

/* Clusters that could not all have enough classes are left out of a list that nobody gave. */
static size_t count_clusters(uint32_t *k, const fdml_slice_settings *settings, size_t n_classes)
{
    size_t n = 0;
    for (size_t i = 0; i < settings->n_clusters; i++) {
        const bool is_few = settings->clusters[i] > n_classes / FDML_SLICE_LEAST_CLASSES;
        if (settings->clusters[i] > 1 && !(is_few && settings->are_usual_clusters))
            k[n++] = settings->clusters[i];
    }
    return n;
}

/* Cells of one cluster column. */
static fdml_status add_clusters(slice_input *input, uint16_t *cell, float *centre,
                                size_t column, const uint32_t *class, size_t n_classes,
                                const float *mean, fdml_error *err)
{
    const slice_data *data = &input->data;
    const uint32_t k = (uint32_t)data->column[column].n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(input->state->scratch);
    uint32_t *of = fdml_arena_push(input->state->scratch, n_classes, sizeof *of);
    if (!of) return no_memory(err);
    if (k > n_classes)
        return fdml_fail(err, FDML_E_ARG, "slice-clusters: %u clusters of %zu classes", k,
                         n_classes);
    FDML_TRY(fdml_slice_cluster(of, centre, input->state, mean, n_classes, k, err));
    for (size_t i = 0, c = 0; i < data->n; i++) {
        c += data->class_of[i] != class[c];
        cell[i * data->n_columns + column] = (uint16_t)(data->first[column] + of[c]);
    }
    fdml_arena_reset(input->state->scratch, mark);
    return FDML_OK;
}

static fdml_status fill_clusters(slice_input *input, uint16_t *cell, fdml_error *err)
{
    audit_state *state = input->state;
    const slice_data *data = &input->data;
    const size_t dim = state->problem->dim;
    const uint32_t first = data->first[data->n_crossed];
    if (data->n_columns == data->n_crossed) return FDML_OK;
    float *centre = fdml_arena_push(
        state->scratch, (data->first[data->n_columns] - first) * dim, sizeof *centre);
    uint32_t *class = fdml_arena_push(state->scratch, data->n, sizeof *class);
    if (!centre || !class) return no_memory(err);
    const size_t n_classes = list_classes(class, data);
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    float *mean = fdml_arena_push(state->scratch, n_classes * dim, sizeof *mean);
    if (!mean) return no_memory(err);
    FDML_TRY(fdml_slice_class_means(mean, state, class, n_classes, err));
    for (size_t c = data->n_crossed; c < data->n_columns; c++)
        FDML_TRY(add_clusters(input, cell, centre + (data->first[c] - first) * dim, c, class,
                              n_classes, mean, err));
    fdml_arena_reset(state->scratch, mark);
    input->centre = centre;
    return FDML_OK;
}

static fdml_status make_columns(slice_input *input, fdml_error *err)
{
    audit_state *state = input->state;
    const fdml_slice_settings *settings = &state->settings->slices;
    slice_data *data = &input->data;
    const fdml_factor *factor;
    uint32_t k[FDML_SLICE_MOST_CLUSTERINGS];
    size_t n_classes = 0;
    for (size_t i = 0; i < data->n; i++)
        n_classes += !i || data->class_of[i] != data->class_of[i - 1];
    data->n_crossed = fdml_audit_slice_columns(&factor, state->problem);
    data->n_columns = data->n_crossed + count_clusters(k, settings, n_classes);
    FDML_TRY(check_columns(factor, data->n_crossed, err));
    fdml_arena *arena = state->scratch;
    slice_column *column = fdml_arena_push(arena, data->n_columns, sizeof *column);
    uint32_t *first = fdml_arena_push_zero(arena, data->n_columns + 1, sizeof *first);
    uint16_t *cell = fdml_arena_push(arena, data->n * data->n_columns, sizeof *cell);
    if (!column || !first || !cell) return no_memory(err);
    for (size_t c = 0; c < data->n_columns; c++) {
        column[c] = c < data->n_crossed
                        ? (slice_column){ factor[c].name, factor[c].level, factor[c].n_levels }
                        : (slice_column){ "cluster", NULL, k[c - data->n_crossed] };
        first[c + 1] = first[c] + (uint32_t)column[c].n_levels;
    }
    if (first[data->n_columns] > UINT16_MAX)
        return fdml_fail(err, FDML_E_LIMIT,
                         "slices: %zu columns have %u values, the limit is %d", data->n_columns,
                         first[data->n_columns], UINT16_MAX);
    for (size_t i = 0; i < data->n; i++)
        for (size_t c = 0; c < data->n_crossed; c++)
            cell[i * data->n_columns + c] = (uint16_t)(first[c] + factor[c].code[data->row[i]]);
    data->column = column;
    data->first = first;
    data->cell = cell;
    return fill_clusters(input, cell, err);
}

/* --- all of it -------------------------------------------------------------------------- */

/* Why there is nothing to search; NULL: there is. */
static const char *reason(const slice_data *data)
{
    if (data->n < 2) return "fewer than two queries have a possible match";
    if (!data->n_columns) return "there is no column to make slices of";
    if (data->deviation <= 0) return "all queries have the same value";
    return NULL;
}

fdml_status fdml_audit_slices(fdml_audit_result *result, audit_state *state, fdml_error *err)
{
    fdml_slices_result *made = fdml_arena_push_zero(state->arena, 1, sizeof *made);
    if (!made) return no_memory(err);
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    slice_input input = { .state = state };
    slice_search search = { .critical = INFINITY };
    FDML_TRY(make_queries(&input, err));
    FDML_TRY(make_columns(&input, err));
    made->metric = state->settings->slices.metric;
    made->n_columns = input.data.n_crossed;
    made->n_queries = input.data.n;
    made->detectable_least = made->detectable_most = made->critical = NAN;
    made->closest_difference = made->closest_p = NAN;
    made->why = reason(&input.data);
    if (!made->why) {
        FDML_TRY(fdml_slice_search(&search, &input.data, state->settings,
                                   audit_stream_id(STREAM_SLICES, 0, 0), state->machine,
                                   state->scratch, err));
        if (!search.n_tried) made->why = "no slice has enough queries and classes to be tested";
        FDML_TRY(fdml_slice_report(made, &search, &input, err));
    }
    fdml_arena_reset(state->scratch, mark);
    result->slices = made;
    return FDML_OK;
}

/* --- what it costs ---------------------------------------------------------------------- */

/* One addition of sixteen sums takes as long as so many multiply-adds of a gemm. */
enum { WORK_OF_ADDITION = 64 };

/* Sets of up to `depth` of n columns but the last: each is gone through once a pass. */
static double sets_of(size_t n, unsigned depth)
{
    double sum = 0, one = 1;
    for (unsigned d = 1; d <= depth && d <= n; d++) {
        one = one * (double)(n - d + 1) / d;
        sum += one;
    }
    return sum;
}

/* Columns before there are queries, and what their clusters take. */
typedef struct slice_shape {
    slice_data data;
    slice_column column[FDML_SLICE_MOST_COLUMNS + FDML_SLICE_MOST_CLUSTERINGS];
    uint32_t first[FDML_SLICE_MOST_COLUMNS + FDML_SLICE_MOST_CLUSTERINGS + 1];
    size_t of_centres, of_kmeans; /* bytes: kept, and of the largest k-means */
    double work;                  /* multiply-adds of all of them */
} slice_shape;

static void add_kmeans(slice_shape *shape, uint32_t k, const fdml_problem *problem,
                       const fdml_audit_settings *settings, const fdml_machine *machine)
{
    const size_t n_classes = problem->label->n_levels;
    const fdml_problem means = { .n_rows = n_classes, .dim = problem->dim };
    const fdml_kmeans kmeans = { .k = k,
                                 .n_iterations = settings->kmeans_iterations,
                                 .n_redo = settings->kmeans_redo };
    const size_t own = fdml_kmeans_size(&means, k, machine->n_threads) +
                       n_classes * (problem->dim + 1) * sizeof(float);
    double seeding;
    shape->work += fdml_kmeans_work(&seeding, &kmeans, n_classes, problem->dim);
    shape->of_centres += k * problem->dim * sizeof(float);
    if (own > shape->of_kmeans) shape->of_kmeans = own;
}

/* False: there are too many columns, which will be refused. */
static bool make_shape(slice_shape *shape, const fdml_problem *problem,
                       const fdml_audit_settings *settings, const fdml_machine *machine)
{
    const fdml_factor *factor;
    uint32_t k[FDML_SLICE_MOST_CLUSTERINGS];
    *shape = (slice_shape){ .data = { .n = problem->n_rows } };
    slice_data *data = &shape->data;
    data->column = shape->column;
    data->first = shape->first;
    data->n_crossed = fdml_audit_slice_columns(&factor, problem);
    if (data->n_crossed > FDML_SLICE_MOST_COLUMNS) return false;
    data->n_columns =
        data->n_crossed + count_clusters(k, &settings->slices, problem->label->n_levels);
    for (size_t c = 0; c < data->n_columns; c++) {
        const bool is_cluster = c >= data->n_crossed;
        const size_t n = is_cluster ? k[c - data->n_crossed] : factor[c].n_levels;
        shape->column[c].n_levels = n;
        shape->first[c + 1] = shape->first[c] + (uint32_t)n;
        if (is_cluster) add_kmeans(shape, (uint32_t)n, problem, settings, machine);
    }
    return true;
}

double fdml_audit_slices_cost(size_t *bytes, const fdml_problem *problem,
                              const fdml_audit_settings *settings, const fdml_machine *machine)
{
    slice_shape shape;
    *bytes = 0;
    if (!settings->with_slices || !make_shape(&shape, problem, settings, machine)) return 0;
    const slice_data *data = &shape.data;
    const double n_passes = (double)(settings->n_permutations + SLICE_LANES - 1) / SLICE_LANES;
    const double sets = sets_of(data->n_crossed, settings->slices.depth) +
                        (double)(data->n_columns - data->n_crossed);
    const size_t of_queries = data->n_columns * sizeof(uint16_t) + 5 * sizeof(uint32_t);
    const size_t of_features =
        fdml_feature_stride(2 * (FDML_SLICE_MOST_FINDINGS + 1)) * sizeof(double);
    const size_t searching = fdml_slice_search_size(data, settings, machine) +
                             (data->n + settings->n_bootstrap) * of_features;
    *bytes = shape.of_centres + data->n * of_queries +
             problem->label->n_levels * sizeof(uint32_t) +
             (searching > shape.of_kmeans ? searching : shape.of_kmeans);
    return shape.work + n_passes * sets * (double)data->n * WORK_OF_ADDITION;
}
