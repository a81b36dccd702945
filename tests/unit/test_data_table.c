/* test_data_table.c - metadata tables from CSV and TSV.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/table_build.h"
#include "scratch.h"

static fdml_arena arena;

static fdml_status read_text(fdml_table *table, const char *name, const char *text,
                             fdml_error *err)
{
    const fdml_source source = { name, NULL, (const unsigned char *)text, strlen(text) };
    return fdml_table_read(table, &source, &arena, err);
}

/* The table as "a,b|1:x,y|2:..." with the line before each row. */
static void expect_table(const char *name, const char *text, const char *expected)
{
    char out[512];
    size_t n = 0;
    fdml_table t;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, name, text, &err), FDML_OK, "%s", err.text);
    for (size_t c = 0; c < t.n_columns; c++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", c ? "," : "", t.name[c]);
    for (size_t r = 0; r < t.n_rows; r++) {
        n += (size_t)snprintf(out + n, sizeof out - n, "|%u:", t.line[r]);
        for (size_t c = 0; c < t.n_columns; c++)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", c ? "," : "",
                                  fdml_table_cell(&t, r, c));
    }
    cr_assert_str_eq(out, expected);
    cr_assert_str_eq(t.path, name);
    fdml_arena_close(&arena);
}

static void expect_failure(const char *text, fdml_status status, const char *message)
{
    fdml_table t;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read_text(&t, "meta.csv", text, &err), &err, status, message);
    fdml_arena_close(&arena);
}

Test(data_table, reads)
{
    expect_table("meta.csv", "a,b\n1,x\n2,y\n", "a,b|2:1,x|3:2,y");
    expect_table("meta.csv",
                 "\xEF\xBB\xBF"
                 "a,b\r\n1,x\r\n2,\r\n",
                 "a,b|2:1,x|3:2,");
    expect_table("meta.csv", "a,b\n1,x", "a,b|2:1,x");
    expect_table("meta.csv", "a,b\n1,", "a,b|2:1,");
    expect_table("meta.csv", "a;b\n1;x,y\n", "a,b|2:1,x,y");
    expect_table("meta.tsv", "a\tb\n1\tx,y\n", "a,b|2:1,x,y");
    expect_table("meta.csv", "a,b\n\"x \"\"y\"\"\",\"line\nbreak\"\nc,d\n",
                 "a,b|2:x \"y\",line\nbreak|4:c,d");
    expect_table("meta.csv", " a , \"b\"\n x , y\n", "a,\"b\"|2: x , y");
    expect_table("meta.csv", "name\nZo\xC3\xAB\n\xE6\x9D\x8E\n",
                 "name|2:Zo\xC3\xAB|3:\xE6\x9D\x8E");
}

Test(data_table, blank_lines)
{
    expect_table("meta.csv", "a,b\n1,x\n\n\r\n\n", "a,b|2:1,x");
    expect_table("meta.csv", "a\nx\n\ny\n\n", "a|2:x|3:|4:y");
    expect_table("meta.csv", "a\nx\n\"\"\n", "a|2:x|3:");
    expect_failure("a,b\n1,x\n\n2,y\n", FDML_E_FORMAT,
                   "meta.csv:3: empty line, header has 2 fields");
}

Test(data_table, refuses)
{
    expect_failure("a,b,c,d\n1,2,3,4\n1,2,3\n", FDML_E_FORMAT,
                   "meta.csv:3: 3 fields, header has 4");
    expect_failure("a,b\n1,2,3\n", FDML_E_FORMAT, "meta.csv:2: 3 fields, header has 2");
    expect_failure("a,b\n1\n", FDML_E_FORMAT, "meta.csv:2: 1 field, header has 2");
    expect_failure("a,b\n\"x\n1\",2\n3\n", FDML_E_FORMAT, "meta.csv:4: 1 field, header has 2");
    expect_failure("a,b\n1,\"2\n3,4\n", FDML_E_FORMAT, "meta.csv:2: quote is never closed");
    expect_failure("a,b,a\n1,2,3\n", FDML_E_FORMAT, "meta.csv: columns 1 and 3 are both 'a'");
    expect_failure(",a,\n1,2,3\n", FDML_E_FORMAT, "meta.csv: columns 1 and 3 have no name");
    expect_failure("", FDML_E_FORMAT, "meta.csv: file is empty");
    expect_failure("\n\n", FDML_E_FORMAT, "meta.csv:1: header is empty");
    expect_failure("a,b\n", FDML_E_DATA, "meta.csv: has a header but no rows");
    expect_failure("a,b\n\n\n", FDML_E_DATA, "meta.csv: has a header but no rows");
    expect_failure("a\nZo\xEB\n", FDML_E_FORMAT, "meta.csv:2: text is not UTF-8");
}

Test(data_table, finds_columns)
{
    fdml_table t;
    fdml_error err = { 0 };
    size_t column = 9;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, "meta.csv", "label,gender,race\n0,F,x\n", &err), FDML_OK);
    cr_assert_eq(fdml_table_find(&t, "race", &column, NULL), FDML_OK);
    cr_assert_eq(column, 2u);
    scratch_expect_error(fdml_table_find(&t, "gneder", &column, &err), &err, FDML_E_DATA,
                         "meta.csv: no column 'gneder'; columns are label, gender, race");
    cr_assert_eq(column, 2u);
    fdml_arena_close(&arena);
}

Test(data_table, many_columns_are_cut_in_messages)
{
    static char text[4096];
    fdml_table t;
    fdml_error err = { 0 };
    size_t column, n = 0;
    for (int row = 0; row < 2; row++)
        for (int c = 0; c < 200; c++)
            n += (size_t)snprintf(text + n, sizeof text - n, "c%d%s", c, c < 199 ? "," : "\n");
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, "meta.csv", text, NULL), FDML_OK);
    cr_assert_eq(t.n_columns, 200u);
    cr_assert_eq(fdml_table_find(&t, "x", &column, &err), FDML_E_DATA);
    cr_assert_str_eq(err.text + strlen(err.text) - 3, "...");
    fdml_arena_close(&arena);
}

Test(data_table, memory_is_text_and_offsets)
{
    enum { ROWS = 20000 };
    static char text[ROWS * 16];
    fdml_table t;
    size_t n = (size_t)snprintf(text, sizeof text, "a,b\n");
    for (int i = 0; i < ROWS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%d,xyz\n", i);
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&t, "meta.csv", text, NULL), FDML_OK);
    cr_assert_eq(t.n_rows, (size_t)ROWS);
    cr_assert_str_eq(fdml_table_cell(&t, ROWS - 1, 0), "19999");
    cr_assert_leq(arena.peak, n + ROWS * (2 * sizeof(uint64_t) + sizeof(uint32_t)) + 1024);
    fdml_arena_close(&arena);
}

Test(data_table, opens_files)
{
    fdml_table t;
    fdml_error err = { 0 };
    const char *path = scratch_text("meta.csv", "a\nx\n");
    char message[600];
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_table_open(&t, path, &arena, NULL), FDML_OK);
    cr_assert_str_eq(fdml_table_cell(&t, 0, 0), "x");
    const size_t used = arena.used;
    path = scratch_text("bad.csv", "a,a\nx,y\n");
    snprintf(message, sizeof message, "%s: columns 1 and 2 are both 'a'", path);
    scratch_expect_error(fdml_table_open(&t, path, &arena, &err), &err, FDML_E_FORMAT, message);
    cr_assert_eq(arena.used, used); /* a failure keeps nothing */
    cr_assert_eq(fdml_table_open(&t, scratch_path("none.csv"), &arena, &err), FDML_E_IO);
    fdml_arena_close(&arena);
}

Test(data_table, survives_small_arenas)
{
    const char *text = "a,b\n1,x\n2,y\n";
    const fdml_source source = { "m.csv", NULL, (const unsigned char *)text, strlen(text) };
    int n_refused = 0;
    for (size_t limit = 1; limit < 640; limit += 64) {
        fdml_table t;
        fdml_arena_init(&arena, limit);
        const fdml_status status = fdml_table_read(&t, &source, &arena, NULL);
        cr_assert(status == FDML_OK || status == FDML_E_NOMEM);
        n_refused += status != FDML_OK;
        fdml_arena_close(&arena);
    }
    cr_assert_eq(n_refused, 5); /* five pieces of 64 bytes: text, lines, names, offsets, path */
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.csv", NULL, bytes, size };
    fdml_table t;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_table_read(&t, &source, &arena, NULL) == FDML_OK)
        for (size_t i = 0; i < t.n_rows * t.n_columns; i++)
            cr_assert_leq(strlen(t.text + t.offset[i]), size);
    fdml_arena_close(&arena);
}

Test(data_table, survives_spoiled_text)
{
    const char *text =
        "\xEF\xBB\xBFname,\"a \"\"b\"\"\"\r\n\"x, y\",\"l\nb\"\r\n\"\",Zo\xC3\xAB\r\n\r\n";
    scratch_spoil(read_any, text, strlen(text));
}

Test(data_table, real_labels)
{
    fdml_table t;
    fdml_error err = { 0 };
    size_t column;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_table_open(&t, scratch_shared("embeddings/lfw_mobilefacenet/labels.csv"),
                                 &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(t.n_rows == 2426 && t.n_columns == 5 && t.line[2425] == 2427);
    cr_assert_eq(fdml_table_find(&t, "identity", &column, NULL), FDML_OK);
    cr_assert_str_eq(fdml_table_cell(&t, 0, column), "Abdullah_Gul");
    fdml_arena_close(&arena);
}
