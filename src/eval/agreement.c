/* agreement.c - measures of agreement from the sums of a contingency table. Formulas and
 * sources are in contingency.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/dmath.h"
#include "eval/contingency.h"

static double entropy(double n, double sum_xlogx, size_t n_parts)
{
    return n_parts > 1 ? fdml_log(n) - sum_xlogx / n : 0;
}

double fdml_label_entropy(const fdml_agreement *a)
{
    return entropy(a->n, a->label_xlogx, a->n_labels);
}

double fdml_cluster_entropy(const fdml_agreement *a)
{
    return entropy(a->n, a->cluster_xlogx, a->n_clusters);
}

/* Every class is one cluster and the other way round; also no rows at all. */
static bool is_one_to_one(const fdml_agreement *a)
{
    return a->n_cells == a->n_labels && a->n_cells == a->n_clusters;
}

double fdml_agreement_information(const fdml_agreement *a)
{
    if (a->n_labels < 2 || a->n_clusters < 2) return 0;
    const double joint = a->cell_xlogx - a->label_xlogx - a->cluster_xlogx;
    return fmax(0, fdml_log(a->n) + joint / a->n);
}

static double mean_of(double x, double y, fdml_mean mean)
{
    switch (mean) {
    case FDML_GEOMETRIC:
        return sqrt(x * y);
    case FDML_MIN:
        return fmin(x, y);
    case FDML_MAX:
        return fmax(x, y);
    default:
        return (x + y) / 2;
    }
}

double fdml_nmi(const fdml_agreement *a, fdml_mean mean)
{
    if (is_one_to_one(a)) return 1;
    const double mi = fdml_agreement_information(a);
    if (mi <= 0) return 0;
    return mi / mean_of(fdml_label_entropy(a), fdml_cluster_entropy(a), mean);
}

double fdml_ami(const fdml_agreement *a, double expected_mi)
{
    if (is_one_to_one(a)) return 1;
    const double most =
        mean_of(fdml_label_entropy(a), fdml_cluster_entropy(a), FDML_ARITHMETIC);
    const double room = most - expected_mi, mi = fdml_agreement_information(a);
    /* No room left for agreement beyond chance: scikit-learn divides by the smallest step. */
    if (fabs(room) < 0x1p-52) return (mi - expected_mi) / copysign(0x1p-52, room);
    return (mi - expected_mi) / room;
}

double fdml_homogeneity(const fdml_agreement *a)
{
    const double h = fdml_label_entropy(a);
    return h > 0 ? fdml_agreement_information(a) / h : 1;
}

double fdml_completeness(const fdml_agreement *a)
{
    const double h = fdml_cluster_entropy(a);
    return h > 0 ? fdml_agreement_information(a) / h : 1;
}

double fdml_v_measure(const fdml_agreement *a)
{
    const double h = fdml_homogeneity(a), c = fdml_completeness(a);
    return h + c > 0 ? 2 * h * c / (h + c) : 0;
}

double fdml_ari(const fdml_agreement *a)
{
    const double tp = a->cell_pairs, p = a->label_pairs, q = a->cluster_pairs;
    if (p == tp && q == tp) return 1;
    const double chance = p * q / (a->n * (a->n - 1) / 2);
    return (tp - chance) / ((p + q) / 2 - chance);
}

double fdml_fmi(const fdml_agreement *a)
{
    if (!(a->n > 1)) return 1;
    if (!(a->cell_pairs > 0)) return 0;
    return a->cell_pairs / sqrt(a->label_pairs * a->cluster_pairs);
}

double fdml_pair_f1(const fdml_agreement *a)
{
    const double all = a->label_pairs + a->cluster_pairs;
    return all > 0 ? 2 * a->cell_pairs / all : 1;
}

static int by_count(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* One cell of row count a and column count b: sum over n of P(n) (n/N) log(N n / (a b)) with n
 * hypergeometric. P is built by its ratio of neighbours outward from the mode, where it is set
 * to 1, and divided by its sum: no factorials, nothing overflows. Terms below 1e-20 of the mode
 * are left out. */
typedef struct cell_sum {
    double weight, value;
} cell_sum;

static void add_term(cell_sum *s, double p, double n, double constant, double big_n)
{
    s->weight += p;
    if (n > 0) s->value += p * (n / big_n) * (constant + fdml_log(n));
}

static double expected_cell(double a, double b, double big_n)
{
    const double lowest = fmax(0, a + b - big_n), highest = fmin(a, b);
    const double mode = fmin(highest, floor((a + 1) * (b + 1) / (big_n + 2)));
    const double constant = fdml_log(big_n) - fdml_log(a) - fdml_log(b);
    cell_sum s = { 0, 0 };
    add_term(&s, 1, mode, constant, big_n);
    double p = 1;
    for (double n = mode; n < highest && p > 1e-20; n++) {
        p *= (a - n) * (b - n) / ((n + 1) * (big_n - a - b + n + 1));
        add_term(&s, p, n + 1, constant, big_n);
    }
    p = 1;
    for (double n = mode; n > lowest && p > 1e-20; n--) {
        p *= n * (big_n - a - b + n) / ((a - n + 1) * (b - n + 1));
        add_term(&s, p, n - 1, constant, big_n);
    }
    return s.value / s.weight;
}

static size_t run_length(const uint32_t *sorted, size_t begin, size_t n)
{
    size_t end = begin + 1;
    while (end < n && sorted[end] == sorted[begin]) end++;
    return end - begin;
}

double fdml_expected_mi(uint32_t *label_count, size_t n_labels, uint32_t *cluster_count,
                        size_t n_clusters)
{
    qsort(label_count, n_labels, sizeof *label_count, by_count);
    qsort(cluster_count, n_clusters, sizeof *cluster_count, by_count);
    double big_n = 0, sum = 0;
    for (size_t i = 0; i < n_labels; i++) big_n += label_count[i];
    for (size_t i = 0, n_i; i < n_labels; i += n_i) {
        n_i = run_length(label_count, i, n_labels);
        if (!label_count[i]) continue;
        for (size_t j = 0, n_j; j < n_clusters; j += n_j) {
            n_j = run_length(cluster_count, j, n_clusters);
            if (!cluster_count[j]) continue;
            sum += (double)n_i * (double)n_j *
                   expected_cell(label_count[i], cluster_count[j], big_n);
        }
    }
    return sum;
}
