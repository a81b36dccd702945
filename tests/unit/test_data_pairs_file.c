/* test_data_pairs_file.c - LFW's pairs.txt.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "data/pairs_file.h"
#include "scratch.h"

static fdml_arena arena;

static fdml_status read_text(fdml_pairs *pairs, const char *text, fdml_error *err)
{
    const fdml_source source = { "p.txt", NULL, (const unsigned char *)text, strlen(text) };
    return fdml_pairs_read(pairs, &source, &arena, err);
}

static void expect_failure(const char *text, const char *message)
{
    fdml_pairs pairs;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(read_text(&pairs, text, &err), &err, FDML_E_FORMAT, message);
    fdml_arena_close(&arena);
}

Test(data_pairs_file, folds)
{
    fdml_pairs p;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(
        read_text(&p, "2\t1\nAnn\t1\t2\nAnn\t3\tBo\t1\nBo\t1\t3\nBo Lee\t1\tBo\t2\r\n\n", &err),
        FDML_OK, "%s", err.text);
    cr_assert(p.n_pairs == 4 && p.n_folds == 2);
    cr_assert_eq(p.pair[0].name[0], p.pair[0].name[1]);
    cr_assert(p.pair[0].image[0] == 1 && p.pair[0].image[1] == 2 && p.pair[0].fold == 0);
    cr_assert_eq(p.pair[1].name[0], p.pair[0].name[0]);
    cr_assert_neq(p.pair[1].name[0], p.pair[1].name[1]);
    cr_assert(p.pair[1].image[0] == 3 && p.pair[1].image[1] == 1 && p.pair[1].line == 3);
    cr_assert(p.pair[3].fold == 1 && p.pair[3].line == 5);
    cr_assert_str_eq(p.pair[3].name[0], "Bo Lee");
    cr_assert_str_eq(p.path, "p.txt");
    fdml_arena_close(&arena);
}

Test(data_pairs_file, one_fold_and_spaces)
{
    fdml_pairs p;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(read_text(&p, "1\nAnn  1 2 \nAnn 1  Bo 1", NULL), FDML_OK);
    cr_assert(p.n_pairs == 2 && p.n_folds == 1);
    cr_assert_eq(read_text(&p, "1 1\nAnn 1 2\nAnn 1 Bo 1\n", NULL), FDML_OK);
    fdml_arena_close(&arena);
}

Test(data_pairs_file, refuses)
{
    expect_failure("a b\n", "p.txt:1: expected 'folds pairs' or 'pairs', in numbers");
    expect_failure("0\n", "p.txt:1: expected 'folds pairs' or 'pairs', in numbers");
    expect_failure("1 2 3\n", "p.txt:1: expected 'folds pairs' or 'pairs', in numbers");
    expect_failure("4294967295\t4294967295\n",
                   "p.txt: 4294967295 x 2 x 4294967295 pairs do not fit into 22 bytes");
    expect_failure("2\nAnn\t1\t2\nAnn\t1\t3\nAnn\t1\tBo\t1\n",
                   "p.txt: 3 pairs, expected 4 (1 x 2 x 2)");
    expect_failure("1\nAnn\t1\t2\nAnn\t1\tBo\t1\nAnn\t1\t3\n",
                   "p.txt:4: text after 2 pairs (1 x 2 x 1)");
    expect_failure("1\nAnn\t1\nAnn\t1\tBo\t1\n", "p.txt:2: 2 fields, expected 'name i j'");
    expect_failure("1\nAnn\t1\t2\nAnn\t1\t2\n", "p.txt:3: 3 fields, expected 'name i other j'");
    expect_failure("1\nAnn\t0\t2\nAnn\t1\tBo\t1\n", "p.txt:2: image is no number from 1");
    expect_failure("1\nAnn\t1\t2\nAnn\t1\tBo\tx\n", "p.txt:3: image is no number from 1");
    expect_failure("1\nAnn\t2\t2\nAnn\t1\tBo\t1\n", "p.txt:2: image 2 is paired with itself");
    expect_failure("1\nAnn\t1\t2\nAnn\t1\tAnn\t2\n",
                   "p.txt:3: 'Ann' twice among different people");
    expect_failure("1\n\t1\t2\nAnn\t1\tBo\t1\n", "p.txt:2: name is empty");
    expect_failure("", "p.txt: file is empty");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    const fdml_source source = { "p.txt", NULL, bytes, size };
    fdml_pairs p;
    fdml_arena_init(&arena, 1 << 20);
    if (fdml_pairs_read(&p, &source, &arena, NULL) == FDML_OK)
        for (size_t i = 0; i < p.n_pairs; i++) cr_assert_lt(p.pair[i].fold, p.n_folds);
    fdml_arena_close(&arena);
}

Test(data_pairs_file, survives_spoiled_text)
{
    const char *text = "2\t1\nAnn\t1\t2\nAnn\t1\tBo\t1\nBo 1 3\r\nBo 1 Cy 2\n";
    scratch_spoil(read_any, text, strlen(text));
}

Test(data_pairs_file, real_pairs)
{
    fdml_pairs p;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(
        fdml_pairs_open(&p, scratch_shared("data/lfw/protocol/pairs.txt"), &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert(p.n_pairs == 6000 && p.n_folds == 10);
    cr_assert_str_eq(p.pair[0].name[0], "Abel_Pacheco");
    fdml_arena_close(&arena);
}
