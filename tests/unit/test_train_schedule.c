/* test_train_schedule.c - factors of steps, against PyTorch's schedulers and by hand.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>

#include "train/schedule.h"

#include "scratch.h"
#include "torch_optim.h"

static void expect_factors(const fdml_schedule *s, const double want[30])
{
    cr_assert_eq(fdml_schedule_check(s, "lr", NULL), FDML_OK);
    for (uint64_t step = 0; step < 30; step++) /* PyTorch multiplies on: an error a step */
        cr_assert_float_eq(fdml_schedule_factor(s, step), want[step], 1e-14, "step %d",
                           (int)step);
}

Test(train_schedule, has_the_factors_of_pytorch)
{
    const uint64_t milestone[] = { 4, 10, 11 };
    const fdml_schedule warmup = { .warmup = 5, .warmup_from = 0.2 };
    const fdml_schedule step = {
        .kind = FDML_SCHEDULE_STEP, .gamma = 0.3, .milestone = milestone, .n_milestones = 3
    };
    fdml_schedule cosine = { .kind = FDML_SCHEDULE_COSINE, .n_steps = 29, .floor = 0.05 };
    expect_factors(&warmup, torch_schedule_warmup);
    expect_factors(&step, torch_schedule_step);
    expect_factors(&cosine, torch_schedule_cosine);
    cr_assert_eq(fdml_schedule_factor(&cosine, 1000), 0.05);
    cosine.warmup = 5, cosine.warmup_from = 0.2;
    expect_factors(&cosine, torch_schedule_warm_cosine);
}

Test(train_schedule, starts_late_and_warms_up_from_nothing)
{
    const fdml_schedule always = { 0 }, late = { .start = 3, .warmup = 4 };
    const double want[] = { 0, 0, 0, 0, 0.25, 0.5, 0.75, 1, 1 };
    for (uint64_t step = 0; step < 9; step++) {
        cr_assert_eq(fdml_schedule_factor(&always, step), 1);
        cr_assert_eq(fdml_schedule_factor(&late, step), want[step]);
    }
}

Test(train_schedule, names_what_is_out_of_range)
{
    fdml_error err;
    const uint64_t milestone[] = { 7, 7 };
    fdml_schedule s = { .warmup_from = 1.5 };
    scratch_expect_error(fdml_schedule_check(&s, "lr", &err), &err, FDML_E_ARG,
                         "lr: warmup_from is 1.5, expected 0 to 1");
    s = (fdml_schedule){ .kind = FDML_SCHEDULE_STEP, .gamma = NAN };
    scratch_expect_error(fdml_schedule_check(&s, "lr", &err), &err, FDML_E_ARG,
                         "lr: gamma is nan, expected above 0, at most 1");
    s.gamma = 0.1, s.milestone = milestone, s.n_milestones = 2;
    scratch_expect_error(fdml_schedule_check(&s, "rho", &err), &err, FDML_E_ARG,
                         "rho: milestone 7 follows 7");
    s = (fdml_schedule){ .kind = FDML_SCHEDULE_COSINE, .n_steps = 9, .start = 4, .warmup = 5 };
    scratch_expect_error(fdml_schedule_check(&s, "lr", &err), &err, FDML_E_ARG,
                         "lr: a cosine of 9 steps begins at step 9");
    s = (fdml_schedule){ .start = UINT64_MAX, .warmup = 1 };
    cr_assert_eq(fdml_schedule_check(&s, "lr", NULL), FDML_E_ARG);
}

Test(train_schedule, has_names)
{
    fdml_error err;
    fdml_schedule_kind kind;
    for (int i = 0; i < FDML_SCHEDULE_COUNT; i++) {
        cr_assert_eq(
            fdml_schedule_parse(&kind, fdml_schedule_name((fdml_schedule_kind)i), NULL),
            FDML_OK);
        cr_assert_eq((int)kind, i);
    }
    scratch_expect_error(fdml_schedule_parse(&kind, "linear", &err), &err, FDML_E_ARG,
                         "schedule 'linear' is none of: constant, step, cosine");
}
