/* explain_model.h - a network in an ONNX file as a black box (explain/blackbox.h).
 *
 * Its input is float32 [N, columns]: rows as encode.h encodes them, whose columns
 * explain_encoding.h lists for whoever trains such a model. Its output is float32: P(target =
 * 1) as [N] or [N, 1], or P(0) and P(1) as [N, 2].
 *
 * A file that declares another shape is refused, and so is a model which a few made-up rows
 * show not to answer with probabilities, or to answer a row by what stands beside it. An answer
 * is checked each time it is given; one that misses 0 or 1 by less than 1e-5, as a sum of some
 * hundred rounded floats may, is moved there.
 *
 * Threads have plans of their own, with batches of fixed size, the last one filled up: an
 * answer depends on its row alone, so neither batches nor threads change a bit.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_MODEL_H
#define FDML_TOOLS_EXPLAIN_MODEL_H

#include "explain/blackbox.h"
#include "model/model.h"
#include "model/plan.h"

struct explain_model_desk;

typedef struct explain_model {
    /* What is asked for; path and encoder are borrowed. */
    const char *path;
    const fdml_encoder *encoder;
    fdml_workers workers;
    fdml_arena *arena;
    /* What came of it. */
    fdml_model model;
    size_t batch;                    /* rows of a run */
    size_t n_answers;                /* numbers for a row: P(1), or P(0) and P(1) */
    fdml_tensor input;               /* of a run, without data */
    struct explain_model_desk *desk; /* [n_threads] */
} explain_model;

/* The black box is `m`, until that is closed; its predict may be called by n_threads threads
 * (at least 1) and answers FDML_E_DATA where the model gives no probability. Ends the program
 * (cli.h) where explain_model_start fails. */
void explain_model_open(explain_model *m, fdml_blackbox *box, const char *path,
                        const fdml_encoder *encoder, const fdml_kernels *kernels, int n_threads,
                        fdml_arena *arena);
void explain_model_close(explain_model *m);

/* Bytes that it takes but of m->arena: the file, and the plans of all threads. */
double explain_model_memory(const explain_model *m);

/* The same for m->path, encoder, workers and arena, all else zero. FDML_E_IO, FDML_E_FORMAT,
 * FDML_E_UNSUPPORTED: as fdml_model_open; FDML_E_DATA: no model as above; FDML_E_NOMEM. On
 * failure there is nothing to close. */
fdml_status explain_model_start(explain_model *m, fdml_blackbox *box, fdml_error *err);

#endif
