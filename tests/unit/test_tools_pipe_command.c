/* test_tools_pipe_command.c - a real process as a black box.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../tools/pipe_command.h"
#include "scratch.h"

enum { N = 1500 }; /* three batches */

static const fdml_feature feature = { "x", FDML_NUMERIC, 0, NULL };
static const fdml_tabular table = { .n_rows = 1, .n_features = 1, .feature = &feature };
static fdml_error err;
static bool was_killed, is_slow;

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
    if (is_slow) nanosleep(&(struct timespec){ 0, 500000000 }, NULL);
    fdml_status status = b.predict(b.ctx, p, x, N, 0, &err);
    if (status == FDML_OK) status = fdml_blackbox_command_end(&b, &err);
    was_killed = process.was_killed;
    pipe_command_close(&process);
    fdml_arena_close(&arena);
    return status;
}

Test(tools_pipe_command, answers)
{
    double p[N];
    cr_assert_eq(ask("read names; while read x; do [ -z \"$x\" ] || echo \"$x\"; done", p),
                 FDML_OK, "%s", err.text);
    for (size_t i = 0; i < N; i++) cr_assert_eq((float)p[i], (float)i / N);
}

/* However the caller's own streams are, the command has both. */
Test(tools_pipe_command, answers_without_standard_streams)
{
    double p[N];
    const int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
    for (int closed = 1; closed < 4; closed++) {
        if (closed & 1) close(STDIN_FILENO);
        if (closed & 2) close(STDOUT_FILENO);
        const fdml_status status =
            ask("read names; while read x; do [ -z \"$x\" ] || echo \"$x\"; done", p);
        if (in >= 0) dup2(in, STDIN_FILENO);
        if (out >= 0) dup2(out, STDOUT_FILENO);
        cr_assert_eq(status, FDML_OK, "%d: %s", closed, err.text);
    }
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

/* Its end is remembered: nothing is sent or waited for, and the ending stays what it was. */
Test(tools_pipe_command, is_over_once)
{
    pipe_command process;
    fdml_blackbox_pipe pipe;
    struct timespec then, now;
    const char *line = "";
    size_t length;
    cr_assert_eq(pipe_command_open(&process, &pipe, "exit 3", 5, &err), FDML_OK);
    cr_assert_eq(pipe.receive(&process, &line, &length, &err), FDML_OK);
    cr_assert(line == NULL);
    cr_assert_str_eq(pipe.ending(&process), "exit status 3");
    clock_gettime(CLOCK_MONOTONIC, &then);
    for (int i = 0; i < 3; i++) {
        scratch_expect_error(pipe.send(&process, "1\n", 2, &err), &err, FDML_E_IO,
                             "exit 3: its input is closed");
        cr_assert_eq(pipe.receive(&process, &line, &length, &err), FDML_OK);
        cr_assert(line == NULL);
        cr_assert_str_eq(pipe.ending(&process), "exit status 3");
    }
    pipe_command_close(&process);
    pipe_command_kill(); /* nobody is there: nothing happens */
    clock_gettime(CLOCK_MONOTONIC, &now);
    cr_assert_lt(now.tv_sec - then.tv_sec, 3);
    cr_assert(!process.was_killed);
}

Test(tools_pipe_command, answers_too_few_and_waits)
{
    double p[N];
    scratch_expect_error(ask("read names; echo .5; cat >/dev/null", p), &err, FDML_E_IO,
                         "read names; echo .5; cat >/dev/null: fewer answers than rows, and "
                         "nothing for 2 seconds");
    scratch_expect_error(ask("sleep 30", p), &err, FDML_E_IO,
                         "sleep 30: fewer answers than rows, and nothing for 2 seconds");
}

/* Answers each row with itself, and a batch's end with what `at_batch` prints. */
static fdml_status ask_echo(const char *first, const char *at_batch, const char *last)
{
    static double p[N];
    char text[256];
    snprintf(text, sizeof text,
             "%s; read names; while read x; do if [ \"$x\" ]; then echo \"$x\"; else %s; fi; "
             "done; %s",
             first, at_batch, last);
    const fdml_status status = ask(text, p);
    for (size_t i = 0; status == FDML_OK && i < N; i++) cr_assert_eq((float)p[i], (float)i / N);
    return status;
}

static void expect_surplus(fdml_status status, const char *line, size_t n_asked)
{
    char want[128];
    snprintf(want, sizeof want, ": wrote '%s' beyond the %zu answers that were asked for", line,
             n_asked);
    cr_assert_eq(status, FDML_E_DATA);
    cr_assert(strstr(err.text, want) != NULL, "%s", err.text);
}

Test(tools_pipe_command, answers_too_many)
{
    /* One too many for each batch: the next batch shows it, or the next but one. */
    cr_assert_eq(ask_echo(":", "echo .25", ":"), FDML_E_DATA);
    cr_assert(strstr(err.text, ": wrote '") != NULL, "%s", err.text);
    expect_surplus(ask_echo(":", ":", "echo .25"), ".25", N);
    expect_surplus(ask_echo(":", ":", "sleep .3; printf '\n\n  .25 \r\n3'"), ".25 ", N);
    expect_surplus(ask_echo(":", ":", "printf x"), "x", N);
    expect_surplus(ask_echo(":", ":", "yes .25"), ".25", N);
    /* A greeting, whether it is there in time or is taken for an answer. */
    cr_assert_eq(ask_echo("echo .25", ":", ":"), FDML_E_DATA);
    cr_assert_eq(ask_echo("sleep .2; echo .25", ":", ":"), FDML_E_DATA);
    is_slow = true;
    expect_surplus(ask_echo("echo; echo .25", ":", ":"), ".25", 0);
}

Test(tools_pipe_command, passes_over_blank_lines_between_batches)
{
    cr_assert_eq(ask_echo("echo", "echo; echo ' '", "echo; echo"), FDML_OK, "%s", err.text);
    cr_assert(!was_killed);
    static double p[N];
    cr_assert_eq(ask("while read x; do echo .5; echo; done", p), FDML_E_DATA);
    cr_assert(strstr(err.text, "answer 2 is '', expected a number") != NULL, "%s", err.text);
    cr_assert_eq(ask("yes ''", p), FDML_E_DATA);
    cr_assert(strstr(err.text, "answer 1 is '', expected a number") != NULL, "%s", err.text);
}

Test(tools_pipe_command, need_not_end)
{
    cr_assert_eq(ask_echo(":", ":", "sleep 30"), FDML_OK, "%s", err.text);
    cr_assert(was_killed);
    cr_assert_eq(ask_echo(":", ":", "exec >/dev/null; sleep 30"), FDML_OK, "%s", err.text);
    cr_assert(was_killed);
    cr_assert_eq(ask_echo(":", ":", "yes ''"), FDML_OK, "%s", err.text);
    cr_assert(was_killed);
}
