/* study_learned.c - leakage, and classifiers downstream: balanced accuracy, measures and gaps.
 *
 * These intervals hold what was trained as it is, and are about other classes (or rows) read by
 * it. The truth here is the mean over worlds, each with a training of its own: what training
 * adds, which is in no interval, is little for classifiers of the class and much for leakage,
 * whose two halves and neighbours are few. So leakage is shown, and nothing is promised of it.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "study.h"

/* --- leakage ---------------------------------------------------------------------------- */

static void note_leakage(notes *n, const world *w, const fdml_audit_result *r)
{
    (void)w;
    note_shown(n, "leakage", "logistic", &r->leakage[0].logistic, NAN);
    note_shown(n, "leakage", "knn", &r->leakage[0].knn, NAN);
}

/* --- downstream ------------------------------------------------------------------------- */

static void use(world *w, fdml_classifier classifier, size_t n_splits)
{
    fdml_downstream_settings *d = &w->settings.downstream;
    *d = (fdml_downstream_settings){ .n_splits = n_splits };
    d->classifier[classifier] = true;
    d->protocol[FDML_AS_IS] = true;
}

static void use_knn(world *w)
{
    use(w, FDML_C_KNN, 2);
}

static void use_logistic(world *w)
{
    use(w, FDML_C_LOGISTIC, 2);
}

/* The gap of the last group against the first, whichever was larger. */
static fdml_estimate signed_gap(const fdml_gap_result *gap)
{
    const fdml_estimate *e = &gap->difference;
    if (gap->best[0] == '1') return *e;
    return (fdml_estimate){ -e->value, -e->hi, -e->lo, e->n, e->why };
}

static void note_learned(notes *n, const world *w, const fdml_audit_result *r)
{
    const fdml_learned_result *l = &r->downstream[0].learned[0];
    const bool is_null = w->law->spread[0] == w->law->spread[1];
    for (size_t m = 0; m < FDML_L_MEASURES; m++) {
        const fdml_estimate gap = signed_gap(&l->gap[m]);
        if (is_null) /* else groups are strata, see study_audit.c */
            note_interval(n, fdml_learned_name[m], "overall", &l->all.value[m], NAN);
        note_interval(n, fdml_learned_name[m], "first group", &l->groups[0].value[m], NAN);
        note_interval(n, fdml_learned_name[m], "gap", &gap, NAN);
    }
    note_test(n, is_null ? REJECTS : FINDS, "accuracy", "gap", l->gap[FDML_L_ACCURACY].p);
}

/* --- studies ---------------------------------------------------------------------------- */

const study learned_studies[] = {
    { .name = "leakage, attribute of classes",
      .about = "2 groups of 40 classes with 6 rows each.",
      .law = { .dim = 4,
               .n_classes = 80,
               .n_groups = 2,
               .rows = { 6, 6 },
               .spread = { .5, .5 },
               .shift = 1,
               .distance = FDML_L2 },
      .metrics = "leakage",
      .n_bootstrap = 199,
      .note = note_leakage,
      .n_short = 200 },
    { .name = "leakage, attribute of rows",
      .about = "2 groups in 40 classes of 12 rows.",
      .law = { .dim = 4,
               .n_classes = 40,
               .n_groups = 2,
               .rows = { 12, 12 },
               .spread = { .5, .5 },
               .by_row = true,
               .shift = 1,
               .distance = FDML_L2 },
      .metrics = "leakage",
      .n_bootstrap = 199,
      .note = note_leakage },
    { .name = "downstream, attribute of classes, unit class",
      .about = "k-NN, 2 splits, 2 groups of 60 classes with 8 rows each.",
      .law = { .dim = 4,
               .n_classes = 120,
               .n_groups = 2,
               .rows = { 8, 8 },
               .spread = { .3, .5 },
               .effect = .3,
               .distance = FDML_L2 },
      .metrics = "downstream",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 199,
      .n_permutations = 199,
      .set = use_knn,
      .note = note_learned },
    { .name = "downstream, attribute of rows, unit class, no gap",
      .about = "k-NN, 2 splits, 2 groups in 60 classes of 10 rows.",
      .law = { .dim = 4,
               .n_classes = 60,
               .n_groups = 2,
               .rows = { 10, 10 },
               .spread = { .4, .4 },
               .effect = .3,
               .by_row = true,
               .distance = FDML_L2 },
      .metrics = "downstream",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 199,
      .n_permutations = 199,
      .set = use_knn,
      .note = note_learned,
      .n_short = 60 },
    { .name = "downstream, attribute of rows, unit query",
      .about = "logistic regression, 2 splits, 2 groups in 8 classes of 60 rows.",
      .law = { .sampling = NEW_ROWS,
               .dim = 4,
               .n_classes = 8,
               .n_groups = 2,
               .rows = { 60, 60 },
               .spread = { .5, .9 },
               .by_row = true,
               .distance = FDML_L2 },
      .metrics = "downstream",
      .unit = FDML_UNIT_QUERY,
      .n_bootstrap = 199,
      .n_permutations = 199,
      .set = use_logistic,
      .note = note_learned },
    { .name = 0 }
};
