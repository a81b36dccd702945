/* study_groups.c - the groups of test rows: eval's groupings, of the rows that are measured.
 * See study_state.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/groups.h"
#include "explain/study_state.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the groups of test rows");
}

/* The protected columns of the test rows alone. */
static fdml_status take_rows(fdml_factor *to, const fdml_factor *from, const study_part *test,
                             fdml_arena *arena, fdml_error *err)
{
    uint32_t *code = fdml_arena_push(arena, test->n, sizeof *code);
    if (!code) return no_memory(err);
    for (size_t i = 0; i < test->n; i++) code[i] = from->code[test->row[i]];
    *to = *from;
    to->n_rows = test->n;
    to->code = code;
    return FDML_OK;
}

fdml_status fdml_study_groups(const fdml_study_attribute **attribute, size_t *n,
                              const fdml_tabular *t, const study_part *test,
                              bool with_intersections, fdml_arena *arena, fdml_error *err)
{
    fdml_groupings groupings;
    fdml_factor *factor = fdml_arena_push(arena, t->n_protected, sizeof *factor);
    if (!factor) return no_memory(err);
    for (size_t a = 0; a < t->n_protected; a++)
        FDML_TRY(take_rows(&factor[a], &t->protected_[a], test, arena, err));
    const fdml_problem rows = { .n_rows = test->n,
                                .label = factor, /* nothing depends on it here */
                                .attributes = factor,
                                .n_attributes = t->n_protected };
    FDML_TRY(fdml_groupings_make(&groupings, &rows, with_intersections, arena, arena, err));
    fdml_study_attribute *made = fdml_arena_push(arena, groupings.n, sizeof *made);
    if (!made) return no_memory(err);
    *n = groupings.n - 1; /* the first is "overall" */
    for (size_t i = 0; i < *n; i++) {
        const fdml_grouping *g = &groupings.grouping[i + 1];
        made[i] =
            (fdml_study_attribute){ g->by, g->n_groups, g->value, g->code, g->is_intersection };
    }
    *attribute = made;
    return FDML_OK;
}
