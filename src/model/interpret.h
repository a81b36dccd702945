/* interpret.h - runs a graph as it is written: one node after the other, nothing planned.
 *
 * The reference that plans are tested against. Shapes are inferred from the values at hand, so
 * shapes that depend on data need no folding. A value is freed after its last reader.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_INTERPRET_H
#define FDML_MODEL_INTERPRET_H

#include "model/graph.h"
#include "simd/kernels.h"

/* input: [graph->n_inputs] with data. output: [graph->n_outputs], filled with tensors in the
 * arena, whose limit also holds for the values in between. FDML_E_DATA, FDML_E_UNSUPPORTED: as
 * the operators say; FDML_E_LIMIT, FDML_E_NOMEM. */
fdml_status fdml_interpret(const fdml_graph *graph, const fdml_tensor *input,
                           fdml_tensor *output, const fdml_kernels *kernels, int n_threads,
                           fdml_arena *arena, fdml_error *err);

#endif
