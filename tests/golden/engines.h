/* engines.h - the ways in which a graph can be run, and how a golden case is read.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_GOLDEN_ENGINES_H
#define FDML_TESTS_GOLDEN_ENGINES_H

#include "model/graph.h"

/* The only output for the only input; the output's memory is in the arena. */
typedef fdml_status engine_run(fdml_tensor *output, const fdml_graph *graph,
                               const fdml_tensor *input, fdml_arena *arena, fdml_error *err);

typedef struct engine {
    const char *name;
    engine_run *run;
} engine;

/* The plan as it comes; every node by its operator; without reuse of memory; with every
 * instruction set and with one thread or three, and the rows of a batch one by one, all of
 * which fail where the bits differ. */
engine_run engine_plan, engine_plan_reference, engine_plan_keep_all, engine_plan_everywhere,
    engine_plan_rows;

extern const engine engines[]; /* up to a name of NULL */

/* kind: "onnx", or a backbone's name, with "+head" for its classifier. */
fdml_status engine_open(fdml_graph *graph, const char *kind, const char *path,
                        fdml_arena *arena, fdml_error *err);

/* '<f4' of any rank up to FDML_MAX_RANK. */
fdml_status engine_read_npy(fdml_tensor *tensor, const char *path, fdml_arena *arena,
                            fdml_error *err);

/* winograd_error.c: prints its table; an exit status. */
int winograd_errors(const char *model, const char *input);

#endif
