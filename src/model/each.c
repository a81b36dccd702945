/* each.c - see each.h.
 * SPDX-License-Identifier: MIT */
#include "model/each.h"

#include <string.h>

#include "base/parallel.h"

/* Of a block: large enough that handing it out costs nothing, small enough for a cache. */
enum { BLOCK_ITEMS = 1 << 14 };

/* --- broadcasting ------------------------------------------------------------------------ */

typedef struct walk {
    int rank; /* at least 1 */
    size_t dim[FDML_MAX_RANK];
    size_t stride[FDML_EACH_MAX][FDML_MAX_RANK]; /* 0 where the operand repeats */
    size_t n_items, n_operands;
    fdml_piece_fn fn;
    void *ctx;
} walk;

/* Strides of an operand under the output's dimensions. */
static void set_strides(size_t *stride, const fdml_tensor *output, const fdml_tensor *operand)
{
    size_t step = 1;
    const int skipped = output->rank - operand->rank;
    for (int d = output->rank - 1; d >= 0; d--) {
        const size_t own = d >= skipped ? operand->dim[d - skipped] : 1;
        stride[d] = own == 1 ? 0 : step;
        step *= own;
    }
}

/* May dimension d be merged into the one before it? */
static bool continues(const walk *w, int before, int d)
{
    for (size_t k = 0; k < w->n_operands; k++)
        if (w->stride[k][before] != w->stride[k][d] * w->dim[d]) return false;
    return true;
}

static void merge(walk *w)
{
    int last = -1;
    for (int d = 0; d < w->rank; d++) {
        if (w->dim[d] == 1) continue;
        if (last >= 0 && continues(w, last, d)) {
            w->dim[last] *= w->dim[d];
        } else {
            last++;
            w->dim[last] = w->dim[d];
        }
        for (size_t k = 0; k < w->n_operands; k++) w->stride[k][last] = w->stride[k][d];
    }
    w->rank = last + 1;
    if (last < 0) {
        w->rank = 1;
        w->dim[0] = 1;
        for (size_t k = 0; k < w->n_operands; k++) w->stride[k][0] = 0;
    }
}

/* The block's items, row piece by row piece. The innermost stride is 0 or 1: a tensor's last
 * dimension of more than one item has stride 1. */
static void run_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const walk *w = ctx;
    const size_t begin = block * BLOCK_ITEMS;
    const size_t end = w->n_items - begin < BLOCK_ITEMS ? w->n_items : begin + BLOCK_ITEMS;
    const int last = w->rank - 1;
    for (size_t first = begin; first < end;) {
        size_t rest = first / w->dim[last];
        const size_t column = first % w->dim[last], left = w->dim[last] - column;
        fdml_piece piece = { .first = first, .n = left < end - first ? left : end - first };
        for (size_t k = 0; k < w->n_operands; k++) {
            piece.is_one[k] = w->stride[k][last] == 0;
            piece.at[k] = column * w->stride[k][last];
        }
        for (int d = last - 1; d >= 0; d--) {
            for (size_t k = 0; k < w->n_operands; k++)
                piece.at[k] += rest % w->dim[d] * w->stride[k][d];
            rest /= w->dim[d];
        }
        w->fn(w->ctx, &piece);
        first += piece.n;
    }
}

void fdml_each(const fdml_tensor *output, size_t n_operands, const fdml_tensor *const *operand,
               int n_threads, fdml_piece_fn fn, void *ctx)
{
    if (output->n_items == 0) return;
    walk w = { .rank = output->rank, .n_items = output->n_items, .n_operands = n_operands };
    w.fn = fn, w.ctx = ctx;
    memcpy(w.dim, output->dim, sizeof w.dim);
    for (size_t k = 0; k < n_operands; k++) set_strides(w.stride[k], output, operand[k]);
    merge(&w);
    fdml_parallel((w.n_items + BLOCK_ITEMS - 1) / BLOCK_ITEMS, n_threads, run_block, &w);
}

/* --- views ------------------------------------------------------------------------------- */

typedef struct copying {
    fdml_view view;
    char *to;
    const char *from;
    size_t item_size, n_items;
} copying;

void fdml_view_init(fdml_view *view, const fdml_tensor *tensor)
{
    *view = (fdml_view){ .rank = tensor->rank };
    size_t step = 1;
    for (int d = tensor->rank - 1; d >= 0; d--) {
        view->dim[d] = tensor->dim[d];
        view->stride[d] = (ptrdiff_t)step;
        step *= tensor->dim[d];
    }
}

static void merge_view(fdml_view *v)
{
    int last = -1;
    for (int d = 0; d < v->rank; d++) {
        if (v->dim[d] == 1) continue;
        if (last >= 0 && v->stride[last] == v->stride[d] * (ptrdiff_t)v->dim[d]) {
            v->dim[last] *= v->dim[d];
            v->stride[last] = v->stride[d];
        } else {
            last++;
            v->dim[last] = v->dim[d];
            v->stride[last] = v->stride[d];
        }
    }
    v->rank = last + 1;
    if (last < 0) {
        v->rank = 1;
        v->dim[0] = 1;
        v->stride[0] = 1;
    }
}

#define COPY_ITEMS(size)                                                                       \
    for (size_t i = 0; i < n; i++)                                                             \
        memcpy(to + i * (size), from + (ptrdiff_t)i * step, (size));                           \
    return

/* n items that lie `step` bytes apart. The sizes are written out so that each is a move. */
static void copy_row(char *to, const char *from, size_t n, ptrdiff_t step, size_t item_size)
{
    if (step == (ptrdiff_t)item_size) {
        memcpy(to, from, n * item_size);
        return;
    }
    switch (item_size) {
    case 1:
        COPY_ITEMS(1);
    case 2:
        COPY_ITEMS(2);
    case 4:
        COPY_ITEMS(4);
    default:
        COPY_ITEMS(8);
    }
}

#undef COPY_ITEMS

static void copy_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const copying *c = ctx;
    const fdml_view *v = &c->view;
    const size_t begin = block * BLOCK_ITEMS, size = c->item_size;
    const size_t end = c->n_items - begin < BLOCK_ITEMS ? c->n_items : begin + BLOCK_ITEMS;
    const int last = v->rank - 1;
    for (size_t first = begin; first < end;) {
        size_t rest = first / v->dim[last];
        const size_t column = first % v->dim[last], left = v->dim[last] - column;
        const size_t n = left < end - first ? left : end - first;
        ptrdiff_t at = v->offset + (ptrdiff_t)column * v->stride[last];
        for (int d = last - 1; d >= 0; d--) {
            at += (ptrdiff_t)(rest % v->dim[d]) * v->stride[d];
            rest /= v->dim[d];
        }
        copy_row(c->to + first * size, c->from + at * (ptrdiff_t)size, n,
                 v->stride[last] * (ptrdiff_t)size, size);
        first += n;
    }
}

void fdml_view_copy(void *to, const fdml_tensor *tensor, const fdml_view *view, int n_threads)
{
    copying c = { .view = *view, .to = to, .from = tensor->data };
    c.item_size = fdml_type_size(tensor->type);
    c.n_items = 1;
    for (int d = 0; d < view->rank; d++) c.n_items *= view->dim[d];
    if (c.n_items == 0) return;
    merge_view(&c.view);
    fdml_parallel((c.n_items + BLOCK_ITEMS - 1) / BLOCK_ITEMS, n_threads, copy_block, &c);
}
