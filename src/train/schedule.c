/* schedule.c - see schedule.h.
 *
 * The powers of gamma and the cosine are computed anew at each step: PyTorch's recursive forms
 * drift from their closed forms by a rounding a step.
 *
 * SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <string.h>

#include "base/dmath.h"

static const char *const names[] = { [FDML_SCHEDULE_CONSTANT] = "constant",
                                     [FDML_SCHEDULE_STEP] = "step",
                                     [FDML_SCHEDULE_COSINE] = "cosine" };

static fdml_status check_share(const char *what, const char *name, double value,
                               fdml_error *err)
{
    if (value >= 0 && value <= 1) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "%s: %s is %g, expected 0 to 1", what, name, value);
}

static fdml_status check_milestones(const fdml_schedule *s, const char *what, fdml_error *err)
{
    if (!(s->gamma > 0 && s->gamma <= 1))
        return fdml_fail(err, FDML_E_ARG, "%s: gamma is %g, expected above 0, at most 1", what,
                         s->gamma);
    for (size_t i = 1; i < s->n_milestones; i++)
        if (s->milestone[i] <= s->milestone[i - 1])
            return fdml_fail(err, FDML_E_ARG, "%s: milestone %llu follows %llu", what,
                             (unsigned long long)s->milestone[i],
                             (unsigned long long)s->milestone[i - 1]);
    return FDML_OK;
}

fdml_status fdml_schedule_check(const fdml_schedule *s, const char *what, fdml_error *err)
{
    if ((unsigned)s->kind >= FDML_SCHEDULE_COUNT)
        return fdml_fail(err, FDML_E_ARG, "%s: schedule %d is none of 0 to %d", what,
                         (int)s->kind, FDML_SCHEDULE_COUNT - 1);
    FDML_TRY(check_share(what, "warmup_from", s->warmup_from, err));
    if (s->warmup > UINT64_MAX - s->start)
        return fdml_fail(err, FDML_E_ARG, "%s: %llu steps of warm-up from step %llu on", what,
                         (unsigned long long)s->warmup, (unsigned long long)s->start);
    if (s->kind == FDML_SCHEDULE_STEP) return check_milestones(s, what, err);
    if (s->kind != FDML_SCHEDULE_COSINE) return FDML_OK;
    FDML_TRY(check_share(what, "floor", s->floor, err));
    if (s->n_steps <= s->start + s->warmup)
        return fdml_fail(err, FDML_E_ARG, "%s: a cosine of %llu steps begins at step %llu",
                         what, (unsigned long long)s->n_steps,
                         (unsigned long long)(s->start + s->warmup));
    return FDML_OK;
}

static double cosine_factor(const fdml_schedule *s, uint64_t step)
{
    const double pi = 0x1.921fb54442d18p+1;
    const uint64_t begin = s->start + s->warmup;
    if (step >= s->n_steps) return s->floor;
    if (step <= begin) return 1;
    double sine, cosine;
    fdml_sincos(pi * (double)(step - begin) / (double)(s->n_steps - begin), &sine, &cosine);
    return s->floor + (1 - s->floor) * (1 + cosine) / 2;
}

static double step_factor(const fdml_schedule *s, uint64_t step)
{
    double factor = 1;
    for (size_t i = 0; i < s->n_milestones && s->milestone[i] <= step; i++) factor *= s->gamma;
    return factor;
}

double fdml_schedule_factor(const fdml_schedule *s, uint64_t step)
{
    if (step < s->start) return 0;
    double factor = 1;
    if (s->kind == FDML_SCHEDULE_STEP) factor = step_factor(s, step);
    if (s->kind == FDML_SCHEDULE_COSINE) factor = cosine_factor(s, step);
    const uint64_t t = step - s->start;
    if (t >= s->warmup) return factor;
    return factor * (s->warmup_from + (1 - s->warmup_from) * ((double)t / (double)s->warmup));
}

fdml_status fdml_schedule_parse(fdml_schedule_kind *kind, const char *name, fdml_error *err)
{
    for (int i = 0; i < FDML_SCHEDULE_COUNT; i++)
        if (!strcmp(name, names[i])) {
            *kind = (fdml_schedule_kind)i;
            return FDML_OK;
        }
    return fdml_fail(err, FDML_E_ARG, "schedule '%s' is none of: constant, step, cosine", name);
}

const char *fdml_schedule_name(fdml_schedule_kind kind)
{
    return names[kind];
}
