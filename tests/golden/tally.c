/* tally.c - see tally.h.
 *
 * SPDX-License-Identifier: MIT */
#include "tally.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { MAX_LIST = 1 << 20 };

void golden_report(golden_tally *t, const char *name, const char *by, const char *why,
                   double error)
{
    if (why) {
        t->failed++;
        printf("not ok %s %s: %s\n", name, by, why);
        return;
    }
    t->passed++;
    if (t->is_verbose) printf("ok %s %s: %.2g\n", name, by, error);
    if (error <= t->worst) return;
    t->worst = error;
    snprintf(t->worst_at, sizeof t->worst_at, "%s %s", name, by);
}

/* Cuts `text` at its tabs and the end of its line; the next line, or NULL. */
static char *cut_line(char *text, const char *field[GOLDEN_FIELDS])
{
    char *next = strchr(text, '\n');
    if (next) *next++ = 0;
    for (int i = 0; i < GOLDEN_FIELDS; i++) {
        char *tab = text ? strchr(text, '\t') : NULL;
        field[i] = text;
        if (tab) *tab++ = 0;
        text = tab;
    }
    return next && *next ? next : NULL;
}

bool golden_read_list(golden_tally *t, const char *folder, const char *list,
                      golden_case_fn *run)
{
    char path[FDML_PATH_SIZE];
    const char *text;
    fdml_arena arena;
    fdml_error err;
    snprintf(path, sizeof path, "%.3000s/%.900s", folder, list);
    fdml_arena_init(&arena, 0);
    const bool is_read = !fdml_file_read(&text, NULL, path, MAX_LIST, &arena, &err);
    if (!is_read) fprintf(stderr, "golden: %s\n", err.text);
    char *next = is_read ? fdml_arena_copy_text(&arena, text, strlen(text)) : NULL;
    while (next && *next) {
        const char *field[GOLDEN_FIELDS];
        next = cut_line(next, field);
        const char *const name = field[GOLDEN_NAME];
        if (!t->only || !name || strstr(name, t->only)) run(t, folder, field);
    }
    fdml_arena_close(&arena);
    return is_read;
}
