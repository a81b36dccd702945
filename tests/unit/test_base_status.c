/* test_base_status.c - error sentences.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/status.h"
#include "scratch.h"

Test(base_status, formats_and_returns)
{
    fdml_error err;
    const fdml_status status =
        fdml_fail(&err, FDML_E_DATA, "%s:%d: label is empty", "m.csv", 7);
    scratch_expect_error(status, &err, FDML_E_DATA, "m.csv:7: label is empty");
    cr_assert_eq(err.status, FDML_E_DATA);
    cr_assert_eq(fdml_fail(NULL, FDML_E_IO, "nobody listens"), FDML_E_IO);
}

Test(base_status, stays_one_line)
{
    fdml_error err;
    (void)fdml_fail(&err, FDML_E_IO, "a\nb\tc\x1b[1m");
    cr_assert_str_eq(err.text, "a?b?c?[1m");
}

Test(base_status, cuts_what_is_too_long)
{
    char text[2 * FDML_ERROR_MAX];
    fdml_error err;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    (void)fdml_fail(&err, FDML_E_IO, "%s", text);
    cr_assert_eq(strlen(err.text), (size_t)FDML_ERROR_MAX - 1);
}

static fdml_status passes_on(fdml_status inner, fdml_error *err)
{
    FDML_TRY(inner);
    return fdml_fail(err, FDML_E_LIMIT, "reached");
}

Test(base_status, try_propagates)
{
    cr_assert_eq(passes_on(FDML_E_NOMEM, NULL), FDML_E_NOMEM);
    cr_assert_eq(passes_on(FDML_OK, NULL), FDML_E_LIMIT);
}
