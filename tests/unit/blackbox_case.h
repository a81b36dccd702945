/* blackbox_case.h - 240 rows, and what scikit-learn and NumPy make of them
 * (make_blackbox_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_BLACKBOX_CASE_H
#define FDML_TESTS_UNIT_BLACKBOX_CASE_H

#include <stddef.h>
#include <stdint.h>

enum { CASE_ROWS = 240, CASE_FEATURES = 4, CASE_TRAIN = 160, CASE_SEEDS = 20, CASE_GROUPS = 3 };

extern const float blackbox_case_x[]; /* [rows, features], the last is a category */
extern const uint8_t blackbox_case_y[], blackbox_case_fold[];
extern const double blackbox_case_objective[]; /* C = .01, 1, 10 */
extern const double blackbox_case_auroc[];     /* 25 C */
extern const size_t blackbox_case_best;
extern const double blackbox_case_net_mean[], blackbox_case_net_deviation[]; /* loss, epochs,
                                                                               AUROC */
extern const double blackbox_case_p[], blackbox_case_e[];
extern const uint32_t blackbox_case_code[];
extern const double blackbox_case_fidelity[]; /* [groups and all, 3] */

#endif
