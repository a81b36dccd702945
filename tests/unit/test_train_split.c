/* test_train_split.c - classes are split whole, and imbalance is made in the asked measure.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "scratch.h"
#include "train/split.h"

static size_t count_part(const fdml_part *part, size_t n, fdml_part wanted)
{
    size_t found = 0;
    for (size_t c = 0; c < n; c++) found += part[c] == wanted;
    return found;
}

Test(train_split, zero_shot_trains_on_the_first_half)
{
    fdml_part part[7];
    fdml_error err;
    cr_assert_eq(fdml_split_zero_shot(part, 7, &err), FDML_OK);
    for (size_t c = 0; c < 7; c++)
        cr_assert_eq(part[c], c < 3 ? FDML_PART_TRAIN : FDML_PART_TEST);
    scratch_expect_error(fdml_split_zero_shot(part, 1, &err), &err, FDML_E_DATA,
                         "1 classes, expected at least 2 to split");
    cr_assert_str_eq(fdml_part_name(FDML_PART_VALIDATION), "validation");
}

Test(train_split, validation_takes_its_share_of_training_classes)
{
    enum { N = 100 };
    static const struct {
        double share;
        size_t n;
    } cases[] = { { 0, 0 }, { 0.001, 1 }, { 0.1, 5 }, { 0.15, 8 }, { 0.5, 25 }, { 0.98, 49 } };
    fdml_part part[N], other[N];
    fdml_error err;
    fdml_arena work;
    fdml_arena_init(&work, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fdml_split_zero_shot(part, N, NULL);
        memcpy(other, part, sizeof part);
        cr_assert_eq(fdml_split_validation(part, N, cases[i].share, 1, &work, &err), FDML_OK);
        cr_assert_eq(count_part(part, N, FDML_PART_VALIDATION), cases[i].n);
        cr_assert_eq(count_part(part, N, FDML_PART_TRAIN), 50 - cases[i].n);
        for (size_t c = 50; c < N; c++) cr_assert_eq(part[c], FDML_PART_TEST);
    }
    fdml_split_validation(other, N, 0.98, 2, &work, &err);
    cr_assert_neq(memcmp(part, other, sizeof part), 0); /* by the seed */
    cr_assert_eq(work.used, 0u);
    fdml_split_zero_shot(part, N, NULL);
    scratch_expect_error(fdml_split_validation(part, N, 0.995, 1, &work, &err), &err,
                         FDML_E_DATA,
                         "50 training classes, of which 50 would validate and none train");
    scratch_expect_error(fdml_split_validation(part, N, 1, 1, &work, &err), &err, FDML_E_ARG,
                         "share of validation classes is 1, expected 0 to below 1");
    cr_assert_eq(count_part(part, N, FDML_PART_TRAIN), 50u);
    fdml_arena_close(&work);
}

/* 20 classes train and 10 do not; class c has 3 c rows, so class 0 has none. */
enum { N_CLASSES = 30, N_ROWS = 3 * 29 * 30 / 2 };

typedef struct world {
    uint32_t label[N_ROWS];
    fdml_part part[N_CLASSES];
    bool is_kept[N_ROWS], is_minority[N_CLASSES];
    fdml_split_rows rows;
    fdml_imbalance_result result;
} world;

static void make_world(world *w)
{
    size_t n = 0;
    for (uint32_t c = 0; c < N_CLASSES; c++) {
        w->part[c] = c % 3 == 2 ? FDML_PART_TEST : FDML_PART_TRAIN;
        for (uint32_t i = 0; i < 3 * c; i++) w->label[n++] = c;
    }
    w->rows = (fdml_split_rows){ w->label, N_ROWS, N_CLASSES, w->part };
    w->result = (fdml_imbalance_result){ .is_kept = w->is_kept, .is_minority = w->is_minority };
}

Test(train_split, imbalance_cuts_half_of_the_classes_to_a_tenth)
{
    world w;
    fdml_error err;
    fdml_arena work;
    size_t n_minority = 0, n_kept = 0, n_removed = 0, n_saved = 0;
    fdml_arena_init(&work, 0);
    make_world(&w);
    const fdml_imbalance options = { 0.5, 0.1, 4 };
    cr_assert_eq(fdml_split_imbalance(&w.result, &w.rows, &options, &work, &err), FDML_OK);
    cr_assert_eq(work.used, 0u);
    for (uint32_t c = 0; c < N_CLASSES; c++) {
        size_t kept = 0;
        for (size_t i = 0; i < N_ROWS; i++) kept += w.label[i] == c && w.is_kept[i];
        if (!w.is_minority[c]) {
            cr_assert_eq(kept, 3 * c);
            continue;
        }
        cr_assert_eq(w.part[c], FDML_PART_TRAIN);
        const size_t tenth = (3 * c + 5) / 10; /* halves upwards */
        cr_assert_eq(kept, c && !tenth ? 1 : tenth);
        n_minority++, n_kept += kept, n_removed += 3 * c - kept, n_saved += c && !tenth;
    }
    cr_assert_eq(n_minority, 10u);
    cr_assert_eq(w.result.counts.n_minority, n_minority);
    cr_assert_eq(w.result.counts.n_kept, n_kept);
    cr_assert_eq(w.result.counts.n_removed, n_removed);
    cr_assert_eq(w.result.counts.n_last_saved, n_saved);
    fdml_arena_close(&work);
}

Test(train_split, imbalance_at_its_ends)
{
    world w, other;
    fdml_error err;
    fdml_arena work;
    fdml_arena_init(&work, 0);
    make_world(&w);
    make_world(&other);
    fdml_imbalance options = { 1, 0, 4 };
    w.rows.part = NULL; /* all classes train */
    cr_assert_eq(fdml_split_imbalance(&w.result, &w.rows, &options, &work, &err), FDML_OK);
    cr_assert_eq(w.result.counts.n_minority, (size_t)N_CLASSES);
    cr_assert_eq(w.result.counts.n_last_saved, (size_t)N_CLASSES - 1); /* class 0 had no rows */
    cr_assert_eq(w.result.counts.n_kept, (size_t)N_CLASSES - 1);
    options = (fdml_imbalance){ 1, 1, 4 };
    cr_assert_eq(fdml_split_imbalance(&w.result, &w.rows, &options, &work, &err), FDML_OK);
    cr_assert_eq(w.result.counts.n_removed, 0u);
    options = (fdml_imbalance){ 0.5, 0.5, 4 };
    cr_assert_eq(fdml_split_imbalance(&w.result, &w.rows, &options, &work, &err), FDML_OK);
    options.seed = 5;
    other.rows.part = NULL;
    cr_assert_eq(fdml_split_imbalance(&other.result, &other.rows, &options, &work, &err),
                 FDML_OK);
    cr_assert_neq(memcmp(w.is_minority, other.is_minority, sizeof w.is_minority), 0);
    options.minority_keep = 1.5;
    scratch_expect_error(fdml_split_imbalance(&w.result, &w.rows, &options, &work, &err), &err,
                         FDML_E_ARG, "minority_keep is 1.5, expected 0 to 1");
    fdml_arena_close(&work);
}
