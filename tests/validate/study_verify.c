/* study_verify.c - verification rates of groups, EER and AUC.
 *
 * The threshold is found in the data, and a rate's interval takes it as it is. So does its
 * truth: the share of all pairs of the law that are nearer than this very threshold, in closed
 * form (truth.h). The EER's truth is that of the law; that of AUC is the mean over all worlds.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "study.h"
#include "truth.h"

static const double targets[] = { 1e-1, 1e-2 };

static void set(world *w)
{
    w->settings.fmr_targets = targets;
    w->settings.n_fmr_targets = sizeof targets / sizeof *targets;
}

/* Two groups of as many classes: pairs of classes are within either, or across. */
static double fmr_of_all(const law *l, double threshold)
{
    const double n = (double)l->n_classes / 2, within = n * (n - 1), across = 2 * n * n;
    const double sum = within * (true_fmr(l, 0, 0, threshold) + true_fmr(l, 1, 1, threshold)) +
                       across * true_fmr(l, 0, 1, threshold);
    return sum / (2 * within + across);
}

static double fnmr_of_all(const law *l, double threshold)
{
    return (true_fnmr(l, 0, threshold) + true_fnmr(l, 1, threshold)) / 2;
}

/* FMR falls and FNMR grows with the threshold. */
static double true_eer(const law *l)
{
    double low = -1000, high = 0;
    for (int i = 0; i < 100; i++) {
        const double middle = (low + high) / 2;
        if (fmr_of_all(l, middle) > fnmr_of_all(l, middle))
            low = middle;
        else
            high = middle;
    }
    return fmr_of_all(l, low);
}

static void note_rates(notes *n, const world *w, const fdml_audit_result *r)
{
    const fdml_verification_result *v = &r->verification;
    const law *l = w->law;
    for (size_t p = 0; p < sizeof targets / sizeof *targets; p++) {
        const fdml_operating_point *point = &v->point[p];
        char what[32];
        snprintf(what, sizeof what, "at FMR %g:", point->fmr_target);
        note_interval(n, what, "fmr overall", &point->fmr, fmr_of_all(l, point->threshold));
        note_interval(n, what, "fnmr overall", &point->fnmr, fnmr_of_all(l, point->threshold));
        for (size_t g = 0; g < 2; g++) {
            note_interval(n, what, g ? "fmr last group" : "fmr first group",
                          &point->group_fmr[g], true_fmr(l, g, g, point->threshold));
            note_interval(n, what, g ? "fnmr last group" : "fnmr first group",
                          &point->group_fnmr[g], true_fnmr(l, g, point->threshold));
        }
    }
    note_interval(n, "eer", "overall", &v->eer, true_eer(l));
    note_interval(n, "auc", "overall", &v->auc, NAN);
}

const study verify_studies[] = { { .name = "verification, attribute of classes, unit class",
                                   .about = "2 groups of 40 classes with 6 rows each.",
                                   .law = { .dim = 4,
                                            .n_classes = 80,
                                            .n_groups = 2,
                                            .rows = { 6, 6 },
                                            .spread = { .4, .5 },
                                            .effect = .2,
                                            .distance = FDML_L2 },
                                   .metrics = "verification",
                                   .unit = FDML_UNIT_CLASS,
                                   .n_bootstrap = 199,
                                   .set = set,
                                   .note = note_rates,
                                   .n_short = 200 },
                                 { .name = 0 } };
