/* fidelity_change.c - see fidelity_change.h.
 *
 * The rows of both are sorted together, this one's first: row i, and row n + i of the baseline;
 * a pass has two sides (fidelity.h). Drawn anew, row i counts as often on either; exchanged,
 * row i counts for the baseline and n + i for this one, in all seeds at once, since seeds share
 * their test rows and are no independent observations.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/fidelity_change.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/stats.h"
#include "explain/fidelity_state.h"

enum { M = FDML_FIDELITIES, K = FDML_FIDELITY_GAPS, GAPS = M * K, BOTH = 2, WORD = 32 };
enum { STREAM_EXCHANGE = 0x66696478 };

/* What a thread works in; side 0 is this one, 1 the baseline. */
typedef struct desk {
    uint32_t *times, *code; /* [2, n] */
    double *value;          /* [2, n_groups + 1, M] */
    double gap[BOTH * GAPS];
    double *sums; /* FDML_FIDELITY_SCRATCH of two sides */
} desk;

typedef struct comparing {
    const fdml_fidelity_options *o;
    size_t n, n_groups, n_values; /* numbers that are compared: of groups, of all, gaps */
    fdml_fidelity_members members;
    const uint32_t *code; /* [2, n] sides as they are */
    fdml_fidelity_tables tables;
    desk *desks;
    double *drawn; /* [n_values, n_bootstrap] differences */
    double *null;  /* [n_values, n_permutations] and their size when exchanged */
} comparing;

/* --- replicates --------------------------------------------------------------------------- */

/* NULL: every row once, on its own side. */
static void compute(desk *d, const comparing *c, const uint32_t *code, const uint32_t *times)
{
    const fdml_fidelity_draw draw = { code, times };
    fdml_fidelity_means(d->value, d->gap, &c->tables, &draw, d->sums);
}

/* The i-th number of one side. */
static double number_of(const desk *d, const comparing *c, size_t side, size_t i)
{
    const size_t n = (c->n_groups + 1) * M;
    return i < n ? d->value[side * n + i] : d->gap[side * GAPS + i - n];
}

static double difference_of(const desk *d, const comparing *c, size_t i)
{
    return number_of(d, c, 0, i) - number_of(d, c, 1, i);
}

static void bootstrap_replicate(void *ctx, size_t replicate, int thread)
{
    const comparing *c = ctx;
    desk *d = &c->desks[thread];
    fdml_fidelity_draw_rows(d->times, &c->members, c->o->seed, (uint32_t)replicate);
    memcpy(d->times + c->n, d->times, c->n * sizeof *d->times);
    compute(d, c, c->code, d->times);
    for (size_t i = 0; i < c->n_values; i++)
        c->drawn[i * c->o->n_bootstrap + replicate] = difference_of(d, c, i);
}

/* A bit of the replicate's stream is the coin of a row. */
static void exchange_replicate(void *ctx, size_t replicate, int thread)
{
    const comparing *c = ctx;
    desk *d = &c->desks[thread];
    const uint32_t n_groups = (uint32_t)c->n_groups;
    uint32_t word = 0;
    fdml_rng rng;
    fdml_rng_init(&rng, c->o->seed, STREAM_EXCHANGE, (uint32_t)replicate);
    for (size_t i = 0; i < c->n; i++) {
        if (i % WORD == 0) word = fdml_rng_u32(&rng);
        const uint32_t coin = word >> i % WORD & 1;
        d->code[i] = c->code[i] + coin * n_groups;
        d->code[c->n + i] = c->code[i] + (1 - coin) * n_groups;
    }
    compute(d, c, d->code, NULL);
    for (size_t i = 0; i < c->n_values; i++)
        c->null[i * c->o->n_permutations + replicate] = fabs(difference_of(d, c, i));
}

/* --- memory ----------------------------------------------------------------------------- */

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to compare the fidelity of %zu rows", n);
}

/* Both one after the other, seed by seed. */
static fdml_status sort_both(comparing *c, const fdml_fidelity_rows *rows,
                             const fdml_fidelity_rows *baseline, fdml_arena *arena,
                             fdml_error *err)
{
    const size_t n = rows->n, n_all = BOTH * n * rows->n_seeds;
    double *p = fdml_arena_push(arena, n_all, sizeof *p);
    double *e = fdml_arena_push(arena, n_all, sizeof *e);
    uint32_t *code = fdml_arena_push(arena, BOTH * n, sizeof *code);
    if (!p || !e || !code) return no_memory(n, err);
    for (size_t s = 0; s < rows->n_seeds; s++)
        for (size_t side = 0; side < BOTH; side++) {
            const fdml_fidelity_rows *from = side ? baseline : rows;
            const size_t to = (BOTH * s + side) * n;
            memcpy(p + to, from->p + s * n, n * sizeof *p);
            memcpy(e + to, from->e + s * n, n * sizeof *e);
        }
    for (size_t i = 0; i < n; i++) {
        code[i] = rows->code[i];
        code[n + i] = rows->code[i] + (uint32_t)rows->n_groups;
    }
    fdml_fidelity_rows both = *rows;
    both.p = p, both.e = e, both.code = c->code = code, both.n = BOTH * n;
    FDML_TRY(fdml_fidelity_sort(&c->tables, &both, arena, err));
    c->tables.n_sides = BOTH;
    return FDML_OK;
}

static fdml_status make_desks(comparing *c, fdml_arena *arena, fdml_error *err)
{
    const fdml_fidelity_options *o = c->o;
    const int n_threads = o->n_threads < 1 ? 1 : o->n_threads;
    c->drawn = fdml_arena_push(arena, c->n_values * o->n_bootstrap, sizeof *c->drawn);
    c->null = fdml_arena_push(arena, c->n_values * o->n_permutations, sizeof *c->null);
    c->desks = fdml_arena_push(arena, (size_t)n_threads, sizeof *c->desks);
    if (!c->drawn || !c->null || !c->desks) return no_memory(c->n, err);
    for (int t = 0; t < n_threads; t++) {
        desk *d = &c->desks[t];
        d->times = fdml_arena_push(arena, BOTH * c->n, sizeof *d->times);
        d->code = fdml_arena_push(arena, BOTH * c->n, sizeof *d->code);
        d->value = fdml_arena_push(arena, BOTH * (c->n_groups + 1) * M, sizeof *d->value);
        d->sums =
            fdml_arena_push(arena, FDML_FIDELITY_SCRATCH(c->n_groups), BOTH * sizeof *d->sums);
        if (!d->times || !d->code || !d->value || !d->sums) return no_memory(c->n, err);
    }
    return FDML_OK;
}

/* --- results ---------------------------------------------------------------------------- */

/* What the i-th number rests on: n rows, or, of a gap, those of its smallest group. */
typedef struct basis {
    size_t n_rows, n_shown;
    const char *why; /* it would be NaN */
} basis;

static basis basis_of(const desk *d, const comparing *c, size_t i)
{
    const size_t n_values = (c->n_groups + 1) * M;
    basis b = { .n_rows = c->n, .n_shown = c->n, .why = fdml_fidelity_why_one };
    if (i >= n_values) {
        const size_t measure = (i - n_values) / K;
        size_t n_other;
        const size_t n_rows =
            fdml_fidelity_least_rows(&b.n_shown, &c->members, d->value, measure);
        b.n_rows =
            fdml_fidelity_least_rows(&n_other, &c->members, d->value + n_values, measure);
        if (n_rows < b.n_rows) b.n_rows = n_rows;
        if (n_other < b.n_shown) b.n_shown = n_other;
        b.why = fdml_fidelity_why_none;
    } else if (i < c->n_groups * M) {
        b.n_rows = b.n_shown = c->members.sizes.n_rows[i / M];
        if (c->members.sizes.why_small[i / M]) b.why = c->members.sizes.why_small[i / M];
    }
    return b;
}

static fdml_fidelity_difference difference(const desk *d, const comparing *c, size_t i)
{
    const fdml_fidelity_options *o = c->o;
    const basis b = basis_of(d, c, i);
    fdml_fidelity_difference made = {
        { difference_of(d, c, i), NAN, NAN, b.n_shown, NULL }, number_of(d, c, 1, i), NAN, NAN
    };
    if (i >= (c->n_groups + 1) * M && b.n_shown < 2) made.e.value = NAN;
    if (isnan(made.e.value)) {
        made.e.why = b.why;
        return made;
    }
    if (o->n_permutations)
        made.p = fdml_p_value(fabs(made.e.value), number_of(d, c, 1, i),
                              c->null + i * o->n_permutations, o->n_permutations);
    if (o->n_bootstrap)
        fdml_bootstrap_interval(&made.e.lo, &made.e.hi, c->drawn + i * o->n_bootstrap,
                                o->n_bootstrap, o->confidence, fdml_freedom_of(b.n_rows));
    return made;
}

static fdml_status correct(fdml_fidelity_difference *all, size_t n, fdml_arena *scratch,
                           fdml_error *err)
{
    double *p = fdml_arena_push(scratch, n, sizeof *p);
    double *adjusted = fdml_arena_push(scratch, n, sizeof *adjusted);
    uint32_t *order = fdml_arena_push(scratch, n, sizeof *order);
    if (!p || !adjusted || !order) return no_memory(n, err);
    for (size_t i = 0; i < n; i++) p[i] = all[i].p;
    fdml_holm(adjusted, p, n, order);
    for (size_t i = 0; i < n; i++) all[i].p_holm = adjusted[i];
    return FDML_OK;
}

/* all: [n_values], in the arena of the result, of which of_group is the beginning. */
static fdml_status fill(fdml_fidelity_change *change, fdml_fidelity_difference *all,
                        comparing *c, fdml_arena *scratch, fdml_error *err)
{
    desk *d = c->desks;
    compute(d, c, c->code, NULL);
    for (size_t i = 0; i < c->n_values; i++) all[i] = difference(d, c, i);
    FDML_TRY(correct(all, c->n_values, scratch, err));
    *change = (fdml_fidelity_change){ .n_groups = c->n_groups, .of_group = all };
    all += c->n_groups * M;
    for (size_t k = 0; k < M; k++) change->overall[k] = all[k];
    for (size_t i = 0; i < GAPS; i++) change->gap[i / K][i % K] = all[M + i];
    return FDML_OK;
}

double fdml_fidelity_change_memory(size_t n_groups)
{
    const double n_values = ((double)n_groups + 1) * M + GAPS;
    return fdml_fidelity_sizes_memory(n_groups) +
           fdml_arena_room(n_values, sizeof(fdml_fidelity_difference));
}

double fdml_fidelity_compare_memory(size_t n, size_t n_groups, size_t n_seeds,
                                    const fdml_fidelity_options *options)
{
    const double rows = BOTH * (double)n, values = ((double)n_groups + 1) * M;
    const double n_values = values + GAPS, n_seeds_ = (double)n_seeds;
    const int n_threads = options->n_threads < 1 ? 1 : options->n_threads;
    const double desks =
        2 * fdml_arena_room(rows, sizeof(uint32_t)) +
        fdml_arena_room(BOTH * values, sizeof(double)) +
        fdml_arena_room(FDML_FIDELITY_SCRATCH((double)n_groups), BOTH * sizeof(double));
    return fdml_fidelity_change_memory(n_groups) + fdml_fidelity_members_memory(n, n_groups) +
           2 * fdml_arena_room(rows * n_seeds_, sizeof(double)) +
           fdml_arena_room(rows, sizeof(uint32_t)) +
           fdml_fidelity_sort_memory(BOTH * n, n_seeds) +
           fdml_arena_room(n_values * (double)options->n_bootstrap, sizeof(double)) +
           fdml_arena_room(n_values * (double)options->n_permutations, sizeof(double)) +
           fdml_arena_room(n_threads, sizeof(desk)) + n_threads * desks +
           3 * fdml_arena_room(n_values, sizeof(double));
}

fdml_status fdml_fidelity_compare(fdml_fidelity_change *change, const fdml_fidelity_rows *rows,
                                  const fdml_fidelity_rows *baseline,
                                  const fdml_fidelity_options *options, fdml_arena *arena,
                                  fdml_error *err)
{
    comparing c = { .o = options, .n = rows->n, .n_groups = rows->n_groups };
    c.n_values = (c.n_groups + 1) * M + GAPS;
    FDML_TRY(fdml_fidelity_check(rows, err));
    FDML_TRY(fdml_fidelity_check(baseline, err));
    fdml_fidelity_difference *all = fdml_arena_push(arena, c.n_values, sizeof *all);
    if (!all) return no_memory(c.n, err);
    FDML_TRY(fdml_fidelity_sizes_make(&c.members.sizes, rows, arena, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(fdml_fidelity_members_make(&c.members, rows, arena, err));
    FDML_TRY(sort_both(&c, rows, baseline, arena, err));
    FDML_TRY(make_desks(&c, arena, err));
    fdml_parallel(options->n_bootstrap, options->n_threads, bootstrap_replicate, &c);
    fdml_parallel(options->n_permutations, options->n_threads, exchange_replicate, &c);
    FDML_TRY(fill(change, all, &c, arena, err));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}
