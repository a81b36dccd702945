/* backbone.c - see backbone.h.
 *
 * The list is in the order in which a file is recognised: a ResNet-50's names include those of
 * a ResNet-34, whose names include those of a ResNet-18.
 *
 * SPDX-License-Identifier: MIT */
#include "model/backbone.h"

#include <stdio.h>
#include <string.h>

#include "model/net.h"

enum { OPSET = 13, IMAGENET_CLASSES = 1000 };

static const fdml_backbone backbones[] = {
    { "resnet50", 224, 32, 2048, "fc", "layer1.0.conv3.weight", fdml_resnet50_build,
      FDML_FIRST_HE, FDML_FIRST_UNIFORM },
    { "resnet34", 224, 32, 512, "fc", "layer1.2.conv2.weight", fdml_resnet34_build,
      FDML_FIRST_HE, FDML_FIRST_UNIFORM },
    { "resnet18", 224, 32, 512, "fc", "layer1.0.conv2.weight", fdml_resnet18_build,
      FDML_FIRST_HE, FDML_FIRST_UNIFORM },
    { "mobilenet_v2", 224, 32, 1280, "classifier.1", "features.18.0.weight",
      fdml_mobilenet_v2_build, FDML_FIRST_HE, FDML_FIRST_SMALL },
    { "mobilefacenet", 112, 0, 0, NULL, "conv_6_dw.conv.weight", fdml_mobilefacenet_build,
      FDML_FIRST_UNIFORM, FDML_FIRST_UNIFORM },
    { "cnn4", 32, 16, 256, NULL, "conv4.weight", fdml_cnn4_build, FDML_FIRST_HE,
      FDML_FIRST_UNIFORM },
};

enum { N_BACKBONES = sizeof backbones / sizeof *backbones };

const fdml_backbone *fdml_backbone_list(size_t index)
{
    return index < N_BACKBONES ? &backbones[index] : NULL;
}

const fdml_backbone *fdml_backbone_find(const char *name)
{
    for (size_t i = 0; i < N_BACKBONES; i++)
        if (!strcmp(backbones[i].name, name)) return &backbones[i];
    return NULL;
}

const fdml_backbone *fdml_backbone_recognise(const fdml_weights *weights)
{
    for (size_t i = 0; i < N_BACKBONES; i++)
        if (fdml_weights_find(weights, backbones[i].mark)) return &backbones[i];
    return NULL;
}

fdml_status fdml_backbone_fail(fdml_error *err, const char *file, const char *name)
{
    char names[128];
    size_t n = 0;
    for (size_t i = 0; i < N_BACKBONES && n < sizeof names; i++) {
        const int added =
            snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", backbones[i].name);
        n += added > 0 ? (size_t)added : 0;
    }
    return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: no backbone '%.60s'; there are %s", file,
                     name, names);
}

static fdml_status check_options(const fdml_backbone *backbone, const char *file,
                                 const fdml_backbone_options *options, fdml_error *err)
{
    enum { MAX_SIDE = 1 << 16 };
    const size_t h = options->height ? options->height : backbone->size;
    const size_t w = options->width ? options->width : backbone->size;
    if (options->with_head && !backbone->head)
        return fdml_fail(err, FDML_E_ARG, "%s: %s has no classifier", file, backbone->name);
    if (options->embedding_size && backbone->embedding_size &&
        options->embedding_size != backbone->embedding_size)
        return fdml_fail(err, FDML_E_ARG, "%s: %s gives %zu numbers, not %zu", file,
                         backbone->name, backbone->embedding_size, options->embedding_size);
    if (!backbone->stride && (h != backbone->size || w != backbone->size))
        return fdml_fail(err, FDML_E_ARG, "%s: %s takes %zu x %zu pixels, not %zu x %zu", file,
                         backbone->name, backbone->size, backbone->size, w, h);
    if (h < backbone->stride || w < backbone->stride || h > MAX_SIDE || w > MAX_SIDE)
        return fdml_fail(err, FDML_E_ARG,
                         "%s: %s takes sides of %zu to %d pixels, not %zu x %zu", file,
                         backbone->name, backbone->stride, MAX_SIDE, w, h);
    return FDML_OK;
}

static void skip_head(const fdml_backbone *backbone, fdml_weights *weights)
{
    char name[FDML_NET_NAME];
    if (!backbone->head) return;
    fdml_weights_skip(weights, fdml_net_name(name, backbone->head, "weight"));
    fdml_weights_skip(weights, fdml_net_name(name, backbone->head, "bias"));
}

fdml_status fdml_backbone_build(fdml_graph *graph, const char *name, fdml_weights *weights,
                                const fdml_backbone_options *options, fdml_arena *arena,
                                fdml_error *err)
{
    static const fdml_backbone_options defaults;
    const fdml_backbone *backbone = fdml_backbone_find(name);
    if (!backbone) return fdml_backbone_fail(err, weights->name, name);
    if (!options) options = &defaults;
    FDML_TRY(check_options(backbone, weights->name, options, err));

    fdml_net net = { .weights = weights,
                     .arena = arena,
                     .conv_rule = backbone->conv_rule,
                     .linear_rule = backbone->linear_rule,
                     .linear_size = options->embedding_size,
                     .n_out = (int64_t)backbone->embedding_size };
    fdml_graph_builder *builder = &net.builder;
    const size_t height = options->height ? options->height : backbone->size;
    const size_t width = options->width ? options->width : backbone->size;
    const int64_t dim[] = { -1, 3, (int64_t)height, (int64_t)width };
    fdml_graph_builder_init(builder, arena, weights->name, OPSET);
    uint32_t x = fdml_graph_builder_add_input(builder, "input", FDML_TYPE_F32, 4, dim);
    x = backbone->build(&net, x);
    net.linear_size = options->n_classes;
    if (options->with_head)
        x = fdml_net_add_linear(&net, x, backbone->head, net.n_out, IMAGENET_CLASSES, true);
    else
        skip_head(backbone, weights);
    fdml_graph_builder_add_output(builder, x);
    fdml_graph_builder_declare(builder, x, FDML_TYPE_F32, 2,
                               (const int64_t[]){ -1, net.n_out });
    fdml_graph built;
    FDML_TRY(fdml_graph_builder_finish(builder, &built, err));
    FDML_TRY(fdml_weights_check_taken(weights, backbone->name, err));
    *graph = built;
    return FDML_OK;
}
