/* number.h - numbers from text and to text, whatever the locale says.
 *
 * strtod and printf follow the decimal point of the process's locale, which a program that
 * links fdml may set. A file of embeddings or a JSON report must not. Reading is correctly
 * rounded: to the float nearest to the decimal, ties to even, with no step through double.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_NUMBER_H
#define FDML_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDML_NUMBER_MAX 255 /* characters of a number; longer text is none */

/* The whole of text[0..length) must be a decimal number, "nan" or "inf"/"infinity" (any case),
 * with an optional sign; blanks at either end are allowed, hexadecimal is not. A value out of
 * range becomes infinity or zero. False: *value is untouched. */
bool fdml_number_float(float *value, const char *text, size_t length);
bool fdml_number_double(double *value, const char *text, size_t length);

/* Optional sign and digits only, within int64. */
bool fdml_number_integer(int64_t *value, const char *text, size_t length);

/* The first of %.15g, %.16g, %.17g (fewer for subnormals) that reads back as `value`, with '.'.
 * "nan", "inf", "-inf" where it is not finite. */
#define FDML_NUMBER_TEXT 32
void fdml_number_print(char text[FDML_NUMBER_TEXT], double value);
/* The same of a float, from %.6g to %.9g: 0.1f is "0.1". */
void fdml_number_print_float(char text[FDML_NUMBER_TEXT], float value);

#endif
