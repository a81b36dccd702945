/* fidelity_draw.c - see fidelity_state.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "explain/fidelity_state.h"

enum { STREAM_BOOTSTRAP = 0x66696462 };

const char *const fdml_fidelity_why_one = "the black box gives one answer to all of these rows";
const char *const fdml_fidelity_why_none = "fewer than two groups have a value";

fdml_status fdml_fidelity_check(const fdml_fidelity_rows *rows, fdml_error *err)
{
    if (!rows->n) return fdml_fail(err, FDML_E_DATA, "no test rows to measure fidelity on");
    for (size_t i = 0; i < rows->n * rows->n_seeds; i++)
        if (!isfinite(rows->p[i]) || !isfinite(rows->e[i]))
            return fdml_fail(
                err, FDML_E_DATA, "test row %zu: the %s says %g, expected a finite number",
                i % rows->n + 1, isfinite(rows->p[i]) ? "explanation" : "black box",
                isfinite(rows->p[i]) ? rows->e[i] : rows->p[i]);
    return FDML_OK;
}

/* --- groups ------------------------------------------------------------------------------- */

enum { LONGEST = 64 }; /* a sentence: rows are below 2^32 */

double fdml_fidelity_sizes_memory(size_t n_groups)
{
    const double groups = (double)n_groups;
    return fdml_arena_room(groups, sizeof(size_t)) + fdml_arena_room(groups, sizeof(char *)) +
           groups * fdml_arena_room(LONGEST, 1);
}

static bool explain_small(const char **why, const size_t *n_rows, size_t n_groups, size_t least,
                          fdml_arena *arena)
{
    for (size_t g = 0; g < n_groups; g++) {
        char text[LONGEST];
        if (n_rows[g] && n_rows[g] >= least) continue;
        snprintf(text, sizeof text, "insufficient data (n=%zu < %zu)", n_rows[g],
                 least ? least : 1);
        why[g] = fdml_arena_copy_text(arena, text, strlen(text));
        if (!why[g]) return false;
    }
    return true;
}

fdml_status fdml_fidelity_sizes_make(fdml_fidelity_sizes *sizes, const fdml_fidelity_rows *rows,
                                     fdml_arena *arena, fdml_error *err)
{
    const size_t n_groups = rows->n_groups;
    size_t *n_rows = fdml_arena_push_zero(arena, n_groups, sizeof *n_rows);
    const char **why = fdml_arena_push_zero(arena, n_groups, sizeof *why);
    if (!n_rows || !why) goto no_memory;
    for (size_t i = 0; i < rows->n; i++) n_rows[rows->code[i]]++;
    *sizes = (fdml_fidelity_sizes){ n_rows, why };
    if (explain_small(why, n_rows, n_groups, rows->min_group, arena)) return FDML_OK;
no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu groups", n_groups);
}

double fdml_fidelity_members_memory(size_t n, size_t n_groups)
{
    return fdml_arena_room((double)n_groups + 2, sizeof(size_t)) +
           fdml_arena_room((double)n, sizeof(uint32_t));
}

fdml_status fdml_fidelity_members_make(fdml_fidelity_members *m, const fdml_fidelity_rows *rows,
                                       fdml_arena *arena, fdml_error *err)
{
    const size_t n_groups = rows->n_groups;
    size_t *begin = fdml_arena_push_zero(arena, n_groups + 2, sizeof *begin);
    uint32_t *member = fdml_arena_push(arena, rows->n, sizeof *member);
    if (!begin || !member)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the groups of %zu rows", rows->n);
    for (size_t g = 0; g < n_groups; g++) begin[g + 2] = begin[g + 1] + m->sizes.n_rows[g];
    for (size_t i = 0; i < rows->n; i++) member[begin[rows->code[i] + 1]++] = (uint32_t)i;
    m->n = rows->n;
    m->n_groups = n_groups;
    m->begin = begin;
    m->member = member;
    return FDML_OK;
}

void fdml_fidelity_draw_rows(uint32_t *times, const fdml_fidelity_members *m, uint64_t seed,
                             uint32_t replicate)
{
    memset(times, 0, m->n * sizeof *times);
    for (size_t g = 0; g < m->n_groups; g++) {
        const uint32_t n = (uint32_t)m->sizes.n_rows[g];
        fdml_rng rng;
        fdml_rng_init(&rng, seed, (uint64_t)STREAM_BOOTSTRAP << 32 | g, replicate);
        for (uint32_t i = 0; i < n; i++)
            times[m->member[m->begin[g] + fdml_rng_below(&rng, n)]]++;
    }
}

size_t fdml_fidelity_least_rows(size_t *n_with, const fdml_fidelity_members *m,
                                const double *value, size_t measure)
{
    size_t least = SIZE_MAX;
    *n_with = 0;
    for (size_t g = 0; g < m->n_groups; g++) {
        const size_t n = m->sizes.n_rows[g];
        if (isnan(value[g * FDML_FIDELITIES + measure])) continue;
        ++*n_with;
        if (n < least) least = n;
    }
    return least;
}
