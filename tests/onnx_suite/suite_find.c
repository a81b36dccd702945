/* suite_find.c - tests below a folder. See suite.h.
 *
 * Two layouts: a folder with model.onnx and test_data_set_0, test_data_set_1 ..., and a file
 * light_x.onnx with light_x_output_0.pb beside it.
 * SPDX-License-Identifier: MIT */
#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static suite_test *add(suite_tests *tests, const char *model)
{
    if (tests->n == tests->room) {
        const size_t room = tests->room ? 2 * tests->room : 256;
        suite_test *more = realloc(tests->test, room * sizeof *more);
        if (!more) return NULL;
        tests->test = more;
        tests->room = room;
    }
    suite_test *test = &tests->test[tests->n++];
    memset(test, 0, sizeof *test);
    snprintf(test->model, sizeof test->model, "%s", model);
    return test;
}

/* The last part of a path, without a suffix. */
static void set_name(suite_test *test, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(test->name, sizeof test->name, "%s", slash ? slash + 1 : path);
    char *dot = strstr(test->name, ".onnx");
    if (dot) *dot = 0;
}

static bool add_light(suite_tests *tests, const char *path)
{
    char expected[SUITE_PATH];
    const size_t length = strlen(path);
    if (length < 6 || strcmp(path + length - 5, ".onnx")) return true;
    snprintf(expected, sizeof expected, "%.*s_output_0.pb", (int)length - 5, path);
    if (!exists(expected)) return true;
    suite_test *test = add(tests, path);
    if (test) set_name(test, path);
    return test != NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_names(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) free(names[i]);
    free(names);
}

/* Names in a folder, sorted; NULL where it cannot be read. */
static char **list(const char *folder, size_t *n)
{
    DIR *dir = opendir(folder);
    char **names = NULL;
    *n = 0;
    if (!dir) return NULL;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char **more = realloc(names, (*n + 1) * sizeof *names);
        if (more) names = more;
        char *name = more ? strdup(entry->d_name) : NULL;
        if (!name) {
            closedir(dir);
            drop_names(names, *n);
            return NULL;
        }
        names[(*n)++] = name;
    }
    closedir(dir);
    if (names) qsort(names, *n, sizeof *names, by_name);
    return names;
}

bool suite_find(suite_tests *tests, const char *folder)
{
    char path[SUITE_PATH];
    char trimmed[SUITE_PATH];
    snprintf(trimmed, sizeof trimmed, "%s", folder);
    for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--) trimmed[n - 1] = 0;
    if (snprintf(path, sizeof path, "%s/model.onnx", trimmed) >= (int)sizeof path) return false;
    if (exists(path)) {
        suite_test *test = add(tests, path);
        if (!test) return false;
        set_name(test, trimmed);
        memcpy(test->data, trimmed, sizeof test->data);
        return true;
    }
    size_t n;
    char **names = list(trimmed, &n);
    bool is_fine = names != NULL;
    for (size_t i = 0; i < n && is_fine; i++) {
        if (names[i][0] == '.') continue;
        if (snprintf(path, sizeof path, "%s/%s", trimmed, names[i]) >= (int)sizeof path)
            continue;
        is_fine = is_folder(path) ? suite_find(tests, path) : add_light(tests, path);
    }
    drop_names(names, n);
    return is_fine;
}
