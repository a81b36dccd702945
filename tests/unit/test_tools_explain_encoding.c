/* test_tools_explain_encoding.c - the list of encoded columns, and that it says all of them.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../tools/explain_encoding.h"
#include "scratch.h"
#include "tabular_case.h"
#include "tabular_read.h"

/* Valid until the next call. */
static const char *written(const fdml_encoder *e)
{
    static char text[4096];
    FILE *file = fmemopen(text, sizeof text, "w");
    explain_encoding_write(file, e);
    fclose(file);
    return text;
}

/* NumPy's of the fitted rows, an empty cell being the mean: 185.791667 and 337.410952,
 * 2002.08333 and 1.1469421; here the mean and 1 / deviation are floats. The last is constant in
 * them. */
Test(tools_explain_encoding, lists_columns)
{
    static const uint32_t row[TABULAR_FIT] = { 0, 1, 2, 3, 4, 5, 6 };
    static const char *const ward = "ward";
    fdml_tabular_options options = tabular_plain_options();
    fdml_arena arena;
    fdml_error err;
    fdml_tabular t;
    fdml_encoder e;
    options.categorical = (fdml_name_list){ &ward, 1 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, NULL, tabular_case_csv, &options, &arena, &err),
                 FDML_OK);
    cr_assert_eq(fdml_encoder_fit(&e, &t, row, TABULAR_FIT, &arena, &err), FDML_OK);
    const char *text = written(&e);
    cr_assert_str_eq(text, "column,feature,kind,level,mean,deviation\n"
                           "0,age,numeric,,185.791672,337.410941\n"
                           "1,city,categorical,(missing),,\n"
                           "2,city,categorical,Bonn,,\n"
                           "3,city,categorical,Trier,,\n"
                           "4,city,categorical,Ulm,,\n"
                           "5,year,numeric,,2002.08337,1.14694213\n"
                           "6,ward,categorical,10,,\n"
                           "7,ward,categorical,2,,\n"
                           "8,ward,categorical,9,,\n"
                           "9,flat,numeric,,3,1\n");
    fdml_arena_close(&arena);
}

/* A level without a column has no line; names and cells are quoted as CSV has it. */
Test(tools_explain_encoding, leaves_out_and_quotes)
{
    static const char *const level[] = { "a,b", "never", "say \"c\"" };
    static const fdml_feature feature[] = { { "pay, monthly", FDML_NUMERIC, 0, NULL },
                                            { "kind", FDML_CATEGORICAL, 3, level } };
    static const uint32_t column[] = { 1, FDML_NO_ENCODED, 2 };
    static const uint32_t *const columns[] = { NULL, column };
    static const size_t begin[] = { 0, 1, 3 };
    static const float mean[] = { .1f, 0 }, factor[] = { 3, 1 };
    const fdml_encoder e = { 2, 3, feature, begin, mean, factor, columns };
    const char *text = written(&e);
    cr_assert_str_eq(text, "column,feature,kind,level,mean,deviation\n"
                           "0,\"pay, monthly\",numeric,,0.100000001,0.333333333\n"
                           "1,kind,categorical,\"a,b\",,\n"
                           "2,kind,categorical,\"say \"\"c\"\"\",,\n");
}

/* Nine digits give back every float, and every reciprocal of one. */
Test(tools_explain_encoding, digits_suffice)
{
    static const fdml_feature feature = { "x", FDML_NUMERIC, 0, NULL };
    static const uint32_t *const none[] = { NULL };
    static const size_t begin[] = { 0, 1 };
    for (uint32_t i = 0; i < 20000; i++) {
        float mean, factor;
        const uint32_t a = 0x00800000 + 104729 * i, b = 0x20000000 + 51971 * i;
        memcpy(&mean, &a, 4);
        memcpy(&factor, &b, 4);
        const fdml_encoder e = { 1, 1, &feature, begin, &mean, &factor, none };
        const char *text = written(&e);
        double m, d;
        cr_assert_eq(sscanf(strstr(text, "numeric,,") + 9, "%lf,%lf", &m, &d), 2, "%s", text);
        cr_assert((float)m == mean && (float)(1 / d) == factor, "%s", text);
    }
}
