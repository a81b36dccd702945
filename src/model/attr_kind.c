/* attr_kind.c - the attributes of opsets 6 to 21. See attr_kind.h.
 * SPDX-License-Identifier: MIT */
#include "model/attr_kind.h"

#include <string.h>

/* By Operators.md and Changelog.md of ONNX. Left out, since it may be either: Dropout's seed,
 * an int from opset 12 on, in whose place older exports leave a float. */
static const char *const names[] = {
    [FDML_ATTR_INT] =
        " align_corners allowzero antialias axis batch_axis batch_dims block_size blocksize "
        "broadcast ceil_mode count_include_pad detect_negative detect_positive dtype end "
        "exclude_outside exclusive fmod group is_test k keepdims largest noop_with_empty_axes "
        "num_groups num_outputs onesided p reverse saturate select_last_index size sorted "
        "spatial start stash_type storage_order time_axis to training_mode transA transB upper "
        "value_int ",
    [FDML_ATTR_FLOAT] =
        " alpha beta bias cubic_coeff_a epsilon extrapolation_value gamma height_scale high "
        "lambd low max mean min momentum ratio scale value_float width_scale ",
    [FDML_ATTR_STRING] =
        " approximate auto_pad coordinate_transformation_mode direction equation "
        "keep_aspect_ratio_policy mode nearest_mode padding_mode reduction value_string ",
    [FDML_ATTR_TENSOR] = "",
    [FDML_ATTR_INTS] =
        " axes dilations ends kernel_shape output_padding output_shape pads perm shape split "
        "starts strides value_ints ",
    [FDML_ATTR_FLOATS] = " scales value_floats ",
    [FDML_ATTR_STRINGS] = " value_strings ",
};

static bool holds_word(const char *list, const char *word)
{
    const size_t n = strlen(word);
    if (!n) return false;
    for (const char *at = strstr(list, word); at; at = strstr(at + n, word))
        if (at[-1] == ' ' && at[n] == ' ') return true;
    return false;
}

bool fdml_attr_kind_fits(const char *op, const char *name, fdml_attr_kind kind,
                         fdml_attr_kind *expected)
{
    if (!strcmp(name, "value")) {
        *expected = strcmp(op, "Pad") ? FDML_ATTR_TENSOR : FDML_ATTR_FLOAT;
        return kind == *expected;
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        if (!holds_word(names[k], name)) continue;
        *expected = (fdml_attr_kind)k;
        return kind == *expected;
    }
    return true;
}

const char *fdml_attr_kind_name(fdml_attr_kind kind)
{
    static const char *const words[] = { "int",  "float",  "string", "tensor",
                                         "ints", "floats", "strings" };
    return words[kind];
}
