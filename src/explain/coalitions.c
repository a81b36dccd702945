/* coalitions.c - see coalitions.h.
 * SPDX-License-Identifier: MIT */
#include "explain/coalitions.h"

#include <math.h>
#include <string.h>

fdml_status fdml_coalitions_init(fdml_coalitions *c, size_t n_players, size_t n_samples,
                                 fdml_arena *arena, fdml_error *err)
{
    *c = (fdml_coalitions){ .n_words = (n_players + 63) / 64, .room = n_samples, .n_slots = 4 };
    while (c->n_slots < 2 * n_samples) c->n_slots *= 2;
    c->mask = fdml_arena_push(arena, n_samples + 2, c->n_words * sizeof *c->mask);
    c->weight = fdml_arena_push(arena, n_samples + 2, sizeof *c->weight);
    c->share = fdml_arena_push(arena, n_players / 2 + 1, 2 * sizeof *c->share);
    c->order = fdml_arena_push(arena, n_players, sizeof *c->order);
    c->slot = fdml_arena_push(arena, c->n_slots, sizeof *c->slot);
    if (!c->mask || !c->weight || !c->share || !c->order || !c->slot)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu coalitions of %zu features",
                         n_samples, n_players);
    return FDML_OK;
}

double fdml_coalitions_memory(size_t n_players, size_t n_samples)
{
    double n_slots = 4;
    while (n_slots < 2 * (double)n_samples) n_slots *= 2;
    return fdml_arena_room(((double)n_samples + 2) * ceil((double)n_players / 64),
                           sizeof(uint64_t)) +
           fdml_arena_room((double)n_samples + 2, sizeof(double)) +
           fdml_arena_room((double)(n_players / 2 + 1), 2 * sizeof(double)) +
           fdml_arena_room((double)n_players, sizeof(uint32_t)) +
           fdml_arena_room(n_slots, sizeof(uint32_t));
}

/* The first n of `order` become members of a new coalition. */
static uint64_t *add(fdml_coalitions *c, size_t n, double weight)
{
    uint64_t *mask = c->mask + c->n * c->n_words;
    memset(mask, 0, c->n_words * sizeof *mask);
    for (size_t i = 0; i < n; i++) mask[c->order[i] / 64] |= (uint64_t)1 << c->order[i] % 64;
    c->weight[c->n++] = weight;
    return mask;
}

static void add_complement(fdml_coalitions *c, double weight)
{
    uint64_t *mask = c->mask + c->n * c->n_words;
    const uint64_t *of = mask - c->n_words;
    for (size_t w = 0; w < c->n_words; w++) {
        const size_t left = c->n_players > 64 * w ? c->n_players - 64 * w : 0;
        mask[w] = left >= 64 ? ~of[w] : ~of[w] & (((uint64_t)1 << left) - 1);
    }
    c->weight[c->n++] = weight;
}

/* --- all of a size ---------------------------------------------------------------------- */

static double binomial(size_t n, size_t k)
{
    double result = 1;
    for (size_t i = 1; i <= k; i++) result = result * (double)(n - k + i) / (double)i;
    return result;
}

/* The next combination of n members in lexical order. */
static bool next(uint32_t *member, size_t n, size_t n_players)
{
    size_t i = n;
    while (i && member[i - 1] == n_players - n + i - 1) i--;
    if (!i) return false;
    member[i - 1]++;
    for (; i < n; i++) member[i] = member[i - 1] + 1;
    return true;
}

static void add_size(fdml_coalitions *c, size_t n, bool is_paired, double weight)
{
    for (size_t i = 0; i < n; i++) c->order[i] = (uint32_t)i;
    do {
        add(c, n, weight);
        if (is_paired) add_complement(c, weight);
    } while (next(c->order, n, c->n_players));
}

/* Sizes that fit, from the outside in; returns how many. share: of each size and its pair. */
static size_t enumerate(fdml_coalitions *c, const double *share, size_t n_sizes,
                        size_t n_paired, size_t n_samples)
{
    double left = (double)n_samples, rest = 1; /* samples, and shares not yet enumerated */
    for (size_t s = 1; s <= n_sizes; s++) {
        const double one = binomial(c->n_players, s), all = s <= n_paired ? 2 * one : one;
        if (!(left * (share[s - 1] / rest) / all >= 1 - 1e-8)) return s - 1;
        left -= all;
        rest -= share[s - 1];
        add_size(c, s, s <= n_paired, share[s - 1] / all);
    }
    return n_sizes;
}

/* --- drawn ------------------------------------------------------------------------------ */

/* The slot of this coalition: its own, or a free one. */
static size_t find(const fdml_coalitions *c, const uint64_t *mask)
{
    uint64_t hash = 0;
    for (size_t w = 0; w < c->n_words; w++) {
        hash = (hash ^ mask[w]) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    size_t at = hash & (c->n_slots - 1);
    while (c->slot[at] &&
           memcmp(c->mask + (c->slot[at] - 1) * c->n_words, mask, c->n_words * sizeof *mask))
        at = (at + 1) & (c->n_slots - 1);
    return at;
}

static size_t draw_size(const double *cumulative, size_t first, size_t n_sizes, fdml_rng *rng)
{
    const double u = fdml_rng_double(rng) * cumulative[n_sizes - 1];
    size_t s = first;
    while (s + 1 < n_sizes && u >= cumulative[s]) s++;
    return s + 1;
}

static void draw_members(fdml_coalitions *c, size_t n, fdml_rng *rng)
{
    const uint32_t m = (uint32_t)c->n_players;
    for (uint32_t i = 0; i < m; i++) c->order[i] = i;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t j = i + fdml_rng_below(rng, m - i), member = c->order[j];
        c->order[j] = c->order[i];
        c->order[i] = member;
    }
}

/* Until there are `end`, or four draws for each that was missing have been made. */
static void draw(fdml_coalitions *c, const double *cumulative, size_t first, size_t n_sizes,
                 size_t end, fdml_rng *rng)
{
    const size_t n_paired = (c->n_players - 1) / 2, n_draws = 4 * (end - c->n);
    memset(c->slot, 0, c->n_slots * sizeof *c->slot);
    for (size_t d = 0; d < n_draws && c->n < end; d++) {
        const size_t s = draw_size(cumulative, first, n_sizes, rng);
        draw_members(c, s, rng);
        const uint64_t *mask = add(c, s, 1);
        const size_t at = find(c, mask);
        if (c->slot[at]) {
            c->n--;
            c->weight[c->slot[at] - 1] += 1;
            if (s <= n_paired) c->weight[c->slot[at]] += 1; /* its complement stands behind */
            continue;
        }
        c->slot[at] = (uint32_t)c->n;
        if (s <= n_paired && c->n < end) add_complement(c, 1);
    }
}

void fdml_coalitions_make(fdml_coalitions *c, size_t n_players, size_t n_samples, fdml_rng *rng)
{
    const size_t n_sizes = n_players / 2, n_paired = (n_players - 1) / 2;
    double *share = c->share, *cumulative = share + n_sizes, total = 0;
    c->n = 0;
    c->n_players = n_players;
    if (n_players <= 30 && n_samples > ((size_t)1 << n_players) - 2)
        n_samples = ((size_t)1 << n_players) - 2;
    if (n_samples > c->room) n_samples = c->room;
    for (size_t s = 1; s <= n_sizes; s++) {
        share[s - 1] = (double)(n_players - 1) / ((double)s * (double)(n_players - s));
        if (s <= n_paired) share[s - 1] *= 2;
        total += share[s - 1];
    }
    for (size_t s = 0; s < n_sizes; s++) share[s] /= total;

    const size_t first = enumerate(c, share, n_sizes, n_paired, n_samples), n_fixed = c->n;
    if (first == n_sizes || n_fixed >= n_samples) return;
    double left = 0, sum = 0, drawn = 0;
    for (size_t s = first; s < n_sizes; s++) {
        left += share[s];
        sum += s < n_paired ? share[s] / 2 : share[s]; /* two are added for each draw */
        cumulative[s] = sum;
    }
    draw(c, cumulative, first, n_sizes, n_samples, rng);
    for (size_t i = n_fixed; i < c->n; i++) drawn += c->weight[i];
    for (size_t i = n_fixed; i < c->n; i++) c->weight[i] *= left / drawn;
}
