/* objective_case.h - batches and objectives for tests of training.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_OBJECTIVE_CASE_H
#define FDML_TESTS_UNIT_OBJECTIVE_CASE_H

#include "train/objective.h"

/* What another implementation says of a batch: 4 dimensions, 5 classes. */
typedef struct objective_vector {
    const char *name, *miner; /* NULL past the last */
    size_t n, n_settings, n_params;
    const fdml_objective_setting *setting;
    const uint32_t *label;
    const float *f; /* [n, 4] */
    double loss;
    const double *df;
    const float *param;
    const double *dparam;
} objective_vector;
extern const objective_vector objective_vectors[];

/* An objective with its parameter and memory. */
typedef struct objective_case {
    fdml_arena arena;
    fdml_objective *objective;
    fdml_param param[1];
    fdml_params params;
} objective_case;

/* Fails the test where it cannot be made. kernels NULL: the best. */
void objective_open(objective_case *c, const fdml_objective_options *options);
void objective_close(objective_case *c);

/* Fails the test where it fails; df may be NULL. */
fdml_objective_result objective_run(objective_case *c, const fdml_objective_batch *batch,
                                    float *df);

/* Rows [n, dim]: noise around a centre for each label, of unit length where asked. */
void objective_rows(float *f, const uint32_t *label, size_t n, size_t dim, bool unit,
                    uint64_t seed);

#endif
