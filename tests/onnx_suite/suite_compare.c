/* suite_compare.c - is an output what the test expects? See suite.h.
 * SPDX-License-Identifier: MIT */
#include "suite.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "data/dtype.h"

static const double relative = 1e-3, absolute = 1e-7; /* of onnx.backend.test.runner */

static double float_at(const fdml_tensor *t, size_t i)
{
    const unsigned char *at = (const unsigned char *)t->data + i * fdml_type_size(t->type);
    float f;
    double d;
    uint16_t h;
    switch (t->type) {
    case FDML_TYPE_F32:
        return memcpy(&f, at, sizeof f), (double)f;
    case FDML_TYPE_F64:
        return memcpy(&d, at, sizeof d), d;
    case FDML_TYPE_F16:
        return memcpy(&h, at, sizeof h), (double)fdml_float_from_half(h);
    case FDML_TYPE_U16:
        return memcpy(&h, at, sizeof h), (double)h;
    default:
        return memcpy(&h, at, sizeof h), (double)fdml_float_from_bf16(h);
    }
}

/* "[1,2,0]" of item i. */
static void place_text(char *text, size_t size, const fdml_tensor *t, size_t i)
{
    size_t at[FDML_MAX_RANK], n = 0;
    for (int d = t->rank - 1; d >= 0; d--) {
        at[d] = i % t->dim[d];
        i /= t->dim[d];
    }
    n += (size_t)snprintf(text, size, "[");
    for (int d = 0; d < t->rank && n < size; d++)
        n += (size_t)snprintf(text + n, size - n, "%s%zu", d ? "," : "", at[d]);
    if (n < size) snprintf(text + n, size - n, "]");
}

static bool compare_floats(char *why, const fdml_tensor *got, const fdml_tensor *expected)
{
    size_t n_wrong = 0, worst = 0;
    double largest = -1;
    for (size_t i = 0; i < got->n_items; i++) {
        const double x = float_at(got, i), y = float_at(expected, i);
        if (x == y || (isnan(x) && isnan(y))) continue;
        const double difference = fabs(x - y);
        const double excess = difference / (absolute + relative * fabs(y));
        if (!(excess <= 1)) n_wrong++;
        if (!(excess <= largest)) {
            largest = excess;
            worst = i;
        }
    }
    if (!n_wrong) return true;
    char place[FDML_SHAPE_TEXT];
    place_text(place, sizeof place, got, worst);
    snprintf(why, SUITE_WHY, "%zu of %zu items differ, most at %s: %.9g, expected %.9g",
             n_wrong, got->n_items, place, float_at(got, worst), float_at(expected, worst));
    return false;
}

static bool same_item(const fdml_tensor *got, const fdml_tensor *expected, size_t i)
{
    const size_t size = fdml_type_size(got->type);
    const char *x = (const char *)got->data + i * size;
    const char *y = (const char *)expected->data + i * size;
    if (got->type != FDML_TYPE_STRING) return memcmp(x, y, size) == 0;
    const char *text[2];
    memcpy(&text[0], x, size);
    memcpy(&text[1], y, size);
    return strcmp(text[0], text[1]) == 0;
}

static bool compare_exactly(char *why, const fdml_tensor *got, const fdml_tensor *expected)
{
    size_t n_wrong = 0, first = 0;
    for (size_t i = 0; i < got->n_items; i++) {
        if (same_item(got, expected, i)) continue;
        if (!n_wrong++) first = i;
    }
    if (!n_wrong) return true;
    char place[FDML_SHAPE_TEXT], values[80] = "";
    int64_t x[1], y[1];
    const size_t size = fdml_type_size(got->type);
    fdml_tensor a = *got, b = *expected;
    a.n_items = b.n_items = 1;
    a.data = (char *)got->data + first * size;
    b.data = (char *)expected->data + first * size;
    if (fdml_tensor_ints(x, 1, &a) && fdml_tensor_ints(y, 1, &b))
        snprintf(values, sizeof values, ": %lld, expected %lld", (long long)x[0],
                 (long long)y[0]);
    place_text(place, sizeof place, got, first);
    snprintf(why, SUITE_WHY, "%zu of %zu items differ, the first at %s%s", n_wrong,
             got->n_items, place, values);
    return false;
}

bool suite_compare(char why[SUITE_WHY], const fdml_tensor *got, const fdml_tensor *expected)
{
    /* Before IR version 9 the suite wrote bfloat16 as the uint16 of its bits, cut off and not
     * rounded; its runner compares those numbers, within its tolerance. */
    fdml_tensor bits = *got;
    if (got->type == FDML_TYPE_BF16 && expected->type == FDML_TYPE_U16) {
        bits.type = FDML_TYPE_U16;
        if (fdml_tensor_same_shape(got, expected)) return compare_floats(why, &bits, expected);
    }
    if (got->type != expected->type || !fdml_tensor_same_shape(got, expected)) {
        char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
        snprintf(why, SUITE_WHY, "%s %s, expected %s %s", fdml_type_name(got->type),
                 fdml_tensor_shape_text(got, a), fdml_type_name(expected->type),
                 fdml_tensor_shape_text(expected, b));
        return false;
    }
    const bool is_float = got->type == FDML_TYPE_F32 || got->type == FDML_TYPE_F64 ||
                          got->type == FDML_TYPE_F16 || got->type == FDML_TYPE_BF16;
    return is_float ? compare_floats(why, got, expected) : compare_exactly(why, got, expected);
}
