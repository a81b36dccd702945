/* test_data_minifloat.c - every code of every format, and rounding against a search of them
 * all. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "base/rng.h"
#include "data/dtype.h"
#include "data/minifloat.h"

/* The other reader of half and bfloat16 goes through the bits of float. */
Test(data_minifloat, every_code_of_16_bits_reads_and_rounds_to_itself)
{
    for (uint32_t code = 0; code < 0x10000; code++) {
        const double half = fdml_minifloat_read(&fdml_half, (uint16_t)code);
        const double bf16 = fdml_minifloat_read(&fdml_bf16, (uint16_t)code);
        const float half_bits = fdml_float_from_half((uint16_t)code);
        const float bf16_bits = fdml_float_from_bf16((uint16_t)code);
        cr_assert(isnan(half) ? isnan(half_bits) : half == (double)half_bits, "%04x", code);
        cr_assert(isnan(bf16) ? isnan(bf16_bits) : bf16 == (double)bf16_bits, "%04x", code);
        if (!isnan(half)) cr_assert_eq(fdml_minifloat_round(&fdml_half, half, false), code);
        if (!isnan(bf16)) cr_assert_eq(fdml_minifloat_round(&fdml_bf16, bf16, false), code);
    }
}

static const struct {
    const fdml_minifloat *format;
    double least, max; /* of tables 1 of both papers */
} f8[] = { { &fdml_f8e4m3fn, 0x1p-9, 448 },
           { &fdml_f8e4m3fnuz, 0x1p-10, 240 },
           { &fdml_f8e5m2, 0x1p-16, 57344 },
           { &fdml_f8e5m2fnuz, 0x1p-17, 57344 } };

Test(data_minifloat, limits_of_float8)
{
    for (size_t f = 0; f < 4; f++) {
        double least = (double)INFINITY, max = 0;
        for (uint16_t code = 0; code < 256; code++) {
            const double x = fdml_minifloat_read(f8[f].format, code);
            if (x > 0 && x < least) least = x;
            if (x > max && !isinf(x)) max = x;
            if (!isnan(x)) cr_assert_eq(fdml_minifloat_round(f8[f].format, x, false), code);
        }
        cr_assert_eq(least, f8[f].least, "format %zu: least %g", f, least);
        cr_assert_eq(max, f8[f].max, "format %zu: max %g", f, max);
    }
}

/* The nearest finite number, and of two the one whose last bit is 0. */
static double nearest(const fdml_minifloat *format, double x)
{
    double best = 0;
    uint16_t best_code = 0;
    for (uint16_t code = 0; code < 128; code++) {
        const double y = fdml_minifloat_read(format, code);
        if (!isfinite(y)) continue;
        const double far = fabs(y - x), best_far = fabs(best - x);
        if (far < best_far || (far == best_far && code % 2 == 0 && best_code % 2))
            best = y, best_code = code;
    }
    return best;
}

Test(data_minifloat, rounds_to_the_nearest)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 2, 3);
    for (size_t f = 0; f < 4; f++)
        for (int i = 0; i < 20000; i++) {
            double x = ldexp(1 + fdml_rng_double(&rng), (int)fdml_rng_below(&rng, 40) - 22);
            if (i % 3 == 0) { /* halfway between two codes */
                const uint16_t code = (uint16_t)fdml_rng_below(&rng, 100);
                x = (fdml_minifloat_read(f8[f].format, code) +
                     fdml_minifloat_read(f8[f].format, (uint16_t)(code + 1))) /
                    2;
            }
            const double want = x > f8[f].max ? f8[f].max : nearest(f8[f].format, x);
            for (int sign = -1; sign < 2; sign += 2) {
                const uint16_t code = fdml_minifloat_round(f8[f].format, sign * x, true);
                cr_assert_eq(fdml_minifloat_read(f8[f].format, code), sign * want, "%zu: %.17g",
                             f, sign * x);
            }
        }
}

/* The table of the operator Cast. */
Test(data_minifloat, what_is_too_large)
{
    const double inf = (double)INFINITY;
    for (size_t f = 0; f < 4; f++) {
        const fdml_minifloat *format = f8[f].format;
        const bool has_inf = format->end == FDML_MINIFLOAT_IEEE;
        for (int i = 0; i < 4; i++) {
            const double x = (const double[]){ inf, 1e6, -inf, -1e6 }[i];
            const double cut =
                fdml_minifloat_read(format, fdml_minifloat_round(format, x, true));
            const double open =
                fdml_minifloat_read(format, fdml_minifloat_round(format, x, false));
            cr_assert_eq(cut, x > 0 ? f8[f].max : -f8[f].max);
            cr_assert(has_inf ? open == (x > 0 ? inf : -inf) : isnan(open));
        }
        cr_assert(isnan(
            fdml_minifloat_read(format, fdml_minifloat_round(format, (double)NAN, true))));
        const uint16_t zero = fdml_minifloat_round(format, -0.0, true);
        cr_assert_eq(zero, format->end == FDML_MINIFLOAT_FNUZ ? 0 : 0x80);
    }
    cr_assert_eq(fdml_minifloat_round(&fdml_half, 65519.99, false), 0x7bff);
    cr_assert_eq(fdml_minifloat_round(&fdml_half, 65520, false), 0x7c00);
    cr_assert_eq(fdml_minifloat_round(&fdml_half, 0x1p-25, false), 0);
    cr_assert_eq(fdml_minifloat_round(&fdml_half, 0x1.001p-25, false), 1);
}
