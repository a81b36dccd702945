/* study_compare.c - two models on the same rows: changes of values and gaps, and their tests.
 *
 * Rows are common to both models, and each adds noise s I of its own. Under l2 that adds 2 dim
 * s^2 to the mean squared distance of any two rows, so alignment_intra and alignment_inter of
 * every group change by 2 dim (s_new^2 - s_other^2), and no gap changes. With equal s the
 * models are exchangeable, whatever the metric.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "study.h"

static double true_change(const law *l)
{
    return 2 * (double)l->dim * (l->own[0] * l->own[0] - l->own[1] * l->own[1]);
}

/* The change of the gap as that of group 1 minus group 0 in both models. */
static fdml_estimate signed_change(const fdml_audit_result *r, size_t m)
{
    const fdml_difference *d = &r->comparison->gaps[m];
    const fdml_estimate *e = &d->change;
    const fdml_estimate none = { NAN, NAN, NAN, 0, NULL };
    const char new_most = r->gaps[m].worst[0], other_most = d->other_worst[0];
    if (new_most != other_most) return none; /* it is the change of another difference */
    if (new_most == '1') return *e;
    return (fdml_estimate){ -e->value, -e->hi, -e->lo, e->n, e->why };
}

/* Of alignment_intra and alignment_inter. */
static void note_changes(notes *n, const world *w, const fdml_audit_result *r)
{
    const double truth = true_change(w->law);
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        const char *key = r->settings->metrics[m].key;
        const fdml_estimate gap = signed_change(r, m);
        note_interval(n, key, "change overall", &r->comparison->overall[m].change, truth);
        note_interval(n, key, "change of first group", &r->comparison->groups[m].change, truth);
        if (r->settings->metrics[m].id != FDML_M_ALIGNMENT_INTRA) continue;
        note_interval(n, key, "change of gap", &gap, 0);
    }
}

/* The linearised exchange of uniformity is careful, see docs/gates.md: it is shown. */
static void note_tests(notes *n, const world *w, const fdml_audit_result *r)
{
    const note_kind kind = w->law->own[0] == w->law->own[1] ? REJECTS : FINDS;
    static const char *const tested[] = { "change overall", "change of first group",
                                          "change of gap" };
    double least = 1;
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        const char *key = r->settings->metrics[m].key;
        const fdml_difference *overall = &r->comparison->overall[m],
                              *first = &r->comparison->groups[m],
                              *gap = &r->comparison->gaps[m];
        const note_kind kinds[] = { kind, kind, REJECTS };
        const double p[] = { overall->p, first->p, gap->p };
        for (size_t i = 0; i < 3; i++) {
            note_test(n, kinds[i], key, tested[i], p[i]);
            if (r->settings->metrics[m].id == FDML_M_UNIFORMITY) note_unpromised(n);
        }
        least = fmin(least, gap->p_holm);
        if (kind == REJECTS) least = fmin(least, fmin(overall->p_holm, first->p_holm));
    }
    note_test(n, FAMILY, "any true null, by Holm", "", least);
}

/* A difference as large as is called detectable, on average over worlds. */
static void note_detectable(notes *n, const world *w, const fdml_audit_result *r)
{
    const fdml_difference *d = &r->comparison->overall[0];
    const double ratio = d->detectable / true_change(w->law);
    const fdml_estimate shown = { ratio, NAN, NAN, 0, NULL };
    note_test(n, DETECTS, "alignment_intra", "change overall", d->p);
    note_shown(n, "detectable / true change", "", &shown, NAN);
}

#define LAW(classes, size, a, b, s, t)                                                         \
    {                                                                                          \
        .dim = 4, .n_classes = classes, .n_groups = 2, .rows = { size, size },                 \
        .spread = { a, b }, .effect = .2, .origin = 1, .has_other = true, .own = { s, t },     \
        .distance = FDML_L2                                                                    \
    }

const study compare_studies[] = {
    { .name = "comparison, changes",
      .about = "2 groups of 30 classes with 4 rows each, one model with more noise.",
      .law = LAW(60, 4, .3, .6, .6, .4),
      .metrics = "alignment_intra,alignment_inter",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 199,
      .note = note_changes,
      .n_short = 400 },
    { .name = "comparison, two models alike",
      .about = "2 groups of 50 classes with 4 rows each.",
      .law = LAW(100, 4, .5, 1, .5, .5),
      .metrics = "map_at_r,alignment_inter,uniformity,class_ratio",
      .unit = FDML_UNIT_CLASS,
      .n_permutations = 199,
      .note = note_tests,
      .n_short = 400 },
    { .name = "comparison, a model that is worse for all alike",
      .about = "2 groups of 20 classes with 4 rows each.",
      .law = LAW(40, 4, .5, 1, .8, .5),
      .metrics = "alignment_intra",
      .unit = FDML_UNIT_CLASS,
      .n_permutations = 199,
      .note = note_tests },
    { .name = "comparison, what is called detectable",
      .about = "40 classes with 4 rows each.",
      .law = LAW(40, 4, .5, .5, .62, .5),
      .metrics = "alignment_intra",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 199,
      .n_permutations = 199,
      .note = note_detectable },
    { .name = 0 }
};
