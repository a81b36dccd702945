/* row_groups.c - see row_groups.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/row_groups.h"

#include <string.h>

bool fdml_row_groups_find(fdml_row_groups *g, const uint32_t *code, size_t n, fdml_arena *arena)
{
    *g = (fdml_row_groups){ .group = fdml_arena_push(arena, n, sizeof *g->group),
                            .code = fdml_arena_push(arena, n, sizeof *g->code),
                            .count = fdml_arena_push_zero(arena, n, sizeof *g->count) };
    if (!g->group || !g->code || !g->count) return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t own = code ? code[i] : 0;
        uint32_t at = 0;
        while (at < g->n_groups && g->code[at] != own) at++;
        if (at == g->n_groups) g->code[g->n_groups++] = own;
        g->group[i] = at;
        g->count[at]++;
    }
    return true;
}

void fdml_row_groups_sum(double *sum, const double *x, const fdml_row_groups *g,
                         const size_t shape[2])
{
    const size_t n = shape[0], dim = shape[1];
    memset(sum, 0, g->n_groups * dim * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < dim; d++) sum[g->group[i] * dim + d] += x[i * dim + d];
}
