/* embed_head.h - a linear layer and unit length behind a network: trunk to embedding.
 *
 * f = N(W x + b), N(v) = v / ||v||, and N(0) = 0. In the graph a Gemm ("head") and an
 * LpNormalization ("normalise"), which every ONNX runtime has.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_EMBED_HEAD_H
#define FDML_MODEL_EMBED_HEAD_H

#include "model/graph.h"

#define FDML_EMBED_HEAD "head" /* prefix of its tensors: "head.weight", "head.bias" */

typedef struct fdml_embed_head {
    const float *weight; /* [size, columns of the trunk]; NULL: no linear layer */
    const float *bias;   /* [size] or NULL */
    size_t size;
    bool normalise;
} fdml_embed_head;

/* `graph` is trunk, whose one output must be declared as float32 [N, columns], and head. Nodes
 * and names are in the arena; constants are borrowed from the trunk and the head, which must
 * outlive the graph. It takes over the trunk's mapped files. FDML_E_ARG: another output. */
fdml_status fdml_embed_head_append(fdml_graph *graph, fdml_graph *trunk,
                                   const fdml_embed_head *head, fdml_arena *arena,
                                   fdml_error *err);

#endif
