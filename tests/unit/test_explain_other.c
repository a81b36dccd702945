/* test_explain_other.c - another run's answers, as --per-row writes them.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/table_build.h"
#include "explain/study_other.h"
#include "scratch.h"

enum { ROWS = 4 };
static const uint8_t part[ROWS] = { FDML_PART_TRAIN, FDML_PART_TEST, FDML_PART_NONE,
                                    FDML_PART_TEST };
static const uint8_t target[ROWS] = { 0, 1, 0, 0 };
static const uint32_t code[ROWS] = { 0, 0, 1, 1 };
static const char *const level[] = { "f", "m" };
static const fdml_factor groups[] = { { "sex", ROWS, 2, code, level },
                                      { "unknown to the file", ROWS, 2, code, level } };
static const fdml_tabular table = {
    .n_rows = ROWS, .part = part, .target = target, .protected_ = groups, .n_protected = 2
};
static const fdml_study_source source[] = { { .name = "a" }, { .name = "b" } };
static const fdml_method method[] = { { .text = "lime" }, { .text = "tree" } };
static const uint64_t seed[] = { 1, 7 };
static fdml_study_options options = { .source = source,
                                      .n_sources = 2,
                                      .method = method,
                                      .n_methods = 2,
                                      .seed = seed,
                                      .n_seeds = 1 };
static fdml_error err;
static fdml_arena arena;
static const char head[] = "row,sex,target,black_box,seed,p,method,e\n";

static fdml_status read_text(fdml_study_other *other, const char *lines)
{
    char text[2048];
    static fdml_table file; /* its path is borrowed */
    snprintf(text, sizeof text, "%s%s", head, lines);
    const fdml_source bytes = { "o.csv", NULL, (const unsigned char *)text, strlen(text) };
    cr_assert_eq(fdml_table_read(&file, &bytes, &arena, &err), FDML_OK, "%s", err.text);
    return fdml_study_other_read(other, &file, &table, &options, &arena, &err);
}

Test(explain_other, finds_its_place)
{
    fdml_study_other other;
    fdml_arena_init(&arena, 0);
    options.n_seeds = 2;
    cr_assert_eq(read_text(&other, "4,m,0,b,7,.25,tree,-.5\n2,f,1,b,7,.5,tree,1\n"
                                   "2,f,1,b,1,.125,tree,2\n4,m,0,b,1,.0625,tree,4\n"
                                   "2,f,1,c,1,.5,tree,.5\n2,f,1,b,1,.5,gam,.5\n"
                                   "2,f,1,b,3,.5,tree,.5\n"),
                 FDML_OK, "%s", err.text);
    for (size_t i = 0; i < 3; i++) cr_assert(!other.of[i].e && !other.of[i].p);
    const double p[] = { .125, .0625, .5, .25 }, e[] = { 2, 4, 1, -.5 };
    cr_assert(!memcmp(other.of[3].p, p, sizeof p) && !memcmp(other.of[3].e, e, sizeof e));
    cr_assert_str_eq(other.path, "o.csv");
    fdml_arena_close(&arena);
}

Test(explain_other, one_black_box_needs_no_name)
{
    fdml_study_other other;
    fdml_arena_init(&arena, 0);
    options.n_sources = 1;
    cr_assert_eq(read_text(&other, "2,f,1,old,1,.5,lime,.25\n4,m,0,old,1,.5,lime,.75\n"),
                 FDML_OK);
    cr_assert(other.of[0].e && other.of[0].e[1] == .75 && !other.of[1].e);
    fdml_arena_close(&arena);
}

static void refuse(const char *lines, const char *sentence)
{
    fdml_study_other other;
    scratch_expect_error(read_text(&other, lines), &err, FDML_E_DATA, sentence);
}

Test(explain_other, refuses)
{
    fdml_arena_init(&arena, 0);
    refuse("2,f,1,a,1,.5,lime,x\n4,m,0,a,1,.5,lime,1\n",
           "o.csv:2: e is 'x', expected a finite number");
    refuse("2,f,1,a,1,1.5,lime,1\n", "o.csv:2: p is '1.5', expected a number from 0 to 1");
    refuse("2,f,1,a,1,nan,lime,1\n", "o.csv:2: p is 'nan', expected a number from 0 to 1");
    refuse("2,f,1,a,1,.5,lime,inf\n", "o.csv:2: e is 'inf', expected a finite number");
    refuse("1,f,0,a,1,.5,lime,1\n", "o.csv:2: row is '1', expected a test row of the table");
    refuse("0,f,0,a,1,.5,lime,1\n", "o.csv:2: row is '0', expected a test row of the table");
    refuse("9,f,0,a,1,.5,lime,1\n", "o.csv:2: row is '9', expected a test row of the table");
    refuse("2,f,1,a,1,.5,lime,1\n2,f,1,a,1,.5,lime,1\n",
           "o.csv:3: row 2 is given twice for lime");
    refuse("2,f,1,a,1,.5,lime,1\n",
           "o.csv: 1 answers of lime, expected 2: 2 test rows by 1 seeds");
    refuse("2,f,1,c,1,.5,lime,1\n",
           "o.csv: no line is of a black box, method and seed of this run");
    fdml_arena_close(&arena);
}

/* Rows are known by their number, which another table has as well. */
Test(explain_other, refuses_the_rows_of_another_table)
{
    fdml_arena_init(&arena, 0);
    refuse("2,f,0,a,1,.5,lime,1\n",
           "o.csv:2: row 2 has target '0', and 1 in the table: this is not the same table");
    refuse("2,f,yes,a,1,.5,lime,1\n",
           "o.csv:2: row 2 has target 'yes', and 1 in the table: this is not the same table");
    refuse("2,f,1,a,1,.5,lime,1\n4,f,0,a,1,.5,lime,1\n",
           "o.csv:3: row 4 has sex 'f', and 'm' in the table: this is not the same table");
    fdml_arena_close(&arena);
}
