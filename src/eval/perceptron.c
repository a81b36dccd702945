/* perceptron.c - see perceptron.h.
 *
 * Rows that are listed more than once are found first; each stands in the epoch once, and its
 * gradients are multiplied by its weight. A batch is cut into PARTS parts, each with gradients
 * of its own, which are then added in order, one block of sixteen outputs a task. The block is
 * stepped on the spot and copied to the panels that products read. Hidden units stand in rows
 * with a 1 at the end, whose weights are the biases of the second layer.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/perceptron.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/dense.h"

enum { LANES = FDML_DENSE_LANES, PARTS = 4, PART = FDML_DENSE_RUN, LAYERS = 2 };
_Static_assert((int)PARTS *(int)PART >= (int)FDML_PERCEPTRON_BATCH, "a batch is PARTS parts");

const fdml_perceptron_options fdml_perceptron_defaults = {
    .n_hidden = 100, .batch = 200, .epochs = 30, .min_steps = 200, .rate = 4e-3, .penalty = 1e-4
};

/* A layer; arrays of n floats but for the panels. */
typedef struct layer {
    fdml_dense dense;
    size_t n;
    float *w, *m, *v, *panels;
    float *gradient; /* [PARTS, n] */
} layer;

typedef struct part {
    float *x, *h;      /* [PART, dim + 1], [PART, n_hidden + 1] */
    float *z1, *z2;    /* outputs, then their gradients */
    float *row_panels; /* of whichever is multiplied */
} part;

typedef struct net {
    const fdml_samples *samples;
    const fdml_perceptron_options *options;
    fdml_standard standard;
    layer layer[LAYERS];
    fdml_dense back; /* from z2 to h: W2 transposed */
    float *back_panels;
    part *parts;   /* [PARTS] */
    uint32_t *row; /* [n_rows] the different rows of the list */
    float *weight; /* [n_rows] how often each is listed, over the mean of that */
    size_t n_rows;
    uint32_t *order;     /* [n_rows] of an epoch */
    uint32_t *batch;     /* [n] row[order[first ..]] */
    size_t first, n;     /* the batch: order[first .. first + n) */
    double beta1, beta2; /* to the power of the step */
    size_t n_steps;
    double rate;
    unsigned n_epochs;
    uint32_t *predicted; /* while predicting */
} net;

/* --- forward and back ------------------------------------------------------------------- */

/* z2 of n samples from `first` on; x, h and z1 are left as they were on the way. */
static void forward(const net *t, part *p, const fdml_samples *samples, size_t first, size_t n)
{
    const fdml_dense *one = &t->layer[0].dense, *two = &t->layer[1].dense;
    const size_t stride = fdml_dense_stride(one), n_hidden = one->n_out;
    fdml_standard_rows(p->x, &t->standard, samples, first, n, one->kernels);
    fdml_dense_product(p->z1, p->x, n, t->layer[0].panels, p->row_panels, one);
    for (size_t i = 0; i < n; i++) {
        float *h = p->h + i * (n_hidden + 1);
        one->kernels->activate(h, p->z1 + i * stride, n_hidden, FDML_ACT_RELU, 0, 0);
        h[n_hidden] = 1;
    }
    fdml_dense_product(p->z2, p->h, n, t->layer[1].panels, p->row_panels, two);
}

/* The rows of z2, which are as wide as its panels, times W2 transposed; 0 where a unit was. The
 * units, which are positive or 0, become their signs on the way. */
static void back_through(const net *t, part *p, size_t n)
{
    const fdml_dense *one = &t->layer[0].dense;
    const size_t stride = fdml_dense_stride(one), n_hidden = one->n_out;
    fdml_dense_product(p->z1, p->z2, n, t->back_panels, p->row_panels, &t->back);
    one->kernels->activate(p->h, p->h, n * (n_hidden + 1), FDML_ACT_SIGN, 0, 0);
    for (size_t i = 0; i < n; i++) {
        float *g = p->z1 + i * stride;
        one->kernels->combine(g, g, p->h + i * (n_hidden + 1), n_hidden, FDML_COMBINE_MUL);
        memset(g + n_hidden, 0, (stride - n_hidden) * sizeof *g);
    }
}

/* The part's own gradient of a layer, of inputs and of what its outputs should move by. */
static void put_gradient(const net *t, const float *in, const float *out, size_t n, size_t l,
                         size_t index)
{
    const layer *of = &t->layer[l];
    fdml_dense_gradient(of->gradient + index * of->n, in, out, n, &of->dense);
}

/* Rows of z2 count as often as their rows are listed. */
static void weigh(const net *t, part *p, size_t begin, size_t n)
{
    const fdml_dense *two = &t->layer[1].dense;
    for (size_t i = 0; i < n; i++) {
        const float weight = t->weight[t->order[t->first + begin + i]];
        float *row = p->z2 + i * fdml_dense_stride(two);
        for (size_t v = 0; weight != 1 && v < two->n_out; v++) row[v] *= weight;
    }
}

static void run_part(void *ctx, size_t index, int thread)
{
    (void)thread;
    const net *t = ctx;
    part *p = &t->parts[index];
    const size_t begin = t->n * index / PARTS, n = t->n * (index + 1) / PARTS - begin;
    fdml_samples batch = *t->samples;
    batch.row = t->batch;
    const fdml_targets targets = { batch.row + begin, batch.code, NULL, n };
    forward(t, p, &batch, begin, n);
    (void)fdml_cross_entropy(p->z2, &targets, &t->layer[1].dense);
    weigh(t, p, begin, n);
    put_gradient(t, p->h, p->z2, n, 1, index);
    back_through(t, p, n);
    put_gradient(t, p->x, p->z1, n, 0, index);
}

/* --- steps ------------------------------------------------------------------------------ */

/* Of W2's block: the transposed panels have hidden units for columns. */
static void pack_back(const net *t, const float *w, size_t block)
{
    const size_t width = t->back.kernels->tile_cols, n_in = t->back.n_in;
    for (size_t j = 0; j < t->back.n_out; j++) {
        float *to = t->back_panels + (j / width * n_in + block * LANES) * width + j % width;
        for (size_t i = 0; i < LANES; i++) to[i * width] = w[j * LANES + i];
    }
}

static void pack(const net *t, size_t l, size_t block)
{
    const layer *of = &t->layer[l];
    const float *w = of->w + block * of->dense.n_in * LANES;
    fdml_dense_pack(of->panels, w, block, &of->dense);
    if (l) pack_back(t, w, block);
}

static void step_block(void *ctx, size_t task, int thread)
{
    (void)thread;
    const net *t = ctx;
    const size_t n_first = fdml_dense_blocks(t->layer[0].dense.n_out);
    const size_t l = task >= n_first, block = l ? task - n_first : task;
    const layer *of = &t->layer[l];
    const fdml_perceptron_options *o = t->options;
    const size_t n_weights = (of->dense.n_in - 1) * LANES, n = of->dense.n_in * LANES;
    const size_t at = block * n;
    float *sum = of->gradient + at;
    for (size_t p = 1; p < PARTS; p++)
        of->dense.kernels->combine(sum, sum, of->gradient + p * of->n + at, n,
                                   FDML_COMBINE_ADD);
    fdml_adam job = { .w = of->w + at,
                      .m = of->m + at,
                      .v = of->v + at,
                      .grad = sum,
                      .n = n_weights,
                      .scale = (float)(1 / (double)t->n),
                      .limit = INFINITY,
                      .decay = (float)(o->penalty / (double)t->n),
                      .keep = 1,
                      .beta1 = 0.9f,
                      .rest1 = 0.1f,
                      .beta2 = 0.999f,
                      .rest2 = 0.001f,
                      .step = (float)(t->rate / (1 - t->beta1)),
                      .root = (float)(1 / sqrt(1 - t->beta2)),
                      .eps = 1e-8f };
    of->dense.kernels->adam_step(&job);
    job.w += n_weights, job.m += n_weights, job.v += n_weights, job.grad += n_weights;
    job.n = LANES; /* biases are not penalised */
    job.decay = 0;
    of->dense.kernels->adam_step(&job);
    pack(t, l, block);
}

/* One step on the next rows of an epoch, which the rows are shuffled for. */
static void take_step(net *t)
{
    const fdml_perceptron_options *o = t->options;
    const size_t n_tasks =
        fdml_dense_blocks(t->layer[0].dense.n_out) + fdml_dense_blocks(t->layer[1].dense.n_out);
    t->first += t->n;
    if (!t->n || t->first >= t->n_rows) {
        fdml_rng rng;
        t->first = 0;
        fdml_rng_init(&rng, o->seed, o->stream, ++t->n_epochs);
        fdml_rng_shuffle(&rng, t->order, (uint32_t)t->n_rows);
    }
    t->n = t->n_rows - t->first < o->batch ? t->n_rows - t->first : o->batch;
    for (size_t i = 0; i < t->n; i++) t->batch[i] = t->row[t->order[t->first + i]];
    fdml_parallel(PARTS, o->workers.n_threads, run_part, t);
    t->beta1 *= 0.9, t->beta2 *= 0.999;
    fdml_parallel(n_tasks, o->workers.n_threads, step_block, t);
}

static void train(void *ctx)
{
    net *t = ctx;
    t->beta1 = t->beta2 = 1;
    for (size_t step = 0; step < t->n_steps; step++) {
        const double left = (double)(t->n_steps - step) / (double)t->n_steps;
        t->rate = t->options->rate * (left < .5 ? 2 * left : 1);
        take_step(t);
    }
}

/* --- memory ----------------------------------------------------------------------------- */

static void plan(net *t, const fdml_samples *samples, const fdml_perceptron_options *options)
{
    const fdml_kernels *kernels = options->workers.kernels;
    *t = (net){ .samples = samples, .options = options };
    t->layer[0].dense = (fdml_dense){ samples->dim + 1, options->n_hidden, kernels };
    t->layer[1].dense = (fdml_dense){ options->n_hidden + 1, samples->n_values, kernels };
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
        for (size_t b = 0; b < fdml_dense_blocks(n_out); b++) pack(t, l, b);
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
        forward(t, p, t->samples, first, n);
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
    fdml_parallel_team(n_threads, train, &t);
    t.samples = test;
    t.predicted = predicted;
    fdml_parallel(PARTS, n_threads, predict_part, &t);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
