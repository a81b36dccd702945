/* audit.c - the whole of fdml.h in one page: audits an embedding that is in memory.
 *
 *     cc examples/audit.c $(pkg-config --cflags --libs fdml) -o audit
 *
 * 40 classes of 5 rows in 3 dimensions; the rows of group "b" scatter twice as wide.
 * SPDX-License-Identifier: MIT */
#include <fdml.h>
#include <stdio.h>

enum { N_CLASSES = 40, PER_CLASS = 5, N = N_CLASSES * PER_CLASS, DIM = 3 };

static float rows[N * DIM];
static int64_t identity[N];
static const char *group[N];

/* Whole numbers, so that every machine has the same rows. */
static void make_data(void)
{
    for (int i = 0; i < N; i++) {
        const int class = i / PER_CLASS, is_b = class % 3 == 0;
        identity[i] = class;
        group[i] = is_b ? "b" : "a";
        for (int d = 0; d < DIM; d++) {
            const int centre = class * (d + 3) * 37 % 101;
            const int noise = i * (d + 5) * 29 % 23 - 11;
            rows[i * DIM + d] = (float)(centre + (is_b ? 2 : 1) * noise);
        }
    }
}

static fdml_status make_dataset(fdml_dataset **data, fdml_error *err)
{
    fdml_status status = fdml_dataset_new(data, rows, N, DIM, err);
    if (!status) status = fdml_dataset_label_ids(*data, "identity", identity, err);
    if (!status) status = fdml_dataset_group(*data, "group", group, err);
    return status;
}

static fdml_status make_options(fdml_options **options, fdml_error *err)
{
    static const char *const settings[][2] = { { "distance", "l2" },
                                               { "metrics", "retrieval" },
                                               { "seed", "7" } };
    fdml_status status = fdml_options_new(options, err);
    for (size_t i = 0; i < sizeof settings / sizeof *settings && !status; i++)
        status = fdml_options_set(*options, settings[i][0], settings[i][1], err);
    return status;
}

static fdml_status print(const fdml_result *result, fdml_error *err)
{
    fdml_group g;
    fdml_value value;
    fdml_gap gap;
    fdml_status status = fdml_result_gap(&gap, result, "recall_at_1", "group", err);
    for (size_t i = 0; !status && fdml_result_group(&g, result, i); i++) {
        status = fdml_result_value(&value, result, "recall_at_1", g.by, g.value, err);
        if (!status)
            printf("%s %s: recall_at_1 %.4f [%.4f, %.4f], %zu queries\n", g.by, g.value,
                   value.value, value.lo, value.hi, value.n);
    }
    if (status) return status;
    printf("gap %.4f, worst %s, p %.3f\n", gap.difference.value, gap.worst, gap.p_holm);
    printf("result_sha256 %s\n", fdml_result_sha256(result));
    return FDML_OK;
}

int main(void)
{
    fdml_error err;
    fdml_dataset *data = NULL;
    fdml_options *options = NULL;
    fdml_result *result = NULL;
    make_data();
    fdml_status status = make_dataset(&data, &err);
    if (!status) status = make_options(&options, &err);
    if (!status) status = fdml_dataset_audit(&result, data, options, &err);
    if (!status) status = print(result, &err);
    if (status) fprintf(stderr, "audit: %s\n", err.text);
    fdml_result_free(result);
    fdml_options_free(options);
    fdml_dataset_free(data);
    return status ? 1 : 0;
}
