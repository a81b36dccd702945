/* suite.h - what the parts of the conformance runner share.
 *
 * suite_find.c finds tests, suite_case.c runs one in a process of its own, suite_compare.c
 * holds its outputs against the expected ones, suite_export.c writes models, onnx_suite.c
 * counts and prints.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_ONNX_SUITE_H
#define FDML_TESTS_ONNX_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "model/graph.h"

enum { SUITE_PATH = 1024, SUITE_WHY = 640, SUITE_OP = 64 };

typedef struct suite_test {
    char name[SUITE_PATH];
    char model[SUITE_PATH]; /* the .onnx file */
    char data[SUITE_PATH];  /* folder of test_data_set_*; empty: a light model */
} suite_test;

typedef struct suite_tests {
    suite_test *test;
    size_t n, room;
} suite_tests;

/* Adds the tests below a folder, in order of their names. False where it cannot be read. */
bool suite_find(suite_tests *tests, const char *folder);

typedef enum suite_verdict { SUITE_PASSED, SUITE_FAILED, SUITE_REFUSED } suite_verdict;

typedef struct suite_result {
    suite_verdict verdict;
    char op[SUITE_OP]; /* the operator the test is about, "model" where it has several nodes */
    char why[SUITE_WHY]; /* of a failure or refusal */
    double seconds;
} suite_result;

typedef struct suite_options {
    bool is_planned, is_reference; /* which ways to run */
    bool is_exported; /* runs what the model is after it was written and read again */
    bool is_verbose;
    const char *only; /* part of a name, or NULL */
    int seconds;      /* a test's time limit */
    int n_threads;
} suite_options;

/* Runs the test both ways that are asked for, in a process that may crash or hang. */
void suite_run(suite_result *result, const suite_test *test, const suite_options *options);

/* Writes the graph as a file in memory and reads it: the same nodes, attributes, constants,
 * inputs and outputs, or the reason why not. *graph becomes what was read. */
bool suite_export(char why[SUITE_WHY], fdml_graph *graph, fdml_arena *arena);

/* Writes the worst difference and its place, and answers whether the output will do. Numbers
 * may differ by 1e-7 + 1e-3 |expected|, as the ONNX backend tests allow; all else is exact. */
bool suite_compare(char why[SUITE_WHY], const fdml_tensor *got, const fdml_tensor *expected);

#endif
