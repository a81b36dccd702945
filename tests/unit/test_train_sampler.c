/* test_train_sampler.c - batches hold what their sampler promises, and follow from the step.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "train/sampler.h"

/* Class c has sizes[c] rows, in an order that mixes classes; a tenth of them, at least one in
 * classes of more than one row, has attribute (c + 1) % 3 or (c + 2) % 3 in place of c % 3. */
enum { N_CLASSES = 12, MAX_ROWS = 400, N_VALUES = 3 };
static const uint32_t sizes[N_CLASSES] = { 40, 30, 20, 1, 3, 60, 10, 0, 25, 50, 2, 20 };

typedef struct world {
    uint32_t label[MAX_ROWS], attribute[MAX_ROWS];
    fdml_sampler_data data;
} world;

static void make_world(world *w)
{
    size_t n = 0;
    for (uint32_t i = 0; i < 60; i++) /* the i-th row of every class that has one */
        for (uint32_t c = 0; c < N_CLASSES; c++) {
            if (i >= sizes[c]) continue;
            w->label[n] = c;
            w->attribute[n++] = (c + (i % 10 == 1 ? 1 + i / 10 % 2 : 0)) % N_VALUES;
        }
    w->data = (fdml_sampler_data){ w->label, n, N_CLASSES, w->attribute, N_VALUES };
}

static fdml_sampler *make_sampler(const world *w, const fdml_sampler_options *options,
                                  fdml_arena *arena)
{
    fdml_sampler *s = NULL;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_sampler_new(&s, &w->data, options, arena, &err), FDML_OK, "%s", err.text);
    return s;
}

static void draw(uint32_t *row, const fdml_sampler *s, uint64_t step, fdml_arena *arena)
{
    const size_t used = arena->used;
    fdml_error err = { 0 };
    cr_assert_eq(fdml_sampler_draw(s, step, row, arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(arena->used, used);
}

/* How often rows[from..from+n) hold `row`. */
static size_t count(const uint32_t *rows, size_t n, uint32_t row)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) found += rows[i] == row;
    return found;
}

static size_t count_label(const world *w, const uint32_t *rows, size_t n, uint32_t label)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) found += w->label[rows[i]] == label;
    return found;
}

Test(train_sampler, class_draws_rows_without_repetition_where_there_are_enough)
{
    world w;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_options options = { .batch = 60, .per_class = 5, .seed = 3 };
    const fdml_sampler *s = make_sampler(&w, &options, &arena);
    for (uint64_t step = 0; step < 300; step++) {
        uint32_t row[60];
        draw(row, s, step, &arena);
        for (size_t i = 0; i < 60; i++) {
            cr_assert_lt(row[i], w.data.n_rows);
            cr_assert_eq(w.label[row[i]], w.label[row[i - i % 5]], "a draw is of one class");
            /* Every row of a class as often as the others, up to one. */
            const uint32_t c = w.label[row[i]];
            const size_t n = count_label(&w, row, 60, c), times = count(row, 60, row[i]);
            cr_assert(times == n / sizes[c] || times == n / sizes[c] + 1);
        }
    }
    const fdml_sampler_counts *counts = fdml_sampler_count(s);
    cr_assert_eq(counts->n_classes, 11u);
    cr_assert_eq(counts->n_single, 1u);
    cr_assert_eq(counts->n_small, 3u);
    cr_assert_eq(fdml_sampler_epoch_steps(s), 261u / 60);
    fdml_arena_close(&arena);
}

/* 11 classes, 12 draws a batch, 2000 batches: a class is expected 2182 times, with a standard
 * deviation of sqrt(24000 / 11 * 10 / 11) = 45. */
Test(train_sampler, class_draws_classes_equally_whatever_their_size)
{
    world w;
    fdml_arena arena;
    size_t drawn[N_CLASSES] = { 0 }, seen[MAX_ROWS] = { 0 }, n_repeats = 0;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_options options = { .batch = 24, .per_class = 2, .seed = 5 };
    const fdml_sampler *s = make_sampler(&w, &options, &arena);
    for (uint64_t step = 0; step < 2000; step++) {
        uint32_t row[24];
        draw(row, s, step, &arena);
        for (size_t i = 0; i < 24; i++) seen[row[i]]++;
        for (size_t i = 0; i < 24; i += 2) {
            drawn[w.label[row[i]]]++;
            n_repeats += count_label(&w, row, 24, w.label[row[i]]) > 2;
        }
    }
    for (size_t c = 0; c < N_CLASSES; c++) {
        if (!sizes[c]) cr_assert_eq(drawn[c], 0u);
        if (sizes[c]) cr_assert(drawn[c] > 2182 - 200 && drawn[c] < 2182 + 200);
    }
    for (size_t i = 0; i < w.data.n_rows; i++) { /* 60 rows share 4364 */
        const double want = 2. * 2182 / sizes[w.label[i]];
        cr_assert((double)seen[i] > 0.5 * want && (double)seen[i] < 1.5 * want);
    }
    cr_assert_gt(n_repeats, 1000u); /* the line draws classes with repetition */
    fdml_arena_close(&arena);
}

Test(train_sampler, distinct_classes_are_distinct)
{
    world w;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_kind kinds[] = { FDML_SAMPLER_CLASS, FDML_SAMPLER_GROUP_BALANCED };
    for (size_t k = 0; k < 2; k++) {
        const fdml_sampler_options options = {
            .kind = kinds[k], .batch = 44, .per_class = 4, .distinct_classes = true
        };
        const fdml_sampler *s = make_sampler(&w, &options, &arena);
        for (uint64_t step = 0; step < 50; step++) {
            uint32_t row[44];
            draw(row, s, step, &arena);
            for (uint32_t c = 0; c < N_CLASSES; c++)
                cr_assert_eq(count_label(&w, row, 44, c), sizes[c] ? 4u : 0u);
        }
    }
    fdml_arena_close(&arena);
}

/* Any 11 draws on end from a multiple of 11 hold every class; a class of n rows shows n / 3 * 3
 * different ones in n / 3 visits. */
Test(train_sampler, class_balanced_deals_classes_and_rows)
{
    enum { STEPS = 11 * 60 };
    world w;
    fdml_arena arena;
    static uint32_t row[STEPS][12];
    size_t drawn[N_CLASSES] = { 0 }, seen[MAX_ROWS] = { 0 };
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_options options = {
        .kind = FDML_SAMPLER_CLASS_BALANCED, .batch = 12, .per_class = 3, .seed = 7
    };
    const fdml_sampler *s = make_sampler(&w, &options, &arena);
    for (size_t step = 0; step < STEPS; step++) {
        draw(row[step], s, step, &arena);
        for (size_t i = 0; i < 12; i++) seen[row[step][i]]++;
        for (size_t i = 0; i < 12; i += 3) {
            const uint32_t *r = row[step] + i, c = w.label[r[0]];
            drawn[c]++;
            cr_assert(w.label[r[1]] == c && w.label[r[2]] == c);
            if (sizes[c] >= 3) cr_assert(r[0] != r[1] && r[0] != r[2] && r[1] != r[2]);
        }
        if ((step + 1) * 4 % 11) continue;
        for (size_t c = 0; c < N_CLASSES; c++)
            cr_assert_eq(drawn[c], sizes[c] ? (step + 1) * 4 / 11 : 0u);
    }
    /* 240 visits, 720 rows of each class; classes whose size is a multiple of 3 deal exactly.
     */
    for (size_t i = 0; i < w.data.n_rows; i++) {
        const uint32_t n = sizes[w.label[i]];
        const double want = 720. / n;
        if (n == 30 || n == 60 || n == 3) cr_assert_eq((double)seen[i], want);
        cr_assert((double)seen[i] > 0.6 * want && (double)seen[i] < 1.4 * want);
    }
    fdml_arena_close(&arena);
}

static bool has_values(const world *w, uint32_t label, size_t *n_majority)
{
    *n_majority = 0;
    for (size_t i = 0; i < w->data.n_rows; i++)
        *n_majority += w->label[i] == label && w->attribute[i] == label % N_VALUES;
    return *n_majority < sizes[label];
}

Test(train_sampler, group_balanced_takes_half_of_the_majority)
{
    world w;
    fdml_arena arena;
    size_t by_lot = 0, n_odd = 0;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    for (size_t m = 4; m <= 5; m++) {
        const fdml_sampler_options options = {
            .kind = FDML_SAMPLER_GROUP_BALANCED, .batch = 8 * m, .per_class = m, .seed = 2
        };
        const fdml_sampler *s = make_sampler(&w, &options, &arena);
        cr_assert_eq(fdml_sampler_count(s)->n_one_group, 1u); /* the class of one row */
        for (uint64_t step = 0; step < 100; step++) {
            uint32_t row[40];
            draw(row, s, step, &arena);
            for (size_t i = 0; i < 8 * m; i += m) {
                const uint32_t c = w.label[row[i]];
                size_t majority = 0, n_majority;
                for (size_t j = i; j < i + m; j++) {
                    cr_assert_eq(w.label[row[j]], c);
                    majority += w.attribute[row[j]] == c % N_VALUES;
                }
                if (!has_values(&w, c, &n_majority)) continue;
                if (m == 4) cr_assert_eq(majority, 2u);
                if (m == 5) cr_assert(majority == 2 || majority == 3);
                if (m == 5) by_lot += majority == 3, n_odd++;
            }
        }
    }
    cr_assert(by_lot > n_odd * 4 / 10 && by_lot < n_odd * 6 / 10);
    fdml_arena_close(&arena);
}

Test(train_sampler, group_balanced_takes_all_values_equally)
{
    world w;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_options options = { .kind = FDML_SAMPLER_GROUP_BALANCED,
                                           .batch = 60,
                                           .per_class = 6,
                                           .balance = FDML_BALANCE_VALUES };
    const fdml_sampler *s = make_sampler(&w, &options, &arena);
    for (uint64_t step = 0; step < 100; step++) {
        uint32_t row[60];
        draw(row, s, step, &arena);
        for (size_t i = 0; i < 60; i += 6) {
            size_t of_value[N_VALUES] = { 0 };
            for (size_t j = i; j < i + 6; j++) of_value[w.attribute[row[j]]]++;
            const uint32_t n = sizes[w.label[row[i]]];
            /* the 12th row is the first of the third value, the second that of the second */
            const size_t n_values = n >= 12 ? 3 : n >= 2 ? 2 : 1;
            for (size_t v = 0; v < N_VALUES; v++)
                cr_assert(of_value[v] == 6 / n_values || (!of_value[v] && n_values < 3));
        }
    }
    fdml_arena_close(&arena);
}

/* Classes 0, 3, 6, 9 are of value 0, 1, 4, 10 of value 1, and 2, 5, 8, 11 of value 2; 12 draws
 * are 4 of each. With 13 the odd one falls by lot. */
Test(train_sampler, group_balanced_shares_draws_among_classes_of_values)
{
    world w;
    fdml_arena arena;
    size_t odd[N_VALUES] = { 0 };
    fdml_arena_init(&arena, 0);
    make_world(&w);
    for (size_t n = 12; n <= 13; n++) {
        const fdml_sampler_options options = { .kind = FDML_SAMPLER_GROUP_BALANCED,
                                               .batch = 2 * n,
                                               .per_class = 2,
                                               .balance = FDML_BALANCE_CLASSES };
        const fdml_sampler *s = make_sampler(&w, &options, &arena);
        cr_assert_eq(fdml_sampler_count(s)->n_one_group, 0u);
        for (uint64_t step = 0; step < 300; step++) {
            uint32_t row[26];
            size_t of_value[N_VALUES] = { 0 };
            draw(row, s, step, &arena);
            for (size_t i = 0; i < 2 * n; i += 2) of_value[w.label[row[i]] % N_VALUES]++;
            for (size_t v = 0; v < N_VALUES; v++) {
                cr_assert(of_value[v] == 4 || (n == 13 && of_value[v] == 5));
                odd[v] += of_value[v] == 5;
            }
        }
    }
    for (size_t v = 0; v < N_VALUES; v++) cr_assert(odd[v] > 70 && odd[v] < 130);
    fdml_arena_close(&arena);
}

Test(train_sampler, random_shows_every_row_once_an_epoch)
{
    world w;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    const fdml_sampler_options options = { .kind = FDML_SAMPLER_RANDOM, .batch = 50 };
    const fdml_sampler *s = make_sampler(&w, &options, &arena);
    size_t seen[MAX_ROWS] = { 0 };
    cr_assert_eq(fdml_sampler_epoch_steps(s), 5u);
    for (uint64_t epoch = 0; epoch < 60; epoch++) {
        uint32_t row[250];
        for (uint64_t step = 0; step < 5; step++)
            draw(row + 50 * step, s, 5 * epoch + step, &arena);
        for (size_t i = 0; i < 250; i++) {
            cr_assert_eq(count(row, 250, row[i]), 1u);
            seen[row[i]]++;
        }
    }
    for (size_t i = 0; i < w.data.n_rows; i++) cr_assert_gt(seen[i], 45u); /* 57.5 expected */
    fdml_arena_close(&arena);
}

Test(train_sampler, a_batch_follows_from_seed_and_step_alone)
{
    world w;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    make_world(&w);
    for (int kind = 0; kind < FDML_SAMPLER_COUNT; kind++) {
        fdml_sampler_options options = {
            .kind = (fdml_sampler_kind)kind, .batch = 24, .per_class = 2, .seed = 11
        };
        uint32_t forth[9][24], back[24];
        const fdml_sampler *s = make_sampler(&w, &options, &arena);
        const fdml_sampler *again = make_sampler(&w, &options, &arena);
        options.seed = 12;
        const fdml_sampler *other = make_sampler(&w, &options, &arena);
        for (uint64_t step = 0; step < 9; step++) draw(forth[step], s, step, &arena);
        for (uint64_t step = 9; step-- > 0;) {
            draw(back, again, step, &arena);
            cr_assert_arr_eq(back, forth[step], sizeof back);
            draw(back, other, step, &arena);
            cr_assert_neq(memcmp(back, forth[step], sizeof back), 0);
            if (step) cr_assert_neq(memcmp(forth[step], forth[step - 1], sizeof back), 0);
        }
    }
    fdml_arena_close(&arena);
}

static void refuse(const world *w, const fdml_sampler_options *options, const char *text)
{
    fdml_sampler *s;
    fdml_error err = { 0 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_neq(fdml_sampler_new(&s, &w->data, options, &arena, &err), FDML_OK);
    cr_assert_str_eq(err.text, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

Test(train_sampler, refuses_what_cannot_be)
{
    world w;
    make_world(&w);
    fdml_sampler_options o = { .batch = 9, .per_class = 2 };
    refuse(&w, &o, "batch is 9 rows, no multiple of 2 per class");
    o.batch = 0;
    refuse(&w, &o, "batch is 0 rows, expected 1 to 1048576");
    o.batch = 24, o.distinct_classes = true;
    refuse(&w, &o, "a batch takes 12 distinct classes, and there are 11");
    o.kind = FDML_SAMPLER_GROUP_BALANCED, o.balance = FDML_BALANCE_CLASSES, o.batch = 26;
    refuse(&w, &o, "a batch takes 5 distinct classes of each attribute value, and there are 4");
    w.data.attribute = NULL;
    refuse(&w, &o, "sampler group_balanced needs an attribute");
    w.data.n_classes = 5, o.kind = FDML_SAMPLER_RANDOM;
    refuse(&w, &o, "row 5: label or attribute is out of range");
    w.data.n_rows = 0;
    refuse(&w, &o, "0 rows to sample, expected 1 to 4294967295");
}

Test(train_sampler, memory_that_does_not_suffice_is_said)
{
    world w;
    fdml_error err;
    fdml_arena arena;
    make_world(&w);
    const fdml_sampler_options options = { .batch = 8, .per_class = 2 };
    for (size_t limit = 64; limit < 1 << 16; limit += 64) {
        fdml_sampler *s;
        uint32_t row[8];
        fdml_arena_init(&arena, limit);
        fdml_status status = fdml_sampler_new(&s, &w.data, &options, &arena, &err);
        if (!status) status = fdml_sampler_draw(s, 0, row, &arena, &err);
        fdml_arena_close(&arena);
        if (!status) return;
        cr_assert_eq(status, FDML_E_NOMEM);
    }
    cr_assert_fail("64 KiB do not suffice");
}

Test(train_sampler, names_are_read_as_written)
{
    fdml_error err;
    fdml_sampler_kind kind;
    fdml_balance balance;
    for (int i = 0; i < FDML_SAMPLER_COUNT; i++) {
        const char *name = fdml_sampler_name((fdml_sampler_kind)i);
        cr_assert(!fdml_sampler_parse(&kind, name, &err) && (int)kind == i);
    }
    for (int i = 0; i < FDML_BALANCE_COUNT; i++) {
        const char *name = fdml_balance_name((fdml_balance)i);
        cr_assert(!fdml_balance_parse(&balance, name, &err) && (int)balance == i);
    }
    cr_assert_eq(fdml_sampler_parse(&kind, "clas", &err), FDML_E_ARG);
    cr_assert_eq(fdml_balance_parse(&balance, "", &err), FDML_E_ARG);
}
