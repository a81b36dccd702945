/* engines.c - see engines.h.
 * SPDX-License-Identifier: MIT */
#include "engines.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/parallel.h"
#include "data/npy.h"
#include "model/checkpoint.h"
#include "model/interpret.h"
#include "model/onnx_import.h"

static fdml_status open_backbone(fdml_graph *graph, const char *kind, const char *path,
                                 fdml_arena *arena, fdml_error *err)
{
    static const char suffix[] = "+head";
    fdml_checkpoint checkpoint;
    const size_t length = strlen(kind), n = sizeof suffix - 1;
    const bool with_head = length > n && !strcmp(kind + length - n, suffix);
    FDML_TRY(fdml_checkpoint_read(&checkpoint, path, arena, err));
    const char *name = checkpoint.backbone->name;
    fdml_status status = FDML_OK;
    if (strncmp(kind, name, strlen(name)) || strlen(name) != length - (with_head ? n : 0))
        status = fdml_fail(err, FDML_E_DATA, "%s: recognised as %s", path, name);
    if (!status) status = fdml_checkpoint_build(graph, &checkpoint, with_head, arena, err);
    fdml_checkpoint_close(&checkpoint);
    return status;
}

fdml_status engine_open(fdml_graph *graph, const char *kind, const char *path,
                        fdml_arena *arena, fdml_error *err)
{
    if (strcmp(kind, "onnx") != 0) return open_backbone(graph, kind, path, arena, err);
    return fdml_onnx_import(graph, path, arena, err);
}

fdml_status engine_read_npy(fdml_tensor *tensor, const char *path, fdml_arena *arena,
                            fdml_error *err)
{
    const char *text;
    size_t size;
    fdml_npy npy;
    FDML_TRY(fdml_file_read(&text, &size, path, (size_t)1 << 30, arena, err));
    const unsigned char *bytes = (const unsigned char *)text;
    FDML_TRY(fdml_npy_parse(&npy, bytes, size, path, err));
    FDML_TRY(fdml_npy_check_size(&npy, size, path, err));
    if (strcmp(npy.descr, "<f4") != 0 || npy.is_fortran)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %s, expected <f4 in C order", path,
                         npy.descr);
    FDML_TRY(fdml_tensor_shape(tensor, FDML_TYPE_F32, npy.n_dims, npy.shape, path, err));
    FDML_TRY(fdml_tensor_alloc(tensor, arena, path, err));
    memcpy(tensor->data, bytes + npy.data_offset, npy.data_size);
    return FDML_OK;
}

static fdml_status interpret(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    return fdml_interpret(graph, input, output, fdml_kernels_best(), fdml_threads_default(),
                          arena, err);
}

const engine engines[] = { { "interpreter", interpret },
                           { "plan, reference", engine_plan_reference },
                           { "plan", engine_plan },
                           { "plan, all kept", engine_plan_keep_all },
                           { "plan, everywhere", engine_plan_everywhere },
                           { "plan, row by row", engine_plan_rows },
                           { NULL, NULL } };
