/* explain_model.c - see explain_model.h.
 * SPDX-License-Identifier: MIT */
#include "explain_model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "cli.h"
#include "graph_text.h"

enum { BATCH = 256, PROBES = 16, PROBE_STREAM = 0x70726f62 };

static const double rounding = 1e-5, sum_rounding = 1e-3;

/* A thread's. */
typedef struct explain_model_desk {
    fdml_plan *plan;
    float *z; /* [batch, encoder->dim] */
} desk;

/* --- what the file declares ------------------------------------------------------------- */

static fdml_status check_width(const explain_model *m, const fdml_graph_value *input,
                               fdml_error *err)
{
    const int64_t width = input->dim[1];
    if (width < 0 || (size_t)width == m->encoder->dim) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "%s: the model takes %lld column%s, and the table's features make %zu "
                     "encoded ones, which --write-encoding lists",
                     m->path, (long long)width, width == 1 ? "" : "s", m->encoder->dim);
}

static fdml_status check_declared(explain_model *m, fdml_error *err)
{
    const fdml_graph *g = &m->model.graph;
    char text[FDML_SHAPE_TEXT], names[GRAPH_NAMES_TEXT];
    if (g->n_outputs != 1)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: %zu outputs (%s), expected one with the probabilities alone",
                         m->path, g->n_outputs, graph_outputs_text(names, g));
    if (g->n_inputs != 1)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: %zu inputs, expected one with all %zu encoded columns of a row, "
                         "which --write-encoding lists",
                         m->path, g->n_inputs, m->encoder->dim);
    const fdml_graph_value *input = &g->value[g->input[0]];
    if (input->type != FDML_TYPE_F32 && input->type != FDML_TYPE_NONE)
        return fdml_fail(err, FDML_E_DATA, "%s: input '%.80s' is of %s, expected float32",
                         m->path, input->name, fdml_type_name(input->type));
    if (input->rank >= 0 && input->rank != 2)
        return fdml_fail(err, FDML_E_DATA, "%s: input '%.80s' is %s, expected [N,%zu]", m->path,
                         input->name, graph_shape_text(text, input), m->encoder->dim);
    if (input->rank == 2) FDML_TRY(check_width(m, input, err));
    m->batch = input->rank == 2 && input->dim[0] > 0 ? (size_t)input->dim[0] : BATCH;
    return FDML_OK;
}

/* --- plans ------------------------------------------------------------------------------ */

/* The width of a model that leaves it open is known to its weights alone, and the plan's
 * sentence is about these. */
static fdml_status tell_width(const explain_model *m, fdml_status status, fdml_error *err)
{
    char text[FDML_SHAPE_TEXT];
    if (status != FDML_E_DATA || !err) return status;
    const fdml_error why = *err;
    return fdml_fail(err, status,
                     "%s (for an input of %s: the table's features make %zu encoded "
                     "columns, which --write-encoding lists)",
                     why.text, fdml_tensor_shape_text(&m->input, text), m->encoder->dim);
}

static fdml_status open_desks(explain_model *m, fdml_error *err)
{
    const size_t n = (size_t)m->workers.n_threads;
    const fdml_plan_options options = { .kernels = m->workers.kernels, .n_threads = 1 };
    m->desk = fdml_arena_push_zero(m->arena, n, sizeof *m->desk);
    if (!m->desk)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu threads", m->path, n);
    for (size_t t = 0; t < n; t++) {
        const fdml_status status =
            fdml_plan_new(&m->desk[t].plan, &m->model.graph, &m->input, &options, err);
        if (status) return tell_width(m, status, err);
        m->desk[t].z = fdml_arena_push_zero(m->arena, m->input.n_items, sizeof *m->desk[t].z);
        if (!m->desk[t].z)
            return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for batches of %zu rows",
                             m->path, m->batch);
    }
    return FDML_OK;
}

static fdml_status check_output(explain_model *m, fdml_error *err)
{
    const fdml_tensor *output = fdml_plan_output(m->desk[0].plan, 0);
    char text[FDML_SHAPE_TEXT];
    m->n_answers = output->n_items / m->batch;
    if (output->type != FDML_TYPE_F32)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: output '%.80s' is of %s, expected probabilities in float32",
                         m->path, m->model.graph.value[m->model.graph.output[0]].name,
                         fdml_type_name(output->type));
    if (output->rank >= 1 && output->dim[0] == m->batch &&
        output->n_items == m->batch * m->n_answers && (m->n_answers == 1 || m->n_answers == 2))
        return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "%s: answers %zu rows with %s, expected a number for each, P(1), or two, "
                     "P(0) and P(1)",
                     m->path, m->batch, fdml_tensor_shape_text(output, text));
}

/* --- answers ---------------------------------------------------------------------------- */

#define LOGITS_HINT "where these are logits, the model needs a Sigmoid or a Softmax at its end"

/* Of answer[n_answers] the probability, to row `row` of `n`, counted from 1. */
static fdml_status take(double *p, const float *answer, const explain_model *m, size_t row,
                        size_t n, fdml_error *err)
{
    const double last = (double)answer[m->n_answers - 1];
    if (!(last >= -rounding && last <= 1 + rounding))
        return fdml_fail(err, FDML_E_DATA,
                         "%s: answers row %zu of %zu with %g, expected a probability, 0 to 1; "
                         "%s",
                         m->path, row, n, last, LOGITS_HINT);
    if (m->n_answers == 2 && !(fabs((double)answer[0] + last - 1) <= sum_rounding))
        return fdml_fail(err, FDML_E_DATA,
                         "%s: answers row %zu of %zu with %g and %g, expected P(0) and P(1), "
                         "which add up to 1; %s",
                         m->path, row, n, (double)answer[0], last, LOGITS_HINT);
    *p = fmin(fmax(last, 0), 1);
    return FDML_OK;
}

/* One run; what stands in the rest of the batch is of no effect. */
static fdml_status run(const float **answer, const explain_model *m, const desk *d,
                       fdml_error *err)
{
    fdml_tensor input = m->input, output;
    input.data = d->z;
    FDML_TRY(fdml_plan_run(d->plan, &input, &output, err));
    *answer = output.data;
    return FDML_OK;
}

/* x: [n, n_features] raw rows, or NULL; then z: [n, dim] encoded ones. */
static fdml_status answer_rows(const explain_model *m, double *p, const float *x,
                               const float *z, size_t n, int thread, fdml_error *err)
{
    const fdml_encoder *e = m->encoder;
    const desk *d = &m->desk[thread];
    const float *answer;
    for (size_t first = 0; first < n; first += m->batch) {
        const size_t here = n - first < m->batch ? n - first : m->batch;
        if (x)
            fdml_encoder_rows(d->z, e, x + first * e->n_features, here);
        else
            memcpy(d->z, z + first * e->dim, here * e->dim * sizeof *z);
        FDML_TRY(run(&answer, m, d, err));
        for (size_t i = 0; i < here; i++)
            FDML_TRY(take(&p[first + i], answer + i * m->n_answers, m, first + i + 1, n, err));
    }
    return FDML_OK;
}

static fdml_status predict(void *ctx, double *p, const float *x, size_t n, int thread,
                           fdml_error *err)
{
    const explain_model *m = ctx;
    assert(thread >= 0 && thread < m->workers.n_threads);
    return answer_rows(m, p, x, NULL, n, thread, err);
}

static fdml_status predict_encoded(void *ctx, double *p, const float *z, size_t n, int thread,
                                   fdml_error *err)
{
    const explain_model *m = ctx;
    assert(thread >= 0 && thread < m->workers.n_threads);
    return answer_rows(m, p, NULL, z, n, thread, err);
}

/* --- a try ------------------------------------------------------------------------------ */

/* z: [PROBES, dim]: normal numbers, and of each category a level. */
static void make_rows(float *z, const fdml_encoder *e)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 0, PROBE_STREAM, 0);
    memset(z, 0, PROBES * e->dim * sizeof *z);
    for (size_t i = 0; i < PROBES; i++, z += e->dim)
        for (size_t f = 0; f < e->n_features; f++) {
            const size_t begin = e->begin[f], n = e->begin[f + 1] - begin;
            if (!e->level_column[f])
                z[begin] = (float)fdml_rng_normal(&rng);
            else if (n)
                z[begin + fdml_rng_below(&rng, (uint32_t)n)] = 1;
        }
}

static fdml_status try_rows(const explain_model *m, const float *z, fdml_error *err)
{
    double together[PROBES], alone;
    FDML_TRY(answer_rows(m, together, NULL, z, PROBES, 0, err));
    for (size_t i = 0; i < PROBES; i++) {
        FDML_TRY(answer_rows(m, &alone, NULL, z + i * m->encoder->dim, 1, 0, err));
        if (alone != together[i])
            return fdml_fail(
                err, FDML_E_DATA,
                "%s: answers a row with %.9g, and with %.9g among others, expected "
                "an answer that depends on its row alone",
                m->path, alone, together[i]);
    }
    return FDML_OK;
}

static fdml_status tell_try(fdml_status status, fdml_error *err)
{
    if (status != FDML_E_DATA || !err) return status;
    const fdml_error why = *err;
    return fdml_fail(err, status, "%s (tried with made-up rows)", why.text);
}

static fdml_status try_model(const explain_model *m, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(m->arena);
    float *z = fdml_arena_push(m->arena, PROBES * m->encoder->dim, sizeof *z);
    if (!z) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to try it", m->path);
    make_rows(z, m->encoder);
    const fdml_status status = tell_try(try_rows(m, z, err), err);
    fdml_arena_reset(m->arena, mark);
    return status;
}

/* --- the whole -------------------------------------------------------------------------- */

static fdml_status start(explain_model *m, fdml_error *err)
{
    FDML_TRY(check_declared(m, err));
    const size_t dim[] = { m->batch, m->encoder->dim };
    FDML_TRY(fdml_tensor_shape(&m->input, FDML_TYPE_F32, 2, dim, m->path, err));
    FDML_TRY(open_desks(m, err));
    FDML_TRY(check_output(m, err));
    return try_model(m, err);
}

fdml_status explain_model_start(explain_model *m, fdml_blackbox *box, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(m->arena);
    FDML_TRY(fdml_model_open(&m->model, m->path, err));
    cli_input_note_maps(m->model.graph.maps);
    const fdml_status status = start(m, err);
    if (status) {
        explain_model_close(m);
        fdml_arena_reset(m->arena, mark);
        return status;
    }
    *box = (fdml_blackbox){ .ctx = m,
                            .can_predict_new_rows = true,
                            .predict = predict,
                            .encoder = m->encoder,
                            .predict_encoded = predict_encoded };
    return FDML_OK;
}

double explain_model_memory(const explain_model *m)
{
    double bytes = (double)m->model.arena.peak;
    for (const fdml_map_list *file = m->model.graph.maps; file; file = file->next)
        bytes += (double)file->map.size;
    for (int t = 0; t < m->workers.n_threads; t++) {
        fdml_plan_memory plan;
        fdml_plan_get_memory(&plan, m->desk[t].plan);
        bytes += (double)(plan.weights + plan.buffer + plan.scratch);
    }
    return bytes;
}

void explain_model_close(explain_model *m)
{
    for (int t = 0; m->desk && t < m->workers.n_threads; t++) fdml_plan_free(m->desk[t].plan);
    fdml_model_close(&m->model);
    m->desk = NULL;
}

void explain_model_open(explain_model *m, fdml_blackbox *box, const char *path,
                        const fdml_encoder *encoder, const fdml_kernels *kernels, int n_threads,
                        fdml_arena *arena)
{
    fdml_error err;
    *m = (explain_model){ .path = path,
                          .encoder = encoder,
                          .workers = { kernels, n_threads < 1 ? 1 : n_threads },
                          .arena = arena };
    CLI_TRY(explain_model_start(m, box, &err), &err);
}
