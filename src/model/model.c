/* model.c - see model.h.
 * SPDX-License-Identifier: MIT */
#include "model/model.h"

#include "base/file.h"
#include "model/checkpoint.h"
#include "model/onnx_import.h"

static fdml_status open_checkpoint(fdml_model *model, const char *path, fdml_error *err)
{
    fdml_checkpoint checkpoint;
    model->kind = "checkpoint";
    FDML_TRY(fdml_checkpoint_read(&checkpoint, path, &model->arena, err));
    model->has_preprocess = checkpoint.settings.has_preprocess;
    model->preprocess = checkpoint.settings.preprocess;
    const fdml_status status =
        fdml_checkpoint_build(&model->graph, &checkpoint, false, &model->arena, err);
    fdml_checkpoint_close(&checkpoint);
    return status;
}

static fdml_status open_any(fdml_model *model, const char *path, fdml_error *err)
{
    if (fdml_file_has_suffix(path, ".onnx")) {
        model->kind = "onnx";
        return fdml_onnx_import(&model->graph, path, &model->arena, err);
    }
    if (fdml_file_has_suffix(path, ".safetensors")) return open_checkpoint(model, path, err);
    return fdml_fail(
        err, FDML_E_UNSUPPORTED,
        "%.400s: is no model: its name ends in neither .onnx (which torch.onnx.export "
        "writes) nor .safetensors",
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
