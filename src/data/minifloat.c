/* minifloat.c - see minifloat.h.
 * SPDX-License-Identifier: MIT */
#include "data/minifloat.h"

#include <math.h>

const fdml_minifloat fdml_half = { 5, 10, 15, FDML_MINIFLOAT_IEEE };
const fdml_minifloat fdml_bf16 = { 8, 7, 127, FDML_MINIFLOAT_IEEE };
const fdml_minifloat fdml_f8e4m3fn = { 4, 3, 7, FDML_MINIFLOAT_FN };
const fdml_minifloat fdml_f8e4m3fnuz = { 4, 3, 8, FDML_MINIFLOAT_FNUZ };
const fdml_minifloat fdml_f8e5m2 = { 5, 2, 15, FDML_MINIFLOAT_IEEE };
const fdml_minifloat fdml_f8e5m2fnuz = { 5, 2, 16, FDML_MINIFLOAT_FNUZ };

static unsigned sign_bit(const fdml_minifloat *f)
{
    return 1u << (f->n_exponent + f->n_fraction);
}

/* The largest finite number's code. */
static unsigned max_code(const fdml_minifloat *f)
{
    const unsigned all = sign_bit(f) - 1;
    if (f->end == FDML_MINIFLOAT_FNUZ) return all;
    if (f->end == FDML_MINIFLOAT_FN) return all - 1;
    return all - (1u << f->n_fraction); /* the exponent of ones is infinity's and NaN's */
}

static unsigned nan_code(const fdml_minifloat *f)
{
    if (f->end == FDML_MINIFLOAT_FNUZ) return sign_bit(f);
    const unsigned all = sign_bit(f) - 1;
    return f->end == FDML_MINIFLOAT_FN ? all : all - (1u << (f->n_fraction - 1)) + 1;
}

/* The code of a finite size > 0, as if there were exponents without end. In units of the last
 * place of its binade the size is an integer q after rounding; where q reaches the next binade,
 * the carry into the exponent field is the right one. */
static double code_of(const fdml_minifloat *f, double size)
{
    int exponent;
    frexp(size, &exponent);
    const int lowest = 1 - f->bias, e = exponent - 1 > lowest ? exponent - 1 : lowest;
    const double q = rint(ldexp(size, f->n_fraction - e));
    return ldexp((double)(e + f->bias - 1), f->n_fraction) + q;
}

uint16_t fdml_minifloat_round(const fdml_minifloat *f, double value, bool saturates)
{
    const unsigned sign = signbit(value) ? sign_bit(f) : 0;
    if (isnan(value)) {
        const bool has_sign = f->end != FDML_MINIFLOAT_FNUZ;
        return (uint16_t)(nan_code(f) | (has_sign ? sign : 0));
    }
    const double size = fabs(value), max = (double)max_code(f);
    const double code = size > 0 ? isinf(size) ? max + 1 : code_of(f, size) : 0;
    if (code > max) {
        if (saturates) return (uint16_t)(sign | max_code(f));
        if (f->end == FDML_MINIFLOAT_FNUZ) return (uint16_t)nan_code(f);
        return (uint16_t)(sign | (max_code(f) + 1)); /* infinity's code, or FN's NaN */
    }
    if (code == 0 && f->end == FDML_MINIFLOAT_FNUZ) return 0;
    return (uint16_t)(sign | (unsigned)code);
}

double fdml_minifloat_read(const fdml_minifloat *f, uint16_t bits)
{
    const unsigned code = bits & (sign_bit(f) - 1);
    const bool is_negative = (bits & sign_bit(f)) != 0;
    if (f->end == FDML_MINIFLOAT_FNUZ && is_negative && code == 0) return (double)NAN;
    if (code > max_code(f)) {
        const bool is_infinite = f->end == FDML_MINIFLOAT_IEEE && code == max_code(f) + 1;
        if (!is_infinite) return (double)NAN;
        return is_negative ? -(double)INFINITY : (double)INFINITY;
    }
    const unsigned fraction = code & ((1u << f->n_fraction) - 1);
    const int e = (int)(code >> f->n_fraction);
    const double units = e ? (double)(fraction + (1u << f->n_fraction)) : (double)fraction;
    const double size = ldexp(units, (e ? e : 1) - f->bias - f->n_fraction);
    return is_negative ? -size : size;
}
