/* study.c - goes through black boxes and seeds. See study.h.
 *
 * What a seed makes (rows, a trained black box, its answers to the rows that explain) lies in a
 * scratch arena that is emptied after it; answers on test rows stay. Fidelity is measured once
 * all seeds are there, because intervals draw the same rows for all of them.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study.h"

#include <stdio.h>
#include <string.h>

#include "eval/perceptron.h"
#include "eval/stats.h"
#include "explain/crossval.h"
#include "explain/study_other.h"
#include "explain/study_state.h"
#include "explain/tabular_split.h"

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for a study of %zu rows", n);
}

void fdml_study_progress(study_run *r, const char *phase, double steps)
{
    r->n_done += steps;
    fdml_progress_report(r->o->progress, phase, r->n_done, r->n_all);
}

static fdml_status warn(study_run *r, const char *text, fdml_error *err)
{
    const char *copy = fdml_arena_copy_text(r->arena, text, strlen(text));
    if (!copy) return no_memory(r->t->n_rows, err);
    r->warning[r->study->n_warnings++] = copy;
    return FDML_OK;
}

/* The last place is for the intervals'. */
static fdml_status warn_of_box(study_run *r, const char *text, fdml_error *err)
{
    if (r->study->n_warnings == FDML_STUDY_MOST_WARNINGS - 1) return FDML_OK;
    return warn(r, text, err);
}

/* --- black boxes -------------------------------------------------------------------------- */

/* The rows a black box learns from, balanced as asked. */
static fdml_status training_rows(const uint32_t **row, size_t *n, const study_run *r,
                                 const fdml_study_source *source, fdml_error *err)
{
    const fdml_tabular *t = r->t;
    const fdml_factor *group = &t->protected_[0];
    uint32_t *more;
    FDML_TRY(fdml_tabular_part_rows(row, n, t, FDML_PART_TRAIN, r->scratch, err));
    if (r->o->balances_labels) {
        uint32_t *code = fdml_arena_push(r->scratch, t->n_rows, sizeof *code);
        if (!code) return no_memory(t->n_rows, err);
        for (size_t i = 0; i < t->n_rows; i++) code[i] = t->target[i];
        FDML_TRY(fdml_oversample(&more, n, *row, *n, code, 2, r->now.seed, FDML_STREAM_LABELS,
                                 r->scratch, err));
        *row = more;
    }
    if (source->balances_groups) {
        FDML_TRY(fdml_oversample(&more, n, *row, *n, group->code, group->n_levels, r->now.seed,
                                 FDML_STREAM_GROUPS, r->scratch, err));
        *row = more;
    }
    return FDML_OK;
}

static fdml_status check_choice(study_run *r, const fdml_study_source *source,
                                const fdml_blackbox_choice *choice, fdml_error *err)
{
    char text[256];
    if (source->kind != FDML_BLACKBOX_MLP || choice->n_rounds < fdml_mlp_classifier.epochs)
        return FDML_OK;
    snprintf(text, sizeof text,
             "black box %s, seed %llu: after %u epochs the loss still fell; scikit-learn stops "
             "there, too",
             source->name, (unsigned long long)r->now.seed, choice->n_rounds);
    return warn_of_box(r, text, err);
}

fdml_blackbox_options fdml_study_training(const fdml_study_options *study,
                                          const fdml_study_source *source, uint64_t seed)
{
    return (fdml_blackbox_options){ .kind = source->kind,
                                    .candidate = study->candidate,
                                    .n_candidates = study->n_candidates,
                                    .n_folds = 5,
                                    .seed = seed,
                                    .workers = study->workers };
}

/* Makes the seed's black box; *choice stays. */
static fdml_status make_box(fdml_blackbox *box, fdml_blackbox_choice *choice, study_run *r,
                            const fdml_study_source *source, fdml_error *err)
{
    const uint32_t *row;
    size_t n;
    const fdml_blackbox_options o = fdml_study_training(r->o, source, r->now.seed);
    FDML_TRY(training_rows(&row, &n, r, source, err));
    FDML_TRY(fdml_blackbox_train(box, choice, r->t, row, n, &o, r->scratch, err));
    double *copy = fdml_arena_push(r->arena, choice->n_candidates, 2 * sizeof *copy);
    if (!copy) return no_memory(n, err);
    memcpy(copy, choice->candidate, choice->n_candidates * sizeof *copy);
    memcpy(copy + choice->n_candidates, choice->auroc, choice->n_candidates * sizeof *copy);
    choice->candidate = copy;
    choice->auroc = copy + choice->n_candidates;
    return check_choice(r, source, choice, err);
}

/* Does some method look at the black box's answers to this part? */
static bool needs_part(const fdml_study_options *o, fdml_part part)
{
    if (part == FDML_PART_TEST) return true;
    for (size_t m = 0; m < o->n_methods; m++) {
        const fdml_method *method = &o->method[m];
        const bool is_local = fdml_method_asks_new_rows(method);
        if (part == FDML_PART_EXPLAIN &&
            (!is_local || (method->kind == FDML_METHOD_SHAP && method->n_kept)))
            return true;
        if (part == FDML_PART_VALIDATE && method->kind == FDML_METHOD_TREE) return true;
    }
    return false;
}

/* The black box's answers to the parts that methods look at; those to test rows also in p. */
static fdml_status ask_parts(double *p, study_run *r, fdml_error *err)
{
    for (int i = 0; i < FDML_PART_NONE; i++) {
        study_part *part = &r->now.part[i];
        if (i == FDML_PART_TRAIN || !needs_part(r->o, (fdml_part)i)) continue;
        part->p =
            i == FDML_PART_TEST ? p : fdml_arena_push(r->scratch, part->n, sizeof *part->p);
        if (!part->p) return no_memory(part->n, err);
        FDML_TRY(fdml_blackbox_rows(part->p, r->now.box, r->t, part->row, part->n,
                                    r->o->workers.n_threads, r->scratch, err));
    }
    return FDML_OK;
}

/* --- explanations ------------------------------------------------------------------------- */

static fdml_status make_room(study_making *m, const study_run *r, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    const size_t n = r->study->n_test;
    m->choice = fdml_arena_push(r->arena, o->n_seeds, sizeof *m->choice);
    m->p = fdml_arena_push(r->arena, o->n_seeds * n, sizeof *m->p);
    m->method = fdml_arena_push_zero(r->arena, o->n_methods, sizeof *m->method);
    if (!m->choice || !m->p || !m->method) return no_memory(n, err);
    for (size_t k = 0; k < o->n_methods; k++) {
        m->method[k].e = fdml_arena_push(r->arena, o->n_seeds * n, sizeof *m->method[k].e);
        m->method[k].note =
            fdml_arena_push_zero(r->arena, o->n_seeds, sizeof *m->method[k].note);
        if (!m->method[k].e || !m->method[k].note) return no_memory(n, err);
        if (!o->with_local || !fdml_method_has_local(&o->method[k])) continue;
        m->method[k].local = fdml_arena_push_zero(r->arena, 1, sizeof *m->method[k].local);
        if (!m->method[k].local) return no_memory(n, err);
    }
    return FDML_OK;
}

static fdml_status explain_seed(study_making *m, study_run *r, const fdml_study_source *source,
                                size_t s, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    const size_t n = r->study->n_test;
    fdml_blackbox box;
    r->now.seed = o->seed[s];
    r->now.box = source->outside;
    fdml_study_progress(r, "black boxes", 0);
    if (!source->outside) {
        FDML_TRY(make_box(&box, &m->choice[s], r, source, err));
        r->now.box = &box;
    }
    FDML_TRY(ask_parts(m->p + s * n, r, err));
    for (size_t k = 0; k < o->n_methods; k++) {
        study_answer answer = { m->method[k].e + s * n, NULL, s ? NULL : m->method[k].local };
        fdml_study_progress(r, "explanations", 0);
        FDML_TRY(
            fdml_study_explain(&answer, &r->now, &o->method[k], r->arena, r->scratch, err));
        m->method[k].note[s] = answer.note;
        fdml_study_progress(r, "explanations", 1);
    }
    return FDML_OK;
}

static fdml_status explain_seeds(study_making *m, study_run *r, const fdml_study_source *source,
                                 fdml_error *err)
{
    const size_t n_seeds = r->o->n_seeds;
    FDML_TRY(make_room(m, r, err));
    for (size_t s = 0; s < n_seeds; s++) {
        const fdml_arena_mark mark = fdml_arena_get_mark(r->scratch);
        FDML_TRY(explain_seed(m, r, source, s, err));
        fdml_arena_reset(r->scratch, mark);
    }
    if (source->outside) m->choice = NULL;
    return FDML_OK;
}

/* --- the whole ---------------------------------------------------------------------------- */

/* Scratch had its peak with an arena no larger than now. */
static void note_peak(study_run *r)
{
    const size_t now = r->arena->used + r->scratch->peak;
    if (now > r->study->peak) r->study->peak = now;
}

static fdml_status check_method(const fdml_method *m, const fdml_study_source *source,
                                fdml_error *err)
{
    if (!source->outside) return FDML_OK;
    if (!source->outside->can_predict_new_rows && fdml_method_asks_new_rows(m))
        return fdml_fail(err, FDML_E_ARG,
                         "method '%s' asks the black box for rows that no table has, and %s "
                         "gives probabilities of the table's rows alone; gam and tree can do "
                         "with these",
                         m->text, source->name);
    if (!source->outside->encoder && m->is_encoded)
        return fdml_fail(err, FDML_E_ARG,
                         "method '%s' has encoded columns for players, and %s takes none but "
                         "rows as they are; shap without 'encoded' can do with these",
                         m->text, source->name);
    return FDML_OK;
}

fdml_status fdml_study_check(const fdml_study_options *o, fdml_error *err)
{
    for (size_t b = 0; b < o->n_sources; b++)
        for (size_t m = 0; m < o->n_methods; m++)
            FDML_TRY(check_method(&o->method[m], &o->source[b], err));
    return FDML_OK;
}

static bool has_lime(const fdml_study_options *o)
{
    for (size_t m = 0; m < o->n_methods; m++)
        if (o->method[m].kind == FDML_METHOD_LIME) return true;
    return false;
}

/* Parts, groups, target: what is the same for every black box. */
static fdml_status prepare(study_run *r, fdml_lime_data *lime, fdml_encoder *encoder,
                           fdml_error *err)
{
    fdml_study *study = r->study;
    const fdml_tabular *t = r->t;
    for (int i = 0; i < FDML_PART_NONE; i++) {
        study_part *part = &r->now.part[i];
        FDML_TRY(fdml_tabular_part_rows(&part->row, &part->n, t, (fdml_part)i, r->arena, err));
        study->n_rows[i] = part->n;
    }
    const study_part *test = &r->now.part[FDML_PART_TEST];
    const study_part *explain = &r->now.part[FDML_PART_EXPLAIN];
    study->test = test->row;
    study->n_test = test->n;
    FDML_TRY(fdml_study_groups(&study->attribute, &study->n_attributes, t, test,
                               r->o->with_intersections, r->arena, err));
    const size_t n_explained = r->o->n_sources * r->o->n_methods;
    r->target = fdml_arena_push(r->arena, r->o->n_seeds * test->n, sizeof *r->target);
    r->warning = fdml_arena_push(r->arena, FDML_STUDY_MOST_WARNINGS, sizeof *r->warning);
    r->box = fdml_arena_push_zero(r->arena, r->o->n_sources, sizeof *r->box);
    r->explained = fdml_arena_push_zero(r->arena, n_explained, sizeof *r->explained);
    r->by = fdml_arena_push(r->arena, n_explained * study->n_attributes, sizeof *r->by);
    r->quality =
        fdml_arena_push(r->arena, r->o->n_sources * study->n_attributes, sizeof *r->quality);
    if (!r->target || !r->warning || !r->box || !r->explained || !r->by || !r->quality)
        return no_memory(test->n, err);
    for (size_t i = 0; i < r->o->n_seeds * test->n; i++)
        r->target[i] = t->target[test->row[i % test->n]];
    study->warning = r->warning;
    study->box = r->box;
    FDML_TRY(fdml_encoder_fit(encoder, t, explain->row, explain->n, r->arena, err));
    r->now.encoder = encoder;
    r->now.lime = lime;
    if (has_lime(r->o))
        FDML_TRY(fdml_lime_data_make(lime, t, explain->row, explain->n, r->arena, err));
    return FDML_OK;
}

/* What another run's file does not have is compared with nothing. */
static fdml_status warn_lonely(study_run *r, size_t b, size_t k, fdml_error *err)
{
    char text[FDML_STUDY_WARNING];
    snprintf(text, sizeof text, "%.200s has no answers of %.60s on %.120s: not compared",
             r->o->other->path, r->o->method[k].text, r->o->source[b].name);
    return warn_of_box(r, text, err);
}

static fdml_status run_boxes(study_run *r, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    for (size_t b = 0; b < o->n_sources; b++) {
        study_making m;
        FDML_TRY(explain_seeds(&m, r, &o->source[b], err));
        note_peak(r);
        FDML_TRY(fdml_study_measure(r, b, &m, err));
    }
    for (size_t i = 0; i < o->n_sources * o->n_methods; i++) {
        const size_t b = i / o->n_methods, k = i % o->n_methods;
        FDML_TRY(fdml_study_compare(r, b, k, err));
        if (o->other && !r->explained[i].change) FDML_TRY(warn_lonely(r, b, k, err));
        if (o->with_simulation) FDML_TRY(fdml_study_simulate(r, b, k, err));
    }
    /* p_holm is of all gaps of the study; those of black boxes themselves are another question,
     * and a family of their own. */
    FDML_TRY(fdml_fidelity_correct(r->quality, o->n_sources * r->study->n_attributes,
                                   r->scratch, err));
    return fdml_fidelity_correct(r->by, o->n_sources * o->n_methods * r->study->n_attributes,
                                 r->scratch, err);
}

fdml_information_options fdml_study_telling(const fdml_study_options *study)
{
    return (fdml_information_options){ .seed = study->seed[0],
                                       .min_group = study->min_group,
                                       .n_bootstrap = study->n_bootstrap,
                                       .confidence = study->confidence,
                                       .workers = study->workers };
}

/* Classifiers are steps of the whole run. */
static void tell_information(void *ctx, const char *phase, double done, double total)
{
    (void)done, (void)total;
    fdml_study_progress(ctx, phase, 1);
}

static fdml_status add_information(study_run *r, fdml_error *err)
{
    const fdml_study_options *o = r->o;
    const fdml_progress progress = { tell_information, r };
    fdml_information_options options = fdml_study_telling(o);
    if (!o->with_information) return FDML_OK;
    options.progress = &progress;
    fdml_study_progress(r, "group information", 0);
    return fdml_information_measure(&r->study->information, &r->study->n_information, r->t,
                                    &options, r->arena, err);
}

static fdml_status check_intervals(study_run *r, fdml_error *err)
{
    char text[256];
    if (!fdml_bootstrap_is_short(text, sizeof text, r->o->n_bootstrap, r->o->confidence))
        return FDML_OK;
    return warn(r, text, err);
}

fdml_status fdml_study_run(fdml_study *study, const fdml_tabular *table,
                           const fdml_study_options *options, fdml_arena *arena,
                           fdml_error *err)
{
    fdml_arena scratch;
    fdml_lime_data lime;
    fdml_encoder encoder;
    study_run r = {
        .study = study, .t = table, .o = options, .arena = arena, .scratch = &scratch
    };
    *study = (fdml_study){ .table = table, .options = options };
    r.now = (study_case){ .t = table, .o = options };
    r.n_all = (double)(options->n_sources * options->n_methods * (options->n_seeds + 1));
    if (options->with_information) r.n_all += (double)fdml_information_steps(table);
    FDML_TRY(fdml_study_check(options, err));
    fdml_arena_init(&scratch, arena->limit ? arena->limit - arena->used : 0);
    fdml_status status = prepare(&r, &lime, &encoder, err);
    if (status == FDML_OK) status = run_boxes(&r, err);
    study->n_box_warnings = study->n_warnings;
    if (status == FDML_OK) status = add_information(&r, err);
    if (status == FDML_OK) status = check_intervals(&r, err);
    fdml_arena_close(&scratch);
    if (arena->peak > study->peak) study->peak = arena->peak;
    return status;
}
