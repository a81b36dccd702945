/* explain_define.c - --define: what a measure, a method or a setting of fdml-explain is.
 *
 * A method with settings, as lime:jtt10, is itself in words, then its method's and its
 * settings' definitions. SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_grid.h"
#include "explain/study_report.h"
#include "explain/method.h"
#include "explain_options.h"

static const char *known_key(const void *ctx, size_t i)
{
    (void)ctx;
    return fdml_study_define_key(i);
}

static void read_method(fdml_method *method, const char *text, fdml_arena *arena)
{
    fdml_error err;
    if (fdml_method_parse(method, text, arena, &err))
        cli_die(CLI_EXIT_DATA, "--define: %s", err.text);
}

static bool has_settings(const char *key)
{
    return strchr(key, ':') != NULL;
}

static void check(const char *key, fdml_arena *arena)
{
    fdml_method method;
    if (!strcmp(key, "all") || fdml_study_define(key)) return;
    if (has_settings(key)) {
        read_method(&method, key, arena);
        return;
    }
    const char *near = fdml_option_nearest(key, known_key, NULL);
    if (!near) cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; see --define all", key);
    cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; did you mean %s?", key, near);
}

static void print_item(const char *key, const char *text)
{
    printf("%s\n    ", key);
    fdml_text_wrap(stdout, text, 4, 4, 96);
}

static void print(const char *key)
{
    print_item(key, fdml_study_define(key));
}

static void print_method(const char *text, fdml_arena *arena)
{
    fdml_method method;
    const char *setting;
    read_method(&method, text, arena);
    const char *words = fdml_method_describe(&method, arena);
    if (!words) cli_die(CLI_EXIT_DATA, "out of memory");
    print_item(text, words);
    print(fdml_method_name[method.kind]);
    for (size_t i = 0; (setting = fdml_method_setting(i)); i++)
        if (method.given >> i & 1) print(setting);
}

void explain_define(const explain_options *options, fdml_arena *arena)
{
    const fdml_texts *wanted = &options->define;
    for (size_t i = 0; i < wanted->n; i++) check(wanted->item[i], arena);
    for (size_t i = 0; i < wanted->n; i++) {
        const char *key, *item = wanted->item[i];
        const bool is_all = !strcmp(item, "all");
        if (has_settings(item))
            print_method(item, arena);
        else if (!is_all)
            print(item);
        for (size_t j = 0; is_all && (key = fdml_study_define_key(j)); j++) print(key);
    }
    cli_outputs_commit();
}
