/* place.h - pieces of memory in one buffer, which share places where they do not live at once.
 *
 * Pieces are placed from the largest to the smallest, the earlier first among equals, each at
 * the lowest offset where no piece that lives at the same time lies. That is within a few
 * percent of the largest set that must live at once, for the nets of bench/peers exactly that.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_PLACE_H
#define FDML_MODEL_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct fdml_piece {
    size_t size;          /* bytes */
    uint32_t first, last; /* when it lives, both inclusive */
    size_t offset;        /* set */
} fdml_piece;

/* Sets every offset, and *size to the bytes of the buffer. false: no scratch in `work`, or more
 * bytes than there are. */
bool fdml_place(fdml_piece *piece, size_t n, size_t *size, fdml_arena *work);

#endif
