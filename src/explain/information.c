/* information.c - see information.h.
 *
 * The table is taken once more with the group as its target; features are the same. AUROC and
 * its replicates are those of fidelity.h, with the group as answer of the black box and its
 * probability as explanation.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/information.h"

#include <math.h>
#include <stdio.h>

#include "base/parallel.h"
#include "eval/stats.h"
#include "explain/fidelity_state.h"
#include "explain/tabular_split.h"

enum { KINDS = 2, FOLDS = 5, LEAST = 2 * FOLDS }; /* training rows: two for each fold */
enum { LONGEST = 96 };                            /* a sentence */

typedef struct part {
    const uint32_t *row;
    size_t n;
} part;

typedef struct asking {
    const fdml_information_options *o;
    fdml_tabular t; /* its target is the group */
    part train, test;
    uint8_t *is_member; /* [n_rows] the target */
    uint32_t *code;     /* [n_test] */
    double *answer, *p; /* [n_test] the same as a number; what is predicted */
    size_t n_done;      /* classifiers */
} asking;

static fdml_status no_memory(const asking *a, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to tell the groups of %zu rows",
                     a->t.n_rows);
}

/* Groups of a column that are told from all others: two are told from each other. */
static size_t first_asked(const fdml_factor *by)
{
    return by->n_levels == 2;
}

/* Of all protected columns. */
static size_t count_asked(const fdml_tabular *table)
{
    size_t n = 0;
    for (size_t c = 0; c < table->n_protected; c++)
        n += table->protected_[c].n_levels - first_asked(&table->protected_[c]);
    return n;
}

size_t fdml_information_steps(const fdml_tabular *table)
{
    return KINDS * count_asked(table);
}

/* --- intervals -------------------------------------------------------------------------- */

typedef struct drawing {
    const asking *a;
    fdml_fidelity_members members;
    fdml_fidelity_tables tables;
    uint32_t *times; /* [n_threads, n_test] */
    double *sums;    /* [n_threads, value and scratch] */
    double *drawn;   /* [n_bootstrap] */
} drawing;

enum { VALUES = 3 * FDML_FIDELITIES, SUMS = VALUES + FDML_FIDELITY_SCRATCH(2) };

static double auroc_of(const drawing *d, const uint32_t *times, double *sums)
{
    const fdml_fidelity_draw draw = { d->a->code, times };
    fdml_fidelity_values(sums, &d->tables, 0, &draw, sums + VALUES);
    return sums[2 * FDML_FIDELITIES + FDML_FIDELITY_AUROC];
}

static void replicate(void *ctx, size_t index, int thread)
{
    const drawing *d = ctx;
    uint32_t *times = d->times + (size_t)thread * d->a->test.n;
    fdml_fidelity_draw_rows(times, &d->members, d->a->o->seed, (uint32_t)index);
    d->drawn[index] = auroc_of(d, times, d->sums + (size_t)thread * SUMS);
}

/* a->p is what is said of the test rows. Everything in `scratch`. */
static fdml_status estimate(fdml_estimate *auroc, const asking *a, fdml_arena *scratch,
                            fdml_error *err)
{
    const fdml_information_options *o = a->o;
    const int n_threads = o->workers.n_threads < 1 ? 1 : o->workers.n_threads;
    const fdml_fidelity_rows rows = { a->answer, a->p, a->code, a->test.n, 2, 1, 0 };
    drawing d = { .a = a };
    d.times = fdml_arena_push(scratch, (size_t)n_threads * a->test.n, sizeof *d.times);
    d.sums = fdml_arena_push(scratch, (size_t)n_threads * SUMS, sizeof *d.sums);
    d.drawn = fdml_arena_push(scratch, o->n_bootstrap, sizeof *d.drawn);
    if (!d.times || !d.sums || !d.drawn) return no_memory(a, err);
    FDML_TRY(fdml_fidelity_sizes_make(&d.members.sizes, &rows, scratch, err));
    FDML_TRY(fdml_fidelity_members_make(&d.members, &rows, scratch, err));
    FDML_TRY(fdml_fidelity_sort(&d.tables, &rows, scratch, err));
    auroc->value = auroc_of(&d, NULL, d.sums);
    if (!o->n_bootstrap) return FDML_OK;
    fdml_parallel(o->n_bootstrap, n_threads, replicate, &d);
    const size_t n_in = d.members.sizes.n_rows[1], n_out = a->test.n - n_in;
    fdml_bootstrap_interval(&auroc->lo, &auroc->hi, d.drawn, o->n_bootstrap, o->confidence,
                            fdml_freedom_of(n_in < n_out ? n_in : n_out));
    return FDML_OK;
}

/* --- one group -------------------------------------------------------------------------- */

static size_t count_members(const asking *a, part rows)
{
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) n += a->is_member[rows.row[i]];
    return n;
}

/* *why: there can be no number; NULL: there can. In `arena`. */
static fdml_status find_obstacle(const char **why, const asking *a, fdml_arena *arena,
                                 fdml_error *err)
{
    const part parts[2] = { a->train, a->test };
    const size_t least[2] = { LEAST, a->o->min_group ? a->o->min_group : 1 };
    static const char *const word[2] = { "training", "test" };
    char text[LONGEST];
    *why = NULL;
    for (size_t k = 0; k < 2 && !*why; k++) {
        const size_t n_in = count_members(a, parts[k]), n_out = parts[k].n - n_in;
        const size_t n = n_in < n_out ? n_in : n_out;
        if (n >= least[k]) continue;
        const int length =
            snprintf(text, sizeof text, "insufficient data (n=%zu %s rows of %s < %zu)", n,
                     word[k], n_in <= n_out ? "the group" : "all others", least[k]);
        *why = fdml_arena_copy_text(arena, text, (size_t)length);
        if (!*why) return no_memory(a, err);
    }
    return FDML_OK;
}

static fdml_blackbox_options box_options(const fdml_information_options *o,
                                         fdml_blackbox_kind kind)
{
    return (fdml_blackbox_options){
        .kind = kind, .n_folds = FOLDS, .seed = o->seed, .workers = o->workers
    };
}

static fdml_status ask(fdml_estimate *auroc, asking *a, fdml_blackbox_kind kind,
                       fdml_arena *arena, fdml_error *err)
{
    const fdml_blackbox_options options = box_options(a->o, kind);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_blackbox box;
    fdml_blackbox_choice choice;
    FDML_TRY(fdml_blackbox_train(&box, &choice, &a->t, a->train.row, a->train.n, &options,
                                 arena, err));
    FDML_TRY(fdml_blackbox_rows(a->p, &box, &a->t, a->test.row, a->test.n,
                                options.workers.n_threads, arena, err));
    FDML_TRY(estimate(auroc, a, arena, err));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* Of the group that *information names. */
static fdml_status measure(fdml_information *information, asking *a, const fdml_factor *by,
                           fdml_arena *arena, fdml_error *err)
{
    const char *why;
    for (size_t i = 0; i < a->t.n_rows; i++)
        a->is_member[i] = by->code[i] == information->group;
    for (size_t i = 0; i < a->test.n; i++)
        a->answer[i] = a->code[i] = a->is_member[a->test.row[i]];
    information->n_test = a->test.n;
    information->n = count_members(a, a->test);
    FDML_TRY(find_obstacle(&why, a, arena, err));
    for (int kind = 0; kind < KINDS; kind++) {
        fdml_estimate *auroc = &information->auroc[kind];
        *auroc = (fdml_estimate){ NAN, NAN, NAN, information->n, why };
        if (!why) FDML_TRY(ask(auroc, a, (fdml_blackbox_kind)kind, arena, err));
        a->n_done++;
        fdml_progress_report(a->o->progress, "group information", (double)a->n_done,
                             (double)fdml_information_steps(&a->t));
    }
    return FDML_OK;
}

/* --- the whole -------------------------------------------------------------------------- */

static fdml_status prepare(asking *a, fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(
        fdml_tabular_part_rows(&a->train.row, &a->train.n, &a->t, FDML_PART_TRAIN, arena, err));
    FDML_TRY(
        fdml_tabular_part_rows(&a->test.row, &a->test.n, &a->t, FDML_PART_TEST, arena, err));
    const size_t n_test = a->test.n;
    a->is_member = fdml_arena_push(arena, a->t.n_rows, sizeof *a->is_member);
    a->code = fdml_arena_push(arena, n_test, sizeof *a->code);
    a->answer = fdml_arena_push(arena, n_test, sizeof *a->answer);
    a->p = fdml_arena_push(arena, n_test, sizeof *a->p);
    if (!a->is_member || !a->code || !a->answer || !a->p) return no_memory(a, err);
    a->t.target = a->is_member;
    return FDML_OK;
}

double fdml_information_memory(const fdml_tabular *table,
                               const fdml_information_options *options)
{
    const int n_threads = options->workers.n_threads < 1 ? 1 : options->workers.n_threads;
    double n[FDML_PART_NONE + 1] = { 0 }, box = 0;
    const double n_asked = (double)count_asked(table);
    for (size_t i = 0; i < table->n_rows; i++) n[table->part[i]]++;
    const size_t n_test = (size_t)n[FDML_PART_TEST];
    for (int kind = 0; kind < KINDS; kind++) {
        const fdml_blackbox_options o = box_options(options, (fdml_blackbox_kind)kind);
        box = fmax(box, fdml_blackbox_train_memory(table, (size_t)n[FDML_PART_TRAIN], &o));
    }
    const double interval = fdml_arena_room(n_threads * n[FDML_PART_TEST], sizeof(uint32_t)) +
                            fdml_arena_room(n_threads, SUMS * sizeof(double)) +
                            fdml_arena_room((double)options->n_bootstrap, sizeof(double)) +
                            fdml_fidelity_sizes_memory(2) +
                            fdml_fidelity_members_memory(n_test, 2) +
                            fdml_fidelity_sort_memory(n_test, 1);
    return n_asked * (sizeof(fdml_information) + 2 * LONGEST) + 4 * (double)table->n_rows +
           20 * n[FDML_PART_TEST] + 8 * 64 + box +
           fmax(interval, fdml_blackbox_rows_memory(table, n_threads));
}

fdml_status fdml_information_measure(const fdml_information **information, size_t *n,
                                     const fdml_tabular *table,
                                     const fdml_information_options *options, fdml_arena *arena,
                                     fdml_error *err)
{
    asking a = { .o = options, .t = *table };
    const size_t n_asked = count_asked(table);
    size_t k = 0;
    fdml_information *made = fdml_arena_push_zero(arena, n_asked, sizeof *made);
    if (!made) return no_memory(&a, err);
    FDML_TRY(prepare(&a, arena, err));
    for (size_t c = 0; c < table->n_protected; c++) {
        const fdml_factor *by = &table->protected_[c];
        for (size_t g = first_asked(by); g < by->n_levels; g++, k++) {
            made[k].attribute = c;
            made[k].group = (uint32_t)g;
            a.t.target_name = by->name;
            a.t.positive = by->level[g];
            FDML_TRY(measure(&made[k], &a, by, arena, err));
        }
    }
    *information = made;
    *n = n_asked;
    return FDML_OK;
}
