/* study_audit.c - metrics of embeddings: values of groups, gaps, ratios, groups against the
 * reference, and the tests of gaps.
 *
 * alignment_intra, and uniformity where classes have equal sizes, have their truth in closed
 * form (truth.h). That of recall_at_1 and map_at_r depends on how many classes are in the
 * gallery: it is the mean over all worlds of the study, whose standard error is the deviation
 * over worlds by the root of their number, a sixtieth of it in the long form.
 *
 * The interval of the overall value draws classes without regard of groups. Here groups have
 * fixed numbers of classes: where they differ much, as the far ones of five do, the overall
 * value varies less than its interval says.
 *
 * The interval of a gap is that of the two groups that are farthest apart as observed. Which
 * these are is no question where there are two, or where two are far from all others; else they
 * were chosen for their noise, too, and the interval does not know it.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study.h"
#include "truth.h"
#include "truth_retrieval.h"

/* --- what is noted ---------------------------------------------------------------------- */

static double truth_of(const world *w, const fdml_metric *m, size_t group)
{
    const law *l = w->law;
    if (l->distance != FDML_L2) return NAN;
    if (m->id == FDML_M_ALIGNMENT_INTRA) return true_alignment_intra(l, group);
    const bool is_even = l->sampling == NEW_CLASSES && l->rows[0] == l->rows[1] && !l->by_row;
    if (m->id == FDML_M_UNIFORMITY && is_even)
        return true_uniformity(l, group, l->n_classes / l->n_groups, l->rows[0]);
    return NAN;
}

/* Differences of uniformity are mostly of second order where classes are some tens, and the
 * first order that their intervals are made of sees the noise of pairs twice: they are too wide
 * (96% to 98%), never too narrow, and become right as classes become many. */
static bool is_too_wide(const world *w, const fdml_metric *metric)
{
    const size_t n_classes = w->law->n_classes / w->law->n_groups;
    return metric->id == FDML_M_UNIFORMITY && w->law->sampling == NEW_CLASSES &&
           n_classes < 100;
}

static fdml_estimate turned(const fdml_estimate *e, bool is_ratio)
{
    if (is_ratio) return (fdml_estimate){ 1 / e->value, 1 / e->hi, 1 / e->lo, e->n, e->why };
    return (fdml_estimate){ -e->value, -e->hi, -e->lo, e->n, e->why };
}

static size_t place_of(const fdml_audit_result *r, const char *value)
{
    size_t g = 0;
    while (strcmp(r->groups[g].value, value) != 0) g++;
    return g;
}

/* The gap as that of the last group against the first, whichever was larger. */
static void note_gap_of(notes *n, const world *w, const fdml_audit_result *r, size_t m,
                        double truth)
{
    const fdml_metric *metric = &r->settings->metrics[m];
    const fdml_gap_result *gap = &r->gaps[m];
    const size_t last = w->law->n_groups - 1;
    const size_t best = place_of(r, gap->best), worst = place_of(r, gap->worst);
    const size_t most = metric->higher_is_better ? best : worst;
    const bool is_turned = most == 0;
    const fdml_estimate none = { NAN, NAN, NAN, 0, NULL };
    fdml_estimate difference = gap->difference, ratio = gap->ratio;
    if (best + worst != last) difference = ratio = none; /* other groups */
    if (is_turned) difference = turned(&difference, false);
    if (!is_turned) ratio = turned(&ratio, true);
    note_interval(n, metric->key, "gap", &difference, truth);
    if (is_too_wide(w, metric)) note_unpromised(n);
    if (metric->id == FDML_M_UNIFORMITY) return; /* negative: there is no ratio */
    note_ratio(n, metric->key, "ratio", &ratio, n->n - 2, n->n - 3);
}

static void note_gap(notes *n, const world *w, const fdml_audit_result *r, size_t m)
{
    const fdml_metric *metric = &r->settings->metrics[m];
    note_gap_of(n, w, r, m, truth_of(w, metric, w->law->n_groups - 1) - truth_of(w, metric, 0));
}

/* Values of retrieval metrics have a gallery, and their intervals take it as it is; how they
 * hold if it is drawn anew, too, is shown. */
static void note_value(notes *n, const fdml_metric *metric, const char *which,
                       const fdml_estimate *e, double truth)
{
    if (metric->kind == FDML_KIND_MEAN)
        note_shown(n, metric->key, which, e, truth);
    else
        note_interval(n, metric->key, which, e, truth);
}

static void note_values(notes *n, const world *w, const fdml_audit_result *r)
{
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        const fdml_metric *metric = &r->settings->metrics[m];
        const size_t last = w->law->n_groups - 1;
        if (last == 1)
            note_value(n, metric, "overall", &r->overall[m], NAN);
        else
            note_shown(n, metric->key, "overall", &r->overall[m], NAN);
        note_interval(n, metric->key, "versus reference", &r->groups[0].versus[m], NAN);
        if (is_too_wide(w, metric)) note_unpromised(n);
        note_value(n, metric, "first group", &r->groups[0].metrics[m], truth_of(w, metric, 0));
        note_value(n, metric, "last group", &r->groups[last].metrics[m],
                   truth_of(w, metric, last));
        note_gap(n, w, r, m);
    }
}

static void note_in_gallery(notes *n, const world *w, const fdml_audit_result *r)
{
    /* Its own error adds 2% to the variance of what is compared. */
    const size_t n_draws = w->law->sampling == NEW_CLASSES ? 4000 : 30000;
    true_retrieval truth;
    true_retrieval_of(&truth, w, n_draws);
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        const fdml_metric *metric = &r->settings->metrics[m];
        const double *of = metric->id == FDML_M_MAP_AT_R ? truth.map_at_r : truth.recall_at_1;
        /* Rows that ask are in one another's gallery, which whether the nearest row is of the
         * own class feels most, and most where other groups have rows in the own class. */
        const bool is_short = w->law->by_row && metric->id == FDML_M_RECALL_AT_K;
        note_interval(n, metric->key, "overall", &r->overall[m], of[MOST_GROUPS]);
        if (is_short) note_unpromised(n);
        note_interval(n, metric->key, "versus reference", &r->groups[0].versus[m],
                      of[0] - of[MOST_GROUPS]);
        for (size_t g = 0; g < w->law->n_groups; g++) {
            note_interval(n, metric->key, g ? "last group" : "first group",
                          &r->groups[g].metrics[m], of[g]);
            if (is_short) note_unpromised(n);
        }
        note_gap_of(n, w, r, m, of[1] - of[0]);
    }
}

/* Groups alike: of five, the extremes were chosen for their noise. */
static void note_extremes(notes *n, const world *w, const fdml_audit_result *r)
{
    (void)w;
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        note_interval(n, r->settings->metrics[m].key, "one group", &r->groups[2].metrics[m],
                      NAN);
        note_shown(n, r->settings->metrics[m].key, "gap of extremes", &r->gaps[m].difference,
                   0);
        note_test(n, REJECTS, r->settings->metrics[m].key, "gap", r->gaps[m].p);
    }
}

static void note_null(notes *n, const world *w, const fdml_audit_result *r)
{
    (void)w;
    for (size_t m = 0; m < r->settings->n_metrics; m++)
        note_test(n, REJECTS, r->settings->metrics[m].key, "gap", r->gaps[m].p);
}

static void note_power(notes *n, const world *w, const fdml_audit_result *r)
{
    (void)w;
    for (size_t m = 0; m < r->settings->n_metrics; m++) {
        note_test(n, FINDS, r->settings->metrics[m].key, "gap", r->gaps[m].p);
        if (r->settings->metrics[m].id == FDML_M_UNIFORMITY) note_unpromised(n);
    }
}

/* Gaps of the first attribute are true where its groups differ, all others are chance. */
static void note_family(notes *n, const world *w, const fdml_audit_result *r)
{
    const bool has_true = w->law->spread[0] != w->law->spread[1];
    double least = 1, least_raw = 1;
    for (size_t i = 0; i < r->n_gaps; i++) {
        if (has_true && r->gaps[i].grouping == 1) continue;
        least = fmin(least, r->gaps[i].p_holm);
        least_raw = fmin(least_raw, r->gaps[i].p);
    }
    note_test(n, FAMILY, "any true null, by Holm", "", least);
    note_test(n, REJECTS, "any true null, uncorrected", "", least_raw);
    note_unpromised(n);
}

/* --- studies ---------------------------------------------------------------------------- */

#define METRICS "recall_at_1,map_at_r,alignment_intra,uniformity"
enum { B = 199, P = 199 }; /* (1 + replicates) / 40 is whole: quantiles are order statistics */

/* Two groups; spread is s of the first and the last. */
#define LAW2(sampling_, by_row_, classes, least, most, a, b)                                   \
    {                                                                                          \
        .sampling = sampling_, .by_row = by_row_, .dim = 4, .n_classes = classes,              \
        .n_groups = 2, .rows = { least, most }, .spread = { a, b }, .effect = .3,              \
        .distance = FDML_L2                                                                    \
    }

const study audit_studies[] = {
    { .name = "attribute of classes, unit class",
      .about = "2 groups of 40 classes with 6 rows each.",
      .law = LAW2(NEW_CLASSES, false, 80, 6, 6, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values,
      .n_short = 400 },
    { .name = "attribute of classes, unit class, classes of 3 or 9 rows",
      .about = "2 groups of 40 classes.",
      .law = LAW2(NEW_CLASSES, false, 80, 3, 9, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values },
    { .name = "attribute of classes, unit class, few classes",
      .about = "2 groups of 10 classes with 8 rows each.",
      .law = LAW2(NEW_CLASSES, false, 20, 8, 8, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values,
      .n_short = 400 },
    { .name = "attribute of classes, unit class, very few classes",
      .about = "2 groups of 5 classes with 12 rows each.",
      .law = LAW2(NEW_CLASSES, false, 10, 12, 12, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 999,
      .is_limit = true,
      .note = note_values },
    { .name = "attribute of classes, unit class, 3 classes",
      .about = "2 groups of 3 classes with 20 rows each.",
      .law = LAW2(NEW_CLASSES, false, 6, 20, 20, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = 999,
      .is_limit = true,
      .note = note_values },
    { .name = "attribute of classes, unit class, many classes",
      .about = "2 groups of 150 classes with 4 rows each.",
      .law = LAW2(NEW_CLASSES, false, 300, 4, 4, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values,
      .n_long = 1000 },
    { .name = "attribute of classes, unit class, values near 1",
      .about = "2 groups of 40 classes with 6 rows each.",
      .law = LAW2(NEW_CLASSES, false, 80, 6, 6, .1, .15),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .is_limit = true,
      .note = note_values },
    { .name = "attribute of rows, unit class",
      .about = "2 groups in 40 classes of 12 rows.",
      .law = LAW2(NEW_CLASSES, true, 40, 12, 12, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values,
      .n_short = 400 },
    { .name = "attribute of rows, unit query",
      .about = "2 groups in 20 classes of 24 rows.",
      .law = LAW2(NEW_ROWS, true, 20, 24, 24, .4, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_QUERY,
      .n_bootstrap = B,
      .note = note_values,
      .n_short = 400 },
    { .name = "gallery as it is: attribute of classes, unit class",
      .about = "2 groups of 40 classes with 6 rows each.",
      .law = LAW2(NEW_CLASSES, false, 80, 6, 6, .4, .5),
      .metrics = "recall_at_1,map_at_r",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_in_gallery,
      .n_long = 1000 },
    { .name = "gallery as it is: attribute of rows, unit class",
      .about = "2 groups in 40 classes of 12 rows.",
      .law = LAW2(NEW_CLASSES, true, 40, 12, 12, .4, .5),
      .metrics = "recall_at_1,map_at_r",
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_in_gallery,
      .n_long = 1000 },
    { .name = "gallery as it is: attribute of rows, unit query",
      .about = "2 groups in 20 classes of 24 rows.",
      .law = LAW2(NEW_ROWS, true, 20, 24, 24, .4, .5),
      .metrics = "recall_at_1,map_at_r",
      .unit = FDML_UNIT_QUERY,
      .n_bootstrap = B,
      .note = note_in_gallery,
      .n_long = 1000 },
    { .name = "true nulls, attribute of classes",
      .about = "2 groups of 20 classes with 3 or 9 rows.",
      .law = LAW2(NEW_CLASSES, false, 40, 3, 9, .5, .5),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_permutations = P,
      .note = note_null,
      .n_short = 400 },
    { .name = "true nulls, attribute of rows",
      .about = "2 groups in 20 classes of 24 rows; a group has more rows in easy classes.",
      .law = { .sampling = NEW_CLASSES,
               .by_row = true,
               .dim = 4,
               .n_classes = 20,
               .n_groups = 2,
               .rows = { 24, 24 },
               .spread = { .5, .5 },
               .effect = .5,
               .lean = .3,
               .distance = FDML_L2 },
      .metrics = "recall_at_1,map_at_r",
      .unit = FDML_UNIT_QUERY,
      .n_permutations = P,
      .note = note_null,
      .n_short = 400 },
    { .name = "5 groups alike",
      .about = "20 classes of 6 rows each; one group, and the two that look farthest apart.",
      .law = { .dim = 4,
               .n_classes = 100,
               .n_groups = 5,
               .rows = { 6, 6 },
               .spread = { .5, .5, .5, .5, .5 },
               .effect = .3,
               .distance = FDML_L2 },
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .n_permutations = P,
      .note = note_extremes },
    { .name = "5 groups, two of them far apart",
      .about = "60 classes of 4 rows each.",
      .law = { .dim = 4,
               .n_classes = 300,
               .n_groups = 5,
               .rows = { 4, 4 },
               .spread = { .2, .3, .3, .3, .5 },
               .effect = .3,
               .distance = FDML_L2 },
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_bootstrap = B,
      .note = note_values,
      .n_long = 1000 },
    { .name = "power, attribute of classes",
      .about = "2 groups of 40 classes with 6 rows each.",
      .law = LAW2(NEW_CLASSES, false, 80, 6, 6, .4, .8),
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_permutations = P,
      .note = note_power,
      .n_short = 200 },
    { .name = "power, attribute of rows",
      .about = "2 groups in 20 classes of 24 rows.",
      .law = LAW2(NEW_ROWS, true, 20, 24, 24, .4, .7),
      .metrics = "recall_at_1,map_at_r",
      .unit = FDML_UNIT_QUERY,
      .n_permutations = P,
      .note = note_power,
      .n_short = 200 },
    { .name = "family of nulls, attributes of classes",
      .about = "3 attributes that mean nothing, 4 metrics.",
      .law = { .dim = 4,
               .n_classes = 40,
               .n_groups = 2,
               .rows = { 6, 6 },
               .spread = { .5, .5 },
               .effect = .3,
               .n_attributes = 3,
               .distance = FDML_L2 },
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_permutations = 499,
      .note = note_family,
      .n_short = 400 },
    { .name = "family of nulls beside true gaps",
      .about = "3 attributes, the first of which has a gap.",
      .law = { .dim = 4,
               .n_classes = 40,
               .n_groups = 2,
               .rows = { 6, 6 },
               .spread = { .4, .8 },
               .effect = .3,
               .n_attributes = 3,
               .distance = FDML_L2 },
      .metrics = METRICS,
      .unit = FDML_UNIT_CLASS,
      .n_permutations = 499,
      .note = note_family },
    { .name = 0 }
};
