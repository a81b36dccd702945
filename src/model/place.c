/* place.c - see place.h.
 *
 * SPDX-License-Identifier: MIT */
#include "model/place.h"

enum { PLACE_ALIGN = 128 }; /* two cache lines, what the prefetcher fetches at once */

static bool live_together(const fdml_piece *a, const fdml_piece *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static bool round_up(size_t *size)
{
    if (__builtin_add_overflow(*size, PLACE_ALIGN - 1, size)) return false;
    *size -= *size % PLACE_ALIGN;
    return true;
}

/* The lowest offset for piece p, among the placed ones, which are sorted by offset. */
static bool place(fdml_piece *piece, size_t p, size_t *placed, size_t n_placed, size_t *total)
{
    size_t size = piece[p].size, at = 0, end;
    if (!round_up(&size)) return false;
    for (size_t i = 0; i < n_placed; i++) {
        const fdml_piece *other = &piece[placed[i]];
        if (!live_together(&piece[p], other)) continue;
        if (other->offset >= at + size) break;
        end = other->size;
        round_up(&end); /* did not overflow when it was placed */
        if (other->offset + end > at) at = other->offset + end;
    }
    piece[p].offset = at;
    if (__builtin_add_overflow(at, size, &end)) return false;
    if (end > *total) *total = end;
    size_t i = n_placed;
    for (; i > 0 && piece[placed[i - 1]].offset > at; i--) placed[i] = placed[i - 1];
    placed[i] = p;
    return true;
}

bool fdml_place(fdml_piece *piece, size_t n, size_t *size, fdml_arena *work)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    size_t *order = fdml_arena_push(work, n, sizeof *order);
    size_t *placed = fdml_arena_push(work, n, sizeof *placed);
    bool ok = order && placed;
    *size = 0;
    for (size_t p = 0; ok && p < n; p++) {
        size_t i = p;
        for (; i > 0 && piece[order[i - 1]].size < piece[p].size; i--) order[i] = order[i - 1];
        order[i] = p;
    }
    for (size_t i = 0; ok && i < n; i++) ok = place(piece, order[i], placed, i, size);
    fdml_arena_reset(work, mark);
    return ok;
}
