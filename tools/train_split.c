/* train_split.c - see train_split.h.
 *
 * In this order: the column or the zero-shot halves, or all rows train; then whole training
 * classes are moved to validation; then the imbalance, which only training rows see.
 *
 * SPDX-License-Identifier: MIT */
#include "train_split.h"

#include <string.h>

#include "train/split.h"

static void *push(fdml_arena *arena, size_t n, size_t size)
{
    void *memory = fdml_arena_push_zero(arena, n, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "no memory for the split of %zu rows", n);
    return memory;
}

/* The words people use, and CelebA's list_eval_partition. */
static train_fate fate_of(const char *word)
{
    static const struct {
        const char *word;
        train_fate fate;
    } known[] = { { "train", FATE_TRAIN },
                  { "0", FATE_TRAIN },
                  { "validation", FATE_VALIDATION },
                  { "val", FATE_VALIDATION },
                  { "valid", FATE_VALIDATION },
                  { "1", FATE_VALIDATION },
                  { "test", FATE_TEST },
                  { "eval", FATE_TEST },
                  { "2", FATE_TEST } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].word, word)) return known[i].fate;
    return FATE_NONE;
}

static void by_column(train_data *d, const config *c)
{
    fdml_error err;
    const fdml_table *table = &d->pictures.table;
    size_t column, n_train = 0;
    CLI_TRY(fdml_table_find(table, c->data.split, &column, &err), &err);
    for (size_t i = 0; i < table->n_rows; i++) {
        if (d->fate[i] == FATE_BAD) continue;
        d->fate[i] = (uint8_t)fate_of(fdml_table_cell(table, i, column));
        n_train += d->fate[i] == FATE_TRAIN;
    }
    if (!n_train)
        cli_die(CLI_EXIT_DATA, "%s: column '%s' has no row of 'train'", table->path,
                c->data.split);
}

static void by_halves(train_data *d, const fdml_factor *label, fdml_part *part)
{
    fdml_error err;
    if (fdml_split_zero_shot(part, label->n_levels, &err))
        cli_die(CLI_EXIT_DATA, "%s: data.zero_shot: %s", d->table_shown, err.text);
    for (size_t i = 0; i < label->n_rows; i++)
        if (d->fate[i] != FATE_BAD)
            d->fate[i] = part[label->code[i]] == FDML_PART_TRAIN ? FATE_TRAIN : FATE_TEST;
}

static void move_to_validation(train_data *d, const config *c, const fdml_factor *label,
                               fdml_part *part, fdml_arena *arena)
{
    fdml_error err;
    for (size_t k = 0; k < label->n_levels; k++) part[k] = FDML_PART_NONE;
    for (size_t i = 0; i < label->n_rows; i++)
        if (d->fate[i] == FATE_TRAIN) part[label->code[i]] = FDML_PART_TRAIN;
    if (fdml_split_validation(part, label->n_levels, c->data.validation, c->train.seed, arena,
                              &err))
        cli_die(CLI_EXIT_DATA, "%s: data.validation: %s", d->table_shown, err.text);
    for (size_t i = 0; i < label->n_rows; i++)
        if (d->fate[i] == FATE_TRAIN && part[label->code[i]] == FDML_PART_VALIDATION)
            d->fate[i] = FATE_VALIDATION;
}

/* Training rows with classes counted among them alone, so that a share of the classes is one of
 * those that train. */
typedef struct training {
    uint32_t *of_class; /* [levels of all rows] its number among them, plus 1; 0: none trains */
    uint32_t *row, *code;
    size_t n, n_classes;
} training;

static training list_training(const train_data *d, const fdml_factor *label, fdml_arena *arena)
{
    training t = { .of_class = push(arena, label->n_levels, sizeof *t.of_class),
                   .row = push(arena, label->n_rows, sizeof *t.row),
                   .code = push(arena, label->n_rows, sizeof *t.code) };
    for (size_t i = 0; i < label->n_rows; i++)
        if (d->fate[i] == FATE_TRAIN) t.of_class[label->code[i]] = 1;
    for (size_t k = 0; k < label->n_levels; k++)
        if (t.of_class[k]) t.of_class[k] = (uint32_t)++t.n_classes;
    for (size_t i = 0; i < label->n_rows; i++) {
        if (d->fate[i] != FATE_TRAIN) continue;
        t.row[t.n] = (uint32_t)i;
        t.code[t.n++] = t.of_class[label->code[i]] - 1;
    }
    return t;
}

const char *const train_group_name[] = { "unseen", "majority", "minority" };

/* Of every row, also of those that validate or test: a class has one group. */
static void set_groups(train_data *d, const fdml_factor *label, const training *t,
                       const bool *is_minority, fdml_arena *arena)
{
    d->group = push(arena, label->n_rows, sizeof *d->group);
    for (size_t i = 0; i < label->n_rows; i++) {
        const uint32_t number = t->of_class[label->code[i]];
        d->group[i] = (uint8_t)(!number                   ? GROUP_UNSEEN
                                : is_minority[number - 1] ? GROUP_MINORITY
                                                          : GROUP_MAJORITY);
    }
}

static bool is_attribute(const config *c, const char *name)
{
    for (size_t k = 0; k < c->data.attributes.n; k++)
        if (!strcmp(c->data.attributes.item[k], name)) return true;
    return false;
}

/* Whoever watches the groups should know that there are none to watch. */
static void warn_unseen(const train_data *d, const config *c, const cli_common *common)
{
    size_t n = 0, n_seen = 0;
    for (size_t i = 0; i < d->pictures.table.n_rows; i++) {
        n += d->fate[i] == FATE_VALIDATION;
        n_seen += d->fate[i] == FATE_VALIDATION && d->group[i] != GROUP_UNSEEN;
    }
    if (n && !n_seen && is_attribute(c, TRAIN_INDUCED))
        cli_warn(common,
                 "warning: no class that validates trains, so all of validation is '%s' in "
                 "'%s'; a data.split within classes has both groups there",
                 train_group_name[GROUP_UNSEEN], TRAIN_INDUCED);
}

/* The name is reserved while the group is made, so that nobody takes one for the other. */
static void check_name(const train_data *d, const config *c)
{
    const fdml_table *table = &d->pictures.table;
    const bool is_made = c->data.minority_classes > 0;
    size_t column;
    const bool is_asked = is_attribute(c, TRAIN_INDUCED);
    const bool is_there = !fdml_table_find(table, TRAIN_INDUCED, &column, NULL);
    if (is_asked && is_made && is_there)
        cli_die(CLI_EXIT_DATA,
                "%s: has a column '%s', which is the name of the group that "
                "data.minority_classes makes",
                table->path, TRAIN_INDUCED);
    if (is_asked && !is_made && !is_there)
        cli_die(CLI_EXIT_DATA,
                "%s: data.attributes: '%s' is the group that data.minority_classes makes, "
                "which is 0",
                c->path, TRAIN_INDUCED);
}

static void cut_minority(train_data *d, const config *c, const cli_common *common,
                         const fdml_factor *label, fdml_arena *arena)
{
    fdml_error err;
    const fdml_imbalance options = { c->data.minority_classes, c->data.minority_keep,
                                     c->train.seed };
    const training t = list_training(d, label, arena);
    const fdml_split_rows rows = { t.code, t.n, t.n_classes, NULL };
    fdml_imbalance_result result = { .is_kept = push(arena, t.n, sizeof *result.is_kept),
                                     .is_minority =
                                         push(arena, t.n_classes, sizeof *result.is_minority) };
    if (fdml_split_imbalance(&result, &rows, &options, arena, &err))
        cli_die(CLI_EXIT_DATA, "%s: data.minority_classes: %s", d->table_shown, err.text);
    for (size_t i = 0; i < t.n; i++)
        if (result.is_minority[t.code[i]])
            d->fate[t.row[i]] = result.is_kept[i] ? FATE_MINORITY : FATE_REMOVED;
    set_groups(d, label, &t, result.is_minority, arena);
    const fdml_imbalance_counts *n = &result.counts;
    cli_warn(common, "imbalance: %zu of %zu classes keep %zu of %zu rows", n->n_minority,
             t.n_classes, n->n_kept, n->n_kept + n->n_removed);
    if (n->n_last_saved)
        cli_warn(common,
                 "warning: %zu classes would have been empty with data.minority_keep = %g, and "
                 "keep one row each",
                 n->n_last_saved, c->data.minority_keep);
    warn_unseen(d, c, common);
}

void train_split(train_data *d, const config *c, const cli_common *common, fdml_arena *arena)
{
    fdml_error err;
    fdml_factor label;
    size_t column;
    const fdml_table *table = &d->pictures.table;
    CLI_TRY(fdml_table_find(table, c->data.label, &column, &err), &err);
    CLI_TRY(fdml_factor_from_table(&label, table, column, arena, &err), &err);
    fdml_part *part = push(arena, label.n_levels, sizeof *part);
    check_name(d, c);
    if (c->data.split && c->data.zero_shot)
        cli_die(CLI_EXIT_DATA, "%s: data.split and data.zero_shot are both set", c->path);
    if (c->data.split)
        by_column(d, c);
    else if (c->data.zero_shot)
        by_halves(d, &label, part);
    else
        for (size_t i = 0; i < table->n_rows; i++)
            if (d->fate[i] != FATE_BAD) d->fate[i] = FATE_TRAIN;
    if (c->data.validation > 0) move_to_validation(d, c, &label, part, arena);
    if (c->data.minority_classes > 0) cut_minority(d, c, common, &label, arena);
}
