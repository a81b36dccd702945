/* lime_world.h - a table of numbers and categories, and black boxes, to try LIME with.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_LIME_WORLD_H
#define FDML_TESTS_UNIT_LIME_WORLD_H

#include <stdbool.h>

#include "explain/lime.h"

enum { LIME_P = 5, LIME_FIT = 400, LIME_ROWS = 8, LIME_N = LIME_FIT + LIME_ROWS };

typedef struct lime_world {
    float x[LIME_N * LIME_P];
    uint32_t fit[LIME_FIT], row[LIME_ROWS];
    fdml_tabular t;
    fdml_lime_data data;
    fdml_lime_options options;
    fdml_arena arena;
} lime_world;

typedef struct lime_box {
    const lime_world *w;
    double weight[LIME_P]; /* of z, or of one level of a category */
    bool is_curved;        /* through the logistic function */
} lime_box;

void lime_begin(lime_world *w); /* the defaults, two threads */
double lime_score(const lime_box *c, const float *x);
fdml_status lime_explain(lime_world *w, const lime_box *c, fdml_lime_result *result,
                         fdml_error *err);

#endif
