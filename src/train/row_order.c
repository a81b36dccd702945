/* row_order.c - see row_order.h. A counting sort: time and memory of rows + keys.
 * SPDX-License-Identifier: MIT */
#include "train/row_order.h"

#include <string.h>

void fdml_row_order(uint32_t *out, size_t *first, const uint32_t *in, const fdml_row_keys *keys)
{
    memset(first, 0, (keys->n_keys + 1) * sizeof *first);
    for (size_t i = 0; i < keys->n_rows; i++) first[keys->key[i] + 1]++;
    for (size_t k = 0; k < keys->n_keys; k++) first[k + 1] += first[k];
    for (size_t i = 0; i < keys->n_rows; i++) {
        const uint32_t row = in ? in[i] : (uint32_t)i;
        out[first[keys->key[row]]++] = row;
    }
    /* Every first[k] has moved on to where k + 1 begins. */
    for (size_t k = keys->n_keys; k > 0; k--) first[k] = first[k - 1];
    first[0] = 0;
}
