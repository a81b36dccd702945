/* audit_sketch.c - permutation tests of pair metrics, from one vector for every class.
 *
 * alignment_inter and uniformity are means over the pairs of a group, most of them between
 * classes, so exchanging classes changes which pairs count: their value in a permuted group is
 * no sum over classes. But it is a function of sums over classes:
 *
 *   sum over ordered pairs |f_i - f_j|^2  = 2 (n Q - |S|^2),  Q = sum |f_i - m|^2,
 *                                                             S = sum (f_i - m)
 *   sum over ordered pairs exp(-2 d^2), j = i included
 *                                         = E |sum_i exp(i w.f_i)|^2,  w ~ N(0, 4 I)
 *
 * class_ratio is a function of the sum of the classes' unit centres in the same way. The first
 * is exact. The expectation in the second (Bochner's theorem; Rahimi & Recht 2007,
 * random Fourier features) is taken over N_WAVES seeded w. A permutation test is exact for any
 * statistic, so this approximation costs power and no validity, as long as the observed value
 * is computed in the same way; it is. The test sees group sizes and numbers of classes as they
 * are, which matters: a small group has a larger share of same-class pairs, and would look less
 * uniform for that alone.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "eval/audit_state.h"

enum { N_WAVES = 64, BATCH_BYTES = 1 << 22, WAVE_STREAM = 0x7766 };

/* Columns of a class. alignment and uniformity: n, n^2, same-class distances, Q, then S or the
 * waves. class_ratio: 1, whether it has two rows, their mean distance, nothing, the centre. */
enum { COL_N, COL_N2, COL_SAME, COL_Q, COL_VECTOR };

typedef enum sketch_kind { ALIGNMENT, UNIFORMITY, CLASS_RATIO } sketch_kind;

typedef struct sketch {
    const audit_state *state;
    sketch_kind kind;
    size_t stride, n_units;
    double *features; /* [n_units, stride] */
    uint32_t *code, *label;
    const uint32_t *group; /* [n_groups] compared groups, by dense code */
    size_t n_groups;
    double *mean, *waves; /* [dim], [N_WAVES, dim] */
    double *row;          /* [n_threads, dim] */
} sketch;

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the permutations of pair metrics");
}

static void add_waves(double *f, const sketch *s, const double *row)
{
    const size_t dim = s->state->problem->dim;
    for (size_t w = 0; w < N_WAVES; w++) {
        double phase = 0, sine, cosine;
        for (size_t d = 0; d < dim; d++) phase += s->waves[w * dim + d] * (row[d] - s->mean[d]);
        if (!(fabs(phase) < 1e6)) phase = 0; /* a kernel of 0 with all but its own copy */
        fdml_sincos(phase, &sine, &cosine);
        f[COL_VECTOR + 2 * w] += cosine;
        f[COL_VECTOR + 2 * w + 1] += sine;
    }
}

static void add_centred(double *f, const sketch *s, const double *row)
{
    for (size_t d = 0; d < s->state->problem->dim; d++) {
        const double x = row[d] - s->mean[d];
        f[COL_VECTOR + d] += x;
        f[COL_Q] += x * x;
    }
}

/* f + COL_VECTOR holds the sum of a class's n unit rows; it becomes their direction. */
static void finish_centre(double *f, size_t dim, double n)
{
    double *sum = f + COL_VECTOR, square = 0;
    for (size_t d = 0; d < dim; d++) square += sum[d] * sum[d];
    f[COL_N] = 1;
    f[COL_N2] = n > 1;
    f[COL_SAME] = n > 1 ? 1 - (square - n) / (n * (n - 1)) : 0;
    for (size_t d = 0; square > 0 && d < dim; d++) sum[d] /= sqrt(square);
}

static void sketch_class(void *ctx, size_t unit, int thread)
{
    sketch *s = ctx;
    const audit_state *state = s->state;
    const uint32_t label = s->label[unit];
    const size_t begin = state->class_begin[label], end = state->class_begin[label + 1];
    const double n = (double)(end - begin);
    double *f = s->features + unit * s->stride,
           *row = s->row + (size_t)thread * state->problem->dim;
    memset(f, 0, s->stride * sizeof *f);
    f[COL_N] = n;
    f[COL_N2] = n * n;
    f[COL_SAME] = state->class_same ? state->class_same[label] : 0;
    for (size_t i = begin; i < end; i++) {
        fdml_load_row(row, state->problem, state->by_class[i],
                      s->kind == CLASS_RATIO || state->problem->distance == FDML_COSINE);
        if (s->kind == UNIFORMITY)
            add_waves(f, s, row);
        else
            add_centred(f, s, row);
    }
    if (s->kind == CLASS_RATIO) finish_centre(f, state->problem->dim, n);
}

/* The mean of all rows, only to keep digits; added in row order. Unit centres need none. */
static void find_mean(sketch *s)
{
    const fdml_problem *p = s->state->problem;
    memset(s->mean, 0, p->dim * sizeof *s->mean);
    if (s->kind == CLASS_RATIO) return;
    for (size_t i = 0; i < p->n_rows; i++) {
        fdml_load_row(s->row, p, (uint32_t)i, p->distance == FDML_COSINE);
        for (size_t d = 0; d < p->dim; d++) s->mean[d] += s->row[d] / (double)p->n_rows;
    }
}

static void draw_waves(sketch *s)
{
    fdml_rng rng;
    fdml_rng_init(&rng, s->state->settings->seed, WAVE_STREAM, 0);
    for (size_t i = 0; i < N_WAVES * s->state->problem->dim; i++)
        s->waves[i] = 2 * fdml_rng_normal(&rng);
}

static fdml_status make_sketch(sketch *s, const fdml_grouping *by, fdml_error *err)
{
    const audit_state *state = s->state;
    fdml_arena *arena = state->scratch;
    const size_t n_classes = state->problem->label->n_levels, dim = state->problem->dim;
    const size_t n_vector = s->kind == UNIFORMITY ? 2 * N_WAVES : dim;
    s->stride = fdml_feature_stride(COL_VECTOR + n_vector);
    s->features = fdml_arena_push(arena, n_classes * s->stride, sizeof(double));
    s->code = fdml_arena_push(arena, n_classes, sizeof(uint32_t));
    s->label = fdml_arena_push(arena, n_classes, sizeof(uint32_t));
    s->mean = fdml_arena_push(arena, dim, sizeof(double));
    s->waves =
        fdml_arena_push(arena, s->kind == UNIFORMITY ? N_WAVES * dim : 0, sizeof(double));
    s->row = fdml_arena_push(arena, (size_t)state->machine->n_threads * dim, sizeof(double));
    uint32_t *group = fdml_arena_push(arena, by->n_groups, sizeof *group);
    uint32_t *dense = fdml_arena_push(arena, by->n_groups, sizeof *dense);
    if (!s->features || !s->code || !s->label || !s->mean || !s->waves || !s->row || !group ||
        !dense)
        return no_memory(err);
    for (size_t g = 0; g < by->n_groups; g++) {
        dense[g] = UINT32_MAX;
        if (by->n_rows[g] < state->settings->min_group) continue;
        group[s->n_groups] = (uint32_t)g;
        dense[g] = (uint32_t)s->n_groups++;
    }
    s->group = group;
    for (uint32_t c = 0; c < n_classes; c++) {
        if (state->class_begin[c] == state->class_begin[c + 1]) continue;
        const uint32_t code = dense[by->code[state->by_class[state->class_begin[c]]]];
        if (code == UINT32_MAX) continue;
        s->label[s->n_units] = c;
        s->code[s->n_units++] = code;
    }
    find_mean(s);
    if (s->kind == UNIFORMITY) draw_waves(s);
    fdml_parallel(s->n_units, state->machine->n_threads, sketch_class, s);
    return FDML_OK;
}

static double squared_length(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

/* Value of a metric for a group whose classes' features add up to f; NaN where there is none.
 */
static double value_of(const sketch *s, fdml_metric_id id, const double *f)
{
    const double n = f[COL_N], pairs = n * (n - 1);
    if (id == FDML_M_UNIFORMITY) {
        const double all = squared_length(f + COL_VECTOR, 2 * N_WAVES) / N_WAVES;
        return pairs > 0 ? fdml_log(fmax((all - n) / pairs, 0x1p-40)) : NAN;
    }
    if (id == FDML_M_CLASS_RATIO) {
        const double between =
            1 - (squared_length(f + COL_VECTOR, s->state->problem->dim) - n) / pairs;
        return pairs > 0 && f[COL_N2] > 0 ? f[COL_SAME] / f[COL_N2] / between : NAN;
    }
    const double same = f[COL_N2] - n, other = n * n - f[COL_N2];
    const double all =
        2 * (n * f[COL_Q] - squared_length(f + COL_VECTOR, s->state->problem->dim));
    const double inter = other > 0 ? (all - f[COL_SAME]) / other : NAN;
    if (id == FDML_M_ALIGNMENT_INTER) return inter;
    return same > 0 ? f[COL_SAME] / same / inter : NAN;
}

static bool is_sketched(const sketch *s, fdml_metric_id id)
{
    if (s->kind == UNIFORMITY) return id == FDML_M_UNIFORMITY;
    if (s->kind == CLASS_RATIO) return id == FDML_M_CLASS_RATIO;
    return id == FDML_M_ALIGNMENT_INTER || id == FDML_M_ALIGNMENT_RATIO;
}

static double spread(const sketch *s, fdml_metric_id id, const double *sums)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t g = 0; g < s->n_groups; g++) {
        const double value = value_of(s, id, sums + g * s->stride);
        least = fmin(least, value); /* fmin and fmax pass over NaN */
        most = fmax(most, value);
    }
    return most >= least ? most - least : NAN;
}

static void observe(double *observed, double *sums, const sketch *s)
{
    const audit_state *state = s->state;
    memset(sums, 0, s->n_groups * s->stride * sizeof *sums);
    for (size_t u = 0; u < s->n_units; u++)
        for (size_t c = 0; c < s->stride; c++)
            sums[s->code[u] * s->stride + c] += s->features[u * s->stride + c];
    for (size_t m = 0; m < state->settings->n_metrics; m++)
        if (is_sketched(s, state->settings->metrics[m].id))
            observed[m] = spread(s, state->settings->metrics[m].id, sums);
}

static fdml_status run(double *null, double *observed, const sketch *s, size_t grouping,
                       fdml_error *err)
{
    const audit_state *state = s->state;
    const size_t n_permutations = state->settings->n_permutations;
    fdml_permutation permutation = { .features = s->features,
                                     .code = s->code,
                                     .n_units = s->n_units,
                                     .n_features = s->stride,
                                     .n_groups = s->n_groups,
                                     .seed = state->settings->seed,
                                     .stream =
                                         audit_stream_id(STREAM_PERMUTATION, grouping, 0) };
    const size_t one = s->n_groups * s->stride * sizeof(double);
    const size_t batch = one < BATCH_BYTES ? BATCH_BYTES / one : 1;
    double *sums = fdml_arena_push(state->scratch, batch, one);
    void *scratch = fdml_arena_push(
        state->scratch, fdml_permutation_scratch(&permutation, state->machine->n_threads), 1);
    if (!sums || !scratch) return no_memory(err);
    observe(observed, sums, s);
    for (size_t done = 0; done < n_permutations; done += permutation.n_replicates) {
        const size_t left = n_permutations - done;
        permutation.first_replicate = (uint32_t)done;
        permutation.n_replicates = left < batch ? left : batch;
        fdml_permutation_sums(sums, &permutation, scratch, state->machine->n_threads);
        for (size_t m = 0; m < state->settings->n_metrics; m++) {
            const fdml_metric_id id = state->settings->metrics[m].id;
            if (!is_sketched(s, id)) continue;
            for (size_t p = 0; p < permutation.n_replicates; p++)
                null[m * n_permutations + done + p] =
                    spread(s, id, sums + p * s->n_groups * s->stride);
        }
    }
    return FDML_OK;
}

fdml_status fdml_audit_sketch_null(double *null, double *observed, const audit_state *state,
                                   size_t grouping, fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    if (!by->is_class_constant) return FDML_OK;
    const bool wants[] = {
        [ALIGNMENT] =
            state->settings->alignment_power == 2 &&
            (state->wants[FDML_M_ALIGNMENT_INTER] || state->wants[FDML_M_ALIGNMENT_RATIO]),
        [UNIFORMITY] = state->wants[FDML_M_UNIFORMITY],
        [CLASS_RATIO] = state->wants[FDML_M_CLASS_RATIO],
    };
    for (int kind = ALIGNMENT; kind <= CLASS_RATIO; kind++) {
        if (!wants[kind]) continue;
        const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
        sketch s = { .state = state, .kind = (sketch_kind)kind };
        FDML_TRY(make_sketch(&s, by, err));
        if (s.n_groups > 1) FDML_TRY(run(null, observed, &s, grouping, err));
        fdml_arena_reset(state->scratch, mark);
    }
    return FDML_OK;
}
