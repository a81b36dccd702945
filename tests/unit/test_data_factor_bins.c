/* test_data_factor_bins.c - columns of any kind as a few levels: quartiles against numpy's
 * order statistics, missing cells, names of rows.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/factor_bins.h"
#include "data/table_build.h"

static fdml_arena arena;

/* The column of a table with these cells; "0:below 3,1:3 to 7|..." is made of levels and codes.
 */
static bool make(fdml_factor *factor, const char *cells)
{
    fdml_table table;
    fdml_error err = { 0 };
    bool is_key;
    fdml_arena_init(&arena, 0);
    const fdml_source source = { "meta.csv", NULL, (const unsigned char *)cells,
                                 strlen(cells) };
    cr_assert_eq(fdml_table_read(&table, &source, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_factor_from_column(factor, &is_key, &table, 0, NULL, &arena, &err),
                 FDML_OK, "%s", err.text);
    return is_key;
}

static void expect_levels(const fdml_factor *factor, const char *expected)
{
    char got[512] = "";
    for (size_t i = 0; i < factor->n_levels; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "|" : "",
                 factor->level[i]);
    cr_expect_str_eq(got, expected);
    for (size_t i = 0; i < factor->n_rows; i++) cr_expect_lt(factor->code[i], factor->n_levels);
}

Test(data_factor_bins, texts_and_few_numbers_stay)
{
    fdml_factor f;
    cr_expect_not(make(&f, "pose,x\nside,1\nfront,1\nside,1\n"));
    expect_levels(&f, "front|side");
    cr_expect_eq(f.code[0], 1u);
    cr_expect_str_eq(f.name, "pose");
    fdml_arena_close(&arena);
    cr_expect_not(make(&f, "camera\n10\n9\n10\n"));
    expect_levels(&f, "9|10");
    fdml_arena_close(&arena);
}

Test(data_factor_bins, empty_cells_have_a_level)
{
    fdml_factor f;
    cr_expect_not(make(&f, "pose,x\nside,1\n,1\nside,1\n"));
    expect_levels(&f, "(missing)|side");
    cr_expect_eq(f.code[1], 0u);
    fdml_arena_close(&arena);
}

/* 1, 3, 5 .. 79, each twice and shuffled, and an empty cell: quarters of 20. A bin begins at
 * the order statistic n b / 4, as numpy.sort(x)[[20, 40, 60]]: 21, 41, 61. */
Test(data_factor_bins, numbers_by_quarters)
{
    char text[1024] = "age,x\n";
    size_t count[5] = { 0 };
    fdml_factor f;
    for (int i = 0; i < 80; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,1\n",
                 1 + i * 37 % 40 * 2);
    strcat(text, ",1\n");
    cr_expect_not(make(&f, text));
    expect_levels(&f, "below 21|21 to 41|41 to 61|61 or more|(missing)");
    for (size_t i = 0; i < 81; i++) count[f.code[i]]++;
    for (size_t b = 0; b < 4; b++) cr_expect_eq(count[b], 20u);
    for (size_t i = 0; i < 80; i++)
        cr_expect_eq(f.code[i], (1 + i * 37 % 40 * 2 - 1) / 20, "row %zu", i);
    cr_expect_eq(f.code[80], 4u);
    fdml_arena_close(&arena);
}

/* Half of the rows are 0: they share a bin, and there are fewer. */
Test(data_factor_bins, ties_share_a_bin)
{
    char text[1024] = "score,x\n";
    fdml_factor f;
    for (int i = 0; i < 80; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%g,1\n", i % 2 ? 0 : i / 8.);
    cr_expect_not(make(&f, text));
    for (size_t i = 0; i < 80; i++) cr_expect_eq(f.code[i] == 0, i % 2 || i == 0);
    fdml_arena_close(&arena);
}

Test(data_factor_bins, names_of_rows_are_keys)
{
    char text[1024] = "id,x\n";
    fdml_factor f;
    cr_expect(make(&f, "file\na.jpg\nb.jpg\nc.jpg\n"));
    fdml_arena_close(&arena);
    for (int i = 0; i < 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,1\n", 1000 + i * 7);
    cr_expect(make(&f, text));
    fdml_arena_close(&arena);
    strcpy(text, "sharpness,x\n"); /* all different, but measured */
    for (int i = 0; i < 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%g,1\n", 0.5 + i * 7);
    cr_expect_not(make(&f, text));
    cr_expect_eq(f.n_levels, 4u);
    fdml_arena_close(&arena);
}

/* Infinite values and words are no numbers. */
Test(data_factor_bins, not_quite_numbers_stay_texts)
{
    char text[1024] = "age,x\n";
    fdml_factor f;
    for (int i = 0; i < 30; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,1\n%d,1\n", i, i);
    strcat(text, "inf,1\n");
    cr_expect_not(make(&f, text));
    cr_expect_eq(f.n_levels, 31u);
    fdml_arena_close(&arena);
}

/* Numbers of people are as good as their names. */
Test(data_factor_bins, another_name_of_the_label_is_a_key)
{
    static const char text[] = "person,x\n5,1\n7,1\n5,1\n9,1\n";
    static const uint32_t same[] = { 2, 0, 2, 1 }, other[] = { 2, 0, 1, 1 };
    static const char *const level[] = { "a", "b", "c" };
    fdml_factor f, label = { "label", 4, 3, same, level };
    fdml_table table;
    fdml_error err;
    bool is_key;
    const fdml_source source = { "meta.csv", NULL, (const unsigned char *)text, strlen(text) };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_table_read(&table, &source, &arena, &err), FDML_OK);
    fdml_factor_from_column(&f, &is_key, &table, 0, &label, &arena, &err);
    cr_expect(is_key);
    label.code = other;
    fdml_factor_from_column(&f, &is_key, &table, 0, &label, &arena, &err);
    cr_expect_not(is_key);
    fdml_arena_close(&arena);
}
