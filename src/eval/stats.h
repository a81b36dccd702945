/* stats.h - intervals and tests from sums that were computed once.
 *
 * Every resampled number of an audit is a smooth function of sums over clusters (a class, or a
 * query). So resampling needs no distances: it draws clusters and adds their feature vectors.
 * Replicate b of group g is a pure function of (seed, stream, b): any thread may compute it.
 *
 *   bootstrap    within one group of n clusters, n are drawn with replacement (Efron 1979;
 *                cluster form: Field & Welsh 2007); sums[b] = sum of the drawn features. Groups
 *                that share clusters share the draws of them
 *   permutation  group codes are permuted between units, within strata; sums[p][g] = sum of
 *                features of the units then in g (Good 2005, Phipson & Smyth 2010 for the p)
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_STATS_H
#define FDML_EVAL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows of features are padded with zeros to a multiple of this, so that adding one is a fixed
 * number of whole vectors: n_features below is always such a multiple. */
enum { FDML_FEATURE_UNIT = 8 };
size_t fdml_feature_stride(size_t n_features); /* n_features rounded up to the unit */

/* n_clusters (at least 1) are drawn of as many. features: [n_clusters, n_features]; or, where
 * `place` is given, row place[c] of it belongs to cluster c, FDML_ABSENT where c has none. A
 * draw depends on (seed, stream, replicate, n_clusters) alone: groups that are resampled with
 * the same four see the same draws. */
#define FDML_ABSENT UINT32_MAX
typedef struct fdml_bootstrap {
    const double *features;
    const uint32_t *place; /* [n_clusters], or NULL: every cluster has its row */
    size_t n_clusters, n_features, n_replicates;
    uint64_t seed, stream;
} fdml_bootstrap;
/* sums: [n_replicates, n_features]. Each replicate adds in draw order. */
void fdml_bootstrap_sums(double *sums, const fdml_bootstrap *bootstrap, int n_threads);

/* features: [n_units, n_features]; code: [n_units] in 0..n_groups-1; stratum: [n_units] in
 * non-decreasing order, or NULL for one stratum; sums: [n_replicates, n_groups, n_features],
 * for the replicates first_replicate, first_replicate + 1 .. */
typedef struct fdml_permutation {
    const double *features;
    const uint32_t *code;
    const uint32_t *stratum;
    size_t n_units, n_features, n_groups, n_replicates;
    uint32_t first_replicate;
    uint64_t seed, stream;
} fdml_permutation;
/* Scratch of the two functions below, in bytes, aligned as an arena's; for codes n_threads is
 * 1. The largest group's sums are the total minus the others'. */
size_t fdml_permutation_scratch(const fdml_permutation *permutation, int n_threads);
/* At most n_threads, at least one: as many as may each take `size` bytes within 32 MiB. Large
 * problems are resampled by fewer threads, so that memory stays O(rows). */
int fdml_resampling_threads(size_t size, int n_threads);
/* The codes of one replicate: [n_units], the same as those summed over. */
void fdml_permutation_codes(uint32_t *permuted, const fdml_permutation *permutation,
                            uint32_t replicate, void *scratch);
void fdml_permutation_sums(double *sums, const fdml_permutation *permutation, void *scratch,
                           int n_threads);

/* All features of the rows listed in `item`, added to sum[n_features] in that order. */
void fdml_feature_gather(double *sum, const double *features, size_t n_features,
                         const uint32_t *item, size_t n_items);

/* Exchange (stats_exchange.c): each of n_ids clusters tosses a coin, and a unit counts where
 * the coin of its cluster shows heads. features: [n_units, n_features], group after group as
 * `begin` says; id: [n_units] below n_ids; sums: [n_replicates, n_groups, n_features]. A coin
 * depends on (seed, stream, replicate, id) alone, so that groups that share clusters share
 * their coins. */
typedef struct fdml_exchange {
    const double *features;
    const uint32_t *id;
    const size_t *begin; /* [n_groups + 1] */
    size_t n_groups, n_features, n_ids, n_replicates;
    uint32_t first_replicate;
    uint64_t seed, stream;
} fdml_exchange;
size_t fdml_exchange_scratch(size_t n_ids, int n_threads); /* bytes, aligned as an arena's */
void fdml_exchange_sums(double *sums, const fdml_exchange *exchange, void *scratch,
                        int n_threads);

/* --- stats_interval.c ------------------------------------------------------------------- */

/* Quantile q of n values by linear interpolation between order statistics (Hyndman & Fan's
 * type 7, the default of R and NumPy). Sorts `values` in place; NaN last and ignored. */
double fdml_quantile(double *values, size_t n, double q);

/* Variance with divisor n - 1 of the values that are not NaN; NaN for fewer than two. */
double fdml_variance(const double *values, size_t n);

/* What is known of the spread of a number: degrees of freedom, and by how much the variance of
 * its replicates falls short of its own (that of a mean of m clusters by m / (m - 1)). */
typedef struct fdml_freedom {
    double n_free, inflation;
} fdml_freedom;
fdml_freedom fdml_freedom_of(size_t n_clusters);
/* Of the sum or difference of two independent parts whose replicates have these variances: the
 * degrees of freedom of Welch (1947) and Satterthwaite (1946). */
fdml_freedom fdml_freedom_of_two(double variance_a, size_t n_a, double variance_b, size_t n_b);

/* Expanded percentile interval (Hesterberg, "What teachers should know about the bootstrap",
 * The American Statistician 69, 2015, 5.2): the quantiles at Phi(-t sqrt(inflation)) and 1
 * minus it, t being the two-sided quantile of Student's t. Of many clusters that is the
 * percentile interval; of few, whose replicates vary too little, it is as wide as Student's
 * interval would be, and stays within the range of what is measured. Quantiles are at (n + 1) q
 * (Davison & Hinkley 1997, 5.2), so that a replicate is as likely to lie beyond one as it says.
 * Sorts `values`; NaN last and ignored. */
void fdml_bootstrap_interval(double *lo, double *hi, double *values, size_t n,
                             double confidence, fdml_freedom freedom);

/* Of fewer replicates than (2 / (1 - confidence)) - 1 both ends are the outermost ones, however
 * large the groups: there are then no draws beyond them to judge by. True where n, above 0, is
 * so small; `text` is then a warning. */
bool fdml_bootstrap_is_short(char *text, size_t size, size_t n, double confidence);

/* --- stats.c ---------------------------------------------------------------------------- */

/* p of a one-sided test "statistic at least as large": (1 + #{null >= observed}) / (1 + n).
 * The statistic is a difference of values of size `scale`; null values are not negative.
 * Equality is judged with a tolerance of 1e-12 relative to the largest of the three, so that
 * permutations which give the observed split again count as equal whatever their order of
 * addition, and a difference that is but rounding of equal values has p = 1. */
double fdml_p_value(double observed, double scale, const double *null_values, size_t n);

/* Holm (1979) step-down adjustment; NaN entries are left out and stay NaN. */
void fdml_holm(double *adjusted, const double *p, size_t n, uint32_t *scratch);

/* Permutations with which one of n_tests p-values can pass that correction at `level`, though
 * three of them be as extreme as what was observed; at most FDML_MOST_PERMUTATIONS. */
enum { FDML_MOST_PERMUTATIONS = 20000 };
size_t fdml_permutations_for(size_t n_tests, double level);

#endif
