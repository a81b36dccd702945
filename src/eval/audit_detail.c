/* audit_detail.c - which groups a chart shows, their sizes, hit rates by K, and spectra; and
 * what all of the detail costs. See audit_detail.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/audit_detail.h"

#include <math.h>
#include <string.h>

#include "eval/audit_state.h"
#include "eval/pca.h"

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the detail of charts");
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

uint32_t fdml_audit_detail_depth(uint32_t depth, const fdml_problem *problem)
{
    const size_t wanted = least(FDML_DETAIL_DEPTH, fdml_audit_candidates(problem));
    return depth && depth < wanted ? (uint32_t)wanted : depth;
}

/* --- which groups --------------------------------------------------------------------- */

typedef struct choice {
    const fdml_grouping *by;
    const fdml_group_result *listed; /* [n_groups] */
    const fdml_audit_settings *settings;
    bool *is_kept; /* [n_groups] */
    size_t n;
} choice;

static bool is_enough(const choice *c, size_t g)
{
    return c->by->n_rows[g] >= c->settings->min_group;
}

/* Lower is chosen first: how well the first metric says the group does, NaN last. */
static double quality(const choice *c, size_t g)
{
    if (!c->settings->n_metrics || isnan(c->listed[g].metrics[0].value)) return INFINITY;
    const double value = c->listed[g].metrics[0].value;
    return c->settings->metrics[0].higher_is_better ? value : -value;
}

static double fewness(const choice *c, size_t g)
{
    return -(double)c->by->n_rows[g];
}

/* Keeps groups, those of the lowest key first, until there are `most`. */
static void keep_first(choice *c, size_t most, bool enough,
                       double (*key)(const choice *, size_t))
{
    while (c->n < most) {
        size_t best = c->by->n_groups;
        for (size_t g = 0; g < c->by->n_groups; g++) {
            if (c->is_kept[g] || is_enough(c, g) != enough) continue;
            if (best == c->by->n_groups || key(c, g) < key(c, best)) best = g;
        }
        if (best == c->by->n_groups) return;
        c->is_kept[best] = true;
        c->n++;
    }
}

static void choose(choice *c)
{
    size_t n_enough = 0;
    for (size_t g = 0; g < c->by->n_groups; g++) n_enough += is_enough(c, g);
    if (n_enough > FDML_DETAIL_GROUPS) keep_first(c, FDML_DETAIL_GROUPS / 2, true, quality);
    keep_first(c, FDML_DETAIL_GROUPS, true, fewness);
    keep_first(c, FDML_DETAIL_GROUPS, false, fewness);
}

static fdml_status choose_groups(fdml_detail_grouping *out, const fdml_audit_result *result,
                                 const audit_state *state, size_t grouping, size_t first,
                                 fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    choice c = { .by = by, .listed = result->groups + first, .settings = state->settings };
    c.is_kept = fdml_arena_push_zero(state->scratch, by->n_groups, sizeof *c.is_kept);
    if (!c.is_kept) return no_memory(err);
    choose(&c);
    out->grouping = grouping;
    out->n_left_out = by->n_groups - c.n;
    out->group = fdml_arena_push_zero(state->arena, c.n, sizeof *out->group);
    if (!out->group) return no_memory(err);
    for (size_t g = 0; g < by->n_groups; g++) {
        out->n_small_left_out += !c.is_kept[g] && !is_enough(&c, g);
        if (!c.is_kept[g]) continue;
        out->group[out->n++] = (fdml_detail_group){ .listed = first + g,
                                                    .code = (uint32_t)g,
                                                    .value = by->value[g],
                                                    .n_rows = by->n_rows[g],
                                                    .is_small = !is_enough(&c, g) };
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

static fdml_status list_groupings(fdml_audit_detail *detail, const fdml_audit_result *result,
                                  const audit_state *state, fdml_error *err)
{
    const fdml_groupings *all = &state->groupings;
    const bool takes_all = all->n - 1 <= FDML_DETAIL_GROUPINGS;
    detail->by = fdml_arena_push_zero(state->arena, FDML_DETAIL_GROUPINGS, sizeof *detail->by);
    if (!detail->by) return no_memory(err);
    for (size_t g = 1, first = 0; g < all->n; first += all->grouping[g++].n_groups) {
        if (all->grouping[g].is_intersection && !takes_all) {
            detail->n_by_left_out++;
            continue;
        }
        FDML_TRY(choose_groups(&detail->by[detail->n_by++], result, state, g, first, err));
    }
    return FDML_OK;
}

/* --- what is known of a group --------------------------------------------------------- */

static bool wants_spectrum(const audit_state *state, const fdml_grouping *by)
{
    return !by->is_intersection &&
           (state->wants[FDML_M_SPECTRUM] || state->problem->dim <= FDML_DETAIL_DIM);
}

/* counts: [depth + 1] scratch. */
static fdml_status count_hits(fdml_detail_group *group, uint32_t *counts, size_t n_ks,
                              const fdml_runs *runs, const audit_state *state, fdml_error *err)
{
    memset(counts, 0, (n_ks + 1) * sizeof *counts);
    for (size_t i = 0; i < runs->n_rows; i++) {
        if (!audit_is_valid(state, runs->row[i])) continue;
        const uint32_t rank = state->store.first_rank[audit_place(state, runs->row[i])];
        group->n_queries++;
        group->n_missed += rank > 1;
        if (rank <= n_ks) counts[rank]++;
    }
    if (!group->n_queries) return FDML_OK;
    double *rate = fdml_arena_push(state->arena, n_ks, sizeof *rate);
    if (!rate) return no_memory(err);
    size_t hits = 0;
    for (size_t k = 0; k < n_ks; k++) {
        hits += counts[k + 1];
        rate[k] = (double)hits / (double)group->n_queries;
    }
    group->hit_rate = rate;
    return FDML_OK;
}

static fdml_status describe(fdml_detail_group *group, const fdml_audit_detail *detail,
                            const fdml_runs *runs, const fdml_grouping *by,
                            const audit_state *state, fdml_error *err)
{
    group->n_classes = runs->n_runs;
    if (group->is_small) return FDML_OK;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    uint32_t *counts = fdml_arena_push(state->scratch, detail->n_ks + 1, sizeof *counts);
    if (!counts) return no_memory(err);
    if (detail->n_ks) FDML_TRY(count_hits(group, counts, detail->n_ks, runs, state, err));
    if (wants_spectrum(state, by)) {
        double *share = fdml_arena_push(state->arena, state->problem->dim, sizeof *share);
        if (!share) return no_memory(err);
        FDML_TRY(fdml_singular_shares(share, runs, state->problem, state->machine,
                                      state->scratch, err));
        group->spectrum = share;
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

/* Groups of one grouping; overall comes first, for it sets the bins of distances. */
static fdml_status describe_groups(fdml_audit_detail *detail, fdml_detail_group *group,
                                   size_t n, size_t grouping, audit_state *state,
                                   fdml_error *err)
{
    const fdml_grouping *by = &state->groupings.grouping[grouping];
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    grouped_rows rows;
    FDML_TRY(fdml_audit_group_rows(&rows, state, grouping, err));
    for (size_t g = 0; g < n; g++) {
        const fdml_runs runs = fdml_audit_runs(&rows, state, group[g].code);
        FDML_TRY(describe(&group[g], detail, &runs, by, state, err));
        if (!group[g].is_small)
            FDML_TRY(fdml_audit_detail_pairs(&group[g], &detail->distance_width, &runs,
                                             grouping, state, err));
    }
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

static fdml_status measure_classes(fdml_audit_detail *detail, const audit_state *state,
                                   fdml_error *err)
{
    const size_t n = state->problem->label->n_levels;
    const fdml_arena_mark mark = fdml_arena_get_mark(state->scratch);
    double *size = fdml_arena_push(state->scratch, n, sizeof *size);
    if (!size) return no_memory(err);
    detail->smallest_class = SIZE_MAX;
    for (size_t c = 0; c < n; c++) {
        const size_t rows = state->class_begin[c + 1] - state->class_begin[c];
        size_t bin = 0;
        while (bin + 1 < FDML_DETAIL_SIZES && (size_t)1 << bin < rows) bin++;
        detail->class_sizes[bin]++;
        size[c] = (double)rows;
        if (rows < detail->smallest_class) detail->smallest_class = rows;
        if (rows > detail->largest_class) detail->largest_class = rows;
    }
    detail->median_class = fdml_quantile(size, n, 0.5);
    fdml_arena_reset(state->scratch, mark);
    return FDML_OK;
}

fdml_status fdml_audit_detail_make(fdml_audit_result *result, audit_state *state,
                                   fdml_error *err)
{
    const fdml_problem *problem = state->problem;
    fdml_audit_detail *detail = fdml_arena_push_zero(state->arena, 1, sizeof *detail);
    if (!detail) return no_memory(err);
    detail->overall = (fdml_detail_group){ .listed = SIZE_MAX,
                                           .value = "overall",
                                           .n_rows = problem->n_rows };
    if (state->wants_mean)
        detail->n_ks = least(FDML_DETAIL_DEPTH, fdml_audit_candidates(problem));
    FDML_TRY(list_groupings(detail, result, state, err));
    FDML_TRY(describe_groups(detail, &detail->overall, 1, 0, state, err));
    for (size_t b = 0; b < detail->n_by; b++)
        FDML_TRY(describe_groups(detail, detail->by[b].group, detail->by[b].n,
                                 detail->by[b].grouping, state, err));
    FDML_TRY(measure_classes(detail, state, err));
    FDML_TRY(fdml_audit_detail_map(detail, state, err));
    if (state->wants_mean) FDML_TRY(fdml_audit_detail_worst(detail, state, err));
    result->detail = detail;
    return FDML_OK;
}

size_t fdml_audit_detail_size(const fdml_problem *problem, const fdml_audit_settings *settings,
                              const fdml_machine *machine, bool wants_mean)
{
    const size_t n = problem->n_rows, dim = problem->dim;
    const size_t n_groups = FDML_DETAIL_GROUPINGS * FDML_DETAIL_GROUPS + 1;
    size_t kept = sizeof(fdml_audit_detail) + FDML_DETAIL_POINTS * 3 * sizeof(double) +
                  n_groups * (sizeof(fdml_detail_group) + FDML_DETAIL_DEPTH * sizeof(double) +
                              2 * FDML_DETAIL_BINS * sizeof(uint32_t) + 4 * 64);
    size_t spectrum = 0, worst = 0;
    const size_t pairs = fdml_audit_detail_pairs_size(problem, machine->n_threads);
    const size_t map =
        n * sizeof(uint32_t) + fdml_pca_scratch(least(n, FDML_DETAIL_POINTS), dim);
    if (dim <= FDML_DETAIL_DIM || settings->n_metrics) {
        kept += n_groups * dim * sizeof(double);
        spectrum = fdml_spectrum_scratch(dim, machine->n_threads) + n * 8;
    }
    if (wants_mean) {
        const fdml_problem some = *problem;
        const fdml_pass pass = { .on_ranks = fdml_store_ranks, .top_k = 1 };
        size_t tightest;
        fdml_pass_memory(&tightest, &worst, &pass, &some, machine);
        worst += n * (1 + 2 * sizeof(uint32_t));
    }
    size_t most = pairs > map ? pairs : map;
    if (spectrum > most) most = spectrum;
    return kept + (worst > most ? worst : most);
}
