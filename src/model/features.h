/* features.h - the network of rows of numbers: nothing, or a hidden layer.
 *
 * What fdml-train trains in front of a head when its rows are another model's embeddings
 * (backbone = features). A hidden layer is linear, batch normalisation and ReLU:
 * "hidden.weight" [hidden, columns], "hidden.bias", "norm.weight", "norm.bias",
 * "norm.running_mean", "norm.running_var".
 *
 * It has a name, as a backbone has, but is none of backbone.h's list: those take pictures.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_FEATURES_H
#define FDML_MODEL_FEATURES_H

#include "model/backbone.h"

/* "features"; what a checkpoint of it has for a backbone. Not for fdml_backbone_build. */
extern const fdml_backbone fdml_features;

typedef struct fdml_features_options {
    size_t columns; /* of a row; not 0 */
    size_t hidden;  /* units; 0: no hidden layer */
} fdml_features_options;

/* Input: float32 [N, columns], N free. Output: [N, hidden], or the rows as they are. Takes what
 * it needs from the weights; nodes and invented constants are in the arena. FDML_E_DATA: a
 * tensor is missing, has another shape or is no part of it. */
fdml_status fdml_features_build(fdml_graph *graph, fdml_weights *weights,
                                const fdml_features_options *options, fdml_arena *arena,
                                fdml_error *err);

/* The sizes of a file: columns are those of "hidden.weight" or, without one, of the tensor
 * `head`. FDML_E_DATA: neither is there. */
fdml_status fdml_features_sizes(fdml_features_options *options, const fdml_weights *weights,
                                const char *head, fdml_error *err);

#endif
