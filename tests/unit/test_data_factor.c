/* test_data_factor.c - labels to codes, and boolean columns.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/factor.h"
#include "data/table_build.h"
#include "scratch.h"

static fdml_arena arena;

/* "levels|codes" of a list of labels, both separated by blanks. */
static const char *factor_of(const char *const *labels, size_t n)
{
    static char out[1024];
    fdml_factor f;
    fdml_error err = { 0 };
    size_t used = 0;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_factor_from_text(&f, "label", labels, n, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(f.n_rows == n && !strcmp(f.name, "label"));
    for (size_t i = 0; i < f.n_levels; i++)
        used +=
            (size_t)snprintf(out + used, sizeof out - used, "%s%s", i ? " " : "", f.level[i]);
    for (size_t i = 0; i < n; i++)
        used +=
            (size_t)snprintf(out + used, sizeof out - used, "%c%u", i ? ' ' : '|', f.code[i]);
    fdml_arena_close(&arena);
    return out;
}

#define FACTOR(...)                                                                            \
    factor_of((const char *const[]){ __VA_ARGS__ },                                            \
              sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

Test(data_factor, text_sorts_bytewise)
{
    cr_assert_str_eq(FACTOR("b", "a", "b", "B", "ab"), "B a ab b|3 1 3 0 2");
    cr_assert_str_eq(FACTOR("\xC3\xAB", "z", "Z"), "Z z \xC3\xAB|2 1 0");
    cr_assert_str_eq(FACTOR("prefix__b", "prefix__a", "prefix__", "prefix__ab"),
                     "prefix__ prefix__a prefix__ab prefix__b|3 1 0 2");
    cr_assert_str_eq(FACTOR("x"), "x|0");
}

Test(data_factor, integers_sort_as_numbers)
{
    cr_assert_str_eq(FACTOR("10", "9", "-1", "9"), "-1 9 10|2 1 0 1");
    cr_assert_str_eq(FACTOR("9223372036854775807", "-9223372036854775808", "0"),
                     "-9223372036854775808 0 9223372036854775807|2 0 1");
    /* Equal numbers written differently are different labels, in the order of their bytes. */
    cr_assert_str_eq(FACTOR("1", "01", "+1", "2"), "+1 01 1 2|2 1 0 3");
    /* One value that is no 64-bit integer makes all of them text. */
    cr_assert_str_eq(FACTOR("10", "9", "x"), "10 9 x|0 1 2");
    cr_assert_str_eq(FACTOR("10", "9", "9223372036854775808"),
                     "10 9 9223372036854775808|0 1 2");
    cr_assert_str_eq(FACTOR("10", "9", "1.5"), "1.5 10 9|1 2 0");
}

static fdml_status read_table(fdml_table *t, const char *text)
{
    const fdml_source source = { "meta.csv", NULL, (const unsigned char *)text, strlen(text) };
    return fdml_table_read(t, &source, &arena, NULL);
}

Test(data_factor, of_a_column)
{
    fdml_table t;
    fdml_factor f;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_table(&t, "label,gender\n7,M\n10,F\n7,M\n"), FDML_OK);
    cr_assert_eq(fdml_factor_from_table(&f, &t, 1, &arena, NULL), FDML_OK);
    cr_assert(f.n_rows == 3 && f.n_levels == 2);
    cr_assert_str_eq(f.name, "gender");
    cr_assert_str_eq(f.level[0], "F");
    cr_assert(f.code[0] == 1 && f.code[1] == 0 && f.code[2] == 1);
    cr_assert_eq(fdml_factor_from_table(&f, &t, 0, &arena, NULL), FDML_OK);
    cr_assert_str_eq(f.level[1], "10");
    fdml_arena_close(&arena);
}

Test(data_factor, empty_labels_are_named)
{
    fdml_table t;
    fdml_factor f = { .n_rows = 77 };
    fdml_error err = { 0 };
    const char *const labels[] = { "a", "" };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_table(&t, "label,x\n\"a\nb\",1\n,2\n"), FDML_OK);
    const size_t used = arena.used;
    scratch_expect_error(fdml_factor_from_table(&f, &t, 0, &arena, &err), &err, FDML_E_DATA,
                         "meta.csv:4: label is empty");
    scratch_expect_error(fdml_factor_from_text(&f, "who", labels, 2, &arena, &err), &err,
                         FDML_E_DATA, "who: row 1 is empty");
    cr_assert(arena.used == used && f.n_rows == 77);
    fdml_arena_close(&arena);
}

Test(data_factor, order_of_rows_does_not_matter)
{
    enum { N = 5000 };
    static char text[N][12];
    static const char *forward[N], *backward[N];
    fdml_factor f, b;
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "p%d", i * 7919 % 1000);
        forward[i] = text[i];
        backward[N - 1 - i] = text[i];
    }
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_factor_from_text(&f, "x", forward, N, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_factor_from_text(&b, "x", backward, N, &arena, NULL), FDML_OK);
    cr_assert(f.n_levels == 1000 && b.n_levels == 1000);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(f.code[i], b.code[N - 1 - i]);
        cr_assert_str_eq(f.level[f.code[i]], text[i]);
    }
    for (int i = 1; i < 1000; i++) cr_assert_lt(strcmp(f.level[i - 1], f.level[i]), 0);
    fdml_arena_close(&arena);
}

Test(data_factor, survives_small_arenas)
{
    const char *const labels[] = { "b", "a", "c" };
    fdml_factor f;
    size_t limit = 64;
    for (;; limit += 64) {
        fdml_arena_init(&arena, limit);
        const fdml_status status = fdml_factor_from_text(&f, "x", labels, 3, &arena, NULL);
        cr_assert(status == FDML_OK || (status == FDML_E_NOMEM && arena.used == 0));
        fdml_arena_close(&arena);
        if (status == FDML_OK) break;
    }
    cr_assert_leq(limit, 4096u);
}

Test(data_factor, flags)
{
    static const uint8_t expected[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0 };
    fdml_table t;
    const uint8_t *flags;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_table(&t, "is_query\n1\n0\ntrue\nFALSE\nYes\nno\nT\nf\ny\nN\n-1\n"),
                 FDML_OK);
    cr_assert_eq(fdml_flags_from_table(&flags, &t, 0, &arena, NULL), FDML_OK);
    cr_assert_arr_eq(flags, expected, sizeof expected);
    cr_assert_eq(read_table(&t, "a,is_query\n1,1\n2,0\n3,maybe\n"), FDML_OK);
    scratch_expect_error(fdml_flags_from_table(&flags, &t, 1, &arena, &err), &err, FDML_E_DATA,
                         "meta.csv:4: is_query is 'maybe', expected true or false");
    cr_assert_eq(read_table(&t, "a,is_query\n1,\n"), FDML_OK);
    scratch_expect_error(fdml_flags_from_table(&flags, &t, 1, &arena, &err), &err, FDML_E_DATA,
                         "meta.csv:2: is_query is '', expected true or false");
    fdml_arena_close(&arena);
}

Test(data_factor, real_labels)
{
    fdml_factor f;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_factor_from_npy(&f,
                                      scratch_shared("embeddings/lfw_mobilefacenet/labels.npy"),
                                      &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(f.n_rows == 2426 && f.n_levels == 423);
    cr_assert_str_eq(f.name, "labels.npy");
    cr_assert_eq(
        fdml_factor_from_npy(&f, scratch_shared("embeddings/facenet512_bollywood10/labels.npy"),
                             &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert(f.n_rows == 522 && f.n_levels == 10);
    cr_assert_str_eq(f.level[0], "Akshaye_Khanna");
    fdml_arena_close(&arena);
}
