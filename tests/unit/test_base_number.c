/* test_base_number.c - correctly rounded reading, round-trip printing.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/rng.h"

static float parse(const char *text)
{
    float value = -77;
    cr_assert(fdml_number_float(&value, text, strlen(text)), "'%s' is a number", text);
    return value;
}

Test(base_number, accepts_decimals)
{
    cr_assert_eq(parse("0"), 0.0f);
    cr_assert_eq(parse("-1.5"), -1.5f);
    cr_assert_eq(parse("+.5"), 0.5f);
    cr_assert_eq(parse("5."), 5.0f);
    cr_assert_eq(parse(" \t1e3 "), 1000.0f);
    cr_assert_eq(parse("1E-2"), 0.01f);
    cr_assert_eq(parse("0.0000000000000000000000000000000000000000000000012e46"), 0.012f);
    cr_assert_eq(parse("00000000000000000000000000000001"), 1.0f);
    cr_assert_eq(parse("123456789012345678901234567890"), 123456789012345678901234567890.0f);
    cr_assert(signbit(parse("-0")) && !signbit(parse("0.0e99999999999")));
    cr_assert(isnan(parse("nan")) && isnan(parse("-NaN")));
    cr_assert(isinf(parse("inf")) && parse("-Infinity") < 0);
    cr_assert(isinf(parse("1e39")) && isinf(parse("1e99999999999")));
    cr_assert_eq(parse("1e-99999999999"), 0.0f);
}

Test(base_number, refuses_everything_else)
{
    static const char *const bad[] = {
        "",     " ",  "-",   ".",  "e5",  "1e",   "1e+", "1 2",  "0x10", "1,5",    "1.2.3",
        "nanx", "in", "--1", "1f", "1_0", "NULL", "+-1", "1e5.", "\n1",  "infinit"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float value = 7;
        double wide = 7;
        cr_assert_not(fdml_number_float(&value, bad[i], strlen(bad[i])), "'%s'", bad[i]);
        cr_assert_not(fdml_number_double(&wide, bad[i], strlen(bad[i])), "'%s'", bad[i]);
        cr_assert(value == 7.0f && wide == 7.0);
    }
    char longest[FDML_NUMBER_MAX + 1];
    float value;
    memset(longest, '1', sizeof longest);
    cr_assert(fdml_number_float(&value, longest, FDML_NUMBER_MAX));
    cr_assert_not(fdml_number_float(&value, longest, FDML_NUMBER_MAX + 1));
}

/* 1 + 2^-24 lies halfway between 1 and the next float; through double, all but the last of
 * these would be taken for it. */
Test(base_number, rounds_once)
{
    cr_assert_eq(parse("1.000000059604644775390625"), 1.0f);
    cr_assert_eq(parse("1.0000000596046447753906250000000000000001"), 0x1.000002p0f);
    cr_assert_eq(parse("1.0000000596046447753906249999999999999999"), 1.0f);
    cr_assert_eq(parse("1.000000178813934326171875"), 0x1.000004p0f); /* ties to even */
    cr_assert_eq(parse("1.00000006"), 0x1.000002p0f);
    cr_assert_eq(parse("9007199791611905"), 0x1.000002p53f); /* above 2^53 + 2^29, a midpoint */
    cr_assert_eq(parse("3.4028235677973367e38"), (float)INFINITY); /* FLT_MAX, half an ulp */
    cr_assert_eq(parse("3.4028235677973366e38"), FLT_MAX);
    cr_assert_eq(parse("7.006492321624085e-46"), 0.0f); /* half the least subnormal */
    cr_assert_eq(parse("7.006492321624086e-46"), 0x1p-149f);
}

Test(base_number, agrees_with_the_c_library)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 21, 0, 0);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        const int digits = (int)fdml_rng_below(&rng, 20);
        const double size =
            ldexp(fdml_rng_double(&rng) - 0.5, (int)fdml_rng_below(&rng, 300) - 170);
        snprintf(text, sizeof text, i % 2 ? "%.*e" : "%.*f", digits, size);
        double wide;
        cr_assert(fdml_number_double(&wide, text, strlen(text)));
        cr_assert_eq(parse(text), strtof(text, NULL), "%s", text);
        cr_assert_eq(wide, strtod(text, NULL), "%s", text);
    }
}

Test(base_number, reads_only_its_length)
{
    float value;
    cr_assert(fdml_number_float(&value, "1.2599", 4));
    cr_assert_eq(value, 1.25f);
}

Test(base_number, integers)
{
    int64_t value;
    cr_assert(fdml_number_integer(&value, "-9223372036854775808", 20) && value == INT64_MIN);
    cr_assert(fdml_number_integer(&value, "9223372036854775807", 19) && value == INT64_MAX);
    cr_assert(fdml_number_integer(&value, "+007", 4) && value == 7);
    cr_assert(fdml_number_integer(&value, "-0", 2) && value == 0);
    value = 5;
    cr_assert_not(fdml_number_integer(&value, "9223372036854775808", 19));
    cr_assert_not(fdml_number_integer(&value, "-9223372036854775809", 20));
    cr_assert_not(fdml_number_integer(&value, "", 0));
    cr_assert_not(fdml_number_integer(&value, "-", 1));
    cr_assert_not(fdml_number_integer(&value, "1.0", 3));
    cr_assert_not(fdml_number_integer(&value, " 1", 2));
    cr_assert_eq(value, 5);
}

Test(base_number, prints_the_shortest)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = { { 0, "0" },
                  { -0.0, "-0" },
                  { 0.1, "0.1" },
                  { 1.0 / 3, "0.3333333333333333" },
                  { 100, "100" },
                  { 1e22, "1e+22" },
                  { 5e-324, "5e-324" },
                  { DBL_MAX, "1.7976931348623157e+308" },
                  { 0.1 + 0.2, "0.30000000000000004" },
                  { -2.5, "-2.5" } };
    char text[FDML_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fdml_number_print(text, cases[i].value);
        cr_assert_str_eq(text, cases[i].text);
    }
    fdml_number_print(text, (double)NAN);
    cr_assert_str_eq(text, "nan");
    fdml_number_print(text, -(double)INFINITY);
    cr_assert_str_eq(text, "-inf");
}

Test(base_number, prints_what_reads_back)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 22, 0, 0);
    for (int i = 0; i < 100000; i++) {
        const uint64_t bits = (uint64_t)fdml_rng_u32(&rng) << 32 | fdml_rng_u32(&rng);
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        char text[FDML_NUMBER_TEXT];
        fdml_number_print(text, value);
        cr_assert(fdml_number_double(&again, text, strlen(text)));
        cr_assert_eq(again, value, "%s", text);
    }
}

Test(base_number, ignores_the_locale)
{
    static const char *const commas[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR" };
    const char *set = NULL;
    for (size_t i = 0; i < 4 && !set; i++) set = setlocale(LC_NUMERIC, commas[i]);
    if (!set) cr_skip_test("no locale with a decimal comma");
    char text[FDML_NUMBER_TEXT];
    double value = 0;
    fdml_number_print(text, 0.5);
    const float slow = parse("1.000000059604644775390625001");
    const bool reads = fdml_number_double(&value, "123456789.123456789012", 22);
    setlocale(LC_NUMERIC, "C");
    cr_assert_str_eq(text, "0.5");
    cr_assert_eq(slow, 0x1.000002p0f);
    cr_assert(reads && value == 123456789.123456789012);
}
