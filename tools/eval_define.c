/* eval_define.c - --define: what a metric, a set or a measure is, in the convention asked for.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/audit.h"
#include "eval/metrics.h"
#include "eval/report_grid.h"
#include "eval_options.h"

static const char *known_key(const void *ctx, size_t i)
{
    (void)ctx;
    return fdml_define_key(i);
}

/* Where the definition is from, as docs/definitions.md marks it; NULL: no metric. */
static const char *source_of(const char *key, int convention, fdml_arena *arena)
{
    const fdml_metric *metric;
    const uint32_t k = 1;
    size_t n;
    fdml_metric_parts parts;
    if (fdml_metrics_parse(&metric, &n, &parts, key, &k, 1, convention, arena, NULL))
        return NULL;
    return n == 1 ? metric->source : NULL;
}

static void check(const char *key, const eval_options *options)
{
    if (!strcmp(key, "all") || fdml_define(key, options->audit.convention)) return;
    const char *near = fdml_option_nearest(key, known_key, NULL);
    if (!near) cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; see --define all", key);
    cli_die(CLI_EXIT_DATA, "--define: '%s' is unknown; did you mean %s?", key, near);
}

static void print(const char *key, const eval_options *options, fdml_arena *arena)
{
    const char *source = source_of(key, options->audit.convention, arena);
    printf("%s%s%s%s\n    ", key, source ? " [" : "", source ? source : "", source ? "]" : "");
    fdml_text_wrap(stdout, fdml_define(key, options->audit.convention), 4, 4, 96);
}

void eval_define(const eval_options *options)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    for (size_t i = 0; i < options->define.n; i++) check(options->define.item[i], options);
    for (size_t i = 0; i < options->define.n; i++) {
        if (strcmp(options->define.item[i], "all") != 0) {
            print(options->define.item[i], options, &arena);
            continue;
        }
        const char *key;
        for (size_t j = 0; (key = fdml_define_key(j)); j++) print(key, options, &arena);
    }
    fdml_arena_close(&arena);
    cli_outputs_commit();
}
