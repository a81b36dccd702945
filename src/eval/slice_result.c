/* slice_result.c - findings of the search with everything that is said of them.
 *
 * Intervals draw blocks (classes, or queries) with replacement and know nothing of the search:
 * they are for a slice that somebody had asked for. That it was searched for is in p_search.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/audit_slices.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for what slices are");
}

/* One finding while it is described. */
typedef struct finding {
    const slice_search *search;
    const slice_input *input;
    uint32_t slice, cells[FDML_SLICE_MOST_DEPTH];
    size_t n_cells;
} finding;

static finding finding_of(const slice_search *search, const slice_input *input, uint32_t slice)
{
    finding f = { .search = search, .input = input, .slice = slice };
    f.n_cells = fdml_slice_cells(f.cells, &search->lattice, slice);
    return f;
}

static bool has(const finding *f, size_t query)
{
    return fdml_slice_has(&f->search->lattice, f->cells, f->n_cells, query);
}

static size_t column_of(const slice_data *data, uint32_t cell)
{
    size_t c = 0;
    while (data->first[c + 1] <= cell) c++;
    return c;
}

/* --- names ------------------------------------------------------------------------------ */

/* Adds "column=value", or "cluster 7 of 16"; with text NULL only counts. Returns the length. */
static size_t put_condition(char *text, size_t size, const slice_data *data, uint32_t cell)
{
    const size_t c = column_of(data, cell);
    const slice_column *column = &data->column[c];
    const uint32_t level = cell - data->first[c];
    const int n = column->level
                      ? snprintf(text, size, "%s=%s", column->name, column->level[level])
                      : snprintf(text, size, "cluster %u of %zu", level + 1, column->n_levels);
    return n < 0 ? 0 : (size_t)n;
}

/* NULL: no memory. */
static const char *name_of(const finding *f)
{
    static const char link[] = " & ";
    const slice_data *data = &f->input->data;
    size_t size = 1;
    for (size_t i = 0; i < f->n_cells; i++)
        size += put_condition(NULL, 0, data, f->cells[i]) + sizeof link;
    char *text = fdml_arena_push_zero(f->input->state->arena, size, 1);
    for (size_t i = 0, used = 0; text && i < f->n_cells; i++) {
        if (i) used += (size_t)snprintf(text + used, size - used, "%s", link);
        used += put_condition(text + used, size - used, data, f->cells[i]);
    }
    return text;
}

static bool is_same(const finding *a, const finding *b)
{
    const slice_data *data = &a->input->data;
    for (size_t i = 0; i < data->n; i++)
        if (has(a, i) != has(b, i)) return false;
    return true;
}

enum { NAMED = FDML_SLICE_MOST_NAMED };

/* Names the slices that the finding explains, those of the largest z first. */
static fdml_status name_explained(fdml_slice *slice, const finding *f, fdml_error *err)
{
    const slice_lattice *lattice = &f->search->lattice;
    uint32_t best[NAMED];
    size_t n = 0;
    for (uint32_t s = 0; s < lattice->n_slices; s++) {
        const slice_stat *stat = &lattice->stat[s];
        if (stat->by != f->slice || s == f->slice) continue;
        const finding other = finding_of(f->search, f->input, s);
        if (!slice->same && stat->n == slice->n && is_same(f, &other)) {
            slice->same = name_of(&other);
            if (!slice->same) return no_memory(err);
            continue;
        }
        slice->n_explained++;
        size_t at = n < NAMED ? n++ : NAMED;
        for (; at && lattice->stat[best[at - 1]].z < stat->z; at--)
            if (at < NAMED) best[at] = best[at - 1];
        if (at < NAMED) best[at] = s;
    }
    const char *name[NAMED];
    size_t size = 1;
    for (size_t i = 0; i < n; i++) {
        const finding other = finding_of(f->search, f->input, best[i]);
        name[i] = name_of(&other);
        if (!name[i]) return no_memory(err);
        size += strlen(name[i]) + 2;
    }
    if (!n) return FDML_OK;
    char *text = fdml_arena_push_zero(f->input->state->arena, size, 1);
    if (!text) return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (i) strcat(text, "; ");
        strcat(text, name[i]);
    }
    slice->explained = text;
    return FDML_OK;
}

/* --- traits ----------------------------------------------------------------------------- */

/* Difference of two shares in units of its error under equal shares. */
static double contrast(double inside, double n, double outside, double rest)
{
    const double share = (inside + outside) / (n + rest);
    const double variance = share * (1 - share) * (1 / n + 1 / rest);
    return variance > 0 ? (inside / n - outside / rest) / sqrt(variance) : 0;
}

/* Of every column that the slice is not defined by, the value it has too often; of these the
 * most striking. Only what differs by more than a search would find by chance. */
static fdml_status find_traits(fdml_slice *slice, const finding *f, fdml_error *err)
{
    const slice_data *data = &f->input->data;
    fdml_arena *scratch = f->input->state->scratch;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const size_t n_cells = data->first[data->n_crossed];
    uint32_t *count = fdml_arena_push_zero(scratch, 2 * n_cells, sizeof *count);
    if (!count) return no_memory(err);
    for (size_t i = 0; i < data->n; i++) {
        const size_t side = has(f, i) ? 0 : n_cells;
        for (size_t c = 0; c < data->n_crossed; c++)
            count[side + data->cell[i * data->n_columns + c]]++;
    }
    double best[FDML_SLICE_MOST_TRAITS];
    const double n = (double)slice->n, rest = (double)(data->n - slice->n);
    for (size_t c = 0; c < data->n_crossed; c++) {
        double z = f->search->critical;
        uint32_t cell = UINT32_MAX;
        bool is_own = false;
        for (size_t i = 0; i < f->n_cells; i++) is_own |= column_of(data, f->cells[i]) == c;
        for (uint32_t e = data->first[c]; e < data->first[c + 1] && !is_own; e++) {
            const double own = contrast(count[e], n, count[n_cells + e], rest);
            if (!(own > z)) continue;
            z = own;
            cell = e;
        }
        if (cell == UINT32_MAX) continue;
        const fdml_slice_trait trait = { data->column[c].name,
                                         data->column[c].level[cell - data->first[c]],
                                         count[cell] / n, count[n_cells + cell] / rest };
        size_t at = slice->n_traits < FDML_SLICE_MOST_TRAITS ? slice->n_traits++
                                                             : FDML_SLICE_MOST_TRAITS;
        for (; at && best[at - 1] < z; at--) {
            if (at == FDML_SLICE_MOST_TRAITS) continue;
            best[at] = best[at - 1];
            slice->trait[at] = slice->trait[at - 1];
        }
        if (at == FDML_SLICE_MOST_TRAITS) continue;
        best[at] = z;
        slice->trait[at] = trait;
    }
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* The query of a cluster nearest to its centre; else the one that loses most, of equal ones
 * the first row. */
static uint32_t find_example(const finding *f)
{
    const slice_data *data = &f->input->data;
    const fdml_problem *problem = f->input->state->problem;
    const uint32_t first = data->first[data->n_crossed];
    const bool is_cluster = f->cells[0] >= first;
    uint32_t row = UINT32_MAX;
    double best = INFINITY;
    for (size_t i = 0; i < data->n; i++) {
        if (!has(f, i)) continue;
        const double far =
            is_cluster
                ? fdml_slice_sqdist(problem, data->row[i],
                                    f->input->centre + (f->cells[0] - first) * problem->dim)
                : -(double)data->loss[i];
        if (far > best || (far >= best && data->row[i] > row)) continue;
        best = far;
        row = data->row[i];
    }
    return row;
}

/* --- intervals -------------------------------------------------------------------------- */

/* Columns of a block's features: loss and queries of all, then of every finding. */
enum { LOSS, QUERIES, OF_ONE };

/* What one draw says of finding j: value, rest, difference. */
static void evaluate(double value[3], const double *sums, size_t j)
{
    const double *one = sums + OF_ONE * (1 + j);
    value[0] = 1 - one[LOSS] / one[QUERIES];
    value[1] = 1 - (sums[LOSS] - one[LOSS]) / (sums[QUERIES] - one[QUERIES]);
    value[2] = value[0] - value[1];
}

typedef struct intervals {
    size_t stride, n_blocks;
    double *features, *total, *sums, *replicate;
} intervals;

static fdml_status make_intervals(intervals *v, const slice_search *search,
                                  const slice_input *input, fdml_error *err)
{
    const slice_data *data = &input->data;
    const size_t n_bootstrap = input->state->settings->n_bootstrap;
    fdml_arena *scratch = input->state->scratch;
    v->stride = fdml_feature_stride(OF_ONE * (1 + search->n_findings));
    v->n_blocks = data->n_blocks;
    v->features = fdml_arena_push_zero(scratch, v->n_blocks * v->stride, sizeof(double));
    v->total = fdml_arena_push_zero(scratch, v->stride, sizeof(double));
    v->sums = fdml_arena_push(scratch, n_bootstrap * v->stride, sizeof(double));
    v->replicate = fdml_arena_push(scratch, n_bootstrap, sizeof(double));
    if (!v->features || !v->total || !v->sums || !v->replicate) return no_memory(err);
    for (size_t j = 0; j <= search->n_findings; j++) {
        finding f = { .n_cells = 0 };
        if (j) f = finding_of(search, input, search->finding[j - 1]);
        for (size_t b = 0; b < data->n_blocks; b++)
            for (size_t i = data->block[b]; i < data->block[b + 1]; i++) {
                if (j && !has(&f, i)) continue;
                double *own = v->features + b * v->stride + OF_ONE * j;
                own[LOSS] += (double)data->loss[i];
                own[QUERIES]++;
            }
    }
    for (size_t b = 0; b < v->n_blocks; b++)
        for (size_t k = 0; k < v->stride; k++) v->total[k] += v->features[b * v->stride + k];
    return FDML_OK;
}

static void estimate(fdml_slice *slice, const intervals *v, size_t j,
                     const fdml_audit_settings *settings)
{
    fdml_estimate *const to[] = { &slice->value, &slice->rest, &slice->difference };
    const bool is_class = settings->unit == FDML_UNIT_CLASS;
    const fdml_freedom own = fdml_freedom_of(is_class ? slice->n_classes : slice->n);
    const fdml_freedom of[] = { own, fdml_freedom_of(v->n_blocks), own };
    double value[3];
    evaluate(value, v->total, j);
    for (size_t k = 0; k < 3; k++) {
        *to[k] = (fdml_estimate){ value[k], NAN, NAN, slice->n, NULL };
        for (size_t b = 0; b < settings->n_bootstrap; b++) {
            double drawn[3];
            evaluate(drawn, v->sums + b * v->stride, j);
            v->replicate[b] = drawn[k];
        }
        if (settings->n_bootstrap)
            fdml_bootstrap_interval(&to[k]->lo, &to[k]->hi, v->replicate, settings->n_bootstrap,
                                    settings->confidence, of[k]);
    }
    slice->rest.n = (size_t)v->total[QUERIES] - slice->n;
    slice->excess = -(double)slice->n * value[2];
    slice->loss_share = v->total[OF_ONE * (1 + j) + LOSS] / v->total[LOSS];
    slice->lift = slice->loss_share * v->total[QUERIES] / (double)slice->n;
}

/* --- all of it -------------------------------------------------------------------------- */

static void find_detectable(fdml_slices_result *result, const slice_search *search)
{
    for (size_t s = 0; s < search->lattice.n_slices; s++) {
        const slice_stat *stat = &search->lattice.stat[s];
        if (isnan(stat->z)) continue;
        const double own = fdml_slice_detectable(search, stat);
        if (!(own >= result->detectable_least)) {
            result->detectable_least = own;
            result->n_least = stat->n;
        }
        if (!(own <= result->detectable_most)) {
            result->detectable_most = own;
            result->n_most = stat->n;
        }
    }
}

static fdml_status name_closest(fdml_slices_result *result, const slice_search *search,
                                const slice_input *input, fdml_error *err)
{
    const slice_lattice *lattice = &search->lattice;
    const slice_stat *best = NULL;
    for (size_t s = 0; s < lattice->n_slices; s++) {
        const slice_stat *stat = &lattice->stat[s];
        if (!isnan(stat->z) && (!best || stat->z > best->z)) best = stat;
    }
    const finding f = finding_of(search, input, (uint32_t)(best - lattice->stat));
    const double n = best->n, all = (double)input->data.n, loss = (double)best->loss;
    result->closest = name_of(&f);
    result->closest_difference = (input->data.mean * all - loss) / (all - n) - loss / n;
    result->closest_p = fdml_slice_p_search(search, best->z);
    return result->closest ? FDML_OK : no_memory(err);
}

static fdml_status describe(fdml_slice *slice, const finding *f, fdml_error *err)
{
    const slice_search *search = f->search;
    const slice_stat *stat = &search->lattice.stat[f->slice];
    const size_t n = search->n_permutations;
    const bool is_cluster = f->cells[0] >= f->input->data.first[f->input->data.n_crossed];
    *slice = (fdml_slice){ .name = name_of(f),
                           .n_conditions = is_cluster ? 0 : f->n_cells,
                           .n = stat->n,
                           .n_classes = stat->n_classes,
                           .p = (double)(1 + stat->n_reached) / (double)(1 + n),
                           .p_search = fdml_slice_p_search(search, stat->z),
                           .detectable = fdml_slice_detectable(search, stat),
                           .example = find_example(f) };
    if (!slice->name) return no_memory(err);
    FDML_TRY(find_traits(slice, f, err));
    return name_explained(slice, f, err);
}

static void sort_by_excess(fdml_slice *list, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const fdml_slice one = list[i];
        size_t at = i;
        for (; at && list[at - 1].excess < one.excess; at--) list[at] = list[at - 1];
        list[at] = one;
    }
}

fdml_status fdml_slice_report(fdml_slices_result *result, const slice_search *search,
                              const slice_input *input, fdml_error *err)
{
    const audit_state *state = input->state;
    const fdml_audit_settings *settings = state->settings;
    const size_t n = search->n_findings;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    result->n_tried = search->n_tried;
    result->n_small = search->lattice.n_small;
    result->n_significant = search->n_significant;
    if (!search->n_tried) return FDML_OK;
    result->critical = search->critical;
    find_detectable(result, search);
    FDML_TRY(name_closest(result, search, input, err));
    for (size_t s = 0; s < search->lattice.n_slices; s++) {
        const slice_stat *stat = &search->lattice.stat[s];
        result->n_unexplained += stat->by == NO_SLICE && !isnan(stat->z) &&
                                 fdml_slice_p_search(search, stat->z) <= search->level;
    }
    fdml_slice *list = fdml_arena_push(state->arena, n, sizeof *list);
    intervals v;
    if (!list) return no_memory(err);
    FDML_TRY(make_intervals(&v, search, input, err));
    const fdml_bootstrap bootstrap = { .features = v.features,
                                       .n_clusters = v.n_blocks,
                                       .n_features = v.stride,
                                       .n_replicates = settings->n_bootstrap,
                                       .seed = settings->seed,
                                       .stream = audit_stream_id(STREAM_SLICES, 1, 0) };
    if (settings->n_bootstrap)
        fdml_bootstrap_sums(v.sums, &bootstrap, state->machine->n_threads);
    for (size_t j = 0; j < n; j++) {
        const finding f = finding_of(search, input, search->finding[j]);
        FDML_TRY(describe(&list[j], &f, err));
        estimate(&list[j], &v, j, settings);
    }
    sort_by_excess(list, n);
    result->slice = list;
    result->n = n;
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}
