/* train_model.h - the network of a run: its trunk, its trainer, its embeddings, its files.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_MODEL_H
#define FDML_TOOLS_TRAIN_MODEL_H

#include "train_options.h"

typedef struct train_model {
    fdml_arena arena; /* graph and first weights */
    fdml_graph trunk;
    bool has_trunk; /* else it gives its rows as they are, and is nothing to train */
    size_t columns; /* of the trunk, or of the rows */
    bool is_unit;   /* embeddings have unit length */
    const config *c;
    const train_data *data;
    const cli_common *common;
    fdml_trainer *trainer;
} train_model;

/* Ends the program where network, weights and data do not belong together. */
void train_model_open(train_model *model, const config *c, const train_data *data,
                      uint64_t n_steps, const cli_common *common);
void train_model_close(train_model *model);

/* f: [part->n, model.dim], as the network is now. */
fdml_status train_model_embed(float *f, const train_model *model, const train_part *part,
                              fdml_arena *work, fdml_error *err);

/* Bytes of scratch that this takes. */
fdml_status train_model_embed_memory(size_t *bytes, const train_model *model, fdml_arena *work,
                                     fdml_error *err);

/* tools/train_export.c: FOLDER/model.safetensors and FOLDER/model.onnx: trunk and class head.
 */
void train_model_export(const train_model *model, const char *folder);

#endif
