/* test_eval_gate.c - gates: the grammar by sentences of numbers, whose truth is plain; every
 * quantity against the audit's own number; what cannot be decided; messages.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/comparison.h"
#include "eval/gate.h"
#include "eval_world.h"
#include "scratch.h"

static fdml_arena arena;
static fdml_error err;

static fdml_truth judge(const char *text, const fdml_audit_result *result)
{
    const fdml_gate *gate;
    fdml_gate_outcome outcome;
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK, "%s: %s", text, err.text);
    cr_assert_eq(fdml_gate_judge(&outcome, gate, result, &arena, &err), FDML_OK);
    return outcome.holds;
}

Test(eval_gate, sentences_of_numbers)
{
    static const fdml_audit_result nothing;
    static const struct {
        const char *text;
        fdml_truth holds;
    } c[] = {
        { "1 < 2", FDML_TRUE },
        { "2 < 1", FDML_FALSE },
        { "1<=1", FDML_TRUE },
        { "1 >= 2", FDML_FALSE },
        { "2>1", FDML_TRUE },
        { "1 == 1.0", FDML_TRUE },
        { "1 != 1", FDML_FALSE },
        { "-.5 < 1e-3", FDML_TRUE },
        { "\t1\n<\r2 ", FDML_TRUE },
        /* T or T and F is T or (T and F) */
        { "1 < 2 or 1 < 2 and 2 < 1", FDML_TRUE },
        { "(1 < 2 or 1 < 2) and 2 < 1", FDML_FALSE },
        { "2 < 1 and 2 < 1 or 1 < 2", FDML_TRUE },
        { "2 < 1 and (2 < 1 or 1 < 2)", FDML_FALSE },
        /* not binds tighter than and, or */
        { "not 1 < 2 or 1 < 2", FDML_TRUE },
        { "not (1 < 2 or 1 < 2)", FDML_FALSE },
        { "not 2 < 1 and 2 < 1", FDML_FALSE },
        { "not not 1 < 2", FDML_TRUE },
        { "((((1 < 2))))", FDML_TRUE },
        { "1 < 2 and 1 < 2 and 1 < 2 and 2 < 1", FDML_FALSE },
    };
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        cr_expect_eq(judge(c[i].text, &nothing), c[i].holds, "%s", c[i].text);
    fdml_arena_close(&arena);
}

Test(eval_gate, clauses_are_cut_from_the_text)
{
    static const fdml_audit_result nothing;
    const fdml_gate *gate;
    fdml_gate_outcome o;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_gate_parse(&gate, " not ( 1 <2 ) or  3 >= 4 and 5 != 5 ", &arena, &err),
                 FDML_OK);
    cr_assert_eq(fdml_gate_judge(&o, gate, &nothing, &arena, &err), FDML_OK);
    cr_assert_eq(o.n_clauses, 3);
    cr_expect_str_eq(o.clauses[0].text, "1 <2");
    cr_expect_str_eq(o.clauses[1].text, "3 >= 4");
    cr_expect_str_eq(o.clauses[2].text, "5 != 5");
    cr_expect(o.clauses[1].left == 3 && o.clauses[1].right == 4);
    cr_expect_eq(o.clauses[1].holds, FDML_FALSE);
    cr_expect(isnan(o.clauses[1].lo) && !o.clauses[1].why);
    fdml_arena_close(&arena);
}

Test(eval_gate, syntax_errors_say_where)
{
    static const struct {
        const char *text, *message;
    } c[] = {
        { "",
          "column 1: expected a number or a value such as gap(METRIC, COLUMN), found the end" },
        { "1", "column 2: expected a relation such as <, found the end" },
        { "1 < 2 3", "column 7: expected 'and', 'or' or the end, found '3'" },
        { "1 = 2", "column 3: '=' is no relation; write ==" },
        { "1 => 2", "column 3: '=>' is no relation; write >=" },
        { "1 =< 2", "column 3: '=<' is no relation; write <=" },
        { "1 <> 2", "column 3: '<>' is no relation; write !=" },
        { "1 ! 2", "column 3: '!' is no relation; write !=" },
        { "1 < 2)", "column 6: expected 'and', 'or' or the end, found ')'" },
        { "(1 < 2", "column 7: expected 'and', 'or' or ')', found the end" },
        { "mrr[g] < 1", "column 6: expected '=' and a value of the column, found ']'" },
        { "mrr[g=1 < 1", "column 9: expected ',' or ']', found '<'" },
        { "gap(mrr) < 1", "column 8: expected ',' and a group column, found ')'" },
        { "gap(mrr, ) < 1", "column 10: expected a group column, found ')'" },
        { "versus(mrr) < 1",
          "column 11: expected '[' and a group, such as [gender=F], found ')'" },
        { "p < 1",
          "column 1: p of what? No gap or change stands before it; write p(gap(...))" },
        { "mrr < 1 and p < 1",
          "column 13: p of what? No gap or change stands before it; write p(gap(...))" },
        { "p(mrr) < 1", "column 1: only gaps and changes have a p" },
        { "p(other(mrr)) < 1", "column 1: only gaps and changes have a p" },
        { "detectable(mrr) < 1",
          "column 1: detectable is of a change: detectable(change(...))" },
        { "change(ratio(mrr, g)) < 1",
          "column 1: change and other are of a metric, a group's or a gap" },
        { "'mrr < 1", "column 1: the quote ' is not closed" },
        /* columns are characters, and what is found is shown on one line */
        { "mrr['\xc3\xbc\xc3\xb6'=\"a\nb\" 1] < 2",
          "column 16: expected ',' or ']', found '1'" },
        { "mrr \"a\nb\" < 2", "column 5: expected a relation such as <, found '\"a?b\"'" },
    };
    const fdml_gate *gate;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        scratch_expect_error(fdml_gate_parse(&gate, c[i].text, &arena, &err), &err, FDML_E_ARG,
                             c[i].message);
    char text[FDML_GATE_MOST_BYTES + 2];
    memset(text, '(', sizeof text - 1);
    text[sizeof text - 1] = 0;
    scratch_expect_error(fdml_gate_parse(&gate, text, &arena, &err), &err, FDML_E_ARG,
                         "4097 bytes, the limit is 4096");
    scratch_expect_error(fdml_gate_parse(&gate, text + 1, &arena, &err), &err, FDML_E_ARG,
                         "column 65: nested too deeply");
    for (size_t limit = 64; limit < 1600; limit += 64) { /* too little memory at every step */
        fdml_arena small;
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_gate_parse(&gate, "gap(mrr, 'g') > 1 and p < .1", &small, &err);
        cr_expect(status == FDML_OK || status == FDML_E_NOMEM, "%zu", limit);
        fdml_arena_close(&small);
    }
    fdml_arena_close(&arena);
}

Test(eval_gate, what_is_no_number_is_told)
{
    static const struct {
        const char *text, *message;
    } c[] = {
        { "mrr < 90%", "column 7: '90%' is no number here; write 0.9" },
        { "2.5% > mrr", "column 1: '2.5%' is no number here; write 0.025" },
        { "mrr < nan", "column 7: 'nan' is no finite number; write one such as 0.05" },
        { "mrr < -Inf", "column 7: '-Inf' is no finite number; write one such as 0.05" },
        { "mrr < 1e400", "column 7: '1e400' is no finite number; write one such as 0.05" },
        { "mrr < .9.5", "column 7: '.9.5' is no number; write one such as 0.05" },
        { "mrr < 0x5", "column 7: '0x5' is no number; write one such as 0.05" },
    };
    const fdml_gate *gate;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        scratch_expect_error(fdml_gate_parse(&gate, c[i].text, &arena, &err), &err, FDML_E_DATA,
                             c[i].message);
    /* paths and quoted names are names */
    cr_expect_eq(fdml_gate_parse(&gate, "3layers/x.accuracy < .5", &arena, &err), FDML_OK);
    cr_expect_eq(fdml_gate_parse(&gate, "'nan' < .5", &arena, &err), FDML_OK);
    fdml_arena_close(&arena);
}

/* A world with two attributes, a second model, and a group too small for numbers. */
static void make_world(eval_world *w, fdml_audit_result *r)
{
    static fdml_audit_other other;
    static const char *levels[] = { "it's", "F" };
    eval_world_make(w, 160, 4, 16, 3, 0.9, 21);
    w->machine.n_threads = 1;
    w->problem.n_attributes = 2;
    w->attribute[0].name = "skin tone";
    w->attribute[1].level = levels;
    w->settings.min_group = 20;
    for (size_t i = 0; i < 160; i++)
        if (w->code[0][i] == 2 && w->code[1][i] == 1 && i % 4) w->code[1][i] = 0;
    float *x = fdml_arena_push(&w->arena, 160 * 4, sizeof *x);
    for (size_t i = 0; i < 160 * 4; i++) x[i] = w->x[i] + (float)(i * 37 % 11) / 20;
    other = (fdml_audit_other){ x, 4, "other" };
    w->settings.other = &other;
    eval_world_metrics(w, "recall_at_1,nmi,alignment_intra,verification,leakage");
    eval_world_audit(r, w);
}

static void expect_equal(const char *quantity, double want, const eval_world *w,
                         const fdml_audit_result *r)
{
    char text[512];
    const fdml_gate *gate;
    snprintf(text, sizeof text, "%s == %.17g", quantity, want);
    cr_assert(!isnan(want), "%s", quantity);
    cr_expect_eq(judge(text, r), FDML_TRUE, "%s", text);
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK);
    cr_expect_eq(fdml_gate_check(gate, &w->problem, &w->settings, &err), FDML_OK, "%s: %s",
                 text, err.text);
}

Test(eval_gate, every_quantity_is_the_audits)
{
    eval_world w;
    fdml_audit_result r;
    fdml_arena_init(&arena, 0);
    make_world(&w, &r);
    const fdml_comparison *c = r.comparison;
    const size_t n = w.settings.n_metrics, intra = eval_metric(&w, "alignment_intra");
    const fdml_estimate *overall = &r.overall[0];
    expect_equal("recall_at_1", overall->value, &w, &r);
    expect_equal("lower(recall_at_1)", overall->lo, &w, &r);
    expect_equal("upper('recall_at_1')", overall->hi, &w, &r);
    expect_equal("change(recall_at_1)", c->overall[0].change.value, &w, &r);
    expect_equal("other(recall_at_1)", c->overall[0].other.value, &w, &r);
    expect_equal("upper(other(recall_at_1))", c->overall[0].other.hi, &w, &r);
    expect_equal("lower(change(alignment_intra))", c->overall[intra].change.lo, &w, &r);
    expect_equal("p(change(alignment_intra))", c->overall[intra].p, &w, &r);
    expect_equal("detectable(change(alignment_intra))", c->overall[intra].detectable, &w, &r);
    /* groups: "skin tone" 0, 1, 2; h it's, F; then the intersections */
    expect_equal("recall_at_1[\"skin tone\"=1]", r.groups[1].metrics[0].value, &w, &r);
    expect_equal("recall_at_1[h='it''s']", r.groups[3].metrics[0].value, &w, &r);
    expect_equal("recall_at_1[h=\"it's\"]", r.groups[3].metrics[0].value, &w, &r);
    expect_equal("versus(recall_at_1[h=F])", r.groups[4].versus[0].value, &w, &r);
    cr_assert_str_eq(r.groups[6].value, "0 x F");
    expect_equal("recall_at_1['skin tone'=0, h=F]", r.groups[6].metrics[0].value, &w, &r);
    expect_equal("recall_at_1[h=F,'skin tone'=0]", r.groups[6].metrics[0].value, &w, &r);
    expect_equal("p_holm(change(alignment_intra[h=F]))", c->groups[4 * n + intra].p_holm, &w,
                 &r);
    /* gaps: by skin tone, by h, by both */
    expect_equal("gap(alignment_intra, h)", r.gaps[n + intra].difference.value, &w, &r);
    expect_equal("ratio(alignment_intra, h)", r.gaps[n + intra].ratio.value, &w, &r);
    expect_equal("p(gap(recall_at_1, 'skin tone'))", r.gaps[0].p, &w, &r);
    expect_equal("gap(recall_at_1, h, 'skin tone')", r.gaps[2 * n].difference.value, &w, &r);
    expect_equal("change(gap(alignment_intra, h))", c->gaps[n + intra].change.value, &w, &r);
    expect_equal("p(change(gap(alignment_intra, h)))", c->gaps[n + intra].p, &w, &r);
    /* parts */
    expect_equal("eer", r.verification.eer.value, &w, &r);
    expect_equal("auc", r.verification.auc.value, &w, &r);
    expect_equal("leakage_logistic('skin tone')", r.leakage[0].logistic.value, &w, &r);
    expect_equal("leakage_knn(h)", r.leakage[1].knn.value, &w, &r);
    expect_equal("upper(leakage(h))",
                 r.leakage[1].knn.value > r.leakage[1].logistic.value
                     ? r.leakage[1].knn.hi
                     : r.leakage[1].logistic.hi,
                 &w, &r);
    eval_world_close(&w);
    fdml_arena_close(&arena);
}

Test(eval_gate, p_is_of_the_nearest_to_the_left)
{
    eval_world w;
    fdml_audit_result r;
    char text[512];
    fdml_arena_init(&arena, 0);
    make_world(&w, &r);
    const size_t n = w.settings.n_metrics;
    snprintf(
        text, sizeof text,
        "gap(recall_at_1, 'skin tone') >= 0 and p == %.17g and gap(recall_at_1, h) >= 0 and "
        "recall_at_1 > 0 and p == %.17g and p_holm == %.17g",
        r.gaps[0].p, r.gaps[n].p, r.gaps[n].p_holm);
    cr_expect_eq(judge(text, &r), FDML_TRUE, "%s", text);
    cr_expect_neq(r.gaps[0].p, r.gaps[n].p);
    eval_world_close(&w);
    fdml_arena_close(&arena);
}

Test(eval_gate, what_cannot_be_decided_fails)
{
    static const struct {
        const char *text;
        fdml_truth holds;
    } c[] = {
        /* a group of too few rows; k-means is not tested against another model */
        { "recall_at_1['skin tone'=2, h=F] < 2", FDML_UNDECIDED },
        { "not recall_at_1['skin tone'=2, h=F] < 2", FDML_UNDECIDED },
        { "p(change(nmi)) < 2", FDML_UNDECIDED },
        { "p_holm(change(nmi)) >= 0 or 2 < 1", FDML_UNDECIDED },
        { "p(change(nmi)) < 2 and 1 < 2", FDML_UNDECIDED },
        { "p(change(nmi)) < 2 and 2 < 1", FDML_FALSE },
        { "2 < 1 and p(change(nmi)) < 2", FDML_FALSE },
        { "p(change(nmi)) < 2 or 1 < 2", FDML_TRUE },
        { "1 < 2 or p(change(nmi)) < 2", FDML_TRUE },
        { "accuracy > 0", FDML_UNDECIDED },
    };
    eval_world w;
    fdml_audit_result r;
    fdml_gate_outcome o;
    const fdml_gate *gate;
    fdml_arena_init(&arena, 0);
    make_world(&w, &r);
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        cr_expect_eq(judge(c[i].text, &r), c[i].holds, "%s", c[i].text);
    cr_assert_eq(fdml_gate_parse(&gate, c[0].text, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_gate_judge(&o, gate, &r, &arena, &err), FDML_OK);
    cr_expect(strstr(o.clauses[0].why, "insufficient data (n="), "%s", o.clauses[0].why);
    cr_assert_eq(fdml_gate_parse(&gate, "p(change(nmi)) < 2", &arena, &err), FDML_OK);
    cr_assert_eq(fdml_gate_judge(&o, gate, &r, &arena, &err), FDML_OK);
    cr_expect_str_eq(o.clauses[0].why, "not tested");
    eval_world_close(&w);
    fdml_arena_close(&arena);
}

static void expect_refused(const char *text, const eval_world *w, fdml_status status,
                           const char *message)
{
    const fdml_gate *gate;
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK, "%s: %s", text, err.text);
    scratch_expect_error(fdml_gate_check(gate, &w->problem, &w->settings, &err), &err, status,
                         message);
}

Test(eval_gate, names_are_those_of_the_data)
{
    eval_world w;
    fdml_audit_result r;
    fdml_arena_init(&arena, 0);
    make_world(&w, &r);
    expect_refused("1 < 2 and recal_at_1 < 2", &w, FDML_E_DATA,
                   "column 11: there is no metric 'recal_at_1'; did you mean recall_at_1?");
    expect_refused("map < 2", &w, FDML_E_DATA,
                   "column 1: among the metrics asked for (-m) there is no 'map'");
    expect_refused("gap(nmi, 'skin tome') < 2", &w, FDML_E_DATA,
                   "column 5: there is no group column 'skin tome'; did you mean skin tone?");
    expect_refused("nmi[h=G] < 2", &w, FDML_E_DATA,
                   "column 1: the group column has no value 'G'");
    expect_refused("nmi[h='a\nb'] < 2", &w, FDML_E_DATA,
                   "column 1: the group column has no value 'a?b'");
    expect_refused("nmi[h=F, h=F] < 2", &w, FDML_E_ARG,
                   "column 1: a group column is named twice");
    expect_refused("leakage(g) < 2", &w, FDML_E_DATA, "column 1: there is no group column 'g'");
    expect_refused("eer[h=F] < 2", &w, FDML_E_ARG,
                   "column 1: of eer, auc and accuracy there are overall values alone");
    for (size_t i = 0; i < w.n_rows; i++) /* now nobody is of both groups */
        if (w.code[0][i] == 1 && w.code[1][i] == 1) w.code[1][i] = 0;
    expect_refused("nmi[h=F, 'skin tone'=1] < 2", &w, FDML_E_DATA,
                   "column 1: no row is in this group");
    w.settings.with_intersections = false;
    expect_refused("gap(nmi, h, 'skin tone') < 2", &w, FDML_E_ARG,
                   "column 5: intersections are switched off");
    w.settings.other = NULL;
    expect_refused("p(change(nmi)) < 2", &w, FDML_E_ARG,
                   "column 10: change and other need a second model (--compare)");
    w.settings.with_leakage = w.settings.with_verification = false;
    expect_refused("auc < 2", &w, FDML_E_ARG,
                   "column 1: eer, auc and accuracy need the metrics' set verification (-m)");
    expect_refused("leakage(h) < 2", &w, FDML_E_ARG,
                   "column 1: leakage needs the metrics' set leakage (-m)");
    eval_world_close(&w);
    fdml_arena_close(&arena);
}

static void expect_accepted(const char *text, const eval_world *w)
{
    const fdml_gate *gate;
    cr_assert_eq(fdml_gate_parse(&gate, text, &arena, &err), FDML_OK, "%s: %s", text, err.text);
    cr_expect_eq(fdml_gate_check(gate, &w->problem, &w->settings, &err), FDML_OK, "%s: %s",
                 text, err.text);
}

Test(eval_gate, what_is_decided_beforehand_is_refused)
{
    static const struct {
        const char *text, *message;
    } refused[] = {
        { "1 < 2", "column 1: there are numbers alone; a gate needs a value that is measured, "
                   "such as gap(METRIC, COLUMN)" },
        { "recall_at_1 < 0", "column 1: this lies from 0 to 1 and so is never < 0" },
        { "recall_at_1 < 95", "column 1: this lies from 0 to 1 and so is always < 95; write "
                              "0.95 for 95%" },
        { "5 < gap(nmi, h)",
          "column 1: this lies from 0 to 1 and so is never > 5; write 0.05 for 5%" },
        { "gap(nmi, h) == 2",
          "column 1: this lies from 0 to 1 and so is never == 2; write 0.02 for 2%" },
        { "not recall_at_1 != 2",
          "column 5: this lies from 0 to 1 and so is always != 2; write 0.02 for 2%" },
        { "versus(recall_at_1[h=F]) < -1",
          "column 1: this lies from -1 to 1 and so is never < -1" },
        { "change(gap(nmi, h)) > 1", "column 1: this lies from -1 to 1 and so is never > 1" },
        { "upper(recall_at_1) >= 0", "column 1: this lies from 0 to 1 and so is always >= 0" },
        { "gap(alignment_intra, h) < 0", "column 1: this is at least 0 and so is never < 0" },
        { "ratio(nmi, h) > 1", "column 1: this lies from 0 to 1 and so is never > 1" },
        { "eer > 1", "column 1: this lies from 0 to 1 and so is never > 1" },
        { "leakage(h) > 70",
          "column 1: this lies from 0 to 1 and so is never > 70; write 0.7 for 70%" },
        { "gap(nmi, h) > .1 and p > 1",
          "column 22: this lies from 0 to 1 and so is never > 1" },
        { "recall_at_1 < .5 and gap(nmi, h) > 5",
          "column 22: this lies from 0 to 1 and so is never > 5; write 0.05 for 5%" },
        { "recall_at_1 < .5 or gap(nmi, h) > 5",
          "column 21: this lies from 0 to 1 and so is never > 5; write 0.05 for 5%" },
        { "nmi < .5 or 1 < 2", "column 13: this comparison always holds" },
    };
    static const char *const accepted[] = {
        "recall_at_1 <= 0", "recall_at_1 >= 1", "gap(nmi, h) == 0", "5 < alignment_intra",
        "alignment_intra < -5", "gap(alignment_intra, h) > 5",
        /* what p alone is of */
        "gap(nmi, h) >= 0 and p < .01", "not (recall_at_1 < .5 and nmi < .5)",
        "recall_at_1 < nmi", "upper(ratio(nmi, h)) > 1", "ratio(alignment_intra, h) < .5"
    };
    eval_world w;
    fdml_audit_result r;
    fdml_arena_init(&arena, 0);
    make_world(&w, &r);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        expect_refused(refused[i].text, &w, FDML_E_DATA, refused[i].message);
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        expect_accepted(accepted[i], &w);
    eval_world_close(&w);
    fdml_arena_close(&arena);
}
