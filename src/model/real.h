/* real.h - items of any number type as doubles, and back.
 *
 * A double holds every float16, bfloat16, float32 and integer of up to 32 bits exactly, so an
 * operator whose arithmetic is written once, in double, serves all types with one rounding at
 * the end, and the same bits on every machine.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_REAL_H
#define FDML_MODEL_REAL_H

#include "model/op.h"

/* float16, bfloat16, float32, float64: what operators of real numbers take. */
bool fdml_type_is_real(fdml_type type);

/* Items first .. first+n-1 of a tensor of real or integer type (BOOL: 0 or 1). 64-bit integers
 * round to nearest. */
void fdml_reals_load(double *values, const fdml_tensor *tensor, size_t first, size_t n);

/* Floats round to nearest, ties to even. Integers drop the fraction and stay within their
 * range; NaN becomes 0. */
void fdml_reals_store(fdml_tensor *tensor, size_t first, const double *values, size_t n);

/* The whole tensor in scratch of the call; NULL stays NULL. FDML_E_NOMEM. */
fdml_status fdml_reals_of(const double **values, const fdml_tensor *tensor,
                          const fdml_op_call *call, fdml_error *err);

/* Scratch of a run; FDML_E_NOMEM says how much did not fit. *piece is what was asked for. */
fdml_status fdml_op_scratch(const fdml_op_call *call, void *piece, size_t count, size_t size,
                            fdml_error *err);

/* FDML_E_UNSUPPORTED unless the input is of a real type. */
fdml_status fdml_op_check_real(const fdml_op_call *call, size_t i, fdml_error *err);

/* x to the power p, from +, -, *, / and square roots alone; x >= 0. */
double fdml_real_pow(double x, double p);

#endif
