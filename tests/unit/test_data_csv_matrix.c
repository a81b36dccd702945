/* test_data_csv_matrix.c - text files of numbers.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "data/csv.h"
#include "scratch.h"

static fdml_status read_text(fdml_matrix *m, const char *name, const char *text,
                             fdml_arena *arena, fdml_error *err)
{
    const fdml_source source = { name, NULL, (const unsigned char *)text, strlen(text) };
    return fdml_csv_read(m, &source, arena, err);
}

static void expect_values(const char *name, const char *text, size_t n_rows, size_t dim,
                          const float *values)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&m, name, text, NULL, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == n_rows && m.dim == dim && !m.data);
    cr_assert_eq(m.own_size, n_rows * dim * sizeof(float));
    cr_assert_eq(read_text(&m, name, text, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(m.n_rows == n_rows && m.dim == dim && !m.is_mapped);
    cr_assert_str_eq(m.dtype, "text");
    cr_assert_arr_eq(m.data, values, n_rows * dim * sizeof(float));
    fdml_arena_close(&arena);
}

static void expect_failure(const char *text, const char *message)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const fdml_status status = read_text(&m, "emb.csv", text, &arena, &err);
    scratch_expect_error(status, &err, err.status, message);
    cr_assert_neq(status, FDML_OK);
    fdml_arena_close(&arena);
}

static const float four[] = { 1, 2, 3, 4 };

Test(data_csv_matrix, with_and_without_header)
{
    expect_values("emb.csv", "1,2\n3,4\n", 2, 2, four);
    expect_values("emb.csv", "x,y\n1,2\n3,4", 2, 2, four);
    expect_values("emb.csv", "\xEF\xBB\xBFx,y\r\n1, 2\r\n 3 ,4\r\n\r\n\n", 2, 2, four);
    expect_values("emb.csv", "\"x\",\"y\"\n\"1\",\"2\"\n3,4\n", 2, 2, four);
    expect_values("emb.csv", "1\n2\n3\n4\n", 4, 1, four);
    expect_values("emb.csv", "v\n1\n2\n3\n4\n", 4, 1, four);
}

Test(data_csv_matrix, delimiters)
{
    expect_values("emb.tsv", "1\t2\n3\t4\n", 2, 2, four);
    expect_values("emb.csv", "1;2\n3;4\n", 2, 2, four);
    expect_values("emb.csv", "1.0e+00 2.0e+00\n3.0e+00 4.0e+00\n", 2, 2, four);
}

/* pandas names columns 0,1,2,...; a few columns may as well be data. */
Test(data_csv_matrix, numbered_headers)
{
    static const float halves[] = { 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f };
    static const float counted[] = { 0, 1, 0.5f, 0.5f };
    expect_values("emb.csv", "0,1,2,3,4,5,6,7\n.5,.5,.5,.5,.5,.5,.5,.5\n", 1, 8, halves);
    expect_values("emb.csv", "0,1\n.5,.5\n", 2, 2, counted);
    expect_failure(
        ",0,1\n0,.5,.5\n",
        "emb.csv:1: the first column has no name; if it is a pandas index, save with "
        "index=False");
}

Test(data_csv_matrix, special_values_pass)
{
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&m, "emb.csv", "nan,-inf,1e999,-0\n", &arena, NULL), FDML_OK);
    cr_assert(isnan(m.data[0]) && m.data[1] == -(float)INFINITY);
    cr_assert(m.data[2] == (float)INFINITY && signbit(m.data[3]));
    fdml_arena_close(&arena);
}

Test(data_csv_matrix, refuses)
{
    expect_failure("1,2\n3,4\n5\n", "emb.csv:3: 1 values, expected 2");
    expect_failure("a,b,c\n1,2\n", "emb.csv:2: 2 values, expected 3");
    expect_failure("1,2\n3,four\n", "emb.csv:2: column 2 is 'four', expected a number");
    expect_failure("1,2\n,4\n", "emb.csv:2: column 1 is empty, expected a number");
    expect_failure("1,2\n3,abcdefghijabcdefghijabcdefghijabcdefghijXYZ\n",
                   "emb.csv:2: column 2 is 'abcdefghijabcdefghijabcdefghijabcdefghij'..., "
                   "expected a number");
    expect_failure("1,2\n\n3,4\n", "emb.csv:2: empty line");
    expect_failure("1\n\n2\n", "emb.csv:2: empty line");
    expect_failure("\n1,2\n", "emb.csv:1: first line is empty");
    expect_failure("a,b\n", "emb.csv: has no rows");
    expect_failure("1,\"2\n", "emb.csv:1: quote is never closed");
    expect_failure("1;2,5\n1,5;2\n", "emb.csv:2: column 2 is '5;2', expected a number");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.csv", NULL, bytes, size };
    fdml_matrix m;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_csv_read(&m, &source, &arena, NULL) == FDML_OK)
        scratch_touch(m.data, m.n_rows * m.dim);
    fdml_arena_close(&arena);
}

Test(data_csv_matrix, survives_spoiled_text)
{
    const char *text = "\"a\",b\r\n1.5,-2e3\r\n\"3\",nan\r\n\r\n";
    scratch_spoil(read_any, text, strlen(text));
}
