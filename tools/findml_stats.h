/* findml_stats.h - repetitions to a number and how sure it is: over seeds, and against a
 * baseline that was run with the same seeds.
 *
 * Runs with one seed share their data, first weights and order of batches, so a difference is
 * taken seed by seed; what all runs of a seed have in common cancels in it. Values that are NaN
 * are left out, of a pair both.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_FINDML_STATS_H
#define FDML_TOOLS_FINDML_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Two pairs of coarse numbers (shares of a small group) often differ by exactly the same, and
 * their interval then has no width: nothing is said to be beyond chance by so few. */
enum { FINDML_MIN_PAIRS = 3 };

/* NaN where there are too few values: one for a mean, two for the rest. */
typedef struct findml_spread {
    size_t n;
    double mean;
    double sd;   /* with divisor n - 1 */
    double half; /* of the t interval: mean - half to mean + half */
} findml_spread;

typedef struct findml_change {
    size_t n;        /* pairs */
    double mean;     /* of value - baseline */
    double se;       /* sd / sqrt n */
    double half;     /* of the t interval */
    bool is_beyond;  /* the interval does not hold 0, and there are FINDML_MIN_PAIRS */
    size_t n_better; /* pairs whose difference has the sign of `direction` */
} findml_change;

findml_spread findml_spread_of(const double *value, size_t n, double confidence);

/* direction: 1 where more is better, -1 where less is, 0 where neither (n_better is 0). */
findml_change findml_change_of(const double *value, const double *baseline, size_t n,
                               int direction, double confidence);

#endif
