/* number.c - decimal to binary and back. See number.h.
 *
 * Most numbers in files have at most 19 digits and a small exponent. Then the digits are an
 * integer below 2^53 and the power of ten is at most 10^22, both exact in double, and one
 * multiplication or division rounds once (Clinger 1990). Such a double is rounded to float
 * safely unless it lies on, or was rounded onto, the midpoint of two floats; those few, and
 * everything else, go to the C library with its own decimal point put in.
 * SPDX-License-Identifier: MIT */
#include "base/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct decimal {
    const char *text; /* sign, digits, point, exponent: no blanks */
    size_t length;
    uint64_t digits; /* the number is +-digits * 10^exponent, if is_exact */
    int exponent;
    bool is_negative;
    bool is_exact;   /* digits < 2^53 and |exponent| <= 22 */
    bool is_special; /* nan or infinity */
    double special;
} decimal;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool same_word(const char *text, size_t length, const char *word)
{
    if (length != strlen(word)) return false;
    for (size_t i = 0; i < length; i++)
        if ((text[i] | 0x20) != word[i]) return false;
    return true;
}

static bool scan_special(decimal *d, const char *text, size_t length)
{
    d->is_special = true;
    if (same_word(text, length, "nan"))
        d->special = (double)NAN;
    else if (same_word(text, length, "inf") || same_word(text, length, "infinity"))
        d->special = d->is_negative ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

/* [eE][sign]digits at `at`; the value saturates, far beyond the range of double. */
static const char *scan_exponent(const char *at, const char *end, int *exponent)
{
    at++;
    const bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (at == end || !is_digit(*at)) return NULL;
    int value = 0;
    for (; at < end && is_digit(*at); at++)
        if (value < 100000) value = value * 10 + (*at - '0');
    *exponent = is_negative ? -value : value;
    return at;
}

static bool scan(decimal *d, const char *text, size_t length)
{
    const char *at = text, *end = text + length;
    while (at < end && is_blank(*at)) at++;
    while (end > at && is_blank(end[-1])) end--;
    *d = (decimal){ .text = at, .length = (size_t)(end - at) };
    if (d->length > FDML_NUMBER_MAX) return false;
    d->is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (at == end) return false;
    if (!is_digit(*at) && *at != '.') return scan_special(d, at, (size_t)(end - at));

    uint64_t digits = 0;
    int n_digits = 0, n_kept = 0, after_point = 0, exponent = 0;
    bool has_point = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !has_point)); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        n_digits++;
        if (n_kept < 19) digits = digits * 10 + (uint64_t)(*at - '0'); /* 10^19 < 2^64 */
        if (digits) n_kept++;
        after_point += has_point;
    }
    if (!n_digits) return false;
    if (at < end && (*at | 0x20) == 'e') {
        at = scan_exponent(at, end, &exponent);
        if (!at) return false;
    }
    d->digits = digits;
    d->exponent = exponent - after_point;
    d->is_exact = n_kept <= 19 && digits <= UINT64_C(1) << 53 && abs(d->exponent) <= 22;
    return at == end;
}

static double exact_value(const decimal *d)
{
    static const double power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const double value = (double)d->digits;
    const double scaled =
        d->exponent < 0 ? value / power[-d->exponent] : value * power[d->exponent];
    return d->is_negative ? -scaled : scaled;
}

/* A copy the C library understands. The point may be several bytes long in some locales. */
static void copy_for_libc(char copy[FDML_NUMBER_MAX + 16], const decimal *d)
{
    const char *point = localeconv()->decimal_point;
    if (strlen(point) > 8) point = ".";
    size_t n = 0;
    for (size_t i = 0; i < d->length; i++) {
        if (d->text[i] == '.') {
            memcpy(copy + n, point, strlen(point));
            n += strlen(point);
        } else {
            copy[n++] = d->text[i];
        }
    }
    copy[n] = 0;
}

/* May rounding this double to float differ from rounding the decimal it came from? */
static bool is_near_midpoint(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t below_float = bits & 0x1fffffff; /* the 29 bits a float lacks */
    const double size = fabs(value);
    return below_float == 0x10000000 || (size != 0 && size < (double)FLT_MIN) ||
           size > (double)FLT_MAX;
}

bool fdml_number_float(float *value, const char *text, size_t length)
{
    decimal d;
    if (!scan(&d, text, length)) return false;
    if (d.is_special) {
        *value = (float)d.special;
        return true;
    }
    if (d.is_exact) {
        const double exact = exact_value(&d);
        if (!is_near_midpoint(exact)) {
            *value = (float)exact;
            return true;
        }
    }
    char copy[FDML_NUMBER_MAX + 16];
    copy_for_libc(copy, &d);
    *value = strtof(copy, NULL);
    return true;
}

bool fdml_number_double(double *value, const char *text, size_t length)
{
    decimal d;
    if (!scan(&d, text, length)) return false;
    if (d.is_special) {
        *value = d.special;
    } else if (d.is_exact) {
        *value = exact_value(&d);
    } else {
        char copy[FDML_NUMBER_MAX + 16];
        copy_for_libc(copy, &d);
        *value = strtod(copy, NULL);
    }
    return true;
}

bool fdml_number_integer(int64_t *value, const char *text, size_t length)
{
    size_t i = length && (*text == '-' || *text == '+');
    const bool is_negative = length && *text == '-';
    const uint64_t limit = (uint64_t)INT64_MAX + is_negative;
    if (i == length) return false;
    uint64_t size = 0;
    for (; i < length; i++) {
        if (!is_digit(text[i])) return false;
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (size > (limit - digit) / 10) return false;
        size = size * 10 + digit;
    }
    /* -(2^63) has no positive twin, so negate one less. */
    *value = is_negative && size ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    return true;
}

/* With the first precision from `least` to `most` that reads back as the value. */
static void print(char text[FDML_NUMBER_TEXT], double value, int least, int most, bool is_float)
{
    if (!isfinite(value)) {
        snprintf(text, FDML_NUMBER_TEXT, "%s",
                 isnan(value) ? "nan"
                 : value > 0  ? "inf"
                              : "-inf");
        return;
    }
    for (int precision = least;; precision++) {
        snprintf(text, FDML_NUMBER_TEXT, "%.*g", precision, value);
        const double back = is_float ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (precision >= most || back == value) break;
    }
    const char *point = localeconv()->decimal_point;
    char *found = strcmp(point, ".") ? strstr(text, point) : NULL;
    if (!found) return;
    *found = '.';
    memmove(found + 1, found + strlen(point), strlen(found + strlen(point)) + 1);
}

/* 15 and 6 digits survive a trip through double and float where these have their full precision
 * (DBL_DIG, FLT_DIG). */
void fdml_number_print(char text[FDML_NUMBER_TEXT], double value)
{
    print(text, value, fabs(value) < DBL_MIN ? 1 : DBL_DIG, 17, false);
}

void fdml_number_print_float(char text[FDML_NUMBER_TEXT], float value)
{
    print(text, (double)value, fabsf(value) < FLT_MIN ? 1 : FLT_DIG, 9, true);
}
