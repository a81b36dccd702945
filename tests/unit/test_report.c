/* test_report.c - the five views of one made-up result, and the hash that names it.
 *
 * The result has what real ones have and what breaks reports: a group too small for numbers,
 * labels with markup and control characters, a gap without a ratio, verification with a target
 * that could not be met. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "eval/report.h"
#include "eval/report_grid.h"
#include "eval/report_tables.h"
#include "eval/result_hash.h"

enum { N_METRICS = 3, N_GROUPS = 3, TEXT_MAX = 1 << 16 };

static const fdml_metric metrics[N_METRICS] = {
    { FDML_M_RECALL_AT_K, 1, "recall_at_1", FDML_KIND_MEAN, true, "share of queries", "line" },
    { FDML_M_RECALL_AT_K, 2, "recall_at_2", FDML_KIND_MEAN, true, "share of queries", "line" },
    { FDML_M_UNIFORMITY, 0, "uniformity", FDML_KIND_PAIRS, false, "log mean", "paper" },
};
static const char *const level[] = { "a&b_c", "F|x", "tiny\n\033[31m" };
static const uint32_t code[] = { 0, 1, 2, 0 };
static const fdml_factor label = { "label", 4, 3, code, level };
static const fdml_problem problem = {
    .n_rows = 4, .label = &label, .attributes = &label, .n_attributes = 1
};
static const char *const warnings[] = { "row 3 equals row 1" };

typedef struct fixture {
    fdml_audit_settings settings;
    fdml_estimate estimate[N_GROUPS + 1][N_METRICS], versus[N_GROUPS][N_METRICS];
    fdml_group_result group[N_GROUPS];
    fdml_gap_result gap[2];
    fdml_grouping grouping[2];
    fdml_operating_point point[2];
    fdml_estimate rate[N_GROUPS];
    fdml_differential differential;
    double cross[N_GROUPS * N_GROUPS];
    const double *cross_list[1];
    fdml_audit_result result;
    fdml_report report;
    fdml_leakage_result leakage;
    double per_query[4 * N_METRICS];
    uint32_t query_row[4];
    fdml_arena arena;
    char text[TEXT_MAX];
} fixture;

static fixture f;

static void fill_leakage(void)
{
    f.leakage = (fdml_leakage_result){ .by = "group",
                                       .n_values = 2,
                                       .n_rows = 40,
                                       .chance = .5,
                                       .logistic = { .75, .625, .875, 40, NULL },
                                       .knn = { NAN, NAN, NAN, 0, "nothing to read" } };
    f.result.leakage = &f.leakage;
    f.result.n_leakage = 1;
    f.settings.with_leakage = true;
}

static void fill_verification(void)
{
    for (size_t i = 0; i < N_GROUPS; i++)
        f.rate[i] = (fdml_estimate){ 0.01 * (double)i, NAN, NAN, 100, NULL };
    for (size_t i = 0; i < N_GROUPS * N_GROUPS; i++) f.cross[i] = 1e-5 * (double)i;
    f.cross_list[0] = f.cross;
    f.differential = (fdml_differential){ 2, 1.5, 3, 1.25, 0.9, 2.5, 0.1, NULL };
    f.point[0] = (fdml_operating_point){ .fmr_target = 1e-3,
                                         .threshold = 0.5,
                                         .fmr = { 0.001, NAN, NAN, 10, NULL },
                                         .fnmr = { 0.05, 0.04, 0.06, 10, NULL },
                                         .group_fmr = f.rate,
                                         .group_fnmr = f.rate,
                                         .differential = &f.differential,
                                         .cross_fmr = f.cross_list };
    f.point[1] = (fdml_operating_point){ .fmr_target = 1e-6,
                                         .threshold = NAN,
                                         .why = "below one pair",
                                         .fmr = { NAN, NAN, NAN, 0, "below one pair" },
                                         .fnmr = { NAN, NAN, NAN, 0, "below one pair" } };
    f.result.verification = (fdml_verification_result){ .given = true,
                                                        .n_genuine = 10,
                                                        .n_impostor = 100,
                                                        .eer = { 0.02, 0.01, 0.03, 110, NULL },
                                                        .auc = { 0.99, 0.98, 1, 110, NULL },
                                                        .point = f.point,
                                                        .n_points = 2 };
}

static void set_up(void)
{
    memset(&f, 0, sizeof f);
    f.settings = (fdml_audit_settings){ .metrics = metrics,
                                        .n_metrics = N_METRICS,
                                        .reference = "overall",
                                        .min_group = 20,
                                        .n_bootstrap = 1000,
                                        .n_permutations = 1000,
                                        .confidence = 0.95,
                                        .seed = 1 };
    for (size_t g = 0; g <= N_GROUPS; g++)
        for (size_t m = 0; m < N_METRICS; m++)
            f.estimate[g][m] = (fdml_estimate){ 0.9 + 0.01 * (double)m, 0.8, 0.95, 500, NULL };
    for (size_t m = 0; m < N_METRICS; m++)
        f.estimate[3][m] = (fdml_estimate){ NAN, NAN, NAN, 7, "insufficient data (n=7 < 20)" };
    f.estimate[2][2] = (fdml_estimate){ NAN, NAN, NAN, 0, "no pairs" };
    for (size_t g = 0; g < N_GROUPS; g++) {
        for (size_t m = 0; m < N_METRICS; m++)
            f.versus[g][m] = (fdml_estimate){ -0.02, g ? -0.03 : -0.01, 0.01, 0, NULL };
        f.versus[g][0].hi = g ? 0.01 : -0.005;
        f.group[g] = (fdml_group_result){ 1,   "group", level[g],          500 - g,
                                          500, 1,       f.estimate[g + 1], f.versus[g] };
    }
    f.gap[0] = (fdml_gap_result){ "group",
                                  1,
                                  0,
                                  { 0.01, 0.001, 0.03, 2, NULL },
                                  { 0.99, 0.97, 0.999, 2, NULL },
                                  level[0],
                                  level[1],
                                  0.001,
                                  0.002,
                                  "permutation" };
    f.gap[1] = (fdml_gap_result){ "group",
                                  1,
                                  2,
                                  { 0.5, 0.1, 0.9, 2, NULL },
                                  { NAN, NAN, NAN, 0, "a value is not positive" },
                                  level[0],
                                  level[1],
                                  0.5,
                                  0.5,
                                  "bootstrap" };
    f.grouping[1] = (fdml_grouping){ .by = "group", .n_groups = N_GROUPS, .value = level };
    f.per_query[0] = NAN;
    for (uint32_t q = 0; q < 4; q++) f.query_row[q] = q;
    f.result = (fdml_audit_result){ .settings = &f.settings,
                                    .groupings = { 2, f.grouping },
                                    .n_rows = 4,
                                    .n_queries = 4,
                                    .n_gallery = 4,
                                    .n_classes = 3,
                                    .n_lone = 2,
                                    .overall = f.estimate[0],
                                    .groups = f.group,
                                    .n_groups = N_GROUPS,
                                    .gaps = f.gap,
                                    .n_gaps = 2,
                                    .warnings = warnings,
                                    .n_warnings = 1,
                                    .per_query = f.per_query,
                                    .query_row = f.query_row };
    fill_verification();
    fill_leakage();
    f.report = (fdml_report){ .result = &f.result,
                              .problem = &problem,
                              .version = "1",
                              .commit = "c",
                              .isa = "scalar",
                              .n_threads = 1 };
    fdml_result_hash(f.report.result_sha256, &f.result);
}

static void tear_down(void)
{
    fdml_arena_close(&f.arena);
}

TestSuite(report, .init = set_up, .fini = tear_down);

typedef fdml_status (*view_fn)(FILE *, const fdml_report *, fdml_arena *, fdml_error *);

static const char *render(view_fn view)
{
    fdml_error err;
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    cr_assert_eq(view(file, &f.report, &f.arena, &err), FDML_OK);
    rewind(file);
    f.text[fread(f.text, 1, TEXT_MAX - 1, file)] = 0;
    fclose(file);
    return f.text;
}

static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text) {
        char line[1024];
        const size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        if (fdml_text_width(line) > longest) longest = fdml_text_width(line);
        text += n + (text[n] != 0);
    }
    return longest;
}

Test(report, text_is_readable_in_100_columns)
{
    const char *text = render(fdml_report_text);
    cr_assert_leq(longest_line(text), 100u, "%zu columns", longest_line(text));
    cr_assert(strstr(text, "0.9000 [0.8000, 0.9500]*"), "an interval off 0 is marked");
    cr_assert(strstr(text, "insufficient data (n=7 < 20)"));
    cr_assert(strstr(text, "1 of 2 tested gaps can be told from chance at 5% (Holm)"));
    cr_assert(!strstr(text, "permutations are needed"));
    cr_assert(strstr(text, "(1) no pairs"), "one odd cell becomes a footnote");
    cr_assert(!strchr(text, '\033'), "no control character of a label reaches the terminal");
    cr_assert(strstr(text, "result_sha256 "));
}

Test(report, says_when_no_gap_could_pass)
{
    const char *sentence;
    f.settings.n_permutations = 30; /* the least p is 1/31; two gaps need 2/0.05 - 1 = 39 */
    cr_assert(fdml_report_verdict(&sentence, &f.report, &f.arena));
    cr_assert(strstr(sentence, "--permutations 39"));
    cr_assert(strstr(sentence, ": by group, worst for F|x: recall_at_1. "));
}

Test(report, markdown_escapes_labels)
{
    const char *text = render(fdml_report_md);
    cr_assert(strstr(text, "F\\|x"));
    cr_assert(strstr(text, "| **group** |"));
    cr_assert(!strchr(text, '\033'));
}

Test(report, latex_escapes_labels)
{
    const char *text = render(fdml_report_latex);
    cr_assert(strstr(text, "a\\&b\\_c"));
    cr_assert(strstr(text, "\\toprule"));
    cr_assert(strstr(text, "\\multicolumn{3}{l}{insufficient data (n=7 \\textless{} 20)}"));
}

Test(report, csv_has_the_same_number_of_cells_in_every_row)
{
    const char *at = render(fdml_report_csv);
    bool quoted = false;
    size_t cells = 1, rows = 0;
    for (; *at; at++) {
        if (*at == '"') quoted = !quoted;
        if (quoted) continue;
        if (*at == ',') cells++;
        if (*at != '\n') continue;
        cr_assert_eq(cells, 14u, "row %zu has %zu cells", rows, cells);
        cells = 1;
        rows++;
    }
    cr_assert_gt(rows, 40u);
    cr_assert(strstr(f.text, "versus,group,a&b_c,recall_at_1,0,-0.02,-0.01,-0.005,"));
    cr_assert(strstr(f.text, "leakage,group,,leakage_logistic,40,0.75,0.625,0.875,,,,,,\n"));
    cr_assert(strstr(f.text, "leakage,group,,leakage_knn,0,,,,,,,,,nothing to read\n"));
    cr_assert(strstr(f.text, "verification_cross,group,a&b_c : F|x,fmr@fmr=0.001,"));
}

Test(report, json_is_the_schema)
{
    static const char *const keys[] = { "schema",   "result_sha256", "tool",   "inputs",
                                        "settings", "warnings",      "counts", "definitions",
                                        "overall",  "groups",        "gaps",   "verification",
                                        "leakage",  "downstream",    "slices", "compare",
                                        "gates" };
    const char *text = render(fdml_report_json);
    fdml_json *root = NULL;
    cr_assert_eq(fdml_json_parse(&root, text, strlen(text), TEXT_MAX, 16, "r", NULL), FDML_OK);
    const fdml_json *item = fdml_json_first(root);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++, item = fdml_json_next(item))
        cr_assert_str_eq(fdml_json_name(item), keys[i]);
    cr_assert(item == NULL);
    const fdml_json *leakage = fdml_json_first(fdml_json_find(root, "leakage"));
    double number;
    cr_assert_str_eq(fdml_json_text(fdml_json_find(leakage, "by")), "group");
    cr_assert(fdml_json_get_number(fdml_json_find(leakage, "chance"), &number) && number == .5);
    const fdml_json *logistic = fdml_json_find(leakage, "leakage_logistic");
    cr_assert(fdml_json_get_number(fdml_json_find(logistic, "value"), &number) &&
              number == .75);
    cr_assert_str_eq(
        fdml_json_text(fdml_json_find(fdml_json_find(leakage, "leakage_knn"), "why")),
        "nothing to read");
    const fdml_json *group =
        fdml_json_next(fdml_json_next(fdml_json_first(fdml_json_find(root, "groups"))));
    const fdml_json *cell = fdml_json_first(fdml_json_find(group, "metrics"));
    cr_assert_eq(fdml_json_kind_of(fdml_json_find(cell, "value")), FDML_JSON_NULL);
    cr_assert_str_eq(fdml_json_text(fdml_json_find(cell, "why")),
                     "insufficient data (n=7 < 20)");
    fdml_json_close(root);
}

Test(report, queries_say_who_is_lone)
{
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    fdml_report_queries(file, &f.report);
    rewind(file);
    f.text[fread(f.text, 1, TEXT_MAX - 1, file)] = 0;
    fclose(file);
    cr_assert(
        strstr(f.text, "row,label,label,lone,recall_at_1,recall_at_2\n0,a&b_c,a&b_c,1,,0\n"));
}

Test(report, hash_follows_numbers_alone)
{
    char other[FDML_SHA256_HEX];
    f.result.n_warnings = 0;
    f.estimate[3][0].why = "another wording";
    f.estimate[3][0].value = -NAN;
    fdml_result_hash(other, &f.result);
    cr_assert_str_eq(other, f.report.result_sha256);
    f.versus[2][1].lo = nextafter(f.versus[2][1].lo, 0);
    fdml_result_hash(other, &f.result);
    cr_assert_str_neq(other, f.report.result_sha256);
}

Test(report, values_keep_what_four_decimals_would_hide)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_value(text, 0.98228);
    cr_assert_str_eq(text, "0.9823");
    fdml_show_value(text, 1e-5);
    cr_assert_str_eq(text, "1.0e-05");
    fdml_show_value(text, 0);
    cr_assert_str_eq(text, "0.0000");
    fdml_show_value(text, NAN);
    cr_assert_str_eq(text, "-");
}

Test(report, no_memory_is_an_error)
{
    fdml_error err;
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    fdml_arena_init(&f.arena, 512);
    cr_assert_eq(fdml_report_text(file, &f.report, &f.arena, &err), FDML_E_NOMEM);
    cr_assert_eq(fdml_report_json(file, &f.report, &f.arena, &err), FDML_OK);
    fclose(file);
}
