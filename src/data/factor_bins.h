/* factor_bins.h - a column of any kind as a few levels: what a search for slices works on.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_FACTOR_BINS_H
#define FDML_DATA_FACTOR_BINS_H

#include <stdbool.h>

#include "data/factor.h"

enum { FDML_BINS = 4, FDML_BINNED_ABOVE = 16 };

/* An empty cell is the level "(missing)". Numbers of more than FDML_BINNED_ABOVE distinct
 * values become at most FDML_BINS levels of about as many rows each: "below 18", "18 to 25",
 * "25 to 40", "40 or more", in this order, bounds being among the values; rows with the same
 * number share a level, and the smallest number has one of its own where it is in a quarter of
 * the rows. Other columns keep their values. *is_key: whole numbers or texts that are all
 * different, or that correspond one to one to the levels of `label` (NULL: none): they name
 * rows or classes and do not group them. The levels are then the values. FDML_E_NOMEM. */
fdml_status fdml_factor_from_column(fdml_factor *factor, bool *is_key, const fdml_table *table,
                                    size_t column, const fdml_factor *label, fdml_arena *arena,
                                    fdml_error *err);

#endif
