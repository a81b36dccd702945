/* blackbox_model.c - the answers of black boxes that are trained here. See blackbox_model.h.
 *
 * Rows that are raw, of which LIME asks millions, are not encoded: a feature is one entry, a
 * number of its column or 1 of its level's, so that Adult's row is 9 products and not 34. The
 * hidden units are the same bits either way, because a product with 0 changes no sum.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/blackbox_model.h"

#include <string.h>

#include "explain/logit.h"

enum { RUN = FDML_DENSE_RUN, LANES = FDML_DENSE_LANES };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for a black box's answers");
}

bool fdml_blackbox_desk_make(blackbox_desk *d, const blackbox_model *m, size_t dim,
                             size_t n_features, fdml_arena *arena)
{
    *d = (blackbox_desk){ .x = fdml_arena_push(arena, RUN * (dim + 1), sizeof *d->x) };
    if (n_features) {
        d->value = fdml_arena_push(arena, RUN * n_features, sizeof *d->value);
        d->column = fdml_arena_push(arena, RUN * n_features, sizeof *d->column);
        if (!d->value || !d->column) return false;
    }
    if (m->kind == FDML_BLACKBOX_MLP && !fdml_perceptron_desk_make(&d->net, &m->net, arena))
        return false;
    return d->x != NULL;
}

/* --- encoded rows ---------------------------------------------------------------------------
 */

/* At most RUN rows of d->x. */
static void score_run(double *score, const blackbox_model *m, const blackbox_desk *d, size_t n,
                      size_t dim)
{
    if (m->kind == FDML_BLACKBOX_LOGISTIC) {
        for (size_t i = 0; i < n; i++)
            score[i] = fdml_logit_score(m->u, d->x + i * (dim + 1), dim);
        return;
    }
    fdml_perceptron_outputs(&m->net, d->x, n, &d->net);
    const size_t stride = fdml_dense_stride(&m->net.second);
    for (size_t i = 0; i < n; i++) score[i] = (double)d->net.z2[i * stride];
}

void fdml_blackbox_score(double *score, const blackbox_model *m, const float *z, size_t n,
                         size_t dim, const blackbox_desk *d)
{
    for (size_t first = 0; first < n; first += RUN) {
        const size_t n_here = n - first < RUN ? n - first : RUN;
        for (size_t i = 0; i < n_here; i++) {
            memcpy(d->x + i * (dim + 1), z + (first + i) * dim, dim * sizeof *d->x);
            d->x[i * (dim + 1) + dim] = 1;
        }
        score_run(score + first, m, d, n_here, dim);
    }
}

static fdml_status predict_encoded(void *ctx, double *p, const float *z, size_t n, int thread,
                                   fdml_error *err)
{
    (void)err;
    const blackbox_trained *b = ctx;
    fdml_blackbox_score(p, &b->model, z, n, b->encoder.dim, &b->desks[thread]);
    b->kernels->logistic_double(p, n);
    return FDML_OK;
}

/* --- raw rows -------------------------------------------------------------------------------
 */

static double sum_entries(const double *u, const float *value, const uint32_t *column,
                          size_t n_entries, size_t dim)
{
    double sum = u[dim];
    for (size_t e = 0; e < n_entries; e++) sum += u[column[e]] * (double)value[e];
    return sum;
}

static fdml_status predict(void *ctx, double *p, const float *x, size_t n, int thread,
                           fdml_error *err)
{
    (void)err;
    const blackbox_trained *b = ctx;
    const blackbox_desk *d = &b->desks[thread];
    const size_t n_features = b->encoder.n_features;
    for (size_t first = 0; first < n; first += RUN) {
        const size_t n_here = n - first < RUN ? n - first : RUN;
        fdml_encoder_entries(d->value, d->column, &b->encoder, x + first * n_features, n_here);
        if (b->model.kind == FDML_BLACKBOX_MLP) {
            fdml_gather job = b->gather;
            job.value = d->value, job.column = d->column, job.n = n_here;
            b->kernels->gather_scores(p + first, &job);
            continue;
        }
        for (size_t i = 0; i < n_here; i++)
            p[first + i] = sum_entries(b->model.u, d->value + i * n_features,
                                       d->column + i * n_features, n_features, b->encoder.dim);
    }
    b->kernels->logistic_double(p, n);
    return FDML_OK;
}

/* --- making one -----------------------------------------------------------------------------
 */

/* Weights from panels to rows of inputs. */
static bool make_gather(fdml_gather *gather, const fdml_perceptron *net, size_t n_features,
                        fdml_arena *arena)
{
    const size_t n_hidden = net->first.n_out, n_in = net->first.n_in,
                 width = (n_hidden + LANES - 1) / LANES * LANES;
    float *w = fdml_arena_push_zero(arena, n_in * width, sizeof *w);
    float *out = fdml_arena_push_zero(arena, width, sizeof *out);
    if (!w || !out) return false;
    for (size_t u = 0; u < n_hidden; u++) {
        for (size_t i = 0; i < n_in; i++)
            w[i * width + u] = fdml_dense_weight(net->panels[0], i, u, &net->first);
        out[u] = fdml_dense_weight(net->panels[1], u, 0, &net->second);
    }
    *gather =
        (fdml_gather){ .n_entries = n_features,
                       .w = w,
                       .bias = w + (n_in - 1) * width,
                       .out = out,
                       .shift = fdml_dense_weight(net->panels[1], n_hidden, 0, &net->second),
                       .width = width };
    return true;
}

fdml_status fdml_blackbox_finish(fdml_blackbox *b, blackbox_trained *made, fdml_workers workers,
                                 fdml_arena *arena, fdml_error *err)
{
    const size_t n_threads = workers.n_threads < 1 ? 1 : (size_t)workers.n_threads;
    const size_t n_features = made->encoder.n_features;
    made->kernels = workers.kernels;
    made->desks = fdml_arena_push_zero(arena, n_threads, sizeof *made->desks);
    if (!made->desks) return no_memory(err);
    for (size_t i = 0; i < n_threads; i++)
        if (!fdml_blackbox_desk_make(&made->desks[i], &made->model, made->encoder.dim,
                                     n_features, arena))
            return no_memory(err);
    if (made->model.kind == FDML_BLACKBOX_MLP &&
        !make_gather(&made->gather, &made->model.net, n_features, arena))
        return no_memory(err);
    *b = (fdml_blackbox){ .ctx = made,
                          .can_predict_new_rows = true,
                          .predict = predict,
                          .encoder = &made->encoder,
                          .predict_encoded = predict_encoded };
    return FDML_OK;
}
