/* check_sample.c - words against the one block at a time of base/rng.c, scores and
 * probabilities against sums and the exponential in double and long double. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "kcheck.h"

/* --- words ---------------------------------------------------------------------------------
 */

static bool is_philox(kcheck *t, const uint32_t *word, size_t stride, size_t n_words, size_t n,
                      const uint32_t counter[4], const uint32_t key[2])
{
    const size_t n_blocks = (n_words + 3) / 4;
    for (size_t i = 0; i < n; i++)
        for (size_t w = 0; w < n_words; w++) {
            const uint32_t at[4] = { counter[0] + (uint32_t)(i * n_blocks + w / 4), counter[1],
                                     counter[2], counter[3] };
            uint32_t block[4];
            fdml_philox(block, at, key);
            if (word[w * stride + i] != block[w % 4])
                return kc_fail(t, "word %zu of item %zu is not the cipher's", w, i);
        }
    return true;
}

static void philox_case(kcheck *t, size_t n, size_t n_words)
{
    const size_t stride = n + kc_below(t, 5), size = n_words * stride;
    kc_case(t, "n=%zu n_words=%zu", n, n_words);
    uint32_t *want = kc_words(t, size), *got = kc_words(t, size), counter[4], key[2];
    for (int i = 0; i < 4; i++) counter[i] = fdml_rng_u32(&t->rng);
    for (int i = 0; i < 2; i++) key[i] = fdml_rng_u32(&t->rng);
    if (n % 2) counter[0] = UINT32_MAX - 3; /* wraps */
    t->ref->philox_columns(want, stride, n_words, counter, key, n);
    t->k->philox_columns(got, stride, n_words, counter, key, n);
    if (!kc_same(t, "word", want, got, size) || !kc_intact(t)) return;
    if (!kc_gaps_intact(t, (const float *)(const void *)got, n_words, n, stride)) return;
    if (!is_philox(t, got, stride, n_words, n, counter, key)) return;
    while (kc_bench(t, n == 512 && n_words == 9))
        t->k->philox_columns(got, stride, n_words, counter, key, n);
}

void check_philox_columns(kcheck *t)
{
    static const size_t words[] = { 1, 4, 9 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t w = 0; w < 3 && !t->has_failed; w++)
            philox_case(t, kc_size(t, s), words[w]);
}

/* --- scores --------------------------------------------------------------------------------
 */

enum { COLUMNS = 11, MOST = 700 };

/* In double; a float's error is that of each chain, the hidden one's passed on by `out`. */
static bool scores_are_near(kcheck *t, const fdml_gather *job, const double *got)
{
    for (size_t i = 0; i < job->n; i++) {
        double sum = (double)job->shift, bound = 0, magnitude = fabs(sum);
        for (size_t u = 0; u < job->width; u++) {
            double h = 0, size = 0;
            for (size_t e = 0; e <= job->n_entries; e++) {
                const size_t at = i * job->n_entries + e;
                const double x = e == job->n_entries
                                     ? (double)job->bias[u]
                                     : (double)job->value[at] *
                                           (double)job->w[job->column[at] * job->width + u];
                h += x, size += fabs(x);
            }
            const double out = (double)job->out[u];
            sum += out * (h > 0 ? h : 0);
            bound += fabs(out) * size * kc_gamma(job->n_entries + 1);
            magnitude += fabs(out) * size;
        }
        bound += magnitude * kc_gamma(job->width / 16 + 6);
        if (!kc_near(t, "score", i, (float)got[i], sum, 2 * bound, magnitude)) return false;
    }
    return true;
}

static void gather_case(kcheck *t, size_t n, size_t n_entries, size_t width)
{
    static double want[MOST + 1], got[MOST + 1];
    kc_case(t, "n=%zu n_entries=%zu width=%zu", n, n_entries, width);
    float *value = kc_words(t, n * n_entries), *w = kc_words(t, COLUMNS * width);
    float *bias = kc_words(t, width), *out = kc_words(t, width);
    uint32_t *column = kc_words(t, n * n_entries);
    kc_fill(t, value, n * n_entries, KC_ZERO);
    kc_fill(t, w, COLUMNS * width, KC_ZERO);
    kc_fill(t, bias, width, KC_ZERO);
    kc_fill(t, out, width, KC_ZERO);
    for (size_t e = 0; e < n * n_entries; e++) column[e] = kc_below(t, COLUMNS);
    const fdml_gather job = { .value = value,
                              .column = column,
                              .n = n,
                              .n_entries = n_entries,
                              .w = w,
                              .bias = bias,
                              .out = out,
                              .shift = kc_plain(t),
                              .width = width };
    want[n] = got[n] = 7;
    t->ref->gather_scores(want, &job);
    t->k->gather_scores(got, &job);
    if (memcmp(want, got, (n + 1) * sizeof *got)) {
        kc_fail(t, "scores are not those of scalar");
        return;
    }
    if (!kc_intact(t) || !scores_are_near(t, &job, got)) return;
    while (kc_bench(t, n == 512 && width == 64)) t->k->gather_scores(got, &job);
}

void check_gather_scores(kcheck *t)
{
    static const size_t widths[] = { 0, 16, 64, 208 };
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t w = 0; w < 4 && !t->has_failed; w++)
            gather_case(t, kc_size(t, s), s % 10, widths[w]);
}

/* --- probabilities -------------------------------------------------------------------------
 */

static double any_score(kcheck *t)
{
    static const double given[] = { 0,
                                    -0.0,
                                    1e-300,
                                    -1e-300,
                                    708,
                                    -708,
                                    709,
                                    -709,
                                    1e300,
                                    -1e300,
                                    INFINITY,
                                    -INFINITY,
                                    0x1.62e42fefa39efp-2,
                                    36.7368,
                                    -36.7368 };
    const uint32_t which = kc_below(t, 60);
    if (which < sizeof given / sizeof *given) return given[which];
    return (fdml_rng_double(&t->rng) - 0.5) * (which % 2 ? 20 : 1400);
}

static void logistic_case(kcheck *t, size_t n)
{
    static double x[MOST + 1], want[MOST + 1], got[MOST + 1];
    kc_case(t, "n=%zu", n);
    for (size_t i = 0; i <= n; i++) x[i] = want[i] = got[i] = any_score(t);
    t->ref->logistic_double(want, n);
    t->k->logistic_double(got, n);
    if (memcmp(want, got, (n + 1) * sizeof *got)) {
        kc_fail(t, "probabilities are not those of scalar");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const long double at = x[i] < -708 ? -708 : (long double)x[i];
        const long double p = 1 / (1 + expl(-at));
        if (!(fabsl((long double)got[i] - p) <= 4 * 0x1p-52L * p)) {
            kc_fail(t, "p(%.17g) = %.17g, not %.17Lg", x[i], got[i], p);
            return;
        }
    }
    while (kc_bench(t, n == 512)) t->k->logistic_double(got, n);
}

void check_logistic_double(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        logistic_case(t, kc_size(t, s));
    double nan = (double)NAN;
    t->k->logistic_double(&nan, 1);
    if (!isnan(nan)) kc_fail(t, "p(NaN) = %g", nan);
}
