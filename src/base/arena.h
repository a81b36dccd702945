/* arena.h - memory by lifetime.
 *
 * An arena hands out 64-byte aligned pieces and takes them back all at once, to a mark or
 * entirely. It grows by chunks from the system, up to an optional limit in bytes, and records
 * its peak, so that `--max-memory` and the tests can ask what a run really used. There is no
 * other place in src/ that frees ordinary memory. Not thread-safe: one arena per thread.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_ARENA_H
#define FDML_BASE_ARENA_H

#include <stddef.h>

typedef struct fdml_arena_chunk fdml_arena_chunk;

typedef struct fdml_arena {
    fdml_arena_chunk *top; /* newest chunk; older ones linked beneath it */
    size_t used;           /* bytes handed out now, alignment included */
    size_t peak;           /* largest `used` so far */
    size_t limit;          /* largest `used` allowed; 0 = unlimited */
} fdml_arena;

typedef struct fdml_arena_mark {
    fdml_arena_chunk *chunk;
    size_t chunk_used;
    size_t used;
} fdml_arena_mark;

void fdml_arena_init(fdml_arena *arena, size_t limit);
void fdml_arena_close(fdml_arena *arena); /* frees every chunk; the arena may be used again */

/* `count * size` bytes, 64-byte aligned, uninitialised. NULL when the product overflows, the
 * limit would be passed, or the system has none. A zero product yields a valid pointer. */
void *fdml_arena_push(fdml_arena *arena, size_t count, size_t size);
void *fdml_arena_push_zero(fdml_arena *arena, size_t count, size_t size);
/* Bytes of the limit that such a piece takes; a double, so that no product overflows. */
double fdml_arena_room(double count, size_t size);
/* The size, from `size` up, at which a piece fills its huge pages: for memory that is read over
 * and over, such as packed panels, a few hundred KiB more buy faster address translation. */
size_t fdml_arena_fill_pages(size_t size);
char *fdml_arena_copy_text(fdml_arena *arena, const char *text,
                           size_t length); /* adds the NUL */

fdml_arena_mark fdml_arena_get_mark(const fdml_arena *arena);
void fdml_arena_reset(fdml_arena *arena, fdml_arena_mark mark); /* frees what came after it */

#endif
