/* test_explain_tabular.c - typed columns, the target, groups.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/table_build.h"
#include "explain/tabular_split.h"
#include "scratch.h"
#include "tabular_case.h"
#include "tabular_read.h"

static fdml_arena arena;
static fdml_error err;

static void expect_failure(const char *text, const fdml_tabular_options *options,
                           fdml_status status, const char *message)
{
    fdml_tabular t = { .n_rows = 77 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(tabular_read_text(&t, NULL, text, options, &arena, &err), &err, status,
                         message);
    cr_assert_eq(t.n_rows, 77u);
    fdml_arena_close(&arena);
}

Test(explain_tabular, types_columns)
{
    static const char text[] = "id,age,city,sex,ward,y\n"
                               "7,1.5,Ulm,m,10,yes\n"
                               "8,,Bonn,f,9,no\n"
                               "9,-2e1, ? ,f,10,no\n"
                               "10,NaN,Ulm,m,9,yes\n";
    static const char *const drop = "id", *const categorical = "ward";
    fdml_tabular_options options = tabular_plain_options();
    options.drop = (fdml_name_list){ &drop, 1 };
    options.categorical = (fdml_name_list){ &categorical, 1 };
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, &notes, text, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(t.n_rows == 4 && t.n_features == 3 && !t.part);
    cr_assert_eq(notes.n_warnings, 1u); /* three cities in four rows */
    cr_assert_str_eq(t.feature[0].name, "age");
    cr_assert(t.feature[0].kind == FDML_NUMERIC && !t.feature[0].n_levels);
    cr_assert(t.feature[1].kind == FDML_CATEGORICAL && t.feature[1].n_levels == 3);
    cr_assert_str_eq(t.feature[1].level[0], "(missing)");
    cr_assert_str_eq(t.feature[1].level[2], "Ulm");
    cr_assert(t.feature[2].kind == FDML_CATEGORICAL && t.feature[2].n_levels == 2);
    cr_assert_str_eq(t.feature[2].level[0], "9"); /* integers sort by number */
    const float want[] = { 1.5f, 2, 1, NAN, 1, 0, -20, 0, 1, NAN, 2, 0 };
    for (size_t i = 0; i < 12; i++)
        cr_assert(t.x[i] == want[i] || (isnan(t.x[i]) && isnan(want[i])), "%zu: %g", i,
                  (double)t.x[i]);
    cr_assert(t.target[0] && !t.target[1] && !t.target[2] && t.target[3]);
    cr_assert_str_eq(t.target_name, "y");
    cr_assert_str_eq(t.positive, "yes");
    cr_assert(t.n_protected == 1 && t.protected_[0].n_levels == 2);
    cr_assert_str_eq(t.protected_[0].level[t.protected_[0].code[0]], "m");
    fdml_arena_close(&arena);
}

/* A column is categorical unless most of its words are numbers; "nan" speaks for neither. */
Test(explain_tabular, guesses_kinds)
{
    static const char text[] = "a,b,c,sex,y\n"
                               "nan,nan,1,m,0\n"
                               "nan,2,2+,f,1\n"
                               "nan,3,2,f,1\n"
                               "low,,3+,f,1\n";
    static const fdml_feature_kind kind[] = { FDML_CATEGORICAL, FDML_NUMERIC,
                                              FDML_CATEGORICAL };
    const fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, NULL, text, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    for (size_t f = 0; f < 3; f++) cr_assert_eq(t.feature[f].kind, kind[f], "%zu", f);
    cr_assert_eq(t.feature[0].n_levels, 2u);
    fdml_arena_close(&arena);
}

Test(explain_tabular, positive_value)
{
    static const struct {
        const char *text, *asked, *positive;
    } cases[] = {
        { "a,sex,y\n1,m,0\n2,f,1\n", NULL, "1" },
        { "a,sex,y\n1,m,0\n2,f,1\n", "0", "0" },
        { "a,sex,y\n1,m,0.0\n2,f,1.0\n", "1", "1.0" }, /* the same number */
        { "a,sex,y\n1,m,10.5\n2,f,9.5\n", NULL, "10.5" },
        { "a,sex,y\n1,m,<=50K\n2,f,>50K\n", NULL, ">50K" },
        { "a,sex,y\n1,m,bad\n2,f,good\n", "bad", "bad" },
    };
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fdml_tabular_options options = tabular_plain_options();
        options.positive = cases[i].asked;
        fdml_tabular t;
        cr_assert_eq(tabular_read_text(&t, NULL, cases[i].text, &options, &arena, &err),
                     FDML_OK, "%s", err.text);
        cr_assert_str_eq(t.positive, cases[i].positive);
        cr_assert_eq(t.target[0] + t.target[1], 1);
    }
    fdml_arena_close(&arena);
}

Test(explain_tabular, warns)
{
    fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, &notes, ",c,d,sex,y\n0,p,1,m,0\n1,q,2,f,1\n2,r,3,f,1\n",
                                   &options, &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert(t.n_features == 2 && notes.n_warnings == 2);
    cr_assert_str_eq(notes.warning[0], "column 1 has no name and is left out");
    cr_assert_str_eq(notes.warning[1], "column c has 3 categories in 3 rows: is it a name or "
                                       "number of the row?");
    fdml_arena_close(&arena);
}

Test(explain_tabular, unknown_groups_are_a_group)
{
    static const char *const race = "race";
    fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    options.missing_is_group = true;
    options.protected_ = (fdml_name_list){ &race, 1 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, NULL, "a,race,y\n1,m,0\n2,,1\n3,?,1\n4,w,0\n", &options,
                                   &arena, &err),
                 FDML_OK, "%s", err.text);
    const fdml_factor *f = &t.protected_[0];
    cr_assert_eq(f->n_levels, 3u);
    cr_assert_str_eq(f->name, "race");
    cr_assert_str_eq(f->level[0], "(missing)");
    cr_assert(f->code[0] == 1 && f->code[1] == 0 && f->code[2] == 0 && f->code[3] == 2);
    fdml_arena_close(&arena);
}

/* Unknown cells have a level that no cell's word is taken for, unless there are both. */
Test(explain_tabular, a_word_like_the_unknown_ones)
{
    const fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, &notes,
                                   "a,b,c,sex,y\n(missing),,?,m,0\ns,s,s,f,1\n(missing),s,"
                                   "(missing),f,1\ns,,(missing),f,0\ns,s,s,f,0\n",
                                   &options, &arena, &err),
                 FDML_OK, "%s", err.text);
    for (size_t f = 0; f < 3; f++) {
        cr_assert_eq(t.feature[f].n_levels, 2u);
        cr_assert_str_eq(t.feature[f].level[0], "(missing)");
        cr_assert_eq(t.feature[f].level[0] == fdml_tabular_missing_level, f > 0);
    }
    cr_assert_eq(notes.n_warnings, 1u);
    cr_assert_str_eq(notes.warning[0], "column c: 2 cells '(missing)' and 1 that are unknown "
                                       "are one category");
    fdml_arena_close(&arena);
}

/* In a column of words "nan" is one; it is not lost. */
Test(explain_tabular, nan_is_a_word_among_words)
{
    const fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(&t, NULL, "a,sex,y\nnan,m,0\nlow,f,1\n,f,1\nlow,f,0\n",
                                   &options, &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert_eq(t.feature[0].n_levels, 3u);
    cr_assert_str_eq(t.feature[0].level[0], "(missing)");
    cr_assert_str_eq(t.feature[0].level[2], "nan");
    fdml_arena_close(&arena);
}

/* Twelve rows: y is 0 and 1 in turn. Columns and what is said of them, NULL: nothing. */
Test(explain_tabular, doubts_features)
{
    static const struct {
        const char *cell[12];
        const char *warning;
    } c[] = {
        { { "0", "1", "0", "1", "0", "1", "0", "1", "0", "1", "0", "1" },
          "column a is the target y, or its opposite, in every row: drop it, or black box and "
          "explanations look at it alone" },
        { { "no", "yes", "no", "yes", "no", "yes", "no", "yes", "no", "yes", "no", "yes" },
          "column a is the target y, or its opposite, in every row: drop it, or black box and "
          "explanations look at it alone" },
        { { "7", "-2", "7", "-2", "7", "-2", "7", "-2", "7", "-2", "7", "-2" },
          "column a is the target y, or its opposite, in every row: drop it, or black box and "
          "explanations look at it alone" },
        { { "0", "1", "0", "1", "0", "1", "0", "1", "0", "1", "0", "" }, NULL },
        { { "0", "1", "0", "1", "0", "1", "0", "1", "0", "1", "1", "1" }, NULL },
        { { "0", "2", "1", "2", "0", "2", "0", "2", "0", "2", "0", "2" }, NULL },
        /* float32 knows 16777216 and 16777218 alone */
        { { "16777210", "16777211", "16777212", "16777213", "16777214", "16777215", "16777216",
            "16777217", "16777218", "16777219", "16777220", "16777221" },
          "column a counts up by one from row to row: is it a number of the row? Then drop "
          "it" },
        { { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12" }, NULL },
    };
    const fdml_tabular_options options = tabular_plain_options();
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        char text[1024] = "b,a,sex,y\n";
        fdml_tabular t;
        fdml_tabular_notes notes;
        for (size_t k = 0; k < 12; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%zu,%s,%s,%zu\n",
                     (k * 5) % 7, c[i].cell[k], k % 3 ? "m" : "f", k % 2);
        cr_assert_eq(tabular_read_text(&t, &notes, text, &options, &arena, &err), FDML_OK, "%s",
                     err.text);
        cr_expect_eq(notes.n_warnings, c[i].warning ? 1u : 0u, "%zu: %zu", i, notes.n_warnings);
        if (c[i].warning && notes.n_warnings) cr_expect_str_eq(notes.warning[0], c[i].warning);
    }
    fdml_arena_close(&arena);
}

Test(explain_tabular, warns_of_blanks_at_the_ends)
{
    const fdml_tabular_options options = tabular_plain_options();
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(
        tabular_read_text(&t, &notes,
                          "a,sex,y\nx,F,0\n x,F ,1\nz,M,1\nz,M,0\nz ,M,0\nx,M,0\nx,M,0\n"
                          "x,M,0\nx,M,0\n",
                          &options, &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert_eq(notes.n_warnings, 2u);
    cr_assert_str_eq(notes.warning[0],
                     "column sex: 'F' and 'F ' differ in blanks at their ends "
                     "alone, and are two groups");
    cr_assert_str_eq(notes.warning[1], "column a: ' x' and 'x' differ in blanks at their ends "
                                       "alone, and are two categories");
    fdml_arena_close(&arena);
}

Test(explain_tabular, refuses_cells)
{
    fdml_tabular_options options = tabular_plain_options();
    expect_failure("a,sex,y\n1,m,0\n2,f,1\n3,f,1\nx,m,0\n", &options, FDML_E_DATA,
                   "t.csv:5: a is 'x' (row 4), expected a number as in 3 other rows; name the "
                   "column categorical, or the word missing");
    expect_failure("a,b,sex,y\n1,2,m,0\n2,-1e39,f,1\n", &options, FDML_E_DATA,
                   "t.csv:3: b is '-1e39' (row 2), beyond the range of a 32-bit float, 3.4e38");
    expect_failure("a,b,sex,y\n1,2,m,0\n2,-Inf,f,1\n", &options, FDML_E_DATA,
                   "t.csv:3: b is '-Inf' (row 2), expected a finite number");
    expect_failure("a,sex,y\n?,m,0\n,f,1\n", &options, FDML_E_DATA,
                   "t.csv: column a has no value in any row; drop it");
    expect_failure("a,b,sex,y\n1,5,m,0\n2,,f,1\n", &options, FDML_E_DATA,
                   "t.csv: column b is '5' in all rows where it is known, and no explanation "
                   "can use a constant; drop it");
    expect_failure("a,b,sex,y\n1,u,m,0\n2,u,f,1\n", &options, FDML_E_DATA,
                   "t.csv: column b is 'u' in all rows where it is known, and no explanation "
                   "can use a constant; drop it");
    expect_failure("a,sex,y\n1,m,0\n2,,1\n", &options, FDML_E_DATA,
                   "t.csv:3: sex is empty (--missing-attribute group would make such rows a "
                   "group)");
    expect_failure(
        "a,sex,y\n1,m,0\n2, ?,1\n", &options, FDML_E_DATA,
        "t.csv:3: sex is ' ?', an unknown cell (--missing-attribute group would make "
        "such rows a group)");
    expect_failure("a,sex,y\n1,m,0\n2,m,1\n", &options, FDML_E_DATA,
                   "t.csv: protected column sex has one value only, 'm'");
    const char *a = "a";
    options.numeric = (fdml_name_list){ &a, 1 };
    expect_failure("a,sex,y\nlow,m,0\nhigh,f,1\n3,f,1\n", &options, FDML_E_DATA,
                   "t.csv:2: a is 'low' (row 1), expected a number as in 1 other row");
    expect_failure("a,sex,y\nlow,m,0\nhigh,f,1\n", &options, FDML_E_DATA,
                   "t.csv:2: a is 'low' (row 1), expected a number; none of its cells is one");
}

Test(explain_tabular, refuses_targets)
{
    fdml_tabular_options options = tabular_plain_options();
    expect_failure("a,sex,y\n1,m,0\n2,f,0\n", &options, FDML_E_DATA,
                   "t.csv: target y has one value only, '0'");
    expect_failure("a,sex,y\n1,m,0\n2,f,1\n3,f,2\n", &options, FDML_E_DATA,
                   "t.csv: target y has 3 values ('0', '1', '2'), expected 2");
    expect_failure("a,sex,y\n1,m,0\n2,f,?\n", &options, FDML_E_DATA,
                   "t.csv:3: target y is missing (row 2)");
    options.positive = "yes";
    expect_failure("a,sex,y\n1,m,0\n2,f,1\n", &options, FDML_E_DATA,
                   "t.csv: target y has no value 'yes'; it has '0' and '1'");
}

Test(explain_tabular, refuses_roles)
{
    static const char text[] = "a,sex,y\n1,m,0\n2,f,1\n";
    static const char *const names[] = { "sex", "y", "a", "sex" };
    fdml_tabular_options options = tabular_plain_options();
    options.target = "z";
    expect_failure(text, &options, FDML_E_DATA, "t.csv: no column 'z'; columns are a, sex, y");
    options = tabular_plain_options();
    options.protected_ = (fdml_name_list){ names, 2 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'y' cannot be the target and protected");
    options.protected_ = (fdml_name_list){ names + 3, 1 };
    options.drop = (fdml_name_list){ names, 1 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'sex' cannot be protected and dropped");
    options.drop = (fdml_name_list){ names + 2, 1 };
    expect_failure(
        text, &options, FDML_E_DATA,
        "t.csv: no feature is left of 3 columns: all are target, protected, split or "
        "dropped");
    options = tabular_plain_options();
    options.split_column = "sex";
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'sex' cannot be protected and the split");
    options = tabular_plain_options();
    options.numeric = options.categorical = (fdml_name_list){ names + 2, 1 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'a' cannot be numeric and categorical");
    static const char *const no_feature[] = { "sex", "y" };
    options = tabular_plain_options();
    options.categorical = (fdml_name_list){ no_feature + 1, 1 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'y' cannot be categorical: it is the target, and no feature");
    options = tabular_plain_options();
    options.numeric = (fdml_name_list){ no_feature, 1 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'sex' cannot be numeric: it is protected, and no feature");
    options.numeric = options.drop = (fdml_name_list){ names + 2, 1 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'a' cannot be numeric: it is dropped, and no feature");
    static const char *const twice[] = { "sex", "sex" };
    options = tabular_plain_options();
    options.protected_ = (fdml_name_list){ twice, 2 };
    expect_failure(text, &options, FDML_E_ARG,
                   "t.csv: column 'sex' is named twice as protected");
    options = tabular_plain_options();
    expect_failure("a,a,y\n1,m,0\n2,f,1\n", &options, FDML_E_FORMAT,
                   "t.csv: columns 1 and 2 are both 'a'");
}

Test(explain_tabular, needs_memory)
{
    const fdml_source source = { "t.csv", NULL, (const unsigned char *)tabular_case_csv,
                                 strlen(tabular_case_csv) };
    const fdml_tabular_options options = tabular_plain_options();
    fdml_table table;
    fdml_tabular t;
    fdml_arena small;
    size_t n_refused = 0;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_table_read(&table, &source, &arena, &err), FDML_OK, "%s", err.text);
    for (size_t limit = 1;; limit += 64) {
        fdml_arena_init(&small, limit);
        const fdml_status status = fdml_tabular_read(&t, NULL, &table, &options, &small, &err);
        if (status) cr_assert(status == FDML_E_NOMEM && !small.used, "%s", err.text);
        fdml_arena_close(&small);
        if (!status) break;
        n_refused++;
    }
    cr_assert_gt(n_refused, 10u);
    fdml_arena_close(&arena);
}

/* The other two tables of the paper read as their own columns ask: lsac has pandas' index and
 * groups and years that are numbers. */
Test(explain_tabular, reads_the_tables_of_the_paper)
{
    static const char *const race = "race", *const male_race[] = { "male", "race1" };
    static const char *const categorical[] = { "cluster", "fulltime" };
    static const char *const sex_race[] = { "sex", "race" };
    fdml_table table;
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_arena_init(&arena, 0);
    fdml_tabular_options options = { .target = "pass_bar",
                                     .protected_ = { male_race, 2 },
                                     .categorical = { categorical, 2 } };
    cr_assert_eq(fdml_table_open(&table, scratch_shared("tabular/lsac.csv"), &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_tabular_read(&t, &notes, &table, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(t.n_rows == 20427 && t.n_features == 8 && notes.n_warnings == 1);
    cr_assert_str_eq(t.positive, "1.0");
    cr_assert_eq(t.protected_[1].n_levels, 5u);
    options = (fdml_tabular_options){ .target = "low_risk", .protected_ = { sex_race, 2 } };
    cr_assert_eq(
        fdml_table_open(&table, scratch_shared("tabular/compas_two_groups.csv"), &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_tabular_read(&t, &notes, &table, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert(t.n_rows == 6150 && t.n_features == 6 && !notes.n_warnings);
    cr_assert_eq(t.feature[5].kind, FDML_CATEGORICAL);
    options.protected_ = (fdml_name_list){ &race, 1 }; /* sex becomes a feature */
    cr_assert_eq(fdml_tabular_read(&t, NULL, &table, &options, &arena, &err), FDML_OK);
    cr_assert_eq(t.n_features, 7u);
    fdml_arena_close(&arena);
}
