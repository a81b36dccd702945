/* weights.h - the tensors of a .safetensors by name, each to be taken once, or invented.
 *
 * A net that is built from a file takes what it needs, with the shape it needs, as floats.
 * What is left at the end tells that file and net do not belong together: a ResNet-34's file
 * holds all that a ResNet-18 asks for. A net that is to be trained may have first weights
 * instead of a file, or for what the file lacks.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_WEIGHTS_H
#define FDML_MODEL_WEIGHTS_H

#include "base/intern.h"
#include "base/map_list.h"
#include "data/safetensors.h"
#include "model/first_weights.h"
#include "model/tensor.h"

typedef struct fdml_weights {
    const char *name;    /* of the file, starts every sentence */
    fdml_map_list *maps; /* the file, where it was opened from a path */
    fdml_safetensors file;
    fdml_intern index;    /* name to place in file.tensor */
    bool *is_taken;       /* [file.n_tensors] */
    const char *invented; /* prefix of names that need not be there; NULL: all must */
    uint64_t seed, stream;
} fdml_weights;

/* Names and the list are in the arena; `path` and the bytes must outlive the weights, and the
 * bytes all that was taken. */
fdml_status fdml_weights_open(fdml_weights *weights, const char *path, fdml_arena *arena,
                              fdml_error *err);
fdml_status fdml_weights_parse(fdml_weights *weights, const fdml_source *source,
                               fdml_arena *arena, fdml_error *err);
/* Without a file: whatever a net asks for is made up, by the layer's rule and from (seed,
 * stream, name). `name` starts the sentences: "resnet18". */
void fdml_weights_invent(fdml_weights *weights, const char *name, uint64_t seed,
                         uint64_t stream, fdml_arena *arena);
/* What the file lacks of layer `prefix` ("head") is made up likewise; the text is borrowed. */
void fdml_weights_allow(fdml_weights *weights, const char *prefix, uint64_t seed,
                        uint64_t stream);
void fdml_weights_close(fdml_weights *weights);

/* NULL: none of that name. */
const fdml_tensor_entry *fdml_weights_find(const fdml_weights *weights, const char *name);

/* The tensor as floats: a view of the bytes where they are aligned F32, else converted from
 * F16, BF16 or F64 into the arena. dim[i] -1: any size but 0. FDML_E_DATA: it is not there, or
 * "x.safetensors: tensor 'fc.weight' is [10,512], expected [1000,512]"; FDML_E_UNSUPPORTED:
 * integers. */
fdml_status fdml_weights_take(fdml_tensor *tensor, fdml_weights *weights, const char *name,
                              int rank, const int64_t *dim, fdml_arena *arena, fdml_error *err);

typedef struct fdml_weights_request {
    const char *name;
    int rank;
    const int64_t *dim; /* -1: any, as of take; then it must be there */
    fdml_first_rule rule;
    double fan;
} fdml_weights_request;
/* fdml_weights_take or, where it is not there and need not be, a new array by the rule. */
fdml_status fdml_weights_take_or_invent(fdml_tensor *tensor, fdml_weights *weights,
                                        const fdml_weights_request *request, fdml_arena *arena,
                                        fdml_error *err);

/* What a net may leave: its head, where only the embedding is wanted. */
void fdml_weights_skip(fdml_weights *weights, const char *name);

/* FDML_E_DATA where a tensor was neither taken nor skipped: "x.safetensors: tensor 'layer1.2.
 * conv1.weight' is no part of resnet18". BatchNorm's counters of batches may be left. */
fdml_status fdml_weights_check_taken(const fdml_weights *weights, const char *net,
                                     fdml_error *err);

/* NULL: none. */
const char *fdml_weights_metadata(const fdml_weights *weights, const char *key);

/* Items of all floating-point tensors. */
size_t fdml_weights_n_parameters(const fdml_weights *weights);

#endif
