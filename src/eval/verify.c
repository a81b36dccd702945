/* verify.c - rates and thresholds from sorted scores. Definitions are in verify.h.
 * SPDX-License-Identifier: MIT */
#include "eval/verify.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "eval/audit.h"

bool fdml_verify_is_exact(size_t n_rows)
{
    return n_rows < 2 || n_rows - 1 <= ((size_t)1 << 23) / n_rows;
}

/* Order of floats as order of integers: negative ones have all bits flipped, others the sign.
 */
static uint32_t key_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

void fdml_sort_scores(float *score, size_t n, float *scratch)
{
    /* Radix sort by bytes, lowest first; -0 and +0 are told apart, which no rate can see. */
    float *from = score, *to = scratch;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t place[257] = { 0 };
        for (size_t i = 0; i < n; i++) place[(key_of(from[i]) >> shift & 255) + 1]++;
        for (size_t b = 0; b < 256; b++) place[b + 1] += place[b];
        for (size_t i = 0; i < n; i++) to[place[key_of(from[i]) >> shift & 255]++] = from[i];
        float *other = from;
        from = to;
        to = other;
    }
}

/* Number of sorted scores below t. */
static size_t below(const float *score, size_t n, float t)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (score[middle] < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double fdml_fmr(const fdml_scores *s, float threshold)
{
    const size_t n_below = below(s->impostor, s->n_impostor, threshold);
    return (double)(s->n_impostor - n_below) / (double)s->n_impostor;
}

double fdml_fnmr(const fdml_scores *s, float threshold)
{
    return (double)below(s->genuine, s->n_genuine, threshold) / (double)s->n_genuine;
}

float fdml_threshold_at_fmr(const fdml_scores *s, double target)
{
    /* As many impostors may be accepted; t must lie above the next one. */
    const double budget = floor(target * (double)s->n_impostor * (1 + 0x1p-50));
    if (budget >= (double)s->n_impostor) return fminf(s->genuine[0], s->impostor[0]);
    const float last_rejected = s->impostor[s->n_impostor - 1 - (size_t)budget];
    const float above = nextafterf(last_rejected, INFINITY);
    const size_t g = below(s->genuine, s->n_genuine, above);
    const size_t i = below(s->impostor, s->n_impostor, above);
    float threshold = INFINITY;
    if (g < s->n_genuine) threshold = s->genuine[g];
    if (i < s->n_impostor) threshold = fminf(threshold, s->impostor[i]);
    return isinf(threshold) ? above : threshold;
}

float fdml_threshold_at_fnmr(const fdml_scores *s, double target)
{
    const double budget = floor(target * (double)s->n_genuine * (1 + 0x1p-50));
    if (budget >= (double)s->n_genuine)
        return fmaxf(s->genuine[s->n_genuine - 1], s->impostor[s->n_impostor - 1]);
    /* At the first genuine score that may not be rejected nothing more is rejected. */
    return s->genuine[(size_t)budget];
}

/* The middle of (a, b], never a itself. */
static float middle_of(float a, float b)
{
    const float middle = (float)(((double)a + (double)b) / 2);
    return middle > a ? middle : b;
}

double fdml_eer(float *threshold, const fdml_scores *s)
{
    const double n_genuine = (double)s->n_genuine, n_impostor = (double)s->n_impostor;
    size_t g = 0, i = 0;
    double least = 2, eer = 0.5;
    float previous = -INFINITY;
    while (g < s->n_genuine || i < s->n_impostor) {
        float next = INFINITY;
        if (g < s->n_genuine) next = s->genuine[g];
        if (i < s->n_impostor) next = fminf(next, s->impostor[i]);
        /* On (previous, next]: i impostors and g genuine pairs are rejected. */
        const double fmr = (n_impostor - (double)i) / n_impostor, fnmr = (double)g / n_genuine;
        if (fabs(fmr - fnmr) < least) {
            least = fabs(fmr - fnmr);
            eer = (fmr + fnmr) / 2;
            *threshold = isinf(previous) ? next : middle_of(previous, next);
        }
        while (g < s->n_genuine && s->genuine[g] == next) g++;
        while (i < s->n_impostor && s->impostor[i] == next) i++;
        previous = next;
    }
    return eer;
}

double fdml_auc(const fdml_scores *s)
{
    /* Twice the count is whole: below counts 2, equal 1. At most 2^44 pairs of pairs per row.
     */
    double sum = 0;
    size_t less = 0, not_more = 0;
    for (size_t g = 0; g < s->n_genuine; g++) {
        while (less < s->n_impostor && s->impostor[less] < s->genuine[g]) less++;
        while (not_more < s->n_impostor && s->impostor[not_more] <= s->genuine[g]) not_more++;
        sum += (double)(less + not_more);
    }
    return sum / 2 / (double)s->n_genuine / (double)s->n_impostor;
}

static double weight_of(double genuine, double impostor)
{
    return genuine + impostor > 0 ? genuine / (genuine + impostor) : 0.5;
}

static size_t half_window(size_t n_genuine)
{
    const size_t root = (size_t)sqrt((double)n_genuine);
    return root < 10 ? 10 : root;
}

double fdml_eer_weight(const fdml_scores *s, float threshold)
{
    const size_t at = below(s->genuine, s->n_genuine, threshold), m = half_window(s->n_genuine);
    const float low = s->genuine[at > m ? at - m : 0];
    const float high = s->genuine[at + m < s->n_genuine ? at + m : s->n_genuine - 1];
    return weight_of(fdml_fnmr(s, high) - fdml_fnmr(s, low),
                     fdml_fmr(s, low) - fdml_fmr(s, high));
}

/* --- bins ----------------------------------------------------------------------------- */

static uint64_t total_of(const uint64_t *bin, size_t n)
{
    uint64_t sum = 0;
    for (size_t b = 0; b < n; b++) sum += bin[b];
    return sum;
}

static float edge(const fdml_score_bins *bins, size_t b)
{
    return (float)((double)bins->low + (double)b * (double)bins->width);
}

float fdml_bins_threshold_at_fmr(const fdml_score_bins *bins, double target)
{
    const uint64_t total = total_of(bins->impostor, bins->n_bins);
    const double budget = floor(target * (double)total * (1 + 0x1p-50));
    uint64_t accepted = 0;
    for (size_t b = bins->n_bins; b-- > 0;) {
        accepted += bins->impostor[b];
        if ((double)accepted <= budget) continue;
        /* A score may be the upper edge of the last bin, and is accepted there. */
        const float above = edge(bins, b + 1);
        return b + 1 < bins->n_bins ? above : nextafterf(above, INFINITY);
    }
    return edge(bins, 0);
}

static double window_weight(const fdml_score_bins *bins, size_t at)
{
    const uint64_t total_genuine = total_of(bins->genuine, bins->n_bins);
    const uint64_t total_impostor = total_of(bins->impostor, bins->n_bins);
    const uint64_t wanted = 2 * half_window((size_t)total_genuine);
    uint64_t genuine = 0, impostor = 0;
    size_t low = at, high = at; /* bins low .. high - 1 */
    while (genuine < wanted && (low > 0 || high < bins->n_bins)) {
        if (low > 0) low--, genuine += bins->genuine[low], impostor += bins->impostor[low];
        if (high < bins->n_bins)
            genuine += bins->genuine[high], impostor += bins->impostor[high], high++;
    }
    return weight_of((double)genuine / (double)total_genuine,
                     (double)impostor / (double)total_impostor);
}

double fdml_bins_eer(float *threshold, double *weight, const fdml_score_bins *bins)
{
    const double n_genuine = (double)total_of(bins->genuine, bins->n_bins);
    const double n_impostor = (double)total_of(bins->impostor, bins->n_bins);
    double least = 2, eer = 0.5, rejected_genuine = 0, rejected_impostor = 0;
    size_t first = 0, last = 0; /* edges with the least difference */
    for (size_t b = 0; b <= bins->n_bins; b++) {
        const double fmr = 1 - rejected_impostor / n_impostor;
        const double fnmr = rejected_genuine / n_genuine;
        if (fabs(fmr - fnmr) < least) {
            least = fabs(fmr - fnmr);
            eer = (fmr + fnmr) / 2;
            first = b;
        }
        if (fabs(fmr - fnmr) == least) last = b;
        if (b == bins->n_bins) break;
        rejected_genuine += (double)bins->genuine[b];
        rejected_impostor += (double)bins->impostor[b];
    }
    const size_t middle = first + (last - first) / 2;
    *threshold = edge(bins, middle);
    *weight = window_weight(bins, middle);
    return eer;
}

double fdml_bins_auc(const fdml_score_bins *bins)
{
    const double n_genuine = (double)total_of(bins->genuine, bins->n_bins);
    const double n_impostor = (double)total_of(bins->impostor, bins->n_bins);
    double sum = 0, less = 0;
    for (size_t b = 0; b < bins->n_bins; b++) {
        sum += (double)bins->genuine[b] / n_genuine *
               ((less + (double)bins->impostor[b] / 2) / n_impostor);
        less += (double)bins->impostor[b];
    }
    return sum;
}

/* --- groups --------------------------------------------------------------------------- */

typedef struct spread {
    double most, least, geomean, gini;
} spread;

static spread spread_of(const double *x, size_t n)
{
    spread s = { x[0], x[0], 0, 0 };
    double sum = 0, sum_log = 0, sum_gap = 0;
    for (size_t i = 0; i < n; i++) {
        s.most = fmax(s.most, x[i]);
        s.least = fmin(s.least, x[i]);
        sum += x[i];
        sum_log += fdml_log(x[i]); /* -inf for 0 */
        for (size_t j = 0; j < n; j++) sum_gap += fabs(x[i] - x[j]);
    }
    const double count = (double)n;
    s.geomean = fdml_exp(sum_log / count);
    /* n/(n-1) * sum |x_i - x_j| / (2 n^2 mean) */
    s.gini = sum > 0 ? sum_gap / (2 * (count - 1) * sum) : 0;
    return s;
}

static double over(double above, double under)
{
    return under > 0 ? above / under : NAN;
}

void fdml_differential_of(struct fdml_differential *out, const double *fmr, const double *fnmr,
                          size_t n)
{
    const spread m = spread_of(fmr, n), f = spread_of(fnmr, n);
    *out = (fdml_differential){ .fmr_max_over_min = over(m.most, m.least),
                                .fmr_max_over_geomean = over(m.most, m.geomean),
                                .fnmr_max_over_min = over(f.most, f.least),
                                .fnmr_max_over_geomean = over(f.most, f.geomean),
                                .fdr = 1 - ((m.most - m.least) + (f.most - f.least)) / 2,
                                .garbe = (m.gini + f.gini) / 2 };
    out->ir = sqrt(out->fmr_max_over_min * out->fnmr_max_over_min);
    if (!(m.least > 0)) out->why = "a group's FMR is 0";
    if (!(f.least > 0)) out->why = "a group's FNMR is 0";
    if (!(m.least > 0) && !(f.least > 0)) out->why = "a group's FMR and FNMR are 0";
}
