/* simulate.c - see simulate.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/simulate.h"

#include <math.h>

/* simulate_explanation_impact.ipynb of github.com/MLforHealth/ExplanationsSubpopulations */
const fdml_simulation_user fdml_simulation_paper_user = {
    .none = { 0.6967821782, 0.9250353607 },
    .poor = { 0.68, 0.9 },
    .good = { 0.6497395833, 0.9280753968 },
};
static const double PAPER_GOOD = .85, PAPER_MOST = .15;

static double mix(double share, double with, double without)
{
    return share * with + (1 - share) * without;
}

double fdml_simulation_expect(double p_correct_box, double p_good,
                              const fdml_simulation_user *user)
{
    return mix(p_correct_box, mix(p_good, user->good[1], user->poor[1]),
               mix(p_good, user->good[0], user->poor[0]));
}

double fdml_simulation_alone(double p_correct_box, const fdml_simulation_user *user)
{
    return mix(p_correct_box, user->none[1], user->none[0]);
}

void fdml_simulation_grid(fdml_simulation_step *step, double p_correct_better,
                          double p_correct_worse, const fdml_simulation_user *user)
{
    for (size_t i = 0; i < FDML_SIMULATION_STEPS; i++) {
        const double d = PAPER_MOST * (double)i / (FDML_SIMULATION_STEPS - 1);
        step[i] = (fdml_simulation_step){
            d,
            fdml_simulation_expect(p_correct_better, PAPER_GOOD + d, user),
            fdml_simulation_expect(p_correct_worse, PAPER_GOOD - d, user),
        };
    }
}

static fdml_simulation_group expect_of(const fdml_fidelity_value *quality,
                                       const fdml_fidelity_value *fidelity, double even,
                                       const fdml_simulation_user *user)
{
    const fdml_estimate *box = &quality[FDML_FIDELITY_ACCURACY].e,
                        *good = &fidelity[FDML_FIDELITY_ACCURACY].e;
    return (fdml_simulation_group){
        .p_correct_box = box->value,
        .p_good = good->value,
        .alone = fdml_simulation_alone(box->value, user),
        .explained = fdml_simulation_expect(box->value, good->value, user),
        .even = fdml_simulation_expect(box->value, even, user),
        .why = isnan(box->value)    ? box->why
               : isnan(good->value) ? good->why
                                    : NULL,
    };
}

static fdml_simulation_gap gap_of(const fdml_simulation_group *group, size_t n_groups)
{
    fdml_simulation_gap gap = { NAN, NAN, NAN, UINT32_MAX, UINT32_MAX };
    fdml_simulation_group most = { 0 }, least = { 0 };
    size_t n = 0;
    for (uint32_t g = 0; g < n_groups; g++) {
        const fdml_simulation_group *x = &group[g];
        if (isnan(x->explained)) continue;
        if (!n++) {
            most = least = *x;
            gap.best = gap.worst = g;
        }
        if (x->explained > most.explained) gap.best = g;
        if (x->explained < least.explained) gap.worst = g;
        most.alone = fmax(most.alone, x->alone), least.alone = fmin(least.alone, x->alone);
        most.even = fmax(most.even, x->even), least.even = fmin(least.even, x->even);
        most.explained = fmax(most.explained, x->explained);
        least.explained = fmin(least.explained, x->explained);
    }
    if (n < 2) return (fdml_simulation_gap){ NAN, NAN, NAN, UINT32_MAX, UINT32_MAX };
    gap.alone = most.alone - least.alone;
    gap.explained = most.explained - least.explained;
    gap.even = most.even - least.even;
    return gap;
}

static fdml_status add_grid(fdml_simulation *s, const fdml_simulation_user *user,
                            fdml_arena *arena, fdml_error *err)
{
    const fdml_simulation_group *group = s->group;
    if (s->n_groups != 2 || isnan(group[0].explained) || isnan(group[1].explained))
        return FDML_OK;
    fdml_simulation_step *step = fdml_arena_push(arena, FDML_SIMULATION_STEPS, sizeof *step);
    if (!step) return fdml_fail(err, FDML_E_NOMEM, "no memory to simulate decisions");
    s->better = group[1].p_good > group[0].p_good;
    s->worse = !s->better;
    fdml_simulation_grid(step, group[s->better].p_correct_box, group[s->worse].p_correct_box,
                         user);
    s->step = step;
    return FDML_OK;
}

double fdml_simulation_memory(size_t n_groups)
{
    return fdml_arena_room((double)n_groups, sizeof(fdml_simulation_group)) +
           (n_groups == 2 ? fdml_arena_room(FDML_SIMULATION_STEPS, sizeof(fdml_simulation_step))
                          : 0);
}

fdml_status fdml_simulation_make(fdml_simulation *s, const fdml_study_box *box,
                                 const fdml_study_explained *explained, size_t attribute,
                                 const fdml_simulation_user *user, fdml_arena *arena,
                                 fdml_error *err)
{
    const fdml_fidelity *quality = &box->quality[attribute], *by = &explained->by[attribute];
    const double even = by->overall[FDML_FIDELITY_ACCURACY].e.value;
    fdml_simulation_group *group = fdml_arena_push(arena, by->n_groups, sizeof *group);
    if (!group) return fdml_fail(err, FDML_E_NOMEM, "no memory to simulate decisions");
    for (size_t g = 0; g < by->n_groups; g++)
        group[g] = expect_of(quality->of_group + g * FDML_FIDELITIES,
                             by->of_group + g * FDML_FIDELITIES, even, user);
    *s = (fdml_simulation){
        .n_groups = by->n_groups,
        .group = group,
        .overall = expect_of(quality->overall, by->overall, even, user),
        .gap = gap_of(group, by->n_groups),
    };
    return add_grid(s, user, arena, err);
}
