/* op_conv.c - Conv and ConvTranspose.
 *
 * Specification: Conv 1, 11; ConvTranspose 1, 11. See conv_shape.h for what the attributes
 * mean and conv_direct.h for the arithmetic.
 * SPDX-License-Identifier: MIT */
#include "model/conv_direct.h"
#include "model/ops.h"
#include "model/real.h"

static fdml_status infer(const fdml_op_call *call, bool is_transposed, fdml_error *err)
{
    const fdml_type type = call->input[0]->type;
    fdml_conv conv;
    for (size_t i = 0; i < 3; i++) {
        const fdml_tensor *x = fdml_op_input(call, i);
        FDML_TRY(fdml_op_check_real(call, i, err));
        if (x && x->type != type)
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu is %s, input 0 is %s", i,
                                fdml_type_name(x->type), fdml_type_name(type));
    }
    FDML_TRY(fdml_conv_shape(&conv, call, is_transposed, err));
    size_t dim[FDML_MAX_RANK] = { conv.batch, conv.filters };
    for (int i = 0; i < conv.window.n; i++) dim[i + 2] = conv.window.out[i];
    return fdml_op_set(call, 0, type, conv.window.n + 2, dim, err);
}

static fdml_status run(const fdml_op_call *call, bool is_transposed, fdml_error *err)
{
    fdml_conv conv;
    FDML_TRY(fdml_conv_shape(&conv, call, is_transposed, err));
    if (call->input[0]->type == FDML_TYPE_F32) return fdml_conv_float(&conv, call, err);
    return fdml_conv_double(&conv, call, err);
}

fdml_status fdml_infer_conv(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, false, err);
}

fdml_status fdml_run_conv(const fdml_op_call *call, fdml_error *err)
{
    return run(call, false, err);
}

fdml_status fdml_infer_conv_transpose(const fdml_op_call *call, fdml_error *err)
{
    return infer(call, true, err);
}

fdml_status fdml_run_conv_transpose(const fdml_op_call *call, fdml_error *err)
{
    return run(call, true, err);
}
