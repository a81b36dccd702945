/* engine_plan.c - the plan, in all the ways that must not matter.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "engines.h"
#include "model/plan.h"

/* A copy that outlives what made it. */
static fdml_status keep(fdml_tensor *copy, const fdml_tensor *tensor, fdml_arena *arena,
                        fdml_error *err)
{
    *copy = *tensor;
    FDML_TRY(fdml_tensor_alloc(copy, arena, "output", err));
    memcpy(copy->data, tensor->data, fdml_tensor_size(tensor));
    return FDML_OK;
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

fdml_status engine_plan(fdml_tensor *output, const fdml_graph *graph, const fdml_tensor *input,
                        fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { 0 };
    return plan_with(output, graph, input, &options, arena, err);
}

fdml_status engine_plan_keep_all(fdml_tensor *output, const fdml_graph *graph,
                                 const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { .keep_all = true };
    return plan_with(output, graph, input, &options, arena, err);
}

fdml_status engine_plan_reference(fdml_tensor *output, const fdml_graph *graph,
                                  const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    const fdml_plan_options options = { .is_reference = true };
    return plan_with(output, graph, input, &options, arena, err);
}

/* Every instruction set that runs here, with one thread and with three: the same bits. */
fdml_status engine_plan_everywhere(fdml_tensor *output, const fdml_graph *graph,
                                   const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(engine_plan(output, graph, input, arena, err));
    const fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)) != NULL; i++) {
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
fdml_status engine_plan_rows(fdml_tensor *output, const fdml_graph *graph,
                             const fdml_tensor *input, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(engine_plan(output, graph, input, arena, err));
    const fdml_graph_value *declared = &graph->value[graph->input[0]];
    if (declared->rank < 1 || declared->dim[0] >= 0) return FDML_OK;
    const size_t n_rows = input->dim[0], n_in = fdml_tensor_size(input) / n_rows;
    const size_t n_out = fdml_tensor_size(output) / n_rows;
    for (size_t i = 0; i < n_rows; i++) {
        fdml_tensor row = *input, alone;
        row.dim[0] = 1;
        row.n_items /= n_rows;
        row.data = (char *)input->data + i * n_in;
        FDML_TRY(engine_plan(&alone, graph, &row, arena, err));
        if (fdml_tensor_size(&alone) == n_out &&
            !memcmp((char *)output->data + i * n_out, alone.data, n_out))
            continue;
        return fdml_fail(err, FDML_E_DATA, "row %zu alone gives other bits", i);
    }
    return FDML_OK;
}
