/* oracles.h - reads shared/oracles/metrics.json: numbers that other tools assert in their own
 * tests (trec_eval, pytorch-metric-learning, OML, torchmetrics, scikit-learn, bob.measure,
 * fairlearn).
 *
 * Where the file is absent a test that asks for a case is skipped, or fails when CI=true.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_ORACLES_H
#define FDML_TESTS_UNIT_ORACLES_H

#include "base/json.h"

/* The case of this id, until oracles_close. All fail the test where something is missing. */
const fdml_json *oracles_case(const char *id);
void oracles_close(void);

const fdml_json *oracles_find(const fdml_json *object, const char *key);
double oracles_number(const fdml_json *value);
double oracles_number_in(const fdml_json *object, const char *key);
/* Elements of an array, at most `most`; returns how many. */
size_t oracles_numbers(double *out, size_t most, const fdml_json *array);
size_t oracles_whole(uint32_t *out, size_t most, const fdml_json *array);

/* Digits as printed in the source: half of the last one, given as how many decimals. */
void oracles_expect_digits(double got, double want, int decimals, const char *what);

#endif
