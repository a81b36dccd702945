/* test_cli.c - sizes, numbers and hints of the command line.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "../../tools/cli.h"

Test(cli, sizes_are_powers_of_1024)
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
        cr_assert(cli_parse_size(&bytes, good[i].text), "%s", good[i].text);
        cr_assert_eq(bytes, good[i].bytes, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(!cli_parse_size(&bytes, bad[i]), "%s", bad[i]);
}

Test(cli, numbers_are_whole_texts)
{
    uint64_t n;
    double x;
    cr_assert(cli_parse_count(&n, "18446744073709551615"));
    cr_assert_eq(n, UINT64_MAX);
    cr_assert(!cli_parse_count(&n, "18446744073709551616"));
    cr_assert(!cli_parse_count(&n, ""));
    cr_assert(!cli_parse_count(&n, "1 "));
    cr_assert(cli_parse_real(&x, "1e-3"));
    cr_assert_eq(x, 1e-3);
    cr_assert(!cli_parse_real(&x, "nan"));
    cr_assert(!cli_parse_real(&x, "1x"));
}

static const char *name(const void *ctx, size_t i)
{
    static const char *const names[] = { "group", "gallery", "metrics", "min-group", NULL };
    (void)ctx;
    return names[i];
}

Test(cli, nearest_name)
{
    cr_assert_str_eq(cli_nearest("gruop", name, NULL), "group");
    cr_assert_str_eq(cli_nearest("groups", name, NULL), "group");
    cr_assert_str_eq(cli_nearest("met", name, NULL), "metrics");
    cr_assert_str_eq(cli_nearest("mingroup", name, NULL), "min-group");
    cr_assert_eq(cli_nearest("zzzzz", name, NULL), NULL);
}

Test(cli, sizes_are_printed_for_people)
{
    char text[32];
    cli_print_size(text, 1000);
    cr_assert_str_eq(text, "1000 bytes");
    cli_print_size(text, 64 << 20);
    cr_assert_str_eq(text, "64.0 MiB");
}
