/* groups.c - groupings from attributes: overall, each attribute, every intersection.
 *
 * An intersection is built from one that has one attribute less: its codes are pairs of
 * (code of the smaller grouping, level of the added attribute), made dense by counting. The
 * smaller grouping is ordered already, so the pairs are in the order of the attributes' levels.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/groups.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CELLS = FDML_MOST_CELLS }; /* 64 MiB of scratch */

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the groups");
}

static bool is_class_constant(const fdml_factor *label, const uint32_t *code, uint32_t *first)
{
    for (size_t c = 0; c < label->n_levels; c++) first[c] = UINT32_MAX;
    for (size_t i = 0; i < label->n_rows; i++) {
        uint32_t *seen = &first[label->code[i]];
        if (*seen == UINT32_MAX) *seen = code[i];
        if (*seen != code[i]) return false;
    }
    return true;
}

/* The name of one group or grouping: the parts joined by " x ". */
static const char *join(const char *a, const char *b, fdml_arena *arena)
{
    const size_t n = strlen(a), m = strlen(b);
    char *text = fdml_arena_push(arena, n + m + 4, 1);
    if (!text) return NULL;
    memcpy(text, a, n);
    memcpy(text + n, " x ", 3);
    memcpy(text + n + 3, b, m + 1);
    return text;
}

/* code[row]: the pair of the row's group in left and its level, made dense. */
static fdml_status make_codes(uint32_t *code, size_t *n_groups, const fdml_grouping *left,
                              const fdml_factor *attribute, fdml_arena *scratch,
                              fdml_error *err)
{
    const size_t n_rows = attribute->n_rows, n_levels = attribute->n_levels;
    const size_t n_cells = (left ? left->n_groups : 1) * n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *dense = fdml_arena_push_zero(scratch, n_cells, sizeof *dense);
    if (!dense) return no_memory(err);
    for (size_t i = 0; i < n_rows; i++) {
        const size_t l = left ? left->code[i] : 0;
        code[i] = (uint32_t)(l * n_levels + attribute->code[i]);
        dense[code[i]] = 1;
    }
    *n_groups = 0;
    for (size_t c = 0; c < n_cells; c++)
        if (dense[c]) dense[c] = (uint32_t)(*n_groups)++;
    for (size_t i = 0; i < n_rows; i++) code[i] = dense[code[i]];
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

/* Where left is NULL: the attribute alone. */
static fdml_status add_attribute(fdml_grouping *out, const fdml_grouping *left,
                                 const fdml_factor *attribute, const fdml_problem *problem,
                                 fdml_arena *arena, fdml_arena *scratch, fdml_error *err)
{
    const size_t n_rows = problem->n_rows, n_left = left ? left->n_groups : 1;
    if (attribute->n_levels > MOST_CELLS / n_left)
        return fdml_fail(err, FDML_E_LIMIT,
                         "column %s: %zu values combined with %zu groups are too many to "
                         "intersect; leave intersections out",
                         attribute->name, attribute->n_levels, n_left);
    size_t n_groups = 0;
    uint32_t *code = fdml_arena_push(arena, n_rows, sizeof *code);
    if (!code) return no_memory(err);
    FDML_TRY(make_codes(code, &n_groups, left, attribute, scratch, err));
    uint32_t *count = fdml_arena_push_zero(arena, n_groups, sizeof *count);
    const char **value = fdml_arena_push(arena, n_groups, sizeof *value);
    if (!count || !value) return no_memory(err);
    for (size_t i = 0; i < n_rows; i++) {
        if (count[code[i]]++) continue;
        const char *level = attribute->level[attribute->code[i]];
        value[code[i]] = left ? join(left->value[left->code[i]], level, arena) : level;
        if (!value[code[i]]) return no_memory(err);
    }
    *out =
        (fdml_grouping){ .by = left ? join(left->by, attribute->name, arena) : attribute->name,
                         .n_groups = n_groups,
                         .value = value,
                         .code = code,
                         .n_rows = count,
                         .is_intersection = left != NULL };
    return out->by ? FDML_OK : no_memory(err);
}

static fdml_status overall(fdml_grouping *out, const fdml_problem *problem, fdml_arena *arena,
                           fdml_error *err)
{
    uint32_t *code = fdml_arena_push_zero(arena, problem->n_rows, sizeof *code);
    uint32_t *count = fdml_arena_push(arena, 1, sizeof *count);
    const char **value = fdml_arena_push(arena, 1, sizeof *value);
    if (!code || !count || !value) return no_memory(err);
    count[0] = (uint32_t)problem->n_rows;
    value[0] = "overall";
    *out = (fdml_grouping){ .by = "overall",
                            .n_groups = 1,
                            .value = value,
                            .code = code,
                            .n_rows = count,
                            .is_class_constant = true };
    return FDML_OK;
}

static int bits_of(unsigned set)
{
    int n = 0;
    for (; set; set &= set - 1) n++;
    return n;
}

/* Subsets of attributes by size, then in the order of the attributes: bit 0 is the first. */
static bool comes_first(unsigned a, unsigned b)
{
    const unsigned differ = a ^ b, lowest = differ & (0u - differ);
    return (a & lowest) != 0;
}

static size_t list_subsets(unsigned *subset, size_t n_attributes, bool with_intersections)
{
    size_t n = 0;
    const int most = with_intersections ? (int)n_attributes : 1;
    for (int size = 1; size <= most; size++) {
        const size_t begin = n;
        for (unsigned s = 1; s < 1u << n_attributes; s++) {
            if (bits_of(s) != size) continue;
            size_t at = n++;
            for (; at > begin && comes_first(s, subset[at - 1]); at--)
                subset[at] = subset[at - 1];
            subset[at] = s;
        }
    }
    return n;
}

fdml_status fdml_groupings_make(fdml_groupings *out, const fdml_problem *problem,
                                bool with_intersections, fdml_arena *arena, fdml_arena *scratch,
                                fdml_error *err)
{
    if (problem->n_attributes > FDML_MAX_ATTRIBUTES)
        return fdml_fail(err, FDML_E_LIMIT,
                         "%zu group columns, at most %d are compared at once",
                         problem->n_attributes, FDML_MAX_ATTRIBUTES);
    unsigned subset[1u << FDML_MAX_ATTRIBUTES];
    const size_t n = list_subsets(subset, problem->n_attributes, with_intersections) + 1;
    fdml_grouping *grouping = fdml_arena_push(arena, n, sizeof *grouping);
    if (!grouping) return no_memory(err);
    FDML_TRY(overall(&grouping[0], problem, arena, err));

    size_t of_subset[1u << FDML_MAX_ATTRIBUTES] = { 0 };
    for (size_t g = 1; g < n; g++) {
        const unsigned s = subset[g - 1];
        size_t last = 0;
        for (size_t a = 0; a < problem->n_attributes; a++)
            if (s >> a & 1) last = a;
        const unsigned rest = s & ~(1u << last);
        FDML_TRY(add_attribute(&grouping[g], rest ? &grouping[of_subset[rest]] : NULL,
                               &problem->attributes[last], problem, arena, scratch, err));
        of_subset[s] = g;
    }
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    uint32_t *first = fdml_arena_push(scratch, problem->label->n_levels, sizeof *first);
    if (!first) return no_memory(err);
    for (size_t g = 1; g < n; g++)
        grouping[g].is_class_constant =
            is_class_constant(problem->label, grouping[g].code, first);
    fdml_arena_reset(scratch, mark);
    *out = (fdml_groupings){ .n = n, .grouping = grouping };
    return FDML_OK;
}
