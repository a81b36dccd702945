/* slice_case.h - queries and columns made by hand, as the search for slices wants them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_SLICE_CASE_H
#define FDML_TESTS_UNIT_SLICE_CASE_H

#include "base/rng.h"
#include "eval/slices_state.h"

enum { CASE_COLUMNS = 6 };

typedef struct slice_case {
    fdml_arena arena;
    fdml_machine machine;
    fdml_audit_settings settings;
    size_t n, n_classes, n_columns;
    uint32_t *class_of;           /* [n] ascending */
    uint32_t *code[CASE_COLUMNS]; /* [n] to be set */
    uint32_t n_levels[CASE_COLUMNS];
    float *loss; /* [n] to be set */
    slice_data data;
    fdml_rng rng;
} slice_case;

/* Classes of size[0 .. n_classes), which are ascending; each size is a stratum. */
void slice_case_make(slice_case *c, const uint32_t *size, size_t n_classes, size_t n_columns,
                     uint64_t seed);
/* The same with all classes of one size. */
void slice_case_even(slice_case *c, size_t n_classes, uint32_t size, size_t n_columns,
                     uint64_t seed);
void slice_case_close(slice_case *c);
/* Random levels: of classes, or of queries. */
void slice_case_class_column(slice_case *c, size_t column, uint32_t n_levels);
void slice_case_query_column(slice_case *c, size_t column, uint32_t n_levels);
/* Losses of 1 with probability p, raised or lowered by class: p + spread * normal. */
void slice_case_failures(slice_case *c, double p, double spread);
/* Fills data; to be called when columns and losses are there. */
void slice_case_finish(slice_case *c);
void slice_case_search(slice_search *search, slice_case *c);
/* "0=2 1=0": columns and levels of finding j; in a buffer that the next call reuses. */
const char *slice_case_name(const slice_search *search, uint32_t slice);
/* The slice of one level of column a, and of one of column b unless that is CASE_COLUMNS. */
uint32_t slice_case_find(const slice_search *search, size_t a, uint32_t level_a, size_t b,
                         uint32_t level_b);

#endif
