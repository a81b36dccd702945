/* test_model_first_weights.c - nets made from a seed: what every rule draws, and cnn4.
 *
 * Expected deviations are those of PyTorch's documentation of torch.nn.init and of
 * torchvision's model sources, written out here. A sample's mean of n numbers of deviation s
 * lies within 5 s / sqrt(n) but for one seed in a million, its deviation within 5 s / sqrt(2
 * n). SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "fake_weights.h"
#include "model/backbone.h"
#include "model/interpret.h"
#include "model/plan.h"
#include "one_node.h"
#include "scratch.h"

static fdml_error err;

typedef struct made {
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph graph;
} made;

static void make(made *m, const char *name, uint64_t seed, const fdml_backbone_options *options)
{
    fdml_arena_init(&m->arena, 0);
    fdml_weights_invent(&m->weights, name, seed, 9, &m->arena);
    cr_assert_eq(fdml_backbone_build(&m->graph, name, &m->weights, options, &m->arena, &err),
                 FDML_OK, "%s", err.text);
}

static const fdml_tensor *constant(const fdml_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_values; i++)
        if (graph->value[i].constant.data && !strcmp(graph->value[i].name, name))
            return &graph->value[i].constant;
    cr_assert(false, "no constant %s", name);
    return NULL;
}

static void expect_moments(const made *m, const char *name, double deviation)
{
    const fdml_tensor *t = constant(&m->graph, name);
    const float *w = t->data;
    const double n = (double)t->n_items;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < t->n_items; i++) {
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
    }
    cr_assert(fabs(sum / n) < 5 * deviation / sqrt(n), "%s: mean %g", name, sum / n);
    cr_assert(fabs(sqrt(squares / n) - deviation) < 5 * deviation / sqrt(2 * n),
              "%s: deviation %g, expected %g", name, sqrt(squares / n), deviation);
}

static void expect_all(const made *m, const char *name, float value)
{
    const fdml_tensor *t = constant(&m->graph, name);
    for (size_t i = 0; i < t->n_items; i++)
        cr_assert_eq(((const float *)t->data)[i], value, "%s[%zu]", name, i);
}

/* Uniform on +-bound: its deviation, and no number outside but some near both ends. */
static void expect_uniform(const made *m, const char *name, double bound)
{
    const fdml_tensor *t = constant(&m->graph, name);
    double low = 0, high = 0;
    expect_moments(m, name, bound / sqrt(3));
    for (size_t i = 0; i < t->n_items; i++) {
        low = fmin(low, (double)((const float *)t->data)[i]);
        high = fmax(high, (double)((const float *)t->data)[i]);
    }
    cr_assert(high <= bound && high > .95 * bound, "%s: up to %g of %g", name, high, bound);
    cr_assert(low >= -bound && low < -.95 * bound, "%s: down to %g of %g", name, low, bound);
}

Test(model_first_weights, resnet_as_torchvision)
{
    made m;
    const fdml_backbone_options head = { .with_head = true, .n_classes = 37 };
    make(&m, "resnet18", 1, &head);
    expect_moments(&m, "conv1.weight", sqrt(2. / (64 * 49)));
    expect_moments(&m, "layer3.0.conv1.weight", sqrt(2. / (256 * 9)));
    expect_moments(&m, "layer2.0.downsample.0.weight", sqrt(2. / 128));
    expect_all(&m, "bn1.weight", 1);
    expect_all(&m, "layer4.1.bn2.bias", 0);
    expect_all(&m, "layer4.1.bn2.running_mean", 0);
    expect_all(&m, "layer4.1.bn2.running_var", 1);
    expect_uniform(&m, "fc.weight", 1 / sqrt(512));
    const fdml_tensor *bias = constant(&m.graph, "fc.bias");
    cr_assert_eq(bias->n_items, 37u);
    for (size_t i = 0; i < 37; i++)
        cr_assert_leq(fabs((double)((const float *)bias->data)[i]), 1 / sqrt(512));
    fdml_arena_close(&m.arena);
}

Test(model_first_weights, mobile_nets)
{
    made m;
    const fdml_backbone_options head = { .with_head = true }, wide = { .embedding_size = 256 };
    make(&m, "mobilenet_v2", 2, &head);
    expect_moments(&m, "features.1.conv.0.0.weight", sqrt(2. / (32 * 9))); /* depthwise */
    expect_moments(&m, "classifier.1.weight", .01);
    expect_all(&m, "classifier.1.bias", 0);
    cr_assert_eq(constant(&m.graph, "classifier.1.weight")->dim[0], 1000u);
    fdml_arena_close(&m.arena);
    make(&m, "mobilefacenet", 2, NULL);
    cr_assert_eq(m.graph.value[m.graph.output[0]].dim[1], 128);
    expect_uniform(&m, "conv_1.conv.weight", 1 / sqrt(27));
    expect_uniform(&m, "conv_2_dw.conv.weight", 1. / 3);
    expect_all(&m, "conv_1.prelu.weight", .25f);
    fdml_arena_close(&m.arena);
    make(&m, "mobilefacenet", 2, &wide);
    cr_assert_eq(m.graph.value[m.graph.output[0]].dim[1], 256);
    fdml_arena_close(&m.arena);
}

Test(model_first_weights, by_seed_stream_and_name_alone)
{
    static float a[100], b[100], long_one[40000];
    const fdml_first_weights first = { FDML_FIRST_HE, 50, 7, 9, 11 };
    fdml_first_weights_fill(a, 100, &first);
    fdml_first_weights_fill(b, 60, &first); /* a shorter one starts the same */
    cr_assert(!memcmp(a, b, 60 * sizeof *a));
    fdml_first_weights_fill(long_one, 40000, &first); /* blocks have numbers of their own */
    cr_assert(!memcmp(a, long_one, sizeof a));
    for (size_t i = 0; i < 2000; i++)
        for (size_t k = 1; k <= 2; k++) cr_assert_neq(long_one[i], long_one[i + k * 16384]);
    for (int i = 0; i < 3; i++) {
        fdml_first_weights other = first;
        other.seed += i == 0;
        other.stream += i == 1;
        other.index += i == 2;
        fdml_first_weights_fill(b, 100, &other);
        for (size_t k = 0; k < 100; k++) cr_assert_neq(a[k], b[k]);
    }
    /* Test vectors of the FNV's authors, draft-eastlake-fnv. */
    cr_assert_eq(fdml_first_weights_index(""), 0x811c9dc5u);
    cr_assert_eq(fdml_first_weights_index("foobar"), 0xbf9cf968u);
    made m, n;
    make(&m, "cnn4", 5, NULL);
    make(&n, "cnn4", 5, NULL);
    const fdml_tensor *x = constant(&m.graph, "conv2.weight"),
                      *y = constant(&n.graph, "conv2.weight");
    cr_assert(!memcmp(x->data, y->data, x->n_items * sizeof(float)));
    cr_assert(memcmp(x->data, constant(&m.graph, "conv3.weight")->data, 1000));
    fdml_arena_close(&m.arena);
    fdml_arena_close(&n.arena);
}

/* All biases of uniform layers differ, and the numbers of a file stay what they are. */
Test(model_first_weights, only_what_a_file_lacks)
{
    static fake_weights fake;
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph graph;
    size_t size;
    const fdml_backbone_options head = { .with_head = true, .n_classes = 10 };
    fdml_arena_init(&arena, 0);
    fake_resnet(&fake, 18);
    fake_remove(&fake, "fc.weight");
    fake_remove(&fake, "fc.bias");
    unsigned char *bytes = fake_bytes(&fake, &size);
    const fdml_source source = { "x.st", NULL, bytes, size };
    cr_assert_eq(fdml_weights_parse(&weights, &source, &arena, &err), FDML_OK);
    scratch_expect_error(fdml_backbone_build(&graph, "resnet18", &weights, &head, &arena, &err),
                         &err, FDML_E_DATA, "x.st: no tensor 'fc.weight', expected [10,512]");
    fdml_weights_allow(&weights, "fc", 3, 9);
    cr_assert_eq(fdml_backbone_build(&graph, "resnet18", &weights, &head, &arena, &err),
                 FDML_OK, "%s", err.text);
    const made m = { .graph = graph };
    expect_uniform(&m, "fc.weight", 1 / sqrt(512));
    fdml_weights_allow(&weights, "f", 3, 9); /* a layer's whole name, not its first letters */
    cr_assert_eq(fdml_backbone_build(&graph, "resnet18", &weights, &head, &arena, &err),
                 FDML_E_DATA);
    fdml_arena_close(&arena);
    free(bytes);
}

Test(model_first_weights, options_that_do_not_fit)
{
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph graph;
    const fdml_backbone_options size = { .embedding_size = 64 }, small = { .height = 8 };
    fdml_arena_init(&arena, 0);
    fdml_weights_invent(&weights, "first weights", 1, 1, &arena);
    scratch_expect_error(fdml_backbone_build(&graph, "cnn4", &weights, &size, &arena, &err),
                         &err, FDML_E_ARG, "first weights: cnn4 gives 256 numbers, not 64");
    scratch_expect_error(fdml_backbone_build(&graph, "cnn4", &weights, &small, &arena, &err),
                         &err, FDML_E_ARG,
                         "first weights: cnn4 takes sides of 16 to 65536 pixels, not 32 x 8");
    fdml_arena_close(&arena);
}

Test(model_first_weights, too_little_memory)
{
    made m;
    make(&m, "cnn4", 1, NULL);
    for (size_t limit = 1; limit < m.arena.used; limit += m.arena.used / 31) {
        fdml_arena small;
        fdml_weights weights;
        fdml_graph graph;
        fdml_arena_init(&small, limit);
        fdml_weights_invent(&weights, "cnn4", 1, 1, &small);
        const fdml_status status =
            fdml_backbone_build(&graph, "cnn4", &weights, NULL, &small, &err);
        cr_assert(status == FDML_E_NOMEM || status == FDML_E_LIMIT, "%zu bytes: %s", limit,
                  err.text);
        fdml_arena_close(&small);
    }
    fdml_arena_close(&m.arena);
}

/* The plan against the interpreter, any size, every step a fast one, the same bits anywhere. */
Test(model_first_weights, cnn4_as_a_plan)
{
    enum { BATCH = 3, SIDES = 3 };
    static const size_t sides[SIDES] = { 16, 32, 45 };
    for (size_t i = 0; i < SIDES; i++) {
        made m;
        const fdml_backbone_options options = { .height = sides[i], .width = sides[i] };
        make(&m, "cnn4", 3, &options);
        cr_assert_eq(m.graph.value[m.graph.output[0]].dim[1], 256);
        fdml_tensor x = one_node_floats(NULL, 4, (size_t[]){ BATCH, 3, sides[i], sides[i] }), y;
        float *pixels = fdml_arena_push(&m.arena, x.n_items, sizeof *pixels);
        float *first = fdml_arena_push(&m.arena, BATCH * 256, sizeof *first);
        fdml_tensor shape = x;
        one_node_fill(pixels, x.n_items, 4);
        x.data = pixels;
        cr_assert_eq(fdml_interpret(&m.graph, &x, &y, fdml_kernels_best(), 1, &m.arena, &err),
                     FDML_OK);
        const float *expected = y.data;
        for (size_t k = 0; fdml_kernels_list(k); k++) {
            fdml_plan *plan;
            fdml_tensor out;
            const fdml_plan_options how = { .kernels = fdml_kernels_list(k),
                                            .n_threads = 1 + (int)k };
            cr_assert_eq(fdml_plan_new(&plan, &m.graph, &shape, &how, &err), FDML_OK);
            cr_assert_eq(fdml_plan_run(plan, &x, &out, &err), FDML_OK);
            if (!k) memcpy(first, out.data, BATCH * 256 * sizeof *first);
            cr_assert(!memcmp(first, out.data, BATCH * 256 * sizeof *first), "%s",
                      fdml_kernels_list(k)->isa);
            for (size_t s = 0; s < fdml_plan_n_steps(plan); s++) {
                fdml_plan_step_info info;
                fdml_plan_get_step(&info, plan, s);
                cr_assert_str_neq(info.algorithm, "reference", "%s", info.op);
            }
            fdml_plan_free(plan);
        }
        double off = 0;
        for (size_t j = 0; j < BATCH * 256; j++)
            off = fmax(off, fabs((double)first[j] - (double)expected[j]) /
                                (1 + fabs((double)expected[j])));
        cr_assert(off < 2e-6, "off by %g", off);
        for (size_t j = 0; j < BATCH * 256; j++) /* the maximum is no less than the mean */
            if (j % 256 < 128) cr_assert_geq(first[j + 128], first[j]);
        fdml_arena_close(&m.arena);
    }
}
