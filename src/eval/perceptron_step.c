/* perceptron_step.c - how a perceptron learns: forward, back, and steps. See perceptron.h.
 *
 * A batch is cut into PARTS parts, each with gradients of its own, which are then added in
 * order, one block of sixteen outputs a task. The block is stepped on the spot and copied to
 * the panels that products read. Hidden units stand in rows with a 1 at the end, whose weights
 * are the biases of the second layer.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/perceptron_state.h"

/* --- forward and back ------------------------------------------------------------------- */

void fdml_perceptron_forward(const net *t, part *p, const fdml_samples *samples, size_t first,
                             size_t n)
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
    fdml_perceptron_forward(t, p, &batch, begin, n);
    p->loss = t->is_logistic ? fdml_logistic_loss(p->z2, &targets, &t->layer[1].dense)
                             : fdml_cross_entropy(p->z2, &targets, &t->layer[1].dense);
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

void fdml_perceptron_pack(const net *t, size_t l, size_t block)
{
    const layer *of = &t->layer[l];
    const float *w = of->w + block * of->dense.n_in * LANES;
    fdml_dense_pack(of->panels, w, block, &of->dense);
    if (l) pack_back(t, w, block);
}

/* Of the penalised weights of a block. */
static double sum_squares(const float *w, size_t n)
{
    double sum[4] = { 0 };
    for (size_t i = 0; i < n; i += 4) /* blocks are sixteen outputs wide */
        for (size_t k = 0; k < 4; k++) sum[k] += (double)w[i + k] * (double)w[i + k];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
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
    const double root = 1 / sqrt(1 - t->beta2); /* scikit-learn adds eps before it divides */
    const double eps = o->rule == FDML_PERCEPTRON_PLATEAU ? 1e-8 * root : 1e-8;
    float *sum = of->gradient + at;
    for (size_t p = 1; p < PARTS; p++)
        of->dense.kernels->combine(sum, sum, of->gradient + p * of->n + at, n,
                                   FDML_COMBINE_ADD);
    if (t->square) t->square[task] = sum_squares(of->w + at, n_weights);
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
                      .root = (float)root,
                      .eps = (float)eps };
    of->dense.kernels->adam_step(&job);
    job.w += n_weights, job.m += n_weights, job.v += n_weights, job.grad += n_weights;
    job.n = LANES; /* biases are not penalised */
    job.decay = 0;
    of->dense.kernels->adam_step(&job);
    fdml_perceptron_pack(t, l, block);
}

/* Adds the batch's rows and its penalty, before the step, to the epoch's loss. */
static void add_loss(net *t, size_t n_tasks)
{
    double square = 0;
    for (size_t p = 0; p < PARTS; p++) t->loss += t->parts[p].loss;
    for (size_t i = 0; i < n_tasks; i++) square += t->square[i];
    t->loss += t->options->penalty / 2 * square;
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
    if (t->square) add_loss(t, n_tasks);
}

/* Until for more than `patience` epochs on end the loss has not been less, by the tolerance,
 * than the least before: MLPClassifier's rule. */
static void train_to_plateau(net *t)
{
    const fdml_perceptron_options *o = t->options;
    const size_t n_batches = (t->n_rows + o->batch - 1) / o->batch;
    double best = INFINITY;
    unsigned n_idle = 0;
    t->rate = o->rate;
    while (t->n_epochs < o->epochs && n_idle <= o->patience) {
        t->loss = 0;
        for (size_t b = 0; b < n_batches; b++) take_step(t);
        t->loss /= (double)t->n_rows;
        n_idle = t->loss > best - o->tolerance ? n_idle + 1 : 0;
        if (t->loss < best) best = t->loss;
    }
}

void fdml_perceptron_train(void *ctx)
{
    net *t = ctx;
    t->beta1 = t->beta2 = 1;
    if (t->options->rule == FDML_PERCEPTRON_PLATEAU) {
        train_to_plateau(t);
        return;
    }
    for (size_t step = 0; step < t->n_steps; step++) {
        const double left = (double)(t->n_steps - step) / (double)t->n_steps;
        t->rate = t->options->rate * (left < .5 ? 2 * left : 1);
        take_step(t);
    }
}
