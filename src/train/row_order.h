/* row_order.h - rows put in order of a small key, equal ones as they were.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_ROW_ORDER_H
#define FDML_TRAIN_ROW_ORDER_H

#include <stddef.h>
#include <stdint.h>

typedef struct fdml_row_keys {
    const uint32_t *key; /* of row i: key[i], below n_keys */
    size_t n_rows, n_keys;
} fdml_row_keys;

/* out: [n_rows], the rows in[0..n_rows) (NULL: 0, 1, 2 ...) in order of their key. Those of key
 * k are out[first[k] .. first[k + 1]); first: [n_keys + 1]. out and in do not overlap. */
void fdml_row_order(uint32_t *out, size_t *first, const uint32_t *in,
                    const fdml_row_keys *keys);

#endif
