/* fidelity.c - see fidelity.h.
 *
 * Replicate b draws as many rows of each group as it has, with replacement, from the stream of
 * the group; or permutes the codes as fdml_permutation_codes does. Either way its values are
 * those of one pass over the sorted rows (fidelity_sums.c), so that accuracy, AUROC and
 * residual of a replicate are of the same rows.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/fidelity.h"

#include <math.h>

#include "base/parallel.h"
#include "eval/stats.h"
#include "explain/fidelity_state.h"

enum { M = FDML_FIDELITIES, K = FDML_FIDELITY_GAPS, GAPS = M * K };
enum { STREAM_PERMUTATION = 0x66696470 };

const char *const fdml_fidelity_name[M] = { "accuracy", "auroc", "residual" };
const char *const fdml_fidelity_gap_name[K] = { "max_from_average", "mean_between_groups" };

/* What a thread works in. */
typedef struct desk {
    uint32_t *count; /* [n] how often a row was drawn, or its permuted code */
    double *value;   /* [n_groups + 1, M] */
    double *sums;    /* FDML_FIDELITY_SCRATCH */
    void *scratch;   /* of a permutation */
} desk;

typedef struct measuring {
    const fdml_fidelity_rows *rows;
    const fdml_fidelity_options *o;
    fdml_fidelity_tables tables;
    fdml_fidelity_members members;
    fdml_permutation permutation;
    desk *desks;
    size_t n_drawn; /* replicates of the bootstrap */
    double *drawn;  /* [n_values, n_drawn]: values of groups and all, behind, gaps */
    double *null;   /* [GAPS, n_permutations] */
} measuring;

/* Of one replicate: (n_groups + 1) M values, n_groups M of `behind`, GAPS. */
static size_t count_values(size_t n_groups)
{
    return (2 * n_groups + 1) * M + GAPS;
}

/* All values of a replicate, each into its own column of replicates. */
static void put_replicate(double *to, size_t stride, const double *value, const double *gap,
                          size_t n_groups)
{
    for (size_t i = 0; i < (n_groups + 1) * M; i++, to += stride) *to = value[i];
    for (size_t g = 0; g < n_groups; g++)
        for (size_t k = 0; k < M; k++, to += stride)
            *to = fdml_fidelity_behind(value, n_groups, g, k);
    for (size_t i = 0; i < GAPS; i++, to += stride) *to = gap[i];
}

static void bootstrap_replicate(void *ctx, size_t replicate, int thread)
{
    const measuring *m = ctx;
    const desk *d = &m->desks[thread];
    double gap[GAPS];
    fdml_fidelity_draw_rows(d->count, &m->members, m->o->seed, (uint32_t)replicate);
    const fdml_fidelity_draw drawn = { m->rows->code, d->count };
    fdml_fidelity_means(d->value, gap, &m->tables, &drawn, d->sums);
    put_replicate(m->drawn + replicate, m->n_drawn, d->value, gap, m->rows->n_groups);
}

static void permutation_replicate(void *ctx, size_t replicate, int thread)
{
    const measuring *m = ctx;
    const desk *d = &m->desks[thread];
    double gap[GAPS];
    fdml_permutation_codes(d->count, &m->permutation, (uint32_t)replicate, d->scratch);
    const fdml_fidelity_draw permuted = { d->count, NULL };
    fdml_fidelity_means(d->value, gap, &m->tables, &permuted, d->sums);
    for (size_t i = 0; i < GAPS; i++) m->null[i * m->o->n_permutations + replicate] = gap[i];
}

/* --- memory ----------------------------------------------------------------------------- */

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to compare the fidelity of %zu rows", n);
}

static fdml_status make_desks(measuring *m, fdml_arena *arena, fdml_error *err)
{
    const size_t n = m->rows->n, n_groups = m->rows->n_groups;
    const int n_threads = m->o->n_threads < 1 ? 1 : m->o->n_threads;
    const size_t size = m->o->n_permutations ? fdml_permutation_scratch(&m->permutation, 1) : 0;
    m->drawn = fdml_arena_push(arena, count_values(n_groups) * m->n_drawn, sizeof *m->drawn);
    m->null = fdml_arena_push(arena, GAPS * m->o->n_permutations, sizeof *m->null);
    m->desks = fdml_arena_push(arena, (size_t)n_threads, sizeof *m->desks);
    if (!m->drawn || !m->null || !m->desks) return no_memory(n, err);
    for (int t = 0; t < n_threads; t++) {
        desk *d = &m->desks[t];
        d->count = fdml_arena_push(arena, n, sizeof *d->count);
        d->value = fdml_arena_push(arena, (n_groups + 1) * M, sizeof *d->value);
        d->sums = fdml_arena_push(arena, FDML_FIDELITY_SCRATCH(n_groups), sizeof *d->sums);
        d->scratch = fdml_arena_push(arena, size, 1);
        if (!d->count || !d->value || !d->sums || !d->scratch) return no_memory(n, err);
    }
    return FDML_OK;
}

/* --- results ---------------------------------------------------------------------------- */

/* What the observed rows give. */
typedef struct observed {
    double *value; /* [n_groups + 1, M] mean over seeds */
    double gap[GAPS];
    double *by_seed; /* [n_seeds, n_groups + 1, M] */
    double *series;  /* [n_seeds] scratch */
} observed;

/* The i-th value of replicates; its interval where there are any. */
static void put_interval(fdml_estimate *e, const measuring *m, size_t i, size_t n_rows)
{
    if (m->n_drawn)
        fdml_bootstrap_interval(&e->lo, &e->hi, m->drawn + i * m->n_drawn, m->n_drawn,
                                m->o->confidence, fdml_freedom_of(n_rows));
}

static double deviation_of(const double *series, size_t n)
{
    return n > 1 ? sqrt(fdml_variance(series, n)) : NAN;
}

static fdml_fidelity_value value_of(const measuring *m, double value, size_t i, size_t n_rows,
                                    const char *why_small)
{
    fdml_fidelity_value v = { { value, NAN, NAN, n_rows, NULL }, NAN };
    if (isnan(value))
        v.e.why = why_small ? why_small : fdml_fidelity_why_one;
    else
        put_interval(&v.e, m, i, n_rows);
    return v;
}

static uint32_t find_worst(const double *value, size_t n_groups, size_t measure, double gap)
{
    for (uint32_t g = 0; g < n_groups; g++)
        if (fdml_fidelity_behind(value, n_groups, g, measure) == gap) return g;
    return UINT32_MAX;
}

static double gap_deviation(const measuring *m, const observed *o, size_t i, uint32_t worst)
{
    const size_t n_groups = m->rows->n_groups, n_seeds = m->rows->n_seeds;
    for (size_t s = 0; s < n_seeds; s++) {
        const double *value = o->by_seed + s * (n_groups + 1) * M;
        o->series[s] = i % K == FDML_GAP_MAX
                           ? fdml_fidelity_behind(value, n_groups, worst, i / K)
                           : fdml_fidelity_difference_mean(value, n_groups, i / K);
    }
    return deviation_of(o->series, n_seeds);
}

static void put_gaps(fdml_fidelity *f, const measuring *m, const observed *o)
{
    const size_t n_groups = m->rows->n_groups, first = (2 * n_groups + 1) * M;
    const size_t n_permutations = m->o->n_permutations;
    for (size_t i = 0; i < GAPS; i++) {
        size_t n;
        const size_t n_rows = fdml_fidelity_least_rows(&n, &m->members, o->value, i / K);
        fdml_fidelity_gap *gap = &f->gap[i / K][i % K];
        *gap =
            (fdml_fidelity_gap){ { o->gap[i], NAN, NAN, n, NULL }, NAN, NAN, NAN, UINT32_MAX };
        if (n < 2) {
            gap->e.value = NAN;
            gap->e.why = fdml_fidelity_why_none;
            continue;
        }
        put_interval(&gap->e, m, first + i, n_rows);
        if (i % K == FDML_GAP_MAX)
            gap->worst = find_worst(o->value, n_groups, i / K, o->gap[i]);
        gap->sd = gap_deviation(m, o, i, gap->worst);
        if (n_permutations)
            gap->p = fdml_p_value(o->gap[i], o->value[n_groups * M + i / K],
                                  m->null + i * n_permutations, n_permutations);
    }
}

static void put_deviations(fdml_fidelity_value *value, fdml_fidelity_value *behind,
                           const measuring *m, const observed *o, size_t g)
{
    const size_t n_groups = m->rows->n_groups, n_seeds = m->rows->n_seeds;
    for (size_t k = 0; k < M; k++) {
        for (size_t s = 0; s < n_seeds; s++)
            o->series[s] = o->by_seed[(s * (n_groups + 1) + g) * M + k];
        value[k].sd = deviation_of(o->series, n_seeds);
        for (size_t s = 0; behind && s < n_seeds; s++)
            o->series[s] =
                fdml_fidelity_behind(o->by_seed + s * (n_groups + 1) * M, n_groups, g, k);
        if (behind) behind[k].sd = deviation_of(o->series, n_seeds);
    }
}

static void put_values(fdml_fidelity *f, fdml_fidelity_value *of_group,
                       fdml_fidelity_value *behind, const measuring *m, const observed *o)
{
    const fdml_fidelity_sizes *sizes = &m->members.sizes;
    const size_t n_groups = m->rows->n_groups, all = n_groups * M;
    for (size_t k = 0; k < M; k++)
        f->overall[k] = value_of(m, o->value[all + k], all + k, m->rows->n, NULL);
    put_deviations(f->overall, NULL, m, o, n_groups);
    for (size_t g = 0; g < n_groups; g++) {
        const char *const why = sizes->why_small[g];
        for (size_t k = 0; k < M; k++) {
            const size_t i = g * M + k;
            const double d = fdml_fidelity_behind(o->value, n_groups, g, k);
            of_group[i] = value_of(m, o->value[i], i, sizes->n_rows[g], why);
            behind[i] = value_of(m, d, all + M + i, sizes->n_rows[g], why);
        }
        put_deviations(of_group + g * M, behind + g * M, m, o, g);
    }
    put_gaps(f, m, o);
}

static fdml_status observe(observed *o, const measuring *m, fdml_arena *arena, fdml_error *err)
{
    const size_t n_values = (m->rows->n_groups + 1) * M, n_seeds = m->rows->n_seeds;
    const fdml_fidelity_draw as_is = { m->rows->code, NULL };
    o->value = fdml_arena_push(arena, n_values, sizeof *o->value);
    o->by_seed = fdml_arena_push(arena, n_seeds * n_values, sizeof *o->by_seed);
    o->series = fdml_arena_push(arena, n_seeds, sizeof *o->series);
    if (!o->value || !o->by_seed || !o->series) return no_memory(m->rows->n, err);
    for (size_t s = 0; s < n_seeds; s++)
        fdml_fidelity_values(o->by_seed + s * n_values, &m->tables, s, &as_is,
                             m->desks[0].sums);
    fdml_fidelity_means(o->value, o->gap, &m->tables, &as_is, m->desks[0].sums);
    return FDML_OK;
}

/* What is computed from; all of it scratch. */
static fdml_status prepare(measuring *m, fdml_arena *arena, fdml_error *err)
{
    const fdml_fidelity_rows *rows = m->rows;
    m->permutation = (fdml_permutation){ .code = rows->code,
                                         .n_units = rows->n,
                                         .n_groups = rows->n_groups,
                                         .n_features = FDML_FEATURE_UNIT,
                                         .n_replicates = m->o->n_permutations,
                                         .seed = m->o->seed,
                                         .stream = (uint64_t)STREAM_PERMUTATION << 32 };
    FDML_TRY(fdml_fidelity_members_make(&m->members, rows, arena, err));
    FDML_TRY(fdml_fidelity_sort(&m->tables, rows, arena, err));
    return make_desks(m, arena, err);
}

double fdml_fidelity_result_memory(size_t n_groups)
{
    return fdml_fidelity_sizes_memory(n_groups) +
           2 * fdml_arena_room((double)n_groups * M, sizeof(fdml_fidelity_value));
}

double fdml_fidelity_memory(size_t n, size_t n_groups, size_t n_seeds,
                            const fdml_fidelity_options *options)
{
    const double groups = (double)n_groups, values = (groups + 1) * M;
    const int n_threads = options->n_threads < 1 ? 1 : options->n_threads;
    const fdml_permutation p = { .n_units = n,
                                 .n_groups = n_groups,
                                 .n_features = FDML_FEATURE_UNIT };
    const double desks = fdml_arena_room((double)n, sizeof(uint32_t)) +
                         fdml_arena_room(values, sizeof(double)) +
                         fdml_arena_room(FDML_FIDELITY_SCRATCH(groups), sizeof(double)) +
                         fdml_arena_room((double)fdml_permutation_scratch(&p, 1), 1);
    const double drawn = (double)count_values(n_groups) * (double)options->n_bootstrap;
    const double null = GAPS * (double)options->n_permutations;
    return fdml_fidelity_result_memory(n_groups) + fdml_fidelity_members_memory(n, n_groups) +
           fdml_fidelity_sort_memory(n, n_seeds) + fdml_arena_room(drawn, sizeof(double)) +
           fdml_arena_room(null, sizeof(double)) + fdml_arena_room(n_threads, sizeof(desk)) +
           n_threads * desks + fdml_arena_room((double)(n_seeds + 1) * values, sizeof(double)) +
           fdml_arena_room((double)n_seeds, sizeof(double)) + 3 * 64;
}

fdml_status fdml_fidelity_measure(fdml_fidelity *f, const fdml_fidelity_rows *rows,
                                  const fdml_fidelity_options *options, fdml_arena *arena,
                                  fdml_error *err)
{
    const size_t n_groups = rows->n_groups;
    measuring m = { .rows = rows, .o = options, .n_drawn = options->n_bootstrap };
    observed o;
    FDML_TRY(fdml_fidelity_check(rows, err));
    FDML_TRY(fdml_fidelity_sizes_make(&m.members.sizes, rows, arena, err));
    fdml_fidelity_value *of_group = fdml_arena_push(arena, n_groups * M, sizeof *of_group);
    fdml_fidelity_value *behind = fdml_arena_push(arena, n_groups * M, sizeof *behind);
    if (!of_group || !behind) return no_memory(rows->n, err);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(prepare(&m, arena, err));
    FDML_TRY(observe(&o, &m, arena, err));
    fdml_parallel(m.n_drawn, options->n_threads, bootstrap_replicate, &m);
    fdml_parallel(options->n_permutations, options->n_threads, permutation_replicate, &m);
    *f = (fdml_fidelity){ .n_groups = n_groups,
                          .n_rows = m.members.sizes.n_rows,
                          .of_group = of_group,
                          .behind = behind };
    put_values(f, of_group, behind, &m, &o);
    fdml_arena_reset(arena, mark);
    return fdml_fidelity_correct(f, 1, arena, err);
}

double fdml_fidelity_correct_memory(size_t n)
{
    return 2 * fdml_arena_room((double)n * GAPS, sizeof(double)) +
           fdml_arena_room((double)n * GAPS, sizeof(uint32_t));
}

fdml_status fdml_fidelity_correct(fdml_fidelity *f, size_t n, fdml_arena *scratch,
                                  fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    double *p = fdml_arena_push(scratch, n * GAPS, sizeof *p);
    double *adjusted = fdml_arena_push(scratch, n * GAPS, sizeof *adjusted);
    uint32_t *order = fdml_arena_push(scratch, n * GAPS, sizeof *order);
    if (!p || !adjusted || !order)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to correct %zu tests", n * GAPS);
    for (size_t i = 0; i < n * GAPS; i++) p[i] = f[i / GAPS].gap[i % GAPS / K][i % K].p;
    fdml_holm(adjusted, p, n * GAPS, order);
    for (size_t i = 0; i < n * GAPS; i++)
        f[i / GAPS].gap[i % GAPS / K][i % K].p_holm = adjusted[i];
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}
