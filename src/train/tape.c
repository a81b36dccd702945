/* tape.c - see tape.h and tape_state.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/tape.h"

#include <stdlib.h>
#include <string.h>

#include "train/tape_state.h"

enum { TASK_FLOATS = 1 << 14 };

fdml_status fdml_tape_no_memory(const fdml_tape *tape, fdml_error *err)
{
    if (tape->options.max_memory)
        return fdml_fail(err, FDML_E_LIMIT, "%s: training it does not fit into %zu MiB",
                         tape->graph->name, tape->options.max_memory >> 20);
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to train it", tape->graph->name);
}

size_t fdml_tape_images_of_task(size_t n_images, size_t floats)
{
    const size_t n = floats < TASK_FLOATS ? TASK_FLOATS / (floats ? floats : 1) : 1;
    return n < n_images ? n : n_images;
}

static fdml_status check_graph(const fdml_graph *graph, const fdml_tensor *input,
                               fdml_error *err)
{
    if (graph->n_inputs != 1 || graph->n_outputs != 1)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: it has %zu inputs and %zu outputs; a net that is trained has one "
                         "of each",
                         graph->name, graph->n_inputs, graph->n_outputs);
    if (input->type != FDML_TYPE_F32 || (input->rank != 2 && input->rank != 4) ||
        !input->n_items)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: its input is not float32 of [N, C] or [N, C, H, W]", graph->name);
    return FDML_OK;
}

static fdml_status make(fdml_tape *tape, const fdml_tensor *input, fdml_error *err)
{
    tape->value =
        fdml_arena_push_zero(&tape->arena, tape->graph->n_values, sizeof *tape->value);
    if (!tape->value) return fdml_tape_no_memory(tape, err);
    FDML_TRY(fdml_tape_build(tape, input, err));
    FDML_TRY(fdml_tape_plan(tape, err));
    fdml_arena_close(&tape->work); /* of building; the products' comes anew */
    return FDML_OK;
}

fdml_status fdml_tape_new(fdml_tape **tape, const fdml_graph *graph, const fdml_tensor *input,
                          const fdml_tape_options *options, fdml_error *err)
{
    FDML_TRY(check_graph(graph, input, err));
    fdml_arena first;
    fdml_arena_init(&first, options->max_memory);
    fdml_tape *t = fdml_arena_push_zero(&first, 1, sizeof *t);
    if (!t) {
        fdml_arena_close(&first);
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to train it", graph->name);
    }
    t->graph = graph;
    t->options = *options;
    t->kernels = options->kernels;
    t->n_threads = options->n_threads ? options->n_threads : fdml_threads_default();
    t->arena = first;
    fdml_arena_init(&t->work, options->max_memory);
    const fdml_status status = make(t, input, err);
    if (status) {
        fdml_tape_free(t);
        return status;
    }
    *tape = t;
    return FDML_OK;
}

void fdml_tape_free(fdml_tape *tape)
{
    if (!tape) return;
    fdml_arena_close(&tape->work);
    fdml_arena arena = tape->arena; /* which holds the tape itself */
    fdml_arena_close(&arena);
}

size_t fdml_tape_columns(const fdml_tape *tape)
{
    return tape->columns;
}

size_t fdml_tape_memory(const fdml_tape *tape)
{
    return tape->arena.used + tape->work.peak;
}

fdml_status fdml_tape_params(fdml_tape *tape, fdml_params *params, fdml_error *err)
{
    if (tape->n_params > params->room - params->n)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %zu parameters, room for %zu",
                         tape->graph->name, tape->n_params, params->room - params->n);
    for (size_t i = 0; i < tape->n_params; i++) {
        const tape_param *p = tape->param[i];
        params->item[params->n++] =
            (fdml_param){ .name = p->name, .n = p->n, .value = p->value, .grad = p->grad };
    }
    return FDML_OK;
}

bool fdml_tape_read(float *values, const fdml_tape *tape, const char *name)
{
    for (size_t i = 0; i < tape->n_params; i++)
        if (!strcmp(tape->param[i]->name, name)) {
            fdml_tape_param_read(values, tape->param[i]);
            return true;
        }
    return false;
}

/* --- passes ------------------------------------------------------------------------------ */

static void run_forward(void *ctx)
{
    fdml_tape *tape = ctx;
    for (uint32_t l = 0; l < tape->n_layers; l++) tape->layer[l].forward(tape, &tape->layer[l]);
}

static void run_backward(void *ctx)
{
    fdml_tape *tape = ctx;
    for (uint32_t l = tape->n_layers; l-- > 0;)
        if (tape->layer[l].gout != TAPE_NONE) tape->layer[l].backward(tape, &tape->layer[l]);
}

fdml_status fdml_tape_forward(fdml_tape *tape, const float *x, const float **y, fdml_error *err)
{
    const tape_value *out = &tape->value[tape->output];
    const size_t step = out->shape.n_blocks * FDML_BLOCK;
    tape->x = x;
    tape->is_out_of_memory = false;
    fdml_parallel_team(tape->n_threads, run_forward, tape);
    if (tape->is_out_of_memory) return fdml_tape_no_memory(tape, err);
    for (size_t i = 0; i < tape->batch; i++)
        memcpy(tape->y + i * tape->columns, tape_data(tape, tape->output) + i * step,
               tape->columns * sizeof *tape->y);
    *y = tape->y;
    return FDML_OK;
}

fdml_status fdml_tape_backward(fdml_tape *tape, const float *gy, fdml_error *err)
{
    const tape_value *out = &tape->value[tape->output];
    const size_t step = out->shape.n_blocks * FDML_BLOCK;
    if (!out->wants_grad) return FDML_OK;
    /* the first gradient of the output: what the last layer receives */
    float *to = tape_room_data(tape, tape->gradient);
    memset(to, 0, tape->batch * step * sizeof *to);
    for (size_t i = 0; i < tape->batch; i++)
        memcpy(to + i * step, gy + i * tape->columns, tape->columns * sizeof *to);
    tape->is_out_of_memory = false;
    fdml_parallel_team(tape->n_threads, run_backward, tape);
    return tape->is_out_of_memory ? fdml_tape_no_memory(tape, err) : FDML_OK;
}
