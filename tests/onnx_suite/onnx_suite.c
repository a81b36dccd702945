/* onnx_suite.c - runs ONNX conformance tests: `build/bin/onnx-suite DIR...`.
 *
 * A table by operator, a line for every failure and refusal, and `N passed, N failed, N
 * refused`. Exit status 0 when none failed, 1 when one did, 2 for a wrong command line.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simd/kernels.h"
#include "suite.h"

static const char usage[] =
    "usage: onnx-suite [options] DIR...\n"
    "Runs the tests below each DIR: folders with model.onnx and test_data_set_*, and files\n"
    "light_x.onnx with light_x_output_0.pb.\n"
    "  --reference   by the operators' reference only\n"
    "  --planned     by a plan only\n"
    "  --export      run the model after it was written as ONNX and read again\n"
    "  --only TEXT   tests whose name has TEXT in it\n"
    "  --seconds N   time limit of a test [120]\n"
    "  --threads N   [1]\n"
    "  --verbose     a line for every test, with its seconds\n";

typedef struct suite_row {
    char op[SUITE_OP];
    size_t count[3];
} suite_row;

static int usage_error(const char *text)
{
    fprintf(stderr, "onnx-suite: %s\n%s", text, usage);
    return 2;
}

/* Number after option i, or -1. */
static int number_after(int argc, char **argv, int i)
{
    char *end;
    const long value = i + 1 < argc ? strtol(argv[i + 1], &end, 10) : 0;
    return i + 1 < argc && !*end && value > 0 && value < 1000000 ? (int)value : -1;
}

/* Options are taken out of argv; the number of folders that stay, or -1. */
static int parse(suite_options *options, int argc, char **argv)
{
    int n = 0;
    for (int i = 1; i < argc; i++) {
        int *number = NULL;
        if (!strcmp(argv[i], "--reference"))
            options->is_reference = true;
        else if (!strcmp(argv[i], "--planned"))
            options->is_planned = true;
        else if (!strcmp(argv[i], "--export"))
            options->is_exported = true;
        else if (!strcmp(argv[i], "--verbose"))
            options->is_verbose = true;
        else if (!strcmp(argv[i], "--only") && i + 1 < argc)
            options->only = argv[++i];
        else if (!strcmp(argv[i], "--seconds"))
            number = &options->seconds;
        else if (!strcmp(argv[i], "--threads"))
            number = &options->n_threads;
        else if (argv[i][0] == '-')
            return -1;
        else
            argv[n++] = argv[i];
        if (number && (*number = number_after(argc, argv, i++)) < 0) return -1;
    }
    return n;
}

static suite_row *row_of(suite_row *rows, size_t *n, const char *op)
{
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(rows[i].op, op)) return &rows[i];
    suite_row *row = &rows[(*n)++];
    memset(row, 0, sizeof *row);
    snprintf(row->op, sizeof row->op, "%s", op);
    return row;
}

static int by_op(const void *a, const void *b)
{
    return strcmp(((const suite_row *)a)->op, ((const suite_row *)b)->op);
}

static void print_table(suite_row *rows, size_t n)
{
    qsort(rows, n, sizeof *rows, by_op);
    printf("%-28s %7s %7s %8s\n", "operator", "passed", "failed", "refused");
    for (size_t i = 0; i < n; i++)
        printf("%-28s %7zu %7zu %8zu\n", rows[i].op, rows[i].count[SUITE_PASSED],
               rows[i].count[SUITE_FAILED], rows[i].count[SUITE_REFUSED]);
}

static void print_result(const suite_test *test, const suite_result *result, bool is_verbose)
{
    static const char *const word[] = { "passed", "failed", "refused" };
    if (is_verbose)
        printf("%s %s (%.3f s)%s%s\n", word[result->verdict], test->name, result->seconds,
               result->verdict ? ": " : "", result->why);
    else if (result->verdict)
        printf("%s %s: %s\n", word[result->verdict], test->name, result->why);
    fflush(stdout); /* or a child would print it again */
}

static int run(const suite_tests *tests, const suite_options *options)
{
    suite_row *rows = calloc(tests->n + 1, sizeof *rows);
    size_t n_rows = 0, count[3] = { 0 };
    if (!rows) return usage_error("no memory");
    for (size_t i = 0; i < tests->n; i++) {
        suite_result result;
        if (options->only && !strstr(tests->test[i].name, options->only)) continue;
        suite_run(&result, &tests->test[i], options);
        row_of(rows, &n_rows, result.op)->count[result.verdict]++;
        count[result.verdict]++;
        print_result(&tests->test[i], &result, options->is_verbose);
    }
    print_table(rows, n_rows);
    free(rows);
    printf("%zu passed, %zu failed, %zu refused\n", count[0], count[1], count[2]);
    return count[SUITE_FAILED] ? 1 : 0;
}

int main(int argc, char **argv)
{
    suite_options options = { .seconds = 120, .n_threads = 1 };
    suite_tests tests = { 0 };
    const int n = parse(&options, argc, argv);
    if (n < 1) return usage_error(n ? "unknown option or value" : "no folder given");
    if (!fdml_kernels_best()) return usage_error("this processor lacks AVX2 and FMA");
    if (!options.is_planned && !options.is_reference)
        options.is_planned = options.is_reference = true;
    for (int i = 0; i < n; i++)
        if (!suite_find(&tests, argv[i])) {
            fprintf(stderr, "onnx-suite: %s: cannot be read\n", argv[i]);
            free(tests.test);
            return 2;
        }
    const int status = run(&tests, &options);
    free(tests.test);
    return status;
}
