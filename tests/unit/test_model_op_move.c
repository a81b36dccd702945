/* test_model_op_move.c - operators that move items: examples of the specification and NumPy's
 * answers; Slice, Pad and Transpose against loops.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "op_case.h"

static const int64_t count[] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };
#define UP_TO(...) op_tensor(FDML_TYPE_I64, OP_SHAPE(__VA_ARGS__), count)

Test(model_op_move, concat_and_split)
{
    op_case c = { .op = "Concat", .opset = 13, .n_inputs = 3, .n_attrs = 1 };
    c.input[0] = U8((2, 1), 1, 2), c.input[1] = NOTHING(U8, (2, 0));
    c.input[2] = U8((2, 2), 3, 4, 5, 6), c.attr[0] = fdml_attr_int("axis", -1);
    op_expect(op_run(&c), U8((2, 3), 1, 3, 4, 2, 5, 6));
    c.attr[0] = fdml_attr_int("axis", 0);
    op_refuses(&c, FDML_E_DATA,
               "input 1 of shape [2,0] does not join one of [2,1] along axis 0");

    op_case s = { .op = "Split", .opset = 11, .n_inputs = 1, .n_outputs = 2, .n_attrs = 2 };
    s.input[0] = UP_TO(2, 4), s.attr[0] = fdml_attr_int("axis", 1);
    s.attr[1] = fdml_attr_ints("split", INTS(1, 3));
    op_expect(&op_run(&s)[0], I64((2, 1), 0, 4));
    op_expect(&op_run(&s)[1], I64((2, 3), 1, 2, 3, 5, 6, 7));
    s.opset = 13, s.n_attrs = 1, s.n_inputs = 2, s.input[1] = I64((2), 4, 0);
    op_expect(&op_run(&s)[1], NOTHING(I64, (2, 0)));
    s.input[1] = I64((2), 3, 2);
    op_refuses(&s, FDML_E_DATA, "part 1 is 2 of 1 items that are left");
    s.input[1] = I64((2), 1, 2);
    op_refuses(&s, FDML_E_DATA, "the parts leave 1 of 4 items");
    s.n_inputs = 1, s.n_outputs = 3;
    op_refuses(&s, FDML_E_DATA, "4 items do not divide into 3 parts");
    s.opset = 18, s.n_attrs = 2, s.attr[1] = fdml_attr_int("num_outputs", 3);
    s.input[0] = UP_TO(1, 7);
    op_expect(&op_run(&s)[1], I64((1, 3), 3, 4, 5));
    op_expect(&op_run(&s)[2], I64((1, 1), 6));
}

/* The specification's rule, one index at a time: from `start` while the end is not passed. It
 * differs from Python's only for a start before the first item and a step backwards: there
 * Python has nothing, and the specification begins at the first. */
static size_t slice_indices(int64_t *items, int64_t n, int64_t start, int64_t end, int64_t step)
{
    size_t length = 0;
    if (start < 0) start = start + n < 0 ? 0 : start + n;
    if (start >= n) start = step < 0 ? n - 1 : n;
    if (end < 0) end = end + n < 0 ? (step < 0 ? -1 : 0) : end + n;
    if (end > n) end = n;
    for (int64_t i = start; step > 0 ? i < end : i > end; i += step) items[length++] = i;
    return length;
}

Test(model_op_move, slices_of_every_kind)
{
    for (int64_t start = -7; start <= 7; start++)
        for (int64_t end = -7; end <= 7; end++)
            for (int64_t step = -3; step <= 3; step++) {
                int64_t want[8];
                if (step == 0) continue;
                const size_t n = slice_indices(want, 5, start, end, step);
                op_case c = { .op = "Slice", .opset = 13, .n_inputs = 5 };
                c.input[0] = UP_TO(5), c.input[1] = I64((1), start);
                c.input[2] = I64((1), end), c.input[3] = I64((1), 0);
                c.input[4] = I64((1), step);
                op_expect(op_run(&c), op_tensor(FDML_TYPE_I64, 1, &n, want));
            }
}

Test(model_op_move, slices)
{
    op_case c = { .op = "Slice", .opset = 9, .n_inputs = 1, .n_attrs = 3 };
    c.input[0] = UP_TO(2, 3, 4);
    c.attr[0] = fdml_attr_ints("starts", INTS(1, -2));
    c.attr[1] = fdml_attr_ints("ends", INTS(INT64_MAX, 3));
    c.attr[2] = fdml_attr_ints("axes", INTS(0, -1));
    op_expect(op_run(&c), I64((1, 3, 1), 14, 18, 22));
    op_case r = { .op = "Slice", .opset = 13, .n_inputs = 5 };
    r.input[0] = UP_TO(2, 3, 4);
    r.input[1] = I32((3), -1, 100, 3), r.input[2] = I32((3), -100, INT32_MIN, 0);
    r.input[3] = I32((3), 0, 1, 2), r.input[4] = I32((3), -1, -2, -2);
    op_expect(op_run(&r), I64((2, 2, 2), 23, 21, 15, 13, 11, 9, 3, 1));
    r.input[4] = I32((3), 1, 0, 1);
    op_refuses(&r, FDML_E_DATA, "step 1 is 0");
    r.input[4] = I32((2), 1, 1);
    op_refuses(&r, FDML_E_DATA, "3 starts, 3 ends, 3 axes and 2 steps");
}

Test(model_op_move, gather)
{
    op_case c = { .op = "Gather", .opset = 13, .n_inputs = 2, .n_attrs = 1 };
    c.input[0] = UP_TO(3, 4), c.input[1] = I32((2, 1), -1, 0);
    c.attr[0] = fdml_attr_int("axis", 1);
    op_expect(op_run(&c), I64((3, 2, 1), 3, 0, 7, 4, 11, 8));
    c.input[1] = SCALAR(I64, int64_t, 2);
    op_expect(op_run(&c), I64((3), 2, 6, 10));
    c.input[1] = I64((2), 0, 4);
    op_refuses(&c, FDML_E_DATA, "index 4 (item 1) of 4 items");
    c.input[1] = I64((1), -5);
    op_refuses(&c, FDML_E_DATA, "index -5 (item 0) of 4 items");
    c.op = "GatherElements", c.input[1] = I64((2, 2), 1, -1, 0, 0);
    op_expect(op_run(&c), I64((2, 2), 1, 3, 4, 4));
    c.input[1] = I64((4, 1), 0, 0, 0, 0);
    op_refuses(&c, FDML_E_DATA, "indices of shape [4,1] into [3,4] along axis 1");
    c.op = "GatherND", c.n_attrs = 0, c.input[0] = UP_TO(2, 2, 2);
    c.input[1] = I64((2, 1, 2), 0, 1, -1, 0);
    op_expect(op_run(&c), I64((2, 1, 2), 2, 3, 4, 5));
    c.n_attrs = 1, c.attr[0] = fdml_attr_int("batch_dims", 1), c.input[1] = I64((2, 1), 1, 0);
    op_expect(op_run(&c), I64((2, 2), 2, 3, 4, 5));
    c.input[1] = I64((2, 1), 1, 2);
    op_refuses(&c, FDML_E_DATA, "index 2 (item 1) of 2 items");
}

Test(model_op_move, shapes)
{
    op_case c = { .op = "Reshape", .opset = 14, .n_inputs = 2 };
    c.input[0] = UP_TO(2, 3, 4), c.input[1] = I64((3), 0, -1, 2);
    op_expect(op_run(&c), UP_TO(2, 6, 2));
    c.input[1] = I64((2), 5, -1);
    op_refuses(&c, FDML_E_DATA, "24 items of shape [2,3,4] do not reshape to [5,-1]");
    c.input[1] = I64((2), -1, -1);
    op_refuses(&c, FDML_E_DATA, "dimension 1 is -1");
    c.input[1] = I64((2), INT64_MAX, INT64_MAX);
    op_refuses(&c, FDML_E_DATA,
               "24 items of shape [2,3,4] do not reshape to [9223372036854775807,"
               "9223372036854775807]");
    c.n_attrs = 1, c.attr[0] = fdml_attr_int("allowzero", 1);
    c.input[0] = NOTHING(F32, (0, 3)), c.input[1] = I64((2), 3, 0);
    op_expect(op_run(&c), NOTHING(F32, (3, 0)));
    c.hides_data = 2;
    op_refuses(
        &c, FDML_E_UNSUPPORTED,
        "the shape depends on the values of input 1 \"\", which are only known in a run");

    op_case f = { .op = "Flatten", .opset = 13, .n_inputs = 1, .n_attrs = 1 };
    f.input[0] = UP_TO(2, 3, 4), f.attr[0] = fdml_attr_int("axis", -1);
    op_expect(op_run(&f), UP_TO(6, 4));
    f.attr[0] = fdml_attr_int("axis", 3);
    op_expect(op_run(&f), UP_TO(24, 1));
    f.attr[0] = fdml_attr_int("axis", 0);
    op_expect(op_run(&f), UP_TO(1, 24));
}

Test(model_op_move, squeeze_and_unsqueeze)
{
    op_case c = { .op = "Squeeze", .opset = 13, .n_inputs = 1 };
    c.input[0] = UP_TO(1, 3, 1, 2);
    op_expect(op_run(&c), UP_TO(3, 2));
    c.n_inputs = 2, c.input[1] = I64((1), -2);
    op_expect(op_run(&c), UP_TO(1, 3, 2));
    c.input[1] = I64((1), 1);
    op_refuses(&c, FDML_E_DATA, "axis 1 has 3 items, expected 1");
    c.opset = 11, c.n_inputs = 1, c.n_attrs = 1, c.attr[0] = fdml_attr_ints("axes", INTS(0));
    op_expect(op_run(&c), UP_TO(3, 1, 2));
    c.op = "Unsqueeze", c.attr[0] = fdml_attr_ints("axes", INTS(4, -6));
    op_expect(op_run(&c), UP_TO(1, 1, 3, 1, 1, 2));
    c.opset = 13, c.n_attrs = 0;
    op_refuses(&c, FDML_E_DATA, "axes are missing");
    op_case s = { .op = "Shape", .opset = 15, .n_inputs = 1, .n_attrs = 2, .hides_data = 1 };
    s.input[0] = UP_TO(1, 3, 1, 2);
    s.attr[0] = fdml_attr_int("start", -3), s.attr[1] = fdml_attr_int("end", 10);
    op_expect(op_run(&s), I64((3), 3, 1, 2));
    s.op = "Size", s.n_attrs = 0;
    op_expect(op_run(&s), SCALAR(I64, int64_t, 6));
}

/* Every permutation of four axes, for items of each size. */
Test(model_op_move, transpose)
{
    static const fdml_type types[] = { FDML_TYPE_U8, FDML_TYPE_F16, FDML_TYPE_F32,
                                       FDML_TYPE_I64 };
    const size_t dim[4] = { 2, 3, 1, 4 };
    for (int p = 0; p < 256; p++) {
        const int64_t perm[4] = { p & 3, p >> 2 & 3, p >> 4 & 3, p >> 6 };
        unsigned seen = 0;
        for (int d = 0; d < 4; d++) seen |= 1u << perm[d];
        if (seen != 15) continue;
        for (int t = 0; t < 4; t++) {
            const size_t size = fdml_type_size(types[t]);
            unsigned char x[24 * 8] = { 0 }, y[24 * 8] = { 0 };
            for (size_t i = 0; i < 24; i++) {
                x[i * size] = (unsigned char)i;
                size_t at[4], rest = i, out = 0;
                for (int d = 3; d >= 0; d--) at[d] = rest % dim[d], rest /= dim[d];
                for (int d = 0; d < 4; d++) out = out * dim[perm[d]] + at[perm[d]];
                y[out * size] = (unsigned char)i;
            }
            op_case c = { .op = "Transpose", .opset = 13, .n_inputs = 1, .n_attrs = 1 };
            c.input[0] = op_tensor(types[t], 4, dim, x);
            c.attr[0] = fdml_attr_ints("perm", 4, perm);
            op_expect(
                op_run(&c),
                op_tensor(types[t],
                          OP_SHAPE(dim[perm[0]], dim[perm[1]], dim[perm[2]], dim[perm[3]]), y));
        }
    }
    op_case c = { .op = "Transpose", .opset = 13, .n_inputs = 1 };
    c.input[0] = UP_TO(2, 3);
    op_expect(op_run(&c), I64((3, 2), 0, 3, 1, 4, 2, 5));
    c.n_attrs = 1, c.attr[0] = fdml_attr_ints("perm", INTS(0, 0));
    op_refuses(&c, FDML_E_DATA, "axis 0 is given twice");
}

/* Examples of the specification's reference code, run in NumPy. */
Test(model_op_move, depth_and_space)
{
    op_case c = { .op = "DepthToSpace", .opset = 13, .n_inputs = 1, .n_attrs = 2 };
    c.input[0] = UP_TO(1, 8, 1, 2), c.attr[0] = fdml_attr_int("blocksize", 2);
    c.attr[1] = fdml_attr_string("mode", "DCR");
    op_expect(op_run(&c),
              I64((1, 2, 2, 4), 0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15));
    c.attr[1] = fdml_attr_string("mode", "CRD");
    op_expect(op_run(&c),
              I64((1, 2, 2, 4), 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15));
    c.op = "SpaceToDepth", c.n_attrs = 1, c.input[0] = UP_TO(1, 2, 2, 4);
    op_expect(op_run(&c),
              I64((1, 8, 1, 2), 0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14, 5, 7, 13, 15));
    c.attr[0] = fdml_attr_int("blocksize", 3);
    op_refuses(&c, FDML_E_DATA, "blocksize 3 for an input of shape [1,2,2,4]");
}

Test(model_op_move, expand_and_tile)
{
    op_case c = { .op = "Expand", .opset = 13, .n_inputs = 2 };
    c.input[0] = I64((3, 1), 1, 2, 3), c.input[1] = I64((3), 2, 1, 2);
    op_expect(op_run(&c), I64((2, 3, 2), 1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3));
    c.input[1] = I64((1), 1);
    op_expect(op_run(&c), I64((3, 1), 1, 2, 3));
    c.input[1] = I64((2), 2, 2);
    op_refuses(&c, FDML_E_DATA, "shapes [3,1] and [2,2] do not broadcast");
    c.input[1] = I64((1), -1);
    op_refuses(&c, FDML_E_DATA, "dimension 0 is -1");
    c.input[1] = I64((3), INT64_MAX, 1, 1);
    op_refuses(
        &c, FDML_E_LIMIT,
        "the broadcast shape of shape [9223372036854775807,3,1] is larger than any memory");
    c.op = "Tile", c.input[0] = UP_TO(2, 2), c.input[1] = I64((2), 2, 2);
    op_expect(op_run(&c), I64((4, 4), 0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3));
    c.input[1] = I64((2), 0, 2);
    op_expect(op_run(&c), NOTHING(I64, (0, 4)));
    c.input[1] = I64((2), 1, INT64_MAX);
    op_refuses(&c, FDML_E_LIMIT,
               "output 0 \"\" of shape [2,18446744073709551614] is larger than any memory");
}

Test(model_op_move, pads)
{
    op_case c = { .op = "Pad", .opset = 13, .n_inputs = 3, .n_attrs = 1 };
    c.input[0] = I64((2, 3), 1, 2, 3, 4, 5, 6), c.input[1] = I64((4), 0, 1, 1, -1);
    c.input[2] = SCALAR(I64, int64_t, 9), c.attr[0] = fdml_attr_string("mode", "constant");
    op_expect(op_run(&c), I64((3, 3), 9, 1, 2, 9, 4, 5, 9, 9, 9));
    c.n_inputs = 2, c.attr[0] = fdml_attr_string("mode", "edge");
    op_expect(op_run(&c), I64((3, 3), 1, 1, 2, 4, 4, 5, 4, 4, 5));
    c.input[1] = I64((4), 0, 2, 0, 3);
    c.attr[0] = fdml_attr_string("mode", "reflect"); /* numpy.pad */
    op_expect(op_run(&c), I64((2, 8), 3, 2, 1, 2, 3, 2, 1, 2, 6, 5, 4, 5, 6, 5, 4, 5));
    c.attr[0] = fdml_attr_string("mode", "wrap");
    op_expect(op_run(&c), I64((2, 8), 2, 3, 1, 2, 3, 1, 2, 3, 5, 6, 4, 5, 6, 4, 5, 6));
    c.attr[0] = fdml_attr_string("mode", "mirror");
    op_refuses(&c, FDML_E_UNSUPPORTED, "mode is \"mirror\"");
    c.attr[0] = fdml_attr_string("mode", "edge"), c.input[1] = I64((4), -3, 0, 0, 0);
    op_refuses(&c, FDML_E_DATA, "pads -3 and 0 for 2 items");
    /* since 18 for some axes, and before 11 from attributes */
    op_case axes = { .op = "Pad", .opset = 18, .n_inputs = 4 };
    axes.input[0] = I64((2, 2), 1, 2, 3, 4), axes.input[1] = I64((2), 1, 0);
    axes.input[3] = I64((1), -1);
    op_expect(op_run(&axes), I64((2, 3), 0, 1, 2, 0, 3, 4));
    op_case old = { .op = "Pad", .opset = 10, .n_inputs = 1, .n_attrs = 2 };
    old.input[0] = F32((2), 1, 2), old.attr[0] = fdml_attr_ints("pads", INTS(1, 1));
    old.attr[1] = fdml_attr_float("value", 7);
    op_expect(op_run(&old), F32((4), 7, 1, 2, 7));
}

Test(model_op_move, made_of_little)
{
    op_case c = { .op = "ConstantOfShape", .opset = 20, .n_inputs = 1 };
    c.input[0] = I64((2), 1, 2);
    op_expect(op_run(&c), F32((1, 2), 0, 0));
    const fdml_tensor seven = I32((1), 7);
    c.n_attrs = 1, c.attr[0] = fdml_attr_tensor("value", &seven);
    op_expect(op_run(&c), I32((1, 2), 7, 7));
    c.input[0] = NOTHING(I64, (0));
    op_expect(op_run(&c), SCALAR(I32, int32_t, 7));
    c.input[0] = I64((2), (int64_t)1 << 40, (int64_t)1 << 40);
    op_refuses(
        &c, FDML_E_LIMIT,
        "output 0 \"\" of shape [1099511627776,1099511627776] is larger than any memory");
    op_case k = { .op = "Constant", .opset = 13, .n_attrs = 1 };
    k.attr[0] = fdml_attr_tensor("value", &seven);
    op_expect(op_run(&k), I32((1), 7));
    k.attr[0] = fdml_attr_float("value_float", 0.5f);
    op_expect(op_run(&k), SCALAR(F32, float, 0.5f));
    k.attr[0] = fdml_attr_ints("value_ints", INTS(4, 5));
    op_expect(op_run(&k), I64((2), 4, 5));
    k.attr[0] = fdml_attr_string("value_string", "word");
    op_expect(op_run(&k), SCALAR(STRING, const char *, "word"));
    k.n_attrs = 0;
    op_refuses(&k, FDML_E_UNSUPPORTED,
               "none of the attributes value, value_float ... value_strings");
}

Test(model_op_move, ranges)
{
    op_case c = { .op = "Range", .opset = 11, .n_inputs = 3 };
    c.input[0] = SCALAR(I32, int32_t, 10), c.input[1] = SCALAR(I32, int32_t, 4);
    c.input[2] = SCALAR(I32, int32_t, -4);
    op_expect(op_run(&c), I32((2), 10, 6));
    c.input[2] = SCALAR(I32, int32_t, 4);
    op_expect(op_run(&c), NOTHING(I32, (0)));
    c.input[2] = SCALAR(I32, int32_t, 0);
    op_refuses(&c, FDML_E_DATA, "a range from 10 to 4 by 0");
    c.input[0] = SCALAR(F32, float, 1), c.input[1] = SCALAR(F32, float, 5);
    c.input[2] = SCALAR(F32, float, 1.5f);
    op_expect(op_run(&c), F32((3), 1, 2.5f, 4));
}

Test(model_op_move, one_hot_and_triangles)
{
    op_case c = { .op = "OneHot", .opset = 11, .n_inputs = 3, .n_attrs = 1 };
    c.input[0] = I64((2), -1, 5), c.input[1] = SCALAR(I64, int64_t, 3);
    c.input[2] = F32((2), 2, 7), c.attr[0] = fdml_attr_int("axis", 0);
    op_expect(op_run(&c), F32((3, 2), 2, 2, 2, 2, 7, 2));
    op_case t = { .op = "Trilu", .opset = 14, .n_inputs = 2 };
    t.input[0] = I64((3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9), t.input[1] = SCALAR(I64, int64_t, 1);
    op_expect(op_run(&t), I64((3, 3), 0, 2, 3, 0, 0, 6, 0, 0, 0));
    t.n_attrs = 1, t.attr[0] = fdml_attr_int("upper", 0), t.input[1].data = (int64_t[]){ -1 };
    op_expect(op_run(&t), I64((3, 3), 0, 0, 0, 4, 0, 0, 7, 8, 0));
    t.input[1].data = (int64_t[]){ INT64_MIN };
    op_expect(op_run(&t), I64((3, 3), 0, 0, 0, 0, 0, 0, 0, 0, 0));
}
