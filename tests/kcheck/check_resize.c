/* check_resize.c - kernels that resample pictures: every byte computed here in 64 bits, one at
 * a time. See kcheck.h. SPDX-License-Identifier: MIT */
#include <string.h>

#include "kcheck.h"

/* Weights that add up to about one, and now and then to a little more, so that sums pass 255.
 * Returns the number of inputs. */
static size_t random_taps(kcheck *t, fdml_taps *taps, size_t n)
{
    const size_t stride = 12;
    uint32_t *first = kc_words(t, n), *count = kc_words(t, n);
    uint32_t *weight = kc_words(t, n * stride), begin = kc_below(t, 5), end = begin;
    for (size_t i = 0; i < n; i++) {
        begin += kc_below(t, 3);
        if (end <= begin) end = begin + 1;
        if (end < begin + 7) end += kc_below(t, 4);
        first[i] = begin, count[i] = end - begin;
        const uint32_t share = (1u << FDML_TAP_BITS) / count[i];
        for (uint32_t c = 0; c < count[i]; c++)
            weight[i * stride + c] = share - 50 + kc_below(t, i % 4 ? 100 : share / 4);
    }
    *taps = (fdml_taps){ first, count, weight, stride, n };
    return end;
}

static bool is_expected(kcheck *t, const fdml_taps *taps, size_t i, size_t at,
                        const unsigned char *in, size_t step, unsigned char got)
{
    uint64_t sum = 1u << (FDML_TAP_BITS - 1);
    for (uint32_t c = 0; c < taps->count[i]; c++)
        sum += (uint64_t)taps->weight[i * taps->stride + c] * in[(taps->first[i] + c) * step];
    const uint64_t want = sum >> FDML_TAP_BITS < 255 ? sum >> FDML_TAP_BITS : 255;
    if (got == want) return true;
    return kc_fail(t, "byte %zu of output %zu is %u, expected %u", at, i, (unsigned)got,
                   (unsigned)want);
}

static void across_case(kcheck *t, size_t n, int n_rows)
{
    kc_case(t, "n=%zu rows=%d", n, n_rows);
    fdml_taps taps;
    const size_t n_in = random_taps(t, &taps, n);
    unsigned char *scratch = kc_bytes(t, n ? (n_in - taps.first[0]) * 16 : 0);
    unsigned char *want[4], *got[4];
    const unsigned char *in[4];
    for (int r = 0; r < 4; r++) { /* rows named twice are the last one */
        const int last = n_rows - 1;
        in[r] = r < n_rows ? kc_random_bytes(t, 3 * n_in) : in[last];
        want[r] = r < n_rows ? kc_bytes(t, 3 * n) : want[last];
        got[r] = r < n_rows ? kc_bytes(t, 3 * n) : got[last];
    }
    t->ref->resize_across(want, in, &taps, scratch);
    t->k->resize_across(got, in, &taps, scratch);
    for (int r = 0; r < n_rows; r++) {
        if (!kc_same_bytes(t, want[r], got[r], 3 * n) || !kc_intact(t)) return;
        for (size_t i = 0; i < 3 * n; i++)
            if (!is_expected(t, &taps, i / 3, i % 3, in[r] + i % 3, 3, got[r][i])) return;
    }
    while (kc_bench(t, n == 257)) t->k->resize_across(got, in, &taps, scratch);
}

void check_resize_across(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END && !t->has_failed; s++)
        for (int n_rows = 1; n_rows <= 4 && !t->has_failed; n_rows++)
            across_case(t, kc_size(t, s), n_rows);
}

static void down_case(kcheck *t, size_t n, size_t n_bytes)
{
    kc_case(t, "n=%zu bytes=%zu", n, n_bytes);
    fdml_taps taps;
    const size_t n_in = random_taps(t, &taps, n), stride = n_bytes + kc_below(t, 3) * 5;
    const unsigned char *in = kc_random_bytes(t, n_in ? (n_in - 1) * stride + n_bytes : 0);
    unsigned char *want = kc_bytes(t, n * n_bytes), *got = kc_bytes(t, n * n_bytes);
    t->ref->resize_down(want, in, stride, n_bytes, &taps);
    t->k->resize_down(got, in, stride, n_bytes, &taps);
    if (!kc_same_bytes(t, want, got, n * n_bytes) || !kc_intact(t)) return;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_bytes; j++)
            if (!is_expected(t, &taps, i, j, in + j, stride, got[i * n_bytes + j])) return;
    while (kc_bench(t, n == 9 && n_bytes == 512))
        t->k->resize_down(got, in, stride, n_bytes, &taps);
}

void check_resize_down(kcheck *t)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (size_t i = 0; i < 3 && !t->has_failed; i++)
            down_case(t, (size_t[]){ 0, 1, 9 }[i], kc_size(t, s));
}
