/* blackbox.c - see blackbox.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/blackbox.h"

#include <math.h>
#include <string.h>

#include "base/parallel_try.h"

enum { BLOCK = 512 };

typedef struct asking {
    double *p;
    const fdml_blackbox *b;
    const fdml_tabular *t;
    const uint32_t *row;
    size_t n;
    float *raw; /* [n_threads, BLOCK, n_features] */
} asking;

static fdml_status ask_block(void *ctx, size_t block, int thread, fdml_error *err)
{
    const asking *a = ctx;
    const size_t first = block * BLOCK, dim = a->t->n_features;
    const size_t n = a->n - first < BLOCK ? a->n - first : BLOCK;
    float *raw = a->raw + (size_t)thread * BLOCK * dim;
    for (size_t i = 0; i < n; i++)
        memcpy(raw + i * dim, a->t->x + a->row[first + i] * dim, dim * sizeof *raw);
    return a->b->predict(a->b->ctx, a->p + first, raw, n, thread, err);
}

static fdml_status look_up(double *p, const fdml_blackbox *b, const uint32_t *row, size_t n,
                           fdml_error *err)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = b->given[row[i]];
        if (isnan(p[i]))
            return fdml_fail(err, FDML_E_DATA, "row %zu of the table has no given probability",
                             (size_t)row[i] + 1);
    }
    return FDML_OK;
}

fdml_blackbox fdml_blackbox_of_encoded(const fdml_blackbox *b)
{
    return (fdml_blackbox){ .ctx = b->ctx,
                            .can_predict_new_rows = b->predict_encoded != NULL,
                            .predict = b->predict_encoded };
}

double fdml_blackbox_rows_memory(const fdml_tabular *t, int n_threads)
{
    const double threads = n_threads < 1 ? 1 : n_threads;
    return fdml_arena_room(threads * BLOCK * (double)t->n_features, sizeof(float));
}

fdml_status fdml_blackbox_rows(double *p, const fdml_blackbox *b, const fdml_tabular *t,
                               const uint32_t *row, size_t n, int n_threads,
                               fdml_arena *scratch, fdml_error *err)
{
    if (b->given) return look_up(p, b, row, n, err);
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const size_t n_blocks = (n + BLOCK - 1) / BLOCK,
                 threads = n_threads < 1 ? 1 : (size_t)n_threads;
    asking a = { p, b, t, row, n, NULL };
    a.raw = fdml_arena_push(scratch, threads * BLOCK * t->n_features, sizeof *a.raw);
    if (!a.raw)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to ask the black box for %zu rows", n);
    const fdml_status status = fdml_parallel_try(n_blocks, n_threads, ask_block, &a, err);
    fdml_arena_reset(scratch, mark);
    return status;
}
