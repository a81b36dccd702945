/* test_model_features.c - a head trained on rows of numbers, as a checkpoint.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "model/checkpoint.h"
#include "model/features.h"
#include "model/plan.h"
#include "one_node.h"
#include "scratch.h"

enum { ROWS = 5, COLUMNS = 7, HIDDEN = 6, SIZE = 3 };

static fdml_error err;
static fdml_arena arena;

/* All that a file may hold, and its tensors. */
static struct {
    float hidden[HIDDEN * COLUMNS], hidden_bias[HIDDEN], scale[HIDDEN], shift[HIDDEN],
        mean[HIDDEN], var[HIDDEN], head[SIZE * HIDDEN], plain_head[SIZE * COLUMNS], bias[SIZE],
        x[ROWS * COLUMNS];
} w;

static const fdml_safetensors_item with_hidden[] = {
    { "hidden.weight", FDML_DTYPE_F4, 2, { HIDDEN, COLUMNS }, w.hidden },
    { "hidden.bias", FDML_DTYPE_F4, 1, { HIDDEN }, w.hidden_bias },
    { "norm.weight", FDML_DTYPE_F4, 1, { HIDDEN }, w.scale },
    { "norm.bias", FDML_DTYPE_F4, 1, { HIDDEN }, w.shift },
    { "norm.running_mean", FDML_DTYPE_F4, 1, { HIDDEN }, w.mean },
    { "norm.running_var", FDML_DTYPE_F4, 1, { HIDDEN }, w.var },
    { "head.weight", FDML_DTYPE_F4, 2, { SIZE, HIDDEN }, w.head },
    { "head.bias", FDML_DTYPE_F4, 1, { SIZE }, w.bias },
};
enum { N_ALL = sizeof with_hidden / sizeof *with_hidden };

static const fdml_safetensors_item head_alone[] = {
    { "head.weight", FDML_DTYPE_F4, 2, { SIZE, COLUMNS }, w.plain_head },
    { "head.bias", FDML_DTYPE_F4, 1, { SIZE }, w.bias },
};

static const fdml_checkpoint_settings of_head = { .embedding_size = SIZE,
                                                  .has_head = true,
                                                  .normalise = true };

static void fill(void)
{
    float *const list[] = { w.hidden, w.hidden_bias, w.scale,      w.shift, w.mean,
                            w.var,    w.head,        w.plain_head, w.bias,  w.x };
    const size_t n[] = {
        HIDDEN * COLUMNS, HIDDEN,        HIDDEN,         HIDDEN, HIDDEN,
        HIDDEN,           SIZE * HIDDEN, SIZE * COLUMNS, SIZE,   ROWS * COLUMNS
    };
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) one_node_fill(list[i], n[i], (unsigned)i);
    for (size_t i = 0; i < HIDDEN; i++) w.var[i] = 0.5f + fabsf(w.var[i]);
}

static const char *write_file(const fdml_checkpoint_settings *settings,
                              const fdml_safetensors_item *item, size_t n)
{
    const char *path = scratch_path("features.safetensors");
    cr_assert_eq(fdml_checkpoint_write(path, "features", settings, item, n, &err), FDML_OK,
                 "%s", err.text);
    return path;
}

/* y [ROWS, n_out] = W x + b in double. */
static void linear(double *y, const double *x, const float *weight, const float *bias,
                   size_t n_in, size_t n_out)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t o = 0; o < n_out; o++) {
            y[r * n_out + o] = (double)bias[o];
            for (size_t i = 0; i < n_in; i++)
                y[r * n_out + o] += (double)weight[o * n_in + i] * x[r * n_in + i];
        }
}

static void expect_rows(const char *path, const double *v)
{
    fdml_graph graph;
    fdml_plan *plan;
    fdml_tensor y, x = one_node_floats(NULL, 2, (size_t[]){ ROWS, COLUMNS });
    const fdml_plan_options options = { .n_threads = 1 };
    cr_assert_eq(fdml_checkpoint_open(&graph, path, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_plan_new(&plan, &graph, &x, &options, &err), FDML_OK, "%s", err.text);
    x.data = w.x;
    cr_assert_eq(fdml_plan_run(plan, &x, &y, &err), FDML_OK, "%s", err.text);
    cr_assert(y.rank == 2 && y.dim[0] == ROWS && y.dim[1] == SIZE);
    for (size_t r = 0; r < ROWS; r++) {
        double square = 0;
        for (size_t i = 0; i < SIZE; i++) square += v[r * SIZE + i] * v[r * SIZE + i];
        for (size_t i = 0; i < SIZE; i++)
            cr_assert_float_eq((double)((const float *)y.data)[r * SIZE + i],
                               v[r * SIZE + i] / sqrt(square), 1e-5, "row %zu, %zu", r, i);
    }
    fdml_plan_free(plan);
    fdml_graph_close(&graph);
}

/* N(W relu(norm(V x + c)) + b), and N(W x + b) without a hidden layer. */
Test(model_features, a_checkpoint_gives_the_embedding)
{
    double x[ROWS * COLUMNS], h[ROWS * HIDDEN], v[ROWS * SIZE];
    fill();
    for (size_t i = 0; i < ROWS * COLUMNS; i++) x[i] = (double)w.x[i];
    linear(v, x, w.plain_head, w.bias, COLUMNS, SIZE);
    expect_rows(write_file(&of_head, head_alone, 2), v);

    linear(h, x, w.hidden, w.hidden_bias, COLUMNS, HIDDEN);
    for (size_t i = 0; i < ROWS * HIDDEN; i++) {
        const size_t c = i % HIDDEN;
        const double unit = (h[i] - (double)w.mean[c]) / sqrt((double)w.var[c] + 1e-5);
        h[i] = fmax(0, unit * (double)w.scale[c] + (double)w.shift[c]);
    }
    linear(v, h, w.head, w.bias, HIDDEN, SIZE);
    expect_rows(write_file(&of_head, with_hidden, N_ALL), v);
    fdml_arena_close(&arena);
}

static void expect_refusal(const fdml_checkpoint_settings *settings,
                           const fdml_safetensors_item *item, size_t n, const char *text)
{
    char sentence[FDML_ERROR_MAX];
    fdml_graph graph;
    const char *path = write_file(settings, item, n);
    snprintf(sentence, sizeof sentence, "%s: %s", path, text);
    scratch_expect_error(fdml_checkpoint_open(&graph, path, &arena, &err), &err, FDML_E_DATA,
                         sentence);
    fdml_arena_close(&arena);
}

Test(model_features, checkpoints_that_do_not_fit_together)
{
    fdml_safetensors_item item[N_ALL];
    const fdml_checkpoint_settings none = { 0 };
    expect_refusal(&of_head, with_hidden, N_ALL - 2,
                   "no tensor 'head.weight', expected [any,any]");
    expect_refusal(&none, with_hidden + 1, N_ALL - 3,
                   "has neither 'hidden.weight' nor 'head.weight'");
    expect_refusal(&none, with_hidden, N_ALL, "tensor 'head.weight' is no part of features");
    expect_refusal(&none, with_hidden, N_ALL - 3, "no tensor 'norm.running_var', expected [6]");
    memcpy(item, with_hidden, sizeof item);
    item[6].shape[1] = HIDDEN - 1;
    expect_refusal(&of_head, item, N_ALL,
                   "tensor 'head.weight' has 5 columns, features gives 6");
    item[0].n_dims = 1;
    expect_refusal(&of_head, item, N_ALL,
                   "tensor 'hidden.weight' has 1 axes and 6 items, expected a matrix");
}

Test(model_features, with_a_classifier_it_is_not_to_be_had)
{
    fdml_graph graph;
    fdml_checkpoint checkpoint;
    char sentence[FDML_ERROR_MAX];
    const char *path = write_file(&of_head, with_hidden, N_ALL);
    cr_assert_eq(fdml_checkpoint_read(&checkpoint, path, &arena, &err), FDML_OK);
    snprintf(sentence, sizeof sentence, "%s: features has no classifier", path);
    scratch_expect_error(fdml_checkpoint_build(&graph, &checkpoint, true, &arena, &err), &err,
                         FDML_E_ARG, sentence);
    fdml_checkpoint_close(&checkpoint);
    fdml_arena_close(&arena);
}
