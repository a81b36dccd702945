/* intern.h - byte strings to dense ids 0, 1, 2, ... in order of first appearance.
 *
 * An open-addressing table under a random key (base/hash.h), so no file can be written whose
 * labels all collide. Ids do not depend on the key. Memory comes from one arena and is given
 * back with it; growing leaves the old slots behind, at most as many bytes again as the last.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_INTERN_H
#define FDML_BASE_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

typedef struct fdml_interned {
    const char *text;
    size_t length;
} fdml_interned;

typedef struct fdml_intern_slot {
    uint32_t hash; /* upper half; the lower chose the slot */
    uint32_t id;   /* plus one; 0 = empty */
} fdml_intern_slot;

typedef struct fdml_intern {
    fdml_arena *arena;
    fdml_hash_key key;
    fdml_intern_slot *slot;
    uint32_t n_slots; /* a power of two; 0 before the first string */
    uint32_t n;       /* ids given out */
    bool copies;
    fdml_interned *block[32]; /* block b holds 2^b entries: ids 2^b-1 .. 2^(b+1)-2 */
    char *text;               /* room for copies */
    size_t text_left;
} fdml_intern;

/* With `copies` each new string is copied, NUL-terminated, into the arena; without, it is
 * borrowed and must outlive the table. The arena must not be reset below this call. */
void fdml_intern_init(fdml_intern *intern, fdml_arena *arena, bool copies);

/* The id of a string, new or known. False: no memory, or 2^31 strings; nothing changed. */
bool fdml_intern_add(fdml_intern *intern, const char *text, size_t length, uint32_t *id);

bool fdml_intern_find(const fdml_intern *intern, const char *text, size_t length, uint32_t *id);
fdml_interned fdml_intern_get(const fdml_intern *intern, uint32_t id); /* id < n */

#endif
