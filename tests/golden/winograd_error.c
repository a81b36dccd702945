/* winograd_error.c - what F(4x4, 3x3) loses in the layers of a real network, against double.
 *
 *   golden --winograd MODEL.onnx INPUT.npy
 *
 * The network runs with every activation kept. Each 3x3 layer that goes through Winograd is
 * then computed once more: by a plan of it alone, and in double, directly, from the same
 * activations. The table tells the largest difference, as a share of the layer's largest output
 * and of the bound that holds for each output whatever the data:
 *
 *   gamma(10 + 6 + 128 + K / 128 + 8) |A^T| [ sum over K of |G||g||G^T| * |B^T||d||B| ] |A|
 *
 * the roundings of weights, split, a chain of 128 with the sum of chains, and join
 * (tests/kcheck/winograd_double.h), with gamma(n) = n u / (1 - n u), u = 2^-24.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kcheck/winograd_double.h"
#include "engines.h"
#include "model/graph_build.h"
#include "model/op.h"
#include "model/plan.h"

enum { POINTS = 36, CHAIN = 128 };

typedef struct layer {
    const fdml_node *node;
    size_t k, m, height, width; /* channels in and out; of the plane, which keeps its size */
    float *x, *g, *y;           /* [k, h, w], [m, k, 3, 3], [m, h, w]: the plan's */
} layer;

static fdml_status run_alone(layer *l, fdml_arena *arena, fdml_error *err)
{
    fdml_graph_builder b;
    fdml_graph graph;
    const int64_t dim[] = { 1, (int64_t)l->k, (int64_t)l->height, (int64_t)l->width };
    const int64_t pads[] = { 1, 1, 1, 1 };
    const size_t shape[] = { l->m, l->k, 3, 3 };
    fdml_tensor w, y, x;
    FDML_TRY(fdml_tensor_shape(&w, FDML_TYPE_F32, 4, shape, "w", err));
    w.data = l->g;
    const fdml_attr attr = fdml_attr_ints("pads", 4, pads);
    fdml_graph_builder_init(&b, arena, "layer", 13);
    const uint32_t in = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 4, dim);
    const uint32_t input[] = { in, fdml_graph_builder_add_constant(&b, "w", &w) };
    fdml_graph_builder_add_output(
        &b, fdml_graph_builder_add_node(&b, &(fdml_graph_node){ .op = "Conv",
                                                                .n_inputs = 2,
                                                                .input = input,
                                                                .n_attrs = 1,
                                                                .attr = &attr }));
    FDML_TRY(fdml_graph_builder_finish(&b, &graph, err));
    const size_t one[] = { 1, l->k, l->height, l->width };
    FDML_TRY(fdml_tensor_shape(&x, FDML_TYPE_F32, 4, one, "x", err));
    fdml_plan *plan;
    FDML_TRY(fdml_plan_new(&plan, &graph, &x, NULL, err));
    x.data = l->x;
    const fdml_status status = fdml_plan_run(plan, &x, &y, err);
    l->y = fdml_arena_push(arena, l->m * l->height * l->width, sizeof(float));
    if (!status && l->y) memcpy(l->y, y.data, y.n_items * sizeof(float));
    fdml_plan_free(plan);
    return status ? status : l->y ? FDML_OK : fdml_fail(err, FDML_E_NOMEM, "no memory");
}

static double pixel(const layer *l, size_t c, long y, long x)
{
    if (y < 0 || x < 0 || y >= (long)l->height || x >= (long)l->width) return 0;
    return (double)l->x[(c * l->height + (size_t)y) * l->width + (size_t)x];
}

/* The output of a direct convolution in double. */
static double direct(const layer *l, size_t o, size_t y, size_t x)
{
    double sum = 0;
    for (size_t c = 0; c < l->k; c++)
        for (size_t i = 0; i < 9; i++)
            sum += (double)l->g[(o * l->k + c) * 9 + i] *
                   pixel(l, c, (long)(y + i / 3) - 1, (long)(x + i % 3) - 1);
    return sum;
}

/* |G||g||G^T| of every weight, [m][k]. */
static wino_tile *weigh(const layer *l, fdml_arena *arena)
{
    const wino_matrix g = wino_absolute(wino_g());
    wino_tile *u = fdml_arena_push(arena, l->m * l->k, sizeof *u);
    for (size_t i = 0; u && i < l->m * l->k; i++) {
        wino_tile w = { { { 0 } } };
        for (size_t t = 0; t < 9; t++) w.at[t / 3][t % 3] = fabs((double)l->g[i * 9 + t]);
        u[i] = wino_transform(&g, &w);
    }
    return u;
}

typedef struct found {
    double largest, error, of_bound; /* output; difference; largest share of its bound */
} found;

/* The tile whose outputs begin at y0, x0; v: |B^T||d||B| of each channel. */
static void look_at_tile(found *f, const layer *l, const wino_tile *u, wino_tile *v, size_t y0,
                         size_t x0)
{
    const wino_matrix b = wino_absolute(wino_b()), a = wino_absolute(wino_a());
    const double n = 10 + 6 + CHAIN + ceil((double)l->k / CHAIN) + 8, unit = 0x1p-24;
    const double gamma = n * unit / (1 - n * unit);
    for (size_t c = 0; c < l->k; c++) {
        wino_tile d;
        for (size_t i = 0; i < POINTS; i++)
            d.at[i / 6][i % 6] =
                fabs(pixel(l, c, (long)(y0 + i / 6) - 1, (long)(x0 + i % 6) - 1));
        v[c] = wino_transform(&b, &d);
    }
    for (size_t o = 0; o < l->m; o++) {
        wino_tile sum = { { { 0 } } };
        for (size_t c = 0; c < l->k; c++)
            for (size_t i = 0; i < POINTS; i++)
                sum.at[i / 6][i % 6] +=
                    u[o * l->k + c].at[i / 6][i % 6] * v[c].at[i / 6][i % 6];
        const wino_tile bound = wino_transform(&a, &sum);
        for (size_t i = 0; i < 16; i++) {
            const size_t y = y0 + i / 4, x = x0 + i % 4;
            if (y >= l->height || x >= l->width) continue;
            const double want = direct(l, o, y, x);
            const double got = (double)l->y[(o * l->height + y) * l->width + x];
            const double off = fabs(got - want), most = gamma * bound.at[i / 4][i % 4];
            f->largest = fmax(f->largest, fabs(want));
            f->error = fmax(f->error, off);
            if (off > 0) f->of_bound = fmax(f->of_bound, off / most);
        }
    }
}

static const fdml_node *find_node(const fdml_graph *graph, const char *name)
{
    for (size_t n = 0; n < graph->n_nodes; n++)
        if (!strcmp(graph->node[n].op->name, "Conv") && !strcmp(graph->node[n].name, name))
            return &graph->node[n];
    return NULL;
}

static fdml_status read_layer(layer *l, const fdml_graph *graph, const fdml_plan *plan,
                              const fdml_plan_step_info *info, fdml_arena *arena,
                              fdml_error *err)
{
    *l = (layer){ .node = find_node(graph, info->name) };
    if (!l->node) return fdml_fail(err, FDML_E_DATA, "no convolution \"%s\"", info->name);
    const fdml_tensor *w = &graph->value[l->node->input[1]].constant;
    l->m = w->dim[0];
    l->k = w->dim[1];
    l->height = info->output.dim[2];
    l->width = info->output.dim[3];
    l->x = fdml_arena_push(arena, l->k * l->height * l->width, sizeof(float));
    l->g = fdml_arena_push(arena, l->m * l->k * 9, sizeof(float));
    if (!l->x || !l->g) return fdml_fail(err, FDML_E_NOMEM, "no memory for the layer");
    memcpy(l->g, w->data, l->m * l->k * 9 * sizeof(float));
    if (!fdml_plan_read_value(l->x, plan, l->node->input[0]))
        return fdml_fail(err, FDML_E_DATA, "\"%s\": its input was not kept", info->name);
    return run_alone(l, arena, err);
}

static fdml_status look_at_layer(double *of_bound, const fdml_graph *graph,
                                 const fdml_plan *plan, const fdml_plan_step_info *info,
                                 fdml_error *err)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    layer l;
    fdml_status status = read_layer(&l, graph, plan, info, &arena, err);
    if (!status) {
        found f = { 0, 0, 0 };
        const wino_tile *u = weigh(&l, &arena);
        wino_tile *v = fdml_arena_push(&arena, l.k, sizeof *v);
        if (!u || !v) return fdml_fail(err, FDML_E_NOMEM, "no memory for the bounds");
        for (size_t y = 0; y < l.height; y += 4)
            for (size_t x = 0; x < l.width; x += 4) look_at_tile(&f, &l, u, v, y, x);
        printf("%-28s %4zu %4zu %3zux%-3zu %10.3g %10.2g %10.2g %10.2g%%\n", info->name, l.k,
               l.m, l.height, l.width, f.largest, f.error, f.error / f.largest,
               100 * f.of_bound);
        if (!(f.of_bound <= *of_bound)) *of_bound = f.of_bound;
    }
    fdml_arena_close(&arena);
    return status;
}

static fdml_status look_at_all(double *of_bound, size_t *n, const char *model,
                               const char *input, fdml_arena *arena, fdml_error *err)
{
    fdml_graph graph;
    fdml_plan *plan;
    FDML_TRY(engine_open(&graph, "onnx", model, arena, err));
    fdml_tensor x, shape, *y = calloc(graph.n_outputs, sizeof *y);
    if (!y) return fdml_fail(err, FDML_E_NOMEM, "no memory");
    fdml_status status = engine_read_npy(&x, input, arena, err);
    if (!status && x.rank == 4 && x.dim[0] > 1) { /* the first image is enough */
        x.n_items /= x.dim[0];
        x.dim[0] = 1;
    }
    shape = x;
    shape.data = NULL;
    const fdml_plan_options keep = { .keep_all = true };
    if (!status) status = fdml_plan_new(&plan, &graph, &shape, &keep, err);
    if (!status) {
        status = fdml_plan_run(plan, &x, y, err);
        for (size_t s = 0; s < fdml_plan_n_steps(plan) && !status; s++) {
            fdml_plan_step_info info;
            fdml_plan_get_step(&info, plan, s);
            if (strcmp(info.algorithm, "winograd 4x4") != 0) continue;
            ++*n;
            status = look_at_layer(of_bound, &graph, plan, &info, err);
        }
        fdml_plan_free(plan);
    }
    free(y);
    return status;
}

int winograd_errors(const char *model, const char *input)
{
    double of_bound = 0;
    size_t n = 0;
    fdml_error err;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    printf("%-28s %4s %4s %7s %10s %10s %10s %11s\n", "layer", "in", "out", "plane", "largest",
           "error", "relative", "of bound");
    const fdml_status status = look_at_all(&of_bound, &n, model, input, &arena, &err);
    fdml_arena_close(&arena);
    if (status) fprintf(stderr, "golden: %s\n", err.text);
    if (status) return 2;
    const bool is_kept = n && of_bound <= 1;
    printf("%zu layers; largest share of the bound %.2g%%\n", n, 100 * of_bound);
    printf("%d passed, %d failed\n", is_kept, !is_kept);
    return !is_kept;
}
