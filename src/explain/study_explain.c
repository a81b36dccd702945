/* study_explain.c - one method explains one black box on the test rows. See study_state.h.
 *
 * LIME and SHAP explain each test row by itself and ask the black box for rows near it; GAM and
 * tree learn the black box's answers to the rows that explain, once for all test rows.
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "explain/cart.h"
#include "explain/crossval.h"
#include "explain/mutual.h"
#include "explain/study_state.h"

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to explain %zu rows", n);
}

static fdml_status put_note(const char **note, fdml_arena *arena, fdml_error *err,
                            const char *text)
{
    *note = fdml_arena_copy_text(arena, text, strlen(text));
    return *note ? FDML_OK : no_memory(1, err);
}

/* --- columns ------------------------------------------------------------------------------ */

/* Rows of a part, as they are or encoded. */
typedef struct columns {
    float *x;             /* [n, dim] */
    uint8_t *is_discrete; /* [dim] */
    size_t n, dim;
} columns;

static fdml_status take_columns(columns *to, const study_case *c, const uint32_t *row, size_t n,
                                bool is_encoded, fdml_arena *arena, fdml_error *err)
{
    const fdml_tabular *t = c->t;
    const fdml_encoder *e = c->encoder;
    *to = (columns){ .n = n, .dim = is_encoded ? e->dim : t->n_features };
    to->x = fdml_arena_push(arena, n * to->dim, sizeof *to->x);
    to->is_discrete = fdml_arena_push(arena, to->dim, sizeof *to->is_discrete);
    if (!to->x || !to->is_discrete) return no_memory(n, err);
    for (size_t i = 0; i < n; i++) {
        const float *from = t->x + row[i] * t->n_features;
        if (is_encoded)
            fdml_encoder_rows(to->x + i * to->dim, e, from, 1);
        else
            memcpy(to->x + i * to->dim, from, to->dim * sizeof *from);
    }
    for (size_t f = 0; f < t->n_features; f++) {
        const bool is_discrete = t->feature[f].kind == FDML_CATEGORICAL;
        if (!is_encoded) to->is_discrete[f] = is_discrete;
        for (size_t k = e->begin[f]; is_encoded && k < e->begin[f + 1]; k++)
            to->is_discrete[k] = is_discrete;
    }
    return FDML_OK;
}

/* The method's k of these columns, those that say most about the black box's answers; *kept is
 * NULL where all are taken. Columns are of the rows that explain. */
static fdml_status choose_columns(const uint32_t **kept, size_t *n_kept, const columns *of,
                                  const study_case *c, const fdml_method *m, fdml_arena *arena,
                                  fdml_error *err)
{
    *kept = NULL;
    *n_kept = of->dim;
    if (!m->n_kept || m->n_kept >= of->dim) return FDML_OK;
    uint32_t *column = fdml_arena_push(arena, m->n_kept, sizeof *column);
    double *information = fdml_arena_push(arena, of->dim, sizeof *information);
    if (!column || !information) return no_memory(of->n, err);
    const fdml_mutual_columns mutual = { of->x, of->is_discrete, of->n, of->dim };
    FDML_TRY(fdml_mutual_information(information, &mutual, c->part[FDML_PART_EXPLAIN].p,
                                     c->o->workers.n_threads, arena, err));
    fdml_mutual_largest(column, m->n_kept, information, of->dim);
    *kept = column;
    *n_kept = m->n_kept;
    return FDML_OK;
}

/* to [n, n_kept] of from [n, dim]. */
static void keep_columns(float *to, const columns *from, const uint32_t *kept, size_t n_kept)
{
    for (size_t i = 0; i < from->n; i++)
        for (size_t k = 0; k < n_kept; k++)
            to[i * n_kept + k] = from->x[i * from->dim + (kept ? kept[k] : k)];
}

/* --- LIME --------------------------------------------------------------------------------- */

fdml_lime_options fdml_study_lime(const fdml_study_options *study, const fdml_method *m,
                                  uint64_t seed)
{
    fdml_lime_options o = fdml_lime_defaults;
    o.seed = seed;
    o.n_samples = m->n_samples;
    o.sigma = m->sigma;
    o.alpha = m->alpha;
    o.is_around = m->is_around;
    o.n_kept = m->n_kept;
    o.jtt_factor = m->jtt;
    o.jtt_keeps_mass = m->keeps_mass;
    o.workers = study->workers;
    return o;
}

static fdml_status explain_lime(study_answer *answer, const study_case *c, const fdml_method *m,
                                fdml_arena *arena, fdml_arena *scratch, fdml_error *err)
{
    const fdml_tabular *t = c->t;
    const study_part *test = &c->part[FDML_PART_TEST];
    fdml_study_local *local = answer->local;
    const fdml_lime_options o = fdml_study_lime(c->o, m, c->seed);
    fdml_lime_result result = { .prediction = answer->e };
    if (local) {
        FDML_TRY(fdml_study_local_features(local, t, test->n, arena, err));
        local->weight = fdml_arena_push(arena, test->n * t->n_features, sizeof *local->weight);
        local->r2 = fdml_arena_push(arena, test->n, sizeof *local->r2);
        result.z = fdml_arena_push(scratch, test->n * t->n_features, sizeof *result.z);
        if (!local->weight || !local->r2 || !result.z) return no_memory(test->n, err);
        result.coef = local->weight;
        result.r2 = local->r2;
        result.intercept = local->base;
    }
    FDML_TRY(fdml_lime_explain(&result, c->lime, c->box, t->x, test->row, test->n, &o, scratch,
                               err));
    for (size_t i = 0; local && i < test->n * t->n_features; i++)
        local->contribution[i] = local->weight[i] * (double)result.z[i];
    return FDML_OK;
}

/* --- SHAP --------------------------------------------------------------------------------- */

fdml_shap_options fdml_study_shap(const fdml_study_options *study, const fdml_method *m,
                                  uint64_t seed)
{
    return (fdml_shap_options){ .seed = seed,
                                .n_samples = m->n_samples,
                                .workers = study->workers };
}

/* The background: different rows of those that explain, by the seed. */
static fdml_status draw_background(const uint32_t **row, size_t *n, const study_case *c,
                                   const fdml_method *m, fdml_arena *arena, fdml_error *err)
{
    const study_part *from = &c->part[FDML_PART_EXPLAIN];
    uint32_t *order = fdml_arena_push(arena, from->n, sizeof *order);
    if (!order) return no_memory(from->n, err);
    fdml_rng rng;
    fdml_rng_init(&rng, c->seed, FDML_STREAM_BACKGROUND, 0);
    memcpy(order, from->row, from->n * sizeof *order);
    fdml_rng_shuffle(&rng, order, (uint32_t)from->n);
    *row = order;
    *n = m->n_background < from->n ? m->n_background : from->n;
    return FDML_OK;
}

/* Values that the prediction does not add are 0, so that what is shown adds up to it. */
static void keep_values(fdml_study_local *local, size_t n, const fdml_shap_options *o)
{
    for (size_t column = 0, k = 0; column < local->n_columns; column++) {
        if (k < o->n_kept && o->kept[k] == column) {
            k++;
            continue;
        }
        for (size_t i = 0; i < n; i++) local->contribution[i * local->n_columns + column] = 0;
    }
}

static fdml_status explain_shap(study_answer *answer, const study_case *c, const fdml_method *m,
                                fdml_arena *arena, fdml_arena *scratch, fdml_error *err)
{
    const study_part *test = &c->part[FDML_PART_TEST], *from = &c->part[FDML_PART_EXPLAIN];
    const fdml_encoder *e = m->is_encoded ? c->box->encoder : NULL;
    study_case own = *c;
    columns background, explained, known;
    const uint32_t *row = NULL;
    size_t n_background = 0;
    fdml_blackbox box = *c->box;
    fdml_shap_options o = fdml_study_shap(c->o, m, c->seed);
    if (m->is_encoded) {
        assert(e);       /* fdml_study_check */
        own.encoder = e; /* the black box's own columns */
        box = fdml_blackbox_of_encoded(c->box);
    }
    FDML_TRY(draw_background(&row, &n_background, c, m, scratch, err));
    FDML_TRY(take_columns(&background, &own, row, n_background, m->is_encoded, scratch, err));
    FDML_TRY(take_columns(&explained, &own, test->row, test->n, m->is_encoded, scratch, err));
    if (m->n_kept) {
        FDML_TRY(take_columns(&known, &own, from->row, from->n, m->is_encoded, scratch, err));
        FDML_TRY(choose_columns(&o.kept, &o.n_kept, &known, c, m, scratch, err));
        if (!o.kept) o.n_kept = 0;
    }
    const fdml_shap_data data = { explained.dim, n_background, background.x, explained.x };
    fdml_shap_result result = { .prediction = answer->e };
    uint32_t *index = fdml_arena_push(scratch, test->n, sizeof *index);
    if (!index) return no_memory(test->n, err);
    for (uint32_t i = 0; i < test->n; i++) index[i] = i;
    fdml_study_local *local = answer->local;
    if (local) {
        if (e)
            FDML_TRY(fdml_study_local_encoded(local, e, NULL, e->dim, test->n, arena, err));
        else
            FDML_TRY(fdml_study_local_features(local, c->t, test->n, arena, err));
        result.phi = local->contribution;
    }
    FDML_TRY(fdml_shap_explain(&result, &box, &data, index, test->n, &o, scratch, err));
    for (size_t i = 0; local && i < test->n; i++) local->base[i] = result.base;
    if (local && o.kept) keep_values(local, test->n, &o);
    return FDML_OK;
}

/* --- models of the whole ------------------------------------------------------------------ */

/* What a GAM or a tree learns from and is asked about: encoded rows with the columns that the
 * method keeps. */
typedef struct lesson {
    const uint32_t *kept; /* [dim] encoded columns; NULL: all */
    size_t dim, n;        /* of the training rows, repeated ones counting */
    float *z;             /* [n, dim] */
    uint8_t *label;       /* [n] the black box's hard answers */
} lesson;

/* The rows that explain, by index into their part, made equally many of each group. */
static fdml_status balance_rows(uint32_t **row, size_t *n, const study_case *c,
                                fdml_arena *arena, fdml_error *err)
{
    const study_part *from = &c->part[FDML_PART_EXPLAIN];
    const fdml_factor *group = &c->t->protected_[0];
    uint32_t *index = fdml_arena_push(arena, from->n, sizeof *index);
    uint32_t *code = fdml_arena_push(arena, from->n, sizeof *code);
    if (!index || !code) return no_memory(from->n, err);
    for (uint32_t i = 0; i < from->n; i++) {
        index[i] = i;
        code[i] = group->code[from->row[i]];
    }
    return fdml_oversample(row, n, index, from->n, code, group->n_levels, c->seed,
                           FDML_STREAM_BALANCE, arena, err);
}

static fdml_status take_part(float **z, const lesson *l, const study_case *c, fdml_part part,
                             fdml_arena *arena, fdml_error *err)
{
    columns all;
    const study_part *from = &c->part[part];
    *z = fdml_arena_push(arena, from->n * l->dim, sizeof **z);
    if (!*z) return no_memory(from->n, err);
    FDML_TRY(take_columns(&all, c, from->row, from->n, true, arena, err));
    keep_columns(*z, &all, l->kept, l->dim);
    return FDML_OK;
}

static fdml_status prepare_lesson(lesson *l, const study_case *c, const fdml_method *m,
                                  fdml_arena *arena, fdml_error *err)
{
    columns all;
    float *z;
    uint32_t *row = NULL;
    const study_part *from = &c->part[FDML_PART_EXPLAIN];
    FDML_TRY(take_columns(&all, c, from->row, from->n, true, arena, err));
    FDML_TRY(choose_columns(&l->kept, &l->dim, &all, c, m, arena, err));
    FDML_TRY(take_part(&z, l, c, FDML_PART_EXPLAIN, arena, err));
    l->n = from->n;
    if (m->is_balanced) FDML_TRY(balance_rows(&row, &l->n, c, arena, err));
    l->z = row ? fdml_arena_push(arena, l->n * l->dim, sizeof *l->z) : z;
    l->label = fdml_arena_push(arena, l->n, sizeof *l->label);
    if (!l->z || !l->label) return no_memory(l->n, err);
    for (size_t i = 0; i < l->n; i++) {
        const size_t at = row ? row[i] : i;
        if (row) memcpy(l->z + i * l->dim, z + at * l->dim, l->dim * sizeof *z);
        l->label[i] = from->p[at] >= .5;
    }
    return FDML_OK;
}

static fdml_status keep_shapes(fdml_study_local *local, const fdml_gam *gam, const lesson *l,
                               const study_case *c, const float *z, fdml_arena *arena,
                               fdml_error *err)
{
    const size_t n = c->part[FDML_PART_TEST].n;
    FDML_TRY(fdml_study_local_encoded(local, c->encoder, l->kept, l->dim, n, arena, err));
    local->is_log_odds = true;
    for (size_t i = 0; i < n; i++) {
        local->base[i] = gam->coefficient[gam->n_coefficients - 1];
        for (size_t d = 0; d < l->dim; d++)
            local->contribution[i * l->dim + d] =
                fdml_gam_shape(gam, d, (double)z[i * l->dim + d]);
    }
    return FDML_OK;
}

fdml_gam_options fdml_study_gam(const fdml_study_options *study)
{
    return (fdml_gam_options){ .max_iterations = 100,
                               .tolerance = 1e-4,
                               .n_threads = study->workers.n_threads };
}

static fdml_status explain_gam(study_answer *answer, const study_case *c, const fdml_method *m,
                               fdml_arena *arena, fdml_arena *scratch, fdml_error *err)
{
    lesson l;
    fdml_gam gam;
    float *z;
    char text[128];
    const fdml_gam_options o = fdml_study_gam(c->o);
    FDML_TRY(prepare_lesson(&l, c, m, scratch, err));
    FDML_TRY(fdml_gam_fit(&gam, l.z, l.label, l.n, l.dim, &o, scratch, err));
    FDML_TRY(take_part(&z, &l, c, FDML_PART_TEST, scratch, err));
    fdml_gam_predict(answer->e, &gam, z, c->part[FDML_PART_TEST].n, o.n_threads);
    const fdml_gam_trial *best = &gam.trial[gam.best];
    snprintf(text, sizeof text, "lambda %.3g, %.1f effective parameters%s", best->lambda,
             best->edf, best->has_converged ? "" : ", stopped before it converged");
    FDML_TRY(put_note(&answer->note, arena, err, text));
    return answer->local ? keep_shapes(answer->local, &gam, &l, c, z, arena, err) : FDML_OK;
}

/* How many answers of a tree are the black box's. */
static size_t count_right(const fdml_cart *tree, const float *z, const study_part *part,
                          double *e)
{
    size_t n = 0;
    fdml_cart_predict(e, NULL, tree, z, part->n);
    for (size_t i = 0; i < part->n; i++) n += (e[i] >= .5) == (part->p[i] >= .5);
    return n;
}

static fdml_status explain_tree(study_answer *answer, const study_case *c, const fdml_method *m,
                                fdml_arena *arena, fdml_arena *scratch, fdml_error *err)
{
    lesson l;
    char text[64];
    float *z, *judged;
    fdml_cart best = { 0 };
    size_t most = 0;
    const fdml_part judge =
        c->part[FDML_PART_VALIDATE].n ? FDML_PART_VALIDATE : FDML_PART_EXPLAIN;
    const study_part *part = &c->part[judge], *test = &c->part[FDML_PART_TEST];
    FDML_TRY(prepare_lesson(&l, c, m, scratch, err));
    FDML_TRY(take_part(&judged, &l, c, judge, scratch, err));
    double *e = fdml_arena_push(scratch, part->n, sizeof *e);
    if (!e) return no_memory(part->n, err);
    const unsigned last = m->depth ? m->depth : FDML_METHOD_MOST_DEPTH;
    for (unsigned depth = m->depth ? m->depth : 1; depth <= last; depth++) {
        fdml_cart tree;
        const fdml_cart_options o = { depth, c->o->workers.n_threads };
        FDML_TRY(fdml_cart_fit(&tree, l.z, l.label, l.n, l.dim, &o, scratch, err));
        const size_t n = count_right(&tree, judged, part, e);
        if (best.n_nodes && n <= most) continue;
        best = tree;
        most = n;
    }
    FDML_TRY(take_part(&z, &l, c, FDML_PART_TEST, scratch, err));
    fdml_cart_predict(answer->e, NULL, &best, z, test->n);
    snprintf(text, sizeof text, "depth %u, %zu leaves", best.depth, (best.n_nodes + 1) / 2);
    return put_note(&answer->note, arena, err, text);
}

fdml_status fdml_study_explain(study_answer *answer, const study_case *c,
                               const fdml_method *method, fdml_arena *arena,
                               fdml_arena *scratch, fdml_error *err)
{
    static fdml_status (*const explain[FDML_METHODS])(
        study_answer *, const study_case *, const fdml_method *, fdml_arena *, fdml_arena *,
        fdml_error *) = { explain_lime, explain_shap, explain_gam, explain_tree };
    const fdml_arena_mark mark = fdml_arena_get_mark(scratch);
    const fdml_status status = explain[method->kind](answer, c, method, arena, scratch, err);
    fdml_arena_reset(scratch, mark);
    return status;
}
