/* sample.h - what a black box is asked many thousand times for one row: random words, a hidden
 * layer on inputs that are mostly 0, probabilities.
 *
 * SPDX-License-Identifier: MIT */

/* --- words ---------------------------------------------------------------------------------
 */

/* Sixteen blocks at once; constants as in base/rng.c. */
VEC void philox_lanes(vu c[4], uint32_t k0, uint32_t k1)
{
    const vu m0 = vu_set1(0xD2511F53u), m1 = vu_set1(0xCD9E8D57u);
    for (int round = 0; round < 10; round++) {
        vu high0, high1;
        const vu low0 = vu_mul_both(&high0, c[0], m0), low1 = vu_mul_both(&high1, c[2], m1);
        c[0] = vu_xor(vu_xor(high1, c[1]), vu_set1(k0));
        c[1] = low1;
        c[2] = vu_xor(vu_xor(high0, c[3]), vu_set1(k1));
        c[3] = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

static void k_philox_columns(uint32_t *word, size_t stride, size_t n_words,
                             const uint32_t counter[4], const uint32_t key[2], size_t n)
{
    const uint32_t n_blocks = (uint32_t)((n_words + 3) / 4);
    uint32_t step[VL], lanes[VL];
    for (uint32_t l = 0; l < VL; l++) step[l] = l * n_blocks;
    for (size_t first = 0; first < n; first += VL) {
        const size_t n_here = n - first < VL ? n - first : VL;
        for (uint32_t b = 0; b < n_blocks; b++) {
            const uint32_t at = counter[0] + (uint32_t)first * n_blocks + b;
            vu c[4] = { vu_add(vu_load(step), vu_set1(at)), vu_set1(counter[1]),
                        vu_set1(counter[2]), vu_set1(counter[3]) };
            philox_lanes(c, key[0], key[1]);
            for (size_t w = 4 * b; w < n_words && w < 4 * (size_t)b + 4; w++) {
                uint32_t *to = word + w * stride + first;
                vu_store(n_here == VL ? to : lanes, c[w % 4]);
                if (n_here < VL) memcpy(to, lanes, n_here * sizeof *to);
            }
        }
    }
}

/* --- a hidden layer ------------------------------------------------------------------------
 */

/* Adds to sum what 16 or 64 units from `at` on give, `count` vectors of them. */
#define GATHER_UNITS(count)                                                                    \
    VEC vf gathered_##count(const fdml_gather *job, const float *value,                        \
                            const uint32_t *column, size_t at, vf sum)                         \
    {                                                                                          \
        vf h[count];                                                                           \
        for (int v = 0; v < count; v++) h[v] = vf_zero();                                      \
        for (size_t e = 0; e < job->n_entries; e++) {                                          \
            const float *w = job->w + column[e] * job->width + at;                             \
            const vf x = vf_set1(value[e]);                                                    \
            for (int v = 0; v < count; v++) h[v] = vf_fma(x, vf_load(w + v * VL), h[v]);       \
        }                                                                                      \
        for (int v = 0; v < count; v++) {                                                      \
            const vf y = vf_add(h[v], vf_load(job->bias + at + v * VL));                       \
            sum = vf_fma(vf_max(vf_zero(), y), vf_load(job->out + at + v * VL), sum);          \
        }                                                                                      \
        return sum;                                                                            \
    }
GATHER_UNITS(1)
GATHER_UNITS(4)
#undef GATHER_UNITS

static void k_gather_scores(double *score, const fdml_gather *job)
{
    for (size_t i = 0; i < job->n; i++) {
        const float *value = job->value + i * job->n_entries;
        const uint32_t *column = job->column + i * job->n_entries;
        vf sum = vf_zero();
        size_t at = 0;
        for (; at + 4 * VL <= job->width; at += 4 * VL)
            sum = gathered_4(job, value, column, at, sum);
        for (; at < job->width; at += VL) sum = gathered_1(job, value, column, at, sum);
        score[i] = (double)(vf_sum(sum) + job->shift);
    }
}

/* --- probabilities -------------------------------------------------------------------------
 */

/* e^-|x| = 2^k e^r with |r| <= log(2)/2, as base/dmath.c: Taylor to r^13/13!, of which the rest
 * is below 2^-57; k comes from adding 1.5 * 2^52, which leaves it in the last bits of the sum.
 * Plain C for compilers to make vectors of, every product and sum rounded by itself. */
static void k_logistic_double(double *x, size_t n)
{
    const double shift = 0x1.8p52;
    static const double c[] = { 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800,
                                1.0 / 3628800,    1.0 / 362880,    1.0 / 40320,
                                1.0 / 5040,       1.0 / 720,       1.0 / 120,
                                1.0 / 24,         1.0 / 6,         0.5 };
    for (size_t i = 0; i < n; i++) {
        const double score = x[i], size = fabs(score), at = size > 708 ? -708 : -size;
        const double shifted = at * 0x1.71547652b82fep+0 + shift, k = shifted - shift;
        const double r = (at - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
        double e = c[0];
        for (int j = 1; j < 12; j++) e = e * r + c[j];
        e = (e * r + 1) * r + 1;
        uint64_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        bits = (bits + 1023) << 52;
        double scale;
        memcpy(&scale, &bits, sizeof scale);
        e *= scale;
        x[i] = (score < 0 ? e : 1) / (1 + e);
    }
}
