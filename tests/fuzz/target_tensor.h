/* target_tensor.h - reads every item of a tensor, so that the sanitizer sees where they lie.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_FUZZ_TARGET_TENSOR_H
#define FDML_TESTS_FUZZ_TARGET_TENSOR_H

#include "model/tensor.h"
#include "target.h"

static inline void target_tensor(const fdml_tensor *tensor)
{
    static volatile unsigned sink;
    unsigned sum = 0;
    const unsigned char *at = tensor->data;
    target_require(tensor->rank >= 0 && tensor->rank <= FDML_MAX_RANK);
    target_require(tensor->data || !tensor->n_items);
    if (tensor->type == FDML_TYPE_STRING) {
        const char *const *text = tensor->data;
        for (size_t i = 0; i < tensor->n_items; i++) sum += (unsigned)strlen(text[i]);
    } else {
        for (size_t i = 0; i < fdml_tensor_size(tensor); i++) sum += at[i];
    }
    for (size_t i = 0; tensor->type == FDML_TYPE_BOOL && i < tensor->n_items; i++)
        target_require(at[i] <= 1);
    sink = sum;
    (void)sink;
}

#endif
