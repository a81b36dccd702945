/* twin_net.c - see twin_net.h.
 * SPDX-License-Identifier: MIT */
#include "twin_net.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/interpret.h"
#include "one_node.h"

static uint32_t constant_of(twin *t, const char *name, int rank, const size_t *dim,
                            const void *data)
{
    const fdml_tensor tensor = one_node_tensor(t->type, data, rank, dim);
    return fdml_graph_builder_add_constant(&t->b, name, &tensor);
}

/* The next parameter: made in the first net, the same in the second. `low` to `high`. */
static uint32_t param(twin *t, bool is_trained, int rank, const size_t *dim, double low,
                      double high)
{
    cr_assert_lt(t->next, TWIN_PARAMS);
    twin_param *p = &t->param[t->next++];
    if (t->type == FDML_TYPE_F32) {
        p->n = 1;
        for (int i = 0; i < rank; i++) p->n *= dim[i];
        snprintf(p->name, sizeof p->name, "p%zu", t->next);
        p->is_trained = is_trained;
        p->f = fdml_arena_push(&t->arena, p->n, sizeof *p->f);
        p->d = fdml_arena_push(&t->arena, p->n, sizeof *p->d);
        one_node_fill(p->f, p->n, 100 + t->next);
        for (size_t i = 0; i < p->n; i++) {
            p->f[i] = (float)(low + (high - low) * ((double)p->f[i] + 1) / 2);
            p->d[i] = (double)p->f[i];
        }
        t->n_params = t->next;
    }
    return constant_of(t, p->name, rank, dim,
                       t->type == FDML_TYPE_F32 ? (void *)p->f : (void *)p->d);
}

static uint32_t add_node(twin *t, const char *op, uint32_t n_inputs, const uint32_t *input,
                         uint32_t n_attrs, const fdml_attr *attr)
{
    return fdml_graph_builder_add_node(
        &t->b,
        &(fdml_graph_node){
            .op = op, .n_inputs = n_inputs, .input = input, .n_attrs = n_attrs, .attr = attr });
}

uint32_t twin_add(twin *t, const char *op, uint32_t a, uint32_t b)
{
    return add_node(t, op, b == FDML_NO_VALUE ? 1 : 2, (const uint32_t[]){ a, b }, 0, NULL);
}

uint32_t twin_add_conv(twin *t, uint32_t x, const twin_conv *c)
{
    const int64_t groups = c->groups ? c->groups : 1, dilation = c->dilation ? c->dilation : 1;
    const size_t dim[] = { (size_t)c->n_out, (size_t)(c->n_in / groups), (size_t)c->kernel,
                           (size_t)c->kernel };
    const int64_t strides[] = { c->stride, c->stride }, d[] = { dilation, dilation };
    const int64_t pads[] = { c->pad, c->pad, c->pad, c->pad };
    const fdml_attr attr[] = { fdml_attr_ints("strides", 2, strides),
                               fdml_attr_ints("dilations", 2, d),
                               fdml_attr_ints("pads", 4, pads),
                               fdml_attr_int("group", groups) };
    const uint32_t w = param(t, true, 4, dim, -0.5, 0.5);
    const uint32_t b = c->has_bias ? param(t, true, 1, dim, -0.5, 0.5) : FDML_NO_VALUE;
    return add_node(t, "Conv", c->has_bias ? 3 : 2, (const uint32_t[]){ x, w, b }, 4, attr);
}

/* (x - mean) / sqrt(var + 1e-5) gamma + beta, the mean over all but channels. */
static uint32_t norm_by_batch(twin *t, uint32_t x, const uint32_t *p)
{
    static const int64_t axes[] = { 0, 2, 3 }, two_axes[] = { 0 };
    static const double epsilon = 1e-5;
    const bool is_flat = t->is_flat;
    const fdml_attr over = fdml_attr_ints("axes", is_flat ? 1 : 3, is_flat ? two_axes : axes);
    const uint32_t mean = add_node(t, "ReduceMean", 1, &x, 1, &over);
    const uint32_t d = twin_add(t, "Sub", x, mean), square = twin_add(t, "Mul", d, d);
    const uint32_t variance = add_node(t, "ReduceMean", 1, &square, 1, &over);
    const uint32_t e = constant_of(t, "epsilon", 0, NULL, &epsilon);
    const uint32_t root = twin_add(t, "Sqrt", twin_add(t, "Add", variance, e), FDML_NO_VALUE);
    const uint32_t scaled = twin_add(t, "Mul", twin_add(t, "Div", d, root), p[0]);
    return twin_add(t, "Add", scaled, p[1]);
}

uint32_t twin_add_norm(twin *t, uint32_t x, int64_t n)
{
    const bool by_batch = t->type == FDML_TYPE_F64 && !t->is_frozen;
    const size_t dim[] = { (size_t)n, 1, 1 };
    const int rank = by_batch && !t->is_flat ? 3 : 1;
    uint32_t in[5] = { x };
    in[1] = param(t, true, rank, dim, 0.5, 1.5);
    in[2] = param(t, true, rank, dim, -0.5, 0.5);
    in[3] = param(t, false, 1, dim, -0.3, 0.3);
    in[4] = param(t, false, 1, dim, 0.5, 1.5);
    return by_batch ? norm_by_batch(t, x, in + 1)
                    : add_node(t, "BatchNormalization", 5, in, 0, NULL);
}

uint32_t twin_add_prelu(twin *t, uint32_t x, int64_t n)
{
    const size_t dim[] = { (size_t)n, 1, 1 };
    return twin_add(t, "PRelu", x, param(t, true, 3, dim, -0.5, 0.5));
}

uint32_t twin_add_clip(twin *t, uint32_t x, double low, double high)
{
    double *d = fdml_arena_push(&t->arena, 2, sizeof *d);
    float *f = fdml_arena_push(&t->arena, 2, sizeof *f);
    d[0] = low, d[1] = high;
    f[0] = (float)low, f[1] = (float)high;
    const bool is_float = t->type == FDML_TYPE_F32;
    const uint32_t in[] = { x, constant_of(t, "low", 0, NULL, is_float ? (void *)f : (void *)d),
                            constant_of(t, "high", 0, NULL,
                                        is_float ? (void *)(f + 1) : (void *)(d + 1)) };
    return add_node(t, "Clip", 3, in, 0, NULL);
}

uint32_t twin_add_gemm(twin *t, uint32_t x, int64_t n_in, int64_t n_out, bool is_turned)
{
    const size_t dim[] = { (size_t)(is_turned ? n_out : n_in),
                           (size_t)(is_turned ? n_in : n_out) },
                 n = (size_t)n_out;
    const fdml_attr turned = fdml_attr_int("transB", is_turned);
    const uint32_t w = param(t, true, 2, dim, -0.5, 0.5), b = param(t, true, 1, &n, -0.5, 0.5);
    return add_node(t, "Gemm", 3, (const uint32_t[]){ x, w, b }, 1, &turned);
}

uint32_t twin_add_pool(twin *t, uint32_t x, const char *op, int64_t kernel, int64_t stride,
                       int64_t pad)
{
    const int64_t k[] = { kernel, kernel }, s[] = { stride, stride },
                  pads[] = { pad, pad, pad, pad };
    const fdml_attr attr[] = { fdml_attr_ints("kernel_shape", 2, k),
                               fdml_attr_ints("strides", 2, s), fdml_attr_ints("pads", 4, pads),
                               fdml_attr_int("count_include_pad", 1) };
    return add_node(t, op, 1, &x, strcmp(op, "MaxPool") ? 4 : 3, attr);
}

static void build_one(twin *t, twin_net *net, const fdml_tensor *input, fdml_type type,
                      fdml_graph *graph)
{
    fdml_error err;
    int64_t dim[FDML_MAX_RANK];
    for (int i = 0; i < input->rank; i++) dim[i] = (int64_t)input->dim[i];
    t->type = type;
    t->next = 0;
    t->is_flat = input->rank == 2;
    fdml_graph_builder_init(&t->b, &t->arena, "net", 13);
    const uint32_t x = fdml_graph_builder_add_input(&t->b, "x", type, input->rank, dim);
    fdml_graph_builder_add_output(&t->b, net(t, x));
    cr_assert_eq(fdml_graph_builder_finish(&t->b, graph, &err), FDML_OK, "%s", err.text);
}

void twin_build(twin *t, twin_net *net, const fdml_tensor *input, bool is_frozen)
{
    *t = (twin){ .is_frozen = is_frozen };
    fdml_arena_init(&t->arena, 0);
    build_one(t, net, input, FDML_TYPE_F32, &t->graph[0]);
    build_one(t, net, input, FDML_TYPE_F64, &t->graph[1]);
}

void twin_close(twin *t)
{
    fdml_arena_close(&t->arena);
}

double twin_loss(twin *t, const double *x, const fdml_tensor *input, const double *weight)
{
    fdml_error err;
    const fdml_arena_mark mark = fdml_arena_get_mark(&t->arena);
    const fdml_tensor in = one_node_tensor(FDML_TYPE_F64, x, input->rank, input->dim);
    fdml_tensor out;
    cr_assert_eq(
        fdml_interpret(&t->graph[1], &in, &out, fdml_kernels_best(), 1, &t->arena, &err),
        FDML_OK, "%s", err.text);
    const double *y = out.data;
    double loss = 0;
    for (size_t i = 0; i < out.n_items; i++) loss += weight[i] * y[i];
    fdml_arena_reset(&t->arena, mark);
    return loss;
}
