/* test_eval_agreement.c - contingency tables against scikit-learn's published cases and against
 * the definition, term by term.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "eval/contingency.h"

enum { MOST = 2000 };

typedef struct measured {
    fdml_agreement sums;
    double expected;
} measured;

/* Any labels below 64; rows are put into class order here. */
static measured measure(const uint32_t *label, const uint32_t *cluster, size_t n)
{
    static uint32_t row[MOST], a[64], b[64];
    fdml_arena arena;
    fdml_contingency table;
    measured m;
    size_t at = 0;
    fdml_arena_init(&arena, 0);
    for (uint32_t c = 0; c < 64; c++) {
        a[c] = b[c] = 0;
        for (size_t i = 0; i < n; i++)
            if (label[i] == c) row[at++] = (uint32_t)i;
    }
    cr_assert_eq(at, n);
    for (size_t i = 0; i < n; i++) a[label[i]]++, b[cluster[i]]++;
    const fdml_contingency_rows rows = { row, n, label, cluster, NULL, 64 };
    cr_assert_eq(fdml_contingency_make(&table, &rows, &arena, NULL), FDML_OK);
    void *scratch = fdml_arena_push(&arena, fdml_contingency_scratch(&table, 1), 1);
    fdml_contingency_sums(&m.sums, NULL, &table, NULL, 1, scratch);
    m.expected = fdml_expected_mi(a, 64, b, 64);
    fdml_arena_close(&arena);
    return m;
}

/* sklearn/metrics/cluster/tests/test_supervised.py::test_adjusted_mutual_info_score */
static const uint32_t seventeen[2][17] = {
    { 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3 },
    { 1, 1, 1, 1, 2, 1, 2, 2, 2, 2, 3, 1, 3, 3, 3, 2, 2 }
};

Test(eval_agreement, sklearn_seventeen_points)
{
    const measured m = measure(seventeen[0], seventeen[1], 17);
    cr_expect_float_eq(fdml_agreement_information(&m.sums), 0.41022, 5e-6);
    cr_expect_float_eq(m.expected, 0.15042, 5e-6);
    cr_expect_float_eq(fdml_ami(&m.sums, m.expected), 0.27820964657269803, 1e-13);
    cr_expect_float_eq(fdml_nmi(&m.sums, FDML_ARITHMETIC), 0.37834992787204086, 1e-13);
    cr_expect_float_eq(fdml_nmi(&m.sums, FDML_GEOMETRIC), 0.3783688635905904, 1e-13);
    cr_expect_float_eq(fdml_nmi(&m.sums, FDML_MIN), 0.38217335812507575, 1e-13);
    cr_expect_float_eq(fdml_nmi(&m.sums, FDML_MAX), 0.3746022423885999, 1e-13);
    cr_expect_float_eq(fdml_ari(&m.sums), 0.2669404517453799, 1e-13);
    cr_expect_float_eq(fdml_fmi(&m.sums), 0.48795003647426666, 1e-13);
}

Test(eval_agreement, sklearn_seventeen_points_many_times)
{
    static uint32_t label[1870], cluster[1870];
    for (size_t i = 0; i < 1870; i++)
        label[i] = seventeen[0][i / 110], cluster[i] = seventeen[1][i / 110];
    const measured m = measure(label, cluster, 1870);
    cr_expect_float_eq(fdml_ami(&m.sums, m.expected), 0.3777351644367515, 1e-12);
}

/* sklearn test_not_complete_and_not_homogeneous */
Test(eval_agreement, sklearn_neither_homogeneous_nor_complete)
{
    const uint32_t label[] = { 0, 0, 0, 1, 1, 1 }, cluster[] = { 0, 1, 0, 1, 2, 2 };
    const measured m = measure(label, cluster, 6);
    cr_expect_float_eq(fdml_homogeneity(&m.sums), 0.67, 5e-3);
    cr_expect_float_eq(fdml_completeness(&m.sums), 0.42, 5e-3);
    cr_expect_float_eq(fdml_v_measure(&m.sums), 0.5158037429793888, 1e-13);
    cr_expect_float_eq(fdml_ari(&m.sums), 0.24242424242424243, 1e-13);
    cr_expect_float_eq(fdml_ami(&m.sums, m.expected), 0.2987924581708899, 1e-13);
    /* Pairs together: TP 2 of 6 in classes and 3 in clusters. */
    cr_expect_float_eq(fdml_pair_f1(&m.sums), 2 * 2.0 / (6 + 3), 1e-15);
}

static void expect_all_one(const uint32_t *label, const uint32_t *cluster, size_t n)
{
    const measured m = measure(label, cluster, n);
    cr_expect_eq(fdml_nmi(&m.sums, FDML_ARITHMETIC), 1);
    cr_expect_eq(fdml_ami(&m.sums, m.expected), 1);
    cr_expect_eq(fdml_ari(&m.sums), 1);
    cr_expect_eq(fdml_pair_f1(&m.sums), 1);
}

Test(eval_agreement, degenerate_tables)
{
    const uint32_t renamed[2][3] = { { 0, 1, 0 }, { 42, 7, 42 } };
    const uint32_t distinct[2][3] = { { 0, 1, 2 }, { 42, 7, 2 } };
    const uint32_t one[2][1] = { { 0 }, { 1 } };
    expect_all_one(renamed[0], renamed[1], 3);
    expect_all_one(distinct[0], distinct[1], 3);
    expect_all_one(one[0], one[1], 1);
    expect_all_one(one[0], one[1], 0);
    /* sklearn test_exactly_zero_info_score */
    const uint32_t same[10] = { 0 }, split[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    const measured m = measure(same, split, 10);
    cr_expect_eq(fdml_nmi(&m.sums, FDML_ARITHMETIC), 0);
    cr_expect_eq(fdml_ami(&m.sums, m.expected), 0);
    cr_expect_eq(fdml_ari(&m.sums), 0);
    cr_expect_eq(fdml_fmi(&m.sums), 0);
    cr_expect_eq(fdml_homogeneity(&m.sums), 1);
    cr_expect_eq(fdml_completeness(&m.sums), 0);
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Vinh et al.'s triple sum, with the C library's lgamma and log. */
static double expected_by_definition(const uint32_t *a, size_t n_a, const uint32_t *b,
                                     size_t n_b)
{
    double big_n = 0, sum = 0;
    for (size_t i = 0; i < n_a; i++) big_n += a[i];
    for (size_t i = 0; i < n_a; i++) {
        for (size_t j = 0; j < n_b; j++) {
            for (double n = fmax(1, (double)a[i] + b[j] - big_n); n <= fmin(a[i], b[j]); n++) {
                const double log_p = log_choose(b[j], n) + log_choose(big_n - b[j], a[i] - n) -
                                     log_choose(big_n, a[i]);
                sum += exp(log_p) * n / big_n * log(big_n * n / ((double)a[i] * b[j]));
            }
        }
    }
    return sum;
}

Test(eval_agreement, expected_information_by_definition)
{
    uint32_t a[12], b[9];
    fdml_rng rng;
    fdml_rng_init(&rng, 3, 0, 0);
    for (int trial = 0; trial < 20; trial++) {
        uint32_t left = 400;
        for (int i = 0; i < 11; i++) left -= a[i] = fdml_rng_below(&rng, 40) * (i != 4);
        a[11] = left;
        left = 400;
        for (int i = 0; i < 8; i++) left -= b[i] = fdml_rng_below(&rng, 50);
        b[8] = left;
        uint32_t used_a[12], n_used = 0;
        for (int i = 0; i < 12; i++)
            if (a[i]) used_a[n_used++] = a[i];
        uint32_t used_b[9], n_used_b = 0;
        for (int i = 0; i < 9; i++)
            if (b[i]) used_b[n_used_b++] = b[i];
        const double want = expected_by_definition(used_a, n_used, used_b, n_used_b);
        /* lgamma of 400 has an error of some 1e-13, which exp turns into a relative one. */
        cr_expect_float_eq(fdml_expected_mi(a, 12, b, 9), want, 1e-11 * want);
    }
}

Test(eval_agreement, one_sweep_gives_every_groups_table)
{
    enum { N = 600 };
    static uint32_t label[N], cluster[N], unit[N], code[N], part[2][N];
    fdml_rng rng;
    fdml_arena arena;
    fdml_rng_init(&rng, 5, 0, 0);
    fdml_arena_init(&arena, 0);
    for (uint32_t i = 0; i < N; i++) {
        label[i] = i / 20;
        cluster[i] = fdml_rng_below(&rng, 3) ? label[i] : fdml_rng_below(&rng, 30);
        unit[i] = i;
        code[i] = fdml_rng_below(&rng, 3);
    }
    const fdml_contingency_rows rows = { NULL, N, label, cluster, unit, 30 };
    fdml_contingency table;
    fdml_agreement sums[3];
    fdml_margins margins;
    cr_assert_eq(fdml_contingency_make(&table, &rows, &arena, NULL), FDML_OK);
    void *scratch = fdml_arena_push(&arena, fdml_contingency_scratch(&table, 3), 1);
    fdml_contingency_sums(sums, &margins, &table, code, 3, scratch);
    for (uint32_t g = 0; g < 3; g++) {
        size_t n = 0;
        for (size_t i = 0; i < N; i++)
            if (code[i] == g) part[0][n] = label[i], part[1][n++] = cluster[i];
        const measured m = measure(part[0], part[1], n);
        cr_expect_eq(sums[g].n, m.sums.n);
        cr_expect_eq(sums[g].cell_pairs, m.sums.cell_pairs);
        cr_expect_eq(sums[g].n_cells, m.sums.n_cells);
        cr_expect_eq(fdml_nmi(&sums[g], FDML_ARITHMETIC), fdml_nmi(&m.sums, FDML_ARITHMETIC));
        const double expected = fdml_expected_mi(
            margins.label + g * table.n_labels, sums[g].n_labels, margins.cluster + g * 30, 30);
        cr_expect_float_eq(expected, m.expected, 1e-12);
    }
    fdml_arena_close(&arena);
}
