/* verify_counts.c - pairs within and across groups, and those accepted. See verify_counts.h.
 *
 * Of all pairs: the pass counts every accepted pair, genuine or not; a sweep over the classes
 * then counts the genuine ones, which are few, and takes them off.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/verify_counts.h"

#include <string.h>

#include "base/parallel.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the counts of accepted pairs");
}

static bool has_cross(const fdml_grouping *by)
{
    return !by->is_intersection && by->n_groups > 1;
}

static fdml_status make_counts(fdml_pair_counts *counts, const float *threshold,
                               size_t n_thresholds, const fdml_groupings *groupings,
                               size_t n_rows, fdml_arena *arena, fdml_error *err)
{
    const size_t n = groupings->n, by_row = n * n_rows;
    *counts = (fdml_pair_counts){ .n_thresholds = n_thresholds, .threshold = threshold };
    counts->genuine = fdml_arena_push_zero(arena, by_row, sizeof(uint32_t));
    counts->impostor = fdml_arena_push_zero(arena, by_row, sizeof(uint32_t));
    counts->genuine_accepted =
        fdml_arena_push_zero(arena, n_thresholds * by_row, sizeof(uint32_t));
    counts->impostor_accepted =
        fdml_arena_push_zero(arena, n_thresholds * by_row, sizeof(uint32_t));
    counts->crossed = fdml_arena_push_zero(arena, n, sizeof(uint64_t *));
    counts->crossed_accepted =
        fdml_arena_push_zero(arena, n_thresholds * n, sizeof(uint64_t *));
    if (!counts->genuine || !counts->impostor || !counts->genuine_accepted ||
        !counts->impostor_accepted || !counts->crossed || !counts->crossed_accepted)
        return no_memory(err);
    for (size_t g = 0; g < n; g++) {
        const size_t n_groups = groupings->grouping[g].n_groups;
        if (!has_cross(&groupings->grouping[g])) continue;
        for (size_t t = 0; t <= n_thresholds; t++) {
            uint64_t *matrix = fdml_arena_push_zero(arena, n_groups * n_groups, sizeof *matrix);
            if (!matrix) return no_memory(err);
            if (t < n_thresholds)
                counts->crossed_accepted[t * n + g] = matrix;
            else
                counts->crossed[g] = matrix;
        }
    }
    return FDML_OK;
}

/* --- all pairs ------------------------------------------------------------------------ */

/* Pairs of each row within its group, from the sizes of groups and of classes in groups. */
static fdml_status count_pairs(fdml_pair_counts *counts, const fdml_groupings *groupings,
                               const fdml_problem *problem, fdml_arena *arena, fdml_error *err)
{
    const size_t n = problem->n_rows, n_classes = problem->label->n_levels;
    const uint32_t *label = problem->label->code;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint32_t *begin = fdml_arena_push_zero(arena, n_classes + 1, sizeof *begin);
    uint32_t *row = fdml_arena_push(arena, n, sizeof *row);
    if (!begin || !row) return no_memory(err);
    for (size_t i = 0; i < n; i++) begin[label[i] + 1]++;
    for (size_t c = 0; c < n_classes; c++) begin[c + 1] += begin[c];
    for (size_t i = 0; i < n; i++) row[begin[label[i]]++] = (uint32_t)i;
    memmove(begin + 1, begin, n_classes * sizeof *begin);
    begin[0] = 0;

    for (size_t g = 0; g < groupings->n; g++) {
        const fdml_grouping *by = &groupings->grouping[g];
        const size_t n_groups = by->n_groups;
        uint32_t *in_class = fdml_arena_push_zero(arena, n_groups, sizeof *in_class);
        if (!in_class) return no_memory(err);
        uint64_t *crossed = counts->crossed[g];
        for (size_t a = 0; crossed && a < n_groups; a++)
            for (size_t b = 0; b < n_groups; b++)
                crossed[a * n_groups + b] =
                    (uint64_t)by->n_rows[a] * (by->n_rows[b] - (a == b));
        for (size_t c = 0; c < n_classes; c++) {
            for (size_t i = begin[c]; i < begin[c + 1]; i++) in_class[by->code[row[i]]]++;
            for (size_t i = begin[c]; i < begin[c + 1]; i++) {
                const uint32_t id = row[i], code = by->code[id];
                counts->genuine[g * n + id] = in_class[code] - 1;
                counts->impostor[g * n + id] = by->n_rows[code] - in_class[code];
                for (size_t b = 0; crossed && b < n_groups; b++)
                    crossed[code * n_groups + b] -= in_class[b] - (b == code);
            }
            for (size_t i = begin[c]; i < begin[c + 1]; i++) in_class[by->code[row[i]]] = 0;
        }
    }
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

typedef struct genuine_sweep {
    fdml_pair_counts *counts;
    const fdml_groupings *groupings;
    size_t n_rows;
    fdml_lock lock;
} genuine_sweep;

static void accept_genuine(genuine_sweep *s, uint32_t i, uint32_t j, float score)
{
    const size_t n = s->groupings->n;
    for (size_t t = 0; t < s->counts->n_thresholds; t++) {
        if (!(score >= s->counts->threshold[t])) continue;
        for (size_t g = 0; g < n; g++) {
            const fdml_grouping *by = &s->groupings->grouping[g];
            uint64_t *crossed = s->counts->crossed_accepted[t * n + g];
            if (by->code[i] == by->code[j])
                s->counts->genuine_accepted[(t * n + g) * s->n_rows + i]++;
            if (!crossed) continue;
            fdml_lock_take(&s->lock);
            crossed[by->code[i] * by->n_groups + by->code[j]]--;
            fdml_lock_drop(&s->lock);
        }
    }
}

static void genuine_piece(void *ctx, uint32_t label, const uint32_t *row, size_t n,
                          size_t first, size_t n_first, const float *nearness)
{
    (void)label;
    for (size_t a = 0; a < n_first; a++)
        for (size_t b = 0; b < n; b++)
            if (b != first + a)
                accept_genuine(ctx, row[first + a], row[b], nearness[a * n + b]);
}

fdml_status fdml_count_all_pairs(fdml_pair_counts *counts, const float *threshold,
                                 size_t n_thresholds, const fdml_groupings *groupings,
                                 const fdml_problem *problem, const fdml_machine *machine,
                                 fdml_arena *arena, fdml_error *err)
{
    const size_t n = groupings->n;
    FDML_TRY(
        make_counts(counts, threshold, n_thresholds, groupings, problem->n_rows, arena, err));
    FDML_TRY(count_pairs(counts, groupings, problem, arena, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    uint64_t *const **crossed = fdml_arena_push(arena, n_thresholds, sizeof *crossed);
    if (!crossed) return no_memory(err);
    for (size_t t = 0; t < n_thresholds; t++) crossed[t] = counts->crossed_accepted + t * n;
    const fdml_pass pass = { .groupings = groupings,
                             .thresholds = threshold,
                             .n_thresholds = n_thresholds,
                             .accepted = counts->impostor_accepted,
                             .crossed = crossed };
    FDML_TRY(fdml_pass_run(&pass, problem, machine, arena, err));
    genuine_sweep sweep = { .counts = counts,
                            .groupings = groupings,
                            .n_rows = problem->n_rows };
    FDML_TRY(fdml_class_pairs(genuine_piece, &sweep, problem, machine, arena, err));
    for (size_t i = 0; i < n_thresholds * n * problem->n_rows; i++)
        counts->impostor_accepted[i] -= counts->genuine_accepted[i];
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- a list --------------------------------------------------------------------------- */

static void count_listed(fdml_pair_counts *counts, const fdml_groupings *groupings,
                         size_t n_rows, const fdml_row_pair *pair, float score)
{
    const size_t n = groupings->n, n_t = counts->n_thresholds;
    for (size_t g = 0; g < n; g++) {
        const fdml_grouping *by = &groupings->grouping[g];
        const uint32_t a = by->code[pair->a], b = by->code[pair->b];
        for (size_t t = 0; t <= n_t; t++) { /* the last: the pair itself */
            if (t < n_t && !(score >= counts->threshold[t])) continue;
            uint32_t *genuine = t < n_t ? counts->genuine_accepted + (t * n + g) * n_rows
                                        : counts->genuine + g * n_rows;
            uint32_t *impostor = t < n_t ? counts->impostor_accepted + (t * n + g) * n_rows
                                         : counts->impostor + g * n_rows;
            uint32_t *to = pair->genuine ? genuine : impostor;
            if (a == b) to[pair->a]++, to[pair->b]++;
            uint64_t *crossed =
                t < n_t ? counts->crossed_accepted[t * n + g] : counts->crossed[g];
            if (!crossed || pair->genuine) continue;
            crossed[a * by->n_groups + b]++;
            crossed[b * by->n_groups + a]++;
        }
    }
}

fdml_status fdml_count_listed_pairs(fdml_pair_counts *counts, const float *threshold,
                                    size_t n_thresholds, const fdml_row_pair *pair,
                                    const float *score, size_t n_pairs,
                                    const fdml_groupings *groupings, size_t n_rows,
                                    fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(make_counts(counts, threshold, n_thresholds, groupings, n_rows, arena, err));
    for (size_t i = 0; i < n_pairs; i++)
        count_listed(counts, groupings, n_rows, &pair[i], score[i]);
    return FDML_OK;
}
