/* test_explain_gate.c - gates of fdml-explain: every quantity against the study's own number,
 * names with all that methods and paths have, what cannot be decided, messages; and that
 * fdml-eval refuses what is not its own.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval_world.h"
#include "explain/study_gate.h"
#include "scratch.h"
#include "study_world.h"

enum { LIME, JTT, SHAP, TREE };
enum { SEX, RACE, BOTH };

static fdml_arena arena;
static fdml_error err;
static study_world w;

static void begin(void)
{
    fdml_arena_init(&arena, 0);
    study_world_make(&w, &arena);
}

static void end(void)
{
    fdml_arena_close(&arena);
}

static fdml_truth judge(const char *text)
{
    const fdml_gate *gate;
    fdml_gate_outcome outcome;
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK, "%s: %s", text, err.text);
    cr_assert_eq(fdml_study_gate_check(gate, &w.table, &w.options, &err), FDML_OK, "%s: %s",
                 text, err.text);
    cr_assert_eq(fdml_study_gate_judge(&outcome, gate, &w.study, &arena, &err), FDML_OK);
    return outcome.holds;
}

static void expect_equal(const char *quantity, double want)
{
    char text[512];
    cr_assert(!isnan(want), "%s", quantity);
    snprintf(text, sizeof text, "%s == %.17g", quantity, want);
    cr_expect_eq(judge(text), FDML_TRUE, "%s", text);
}

Test(explain_gate, every_quantity_is_the_studys, .init = begin, .fini = end)
{
    const fdml_fidelity *lime = w.fidelity[1][LIME], *tree = w.fidelity[0][TREE];
    const fdml_fidelity_value *women = &lime[SEX].of_group[0 * FDML_FIDELITIES];
    const fdml_fidelity_gap *mean = &lime[SEX].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MEAN];
    const fdml_fidelity_gap *most = &lime[RACE].gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX];
    expect_equal("mlp/lime.accuracy", lime[0].overall[FDML_FIDELITY_ACCURACY].e.value);
    expect_equal("lower(mlp/lime.auroc)", lime[0].overall[FDML_FIDELITY_AUROC].e.lo);
    expect_equal("upper('logistic/tree.residual')",
                 tree[0].overall[FDML_FIDELITY_RESIDUAL].e.hi);
    expect_equal("mlp/lime.accuracy[sex=Female]", women[FDML_FIDELITY_ACCURACY].e.value);
    expect_equal("lower(mlp/lime.residual[sex=Female])", women[FDML_FIDELITY_RESIDUAL].e.lo);
    expect_equal("versus(mlp/lime.auroc['ra|ce <i>'=White])",
                 lime[RACE].behind[1 * FDML_FIDELITIES + FDML_FIDELITY_AUROC].e.value);
    expect_equal("gap(mlp/lime.accuracy, sex)", mean->e.value);
    expect_equal("p(gap(mlp/lime.accuracy, sex))", mean->p);
    expect_equal("p_holm(gap(mlp/lime.accuracy, sex))", mean->p_holm);
    expect_equal("max_gap(mlp/lime.auroc, 'ra|ce <i>')", most->e.value);
    expect_equal("upper(max_gap(mlp/lime.auroc, 'ra|ce <i>'))", most->e.hi);
    expect_equal("p(max_gap(mlp/lime.auroc, 'ra|ce <i>'))", most->p);
    cr_expect_neq(mean->e.value, most->e.value);
}

Test(explain_gate, p_alone_is_of_the_nearest_gap, .init = begin, .fini = end)
{
    char text[512];
    const fdml_fidelity_gap(*gap)[FDML_FIDELITY_GAPS] = w.fidelity[1][LIME][RACE].gap;
    snprintf(text, sizeof text,
             "gap(mlp/lime.accuracy, sex) >= 0 and max_gap(mlp/lime.auroc, 'ra|ce <i>') > -1 "
             "and p == %.17g and p_holm == %.17g",
             gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX].p,
             gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX].p_holm);
    cr_expect_eq(judge(text), FDML_TRUE, "%s", text);
}

/* Group 0 of the intersection is of the first sex and the first race that are in it. */
Test(explain_gate, intersections_quality_and_information, .init = begin, .fini = end)
{
    const size_t at = 1 * FDML_FIDELITIES + FDML_FIDELITY_ACCURACY;
    cr_assert_str_eq(w.attribute[BOTH].group[1], "Female x White");
    expect_equal("mlp/lime.accuracy[sex=Female, 'ra|ce <i>'=White]",
                 w.fidelity[1][LIME][BOTH].of_group[at].e.value);
    expect_equal("mlp/lime.accuracy['ra|ce <i>'=White,sex=Female]",
                 w.fidelity[1][LIME][BOTH].of_group[at].e.value);
    expect_equal("gap(mlp/lime.accuracy, 'ra|ce <i>', sex)",
                 w.fidelity[1][LIME][BOTH].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MEAN].e.value);
    expect_equal("mlp/quality.auroc", w.quality[1][0].overall[FDML_FIDELITY_AUROC].e.value);
    expect_equal("logistic/quality.accuracy[sex=Male]",
                 w.quality[0][SEX].of_group[FDML_FIDELITIES + FDML_FIDELITY_ACCURACY].e.value);
    expect_equal("max_gap(mlp/quality.auroc, sex)",
                 w.quality[1][SEX].gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX].e.value);
    expect_equal("information(sex)", w.information[0].auroc[1].value);
    expect_equal("lower(information(sex))", w.information[0].auroc[1].lo);
    double most = 0; /* the last group is too small: it has no number */
    for (size_t i = 1; i < STUDY_INFORMATION; i++) {
        most = fmax(most, w.information[i].auroc[0].value);
        most = fmax(most, w.information[i].auroc[1].value);
    }
    cr_assert(isnan(w.information[STUDY_INFORMATION - 1].auroc[0].value));
    expect_equal("information('ra|ce <i>')", most);
}

Test(explain_gate, changes_are_against_the_baseline, .init = begin, .fini = end)
{
    const fdml_fidelity_change *c = w.change[1][JTT];
    expect_equal("change(mlp/lime:jtt10.accuracy)", c[0].overall[0].e.value);
    expect_equal("p(change(mlp/lime:jtt10.accuracy))", c[0].overall[0].p);
    expect_equal("lower(change(mlp/lime:jtt10.auroc[sex=Female]))",
                 c[SEX].of_group[FDML_FIDELITY_AUROC].e.lo);
    expect_equal("change(gap(mlp/lime:jtt10.auroc, sex))",
                 c[SEX].gap[FDML_FIDELITY_AUROC][FDML_GAP_MEAN].e.value);
    expect_equal("change(max_gap(mlp/lime:jtt10.auroc, 'ra|ce <i>'))",
                 c[RACE].gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX].e.value);
    expect_equal("p_holm(change(max_gap(mlp/lime:jtt10.auroc, sex)))",
                 c[SEX].gap[FDML_FIDELITY_AUROC][FDML_GAP_MAX].p_holm);
}

Test(explain_gate, names_are_taken_unquoted, .init = begin, .fini = end)
{
    w.source[0].name = "models/credit+v2.onnx";
    w.method[TREE].text = "lime:sigma0.1:n1000";
    expect_equal("models/credit+v2.onnx/lime:sigma0.1:n1000.auroc",
                 w.fidelity[0][TREE][0].overall[FDML_FIDELITY_AUROC].e.value);
    w.options.n_sources = 1;
    expect_equal("lime:sigma0.1:n1000.auroc",
                 w.fidelity[0][TREE][0].overall[FDML_FIDELITY_AUROC].e.value);
    expect_equal("lime.accuracy", w.fidelity[0][LIME][0].overall[0].e.value);
    expect_equal("quality.residual", w.quality[0][0].overall[FDML_FIDELITY_RESIDUAL].e.value);
}

Test(explain_gate, what_has_no_number_fails, .init = begin, .fini = end)
{
    static const struct {
        const char *text;
        fdml_truth holds;
    } c[] = {
        { "mlp/lime.accuracy['ra|ce <i>'='tiny\n\033[31m'] < 1", FDML_UNDECIDED },
        { "not mlp/lime.accuracy['ra|ce <i>'='tiny\n\033[31m'] < 1", FDML_UNDECIDED },
        { "mlp/lime.accuracy['ra|ce <i>'='tiny\n\033[31m'] < 1 or mlp/lime.accuracy > 1e-9",
          FDML_TRUE },
        { "mlp/lime.accuracy['ra|ce <i>'='tiny\n\033[31m'] < 1 and mlp/lime.accuracy <= 0",
          FDML_FALSE },
        { "mlp/lime.accuracy >= 1", FDML_FALSE },
    };
    const fdml_gate *gate;
    fdml_gate_outcome o;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        cr_expect_eq(judge(c[i].text), c[i].holds, "%s", c[i].text);
    cr_assert_eq(fdml_gate_parse(&gate, c[0].text, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_study_gate_judge(&o, gate, &w.study, &arena, &err), FDML_OK);
    cr_expect(strstr(o.clauses[0].why, "insufficient data (n="), "%s", o.clauses[0].why);
    w.fidelity[1][LIME][SEX].gap[0][FDML_GAP_MAX].p = NAN;
    cr_expect_eq(judge("p(max_gap(mlp/lime.accuracy, sex)) < 1"), FDML_UNDECIDED);
    w.explained[1][JTT].change = NULL;
    cr_expect_eq(judge("change(mlp/lime:jtt10.accuracy) < 1"), FDML_UNDECIDED);
    w.study.n_information = 0;
    cr_expect_eq(judge("information(sex) < 1"), FDML_UNDECIDED);
    w.study.n_attributes = 0;
    cr_expect_eq(judge("mlp/lime.accuracy < 1"), FDML_UNDECIDED);
}

static void expect_refused(const char *text, fdml_status status, const char *message)
{
    const fdml_gate *gate;
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK, "%s: %s", text, err.text);
    scratch_expect_error(fdml_study_gate_check(gate, &w.table, &w.options, &err), &err, status,
                         message);
}

Test(explain_gate, names_are_those_of_the_study, .init = begin, .fini = end)
{
    expect_refused("1 < 2 and mpl/lime.accuracy < 2", FDML_E_DATA,
                   "column 11: there is no black box 'mpl'; did you mean mlp?");
    expect_refused("mlp/lme.accuracy < 2", FDML_E_DATA,
                   "column 1: there is no method 'lme'; did you mean lime?");
    expect_refused("mlp/lime:jtt11.accuracy < 2", FDML_E_DATA,
                   "column 1: there is no method 'lime:jtt11'; did you mean lime:jtt10?");
    expect_refused("gap(mlp/lime.accurcy, sex) < 2", FDML_E_DATA,
                   "column 5: there is no measure 'accurcy'; did you mean accuracy?");
    expect_refused("mlp/lime < 2", FDML_E_ARG,
                   "column 1: a METRIC is a method and a measure, such as lime.accuracy");
    expect_refused("lime.accuracy < 2", FDML_E_ARG,
                   "column 1: of which black box? There are several; write mlp/lime.accuracy");
    expect_refused("mlp/lime.accuracy[sx=Male] < 2", FDML_E_DATA,
                   "column 1: there is no group column 'sx'; did you mean sex?");
    expect_refused("mlp/lime.accuracy[sex=Mole] < 2", FDML_E_DATA,
                   "column 1: the group column has no value 'Mole'; did you mean Male?");
    expect_refused("information(job) < 2", FDML_E_DATA,
                   "column 1: there is no group column 'job'");
    expect_refused("gap(mlp/lime.accuracy, sex, sex) < 2", FDML_E_ARG,
                   "column 5: a group column is named twice");
    for (size_t i = 0; i < STUDY_ROWS; i++) /* the last race is in training rows alone */
        if (w.part[i] == FDML_PART_TEST && w.protected_code[1][i] == 3)
            w.protected_code[1][i] = 0;
    expect_refused("mlp/lime.accuracy['ra|ce <i>'='tiny\n\033[31m'] < 2", FDML_E_DATA,
                   "column 1: no test row is in this group");
}

Test(explain_gate, what_is_not_computed_is_refused, .init = begin, .fini = end)
{
    expect_refused("change(mlp/lime.accuracy) < 2", FDML_E_ARG,
                   "column 8: change: this is the baseline itself");
    expect_refused("change(mlp/quality.accuracy) < 2", FDML_E_ARG,
                   "column 8: change is of an explanation, not of quality");
    expect_refused("ratio(mlp/lime.accuracy, sex) < 2", FDML_E_ARG,
                   "column 7: ratio is of fdml-eval; here are gap and max_gap");
    expect_refused("leakage(sex) < 2", FDML_E_ARG,
                   "column 1: leakage is of fdml-eval; here is information");
    expect_refused("other(mlp/lime.accuracy) < 2", FDML_E_ARG,
                   "column 7: other is of fdml-eval; a method is named by itself");
    expect_refused("detectable(change(mlp/shap.accuracy)) < 2", FDML_E_ARG,
                   "column 19: detectable is of fdml-eval");
    w.options.baseline = SIZE_MAX; /* a baseline of either kind will do */
    w.options.baseline_source = 0;
    cr_expect_eq(judge("change(mlp/shap.accuracy) < 1"), FDML_TRUE);
    expect_refused("change(logistic/shap.accuracy) < 2", FDML_E_ARG,
                   "column 8: change: this is the baseline itself");
    w.options.baseline = w.options.baseline_source = SIZE_MAX;
    expect_refused("change(mlp/shap.accuracy) < 2", FDML_E_ARG,
                   "column 8: change needs a baseline (--compare)");
    w.options.with_information = w.options.with_intersections = false;
    expect_refused("information(sex) < 2", FDML_E_ARG,
                   "column 1: information about groups is not asked for (--information)");
    expect_refused("gap(mlp/lime.accuracy, sex, 'ra|ce <i>') < 2", FDML_E_ARG,
                   "column 5: intersections are switched off");
}

Test(explain_gate, what_is_decided_beforehand_is_refused, .init = begin, .fini = end)
{
    static const char never_5[] =
        "column 1: this lies from 0 to 1 and so is never > 5; write 0.05 for 5%";
    expect_refused("1 < 2", FDML_E_DATA,
                   "column 1: there are numbers alone; a gate needs a value that is measured, "
                   "such as gap(METRIC, COLUMN)");
    expect_refused("gap(mlp/lime.accuracy, sex) > 5", FDML_E_DATA, never_5);
    expect_refused("information(sex) > 5", FDML_E_DATA, never_5);
    expect_refused("max_gap(mlp/lime.auroc, sex) > 5", FDML_E_DATA,
                   "column 1: this lies from -1 to 1 and so is never > 5; write 0.05 for 5%");
    expect_refused("versus(mlp/lime.accuracy[sex=Male]) < -1", FDML_E_DATA,
                   "column 1: this lies from -1 to 1 and so is never < -1");
    expect_refused("change(max_gap(mlp/shap.accuracy, sex)) > 3", FDML_E_DATA,
                   "column 1: this lies from -2 to 2 and so is never > 3; write 0.03 for 3%");
    expect_refused("mlp/tree.residual > 1", FDML_E_DATA,
                   "column 1: this lies from -1 to 1 and so is never > 1");
    expect_refused("gap(mlp/quality.residual, sex) > 2", FDML_E_DATA,
                   "column 1: this lies from 0 to 2 and so is never > 2; write 0.02 for 2%");
    expect_refused("gap(mlp/lime.residual, sex) < 0", FDML_E_DATA,
                   "column 1: this is at least 0 and so is never < 0");
    expect_refused("lower(mlp/lime.accuracy) < 0", FDML_E_DATA,
                   "column 1: this lies from 0 to 1 and so is never < 0");
    /* e of LIME may lie outside of 0 to 1 */
    judge("mlp/lime.residual > 1");
    judge("gap(mlp/lime.residual, sex) > 5");
    judge("max_gap(mlp/lime.accuracy, sex) < 0");
}

Test(explain_gate, a_measure_alone_needs_its_method, .init = begin, .fini = end)
{
    expect_refused("accuracy < .9", FDML_E_DATA,
                   "column 1: accuracy of which method? Write logistic/lime.accuracy");
    expect_refused("gap(mlp/auroc, sex) > .1", FDML_E_DATA,
                   "column 5: auroc of which method? Write mlp/lime.auroc");
    w.options.n_sources = 1;
    expect_refused("residual < .9", FDML_E_DATA,
                   "column 1: residual of which method? Write lime.residual");
}

Test(explain_gate, fdml_eval_has_others)
{
    static const char *const text[] = { "max_gap(recall_at_1, g) < 2", "information(g) < 2",
                                        "change(max_gap(recall_at_1, g)) < 2" };
    static const char *const message[] = {
        "column 9: max_gap and information are of fdml-explain",
        "column 1: max_gap and information are of fdml-explain",
        "column 16: max_gap and information are of fdml-explain"
    };
    eval_world e;
    const fdml_gate *gate;
    eval_world_make(&e, 60, 4, 6, 2, 0.9, 3);
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(fdml_gate_parse(&gate, text[i], &arena, &err), FDML_OK);
        scratch_expect_error(fdml_gate_check(gate, &e.problem, &e.settings, &err), &err,
                             FDML_E_ARG, message[i]);
    }
    eval_world_close(&e);
    fdml_arena_close(&arena);
}
