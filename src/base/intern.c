/* intern.c - linear probing in a half-full table of 8-byte slots. See intern.h.
 *
 * A slot keeps 32 bits of the hash, so a probe touches the string itself only when it almost
 * surely is the one. Entries live in blocks of doubling size and never move.
 * SPDX-License-Identifier: MIT */
#include "base/intern.h"

#include <string.h>

enum { FIRST_SLOTS = 64, TEXT_BLOCK = 1 << 14 };

void fdml_intern_init(fdml_intern *intern, fdml_arena *arena, bool copies)
{
    *intern = (fdml_intern){ .arena = arena, .copies = copies };
    fdml_hash_key_draw(&intern->key);
}

static unsigned block_of(uint32_t id) /* floor(log2(id + 1)) */
{
    unsigned b = 0;
    for (uint32_t rest = id + 1; rest > 1; rest >>= 1) b++;
    return b;
}

fdml_interned fdml_intern_get(const fdml_intern *intern, uint32_t id)
{
    const unsigned b = block_of(id);
    return intern->block[b][id + 1 - (1u << b)];
}

/* The slot that holds the string, or the empty one where it would go. */
static fdml_intern_slot *probe(const fdml_intern *intern, uint64_t hash, const char *text,
                               size_t length)
{
    const uint32_t mask = intern->n_slots - 1, high = (uint32_t)(hash >> 32);
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        fdml_intern_slot *slot = &intern->slot[i];
        if (!slot->id) return slot;
        if (slot->hash != high) continue;
        const fdml_interned known = fdml_intern_get(intern, slot->id - 1);
        if (known.length == length && (!length || !memcmp(known.text, text, length)))
            return slot;
    }
}

/* Slots keep only half the hash, so growing hashes every string again: it happens once per
 * doubling, and the strings are what a wider slot would cost instead. */
static bool grow(fdml_intern *intern)
{
    const uint32_t n_slots = intern->n_slots ? 2 * intern->n_slots : FIRST_SLOTS;
    if (!n_slots) return false; /* 2^32 */
    fdml_intern_slot *slots = fdml_arena_push_zero(intern->arena, n_slots, sizeof *slots);
    if (!slots) return false;
    intern->slot = slots;
    intern->n_slots = n_slots;
    for (uint32_t id = 0; id < intern->n; id++) {
        const fdml_interned entry = fdml_intern_get(intern, id);
        const uint64_t hash = fdml_hash_bytes(&intern->key, entry.text, entry.length);
        uint32_t i = (uint32_t)hash & (n_slots - 1);
        while (slots[i].id) i = (i + 1) & (n_slots - 1); /* all strings differ */
        slots[i] = (fdml_intern_slot){ (uint32_t)(hash >> 32), id + 1 };
    }
    return true;
}

static const char *copy_text(fdml_intern *intern, const char *text, size_t length)
{
    if (length >= TEXT_BLOCK / 4) return fdml_arena_copy_text(intern->arena, text, length);
    if (length >= intern->text_left) {
        char *block = fdml_arena_push(intern->arena, TEXT_BLOCK, 1);
        if (!block) return NULL;
        intern->text = block;
        intern->text_left = TEXT_BLOCK;
    }
    char *copy = intern->text;
    if (length) memcpy(copy, text, length);
    copy[length] = 0;
    intern->text += length + 1;
    intern->text_left -= length + 1;
    return copy;
}

bool fdml_intern_add(fdml_intern *intern, const char *text, size_t length, uint32_t *id)
{
    if (intern->n >= intern->n_slots / 2 && !grow(intern)) return false;
    const uint64_t hash = fdml_hash_bytes(&intern->key, text, length);
    fdml_intern_slot *slot = probe(intern, hash, text, length);
    if (slot->id) {
        *id = slot->id - 1;
        return true;
    }
    const uint32_t new_id = intern->n;
    const unsigned b = block_of(new_id);
    if (!intern->block[b]) {
        intern->block[b] =
            fdml_arena_push(intern->arena, (size_t)1 << b, sizeof **intern->block);
        if (!intern->block[b]) return false;
    }
    const char *kept = intern->copies ? copy_text(intern, text, length) : text;
    if (!kept) return false;
    intern->block[b][new_id + 1 - (1u << b)] = (fdml_interned){ kept, length };
    *slot = (fdml_intern_slot){ (uint32_t)(hash >> 32), new_id + 1 };
    intern->n++;
    *id = new_id;
    return true;
}

bool fdml_intern_find(const fdml_intern *intern, const char *text, size_t length, uint32_t *id)
{
    if (!intern->n_slots) return false;
    const uint64_t hash = fdml_hash_bytes(&intern->key, text, length);
    const fdml_intern_slot *slot = probe(intern, hash, text, length);
    if (!slot->id) return false;
    *id = slot->id - 1;
    return true;
}
