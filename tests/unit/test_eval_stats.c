/* test_eval_stats.c - resampling: exact small cases, known quantiles, coverage, uniform p.
 *
 * Tolerances of simulations are five standard errors of the simulated share; the seeds are
 * fixed, so a test that passes keeps passing.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/stats.h"

static void *zeroed(size_t size)
{
    void *p = calloc(size, 1);
    cr_assert_not_null(p);
    return p;
}

Test(eval_stats, quantiles_as_r_type_7)
{
    /* R: quantile(c(3,1,4,1,5,9,2,6), c(0,.1,.25,.5,.9,1)) = 1 1 1.75 3.5 6.9 9 */
    const double data[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
    const double q[] = { 0, .1, .25, .5, .9, 1 }, want[] = { 1, 1, 1.75, 3.5, 6.9, 9 };
    for (size_t i = 0; i < 6; i++) {
        double copy[8];
        memcpy(copy, data, sizeof copy);
        cr_expect_float_eq(fdml_quantile(copy, 8, q[i]), want[i], 1e-14);
    }
    double with_nan[] = { NAN, 2, NAN, 1, 3 };
    cr_expect_eq(fdml_quantile(with_nan, 5, 0.5), 2);
    double none[] = { NAN };
    cr_expect(isnan(fdml_quantile(none, 1, 0.5)));
}

/* Of ever more clusters the expanded interval is the percentile interval; of ten, 95% becomes
 * Phi(2.262157 sqrt(10 / 9)) = Phi(2.384521) = .991449 on each side (R: pnorm, qt). */
Test(eval_stats, bootstrap_interval)
{
    double lo, hi, value[999];
    for (int i = 0; i < 999; i++) value[i] = 999 - i; /* the k-th is k, at k / 1000 */
    fdml_bootstrap_interval(&lo, &hi, value, 999, 0.9, (fdml_freedom){ 1e9, 1 });
    cr_expect_float_eq(lo, 49.8429, 1e-4); /* SciPy: 1000 norm.sf(t.ppf(.95, 1000)) */
    cr_expect_float_eq(hi, 950.1571, 1e-4);
    const fdml_freedom ten = fdml_freedom_of(10);
    cr_expect_eq(ten.n_free, 9);
    cr_expect_float_eq(ten.inflation, 10.0 / 9, 1e-15);
    fdml_bootstrap_interval(&lo, &hi, value, 999, 0.95, ten);
    cr_expect_float_eq(lo, 1000 * (1 - 0.991449), 1e-3);
    cr_expect_float_eq(hi, 991.449, 1e-3);
    fdml_bootstrap_interval(&lo, &hi, value, 999, 0.95, fdml_freedom_of(2));
    cr_expect(lo == 1 && hi == 999);
    value[3] = NAN; /* one less, and still in order */
    fdml_bootstrap_interval(&lo, &hi, value, 999, 0.95, fdml_freedom_of(2));
    cr_expect(lo == 1 && hi == 999);
    fdml_bootstrap_interval(&lo, &hi, value, 999, 0.95, fdml_freedom_of(1));
    cr_expect(isnan(lo) && isnan(hi));
}

/* R: t.test(extra ~ group, data = sleep), Welch: df = 17.776, both groups of 10, variances
 * 3.200556 and 4.009000. Equal parts have the degrees of freedom of the pooled test. */
Test(eval_stats, freedom_of_two)
{
    const fdml_freedom sleep = fdml_freedom_of_two(3.200556, 10, 4.009, 10);
    cr_expect_float_eq(sleep.n_free, 17.776, 5e-4);
    cr_expect_float_eq(sleep.inflation, 10.0 / 9, 1e-12);
    cr_expect_float_eq(fdml_freedom_of_two(2, 8, 2, 8).n_free, 14, 1e-12);
    cr_expect_float_eq(fdml_freedom_of_two(2, 8, 0, 3).n_free, 7, 1e-12);
    cr_expect_eq(fdml_freedom_of_two(0, 8, 0, 3).n_free, 2);
}

/* Groups that draw together see one another's draws: with the features of a cluster in two
 * parts, the parts' sums add up to those of the whole. */
Test(eval_stats, groups_draw_together)
{
    enum { N = 300, B = 20 };
    double *features = zeroed(3 * N * 8 * sizeof *features), sums[3][B * 8];
    uint32_t place[2][N], n[2] = { 0 };
    double *part[] = { features + N * 8, features + 2 * N * 8 };
    for (uint32_t c = 0; c < N; c++) {
        features[c * 8] = c;
        for (uint32_t p = 0; p < 2; p++) {
            place[p][c] = c % 3 == p ? FDML_ABSENT : n[p];
            if (c % 3 == p) continue;
            part[p][n[p]++ * 8] = c % 3 == 2 ? c / 2.0 : c;
        }
    }
    fdml_bootstrap b = { features, NULL, N, 8, B, 5, 6 };
    fdml_bootstrap_sums(sums[0], &b, 1);
    for (uint32_t p = 0; p < 2; p++) {
        b.features = part[p];
        b.place = place[p];
        fdml_bootstrap_sums(sums[1 + p], &b, 1);
    }
    for (size_t i = 0; i < B; i++)
        cr_expect_eq(sums[0][i * 8], sums[1][i * 8] + sums[2][i * 8]);
    free(features);
}

Test(eval_stats, p_value_counts_itself_and_ties)
{
    const double null[] = { 0.1, 0.2, 0.3, NAN };
    cr_expect_float_eq(fdml_p_value(0.25, 0, null, 4), 2.0 / 4, 1e-15);
    cr_expect_float_eq(fdml_p_value(0.3, 0, null, 4), 2.0 / 4, 1e-15);
    cr_expect_float_eq(fdml_p_value(0.3 * (1 + 1e-14), 0, null, 4), 2.0 / 4, 1e-15);
    cr_expect_float_eq(fdml_p_value(0.31, 0, null, 4), 1.0 / 4, 1e-15);
    const double rounding[] = { 0, 0, 5.6e-17 }; /* differences of numbers near 1/3 */
    cr_expect_eq(fdml_p_value(1.1e-16, 1.0 / 3, rounding, 3), 1);
}

/* One gap that no more than three permutations reach, among others that chance explains,
 * passes; with one permutation less it would not. */
Test(eval_stats, permutations_for_many_tests)
{
    static const double levels[] = { 0.05, 0.01, 0.1 };
    for (size_t l = 0; l < 3; l++)
        for (size_t n_tests = 1; n_tests < 50; n_tests++) {
            double p[50], adjusted[50];
            uint32_t scratch[50];
            const size_t n = fdml_permutations_for(n_tests, levels[l]);
            for (size_t i = 0; i < n_tests; i++) p[i] = 1;
            p[0] = 4. / (double)(n + 1);
            fdml_holm(adjusted, p, n_tests, scratch);
            cr_expect_leq(adjusted[0], levels[l] * (1 + 1e-12), "%zu", n_tests);
            p[0] = 4. / (double)n;
            fdml_holm(adjusted, p, n_tests, scratch);
            cr_expect_gt(adjusted[0], levels[l], "%zu", n_tests);
        }
    cr_expect_eq(fdml_permutations_for(0, .05), 0u);
    cr_expect_eq(fdml_permutations_for(1000000, .05), (size_t)FDML_MOST_PERMUTATIONS);
}

Test(eval_stats, holm_worked_example)
{
    /* R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02 */
    const double p[] = { 0.01, NAN, 0.04, 0.03, 0.005 };
    const double want[] = { 0.03, NAN, 0.06, 0.06, 0.02 };
    double adjusted[5];
    uint32_t scratch[5];
    fdml_holm(adjusted, p, 5, scratch);
    for (size_t i = 0; i < 5; i++) {
        if (isnan(want[i]))
            cr_expect(isnan(adjusted[i]));
        else
            cr_expect_float_eq(adjusted[i], want[i], 1e-15);
    }
    const double large[] = { 0.9, 0.8 };
    fdml_holm(adjusted, large, 2, scratch);
    cr_expect_eq(adjusted[0], 1);
    cr_expect_eq(adjusted[1], 1);
}

Test(eval_stats, bootstrap_counts_are_multinomial)
{
    /* Feature c of cluster c is 1: sums are the counts. Mean 1, variance 1 - 1/n. 70,000
     * clusters use the one-draw-per-word branch. */
    static const size_t sizes[] = { 1, 2, 7, 8 };
    enum { B = 4000 };
    double *sums = zeroed(B * 8 * sizeof *sums), features[64] = { 0 };
    for (size_t s = 0; s < 4; s++) {
        const size_t n = sizes[s];
        memset(features, 0, sizeof features);
        for (size_t c = 0; c < n; c++) features[c * 8 + c] = 1;
        fdml_bootstrap_sums(sums, &(fdml_bootstrap){ features, NULL, n, 8, B, 5, s }, 2);
        double square = 0, product = 0;
        for (size_t b = 0; b < B; b++) {
            double total = 0;
            for (size_t c = 0; c < n; c++) total += sums[b * 8 + c];
            cr_expect_eq(total, (double)n);
            square += (sums[b * 8] - 1) * (sums[b * 8] - 1);
            if (n > 1) product += (sums[b * 8] - 1) * (sums[b * 8 + 1] - 1);
        }
        /* Var of a squared deviation of a binomial count is below 4. */
        cr_expect_float_eq(square / B, 1 - 1 / (double)n, 5 * 2 / sqrt(B));
        if (n > 1) cr_expect_float_eq(product / B, -1 / (double)n, 5 * 2 / sqrt(B));
    }
    free(sums);
}

Test(eval_stats, bootstrap_beyond_16_bits)
{
    enum { N = 70000, B = 20 };
    double *features = zeroed((size_t)N * 8 * sizeof *features), sums[B * 8];
    for (size_t c = 0; c < N; c++) features[c * 8] = (double)c, features[c * 8 + 1] = 1;
    fdml_bootstrap_sums(sums, &(fdml_bootstrap){ features, NULL, N, 8, B, 5, 0 }, 2);
    double mean = 0;
    for (size_t b = 0; b < B; b++) {
        cr_expect_eq(sums[b * 8 + 1], N);
        mean += sums[b * 8] / N / B;
    }
    /* Mean of N B uniform draws on 0..N-1: sd N / sqrt(12 N B). */
    cr_expect_float_eq(mean, (N - 1) / 2.0, 5 * N / sqrt(12.0 * N * B));
    free(features);
}

Test(eval_stats, bootstrap_does_not_depend_on_threads)
{
    enum { N = 300, B = 50 };
    double *features = zeroed(N * 16 * sizeof *features), one[B * 16], many[B * 16];
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 0, 0);
    for (size_t i = 0; i < N * 16; i++) features[i] = fdml_rng_normal(&rng);
    fdml_bootstrap_sums(one, &(fdml_bootstrap){ features, NULL, N, 16, B, 9, 1 }, 1);
    fdml_bootstrap_sums(many, &(fdml_bootstrap){ features, NULL, N, 16, B, 9, 1 }, 7);
    cr_expect_arr_eq(one, many, sizeof one);
    fdml_bootstrap_sums(many, &(fdml_bootstrap){ features, NULL, N, 16, B, 9, 2 }, 1);
    cr_expect_arr_neq(one, many, sizeof one);
    free(features);
}

/* With as many as are asked for, the plain percentile lies within the draws; with one less it
 * does not. */
Test(eval_stats, bootstrap_that_is_too_short)
{
    static const struct {
        double confidence;
        size_t needed;
    } c[] = { { .5, 3 }, { .9, 19 }, { .95, 39 }, { .99, 199 }, { .999999, 1999999 } };
    char text[256];
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        cr_expect(!fdml_bootstrap_is_short(text, sizeof text, c[i].needed, c[i].confidence),
                  "%g", c[i].confidence);
        cr_expect(fdml_bootstrap_is_short(text, sizeof text, c[i].needed - 1, c[i].confidence),
                  "%g", c[i].confidence);
    }
    cr_expect(!fdml_bootstrap_is_short(text, sizeof text, 0, .95));
    cr_assert(fdml_bootstrap_is_short(text, sizeof text, 1000, .999999));
    cr_expect_str_eq(text,
                     "the ends of a 99.9999% interval are the smallest and largest of 1000 "
                     "bootstrap replicates, which is too few to know them: it takes "
                     "1999999 at least (--bootstrap), or a lower --confidence");
}

Test(eval_stats, coverage_of_the_interval)
{
    /* 90% intervals of a mean of 60 exponential values. Skewness leaves a coverage error of
     * O(1/n), about two points; the rest is simulation. */
    enum { RUNS = 600, N = 60, B = 400 };
    double *sums = zeroed(B * 8 * sizeof *sums), features[N * 8], mean[B];
    size_t covered = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 77, 0, run);
        memset(features, 0, sizeof features);
        for (size_t i = 0; i < N; i++) features[i * 8] = -log(1 - fdml_rng_double(&rng));
        fdml_bootstrap_sums(sums, &(fdml_bootstrap){ features, NULL, N, 8, B, run, 3 }, 2);
        for (size_t b = 0; b < B; b++) mean[b] = sums[b * 8] / N;
        double lo, hi;
        fdml_bootstrap_interval(&lo, &hi, mean, B, 0.9, fdml_freedom_of(N));
        covered += lo <= 1 && 1 <= hi;
    }
    const double share = (double)covered / RUNS;
    cr_expect_float_eq(share, 0.9, 0.02 + 5 * sqrt(0.9 * 0.1 / RUNS), "coverage %g", share);
    free(sums);
}

/* A permutation of six units between groups of 3, 2 and 1. */
static fdml_permutation six(const double *features, const uint32_t *code, size_t n_replicates)
{
    return (fdml_permutation){ .features = features,
                               .code = code,
                               .n_units = 6,
                               .n_features = 8,
                               .n_groups = 3,
                               .n_replicates = n_replicates,
                               .seed = 4,
                               .stream = 2 };
}

Test(eval_stats, permutations_are_uniform)
{
    /* 6!/(3! 2! 1!) = 60 assignments, each as likely. Feature: 2^unit, so sums tell who. */
    enum { P = 60000 };
    const uint32_t code[] = { 0, 0, 1, 0, 1, 2 };
    double features[48] = { 0 }, *sums = zeroed(P * 24 * sizeof *sums);
    unsigned seen[64][64] = { 0 }, n_seen = 0;
    for (size_t u = 0; u < 6; u++) features[u * 8] = (double)(1 << u);
    const fdml_permutation p = six(features, code, P);
    void *scratch = zeroed(fdml_permutation_scratch(&p, 2));
    fdml_permutation_sums(sums, &p, scratch, 2);
    double chi_square = 0;
    for (size_t r = 0; r < P; r++) {
        const double *s = sums + r * 24;
        cr_assert_eq(s[0] + s[8] + s[16], 63);
        seen[(int)s[0]][(int)s[8]]++;
    }
    for (size_t a = 0; a < 64; a++) {
        for (size_t b = 0; b < 64; b++) {
            const double gap = seen[a][b] - P / 60.0;
            if (!seen[a][b]) continue;
            n_seen++;
            chi_square += gap * gap / (P / 60.0);
        }
    }
    cr_expect_eq(n_seen, 60);
    /* 59 degrees of freedom: mean 59, sd sqrt(118). */
    cr_expect_lt(chi_square, 59 + 5 * sqrt(118), "chi square %g", chi_square);
    free(scratch);
    free(sums);
}

Test(eval_stats, permutations_keep_strata_and_match_their_codes)
{
    enum { N = 200, P = 40 };
    static double features[N * 8], sums[P * 3 * 8];
    static uint32_t code[N], stratum[N], permuted[N];
    fdml_rng rng;
    fdml_rng_init(&rng, 8, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        stratum[i] = i / 7;
        code[i] = stratum[i] % 3 ? fdml_rng_below(&rng, 3) : 1; /* every third is not mixed */
        for (size_t f = 0; f < 3; f++) features[i * 8 + f] = fdml_rng_normal(&rng);
    }
    fdml_permutation p = { features, code, stratum, N, 8, 3, P, 0, 4, 2 };
    void *scratch = zeroed(fdml_permutation_scratch(&p, 2));
    fdml_permutation_sums(sums, &p, scratch, 2);
    bool any_moved = false;
    for (uint32_t r = 0; r < P; r++) {
        double want[3] = { 0 };
        unsigned before[30][3] = { 0 }, after[30][3] = { 0 };
        fdml_permutation_codes(permuted, &p, r, scratch);
        for (size_t i = 0; i < N; i++) {
            want[permuted[i]] += features[i * 8];
            before[stratum[i]][code[i]]++;
            after[stratum[i]][permuted[i]]++;
            any_moved = any_moved || permuted[i] != code[i];
        }
        cr_expect_arr_eq(before, after, sizeof before);
        for (size_t g = 0; g < 3; g++)
            cr_expect_float_eq(sums[(r * 3 + g) * 8], want[g], 1e-12);
    }
    cr_expect(any_moved);
    /* A later start gives the later replicates. */
    static double tail[10 * 3 * 8];
    p.first_replicate = 30, p.n_replicates = 10;
    fdml_permutation_sums(tail, &p, scratch, 1);
    cr_expect_arr_eq(tail, sums + 30 * 24, sizeof tail);
    free(scratch);
}

Test(eval_stats, permutation_p_is_uniform_under_the_null)
{
    enum { RUNS = 400, N = 40, P = 99 };
    static double features[N * 8], sums[P * 2 * 8], null[P];
    static uint32_t code[N];
    unsigned n_below[4] = { 0 };
    fdml_permutation p = { features, code, NULL, N, 8, 2, P, 0, 0, 6 };
    for (uint32_t i = 0; i < N; i++) code[i] = i % 4 == 0;
    void *scratch = zeroed(fdml_permutation_scratch(&p, 1));
    for (uint32_t run = 0; run < RUNS; run++) {
        double own[2] = { 0 };
        fdml_rng rng;
        fdml_rng_init(&rng, 123, 0, run);
        for (size_t i = 0; i < N; i++) {
            features[i * 8] = fdml_rng_normal(&rng);
            own[code[i]] += features[i * 8] / (code[i] ? 10 : 30);
        }
        p.seed = run;
        fdml_permutation_sums(sums, &p, scratch, 1);
        for (size_t r = 0; r < P; r++)
            null[r] = fabs(sums[r * 16] / 30 - sums[r * 16 + 8] / 10);
        const double value = fdml_p_value(fabs(own[0] - own[1]), 0, null, P);
        for (unsigned k = 0; k < 4; k++) n_below[k] += value <= 0.2 * (k + 1);
    }
    for (unsigned k = 0; k < 4; k++) {
        const double level = 0.2 * (k + 1), share = n_below[k] / (double)RUNS;
        cr_expect_float_eq(share, level, 5 * sqrt(level * (1 - level) / RUNS), "%g at %g",
                           share, level);
    }
    free(scratch);
}
