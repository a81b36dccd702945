/* ops.h - declares the functions of every operator, as ops.def names them.
 *
 * Files that define them include it, so that a definition that differs does not compile.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_OPS_H
#define FDML_MODEL_OPS_H

#include "model/op.h"

#define OP(name, since, min_in, max_in, max_out, infer, run)                                   \
    fdml_status fdml_infer_##infer(const fdml_op_call *call, fdml_error *err);                 \
    fdml_status fdml_run_##run(const fdml_op_call *call, fdml_error *err);
#include "model/ops.def"
#undef OP

#endif
