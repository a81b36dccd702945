/* study_other.h - what another run's black boxes and explanations said of the same test rows:
 * the file that --per-row writes, read back to be compared with.
 *
 * A method on a black box is compared with the one of the same names in the file. Where this
 * run and the file have one black box each, their names may differ: an old model and a new one.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_OTHER_H
#define FDML_EXPLAIN_STUDY_OTHER_H

#include "data/table.h"
#include "explain/study.h"

typedef struct fdml_study_answers {
    const double *p, *e; /* [n_seeds, n_test]; NULL: the file has none */
} fdml_study_answers;

struct fdml_study_other {
    const char *path;
    const fdml_study_answers *of; /* [n_sources, n_methods] */
};

/* Columns row (of the table, from 1), target, black_box, seed, p, method and e, and protected
 * columns where it has them; others are passed over, and so are black boxes, methods and seeds
 * that this run has not. FDML_E_DATA: a column that is missing; a cell that is no number, a row
 * that is no test row or has another target or group than in the table, an answer that is given
 * twice (each with its line); not all rows and seeds of a method; nothing to compare at all.
 * FDML_E_NOMEM. Everything is in `arena` but the path, which is the table's. */
fdml_status fdml_study_other_read(fdml_study_other *other, const fdml_table *file,
                                  const fdml_tabular *table, const fdml_study_options *options,
                                  fdml_arena *arena, fdml_error *err);

#endif
