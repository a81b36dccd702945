/* test_model_embed_head.c - a head behind a network, and checkpoints that have one.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/checkpoint.h"
#include "model/embed_head.h"
#include "model/plan.h"
#include "one_node.h"
#include "scratch.h"

enum { BATCH = 3, COLUMNS = 256, SIZE = 20 };

static fdml_error err;

typedef struct world {
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph trunk;
    float *weight, *bias;
    fdml_tensor x;
} world;

static void open_world(world *w)
{
    fdml_arena_init(&w->arena, 0);
    fdml_weights_invent(&w->weights, "cnn4", 6, 1, &w->arena);
    cr_assert_eq(fdml_backbone_build(&w->trunk, "cnn4", &w->weights, NULL, &w->arena, &err),
                 FDML_OK);
    w->weight = fdml_arena_push(&w->arena, SIZE * COLUMNS, sizeof(float));
    w->bias = fdml_arena_push(&w->arena, SIZE, sizeof(float));
    one_node_fill(w->weight, SIZE * COLUMNS, 1);
    one_node_fill(w->bias, SIZE, 2);
    w->x = one_node_floats(NULL, 4, (size_t[]){ BATCH, 3, 32, 32 });
    float *pixels = fdml_arena_push(&w->arena, w->x.n_items, sizeof *pixels);
    one_node_fill(pixels, w->x.n_items, 3);
    w->x.data = pixels;
}

static float *run(world *w, const fdml_graph *graph, size_t columns)
{
    fdml_plan *plan;
    fdml_tensor y, shape = w->x;
    const fdml_plan_options options = { .n_threads = 1 };
    float *rows = fdml_arena_push(&w->arena, BATCH * columns, sizeof *rows);
    shape.data = NULL;
    cr_assert_eq(fdml_plan_new(&plan, graph, &shape, &options, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_plan_run(plan, &w->x, &y, &err), FDML_OK, "%s", err.text);
    cr_assert(y.rank == 2 && y.dim[0] == BATCH && y.dim[1] == columns);
    memcpy(rows, y.data, BATCH * columns * sizeof *rows);
    fdml_plan_free(plan);
    return rows;
}

/* N(W h + b) in double. */
static void expect_head(const world *w, const float *h, const float *f, bool has_bias,
                        bool normalise)
{
    for (size_t r = 0; r < BATCH; r++) {
        double v[SIZE], square = 0;
        for (size_t i = 0; i < SIZE; i++) {
            v[i] = has_bias ? (double)w->bias[i] : 0;
            for (size_t c = 0; c < COLUMNS; c++)
                v[i] += (double)w->weight[i * COLUMNS + c] * (double)h[r * COLUMNS + c];
            square += v[i] * v[i];
        }
        const double scale = normalise ? 1 / sqrt(square) : 1;
        for (size_t i = 0; i < SIZE; i++)
            cr_assert_float_eq((double)f[r * SIZE + i], v[i] * scale,
                               2e-5 * (normalise ? 1 : sqrt(square)), "row %zu, %zu", r, i);
    }
}

Test(model_embed_head, linear_and_unit_length)
{
    world w;
    open_world(&w);
    const float *h = run(&w, &w.trunk, COLUMNS);
    for (int way = 0; way < 4; way++) {
        fdml_graph graph;
        const fdml_embed_head head = { w.weight, way & 1 ? w.bias : NULL, SIZE, way & 2 };
        cr_assert_eq(fdml_embed_head_append(&graph, &w.trunk, &head, &w.arena, &err), FDML_OK,
                     "%s", err.text);
        cr_assert_eq(graph.n_nodes, w.trunk.n_nodes + 1 + (way >= 2));
        cr_assert_eq(graph.value[graph.output[0]].dim[1], SIZE);
        expect_head(&w, h, run(&w, &graph, SIZE), way & 1, way & 2);
    }
    fdml_graph unit; /* no linear layer */
    const fdml_embed_head bare = { .normalise = true };
    cr_assert_eq(fdml_embed_head_append(&unit, &w.trunk, &bare, &w.arena, &err), FDML_OK);
    const float *f = run(&w, &unit, COLUMNS);
    for (size_t r = 0; r < BATCH; r++) {
        double square = 0;
        for (size_t c = 0; c < COLUMNS; c++)
            square += (double)f[r * COLUMNS + c] * (double)f[r * COLUMNS + c];
        cr_assert_float_eq(square, 1, 1e-6);
    }
    fdml_arena_close(&w.arena);
}

Test(model_embed_head, rows_of_zeros_stay)
{
    world w;
    fdml_graph graph;
    open_world(&w);
    memset(w.weight, 0, SIZE * COLUMNS * sizeof *w.weight);
    const fdml_embed_head head = { w.weight, NULL, SIZE, true };
    cr_assert_eq(fdml_embed_head_append(&graph, &w.trunk, &head, &w.arena, &err), FDML_OK);
    const float *f = run(&w, &graph, SIZE);
    for (size_t i = 0; i < BATCH * SIZE; i++) cr_assert_eq(f[i], 0);
    fdml_arena_close(&w.arena);
}

/* The constants of a graph as tensors of a file. */
static size_t list_constants(fdml_safetensors_item *item, const fdml_graph *graph)
{
    size_t n = 0;
    for (size_t i = 0; i < graph->n_values; i++) {
        const fdml_tensor *t = &graph->value[i].constant;
        if (!t->data) continue;
        item[n] = (fdml_safetensors_item){ .name = graph->value[i].name,
                                           .dtype = FDML_DTYPE_F4,
                                           .n_dims = t->rank,
                                           .data = t->data };
        memcpy(item[n].shape, t->dim, (size_t)t->rank * sizeof *t->dim);
        n++;
    }
    return n;
}

static size_t list_all(fdml_safetensors_item item[32], const world *w, size_t columns)
{
    size_t n = list_constants(item, &w->trunk);
    item[n++] = (fdml_safetensors_item){
        "head.weight", FDML_DTYPE_F4, 2, { SIZE * COLUMNS / columns, columns }, w->weight
    };
    item[n++] = (fdml_safetensors_item){ "head.bias", FDML_DTYPE_F4, 1, { SIZE }, w->bias };
    return n;
}

Test(model_embed_head, a_checkpoint_gives_the_embedding)
{
    world w;
    fdml_graph graph;
    fdml_safetensors_item item[32];
    const fdml_checkpoint_settings settings = { .embedding_size = SIZE,
                                                .has_head = true,
                                                .normalise = true };
    const char *path = scratch_path("head.safetensors");
    open_world(&w);
    const float *h = run(&w, &w.trunk, COLUMNS);
    const size_t n = list_all(item, &w, COLUMNS);
    cr_assert_eq(fdml_checkpoint_write(path, "cnn4", &settings, item, n, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(fdml_checkpoint_open(&graph, path, &w.arena, &err), FDML_OK, "%s", err.text);
    expect_head(&w, h, run(&w, &graph, SIZE), true, true);
    fdml_graph_close(&graph);
    cr_assert_eq(fdml_checkpoint_write(path, "cnn4", &settings, item, n - 1, &err), FDML_OK);
    cr_assert_eq(fdml_checkpoint_open(&graph, path, &w.arena, &err), FDML_OK, "%s", err.text);
    expect_head(&w, h, run(&w, &graph, SIZE), false, true);
    fdml_graph_close(&graph);
    fdml_arena_close(&w.arena);
}

static void expect_refusal(const char *path, const fdml_checkpoint_settings *settings,
                           const fdml_safetensors_item *item, size_t n, const char *text)
{
    char sentence[FDML_ERROR_MAX];
    fdml_arena arena;
    fdml_graph graph;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_checkpoint_write(path, "cnn4", settings, item, n, &err), FDML_OK);
    snprintf(sentence, sizeof sentence, "%s: %s", path, text);
    scratch_expect_error(fdml_checkpoint_open(&graph, path, &arena, &err), &err, FDML_E_DATA,
                         sentence);
    fdml_arena_close(&arena);
}

Test(model_embed_head, checkpoints_whose_head_does_not_fit)
{
    world w;
    fdml_safetensors_item item[32];
    const char *path = scratch_path("misfit.safetensors");
    const fdml_checkpoint_settings none = { 0 }, head = { .has_head = true },
                                   sized = { .has_head = true, .embedding_size = 19 };
    open_world(&w);
    size_t n = list_all(item, &w, COLUMNS);
    expect_refusal(path, &none, item, n, "tensor 'head.weight' is no part of cnn4");
    expect_refusal(path, &sized, item, n,
                   "the settings' embedding_size is 19, the weights give 20");
    expect_refusal(path, &head, item, n - 2, "no tensor 'head.weight', expected [any,any]");
    n = list_all(item, &w, COLUMNS / 2);
    expect_refusal(path, &head, item, n - 1,
                   "tensor 'head.weight' has 128 columns, cnn4 gives 256");
    expect_refusal(path, &head, item, n, "tensor 'head.bias' is [20], expected [40]");
    fdml_arena_close(&w.arena);
}
