/* mutual.c - see mutual.h.
 *
 * Both estimators need the digamma function at whole numbers alone, psi(m) = H(m - 1) - gamma
 * with H the harmonic numbers, and in both the constant cancels. A column is a task of one
 * thread.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/mutual.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "eval/sort_keys.h"
#include "explain/crossval.h"
#include "explain/plane.h"

enum { STREAM_X = 0x6d757478, STREAM_Y = 0x6d757479 };
static const double NOISE = 1e-10; /* scikit-learn's */

/* What a thread works in. */
typedef struct desk {
    fdml_plane plane;
    double *x;            /* [n] the column, then in order */
    uint64_t *key, *more; /* [n] */
    uint32_t *before;     /* [n + 1] rows of y's order before a place that count */
} desk;

typedef struct job {
    const fdml_mutual_columns *columns;
    double *information;
    double *psi;           /* [n + 1] psi(m) + gamma, from m = 1 */
    double *x_noise;       /* [n] standard normal */
    double *y, *sorted;    /* [n] scaled, with noise; and in order */
    uint32_t *row, *place; /* [n] in order of y; and where a row stands in it */
    desk *desks;
} job;

/* --- columns ---------------------------------------------------------------------------- */

static double missing_as_mean(double *x, size_t n)
{
    double sum = 0, known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) sum += x[i], known++;
    const double mean = known > 0 ? sum / known : 0;
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i])) x[i] = mean;
    return mean;
}

/* Divided by their deviation, with divisor n, and with noise. */
static void scale(double *x, const double *noise, size_t n)
{
    const double mean = missing_as_mean(x, n);
    double square = 0, size = 0;
    for (size_t i = 0; i < n; i++) square += (x[i] - mean) * (x[i] - mean);
    /* what rounding leaves of a constant column's variance is not its deviation */
    const double deviation = sqrt(square / (double)n), least = 1e-14 * fabs(mean);
    for (size_t i = 0; i < n; i++) {
        x[i] /= deviation > least ? deviation : 1;
        size += fabs(x[i]);
    }
    size = NOISE * fmax(1, size / (double)n);
    for (size_t i = 0; i < n; i++) x[i] += size * noise[i];
}

static void draw_noise(double *noise, uint64_t stream, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 0, stream, (uint32_t)i);
        noise[i] = fdml_rng_normal(&rng);
    }
}

/* Bits that order as doubles do, and back. */
static const uint64_t SIGN = UINT64_C(1) << 63;

static void sort_values(double *x, uint64_t *key, uint64_t *more, size_t n)
{
    memcpy(key, x, n * sizeof *key);
    for (size_t i = 0; i < n; i++) key[i] = key[i] & SIGN ? ~key[i] : key[i] | SIGN;
    fdml_sort_keys(key, more, n);
    for (size_t i = 0; i < n; i++) key[i] = key[i] & SIGN ? key[i] & ~SIGN : ~key[i];
    memcpy(x, key, n * sizeof *x);
}

/* --- counting --------------------------------------------------------------------------- */

typedef struct range {
    size_t begin, end;
} range;

/* Places of the values that differ from x by less than r, or by nothing. Differences are
 * compared as they are rounded, as the distances were from which r comes. */
static range near_ones(const double *sorted, size_t n, double x, double r)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (sorted[mid] < x && !(x - sorted[mid] < r))
            lo = mid + 1;
        else
            hi = mid;
    }
    const size_t begin = lo;
    hi = n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (sorted[mid] > x && !(sorted[mid] - x < r))
            hi = mid;
        else
            lo = mid + 1;
    }
    return (range){ begin, lo };
}

/* --- continuous columns ------------------------------------------------------------------- */

static double of_continuous(const job *j, desk *d)
{
    const size_t n = j->columns->n;
    const size_t k = n > FDML_MUTUAL_NEIGHBOURS ? FDML_MUTUAL_NEIGHBOURS : n - 1;
    scale(d->x, j->x_noise, n);
    for (size_t i = 0; i < n; i++) d->plane.point[i] = (fdml_point){ { d->x[i], j->y[i] } };
    sort_values(d->x, d->key, d->more, n);
    fdml_plane_build(&d->plane);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double *at = d->plane.point[i].at;
        const double r = fdml_plane_distance(&d->plane, i, k);
        const range x = near_ones(d->x, n, at[0], r), y = near_ones(j->sorted, n, at[1], r);
        sum += j->psi[x.end - x.begin] + j->psi[y.end - y.begin];
    }
    return j->psi[n] + j->psi[k] - sum / (double)n;
}

/* --- discrete columns --------------------------------------------------------------------- */

/* Distance from sorted[key[i]] to its k-th nearest in the run of keys first .. last - 1. */
static double run_distance(const double *sorted, const uint64_t *key, range run, size_t i,
                           size_t k)
{
    const double y = sorted[(uint32_t)key[i]];
    size_t below = i, above = i + 1;
    double r = 0;
    while (k--) {
        const double down = below > run.begin ? y - sorted[(uint32_t)key[below - 1]] : INFINITY;
        const double up = above < run.end ? sorted[(uint32_t)key[above]] - y : INFINITY;
        r = down <= up ? down : up;
        if (down <= up)
            below--;
        else
            above++;
    }
    return r;
}

/* The keys of rows that share the value of key[first]. */
static range run_of(const uint64_t *key, size_t n, size_t first)
{
    size_t end = first + 1;
    while (end < n && key[end] >> 32 == key[first] >> 32) end++;
    return (range){ first, end };
}

/* Sum over a run's rows of psi of: neighbours, less rows of the value, less rows as near. */
static double sum_run(const job *j, const desk *d, range run)
{
    const size_t count = run.end - run.begin;
    const size_t k = count > FDML_MUTUAL_NEIGHBOURS ? FDML_MUTUAL_NEIGHBOURS : count - 1;
    double sum = 0;
    for (size_t i = run.begin; i < run.end; i++) {
        const double r = run_distance(j->sorted, d->key, run, i, k);
        const range all =
            near_ones(j->sorted, j->columns->n, j->sorted[(uint32_t)d->key[i]], r);
        sum += j->psi[d->before[all.end] - d->before[all.begin]];
    }
    return (double)count * (j->psi[k] - j->psi[count]) - sum;
}

/* Keys are the value above, the row's place in the order of y below. Rows that are alone with
 * their value count for nothing. */
static double of_discrete(const job *j, desk *d)
{
    const size_t n = j->columns->n;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t value = isnan(d->x[i]) ? UINT32_MAX : fdml_key_of_float((float)d->x[i]);
        d->key[i] = value << 32 | j->place[i];
    }
    fdml_sort_keys(d->key, d->more, n);
    memset(d->before, 0, (n + 1) * sizeof *d->before);
    for (range run = { 0, 0 }; run.end < n;) {
        run = run_of(d->key, n, run.end);
        for (size_t i = run.begin; run.end - run.begin > 1 && i < run.end; i++)
            d->before[(uint32_t)d->key[i] + 1] = 1;
    }
    for (size_t i = 0; i < n; i++) d->before[i + 1] += d->before[i];
    for (range run = { 0, 0 }; run.end < n;) {
        run = run_of(d->key, n, run.end);
        if (run.end - run.begin > 1) sum += sum_run(j, d, run);
    }
    const size_t n_used = d->before[n];
    return n_used ? j->psi[n_used] + sum / (double)n_used : 0;
}

/* --- the whole -------------------------------------------------------------------------- */

static void measure_column(void *ctx, size_t column, int thread)
{
    const job *j = ctx;
    const fdml_mutual_columns *c = j->columns;
    desk *d = &j->desks[thread];
    for (size_t i = 0; i < c->n; i++) d->x[i] = (double)c->x[i * c->dim + column];
    const double found = c->is_discrete[column] ? of_discrete(j, d) : of_continuous(j, d);
    j->information[column] = found > 0 ? found : 0;
}

static bool make_desk(desk *d, size_t n, fdml_arena *arena)
{
    d->plane.n = n;
    d->plane.point = fdml_arena_push(arena, n, sizeof *d->plane.point);
    d->plane.box = fdml_arena_push(arena, fdml_plane_cells(n), 4 * sizeof *d->plane.box);
    d->x = fdml_arena_push(arena, n, sizeof *d->x);
    d->key = fdml_arena_push(arena, n, sizeof *d->key);
    d->more = fdml_arena_push(arena, n, sizeof *d->more);
    d->before = fdml_arena_push(arena, n + 1, sizeof *d->before);
    return d->plane.point && d->plane.box && d->x && d->key && d->more && d->before;
}

static bool make_job(job *j, int n_threads, fdml_arena *arena)
{
    const size_t n = j->columns->n;
    j->psi = fdml_arena_push(arena, n + 1, sizeof *j->psi);
    j->x_noise = fdml_arena_push(arena, n, sizeof *j->x_noise);
    j->y = fdml_arena_push(arena, n, sizeof *j->y);
    j->sorted = fdml_arena_push(arena, n, sizeof *j->sorted);
    j->row = fdml_arena_push(arena, n, sizeof *j->row);
    j->place = fdml_arena_push(arena, n, sizeof *j->place);
    j->desks = fdml_arena_push(arena, (size_t)n_threads, sizeof *j->desks);
    if (!j->psi || !j->x_noise || !j->y || !j->sorted || !j->row || !j->place || !j->desks)
        return false;
    for (int t = 0; t < n_threads; t++)
        if (!make_desk(&j->desks[t], n, arena)) return false;
    return true;
}

static fdml_status prepare(job *j, const double *y, fdml_arena *scratch, fdml_error *err)
{
    const size_t n = j->columns->n;
    j->psi[0] = NAN; /* a row is near itself: never asked */
    j->psi[1] = 0;
    for (size_t m = 1; m < n; m++) j->psi[m + 1] = j->psi[m] + 1 / (double)m;
    memcpy(j->y, y, n * sizeof *y);
    draw_noise(j->sorted, STREAM_Y, n);
    scale(j->y, j->sorted, n);
    draw_noise(j->x_noise, STREAM_X, n);
    FDML_TRY(fdml_order_scores(j->row, j->y, n, scratch, err));
    for (size_t i = 0; i < n; i++) {
        j->sorted[i] = j->y[j->row[i]];
        j->place[j->row[i]] = (uint32_t)i;
    }
    return FDML_OK;
}

double fdml_mutual_memory(size_t n, int n_threads)
{
    const double rows = (double)n;
    const double of_desk = fdml_arena_room(rows, sizeof(fdml_point)) +
                           fdml_arena_room((double)fdml_plane_cells(n), 4 * sizeof(double)) +
                           3 * fdml_arena_room(rows, sizeof(double)) +
                           fdml_arena_room(rows + 1, sizeof(uint32_t));
    if (n_threads < 1) n_threads = 1;
    return 4 * fdml_arena_room(rows + 1, sizeof(double)) +
           2 * fdml_arena_room(rows, sizeof(uint32_t)) +
           fdml_arena_room(n_threads, sizeof(desk)) + n_threads * of_desk +
           fdml_order_scores_memory(n);
}

fdml_status fdml_mutual_information(double *information, const fdml_mutual_columns *columns,
                                    const double *y, int n_threads, fdml_arena *scratch,
                                    fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    job j = { .columns = columns, .information = information };
    if (n_threads < 1) n_threads = 1;
    if (columns->n < 2) {
        memset(information, 0, columns->dim * sizeof *information);
        return FDML_OK;
    }
    if (!make_job(&j, n_threads, scratch))
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the mutual information of %zu rows",
                         columns->n);
    FDML_TRY(prepare(&j, y, scratch, err));
    fdml_parallel(columns->dim, n_threads, measure_column, &j);
    fdml_arena_reset(scratch, mark);
    return FDML_OK;
}

void fdml_mutual_largest(uint32_t *column, size_t k, const double *information, size_t dim)
{
    for (size_t c = 0; c < dim; c++) {
        size_t n_before = 0;
        for (size_t i = 0; i < dim; i++)
            n_before +=
                information[i] > information[c] || (information[i] == information[c] && i < c);
        if (n_before < k) *column++ = (uint32_t)c;
    }
}
