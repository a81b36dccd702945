/* study_plan_work.c - the scratch in which a black box is made and explained. See
 * study_state.h.
 *
 * Its training rows and itself stay there while its methods run, one after another.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "explain/cart.h"
#include "explain/crossval.h"
#include "explain/mutual.h"
#include "explain/study_state.h"

typedef struct work {
    const fdml_tabular *t;
    const fdml_study_options *o;
    double n_rows[FDML_PART_NONE + 1];
    double n_encoded;
} work;

/* Rows of a list; n of the most frequent value of n_values that it has. */
typedef struct tally {
    double n, most, n_values;
} tally;

/* Of a part by the first protected column; where there is no memory to count, at most. */
static tally tally_groups(const work *w, fdml_part part)
{
    const fdml_factor *group = &w->t->protected_[0];
    fdml_arena scratch;
    fdml_arena_init(&scratch, 0);
    tally t = { w->n_rows[part], 0, 0 };
    size_t *count = fdml_arena_push_zero(&scratch, group->n_levels, sizeof *count);
    for (size_t i = 0; count && i < w->t->n_rows; i++)
        if (w->t->part[i] == part) count[group->code[i]]++;
    for (size_t l = 0; count && l < group->n_levels; l++) {
        t.most = fmax(t.most, (double)count[l]);
        t.n_values += count[l] > 0;
    }
    if (!count) t = (tally){ t.n, t.n, (double)group->n_levels };
    fdml_arena_close(&scratch);
    return t;
}

static tally tally_labels(const work *w)
{
    double count[2] = { 0 };
    for (size_t i = 0; i < w->t->n_rows; i++)
        if (w->t->part[i] == FDML_PART_TRAIN) count[w->t->target[i] != 0]++;
    return (tally){ w->n_rows[FDML_PART_TRAIN], fmax(count[0], count[1]), 2 };
}

/* The lists of training rows; *n: of the last. */
static double training_rows_memory(size_t *n, const work *w, bool by_group)
{
    double rows = w->n_rows[FDML_PART_TRAIN], bytes = fdml_arena_room(rows, sizeof(uint32_t));
    if (w->o->balances_labels) {
        const tally labels = tally_labels(w);
        const double more = labels.most * labels.n_values;
        bytes += fdml_arena_room((double)w->t->n_rows, sizeof(uint32_t)) +
                 fdml_oversample_memory(rows, 2, more);
        rows = more;
    }
    if (by_group) {
        const tally groups = tally_groups(w, FDML_PART_TRAIN);
        const double more = (groups.most + rows - groups.n) * groups.n_values;
        bytes += fdml_oversample_memory(rows, (double)w->t->protected_[0].n_levels, more);
        rows = more;
    }
    *n = (size_t)rows;
    return bytes;
}

/* Encoded or raw rows as methods take them. */
static double columns_memory(double n, double dim)
{
    return fdml_arena_room(n * dim, sizeof(float)) + fdml_arena_room(dim, 1);
}

/* What chooses k of dim columns. */
static double choice_memory(const work *w, const fdml_method *m, double dim)
{
    if (!m->n_kept || (double)m->n_kept >= dim) return 0;
    return fdml_arena_room((double)m->n_kept, sizeof(uint32_t)) +
           fdml_arena_room(dim, sizeof(double)) +
           fdml_mutual_memory((size_t)w->n_rows[FDML_PART_EXPLAIN], w->o->workers.n_threads);
}

/* --- methods ------------------------------------------------------------------------------ */

static double lime_memory(const work *w, const fdml_method *m)
{
    const fdml_lime_data lime = { .n_features = w->t->n_features,
                                  .n_numeric = w->t->n_features };
    const fdml_lime_options options = fdml_study_lime(w->o, m, 0);
    const double n = w->n_rows[FDML_PART_TEST] * (double)w->t->n_features;
    return fdml_lime_memory(&lime, &options) +
           (w->o->with_local ? fdml_arena_room(n, sizeof(float)) : 0);
}

static double shap_memory(const work *w, const fdml_method *m)
{
    const fdml_shap_options options = fdml_study_shap(w->o, m, 0);
    const double dim = m->is_encoded ? w->n_encoded : (double)w->t->n_features;
    const double n_explain = w->n_rows[FDML_PART_EXPLAIN], n_test = w->n_rows[FDML_PART_TEST];
    const double n_background = fmin((double)m->n_background, n_explain);
    const double known =
        m->n_kept ? columns_memory(n_explain, dim) + choice_memory(w, m, dim) : 0;
    return fdml_arena_room(n_explain, sizeof(uint32_t)) + columns_memory(n_background, dim) +
           columns_memory(n_test, dim) + known + fdml_arena_room(n_test, sizeof(uint32_t)) +
           fdml_shap_memory((size_t)dim, (size_t)n_background, &options);
}

/* The rows of a part with the columns that a method keeps. */
static double part_memory(double n, double dim, double n_kept)
{
    return fdml_arena_room(n * n_kept, sizeof(float)) + columns_memory(n, dim);
}

/* A GAM or a tree, what it learns from and what it is asked about. */
static double lesson_memory(const work *w, const fdml_method *m)
{
    const double dim = w->n_encoded, n = w->n_rows[FDML_PART_EXPLAIN];
    const double n_kept = m->n_kept ? fmin((double)m->n_kept, dim) : dim;
    double rows = n, bytes = columns_memory(n, dim) + choice_memory(w, m, dim) +
                             part_memory(n, dim, n_kept) +
                             part_memory(w->n_rows[FDML_PART_TEST], dim, n_kept);
    if (m->is_balanced) {
        const tally groups = tally_groups(w, FDML_PART_EXPLAIN);
        rows = groups.most * groups.n_values;
        bytes += 2 * fdml_arena_room(n, sizeof(uint32_t)) +
                 fdml_oversample_memory(n, (double)w->t->protected_[0].n_levels, rows) +
                 fdml_arena_room(rows * n_kept, sizeof(float));
    }
    bytes += fdml_arena_room(rows, 1);
    if (m->kind == FDML_METHOD_GAM) {
        const fdml_gam_options options = fdml_study_gam(w->o);
        size_t n_smooth = 0; /* a level's column has two values */
        for (size_t f = 0; f < w->t->n_features; f++)
            n_smooth += w->t->feature[f].kind == FDML_NUMERIC;
        if ((double)n_smooth > n_kept) n_smooth = (size_t)n_kept;
        return bytes + fdml_gam_memory((size_t)rows, (size_t)n_kept, n_smooth, &options);
    }
    const double n_validate = w->n_rows[FDML_PART_VALIDATE],
                 judged = n_validate > 0 ? n_validate : n;
    const unsigned first = m->depth ? m->depth : 1,
                   last = m->depth ? m->depth : FDML_METHOD_MOST_DEPTH;
    const fdml_cart_options options = { last, w->o->workers.n_threads };
    for (unsigned depth = first; depth < last; depth++)
        bytes += fdml_arena_room((double)((1u << (depth + 1)) - 1), sizeof(fdml_cart_node));
    return bytes + part_memory(judged, dim, n_kept) + fdml_arena_room(judged, sizeof(double)) +
           fdml_cart_memory((size_t)rows, (size_t)n_kept, &options);
}

/* --- the whole ---------------------------------------------------------------------------- */

static double methods_memory(const work *w)
{
    static double (*const of[FDML_METHODS])(const work *, const fdml_method *) = {
        lime_memory, shap_memory, lesson_memory, lesson_memory
    };
    double bytes = 0;
    for (size_t m = 0; m < w->o->n_methods; m++) {
        const fdml_method *method = &w->o->method[m];
        bytes = fmax(bytes, of[method->kind](w, method));
    }
    return bytes;
}

double fdml_study_work_memory(const fdml_tabular *t, const fdml_study_options *o,
                              size_t n_encoded)
{
    work w = { .t = t, .o = o, .n_encoded = (double)n_encoded };
    for (size_t i = 0; i < t->n_rows; i++) w.n_rows[t->part[i]]++;
    const double n_explain = w.n_rows[FDML_PART_EXPLAIN],
                 n_validate = w.n_rows[FDML_PART_VALIDATE];
    const double answers = fdml_arena_room(n_explain, sizeof(double)) +
                           fdml_arena_room(n_validate, sizeof(double));
    const double explaining =
        answers + fmax(methods_memory(&w), fdml_blackbox_rows_memory(t, o->workers.n_threads));
    double most = explaining;
    for (size_t b = 0; b < o->n_sources; b++) {
        size_t n;
        const fdml_study_source *source = &o->source[b];
        if (source->outside) continue;
        const fdml_blackbox_options training = fdml_study_training(o, source, 0);
        const double rows = training_rows_memory(&n, &w, source->balances_groups);
        const double kept = fdml_blackbox_trained_memory(t, &training);
        most = fmax(
            most, rows + fmax(fdml_blackbox_train_memory(t, n, &training), kept + explaining));
    }
    return most;
}
