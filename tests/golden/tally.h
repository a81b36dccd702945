/* tally.h - what the comparisons share: the count, and lists of cases with tabs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_GOLDEN_TALLY_H
#define FDML_TESTS_GOLDEN_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct golden_tally {
    size_t passed, failed;
    bool is_verbose;
    const char *only;   /* cases whose name holds this; NULL: all */
    const char *engine; /* the only one; NULL: all */
    double worst;       /* of those that passed */
    char worst_at[256]; /* "resnet50 plan" */
} golden_tally;

/* why NULL: passed, `error` off. */
void golden_report(golden_tally *t, const char *name, const char *by, const char *why,
                   double error);

/* Cases of a list: a line of tabs each. Fields the line lacks are NULL; the second is the
 * name. */
enum { GOLDEN_FIELDS = 6, GOLDEN_NAME = 1 };
typedef void golden_case_fn(golden_tally *t, const char *folder,
                            const char *const field[GOLDEN_FIELDS]);
/* Those that `only` names of folder/list. False: the list cannot be read, which was said. */
bool golden_read_list(golden_tally *t, const char *folder, const char *list,
                      golden_case_fn *run);

#endif
