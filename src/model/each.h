/* each.h - walks over items: broadcast operands in step, and copies through strides.
 *
 * Every operator that is one formula per item, or that only moves items, is a few lines on top
 * of these. Dimensions that lie one behind the other in all operands are merged first, so that
 * the common cases become one long row; work is cut into blocks of a fixed number of items.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_EACH_H
#define FDML_MODEL_EACH_H

#include "model/tensor.h"

enum { FDML_EACH_MAX = 3, FDML_VIEW_MAX_RANK = 2 * FDML_MAX_RANK };

/* A piece of a row: items first .. first + n - 1 of the output, and of operand k the n items
 * from at[k] on, or n times that one where is_one[k]. */
typedef struct fdml_piece {
    size_t first, n;
    size_t at[FDML_EACH_MAX];
    bool is_one[FDML_EACH_MAX];
} fdml_piece;

typedef void (*fdml_piece_fn)(void *ctx, const fdml_piece *piece);

/* The operands' shapes broadcast to `output`'s. Pieces are disjoint and may run on any thread;
 * where they begin and end depends on the shapes alone. */
void fdml_each(const fdml_tensor *output, size_t n_operands, const fdml_tensor *const *operand,
               int n_threads, fdml_piece_fn fn, void *ctx);

/* The items of an array as seen through strides, which are counted in items. */
typedef struct fdml_view {
    int rank;
    size_t dim[FDML_VIEW_MAX_RANK];
    ptrdiff_t stride[FDML_VIEW_MAX_RANK];
    ptrdiff_t offset; /* of the first item */
} fdml_view;

/* The tensor's own shape and strides. */
void fdml_view_init(fdml_view *view, const fdml_tensor *tensor);
/* The tensor's items in the order of the view, row-major, into `to`. */
void fdml_view_copy(void *to, const fdml_tensor *tensor, const fdml_view *view, int n_threads);

#endif
