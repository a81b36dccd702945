/* test_explain_report.c - the views of a made-up study of explanations, and the hash that names
 * it. What numbers are is measured elsewhere; here they stand where they should, once, and
 * names from the data do no harm.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "eval/report_tables.h"
#include "explain/study_tables.h"
#include "study_world.h"

enum { TEXT_MAX = 1 << 20 };

static study_world w;
static fdml_arena arena;
static char text[TEXT_MAX];

static void set_up(void)
{
    study_world_make(&w, &arena);
    fdml_study_hash(w.report.result_sha256, &w.study);
}

static void tear_down(void)
{
    fdml_arena_close(&arena);
}

TestSuite(explain_report, .init = set_up, .fini = tear_down);

static const char *render(fdml_study_view *view)
{
    fdml_error err;
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    cr_assert_eq(view(file, &w.report, &arena, &err), FDML_OK);
    rewind(file);
    const size_t n = fread(text, 1, TEXT_MAX - 1, file);
    cr_assert_lt(n, (size_t)TEXT_MAX - 1);
    text[n] = 0;
    fclose(file);
    return text;
}

static size_t longest_line(const char *at)
{
    size_t longest = 0;
    while (*at) {
        char line[4096];
        const size_t n = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, at);
        if (fdml_text_width(line) > longest) longest = fdml_text_width(line);
        at += n + (at[n] != 0);
    }
    return longest;
}

static size_t count(const char *where, const char *what)
{
    size_t n = 0;
    for (; (where = strstr(where, what)); where += strlen(what)) n++;
    return n;
}

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

Test(explain_report, text_is_readable_in_100_columns)
{
    render(fdml_study_text);
    cr_assert_leq(longest_line(text), 100u, "%zu columns", longest_line(text));
    cr_assert(!strchr(text, '\033'), "no control character of a name reaches the terminal");
    cr_assert(strstr(text, "insufficient data (n="));
    cr_assert(strstr(text, "result_sha256 "));
    /* head, answer, a black box, its tables, what belongs to the study, notes: in this order */
    static const char *const order[] = {
        "income & more is >50K in ",
        "Are explanations equally faithful",
        "tested gaps of explanations can be told from chance at 5%",
        "Black box logistic: ",
        "logistic: how good the black box itself is",
        "logistic: gaps between groups in how good",
        "logistic: fidelity on all test rows",
        "logistic: gaps between groups in fidelity",
        "logistic: accuracy of explanations by group",
        "logistic: AUROC of explanations by group",
        "logistic: residual of explanations by group",
        "logistic: changes against the baseline",
        "logistic: probability that a reader",
        "Black box mlp: ",
        "how well features tell a group",
        "max_gap(mlp/lime.accuracy, sex) > 0.02",
        "Warnings",
        "Methods",
        "What the numbers are",
        "Settings: "
    };
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = strstr(at, order[i]);
        cr_assert(at != NULL, "'%s' is missing, or not in its place", order[i]);
    }
}

/* A cell is the study's number with its spread and mark. */
Test(explain_report, a_gap_stands_with_its_spread_group_and_interval)
{
    const fdml_fidelity_gap *gap =
        &w.fidelity[1][0][0].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MAX];
    char cell[128], interval[128], sd[16];
    snprintf(sd, sizeof sd, "%.3f", gap->sd);
    snprintf(cell, sizeof cell, "%.4f ± %s*", gap->e.value, sd + 1);
    snprintf(interval, sizeof interval, "[%.4f, %.4f]", gap->e.lo, gap->e.hi);
    const char *table = strstr(render(fdml_study_text), "mlp: gaps between groups");
    const char *row = table ? strstr(table, "\n  lime ") : NULL;
    cr_assert(row != NULL);
    const char *end = strchr(row + 1, '\n'), *at = strstr(row, cell);
    cr_assert(at && at < end, "%s is not in the row of lime", cell);
    cr_assert(strstr(row, "Female") && strstr(row, "Female") < end);
    cr_assert(strstr(end, interval) && strstr(end, interval) < strchr(end + 1, '\n'));
    /* one seed has no spread, and nothing is said of one */
    w.options.n_seeds = 1;
    for (size_t i = 0; i < STUDY_BOXES * STUDY_METHODS * STUDY_ATTRIBUTES; i++) {
        fdml_fidelity *f = &w.fidelity[0][0][0] + i;
        for (size_t k = 0; k < FDML_FIDELITIES * FDML_FIDELITY_GAPS; k++)
            f->gap[k / FDML_FIDELITY_GAPS][k % FDML_FIDELITY_GAPS].sd = NAN;
    }
    table = strstr(render(fdml_study_text), "mlp: gaps between groups");
    cr_assert(!strstr(render(fdml_study_text), "standard deviation over 1"));
    snprintf(cell, sizeof cell, "%.4f*", gap->e.value);
    cr_assert(strstr(table, cell));
}

Test(explain_report, the_answer_names_who_is_worse_off)
{
    const char *const *sentence;
    size_t n, n_exact = 0, n_worse = 0, n_changed = 0, n_none = 0;
    cr_assert(fdml_study_verdict(&sentence, &n, &w.report, &arena));
    cr_assert(
        strstr(sentence[0],
               " of 144 tested gaps of explanations can be told from chance at 5% (Holm)."));
    for (size_t i = 0; i < n; i++) {
        n_exact += !strncmp(sentence[i], "shap: with all features", 23);
        n_worse += strstr(sentence[i], "mlp, lime: accuracy for Female (sex) is ") != NULL;
        n_changed += strstr(sentence[i], "mlp, lime:jtt10 less lime: ") != NULL;
        n_none += strstr(sentence[i], "logistic: no gap of tree can be told") != NULL;
        cr_assert(!strstr(sentence[i], "shap less"), "what is so by construction is no change");
    }
    cr_assert(n_exact == 1 && n_worse == 1 && n_changed == 1 && n_none == 1);
    /* with k features SHAP is a method like others */
    w.method[2].n_kept = 2;
    cr_assert(fdml_study_verdict(&sentence, &n, &w.report, &arena));
    for (size_t i = 0; i < n; i++) cr_assert(!strstr(sentence[i], "by construction"));
}

/* A gap of the black box itself, for the target, is told as well, and only if it is one. */
Test(explain_report, the_answer_tells_of_unequal_black_boxes)
{
    const char *const *sentence;
    size_t n, n_own = 0;
    fdml_fidelity_gap *gap = &w.quality[1][0].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MAX];
    cr_assert(fdml_study_verdict(&sentence, &n, &w.report, &arena));
    for (size_t i = 0; i < n; i++) cr_assert(!strstr(sentence[i], " itself, for the target"));
    gap->p_holm = .03;
    cr_assert(fdml_study_verdict(&sentence, &n, &w.report, &arena));
    for (size_t i = 0; i < n; i++)
        n_own += !strncmp(sentence[i], "mlp itself, for the target: accuracy for ", 41);
    cr_assert_eq(n_own, 1);
    cr_assert(strstr(render(fdml_study_text), "mlp: gaps between groups in how good"));
}

Test(explain_report, an_answer_without_tests_is_no_answer)
{
    const char *const *sentence;
    size_t n;
    for (size_t i = 0; i < STUDY_BOXES * STUDY_METHODS * STUDY_ATTRIBUTES; i++)
        for (size_t k = 0; k < FDML_FIDELITIES * FDML_FIDELITY_GAPS; k++)
            (&w.fidelity[0][0][0] + i)
                ->gap[k / FDML_FIDELITY_GAPS][k % FDML_FIDELITY_GAPS]
                .p_holm = NAN;
    cr_assert(fdml_study_verdict(&sentence, &n, &w.report, &arena));
    cr_assert_str_eq(sentence[0], "No gap was tested.");
    for (size_t i = 0; i < n; i++) cr_assert(!strstr(sentence[i], "no gap of"));
}

Test(explain_report, choices_are_told_seed_by_seed)
{
    const char *words = fdml_study_box_words(&w.study, 1, &arena);
    cr_assert_str_eq(words,
                     "a network with one hidden layer, 50 units (seed 1), 100 units "
                     "(seeds 2, 3); trained on as many rows of either target; trained on "
                     "as many rows of each group of sex; tree: depth 3 (seeds 1, 3), "
                     "depth 4 (seed 2)");
    w.box[0].choice = NULL;
    cr_assert(!strncmp(fdml_study_box_words(&w.study, 0, &arena), "from outside; tree:", 19));
    cr_assert_str_eq(fdml_study_baseline(&w.study, 1, &arena), "lime");
    w.options.baseline = SIZE_MAX;
    w.options.baseline_source = 0;
    cr_assert_str_eq(fdml_study_baseline(&w.study, 1, &arena), "lime:jtt10 on logistic");
}

Test(explain_report, markdown_and_latex_escape_names)
{
    render(fdml_study_md);
    cr_assert(strstr(text, "ra\\|ce \\<i\\>"));
    cr_assert(strstr(text, "Black \\& co\\_"));
    cr_assert(!strchr(text, '\033') && !strstr(text, "<i>"));
    render(fdml_study_latex);
    cr_assert(strstr(text, "Black \\& co\\_"));
    cr_assert(strstr(text, "ra\\textbar{}ce \\textless{}i\\textgreater{}"));
    cr_assert_eq(count(text, "\\begin{table}"), count(text, "\\end{table}"));
}

Test(explain_report, every_key_is_defined_and_known)
{
    const char *key[FDML_STUDY_MOST_KEYS];
    const size_t n = fdml_study_keys(key, &w.study);
    cr_assert_leq(n, (size_t)FDML_STUDY_MOST_KEYS);
    for (size_t i = 0; i < n; i++) cr_assert(fdml_study_define(key[i]), "%s", key[i]);
    size_t n_defined = 0;
    for (const char *k; (k = fdml_study_define_key(n_defined)); n_defined++)
        cr_assert(strstr(fdml_study_define(k), "[paper]") ||
                      strstr(fdml_study_define(k), "ours]"),
                  "%s does not say whose it is", k);
    cr_assert(n_defined >= n);
    cr_assert(fdml_study_define("fidelity") == NULL);
}

static bool is_told(const char *wanted)
{
    const char *key[FDML_STUDY_MOST_KEYS];
    const size_t n = fdml_study_keys(key, &w.study);
    size_t n_told = 0;
    cr_assert_leq(n, (size_t)FDML_STUDY_MOST_KEYS);
    for (size_t i = 0; i < n; i++) n_told += !strcmp(key[i], wanted);
    cr_assert_leq(n_told, 1u);
    return n_told == 1;
}

/* Whatever a method's text may have is defined, and told of where a method has it. */
Test(explain_report, settings_are_defined_and_told_where_used)
{
    const char *setting;
    size_t n_settings = 0;
    for (size_t m = 0; m < STUDY_METHODS; m++) w.method[m].given = 0;
    for (size_t b = 0; b < STUDY_BOXES; b++) w.source[b].balances_groups = false;
    for (; (setting = fdml_method_setting(n_settings)); n_settings++) {
        cr_assert_not_null(fdml_study_define(setting), "%s", setting);
        cr_expect(!is_told(setting), "%s", setting);
        w.method[0].given = 1u << n_settings;
        cr_expect(is_told(setting), "%s", setting);
        w.method[0].given = 0;
    }
    cr_assert_eq(n_settings, 11u);
    w.source[0].balances_groups = true;
    cr_expect(is_told("balanced"));
}

Test(explain_report, hash_follows_numbers_alone)
{
    char other[FDML_SHA256_HEX];
    w.study.n_warnings = 0;
    w.fidelity[0][0][1].overall[0].e.why = "another wording";
    fdml_study_hash(other, &w.study);
    cr_assert_str_eq(other, w.report.result_sha256);
    double *number[] = { &w.fidelity[1][3][2].gap[2][1].p_holm,
                         &w.quality[0][1].overall[1].sd,
                         &w.changed[1][1][0][0].p,
                         &w.information[1].auroc[1].lo,
                         &w.simulation[0][1][0].gap.even,
                         &w.choice[1][2].loss };
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        const double was = *number[i];
        *number[i] = nextafter(was, 2);
        fdml_study_hash(other, &w.study);
        cr_assert_str_neq(other, w.report.result_sha256, "number %zu is not covered", i);
        *number[i] = was;
    }
    fdml_study_hash(other, &w.study);
    cr_assert_str_eq(other, w.report.result_sha256);
}

Test(explain_report, no_memory_is_an_error)
{
    static fdml_study_view *const view[] = { fdml_study_text, fdml_study_md, fdml_study_latex,
                                             fdml_study_json };
    fdml_error err;
    for (size_t i = 0; i < sizeof view / sizeof *view; i++) {
        fdml_arena small;
        FILE *file = tmpfile();
        cr_assert(file != NULL);
        fdml_arena_init(&small, 64);
        cr_assert_eq(view[i](file, &w.report, &small, &err), FDML_E_NOMEM);
        fdml_arena_close(&small);
        fclose(file);
    }
}
