/* items_text.c - see items_text.h.
 *
 * The fewest digits are found by trying: %.{n}e with n from 0 up, until the number that is read
 * back rounds to the item. Seventeen digits always suffice for a double.
 * SPDX-License-Identifier: MIT */
#include "model/items_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "data/minifloat.h"
#include "model/items.h"

/* Does the decimal stand for the same item? A float32 has its own reader, the narrower types
 * are rounded from double, which holds seventeen digits of anything that short. */
static bool reads_back(const char *text, fdml_type type, double value)
{
    const size_t length = strlen(text);
    float narrow = 0;
    double wide = 0;
    if (type == FDML_TYPE_F32)
        return fdml_number_float(&narrow, text, length) && (double)narrow == value;
    if (!fdml_number_double(&wide, text, length)) return false;
    if (type == FDML_TYPE_F64) return wide == value;
    uint64_t room = 0;
    fdml_tensor one = { .type = type, .n_items = 1, .data = &room };
    fdml_items_put_double(&one, 0, 1, &wide, false);
    fdml_items_get_double(&wide, &one, 0, 1, true);
    return wide == value;
}

/* The digits and the decimal exponent of the shortest form, without a sign. */
static int shortest(char digits[24], fdml_type type, double size)
{
    char text[FDML_ITEM_TEXT];
    int exponent = 0;
    for (int n = 0; n <= 16; n++) {
        snprintf(text, sizeof text, "%.*e", n, size);
        char *e = strchr(text, 'e');
        exponent = atoi(e + 1);
        size_t length = 0; /* the point, whatever the locale writes, goes */
        for (const char *at = text; at < e; at++)
            if (*at >= '0' && *at <= '9' && length < 20) digits[length++] = *at;
        digits[length] = 0;
        snprintf(text, sizeof text, "%se%d", digits, exponent - n);
        if (reads_back(text, type, size)) break;
    }
    size_t length = strlen(digits);
    while (length > 1 && digits[length - 1] == '0') digits[--length] = 0;
    return exponent;
}

/* NumPy writes 1e-4 <= x < 1e16 with a point and the rest with an exponent. */
static size_t print_float(char text[FDML_ITEM_TEXT], fdml_type type, double value)
{
    const char *sign = signbit(value) && !isnan(value) ? "-" : "";
    const double size = fabs(value);
    if (!isfinite(value))
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s%s", sign,
                                isnan(value) ? "nan" : "inf");
    if (size == 0) return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s0.0", sign);

    char digits[24];
    const int exponent = shortest(digits, type, size), n = (int)strlen(digits);
    if (size < 1e-4 || size >= 1e16)
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s%c%s%se%c%02d", sign, digits[0],
                                n > 1 ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
                                abs(exponent));
    if (exponent < 0)
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s0.%.*s%s", sign, -exponent - 1, "000",
                                digits);
    if (n <= exponent + 1)
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s%s%.*s.0", sign, digits,
                                exponent + 1 - n, "0000000000000000");
    return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s%.*s.%s", sign, exponent + 1, digits,
                            digits + exponent + 1);
}

size_t fdml_items_print(char text[FDML_ITEM_TEXT], const fdml_tensor *items, size_t index)
{
    int64_t integer = 0;
    double value = 0;
    if (fdml_items_way(items->type) != FDML_WAY_INT) {
        fdml_items_get_double(&value, items, index, 1, true);
        return print_float(text, items->type, value);
    }
    fdml_items_get_int(&integer, items, index, 1, true);
    if (items->type == FDML_TYPE_BOOL)
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%s", integer ? "True" : "False");
    if (items->type == FDML_TYPE_U64)
        return (size_t)snprintf(text, FDML_ITEM_TEXT, "%" PRIu64, (uint64_t)integer);
    return (size_t)snprintf(text, FDML_ITEM_TEXT, "%" PRId64, integer);
}

/* Digits above int64's range, for uint64. */
static bool parse_u64(uint64_t *value, const char *text)
{
    uint64_t v = 0;
    if (*text == '+') text++;
    if (!*text) return false;
    for (; *text; text++) {
        const unsigned digit = (unsigned)(*text - '0');
        if (*text < '0' || *text > '9' || v > (UINT64_MAX - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

bool fdml_items_parse(const fdml_tensor *items, size_t index, const char *text)
{
    const size_t length = strlen(text);
    int64_t integer = 0;
    uint64_t u64 = 0;
    double wide = 0;
    float narrow = 0;
    if (items->type == FDML_TYPE_BOOL && (!strcmp(text, "True") || !strcmp(text, "False"))) {
        integer = *text == 'T';
    } else if (items->type == FDML_TYPE_U64 && parse_u64(&u64, text)) {
        integer = (int64_t)u64;
    } else if (items->type == FDML_TYPE_F32) {
        if (!fdml_number_float(&narrow, text, length)) return false;
        fdml_items_put_float(items, index, 1, &narrow);
        return true;
    } else if (fdml_items_way(items->type) != FDML_WAY_INT) {
        if (!fdml_number_double(&wide, text, length)) return false;
        fdml_items_put_double(items, index, 1, &wide, true);
        return true;
    } else if (!fdml_number_integer(&integer, text, length)) {
        return false;
    }
    int64_t stored = 0;
    fdml_items_put_int(items, index, 1, &integer, false);
    fdml_items_get_int(&stored, items, index, 1, true);
    return items->type == FDML_TYPE_BOOL || stored == integer; /* else it did not fit */
}

bool fdml_items_keep_text(const fdml_tensor *items, fdml_arena *arena)
{
    const char **text = items->data;
    size_t size = 0;
    for (size_t i = 0; i < items->n_items; i++) size += strlen(text[i]) + 1;
    char *at = fdml_arena_push(arena, size, 1);
    if (!at) return false;
    for (size_t i = 0; i < items->n_items; i++) {
        const size_t length = strlen(text[i]) + 1;
        text[i] = memcpy(at, text[i], length);
        at += length;
    }
    return true;
}
