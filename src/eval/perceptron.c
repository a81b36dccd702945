/* perceptron.c - see perceptron.h.
 *
 * Rows that are listed more than once are found first; each stands in the epoch once, and its
 * gradients are multiplied by its weight. By scikit-learn's rule every listing stands for
 * itself.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/perceptron.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/perceptron_state.h"

const fdml_perceptron_options fdml_perceptron_defaults = {
    .n_hidden = 100, .batch = 200, .epochs = 30, .min_steps = 200, .rate = 4e-3, .penalty = 1e-4
};

const fdml_perceptron_options fdml_mlp_classifier = { .n_hidden = 100,
                                                      .batch = 200,
                                                      .epochs = 200,
                                                      .rate = 1e-3,
                                                      .penalty = 1e-4,
                                                      .rule = FDML_PERCEPTRON_PLATEAU,
                                                      .tolerance = 1e-4,
                                                      .patience = 10 };

/* --- memory ----------------------------------------------------------------------------- */

static void plan(net *t, const fdml_samples *samples, const fdml_perceptron_options *options)
{
    const fdml_kernels *kernels = options->workers.kernels;
    *t = (net){ .samples = samples, .options = options };
    t->layer[0].dense = (fdml_dense){ samples->dim + 1, options->n_hidden, kernels };
    t->is_logistic = options->rule == FDML_PERCEPTRON_PLATEAU && samples->n_values == 2;
    const size_t n_out = t->is_logistic ? 1 : samples->n_values;
    t->layer[1].dense = (fdml_dense){ options->n_hidden + 1, n_out, kernels };
    t->back = (fdml_dense){ fdml_dense_stride(&t->layer[1].dense), options->n_hidden, kernels };
    for (size_t l = 0; l < LAYERS; l++)
        t->layer[l].n = fdml_dense_size(t->layer[l].dense.n_in, t->layer[l].dense.n_out);
}

static size_t row_panels(const net *t)
{
    size_t most = fdml_dense_row_panels(&t->back, PART);
    for (size_t l = 0; l < LAYERS; l++) {
        const size_t n = fdml_dense_row_panels(&t->layer[l].dense, PART);
        if (n > most) most = n;
    }
    return most;
}

static bool make_layer(layer *l, fdml_arena *arena)
{
    l->w = fdml_arena_push_zero(arena, l->n, sizeof(float));
    l->m = fdml_arena_push_zero(arena, l->n, sizeof(float));
    l->v = fdml_arena_push_zero(arena, l->n, sizeof(float));
    l->gradient = fdml_arena_push(arena, PARTS * l->n, sizeof(float));
    l->panels = fdml_arena_push(arena, fdml_dense_panels(&l->dense), sizeof(float));
    return l->w && l->m && l->v && l->gradient && l->panels;
}

/* The different rows of the list, and what they count. */
static bool make_rows(net *t, fdml_arena *arena)
{
    const fdml_samples *list = t->samples;
    t->row = fdml_arena_push(arena, list->n, sizeof *t->row);
    t->weight = fdml_arena_push_zero(arena, list->n, sizeof *t->weight);
    t->order = fdml_arena_push(arena, list->n, sizeof *t->order);
    t->batch = fdml_arena_push(arena, FDML_PERCEPTRON_BATCH, sizeof *t->batch);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint32_t *place = fdml_arena_push(arena, list->n, sizeof *place);
    uint64_t *key = fdml_arena_push(arena, list->n, 2 * sizeof *key);
    if (!t->row || !t->weight || !t->order || !t->batch || !place || !key) return false;
    t->n_rows = fdml_samples_distinct(t->row, place, list, key);
    const double share = (double)t->n_rows / (double)list->n;
    for (size_t i = 0; i < list->n; i++) t->weight[place[i]]++;
    for (uint32_t i = 0; i < t->n_rows; i++) {
        t->weight[i] = (float)((double)t->weight[i] * share);
        t->order[i] = i;
    }
    fdml_arena_reset(arena, mark);
    return true;
}

static bool make_net(net *t, fdml_arena *arena)
{
    const fdml_dense *one = &t->layer[0].dense, *two = &t->layer[1].dense;
    bool fits = make_layer(&t->layer[0], arena) && make_layer(&t->layer[1], arena);
    t->back_panels = fdml_arena_push_zero(arena, fdml_dense_panels(&t->back), sizeof(float));
    t->parts = fdml_arena_push(arena, PARTS, sizeof *t->parts);
    fits = fits && t->back_panels && t->parts;
    for (size_t p = 0; fits && p < PARTS; p++) {
        part *to = &t->parts[p];
        to->x = fdml_arena_push(arena, PART * one->n_in, sizeof(float));
        to->h = fdml_arena_push(arena, PART * two->n_in, sizeof(float));
        to->z1 = fdml_arena_push(arena, PART * fdml_dense_stride(one), sizeof(float));
        to->z2 = fdml_arena_push(arena, PART * fdml_dense_stride(two), sizeof(float));
        to->row_panels = fdml_arena_push(arena, row_panels(t), sizeof(float));
        fits = to->x && to->h && to->z1 && to->z2 && to->row_panels;
    }
    return fits;
}

size_t fdml_perceptron_size(size_t dim, size_t n_values, size_t n_train,
                            const fdml_perceptron_options *options)
{
    const fdml_samples samples = { .dim = dim, .n_values = n_values, .n = n_train };
    net t;
    plan(&t, &samples, options);
    const fdml_dense *one = &t.layer[0].dense, *two = &t.layer[1].dense;
    const size_t by_row =
        one->n_in + two->n_in + fdml_dense_stride(one) + fdml_dense_stride(two);
    size_t floats = fdml_dense_panels(&t.back) + PARTS * (PART * by_row + row_panels(&t));
    for (size_t l = 0; l < LAYERS; l++)
        floats += (3 + PARTS) * t.layer[l].n + fdml_dense_panels(&t.layer[l].dense);
    const size_t rows = (3 * n_train + FDML_PERCEPTRON_BATCH) * sizeof(uint32_t) + 4 * 64;
    const size_t before = n_train * (sizeof(uint32_t) + 2 * sizeof(uint64_t)) + 2 * 64;
    const size_t after = floats * sizeof(float) + PARTS * sizeof(part) +
                         fdml_standard_size(dim) + (12 + 5 * PARTS) * 64; /* alignment */
    return rows + (before > after ? before : after);
}

size_t fdml_perceptron_steps(size_t n_distinct, const fdml_perceptron_options *options)
{
    const size_t n = options->epochs * ((n_distinct + options->batch - 1) / options->batch);
    return n > options->min_steps ? n : options->min_steps;
}

/* Lanes that are no output stay 0. */
static void draw_weights(net *t)
{
    fdml_rng rng;
    fdml_rng_init(&rng, t->options->seed, t->options->stream, 0);
    for (size_t l = 0; l < LAYERS; l++) {
        const size_t n_in = t->layer[l].dense.n_in, n_out = t->layer[l].dense.n_out;
        const double limit = sqrt(6 / (double)(n_in - 1 + n_out));
        for (size_t v = 0; v < n_out; v++)
            for (size_t i = 0; i < n_in; i++)
                t->layer[l].w[(v / LANES * n_in + i) * LANES + v % LANES] =
                    (float)((2 * fdml_rng_double(&rng) - 1) * limit);
        for (size_t b = 0; b < fdml_dense_blocks(n_out); b++) fdml_perceptron_pack(t, l, b);
    }
}

/* --- the whole -------------------------------------------------------------------------- */

static void predict_part(void *ctx, size_t index, int thread)
{
    (void)thread; /* a part is one task of four, so its arrays are its own */
    const net *t = ctx;
    part *p = &t->parts[index];
    const size_t n_rows = t->samples->n, n_out = t->layer[1].dense.n_out;
    const size_t end = n_rows * (index + 1) / PARTS,
                 stride = fdml_dense_stride(&t->layer[1].dense);
    for (size_t first = n_rows * index / PARTS; first < end; first += PART) {
        const size_t n = end - first < PART ? end - first : PART;
        fdml_perceptron_forward(t, p, t->samples, first, n);
        for (size_t i = 0; i < n; i++)
            t->predicted[t->samples->row[first + i]] =
                fdml_dense_largest(p->z2 + i * stride, n_out);
    }
}

fdml_status fdml_perceptron_predict(uint32_t *predicted, const fdml_samples *train_rows,
                                    const fdml_samples *test,
                                    const fdml_perceptron_options *options, fdml_arena *scratch,
                                    fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const int n_threads = options->workers.n_threads;
    net t;
    plan(&t, train_rows, options);
    if (!make_rows(&t, scratch) || !make_net(&t, scratch))
        return fdml_fail(err, FDML_E_NOMEM,
                         "no memory for a perceptron of %zu features and %zu values",
                         train_rows->dim, train_rows->n_values);
    t.n_steps = fdml_perceptron_steps(t.n_rows, options);
    FDML_TRY(fdml_standard_make(&t.standard, train_rows, n_threads, scratch, err));
    draw_weights(&t);
    fdml_parallel_team(n_threads, fdml_perceptron_train, &t);
    t.samples = test;
    t.predicted = predicted;
    fdml_parallel(PARTS, n_threads, predict_part, &t);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* --- a model that is kept ----------------------------------------------------------------- */

/* Every listing for itself, features as they are. */
static bool make_plain_rows(net *t, fdml_arena *arena)
{
    const fdml_samples *list = t->samples;
    const size_t n = list->n, dim = list->dim;
    t->n_rows = n;
    t->row = fdml_arena_push(arena, n, sizeof *t->row);
    t->weight = fdml_arena_push(arena, n, sizeof *t->weight);
    t->order = fdml_arena_push(arena, n, sizeof *t->order);
    t->batch = fdml_arena_push(arena, FDML_PERCEPTRON_BATCH, sizeof *t->batch);
    t->square = fdml_arena_push(arena,
                                fdml_dense_blocks(t->layer[0].dense.n_out) +
                                    fdml_dense_blocks(t->layer[1].dense.n_out),
                                sizeof *t->square);
    t->standard.mean = fdml_arena_push_zero(arena, dim, sizeof(float));
    t->standard.factor = fdml_arena_push(arena, dim, sizeof(float));
    if (!t->row || !t->weight || !t->order || !t->batch || !t->square || !t->standard.mean ||
        !t->standard.factor)
        return false;
    for (size_t d = 0; d < dim; d++) t->standard.factor[d] = 1;
    for (uint32_t i = 0; i < n; i++) {
        t->row[i] = list->row[i];
        t->weight[i] = 1;
        t->order[i] = i;
    }
    return true;
}

fdml_status fdml_perceptron_fit(fdml_perceptron *model, const fdml_samples *samples,
                                const fdml_perceptron_options *options, fdml_arena *arena,
                                fdml_error *err)
{
    net t;
    float *panels[LAYERS];
    plan(&t, samples, options);
    for (size_t l = 0; l < LAYERS; l++)
        panels[l] = fdml_arena_push(arena, fdml_dense_panels(&t.layer[l].dense), sizeof(float));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    if (!panels[0] || !panels[1] || !make_plain_rows(&t, arena) || !make_net(&t, arena))
        return fdml_fail(err, FDML_E_NOMEM,
                         "no memory for a perceptron of %zu features and %zu hidden units",
                         samples->dim, options->n_hidden);
    draw_weights(&t);
    fdml_parallel_team(options->workers.n_threads, fdml_perceptron_train, &t);
    *model = (fdml_perceptron){ .first = t.layer[0].dense,
                                .second = t.layer[1].dense,
                                .panels = { panels[0], panels[1] },
                                .loss = t.loss,
                                .n_epochs = t.n_epochs };
    for (size_t l = 0; l < LAYERS; l++)
        memcpy(panels[l], t.layer[l].panels,
               fdml_dense_panels(&t.layer[l].dense) * sizeof(float));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

bool fdml_perceptron_desk_make(fdml_perceptron_desk *desk, const fdml_perceptron *model,
                               fdml_arena *arena)
{
    const size_t one = fdml_dense_row_panels(&model->first, PART);
    const size_t two = fdml_dense_row_panels(&model->second, PART);
    desk->z1 = fdml_arena_push(arena, PART * fdml_dense_stride(&model->first), sizeof(float));
    desk->z2 = fdml_arena_push(arena, PART * fdml_dense_stride(&model->second), sizeof(float));
    desk->h = fdml_arena_push(arena, PART * model->second.n_in, sizeof(float));
    desk->row_panels = fdml_arena_push(arena, one > two ? one : two, sizeof(float));
    return desk->z1 && desk->z2 && desk->h && desk->row_panels;
}

void fdml_perceptron_outputs(const fdml_perceptron *model, const float *x, size_t n,
                             const fdml_perceptron_desk *desk)
{
    const fdml_dense *one = &model->first, *two = &model->second;
    const size_t stride = fdml_dense_stride(one), n_hidden = one->n_out;
    fdml_dense_product(desk->z1, x, n, model->panels[0], desk->row_panels, one);
    for (size_t i = 0; i < n; i++) {
        float *h = desk->h + i * (n_hidden + 1);
        one->kernels->activate(h, desk->z1 + i * stride, n_hidden, FDML_ACT_RELU, 0, 0);
        h[n_hidden] = 1;
    }
    fdml_dense_product(desk->z2, desk->h, n, model->panels[1], desk->row_panels, two);
}
