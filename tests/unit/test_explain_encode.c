/* test_explain_encode.c - numbers and one-hot columns against scikit-learn's.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "explain/encode.h"
#include "explain/tabular_split.h"
#include "scratch.h"
#include "tabular_case.h"
#include "tabular_read.h"

static fdml_arena arena;
static fdml_error err;

static void read_case(fdml_tabular *t)
{
    static const char *const ward = "ward";
    fdml_tabular_options options = tabular_plain_options();
    options.categorical = (fdml_name_list){ &ward, 1 };
    cr_assert_eq(tabular_read_text(t, NULL, tabular_case_csv, &options, &arena, &err), FDML_OK,
                 "%s", err.text);
    cr_assert_eq(t->n_rows, (size_t)TABULAR_ROWS);
}

Test(explain_encode, agrees_with_scikit_learn)
{
    static const size_t begin[] = { 0, 1, 5, 6, 9, 10 };
    uint32_t row[TABULAR_FIT];
    fdml_tabular t;
    fdml_encoder e;
    float z[TABULAR_ROWS * TABULAR_DIM + 1];
    fdml_arena_init(&arena, 0);
    read_case(&t);
    for (uint32_t i = 0; i < TABULAR_FIT; i++) row[i] = i;
    cr_assert_eq(fdml_encoder_fit(&e, &t, row, TABULAR_FIT, &arena, &err), FDML_OK);
    cr_assert_eq(e.dim, (size_t)TABULAR_DIM);
    for (size_t f = 0; f <= t.n_features; f++) cr_assert_eq(e.begin[f], begin[f], "%zu", f);
    z[TABULAR_ROWS * TABULAR_DIM] = 42;
    fdml_encoder_rows(z, &e, t.x, TABULAR_ROWS);
    cr_assert_eq(z[TABULAR_ROWS * TABULAR_DIM], 42);
    for (size_t f = 0; f < t.n_features; f++) {
        /* The mean is rounded to a float, once for all rows; the rest is relative. */
        const double shift = fabs((double)e.mean[f]) * (double)e.factor[f] * ldexp(1, -24);
        for (size_t i = 0; i < TABULAR_ROWS; i++)
            for (size_t d = i * TABULAR_DIM + begin[f]; d < i * TABULAR_DIM + begin[f + 1]; d++)
                cr_assert_float_eq((double)z[d], tabular_case_z[d],
                                   shift + 3e-7 * fabs(tabular_case_z[d]),
                                   "row %zu feature %zu", i, f);
    }
    fdml_arena_close(&arena);
}

Test(explain_encode, counts_repeated_rows)
{
    static const uint32_t often[] = { 0, 2, 2, 2, 4 }, last[] = { 1, 8 };
    fdml_tabular t;
    fdml_encoder e;
    fdml_arena_init(&arena, 0);
    read_case(&t);
    cr_assert_eq(fdml_encoder_fit(&e, &t, often, 5, &arena, &err), FDML_OK);
    cr_assert_float_eq((double)e.mean[0], (31.5 + 3 * 47 - 4) / 5, 1e-5);
    cr_assert(e.mean[1] == 0 && e.factor[1] == 1 && !e.level_column[0]);
    /* no memory, and nothing to learn from */
    const size_t used = arena.used;
    arena.limit = used + 128;
    cr_assert_eq(fdml_encoder_fit(&e, &t, often, 5, &arena, &err), FDML_E_NOMEM);
    arena.limit = 0;
    scratch_expect_error(fdml_encoder_fit(&e, &t, often, 0, &arena, &err), &err, FDML_E_DATA,
                         "no rows to fit the encoding of features to");
    scratch_expect_error(fdml_encoder_fit(&e, &t, last, 2, &arena, &err), &err, FDML_E_DATA,
                         "feature age has no value in the 2 rows to fit");
    cr_assert_eq(arena.used, used);
    fdml_arena_close(&arena);
}

/* Rows that no table has: explanations draw them. */
Test(explain_encode, takes_any_number)
{
    static const uint32_t row[] = { 0, 1, 2, 3, 4, 5, 6 };
    float x[5] = { NAN, NAN, 0, -1, INFINITY }, z[TABULAR_DIM];
    fdml_tabular t;
    fdml_encoder e;
    fdml_arena_init(&arena, 0);
    read_case(&t);
    cr_assert_eq(fdml_encoder_fit(&e, &t, row, 7, &arena, &err), FDML_OK);
    fdml_encoder_rows(z, &e, x, 1);
    for (size_t i = 0; i < 5; i++) cr_assert_eq(z[i], 0);
    for (size_t i = 6; i < 9; i++) cr_assert_eq(z[i], 0);
    x[1] = 99, x[3] = INFINITY;
    fdml_encoder_rows(z, &e, x, 1);
    for (size_t i = 1; i < 5; i++) cr_assert_eq(z[i], 0);
    for (size_t i = 6; i < 9; i++) cr_assert_eq(z[i], 0);
    fdml_arena_close(&arena);
}

/* Entries put into rows of zeros are the rows, whatever is missing or not known. */
Test(explain_encode, entries_are_what_is_not_zero)
{
    static const uint32_t row[] = { 0, 1, 2, 3, 4, 5, 6 };
    static const float odd[] = { 0, 1, 2, -1, 99, NAN, INFINITY, 0.5f };
    enum { N = 64, P = 5 };
    float x[N * P], z[N * TABULAR_DIM], sum[N * TABULAR_DIM] = { 0 }, value[N * P];
    uint32_t column[N * P];
    fdml_tabular t;
    fdml_encoder e;
    fdml_arena_init(&arena, 0);
    read_case(&t);
    cr_assert_eq(fdml_encoder_fit(&e, &t, row, 7, &arena, &err), FDML_OK);
    cr_assert(e.n_features == P && e.dim == TABULAR_DIM);
    for (size_t i = 0; i < N * P; i++) x[i] = odd[(i * i + i / 7) % 8];
    for (size_t i = 0; i < N * P; i++) /* a number is finite */
        if (!e.level_column[i % P] && isinf(x[i])) x[i] = 3;
    fdml_encoder_rows(z, &e, x, N);
    fdml_encoder_entries(value, column, &e, x, N);
    for (size_t i = 0; i < N * P; i++) {
        cr_assert(column[i] >= e.begin[i % P] && column[i] < e.begin[i % P + 1]);
        sum[i / P * TABULAR_DIM + column[i]] += value[i];
    }
    for (size_t i = 0; i < N * TABULAR_DIM; i++) cr_assert_eq(sum[i], z[i], "%zu", i);
    fdml_arena_close(&arena);
}

static void read_adult(fdml_tabular *t)
{
    static const char *const groups[] = { "gender", "race" };
    const fdml_tabular_options options = { .target = "income", .protected_ = { groups, 2 } };
    fdml_tabular_notes notes;
    fdml_table table;
    cr_assert_eq(
        fdml_table_open(&table, scratch_shared("tabular/adult_all_cleaned.csv"), &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_tabular_read(t, &notes, &table, &options, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(notes.n_warnings, 0u);
    cr_assert_eq(fdml_tabular_split_open(
                     t, scratch_shared("tabular/splits/adult_all_cleaned.split"), &arena, &err),
                 FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_tabular_split_check(t, &arena, &err), FDML_OK, "%s", err.text);
}

Test(explain_encode, adult_agrees_with_scikit_learn)
{
    double sum[TABULAR_ADULT_DIM] = { 0 }, square[TABULAR_ADULT_DIM] = { 0 };
    const uint32_t *row;
    size_t n;
    fdml_tabular t;
    fdml_encoder e;
    fdml_arena_init(&arena, 0);
    read_adult(&t);
    cr_assert(t.n_rows == 48842 && t.n_features == 9);
    cr_assert_eq(fdml_tabular_part_rows(&row, &n, &t, FDML_PART_TRAIN, &arena, &err), FDML_OK);
    cr_assert_eq(n, 24421u);
    cr_assert_eq(fdml_encoder_fit(&e, &t, row, n, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(e.dim, (size_t)TABULAR_ADULT_DIM);
    cr_assert_eq(fdml_tabular_part_rows(&row, &n, &t, FDML_PART_TEST, &arena, &err), FDML_OK);
    cr_assert_eq(n, 4885u);
    for (size_t i = 0; i < n; i++) {
        float z[TABULAR_ADULT_DIM];
        fdml_encoder_rows(z, &e, t.x + row[i] * t.n_features, 1);
        for (size_t d = 0; d < TABULAR_ADULT_DIM; d++) {
            sum[d] += (double)z[d];
            square[d] += (double)z[d] * (double)z[d];
        }
    }
    for (size_t d = 0; d < TABULAR_ADULT_DIM; d++) {
        cr_assert_float_eq(sum[d], tabular_adult_sum[d], 4885 * 1e-6, "%zu", d);
        cr_assert_float_eq(square[d], tabular_adult_square[d], 1e-6 * square[d], "%zu", d);
    }
    fdml_arena_close(&arena);
}
