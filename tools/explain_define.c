/* explain_define.c - --define: what a measure or a method of fdml-explain is.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_grid.h"
#include "explain/study_report.h"
#include "explain_options.h"

static const char *known_key(const void *ctx, size_t i)
{
    (void)ctx;
    return fdml_study_define_key(i);
}

static void check(const char *key)
{
    if (!strcmp(key, "all") || fdml_study_define(key)) return;
    const char *near = fdml_option_nearest(key, known_key, NULL);
    if (!near) cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; see --define all", key);
    cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; did you mean %s?", key, near);
}

static void print(const char *key)
{
    printf("%s\n    ", key);
    fdml_text_wrap(stdout, fdml_study_define(key), 4, 4, 96);
}

void explain_define(const explain_options *options)
{
    const fdml_texts *wanted = &options->define;
    for (size_t i = 0; i < wanted->n; i++) check(wanted->item[i]);
    for (size_t i = 0; i < wanted->n; i++) {
        const char *key;
        const bool is_all = !strcmp(wanted->item[i], "all");
        if (!is_all) print(wanted->item[i]);
        for (size_t j = 0; is_all && (key = fdml_study_define_key(j)); j++) print(key);
    }
    cli_outputs_commit();
}
