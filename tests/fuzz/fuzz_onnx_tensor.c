/* fuzz_onnx_tensor.c - a lone TensorProto: its items, to the last byte.
 * SPDX-License-Identifier: MIT */
#include "data/onnx_file.h"
#include "model/onnx_constant.h"
#include "target.h"
#include "target_tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fdml_onnx_tensor read;
    fdml_tensor tensor;
    fdml_error err;
    fdml_arena arena;
    fdml_arena_init(&arena, TARGET_MEMORY);
    fdml_status status = fdml_onnx_parse_tensor(&read, "x.pb", data, size, &arena, &err);
    if (status) target_check_error(status, &err);
    if (!status) {
        target_require(read.name && read.data);
        status = fdml_onnx_as_tensor(&tensor, &read, "x.pb", &err);
        if (status) target_check_error(status, &err);
        if (!status) target_require(tensor.n_items == read.n_items);
        if (!status) target_tensor(&tensor);
    }
    fdml_arena_close(&arena);
    fdml_arena_init(&arena, 64);
    (void)fdml_onnx_parse_tensor(&read, "x.pb", data, size, &arena, NULL);
    fdml_arena_close(&arena);
    return 0;
}
