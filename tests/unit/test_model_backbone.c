/* test_model_backbone.c - the known nets: their parameters, shapes, and files that do not fit.
 * What they compute is compared with PyTorch by `make golden`.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_weights.h"
#include "model/backbone.h"
#include "model/op.h"
#include "scratch.h"

static fake_weights fake; /* large: 100 KB */
static fdml_error err;

typedef struct world {
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph graph;
    unsigned char *bytes;
} world;

static void open_world(world *w)
{
    size_t size;
    fdml_arena_init(&w->arena, 0);
    w->bytes = fake_bytes(&fake, &size);
    const fdml_source source = { "x.st", NULL, w->bytes, size };
    cr_assert_eq(fdml_weights_parse(&w->weights, &source, &w->arena, &err), FDML_OK, "%s",
                 err.text);
}

static void close_world(world *w)
{
    fdml_arena_close(&w->arena);
    free(w->bytes);
}

static fdml_status build(world *w, const char *name, const fdml_backbone_options *options)
{
    return fdml_backbone_build(&w->graph, name, &w->weights, options, &w->arena, &err);
}

static bool ends_with(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && !strcmp(text + n - m, suffix);
}

/* What training learns: neither running statistics nor the bounds of a Clip. */
static size_t count_parameters(const fdml_graph *graph)
{
    size_t n = 0;
    for (size_t i = 0; i < graph->n_values; i++) {
        const fdml_graph_value *v = &graph->value[i];
        if (v->constant.data && (ends_with(v->name, ".weight") || ends_with(v->name, ".bias")))
            n += v->constant.n_items;
    }
    return n;
}

static size_t count_nodes(const fdml_graph *graph, const char *op)
{
    size_t n = 0;
    for (size_t i = 0; i < graph->n_nodes; i++) n += !strcmp(graph->node[i].op->name, op);
    return n;
}

/* `parameters` as torchvision's documentation of the pretrained weights states them. */
static void expect_net(const char *name, bool with_head, size_t parameters, size_t n_convs,
                       int64_t n_out)
{
    world w;
    const fdml_backbone_options options = { .with_head = with_head };
    open_world(&w);
    cr_assert_str_eq(fdml_backbone_recognise(&w.weights)->name, name);
    cr_assert_eq(build(&w, name, &options), FDML_OK, "%s", err.text);
    cr_assert_eq(count_parameters(&w.graph), parameters);
    cr_assert_eq(count_nodes(&w.graph, "Conv"), n_convs);
    cr_assert_eq(count_nodes(&w.graph, "BatchNormalization"),
                 n_convs + !fdml_backbone_find(name)->head); /* one more behind `linear` */
    cr_assert(w.graph.n_inputs == 1 && w.graph.n_outputs == 1);
    const fdml_graph_value *x = &w.graph.value[w.graph.input[0]];
    const fdml_graph_value *y = &w.graph.value[w.graph.output[0]];
    const int64_t side = (int64_t)fdml_backbone_find(name)->size;
    cr_assert(x->rank == 4 && x->dim[0] == -1 && x->dim[1] == 3);
    cr_assert(x->dim[2] == side && x->dim[3] == side);
    cr_assert(y->rank == 2 && y->dim[0] == -1 && y->dim[1] == n_out);
    close_world(&w);
}

Test(model_backbone, resnets)
{
    fake_resnet(&fake, 18);
    expect_net("resnet18", true, 11689512, 20, 1000);
    expect_net("resnet18", false, 11689512 - 513000, 20, 512);
    fake_resnet(&fake, 34);
    expect_net("resnet34", true, 21797672, 36, 1000);
    fake_resnet(&fake, 50);
    expect_net("resnet50", true, 25557032, 53, 1000);
    expect_net("resnet50", false, 25557032 - 2049000, 53, 2048);
}

Test(model_backbone, mobile_nets)
{
    fake_mobilenet_v2(&fake);
    expect_net("mobilenet_v2", true, 3504872, 52, 1000);
    expect_net("mobilenet_v2", false, 3504872 - 1281000, 52, 1280);
    fake_mobilefacenet(&fake);
    /* The paper says 0.99 million. Counted in a trained network's ONNX file: its weights,
     * slopes and, as scale and shift of a normalisation, twice its biases. */
    expect_net("mobilefacenet", false, 1003136, 49, 128);
}

Test(model_backbone, any_number_of_classes_and_any_embedding)
{
    world w;
    const fdml_backbone_options options = { .with_head = true, .height = 64, .width = 96 };
    fake_resnet(&fake, 18);
    fake.item[fake_find(&fake, "fc.weight")].shape[0] = 7;
    fake.item[fake_find(&fake, "fc.bias")].shape[0] = 7;
    open_world(&w);
    cr_assert_eq(build(&w, "resnet18", &options), FDML_OK, "%s", err.text);
    const fdml_graph_value *x = &w.graph.value[w.graph.input[0]];
    cr_assert(x->dim[2] == 64 && x->dim[3] == 96);
    cr_assert_eq(w.graph.value[w.graph.output[0]].dim[1], 7);
    close_world(&w);

    fake_mobilefacenet(&fake);
    static const char *const names[] = { "linear.weight", "bn.weight", "bn.bias",
                                         "bn.running_mean", "bn.running_var" };
    for (size_t i = 0; i < 5; i++) fake.item[fake_find(&fake, names[i])].shape[0] = 512;
    open_world(&w);
    cr_assert_eq(build(&w, "mobilefacenet", NULL), FDML_OK, "%s", err.text);
    cr_assert_eq(w.graph.value[w.graph.output[0]].dim[1], 512);
    close_world(&w);
}

static void expect_failure(const char *name, const fdml_backbone_options *options,
                           fdml_status status, const char *text)
{
    world w;
    open_world(&w);
    scratch_expect_error(build(&w, name, options), &err, status, text);
    close_world(&w);
}

Test(model_backbone, files_that_do_not_fit)
{
    const fdml_backbone_options head = { .with_head = true };
    fake_resnet(&fake, 34);
    expect_failure("resnet18", NULL, FDML_E_DATA,
                   "x.st: tensor 'layer1.2.conv1.weight' is no part of resnet18");
    fake_resnet(&fake, 18);
    expect_failure("resnet34", NULL, FDML_E_DATA,
                   "x.st: no tensor 'layer1.2.conv1.weight', expected [64,64,3,3]");
    fake_remove(&fake, "layer3.1.bn2.running_var");
    expect_failure("resnet18", NULL, FDML_E_DATA,
                   "x.st: no tensor 'layer3.1.bn2.running_var', expected [256]");
    fake_resnet(&fake, 18);
    fake.item[fake_find(&fake, "layer2.0.downsample.0.weight")].shape[2] = 3;
    expect_failure("resnet18", NULL, FDML_E_DATA,
                   "x.st: tensor 'layer2.0.downsample.0.weight' is [128,64,3,1], expected "
                   "[128,64,1,1]");
    fake_resnet(&fake, 18);
    fake_remove(&fake, "fc.bias");
    expect_failure("resnet18", &head, FDML_E_DATA,
                   "x.st: no tensor 'fc.bias', expected [1000]");
    fake_remove(&fake, "fc.weight");
    expect_failure("resnet18", &head, FDML_E_DATA,
                   "x.st: no tensor 'fc.weight', expected [any,512]");
}

Test(model_backbone, options_that_no_net_has)
{
    const fdml_backbone_options head = { .with_head = true }, large = { .height = 160 },
                                small = { .height = 224, .width = 16 };
    fake_mobilefacenet(&fake);
    expect_failure("vgg", NULL, FDML_E_UNSUPPORTED,
                   "x.st: no backbone 'vgg'; there are resnet50, resnet34, resnet18, "
                   "mobilenet_v2, mobilefacenet, cnn4");
    expect_failure("mobilefacenet", &head, FDML_E_ARG, "x.st: mobilefacenet has no classifier");
    expect_failure("mobilefacenet", &large, FDML_E_ARG,
                   "x.st: mobilefacenet takes 112 x 112 pixels, not 112 x 160");
    fake_resnet(&fake, 18);
    expect_failure("resnet18", &small, FDML_E_ARG,
                   "x.st: resnet18 takes sides of 32 to 65536 pixels, not 16 x 224");
}

Test(model_backbone, too_little_memory_at_every_step)
{
    fake_mobilefacenet(&fake);
    world w;
    open_world(&w);
    const size_t before = w.arena.used;
    cr_assert_eq(build(&w, "mobilefacenet", NULL), FDML_OK, "%s", err.text);
    const size_t all = w.arena.used - before;
    for (size_t limit = 1; limit < all; limit += all / 61) {
        fdml_arena small;
        fdml_graph graph;
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_backbone_build(&graph, "mobilefacenet", &w.weights, NULL, &small, &err);
        cr_assert(status == FDML_E_NOMEM || status == FDML_E_LIMIT, "%zu of %zu bytes: %s",
                  limit, all, err.text);
        fdml_arena_close(&small);
    }
    close_world(&w);
}
