/* slice_moments.c - mean, deviation and skewness of a slice's D over the exchanges.
 *
 * A stratum has B blocks; m_b and s2_b are mean and (population) variance of the outcomes of
 * block b, n_b of them. M is the mean of the m_b, V their variance with divisor B, W the mean
 * of s2_b / (n_b - 1), 0 for blocks of one. A slice has k of the n queries at a place, K of the
 * N of the stratum, f of all queries. The blocks are a random permutation, so
 *
 *   E = sum over strata of M (K - f N)
 *   variance = sum over strata of V / (B - 1) (B sum q^2 - (sum q)^2) + W sum k (n - k)
 *
 * with q = k - f n and sums over the places of the stratum: the variance of a permutation
 * statistic sum a(place) b(block) (Hoeffding 1951), and that of drawing without replacement. It
 * is exact for blocks of one size. As f is known last, the variance is collected as a
 * polynomial of f: spread - 2 f mixed + f^2 spread_of_all.
 *
 * Skewness is that of as many independent draws from the outcomes, g (1 - 2 f) / sqrt(n_eff (1
 * - f)), where n_eff, the number of draws that would give this variance, accounts for classes.
 * It need not be exact: z is the same function of D for every exchange, so the test stays as it
 * is, and only the balance between large and small slices depends on it. Below 0 it is taken as
 * 0.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/dmath.h"
#include "eval/slices_state.h"

/* Mean and population variance of n outcomes. */
static void describe(double *mean, double *variance, const float *loss, size_t n)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) sum += (double)loss[i];
    *mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)loss[i] - *mean;
        square += d * d;
    }
    *variance = square / (double)n;
}

static slice_stratum describe_stratum(const slice_data *data, size_t stratum)
{
    const uint32_t begin = data->stratum[stratum], end = data->stratum[stratum + 1];
    slice_stratum s = { .n_blocks = end - begin };
    double square = 0;
    for (int is_second = 0; is_second < 2; is_second++) {
        if (is_second) s.mean /= s.n_blocks;
        for (uint32_t b = begin; b < end; b++) {
            const uint32_t first = data->block[b], n = data->block[b + 1] - first;
            double mean, variance;
            describe(&mean, &variance, data->loss + first, n);
            if (is_second) {
                square += (mean - s.mean) * (mean - s.mean);
                continue;
            }
            s.mean += mean;
            s.n += n;
            if (n > 1) s.within += variance / (n - 1);
        }
    }
    s.within /= s.n_blocks;
    s.between = s.n_blocks > 1 ? square / s.n_blocks / (s.n_blocks - 1) : 0;
    return s;
}

fdml_status fdml_slice_moments_make(slice_moments *moments, const slice_data *data,
                                    fdml_arena *arena, fdml_error *err)
{
    slice_stratum *stratum = fdml_arena_push(arena, data->n_strata, sizeof *stratum);
    uint32_t *block_of = fdml_arena_push(arena, data->n, sizeof *block_of);
    uint32_t *stratum_of = fdml_arena_push(arena, data->n, sizeof *stratum_of);
    if (!stratum || !block_of || !stratum_of)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the moments of slices");
    *moments = (slice_moments){ data, stratum, block_of, stratum_of, 0, 0 };
    for (size_t h = 0; h < data->n_strata; h++) {
        double squares = 0;
        stratum[h] = describe_stratum(data, h);
        for (uint32_t b = data->stratum[h]; b < data->stratum[h + 1]; b++) {
            const double n = data->block[b + 1] - data->block[b];
            squares += n * n;
            for (uint32_t i = data->block[b]; i < data->block[b + 1]; i++) {
                block_of[i] = b;
                stratum_of[i] = (uint32_t)h;
            }
        }
        const slice_stratum *s = &stratum[h];
        moments->of_all += s->mean * s->n;
        moments->spread_of_all += s->between * (s->n_blocks * squares - s->n * s->n);
    }
    return FDML_OK;
}

void fdml_slice_sum_begin(slice_sum *sum)
{
    *sum = (slice_sum){ .class_of = UINT32_MAX, .block = UINT32_MAX, .stratum = UINT32_MAX };
}

static void end_block(slice_sum *sum, const slice_data *data)
{
    if (sum->block == UINT32_MAX) return;
    const double n = data->block[sum->block + 1] - data->block[sum->block];
    sum->squares += sum->in_block * sum->in_block;
    sum->products += sum->in_block * n;
    sum->in_stratum += sum->in_block;
    sum->in_block = 0;
}

static void end_stratum(slice_sum *sum, const slice_moments *moments)
{
    if (sum->stratum == UINT32_MAX) return;
    const slice_stratum *s = &moments->stratum[sum->stratum];
    const double k = sum->in_stratum;
    sum->mean += s->mean * k;
    sum->spread += s->between * (s->n_blocks * sum->squares - k * k) +
                   s->within * (sum->products - sum->squares);
    sum->mixed += s->between * (s->n_blocks * sum->products - k * s->n);
    sum->in_stratum = sum->squares = sum->products = 0;
}

void fdml_slice_sum_add(slice_sum *sum, const slice_moments *moments, uint32_t query)
{
    const slice_data *data = moments->data;
    if (sum->block != moments->block_of[query]) {
        end_block(sum, data);
        sum->block = moments->block_of[query];
        if (sum->stratum != moments->stratum_of[query]) {
            end_stratum(sum, moments);
            sum->stratum = moments->stratum_of[query];
        }
        sum->n_classes += sum->class_of != data->class_of[query];
        sum->class_of = data->class_of[query];
    }
    sum->in_block++;
    sum->n++;
}

void fdml_slice_sum_end(slice_stat *stat, slice_sum *sum, const slice_moments *moments)
{
    const slice_data *data = moments->data;
    const double f = (double)sum->n / (double)data->n, n = sum->n;
    end_block(sum, data);
    end_stratum(sum, moments);
    const double variance = sum->spread - 2 * f * sum->mixed + f * f * moments->spread_of_all;
    stat->n = sum->n;
    stat->n_classes = sum->n_classes;
    stat->mean = sum->mean - f * moments->of_all;
    /* Rounding of what never varies is not taken for variance. */
    stat->deviation =
        variance > 1e-9 * n * data->deviation * data->deviation ? sqrt(variance) : 0;
    stat->skewness = data->deviation > 0 ? data->skewness * (1 - 2 * f) * stat->deviation /
                                               (n * (1 - f) * data->deviation)
                                         : 0;
    if (stat->skewness < 0) stat->skewness = 0;
}

/* Below this the cube root would cancel its digits, and is a straight line. */
static const double least_skewness = 1e-4;

double fdml_slice_z(const slice_stat *stat, double d)
{
    if (stat->deviation <= 0) return NAN;
    const double x = (d - stat->mean) / stat->deviation, g = stat->skewness;
    if (g < least_skewness) return x;
    const double u = 1 + g * x / 2;
    const double root = u > 0 ? fdml_exp(fdml_log(u) / 3) : 0;
    return 6 / g * (root - 1) + g / 6;
}

double fdml_slice_at(const slice_stat *stat, double z)
{
    const double g = stat->skewness;
    if (g < least_skewness) return z * stat->deviation;
    const double root = (z - g / 6) * g / 6 + 1;
    return 2 / g * (root * root * root - 1) * stat->deviation;
}
