/* backbone.h - the nets that fdml knows by name, built from their weights.
 *
 * ResNet-18, -34, -50 and MobileNetV2 read the tensor names of torchvision's state_dict
 * ("layer1.0.conv1.weight", "features.0.0.weight"), MobileFaceNet those that its PyTorch
 * versions share ("conv_23.conv_dw.bn.weight"), and Cnn4, a small net of our own for pictures
 * of 32 pixels, has "conv1.weight" to "bn4.running_var". The result is an ordinary graph of
 * ONNX operators, batch normalisation as nodes of its own: the plan fuses them, training may
 * not.
 *
 * Weights come from a file, or from a seed (fdml_weights_invent) for a net that is to be
 * trained from scratch.
 *
 * Input: float32 [N, 3, height, width], N free. Output: [N, embedding size], what the layer
 * before the classifier gets, or with a head [N, classes].
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_BACKBONE_H
#define FDML_MODEL_BACKBONE_H

#include "model/graph.h"
#include "model/weights.h"

typedef struct fdml_net fdml_net; /* net.h */

typedef struct fdml_backbone {
    const char *name;      /* "resnet18" */
    size_t size;           /* usual height and width of the input */
    size_t stride;         /* the input's side is at least this; 0: `size` and no other */
    size_t embedding_size; /* 0: as the weights have it */
    const char *head;      /* "fc": prefix of the classifier's weights; NULL: it has none */
    const char *mark;      /* a tensor that tells it from all listed after it */
    uint32_t (*build)(fdml_net *net, uint32_t x); /* up to the embedding */
    fdml_first_rule conv_rule, linear_rule;       /* of first weights, as its source has them */
} fdml_backbone;

const fdml_backbone *fdml_backbone_find(const char *name); /* NULL: not known */
const fdml_backbone *fdml_backbone_list(size_t index);     /* NULL past the last */
/* FDML_E_UNSUPPORTED: "x.safetensors: no backbone 'vgg'; there are resnet50, ..." */
fdml_status fdml_backbone_fail(fdml_error *err, const char *file, const char *name);
/* By the names of the tensors; NULL: like none. That all of them fit is for the builder. */
const fdml_backbone *fdml_backbone_recognise(const fdml_weights *weights);

typedef struct fdml_backbone_options {
    bool with_head;
    size_t height, width;  /* 0: the usual size */
    size_t embedding_size; /* 0: as the weights have it, of invented ones the paper's; for nets
                            * whose backbone.embedding_size is 0 */
    size_t n_classes;      /* likewise of the head; of an invented one 1000 */
} fdml_backbone_options;

/* Takes what it needs from the weights; the graph and its constants are in the arena.
 * FDML_E_ARG: no head, a size that it cannot have; FDML_E_DATA: a tensor is missing, has
 * another shape, or is no part of the net. options NULL: all defaults. */
fdml_status fdml_backbone_build(fdml_graph *graph, const char *name, fdml_weights *weights,
                                const fdml_backbone_options *options, fdml_arena *arena,
                                fdml_error *err);

#endif
