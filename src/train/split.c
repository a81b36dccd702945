/* split.c - see split.h. Lots are drawn by shuffling a list of classes, or the rows of one
 * class, and taking its first; streams of FDML_TRAIN_SPLIT, with `time` telling the uses apart.
 * SPDX-License-Identifier: MIT */
#include "train/split.h"

#include <math.h>

#include "base/rng.h"
#include "train/row_order.h"
#include "train/stream.h"

enum { USE_VALIDATION, USE_MINORITY, USE_ROWS };

const char *fdml_part_name(fdml_part part)
{
    static const char *const name[] = { "none", "train", "validation", "test" };
    return name[part];
}

fdml_status fdml_split_zero_shot(fdml_part *part, size_t n_classes, fdml_error *err)
{
    if (n_classes < 2)
        return fdml_fail(err, FDML_E_DATA, "%zu classes, expected at least 2 to split",
                         n_classes);
    for (size_t c = 0; c < n_classes; c++)
        part[c] = c < n_classes / 2 ? FDML_PART_TRAIN : FDML_PART_TEST;
    return FDML_OK;
}

/* The training classes in a random order; NULL without memory. */
static uint32_t *shuffle_classes(size_t *n, const fdml_part *part, size_t n_classes,
                                 fdml_rng *rng, fdml_arena *work)
{
    uint32_t *class = fdml_arena_push(work, n_classes, sizeof *class);
    *n = 0;
    for (size_t c = 0; class && c < n_classes; c++)
        if (!part || part[c] == FDML_PART_TRAIN) class[(*n)++] = (uint32_t)c;
    if (class) fdml_rng_shuffle(rng, class, (uint32_t)*n);
    return class;
}

static fdml_status check_share(const char *name, double share, bool may_be_one, fdml_error *err)
{
    if (share >= 0 && (share < 1 || (may_be_one && share == 1))) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "%s is %g, expected 0 to %s1", name, share,
                     may_be_one ? "" : "below ");
}

static fdml_status check_count(const char *what, size_t n, fdml_error *err)
{
    if (n <= UINT32_MAX) return FDML_OK;
    return fdml_fail(err, FDML_E_LIMIT, "%zu %s are more than %u", n, what, UINT32_MAX);
}

/* Half upwards: floor(x + 1/2) is exact arithmetic on every machine. */
static size_t round_share(double share, size_t n)
{
    return (size_t)floor(share * (double)n + 0.5);
}

fdml_status fdml_split_validation(fdml_part *part, size_t n_classes, double share,
                                  uint64_t seed, fdml_arena *work, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    fdml_rng rng;
    size_t n;
    FDML_TRY(check_share("share of validation classes", share, false, err));
    FDML_TRY(check_count("classes", n_classes, err));
    fdml_rng_init(&rng, seed, fdml_train_stream(FDML_TRAIN_SPLIT, USE_VALIDATION), 0);
    const uint32_t *class = shuffle_classes(&n, part, n_classes, &rng, work);
    if (!class) return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu classes", n_classes);
    size_t n_moved = round_share(share, n);
    if (share > 0 && !n_moved) n_moved = 1;
    if (n_moved >= n && share > 0) {
        fdml_arena_reset(work, mark);
        return fdml_fail(err, FDML_E_DATA,
                         "%zu training classes, of which %zu would validate and none train", n,
                         n_moved);
    }
    for (size_t i = 0; i < n_moved; i++) part[class[i]] = FDML_PART_VALIDATION;
    fdml_arena_reset(work, mark);
    return FDML_OK;
}

/* The rows of class c, which are row[0..n), keep n_kept drawn by lot. */
static void cut_class(bool *is_kept, uint32_t *row, size_t n, size_t n_kept, fdml_rng *rng)
{
    fdml_rng_shuffle(rng, row, (uint32_t)n);
    for (size_t i = n_kept; i < n; i++) is_kept[row[i]] = false;
}

static fdml_status cut(fdml_imbalance_result *result, const fdml_split_rows *rows,
                       const fdml_imbalance *options, fdml_arena *work, fdml_error *err)
{
    fdml_imbalance_counts *counts = &result->counts;
    const fdml_row_keys keys = { rows->label, rows->n, rows->n_classes };
    size_t n, *first = fdml_arena_push(work, rows->n_classes + 1, sizeof *first);
    uint32_t *order = fdml_arena_push(work, rows->n, sizeof *order);
    fdml_rng rng;
    fdml_rng_init(&rng, options->seed, fdml_train_stream(FDML_TRAIN_SPLIT, USE_MINORITY), 0);
    const uint32_t *class = shuffle_classes(&n, rows->part, rows->n_classes, &rng, work);
    if (!first || !order || !class)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu rows of %zu classes", rows->n,
                         rows->n_classes);
    fdml_row_order(order, first, NULL, &keys);
    *counts =
        (fdml_imbalance_counts){ .n_minority = round_share(options->minority_classes, n) };
    for (size_t i = 0; i < rows->n; i++) result->is_kept[i] = true;
    for (size_t c = 0; c < rows->n_classes; c++) result->is_minority[c] = false;
    for (size_t i = 0; i < counts->n_minority; i++) {
        const size_t c = class[i], n_rows = first[c + 1] - first[c];
        size_t n_kept = round_share(options->minority_keep, n_rows);
        if (n_rows && !n_kept) n_kept = 1, counts->n_last_saved++;
        fdml_rng_init(&rng, options->seed, fdml_train_stream(FDML_TRAIN_SPLIT, USE_ROWS),
                      (uint32_t)c);
        cut_class(result->is_kept, order + first[c], n_rows, n_kept, &rng);
        result->is_minority[c] = true;
        counts->n_kept += n_kept;
        counts->n_removed += n_rows - n_kept;
    }
    return FDML_OK;
}

fdml_status fdml_split_imbalance(fdml_imbalance_result *result, const fdml_split_rows *rows,
                                 const fdml_imbalance *options, fdml_arena *work,
                                 fdml_error *err)
{
    FDML_TRY(check_share("minority_classes", options->minority_classes, true, err));
    FDML_TRY(check_share("minority_keep", options->minority_keep, true, err));
    FDML_TRY(check_count("classes", rows->n_classes, err));
    FDML_TRY(check_count("rows", rows->n, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const fdml_status status = cut(result, rows, options, work, err);
    fdml_arena_reset(work, mark);
    return status;
}
