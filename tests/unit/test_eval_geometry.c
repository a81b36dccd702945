/* test_eval_geometry.c - closed forms and influences against pair loops and differences.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "eval/geometry.h"
#include "eval_world.h"

enum { N = 200, DIM = 8, CLASSES = 20 };

static eval_world w;
static double *rows;
static uint32_t order[N], begin[CLASSES + 1];
static fdml_runs runs;

/* Rows class by class: the whole set as one group. */
static void make(fdml_distance distance, double spread)
{
    eval_world_make(&w, N, DIM, CLASSES, 2, spread, 3);
    w.problem.distance = distance;
    rows = eval_rows(&w);
    size_t at = 0;
    for (uint32_t c = 0; c < CLASSES; c++) {
        begin[c] = (uint32_t)at;
        for (uint32_t i = 0; i < N; i++)
            if (w.label[i] == c) order[at++] = i;
    }
    begin[CLASSES] = N;
    runs = (fdml_runs){ order, N, begin, CLASSES };
}

static void check_pair_sums(fdml_distance distance, double spread)
{
    double same[N], other[N];
    make(distance, spread);
    cr_assert_eq(fdml_pair_sums(same, other, &runs, &w.problem, &w.machine, &w.arena, NULL),
                 FDML_OK);
    for (size_t k = 0; k < N; k++) {
        double want_same = 0, want_other = 0;
        for (size_t j = 0; j < N; j++) {
            if (j == order[k]) continue;
            const double d2 = eval_squared(rows, DIM, order[k], j);
            if (w.label[j] == w.label[order[k]])
                want_same += d2;
            else
                want_other += d2;
        }
        /* A class mean is off by some ten eps of the rows' size, 4, so that a difference to it
         * is off by that much of the spread; other is a difference of sums. */
        const double bound = 16 * DBL_EPSILON * (N + 10 * 4 / spread);
        cr_expect_float_eq(same[k], want_same, bound * want_same);
        cr_expect_float_eq(other[k], want_other, 16 * N * DBL_EPSILON * want_other);
    }
    eval_world_close(&w);
}

Test(eval_geometry, pair_sums_are_those_of_the_pairs)
{
    check_pair_sums(FDML_COSINE, 0.5);
    check_pair_sums(FDML_L2, 3);
    check_pair_sums(FDML_IP, 1);
}

Test(eval_geometry, pair_sums_of_tight_classes_keep_their_digits)
{
    check_pair_sums(FDML_L2, 1e-6); /* within/between: 1e-12 */
}

Test(eval_geometry, distances_of_power_one)
{
    fdml_groupings groupings;
    double sum[2 * N];
    make(FDML_COSINE, 0.5);
    w.problem.n_attributes = 1;
    cr_assert_eq(fdml_groupings_make(&groupings, &w.problem, false, &w.arena, &w.arena, NULL),
                 FDML_OK);
    cr_assert_eq(fdml_intra_sums(sum, FDML_INTRA_DISTANCE, &groupings, &w.problem, &w.machine,
                                 &w.arena, NULL),
                 FDML_OK);
    for (size_t i = 0; i < N; i++) {
        double want = 0, slack = 0;
        for (size_t j = 0; j < N; j++) {
            if (j == i || w.label[i] != w.label[j]) continue;
            const double d = sqrt(eval_squared(rows, DIM, i, j));
            want += d;
            /* d^2 = 2 - 2 s with s in float: dim + 2 roundings of 2^-24 each on both rows. */
            slack += 2 * (2 * DIM + 4) * 0x1p-24 / (2 * d);
        }
        cr_expect_float_eq(sum[i], want, slack);
        cr_expect_float_eq(sum[N + i], want, slack, "classes lie within groups");
    }
    eval_world_close(&w);
}

/* Of classes larger than a chunk, in groups that mix them. */
Test(eval_geometry, potentials_within_classes)
{
    enum { ROWS = 700 };
    fdml_groupings groupings;
    static double sum[2 * ROWS];
    eval_world_make(&w, ROWS, 3, 2, 2, 0.5, 11);
    w.problem.attributes = &w.attribute[1];
    const fdml_distance distance[] = { FDML_COSINE, FDML_L2, FDML_IP };
    for (size_t k = 0; k < 3; k++) {
        w.problem.distance = distance[k];
        const double *x = eval_rows(&w);
        cr_assert_eq(
            fdml_groupings_make(&groupings, &w.problem, false, &w.arena, &w.arena, NULL),
            FDML_OK);
        cr_assert_eq(fdml_intra_sums(sum, FDML_INTRA_POTENTIAL, &groupings, &w.problem,
                                     &w.machine, &w.arena, NULL),
                     FDML_OK);
        for (size_t i = 0; i < ROWS; i++) {
            double want[2] = { 0 };
            for (size_t j = 0; j < ROWS; j++) {
                if (j == i || w.label[i] != w.label[j]) continue;
                const double value = exp(-2 * eval_squared(x, 3, i, j));
                want[0] += value;
                if (w.code[1][i] == w.code[1][j]) want[1] += value;
            }
            cr_expect_float_eq(sum[i], want[0], 1e-5 * want[0] + 1e-6);
            cr_expect_float_eq(sum[ROWS + i], want[1], 1e-5 * want[1] + 1e-6);
        }
    }
    eval_world_close(&w);
}

/* --- spectrum ------------------------------------------------------------------------- */

/* Eigenvalues by Jacobi rotations, a method the library does not use. */
static void jacobi(double *value, double a[DIM][DIM])
{
    for (int sweep = 0; sweep < 60; sweep++) {
        for (size_t p = 0; p < DIM; p++) {
            for (size_t q = p + 1; q < DIM; q++) {
                if (fabs(a[p][q]) < 1e-300) continue;
                const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
                const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
                const double c = 1 / sqrt(t * t + 1), s = t * c;
                for (size_t k = 0; k < DIM; k++) {
                    const double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                }
                for (size_t k = 0; k < DIM; k++) {
                    const double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                }
            }
        }
    }
    for (size_t k = 0; k < DIM; k++) value[k] = a[k][k];
}

static double divergence(const double *weight, size_t n_dropped)
{
    double gram[DIM][DIM] = { { 0 } }, value[DIM], sum = 0, logs = 0;
    for (size_t k = 0; k < N; k++)
        for (size_t a = 0; a < DIM; a++)
            for (size_t b = 0; b < DIM; b++)
                gram[a][b] += weight[k] * rows[order[k] * DIM + a] * rows[order[k] * DIM + b];
    jacobi(value, gram);
    size_t least = 0;
    for (size_t k = 0; k < DIM; k++)
        if (value[k] < value[least]) least = k;
    for (size_t k = 0; k < DIM; k++)
        if (!(n_dropped && k == least)) sum += sqrt(value[k]);
    for (size_t k = 0; k < DIM; k++)
        if (!(n_dropped && k == least)) logs += log(sqrt(value[k]) / sum);
    const double n = (double)(DIM - n_dropped);
    return -log(n) - logs / n;
}

Test(eval_geometry, spectrum_and_its_influence)
{
    make(FDML_COSINE, 0.5);
    for (size_t n_dropped = 0; n_dropped < 2; n_dropped++) {
        double weight[N], influence[N], total = 0;
        fdml_spectrum spectrum;
        for (size_t k = 0; k < N; k++) weight[k] = 1;
        cr_assert_eq(fdml_spectrum_of(&spectrum, influence, &runs, n_dropped, &w.problem,
                                      &w.machine, &w.arena, NULL),
                     FDML_OK);
        cr_expect_float_eq(spectrum.divergence, divergence(weight, n_dropped), 1e-12);
        cr_expect_eq(spectrum.rank, DIM);
        for (size_t k = 0; k < N; k++) total += influence[k];
        cr_expect_float_eq(total, 0, 1e-12);
        for (size_t k = 0; k < N; k += 17) {
            /* Central difference with h = 1e-4: error h^2 third derivative + 1e-16 / h. */
            weight[k] = 1 + 1e-4;
            const double up = divergence(weight, n_dropped);
            weight[k] = 1 - 1e-4;
            const double down = divergence(weight, n_dropped);
            weight[k] = 1;
            cr_expect_float_eq(influence[k], (up - down) / 2e-4, 1e-9);
        }
    }
    eval_world_close(&w);
}

Test(eval_geometry, rows_in_a_plane_have_no_divergence)
{
    fdml_spectrum spectrum;
    make(FDML_L2, 0.5);
    for (size_t i = 0; i < N; i++)
        for (size_t d = 2; d < DIM; d++) w.x[i * DIM + d] = w.x[i * DIM];
    cr_assert_eq(
        fdml_spectrum_of(&spectrum, NULL, &runs, 0, &w.problem, &w.machine, &w.arena, NULL),
        FDML_OK);
    cr_expect(isnan(spectrum.divergence));
    cr_expect_eq(spectrum.rank, 2);
    eval_world_close(&w);
}

/* --- class ratio ---------------------------------------------------------------------- */

/* A and B of weighted rows: pair weights w_i w_j within a class, centres of weighted rows. */
static void parts(double *a, double *b, const double *weight)
{
    static double centre[CLASSES][DIM];
    memset(centre, 0, sizeof centre);
    *a = *b = 0;
    for (size_t c = 0; c < CLASSES; c++) {
        double above = 0, below = 0, length = 0;
        for (size_t i = begin[c]; i < begin[c + 1]; i++) {
            for (size_t j = begin[c]; j < begin[c + 1]; j++) {
                double dot = 0;
                for (size_t d = 0; d < DIM; d++)
                    dot += rows[order[i] * DIM + d] * rows[order[j] * DIM + d];
                if (i != j) above += weight[i] * weight[j] * (1 - dot);
                if (i != j) below += weight[i] * weight[j];
            }
            for (size_t d = 0; d < DIM; d++)
                centre[c][d] += weight[i] * rows[order[i] * DIM + d];
        }
        *a += above / below / CLASSES;
        for (size_t d = 0; d < DIM; d++) length += centre[c][d] * centre[c][d];
        for (size_t d = 0; d < DIM; d++) centre[c][d] /= sqrt(length);
    }
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t e = 0; e < CLASSES; e++) {
            double dot = 0;
            for (size_t d = 0; d < DIM; d++) dot += centre[c][d] * centre[e][d];
            if (c != e) *b += (1 - dot) / (CLASSES * (CLASSES - 1));
        }
}

Test(eval_geometry, class_ratio_and_its_derivatives)
{
    double within[CLASSES], centre[CLASSES], row_within[N], row_centre[N], weight[N], a, b;
    make(FDML_COSINE, 0.5);
    fdml_class_ratio ratio = {
        .within = within, .centre = centre, .row_within = row_within, .row_centre = row_centre
    };
    cr_assert_eq(fdml_class_ratio_of(&ratio, &runs, &w.problem, &w.machine, &w.arena, NULL),
                 FDML_OK);
    for (size_t k = 0; k < N; k++) weight[k] = 1;
    parts(&a, &b, weight);
    cr_expect_float_eq(ratio.within_mean, a, 1e-13);
    cr_expect_float_eq(ratio.centre_mean, b, 1e-13);
    cr_expect_eq(ratio.n_within, CLASSES);
    for (size_t k = 0; k < N; k += 13) {
        double a_up, b_up, a_down, b_down;
        weight[k] = 1 + 1e-4;
        parts(&a_up, &b_up, weight);
        weight[k] = 1 - 1e-4;
        parts(&a_down, &b_down, weight);
        weight[k] = 1;
        cr_expect_float_eq(row_within[k], (a_up - a_down) / 2e-4, 1e-9);
        cr_expect_float_eq(row_centre[k], (b_up - b_down) / 2e-4, 1e-9);
    }
    eval_world_close(&w);
}

Test(eval_geometry, class_ratio_of_single_rows_and_single_classes)
{
    double within[CLASSES], centre[CLASSES];
    make(FDML_COSINE, 0.5);
    fdml_class_ratio ratio = { .within = within, .centre = centre };
    uint32_t singles[CLASSES + 1];
    for (uint32_t c = 0; c <= CLASSES; c++) singles[c] = c;
    const fdml_runs lone = { order, CLASSES, singles, CLASSES };
    cr_assert_eq(fdml_class_ratio_of(&ratio, &lone, &w.problem, &w.machine, &w.arena, NULL),
                 FDML_OK);
    cr_expect(isnan(ratio.within_mean));
    const fdml_runs one = { order, begin[1], begin, 1 };
    cr_assert_eq(fdml_class_ratio_of(&ratio, &one, &w.problem, &w.machine, &w.arena, NULL),
                 FDML_OK);
    cr_expect(isnan(ratio.centre_mean));
    cr_expect_eq(ratio.n_within, 1);
    eval_world_close(&w);
}
