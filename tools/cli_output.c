/* cli_output.c - the output files of one run: opened before the work, renamed after it.
 *
 * All files of a run are committed together at its end, so an error or a signal at any earlier
 * moment leaves nothing behind. The signal handler may only unlink, which POSIX allows in
 * handlers; signals are held back while a temporary file is created or renamed, so that its
 * name is never half written.
 *
 * Standard output comes first: a reader that is gone (`| head -1`) is met before a file has its
 * name. SIGPIPE is not held back there, so it ends the program as it would any other, without
 * a word. tools/pipe_command.c ignores it once a command is started, and what is ignored
 * already is not caught; so in either order the write fails instead, and that is an error like
 * a full disk. Its child resets the signal, and exec forgets handlers. SPDX-License-Identifier:
 * MIT */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_OUTPUTS = 8 };

static fdml_output outputs[MAX_OUTPUTS];
static volatile sig_atomic_t n_outputs;

static void on_signal(int number)
{
    for (int i = 0; i < n_outputs; i++)
        if (*outputs[i].temporary) unlink(outputs[i].temporary);
    cli_input_remove();
    cli_run_at_death();
    static const char clear[] = "\r\033[K";
    if (isatty(STDERR_FILENO)) (void)!write(STDERR_FILENO, clear, sizeof clear - 1);
    signal(number, SIG_DFL);
    raise(number);
}

static const int caught[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };
enum { N_CAUGHT = sizeof caught / sizeof *caught };

static void hold_signals(bool hold)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < N_CAUGHT; i++) sigaddset(&set, caught[i]);
    sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

static volatile sig_atomic_t noted;
static volatile struct timespec noted_at; /* written by the handler only */

/* The first signal is noted, a second one ends the program at once; but not one within half a
 * second of it: timeout(1) and shells send theirs to the process and again to its group. */
static void note_signal(int number)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!noted) {
        noted_at.tv_sec = now.tv_sec;
        noted_at.tv_nsec = now.tv_nsec;
        noted = number;
        return;
    }
    const double since = (double)(now.tv_sec - noted_at.tv_sec) +
                         1e-9 * (double)(now.tv_nsec - noted_at.tv_nsec);
    if (since >= 0.5) on_signal(number);
}

/* From caught[first] on. */
static void catch_signals(void (*handler)(int), int first)
{
    for (int i = first; i < N_CAUGHT; i++) {
        struct sigaction old, action = { .sa_handler = handler, .sa_flags = SA_RESTART };
        sigemptyset(&action.sa_mask);
        /* What the parent chose to ignore (nohup) stays ignored. */
        if (!sigaction(caught[i], NULL, &old) && old.sa_handler != SIG_IGN)
            sigaction(caught[i], &action, NULL);
    }
}

void cli_catch_signals(void)
{
    catch_signals(on_signal, 0);
}

void cli_note_signals(void)
{
    catch_signals(note_signal, 1); /* a broken pipe is no wish to stop in time */
}

int cli_noted_signal(void)
{
    return noted;
}

void cli_end_by_signal(int number)
{
    on_signal(number);
    _exit(128 + number);
}

FILE *cli_output_open(const char *path)
{
    fdml_error err;
    if (n_outputs == MAX_OUTPUTS) cli_die(CLI_EXIT_DATA, "more than %d outputs", MAX_OUTPUTS);
    cli_output_claim(path);
    hold_signals(true);
    fdml_output *output = &outputs[n_outputs];
    const fdml_status status = fdml_output_open(output, path, stdout, &err);
    if (!status) n_outputs++;
    hold_signals(false);
    if (status) cli_fail(&err);
    return output->file;
}

void cli_outputs_commit(void)
{
    fdml_error err;
    if (fflush(stdout))
        cli_die(CLI_EXIT_DATA, "standard output: cannot write: %s", strerror(errno));
    if (ferror(stdout)) /* its reason is lost */
        cli_die(CLI_EXIT_DATA, "standard output: cannot write: an earlier write failed");
    for (int i = 0; i < n_outputs; i++)
        if (fdml_output_flush(&outputs[i], &err)) cli_fail(&err);
    hold_signals(true);
    for (int i = 0; i < n_outputs; i++)
        if (fdml_output_commit(&outputs[i], &err)) cli_fail(&err);
    n_outputs = 0;
    hold_signals(false);
}

void cli_outputs_abort(void)
{
    hold_signals(true);
    for (int i = 0; i < n_outputs; i++) fdml_output_abort(&outputs[i]);
    n_outputs = 0;
    hold_signals(false);
}
