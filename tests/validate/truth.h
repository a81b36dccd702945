/* truth.h - what the numbers of an audit are in the population of a law (world.h), under l2.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_VALIDATE_TRUTH_H
#define FDML_TESTS_VALIDATE_TRUTH_H

#include "world.h"

/* E |x - y|^2 of two rows of one class in group g. With two class sizes each pair counts alike,
 * and sizes are independent of the effect. */
double true_alignment_intra(const law *l, size_t group);
/* log of the mean of exp(-2 d^2) over the pairs of a group of n classes with `rows` rows each.
 */
double true_uniformity(const law *l, size_t group, size_t n_classes, size_t rows);
/* Shares of impostor and of genuine pairs of the group, or of two groups a, b, nearer than
 * -d^2 = threshold. dim must be even. */
double true_fmr(const law *l, size_t a, size_t b, double threshold);
double true_fnmr(const law *l, size_t group, double threshold);

#endif
