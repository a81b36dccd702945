/* model.c - see model.h.
 * SPDX-License-Identifier: MIT */
#include "model/model.h"

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/onnx_import.h"

static fdml_status open_any(fdml_model *model, const char *path, fdml_error *err)
{
    if (fdml_file_has_suffix(path, ".onnx")) {
        model->kind = "onnx";
        return fdml_onnx_import(&model->graph, path, &model->arena, err);
    }
    if (fdml_file_has_suffix(path, ".safetensors")) {
        model->kind = "checkpoint";
        return fdml_checkpoint_open(&model->graph, path, &model->arena, err);
    }
    return fdml_fail(err, FDML_E_UNSUPPORTED,
                     "%.400s: is no model: its name ends in neither .onnx nor .safetensors",
                     path);
}

fdml_status fdml_model_open(fdml_model *model, const char *path, fdml_error *err)
{
    fdml_model opened = { .kind = "" };
    fdml_arena_init(&opened.arena, 0);
    const fdml_status status = open_any(&opened, path, err);
    if (status)
        fdml_arena_close(&opened.arena);
    else
        *model = opened;
    return status;
}

void fdml_model_close(fdml_model *model)
{
    fdml_graph_close(&model->graph);
    fdml_arena_close(&model->arena);
}
