/* test_api_errors.c - each mistake a caller of the library can make, and the sentence it gets.
 * After each the handles are as before. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fdml.h>
#include <math.h>
#include <string.h>

enum { N = 4 };
static const float plane[N][2] = { { 1, 0 }, { 2, 1 }, { 0, 1 }, { 1, 3 } };
static const char *const classes[N] = { "a", "a", "b", "b" };
static const char *const groups[N] = { "u", "v", "u", "v" };

static fdml_error err;

#define OK(call) cr_assert_eq(call, FDML_OK, "%s", err.text)
#define FAILS(call, status_, text_)                                                            \
    do {                                                                                       \
        memset(&err, 0, sizeof err);                                                           \
        cr_assert_eq(call, status_);                                                           \
        cr_assert_eq(err.status, status_);                                                     \
        cr_assert_str_eq(err.text, text_);                                                     \
    } while (0)

static fdml_dataset *new_plane(void)
{
    fdml_dataset *data;
    OK(fdml_dataset_new(&data, plane[0], N, 2, &err));
    return data;
}

Test(api_errors, freeing_nothing)
{
    fdml_dataset_free(NULL);
    fdml_options_free(NULL);
    fdml_result_free(NULL);
}

Test(api_errors, sizes)
{
    fdml_dataset *data = NULL;
    FAILS(fdml_dataset_new(&data, NULL, N, 2, &err), FDML_E_ARG, "rows is NULL");
    FAILS(fdml_dataset_new(&data, plane[0], 0, 2, &err), FDML_E_ARG,
          "0 rows, must be 1 to 2147483647");
    FAILS(fdml_dataset_new(&data, plane[0], UINT32_MAX, 2, &err), FDML_E_ARG,
          "4294967295 rows, must be 1 to 2147483647");
    FAILS(fdml_dataset_new(&data, plane[0], N, 0, &err), FDML_E_ARG,
          "4 rows of dimension 0 cannot be in memory");
    cr_assert_eq(fdml_dataset_new(&data, plane[0], N, SIZE_MAX / 8, NULL), FDML_E_ARG);
    cr_assert_null(data);
}

Test(api_errors, columns)
{
    static const char *const holes[N] = { "a", "b", NULL, "a" };
    static const char *const empty[N] = { "a", "b", "a", "" };
    static const uint8_t none[N] = { 0 };
    static const char *const names[] = { "1", "2", "3", "4", "5", "6" };
    static const int64_t ids[N] = { 1, 2, 1, 2 };
    fdml_dataset *data = new_plane();
    FAILS(fdml_dataset_label(data, NULL, classes, &err), FDML_E_ARG, "a column has no name");
    FAILS(fdml_dataset_label_ids(data, "", ids, &err), FDML_E_ARG, "a column has no name");
    FAILS(fdml_dataset_label(data, "id", NULL, &err), FDML_E_ARG, "id: values is NULL");
    FAILS(fdml_dataset_label_ids(data, "id", NULL, &err), FDML_E_ARG, "id: values is NULL");
    FAILS(fdml_dataset_label(data, "id", holes, &err), FDML_E_DATA, "id: row 2 is NULL");
    FAILS(fdml_dataset_exclude_same(data, "cam", empty, &err), FDML_E_DATA,
          "cam: row 3 is empty");
    FAILS(fdml_dataset_query(data, NULL, &err), FDML_E_ARG, "query: flags is NULL");
    FAILS(fdml_dataset_gallery(data, none, &err), FDML_E_DATA, "gallery is false in every row");
    FAILS(fdml_dataset_group(data, NULL, groups, &err), FDML_E_ARG, "a column has no name");
    FAILS(fdml_dataset_group(data, "1", empty, &err), FDML_E_DATA, "1: row 3 is empty");
    for (size_t i = 0; i < 6; i++) OK(fdml_dataset_group(data, names[i], groups, &err));
    FAILS(fdml_dataset_group_ids(data, "7", ids, &err), FDML_E_ARG, "more than 6 groups");
    fdml_dataset_free(data);

    data = new_plane();
    OK(fdml_dataset_group(data, "g", groups, &err));
    FAILS(fdml_dataset_group(data, "g", groups, &err), FDML_E_ARG,
          "the group 'g' is named twice");
    fdml_dataset_free(data);
}

Test(api_errors, options)
{
    static const char *const bad[][3] = {
        { NULL, "1", "the option's name is NULL" },
        { "metrcs", "nmi", "unknown option 'metrcs'; did you mean metrics?" },
        { "zzzzzzzz", "1", "unknown option 'zzzzzzzz'" },
        { "output", "x", "unknown option 'output'" },
        { "k", "0", "k: '0' is not a whole number from 1 to 65535" },
        { "k", NULL, "k needs a value" },
        { "metrics", "nmi,,ari",
          "metrics: 'nmi,,ari' has an empty item (no blanks around commas)" },
        { "distance", "cos", "distance: 'cos' is none of cosine|l2|ip" },
        { "reference", "", "reference: the value is empty" },
        { "no-intersections", "yes", "no-intersections takes no value, got 'yes'" },
        { "max-memory", "lots", "max-memory: 'lots' is no size such as 4096, 64K, 512M or 2G" },
    };
    fdml_options *options;
    OK(fdml_options_new(&options, &err));
    OK(fdml_options_set(options, "metrics", "recall_at_1", &err));
    OK(fdml_options_set(options, "no-intersections", NULL, &err));
    OK(fdml_options_set(options, "min-group", "1", &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(fdml_options_set(options, bad[i][0], bad[i][1], &err), FDML_E_ARG, bad[i][2]);

    fdml_dataset *data = new_plane();
    fdml_result *result;
    OK(fdml_dataset_label(data, "id", classes, &err));
    OK(fdml_dataset_audit(&result, data, options, &err));
    cr_assert_str_eq(fdml_result_metric(result, 0), "recall_at_1", "the list is as before");
    cr_assert_null(fdml_result_metric(result, 1));
    fdml_result_free(result);
    fdml_dataset_free(data);
    fdml_options_free(options);
}

static void audit_fails(const fdml_dataset *data, const char *name, const char *value,
                        fdml_status status, const char *text)
{
    fdml_options *options;
    fdml_result *result = NULL;
    OK(fdml_options_new(&options, &err));
    if (name) OK(fdml_options_set(options, name, value, &err));
    cr_assert_eq(fdml_dataset_audit(&result, data, options, &err), status);
    cr_assert(strstr(err.text, text), "%s", err.text);
    cr_assert_null(result);
    fdml_options_free(options);
}

Test(api_errors, audits)
{
    fdml_dataset *data = new_plane();
    fdml_result *result = NULL;
    FAILS(fdml_dataset_audit(&result, data, NULL, &err), FDML_E_ARG,
          "the data set has no label to retrieve by");
    OK(fdml_dataset_label(data, "id", classes, &err));
    OK(fdml_dataset_group(data, "g", groups, &err));
    audit_fails(data, "metrics", "recal", FDML_E_ARG, "unknown metric 'recal'");
    audit_fails(data, "k", "9", FDML_E_ARG,
                "recall_at_9: 9 is more than the 3 rows a query can find in embeddings");
    audit_fails(data, "reference", "w", FDML_E_ARG, "reference: no group is called 'w'");
    audit_fails(data, "isa", "sse", FDML_E_UNSUPPORTED, "isa: 'sse' does not run here");
    audit_fails(data, "max-memory", "1K", FDML_E_LIMIT,
                "max-memory: 1.0 KiB is too little; this audit needs ");
    OK(fdml_dataset_audit(&result, data, NULL, &err));
    fdml_result_free(result);
    fdml_dataset_free(data);
}

Test(api_errors, rows)
{
    static const char *const same[N] = { "a", "a", "a", "a" };
    static const char *const alone[N] = { "a", "b", "c", "d" };
    float x[N][2];
    fdml_dataset *data;
    memcpy(x, plane, sizeof x);
    OK(fdml_dataset_new(&data, x[0], N, 2, &err));
    OK(fdml_dataset_label(data, "id", classes, &err));
    x[2][1] = NAN;
    audit_fails(data, NULL, NULL, FDML_E_DATA, "row 2 is not finite (column 1 is nan)");
    x[2][1] = 0;
    audit_fails(data, NULL, NULL, FDML_E_DATA, "row 2 has length zero");
    x[2][1] = 1;
    OK(fdml_dataset_label(data, "id", same, &err));
    audit_fails(data, NULL, NULL, FDML_E_DATA, "column id has one value 'a' in all rows");
    OK(fdml_dataset_label(data, "id", alone, &err));
    audit_fails(data, NULL, NULL, FDML_E_DATA, "none of the 4 queries");
    fdml_dataset_free(data);
}

Test(api_errors, lookups)
{
    fdml_dataset *data = new_plane();
    fdml_result *result;
    fdml_value value = { 7, 7, 7, 7, NULL };
    fdml_gap gap = { .p = 7 };
    OK(fdml_dataset_label(data, "id", classes, &err));
    OK(fdml_dataset_group(data, "g", groups, &err));
    OK(fdml_dataset_audit(&result, data, NULL, &err));
    FAILS(fdml_result_value(&value, result, "nmo", NULL, NULL, &err), FDML_E_ARG,
          "the result has no metric 'nmo'");
    FAILS(fdml_result_value(&value, result, NULL, NULL, NULL, &err), FDML_E_ARG,
          "the result has no metric ''");
    FAILS(fdml_result_value(&value, result, "eer", NULL, NULL, &err), FDML_E_ARG,
          "the result has no metric 'eer'");
    FAILS(fdml_result_value(&value, result, "nmi", "g", "w", &err), FDML_E_ARG,
          "the result has no group 'w' by 'g'");
    FAILS(fdml_result_value(&value, result, "nmi", NULL, "u", &err), FDML_E_ARG,
          "the result has no group 'u' by ''");
    FAILS(fdml_result_versus(&value, result, "nmi", "g", NULL, &err), FDML_E_ARG,
          "the result has no group '' by 'g'");
    FAILS(fdml_result_gap(&gap, result, "nmi", "h", &err), FDML_E_ARG,
          "the result has no groups by 'h'");
    cr_assert(value.value == 7 && value.n == 7 && gap.p == 7, "outputs are as before");
    OK(fdml_result_value(&value, result, "nmi", "g", "u", &err));
    cr_assert(isnan(value.value));
    cr_assert_str_eq(value.why, "insufficient data (n=2 < 20)");
    fdml_result_free(result);
    fdml_dataset_free(data);
}
