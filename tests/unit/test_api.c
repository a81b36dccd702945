/* test_api.c - the public library: values worked out by hand, the bits of the internal path,
 * every error, and that a result needs nothing it was made from.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fdml.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/synth.h"
#include "eval/audit_options.h"
#include "eval/result_hash.h"
#include "simd/kernels.h"

/* Six points on a line. The nearest of 0 is 1 (a, right), of 1 is 1.4 (wrong), of 1.4 is 1
 * (wrong), of 10 is 11 (wrong), of 11 is 10 (wrong), of 12.5 is 11 (right). So recall_at_1 is
 * 2/6, 2/4 for M and 0/2 for F; every class has one other row, so map_at_r is the same. */
enum { N = 6 };
static const float line[N] = { 0, 1, 1.4f, 10, 11, 12.5f };
static const char *const classes[N] = { "a", "a", "b", "b", "c", "c" };
static const int64_t ids[N] = { -1, -1, 20, 20, 3, 3 };
static const char *const genders[N] = { "M", "M", "F", "F", "M", "M" };

static fdml_error err;

#define OK(call) cr_assert_eq(call, FDML_OK, "%s", err.text)

static fdml_dataset *new_line(void)
{
    fdml_dataset *data;
    OK(fdml_dataset_new(&data, line, N, 1, &err));
    OK(fdml_dataset_label(data, "class", classes, &err));
    OK(fdml_dataset_group(data, "gender", genders, &err));
    return data;
}

static fdml_options *new_quick(void)
{
    static const char *const quick[][2] = { { "distance", "l2" },
                                            { "metrics", "recall_at_1,map_at_r" },
                                            { "min-group", "1" },
                                            { "bootstrap", "0" },
                                            { "permutations", "0" } };
    fdml_options *options;
    OK(fdml_options_new(&options, &err));
    for (size_t i = 0; i < sizeof quick / sizeof *quick; i++)
        OK(fdml_options_set(options, quick[i][0], quick[i][1], &err));
    return options;
}

static fdml_result *audit_line(void)
{
    fdml_dataset *data = new_line();
    fdml_options *options = new_quick();
    fdml_result *result;
    OK(fdml_dataset_audit(&result, data, options, &err));
    fdml_options_free(options);
    fdml_dataset_free(data);
    return result;
}

Test(api, values_by_hand)
{
    fdml_result *result = audit_line();
    fdml_value value;
    fdml_gap gap;
    OK(fdml_result_value(&value, result, "recall_at_1", NULL, NULL, &err));
    cr_assert_float_eq(value.value, 2.0 / 6, 1e-12);
    cr_assert_eq(value.n, N);
    cr_assert(isnan(value.lo) && isnan(value.hi) && !value.why);
    OK(fdml_result_value(&value, result, "map_at_r", "gender", "M", &err));
    cr_assert_float_eq(value.value, 0.5, 1e-12);
    cr_assert_eq(value.n, 4);
    OK(fdml_result_value(&value, result, "recall_at_1", "gender", "F", &err));
    cr_assert_eq(value.value, 0);
    OK(fdml_result_versus(&value, result, "recall_at_1", "gender", "M", &err));
    cr_assert_float_eq(value.value, 0.5 - 2.0 / 6, 1e-12);
    OK(fdml_result_gap(&gap, result, "recall_at_1", "gender", &err));
    cr_assert_float_eq(gap.difference.value, 0.5, 1e-12);
    cr_assert_eq(gap.difference.n, 2);
    cr_assert(isnan(gap.ratio.value) && gap.ratio.why);
    cr_assert_str_eq(gap.best, "M");
    cr_assert_str_eq(gap.worst, "F");
    cr_assert(isnan(gap.p) && isnan(gap.p_holm) && !gap.p_method);
    fdml_result_free(result);
}

Test(api, a_result_lists_what_it_has)
{
    fdml_result *result = audit_line();
    fdml_group group;
    fdml_totals totals;
    cr_assert_str_eq(fdml_result_metric(result, 0), "recall_at_1");
    cr_assert_str_eq(fdml_result_metric(result, 1), "map_at_r");
    cr_assert_null(fdml_result_metric(result, 2));
    cr_assert(fdml_result_group(&group, result, 1));
    cr_assert_str_eq(group.by, "gender");
    cr_assert_str_eq(group.value, "M");
    cr_assert(group.n_rows == 4 && group.n_queries == 4 && group.n_lone == 0);
    cr_assert_not(fdml_result_group(&group, result, 2));
    cr_assert_null(fdml_result_warning(result, 0));
    fdml_result_totals(&totals, result);
    cr_assert(totals.n_rows == N && totals.n_queries == N && totals.n_gallery == N);
    cr_assert(totals.n_classes == 3 && totals.n_lone == 0);
    fdml_result_free(result);
}

Test(api, json_is_the_report)
{
    fdml_result *result = audit_line();
    const char *text = fdml_result_json(result);
    fdml_json *root;
    OK(fdml_json_parse(&root, text, strlen(text), 1 << 20, 16, "json", &err));
    cr_assert_str_eq(fdml_json_text(fdml_json_find(root, "schema")), "fdml-eval/1");
    cr_assert_str_eq(fdml_json_text(fdml_json_find(root, "result_sha256")),
                     fdml_result_sha256(result));
    const fdml_json *tool = fdml_json_find(root, "tool");
    cr_assert_str_eq(fdml_json_text(fdml_json_find(tool, "version")), fdml_version());
    cr_assert_str_eq(fdml_json_text(fdml_json_find(tool, "commit")), fdml_commit());
    const fdml_json *input = fdml_json_first(fdml_json_find(root, "inputs"));
    cr_assert_str_eq(fdml_json_text(fdml_json_find(input, "path")), "memory");
    cr_assert_eq(strlen(fdml_json_text(fdml_json_find(input, "sha256"))), 64);
    const fdml_json *settings = fdml_json_find(root, "settings");
    cr_assert_str_eq(fdml_json_text(fdml_json_find(settings, "label")), "class");
    fdml_json_close(root);
    fdml_result_free(result);
}

/* Slices of a data set are those of its groups. */
Test(api, slices_are_of_groups)
{
    fdml_dataset *data = new_line();
    fdml_options *options = new_quick();
    fdml_result *result;
    cr_expect_eq(fdml_options_set(options, "find-slices", "yes", &err), FDML_E_ARG);
    OK(fdml_options_set(options, "find-slices", NULL, &err));
    OK(fdml_options_set(options, "slice-clusters", "0", &err));
    cr_expect_eq(fdml_dataset_audit(&result, data, options, &err), FDML_E_ARG);
    cr_expect(strstr(err.text, "give 19 at least"), "%s", err.text);
    OK(fdml_options_set(options, "permutations", "19", &err));
    OK(fdml_dataset_audit(&result, data, options, &err));
    const char *json = fdml_result_json(result);
    cr_expect(strstr(json, "\"slice_columns\": [\n      \"gender\"\n"));
    cr_expect(strstr(json, "no slice has enough queries and classes to be tested"));
    fdml_result_free(result);
    fdml_options_free(options);
    fdml_dataset_free(data);
}

/* Names apart, a label of numbers is the same label. */
Test(api, ids_are_as_good_as_texts)
{
    fdml_result *texts = audit_line(), *numbers;
    fdml_dataset *data = new_line();
    fdml_options *options = new_quick();
    OK(fdml_dataset_label_ids(data, "id", ids, &err)); /* replaces */
    OK(fdml_dataset_audit(&numbers, data, options, &err));
    cr_assert_str_eq(fdml_result_sha256(texts), fdml_result_sha256(numbers));
    fdml_dataset_free(data);

    static const int64_t codes[N] = { 2, 2, 10, 10, 2, 2 };
    fdml_group group;
    fdml_result_free(numbers);
    OK(fdml_dataset_new(&data, line, N, 1, &err));
    OK(fdml_dataset_label_ids(data, "id", ids, &err));
    OK(fdml_dataset_group_ids(data, "code", codes, &err));
    OK(fdml_dataset_audit(&numbers, data, options, &err));
    cr_assert(fdml_result_group(&group, numbers, 0));
    cr_assert_str_eq(group.value, "2", "numbers are ordered as numbers");
    fdml_dataset_free(data);
    fdml_options_free(options);
    fdml_result_free(texts);
    fdml_result_free(numbers);
}

/* 0 and 10 ask, the rest answers: the nearest of 0 is 1 (right), of 10 is 11 (wrong). Without
 * the rows of the same camera, of 0 only 11 and 12.5 are left, of 10 only 1.4 (right). */
Test(api, flags_and_exclusion)
{
    static const uint8_t query[N] = { 7, 0, 0, 1, 0, 0 }, gallery[N] = { 0, 1, 1, 0, 1, 1 };
    static const char *const camera[N] = { "x", "x", "x", "y", "y", "y" };
    static const int64_t camera_ids[N] = { 1, 1, 1, 2, 2, 2 };
    fdml_dataset *data;
    fdml_options *options = new_quick();
    fdml_result *result;
    fdml_value value;
    fdml_totals totals;
    OK(fdml_dataset_new(&data, line, N, 1, &err));
    OK(fdml_dataset_label(data, "class", classes, &err));
    OK(fdml_dataset_query(data, query, &err));
    OK(fdml_dataset_gallery(data, gallery, &err));
    OK(fdml_dataset_audit(&result, data, options, &err));
    OK(fdml_result_value(&value, result, "recall_at_1", NULL, NULL, &err));
    cr_assert_eq(value.value, 0.5);
    fdml_result_totals(&totals, result);
    cr_assert(totals.n_queries == 2 && totals.n_gallery == 4);
    fdml_result_free(result);

    OK(fdml_dataset_exclude_same(data, "camera", camera, &err));
    OK(fdml_dataset_exclude_same_ids(data, "camera", camera_ids, &err));
    OK(fdml_dataset_audit(&result, data, options, &err));
    fdml_result_totals(&totals, result);
    cr_assert_eq(totals.n_lone, 1, "0 has only 1 of its class, of the same camera");
    cr_assert(strstr(fdml_result_json(result), "\"exclude_same\": \"camera\""));
    cr_assert(strstr(fdml_result_json(result), "\"query\": \"query\""));
    fdml_result_free(result);
    fdml_options_free(options);
    fdml_dataset_free(data);
}

enum { CLASSES = 24, PER_CLASS = 5, ROWS = CLASSES * PER_CLASS, DIM = 9 };
static const fdml_synth synth = {
    CLASSES, PER_CLASS, DIM, .noise = 0.7, .minority_share = 0.3, .minority_noise = 2, .seed = 1
};
static float made[ROWS * DIM];
static int64_t made_class[ROWS], made_group[ROWS];

static fdml_dataset *new_synth(void)
{
    fdml_dataset *data;
    fdml_synth_embeddings(made, &synth);
    for (uint32_t i = 0; i < ROWS; i++) {
        made_class[i] = i / PER_CLASS;
        made_group[i] = fdml_synth_is_minority(&synth, i / PER_CLASS);
    }
    OK(fdml_dataset_new(&data, made, ROWS, DIM, &err));
    OK(fdml_dataset_label_ids(data, "label", made_class, &err));
    OK(fdml_dataset_group_ids(data, "group", made_group, &err));
    return data;
}

/* The same audit without the public library. */
static void internal_hash(char hex[FDML_SHA256_HEX])
{
    static const char *const class_names[CLASSES] = { "0",  "1",  "2",  "3",  "4",  "5",
                                                      "6",  "7",  "8",  "9",  "10", "11",
                                                      "12", "13", "14", "15", "16", "17",
                                                      "18", "19", "20", "21", "22", "23" };
    const char *label_text[ROWS], *group_text[ROWS];
    fdml_arena arena;
    fdml_factor label, group;
    fdml_audit_settings settings;
    fdml_audit_result result;
    fdml_audit_options options = fdml_audit_defaults;
    options.metrics = (fdml_texts){ 1, { "all" } };
    options.n_bootstrap = options.n_permutations = 30;
    for (size_t i = 0; i < ROWS; i++) {
        label_text[i] = class_names[i / PER_CLASS];
        group_text[i] = made_group[i] ? "1" : "0";
    }
    fdml_arena_init(&arena, 0);
    OK(fdml_factor_from_text(&label, "label", label_text, ROWS, &arena, &err));
    OK(fdml_factor_from_text(&group, "group", group_text, ROWS, &arena, &err));
    const fdml_problem problem = { .x = made,
                                   .n_rows = ROWS,
                                   .dim = DIM,
                                   .label = &label,
                                   .attributes = &group,
                                   .n_attributes = 1 };
    const fdml_machine machine = { .kernels = fdml_kernels_best(), .n_threads = 1 };
    OK(fdml_audit_settings_make(&settings, &options, &problem, NULL, &arena, &err));
    OK(fdml_audit(&result, &problem, &settings, &machine, &arena, &err));
    fdml_result_hash(hex, &result);
    fdml_arena_close(&arena);
}

static void count_calls(void *ctx, const char *phase, double done, double total)
{
    cr_assert(phase && done <= total);
    ++*(size_t *)ctx;
}

Test(api, same_bits_as_inside_for_any_threads_and_memory)
{
    static const char *const settings[][2] = { { "metrics", "geometry" },
                                               { "metrics", "all" },
                                               { "bootstrap", "30" },
                                               { "permutations", "30" } };
    static const char *const machine[][2] = {
        { "threads", "1" }, { "threads", "3" }, { "isa", "scalar" }, { "max-memory", "64M" }
    };
    char hex[FDML_SHA256_HEX];
    size_t n_calls = 0;
    fdml_dataset *data = new_synth();
    fdml_options *options;
    OK(fdml_options_new(&options, &err));
    fdml_options_on_progress(options, count_calls, &n_calls);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        OK(fdml_options_set(options, settings[i][0], settings[i][1], &err));
    internal_hash(hex);
    for (size_t i = 0; i < sizeof machine / sizeof *machine; i++) {
        fdml_result *result;
        fdml_value value;
        OK(fdml_options_set(options, machine[i][0], machine[i][1], &err));
        OK(fdml_dataset_audit(&result, data, options, &err));
        cr_assert_str_eq(fdml_result_sha256(result), hex, "%s", machine[i][0]);
        OK(fdml_result_value(&value, result, "auc", NULL, NULL, &err));
        cr_assert(value.value > 0.5 && value.value <= 1);
        OK(fdml_result_value(&value, result, "eer", NULL, NULL, &err));
        OK(fdml_result_value(&value, result, "accuracy", NULL, NULL, &err));
        cr_assert(isnan(value.value), "there is no pairs list");
        OK(fdml_result_value(&value, result, "leakage_knn", "group", NULL, &err));
        cr_assert(value.value > 0 && value.value <= 1 && value.n == ROWS);
        OK(fdml_result_value(&value, result, "leakage_logistic", "group", NULL, &err));
        cr_assert(value.lo <= value.value && value.value <= value.hi);
        cr_assert_eq(fdml_result_value(&value, result, "leakage_knn", NULL, NULL, &err),
                     FDML_E_ARG);
        fdml_result_free(result);
    }
    cr_assert(n_calls > 0);
    fdml_options_free(options);
    fdml_dataset_free(data);
}

Test(api, a_result_needs_nothing_it_was_made_from)
{
    char names[N][2], levels[N][2];
    const char *label[N], *group[N];
    float *rows = malloc(sizeof line);
    char metric[] = "recall_at_1", reference[] = "M";
    fdml_dataset *data;
    fdml_options *options = new_quick();
    fdml_result *result;
    cr_assert(rows);
    memcpy(rows, line, sizeof line);
    for (size_t i = 0; i < N; i++) {
        label[i] = memcpy(names[i], classes[i], 2);
        group[i] = memcpy(levels[i], genders[i], 2);
    }
    OK(fdml_dataset_new(&data, rows, N, 1, &err));
    OK(fdml_dataset_label(data, "class", label, &err));
    OK(fdml_dataset_group(data, "gender", group, &err));
    memset(names, 'z', sizeof names);
    memset(levels, 'z', sizeof levels);
    OK(fdml_options_set(options, "metrics", metric, &err));
    OK(fdml_options_set(options, "reference", reference, &err));
    metric[0] = reference[0] = 'z';
    OK(fdml_dataset_audit(&result, data, options, &err));
    fdml_options_free(options);
    fdml_dataset_free(data);
    free(rows);
    fdml_value value;
    fdml_gap gap;
    OK(fdml_result_versus(&value, result, "recall_at_1", "gender", "F", &err));
    cr_assert_eq(value.value, -0.5);
    OK(fdml_result_gap(&gap, result, "recall_at_1", "gender", &err));
    cr_assert_str_eq(gap.worst, "F");
    cr_assert(strstr(fdml_result_json(result), "\"reference\": \"M\""));
    fdml_result_free(result);
}

static void *audit_beside(void *data)
{
    fdml_options *options = new_quick();
    fdml_result *result;
    cr_assert_eq(fdml_dataset_audit(&result, data, options, NULL), FDML_OK);
    fdml_options_free(options);
    return result;
}

Test(api, two_threads_may_audit_one_data_set)
{
    fdml_dataset *data = new_line();
    pthread_t thread;
    void *theirs;
    cr_assert_eq(pthread_create(&thread, NULL, audit_beside, data), 0);
    fdml_result *ours = audit_beside(data);
    cr_assert_eq(pthread_join(thread, &theirs), 0);
    cr_assert_str_eq(fdml_result_sha256(ours), fdml_result_sha256(theirs));
    fdml_result_free(ours);
    fdml_result_free(theirs);
    fdml_dataset_free(data);
}
