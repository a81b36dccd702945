/* oracles.c - see oracles.h.
 *
 * SPDX-License-Identifier: MIT */
#include "oracles.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

static fdml_json *root;

void oracles_close(void)
{
    fdml_json_close(root);
    root = NULL;
}

const fdml_json *oracles_find(const fdml_json *object, const char *key)
{
    const fdml_json *value = fdml_json_find(object, key);
    cr_assert_not_null(value, "no '%s'", key);
    return value;
}

static void open_file(void)
{
    const char *path = scratch_shared("oracles/metrics.json");
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    char *text = malloc(1 << 20);
    cr_assert_not_null(text);
    const size_t size = fread(text, 1, 1 << 20, file);
    fclose(file);
    fdml_error err = { 0 };
    cr_assert_eq(fdml_json_parse(&root, text, size, 1 << 20, 32, path, &err), FDML_OK, "%s",
                 err.text);
    free(text);
}

const fdml_json *oracles_case(const char *id)
{
    if (!root) open_file();
    for (const fdml_json *c = fdml_json_first(oracles_find(root, "cases")); c;
         c = fdml_json_next(c))
        if (!strcmp(fdml_json_text(oracles_find(c, "id")), id)) return c;
    cr_assert(false, "no case %s", id);
    return NULL;
}

double oracles_number(const fdml_json *value)
{
    double x = NAN;
    cr_assert(value && fdml_json_get_number(value, &x), "not a number");
    return x;
}

double oracles_number_in(const fdml_json *object, const char *key)
{
    return oracles_number(oracles_find(object, key));
}

size_t oracles_numbers(double *out, size_t most, const fdml_json *array)
{
    size_t n = 0;
    for (const fdml_json *v = fdml_json_first(array); v; v = fdml_json_next(v)) {
        cr_assert_lt(n, most);
        out[n++] = oracles_number(v);
    }
    return n;
}

size_t oracles_whole(uint32_t *out, size_t most, const fdml_json *array)
{
    static double value[1024];
    const size_t n = oracles_numbers(value, most < 1024 ? most : 1024, array);
    for (size_t i = 0; i < n; i++) out[i] = (uint32_t)value[i];
    return n;
}

void oracles_expect_digits(double got, double want, int decimals, const char *what)
{
    cr_expect_float_eq(got, want, 0.5000001 * pow(10, -decimals), "%s: %.15g, not %.15g", what,
                       got, want);
}
