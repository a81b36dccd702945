/* classifier_case.h - made rows, and what scikit-learn's classifiers make of them
 * (make_classifier_case.py).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_CLASSIFIER_CASE_H
#define FDML_TESTS_UNIT_CLASSIFIER_CASE_H

enum {
    CLASSIFIER_ROWS = 900,
    CLASSIFIER_DIM = 12,
    CLASSIFIER_VALUES = 6,
    CLASSIFIER_TESTS = CLASSIFIER_ROWS / 3,
    CLASSIFIER_TIE = 99
};

/* Predictions of the test rows, those whose number is a multiple of three. */
extern const unsigned char classifier_case_logistic[CLASSIFIER_TESTS];
extern const unsigned char classifier_case_svm[CLASSIFIER_TESTS];
extern const unsigned char classifier_case_knn[CLASSIFIER_TESTS];
/* Mean and deviation of the accuracy over ten seeds. */
extern const double classifier_case_forest[2], classifier_case_mlp[2];
/* Of the share of test rows predicted as an odd value, where training rows of odd values are
 * listed three times. */
extern const double classifier_case_forest_often[2], classifier_case_mlp_often[2];
/* Accuracy, and macro precision, recall and f1, of the regression's predictions of the test
 * rows of even number. */
extern const double classifier_case_even[4];

#endif
