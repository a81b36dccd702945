/* test_explain_report.c - the views of a made-up study of explanations.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "study_world.h"

static study_world w;
static fdml_arena arena;

static void set_up(void)
{
    study_world_make(&w, &arena);
}

static void tear_down(void)
{
    fdml_arena_close(&arena);
}

TestSuite(explain_report, .init = set_up, .fini = tear_down);

Test(explain_report, the_world_is_what_it_says)
{
    const fdml_fidelity *lime = w.fidelity[1][0], *shap = w.fidelity[1][2];
    const fdml_fidelity_gap *gap = &lime[0].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MAX];
    cr_assert(gap->p_holm < 0.05 && gap->worst == 0, "women are worse off, p %g", gap->p_holm);
    cr_assert_eq(shap[0].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MEAN].e.value, 0.0);
    cr_assert(isnan(lime[1].of_group[3 * FDML_FIDELITIES].e.value) &&
              lime[1].of_group[3 * FDML_FIDELITIES].e.why);
    cr_assert_gt(w.attribute[2].n_groups, 6u);
}
