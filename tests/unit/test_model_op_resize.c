/* test_model_op_resize.c - Resize and Upsample, worked out by hand from the coordinate modes.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "one_node.h"

static const float ramp[] = { 1, 2, 3, 4 };
static const size_t ramp_dim[] = { 1, 1, 4 };

/* Resize 19 of the ramp to `size` items, or by `scale` where size is 0. */
static one_node resize(const char *mode, const char *coordinate, float scale, int64_t size)
{
    static float scales[3];
    static int64_t sizes[3];
    const size_t three = 3;
    one_node node = { .op = "Resize", .opset = 19, .n_inputs = 4, .n_attrs = 2 };
    scales[0] = scales[1] = 1;
    sizes[0] = sizes[1] = 1;
    scales[2] = scale;
    sizes[2] = size;
    node.input[0] = one_node_floats(ramp, 3, ramp_dim);
    if (size)
        node.input[3] = one_node_tensor(FDML_TYPE_I64, sizes, 1, &three);
    else
        node.input[2] = one_node_floats(scales, 1, &three);
    node.attr[0] = fdml_attr_string("mode", mode);
    node.attr[1] = fdml_attr_string("coordinate_transformation_mode", coordinate);
    return node;
}

static void expect(one_node *node, size_t n, const float *values)
{
    one_node_expect(node, 3, (const size_t[]){ 1, 1, n }, values, 1e-6);
}

/* half_pixel to 7: (o + .5) 4/7 - .5 = -.21 .36 .93 1.5 2.07 2.64 3.21 */
Test(model_op_resize, nearest)
{
    static const char *const mode[] = { "round_prefer_floor", "round_prefer_ceil", "floor",
                                        "ceil" };
    static const float want[][7] = { { 1, 1, 2, 2, 3, 4, 4 },
                                     { 1, 1, 2, 3, 3, 4, 4 },
                                     { 1, 1, 1, 2, 3, 3, 4 },
                                     { 1, 2, 2, 3, 4, 4, 4 } };
    one_node node = resize("nearest", "half_pixel", 0, 7);
    for (int i = 0; i < 4; i++) {
        node.n_attrs = 3;
        node.attr[2] = fdml_attr_string("nearest_mode", mode[i]);
        expect(&node, 7, want[i]);
    }
    /* o / 0.6 = 0, 1.67 */
    node = resize("nearest", "asymmetric", 0.6f, 0);
    node.attr[node.n_attrs++] = fdml_attr_string("nearest_mode", "floor");
    expect(&node, 2, (const float[]){ 1, 2 });
}

Test(model_op_resize, any_type_is_copied)
{
    static const char *const words[] = { "a", "b" };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = resize("nearest", "asymmetric", 2, 0);
    node.attr[node.n_attrs++] = fdml_attr_string("nearest_mode", "floor");
    node.input[0] = one_node_tensor(FDML_TYPE_STRING, words, 3, (const size_t[]){ 1, 1, 2 });
    cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
    const char *const *got = node.output[0].data;
    cr_assert(node.output[0].n_items == 4 && !strcmp(got[1], "a") && !strcmp(got[2], "b"));
    node.attr[0] = fdml_attr_string("mode", "linear");
    one_node_refused(&node, FDML_E_UNSUPPORTED, "input 0 of type string");
    fdml_arena_close(&arena);
}

Test(model_op_resize, linear_by_coordinate_mode)
{
    one_node node = resize("linear", "half_pixel", 2, 0); /* -.25 .25 .75 ... 3.25 */
    expect(&node, 8, (const float[]){ 1, 1.25f, 1.75f, 2.25f, 2.75f, 3.25f, 3.75f, 4 });
    node = resize("linear", "align_corners", 0, 7); /* o / 2 */
    expect(&node, 7, (const float[]){ 1, 1.5f, 2, 2.5f, 3, 3.5f, 4 });
    node = resize("linear", "asymmetric", 2, 0);
    expect(&node, 8, (const float[]){ 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4 });
    node = resize("linear", "half_pixel", 0, 1); /* 1.5 */
    expect(&node, 1, (const float[]){ 2.5f });
    node = resize("linear", "pytorch_half_pixel", 0, 1); /* 0 */
    expect(&node, 1, (const float[]){ 1 });
    node = resize("linear", "align_corners", 0.6f, 0); /* 3 / (2.4 - 1) */
    expect(&node, 2, (const float[]){ 1, (float)(1 + 3 / 1.4) });
    /* 2.4 items of which 2 are made: the centre stays, 2 (1 - 2/2.4) + (o + .5)/.6 - .5 */
    node = resize("linear", "half_pixel_symmetric", 0.6f, 0);
    expect(&node, 2, (const float[]){ (float)(1 + 2. / 3), (float)(1 + 7. / 3) });
}

/* roi 0.5 to 1.5 of 4 items to 4: 1.5 2.5 3.5 4.5, the last two of which are outside */
Test(model_op_resize, crop_and_resize)
{
    static const float roi[] = { 0, 0, 0.5f, 1, 1, 1.5f };
    const size_t six = 6;
    one_node node = resize("linear", "tf_crop_and_resize", 0, 4);
    node.attr[node.n_attrs++] = fdml_attr_float("extrapolation_value", -7);
    node.input[1] = one_node_floats(roi, 1, &six);
    expect(&node, 4, (const float[]){ 2.5f, 3.5f, -7, -7 });
    node.attr[0] = fdml_attr_string("mode", "nearest");
    expect(&node, 4, (const float[]){ 2, 3, -7, -7 });
    node.input[1].type = FDML_TYPE_NONE;
    one_node_refused(&node, FDML_E_DATA, "tf_crop_and_resize needs 6 values of roi");
}

/* Weights of Keys' cubic at half way, a = -.75: -.09375 .59375 .59375 -.09375. */
Test(model_op_resize, cubic)
{
    one_node node = resize("cubic", "align_corners", 0, 7);
    const float edge = 1 * .5f + .59375f * 2 - .09375f * 3; /* the first item twice */
    const float other = 4 * .5f + .59375f * 3 - .09375f * 2;
    expect(&node, 7, (const float[]){ 1, edge, 2, 2.5f, 3, other, 4 });
    node.attr[node.n_attrs++] = fdml_attr_int("exclude_outside", 1);
    const float inner = (.59375f * 1 + .59375f * 2 - .09375f * 3) / 1.09375f;
    const float last = (.59375f * 4 + .59375f * 3 - .09375f * 2) / 1.09375f;
    expect(&node, 7, (const float[]){ 1, inner, 2, 2.5f, 3, last, 4 });
}

/* Halving: a triangle 4 wide round .5 and 2.5 has weights 1/8 3/8 3/8 1/8, edges repeated. */
Test(model_op_resize, antialias)
{
    one_node node = resize("linear", "half_pixel", 0.5f, 0);
    node.attr[node.n_attrs++] = fdml_attr_int("antialias", 1);
    expect(&node, 2, (const float[]){ 1.625f, 3.375f });
    node.attr[node.n_attrs++] = fdml_attr_int("exclude_outside", 1);
    expect(&node, 2, (const float[]){ (float)((3 + 6 + 3) / 7.), (float)((2 + 9 + 12) / 7.) });
    node.attr[0] = fdml_attr_string("mode", "nearest");
    one_node_refused(&node, FDML_E_DATA, "antialias with mode nearest");
}

Test(model_op_resize, axes_and_aspect)
{
    static const float x[] = { 1, 2, 3, 4 };
    static const int64_t sizes[] = { 7, 8 }, axes[] = { -1, 0 };
    static const char *const policy[] = { "stretch", "not_larger", "not_smaller" };
    static const size_t want[][2] = { { 8, 7 }, { 7, 7 }, { 8, 8 } };
    const size_t dim[] = { 2, 2 }, two = 2;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    one_node node = resize("nearest", "half_pixel", 0, 1);
    node.input[0] = one_node_floats(x, 2, dim);
    node.input[3] = one_node_tensor(FDML_TYPE_I64, sizes, 1, &two);
    node.attr[2] = fdml_attr_ints("axes", 2, axes);
    node.n_attrs = 4;
    for (int i = 0; i < 3; i++) {
        node.attr[3] = fdml_attr_string("keep_aspect_ratio_policy", policy[i]);
        cr_assert_eq(one_node_run(&node, &arena, &err), FDML_OK, "%s", err.text);
        cr_assert(node.output[0].dim[0] == want[i][0] && node.output[0].dim[1] == want[i][1]);
    }
    fdml_arena_close(&arena);
}

/* Before opset 11: o / scale, and up where the axis shrinks: 0 / .6, 1 / .6 = 1.67. */
Test(model_op_resize, older_versions)
{
    static const float scales[] = { 1, 1, 0.6f }, doubled[] = { 1, 1, 2 };
    const size_t three = 3;
    one_node node = { .op = "Resize", .opset = 10, .n_inputs = 2 };
    node.input[0] = one_node_floats(ramp, 3, ramp_dim);
    node.input[1] = one_node_floats(scales, 1, &three);
    expect(&node, 2, (const float[]){ 1, 3 });
    node.input[1] = one_node_floats(doubled, 1, &three);
    expect(&node, 8, (const float[]){ 1, 1, 2, 2, 3, 3, 4, 4 });
    node.op = "Upsample";
    node.opset = 9;
    node.n_attrs = 1;
    node.attr[0] = fdml_attr_string("mode", "linear");
    expect(&node, 8, (const float[]){ 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4 });
    node.opset = 7;
    node.n_inputs = 1;
    one_node_refused(&node, FDML_E_DATA, "the attribute scales is missing");
    node.attr[node.n_attrs++] = fdml_attr_floats("scales", 3, doubled);
    expect(&node, 8, (const float[]){ 1, 1.5f, 2, 2.5f, 3, 3.5f, 4, 4 });
}

Test(model_op_resize, refusals)
{
    static const float bad[] = { 1, 1, -2 }, nan_scale[] = { 1, 1, NAN };
    static const int64_t negative[] = { 1, 1, -4 };
    const size_t two = 2, three = 3;
    one_node node = resize("linear", "half_pixel", 2, 0);
    node.input[2] = one_node_floats(bad, 1, &three);
    one_node_refused(&node, FDML_E_DATA, "scale -2 of an axis of 4 items");
    node.input[2] = one_node_floats(nan_scale, 1, &three);
    one_node_refused(&node, FDML_E_DATA, "scale nan of an axis of 4 items");
    node.input[2] = one_node_floats(bad, 1, &two);
    one_node_refused(&node, FDML_E_DATA, "2 scales, expected 3");
    node.input[2].type = FDML_TYPE_NONE;
    one_node_refused(&node, FDML_E_DATA, "0 scales, expected 3");
    node.input[3] = one_node_tensor(FDML_TYPE_I64, negative, 1, &three);
    one_node_refused(&node, FDML_E_DATA, "size -4 of an axis of 4 items");
    node.attr[1] = fdml_attr_string("coordinate_transformation_mode", "corners");
    one_node_refused(&node, FDML_E_UNSUPPORTED,
                     "coordinate_transformation_mode \"corners\" is not supported");
}

Test(model_op_resize, same_bits_everywhere)
{
    static const char *const mode[] = { "nearest", "linear", "cubic" };
    for (int i = 0; i < 3; i++) {
        one_node node = resize(mode[i], "half_pixel", 1.7f, 0);
        one_node_same_bits(&node);
    }
}
