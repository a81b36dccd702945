/* test_explain_split.c - splits: drawn, read, checked.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "explain/tabular_split.h"
#include "scratch.h"
#include "tabular_read.h"

static fdml_arena arena;
static fdml_error err;

static void count_parts(size_t count[5], const fdml_tabular *t)
{
    memset(count, 0, 5 * sizeof *count);
    for (size_t i = 0; i < t->n_rows; i++) count[t->part[i]]++;
}

/* The sizes of scikit-learn's splits of the paper's three tables, and of small ones (ceilings
 * by hand). */
Test(explain_split, has_the_sizes_of_the_paper)
{
    static const size_t want[][6] = {
        { 48842, 24421, 14652, 4884, 4885, 0 },
        { 6150, 3075, 1845, 615, 615, 0 },
        { 20427, 10213, 6128, 2043, 2043, 0 },
        { 10, 5, 3, 1, 1, 0 },
        { 4, 2, 0, 1, 1, 0 },
        { 1, 0, 0, 0, 1, 0 },
    };
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        fdml_tabular t = { .n_rows = want[i][0] };
        size_t n[5];
        cr_assert_eq(fdml_tabular_split_random(&t, 1, &arena, &err), FDML_OK);
        count_parts(n, &t);
        for (int p = 0; p < 5; p++) cr_assert_eq(n[p], want[i][p + 1], "%zu %d", i, p);
    }
    fdml_arena_close(&arena);
}

Test(explain_split, follows_the_seed)
{
    enum { N = 2000 };
    fdml_tabular a = { .n_rows = N }, b = a, c = a;
    size_t n_equal = 0, first_half = 0;
    fdml_arena_init(&arena, 0);
    fdml_tabular_split_random(&a, 5, &arena, &err);
    fdml_tabular_split_random(&b, 5, &arena, &err);
    fdml_tabular_split_random(&c, 6, &arena, &err);
    cr_assert_eq(memcmp(a.part, b.part, N), 0);
    for (size_t i = 0; i < N; i++) {
        n_equal += a.part[i] == c.part[i];
        first_half += i < N / 2 && a.part[i] == FDML_PART_TRAIN;
    }
    /* Independent ones agree on .5^2 + .3^2 + .1^2 + .1^2 = .36 of the rows, with a deviation
     * of 21; half of those that train are in either half, with one of 11. */
    cr_assert(n_equal > 720 - 105 && n_equal < 720 + 105, "%zu", n_equal);
    cr_assert(first_half > 500 - 55 && first_half < 500 + 55, "%zu", first_half);
    fdml_arena_close(&arena);
}

static fdml_status read_split(uint8_t *part, size_t n_rows, const char *text)
{
    const fdml_source source = { "x.split", NULL, (const unsigned char *)text, strlen(text) };
    return fdml_tabular_split_read(part, n_rows, &source, &err);
}

Test(explain_split, reads_files)
{
    static const char *const texts[] = { "TEVS-T\n", "T\nE\nV\nS\n-\nT\n",
                                         "\xEF\xBB\xBFTEV\r\nS-T" };
    for (size_t i = 0; i < 3; i++) {
        uint8_t part[6];
        cr_assert_eq(read_split(part, 6, texts[i]), FDML_OK, "%s", err.text);
        for (uint8_t p = 0; p < 5; p++) cr_assert_eq(part[p], p);
        cr_assert_eq(part[5], FDML_PART_TRAIN);
    }
    for (int p = 0; p < 5; p++)
        cr_assert_eq(fdml_tabular_part_letter((fdml_part)p), "TEVS-"[p]);
    cr_assert_str_eq(fdml_tabular_part_word(FDML_PART_EXPLAIN), "explain");
}

Test(explain_split, refuses_files)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "TEVQTT\n", "x.split: character 4 is 'Q', expected T, E, V, S or -" },
        { "TE\nVt\nTT", "x.split: character 4 is 't', expected T, E, V, S or -" },
        { "TE\xC3\xA9TTT", "x.split: character 3 is '\xC3\xA9', expected T, E, V, S or -" },
        { "TE\tTTT", "x.split: character 3 is no letter (U+0009), expected T, E, V, S or -" },
        { "TEVST\n", "x.split: 5 characters, expected one for each of 6 rows" },
        { "TEVSTTT\n", "x.split: 7 characters, expected one for each of 6 rows" },
        { "\n", "x.split: 0 characters, expected one for each of 6 rows" },
        { "", "x.split: file is empty" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t part[6];
        scratch_expect_error(read_split(part, 6, cases[i].text), &err, FDML_E_FORMAT,
                             cases[i].message);
    }
    fdml_tabular t = { .n_rows = 3 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_tabular_split_open(&t, scratch_path("none.split"), &arena, &err),
                 FDML_E_IO);
    cr_assert_eq(fdml_tabular_split_open(&t, scratch_text("a.split", "TEVS"), &arena, &err),
                 FDML_E_FORMAT);
    cr_assert(!t.part && !arena.used);
    cr_assert_eq(fdml_tabular_split_open(&t, scratch_text("b.split", "TES\n"), &arena, &err),
                 FDML_OK);
    cr_assert_eq(t.part[2], FDML_PART_TEST);
    fdml_arena_close(&arena);
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "x.split", NULL, bytes, size };
    uint8_t part[8];
    if (fdml_tabular_split_read(part, 8, &source, NULL) == FDML_OK)
        for (size_t i = 0; i < 8; i++) cr_assert_leq(part[i], FDML_PART_NONE);
}

Test(explain_split, survives_spoiled_text)
{
    scratch_spoil(read_any, "TTEE\r\nVS-T\n", 11);
}

Test(explain_split, reads_columns)
{
    fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_arena_init(&arena, 0);
    options.split_column = "part";
    cr_assert_eq(tabular_read_text(&t, NULL,
                                   "a,sex,part,y\n1,m,train,0\n2,f,E,1\n3,f,validate,1\n"
                                   "4,f,S,1\n5,f,none,1\n",
                                   &options, &arena, &err),
                 FDML_OK, "%s", err.text);
    for (uint8_t p = 0; p < 5; p++) cr_assert_eq(t.part[p], p);
    cr_assert_eq(t.n_features, 1u);
    scratch_expect_error(
        tabular_read_text(&t, NULL, "a,sex,part,y\n1,m,train,0\n2,f,dev,1\n", &options, &arena,
                          &err),
        &err, FDML_E_DATA,
        "t.csv:3: part is 'dev' (row 2), expected train, explain, validate, test or "
        "none (T, E, V, S, -)");
    fdml_arena_close(&arena);
}

static fdml_status check_split(const char *letters)
{
    static const char text[] = "a,sex,y\n1,m,0\n2,f,1\n3,m,1\n4,f,0\n5,m,1\n6,f,0\n";
    const fdml_tabular_options options = tabular_plain_options();
    const uint32_t *row;
    size_t n, n_train = 0;
    fdml_tabular t;
    uint8_t part[6];
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, NULL, text, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(read_split(part, 6, letters), FDML_OK, "%s", err.text);
    t.part = part;
    cr_assert_eq(fdml_tabular_part_rows(&row, &n, &t, FDML_PART_TRAIN, &arena, &err), FDML_OK);
    for (uint32_t i = 0; i < 6; i++)
        if (letters[i] == 'T') cr_assert_eq(row[n_train++], i);
    cr_assert_eq(n, n_train);
    const fdml_status status = fdml_tabular_split_check(&t, &arena, &err);
    fdml_arena_close(&arena);
    return status;
}

Test(explain_split, is_checked)
{
    static const struct {
        const char *letters, *message;
    } cases[] = {
        { "EEESSS", "split: no row is of part train (T), which the black box learns from" },
        { "TTTTSS", "split: no row is of part explain (E), which explanations learn from" },
        { "TTTTEE", "split: no row is of part test (S), which fidelity is measured on" },
        { "ETTESS", "split: y is '1' in all 2 rows of part train, expected both values" },
        { "TEETSS", "split: y is not '1' in all 2 rows of part train, expected both values" },
        { "TTSEVV", "split: no row of part test has sex 'f', so its fidelity cannot be "
                    "measured" },
    };
    cr_assert_eq(check_split("TTEESS"), FDML_OK, "%s", err.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        scratch_expect_error(check_split(cases[i].letters), &err, FDML_E_DATA,
                             cases[i].message);
}
