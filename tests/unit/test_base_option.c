/* test_base_option.c - sizes, numbers, lists and hints of options.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"

Test(option, sizes_are_powers_of_1024)
{
    static const struct {
        const char *text;
        size_t bytes;
    } good[] = { { "4096", 4096 },          { "1B", 1 },
                 { "64K", 65536 },          { "64k", 65536 },
                 { "512M", 512u << 20 },    { "1.5KiB", 1536 },
                 { "2G", (size_t)2 << 30 }, { "1TB", (size_t)1 << 40 } };
    static const char *const bad[] = { "",    "K",   "-1",  "0",     "1X",
                                       "1KK", "1 K", "1e3", "1KiBs", "nan" };
    size_t bytes;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert(fdml_size_parse(&bytes, good[i].text), "%s", good[i].text);
        cr_assert_eq(bytes, good[i].bytes, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!fdml_size_parse(&bytes, bad[i]), "%s", bad[i]);
}

Test(option, numbers_are_whole_texts)
{
    uint64_t n;
    double x;
    cr_assert(fdml_count_parse(&n, "18446744073709551615"));
    cr_assert_eq(n, UINT64_MAX);
    cr_assert(!fdml_count_parse(&n, "18446744073709551616"));
    cr_assert(!fdml_count_parse(&n, ""));
    cr_assert(!fdml_count_parse(&n, "1 "));
    cr_assert(fdml_real_parse(&x, "1e-3"));
    cr_assert_eq(x, 1e-3);
    cr_assert(!fdml_real_parse(&x, "nan"));
    cr_assert(!fdml_real_parse(&x, "1x"));
}

static const char *name(const void *ctx, size_t i)
{
    static const char *const names[] = { "group", "gallery", "metrics", "min-group", NULL };
    (void)ctx;
    return names[i];
}

Test(option, nearest_name)
{
    cr_assert_str_eq(fdml_option_nearest("gruop", name, NULL), "group");
    cr_assert_str_eq(fdml_option_nearest("groups", name, NULL), "group");
    cr_assert_str_eq(fdml_option_nearest("met", name, NULL), "metrics");
    cr_assert_str_eq(fdml_option_nearest("mingroup", name, NULL), "min-group");
    cr_assert_eq(fdml_option_nearest("zzzzz", name, NULL), NULL);
    /* at most a third of the letters is wrong */
    cr_assert_str_eq(fdml_option_nearest("grop", name, NULL), "group");
    cr_assert_str_eq(fdml_option_nearest("gro", name, NULL), "group");
    cr_assert_eq(fdml_option_nearest("drops", name, NULL), NULL);
    cr_assert_eq(fdml_option_nearest("grim", name, NULL), NULL);
    cr_assert_str_eq(fdml_option_nearest("trics", name, NULL), "metrics");
    cr_assert_eq(fdml_option_nearest("x", name, NULL), NULL);
}

Test(option, sizes_are_printed_for_people)
{
    char text[32];
    fdml_size_print(text, 1000);
    cr_assert_str_eq(text, "1000 bytes");
    fdml_size_print(text, 64 << 20);
    cr_assert_str_eq(text, "64.0 MiB");
}

Test(option, a_size_above_a_limit_looks_larger)
{
    static const struct {
        double needed, limit;
        const char *need, *shown;
    } known[] = { { 2048, 1024, "2.0 KiB", "1.0 KiB" },
                  { 1025, 1024, "1.1 KiB", "1.0 KiB" },
                  { (3 << 20) + 1, 3 << 20, "3.1 MiB", "3.0 MiB" },
                  { 1001, 1000, "1001 bytes", "1000 bytes" },
                  { 1024, 1023, "1.0 KiB", "1023 bytes" } };
    char need[32], shown[32];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        fdml_size_print_above(need, shown, known[i].needed, known[i].limit);
        cr_assert_str_eq(need, known[i].need);
        cr_assert_str_eq(shown, known[i].shown);
    }
    /* 3.0789 and 3.0790 MiB: no fewer digits tell them apart */
    fdml_size_print_above(need, shown, 3228500, 3228400);
    cr_assert(strcmp(need, shown) != 0 && strtod(need, NULL) > strtod(shown, NULL));
    cr_assert(strtod(need, NULL) * 1048576 >= 3228500);
}

typedef struct target {
    bool is_on, is_off;
    const char *text;
    fdml_texts texts;
    uint64_t count;
    double real;
    size_t size;
    int choice;
    fdml_counts counts;
    fdml_reals reals;
} target;

#define AT(member) .offset = offsetof(target, member)
static const fdml_option table[] = {
    { .type = FDML_OPTION_SECTION, .help = "A heading" },
    { .type = FDML_OPTION_SWITCH, .name = "on", AT(is_on) },
    { .type = FDML_OPTION_NO, .name = "no-off", AT(is_off) },
    { .type = FDML_OPTION_TEXT, .name = "text", AT(text) },
    { .type = FDML_OPTION_TEXTS, .name = "texts", AT(texts) },
    { .type = FDML_OPTION_COUNT, .name = "count", AT(count), .low = 1, .high = 9 },
    { .type = FDML_OPTION_REAL, .name = "real", AT(real), .low = 0, .high = 1 },
    { .type = FDML_OPTION_SIZE, .name = "size", AT(size) },
    { .type = FDML_OPTION_CHOICE, .name = "choice", AT(choice), .choices = "a|bc|b" },
    { .type = FDML_OPTION_COUNTS, .name = "counts", AT(counts), .low = 1, .high = 9 },
    { .type = FDML_OPTION_REALS, .name = "reals", AT(reals), .low = 0, .high = 1 },
};

static fdml_status store(target *t, const char *option, const char *text, fdml_arena *arena,
                         fdml_error *err)
{
    const size_t n = sizeof table / sizeof *table;
    const fdml_option *o = fdml_option_find(table, n, option, strlen(option));
    cr_assert(o, "%s", option);
    return fdml_option_store(o, t, option, text, arena, err);
}

Test(option, values_reach_their_members)
{
    static const char *const values[][2] = {
        { "on", NULL },     { "no-off", NULL }, { "text", "t" },     { "texts", "x" },
        { "texts", "y,z" }, { "count", "9" },   { "real", "0.5" },   { "size", "2K" },
        { "choice", "b" },  { "counts", "7" },  { "counts", "3,1" }, { "reals", "0.5,1e-3" }
    };
    target t = { .is_off = true };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        cr_assert_eq(store(&t, values[i][0], values[i][1], &arena, NULL), FDML_OK, "%s",
                     values[i][0]);
    cr_assert(t.is_on && !t.is_off);
    cr_assert_str_eq(t.text, "t");
    cr_assert_eq(t.texts.n, 3);
    cr_assert_str_eq(t.texts.item[2], "z");
    cr_assert_eq(t.count, 9);
    cr_assert_eq(t.real, 0.5);
    cr_assert_eq(t.size, 2048);
    cr_assert_eq(t.choice, 2);
    cr_assert(t.counts.n == 2 && t.counts.item[0] == 3 && t.counts.item[1] == 1);
    cr_assert(t.reals.n == 2 && t.reals.item[1] == 1e-3);
    fdml_arena_close(&arena);
}

/* What is stored, written as text and stored again is the same; as is what was not given. */
Test(option, texts_are_read_back)
{
    static const char *const values[][2] = { { "on", "true" },    { "no-off", "false" },
                                             { "text", "a,b c" }, { "texts", "y,z" },
                                             { "count", "9" },    { "real", "0.1" },
                                             { "size", "2048" },  { "choice", "bc" },
                                             { "counts", "3,1" }, { "reals", "0.001,0.3" } };
    target t = { .is_off = true, .choice = -1 };
    char text[64];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const fdml_option *o = fdml_option_find(table, sizeof table / sizeof *table,
                                                values[i][0], strlen(values[i][0]));
        cr_assert(fdml_option_text(text, sizeof text, o, &t));
        cr_assert_str_neq(text, values[i][1], "%s", values[i][0]);
        cr_assert_eq(store(&t, values[i][0], values[i][1], &arena, NULL), FDML_OK);
        cr_assert(fdml_option_text(text, sizeof text, o, &t));
        cr_assert_str_eq(text, values[i][1], "%s", values[i][0]);
        cr_assert_not(fdml_option_text(text, strlen(values[i][1]), o, &t), "cut unseen");
    }
    fdml_arena_close(&arena);
}

Test(option, a_bad_value_changes_nothing_and_says_why)
{
    static const char *const bad[][3] = {
        { "text", "", "text: the value is empty" },
        { "texts", "a,,b", "texts: 'a,,b' has an empty item (no blanks around commas)" },
        { "count", "10", "count: '10' is not a whole number from 1 to 9" },
        { "real", "1", "real: '1' is not a number greater than 0 and less than 1" },
        { "size", "lots", "size: 'lots' is no size such as 4096, 64K, 512M or 2G" },
        { "choice", "c", "choice: 'c' is none of a|bc|b" },
        { "counts", "1,0", "counts: '0' is not a whole number from 1 to 9" },
        { "reals", "0.5,nan", "reals: 'nan' is not a number greater than 0 and less than 1" },
    };
    static const target before = { .counts = { 1, { 5 } }, .reals = { 1, { 0.25 } } };
    target t = before;
    fdml_arena arena;
    fdml_error err;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(store(&t, bad[i][0], bad[i][1], &arena, &err), FDML_E_ARG);
        cr_assert_str_eq(err.text, bad[i][2]);
        cr_assert_eq(memcmp(&t, &before, sizeof t), 0, "%s", bad[i][0]);
    }
    fdml_arena_close(&arena);
}

Test(option, lists_and_items_have_limits)
{
    char items[2 * FDML_LIST_MAX + 2], item[257];
    target t = { 0 };
    fdml_arena arena;
    fdml_error err;
    for (size_t i = 0; i <= FDML_LIST_MAX; i++) memcpy(items + 2 * i, "1,", 2);
    items[2 * FDML_LIST_MAX + 1] = 0;
    memset(item, 'a', sizeof item - 1);
    item[sizeof item - 1] = 0;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(store(&t, "counts", items, &arena, &err), FDML_E_ARG);
    cr_assert_str_eq(err.text, "counts: more than 64 items");
    cr_assert_eq(store(&t, "texts", item, &arena, &err), FDML_E_ARG);
    cr_assert_str_eq(err.text, "texts: an item has 256 bytes, the limit is 255");
    fdml_arena full;
    fdml_arena_init(&full, 1);
    cr_assert_eq(store(&t, "text", "x", &full, &err), FDML_E_NOMEM);
    fdml_arena_close(&full);
    fdml_arena_close(&arena);
}

/* A share may be 0 or 1, where REAL leaves its limits out. */
Test(option, within_includes_its_limits)
{
    static const fdml_option share = {
        .type = FDML_OPTION_WITHIN, .name = "share", .low = 0, .high = 1
    };
    static const char *const good[] = { "0", "1", "0.5" }, *const bad[] = { "-1e-9", "1.01",
                                                                            "" };
    fdml_arena arena;
    fdml_error err = { 0 };
    double x = 7;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(fdml_option_store(&share, &x, "share", good[i], &arena, &err), FDML_OK);
        cr_assert(x >= 0 && x <= 1);
        const double before = x;
        cr_assert_eq(fdml_option_store(&share, &x, "share", bad[i], &arena, &err), FDML_E_ARG);
        cr_assert_eq(x, before);
    }
    cr_assert_str_eq(err.text, "share: '' is not a number from 0 to 1");
    fdml_arena_close(&arena);
}

/* Each use is one text, commas and all. */
Test(option, words_are_kept_whole)
{
    static const fdml_option set = { .type = FDML_OPTION_WORDS, .name = "set" };
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_texts texts = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_option_store(&set, &texts, "--set", "a=1,2", &arena, &err), FDML_OK);
    cr_assert_eq(fdml_option_store(&set, &texts, "--set", "b=", &arena, &err), FDML_OK);
    cr_assert_eq(texts.n, 2);
    cr_assert_str_eq(texts.item[0], "a=1,2");
    cr_assert_str_eq(texts.item[1], "b=");
    texts.n = FDML_LIST_MAX;
    cr_assert_eq(fdml_option_store(&set, &texts, "--set", "c=1", &arena, &err), FDML_E_ARG);
    cr_assert_str_eq(err.text, "--set: given more than 64 times");
    fdml_arena_close(&arena);
}
