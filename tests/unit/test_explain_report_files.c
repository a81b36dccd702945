/* test_explain_report_files.c - the views of a study that programs read: CSV, JSON, the rows
 * behind it, and the drawing of one row.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/csv_write.h"
#include "data/table.h"
#include "scratch.h"
#include "explain/study_plot.h"
#include "study_world.h"

enum { TEXT_MAX = 1 << 20 };

static study_world w;
static fdml_arena arena;
static char text[TEXT_MAX];

static void set_up(void)
{
    study_world_make(&w, &arena);
}

static void tear_down(void)
{
    fdml_arena_close(&arena);
}

TestSuite(explain_files, .init = set_up, .fini = tear_down);

/* What is written to a file goes to `text`, and to a table that data/table.h reads. */
static FILE *begin(void)
{
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    return file;
}

static void end(FILE *file)
{
    rewind(file);
    const size_t n = fread(text, 1, TEXT_MAX - 1, file);
    cr_assert_lt(n, (size_t)TEXT_MAX - 1);
    text[n] = 0;
    fclose(file);
}

static fdml_table as_table(void)
{
    fdml_table t;
    fdml_error err;
    const char *path = scratch_write("view.csv", text, strlen(text));
    cr_assert_eq(fdml_table_open(&t, path, &arena, &err), FDML_OK, "%s", err.text);
    return t;
}

static const char *cell(const fdml_table *t, size_t row, const char *name)
{
    size_t column;
    cr_assert_eq(fdml_table_find(t, name, &column, NULL), FDML_OK, "no column %s", name);
    return fdml_table_cell(t, row, column);
}

/* The row with these cells; exactly one has them. */
static size_t find(const fdml_table *t, const char *const *name, const char *const *value,
                   size_t n)
{
    size_t found = SIZE_MAX;
    for (size_t r = 0; r < t->n_rows; r++) {
        bool is_it = true;
        for (size_t i = 0; i < n && is_it; i++) is_it = !strcmp(cell(t, r, name[i]), value[i]);
        if (!is_it) continue;
        cr_assert_eq(found, SIZE_MAX, "rows %zu and %zu are the same number", found, r);
        found = r;
    }
    cr_assert_neq(found, SIZE_MAX, "no row for %s %s %s", value[0], value[1], value[2]);
    return found;
}

Test(explain_files, csv_has_every_number_once)
{
    static const char *const name[] = { "section", "black_box", "method",
                                        "by",      "group",     "metric" };
    fdml_error err;
    FILE *file = begin();
    cr_assert_eq(fdml_study_csv(file, &w.report, &arena, &err), FDML_OK);
    end(file);
    const fdml_table t = as_table();
    cr_assert_eq(t.n_columns, 15u);
    const size_t gap = find(
        &t, name,
        (const char *const[]){ "gap_max_from_average", "mlp", "lime", "sex", "", "accuracy" },
        6);
    const fdml_fidelity_gap *g = &w.fidelity[1][0][0].gap[0][FDML_GAP_MAX];
    cr_assert_eq(strtod(cell(&t, gap, "value"), NULL), g->e.value);
    cr_assert_eq(strtod(cell(&t, gap, "sd"), NULL), g->sd);
    cr_assert_eq(strtod(cell(&t, gap, "p_holm"), NULL), g->p_holm);
    cr_assert_str_eq(cell(&t, gap, "worst"), "Female");
    const size_t tiny = find(&t, name,
                             (const char *const[]){ "group", "logistic", "tree", "ra|ce <i>",
                                                    "tiny\n\033[31m", "auroc" },
                             6);
    cr_assert_str_eq(cell(&t, tiny, "value"), "");
    cr_assert(strstr(cell(&t, tiny, "why"), "insufficient data"));
    const size_t change = find(
        &t, name,
        (const char *const[]){ "change_overall", "mlp", "lime:jtt10", "", "", "residual" }, 6);
    cr_assert_eq(strtod(cell(&t, change, "lo"), NULL), w.change[1][1][0].overall[2].e.lo);
    find(&t, name, (const char *const[]){ "decision_gap", "mlp", "tree", "sex", "", "even" },
         6);
    for (size_t r = 0; r < t.n_rows; r++)
        cr_assert(*cell(&t, r, "value") || *cell(&t, r, "why"), "row %zu has neither", r);
}

/* --- JSON --------------------------------------------------------------------------------- */

static const fdml_json *item(const fdml_json *array, size_t index)
{
    const fdml_json *at = fdml_json_first(array);
    while (index--) at = fdml_json_next(at);
    return at;
}

static double number(const fdml_json *object, const char *key)
{
    double x = NAN;
    fdml_json_get_number(fdml_json_find(object, key), &x);
    return x;
}

static fdml_json *parse(void)
{
    fdml_error err;
    fdml_json *root = NULL;
    FILE *file = begin();
    cr_assert_eq(fdml_study_json(file, &w.report, &arena, &err), FDML_OK);
    end(file);
    cr_assert_eq(fdml_json_parse(&root, text, strlen(text), TEXT_MAX, 16, "r", &err), FDML_OK,
                 "%s", err.text);
    return root;
}

Test(explain_files, json_is_the_schema)
{
    static const char *const keys[] = {
        "schema",   "result_sha256", "tool",        "inputs",      "command",     "settings",
        "warnings", "counts",        "definitions", "black_boxes", "information", "gates"
    };
    fdml_json *root = parse();
    const fdml_json *at = fdml_json_first(root);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++, at = fdml_json_next(at))
        cr_assert_str_eq(fdml_json_name(at), keys[i]);
    cr_assert(at == NULL);
    cr_assert_str_eq(fdml_json_text(fdml_json_find(root, "schema")), "fdml-explain/1");
    cr_assert_eq(number(fdml_json_find(root, "counts"), "test"), STUDY_TEST);
    const fdml_json *box = item(fdml_json_find(root, "black_boxes"), 1);
    const fdml_json *method = item(fdml_json_find(box, "methods"), 0);
    cr_assert_str_eq(fdml_json_text(fdml_json_find(method, "name")), "lime");
    cr_assert_eq(fdml_json_kind_of(fdml_json_find(method, "changes")), FDML_JSON_NULL);
    cr_assert_eq(number(fdml_json_find(fdml_json_find(method, "overall"), "auroc"), "value"),
                 w.fidelity[1][0][0].overall[1].e.value);
    cr_assert_eq(number(item(fdml_json_find(box, "choice"), 2), "units"), 100);
    fdml_json_close(root);
}

Test(explain_files, json_gaps_and_groups_are_the_studys)
{
    fdml_json *root = parse();
    const fdml_json *box = item(fdml_json_find(root, "black_boxes"), 1);
    const fdml_json *method = item(fdml_json_find(box, "methods"), 0);
    const fdml_json *gaps = fdml_json_find(method, "gaps");
    cr_assert_eq(fdml_json_length(gaps),
                 (size_t)(STUDY_ATTRIBUTES * FDML_FIDELITIES * FDML_FIDELITY_GAPS));
    for (size_t i = 0; i < fdml_json_length(gaps); i++) {
        const size_t a = i / 6, k = i / 2 % 3, g = i % 2;
        const fdml_fidelity_gap *gap = &w.fidelity[1][0][a].gap[k][g];
        const fdml_json *at = item(gaps, i);
        cr_assert_str_eq(fdml_json_text(fdml_json_find(at, "by")), w.attribute[a].name);
        cr_assert_str_eq(fdml_json_text(fdml_json_find(at, "measure")), fdml_fidelity_name[k]);
        cr_assert_eq(number(at, "value"), gap->e.value);
        cr_assert_eq(number(at, "p"), gap->p);
        cr_assert_eq(fdml_json_text(fdml_json_find(at, "worst")) != NULL, g == 0);
    }
    /* the group that is too small, with its name byte for byte */
    const fdml_json *tiny = item(fdml_json_find(method, "groups"), 5);
    cr_assert_str_eq(fdml_json_text(fdml_json_find(tiny, "value")), "tiny\n\033[31m");
    const fdml_json *accuracy = fdml_json_first(fdml_json_find(tiny, "measures"));
    cr_assert_eq(fdml_json_kind_of(fdml_json_find(accuracy, "value")), FDML_JSON_NULL);
    cr_assert(strstr(fdml_json_text(fdml_json_find(accuracy, "why")), "insufficient data"));
    const fdml_json *jtt = item(fdml_json_find(box, "methods"), 1);
    const fdml_json *changes = fdml_json_find(jtt, "changes");
    cr_assert_str_eq(fdml_json_text(fdml_json_find(changes, "baseline")), "lime");
    cr_assert_eq(number(item(fdml_json_find(changes, "gaps"), 1), "p_holm"),
                 w.change[1][1][0].gap[0][1].p_holm);
    fdml_json_close(root);
}

/* --- rows --------------------------------------------------------------------------------- */

Test(explain_files, rows_are_what_fidelity_was_measured_on)
{
    FILE *file = begin();
    fdml_study_put_rows(file, &w.study);
    end(file);
    const fdml_table t = as_table();
    cr_assert_eq(t.n_rows, (size_t)(STUDY_TEST * STUDY_BOXES * STUDY_METHODS * STUDY_SEEDS));
    size_t n = 0, n_right = 0;
    for (size_t r = 0; r < t.n_rows; r++) {
        if (strcmp(cell(&t, r, "black_box"), "mlp") || strcmp(cell(&t, r, "method"), "lime") ||
            strcmp(cell(&t, r, "sex"), "Female"))
            continue;
        n++;
        n_right +=
            (strtod(cell(&t, r, "p"), NULL) >= 0.5) == (strtod(cell(&t, r, "e"), NULL) >= 0.5);
    }
    cr_assert_eq(n, w.fidelity[1][0][0].n_rows[0] * STUDY_SEEDS);
    cr_assert_float_eq((double)n_right / (double)n, w.fidelity[1][0][0].of_group[0].e.value,
                       1e-12);
    cr_assert_str_eq(cell(&t, 0, "row"), "7"); /* six of ten rows are of other parts */
}

Test(explain_files, local_parts_add_up)
{
    double sum = 0;
    FILE *file = begin();
    fdml_study_put_local(file, &w.study);
    end(file);
    const fdml_table t = as_table();
    cr_assert_eq(t.n_rows, (size_t)(STUDY_TEST * STUDY_BOXES * (6 + 4)));
    for (size_t r = 0; r < t.n_rows; r++) {
        const bool is_last =
            r + 1 == t.n_rows || strcmp(cell(&t, r, "method"), cell(&t, r + 1, "method")) != 0;
        sum += strtod(cell(&t, r, "contribution"), NULL);
        if (!is_last) continue;
        sum += strtod(cell(&t, r, "base"), NULL);
        cr_assert_float_eq(sum, strtod(cell(&t, r, "prediction"), NULL), 1e-12);
        sum = 0;
    }
    /* a value as the table has it, whatever the column makes of it */
    cr_assert_str_eq(cell(&t, 2, "column"), "job==cmd|'x'");
    const uint32_t job = (uint32_t)w.x[w.test[0] * STUDY_FEATURES + 2];
    cr_assert_str_eq(cell(&t, 2, "value"), w.table.feature[2].level[job]);
    cr_assert(*cell(&t, 0, "weight") && !*cell(&t, 6, "weight"), "SHAP has no weights");
}

Test(explain_files, columns_are_led_back_to_features)
{
    cr_assert_eq(fdml_study_feature_of(&w.table, "job"), 2u);
    cr_assert_eq(fdml_study_feature_of(&w.table, "job=Sales, \"big\""), 2u);
    cr_assert_eq(fdml_study_feature_of(&w.table, "jobs"), (size_t)STUDY_FEATURES);
    cr_assert_eq(fdml_study_feature_of(&w.table, "age=3"), (size_t)STUDY_FEATURES);
}

Test(explain_files, floats_have_their_fewest_digits)
{
    FILE *file = begin();
    const float x[] = { 0.1f, 39, 16777216, 1e-20f, -2.5f, NAN, 3.14159274f };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
        fdml_csv_put_float(file, x[i]);
        fputc(' ', file);
    }
    end(file);
    cr_assert_str_eq(text, "0.1 39 16777216 1e-20 -2.5  3.1415927 ");
}

/* --- the drawing -------------------------------------------------------------------------- */

static void draw(size_t test)
{
    fdml_error err;
    FILE *file = begin();
    cr_assert_eq(fdml_study_plot(file, &w.study, test, &arena, &err), FDML_OK);
    end(file);
}

static size_t count(const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) n++;
    return n;
}

Test(explain_files, plot_has_a_bar_for_each_column)
{
    draw(0);
    cr_assert_eq(count("class=\"bar s"), (size_t)(STUDY_BOXES * (6 + 4)));
    cr_assert_eq(count("<svg"), 1u);
    cr_assert(strstr(text, "lime on mlp, which says "));
    cr_assert(!strstr(text, "<b>") && strstr(text, "hours &lt;b&gt;&amp;"));
    /* largest first: LIME on the first black box */
    const double *c = w.contribution[0][0];
    double largest = 0;
    for (size_t i = 0; i < 6; i++) largest = fmax(largest, fabs(c[i]));
    const char *first = strstr(text, "class=\"bar s"), *tip = strstr(first, ": ");
    cr_assert_float_eq(fabs(strtod(tip + 2, NULL)), largest, 6e-5);
}

Test(explain_files, plot_adds_up_what_is_small)
{
    enum { MANY = 40 };
    static double contribution[STUDY_TEST * MANY];
    static const char *column[MANY];
    char others[64];
    double sum = 0;
    for (size_t i = 0; i < MANY; i++) {
        column[i] = "age";
        contribution[5 * MANY + i] = i % 4 == 3 ? 0 : (i % 2 ? -1.0 : 1.0) / (double)(i + 1);
        if (i > 15) sum += contribution[5 * MANY + i];
    }
    w.local[0][0].n_columns = MANY;
    w.local[0][0].column = column;
    w.local[0][0].contribution = contribution;
    for (size_t b = 0; b < STUDY_BOXES; b++)
        for (size_t m = b ? 0 : 1; m < STUDY_METHODS; m++) w.explained[b][m].local = NULL;
    draw(5);
    /* twelve of the 30 that are not 0 */
    cr_assert_eq(count("class=\"bar s"), 13u);
    snprintf(others, sizeof others, "others 18 columns: %s%.4f", sum > 0 ? "+" : "", sum);
    cr_assert(strstr(text, others), "%s", others);
}

/* One panel, of row 0, with these contributions of LIME. */
static void draw_panel(const double contribution[STUDY_COLUMNS])
{
    memcpy(w.contribution[0][0], contribution, STUDY_COLUMNS * sizeof *contribution);
    for (size_t b = 0; b < STUDY_BOXES; b++)
        for (size_t m = b ? 0 : 1; m < STUDY_METHODS; m++) w.explained[b][m].local = NULL;
    draw(0);
}

/* Numbers beside the bars are whole, whatever their size, and do not lie on the axis. */
Test(explain_files, plot_holds_numbers_of_any_size)
{
    static const double of[][STUDY_COLUMNS] = {
        { -324.44, 11.7712, 99.99994, -0.01, 2.5e-7, 5 },
        { -1.2341e200, 11.7712, 5, -99.99991, 0.5, 1 },
        { 99.99994, -99.99994, 3, 2, 1, 0.5 },
    };
    static const char *const whole[][2] = { { ">-324.4<", ">+11.7712<" },
                                            { ">-1.234e+200<", ">-99.9999<" },
                                            { ">+99.9999<", ">-99.9999<" } };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        draw_panel(of[i]);
        for (size_t k = 0; k < 2; k++)
            cr_assert(strstr(text, whole[i][k]), "%s in %s", whole[i][k], text);
        cr_assert(count("text-anchor=\"middle\"") >= 2, "%zu ticks", count("\"middle\""));
        /* bars end before the widest number begins */
        for (const char *at = text; (at = strstr(at, "<rect class=\"bar s")); at++) {
            const double x = strtod(strstr(at, " x=\"") + 4, NULL);
            const double width = strtod(strstr(at, " width=\"") + 8, NULL);
            const double room = fdml_svg_text_width("-1.234e+200");
            cr_assert(x + width < FDML_STUDY_PANEL - 10 - (i == 1 ? room : 50));
        }
    }
}

/* Of an axis on which 0 is the only round number, an end is told as well. */
Test(explain_files, plot_has_two_ticks)
{
    static const double of[][STUDY_COLUMNS] = { { -0.9, 0.9 }, { -0.9, 0.4 },  { 0.9, -0.8 },
                                                { 3, -4 },     { -4, 3 },      { 0.004 },
                                                { -1.9, 1.5 }, { 0.45, -0.45 } };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        draw_panel(of[i]);
        const size_t n = count("text-anchor=\"middle\"");
        cr_assert(n == 2 || n == 3, "%zu ticks of axis %zu", n, i);
        cr_assert(strstr(text, "text-anchor=\"middle\">0<"));
    }
}

Test(explain_files, plot_of_log_odds_says_so)
{
    w.local[0][1].is_log_odds = true;
    draw(3);
    cr_assert_eq(count("bars = log-odds "), 1u);
    for (size_t b = 0; b < STUDY_BOXES; b++)
        for (size_t m = 0; m < STUDY_METHODS; m++) w.explained[b][m].local = NULL;
    fdml_error err;
    FILE *file = begin();
    cr_assert_eq(fdml_study_plot(file, &w.study, 0, &arena, &err), FDML_E_ARG);
    fclose(file);
}
