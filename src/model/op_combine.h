/* op_combine.h - y = a kind b with broadcasting, for the operators that fold several inputs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_OP_COMBINE_H
#define FDML_MODEL_OP_COMBINE_H

#include "model/op.h"

/* Adds integer remainder to the kernel's kinds. */
enum { FDML_COMBINE_FMOD = FDML_COMBINE_COUNT, FDML_COMBINE_MOD };

/* All three of one type; the shapes of a and b broadcast to that of y, whose data may be a's
 * where a has its shape. Integers wrap. No divisor of integers is 0. */
void fdml_combine_run(const fdml_op_call *call, int kind, const fdml_tensor *y,
                      const fdml_tensor *a, const fdml_tensor *b);

/* Before operator set 7 shapes did not broadcast by themselves: `broadcast` allowed it and
 * `axis` said where in a's shape b's begins. Makes b's shape what the rules of today need. */
fdml_status fdml_combine_align(const fdml_op_call *call, fdml_tensor *b, fdml_error *err);

#endif
