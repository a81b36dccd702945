/* eval_world.h - small seeded problems for the tests of src/eval, and how to audit them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_EVAL_WORLD_H
#define FDML_TESTS_UNIT_EVAL_WORLD_H

#include "eval/audit.h"

typedef struct eval_world {
    fdml_arena arena;
    size_t n_rows, dim;
    float *x;          /* [n_rows, dim] */
    uint32_t *label;   /* [n_rows] */
    uint32_t *code[2]; /* [n_rows] of the attributes */
    fdml_factor label_factor, attribute[2];
    fdml_problem problem;
    fdml_machine machine;
    fdml_audit_settings settings;
} eval_world;

/* Rows of n_classes classes in turn (row i has class i % n_classes): centre + spread * noise,
 * both normal. Attribute 0, "g", splits classes (class % n_groups); attribute 1, "h", splits
 * rows at random in two. One attribute is used; set problem.n_attributes to change that.
 * Settings: 200 replicates and permutations, 95%, unit class, seed 1, all groups sufficient. */
void eval_world_make(eval_world *world, size_t n_rows, size_t dim, size_t n_classes,
                     size_t n_groups, double spread, uint64_t seed);
void eval_world_close(eval_world *world);

/* Fills `settings` with the metrics of a specification (K = 1, 4). */
void eval_world_metrics(eval_world *world, const char *spec);
/* Audits; fails the test with the sentence if that fails. */
void eval_world_audit(fdml_audit_result *result, eval_world *world);
/* Index of a metric by key; fails the test if absent. */
size_t eval_metric(const eval_world *world, const char *key);

/* Rows as the distance sees them, in double: [n_rows, dim], in the world's arena. */
double *eval_rows(eval_world *world);
double eval_squared(const double *rows, size_t dim, size_t i, size_t j);

#endif
