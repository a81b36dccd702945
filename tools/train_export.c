/* train_export.c - what a run leaves: the network as a checkpoint of ours and as ONNX.
 *
 * Both are what fdml-embed, fdml-inspect and fdml-eval --model open; the checkpoint has the
 * preprocessing of the run where rows are pictures.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/checkpoint.h"
#include "model/embed_head.h"
#include "model/onnx_export.h"
#include "train_model.h"

static void *push(fdml_arena *arena, size_t n, size_t size)
{
    void *memory = fdml_arena_push(arena, n, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "no memory for the list of %zu weights", n);
    return memory;
}

static fdml_safetensors_item item_of(const char *name, const fdml_tensor *tensor)
{
    fdml_safetensors_item item = {
        .name = name, .dtype = FDML_DTYPE_F4, .n_dims = tensor->rank, .data = tensor->data
    };
    for (int i = 0; i < tensor->rank; i++) item.shape[i] = tensor->dim[i];
    return item;
}

/* Every float constant of the network under its name: the backbone's, then the head's. */
static size_t list_weights(fdml_safetensors_item *item, const fdml_graph *graph)
{
    size_t n = 0;
    for (size_t i = 0; i < graph->n_values; i++) {
        const fdml_tensor *constant = &graph->value[i].constant;
        if (constant->data && constant->type == FDML_TYPE_F32 && constant->rank)
            item[n++] = item_of(graph->value[i].name, constant);
    }
    return n;
}

static fdml_checkpoint_settings settings_of(const train_model *m)
{
    const config *c = m->c;
    const size_t side = m->data->side;
    fdml_checkpoint_settings settings = { .height = side,
                                          .width = side,
                                          .embedding_size = c->model.dim,
                                          .has_head = true,
                                          .normalise = m->is_unit,
                                          .has_preprocess = m->data->is_pictures };
    if (settings.has_preprocess) settings.preprocess = train_pictures_preprocess(c, side);
    return settings;
}

void train_model_export(const train_model *m, const char *folder)
{
    char path[FDML_PATH_SIZE];
    fdml_error err;
    fdml_arena arena;
    fdml_graph trunk = m->trunk, graph;
    const fdml_embed_head head = { .weight = fdml_trainer_array(m->trainer, "head.weight"),
                                   .bias = fdml_trainer_array(m->trainer, "head.bias"),
                                   .size = m->c->model.dim,
                                   .normalise = m->is_unit };
    fdml_arena_init(&arena, 0);
    if (m->has_trunk) CLI_TRY(fdml_trainer_trunk(&trunk, m->trainer, &arena, &err), &err);
    trunk.maps = NULL; /* they stay the model's */
    CLI_TRY(fdml_embed_head_append(&graph, &trunk, &head, &arena, &err), &err);
    fdml_safetensors_item *item = push(&arena, graph.n_values, sizeof *item);
    const size_t n = list_weights(item, &graph);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    const fdml_checkpoint_settings settings = settings_of(m);
    CLI_TRY(fdml_checkpoint_write(path, m->c->model.backbone, &settings, item, n, &err), &err);
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    CLI_TRY(fdml_onnx_export(path, &graph, &err), &err);
    fdml_arena_close(&arena);
}
