/* test_model_plan.c - plans against the interpreter, and against themselves.
 *
 * Every net is run by the interpreter, whose operators are tested against the specification,
 * and by plans; they may differ by rounding. Plans of any instruction set, thread count and
 * batch size may not differ at all. super_resolution_10 and the face network are nets from
 * outside with known outputs.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "model/graph_build.h"
#include "model/interpret.h"
#include "model/plan.h"
#include "one_node.h"
#include "scratch.h"

typedef struct conv_case {
    size_t in, out, height, width, kernel, stride, dilation, groups;
    int64_t pad; /* at all sides; the right one has one more where is_lopsided */
    bool is_lopsided, has_norm, has_add;
    const char *act; /* Relu, Clip, PRelu, LeakyRelu, HardSwish or NULL */
} conv_case;

typedef struct net {
    fdml_arena arena;
    fdml_graph_builder b;
    fdml_graph graph;
    uint64_t seed;
} net;

static uint32_t constant(net *n, int rank, const size_t *dim, float low, float high)
{
    fdml_tensor t = one_node_floats(NULL, rank, dim);
    float *values = fdml_arena_push(&n->arena, t.n_items, sizeof *values);
    one_node_fill(values, t.n_items, ++n->seed);
    for (size_t i = 0; i < t.n_items; i++) values[i] = low + (high - low) * (values[i] + 1) / 2;
    t.data = values;
    return fdml_graph_builder_add_constant(&n->b, "k", &t);
}

static uint32_t node(net *n, const char *op, size_t n_inputs, const uint32_t *input,
                     size_t n_attrs, const fdml_attr *attr)
{
    return fdml_graph_builder_add_node(&n->b,
                                       &(fdml_graph_node){ .op = op,
                                                           .n_inputs = (uint32_t)n_inputs,
                                                           .input = input,
                                                           .n_attrs = (uint32_t)n_attrs,
                                                           .attr = attr });
}

static uint32_t conv(net *n, uint32_t x, const conv_case *c)
{
    const int64_t s[] = { (int64_t)c->stride, (int64_t)c->stride };
    const int64_t d[] = { (int64_t)c->dilation, (int64_t)c->dilation };
    const int64_t pads[] = { c->pad, c->pad, c->pad, c->pad + c->is_lopsided };
    const fdml_attr attr[] = { fdml_attr_ints("strides", 2, s),
                               fdml_attr_ints("dilations", 2, d),
                               fdml_attr_ints("pads", 4, pads),
                               fdml_attr_int("group", (int64_t)c->groups) };
    const size_t own = c->in / c->groups;
    const float size = 1 / sqrtf((float)(own * c->kernel * c->kernel));
    const uint32_t w =
        constant(n, 4, (const size_t[]){ c->out, own, c->kernel, c->kernel }, -size, size);
    const uint32_t bias = constant(n, 1, &c->out, -1, 1);
    return node(n, "Conv", 3, (const uint32_t[]){ x, w, bias }, 4, attr);
}

static uint32_t batch_norm(net *n, uint32_t x, size_t channels)
{
    const uint32_t in[] = { x, constant(n, 1, &channels, .5f, 2),
                            constant(n, 1, &channels, -1, 1), constant(n, 1, &channels, -1, 1),
                            constant(n, 1, &channels, .5f, 2) };
    return node(n, "BatchNormalization", 5, in, 0, NULL);
}

static uint32_t activation(net *n, uint32_t x, const char *act, size_t channels)
{
    if (!act) return x;
    uint32_t in[3] = { x };
    size_t n_in = 1;
    if (!strcmp(act, "PRelu"))
        in[n_in++] = constant(n, 3, (const size_t[]){ channels, 1, 1 }, -.5f, .5f);
    if (!strcmp(act, "Clip")) {
        in[n_in++] = constant(n, 0, NULL, -.25f, -.25f);
        in[n_in++] = constant(n, 0, NULL, .5f, .5f);
    }
    return node(n, act, n_in, in, 0, NULL);
}

static void start(net *n)
{
    *n = (net){ .seed = 7 };
    fdml_arena_init(&n->arena, 0);
    fdml_graph_builder_init(&n->b, &n->arena, "net", 14);
}

static void finish(net *n, uint32_t y)
{
    fdml_error err = { 0 };
    fdml_graph_builder_add_output(&n->b, y);
    cr_assert_eq(fdml_graph_builder_finish(&n->b, &n->graph, &err), FDML_OK, "%s", err.text);
}

/* The convolution alone, and what follows it, with the same numbers on the other branch of an
 * addition. */
static void build_conv(net *n, const conv_case *c)
{
    start(n);
    const int64_t dim[] = { -1, (int64_t)c->in, (int64_t)c->height, (int64_t)c->width };
    const uint32_t x = fdml_graph_builder_add_input(&n->b, "x", FDML_TYPE_F32, 4, dim);
    uint32_t y = conv(n, x, c);
    if (c->has_norm) y = batch_norm(n, y, c->out);
    if (c->has_add) {
        const uint32_t other = conv(n, x, c);
        y = node(n, "Add", 2, (const uint32_t[]){ other, y }, 0, NULL);
    }
    finish(n, activation(n, y, c->act, c->out));
}

/* Runs a plan and copies output 0 to `out`. */
static void run_plan(const net *n, const fdml_tensor *x, fdml_plan_options options, float *out,
                     size_t n_items)
{
    fdml_plan *plan;
    fdml_tensor y, shape = *x;
    fdml_error err = { 0 };
    shape.data = NULL;
    cr_assert_eq(fdml_plan_new(&plan, &n->graph, &shape, &options, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(fdml_plan_run(plan, x, &y, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(y.n_items, n_items);
    memcpy(out, y.data, n_items * sizeof *out);
    fdml_plan_free(plan);
}

static void expect_near(const float *got, const float *want, size_t n, double tolerance)
{
    double largest = 1, off = 0; /* sums are of order 1 before they are clipped */
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)want[i]));
        off = fmax(off, fabs((double)got[i] - (double)want[i]));
    }
    cr_assert(off <= tolerance * largest, "off by %g of %g, allowed %g", off, largest,
              tolerance * largest);
}

/* Interpreter, plan; then all instruction sets, threads, batches, by bits. Three images run one
 * by one on one thread and on three, and together on two. */
static void check(net *n, const size_t *dim)
{
    enum { BATCH = 3 };
    const size_t shape[] = { BATCH, dim[0], dim[1], dim[2] };
    fdml_tensor x = one_node_floats(NULL, 4, shape), y;
    fdml_error err = { 0 };
    float *values = fdml_arena_push(&n->arena, x.n_items, sizeof *values);
    one_node_fill(values, x.n_items, 99);
    x.data = values;
    cr_assert_eq(fdml_interpret(&n->graph, &x, &y, fdml_kernels_best(), 2, &n->arena, &err),
                 FDML_OK, "%s", err.text);
    float *first = fdml_arena_push(&n->arena, y.n_items, sizeof *first);
    float *again = fdml_arena_push(&n->arena, y.n_items, sizeof *again);
    run_plan(n, &x, (fdml_plan_options){ .n_threads = 1 }, first, y.n_items);
    expect_near(first, y.data, y.n_items, 2e-6);
    for (size_t i = 0; fdml_kernels_list(i); i++)
        for (int how = 1; how <= 4; how++) {
            run_plan(n, &x,
                     (fdml_plan_options){ .kernels = fdml_kernels_list(i),
                                          .n_threads = how < 4 ? how : 2,
                                          .keep_all = how == 4 },
                     again, y.n_items);
            cr_assert(!memcmp(first, again, y.n_items * sizeof *first), "%s, %d threads%s",
                      fdml_kernels_list(i)->isa, how < 4 ? how : 2,
                      how == 4 ? ", all kept" : "");
        }
    for (size_t image = 0; image < BATCH; image++) {
        const size_t one[] = { 1, dim[0], dim[1], dim[2] }, n_items = y.n_items / BATCH;
        const fdml_tensor part = one_node_floats(values + image * x.n_items / BATCH, 4, one);
        run_plan(n, &part, (fdml_plan_options){ .n_threads = 2 }, again, n_items);
        cr_assert(!memcmp(first + image * n_items, again, n_items * sizeof *first),
                  "image %zu alone", image);
    }
    fdml_arena_close(&n->arena);
}

static void check_conv(const conv_case *c)
{
    net n;
    build_conv(&n, c);
    check(&n, (const size_t[]){ c->in, c->height, c->width });
}

/* in out h w kernel stride dilation groups pad lopsided norm add act */
Test(model_plan, pointwise)
{
    check_conv(&(conv_case){ 16, 16, 5, 7, 1, 1, 1, 1, 0, false, false, false, NULL });
    check_conv(&(conv_case){ 40, 24, 9, 13, 1, 1, 1, 1, 0, false, true, false, "Relu" });
    check_conv(&(conv_case){ 320, 80, 7, 7, 1, 1, 1, 1, 0, false, true, true, "PRelu" });
    check_conv(&(conv_case){ 33, 65, 1, 1, 1, 1, 1, 1, 0, false, false, true, "Clip" });
    check_conv(&(conv_case){ 32, 48, 9, 8, 1, 2, 1, 1, 0, false, true, false, NULL });
    check_conv(&(conv_case){ 24, 32, 5, 6, 1, 1, 1, 1, 1, true, true, false, NULL });
}

Test(model_plan, direct)
{
    check_conv(&(conv_case){ 32, 32, 13, 15, 3, 2, 1, 1, 1, false, true, false, "Relu" });
    check_conv(&(conv_case){ 17, 20, 11, 10, 3, 1, 1, 1, 1, false, true, true, "Relu" });
    check_conv(&(conv_case){ 48, 16, 14, 9, 5, 3, 1, 1, 2, true, false, false, "HardSwish" });
    check_conv(&(conv_case){ 16, 16, 12, 12, 3, 1, 2, 1, 2, false, false, true, "LeakyRelu" });
    check_conv(&(conv_case){ 16, 33, 6, 5, 2, 1, 1, 1, 0, false, false, false, NULL });
    check_conv(&(conv_case){ 64, 64, 3, 3, 3, 1, 1, 1, 1, false, true, false, NULL });
    check_conv(&(conv_case){ 20, 40, 4, 4, 4, 1, 1, 1, 0, false, false, false, NULL });
}

Test(model_plan, winograd)
{
    check_conv(&(conv_case){ 64, 64, 14, 14, 3, 1, 1, 1, 1, false, true, true, "Relu" });
    check_conv(&(conv_case){ 64, 80, 9, 23, 3, 1, 1, 1, 1, false, true, false, "PRelu" });
    check_conv(&(conv_case){ 100, 72, 10, 11, 3, 1, 1, 1, 0, true, false, true, NULL });
    check_conv(&(conv_case){ 64, 64, 41, 50, 3, 1, 1, 1, 2, false, false, false, "Clip" });
}

/* Weights that are transformed in each task. */
Test(model_plan, deep_winograd)
{
    check_conv(&(conv_case){ 256, 288, 7, 7, 3, 1, 1, 1, 1, false, true, true, "Relu" });
    check_conv(&(conv_case){ 280, 264, 13, 10, 3, 1, 1, 1, 1, false, true, false, NULL });
}

Test(model_plan, planes)
{
    check_conv(&(conv_case){ 3, 32, 29, 31, 7, 2, 1, 1, 3, false, true, false, "Relu" });
    check_conv(&(conv_case){ 1, 8, 12, 9, 5, 1, 1, 1, 2, false, false, false, "Relu" });
    check_conv(&(conv_case){ 3, 20, 15, 14, 3, 2, 1, 1, 0, true, false, true, NULL });
    check_conv(&(conv_case){ 4, 16, 10, 22, 3, 3, 2, 1, 1, false, false, false, NULL });
    check_conv(&(conv_case){ 3, 16, 9, 9, 1, 20, 1, 1, 15, false, false, false, NULL });
}

Test(model_plan, groups)
{
    check_conv(&(conv_case){ 32, 32, 9, 11, 3, 1, 1, 32, 1, false, true, false, "PRelu" });
    check_conv(&(conv_case){ 40, 40, 10, 7, 3, 2, 1, 40, 1, false, true, true, "Relu" });
    check_conv(&(conv_case){ 24, 24, 13, 13, 5, 1, 2, 24, 4, true, false, false, "Clip" });
    check_conv(&(conv_case){ 64, 96, 6, 7, 3, 1, 1, 2, 1, false, true, false, "Relu" });
    check_conv(&(conv_case){ 24, 48, 8, 5, 3, 1, 1, 6, 1, false, false, false, NULL });
    check_conv(&(conv_case){ 18, 36, 5, 8, 3, 2, 1, 18, 1, false, true, false, NULL });
    check_conv(&(conv_case){ 64, 64, 7, 7, 7, 1, 1, 64, 0, false, true, false, NULL });
}

/* Expand, depthwise, project, as in MobileNetV2: the first two may run as one step. */
static void check_inverted(const conv_case *depthwise, const char *act)
{
    net n;
    start(&n);
    const conv_case *d = depthwise;
    const int64_t dim[] = { -1, 24, (int64_t)d->height, (int64_t)d->width };
    uint32_t x = fdml_graph_builder_add_input(&n.b, "x", FDML_TYPE_F32, 4, dim);
    const conv_case expand = { 24, d->in, 0, 0, 1, 1, 1, 1, 0, false, false, false, NULL };
    const conv_case project = { d->in, 24, 0, 0, 1, 1, 1, 1, 0, false, false, false, NULL };
    x = activation(&n, batch_norm(&n, conv(&n, x, &expand), d->in), act, d->in);
    x = activation(&n, batch_norm(&n, conv(&n, x, d), d->in), act, d->in);
    finish(&n, batch_norm(&n, conv(&n, x, &project), 24));
    check(&n, (const size_t[]){ 24, d->height, d->width });
}

Test(model_plan, inverted_residuals)
{
    check_inverted(&(conv_case){ 96, 96, 15, 14, 3, 1, 1, 96, 1, false, false, false, NULL },
                   "Clip");
    check_inverted(&(conv_case){ 72, 72, 90, 70, 3, 2, 1, 72, 1, false, false, false, NULL },
                   "PRelu"); /* many bands */
    check_inverted(&(conv_case){ 120, 120, 100, 60, 5, 1, 1, 120, 2, true, false, false, NULL },
                   "Relu");
    check_inverted(&(conv_case){ 80, 80, 20, 31, 3, 1, 3, 80, 3, false, false, false, NULL },
                   NULL); /* dilated */
    check_inverted(&(conv_case){ 88, 88, 21, 20, 3, 2, 1, 88, 0, false, false, false, NULL },
                   "Relu");
    check_inverted(&(conv_case){ 96, 96, 14, 15, 3, 1, 1, 96, 5, false, false, false, NULL },
                   "Relu"); /* mostly padding */
}

/* A batch of a small network runs image by image in little memory; one whose steps may mix
 * images, or whose inputs' batch is fixed, does not. */
Test(model_plan, images_one_by_one)
{
    for (int mixes = 0; mixes < 2; mixes++) {
        net n;
        fdml_error err = { 0 };
        fdml_plan *eight, *one;
        fdml_plan_memory many, single;
        start(&n);
        const int64_t dim[] = { -1, 32, 112, 112 };
        const conv_case c = { 32, 64, 112, 112, 3, 2, 1, 1, 1, false, false, false, NULL };
        uint32_t x = fdml_graph_builder_add_input(&n.b, "x", FDML_TYPE_F32, 4, dim);
        x = conv(&n, x, &c);
        if (mixes) x = node(&n, "Softmax", 1, &x, 0, NULL);
        x = node(&n, "GlobalAveragePool", 1, &x, 0, NULL);
        finish(&n, node(&n, "Flatten", 1, &x, 0, NULL));
        const fdml_plan_options options = { .n_threads = 1 };
        const fdml_tensor shape = one_node_floats(NULL, 4, (const size_t[]){ 8, 32, 112, 112 });
        const fdml_tensor alone = one_node_floats(NULL, 4, (const size_t[]){ 1, 32, 112, 112 });
        cr_assert_eq(fdml_plan_new(&eight, &n.graph, &shape, &options, &err), FDML_OK);
        cr_assert_eq(fdml_plan_new(&one, &n.graph, &alone, &options, &err), FDML_OK);
        fdml_plan_get_memory(&many, eight);
        fdml_plan_get_memory(&single, one);
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, eight, fdml_plan_n_steps(eight) - 1);
        cr_assert_eq(info.output.dim[0], 8u);
        if (!mixes) cr_assert_lt(many.buffer, single.buffer * 3 / 2);
        if (mixes) cr_assert_gt(many.buffer, single.buffer * 6);
        fdml_plan_free(eight);
        fdml_plan_free(one);
        size_t n_plans = 0;
        for (size_t limit = 1 << 20; limit < 64 << 20; limit += 1000003) {
            const fdml_plan_options small = { .n_threads = 4, .max_memory = limit };
            if (fdml_plan_new(&eight, &n.graph, &shape, &small, &err)) continue;
            fdml_plan_get_memory(&many, eight);
            cr_assert_leq(many.weights + many.buffer + many.scratch, limit);
            n_plans++;
            fdml_plan_free(eight);
        }
        cr_assert_gt(n_plans, 10u);
        fdml_arena_close(&n.arena);
    }
}

/* Maxima of planes, below 0 too, beside their means; channels that fill no block. */
Test(model_plan, global_maximum)
{
    for (size_t out = 16; out <= 40; out += 24) {
        net n;
        start(&n);
        const int64_t dim[] = { -1, 3, 9, 7 };
        const conv_case c = { 3, out, 9, 7, 3, 1, 1, 1, 1, false, false, false, NULL };
        const uint32_t x = fdml_graph_builder_add_input(&n.b, "x", FDML_TYPE_F32, 4, dim);
        const uint32_t planes = conv(&n, x, &c);
        const uint32_t pooled[] = { node(&n, "GlobalMaxPool", 1, &planes, 0, NULL),
                                    node(&n, "GlobalAveragePool", 1, &planes, 0, NULL) };
        const fdml_attr axis = fdml_attr_int("axis", 1);
        const uint32_t both = node(&n, "Concat", 2, pooled, 1, &axis);
        finish(&n, node(&n, "Flatten", 1, &both, 0, NULL));
        check(&n, (const size_t[]){ 3, 9, 7 });
    }
}

/* Stem, pooling, a residual block with a gate, concatenation, pooled features, two products. */
static void build_net(net *n)
{
    static const int64_t dim[] = { -1, 3, 37, 35 }, two[] = { 2, 2 }, three[] = { 3, 3 },
                         one[] = { 1, 1, 1, 1 };
    start(n);
    uint32_t x = fdml_graph_builder_add_input(&n->b, "x", FDML_TYPE_F32, 4, dim);
    x = conv(n, x, &(conv_case){ 3, 32, 37, 35, 3, 2, 1, 1, 1, false, false, false, NULL });
    x = activation(n, batch_norm(n, x, 32), "HardSwish", 32);
    const fdml_attr pool[] = { fdml_attr_ints("kernel_shape", 2, three),
                               fdml_attr_ints("strides", 2, two),
                               fdml_attr_ints("pads", 4, one) };
    const uint32_t max = node(n, "MaxPool", 1, &x, 3, pool);
    const uint32_t mean = node(n, "AveragePool", 1, &x, 3, pool);
    x = node(n, "Concat", 2, (const uint32_t[]){ max, mean }, 1,
             (const fdml_attr[]){ fdml_attr_int("axis", 1) });
    const conv_case square = { 64, 64, 10, 9, 3, 1, 1, 1, 1, false, false, false, NULL };
    uint32_t y = activation(n, batch_norm(n, conv(n, x, &square), 64), "Relu", 64);
    y = batch_norm(n, conv(n, y, &square), 64);
    uint32_t gate = node(n, "GlobalAveragePool", 1, &y, 0, NULL);
    const conv_case squeeze = { 64, 12, 1, 1, 1, 1, 1, 1, 0, false, false, false, NULL };
    const conv_case excite = { 12, 64, 1, 1, 1, 1, 1, 1, 0, false, false, false, NULL };
    gate = activation(n, conv(n, gate, &squeeze), "Relu", 12);
    gate = activation(n, conv(n, gate, &excite), "Sigmoid", 64);
    y = node(n, "Mul", 2, (const uint32_t[]){ y, gate }, 0, NULL);
    y = node(n, "Add", 2, (const uint32_t[]){ y, x }, 0, NULL);
    y = activation(n, y, "Relu", 64);
    y = node(n, "GlobalAveragePool", 1, &y, 0, NULL);
    y = node(n, "Flatten", 1, &y, 0, NULL);
    const uint32_t w = constant(n, 2, (const size_t[]){ 64, 50 }, -.2f, .2f);
    y = node(n, "MatMul", 2, (const uint32_t[]){ y, w }, 0, NULL);
    y = node(n, "Add", 2, (const uint32_t[]){ y, constant(n, 1, &(size_t){ 50 }, -1, 1) }, 0,
             NULL);
    y = activation(n, y, "Relu", 50);
    const uint32_t g = constant(n, 2, (const size_t[]){ 10, 50 }, -.2f, .2f);
    y = node(n, "Gemm", 3, (const uint32_t[]){ y, g, constant(n, 1, &(size_t){ 10 }, -1, 1) },
             1, (const fdml_attr[]){ fdml_attr_int("transB", 1) });
    finish(n, node(n, "Softmax", 1, &y, 0, NULL));
}

Test(model_plan, whole_net)
{
    net n;
    build_net(&n);
    check(&n, (const size_t[]){ 3, 37, 35 });
}

Test(model_plan, fuses_and_reuses)
{
    net n;
    fdml_plan *plan, *kept;
    fdml_error err = { 0 };
    fdml_plan_memory memory, all;
    build_net(&n);
    const fdml_tensor x = one_node_floats(NULL, 4, (const size_t[]){ 2, 3, 37, 35 });
    const fdml_plan_options keep = { .keep_all = true };
    cr_assert_eq(fdml_plan_new(&plan, &n.graph, &x, NULL, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_plan_new(&kept, &n.graph, &x, &keep, &err), FDML_OK, "%s", err.text);
    /* stem, its activation, two pools, concat; two convolutions; mean, two convolutions and a
     * sigmoid of the gate; product, addition with activation; mean; two products and softmax */
    cr_assert_eq(fdml_plan_n_steps(plan), 17u, "%zu", fdml_plan_n_steps(plan));
    fdml_plan_get_memory(&memory, plan);
    fdml_plan_get_memory(&all, kept);
    cr_assert(memory.buffer < all.buffer / 2);
    fdml_plan_free(plan);
    fdml_plan_free(kept);
    fdml_arena_close(&n.arena);
}

Test(model_plan, obeys_its_limit_and_shapes)
{
    net n;
    fdml_plan *plan = NULL;
    fdml_error err = { 0 };
    fdml_tensor y;
    build_net(&n);
    fdml_tensor x = one_node_floats(NULL, 4, (const size_t[]){ 2, 3, 37, 35 });
    for (size_t limit = 1 << 12; limit < 3 << 20; limit += 100003) {
        const fdml_plan_options small = { .max_memory = limit };
        const fdml_status status = fdml_plan_new(&plan, &n.graph, &x, &small, &err);
        if (status) cr_assert(status == FDML_E_LIMIT || status == FDML_E_NOMEM, "%s", err.text);
        if (!status) fdml_plan_free(plan);
    }
    const fdml_tensor wrong = one_node_floats(NULL, 4, (const size_t[]){ 2, 4, 37, 35 });
    scratch_expect_error(fdml_plan_new(&plan, &n.graph, &wrong, NULL, &err), &err, FDML_E_DATA,
                         "net: input \"x\" has shape [2,4,37,35], which is not the declared "
                         "one");
    cr_assert_eq(fdml_plan_new(&plan, &n.graph, &x, NULL, &err), FDML_OK, "%s", err.text);
    scratch_expect_error(fdml_plan_run(plan, &x, &y, &err), &err, FDML_E_ARG,
                         "net: input \"x\" is [2,3,37,35] without data, planned for "
                         "[2,3,37,35]");
    fdml_plan_free(plan);
    fdml_arena_close(&n.arena);
}
