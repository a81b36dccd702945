/* test_tools_pipe_command.c - a real process as a black box.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "../../tools/pipe_command.h"
#include "scratch.h"

enum { N = 1500 }; /* three batches */

static const fdml_feature feature = { "x", FDML_NUMERIC, 0, NULL };
static const fdml_tabular table = { .n_rows = 1, .n_features = 1, .feature = &feature };
static fdml_error err;

static fdml_status ask(const char *text, double p[N])
{
    static float x[N];
    pipe_command process;
    fdml_blackbox_pipe pipe;
    fdml_blackbox b;
    fdml_arena arena;
    for (size_t i = 0; i < N; i++) x[i] = (float)i / N;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(pipe_command_open(&process, &pipe, text, 2, &err), FDML_OK);
    cr_assert_eq(fdml_blackbox_command(&b, &pipe, &table, &arena, &err), FDML_OK);
    const fdml_status status = b.predict(b.ctx, p, x, N, 0, &err);
    pipe_command_close(&process);
    fdml_arena_close(&arena);
    return status;
}

Test(tools_pipe_command, answers)
{
    double p[N];
    cr_assert_eq(ask("read names; while read x; do [ -z \"$x\" ] || echo \"$x\"; done", p),
                 FDML_OK, "%s", err.text);
    for (size_t i = 0; i < N; i++) cr_assert_eq(p[i], (double)((float)i / N));
}

Test(tools_pipe_command, ends_too_early)
{
    double p[N];
    scratch_expect_error(ask("read names; read x; echo .5; exit 3", p), &err, FDML_E_IO,
                         "read names; read x; echo .5; exit 3 ended (exit status 3) after 1 "
                         "answers, 512 rows were asked");
    scratch_expect_error(ask("kill -9 $$", p), &err, FDML_E_IO,
                         "kill -9 $$ ended (signal 9) after 0 answers, 512 rows were asked");
    scratch_expect_error(ask("cat", p), &err, FDML_E_DATA,
                         "cat: answer 1 is 'x', expected a number from 0 to 1");
}

Test(tools_pipe_command, answers_too_few_and_waits)
{
    double p[N];
    scratch_expect_error(ask("echo .5; cat >/dev/null", p), &err, FDML_E_IO,
                         "echo .5; cat >/dev/null: fewer answers than rows, and nothing "
                         "for 2 seconds");
    scratch_expect_error(ask("sleep 30", p), &err, FDML_E_IO,
                         "sleep 30: fewer answers than rows, and nothing for 2 seconds");
}
