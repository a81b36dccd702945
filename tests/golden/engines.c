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
#include "model/plan.h"

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
        return fdml_fail(err, FDML_E_FORMAT, "%s: %s, expected <f4 in C order", path, npy.descr);
    FDML_TRY(fdml_tensor_shape(tensor, FDML_TYPE_F32, npy.n_dims, npy.shape, path, err));
    FDML_TRY(fdml_tensor_alloc(tensor, arena, path, err));
    memcpy(tensor->data, bytes + npy.data_offset, npy.data_size);
    return FDML_OK;
}

/* A copy that outlives what made it. */
static fdml_status keep(fdml_tensor *copy, const fdml_tensor *tensor, fdml_arena *arena,
                        fdml_error *err)
{
    *copy = *tensor;
    FDML_TRY(fdml_tensor_alloc(copy, arena, "output", err));
    memcpy(copy->data, tensor->data, fdml_tensor_size(tensor));
    return FDML_OK;
}

static fdml_status interpret(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    return fdml_interpret(graph, input, output, fdml_kernels_best(), fdml_threads_default(),
                          arena, err);
}

static fdml_status plan_with(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, const fdml_plan_options *options,
                             fdml_arena *arena, fdml_error *err)
{
    fdml_plan *plan;
    fdml_tensor shape = *input, view;
    shape.data = NULL;
    FDML_TRY(fdml_plan_new(&plan, graph, &shape, options, err));
    fdml_status status = fdml_plan_run(plan, input, &view, err);
    if (!status) status = keep(output, &view, arena, err);
    fdml_plan_free(plan);
    return status;
}

static fdml_status plan_once(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { 0 };
    return plan_with(output, graph, input, &options, arena, err);
}

static fdml_status plan_keep_all(fdml_tensor *output, const fdml_graph *graph,
                                 const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { .keep_all = true };
    return plan_with(output, graph, input, &options, arena, err);
}

static fdml_status plan_reference(fdml_tensor *output, const fdml_graph *graph,
                                  const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { .is_reference = true };
    return plan_with(output, graph, input, &options, arena, err);
}

/* Every instruction set that runs here, with one thread and with three: the same bits. */
static fdml_status plan_everywhere(fdml_tensor *output, const fdml_graph *graph,
                                   const fdml_tensor *input, fdml_arena *arena,
                                   fdml_error *err)
{
    FDML_TRY(plan_once(output, graph, input, arena, err));
    const fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)) != NULL; i++) {
        if (!fdml_kernels_find(kernels->isa)) continue;
        for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
            const fdml_plan_options options = { .kernels = kernels, .n_threads = n_threads };
            fdml_tensor other;
            FDML_TRY(plan_with(&other, graph, input, &options, arena, err));
            if (!memcmp(output->data, other.data, fdml_tensor_size(output))) continue;
            return fdml_fail(err, FDML_E_DATA, "%s with %d threads gives other bits",
                             kernels->isa, n_threads);
        }
    }
    return FDML_OK;
}

/* Where the first axis is free: each row of the batch alone, as the whole batch gave it. */
static fdml_status plan_rows(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(plan_once(output, graph, input, arena, err));
    const fdml_graph_value *declared = &graph->value[graph->input[0]];
    if (declared->rank < 1 || declared->dim[0] >= 0) return FDML_OK;
    const size_t n_rows = input->dim[0], n_in = fdml_tensor_size(input) / n_rows;
    const size_t n_out = fdml_tensor_size(output) / n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        fdml_tensor row = *input, alone;
        row.dim[0] = 1;
        row.n_items /= n_rows;
        row.data = (char *)input->data + i * n_in;
        FDML_TRY(plan_once(&alone, graph, &row, arena, err));
        if (fdml_tensor_size(&alone) == n_out &&
            !memcmp((char *)output->data + i * n_out, alone.data, n_out))
            continue;
        return fdml_fail(err, FDML_E_DATA, "row %zu alone gives other bits", i);
    }
    return FDML_OK;
}

const engine engines[] = { { "interpreter", interpret },
                           { "plan, reference", plan_reference },
                           { "plan", plan_once },
                           { "plan, all kept", plan_keep_all },
                           { "plan, everywhere", plan_everywhere },
                           { "plan, row by row", plan_rows },
                           { NULL, NULL } };
