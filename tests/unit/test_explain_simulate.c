/* test_explain_simulate.c - decisions with explanations: known values, draws as the paper's
 * authors make them, and a study's groups.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "explain/simulate.h"
#include "explain/study_report.h"

static const fdml_simulation_user *const user = &fdml_simulation_paper_user;
enum { M = FDML_FIDELITIES };

/* Worked out apart from this code, for a box that is right in .95 of all cases. */
Test(explain_simulate, known_values)
{
    fdml_simulation_step step[FDML_SIMULATION_STEPS];
    fdml_simulation_grid(step, .95, .95, user);
    cr_expect_float_eq(step[0].better, .910, .0005);
    cr_expect_eq(step[0].better, step[0].worse);
    cr_expect_eq(step[0].d, 0);
    cr_expect_eq(step[29].d, .15);
    cr_expect_float_eq(step[1].d, .15 / 29, 1e-17);
    cr_expect_float_eq(step[29].better, .914, .0005); /* always good: no poor ones */
    cr_expect_float_eq(step[29].better, .95 * .9280753968 + .05 * .6497395833, 1e-15);
    cr_expect_float_eq(step[29].worse, .907, .0005);
    cr_expect_float_eq(fdml_simulation_alone(.95, user), .914, .0005);
    cr_expect_eq(fdml_simulation_expect(1, 0, user), .9);
    cr_expect_eq(fdml_simulation_expect(0, 0, user), .68);
}

/* Rows are drawn: whether the box is right, whether the explanation is good, and the user. */
Test(explain_simulate, draws_come_to_the_expectation)
{
    enum { ROWS = 400000 };
    fdml_rng rng;
    fdml_rng_init(&rng, 1, 2, 3);
    for (int k = 0; k < 4; k++) {
        const double b = k & 1 ? .9 : .6, g = k & 2 ? .95 : .7;
        size_t n_right = 0, n_alone = 0;
        for (size_t i = 0; i < ROWS; i++) {
            const bool box = fdml_rng_double(&rng) < b, good = fdml_rng_double(&rng) < g;
            n_right += fdml_rng_double(&rng) < (good ? user->good : user->poor)[box];
            n_alone += fdml_rng_double(&rng) < user->none[box];
        }
        const double error = 4 * sqrt(.25 / ROWS);
        cr_expect_float_eq((double)n_right / ROWS, fdml_simulation_expect(b, g, user), error);
        cr_expect_float_eq((double)n_alone / ROWS, fdml_simulation_alone(b, user), error);
    }
}

/* A study of one attribute, as far as is looked at. */
static fdml_simulation make(const double *box, const double *good, size_t n_groups,
                            fdml_arena *arena)
{
    static fdml_fidelity_value value[2][5 * M];
    fdml_fidelity by[2];
    fdml_simulation s;
    for (size_t k = 0; k < 2; k++) {
        const double *from = k ? good : box;
        by[k] = (fdml_fidelity){ .n_groups = n_groups, .of_group = value[k] };
        for (size_t g = 0; g < n_groups; g++) {
            value[k][g * M].e = (fdml_estimate){ .value = from[g] };
            if (isnan(from[g])) value[k][g * M].e.why = "too few";
        }
        by[k].overall[FDML_FIDELITY_ACCURACY].e.value = from[n_groups];
    }
    const fdml_study_explained explained = { .by = &by[1] };
    const fdml_study_box one = { .quality = &by[0], .explained = &explained };
    cr_assert_eq(fdml_simulation_make(&s, &one, &explained, 0, user, arena, NULL), FDML_OK);
    return s;
}

Test(explain_simulate, of_a_study)
{
    const double box[] = { .8, .9, .86 }, good[] = { .95, .75, .83 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const fdml_simulation s = make(box, good, 2, &arena);
    for (size_t g = 0; g < 2; g++) {
        cr_expect_eq(s.group[g].explained, fdml_simulation_expect(box[g], good[g], user));
        cr_expect_eq(s.group[g].even, fdml_simulation_expect(box[g], .83, user));
        cr_expect_eq(s.group[g].alone, fdml_simulation_alone(box[g], user));
        cr_expect(!s.group[g].why);
    }
    cr_expect_eq(s.overall.explained, fdml_simulation_expect(.86, .83, user));
    cr_expect_float_eq(s.gap.explained, s.group[1].explained - s.group[0].explained, 1e-15);
    cr_expect_float_eq(s.gap.alone, .1 * (user->none[1] - user->none[0]), 1e-15);
    cr_expect(s.gap.best == 1 && s.gap.worst == 0 && s.better == 0 && s.worse == 1);
    cr_expect_eq(s.step[0].better, fdml_simulation_expect(.8, .85, user));
    cr_expect_eq(s.step[0].worse, fdml_simulation_expect(.9, .85, user));
    fdml_arena_close(&arena);
}

Test(explain_simulate, groups_without_numbers)
{
    const double box[] = { .8, NAN, .9, .86 }, good[] = { .95, NAN, .75, .83 };
    const double alone[] = { .8, NAN, .8 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_simulation s = make(box, good, 3, &arena);
    cr_expect(isnan(s.group[1].explained) && isnan(s.group[1].alone));
    cr_expect_str_eq(s.group[1].why, "too few");
    cr_expect(s.gap.best == 2 && s.gap.worst == 0 && !s.step);
    s = make(alone, alone, 2, &arena);
    cr_expect(isnan(s.gap.explained) && s.gap.best == UINT32_MAX && !s.step);
    fdml_arena_close(&arena);
}

/* What --define tells is what is computed. */
Test(explain_simulate, the_six_probabilities_are_told)
{
    const fdml_simulation_user *u = &fdml_simulation_paper_user;
    const double p[] = {
        u->none[0], u->none[1], u->poor[0], u->poor[1], u->good[0], u->good[1]
    };
    const char *text = fdml_study_define("simulate");
    cr_assert_not_null(text);
    cr_assert_eq(text, fdml_study_define("decision"));
    cr_assert_eq(text, fdml_study_define("decisions"));
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        char digits[16];
        snprintf(digits, sizeof digits, "%.4f", p[i]);
        cr_expect(strstr(text, digits + 1), "%s", digits);
    }
}
