/* lime_data.c - what LIME knows of the fitting rows, and the neighbourhoods drawn from it. See
 * lime.h.
 *
 * A sample's random words are the cipher blocks of counters sample * blocks .. under the key,
 * so no draw depends on another. They are put into columns, a run of samples at a time, and
 * made normal by Box and Muller's method with kernels: a pair of words gives the normals of two
 * features, r cos and r sin. A category takes one word: the alias method looks twice.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "explain/lime.h"

enum { RUN = 512 };
static const uint32_t STREAM = 0x656d696c; /* "lime" */

/* --- means, deviations, frequencies ----------------------------------------------------- */

/* Two passes in double; missing numbers are left out. */
static void measure(float *mean, float *deviation, const fdml_tabular *t, size_t f,
                    const uint32_t *row, size_t n)
{
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        const float v = t->x[row[i] * t->n_features + f];
        if (!isnan(v)) sum += (double)v, count += 1;
    }
    const double m = count > 0 ? sum / count : 0;
    for (size_t i = 0; i < n; i++) {
        const float v = t->x[row[i] * t->n_features + f];
        if (!isnan(v)) square += ((double)v - m) * ((double)v - m);
    }
    const double d =
        square > 0 ? sqrt(square / (double)n) : 0; /* the missing are at the mean */
    *mean = (float)m;
    *deviation = d > 1e-7 * fabs(m) ? (float)d : 0;
}

/* Vose's construction: each of n cells holds a level and, above its threshold, an alias. */
static void make_alias(uint32_t *threshold, uint32_t *alias, double *part, uint32_t *stack,
                       size_t n)
{
    size_t n_small = 0, n_large = 0; /* small ones from the front, large from the back */
    for (size_t v = 0; v < n; v++) {
        alias[v] = (uint32_t)v;
        threshold[v] = UINT32_MAX;
        if (part[v] < 1)
            stack[n_small++] = (uint32_t)v;
        else
            stack[n - ++n_large] = (uint32_t)v;
    }
    while (n_small && n_large) {
        const uint32_t small = stack[--n_small], large = stack[n - n_large];
        threshold[small] = (uint32_t)(part[small] * 0x1p32);
        alias[small] = large;
        part[large] -= 1 - part[small];
        if (part[large] < 1) {
            n_large--;
            stack[n_small++] = large;
        }
    }
}

static fdml_status count_levels(double *part, const fdml_tabular *t, size_t f,
                                const uint32_t *row, size_t n, fdml_error *err)
{
    const size_t n_levels = t->feature[f].n_levels;
    memset(part, 0, n_levels * sizeof *part);
    for (size_t i = 0; i < n; i++) {
        const float v = t->x[row[i] * t->n_features + f];
        if (!(v >= 0 && v < (float)n_levels))
            return fdml_fail(err, FDML_E_DATA, "%s: row %u has level %g, expected one of %zu",
                             t->feature[f].name, row[i], (double)v, n_levels);
        part[(size_t)v]++;
    }
    for (size_t v = 0; v < n_levels; v++) part[v] *= (double)n_levels / (double)n;
    return FDML_OK;
}

typedef struct tables {
    uint32_t *feature, *begin, *threshold, *alias, *stack;
    float *mean, *deviation;
    double *part;
} tables;

/* Levels of all categories, and of the one that has most. */
static void count_cells(size_t *n_cells, size_t *most, const fdml_tabular *t)
{
    *n_cells = *most = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        const size_t n = t->feature[f].kind == FDML_CATEGORICAL ? t->feature[f].n_levels : 0;
        *n_cells += n;
        *most = n > *most ? n : *most;
    }
}

double fdml_lime_data_memory(const fdml_tabular *t)
{
    const double n_features = (double)t->n_features;
    size_t n_cells, most;
    count_cells(&n_cells, &most, t);
    return 3 * fdml_arena_room(n_features, sizeof(uint32_t)) +
           fdml_arena_room(n_features + 1, sizeof(uint32_t)) +
           2 * fdml_arena_room((double)n_cells, sizeof(uint32_t)) +
           fdml_arena_room((double)most, sizeof(double)) +
           fdml_arena_room((double)most, sizeof(uint32_t));
}

static bool push_tables(tables *to, const fdml_tabular *t, fdml_arena *arena)
{
    size_t n_cells, most;
    count_cells(&n_cells, &most, t);
    to->feature = fdml_arena_push(arena, t->n_features, sizeof *to->feature);
    to->begin = fdml_arena_push(arena, t->n_features + 1, sizeof *to->begin);
    to->threshold = fdml_arena_push(arena, n_cells, sizeof *to->threshold);
    to->alias = fdml_arena_push(arena, n_cells, sizeof *to->alias);
    to->mean = fdml_arena_push(arena, t->n_features, sizeof *to->mean);
    to->deviation = fdml_arena_push(arena, t->n_features, sizeof *to->deviation);
    to->part = fdml_arena_push(arena, most, sizeof *to->part);
    to->stack = fdml_arena_push(arena, most, sizeof *to->stack);
    return to->feature && to->begin && to->threshold && to->alias && to->mean &&
           to->deviation && to->part && to->stack;
}

fdml_status fdml_lime_data_make(fdml_lime_data *data, const fdml_tabular *t,
                                const uint32_t *row, size_t n, fdml_arena *arena,
                                fdml_error *err)
{
    tables to;
    if (!n) return fdml_fail(err, FDML_E_DATA, "LIME: no rows to learn frequencies from");
    if (!push_tables(&to, t, arena))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the frequencies of %zu features",
                         t->n_features);
    size_t n_numeric = 0, n_seen = 0;
    for (size_t f = 0; f < t->n_features; f++)
        if (t->feature[f].kind == FDML_NUMERIC) to.feature[n_numeric++] = (uint32_t)f;
    to.begin[0] = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        to.begin[f + 1] = to.begin[f];
        if (t->feature[f].kind == FDML_NUMERIC) {
            measure(&to.mean[f], &to.deviation[f], t, f, row, n);
            continue;
        }
        const uint32_t at = to.begin[f];
        to.feature[n_numeric + n_seen++] = (uint32_t)f;
        to.mean[f] = 0, to.deviation[f] = 1;
        FDML_TRY(count_levels(to.part, t, f, row, n, err));
        make_alias(to.threshold + at, to.alias + at, to.part, to.stack, t->feature[f].n_levels);
        to.begin[f + 1] += t->feature[f].n_levels;
    }
    *data = (fdml_lime_data){ .n_features = t->n_features,
                              .n_numeric = n_numeric,
                              .feature = to.feature,
                              .mean = to.mean,
                              .deviation = to.deviation,
                              .begin = to.begin,
                              .threshold = to.threshold,
                              .alias = to.alias };
    return FDML_OK;
}

/* --- neighbours ------------------------------------------------------------------------- */

static size_t n_pairs(const fdml_lime_data *data)
{
    return (data->n_numeric + 1) / 2;
}

/* Words of a sample: two for each pair of numbers, one for each category. */
static size_t n_words(const fdml_lime_data *data)
{
    return 2 * n_pairs(data) + data->n_features - data->n_numeric;
}

/* Columns of words, of normals, and three of what is on the way. */
size_t fdml_lime_scratch(const fdml_lime_data *data)
{
    return RUN * (n_words(data) + 2 * n_pairs(data) + 4) + data->n_features;
}

/* word: [n_words, RUN]; of samples first .. first + n - 1. */
static void draw_words(uint32_t *word, const fdml_lime_draw *draw, size_t n_of_sample,
                       size_t first, size_t n)
{
    const uint32_t key[2] = { (uint32_t)draw->seed, (uint32_t)(draw->seed >> 32) };
    const uint32_t counter[4] = { (uint32_t)(first * ((n_of_sample + 3) / 4)), draw->row,
                                  STREAM, 0 };
    draw->kernels->philox_columns(word, RUN, n_of_sample, counter, key, n);
}

/* Box-Muller of two columns of words; `way` is scratch of 2 RUN. Uniforms have 24 bits, of
 * which the smallest is 2^-25: no normal is beyond 5.9. */
static void make_normals(float *first, float *second, const uint32_t *u, const uint32_t *v,
                         size_t n, float *way, const fdml_kernels *k)
{
    float *r = way, *angle = way + RUN;
    for (size_t i = 0; i < n; i++) {
        r[i] = ((float)(u[i] >> 8) + 0.5f) * 0x1p-24f;
        angle[i] = (float)(v[i] >> 8) * (6.28318530717958648f * 0x1p-24f);
    }
    k->log_rows(r, r, n);
    for (size_t i = 0; i < n; i++) r[i] *= -2;
    k->activate(r, r, n, FDML_ACT_SQRT, 0, 0);
    k->activate(first, angle, n, FDML_ACT_COS, 0, 0);
    k->activate(second, angle, n, FDML_ACT_SIN, 0, 0);
    k->combine(first, first, r, n, FDML_COMBINE_MUL);
    k->combine(second, second, r, n, FDML_COMBINE_MUL);
}

/* The row as the model sees it. */
static void see(float *z0, const fdml_lime_data *data, const float *instance)
{
    for (size_t j = 0; j < data->n_features; j++) {
        const size_t f = data->feature[j];
        const float d = data->deviation[f], v = instance[f];
        if (j >= data->n_numeric)
            z0[f] = 1;
        else
            z0[f] = d > 0 && !isnan(v) ? (v - data->mean[f]) / d : 0;
    }
}

typedef struct place {
    float *x, *z, *square; /* of a run; square: distances so far */
    size_t n, stride;
} place;

static void put_number(const place *p, const fdml_lime_data *data, size_t f,
                       const float *instance, float z0, const float *normal,
                       const fdml_lime_draw *draw)
{
    const float mean = data->mean[f], d = data->deviation[f];
    const float sigma = d > 0 ? draw->sigma : 0, centre = draw->is_around ? z0 : 0;
    for (size_t i = 0; i < p->n; i++) {
        const float z = centre + sigma * normal[i];
        p->z[i * p->stride + f] = z;
        p->x[i * p->stride + f] = mean + d * z;
        p->square[i] += (z - z0) * (z - z0);
    }
    if (d > 0 || isnan(instance[f])) return;
    for (size_t i = 0; i < p->n; i++) { /* held: at no distance */
        p->x[i * p->stride + f] = instance[f];
        p->z[i * p->stride + f] = 0;
    }
}

static void put_category(const place *p, const fdml_lime_data *data, size_t f, float own,
                         const uint32_t *word)
{
    const uint32_t n_levels = data->begin[f + 1] - data->begin[f];
    const uint32_t *threshold = data->threshold + data->begin[f];
    const uint32_t *alias = data->alias + data->begin[f];
    for (size_t i = 0; i < p->n; i++) {
        const uint64_t product = (uint64_t)word[i] * n_levels;
        const uint32_t cell = (uint32_t)(product >> 32);
        const float level = (float)((uint32_t)product < threshold[cell] ? cell : alias[cell]);
        const float same = level == own ? 1.0f : 0.0f;
        p->x[i * p->stride + f] = level;
        p->z[i * p->stride + f] = same;
        p->square[i] += 1 - same;
    }
}

void fdml_lime_neighbours(float *x, float *z, float *weight, const fdml_lime_data *data,
                          const float *instance, const fdml_lime_draw *draw, size_t n,
                          float *scratch)
{
    const size_t n_of_sample = n_words(data), n_features = data->n_features;
    float *normal = scratch, *way = normal + 2 * n_pairs(data) * RUN, *z0 = way + 4 * RUN;
    uint32_t *word = (uint32_t *)(void *)(z0 + n_features);
    const float fall = -0.5f / (draw->width * draw->width);
    see(z0, data, instance);
    for (size_t first = 0; first < n; first += RUN) {
        const place p = { x + first * n_features, z + first * n_features, weight + first,
                          n - first < RUN ? n - first : RUN, n_features };
        draw_words(word, draw, n_of_sample, first, p.n);
        memset(p.square, 0, p.n * sizeof *p.square);
        for (size_t j = 0; j < 2 * n_pairs(data); j += 2)
            make_normals(normal + j * RUN, normal + (j + 1) * RUN, word + j * RUN,
                         word + (j + 1) * RUN, p.n, way, draw->kernels);
        for (size_t j = 0; j < data->n_numeric; j++)
            put_number(&p, data, data->feature[j], instance, z0[data->feature[j]],
                       normal + j * RUN, draw);
        for (size_t j = data->n_numeric; j < n_features; j++) {
            const size_t w = 2 * n_pairs(data) + j - data->n_numeric;
            put_category(&p, data, data->feature[j], instance[data->feature[j]],
                         word + w * RUN);
        }
        if (!first) {
            memcpy(x, instance, n_features * sizeof *x);
            memcpy(z, z0, n_features * sizeof *z);
            weight[0] = 0;
        }
        for (size_t i = 0; i < p.n; i++) p.square[i] *= fall;
        draw->kernels->exp_rows(weight + first, weight + first, p.n);
    }
}
