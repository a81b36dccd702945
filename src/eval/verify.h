/* verify.h - are these two rows of the same class? Error rates from the scores of pairs.
 *
 * A pair is genuine (same class) or an impostor pair. Its score is its nearness s; it is
 * accepted at threshold t where s >= t:
 *
 *   FMR(t)  = share of impostor pairs with s >= t        false match rate
 *   FNMR(t) = share of genuine pairs with s < t          false non-match rate, 1 - TAR
 *
 * (ISO/IEC 19795-1; the same rule as bob.measure and scikit-learn's roc_curve.)
 *
 *   threshold at an FMR target: the smallest observed score t with FMR(t) <= target; where none
 *             is, the next float above all. A target below 1 / (impostor pairs) is refused.
 *   EER       (FMR + FNMR) / 2 where |FMR - FNMR| is least; that holds on an interval of t
 *             between two observed scores, whose middle is the threshold.
 *   AUC       share of (genuine, impostor) pairs of pairs with the genuine one nearer, ties
 * half.
 *
 * Up to 2^22 pairs are scored one by one. More go into a histogram (pairs.h): then "observed
 * scores" are the edges of its bins, and EER and AUC take a bin's pairs as tied.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_VERIFY_H
#define FDML_EVAL_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

struct fdml_differential;

/* One comparison of a pairs list. */
typedef struct fdml_row_pair {
    uint32_t a, b; /* rows */
    bool genuine;  /* of the same class */
    uint32_t fold; /* from 0 */
} fdml_row_pair;

/* Whether all pairs of so many rows are scored one by one. */
bool fdml_verify_is_exact(size_t n_rows);

/* Ascending, in place; scratch: [n]. Finite values only. */
void fdml_sort_scores(float *score, size_t n, float *scratch);

/* Scores in ascending order. */
typedef struct fdml_scores {
    const float *genuine, *impostor;
    size_t n_genuine, n_impostor; /* at least 1 each */
} fdml_scores;

double fdml_fmr(const fdml_scores *scores, float threshold);
double fdml_fnmr(const fdml_scores *scores, float threshold);
float fdml_threshold_at_fmr(const fdml_scores *scores, double target);
/* The largest observed score t with FNMR(t) <= target. */
float fdml_threshold_at_fnmr(const fdml_scores *scores, double target);
double fdml_eer(float *threshold, const fdml_scores *scores);
double fdml_auc(const fdml_scores *scores);

/* At the EER threshold both rates move with t; `weight` is what FMR's own change contributes to
 * the EER's: dEER = weight dFMR + (1 - weight) dFNMR, weight = g / (g + i) from the densities g
 * of genuine and i of impostor scores around it, over about sqrt(n_genuine) genuine scores on
 * either side. */
double fdml_eer_weight(const fdml_scores *scores, float threshold);

/* The same from counts of scores per bin; thresholds are edges low + b * width. No score lies
 * above the last of them; where it, too, accepts more than the target, the threshold is the
 * next float above. */
typedef struct fdml_score_bins {
    const uint64_t *genuine, *impostor; /* [n_bins] */
    size_t n_bins;
    float low, width;
} fdml_score_bins;
float fdml_bins_threshold_at_fmr(const fdml_score_bins *bins, double target);
double fdml_bins_eer(float *threshold, double *weight, const fdml_score_bins *bins);
double fdml_bins_auc(const fdml_score_bins *bins);

/* How unequal n groups are at one threshold (n >= 2):
 *   max over min, max over geometric mean (NIST IR 8429) of FMR and of FNMR
 *   FDR   = 1 - (alpha max|FMR_i - FMR_j| + (1-alpha) max|FNMR_i - FNMR_j|)
 *           (de Freitas Pereira & Marcel 2021)
 *   IR    = (max/min FMR)^alpha (max/min FNMR)^(1-alpha)
 *   GARBE = alpha G(FMR) + (1-alpha) G(FNMR), G the Gini coefficient with n/(n-1)
 *           (Howard et al. 2022)
 * all with alpha = 0.5. What a zero rate leaves undefined is NaN, and `why` says so. */
void fdml_differential_of(struct fdml_differential *out, const double *fmr, const double *fnmr,
                          size_t n);

/* Accuracy by LFW's protocol: for each fold, at the threshold with the highest accuracy on the
 * other folds (the lowest such, midway between scores). *error is the standard error of the
 * mean over folds. score: [n_pairs] in the order of pair. */
fdml_status fdml_fold_accuracy(double *mean, double *error, const float *score,
                               const fdml_row_pair *pair, size_t n_pairs, size_t n_folds,
                               fdml_arena *arena, fdml_error *err);

#endif
