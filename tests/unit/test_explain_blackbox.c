/* test_explain_blackbox.c - black boxes against scikit-learn, and those from outside.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "blackbox_case.h"
#include "explain/blackbox.h"
#include "explain/crossval.h"
#include "explain/logit.h"
#include "scratch.h"

static fdml_error err;
static uint32_t every[CASE_ROWS];
static uint8_t part[CASE_ROWS];

static const char *const letters[] = { "a", fdml_tabular_missing_level, "say \"c\"", "d,e" };
static const fdml_feature features[CASE_FEATURES] = { { "one", FDML_NUMERIC, 0, NULL },
                                                      { "two", FDML_NUMERIC, 0, NULL },
                                                      { "three", FDML_NUMERIC, 0, NULL },
                                                      { "kind", FDML_CATEGORICAL, 4,
                                                        letters } };

static fdml_tabular make_table(void)
{
    for (uint32_t i = 0; i < CASE_ROWS; i++) {
        every[i] = i;
        part[i] = i < CASE_TRAIN ? FDML_PART_TRAIN : FDML_PART_TEST;
    }
    return (fdml_tabular){ .n_rows = CASE_ROWS,
                           .n_features = CASE_FEATURES,
                           .feature = features,
                           .x = blackbox_case_x,
                           .target = blackbox_case_y,
                           .target_name = "bought",
                           .positive = "1",
                           .part = part };
}

static fdml_blackbox_options options_of(fdml_blackbox_kind kind)
{
    return (fdml_blackbox_options){
        .kind = kind, .n_folds = 5, .seed = 1, .workers = { fdml_kernels_best(), 2 }
    };
}

Test(explain_blackbox, folds_are_scikit_learns)
{
    uint8_t fold[CASE_ROWS];
    cr_assert_eq(fdml_folds_stratified(fold, blackbox_case_y, CASE_ROWS, 5, &err), FDML_OK);
    cr_assert_arr_eq(fold, blackbox_case_fold, sizeof fold);
    const uint8_t few[] = { 1, 0, 0, 1, 0, 0, 0, 0, 1, 1 };
    scratch_expect_error(fdml_folds_stratified(fold, few, 10, 5, &err), &err, FDML_E_DATA,
                         "4 training rows of target value 1, expected at least 5 for as many "
                         "folds");
}

Test(explain_blackbox, logistic_objective_is_liblinears)
{
    static const double c[] = { .01, 1, 10 };
    const fdml_tabular t = make_table();
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < 3; i++) {
        fdml_blackbox_options o = options_of(FDML_BLACKBOX_LOGISTIC);
        fdml_blackbox b;
        fdml_blackbox_choice choice;
        o.candidate = &c[i];
        o.n_candidates = 1;
        cr_assert_eq(fdml_blackbox_train(&b, &choice, &t, every, CASE_ROWS, &o, &arena, &err),
                     FDML_OK);
        cr_assert_float_eq(choice.loss, blackbox_case_objective[i],
                           1e-6 * blackbox_case_objective[i], "%g: %.12g", c[i], choice.loss);
        cr_assert(isnan(choice.auroc[0]) && choice.n_rounds < 30, "%u", choice.n_rounds);
    }
    fdml_arena_close(&arena);
}

/* Four points, one input: f' = 0 has a closed form where the points mirror each other: b = 0,
 * and w = C sum |z| s(-w |z|), s the logistic function. */
Test(explain_blackbox, logistic_minimum_by_hand)
{
    const float z[] = { 1, 1, -1, -1 };
    const uint8_t y[] = { 1, 1, 0, 0 };
    const fdml_logit_rows rows = { z, y, 4, 1 };
    double u[2] = { 3, -2 };
    fdml_logit fit;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_logit_fit(u, &fit, &rows, 2, 1, &arena, &err), FDML_OK);
    cr_assert_float_eq(u[1], 0, 1e-9);
    cr_assert_float_eq(u[0], 8 / (1 + exp(u[0])), 1e-8);
    fdml_arena_close(&arena);
}

Test(explain_blackbox, choice_is_grid_searchs)
{
    const fdml_tabular t = make_table();
    const fdml_blackbox_options o = options_of(FDML_BLACKBOX_LOGISTIC);
    fdml_blackbox b;
    fdml_blackbox_choice choice;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_blackbox_train(&b, &choice, &t, every, CASE_ROWS, &o, &arena, &err),
                 FDML_OK);
    cr_assert_eq(choice.n_candidates, 25u);
    for (size_t i = 0; i < 25; i++)
        cr_assert_float_eq(choice.auroc[i], blackbox_case_auroc[i], 1e-9, "%zu: %.12g", i,
                           choice.auroc[i]);
    cr_assert_eq(choice.chosen, blackbox_case_best);
    fdml_arena_close(&arena);
}

/* Means over twenty seeds within four standard errors of the difference. */
Test(explain_blackbox, net_is_mlp_classifiers)
{
    const fdml_tabular t = make_table();
    const double width = 50;
    double value[3][CASE_SEEDS], p[CASE_ROWS];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t seed = 0; seed < CASE_SEEDS; seed++) {
        fdml_blackbox_options o = options_of(FDML_BLACKBOX_MLP);
        fdml_blackbox b;
        fdml_blackbox_choice choice;
        o.candidate = &width;
        o.n_candidates = 1;
        o.seed = seed;
        cr_assert_eq(fdml_blackbox_train(&b, &choice, &t, every, CASE_TRAIN, &o, &arena, &err),
                     FDML_OK);
        const size_t n = CASE_ROWS - CASE_TRAIN;
        cr_assert_eq(fdml_blackbox_rows(p, &b, &t, every + CASE_TRAIN, n, 2, &arena, &err),
                     FDML_OK);
        value[0][seed] = choice.loss;
        value[1][seed] = choice.n_rounds;
        cr_assert_eq(
            fdml_auroc(&value[2][seed], p, blackbox_case_y + CASE_TRAIN, n, &arena, &err),
            FDML_OK);
    }
    for (size_t k = 0; k < 3; k++) {
        double mean = 0;
        for (size_t i = 0; i < CASE_SEEDS; i++) mean += value[k][i] / CASE_SEEDS;
        const double error = blackbox_case_net_deviation[k] * sqrt(2. / CASE_SEEDS);
        cr_assert_float_eq(mean, blackbox_case_net_mean[k], 4 * error + 1e-9,
                           "%zu: %g, scikit-learn %g +- %g", k, mean, blackbox_case_net_mean[k],
                           error);
    }
    fdml_arena_close(&arena);
}

Test(explain_blackbox, same_bits_anywhere)
{
    const fdml_tabular t = make_table();
    static double first[2][CASE_ROWS], p[CASE_ROWS];
    const double width[] = { 7, 20 };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (int kind = 0; kind < 2; kind++)
        for (size_t i = 0; fdml_kernels_list(i); i++)
            for (int threads = 1; threads <= 3; threads += 2) {
                fdml_blackbox_options o = options_of((fdml_blackbox_kind)kind);
                fdml_blackbox b;
                fdml_blackbox_choice choice;
                o.workers = (fdml_workers){ fdml_kernels_list(i), threads };
                if (kind == FDML_BLACKBOX_MLP) o.candidate = width, o.n_candidates = 2;
                cr_assert_eq(
                    fdml_blackbox_train(&b, &choice, &t, every, CASE_TRAIN, &o, &arena, &err),
                    FDML_OK);
                cr_assert_eq(
                    fdml_blackbox_rows(p, &b, &t, every, CASE_ROWS, threads, &arena, &err),
                    FDML_OK);
                if (!i && threads == 1) memcpy(first[kind], p, sizeof p);
                cr_assert_arr_eq(p, first[kind], sizeof p);
            }
    fdml_arena_close(&arena);
}

Test(explain_blackbox, oversampling)
{
    const uint32_t row[] = { 5, 1, 2, 3, 0 }, code[] = { 0, 0, 0, 2, 0, 1 };
    uint32_t *to, n_of[4] = { 0 };
    size_t n;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_oversample(&to, &n, row, 5, code, 4, 1, 2, &arena, &err), FDML_OK);
    cr_assert_eq(n, 9u); /* three each of the codes 0, 1, 2 */
    cr_assert_arr_eq(to, row, sizeof row);
    for (size_t i = 0; i < n; i++) n_of[code[to[i]]]++;
    cr_assert(n_of[0] == 3 && n_of[1] == 3 && n_of[2] == 3 && n_of[3] == 0);
    for (size_t i = 5; i < n; i++) cr_assert(to[i] == 5 || to[i] == 3);
    fdml_arena_close(&arena);
}

Test(explain_blackbox, one_target_value)
{
    const fdml_tabular t = make_table();
    const fdml_blackbox_options o = options_of(FDML_BLACKBOX_LOGISTIC);
    uint32_t ones[CASE_ROWS];
    size_t n = 0;
    fdml_blackbox b;
    fdml_blackbox_choice choice;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (uint32_t i = 0; i < CASE_ROWS && n < 10; i++)
        if (blackbox_case_y[i]) ones[n++] = i;
    scratch_expect_error(
        fdml_blackbox_train(&b, &choice, &t, ones, n, &o, &arena, &err), &err, FDML_E_DATA,
        "target 'bought' has one value in the 10 training rows, expected both");
    fdml_arena_close(&arena);
}

/* Fails at its second call, and counts them. */
static fdml_status fail_second(void *ctx, double *p, const float *x, size_t n, int thread,
                               fdml_error *e)
{
    (void)x, (void)thread;
    size_t *n_calls = ctx;
    for (size_t i = 0; i < n; i++) p[i] = .5;
    return ++*n_calls == 2 ? fdml_fail(e, FDML_E_IO, "call 2, %zu rows", n) : FDML_OK;
}

Test(explain_blackbox, asks_no_more_after_a_failure)
{
    static uint32_t row[8 * 512];
    static double p[8 * 512];
    size_t n_calls = 0;
    const fdml_tabular t = make_table();
    const fdml_blackbox b = { .ctx = &n_calls, .predict = fail_second };
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    scratch_expect_error(fdml_blackbox_rows(p, &b, &t, row, 8 * 512, 1, &arena, &err), &err,
                         FDML_E_IO, "call 2, 512 rows");
    cr_assert_eq(n_calls, 2u);
    fdml_arena_close(&arena);
}

/* --- from outside ----------------------------------------------------------------------- */

static const char *write_probabilities(size_t n, const char *last)
{
    static char text[8 * CASE_ROWS];
    size_t at = 0;
    for (size_t i = 0; i + 1 < n; i++) at += (size_t)sprintf(text + at, "0.%02zu\n", i % 100);
    sprintf(text + at, "%s\n", last);
    return scratch_text("p.csv", text);
}

Test(explain_blackbox, given_probabilities)
{
    const fdml_tabular t = make_table();
    const size_t n_test = CASE_ROWS - CASE_TRAIN;
    double p[CASE_ROWS];
    char want[600];
    fdml_blackbox b;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const char *path = write_probabilities(CASE_ROWS, "1");
    cr_assert_eq(fdml_blackbox_given(&b, path, &t, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_blackbox_rows(p, &b, &t, every, CASE_ROWS, 2, &arena, &err), FDML_OK);
    cr_assert(p[CASE_ROWS - 1] == 1 && fabs(p[7] - .07) < 1e-7 && !b.can_predict_new_rows);
    snprintf(want, sizeof want,
             "%s gives probabilities of the table's rows alone, and 3 new rows are asked for: "
             "this explanation needs a model or a command",
             path);
    scratch_expect_error(b.predict(b.ctx, p, t.x, 3, 0, &err), &err, FDML_E_UNSUPPORTED, want);
    path = write_probabilities(n_test, "0.5");
    cr_assert_eq(fdml_blackbox_given(&b, path, &t, &arena, &err), FDML_OK);
    cr_assert_eq(fdml_blackbox_rows(p, &b, &t, every + CASE_TRAIN, n_test, 2, &arena, &err),
                 FDML_OK);
    cr_assert_eq(p[n_test - 1], .5);
    scratch_expect_error(fdml_blackbox_rows(p, &b, &t, every, 1, 2, &arena, &err), &err,
                         FDML_E_DATA, "row 1 of the table has no given probability");
    path = write_probabilities(n_test, "1.5");
    snprintf(want, sizeof want, "%s: row 80 is 1.5, expected 0 to 1", path);
    scratch_expect_error(fdml_blackbox_given(&b, path, &t, &arena, &err), &err, FDML_E_DATA,
                         want);
    path = write_probabilities(n_test - 1, "1");
    snprintf(want, sizeof want,
             "%s: 79 probabilities, expected 240 (the table's rows) or 80 (its test rows)",
             path);
    scratch_expect_error(fdml_blackbox_given(&b, path, &t, &arena, &err), &err, FDML_E_DATA,
                         want);
    fdml_arena_close(&arena);
}

/* A process that answers each row with its first field divided by ten, and ends after `left`
 * answers. */
typedef struct echo {
    char seen[1 << 16], answer[40];
    size_t size, read, left;
    const char *beyond; /* what it writes unasked, early or at its end */
    bool beyond_is_early;
} echo;

static fdml_status send_echo(void *ctx, const char *text, size_t size, fdml_error *e)
{
    (void)e;
    echo *c = ctx;
    cr_assert_lt(c->size + size, sizeof c->seen);
    memcpy(c->seen + c->size, text, size);
    if (!c->size) c->read = (size_t)(strchr(c->seen, '\n') + 1 - c->seen);
    c->size += size;
    return FDML_OK;
}

static fdml_status receive_echo(void *ctx, const char **line, size_t *length, fdml_error *e)
{
    (void)e;
    echo *c = ctx;
    *line = NULL;
    if (!c->left--) return FDML_OK;
    if (c->seen[c->read] == '\n') c->read++;
    snprintf(c->answer, sizeof c->answer, "%g", strtod(c->seen + c->read, NULL) / 10);
    c->read = (size_t)(strchr(c->seen + c->read, '\n') + 1 - c->seen);
    *line = c->answer;
    *length = strlen(c->answer);
    return FDML_OK;
}

static fdml_status echo_beyond(void *ctx, bool is_last, const char **line, size_t *length,
                               fdml_error *e)
{
    (void)e;
    echo *c = ctx;
    *line = is_last || c->beyond_is_early ? c->beyond : NULL;
    *length = *line ? strlen(*line) : 0;
    return FDML_OK;
}

static const char *end_echo(void *ctx)
{
    (void)ctx;
    return "exit status 3";
}

static fdml_blackbox_pipe score_me(echo *c)
{
    return (
        fdml_blackbox_pipe){ c, "'score me'", send_echo, receive_echo, echo_beyond, end_echo };
}

Test(explain_blackbox, command)
{
    static const float x[] = { 1, 2.5f, NAN, 3, 4, .1f, 16777216, 2, 5, 1, 1, 1, 20, 1, 1, 0 };
    static echo c = { .left = 5 }, other = { .left = 1 }, third = { .left = 3 };
    const fdml_blackbox_pipe pipe = score_me(&c), to_other = score_me(&other),
                             to_third = score_me(&third);
    const fdml_tabular t = make_table();
    double p[3];
    fdml_blackbox b;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_blackbox_command(&b, &pipe, &t, &arena, &err), FDML_OK);
    cr_assert_eq(b.predict(b.ctx, p, x, 3, 0, &err), FDML_OK);
    c.seen[c.size] = 0;
    cr_assert_str_eq(c.seen, "one,two,three,kind\n1,2.5,,\"d,e\"\n"
                             "4,0.1,16777216,\"say \"\"c\"\"\"\n5,1,1,\n\n");
    cr_assert(p[0] == .1 && p[1] == .4 && p[2] == .5 && b.can_predict_new_rows);
    scratch_expect_error(b.predict(b.ctx, p, x + 12, 1, 0, &err), &err, FDML_E_DATA,
                         "'score me': answer 4 is '2', expected a number from 0 to 1");
    /* From then on it is told, and nothing sent. */
    const size_t size = c.size;
    const char *first = "'score me': answer 4 is '2', expected a number from 0 to 1";
    scratch_expect_error(b.predict(b.ctx, p, x, 2, 0, &err), &err, FDML_E_DATA, first);
    scratch_expect_error(fdml_blackbox_command_end(&b, &err), &err, FDML_E_DATA, first);
    cr_assert_eq(c.size, size);
    cr_assert_eq(fdml_blackbox_command(&b, &to_other, &t, &arena, &err), FDML_OK);
    scratch_expect_error(b.predict(b.ctx, p, x, 2, 0, &err), &err, FDML_E_IO,
                         "'score me' ended (exit status 3) after 1 answers, 2 rows were asked");
    cr_assert_eq(fdml_blackbox_command(&b, &to_third, &t, &arena, &err), FDML_OK);
    cr_assert_eq(b.predict(b.ctx, p, x, 3, 0, &err), FDML_OK);
    cr_assert_eq(fdml_blackbox_command_end(&b, &err), FDML_OK);
    third.beyond = "0.5 and a line of more than forty characters";
    scratch_expect_error(fdml_blackbox_command_end(&b, &err), &err, FDML_E_DATA,
                         "'score me': wrote '0.5 and a line of more than forty charac' beyond "
                         "the 3 answers that were asked for; all that is no answer belongs on "
                         "standard error");
    third.beyond_is_early = true;
    const size_t third_size = third.size;
    scratch_expect_error(b.predict(b.ctx, p, x, 1, 0, &err), &err, FDML_E_DATA,
                         "'score me': wrote '0.5 and a line of more than forty charac' beyond "
                         "the 3 answers that were asked for; all that is no answer belongs on "
                         "standard error");
    cr_assert_eq(third.size, third_size); /* nothing was sent */
    fdml_arena_close(&arena);
}
