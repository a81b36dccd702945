/* test_data_listfile.c - CelebA's lists as tables.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "data/listfile.h"
#include "scratch.h"

static fdml_arena arena;

static fdml_status read_text(fdml_table *t, const char *name, const char *text, fdml_error *err)
{
    const fdml_source source = { name, NULL, (const unsigned char *)text, strlen(text) };
    return fdml_table_read(t, &source, &arena, err);
}

static void expect_failure(const char *text, const char *message)
{
    fdml_table t;
    fdml_error err = { 0 };
    const fdml_source source = { "l.txt", NULL, (const unsigned char *)text, strlen(text) };
    fdml_arena_init(&arena, 0);
    const fdml_status status = fdml_listfile_read(&t, &source, &arena, &err);
    scratch_expect_error(status, &err, err.status, message);
    fdml_arena_close(&arena);
}

Test(data_listfile, attributes)
{
    fdml_table t;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, "list_attr_celeba.txt",
                           "2\r\nMale Young \r\n000001.jpg -1  1\r\n000002.jpg  1 -1\r\n\r\n",
                           &err),
                 FDML_OK, "%s", err.text);
    cr_assert(t.n_rows == 2 && t.n_columns == 3 && t.line[0] == 3 && t.line[1] == 4);
    cr_assert_str_eq(t.name[0], "path");
    cr_assert_str_eq(t.name[2], "Young");
    cr_assert_str_eq(fdml_table_cell(&t, 0, 0), "000001.jpg");
    cr_assert_str_eq(fdml_table_cell(&t, 0, 1), "-1");
    cr_assert_str_eq(fdml_table_cell(&t, 1, 2), "-1");
    fdml_arena_close(&arena);
}

Test(data_listfile, identities_and_partitions)
{
    fdml_table t;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(
        read_text(&t, "x/identity_CelebA.txt", "000001.jpg 2880\n000002.jpg 2937\n", NULL),
        FDML_OK);
    cr_assert(t.n_rows == 2 && t.n_columns == 2 && t.line[1] == 2);
    cr_assert_str_eq(t.name[1], "identity");
    cr_assert_str_eq(fdml_table_cell(&t, 1, 1), "2937");
    cr_assert_eq(read_text(&t, "list_eval_partition.txt", "000001.jpg 0\n", NULL), FDML_OK);
    cr_assert_str_eq(t.name[1], "partition");
    fdml_arena_close(&arena);
}

Test(data_listfile, other_text_is_a_table)
{
    fdml_table t;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, "meta.txt", "label;flag\n1;0\n", NULL), FDML_OK);
    cr_assert_str_eq(t.name[1], "flag");
    cr_assert_eq(read_text(&t, "meta.txt", "10\n20\n", NULL), FDML_OK); /* one column "10" */
    cr_assert_str_eq(t.name[0], "10");
    fdml_arena_close(&arena);
}

Test(data_listfile, refuses)
{
    expect_failure("3\nMale\na.jpg 1\n", "l.txt: 1 rows, its first line says 3");
    expect_failure("1\nMale\na.jpg 0\n", "l.txt:3: '0', expected 1 or -1");
    expect_failure("2\nMale\na.jpg 1\nb.jpg\n", "l.txt:4: 1 fields, expected 2");
    expect_failure("a.jpg 1\nb.jpg 2 3\n", "l.txt:2: 3 fields, expected 2");
    expect_failure("a.jpg 1\nb.jpg x\n", "l.txt:2: 'x', expected an integer");
    expect_failure("a.jpg 1\n\nb.jpg 2\n", "l.txt:2: empty line");
    expect_failure("1\nMale Male\na.jpg 1 1\n", "l.txt: columns 2 and 3 are both 'Male'");
    expect_failure("0\nMale\n", "l.txt: has a header but no rows");
    expect_failure("a.jpg 1\nb\xFF.jpg 2\n", "l.txt:2: text is not UTF-8");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "l.txt", NULL, bytes, size };
    fdml_table t;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_listfile_read(&t, &source, &arena, NULL) == FDML_OK)
        for (size_t i = 0; i < t.n_rows * t.n_columns; i++)
            cr_assert_leq(strlen(t.text + t.offset[i]), size);
    fdml_arena_close(&arena);
}

Test(data_listfile, survives_spoiled_text)
{
    const char *text = "2\r\nMale Young\r\n000001.jpg -1  1\r\n000002.jpg 1 -1\r\n";
    scratch_spoil(read_any, text, strlen(text));
    text = "000001.jpg 2880\n000002.jpg 2937\n";
    scratch_spoil(read_any, text, strlen(text));
}
