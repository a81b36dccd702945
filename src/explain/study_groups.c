/* study_groups.c - the groups of test rows: eval's groupings, of the rows that are measured.
 * See study_state.h.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

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

/* --- beforehand --------------------------------------------------------------------------- */

/* Combinations of the levels of these columns, SIZE_MAX where they are too many to look at. */
static size_t count_cells(const fdml_tabular *t, unsigned set)
{
    size_t n = 1;
    for (size_t a = 0; a < t->n_protected; a++) {
        if (!(set >> a & 1)) continue;
        if (t->protected_[a].n_levels > FDML_MOST_CELLS / n) return SIZE_MAX;
        n *= t->protected_[a].n_levels;
    }
    return n;
}

static size_t cell_of(const fdml_tabular *t, unsigned set, size_t row)
{
    size_t cell = 0;
    for (size_t a = 0; a < t->n_protected; a++)
        if (set >> a & 1) cell = cell * t->protected_[a].n_levels + t->protected_[a].code[row];
    return cell;
}

/* Combinations that test rows have; at most as many as there are of either. */
static size_t count_present(const fdml_tabular *t, unsigned set, fdml_arena *scratch)
{
    const size_t n_cells = count_cells(t, set);
    uint8_t *seen = n_cells < SIZE_MAX ? fdml_arena_push_zero(scratch, n_cells, 1) : NULL;
    size_t n_test = 0, n = 0;
    for (size_t i = 0; i < t->n_rows; i++) {
        if (t->part[i] != FDML_PART_TEST) continue;
        n_test++;
        if (!seen) continue;
        uint8_t *at = &seen[cell_of(t, set, i)];
        n += !*at;
        *at = 1;
    }
    if (seen) return n;
    return n_cells < n_test ? n_cells : n_test;
}

/* Columns that are looked at: more than the most are refused when the study runs. */
static size_t count_columns(const fdml_tabular *t)
{
    return t->n_protected < FDML_MAX_ATTRIBUTES ? t->n_protected : FDML_MAX_ATTRIBUTES;
}

void fdml_study_count_groups(size_t n_groups[FDML_STUDY_SETS], const fdml_tabular *t,
                             bool with_intersections)
{
    fdml_arena scratch;
    fdml_arena_init(&scratch, 0);
    for (unsigned set = 0; set < FDML_STUDY_SETS; set++) {
        const bool is_one = set && !(set & (set - 1));
        n_groups[set] = 0;
        if (!set || set >> count_columns(t) || (!is_one && !with_intersections)) continue;
        n_groups[set] = count_present(t, set, &scratch);
        fdml_arena_close(&scratch);
    }
}

static size_t longest_level(const fdml_factor *f)
{
    size_t most = 0;
    for (size_t l = 0; l < f->n_levels; l++) {
        const size_t n = strlen(f->level[l]);
        most = n > most ? n : most;
    }
    return most;
}

/* Of one set: what stays, and its cells. */
static double set_memory(double *cells, const size_t *n_groups, const fdml_tabular *t,
                         unsigned set)
{
    double value = 1, by = 1, n_levels = 0;
    unsigned rest = set;
    for (size_t a = 0; a < count_columns(t); a++) {
        if (!(set >> a & 1)) continue;
        value += (double)longest_level(&t->protected_[a]) + 3;
        by += (double)strlen(t->protected_[a].name) + 3;
        n_levels = (double)t->protected_[a].n_levels; /* of the last, which is added to rest */
        rest = set & ~(1u << a);
    }
    const double n = (double)n_groups[set], n_left = rest ? (double)n_groups[rest] : 1;
    const double names = fdml_arena_room(by, 1) + n * fdml_arena_room(value, 1);
    *cells = fdml_arena_room(n_left * n_levels, sizeof(uint32_t));
    return fdml_arena_room(n, sizeof(uint32_t)) + fdml_arena_room(n, sizeof(char *)) +
           (rest ? names : 0);
}

double fdml_study_groups_memory(double *scratch, const size_t n_groups[FDML_STUDY_SETS],
                                const fdml_tabular *t, size_t n_test)
{
    const size_t n_columns = count_columns(t);
    const double codes = fdml_arena_room((double)n_test, sizeof(uint32_t));
    double n = 1, cells; /* with the one of all rows */
    double bytes = fdml_arena_room((double)n_columns, sizeof(fdml_factor)) +
                   (double)(n_columns + 1) * codes + 2 * fdml_arena_room(1, 1);
    *scratch = 0;
    for (unsigned set = 1; set < FDML_STUDY_SETS; set++) {
        if (!n_groups[set]) continue;
        n++;
        bytes += codes + set_memory(&cells, n_groups, t, set);
        *scratch = cells > *scratch ? cells : *scratch;
    }
    return bytes + fdml_arena_room(n, sizeof(fdml_grouping)) +
           fdml_arena_room(n, sizeof(fdml_study_attribute));
}
