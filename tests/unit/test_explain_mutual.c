/* test_explain_mutual.c - mutual information against scikit-learn and closed forms, and the
 * tree of neighbours against looking at all of them.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/rng.h"
#include "explain/mutual.h"
#include "explain/plane.h"
#include "mutual_case.h"

enum { N = MUTUAL_ROWS, D = MUTUAL_DIM };

static fdml_error err;
static fdml_arena arena;
static float x[N * D];
static double y[N];
static const uint8_t is_discrete[D] = { 0, 0, 0, 0, 0, 1, 1, 1 };
static const fdml_mutual_columns columns = { x, is_discrete, N, D };

/* As make_mutual_case.py makes them. */
static void make_rows(bool with_ties)
{
    uint32_t state = 4711;
    for (size_t i = 0; i < N; i++) {
        double u[D];
        float *row = x + i * D;
        for (size_t j = 0; j < D; j++) {
            state = state * 1664525u + 1013904223u;
            u[j] = (double)(state >> 8) / 16777216;
            row[j] = (float)u[j];
        }
        row[1] = (float)(100 * u[0] * u[0] + u[1]);
        if (u[7] < .1) row[2] = NAN;
        if (u[3] < .8) row[3] = 0;
        row[4] = 7;
        row[5] = (float)floor(4 * u[5]);
        row[6] = (float)floor(3 * u[6]);
        row[7] = i % 100 < 3 ? (float)(i % 300) - 150 : 0;
        if (i == 5) row[7] = 9;
        y[i] = u[0] + .5 * u[3] * u[3] + .25 * (double)row[5] + .125 * u[4];
        if (with_ties) y[i] = floor(4 * y[i]);
    }
}

static void measure(double *information, const fdml_mutual_columns *c, int n_threads)
{
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_mutual_information(information, c, y, n_threads, &arena, &err), FDML_OK);
    cr_assert_eq(arena.used, 0);
    const double peak = (double)arena.peak, bound = fdml_mutual_memory(c->n, n_threads);
    cr_expect(peak <= bound && (c->n < 2 || peak > .9 * bound), "%g of %g", peak, bound);
    fdml_arena_close(&arena);
}

/* Within four of its own standard deviations where it splits ties by lot. */
Test(explain_mutual, as_scikit_learn)
{
    double information[D];
    for (int with_ties = 0; with_ties < 2; with_ties++) {
        make_rows(with_ties);
        measure(information, &columns, 2);
        for (size_t c = 0; c < D; c++) {
            const mutual_case *want = &mutual_cases[with_ties][c];
            cr_expect_float_eq(information[c], want->mean, 4 * want->deviation + 1e-9,
                               "%d %zu: %.12g, scikit-learn %.12g +- %g", with_ties, c,
                               information[c], want->mean, want->deviation);
        }
    }
}

/* Normal with correlation r: -log(1 - r^2) / 2. The answer's sign as a value: log 2. */
Test(explain_mutual, closed_forms)
{
    enum { MANY = 4000 };
    static float many[MANY * 4];
    static double answer[MANY];
    static const uint8_t kind[4] = { 0, 0, 1, 1 };
    static const fdml_mutual_columns c = { many, kind, MANY, 4 };
    double information[4];
    fdml_rng rng;
    fdml_rng_init(&rng, 3, 1, 0);
    for (size_t i = 0; i < MANY; i++) {
        answer[i] = fdml_rng_normal(&rng);
        many[i * 4] = (float)(.8 * answer[i] + .6 * fdml_rng_normal(&rng));
        many[i * 4 + 1] = (float)fdml_rng_normal(&rng);
        many[i * 4 + 2] = answer[i] > 0 ? 1 : -1;
        many[i * 4 + 3] = (float)(i % 3);
    }
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_mutual_information(information, &c, answer, 2, &arena, &err), FDML_OK);
    cr_expect_float_eq(information[0], -fdml_log(.36) / 2, .03, "%g", information[0]);
    cr_expect_float_eq(information[1], 0, .03, "%g", information[1]);
    cr_expect_float_eq(information[2], fdml_log(2), .01, "%g", information[2]);
    cr_expect_float_eq(information[3], 0, .02, "%g", information[3]);
    fdml_arena_close(&arena);
}

/* Nor does it matter which other columns there are. */
Test(explain_mutual, same_bits_anywhere)
{
    double one[D], other[D], pair[2];
    float two[N * 2];
    static const uint8_t kind[2] = { 0, 1 };
    make_rows(true);
    measure(one, &columns, 1);
    measure(other, &columns, 3);
    cr_assert_arr_eq(one, other, sizeof one);
    for (size_t i = 0; i < N; i++) two[2 * i] = x[i * D + 3], two[2 * i + 1] = x[i * D + 5];
    const fdml_mutual_columns alone = { two, kind, N, 2 };
    measure(pair, &alone, 2);
    cr_assert(pair[0] == one[3] && pair[1] == one[5]);
}

Test(explain_mutual, few_rows_and_no_memory)
{
    double information[D];
    make_rows(false);
    for (size_t n = 0; n < 6; n++) {
        const fdml_mutual_columns few = { x, is_discrete, n, D };
        measure(information, &few, 1);
        for (size_t c = 0; c < D; c++) cr_assert_geq(information[c], 0);
    }
    for (size_t limit = 64; limit < 200000; limit += 3999) {
        fdml_arena_init(&arena, limit);
        const fdml_status status =
            fdml_mutual_information(information, &columns, y, 2, &arena, &err);
        cr_assert(status == FDML_E_NOMEM || !status);
        cr_assert_leq(arena.peak, limit);
        fdml_arena_close(&arena);
    }
}

Test(explain_mutual, largest)
{
    const double information[] = { .1, .5, .2, .5, 0, .2 };
    uint32_t column[6];
    fdml_mutual_largest(column, 3, information, 6);
    cr_assert(column[0] == 1 && column[1] == 2 && column[2] == 3);
    fdml_mutual_largest(column, 6, information, 6);
    for (uint32_t i = 0; i < 6; i++) cr_assert_eq(column[i], i);
    fdml_mutual_largest(column, 0, information, 6);
}

/* --- neighbours --------------------------------------------------------------------------- */

static double by_looking(const fdml_plane *plane, size_t i, size_t k)
{
    double nearest[FDML_PLANE_NEAREST + 1];
    size_t n = 0;
    for (size_t j = 0; j < plane->n; j++) {
        const double *a = plane->point[i].at, *b = plane->point[j].at;
        const double far = fmax(fabs(a[0] - b[0]), fabs(a[1] - b[1]));
        size_t at = n < k ? n++ : k;
        if (j == i) {
            if (at < k) n--;
            continue;
        }
        if (at == k && !(far < nearest[--at])) continue;
        for (; at > 0 && nearest[at - 1] > far; at--) nearest[at] = nearest[at - 1];
        nearest[at] = far;
    }
    return nearest[k - 1];
}

/* Spread out, on a grid with ties, and in clusters of a width of 1e-10. */
Test(explain_plane, distances_are_exact)
{
    enum { MOST = 700 };
    static fdml_point point[MOST];
    static double box[4 * 255];
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 1, 1);
    for (int kind = 0; kind < 3; kind++)
        for (size_t n = 2; n <= MOST; n += n < 40 ? 1 : 110) {
            fdml_plane plane = { point, box, n };
            cr_assert_leq(fdml_plane_cells(n), 255);
            for (size_t i = 0; i < n; i++)
                for (size_t d = 0; d < 2; d++) {
                    const double u = fdml_rng_double(&rng);
                    const double near = floor(3 * u) + 1e-10 * fdml_rng_double(&rng);
                    point[i].at[d] = kind == 0 ? u : kind == 1 ? floor(9 * u) : near;
                }
            fdml_plane_build(&plane);
            for (size_t k = 1; k <= FDML_PLANE_NEAREST && k < n; k += 2)
                for (size_t i = 0; i < n; i++)
                    cr_assert_eq(fdml_plane_distance(&plane, i, k), by_looking(&plane, i, k),
                                 "%d: %zu of %zu, %zu", kind, i, n, k);
        }
}
